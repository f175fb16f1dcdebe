/* batch/arrow_int.h - private to src/batch: how the format strings of the Arrow C data interface map to our
 * types. */
#pragma once
#include "batch/arrow.h"
#include "batch/schema.h"

/* How values of a foreign array lie in memory. */
enum wh_arrow_layout {
    WH_ARROW_NONE,       /* null: no buffers */
    WH_ARROW_BITS,       /* bool */
    WH_ARROW_SAME,       /* width bytes, as ours */
    WH_ARROW_HALF,       /* float16 */
    WH_ARROW_DECIMAL,    /* width bytes, two's complement */
    WH_ARROW_DATE64,     /* int64 milliseconds, whole days */
    WH_ARROW_TIME32,     /* int32 seconds or milliseconds */
    WH_ARROW_MONTHS,     /* int32 */
    WH_ARROW_DAY_TIME,   /* int32 days, int32 milliseconds */
    WH_ARROW_OFFSETS32,  /* bytes or elements between int32 offsets */
    WH_ARROW_OFFSETS64,  /* the same with int64 */
    WH_ARROW_FIXED_SIZE, /* width bytes or elements a value */
    WH_ARROW_STRUCT,
};
struct wh_arrow_type {
    enum wh_arrow_layout layout;
    int64_t width; /* bytes of a value; of FIXED_SIZE bytes or elements */
    int64_t n_buffers;
    int64_t factor; /* TIME32: microseconds in a unit */
};

/* Reads the format of s: how its array lies in memory (the indexes, if there is a dictionary) into *type,
 * type and parameters of the values into *f (no name, no children). Fails: WH_CONFIG for types that have no
 * counterpart. */
enum wh_status wh_arrow_read_type(struct wh_arrow_type *type, struct wh_field *f, const struct ArrowSchema *s,
                                  struct wh_error *err);
