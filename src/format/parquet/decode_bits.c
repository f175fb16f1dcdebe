/* format/parquet/decode_bits.c - unpacking of bit-packed values; see decode_bits.h. */
#include "format/parquet/decode_bits.h"

#include "base/bytes.h"
#include "base/mem.h"

/* One function a width, so that shifts and offsets are constants. */
#define VALUE(w, i)                                                                                          \
    out[i] = (uint32_t)(wh_pq_load64(in + (i) * (w) / 8) >> ((i) * (w) % 8) & ((UINT64_C(1) << (w)) - 1));
#define FOUR(w, i) VALUE(w, i) VALUE(w, (i) + 1) VALUE(w, (i) + 2) VALUE(w, (i) + 3)
#define SIXTEEN(w, i) FOUR(w, i) FOUR(w, (i) + 4) FOUR(w, (i) + 8) FOUR(w, (i) + 12)
#define UNPACK(w)                                                                                            \
    static void unpack_##w(uint32_t *restrict out, const uint8_t *restrict in)                               \
    {                                                                                                        \
        SIXTEEN(w, 0) SIXTEEN(w, 16)                                                                         \
    }
/* clang-format off */
#define EACH_WIDTH(X)                                                                                        \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)                   \
    X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)
/* clang-format on */

EACH_WIDTH(UNPACK)

static void unpack_0(uint32_t *restrict out, const uint8_t *restrict in)
{
    (void)in;
    memset(out, 0, WH_PQ_GROUP * sizeof *out);
}

#define ENTRY(w) unpack_##w,
static void (*const unpack_width[])(uint32_t *restrict, const uint8_t *restrict) = {unpack_0,
                                                                                    EACH_WIDTH(ENTRY)};

void wh_pq_unpack32(uint32_t *restrict out, const uint8_t *restrict in, unsigned width)
{
    unpack_width[width](out, in);
}

void wh_pq_unpack_some(uint32_t *restrict out, const uint8_t *restrict in, unsigned width, unsigned n)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (unsigned i = 0; i < n; i++)
        out[i] = (uint32_t)(wh_pq_load64(in + i * width / 8) >> (i * width % 8) & mask);
}

void wh_pq_unpack64(uint64_t *restrict out, const uint8_t *restrict in, unsigned width)
{
    if (width <= 32) {
        uint32_t narrow[WH_PQ_GROUP];
        unpack_width[width](narrow, in);
        for (unsigned i = 0; i < WH_PQ_GROUP; i++)
            out[i] = narrow[i];
        return;
    }
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    for (unsigned i = 0; i < WH_PQ_GROUP; i++) {
        unsigned shift = i * width % 8;
        uint64_t v = wh_pq_load64(in + i * width / 8) >> shift;
        if (shift + width > 64)
            v |= (uint64_t)in[i * width / 8 + 8] << (64 - shift);
        out[i] = v & mask;
    }
}

void wh_pq_fill_bits(uint8_t *map, int64_t at, int64_t n, bool value)
{
    for (; n > 0 && at % 8 != 0; at++, n--) {
        if (value)
            wh_bit_set(map, at);
        else
            wh_bit_clear(map, at);
    }
    memset(map + at / 8, value ? 0xff : 0, (size_t)(n / 8));
    for (int64_t i = n / 8 * 8; i < n; i++) {
        if (value)
            wh_bit_set(map, at + i);
        else
            wh_bit_clear(map, at + i);
    }
}

void wh_pq_copy_bits(uint8_t *map, int64_t at, const uint8_t *in, int64_t from, int64_t n)
{
    if (at % 8 == 0 && from % 8 == 0) {
        memcpy(map + at / 8, in + from / 8, wh_bitmap_bytes(n));
        return;
    }
    /* 56 bits a step: a shifted word of 64 holds that many at any bit position. */
    while (n > 0) {
        int64_t step = WH_MIN(n, 56);
        uint64_t bits = wh_pq_load64(in + from / 8) >> (from % 8) & ((UINT64_C(1) << step) - 1);
        uint8_t *to = map + at / 8;
        uint64_t old = wh_pq_load64(to) & ((UINT64_C(1) << (at % 8)) - 1);
        uint64_t joined = old | bits << (at % 8);
        memcpy(to, &joined, sizeof joined);
        at += step;
        from += step;
        n -= step;
    }
}

bool wh_pq_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
        uint8_t b = *(*p)++;
        if (shift == 63 && b > 1)
            return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return true;
        }
    }
    return false;
}
