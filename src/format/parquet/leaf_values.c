/* format/parquet/leaf_values.c - values of pages as values of columns; see leaf.h. */
#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/parquet/leaf.h"
#include "format/parquet/spread.h"

/* Values are converted in blocks of at most this many and this many bytes. */
#define BLOCK 512
#define BLOCK_BYTES ((size_t)16 * 1024)

enum wh_status wh_pq_add_bad(struct wh_buffer *bad, int64_t at, struct wh_error *err)
{
    return wh_buffer_append(bad, &at, sizeof at, err);
}

/* ---- numbers ------------------------------------------------------------------------------------ */

/* Converts n values of the block; those that do not fit are counted from `first` on. */
static enum wh_status add_flagged(uint8_t *flags, size_t n, size_t first, struct wh_buffer *bad,
                                  struct wh_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (flags[i] != 0)
            WH_TRY(wh_pq_add_bad(bad, (int64_t)(first + i), err));
        flags[i] = 0;
    }
    return WH_OK;
}

static enum wh_status convert_fixed(struct wh_pq_leaf *l, struct wh_pq_decoder *values, uint8_t *out,
                                    size_t n, struct wh_buffer *bad, struct wh_error *err)
{
    const struct wh_pq_convert *c = &l->convert;
    uint8_t flags[BLOCK] = {0};
    size_t most = WH_MAX(1, WH_MIN(BLOCK, BLOCK_BYTES / c->in_width));
    WH_TRY(wh_buffer_resize(&l->scratch, most * c->in_width, err));
    for (size_t done = 0; done < n;) {
        size_t step = WH_MIN(n - done, most);
        WH_TRY(wh_pq_decode_fixed(values, l->scratch.data, step, err));
        if (c->fn(c, l->scratch.data, step, out + done * c->out_width, flags) > 0)
            WH_TRY(add_flagged(flags, step, done, bad, err));
        done += step;
    }
    return WH_OK;
}

static enum wh_status convert_bytes(struct wh_pq_leaf *l, struct wh_pq_decoder *values, uint8_t *out,
                                    size_t n, struct wh_buffer *bad, struct wh_error *err)
{
    const struct wh_pq_convert *c = &l->convert;
    uint8_t flags[BLOCK] = {0};
    int32_t offsets[BLOCK + 1] = {0};
    for (size_t done = 0; done < n;) {
        size_t step;
        struct wh_pq_bytes_out to = {.data = &l->scratch, .offsets = offsets, .max_bytes = INT32_MAX};
        l->scratch.size = 0;
        WH_TRY(wh_pq_decode_bytes(values, &to, WH_MIN(n - done, BLOCK), &step, err));
        if (step == 0)
            return wh_fail(err, WH_LIMIT, "a value takes more than 2 GiB");
        if (wh_pq_convert_bytes(c, l->scratch.data, offsets, step, out + done * c->out_width, flags) > 0)
            WH_TRY(add_flagged(flags, step, done, bad, err));
        done += step;
    }
    return WH_OK;
}

enum wh_status wh_pq_leaf_numbers(struct wh_pq_leaf *l, struct wh_pq_decoder *values, uint8_t *out, size_t n,
                                  struct wh_buffer *bad, struct wh_error *err)
{
    if (values->encoding == WH_PQ_RLE_DICTIONARY)
        return wh_pq_dictionary_numbers(l, out, n, bad, err);
    if (l->convert.in_width == 0)
        return convert_bytes(l, values, out, n, bad, err);
    if (l->convert.fn == NULL)
        return wh_pq_decode_fixed(values, out, n, err);
    return convert_fixed(l, values, out, n, bad, err);
}

