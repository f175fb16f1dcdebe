/* format/parquet/read_file.h - an opened Parquet file: footer and schema, checked (parquet-format,
 * README.md "File format"). Read-only once opened: any thread. */
#pragma once
#include "format/input.h"
#include "format/parquet/schema.h"

struct wh_pq_file {
    const char *path; /* lent by the file set */
    int fd;
    uint64_t data_end; /* where the footer starts: all pages lie before */
    struct wh_pq_file_meta meta;
    struct wh_pq_tree tree;
    struct wh_budget *budget; /* lent */
    int64_t metadata_bytes;   /* drawn from the budget for meta */
};

/* f is lent while the file is open. Fails: WH_CONFIG compressed, encrypted, or no Parquet file; WH_DATA
 * damaged; WH_LIMIT; WH_IO. */
enum wh_status wh_pq_file_open(struct wh_pq_file **out, const struct wh_file *f, struct wh_budget *budget,
                               struct wh_error *err);
void wh_pq_file_close(struct wh_pq_file *file); /* takes file; NULL is fine */

/* Fails when the row group's columns `leaves` [first, first + n) cannot be read: encrypted, in another
 * file, beyond the file, of another type or with an impossible number of values. */
enum wh_status wh_pq_file_check_group(const struct wh_pq_file *file, size_t group, size_t first, size_t n,
                                      struct wh_error *err);
/* Compressed bytes of the columns [first, first + n) of a row group, for progress. */
uint64_t wh_pq_group_bytes(const struct wh_pq_row_group *g, size_t first, size_t n);

/* Where the pages of a column start. */
uint64_t wh_pq_chunk_start(const struct wh_pq_chunk *c);
