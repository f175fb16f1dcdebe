/* format/parquet/decode_values.c - values of a data page; see decode_values.h. */
#include "format/parquet/decode_values.h"

#include "base/bytes.h"
#include "base/mem.h"

/* Lengths are decoded in blocks of this many. */
#define BLOCK 256

static enum wh_status ends_early(struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "a page has fewer values than it says");
}

static enum wh_status damaged(const struct wh_pq_decoder *v, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "the %s values of a page are damaged", wh_pq_encoding_name(v->encoding));
}

/* ---- which encoding goes with which type -------------------------------------------------------- */

#define FIXED_TYPES                                                                                          \
    (1u << WH_PQ_INT32 | 1u << WH_PQ_INT64 | 1u << WH_PQ_INT96 | 1u << WH_PQ_FLOAT | 1u << WH_PQ_DOUBLE |    \
     1u << WH_PQ_FIXED)
#define BYTES_TYPE (1u << WH_PQ_BYTE_ARRAY)

/* Bits of the types that an encoding can carry. */
static const unsigned allowed_types[WH_PQ_ENCODING_COUNT] = {
    [WH_PQ_PLAIN] = FIXED_TYPES | BYTES_TYPE | 1u << WH_PQ_BOOLEAN,
    [WH_PQ_RLE] = 1u << WH_PQ_BOOLEAN,
    [WH_PQ_DELTA_BINARY_PACKED] = 1u << WH_PQ_INT32 | 1u << WH_PQ_INT64,
    [WH_PQ_DELTA_LENGTH_BYTE_ARRAY] = BYTES_TYPE,
    [WH_PQ_DELTA_BYTE_ARRAY] = BYTES_TYPE | 1u << WH_PQ_FIXED,
    [WH_PQ_RLE_DICTIONARY] = FIXED_TYPES | BYTES_TYPE,
    [WH_PQ_BYTE_STREAM_SPLIT] = FIXED_TYPES & ~(1u << WH_PQ_INT96),
};

size_t wh_pq_fixed_width(const struct wh_pq_node *leaf)
{
    static const uint8_t widths[WH_PQ_TYPE_COUNT] = {
        [WH_PQ_INT32] = 4, [WH_PQ_INT64] = 8, [WH_PQ_INT96] = 12, [WH_PQ_FLOAT] = 4, [WH_PQ_DOUBLE] = 8};
    return leaf->type == WH_PQ_FIXED ? (size_t)leaf->length : widths[leaf->type];
}

/* ---- start of a page ---------------------------------------------------------------------------- */

/* Booleans: RLE has its length in front; PLAIN is what a single packed run holds. */
static bool init_booleans(struct wh_pq_decoder *v, size_t n)
{
    if (v->encoding == WH_PQ_RLE && n > 0) { /* a page of nulls alone may have nothing */
        if (n < 4 || wh_get_le32(v->p) > n - 4)
            return false;
        wh_pq_rle_init(&v->indexes, v->p + 4, wh_get_le32(v->p), 1);
        return true;
    }
    wh_pq_rle_init(&v->indexes, v->p, n, 1);
    v->indexes.is_packed = true;
    v->indexes.left = (uint32_t)WH_MIN((uint64_t)n * 8, UINT32_MAX);
    return true;
}

static bool init_indexes(struct wh_pq_decoder *v, size_t n)
{
    if (n == 0) { /* a page of nulls alone */
        wh_pq_rle_init(&v->indexes, v->p, 0, 1);
        return true;
    }
    if (v->p[0] > 32)
        return false;
    wh_pq_rle_init(&v->indexes, v->p + 1, n - 1, v->p[0]);
    return true;
}

/* The bytes of the values stand behind the last stream of lengths. */
static bool init_lengths(struct wh_pq_decoder *v)
{
    const uint8_t *p = v->p;
    if (v->encoding == WH_PQ_DELTA_BYTE_ARRAY &&
        (!wh_pq_delta_init(&v->prefixes, p, (size_t)(v->end - p), 32) || !wh_pq_delta_skip(v->prefixes, &p)))
        return false;
    return wh_pq_delta_init(&v->delta, p, (size_t)(v->end - p), 32) && wh_pq_delta_skip(v->delta, &v->p);
}

