/* format/parquet/gather.c - from batch layout to stored values; see gather.h. */
#include "format/parquet/gather.h"

#include "base/bytes.h"
#include "base/mem.h"

#define MS_PER_SECOND 1000

enum wh_pq_gather wh_pq_gather_of(const struct wh_field *f)
{
    static const enum wh_pq_gather kinds[WH_TYPE_COUNT] = {
        [WH_NULL] = WH_PQ_GATHER_NONE,    [WH_BOOL] = WH_PQ_GATHER_BOOL,
        [WH_INT8] = WH_PQ_GATHER_I8,      [WH_INT16] = WH_PQ_GATHER_I16,
        [WH_UINT8] = WH_PQ_GATHER_U8,     [WH_UINT16] = WH_PQ_GATHER_U16,
        [WH_UTF8] = WH_PQ_GATHER_BYTES,   [WH_JSON] = WH_PQ_GATHER_BYTES,
        [WH_BINARY] = WH_PQ_GATHER_BYTES, [WH_INTERVAL] = WH_PQ_GATHER_INTERVAL,
    };
    if (f->type == WH_DECIMAL && f->precision <= 9)
        return WH_PQ_GATHER_LOW32;
    if (f->type == WH_DECIMAL && f->precision > 18)
        return WH_PQ_GATHER_BIG_END;
    if (f->type == WH_TIMESTAMP && f->unit == WH_SECOND)
        return WH_PQ_GATHER_SECONDS;
    return kinds[f->type];
}

int32_t wh_pq_stored_width(const struct wh_pq_node *leaf)
{
    switch (leaf->type) {
    case WH_PQ_BOOLEAN:
        return 1;
    case WH_PQ_INT32:
    case WH_PQ_FLOAT:
        return 4;
    case WH_PQ_INT64:
    case WH_PQ_DOUBLE:
        return 8;
    default:
        return leaf->length;
    }
}

/* False when a value does not fit. */
static bool low32(uint8_t *restrict out, const uint8_t *restrict in, int64_t n)
{
    int64_t lost = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t v = (int64_t)wh_get_le64(in + 8 * i);
        int32_t low = (int32_t)v;
        lost |= v ^ low;
        memcpy(out + 4 * i, &low, sizeof low);
    }
    return lost == 0;
}

/* False when the bytes that are left out say more than the sign. */
static bool big_end(uint8_t *restrict out, const uint8_t *restrict in, int64_t n, size_t width,
                    size_t from_width)
{
    unsigned lost = 0;
    for (int64_t i = 0; i < n; i++, out += width, in += from_width) {
        unsigned sign = in[width - 1] >> 7 ? 0xFF : 0;
        for (size_t k = 0; k < width; k++)
            out[k] = in[width - 1 - k];
        for (size_t k = width; k < from_width; k++)
            lost |= in[k] ^ sign;
    }
    return lost == 0;
}

static void seconds(uint8_t *restrict out, const uint8_t *restrict in, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        wh_put_le64(out + 8 * i, wh_get_le64(in + 8 * i) * MS_PER_SECOND);
}

static void intervals(uint8_t *restrict out, const uint8_t *restrict in, int64_t n)
{
    for (int64_t i = 0; i < n; i++, out += WH_PQ_INTERVAL_BYTES, in += 16) {
        memcpy(out, in, 8);
        wh_put_le32(out + 8, (uint32_t)(wh_get_le64(in + 8) / WH_NS_PER_MS));
    }
}

#define WIDEN(out, in, n, ctype)                                                                             \
    do {                                                                                                     \
        for (int64_t wh_i = 0; wh_i < (n); wh_i++) {                                                         \
            ctype wh_v;                                                                                      \
            memcpy(&wh_v, (in) + wh_i * (int64_t)sizeof wh_v, sizeof wh_v);                                  \
            int32_t wh_wide = wh_v;                                                                          \
            memcpy((out) + 4 * wh_i, &wh_wide, 4);                                                           \
        }                                                                                                    \
    } while (0)

static enum wh_status gather_bytes(struct wh_pq_gathered *out, const struct wh_column *c,
                                   const struct wh_pq_run *run, struct wh_error *err)
{
    struct wh_buffer *data = &out->values, *offsets = &out->offsets;
    const int32_t *from = wh_column_offsets(c) + run->start;
    int64_t n = run->n;
    size_t bytes = (size_t)(from[n] - from[0]);
    if (data->size + bytes > INT32_MAX)
        return wh_fail(err, WH_LIMIT, "could not write column \"%s\": a page has more than 2 GiB",
                       c->field->name);
    WH_TRY(wh_buffer_reserve(offsets, (size_t)n * 4, err));
    uint32_t *to = (uint32_t *)(void *)(offsets->data + offsets->size);
    uint32_t shift = (uint32_t)data->size - (uint32_t)from[0];
    for (int64_t i = 0; i < n; i++)
        to[i] = (uint32_t)from[i + 1] + shift;
    offsets->size += (size_t)n * 4;
    return wh_buffer_append(data, c->data.data + from[0], bytes, err);
}

enum wh_status wh_pq_gather(struct wh_pq_gathered *to, const struct wh_pq_node *leaf,
                            const struct wh_column *c, const struct wh_pq_run *run, struct wh_error *err)
{
    struct wh_buffer *data = &to->values;
    int64_t start = run->start, n = run->n;
    enum wh_pq_gather kind = wh_pq_gather_of(leaf->field);
    size_t width = (size_t)wh_pq_stored_width(leaf), from_width = wh_type_width(leaf->field);
    if (kind == WH_PQ_GATHER_BYTES)
        return gather_bytes(to, c, run, err);
    WH_TRY(wh_buffer_reserve(data, (size_t)n * width, err));
    uint8_t *out = data->data + data->size;
    const uint8_t *in = c->data.data + (size_t)start * from_width;
    bool fits = true;
    switch (kind) {
    case WH_PQ_GATHER_COPY:
        memcpy(out, in, (size_t)n * width);
        break;
    case WH_PQ_GATHER_I8:
        WIDEN(out, in, n, int8_t);
        break;
    case WH_PQ_GATHER_I16:
        WIDEN(out, in, n, int16_t);
        break;
    case WH_PQ_GATHER_U8:
        WIDEN(out, in, n, uint8_t);
        break;
    case WH_PQ_GATHER_U16:
        WIDEN(out, in, n, uint16_t);
        break;
    case WH_PQ_GATHER_LOW32:
        fits = low32(out, in, n);
        break;
    case WH_PQ_GATHER_BIG_END:
        fits = big_end(out, in, n, width, from_width);
        break;
    case WH_PQ_GATHER_SECONDS:
        seconds(out, in, n);
        break;
    case WH_PQ_GATHER_INTERVAL:
        intervals(out, in, n);
        break;
    case WH_PQ_GATHER_BOOL:
        for (int64_t i = 0; i < n; i++)
            out[i] = wh_column_bool(c, start + i);
        break;
    case WH_PQ_GATHER_BYTES:
    case WH_PQ_GATHER_NONE:
        break;
    }
    if (!fits)
        return wh_fail(err, WH_DATA, "could not write column \"%s\": a decimal has more than %d digits",
                       leaf->field->name, leaf->field->precision);
    data->size += (size_t)n * width;
    return WH_OK;
}
