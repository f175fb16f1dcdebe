/* format/csv/source.h - one file as a run of UTF-8 bytes, whatever its compression and encoding. */
#pragma once
#include "format/csv/dialect.h"

/* Opened at the first byte. Serial. */
struct wh_csv_source;
enum wh_status wh_csv_source_open(struct wh_csv_source **out, const struct wh_file *file,
                                  const struct wh_context *ctx, struct wh_error *err);
/* The first bytes as they stand in the file, decompressed; lent until the first read, which gives them
 * again. At most 64 KiB; less only when the file is shorter. */
enum wh_status wh_csv_source_head(struct wh_csv_source *s, struct wh_slice *out, struct wh_error *err);
/* How bytes are to be decoded; before the first read. UTF-8 is passed on unchecked. Characters that have no
 * UTF-8 form (lone surrogates, half a UTF-16 unit at the end) become bytes that are not valid UTF-8. */
void wh_csv_source_decode(struct wh_csv_source *s, enum wh_csv_encoding encoding);
/* True when decoded bytes stand at the same offsets in the file, so that skip costs nothing. */
bool wh_csv_source_is_flat(const struct wh_csv_source *s);
/* Passes over n decoded bytes. Fails: WH_DATA when the file is shorter. */
enum wh_status wh_csv_source_skip(struct wh_csv_source *s, uint64_t n, struct wh_error *err);
/* Appends up to n decoded bytes; *got 0 at the end of the file. */
enum wh_status wh_csv_source_read(struct wh_csv_source *s, struct wh_buffer *out, size_t n, size_t *got,
                                  struct wh_error *err);
/* Bytes taken from the file, for progress. */
uint64_t wh_csv_source_consumed(const struct wh_csv_source *s);
void wh_csv_source_close(struct wh_csv_source *s); /* takes s; NULL is fine */
