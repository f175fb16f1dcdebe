/* connector/file/source.c - files as a source: location -> file set -> format -> stream. */
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "batch/builder.h"
#include "connector/file/file_int.h"
#include "connector/file/place.h"
#include "connector/stream.h"

#define SNIFF_BYTES ((size_t)64 << 10)

struct file_source {
    struct wh_source base;
    struct wh_file_set files;       /* owned */
    char *root;                     /* owned: where Hive folders start */
    char *name;                     /* owned: of the one stream */
    const struct wh_format *format; /* static */
    const struct wh_config *config; /* lent */
};

enum wh_status wh_format_by_name(const struct wh_format **out, const char *name, struct wh_error *err)
{
    *out = NULL;
    if (name == NULL || strcmp(name, "auto") == 0)
        return WH_OK;
    *out = wh_format_find(name);
    if (*out != NULL)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "unknown format \"%s\"", name);
    return wh_hint(err, "formats are csv, jsonl and parquet");
}

static const struct wh_format *best_sniff(struct wh_slice head)
{
    const struct wh_format *best = NULL;
    int best_score = 0;
    for (size_t i = 0; wh_formats[i] != NULL; i++) {
        int score = wh_formats[i]->sniff(head);
        if (score > best_score) {
            best = wh_formats[i];
            best_score = score;
        }
    }
    return best;
}

static enum wh_status sniff_file(const struct wh_format **out, const struct wh_file *f,
                                 struct wh_context *ctx, struct wh_error *err)
{
    struct wh_input *in;
    WH_TRY(wh_input_open(&in, f, ctx, err));
    WH_CLEANUP(wh_buffer_release) struct wh_buffer head = {0};
    enum wh_status s = wh_buffer_reserve(&head, SNIFF_BYTES, err);
    for (size_t got = 1; s == WH_OK && got > 0 && head.size < SNIFF_BYTES; head.size += got) {
        got = 0;
        s = wh_input_read(in, head.data + head.size, SNIFF_BYTES - head.size, &got, err);
    }
    wh_input_close(in);
    if (s == WH_OK)
        *out = best_sniff(wh_slice((char *)head.data, head.size));
    return s;
}

/* The name asked for, else the suffix, else the content. */
static enum wh_status choose_format(struct file_source *f, struct wh_error *err)
{
    WH_TRY(wh_format_by_name(&f->format, wh_config_str(f->config, "format"), err));
    const struct wh_file *first = &f->files.files[0];
    if (f->format == NULL)
        f->format = wh_format_of_path(first->path);
    if (f->format == NULL && !first->is_pipe)
        WH_TRY(sniff_file(&f->format, first, f->base.context, err));
    if (f->format != NULL)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not tell the format of \"%s\"", first->path);
    return wh_hint(err, "name it with --source-format csv, jsonl or parquet");
}

static void file_close(struct wh_source *src)
{
    struct file_source *f = (struct file_source *)src;
    if (f == NULL)
        return;
    wh_file_set_release(&f->files);
    free(f->root);
    free(f->name);
    free(f);
}

static enum wh_status file_open(struct wh_source **out, const char *location, const struct wh_config *cfg,
                                struct wh_context *ctx, struct wh_error *err)
{
    struct file_source *f = wh_alloc(sizeof *f);
    if (f == NULL)
        return wh_nomem(err);
    f->base.context = ctx;
    f->config = cfg;
    enum wh_status s = wh_place_expand(&f->files, location, err);
    if (s == WH_OK)
        s = wh_place_root(&f->root, location, err);
    if (s == WH_OK)
        s = wh_place_name(&f->name, location, err);
    if (s == WH_OK)
        s = choose_format(f, err);
    if (s != WH_OK) {
        file_close(&f->base);
        return s;
    }
    *out = &f->base;
    return WH_OK;
}

static enum wh_status file_open_stream(struct wh_stream **out, struct wh_source *src,
                                       const struct wh_stream_request *req, struct wh_error *err)
{
    struct file_source *f = (struct file_source *)src;
    if (req->name != NULL && strcmp(req->name, f->name) != 0) {
        wh_fail(err, WH_CONFIG, "no stream \"%s\" in these files", req->name);
        return wh_hint(err, "the only stream is \"%s\"; a file has no #name", f->name);
    }
    if (wh_hive_found(&f->files, f->root))
        return wh_hive_open_stream(out, f->format, &f->files, f->root, req, src->context, err);
    return f->format->open_stream(out, &f->files, req, src->context, err);
}

static enum wh_status file_discover(struct wh_source *src, struct wh_stream_info **out, size_t *n,
                                    struct wh_error *err)
{
    struct file_source *f = (struct file_source *)src;
    struct wh_stream_info *info = wh_alloc(sizeof *info);
    if (info == NULL)
        return wh_nomem(err);
    const struct wh_stream_request req = {.config = f->config};
    struct wh_stream *stream = NULL;
    enum wh_status s = wh_strdup(&info->name, f->name, err);
    if (s == WH_OK)
        s = file_open_stream(&stream, src, &req, err);
    if (s == WH_OK)
        s = wh_schema_copy(&info->schema, &stream->schema, err);
    if (s == WH_OK) {
        info->rows = stream->rows;
        info->bytes = stream->bytes;
    }
    if (stream != NULL)
        stream->ops->close(stream);
    if (s != WH_OK) {
        wh_stream_info_release(info);
        free(info);
        return s;
    }
    *out = info;
    *n = 1;
    return WH_OK;
}

static unsigned file_flags(const struct wh_source *src)
{
    const struct file_source *f = (const struct file_source *)src;
    for (size_t i = 0; i < f->files.n_files; i++)
        if (f->files.files[i].is_pipe)
            return WH_ONE_PASS;
    return 0;
}

static const char *file_only_stream(const struct wh_source *src)
{
    return ((const struct file_source *)src)->name;
}

const struct wh_source_ops wh_file_source_ops = {
    .open = file_open,
    .discover = file_discover,
    .open_stream = file_open_stream,
    .flags = file_flags,
    .only_stream = file_only_stream,
    .close = file_close,
};