static bool init_encoding(struct wh_pq_decoder *v, const struct wh_pq_node *leaf)
{
    size_t n = (size_t)(v->end - v->p);
    switch (v->encoding) {
    case WH_PQ_RLE_DICTIONARY:
        return init_indexes(v, n);
    case WH_PQ_DELTA_BINARY_PACKED:
        return n == 0 || wh_pq_delta_init(&v->delta, v->p, n, (unsigned)v->width * 8);
    case WH_PQ_DELTA_LENGTH_BYTE_ARRAY:
    case WH_PQ_DELTA_BYTE_ARRAY:
        return n == 0 || init_lengths(v);
    case WH_PQ_BYTE_STREAM_SPLIT:
        v->stride = v->left = n / v->width;
        return n % v->width == 0;
    default:
        return leaf->type != WH_PQ_BOOLEAN || init_booleans(v, n);
    }
}

enum wh_status wh_pq_decoder_init(struct wh_pq_decoder *v, int32_t encoding, const struct wh_pq_node *leaf,
                                  struct wh_slice bytes, struct wh_buffer *last, struct wh_error *err)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    *v = (struct wh_pq_decoder){
        .encoding = encoding == WH_PQ_PLAIN_DICTIONARY ? WH_PQ_RLE_DICTIONARY : encoding,
        .width = wh_pq_fixed_width(leaf),
        .p = p,
        .end = p + bytes.len,
        .last = last,
    };
    last->size = 0;
    if (wh_pq_encoding_name(encoding) == NULL)
        return wh_fail(err, WH_DATA, "a page has the unknown encoding %d", (int)encoding);
    if (v->encoding >= WH_PQ_ENCODING_COUNT || (allowed_types[v->encoding] >> leaf->type & 1u) == 0)
        return wh_fail(err, WH_DATA, "a page has %s values of type %s, which the format does not know",
                       wh_pq_encoding_name(encoding), wh_pq_type_name(leaf->type));
    return init_encoding(v, leaf) ? WH_OK : damaged(v, err);
}

/* ---- fixed values ------------------------------------------------------------------------------- */

/* Byte k of all values stands together in stream k. */
static void join_streams(struct wh_pq_decoder *v, uint8_t *restrict out, size_t n)
{
    size_t width = v->width;
    for (size_t k = 0; k < width; k++) {
        const uint8_t *stream = v->p + k * v->stride;
        for (size_t i = 0; i < n; i++)
            out[i * width + k] = stream[i];
    }
    v->p += n;
    v->left -= n;
}

static enum wh_status read_delta(struct wh_pq_decoder *v, uint8_t *out, size_t n, struct wh_error *err)
{
    union {
        int64_t wide[BLOCK];
        int32_t narrow[BLOCK];
    } block;
    for (size_t done = 0; done < n;) {
        size_t step = WH_MIN(n - done, BLOCK);
        bool ok = v->width == 8 ? wh_pq_delta_read(&v->delta, block.wide, step)
                                : wh_pq_delta_read_i32(&v->delta, block.narrow, step);
        if (!ok)
            return ends_early(err);
        memcpy(out + done * v->width, &block, step * v->width);
        done += step;
    }
    return WH_OK;
}

/* FIXED_LEN_BYTE_ARRAY in DELTA_BYTE_ARRAY: as byte arrays, all of which must have the one length. */
static enum wh_status read_delta_fixed(struct wh_pq_decoder *v, uint8_t *out, size_t n, struct wh_error *err)
{
    int32_t offsets[BLOCK + 1] = {0};
    struct wh_buffer data = {0};
    enum wh_status s = WH_OK;
    for (size_t done = 0; s == WH_OK && done < n;) {
        size_t step = WH_MIN(n - done, BLOCK), got;
        struct wh_pq_bytes_out to = {.data = &data, .offsets = offsets, .max_bytes = INT32_MAX};
        data.size = 0;
        s = wh_pq_decode_bytes(v, &to, step, &got, err);
        for (size_t i = 0; s == WH_OK && i < step; i++)
            if (got < step || (size_t)(offsets[i + 1] - offsets[i]) != v->width)
                s = damaged(v, err);
        if (s == WH_OK)
            memcpy(out + done * v->width, data.data, step * v->width);
        done += step;
    }
    wh_buffer_release(&data);
    return s;
}

