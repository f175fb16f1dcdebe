/* format/parquet/column.h - one column of the row group that is being written: pages are collected,
 * encoded and compressed one after the other, so that only one page of raw values is held. Serial. */
#pragma once
#include "format/parquet/bounds.h"
#include "format/parquet/choose.h"
#include "format/parquet/codec.h"
#include "format/parquet/distinct.h"
#include "format/parquet/encode.h"
#include "format/parquet/gather.h"

struct wh_pq_write_options {
    int32_t codec; /* enum wh_pq_codec */
    int level;     /* WH_PQ_LEVEL_DEFAULT: a fast one */
    int64_t group_rows, group_bytes;
    size_t page_rows, page_bytes;
    bool dictionary, statistics, page_index, checksum;
};

/* Working memory that the columns of a part share. */
struct wh_pq_scratch {
    struct wh_pq_codec_state codec;
    struct wh_pq_shred shred;
    struct wh_buffer encoded, packed, numbers, lengths, near;
};
void wh_pq_scratch_init(struct wh_pq_scratch *s, struct wh_budget *budget);
void wh_pq_scratch_release(struct wh_pq_scratch *s);

/* A data page of the chunk. */
struct wh_pq_page_record {
    int64_t offset; /* in the column's bytes */
    int32_t bytes;  /* with header */
    int64_t first_row;
    int64_t n_nulls;
    bool is_null; /* no value at all */
    struct wh_pq_bounds bounds;
};

struct wh_pq_column {
    const struct wh_pq_node *top, *leaf; /* lent by the tree */
    int32_t number;                      /* of the leaf */
    int32_t width;                       /* bytes of a stored value; 0: byte arrays */
    enum wh_pq_order order;
    bool wants_bloom;
    const struct wh_pq_write_options *options; /* lent */
    struct wh_pq_scratch *scratch;             /* lent */
    /* The page being collected. */
    struct wh_pq_gathered gathered;
    struct wh_buffer defs, reps; /* uint8_t an entry */
    size_t entries, n_values, rows;
    /* The chunk so far. */
    struct wh_buffer bytes;  /* data pages */
    struct wh_buffer pages;  /* struct wh_pq_page_record */
    struct wh_buffer hashes; /* uint64_t, for the bloom filter */
    struct wh_pq_distinct dictionary;
    bool dictionary_open; /* further pages may use it */
    bool dictionary_used; /* by a page already written */
    bool has_plan;
    struct wh_pq_plan plan; /* for pages without dictionary */
    struct wh_pq_bounds bounds;
    bool ascending, descending; /* all values so far */
    int64_t chunk_rows, chunk_entries, chunk_nulls;
    int64_t plain_bytes; /* BYTE_ARRAY: of all values */
    int64_t uncompressed_bytes;
    int32_t encoding_counts[WH_PQ_ENCODING_COUNT]; /* data pages */
};

void wh_pq_column_init(struct wh_pq_column *col, const struct wh_pq_tree *tree, int32_t number,
                       const struct wh_pq_write_options *options, struct wh_budget *budget);
void wh_pq_column_release(struct wh_pq_column *col);
/* Starts an empty chunk; memory is kept. */
void wh_pq_column_reset(struct wh_pq_column *col);

enum wh_status wh_pq_column_add(struct wh_pq_column *col, const struct wh_pq_rows *rows,
                                struct wh_error *err);
/* Empties the page being collected. */
void wh_pq_column_empty_page(struct wh_pq_column *col);
/* page.c: writes the page being collected, if there is any, and empties it. is_last: the chunk ends. */
enum wh_status wh_pq_page_flush(struct wh_pq_column *col, bool is_last, struct wh_error *err);
/* page.c: appends the dictionary page to out. */
enum wh_status wh_pq_page_dictionary(struct wh_pq_column *col, struct wh_buffer *out, struct wh_error *err);

/* Ends the chunk: its pages are appended to part, *chunk is filled (but for its path) with offsets in part
 * and arrays in the arena. */
enum wh_status wh_pq_column_finish(struct wh_pq_column *col, struct wh_buffer *part,
                                   struct wh_pq_chunk *chunk, struct wh_pq_arena *arena,
                                   struct wh_error *err);
/* After all columns of the row group are finished: appends the column index and the bloom filter to part. */
enum wh_status wh_pq_column_index(struct wh_pq_column *col, struct wh_buffer *part, struct wh_pq_chunk *chunk,
                                  struct wh_pq_arena *arena, struct wh_error *err);
