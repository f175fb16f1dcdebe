/* format/jsonl/jsonl_int.h - private to this folder: the stream that its files share, and the tables' parts.
 */
#pragma once
#include "format/format.h"
#include "format/jsonl/cut.h"
#include "format/jsonl/plan.h"
#include "format/jsonl/pool.h"

/* A chunk that was read for the sample of a pipe and is still to be handed out. */
struct wh_jsonl_kept {
    struct wh_buffer data; /* owned */
    struct wh_jsonl_span span;
};

struct wh_jsonl_stream {
    struct wh_stream base;           /* its schema is the plan's */
    const struct wh_file_set *files; /* lent */
    struct wh_context *ctx;          /* lent */
    char **columns;                  /* owned: as requested, or NULL */
    struct wh_schema declared;       /* owned */
    size_t max_record_bytes;
    struct wh_jsonl_infer infer;
    struct wh_jsonl_plan plan;
    struct wh_jsonl_cutter cutter;
    struct wh_jsonl_kept *kept; /* owned: [kept_next, n_kept) are to be handed out */
    size_t kept_next, n_kept;
    bool is_one_pass;
    bool is_widened;             /* types are those of all records */
    bool is_strict;              /* widening does not help: what does not fit is rejected */
    struct wh_jsonl_pool chunks; /* memory of those that are done */
};

/* sample.c: what the records look like. Both grow stream->infer. */
/* Looks at all records of small files, else at parts spread over the files; of pipes at the start, which is
 * kept for reading. */
enum wh_status wh_jsonl_sample(struct wh_jsonl_stream *s, struct wh_error *err);
/* Looks at all records. Not for pipes. */
enum wh_status wh_jsonl_scan_all(struct wh_jsonl_stream *s, struct wh_error *err);

/* note.c: tells the user what has changed since the schema was `old`; false when nothing has. */
bool wh_jsonl_note_changes(struct wh_jsonl_stream *s, const struct wh_schema *old);

/* reader.c */
enum wh_status wh_jsonl_open_chunk(struct wh_reader **out, struct wh_stream *base, struct wh_chunk *chunk,
                                   struct wh_reject_sink *sink, struct wh_error *err);
enum wh_status wh_jsonl_read(struct wh_reader *base, struct wh_batch *out, struct wh_error *err);
void wh_jsonl_close_reader(struct wh_reader *base);

/* stream.c */
enum wh_status wh_jsonl_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                    const struct wh_stream_request *req, struct wh_context *ctx,
                                    struct wh_error *err);

/* encode.c */
extern const struct wh_encoder_ops wh_jsonl_encoder_ops;
