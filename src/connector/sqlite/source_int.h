/* connector/sqlite/source_int.h - private to the source: its objects and how they hang together.
 *
 *   source  --owns-->  pool
 *   stream  --lends--  source; owns what is read and as which types
 *   reader  --lends--  stream; has one connection of the pool */
#pragma once
#include "connector/sqlite/pool.h"
#include "connector/sqlite/profile.h"

struct wh_sqlite_source {
    struct wh_source base;
    struct wh_sqlite_open open; /* path lent by planner */
    struct wh_sqlite_pool pool;
};

struct wh_sqlite_stream {
    struct wh_stream base;
    struct wh_sqlite_source *source;
    struct wh_sqlite_relation relation;     /* only the columns that are read, in their order */
    struct wh_sqlite_converter *converters; /* owned; one a column */
    bool *declared;                         /* owned; the type is the user's: what breaks it is rejected */
    char *sql;                              /* owned (sqlite3_free): reads a chunk; bounds are ?1 and ?2 */
    char *sql_all;                          /* owned (sqlite3_free): the same without bounds */
    struct wh_sqlite_extent extent;
    int64_t chunk_rows;  /* wanted */
    int64_t chunk_width; /* rowids in a chunk; 0: so few of them are used that chunks are counted out */
    int64_t next;        /* rowid that the next chunk begins with */
    bool ended;          /* there is no next chunk */
};

/* True when chunks are ranges of rowids; else there is one chunk. */
static inline bool wh_sqlite_has_ranges(const struct wh_sqlite_stream *s)
{
    return s->relation.rowid != NULL;
}

/* stream.c */
enum wh_status wh_sqlite_open_stream(struct wh_stream **out, struct wh_source *src,
                                     const struct wh_stream_request *req, struct wh_error *err);
/* reader.c */
enum wh_status wh_sqlite_open_chunk(struct wh_reader **out, struct wh_stream *s, struct wh_chunk *chunk,
                                    struct wh_reject_sink *sink, struct wh_error *err);
enum wh_status wh_sqlite_read(struct wh_reader *r, struct wh_batch *out, struct wh_error *err);
void wh_sqlite_close_reader(struct wh_reader *r);

extern const struct wh_source_ops wh_sqlite_source_ops;
