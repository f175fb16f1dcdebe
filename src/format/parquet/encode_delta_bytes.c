/* format/parquet/encode_delta_bytes.c - DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY (Encodings.md). */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/encode.h"

static enum wh_status encode_lengths(struct wh_buffer *out, const int32_t *lengths, size_t n,
                                     struct wh_error *err)
{
    struct wh_pq_values v = {.type = WH_PQ_INT32, .width = 4, .n = n, .data = (const uint8_t *)lengths};
    return wh_pq_encode_delta(out, &v, err);
}

enum wh_status wh_pq_encode_delta_length(struct wh_buffer *out, const struct wh_pq_values *v,
                                         struct wh_buffer *scratch, struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(scratch, v->n * sizeof(int32_t), err));
    int32_t *lengths = (int32_t *)(void *)scratch->data;
    for (size_t i = 0; i < v->n; i++)
        lengths[i] = (int32_t)(v->offsets[i + 1] - v->offsets[i]);
    WH_TRY(encode_lengths(out, lengths, v->n, err));
    return wh_buffer_append(out, v->data, v->offsets[v->n], err);
}

/* Bytes that two values have in common at the start. */
static uint32_t common_prefix(const uint8_t *a, const uint8_t *b, uint32_t n)
{
    uint32_t i = 0;
    while (i + 8 <= n) {
        uint64_t differ = wh_get_le64(a + i) ^ wh_get_le64(b + i);
        if (differ != 0)
            return i + (uint32_t)__builtin_ctzll(differ) / 8;
        i += 8;
    }
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

static void find_prefixes(int32_t *prefixes, int32_t *suffixes, const struct wh_pq_values *v)
{
    uint32_t before = 0;
    for (size_t i = 0; i < v->n; i++) {
        uint32_t len = v->offsets[i + 1] - v->offsets[i], prefix = 0;
        if (i > 0)
            prefix = common_prefix(v->data + v->offsets[i - 1], v->data + v->offsets[i], WH_MIN(before, len));
        prefixes[i] = (int32_t)prefix;
        suffixes[i] = (int32_t)(len - prefix);
        before = len;
    }
}

size_t wh_pq_shared_prefix_bytes(const struct wh_pq_values *v, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 1; i < n; i++) {
        uint32_t len = v->offsets[i + 1] - v->offsets[i], before = v->offsets[i] - v->offsets[i - 1];
        bytes += common_prefix(v->data + v->offsets[i - 1], v->data + v->offsets[i], WH_MIN(before, len));
    }
    return bytes;
}

enum wh_status wh_pq_encode_delta_bytes(struct wh_buffer *out, const struct wh_pq_values *v,
                                        struct wh_buffer *scratch, struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(scratch, 2 * v->n * sizeof(int32_t), err));
    int32_t *prefixes = (int32_t *)(void *)scratch->data, *suffixes = prefixes + v->n;
    find_prefixes(prefixes, suffixes, v);
    WH_TRY(encode_lengths(out, prefixes, v->n, err));
    WH_TRY(encode_lengths(out, suffixes, v->n, err));
    WH_TRY(wh_buffer_reserve(out, v->offsets[v->n], err));
    for (size_t i = 0; i < v->n; i++)
        wh_buffer_put(out, v->data + v->offsets[i] + prefixes[i], (size_t)suffixes[i]);
    return WH_OK;
}
