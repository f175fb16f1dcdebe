/* connector/file.h - local files as source and destination: csv, jsonl, parquet; globs, folders, pipes. */
#pragma once
#include "wherry/connector.h"

extern const struct wh_connector wh_connector_file;

/* Adds the files of a folder that another target of this connector has made visible to an open target of a
 * folder, as hard links: they become visible with it. Files without rows are left out. *rows: in all files.
 */
enum wh_status wh_file_adopt(struct wh_target *target, const char *folder, int64_t *rows,
                             struct wh_error *err);
