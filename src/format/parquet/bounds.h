/* format/parquet/bounds.h - least and greatest values of pages and column chunks (parquet.thrift,
 * Statistics and ColumnOrder; all columns have TYPE_ORDER). */
#pragma once
#include "format/parquet/encode.h"
#include "format/parquet/schema.h"

/* How values of a column compare. */
enum wh_pq_order {
    WH_PQ_ORDER_NONE, /* undefined: no bounds are written */
    WH_PQ_ORDER_BOOL,
    WH_PQ_ORDER_I32,
    WH_PQ_ORDER_U32,
    WH_PQ_ORDER_I64,
    WH_PQ_ORDER_U64,
    WH_PQ_ORDER_F32,
    WH_PQ_ORDER_F64,
    WH_PQ_ORDER_BYTES,      /* unsigned bytes; may be cut */
    WH_PQ_ORDER_TEXT,       /* the same, cut between characters */
    WH_PQ_ORDER_BIG_ENDIAN, /* decimals in FIXED: two's complement */
};
enum wh_pq_order wh_pq_order_of(const struct wh_pq_node *leaf);

#define WH_PQ_BOUND_BYTES 64 /* longer text is cut; also the widest FIXED of ours */

/* In the form of Statistics: PLAIN, byte arrays without length. */
struct wh_pq_bounds {
    bool has_min, has_max; /* has_max may be false alone: no text above the cut one */
    bool min_exact, max_exact;
    uint8_t min_len, max_len;
    uint8_t min[WH_PQ_BOUND_BYTES + 4], max[WH_PQ_BOUND_BYTES + 4];
    int64_t nans;
};

/* Of all values, whose data are aligned; floats without NaN, zeros as -0 and +0. */
void wh_pq_bounds_of(struct wh_pq_bounds *out, enum wh_pq_order order, const struct wh_pq_values *v);
/* Of the byte arrays whose byte in `used` is not zero. */
void wh_pq_bounds_of_used(struct wh_pq_bounds *out, enum wh_pq_order order,
                          const struct wh_pq_values *entries, const uint8_t *used);
/* Widens a (empty when all-zero) by b. */
void wh_pq_bounds_merge(struct wh_pq_bounds *a, const struct wh_pq_bounds *b, enum wh_pq_order order);
/* -1, 0, 1 for two values in the form of Statistics. */
int wh_pq_bound_compare(enum wh_pq_order order, const uint8_t *a, size_t a_len, const uint8_t *b,
                        size_t b_len);
/* True when no value is below (descending: above) the one before. Never for floats, whose NaN has no place.
 */
bool wh_pq_is_sorted(enum wh_pq_order order, const struct wh_pq_values *v, bool descending);