static enum wh_status append_numbers(struct wh_pq_leaf *l, int64_t n, int64_t present, struct wh_error *err)
{
    struct wh_column *c = l->out;
    size_t width = l->convert.out_width, size = c->data.size;
    WH_TRY(wh_buffer_resize(&c->data, size + (size_t)n * width, err));
    WH_TRY(wh_pq_leaf_numbers(l, &l->values, c->data.data + size, (size_t)present, &l->bad, err));
    wh_pq_spread(c->data.data + size, width, c->validity.data, c->length, n, present);
    return WH_OK;
}

/* ---- booleans ----------------------------------------------------------------------------------- */

static enum wh_status append_bits(struct wh_pq_leaf *l, int64_t n, int64_t present, struct wh_error *err)
{
    struct wh_column *c = l->out;
    int64_t ones = 0;
    WH_TRY(wh_buffer_resize(&c->data, wh_bitmap_bytes(c->length + n), err));
    WH_TRY(wh_buffer_resize(&l->scratch, wh_bitmap_bytes(present), err));
    bool is_dense = n == present;
    if (!wh_pq_rle_read_bits(&l->values.indexes, is_dense ? c->data.data : l->scratch.data,
                             is_dense ? c->length : 0, present, &ones))
        return wh_fail(err, WH_DATA, "a page has fewer values than it says");
    int64_t next = 0;
    for (int64_t i = 0; !is_dense && i < n; i++) {
        bool value = wh_bit_get(c->validity.data, c->length + i) && wh_bit_get(l->scratch.data, next++);
        wh_pq_fill_bits(c->data.data, c->length + i, 1, value);
    }
    return WH_OK;
}

/* ---- texts -------------------------------------------------------------------------------------- */

