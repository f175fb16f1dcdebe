/* format/jsonl/column.c - late nulls; see column.h. */
#include "format/jsonl/column.h"

#include "base/mem.h"

/* Lengthens the buffer to `size` bytes with zeros. */
static bool put_zeros(struct wh_buffer *b, size_t size, struct wh_error *err)
{
    if (size <= b->size)
        return true;
    if (!wh_jsonl_make_room(b, size - b->size, err))
        return false;
    memset(b->data + b->size, 0, size - b->size);
    b->size = size;
    return true;
}

/* Makes the validity bitmap with all values so far present, then n nulls. */
static bool put_null_bits(struct wh_column *c, int64_t n, struct wh_error *err)
{
    size_t have = wh_bitmap_bytes(c->length);
    if (c->validity.size == 0 && have > 0) {
        if (!wh_jsonl_make_room(&c->validity, have, err))
            return false;
        memset(c->validity.data, 0xff, have);
        if ((c->length & 7) != 0)
            c->validity.data[have - 1] = (uint8_t)((1u << (c->length & 7)) - 1);
        c->validity.size = have;
    }
    return put_zeros(&c->validity, wh_bitmap_bytes(c->length + n), err);
}

static bool repeat_offset(struct wh_column *c, int64_t n, struct wh_error *err)
{
    size_t bytes;
    if (!wh_mul((size_t)n, sizeof(int32_t), &bytes))
        return wh_nomem(err) == WH_OK;
    if (!wh_jsonl_make_room(&c->offsets, bytes, err))
        return false;
    uint8_t *to = c->offsets.data + c->offsets.size;
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * sizeof(int32_t), to - sizeof(int32_t), sizeof(int32_t));
    c->offsets.size += bytes;
    return true;
}

bool wh_jsonl_put_nulls(struct wh_column *c, int64_t n, struct wh_error *err)
{
    enum wh_type type = c->field->type;
    size_t values = (size_t)(c->length + n), bytes;
    bool ok = true;
    if (n == 0)
        return true;
    if (type == WH_BOOL)
        ok = put_zeros(&c->data, wh_bitmap_bytes(c->length + n), err);
    else if (wh_type_has_offsets(type))
        ok = repeat_offset(c, n, err);
    else if (!wh_mul(values, wh_type_width(c->field), &bytes))
        ok = wh_nomem(err) == WH_OK;
    else
        ok = put_zeros(&c->data, bytes, err);
    if (ok && type != WH_NULL)
        ok = put_null_bits(c, n, err);
    if (!ok)
        return false;
    c->length += n;
    c->null_count += n;
    return true;
}

bool wh_jsonl_settle(struct wh_column *c, int64_t length, struct wh_error *err)
{
    if (c->length < length && !wh_jsonl_put_nulls(c, length - c->length, err))
        return false;
    if (c->field->type == WH_STRUCT)
        for (size_t i = 0; i < c->field->n_children; i++)
            if (!wh_jsonl_settle(&c->children[i], c->length, err))
                return false;
    if (c->field->type == WH_LIST || c->field->type == WH_MAP)
        return wh_jsonl_settle(&c->children[0], wh_column_offsets(c)[c->length], err);
    return true;
}
