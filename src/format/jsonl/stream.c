/* format/jsonl/stream.c - files of JSON records as one stream: types, chunks, widening, resume. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "base/json.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/jsonl/jsonl_int.h"

static void stream_close(struct wh_stream *base)
{
    struct wh_jsonl_stream *s = (struct wh_jsonl_stream *)base;
    if (s == NULL)
        return;
    for (; s->kept_next < s->n_kept; s->kept_next++)
        wh_buffer_release(&s->kept[s->kept_next].data);
    free(s->kept);
    wh_jsonl_cutter_release(&s->cutter);
    wh_jsonl_plan_release(&s->plan);
    wh_jsonl_infer_release(&s->infer);
    wh_schema_release(&s->declared);
    wh_strv_free(s->columns);
    wh_jsonl_pool_release(&s->chunks);
    free(s);
}

/* ---- resume ---------------------------------------------------------------------------------------- */

/* {"files":[{"path":"a.jsonl","size":9,"mtime_ns":1,"inode":2}],"widened":false} */
static enum wh_status stream_snapshot(struct wh_stream *base, char **json, struct wh_error *err)
{
    const struct wh_jsonl_stream *s = (const struct wh_jsonl_stream *)base;
    struct wh_buffer text = {0};
    enum wh_status status = wh_buffer_append_text(&text, "{\"files\":[", err);
    for (size_t i = 0; status == WH_OK && i < s->files->n_files; i++) {
        const struct wh_file *f = &s->files->files[i];
        status = wh_buffer_append_text(&text, i == 0 ? "{\"path\":" : ",{\"path\":", err);
        if (status == WH_OK)
            status = wh_json_string(&text, wh_slice_of(f->path), err);
        if (status == WH_OK)
            status = wh_buffer_printf(&text, err,
                                      ",\"size\":%" PRIu64 ",\"mtime_ns\":%" PRId64 ",\"inode\":%" PRIu64 "}",
                                      f->size, f->mtime_ns, f->inode);
    }
    if (status == WH_OK)
        status = wh_buffer_printf(&text, err, "],\"widened\":%s}", s->is_widened ? "true" : "false");
    if (status == WH_OK)
        status = wh_buffer_take_text(json, &text, err);
    wh_buffer_release(&text);
    return status;
}

static bool is_same_file(const json_t *entry, const struct wh_file *f)
{
    return json_integer_value(json_object_get(entry, "size")) == (json_int_t)f->size &&
           json_integer_value(json_object_get(entry, "mtime_ns")) == (json_int_t)f->mtime_ns &&
           json_integer_value(json_object_get(entry, "inode")) == (json_int_t)f->inode;
}

static enum wh_status compare_snapshot(const struct wh_jsonl_stream *s, const json_t *snapshot,
                                       struct wh_error *err)
{
    const json_t *files = json_object_get(snapshot, "files");
    if (!json_is_array(files) || json_array_size(files) != s->files->n_files)
        return wh_fail(err, WH_STATE, "could not go on: the files are not those that were read before");
    for (size_t i = 0; i < s->files->n_files; i++)
        if (!is_same_file(json_array_get(files, i), &s->files->files[i]))
            return wh_fail(err, WH_STATE,
                           "could not go on with \"%s\": the file has changed since the run began",
                           s->files->files[i].path);
    return WH_OK;
}

/* Checks that the files are those of the snapshot and takes over what it says about the types. */
static enum wh_status take_snapshot(struct wh_jsonl_stream *s, const char *text, struct wh_error *err)
{
    json_t *snapshot;
    WH_TRY(wh_json_load(&snapshot, text, err));
    enum wh_status status = compare_snapshot(s, snapshot, err);
    s->is_widened = json_is_true(json_object_get(snapshot, "widened"));
    json_decref(snapshot);
    if (status == WH_OK && s->is_one_pass)
        status = wh_fail(err, WH_STATE, "could not go on: a pipe cannot be read again");
    return status;
}

static enum wh_status go_behind(struct wh_jsonl_stream *s, const char *position, struct wh_error *err)
{
    struct wh_jsonl_span after;
    WH_TRY(wh_jsonl_span_parse(&after, position, s->files, err));
    return wh_jsonl_cutter_seek(&s->cutter, &after, err);
}

/* ---- chunks ---------------------------------------------------------------------------------------- */

static enum wh_status cut(struct wh_jsonl_stream *s, struct wh_buffer *data, struct wh_jsonl_span *span,
                          struct wh_error *err)
{
    if (s->kept_next == s->n_kept) {
        wh_jsonl_pool_take(&s->chunks, data);
        return wh_jsonl_cutter_next(&s->cutter, data, span, err);
    }
    struct wh_jsonl_kept *kept = &s->kept[s->kept_next++];
    wh_buffer_move(data, &kept->data);
    *span = kept->span;
    return WH_OK;
}

