/* format/parquet/thrift_read.h - metadata structs from the Thrift compact protocol (parquet-format 2.11,
 * parquet.thrift; thrift-compact-protocol.md). The bytes are hostile: nothing is read outside of them,
 * allocations are bounded by the arena, nesting by a fixed depth. */
#pragma once
#include "format/parquet/meta.h"

/* Fills *m from the bytes in m->footer; slices point into them, arrays lie in m->arena, whose limit is
 * set by the size of the footer. *m is otherwise zero. Fails: WH_DATA malformed, WH_LIMIT, WH_NOMEM. */
enum wh_status wh_pq_read_file_meta(struct wh_pq_file_meta *m, struct wh_error *err);

/* Fills *out from the start of the bytes; *used is the length of the header. WH_END: the bytes end before
 * the header does (err stays empty). Fails: WH_DATA. */
enum wh_status wh_pq_read_page_header(struct wh_pq_page_header *out, struct wh_slice bytes, size_t *used,
                                      struct wh_error *err);
