/* base/pow10.h - 10^q to 128 bits, for reading and writing floating point numbers. */
#pragma once
#include <stdint.h>

/* The highest 128 bits of 10^q, cut off, highest bit set: 10^q >= (hi, lo) * 2^e for the e that fits.
 * Exact for 0 <= q <= 55. No lo is all ones, so that adding one to it never carries. */
struct wh_pow10 {
    uint64_t hi, lo;
};
#define WH_POW10_MIN (-342)
#define WH_POW10_MAX 324

extern const struct wh_pow10 wh_pow10_table[WH_POW10_MAX - WH_POW10_MIN + 1];

static inline const struct wh_pow10 *wh_pow10(int q)
{
    return &wh_pow10_table[q - WH_POW10_MIN];
}