enum wh_status wh_pq_decode_fixed(struct wh_pq_decoder *v, uint8_t *out, size_t n, struct wh_error *err)
{
    if (n == 0)
        return WH_OK;
    switch (v->encoding) {
    case WH_PQ_DELTA_BINARY_PACKED:
        return read_delta(v, out, n, err);
    case WH_PQ_DELTA_BYTE_ARRAY:
        return read_delta_fixed(v, out, n, err);
    case WH_PQ_BYTE_STREAM_SPLIT:
        if (n > v->left)
            return ends_early(err);
        join_streams(v, out, n);
        return WH_OK;
    default:
        if (n > (size_t)(v->end - v->p) / v->width)
            return ends_early(err);
        memcpy(out, v->p, n * v->width);
        v->p += n * v->width;
        return WH_OK;
    }
}

/* ---- byte arrays -------------------------------------------------------------------------------- */

/* Makes room for a value of len bytes; false when the buffer has its fill. */
static bool has_room(const struct wh_pq_bytes_out *out, size_t len, enum wh_status *status,
                     struct wh_error *err)
{
    size_t size = out->data->size;
    if (len > out->max_bytes - WH_MIN(size, out->max_bytes) && (size > 0 || len > INT32_MAX))
        return false;
    if (len > out->data->capacity - size || out->data->data == NULL)
        *status = wh_buffer_reserve(out->data, len + size, err);
    return *status == WH_OK;
}

static enum wh_status read_plain(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, size_t n,
                                 size_t *done, struct wh_error *err)
{
    enum wh_status s = WH_OK;
    const uint8_t *p = v->p, *end = v->end;
    size_t i = 0;
    for (; i < n; i++) {
        if ((size_t)(end - p) < 4)
            return ends_early(err);
        size_t len = wh_get_le32(p);
        if (len > (size_t)(end - p) - 4)
            return wh_fail(err, WH_DATA, "a value of %zu bytes goes beyond its page", len);
        if (!has_room(out, len, &s, err))
            break;
        wh_pq_copy(out->data->data + out->data->size, p + 4, len);
        out->data->size += len;
        out->offsets[i + 1] = (int32_t)out->data->size;
        p += 4 + len;
    }
    v->p = p;
    *done = i;
    return s;
}

/* How many of the n values of these lengths may still be added; *sum is what they take together.
 * -1: a length is negative. */
static int64_t count_fitting(const struct wh_pq_bytes_out *out, const int32_t *lengths, size_t n, size_t *sum)
{
    size_t room = out->max_bytes - WH_MIN(out->data->size, out->max_bytes);
    *sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (lengths[i] < 0)
            return -1;
        if ((size_t)lengths[i] > room - WH_MIN(*sum, room) && out->data->size + *sum > 0)
            return (int64_t)i;
        *sum += (size_t)lengths[i];
    }
    return (int64_t)n;
}

static enum wh_status read_delta_length(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, size_t n,
                                        size_t *done, struct wh_error *err)
{
    int32_t lengths[BLOCK];
    for (*done = 0; *done < n;) {
        size_t step = WH_MIN(n - *done, BLOCK), sum;
        struct wh_pq_delta before = v->delta;
        if (!wh_pq_delta_read_i32(&v->delta, lengths, step))
            return ends_early(err);
        int64_t fit = count_fitting(out, lengths, step, &sum);
        if (fit < 0 || sum > (size_t)(v->end - v->p))
            return damaged(v, err);
        WH_TRY(wh_buffer_reserve(out->data, sum, err));
        int32_t *offsets = out->offsets + *done;
        for (int64_t i = 0; i < fit; i++)
            offsets[i + 1] = offsets[i] + lengths[i];
        wh_buffer_put(out->data, v->p, sum);
        v->p += sum;
        *done += (size_t)fit;
        if ((size_t)fit < step) {
            v->delta = before;
            return wh_pq_delta_read_i32(&v->delta, lengths, (size_t)fit) ? WH_OK : ends_early(err);
        }
    }
    return WH_OK;
}