static bool is_ascii(const uint8_t *p, size_t n)
{
    uint64_t high = 0;
    for (; n >= 64; p += 64, n -= 64) {
        for (unsigned i = 0; i < 64; i += 8)
            high |= wh_pq_load64(p + i);
        if ((high & UINT64_C(0x8080808080808080)) != 0)
            return false;
    }
    for (; n > 0; p++, n--)
        high |= *p;
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* All are valid when they are together and none starts within a character. */
static bool are_utf8(const uint8_t *data, const int32_t *offsets, size_t n)
{
    size_t bytes = (size_t)(offsets[n] - offsets[0]);
    data += offsets[0];
    if (bytes == 0 || is_ascii(data, bytes))
        return true;
    if (!wh_utf8_valid(wh_slice((const char *)data, bytes)))
        return false;
    for (size_t i = 1; i < n; i++) {
        size_t start = (size_t)(offsets[i] - offsets[0]);
        if (start < bytes && (data[start] & 0xc0) == 0x80)
            return false;
    }
    return true;
}

enum wh_status wh_pq_leaf_check_text(struct wh_pq_leaf *l, struct wh_slice text, bool *is_good,
                                     struct wh_error *err)
{
    *is_good = !l->convert.is_utf8 || wh_utf8_valid(text);
    if (!l->convert.is_json || !*is_good)
        return WH_OK;
    wh_column_reset(&l->probe);
    enum wh_status s = wh_value_parse(&l->probe, text, err);
    *is_good = s == WH_OK;
    return s == WH_DATA ? WH_OK : s;
}

static enum wh_status check_texts(struct wh_pq_leaf *l, const int32_t *offsets, size_t n,
                                  struct wh_error *err)
{
    const char *data = (const char *)l->out->data.data;
    if (!l->convert.is_json && are_utf8(l->out->data.data, offsets, n))
        return WH_OK;
    for (size_t i = 0; i < n; i++) {
        bool is_good = true;
        struct wh_slice text = {data + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
        WH_TRY(wh_pq_leaf_check_text(l, text, &is_good, err));
        if (!is_good)
            WH_TRY(wh_pq_add_bad(&l->bad, (int64_t)i, err));
    }
    return WH_OK;
}

/* FIXED_LEN_BYTE_ARRAY as binary. */
static enum wh_status fixed_texts(struct wh_pq_leaf *l, const struct wh_pq_bytes_out *out, size_t n,
                                  size_t *done, struct wh_error *err)
{
    size_t width = l->convert.in_width, size = out->data->size;
    size_t fit = (out->max_bytes - WH_MIN(size, out->max_bytes)) / width;
    if (size == 0)
        fit = WH_MAX(fit, 1);
    *done = n = WH_MIN(n, fit);
    WH_TRY(wh_buffer_resize(out->data, size + n * width, err));
    for (size_t i = 0; i < n; i++)
        out->offsets[i + 1] = out->offsets[i] + (int32_t)width;
    return wh_pq_decode_fixed(&l->values, out->data->data + size, n, err);
}

static enum wh_status append_texts(struct wh_pq_leaf *l, int64_t n, int64_t present, int64_t *taken,
                                   struct wh_error *err)
{
    struct wh_column *c = l->out;
    size_t done, at = (size_t)c->length * sizeof(int32_t);
    WH_TRY(wh_buffer_resize(&c->offsets, at + ((size_t)n + 1) * sizeof(int32_t), err));
    WH_TRY(wh_buffer_resize(&c->data, c->data.size, err)); /* there, even if all texts are empty */
    void *memory = c->offsets.data + at;
    struct wh_pq_bytes_out out = {.data = &c->data, .offsets = memory, .max_bytes = l->max_bytes};
    out.offsets[0] = (int32_t)c->data.size;
    bool is_dictionary = l->values.encoding == WH_PQ_RLE_DICTIONARY;
    if (is_dictionary)
        WH_TRY(wh_pq_dictionary_texts(l, &out, (size_t)present, &done, &l->bad, err));
    else if (l->convert.in_width > 0)
        WH_TRY(fixed_texts(l, &out, (size_t)present, &done, err));
    else
        WH_TRY(wh_pq_decode_bytes(&l->values, &out, (size_t)present, &done, err));
    if (l->convert.is_utf8 && !is_dictionary)
        WH_TRY(check_texts(l, out.offsets, done, err));
    *taken = n;
    if ((int64_t)done < present)
        *taken = n == present ? (int64_t)done : wh_pq_find_set(c->validity.data, c->length, (int64_t)done);
    c->offsets.size = at + ((size_t)*taken + 1) * sizeof(int32_t);
    if (n != present)
        wh_pq_spread_offsets(out.offsets, c->validity.data, c->length, *taken, (int64_t)done);
    return WH_OK;
}

/* ---- all ---------------------------------------------------------------------------------------- */

/* The k-th value that was present stands in slot ... */
static void place_bad(struct wh_pq_leaf *l, size_t from, bool is_dense)
{
    for (; from < l->bad.size; from += sizeof(int64_t)) {
        int64_t at = (int64_t)wh_get_le64(l->bad.data + from);
        at = l->out->length + (is_dense ? at : wh_pq_find_set(l->out->validity.data, l->out->length, at));
        memcpy(l->bad.data + from, &at, sizeof at);
    }
}

static enum wh_status append_nothing(struct wh_pq_leaf *l, int64_t present, struct wh_error *err)
{
    for (int64_t i = 0; i < present; i++)
        WH_TRY(wh_pq_add_bad(&l->bad, i, err));
    return WH_OK;
}

enum wh_status wh_pq_leaf_append(struct wh_pq_leaf *l, int64_t n, int64_t present, int64_t *taken,
                                 struct wh_error *err)
{
    size_t bad = l->bad.size;
    *taken = n;
    switch (l->convert.shape) {
    case WH_PQ_NOTHING:
        WH_TRY(append_nothing(l, present, err));
        break;
    case WH_PQ_BITS:
        WH_TRY(append_bits(l, n, present, err));
        break;
    case WH_PQ_NUMBERS:
        WH_TRY(append_numbers(l, n, present, err));
        break;
    case WH_PQ_TEXT:
        WH_TRY(append_texts(l, n, present, taken, err));
        break;
    }
    place_bad(l, bad, n == present);
    l->out->length += *taken;
    return WH_OK;
}
