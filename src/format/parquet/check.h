/* format/parquet/check.h - rows of a batch that Parquet cannot hold.
 *
 * These are: a null in a field declared without nulls; a timestamp in seconds whose milliseconds overflow; an
 * interval with a negative part or a fraction of a millisecond. Serial. */
#pragma once
#include "batch/builder.h"
#include "format/parquet/schema.h"
#include "wherry/connector.h"

/* False when no row can have a fault, by types and null counts alone. */
bool wh_pq_needs_check(const struct wh_batch *b, const struct wh_pq_tree *tree);
/* Hands such rows of b to the sink. *all_good: there is none; else good (an all-zero struct, released by the
 * caller) becomes the other rows. Fails: WH_NOMEM; what the sink says; without a sink WH_DATA. */
enum wh_status wh_pq_reject_rows(struct wh_batch *good, bool *all_good, const struct wh_batch *b,
                                 const struct wh_pq_tree *tree, struct wh_reject_sink *sink,
                                 struct wh_error *err);
