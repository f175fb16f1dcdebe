/* tests/exchange/csv_copy.c - reads a CSV file and writes its rows in another form.
 *
 * usage: csv_copy FORM CHUNK_BYTES FILE [option=value ...] >out; FORM is json: rows as JSON lines; text: the
 * same, all columns declared as text; csv: rows as CSV. The schema, notes and rejects go to stderr. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/options.h"
#include "batch/builder.h"
#include "batch/text.h"
#include "format/format.h"

struct copy {
    struct wh_context ctx;
    const char *form;
    struct wh_config *config;
    struct wh_file file;
    struct wh_file_set set;
    struct wh_stream *stream;
    struct wh_encoder *encoder; /* NULL: JSON lines */
    struct wh_reject_sink sink;
};

static _Atomic bool cancelled;

static void print_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void print_note(struct wh_context *ctx, const char *fmt, ...)
{
    va_list args;
    (void)ctx;
    va_start(args, fmt);
    (void)fputs("note ", stderr);
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
    char type[64];
    for (size_t i = 0; i < schema->n_fields; i++) {
        wh_type_format(&schema->fields[i], type, sizeof type);
        (void)fprintf(stderr, "type %s\n", type);
    }
}

static void print(struct wh_buffer *b)
{
    (void)fwrite(b->data, 1, b->size, stdout);
    b->size = 0;
}

/* Opens the stream; of form "text" a second time, with all its columns declared. */
static enum wh_status open_stream(struct copy *c, struct wh_error *err)
{
    struct wh_stream_request req = {.config = c->config};
    WH_TRY(wh_format_csv.open_stream(&c->stream, &c->set, &req, &c->ctx, err));
    if (strcmp(c->form, "text") != 0)
        return WH_OK;
    struct wh_schema declared = {0};
    for (size_t i = 0; i < c->stream->schema.n_fields; i++) {
        struct wh_field f;
        WH_TRY(wh_field_init(&f, c->stream->schema.fields[i].name, WH_UTF8, err));
        WH_TRY(wh_schema_add(&declared, &f, err));
    }
    c->stream->ops->close(c->stream);
    req.declared = &declared;
    enum wh_status s = wh_format_csv.open_stream(&c->stream, &c->set, &req, &c->ctx, err);
    wh_schema_release(&declared);
    return s;
}

static enum wh_status write_batch(struct copy *c, struct wh_part *part, struct wh_batch *b,
                                  struct wh_error *err)
{
    struct wh_buffer row = {0};
    if (part != NULL)
        return c->encoder->ops->write(part, b, err);
    for (int64_t i = 0; i < b->rows; i++) {
        WH_TRY(wh_json_row(&row, b, i, err));
        print(&row);
        (void)putchar('\n');
    }
    wh_buffer_release(&row);
    return WH_OK;
}

static enum wh_status copy_chunk(struct copy *c, struct wh_chunk *chunk, struct wh_error *err)
{
    struct wh_reader *reader;
    struct wh_part *part = NULL;
    struct wh_batch b;
    WH_TRY(c->stream->ops->open_chunk(&reader, c->stream, chunk, &c->sink, err));
    WH_TRY(wh_batch_init(&b, &c->stream->schema, NULL, err));
    if (c->encoder != NULL)
        WH_TRY(c->encoder->ops->open_part(&part, c->encoder, &c->sink, err));
    enum wh_status s;
    while ((s = c->stream->ops->read(reader, &b, err)) == WH_OK)
        WH_TRY(write_batch(c, part, &b, err));
    if (part != NULL) {
        WH_TRY(c->encoder->ops->seal(part, err));
        print(&part->bytes);
        c->encoder->ops->close_part(part);
    }
    c->stream->ops->close_reader(reader);
    wh_batch_release(&b);
    return s == WH_END ? WH_OK : s;
}

static enum wh_status copy(struct copy *c, struct wh_error *err)
{
    struct wh_chunk chunk = {0};
    struct wh_buffer head = {0};
    WH_TRY(open_stream(c, err));
    print_schema(&c->stream->schema);
    if (strcmp(c->form, "csv") == 0) {
        WH_TRY(wh_format_csv.encoder->open(&c->encoder, &c->stream->schema, c->config, &c->ctx, err));
        WH_TRY(c->encoder->ops->begin_file(c->encoder, &head, err));
        print(&head);
    }
    enum wh_status s;
    while ((s = c->stream->ops->next_chunk(c->stream, &chunk, err)) == WH_OK) {
        WH_TRY(copy_chunk(c, &chunk, err));
        free(chunk.position);
        chunk.position = NULL;
    }
    wh_buffer_release(&head);
    wh_buffer_release(&chunk.data);
    if (c->encoder != NULL)
        c->encoder->ops->close(c->encoder);
    c->stream->ops->close(c->stream);
    return s == WH_END ? WH_OK : s;
}

static enum wh_status run(int argc, char **argv, struct wh_error *err)
{
    static const struct wh_option *const tables[] = {wh_csv_read_options, wh_csv_write_options, NULL};
    struct copy c = {.form = argv[1], .sink.add = print_reject};
    c.ctx = (struct wh_context){.cancelled = &cancelled, .jobs = 1, .note = print_note};
    c.set = (struct wh_file_set){.files = &c.file, .n_files = 1};
    if (!wh_parse_i64(wh_slice_of(argv[2]), &c.ctx.chunk_bytes))
        return wh_fail(err, WH_CONFIG, "invalid size of chunks \"%s\"", argv[2]);
    WH_TRY(wh_config_new(&c.config, tables, err));
    for (int i = 4; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals == NULL)
            return wh_fail(err, WH_CONFIG, "not an option: \"%s\"", argv[i]);
        *equals = '\0';
        WH_TRY(wh_config_set(c.config, argv[i], equals + 1, err));
    }
    WH_TRY(wh_file_init(&c.file, argv[3], err));
    enum wh_status s = copy(&c, err);
    wh_file_release(&c.file);
    wh_config_free(c.config);
    return s;
}

int main(int argc, char **argv)
{
    struct wh_error err;
    if (argc < 4) {
        (void)fprintf(stderr, "usage: csv_copy FORM CHUNK_BYTES FILE [option=value ...]\n");
        return 2;
    }
    if (run(argc, argv, &err) != WH_OK) {
        (void)fprintf(stderr, "error %s\n", err.msg);
        return 1;
    }
    return 0;
}
