/* format/parquet/nest.h - lists, maps and structs around the leaves of nested columns, from their levels
 * (the record assembly of Dremel; parquet-format, README.md "Nested Encoding"). */
#pragma once
#include "format/parquet/leaf.h"

/* Working memory for reuse; starts as all zero but for budgets. */
struct wh_pq_nest {
    struct wh_buffer validity, offsets; /* owned */
};
void wh_pq_nest_release(struct wh_pq_nest *n);

/* Fills validity, offsets and lengths of column, which is node's, and of its groups down to the leaves.
 * The leaves (by column number) have been read, as many rows of each, into the columns below. Fails with
 * WH_DATA when leaves of one group do not agree about it. */
enum wh_status wh_pq_nest_build(struct wh_pq_nest *n, const struct wh_pq_node *node, struct wh_column *column,
                                struct wh_pq_leaf *const *leaves, struct wh_error *err);
