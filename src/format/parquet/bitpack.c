/* format/parquet/bitpack.c - packing of numbers; see bitpack.h. */
#include "format/parquet/bitpack.h"

uint8_t *wh_pq_pack32(uint8_t *out, const uint32_t *v, size_t n, int bits)
{
    if (bits == 0)
        return out;
    uint64_t word = 0;
    int used = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)v[i] << used;
        used += bits;
        if (used >= 32) {
            wh_put_le32(out, (uint32_t)word);
            out += 4;
            word >>= 32;
            used -= 32;
        }
    }
    wh_put_le32(out, (uint32_t)word);
    return out + used / 8;
}

uint8_t *wh_pq_pack64(uint8_t *out, const uint64_t *v, size_t n, int bits)
{
    if (bits == 0)
        return out;
    uint64_t word = 0;
    int used = 0;
    for (size_t i = 0; i < n; i++) {
        word |= v[i] << used;
        if (used + bits >= 64) {
            wh_put_le64(out, word);
            out += 8;
            word = used == 0 ? 0 : v[i] >> (64 - used);
            used += bits - 64;
        } else {
            used += bits;
        }
    }
    wh_put_le64(out, word);
    return out + used / 8;
}
