/* format/parquet/schema_int.h - shared by schema.c (writing) and schema_read.c. */
#pragma once
#include "batch/schema.h"
#include "format/parquet/schema.h"

/* Levels on the way down the tree. */
struct wh_pq_level {
    int16_t def, rep;
    int depth;
    bool forced_present; /* the next node has no level of its own, whatever its field says */
    bool is_map_entry;
};

bool wh_pq_is_group(enum wh_type t);
/* Bytes of the FIXED carrier of a decimal. */
int32_t wh_pq_decimal_bytes(int precision);
/* Fills leaves from nodes; n_leaves is known. */
enum wh_status wh_pq_tree_collect(struct wh_pq_tree *t, struct wh_error *err);
