/* connector/file/formats.h - the list of file formats and how one is found. */
#pragma once
#include "format/format.h"

/* All formats, NULL-ended; static. */
extern const struct wh_format *const wh_formats[];
/* By name or NULL; "json" and "ndjson" are jsonl, "tsv" is csv. */
const struct wh_format *wh_format_find(const char *name);
/* By the suffix of a path, compression suffixes (.gz .zst .lz4 .bz2 .xz) skipped, or NULL. */
const struct wh_format *wh_format_of_path(const char *path);
