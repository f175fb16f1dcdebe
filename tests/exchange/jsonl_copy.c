/* tests/exchange/jsonl_copy.c - reads files of JSON records and writes the rows as JSON lines.
 *
 * usage: jsonl_copy CHUNK_BYTES FILE [option=value ...] >lines; the schema and rejects go to stderr. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/options.h"
#include "batch/builder.h"
#include "format/format.h"

static _Atomic bool cancelled;

static void print_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void print_note(struct wh_context *ctx, const char *fmt, ...)
{
    va_list args;
    (void)ctx;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

static enum wh_status print_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                   struct wh_error *err)
{
    (void)sink, (void)err;
    (void)fprintf(stderr, "reject line %llu: %s\n", (unsigned long long)r->line, r->reason);
    return WH_OK;
}

static void print_schema(const struct wh_schema *schema)
{
    char type[512];
    for (size_t i = 0; i < schema->n_fields; i++) {
        wh_type_format(&schema->fields[i], type, sizeof type);
        (void)fprintf(stderr, "%s: %s\n", schema->fields[i].name, type);
    }
}

static enum wh_status copy_chunk(struct wh_stream *s, struct wh_encoder *e, struct wh_chunk *chunk,
                                 struct wh_error *err)
{
    struct wh_reject_sink sink = {print_reject};
    struct wh_batch batch = {0};
    struct wh_reader *reader;
    struct wh_part *part = NULL;
    WH_TRY(s->ops->open_chunk(&reader, s, chunk, &sink, err));
    enum wh_status status = e->ops->open_part(&part, e, &sink, err);
    if (status == WH_OK)
        status = wh_batch_init(&batch, &s->schema, NULL, err);
    while (status == WH_OK && (status = s->ops->read(reader, &batch, err)) == WH_OK)
        status = e->ops->write(part, &batch, err);
    if (status == WH_END)
        status = fwrite(part->bytes.data, 1, part->bytes.size, stdout) == part->bytes.size
                     ? WH_OK
                     : wh_fail(err, WH_IO, "could not write the lines");
    e->ops->close_part(part);
    s->ops->close_reader(reader);
    wh_batch_release(&batch);
    return status;
}

static enum wh_status copy_all(struct wh_stream *s, const struct wh_config *cfg, struct wh_context *ctx,
                               struct wh_error *err)
{
    struct wh_encoder *e;
    print_schema(&s->schema);
    WH_TRY(wh_format_jsonl.encoder->open(&e, &s->schema, cfg, ctx, err));
    enum wh_status status = WH_OK;
    while (status == WH_OK) {
        struct wh_chunk chunk = {0};
        status = s->ops->next_chunk(s, &chunk, err);
        if (status == WH_OK)
            status = copy_chunk(s, e, &chunk, err);
        free(chunk.position);
        wh_buffer_release(&chunk.data);
    }
    e->ops->close(e);
    return status == WH_END ? WH_OK : status;
}

static enum wh_status take_options(struct wh_config *cfg, char **argv, struct wh_error *err)
{
    for (; *argv != NULL; argv++) {
        char *value = strchr(*argv, '=');
        if (value == NULL)
            return wh_fail(err, WH_CONFIG, "no value in \"%s\"", *argv);
        *value = '\0';
        WH_TRY(wh_config_set(cfg, *argv, value + 1, err));
    }
    return WH_OK;
}

static enum wh_status run(char **argv, struct wh_config *cfg, struct wh_error *err)
{
    struct wh_context ctx = {.cancelled = &cancelled, .jobs = 1, .note = print_note};
    struct wh_file file = {0};
    struct wh_stream *s;
    if (!wh_parse_i64(wh_slice_of(argv[1]), &ctx.chunk_bytes))
        return wh_fail(err, WH_CONFIG, "no number: %s", argv[1]);
    WH_TRY(take_options(cfg, argv + 3, err));
    WH_TRY(wh_file_init(&file, argv[2], err));
    const struct wh_file_set files = {&file, 1};
    const struct wh_stream_request req = {.config = cfg};
    enum wh_status status = wh_format_jsonl.open_stream(&s, &files, &req, &ctx, err);
    if (status == WH_OK) {
        status = copy_all(s, cfg, &ctx, err);
        s->ops->close(s);
    }
    wh_file_release(&file);
    return status;
}

int main(int argc, char **argv)
{
    static const struct wh_option *tables[] = {wh_jsonl_read_options, wh_jsonl_write_options, NULL};
    struct wh_config *cfg;
    struct wh_error err = {0};
    if (argc < 3 || wh_config_new(&cfg, tables, &err) != WH_OK) {
        (void)fprintf(stderr, "usage: jsonl_copy CHUNK_BYTES FILE [option=value ...]\n");
        return 2;
    }
    enum wh_status status = run(argv, cfg, &err);
    wh_config_free(cfg);
    if (status != WH_OK)
        (void)fprintf(stderr, "%s: %s\n", wh_status_name(status), err.msg);
    return status != WH_OK;
}
