/* format/parquet/prune.h - row groups that no row of a filter can be in, by their statistics
 * (parquet-format, parquet.thrift "Statistics", "ColumnOrder").
 *
 * Careful where statistics are known to lie: the old min and max only of signed numbers, NaN, types
 * without an order. What is not certain is read. */
#pragma once
#include "format/parquet/read_file.h"
#include "wherry/connector.h"

struct wh_pq_prune {
    struct wh_pq_bound *bounds; /* owned */
    size_t n_bounds;
};
/* Copies the predicates. Starts as an all-zero struct. */
enum wh_status wh_pq_prune_init(struct wh_pq_prune *p, const struct wh_predicate *predicates, size_t n,
                                struct wh_budget *budget, struct wh_error *err);
void wh_pq_prune_release(struct wh_pq_prune *p);

/* *skip: no row of the group fulfils all predicates. types are those of the stream, by which the predicates
 * are meant. */
enum wh_status wh_pq_prune_group(const struct wh_pq_prune *p, const struct wh_pq_file *file, size_t group,
                                 const struct wh_schema *types, bool *skip, struct wh_error *err);
