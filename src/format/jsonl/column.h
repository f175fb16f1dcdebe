/* format/jsonl/column.h - adding values to columns whose nulls come late.
 *
 * A key that a record lacks costs nothing: its column falls behind and is caught up with nulls when the key
 * comes again, or at the end of the batch. All return false after filling err. Serial per column. */
#pragma once
#include "batch/builder.h"

/* Appends n nulls; children of structs are left behind. */
bool wh_jsonl_put_nulls(struct wh_column *c, int64_t n, struct wh_error *err);
/* Catches a column and all below it up to a length. */
bool wh_jsonl_settle(struct wh_column *c, int64_t length, struct wh_error *err);

static inline bool wh_jsonl_make_room(struct wh_buffer *b, size_t n, struct wh_error *err)
{
    return b->capacity - b->size >= n || wh_buffer_reserve(b, n, err) == WH_OK;
}

/* Counts a value that is there. */
static inline bool wh_jsonl_count(struct wh_column *c, struct wh_error *err)
{
    if (c->validity.size != 0) {
        if (!wh_jsonl_make_room(&c->validity, 1, err))
            return false;
        wh_column_mark_valid(c);
    }
    c->length++;
    return true;
}

/* A value of 4, 8, 16 or 32 bytes. */
static inline bool wh_jsonl_put_fixed(struct wh_column *c, const void *value, size_t width,
                                      struct wh_error *err)
{
    if (!wh_jsonl_make_room(&c->data, width, err))
        return false;
    wh_buffer_put(&c->data, value, width);
    return wh_jsonl_count(c, err);
}

/* Ends a value of UTF8, JSON, BINARY whose bytes are in data, or a list whose elements are in its child. */
static inline bool wh_jsonl_put_end(struct wh_column *c, size_t end, struct wh_error *err)
{
    int32_t offset = (int32_t)end;
    if (end > INT32_MAX) {
        wh_fail(err, WH_LIMIT, "could not add to column \"%s\": one batch holds less than 2 GiB of it",
                c->field->name);
        return false;
    }
    if (!wh_jsonl_make_room(&c->offsets, sizeof offset, err))
        return false;
    wh_buffer_put(&c->offsets, &offset, sizeof offset);
    return wh_jsonl_count(c, err);
}

static inline bool wh_jsonl_put_bytes(struct wh_column *c, const void *bytes, size_t n, struct wh_error *err)
{
    if (!wh_jsonl_make_room(&c->data, n, err))
        return false;
    if (n > 0)
        wh_buffer_put(&c->data, bytes, n);
    return wh_jsonl_put_end(c, c->data.size, err);
}

static inline bool wh_jsonl_put_bool(struct wh_column *c, bool value, struct wh_error *err)
{
    if (!wh_jsonl_make_room(&c->data, 1, err))
        return false;
    if ((c->length & 7) == 0)
        c->data.data[c->data.size++] = value;
    else if (value)
        wh_bit_set(c->data.data, c->length);
    return wh_jsonl_count(c, err);
}
