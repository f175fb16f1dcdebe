/* format/parquet/writer.h - the Parquet encoder as format/format.h wants it. */
#pragma once
#include "format/format.h"

extern const struct wh_encoder_ops wh_pq_encoder_ops;
