/* format/parquet/page_reader.h - the pages of one column chunk, in order, decompressed and verified
 * (parquet-format, README.md "Data Pages", "Checksumming").
 *
 * Reads ahead by pread into one buffer, decompresses into another; both are reused. Serial. */
#pragma once
#include "format/parquet/codec.h"
#include "format/parquet/read_file.h"

struct wh_pq_pages {
    const struct wh_pq_file *file;
    const struct wh_pq_chunk *chunk;
    struct wh_pq_codec_state *codec; /* lent */
    bool verify;                     /* checksums */
    uint64_t next;                   /* offset in the file of what is to be read into the window */
    uint64_t chunk_end;              /* by the metadata; read-ahead stops there */
    struct wh_buffer window;         /* owned: bytes of the file; at: where the next page begins */
    size_t at;
    struct wh_buffer body, dictionary; /* owned: decompressed page of either kind */
};

/* Parts of a page; slices are lent until the next call and have WH_BUFFER_SLACK bytes behind them. */
struct wh_pq_page {
    struct wh_pq_page_header header;
    struct wh_slice reps, defs; /* data page v2: levels; else empty */
    struct wh_slice values;     /* data page v1: levels and values */
    struct wh_buffer *owner;    /* the buffer behind values when nothing else is in it, or NULL */
};

/* file, chunk and codec are lent until close; chunk is one that wh_pq_file_check_group found good. *p is all
 * zero, or has been opened before and keeps its memory. */
void wh_pq_pages_open(struct wh_pq_pages *p, const struct wh_pq_file *file, const struct wh_pq_chunk *chunk,
                      struct wh_pq_codec_state *codec, bool verify);
/* The next data or dictionary page. Fails: WH_DATA, also when the file's pages are used up; WH_LIMIT for a
 * decompression bomb; WH_IO, WH_NOMEM. */
enum wh_status wh_pq_pages_next(struct wh_pq_pages *p, struct wh_pq_page *out, struct wh_error *err);
void wh_pq_pages_close(struct wh_pq_pages *p); /* accepts an all-zero struct */
