/* format/parquet/bitpack.h - numbers of a fixed count of bits, least significant bit first. */
#pragma once
#include "base/bytes.h"

/* Writes n numbers (a multiple of 8) below 2^bits, bits 0 to 32; returns the end: exactly n * bits / 8
 * bytes further. Up to 8 bytes behind it are overwritten. */
uint8_t *wh_pq_pack32(uint8_t *out, const uint32_t *v, size_t n, int bits);
/* The same for bits 0 to 64. */
uint8_t *wh_pq_pack64(uint8_t *out, const uint64_t *v, size_t n, int bits);
