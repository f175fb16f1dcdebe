/* format/parquet/encode_delta.c - DELTA_BINARY_PACKED (Encodings.md, "Delta Encoding").
 *
 *   varint block size, varint miniblocks a block, varint values, zigzag first value
 *   a block: zigzag least delta, bits of each miniblock (a byte each), the miniblocks bit-packed
 *
 * Differences wrap around, in the width of the type. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/bitpack.h"
#include "format/parquet/encode.h"

enum { BLOCK = 128, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS, MAX_VARINT = 10 };

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (UINT64_C(0) - ((uint64_t)v >> 63));
}

/* Deltas of a block above the least one; those behind the last value are zero. */
struct block {
    uint64_t above[BLOCK];
    int64_t least;
    int bits[MINIBLOCKS];
};

static void deltas64(struct block *b, const uint8_t *data, size_t n)
{
    int64_t v[BLOCK + 1], delta[BLOCK], least = INT64_MAX;
    memcpy(v, data - 8, (n + 1) * 8);
    for (size_t i = n + 1; i <= BLOCK; i++)
        v[i] = 0;
    for (size_t i = 0; i < BLOCK; i++)
        delta[i] = (int64_t)((uint64_t)v[i + 1] - (uint64_t)v[i]);
    for (size_t i = 0; i < n; i++)
        least = WH_MIN(least, delta[i]);
    for (size_t i = 0; i < BLOCK; i++)
        b->above[i] = (uint64_t)delta[i] - (uint64_t)least;
    b->least = least;
}

static void deltas32(struct block *b, const uint8_t *data, size_t n)
{
    int32_t v[BLOCK + 1], delta[BLOCK], least = INT32_MAX;
    memcpy(v, data - 4, (n + 1) * 4);
    for (size_t i = n + 1; i <= BLOCK; i++)
        v[i] = 0;
    for (size_t i = 0; i < BLOCK; i++)
        delta[i] = (int32_t)((uint32_t)v[i + 1] - (uint32_t)v[i]);
    for (size_t i = 0; i < n; i++)
        least = WH_MIN(least, delta[i]);
    for (size_t i = 0; i < BLOCK; i++)
        b->above[i] = (uint32_t)delta[i] - (uint32_t)least;
    b->least = least;
}

/* Values [at, at + n) of v, at >= 1. */
static void make_block(struct block *b, const struct wh_pq_values *v, size_t at, size_t n)
{
    if (v->width == 8)
        deltas64(b, v->data + at * 8, n);
    else
        deltas32(b, v->data + at * 4, n);
    for (size_t i = n; i < BLOCK; i++)
        b->above[i] = 0;
    for (size_t m = 0; m < MINIBLOCKS; m++) {
        uint64_t all = 0;
        for (size_t i = 0; i < MINIBLOCK; i++)
            all |= b->above[m * MINIBLOCK + i];
        b->bits[m] = wh_pq_bits(all);
    }
}

static int64_t first_value(const struct wh_pq_values *v)
{
    if (v->n == 0)
        return 0;
    return v->width == 8 ? (int64_t)wh_get_le64(v->data) : (int32_t)wh_get_le32(v->data);
}

static uint8_t *put_block(uint8_t *p, const struct block *b, size_t n)
{
    size_t used = (n + MINIBLOCK - 1) / MINIBLOCK;
    p = put_varint(p, zigzag(b->least));
    for (size_t m = 0; m < MINIBLOCKS; m++)
        *p++ = (uint8_t)b->bits[m];
    for (size_t m = 0; m < used; m++)
        p = wh_pq_pack64(p, b->above + m * MINIBLOCK, MINIBLOCK, b->bits[m]);
    return p;
}

enum wh_status wh_pq_encode_delta(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err)
{
    size_t blocks = v->n / BLOCK + 1;
    size_t block_bytes = MAX_VARINT + MINIBLOCKS + (size_t)BLOCK * (size_t)v->width;
    WH_TRY(wh_buffer_reserve(out, 4 * MAX_VARINT + blocks * block_bytes, err));
    uint8_t *p = out->data + out->size;
    p = put_varint(p, BLOCK);
    p = put_varint(p, MINIBLOCKS);
    p = put_varint(p, v->n);
    p = put_varint(p, zigzag(first_value(v)));
    for (size_t at = 1; at < v->n; at += BLOCK) {
        struct block b;
        size_t n = WH_MIN(v->n - at, (size_t)BLOCK);
        make_block(&b, v, at, n);
        p = put_block(p, &b, n);
    }
    out->size = (size_t)(p - out->data);
    return WH_OK;
}
