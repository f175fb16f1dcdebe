/* format/csv/stream_int.h - a set of CSV files as one stream; private to format/csv. */
#pragma once
#include "base/map.h"
#include "format/csv/convert.h"
#include "format/csv/cutter.h"
#include "format/csv/sniff.h"

/* One file of the set. */
struct wh_csv_file {
    struct wh_csv_dialect dialect;
    size_t n_columns;   /* 0: no records */
    uint64_t body;      /* decoded bytes before the first record */
    uint64_t body_line; /* its line */
    int32_t *sources;   /* for each column of the stream: which of the file, or -1; owned or shared */
    bool shares_sources;
};

struct wh_csv_stream {
    struct wh_stream base;
    struct wh_context *ctx;        /* lent */
    const struct wh_file_set *set; /* lent */
    struct wh_csv_settings settings;
    struct wh_csv_words words;     /* the user's null words */
    struct wh_csv_file *files;     /* owned, one for each of the set */
    struct wh_csv_column *columns; /* owned, one for each field of the schema */
    bool one_pass;                 /* some file is a pipe */
    /* Position of next_chunk. */
    size_t file;
    bool file_open;
    struct wh_csv_cutter cutter;
    uint64_t resume_offset, resume_line; /* where to go on in `file`, when not at its body */
    /* What was read of a pipe to find its dialect and types. */
    struct wh_csv_source *pipe; /* owned */
    struct wh_buffer pipe_head; /* decoded */
};

static inline struct wh_csv_stream *wh_csv_stream_of(struct wh_stream *s)
{
    return (struct wh_csv_stream *)(void *)s;
}

/* ---- plan.c: dialects, names and columns ---- */

/* Sniffs all files and makes the schema: names, and types of declared columns; the others are text until
 * their types are set. */
enum wh_status wh_csv_plan(struct wh_csv_stream *s, const struct wh_stream_request *req,
                           struct wh_error *err);

/* ---- types.c: evidence over the files ---- */

/* Looks at a sample of all files, or at all of them when they are small, and sets the types. */
enum wh_status wh_csv_infer(struct wh_csv_stream *s, struct wh_error *err);
/* Looks at everything and sets the types anew, with a note for each column that got another one. */
enum wh_status wh_csv_widen(struct wh_csv_stream *s, struct wh_error *err);

/* ---- snapshot.c ---- */

enum wh_status wh_csv_snapshot(struct wh_stream *s, char **json, struct wh_error *err);
/* Checks that the files are still those of the snapshot and takes the types of the columns from it. */
enum wh_status wh_csv_snapshot_apply(struct wh_csv_stream *s, const char *json, struct wh_error *err);

/* ---- position.c: chunks as JSON ---- */

struct wh_csv_position {
    size_t file; /* index in the set */
    struct wh_csv_extent extent;
};
enum wh_status wh_csv_position_format(char **out, const struct wh_csv_stream *s,
                                      const struct wh_csv_position *p, struct wh_error *err);
enum wh_status wh_csv_position_parse(struct wh_csv_position *out, const struct wh_csv_stream *s,
                                     const char *json, struct wh_error *err);

/* ---- reader.c ---- */

enum wh_status wh_csv_reader_open(struct wh_reader **out, struct wh_stream *s, struct wh_chunk *chunk,
                                  struct wh_reject_sink *sink, struct wh_error *err);
enum wh_status wh_csv_reader_read(struct wh_reader *r, struct wh_batch *out, struct wh_error *err);
void wh_csv_reader_close(struct wh_reader *r);

/* ---- stream.c ---- */

/* Opens file i at its body; *out is the cutter. */
enum wh_status wh_csv_open_file(struct wh_csv_stream *s, size_t i, struct wh_csv_cutter *out,
                                struct wh_error *err);
enum wh_status wh_csv_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                  const struct wh_stream_request *req, struct wh_context *ctx,
                                  struct wh_error *err);
