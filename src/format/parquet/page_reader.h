/* format/parquet/page_reader.h - the pages of one column chunk, in order, decompressed and verified
 * (parquet-format, README.md "Data Pages", "Checksumming").
 *
 * Reads ahead by pread into a small window. A page is lent from the window when it is small and stored as it
 * is; else its bytes lie in a body of its own, which other readers may use, too. Serial. */
#pragma once
#include "format/parquet/codec.h"
#include "format/parquet/page_bodies.h"

/* What the columns that one reader reads have in common. */
struct wh_pq_page_context {
    struct wh_pq_codec_state codec; /* owned */
    struct wh_buffer large;         /* owned: a compressed page that does not go into the window */
    struct wh_buffer spare;         /* owned: memory of a body that is not used any more, for the next one */
    struct wh_pq_bodies *bodies;    /* lent */
    size_t ahead_bytes;             /* most that a column reads ahead; 0: no column yet */
    bool verify;                    /* checksums */
};
/* *c is all zero. n_columns will be read at the same time. */
void wh_pq_page_context_init(struct wh_pq_page_context *c, struct wh_pq_bodies *bodies,
                             struct wh_budget *budget, size_t n_columns);
void wh_pq_page_context_release(struct wh_pq_page_context *c);

struct wh_pq_pages {
    const struct wh_pq_file *file;
    const struct wh_pq_chunk *chunk;
    struct wh_pq_page_context *context; /* lent */
    uint64_t next;                      /* offset in the file of what is to be read into the window */
    uint64_t chunk_end;                 /* by the metadata; read-ahead stops there */
    struct wh_buffer window;            /* owned: bytes of the file; at: where the next page begins */
    size_t at;
    struct wh_pq_body *body;         /* a reference: of the page that was taken last, or NULL */
    struct wh_pq_page_header header; /* of the next page, once it has been asked for */
    uint64_t header_offset;          /* in the file */
};

/* Parts of a page; slices are lent until the next call and have WH_BUFFER_SLACK bytes behind them. */
struct wh_pq_page {
    struct wh_pq_page_header header;
    struct wh_slice reps, defs; /* data page v2: levels; else empty */
    struct wh_slice values;     /* data page v1: levels and values */
    struct wh_pq_body *body;    /* what the slices lie in, to be shared; NULL: the window */
};

/* file, chunk and context are lent until close; chunk is one that wh_pq_file_check_group found good. *p is
 * all zero, or has been opened before and keeps its memory. */
void wh_pq_pages_open(struct wh_pq_pages *p, const struct wh_pq_file *file, const struct wh_pq_chunk *chunk,
                      struct wh_pq_page_context *context);
void wh_pq_pages_close(struct wh_pq_pages *p); /* accepts an all-zero struct */

/* Reads the header of the next data or dictionary page; then that page is taken or passed over.
 * ahead_bytes: how much of the file may be read at once. Fails: WH_DATA, also when the file's pages are
 * used up; WH_LIMIT for a decompression bomb; WH_IO, WH_NOMEM. */
enum wh_status wh_pq_pages_header(struct wh_pq_pages *p, size_t ahead_bytes, struct wh_error *err);
enum wh_status wh_pq_pages_take(struct wh_pq_pages *p, struct wh_pq_page *out, struct wh_error *err);
enum wh_status wh_pq_pages_pass(struct wh_pq_pages *p, struct wh_error *err);
/* The page that was taken last is not needed any more. */
void wh_pq_pages_drop(struct wh_pq_pages *p);
/* The repetition levels of a data page v2 that is neither taken nor passed yet; lent until then. */
enum wh_status wh_pq_pages_levels(struct wh_pq_pages *p, struct wh_slice *reps, struct wh_error *err);
