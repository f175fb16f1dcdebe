/* format/jsonl/scan.h - many bytes at a time: where a string stops, where brackets stand, how many lines.
 *
 * Every function has a portable form and, on x86-64, vector forms with identical results; the wider
 * ones are chosen at run time. Any thread. */
#pragma once
#include "base/bytes.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* Bytes that must be readable behind any place that is scanned. */
#define WH_JSONL_SLACK 64

/* One bit for each of 16 bytes, lowest first: what ends or interrupts a string (quote, backslash, control
 * character). Only the lowest bit set is exact, those above it may be too many. *high gets a bit other than
 * zero for each byte that is not ASCII; these are exact. */
static inline unsigned wh_jsonl_stops_portable(const uint8_t *p, unsigned *high)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    unsigned stops = 0, highs = 0;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t v = wh_get_le64(p + (size_t)8 * half);
        uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
        uint64_t found =
            ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((v - ones * 32) & ~v);
        stops |= (unsigned)(((found & tops) >> 7) * 0x0102040810204080u >> 56) << 8 * half;
        highs |= (unsigned)(((v & tops) >> 7) * 0x0102040810204080u >> 56) << 8 * half;
    }
    *high = highs;
    return stops;
}

#if defined(__x86_64__)
static inline unsigned wh_jsonl_stops_of(__m128i v, unsigned *high)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    *high = (unsigned)_mm_movemask_epi8(v);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}
#endif

static inline unsigned wh_jsonl_stops(const uint8_t *p, unsigned *high)
{
#if defined(__x86_64__)
    return wh_jsonl_stops_of(_mm_loadu_si128((const __m128i *)(const void *)p), high);
#else
    return wh_jsonl_stops_portable(p, high);
#endif
}

/* As wh_jsonl_stops, and copies the 16 bytes. */
static inline unsigned wh_jsonl_stops_copy(uint8_t *to, const uint8_t *p, unsigned *high)
{
#if defined(__x86_64__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return wh_jsonl_stops_of(v, high);
#else
    memcpy(to, p, 16);
    return wh_jsonl_stops_portable(p, high);
#endif
}

/* One bit for each of 64 bytes, lowest first. */
struct wh_jsonl_masks {
    uint64_t quote, backslash, open, close, separator;
};

struct wh_jsonl_kernels {
    const char *name;
    /* Marks quotes, backslashes, { and [, } and ], and the separator in 64 bytes. */
    void (*classify)(struct wh_jsonl_masks *out, const uint8_t *block, uint8_t separator);
    /* How often the byte occurs. */
    uint64_t (*count)(const uint8_t *p, size_t n, uint8_t byte);
};

/* The widest kernels of this machine. */
const struct wh_jsonl_kernels *wh_jsonl_kernels(void);
/* All kernels that run on this machine, NULL-ended, the portable ones first; for tests. */
const struct wh_jsonl_kernels *const *wh_jsonl_all_kernels(void);
