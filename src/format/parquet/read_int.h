/* format/parquet/read_int.h - private to read.c (streams, positions), ranges.c (cutting into chunks),
 * read_schema.c (types of a stream), read_rows.c (rows of a chunk), read_rejects.c (rows that do not fit). */
#pragma once
#include <pthread.h>

#include "base/map.h"
#include "format/parquet/leaf.h"
#include "format/parquet/nest.h"
#include "format/parquet/prune.h"
#include "format/parquet/read.h"

/* A file as its stream sees it; shared by its readers. */
struct wh_pq_opened {
    struct wh_pq_file *file; /* owned */
    size_t number;           /* in the file set */
    int references;          /* guarded by the stream's lock */
    int32_t *nodes;          /* owned; by field of the stream: top-level node of the file, -1: has none */
    bool *casts;             /* owned; by field: its type is not the stream's */
};

/* A row group that is cut into chunks. */
struct wh_pq_cut {
    bool is_known;                   /* the rest is of the stream's next_group */
    double bytes;                    /* about what its rows take in batches */
    struct wh_pq_page_index borders; /* owned: pages of the column that has most bytes */
};

struct wh_pq_reader;

struct wh_pq_stream {
    struct wh_stream base;         /* first: a struct wh_stream * is cast to this */
    struct wh_context *context;    /* lent */
    const struct wh_file_set *set; /* lent */
    struct wh_map paths;           /* number in the set by path */
    struct wh_pq_prune prune;
    bool verify;
    struct wh_pq_bodies bodies;   /* of the readers */
    pthread_mutex_t lock;         /* guards opened, its references, and idle */
    struct wh_pq_opened **opened; /* owned; by file, NULL: not open */
    struct wh_pq_reader *idle;    /* owned: list of readers between two chunks */
    /* next_chunk only */
    struct wh_pq_opened *planned; /* the file that is being cut, a reference; or NULL */
    size_t next_file, next_group;
    int64_t next_row; /* of next_group */
    struct wh_pq_cut cut;
};

/* What a position says: all rows of some row groups, or rows [first, first + rows) of one. */
struct wh_pq_position {
    size_t file, group, n_groups;
    int64_t first, rows;
};

/* The next chunk of the planned file; at->n_groups is 0 when there is none. *bytes: compressed. */
enum wh_status wh_pq_plan_chunk(struct wh_pq_stream *s, struct wh_pq_position *at, uint64_t *bytes,
                                struct wh_error *err);

/* Finds the stream's schema, rows and bytes from all files. */
enum wh_status wh_pq_stream_schema(struct wh_pq_stream *s, const struct wh_stream_request *req,
                                   struct wh_error *err);
/* How the file's columns become the stream's. */
enum wh_status wh_pq_map_fields(struct wh_pq_opened *o, const struct wh_schema *schema, struct wh_error *err);

/* An open file of the stream, to be given back. Any thread. */
enum wh_status wh_pq_acquire(struct wh_pq_opened **out, struct wh_pq_stream *s, size_t number,
                             struct wh_error *err);
void wh_pq_give_back(struct wh_pq_stream *s, struct wh_pq_opened *o);

/* Why a row is rejected. */
struct wh_pq_fault {
    int64_t row;
    size_t field;
    const char *reason; /* static; NULL: the value could not be cast */
};

/* Reads chunks of one file, one after the other. */
struct wh_pq_reader {
    struct wh_reader base; /* first */
    struct wh_pq_stream *stream;
    struct wh_pq_opened *source; /* a reference */
    struct wh_pq_reader *next;   /* idle: the next one of the list */
    struct wh_reject_sink *sink; /* lent */
    struct wh_pq_page_context pages;
    struct wh_pq_nest nest;
    struct wh_pq_leaf **leaves; /* by column of the file; NULL: not read */
    struct wh_column *raw;      /* by field of the stream: values before the cast */
    struct wh_buffer faults;    /* struct wh_pq_fault */
    struct wh_buffer scratch, text;
    struct wh_pq_position at; /* the chunk */
    size_t group;             /* the row group that is being read or comes next */
    bool is_started;          /* the chunk's rows of it are being read */
    bool in_group;            /* the leaves are open, and stand at its row next_row */
    int64_t next_row;
    int64_t rows_left; /* of the chunk in this row group */
    int64_t batch_rows;
    int64_t rows_given; /* of the chunk, for messages about rows */
    bool is_done;       /* the chunk has been read to its end */
};

enum wh_status wh_pq_reader_open(struct wh_reader **out, struct wh_pq_stream *s,
                                 const struct wh_pq_position *at, struct wh_reject_sink *sink,
                                 struct wh_error *err);
enum wh_status wh_pq_reader_read(struct wh_reader *r, struct wh_batch *out, struct wh_error *err);
/* Keeps a reader that has read its chunk to the end: it stands where the next chunk may go on, and its
 * dictionaries and the page it is in need not be read again. */
void wh_pq_reader_close(struct wh_reader *r);
void wh_pq_close_idle(struct wh_pq_stream *s);
/* "could not read <file>: row group <n>, column <name>" in front of the message. */
enum wh_status wh_pq_reader_wrap(const struct wh_pq_reader *r, const char *column, struct wh_error *err);

/* Takes rows with faults out of the batch. */
enum wh_status wh_pq_reader_reject(struct wh_pq_reader *r, struct wh_batch *b, struct wh_error *err);
