/* format/parquet/gather.h - values of a batch's column in the form in which Parquet stores them. */
#pragma once
#include "batch/builder.h"
#include "format/parquet/encode.h"
#include "format/parquet/shred.h"

/* How the values of a leaf are stored. */
enum wh_pq_gather {
    WH_PQ_GATHER_COPY, /* as they are */
    WH_PQ_GATHER_I8,   /* to INT32 */
    WH_PQ_GATHER_I16,
    WH_PQ_GATHER_U8,
    WH_PQ_GATHER_U16,
    WH_PQ_GATHER_LOW32,    /* decimals of up to 9 digits to INT32 */
    WH_PQ_GATHER_BIG_END,  /* decimals to FIXED */
    WH_PQ_GATHER_SECONDS,  /* timestamps in seconds to milliseconds */
    WH_PQ_GATHER_INTERVAL, /* to months, days, milliseconds */
    WH_PQ_GATHER_BOOL,     /* to a byte each */
    WH_PQ_GATHER_BYTES,    /* byte arrays */
    WH_PQ_GATHER_NONE,     /* all null */
};
enum wh_pq_gather wh_pq_gather_of(const struct wh_field *f);
/* Bytes of a stored value, 0 for byte arrays. */
int32_t wh_pq_stored_width(const struct wh_pq_node *leaf);

/* The page that values are appended to. */
struct wh_pq_gathered {
    struct wh_buffer values;
    struct wh_buffer offsets; /* uint32_t, byte arrays only: starts with a 0, then the end of each value */
};
/* Appends the run's values of c, none of them null. Rows that do not fit have been taken out (check.h). Fails
 * with WH_DATA for a decimal beyond its precision. */
enum wh_status wh_pq_gather(struct wh_pq_gathered *out, const struct wh_pq_node *leaf,
                            const struct wh_column *c, const struct wh_pq_run *run, struct wh_error *err);

#define WH_PQ_INTERVAL_BYTES 12
#define WH_NS_PER_MS 1000000
