/* support/csv_reading.c - see support/csv_reading.h. */
#include "support/csv_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"

struct reading {
    const struct csv_reading *how;
    struct wh_context ctx;
    struct wh_budget budget;
    _Atomic bool cancelled;
    struct wh_config *config;
    char folder[32];
    struct wh_file_set set;
    struct wh_schema declared;
    char **columns;
    struct wh_stream *stream;
    struct wh_buffer rows, rejects, notes, positions;
    struct wh_reject_sink sink;
};

void csv_must(enum wh_status s, const struct wh_error *err)
{
    if (s != WH_OK)
        fail_msg("%s: %s (%s)", wh_status_name(s), err->msg, err->hint);
}

enum wh_status csv_configure(struct wh_config **out, const char *options, struct wh_error *err)
{
    static const struct wh_option *const tables[] = {wh_csv_read_options, wh_csv_write_options, NULL};
    WH_TRY(wh_config_new(out, tables, err));
    while (options != NULL && *options != '\0') {
        const char *equals = strchr(options, '='), *end = strchr(options, '\n');
        char name[64], value[64];
        assert_true(equals != NULL && end != NULL && equals < end && end - options < 64);
        snprintf(name, sizeof name, "%.*s", (int)(equals - options), options);
        snprintf(value, sizeof value, "%.*s", (int)(end - equals - 1), equals + 1);
        enum wh_status s = wh_config_set(*out, name, value, err);
        if (s != WH_OK) {
            wh_config_free(*out);
            return s;
        }
        options = end + 1;
    }
    return WH_OK;
}

static void take_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void take_note(struct wh_context *ctx, const char *fmt, ...)
{
    struct reading *r = ctx->note_data;
    struct wh_error err;
    char text[512], *folder;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    while ((folder = strstr(text, r->folder)) != NULL)
        memmove(folder, folder + strlen(r->folder) + 1, strlen(folder + strlen(r->folder)));
    csv_must(wh_buffer_printf(&r->notes, &err, "note %s\n", text), &err);
}

static enum wh_status take_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                  struct wh_error *err)
{
    struct reading *me = (struct reading *)(void *)((char *)sink - offsetof(struct reading, sink));
    WH_TRY(wh_buffer_printf(&me->rejects, err, "reject %llu%s%s: %s | ", (unsigned long long)r->line,
                            r->column == NULL ? "" : " ", r->column == NULL ? "" : r->column, r->reason));
    WH_TRY(wh_buffer_append(&me->rejects, r->text.ptr, r->text.len, err));
    return wh_buffer_append(&me->rejects, "\n", 1, err);
}

