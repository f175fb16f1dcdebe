/* format/jsonl/cut.h - files to chunks that start and end between records. */
#pragma once
#include "format/input.h"
#include "format/jsonl/layout.h"

/* Text that is kept of a record beyond the limit. */
#define WH_JSONL_PREVIEW_BYTES ((size_t)4096)

/* Where a chunk lies; offsets and sizes are those of decompressed bytes. */
struct wh_jsonl_span {
    size_t file; /* index in the file set */
    uint64_t offset, bytes;
    uint64_t source_bytes; /* taken from the file, compressed or not */
    uint64_t line, lines;  /* of its first byte, from 1; line ends in it */
    enum wh_jsonl_layout layout;
    bool is_last;     /* in its file */
    bool is_oversize; /* one record beyond the limit, of which only the start is kept */
};

/* Serial. */
struct wh_jsonl_cutter {
    const struct wh_file_set *files; /* lent */
    const struct wh_context *ctx;    /* lent */
    size_t chunk_bytes, max_record_bytes;
    size_t file;            /* the next chunk is of this one */
    struct wh_input *input; /* owned: of the file, NULL: not opened */
    struct wh_buffer rest;  /* owned: bytes read but not cut: [rest_pos, rest.size) */
    size_t rest_pos;
    bool at_end;             /* of input */
    uint64_t start;          /* where the text of the file starts: behind a byte order mark */
    uint64_t consumed;       /* bytes of the file that the chunks so far have taken */
    struct wh_jsonl_span at; /* offset and line of the next chunk, layout of the file */
};

/* Chunks are as large as the context says, of 16 MiB if it does not. */
void wh_jsonl_cutter_init(struct wh_jsonl_cutter *c, const struct wh_file_set *files,
                          const struct wh_context *ctx, size_t max_record_bytes);
void wh_jsonl_cutter_release(struct wh_jsonl_cutter *c);
/* Goes to the chunk behind a span; to the start for NULL. */
enum wh_status wh_jsonl_cutter_seek(struct wh_jsonl_cutter *c, const struct wh_jsonl_span *after,
                                    struct wh_error *err);
/* Opens the next file if none is open; its layout is in at.layout then. WH_END: there is none. */
enum wh_status wh_jsonl_cutter_open(struct wh_jsonl_cutter *c, struct wh_error *err);
/* Leaves the rest of the file. */
void wh_jsonl_cutter_skip_file(struct wh_jsonl_cutter *c);
/* Replaces data by the next chunk's bytes. WH_END: none left. */
enum wh_status wh_jsonl_cutter_next(struct wh_jsonl_cutter *c, struct wh_buffer *data,
                                    struct wh_jsonl_span *span, struct wh_error *err);

/* Replaces data by the bytes of a chunk of any file but a pipe. Any thread. */
enum wh_status wh_jsonl_span_read(struct wh_buffer *data, const struct wh_jsonl_span *span,
                                  const struct wh_file_set *files, const struct wh_context *ctx,
                                  struct wh_error *err);

/* A span as the JSON text of a position, and back. Fails: WH_STATE when it is none of these files. */
enum wh_status wh_jsonl_span_format(char **out, const struct wh_jsonl_span *span,
                                    const struct wh_file_set *files, struct wh_error *err);
enum wh_status wh_jsonl_span_parse(struct wh_jsonl_span *out, const char *text,
                                   const struct wh_file_set *files, struct wh_error *err);
