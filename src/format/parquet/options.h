/* format/parquet/options.h - the user's settings for writing Parquet. */
#pragma once
#include "format/parquet/column.h"
#include "wherry/options.h"

/* Pages are made smaller for schemas of many columns, whose open pages are all in memory at once. Fails
 * with WH_CONFIG for a level that the codec does not have, and for sizes without sense. */
enum wh_status wh_pq_options_read(struct wh_pq_write_options *out, const struct wh_config *cfg,
                                  const struct wh_pq_tree *tree, struct wh_error *err);
/* Which of the n columns get a bloom filter (wants is all false). Fails with WH_CONFIG for a name that no
 * column has. */
enum wh_status wh_pq_options_bloom(bool *wants, const struct wh_config *cfg, const struct wh_pq_path *paths,
                                   size_t n, struct wh_error *err);
