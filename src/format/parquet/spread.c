/* format/parquet/spread.c - making room for nulls; see spread.h. All loops run from the end to the start,
 * within the same memory. */
#include "format/parquet/spread.h"

#include "base/bytes.h"

/* Without branches on the bits, which are hard to foresee. When as many values are left as places, all of
 * them are where they belong. */
#define SPREAD(name, type)                                                                                   \
    static void name(type *values, const uint8_t *map, int64_t at, int64_t n, int64_t left)                  \
    {                                                                                                        \
        for (int64_t i = n; i > left && left > 0; i--) {                                                     \
            int64_t bit = map[(at + i - 1) >> 3] >> ((at + i - 1) & 7) & 1;                                  \
            values[i - 1] = bit ? values[left - 1] : 0;                                                      \
            left -= bit;                                                                                     \
            n = i - 1;                                                                                       \
        }                                                                                                    \
        if (left == 0 && n > 0)                                                                              \
            memset(values, 0, (size_t)n * sizeof *values);                                                   \
    }
SPREAD(spread_1, uint8_t)
SPREAD(spread_2, uint16_t)
SPREAD(spread_4, uint32_t)
SPREAD(spread_8, uint64_t)

static void spread_wide(uint8_t *values, size_t width, const uint8_t *map, int64_t at, int64_t n,
                        int64_t left)
{
    for (int64_t i = n - 1; i >= left; i--) {
        uint8_t *to = values + (size_t)i * width;
        if (wh_bit_get(map, at + i))
            memcpy(to, values + (size_t)--left * width, width);
        else
            memset(to, 0, width);
    }
}

void wh_pq_spread(uint8_t *values, size_t width, const uint8_t *map, int64_t at, int64_t n, int64_t present)
{
    if (n == present)
        return;
    void *aligned = values; /* columns are, and whole values stand in front */
    switch (width) {
    case 1:
        spread_1(aligned, map, at, n, present);
        break;
    case 2:
        spread_2(aligned, map, at, n, present);
        break;
    case 4:
        spread_4(aligned, map, at, n, present);
        break;
    case 8:
        spread_8(aligned, map, at, n, present);
        break;
    default:
        spread_wide(values, width, map, at, n, present);
    }
}

void wh_pq_spread_offsets(int32_t *offsets, const uint8_t *map, int64_t at, int64_t n, int64_t present)
{
    for (int64_t i = n; i > present; i--) {
        int64_t bit = map[(at + i - 1) >> 3] >> ((at + i - 1) & 7) & 1;
        offsets[i] = offsets[present];
        present -= bit;
    }
}

int64_t wh_pq_find_set(const uint8_t *map, int64_t at, int64_t k)
{
    int64_t i = at;
    for (;; i++)
        if (wh_bit_get(map, i) && k-- == 0)
            return i - at;
}
