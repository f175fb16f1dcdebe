/* tests/fuzz/fuzz_jsonl.c - any bytes as a file of JSON records: read in two chunk sizes, written as JSON
 * lines, and read again. Bytes 0 and 1 choose options and chunk size. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/builder.h"
#include "format/format.h"

static _Atomic bool cancelled;

static void drop_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void drop_note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

struct counter {
    struct wh_reject_sink sink;
    int64_t rejects;
};

static enum wh_status count_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                   struct wh_error *err)
{
    struct counter *c = (struct counter *)sink;
    (void)err;
    c->rejects += r->reason[0] != '\0';
    return WH_OK;
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

struct outcome {
    int64_t rows, rejects;
    bool complete; /* ended without an error */
};

/* One chunk to rows, and on as lines into out. */
static enum wh_status read_chunk(struct wh_stream *s, struct wh_chunk *chunk, struct wh_part *part,
                                 struct outcome *o, struct wh_error *err)
{
    struct counter counter = {.sink.add = count_reject};
    struct wh_reader *reader;
    struct wh_batch batch = {0};
    enum wh_status status = s->ops->open_chunk(&reader, s, chunk, &counter.sink, err);
    if (status != WH_OK)
        return status;
    status = wh_batch_init(&batch, &s->schema, NULL, err);
    while (status == WH_OK && (status = s->ops->read(reader, &batch, err)) == WH_OK) {
        check(wh_batch_check(&batch, err) == WH_OK, err->msg);
        o->rows += batch.rows;
        status = part->ops->write(part, &batch, err);
    }
    o->rejects += counter.rejects;
    s->ops->close_reader(reader);
    wh_batch_release(&batch);
    return status;
}

static enum wh_status read_all(struct wh_stream *s, struct wh_part *part, struct outcome *o,
                               struct wh_error *err)
{
    enum wh_status status = WH_END;
    while (status == WH_END) {
        struct wh_chunk chunk = {0};
        if ((status = s->ops->next_chunk(s, &chunk, err)) == WH_END)
            return WH_OK;
        if (status == WH_OK)
            status = read_chunk(s, &chunk, part, o, err);
        free(chunk.position);
        wh_buffer_release(&chunk.data);
    }
    return status;
}

/* Reads the file and appends its rows as lines to out. */
static struct outcome run(int fd, const struct wh_config *cfg, int64_t chunk_bytes, struct wh_buffer *out)
{
    struct wh_budget budget = {.limit_bytes = (int64_t)256 << 20};
    struct wh_context ctx = {
        .budget = &budget, .cancelled = &cancelled, .chunk_bytes = chunk_bytes, .note = drop_note};
    const struct wh_encoder_ops *ops = wh_format_jsonl.encoder;
    struct counter counter = {.sink.add = count_reject};
    struct outcome o = {0};
    struct wh_stream *s = NULL;
    struct wh_encoder *e = NULL;
    struct wh_part *part = NULL;
    struct wh_file file = {0};
    struct wh_error err;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(wh_file_init(&file, path, &err) == WH_OK, "a file");
    const struct wh_file_set files = {&file, 1};
    const struct wh_stream_request req = {.config = cfg};
    enum wh_status status = wh_format_jsonl.open_stream(&s, &files, &req, &ctx, &err);
    if (status == WH_OK)
        status = ops->open(&e, &s->schema, cfg, &ctx, &err);
    if (status == WH_OK)
        status = ops->open_part(&part, e, &counter.sink, &err);
    if (status == WH_OK)
        status = read_all(s, part, &o, &err);
    /* Where a malformed record ends is a guess, which may differ with the chunks. */
    check(status != WH_WIDEN || o.rejects > 0, "small files are looked at in full");
    check(status != WH_INTERNAL, "no fault of our own");
    o.complete = status == WH_OK && counter.rejects == 0;
    if (o.complete)
        (void)wh_buffer_append(out, part->bytes.data, part->bytes.size, &err);
    ops->close_part(part);
    ops->close(e);
    if (s != NULL)
        s->ops->close(s);
    wh_file_release(&file);
    check(budget.used_bytes == 0, "all memory is given back");
    return o;
}

static int file_of(const void *bytes, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, bytes, n) == (ssize_t)n, "a file in memory");
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wh_option *tables[] = {wh_jsonl_read_options, wh_jsonl_write_options, NULL};
    struct wh_buffer lines = {0}, small_lines = {0}, again = {0};
    struct wh_config *cfg;
    struct wh_error err;
    if (size < 2 || size > 1 << 16)
        return 0;
    check(wh_config_new(&cfg, tables, &err) == WH_OK, "settings");
    (void)wh_config_set(cfg, "jsonl-nested", (data[0] & 1) != 0 ? "json" : "auto", &err);
    (void)wh_config_set(cfg, "jsonl-dates", (data[0] & 2) != 0 ? "text" : "auto", &err);
    (void)wh_config_set(cfg, "jsonl-max-record", (data[0] & 4) != 0 ? "100" : "64MiB", &err);
    (void)wh_format_jsonl.sniff(wh_slice((const char *)data + 2, size - 2));
    int fd = file_of(data + 2, size - 2);
    struct outcome whole = run(fd, cfg, 0, &lines), parts = run(fd, cfg, data[1] + 1, &small_lines);
    close(fd);
    if (whole.complete && parts.complete && whole.rejects == 0) {
        check(parts.rejects == 0 && parts.rows == whole.rows, "as many rows in small chunks");
        check(lines.size == small_lines.size &&
                  (lines.size == 0 || memcmp(lines.data, small_lines.data, lines.size) == 0),
              "the same rows in small chunks");
        fd = file_of(lines.data, lines.size);
        (void)wh_config_set(cfg, "jsonl-max-record", "64MiB", &err);
        struct outcome back = run(fd, cfg, 0, &again);
        close(fd);
        check(!back.complete || (back.rows == whole.rows && back.rejects == 0),
              "what was written can be read");
    }
    wh_buffer_release(&lines);
    wh_buffer_release(&small_lines);
    wh_buffer_release(&again);
    wh_config_free(cfg);
    return 0;
}
