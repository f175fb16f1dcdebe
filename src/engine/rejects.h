/* engine/rejects.h - rows that cannot arrive: the run's budget, and the quarantine.
 *
 * Rejects of a chunk are kept with the chunk and written when it is committed, one JSON object a line:
 *   {"seq":3,"file":"a.csv","line":7,"row":6,"column":"zip","reason":"...","text":"original row"}
 * so that the quarantine of a resumed run holds each row once: lines of chunks that come again are cut. */
#pragma once
#include <stdio.h>

#include "wherry/connector.h"

/* "100" or "1.5%". */
struct wh_reject_limit {
    int64_t rows;   /* -1: no limit in rows */
    double percent; /* of the rows read; < 0: no such limit */
};
enum wh_status wh_reject_limit_parse(struct wh_reject_limit *out, const char *text, struct wh_error *err);

/* The rejects of one stream, shared by its workers. */
struct wh_quarantine {
    struct wh_reject_limit limit;
    char *path;               /* owned: the stream's file; made with the first reject */
    int fd;                   /* -1: not open */
    _Atomic int64_t n_rows;   /* of all chunks so far */
    _Atomic bool over_budget; /* set when a reject broke the limit */
};
/* folder is made when needed. Lines of chunks from next_seq on are cut off an existing file. */
enum wh_status wh_quarantine_open(struct wh_quarantine *q, const char *folder, const char *stream,
                                  int64_t next_seq, struct wh_error *err);
void wh_quarantine_close(struct wh_quarantine *q);

/* One chunk's sink. */
struct wh_chunk_rejects {
    struct wh_reject_sink base;
    struct wh_quarantine *quarantine; /* lent */
    int64_t seq;
    int64_t n_rows;
    bool committing; /* lines go to the quarantine at once: the destination rejects before it commits */
    struct wh_buffer lines;
};
enum wh_status wh_chunk_rejects_new(struct wh_chunk_rejects **out, struct wh_quarantine *q, int64_t seq,
                                    struct wh_budget *budget, struct wh_error *err);
void wh_chunk_rejects_free(struct wh_chunk_rejects *c); /* NULL is fine */
/* Appends the chunk's lines to the quarantine and makes them durable: before the chunk itself is. Lines
 * that the destination adds while it commits follow. Serial. */
enum wh_status wh_quarantine_append(struct wh_quarantine *q, struct wh_chunk_rejects *c,
                                    struct wh_error *err);
/* At the end of the stream: makes the file durable and checks the limit in percent. */
enum wh_status wh_quarantine_finish(struct wh_quarantine *q, int64_t rows_read, struct wh_error *err);
