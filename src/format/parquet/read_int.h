/* format/parquet/read_int.h - private to read.c (streams, chunks), read_schema.c (types of a stream) and
 * read_rows.c (rows of a chunk). */
#pragma once
#include <pthread.h>

#include "base/map.h"
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

struct wh_pq_stream {
    struct wh_stream base;         /* first: a struct wh_stream * is cast to this */
    struct wh_context *context;    /* lent */
    const struct wh_file_set *set; /* lent */
    struct wh_map paths;           /* number in the set by path */
    struct wh_pq_prune prune;
    bool verify;
    pthread_mutex_t lock;         /* guards opened and its references */
    struct wh_pq_opened **opened; /* owned; by file, NULL: not open */
    /* next_chunk only */
    struct wh_pq_opened *planned; /* the file that is being cut, a reference; or NULL */
    size_t next_file, next_group;
};

/* What a position says. */
struct wh_pq_position {
    size_t file, group, n_groups;
    int64_t rows;
};

/* Finds the stream's schema, rows and bytes from all files. */
enum wh_status wh_pq_stream_schema(struct wh_pq_stream *s, const struct wh_stream_request *req,
                                   struct wh_error *err);
/* How the file's columns become the stream's. */
enum wh_status wh_pq_map_fields(struct wh_pq_opened *o, const struct wh_schema *schema, struct wh_error *err);

/* An open file of the stream, to be given back. Any thread. */
enum wh_status wh_pq_acquire(struct wh_pq_opened **out, struct wh_pq_stream *s, size_t number,
                             struct wh_error *err);
void wh_pq_give_back(struct wh_pq_stream *s, struct wh_pq_opened *o);

enum wh_status wh_pq_reader_open(struct wh_reader **out, struct wh_pq_stream *s,
                                 const struct wh_pq_position *at, struct wh_reject_sink *sink,
                                 struct wh_error *err);
enum wh_status wh_pq_reader_read(struct wh_reader *r, struct wh_batch *out, struct wh_error *err);
void wh_pq_reader_close(struct wh_reader *r);
