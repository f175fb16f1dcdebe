/* format/parquet/read.h - a set of Parquet files as a stream of batches.
 *
 * The schema is the union of the files' columns by name. A chunk is one row group of a file; where they are
 * small, several in a row; where one is large, a range of its rows. Its position is
 *   {"file": path, "row_group": first, "row_groups": how many, "first": row of the first row group,
 *    "rows": how many, "offset": of the first row group in the file}.
 * Row groups in which, by their statistics, no row fulfils the request's predicates are left out. */
#pragma once
#include "format/format.h"

/* As wh_format.open_stream. Fails with WH_CONFIG for columns that do not exist, types that cannot become
 * the declared ones, encrypted and compressed files; with WH_DATA for damaged ones. */
enum wh_status wh_pq_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                 const struct wh_stream_request *req, struct wh_context *ctx,
                                 struct wh_error *err);
