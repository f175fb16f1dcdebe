/* format/parquet/encode_rle.c - the RLE/bit-packing hybrid (Encodings.md, "RLE = 3"). */
#include "base/bytes.h"
#include "format/parquet/bitpack.h"
#include "format/parquet/encode.h"

/* Fewer equal numbers are cheaper in a bit-packed run that goes on than with a header of their own. */
#define MIN_RUN 16

static size_t put_varint(uint8_t *p, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        p[n++] = (uint8_t)(v | 0x80);
    p[n++] = (uint8_t)v;
    return n;
}

static uint8_t *put_packed(uint8_t *p, const uint32_t *v, size_t n, int bits)
{
    size_t groups = (n + 7) / 8;
    if (groups == 0)
        return p;
    p += put_varint(p, groups << 1 | 1);
    return wh_pq_pack32(p, v, groups * 8, bits);
}

static uint8_t *put_run(uint8_t *p, uint32_t value, size_t n, int bits)
{
    p += put_varint(p, n << 1);
    for (int b = 0; b < bits; b += 8, value >>= 8)
        *p++ = (uint8_t)value;
    return p;
}

static bool eight_equal(const uint32_t *v)
{
    uint32_t first = v[0];
    return ((v[1] ^ first) | (v[2] ^ first) | (v[3] ^ first) | (v[4] ^ first) | (v[5] ^ first) |
            (v[6] ^ first) | (v[7] ^ first)) == 0;
}

static size_t run_length(const uint32_t *v, size_t n)
{
    size_t i = 1;
    while (i < n && v[i] == v[0])
        i++;
    return i;
}

enum wh_status wh_pq_encode_rle(struct wh_buffer *out, uint32_t *v, size_t n, int bits, struct wh_error *err)
{
    /* Never longer than bit-packed with a header for each run, and runs replace at least as much. */
    size_t most = n / 8 * (size_t)bits + (size_t)bits + (n / MIN_RUN + 2) * 16;
    WH_TRY(wh_buffer_reserve(out, most, err));
    for (int i = 0; i < 8; i++)
        v[n + (size_t)i] = 0;
    uint8_t *p = out->data + out->size;
    size_t packed = 0, i = 0; /* [packed, i): waits for being bit-packed; a multiple of 8 */
    while (i + 8 <= n) {
        size_t run = eight_equal(v + i) ? run_length(v + i, n - i) : 0;
        if (run >= MIN_RUN) {
            p = put_packed(p, v + packed, i - packed, bits);
            p = put_run(p, v[i], run, bits);
            i += run;
            packed = i;
        } else {
            i += 8;
        }
    }
    if (packed < n && run_length(v + packed, n - packed) == n - packed)
        p = put_run(p, v[packed], n - packed, bits);
    else
        p = put_packed(p, v + packed, n - packed, bits);
    out->size = (size_t)(p - out->data);
    return WH_OK;
}

enum wh_status wh_pq_encode_run(struct wh_buffer *out, uint32_t value, size_t n, int bits,
                                struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(out, 16, err));
    out->size = (size_t)(put_run(out->data + out->size, value, n, bits) - out->data);
    return WH_OK;
}
