/* format/parquet/shred.h - columns of a batch to the levels and values of one Parquet column
 * (the record shredding of the Dremel paper; parquet-format README.md, "Nested Encoding"). */
#pragma once
#include "batch/builder.h"
#include "format/parquet/schema.h"

struct wh_pq_run {
    int64_t start, n; /* values of the leaf's wh_column */
};

/* Rows [from, from + n) of a top-level column. */
struct wh_pq_rows {
    const struct wh_column *column;
    int64_t from, n;
};

/* Working memory and result; reused from call to call. All-zero is empty. */
struct wh_pq_shred {
    size_t n;                       /* entries */
    struct wh_buffer defs, reps;    /* uint8_t[n]; empty when the column has none */
    const struct wh_column *values; /* the leaf's column, lent by the batch */
    struct wh_buffer runs;          /* struct wh_pq_run: which of them are not null, in order */
    int64_t n_values;               /* of all runs */
    struct wh_buffer indexes, spare_indexes, spare_defs, spare_reps; /* private */
};
void wh_pq_shred_release(struct wh_pq_shred *s);

/* The column stands for node `top`; leaf is the number of the Parquet column. Fails with WH_DATA when there
 * is a null where the schema has none. */
enum wh_status wh_pq_shred(struct wh_pq_shred *s, const struct wh_pq_node *top, int32_t leaf,
                           const struct wh_pq_rows *rows, struct wh_error *err);
