/* format/parquet/spread.h - from values without gaps, as pages have them, to columns with nulls. */
#pragma once
#include "wherry/bytes.h"

/* Moves the first `present` values of the n at `values` to the places whose bits from bit `at` of the map
 * are set, in order; the others become zero. There are exactly `present` such bits. */
void wh_pq_spread(uint8_t *values, size_t width, const uint8_t *map, int64_t at, int64_t n, int64_t present);
/* offsets has present + 1 entries and becomes n + 1: nulls are empty. */
void wh_pq_spread_offsets(int32_t *offsets, const uint8_t *map, int64_t at, int64_t n, int64_t present);
/* The bit of the k-th set bit (from 0) at or behind bit `at`, relative to `at`; there is one. */
int64_t wh_pq_find_set(const uint8_t *map, int64_t at, int64_t k);