static void write_files(struct reading *r, const struct wh_slice *texts, size_t n)
{
    struct wh_error err;
    snprintf(r->folder, sizeof r->folder, "/tmp/wherry-csv-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    r->set.files = wh_alloc_array(n, sizeof *r->set.files);
    r->set.n_files = n;
    for (size_t i = 0; i < n; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%zu.csv", r->folder, i);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        if (texts[i].len > 0)
            assert_int_equal(fwrite(texts[i].ptr, 1, texts[i].len, f), texts[i].len);
        assert_int_equal(fclose(f), 0);
        csv_must(wh_file_init(&r->set.files[i], path, &err), &err);
    }
}

static void remove_files(struct reading *r)
{
    for (size_t i = 0; i < r->set.n_files; i++)
        unlink(r->set.files[i].path);
    rmdir(r->folder);
    wh_file_set_release(&r->set);
}

static enum wh_status read_chunk(struct reading *r, struct wh_chunk *chunk, struct wh_error *err)
{
    const struct wh_stream_ops *ops = r->stream->ops;
    struct wh_reader *reader;
    struct wh_batch batch = {0};
    if (r->how->reopen)
        wh_buffer_release(&chunk->data);
    WH_TRY(ops->open_chunk(&reader, r->stream, chunk, &r->sink, err));
    csv_must(wh_batch_init(&batch, &r->stream->schema, &r->budget, err), err);
    enum wh_status s;
    while ((s = ops->read(reader, &batch, err)) == WH_OK) {
        csv_must(wh_batch_check(&batch, err), err);
        assert_true(batch.rows > 0);
        for (int64_t i = 0; i < batch.rows; i++) {
            csv_must(wh_json_row(&r->rows, &batch, i, err), err);
            csv_must(wh_buffer_append(&r->rows, "\n", 1, err), err);
        }
    }
    ops->close_reader(reader);
    wh_batch_release(&batch);
    return s == WH_END ? WH_OK : s;
}

static enum wh_status read_all(struct reading *r, struct wh_error *err)
{
    for (;;) {
        struct wh_chunk chunk = {.data = {.budget = &r->budget}};
        enum wh_status s = r->stream->ops->next_chunk(r->stream, &chunk, err);
        if (s == WH_OK && r->how->positions)
            csv_must(wh_buffer_printf(&r->positions, err, "position %s\n", chunk.position), err);
        if (s == WH_OK)
            s = read_chunk(r, &chunk, err);
        free(chunk.position);
        wh_buffer_release(&chunk.data);
        if (s == WH_END)
            return r->stream->ops->finish(r->stream, err);
        if (s == WH_WIDEN) {
            r->rows.size = r->rejects.size = r->positions.size = 0;
            s = r->stream->ops->widen(r->stream, err);
        }
        WH_TRY(s);
    }
}

static void put_schema(struct wh_buffer *out, const struct wh_schema *schema)
{
    struct wh_error err;
    csv_must(wh_buffer_append_text(out, "schema ", &err), &err);
    for (size_t i = 0; i < schema->n_fields; i++) {
        char type[128];
        wh_type_format(&schema->fields[i], type, sizeof type);
        csv_must(wh_buffer_printf(out, &err, "%s%s:%s", i == 0 ? "" : ", ", schema->fields[i].name, type),
                 &err);
    }
    csv_must(wh_buffer_append_text(out, "\n", &err), &err);
}

static enum wh_status open_and_read(struct reading *r, struct wh_buffer *out, struct wh_error *err)
{
    const struct csv_reading *how = r->how;
    WH_TRY(csv_configure(&r->config, how->options, err));
    if (how->declared != NULL)
        csv_must(wh_schema_parse(&r->declared, how->declared, err), err);
    if (how->columns != NULL)
        csv_must(wh_split_list(&r->columns, how->columns, err), err);
    const struct wh_stream_request req = {.config = r->config,
                                          .declared = how->declared == NULL ? NULL : &r->declared,
                                          .columns = (const char *const *)r->columns};
    WH_TRY(wh_format_csv.open_stream(&r->stream, &r->set, &req, &r->ctx, err));
    r->stream->may_widen = !how->stay;
    enum wh_status s = read_all(r, err);
    put_schema(out, &r->stream->schema);
    r->stream->ops->close(r->stream);
    return s;
}

void csv_read(struct wh_buffer *out, const struct csv_reading *how, const struct wh_slice *texts, size_t n)
{
    struct reading r = {.how = how};
    struct wh_error err = {0};
    r.ctx = (struct wh_context){.budget = &r.budget,
                                .cancelled = &r.cancelled,
                                .jobs = 1,
                                .chunk_bytes = how->chunk_bytes,
                                .note = take_note,
                                .note_data = &r};
    r.sink.add = take_reject;
    write_files(&r, texts, n);
    enum wh_status s = open_and_read(&r, out, &err);
    assert_int_equal(s, err.code);
    const struct wh_buffer *parts[] = {&r.rows, &r.rejects, &r.positions, &r.notes};
    for (size_t i = 0; i < WH_COUNT(parts); i++)
        if (parts[i]->size > 0)
            csv_must(wh_buffer_append(out, parts[i]->data, parts[i]->size, &err), &err);
    if (s != WH_OK) {
        char *folder = strstr(err.msg, r.folder);
        if (folder != NULL)
            memmove(folder, folder + strlen(r.folder) + 1, strlen(folder + strlen(r.folder)));
        struct wh_error ignored;
        csv_must(wh_buffer_printf(out, &ignored, "error %s: %s\n", wh_status_name(s), err.msg), &ignored);
    }
    wh_buffer_release(&r.rows);
    wh_buffer_release(&r.rejects);
    wh_buffer_release(&r.positions);
    wh_buffer_release(&r.notes);
    wh_config_free(r.config);
    wh_schema_release(&r.declared);
    wh_strv_free(r.columns);
    remove_files(&r);
    assert_int_equal(r.budget.used_bytes, 0);
}
