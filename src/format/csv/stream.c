/* format/csv/stream.c - a set of CSV files as a stream of chunks. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/csv/stream_int.h"

enum { DEFAULT_CHUNK_BYTES = 16 * 1024 * 1024, MAX_CHUNK_BYTES = 1024 * 1024 * 1024 };

enum wh_status wh_csv_open_file(struct wh_csv_stream *s, size_t i, struct wh_csv_cutter *out,
                                struct wh_error *err)
{
    const struct wh_csv_file *f = &s->files[i];
    struct wh_csv_source *source = NULL;
    WH_TRY(wh_csv_source_open(&source, &s->set->files[i], s->ctx, err));
    wh_csv_source_decode(source, f->dialect.encoding);
    enum wh_status status = wh_csv_source_skip(source, f->body, err);
    if (status == WH_OK)
        wh_csv_cutter_init(out, source, &f->dialect, s->ctx, f->body, f->body_line);
    else
        wh_csv_source_close(source);
    return status;
}

/* A pipe goes on behind what has been read to sniff it. */
static enum wh_status open_pipe(struct wh_csv_stream *s, struct wh_error *err)
{
    const struct wh_csv_file *f = &s->files[s->file];
    size_t body = (size_t)f->body;
    if (s->pipe == NULL)
        return wh_fail(err, WH_STATE, "could not read \"%s\" a second time", s->set->files[s->file].path);
    wh_csv_cutter_init(&s->cutter, WH_TAKE(s->pipe), &f->dialect, s->ctx, f->body, f->body_line);
    wh_buffer_move(&s->cutter.carry, &s->pipe_head);
    s->cutter.carry_pos = body;
    return WH_OK;
}

/* Opens the file that next_chunk is in. */
static enum wh_status open_current(struct wh_csv_stream *s, struct wh_error *err)
{
    enum wh_status status;
    if (s->set->files[s->file].is_pipe) {
        status = open_pipe(s, err);
    } else {
        status = wh_csv_open_file(s, s->file, &s->cutter, err);
    }
    s->file_open = status == WH_OK;
    if (status == WH_OK && s->resume_line > 0) {
        status = wh_csv_source_skip(s->cutter.source, s->resume_offset - s->cutter.offset, err);
        s->cutter.offset = s->resume_offset;
        s->cutter.line = s->resume_line;
        s->resume_line = 0;
    }
    return status;
}

static enum wh_status next_chunk(struct wh_stream *stream, struct wh_chunk *out, struct wh_error *err)
{
    struct wh_csv_stream *s = wh_csv_stream_of(stream);
    int64_t wanted = s->ctx->chunk_bytes > 0 ? s->ctx->chunk_bytes : DEFAULT_CHUNK_BYTES;
    struct wh_csv_position p = {0};
    for (;; s->file++) {
        if (s->file == s->set->n_files)
            return WH_END;
        if (s->files[s->file].n_columns == 0)
            continue;
        if (!s->file_open)
            WH_TRY(open_current(s, err));
        uint64_t before = wh_csv_source_consumed(s->cutter.source);
        enum wh_status status = wh_csv_cutter_next(&s->cutter, (size_t)WH_MIN(wanted, MAX_CHUNK_BYTES),
                                                   &out->data, &p.extent, err);
        if (status == WH_OK) {
            p.file = s->file;
            bool flat = wh_csv_source_is_flat(s->cutter.source);
            out->bytes = flat ? p.extent.length : wh_csv_source_consumed(s->cutter.source) - before;
            return wh_csv_position_format(&out->position, s, &p, err);
        }
        if (status != WH_END)
            return status;
        wh_csv_cutter_close(&s->cutter);
        s->file_open = false;
    }
}

/* Takes the stream behind the chunk at a position. */
static enum wh_status go_behind(struct wh_csv_stream *s, const char *after, struct wh_error *err)
{
    struct wh_csv_position p;
    WH_TRY(wh_csv_position_parse(&p, s, after, err));
    if (p.extent.next < s->files[p.file].body)
        return wh_fail(err, WH_STATE, "invalid position of a CSV chunk: %s", after);
    s->file = p.file;
    s->resume_offset = p.extent.next;
    s->resume_line = p.extent.line + p.extent.lines;
    return WH_OK;
}

static enum wh_status widen(struct wh_stream *stream, struct wh_error *err)
{
    struct wh_csv_stream *s = wh_csv_stream_of(stream);
    if (s->file_open)
        wh_csv_cutter_close(&s->cutter);
    s->file = 0;
    s->file_open = false;
    s->resume_line = 0;
    if (s->one_pass)
        return wh_fail(err, WH_STATE, "could not read a pipe a second time");
    return wh_csv_widen(s, err);
}

static enum wh_status finish(struct wh_stream *stream, struct wh_error *err)
{
    const struct wh_csv_stream *s = wh_csv_stream_of(stream);
    for (size_t i = 0; i < s->set->n_files; i++)
        if (!s->set->files[i].is_pipe)
            WH_TRY(wh_file_unchanged(&s->set->files[i], err));
    return WH_OK;
}

static void close_stream(struct wh_stream *stream)
{
    struct wh_csv_stream *s = wh_csv_stream_of(stream);
    if (s == NULL)
        return;
    if (s->file_open)
        wh_csv_cutter_close(&s->cutter);
    for (size_t i = 0; s->files != NULL && i < s->set->n_files; i++)
        if (!s->files[i].shares_sources)
            free(s->files[i].sources);
    free(s->files);
    free(s->columns);
    wh_csv_source_close(s->pipe);
    wh_buffer_release(&s->pipe_head);
    wh_csv_settings_release(&s->settings);
    wh_schema_release(&s->base.schema);
    free(s);
}

static const struct wh_stream_ops ops = {
    .snapshot = wh_csv_snapshot,
    .next_chunk = next_chunk,
    .open_chunk = wh_csv_reader_open,
    .read = wh_csv_reader_read,
    .close_reader = wh_csv_reader_close,
    .widen = widen,
    .finish = finish,
    .close = close_stream,
};

static enum wh_status open_parts(struct wh_csv_stream *s, const struct wh_stream_request *req,
                                 struct wh_error *err)
{
    WH_TRY(wh_csv_settings_init(&s->settings, req->config, err));
    wh_csv_words_init(&s->words, s->settings.null_words);
    WH_TRY(wh_csv_plan(s, req, err));
    WH_TRY(req->snapshot != NULL ? wh_csv_snapshot_apply(s, req->snapshot, err) : wh_csv_infer(s, err));
    return req->after != NULL ? go_behind(s, req->after, err) : WH_OK;
}

enum wh_status wh_csv_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                  const struct wh_stream_request *req, struct wh_context *ctx,
                                  struct wh_error *err)
{
    struct wh_csv_stream *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->base.ops = &ops;
    s->base.rows = s->base.bytes = -1;
    s->ctx = ctx;
    s->set = files;
    s->pipe_head.budget = ctx->budget;
    for (size_t i = 0; i < files->n_files; i++)
        s->one_pass |= files->files[i].is_pipe;
    s->base.may_widen = !s->one_pass;
    enum wh_status status = open_parts(s, req, err);
    if (status != WH_OK)
        close_stream(&s->base);
    else
        *out = &s->base;
    return status;
}
