/* batch/builder.h - filling batches.
 *
 * A builder is the batch itself: init it with a schema, append to its columns, set rows, hand it on.
 * reset keeps the memory for the next rows. Append calls make room in big steps, never per value; inner
 * loops reserve once (wh_column_reserve) and then write with the *_unchecked calls or straight into
 * the buffers. Serial per batch. */
#pragma once
#include "base/bytes.h"
#include "batch/schema.h"

/* Empty columns for the schema (lent). Buffers draw from budget (may be NULL). */
enum wh_status wh_batch_init(struct wh_batch *b, const struct wh_schema *schema, struct wh_budget *budget,
                             struct wh_error *err);
void wh_batch_reset(struct wh_batch *b);                        /* no rows, memory kept */
void wh_batch_release(struct wh_batch *b);                      /* accepts an all-zero struct */
void wh_batch_move(struct wh_batch *to, struct wh_batch *from); /* releases *to, empties *from entirely */
/* Bytes held in all buffers. */
size_t wh_batch_bytes(const struct wh_batch *b);
/* Checks what an outsider could get wrong: lengths, offsets ascending and within data, depth, UTF-8 is
 * not checked. Fails: WH_DATA. */
enum wh_status wh_batch_check(const struct wh_batch *b, struct wh_error *err);
/* out (initialised with the same schema, reset first) := the rows of b at the indices, in that order. */
enum wh_status wh_batch_take(struct wh_batch *out, const struct wh_batch *b, const int64_t *rows, size_t n,
                             struct wh_error *err);
/* Adds rows [from, from + n) of b behind the rows of out (same schema). */
enum wh_status wh_batch_append(struct wh_batch *out, const struct wh_batch *b, int64_t from, int64_t n,
                               struct wh_error *err);
enum wh_status wh_column_append_range(struct wh_column *out, const struct wh_column *c, int64_t from,
                                      int64_t n, struct wh_error *err);

enum wh_status wh_column_init(struct wh_column *c, const struct wh_field *field, struct wh_budget *budget,
                              struct wh_error *err);
void wh_column_reset(struct wh_column *c);
void wh_column_release(struct wh_column *c);
size_t wh_column_bytes(const struct wh_column *c);

/* Room for n more values, null or not; of UTF8, JSON and BINARY also for `bytes` more bytes of data.
 * Members of a STRUCT get room too, elements of a LIST or MAP do not. */
enum wh_status wh_column_reserve(struct wh_column *c, int64_t n, size_t bytes, struct wh_error *err);

/* Appends one null: value zero, children of a struct get nulls too. */
enum wh_status wh_column_append_null(struct wh_column *c, struct wh_error *err);
/* Appends the value of a fixed-width type from its bytes (BOOL: one byte, 0 or 1). */
enum wh_status wh_column_append(struct wh_column *c, const void *value, struct wh_error *err);
/* UTF8, JSON, BINARY. Fails with WH_LIMIT when the column's data would pass 2 GiB - 1. */
enum wh_status wh_column_append_bytes(struct wh_column *c, const void *bytes, size_t n, struct wh_error *err);
/* LIST, MAP: ends the item whose elements have been appended to children[0]. STRUCT: ends the value
 * whose members have been appended to each child. */
enum wh_status wh_column_append_end(struct wh_column *c, struct wh_error *err);

/* Reading. */
static inline bool wh_column_is_null(const struct wh_column *c, int64_t i)
{
    return c->field->type == WH_NULL || (c->validity.size != 0 && !wh_bit_get(c->validity.data, i));
}
static inline const int32_t *wh_column_offsets(const struct wh_column *c)
{
    return (const int32_t *)(const void *)c->offsets.data;
}
static inline struct wh_slice wh_column_slice(const struct wh_column *c, int64_t i)
{
    const int32_t *o = wh_column_offsets(c);
    return (struct wh_slice){(const char *)c->data.data + o[i], (size_t)(o[i + 1] - o[i])};
}
static inline bool wh_column_bool(const struct wh_column *c, int64_t i)
{
    return wh_bit_get(c->data.data, i);
}
/* Any integer type up to int64, DATE32, TIME64 and TIMESTAMP as int64. */
int64_t wh_column_i64(const struct wh_column *c, int64_t i);

/* Without checks: room must have been reserved. Non-null only; the validity bitmap (present once the
 * column has had a null) is kept. */
#define WH_COLUMN_PUT(c, ctype, value)                                                                       \
    do {                                                                                                     \
        ctype wh_put_value = (value);                                                                        \
        memcpy((c)->data.data + (c)->data.size, &wh_put_value, sizeof wh_put_value);                         \
        (c)->data.size += sizeof wh_put_value;                                                               \
        if ((c)->validity.size != 0)                                                                         \
            wh_column_mark_valid(c);                                                                         \
        (c)->length++;                                                                                       \
    } while (0)
/* Extends the bitmap by a set bit for the value at index length; needs reserved room. */
void wh_column_mark_valid(struct wh_column *c);
/* One value or null; WH_UTF8, WH_JSON and WH_BINARY need their bytes reserved too. Nulls: plain types only.
 */
void wh_column_put_bool(struct wh_column *c, bool value);
void wh_column_put_bytes(struct wh_column *c, const void *bytes, size_t n);
void wh_column_put_null(struct wh_column *c);

/* Drops all values from index length on, and what was added to children for a value not yet ended. */
void wh_column_truncate(struct wh_column *c, int64_t length);
