/* format/parquet/convert.h - physical values as values of our types (parquet-format, LogicalTypes.md).
 *
 * A value that its type does not allow (a decimal with too many digits, an INT96 beyond 64 bits of
 * nanoseconds, a time behind midnight) becomes zero and is flagged: the row is rejected then. */
#pragma once
#include "format/parquet/schema.h"

/* What the values of a leaf become. */
enum wh_pq_shape { WH_PQ_NOTHING, WH_PQ_BITS, WH_PQ_NUMBERS, WH_PQ_TEXT };

struct wh_pq_convert;
/* Converts n values; flags[i] is set for each that does not fit. Returns how many do not. */
typedef size_t wh_pq_convert_fn(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                                uint8_t *flags);

struct wh_pq_convert {
    enum wh_pq_shape shape;
    size_t in_width;      /* bytes of a physical value, 0: byte arrays and booleans */
    size_t out_width;     /* NUMBERS: bytes of a value of our type */
    wh_pq_convert_fn *fn; /* NULL: the bytes are the same */
    bool is_utf8;         /* TEXT: must be valid UTF-8 */
    bool is_json;         /* TEXT: must be valid JSON, too */
    const char *reason;   /* why a value does not fit; static */
    uint64_t limit[4];    /* decimals: 10^precision */
};

/* How values of a leaf become those of its field. Fails with WH_DATA when there is no way. */
enum wh_status wh_pq_convert_init(struct wh_pq_convert *c, const struct wh_pq_node *leaf,
                                  struct wh_error *err);
/* As the function, for byte arrays with n + 1 offsets (decimals only). */
size_t wh_pq_convert_bytes(const struct wh_pq_convert *c, const uint8_t *data, const int32_t *offsets,
                           size_t n, uint8_t *out, uint8_t *flags);
