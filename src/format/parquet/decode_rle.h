/* format/parquet/decode_rle.h - the RLE/bit-packing hybrid, and the old bit-packed levels (Encodings.md,
 * "RLE" and "BIT_PACKED").
 *
 * A decoder is a small value: copying the struct keeps a place to go back to. Calls give false when the
 * data end early or are damaged; the output is undefined then. */
#pragma once
#include "format/parquet/decode_bits.h"

struct wh_pq_rle {
    const uint8_t *p, *end; /* p: next run, or the group of 8 that the next packed value lies in */
    uint32_t width;         /* bits of a value, 0 to 32 */
    uint32_t left;          /* values left of the current run */
    uint32_t skip;          /* values of the group at p already taken, 0 to 7 */
    uint32_t value;         /* of a repeated run */
    bool is_packed;
    bool is_legacy; /* BIT_PACKED: one run, most significant bit first */
};

void wh_pq_rle_init(struct wh_pq_rle *r, const uint8_t *p, size_t n, unsigned width);
/* The deprecated encoding of levels: n_values in one run. */
void wh_pq_rle_init_legacy(struct wh_pq_rle *r, const uint8_t *p, size_t n, unsigned width,
                           uint32_t n_values);

/* Enters the next run when the current one is used up. Then r->left > 0. */
bool wh_pq_rle_run(struct wh_pq_rle *r);
bool wh_pq_rle_read(struct wh_pq_rle *r, uint32_t *out, size_t n);
bool wh_pq_rle_skip(struct wh_pq_rle *r, size_t n);
/* For widths up to 8. */
bool wh_pq_rle_read_u8(struct wh_pq_rle *r, uint8_t *out, size_t n);
/* For width 1: writes n bits from bit `at` of the map (8 writable bytes behind) and adds the number of
 * ones to *ones. */
bool wh_pq_rle_read_bits(struct wh_pq_rle *r, uint8_t *map, int64_t at, int64_t n, int64_t *ones);
