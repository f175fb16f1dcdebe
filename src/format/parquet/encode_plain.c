/* format/parquet/encode_plain.c - PLAIN (Encodings.md, "PLAIN = 0"). */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/encode.h"

static enum wh_status plain_bools(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err)
{
    size_t bytes = (v->n + 7) / 8;
    WH_TRY(wh_buffer_reserve(out, bytes, err));
    uint8_t *p = out->data + out->size;
    memset(p, 0, bytes);
    for (size_t i = 0; i < v->n; i++)
        p[i / 8] = (uint8_t)(p[i / 8] | v->data[i] << (i % 8));
    out->size += bytes;
    return WH_OK;
}

static enum wh_status plain_byte_arrays(struct wh_buffer *out, const struct wh_pq_values *v,
                                        struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(out, v->offsets[v->n] + 4 * v->n, err));
    uint8_t *p = out->data + out->size;
    for (size_t i = 0; i < v->n; i++) {
        uint32_t len = v->offsets[i + 1] - v->offsets[i];
        wh_put_le32(p, len);
        memcpy(p + 4, v->data + v->offsets[i], len);
        p += 4 + len;
    }
    out->size = (size_t)(p - out->data);
    return WH_OK;
}

enum wh_status wh_pq_encode_plain(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err)
{
    if (v->type == WH_PQ_BOOLEAN)
        return plain_bools(out, v, err);
    if (v->type == WH_PQ_BYTE_ARRAY)
        return plain_byte_arrays(out, v, err);
    return wh_buffer_append(out, v->data, v->n * (size_t)v->width, err);
}
