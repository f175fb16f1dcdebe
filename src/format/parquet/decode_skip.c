/* format/parquet/decode_skip.c - passing over values of a data page; see decode_values.h. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/decode_values.h"

/* Values that must be decoded are so in blocks of this many. */
#define BLOCK 256

static enum wh_status ends_early(struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "a page has fewer values than it says");
}

bool wh_pq_rle_skip(struct wh_pq_rle *r, size_t n)
{
    while (n > 0) {
        if (!wh_pq_rle_run(r))
            return false;
        uint32_t step = (uint32_t)WH_MIN(n, r->left);
        if (r->is_packed) {
            uint64_t at = (uint64_t)r->skip + step;
            r->p += at / 8 * r->width;
            r->skip = at % 8;
        }
        r->left -= step;
        n -= step;
    }
    return true;
}

static enum wh_status skip_plain_bytes(struct wh_pq_decoder *v, size_t n, struct wh_error *err)
{
    const uint8_t *p = v->p, *end = v->end;
    for (size_t i = 0; i < n; i++) {
        if ((size_t)(end - p) < 4)
            return ends_early(err);
        size_t len = wh_get_le32(p);
        if (len > (size_t)(end - p) - 4)
            return wh_fail(err, WH_DATA, "a value of %zu bytes goes beyond its page", len);
        p += 4 + len;
    }
    v->p = p;
    return WH_OK;
}

static enum wh_status skip_bytes(struct wh_pq_decoder *v, size_t n, struct wh_buffer *scratch,
                                 struct wh_error *err)
{
    int32_t offsets[BLOCK + 1] = {0};
    while (n > 0) {
        size_t done;
        struct wh_pq_bytes_out out = {.data = scratch, .offsets = offsets, .max_bytes = INT32_MAX};
        scratch->size = 0;
        WH_TRY(wh_pq_decode_bytes(v, &out, WH_MIN(n, BLOCK), &done, err));
        if (done == 0)
            return wh_fail(err, WH_LIMIT, "a value takes more than 2 GiB");
        n -= done;
    }
    return WH_OK;
}

static enum wh_status skip_fixed(struct wh_pq_decoder *v, size_t n, struct wh_buffer *scratch,
                                 struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(scratch, BLOCK * v->width, err));
    for (size_t step; n > 0; n -= step) {
        step = WH_MIN(n, BLOCK);
        WH_TRY(wh_pq_decode_fixed(v, scratch->data, step, err));
    }
    return WH_OK;
}

enum wh_status wh_pq_decoder_skip(struct wh_pq_decoder *v, size_t n, struct wh_buffer *scratch,
                                  struct wh_error *err)
{
    if (v->encoding == WH_PQ_PLAIN && v->width == 0)
        return skip_plain_bytes(v, n, err);
    if (v->width == 0)
        return skip_bytes(v, n, scratch, err);
    size_t left = v->encoding == WH_PQ_BYTE_STREAM_SPLIT ? v->left : (size_t)(v->end - v->p) / v->width;
    if (v->encoding != WH_PQ_PLAIN && v->encoding != WH_PQ_BYTE_STREAM_SPLIT)
        return skip_fixed(v, n, scratch, err);
    if (n > left)
        return ends_early(err);
    v->p += v->encoding == WH_PQ_PLAIN ? n * v->width : n;
    v->left -= v->encoding == WH_PQ_PLAIN ? 0 : n;
    return WH_OK;
}
