/* connector/file.h - local files as source and destination: csv, jsonl, parquet; globs, folders, pipes. */
#pragma once
#include "wherry/connector.h"

extern const struct wh_connector wh_connector_file;
