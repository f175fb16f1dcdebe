/* format/parquet/decode_delta.h - DELTA_BINARY_PACKED (Encodings.md, "Delta Encoding").
 *
 * A decoder is a small value: copying the struct keeps a place to go back to. Sums wrap around, in 64
 * bits for INT64 and, by truncation, in 32 bits for INT32. */
#pragma once
#include "format/parquet/decode_bits.h"

struct wh_pq_delta {
    const uint8_t *p, *end; /* p: next block, or the group of 32 that the next delta lies in */
    const uint8_t *widths;  /* of the miniblocks of the current block */
    uint32_t n_minis;       /* miniblocks of a block */
    uint32_t mini_values;   /* values of a miniblock, a multiple of 32 */
    uint32_t mini;          /* miniblocks of the current block entered so far */
    uint32_t mini_left;     /* values left of the current miniblock */
    uint32_t skip;          /* values of the group at p already taken, 0 to 31 */
    uint32_t width;         /* bits of a delta in the current miniblock */
    uint32_t max_width;     /* 32 or 64 */
    uint64_t left;          /* values not yet read */
    uint64_t value, min_delta;
    bool at_first; /* the next value is the one of the header */
};

/* bits: 32 or 64, of the column's type. Calls give false when the data end early or are damaged. */
bool wh_pq_delta_init(struct wh_pq_delta *d, const uint8_t *p, size_t n, unsigned bits);
bool wh_pq_delta_read(struct wh_pq_delta *d, int64_t *out, size_t n);
bool wh_pq_delta_read_i32(struct wh_pq_delta *d, int32_t *out, size_t n);
/* Passes over all values that are left; *end is where the bytes behind them start. */
bool wh_pq_delta_skip(struct wh_pq_delta d, const uint8_t **end);
