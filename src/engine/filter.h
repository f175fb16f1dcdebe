/* engine/filter.h - conditions on rows (--where): the language of docs/filter.md, compiled for one schema.
 *
 * Three-valued logic of SQL: a row is kept only where the condition is true. Values are compared exactly in
 * the type of their column; nothing goes through floating point that is not. */
#pragma once
#include "wherry/connector.h"

struct wh_filter;

/* Compiles text for the columns of a schema (lent for the call). Fails with WH_CONFIG, saying at which
 * character, and the nearest name for an unknown column. */
enum wh_status wh_filter_parse(struct wh_filter **out, const char *text, const struct wh_schema *schema,
                               struct wh_error *err);
void wh_filter_free(struct wh_filter *f);

/* Names of the columns that the condition needs, NULL-ended, each once; lent by f. */
const char *const *wh_filter_columns(const struct wh_filter *f);
/* Bounds that every kept row is within: conditions of one column that the whole is an AND of. Lent by f. */
void wh_filter_predicates(const struct wh_filter *f, const struct wh_predicate **out, size_t *n);

/* Sets bit i of keep (wh_bitmap_bytes(b->rows) bytes) where row i passes, clears all others; *n_kept is the
 * number of set bits. Columns are found by name and must have the types f was compiled for, else WH_INTERNAL.
 * scratch is the caller's and may be used again. Any thread, also for the same f. */
enum wh_status wh_filter_apply(const struct wh_filter *f, const struct wh_batch *b, uint8_t *keep,
                               int64_t *n_kept, struct wh_buffer *scratch, struct wh_error *err);
