/* format/parquet/decode_bits.h - values of a few bits each, least significant bit first (Encodings.md,
 * "RLE/Bit-Packing Hybrid" and "Delta Encoding").
 *
 * All decoders of this folder may read up to WH_BUFFER_SLACK bytes behind the end of their input, which
 * therefore lies in a wh_buffer; what they read there never reaches a result. */
#pragma once
#include <stdint.h>
#include <string.h>

#include "wherry/bytes.h"

/* Values of a group, the unit in which whole runs are unpacked. */
#define WH_PQ_GROUP 32u

/* Unpacks 32 values of `width` bits, 0 to 32, from 4 * width bytes. */
void wh_pq_unpack32(uint32_t *restrict out, const uint8_t *restrict in, unsigned width);
/* Unpacks n values, at most 32. */
void wh_pq_unpack_some(uint32_t *restrict out, const uint8_t *restrict in, unsigned width, unsigned n);
/* Unpacks 32 values of 0 to 64 bits. */
void wh_pq_unpack64(uint64_t *restrict out, const uint8_t *restrict in, unsigned width);

/* Copies n bits from bit `from` of `in` to bit `at` of the map; the map has 8 writable bytes behind, and
 * bits behind the copied ones become undefined. */
void wh_pq_copy_bits(uint8_t *map, int64_t at, const uint8_t *in, int64_t from, int64_t n);
/* Sets n bits of the map to one value, other bits stay. */
void wh_pq_fill_bits(uint8_t *map, int64_t at, int64_t n, bool value);

static inline uint64_t wh_pq_load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Takes a ULEB128 number of at most 10 bytes; false when it does not end or is beyond 64 bits. */
bool wh_pq_varint(const uint8_t **p, const uint8_t *end, uint64_t *out);
