/* format/parquet/page_index.h - where the pages of a column chunk lie and with which row each starts
 * (parquet-format, PageIndex.md "OffsetIndex"). */
#pragma once
#include "format/parquet/read_file.h"

struct wh_pq_page_index {
    struct wh_buffer pages; /* owned: struct wh_pq_page_location, ascending */
    size_t n_pages;
    int64_t rows; /* of the row group */
};
void wh_pq_page_index_release(struct wh_pq_page_index *x);

/* Reads the offset index of a column chunk. n_pages is 0 when there is none, or one that contradicts itself
 * or the footer: nobody needs it. Fails: WH_IO, WH_NOMEM, WH_LIMIT. */
enum wh_status wh_pq_page_index_load(struct wh_pq_page_index *x, const struct wh_pq_file *file, size_t group,
                                     size_t column, struct wh_error *err);
/* Rows of the page whose header lies at an offset of the file; -1: not known. */
int64_t wh_pq_page_index_rows(const struct wh_pq_page_index *x, uint64_t offset);
/* The row nearest to `row` that starts a page and is at least `least` and at most `most`; else row itself. */
int64_t wh_pq_page_index_border(const struct wh_pq_page_index *x, int64_t least, int64_t row, int64_t most);