static enum wh_status stream_next_chunk(struct wh_stream *base, struct wh_chunk *out, struct wh_error *err)
{
    struct wh_jsonl_stream *s = (struct wh_jsonl_stream *)base;
    struct wh_buffer data = {.budget = s->ctx->budget};
    struct wh_jsonl_span span;
    char *position = NULL;
    enum wh_status status = cut(s, &data, &span, err);
    if (status == WH_OK)
        status = wh_jsonl_span_format(&position, &span, s->files, err);
    if (status != WH_OK) {
        wh_buffer_release(&data);
        return status;
    }
    out->position = position;
    out->bytes = span.source_bytes;
    wh_buffer_move(&out->data, &data);
    return WH_OK;
}

/* ---- types ----------------------------------------------------------------------------------------- */

static enum wh_status make_plan(struct wh_jsonl_stream *s, struct wh_error *err)
{
    const struct wh_stream_request req = {.columns = (const char *const *)s->columns,
                                          .declared = s->declared.n_fields == 0 ? NULL : &s->declared};
    WH_TRY(wh_jsonl_plan_init(&s->plan, &s->infer, &req, err));
    s->base.schema = s->plan.schema;
    return WH_OK;
}

static enum wh_status stream_widen(struct wh_stream *base, struct wh_error *err)
{
    struct wh_jsonl_stream *s = (struct wh_jsonl_stream *)base;
    WH_TRY(wh_jsonl_scan_all(s, err));
    struct wh_jsonl_plan old = s->plan;
    s->plan = (struct wh_jsonl_plan){.n_hints = 0};
    enum wh_status status = make_plan(s, err);
    if (status == WH_OK) {
        s->is_widened = true;
        s->is_strict = !wh_jsonl_note_changes(s, &old.schema);
    }
    wh_jsonl_plan_release(&old);
    return status;
}

static enum wh_status stream_finish(struct wh_stream *base, struct wh_error *err)
{
    const struct wh_jsonl_stream *s = (const struct wh_jsonl_stream *)base;
    for (size_t i = 0; i < s->files->n_files; i++)
        if (!s->files->files[i].is_pipe)
            WH_TRY(wh_file_unchanged(&s->files->files[i], err));
    return WH_OK;
}

static const struct wh_stream_ops stream_ops = {
    .snapshot = stream_snapshot,
    .next_chunk = stream_next_chunk,
    .open_chunk = wh_jsonl_open_chunk,
    .read = wh_jsonl_read,
    .close_reader = wh_jsonl_close_reader,
    .widen = stream_widen,
    .finish = stream_finish,
    .close = stream_close,
};

/* ---- opening --------------------------------------------------------------------------------------- */

static void estimate(struct wh_jsonl_stream *s)
{
    uint64_t total = 0;
    bool is_known = true, is_plain = true;
    for (size_t i = 0; i < s->files->n_files; i++) {
        total += s->files->files[i].size;
        is_known &= !s->files->files[i].is_pipe;
        is_plain &= s->files->files[i].compression == WH_PLAIN;
    }
    s->base.bytes = is_known ? (int64_t)total : -1;
    s->base.rows = -1;
    if (is_known && is_plain && s->infer.n_bytes > 0)
        s->base.rows = (int64_t)((double)total / (double)s->infer.n_bytes * (double)s->infer.n_records);
}

static enum wh_status copy_request(struct wh_jsonl_stream *s, const struct wh_stream_request *req,
                                   struct wh_error *err)
{
    s->max_record_bytes = (size_t)wh_config_bytes(req->config, "jsonl-max-record");
    s->infer.typed_text = strcmp(wh_config_str(req->config, "jsonl-dates"), "auto") == 0;
    s->infer.nested = strcmp(wh_config_str(req->config, "jsonl-nested"), "auto") == 0;
    if (req->declared != NULL)
        WH_TRY(wh_schema_copy(&s->declared, req->declared, err));
    return wh_strv_dup(&s->columns, req->columns, err);
}

static enum wh_status start(struct wh_jsonl_stream *s, const struct wh_stream_request *req,
                            struct wh_error *err)
{
    WH_TRY(copy_request(s, req, err));
    wh_jsonl_cutter_init(&s->cutter, s->files, s->ctx, s->max_record_bytes);
    if (req->snapshot != NULL)
        WH_TRY(take_snapshot(s, req->snapshot, err));
    WH_TRY(wh_jsonl_sample(s, err));
    if (s->is_widened)
        WH_TRY(wh_jsonl_scan_all(s, err));
    WH_TRY(make_plan(s, err));
    estimate(s);
    return req->after == NULL ? WH_OK : go_behind(s, req->after, err);
}

enum wh_status wh_jsonl_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                    const struct wh_stream_request *req, struct wh_context *ctx,
                                    struct wh_error *err)
{
    struct wh_jsonl_stream *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->base.ops = &stream_ops;
    s->files = files;
    s->ctx = ctx;
    wh_jsonl_pool_init(&s->chunks, ctx->budget);
    for (size_t i = 0; i < files->n_files; i++)
        s->is_one_pass |= files->files[i].is_pipe;
    enum wh_status status = start(s, req, err);
    if (status != WH_OK) {
        stream_close(&s->base);
        return status;
    }
    *out = &s->base;
    return WH_OK;
}
