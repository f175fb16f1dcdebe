/* connector/file/file_int.h - what the parts of the file connector share. */
#pragma once
#include "connector/file/formats.h"

extern const struct wh_source_ops wh_file_source_ops;
extern const struct wh_destination_ops wh_file_destination_ops;

/* The format of a name ("auto" and NULL: none). Fails: WH_CONFIG. */
enum wh_status wh_format_by_name(const struct wh_format **out, const char *name, struct wh_error *err);

/* ---- Hive folders (hive.c): lake/day=2024-01-01/part.parquet has a column "day" ---- */

/* True when the files lie in key=value folders below root. */
bool wh_hive_found(const struct wh_file_set *files, const char *root);
/* Opens the format's stream and adds the folder columns to it: int64, date or text, whichever keeps every
 * folder's text. files and root are lent and outlive the stream. */
enum wh_status wh_hive_open_stream(struct wh_stream **out, const struct wh_format *format,
                                   const struct wh_file_set *files, const char *root,
                                   const struct wh_stream_request *req, struct wh_context *ctx,
                                   struct wh_error *err);
/* Appends text as a part of a folder name: bytes that a path or a shell would mind are written %XX.
 * NULL is written as __HIVE_DEFAULT_PARTITION__. */
enum wh_status wh_hive_escape(struct wh_buffer *out, const struct wh_slice *text, struct wh_error *err);
