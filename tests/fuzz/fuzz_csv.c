/* tests/fuzz/fuzz_csv.c - any bytes as a CSV file. The first bytes choose options and the size of chunks;
 * rows and rejects must be the same for small chunks and one large one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3, MAX_INPUT = 64 * 1024 };

struct run {
    struct wh_budget budget;
    _Atomic bool cancelled;
    struct wh_context ctx;
    struct wh_reject_sink sink;
    struct wh_buffer rows, rejects;
};

static void drop_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void drop_note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static enum wh_status take_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                  struct wh_error *err)
{
    struct run *me = (struct run *)(void *)((char *)sink - offsetof(struct run, sink));
    WH_TRY(wh_buffer_printf(&me->rejects, err, "%llu %s: ", (unsigned long long)r->line, r->reason));
    WH_TRY(wh_buffer_append(&me->rejects, r->text.ptr, r->text.len, err));
    return wh_buffer_append(&me->rejects, "\n", 1, err);
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static struct wh_config *configure(const uint8_t *head)
{
    static const struct {
        const char *name, *values[4];
    } choices[] = {
        {"csv-delimiter", {"auto", ",", "auto", ";"}},
        {"csv-quote", {"auto", "\"", "none", "'"}},
        {"csv-escape", {"auto", "none", "\\", "auto"}},
        {"csv-header", {"auto", "true", "false", "auto"}},
        {"csv-comment", {"auto", "none", "#", "auto"}},
        {"csv-ragged", {"reject", "fill", "reject", "reject"}},
        {"csv-max-field", {"64MiB", "100B", "1KiB", "64B"}},
        {"csv-null", {"auto", "NA,x", "", "auto"}},
    };
    static const struct wh_option *const tables[] = {wh_csv_read_options, wh_csv_write_options, NULL};
    struct wh_config *config;
    struct wh_error err;
    check(wh_config_new(&config, tables, &err) == WH_OK, "config");
    unsigned bits = (unsigned)head[0] | (unsigned)head[1] << 8;
    for (size_t i = 0; i < WH_COUNT(choices); i++, bits >>= 2)
        check(wh_config_set(config, choices[i].name, choices[i].values[bits & 3], &err) == WH_OK, "option");
    return config;
}

static enum wh_status read_chunk(struct run *r, struct wh_stream *s, struct wh_chunk *chunk,
                                 struct wh_error *err)
{
    struct wh_reader *reader;
    struct wh_batch b = {0};
    WH_TRY(s->ops->open_chunk(&reader, s, chunk, &r->sink, err));
    enum wh_status status = wh_batch_init(&b, &s->schema, &r->budget, err);
    while (status == WH_OK && (status = s->ops->read(reader, &b, err)) == WH_OK) {
        check(wh_batch_check(&b, err) == WH_OK, err->msg);
        for (int64_t i = 0; i < b.rows; i++) {
            check(wh_json_row(&r->rows, &b, i, err) == WH_OK, "row");
            check(wh_buffer_append(&r->rows, "\n", 1, err) == WH_OK, "row");
        }
    }
    s->ops->close_reader(reader);
    wh_batch_release(&b);
    return status == WH_END ? WH_OK : status;
}

static enum wh_status read_all(struct run *r, struct wh_stream *s, struct wh_error *err)
{
    struct wh_chunk chunk = {.data.budget = &r->budget};
    enum wh_status status = WH_OK;
    while (status == WH_OK && (status = s->ops->next_chunk(s, &chunk, err)) == WH_OK) {
        status = read_chunk(r, s, &chunk, err);
        free(chunk.position);
        chunk.position = NULL;
    }
    wh_buffer_release(&chunk.data);
    return status;
}

static enum wh_status run(struct run *r, const struct wh_file_set *set, const struct wh_config *config,
                          int64_t chunk_bytes, struct wh_error *err)
{
    struct wh_stream *s;
    *r = (struct run){.sink.add = take_reject};
    r->ctx = (struct wh_context){
        .budget = &r->budget, .cancelled = &r->cancelled, .chunk_bytes = chunk_bytes, .note = drop_note};
    const struct wh_stream_request req = {.config = config};
    WH_TRY(wh_format_csv.open_stream(&s, set, &req, &r->ctx, err));
    enum wh_status status = read_all(r, s, err);
    s->ops->close(s);
    check(r->budget.used_bytes == 0, "memory is left");
    return status;
}

static bool same(const struct wh_buffer *a, const struct wh_buffer *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/wherry-fuzz-XXXXXX";
    struct run one, many;
    struct wh_error err = {0};
    struct wh_file file = {0};
    struct wh_file_set set = {.files = &file, .n_files = 1};
    if (size < HEAD || size > MAX_INPUT)
        return 0;
    struct wh_config *config = configure(data);
    int fd = mkstemp(path);
    check(fd >= 0 && write(fd, data + HEAD, size - HEAD) == (ssize_t)(size - HEAD), "file");
    close(fd);
    check(wh_file_init(&file, path, &err) == WH_OK, "file");
    enum wh_status a = run(&one, &set, config, 0, &err);
    enum wh_status b = run(&many, &set, config, 1 + data[2], &err);
    check(a == b, "another status for other chunks");
    check(a != WH_WIDEN, "a small file needs no widening");
    if (a == WH_END)
        check(same(&one.rows, &many.rows) && same(&one.rejects, &many.rejects),
              "other rows for other chunks");
    wh_buffer_release(&one.rows);
    wh_buffer_release(&one.rejects);
    wh_buffer_release(&many.rows);
    wh_buffer_release(&many.rejects);
    wh_config_free(config);
    wh_file_release(&file);
    unlink(path);
    return 0;
}
