/* format/csv/writer.h - the encoder of the CSV format. */
#pragma once
#include "format/format.h"

extern const struct wh_encoder_ops wh_csv_encoder_ops;
