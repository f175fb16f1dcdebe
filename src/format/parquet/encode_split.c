/* format/parquet/encode_split.c - BYTE_STREAM_SPLIT (Encodings.md): the first bytes of all values, then all
 * second bytes, and so on. */
#include "base/bytes.h"
#include "format/parquet/encode.h"

enum wh_status wh_pq_encode_split(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err)
{
    size_t width = (size_t)v->width, n = v->n;
    WH_TRY(wh_buffer_reserve(out, n * width, err));
    for (size_t k = 0; k < width; k++) {
        uint8_t *restrict to = out->data + out->size + k * n;
        const uint8_t *restrict from = v->data + k;
        for (size_t i = 0; i < n; i++)
            to[i] = from[i * width];
    }
    out->size += n * width;
    return WH_OK;
}