/* The lengths of a block of values from those of their parts. The prefix of each is part of the value in
 * front of it. */
static bool join_lengths(const struct wh_pq_decoder *v, const int32_t *prefixes, const int32_t *suffixes,
                         size_t n, int32_t *lengths)
{
    size_t before = v->last->size;
    for (size_t i = 0; i < n; i++) {
        if (prefixes[i] < 0 || suffixes[i] < 0 || (size_t)prefixes[i] > before ||
            !wh_add(prefixes[i], suffixes[i], &lengths[i]))
            return false;
        before = (size_t)lengths[i];
    }
    return true;
}

/* Appends n values, for which there is room, and keeps the last one. */
static enum wh_status join_parts(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, int32_t *offsets,
                                 const int32_t *prefixes, const int32_t *suffixes, size_t n,
                                 struct wh_error *err)
{
    const uint8_t *before = v->last->data;
    uint8_t *to = out->data->data + out->data->size;
    for (size_t i = 0; i < n; i++) {
        size_t prefix = (size_t)prefixes[i], suffix = (size_t)suffixes[i];
        if (suffix > (size_t)(v->end - v->p))
            return damaged(v, err);
        if (prefix > 0)
            memcpy(to, before, prefix);
        wh_pq_copy(to + prefix, v->p, suffix);
        v->p += suffix;
        before = to;
        to += prefix + suffix;
        offsets[i + 1] = offsets[i] + (int32_t)(prefix + suffix);
    }
    out->data->size = (size_t)(to - out->data->data);
    if (n == 0)
        return WH_OK;
    v->last->size = 0;
    return wh_buffer_append(v->last, before, (size_t)(to - before), err);
}

static enum wh_status read_delta_bytes(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, size_t n,
                                       size_t *done, struct wh_error *err)
{
    int32_t prefixes[BLOCK], suffixes[BLOCK], lengths[BLOCK];
    for (*done = 0; *done < n;) {
        size_t step = WH_MIN(n - *done, BLOCK), sum;
        struct wh_pq_delta before[2] = {v->prefixes, v->delta};
        if (!wh_pq_delta_read_i32(&v->prefixes, prefixes, step) ||
            !wh_pq_delta_read_i32(&v->delta, suffixes, step))
            return ends_early(err);
        if (!join_lengths(v, prefixes, suffixes, step, lengths))
            return damaged(v, err);
        size_t fit = (size_t)count_fitting(out, lengths, step, &sum);
        WH_TRY(wh_buffer_reserve(out->data, sum, err));
        WH_TRY(join_parts(v, out, out->offsets + *done, prefixes, suffixes, fit, err));
        *done += fit;
        if (fit < step) {
            v->prefixes = before[0];
            v->delta = before[1];
            return wh_pq_delta_read_i32(&v->prefixes, prefixes, fit) &&
                           wh_pq_delta_read_i32(&v->delta, suffixes, fit)
                       ? WH_OK
                       : ends_early(err);
        }
    }
    return WH_OK;
}

enum wh_status wh_pq_decode_bytes(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, size_t n,
                                  size_t *done, struct wh_error *err)
{
    *done = 0;
    if (n == 0)
        return WH_OK;
    if (v->encoding == WH_PQ_DELTA_LENGTH_BYTE_ARRAY)
        return read_delta_length(v, out, n, done, err);
    if (v->encoding == WH_PQ_DELTA_BYTE_ARRAY)
        return read_delta_bytes(v, out, n, done, err);
    return read_plain(v, out, n, done, err);
}
