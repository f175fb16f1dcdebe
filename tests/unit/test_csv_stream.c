/* tests/unit/test_csv_stream.c - CSV as a stream: widening, resume, pipes, compression, many columns, limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "support/csv_reading.h"

/* ---- texts -------------------------------------------------------------------------------------- */

static void put(struct wh_buffer *b, const char *text)
{
    struct wh_error err;
    csv_must(wh_buffer_append_text(b, text, &err), &err);
}

static struct wh_slice slice_of(const struct wh_buffer *b)
{
    return wh_slice((const char *)b->data, b->size);
}

/* "id,v" and rows of 16 bytes up to n bytes; the row at `at` has the value odd. */
static void make_large(struct wh_buffer *b, size_t n, size_t at, const char *odd, uint64_t *line)
{
    struct wh_error err;
    put(b, "id,v\n");
    for (uint64_t i = 0; b->size < n; i++) {
        bool here = odd != NULL && b->size >= at;
        csv_must(wh_buffer_printf(b, &err, "%08llu,", (unsigned long long)(10000000 + i)), &err);
        csv_must(wh_buffer_printf(b, &err, "%s\n", here ? odd : "1234.5"), &err);
        if (here) {
            *line = i + 2;
            odd = NULL;
        }
    }
}

/* ---- widening ----------------------------------------------------------------------------------- */

enum { LARGE = 36 * 1000 * 1000 };

static void widens(void **state)
{
    (void)state;
    static const struct {
        const char *odd, *type;
    } cases[] = {{"x", "text"}, {"1.25", "float64"}, {"123456789.5", "decimal(18,1)"}, {"1e3", "float64"}};
    size_t window = (LARGE - 5 - 64 * 1024) / 65; /* between two windows of the sample */
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_buffer text = {0}, got = {0};
        struct csv_reading how = {.columns = "v", .chunk_bytes = 8 << 20};
        struct wh_slice file;
        struct wh_error err;
        char schema[64], note[200];
        uint64_t line = 0;
        make_large(&text, LARGE, window * 20 + window / 2, cases[i].odd, &line);
        file = slice_of(&text);
        csv_read(&got, &how, &file, 1);
        snprintf(schema, sizeof schema, "schema v:%s\n", cases[i].type);
        snprintf(note, sizeof note,
                 "note column \"v\" is %s instead of decimal(9,1) because of line %llu of \"0.csv\"\n",
                 cases[i].type, (unsigned long long)line);
        assert_memory_equal(got.data, schema, strlen(schema));
        if (memcmp(got.data + got.size - strlen(note), note, strlen(note)) != 0)
            fail_msg("%s: got %.*s", note, 300, (char *)got.data + got.size - 300);
        /* and without leave to widen the row is rejected */
        got.size = 0;
        how.stay = true;
        csv_read(&got, &how, &file, 1);
        char reject[200];
        int n = snprintf(reject, sizeof reject, "reject %llu v: the value does not fit type decimal(9,1) | ",
                         (unsigned long long)line);
        csv_must(wh_buffer_append(&got, "", 1, &err), &err);
        assert_non_null(strstr((char *)got.data, reject));
        assert_true(n > 0);
        wh_buffer_release(&text);
        wh_buffer_release(&got);
    }
}

/* ---- a stream by hand --------------------------------------------------------------------------- */

struct opened {
    struct wh_budget budget;
    _Atomic bool cancelled;
    struct wh_context ctx;
    struct wh_config *config;
    char path[40];
    struct wh_file_set set;
    struct wh_stream *stream;
    struct wh_reject_sink sink;
    size_t n_rejects;
};

static void drop_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void drop_note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static enum wh_status count_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                   struct wh_error *err)
{
    struct opened *o = (struct opened *)(void *)((char *)sink - offsetof(struct opened, sink));
    (void)r, (void)err;
    o->n_rejects++;
    return WH_OK;
}

static void setup(struct opened *o, struct wh_slice text, const char *options)
{
    struct wh_error err;
    *o = (struct opened){.path = "/tmp/wherry-stream-XXXXXX", .sink.add = count_reject};
    o->ctx = (struct wh_context){.budget = &o->budget, .cancelled = &o->cancelled, .note = drop_note};
    int fd = mkstemp(o->path);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    close(fd);
    csv_must(csv_configure(&o->config, options, &err), &err);
    o->set = (struct wh_file_set){.files = wh_alloc_array(1, sizeof *o->set.files), .n_files = 1};
    csv_must(wh_file_init(&o->set.files[0], o->path, &err), &err);
}

static enum wh_status open_stream(struct opened *o, const char *snapshot, const char *after,
                                  struct wh_error *err)
{
    const struct wh_stream_request req = {.config = o->config, .snapshot = snapshot, .after = after};
    return wh_format_csv.open_stream(&o->stream, &o->set, &req, &o->ctx, err);
}

static void close_stream(struct opened *o)
{
    if (o->stream != NULL)
        o->stream->ops->close(o->stream);
    o->stream = NULL;
    assert_int_equal(o->budget.used_bytes, 0);
}

static void teardown(struct opened *o)
{
    close_stream(o);
    wh_config_free(o->config);
    wh_file_set_release(&o->set);
    unlink(o->path);
}

/* All rows of the rest of the stream as JSON lines; positions, if wanted, at most max of them, owned. */
static enum wh_status read_rest(struct opened *o, struct wh_buffer *rows, char **positions, size_t max,
                                struct wh_error *err)
{
    const struct wh_stream_ops *ops = o->stream->ops;
    struct wh_chunk chunk = {.data.budget = &o->budget};
    struct wh_batch b = {0};
    enum wh_status s = wh_batch_init(&b, &o->stream->schema, &o->budget, err);
    for (size_t n = 0; s == WH_OK && (s = ops->next_chunk(o->stream, &chunk, err)) == WH_OK; n++) {
        struct wh_reader *reader = NULL;
        s = ops->open_chunk(&reader, o->stream, &chunk, &o->sink, err);
        while (s == WH_OK && (s = ops->read(reader, &b, err)) == WH_OK)
            for (int64_t i = 0; s == WH_OK && i < b.rows; i++) {
                s = wh_json_row(rows, &b, i, err);
                put(rows, "\n");
            }
        s = s == WH_END ? WH_OK : s;
        ops->close_reader(reader);
        if (n < max)
            positions[n] = WH_TAKE(chunk.position);
        free(chunk.position);
        chunk.position = NULL;
    }
    free(chunk.position);
    wh_buffer_release(&chunk.data);
    wh_batch_release(&b);
    return s == WH_END ? WH_OK : s;
}

/* ---- resume ------------------------------------------------------------------------------------- */

static const char resume_text[] =
    "id,t,ts\n1,\"a\nb\",2024-01-01 00:00:00\n2,c,\n3,\"x\",2024-01-02 00:00:00\n"
    "4,y,2024-01-03 00:00:00\n5,\"unterminated\n6,z,2024-01-05 00:00:00\n";

static void resumes_behind_every_chunk(void **state)
{
    (void)state;
    for (int64_t chunk_bytes = 1; chunk_bytes < 150; chunk_bytes += 7) {
        struct opened o;
        struct wh_error err = {0};
        struct wh_buffer all = {0};
        char *positions[16] = {0}, *snapshot;
        setup(&o, wh_slice_of(resume_text), NULL);
        o.ctx.chunk_bytes = chunk_bytes;
        csv_must(open_stream(&o, NULL, NULL, &err), &err);
        csv_must(o.stream->ops->snapshot(o.stream, &snapshot, &err), &err);
        csv_must(read_rest(&o, &all, positions, WH_COUNT(positions), &err), &err);
        close_stream(&o);
        for (size_t i = 0; i < WH_COUNT(positions) && positions[i] != NULL; i++) {
            struct wh_buffer rest = {0};
            csv_must(open_stream(&o, snapshot, positions[i], &err), &err);
            assert_string_equal(o.stream->schema.fields[2].name, "ts");
            assert_int_equal(o.stream->schema.fields[2].type, WH_TIMESTAMP);
            csv_must(read_rest(&o, &rest, NULL, 0, &err), &err);
            assert_true(rest.size <= all.size);
            if (rest.size > 0)
                assert_memory_equal(rest.data, all.data + all.size - rest.size, rest.size);
            wh_buffer_release(&rest);
            close_stream(&o);
            free(positions[i]);
        }
        free(snapshot);
        wh_buffer_release(&all);
        teardown(&o);
    }
}

static void refuses_another_source(void **state)
{
    (void)state;
    static const struct {
        const char *snapshot, *after, *message;
    } cases[] = {
        {"", NULL, "the files are not those with which the run began"},
        {"{\"files\":[]}", NULL, "the files are not those with which the run began"},
        {"{\"files\":[[\"%s\",%llu,%lld,%llu]],\"columns\":[]}", NULL,
         "the columns are not those with which the run began"},
        {"{\"files\":[[\"%s\",%llu,%lld,%llu]],\"columns\":[[\"a\",0,-1,[0,0,0,0,0,0,0,0,0]]]}", "{}",
         "invalid position of a CSV chunk: {}"},
        {"{\"files\":[[\"%s\",%llu,%lld,%llu]],\"columns\":[[\"a\",1,-1,[99,0,0,0,0,0,0,0,0]]]}", NULL,
         "the columns are not those with which the run began"},
        {"{\"files\":[[\"%s\",%llu,%lld,%llu]],\"columns\":[[\"a\",0,-1,[0,0,0,0,0,0,0,0,0]]]}",
         "{\"index\":1,\"offset\":2,\"length\":1,\"line\":2,\"lines\":1}",
         "invalid position of a CSV chunk: {\"index\":1,\"offset\":2,\"length\":1,\"line\":2,\"lines\":1}"},
        {"{\"files\":[[\"%s\",%llu,%lld,%llu]],\"columns\":[[\"a\",0,-1,[0,0,0,0,0,0,0,0,0]]]}",
         "{\"index\":0,\"offset\":0,\"length\":1,\"line\":2,\"lines\":1}",
         "invalid position of a CSV chunk: {\"index\":0,\"offset\":0,\"length\":1,\"line\":2,\"lines\":1}"},
    };
    struct opened o;
    setup(&o, wh_slice_of("a\n1\n2\n"), NULL);
    const struct wh_file *f = &o.set.files[0];
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err = {0};
        char snapshot[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(snapshot, sizeof snapshot, cases[i].snapshot, f->path, (unsigned long long)f->size,
                 (long long)f->mtime_ns, (unsigned long long)f->inode);
#pragma GCC diagnostic pop
        assert_int_equal(open_stream(&o, snapshot, cases[i].after, &err), WH_STATE);
        assert_string_equal(err.msg, cases[i].message);
    }
    teardown(&o);
}

static void notices_a_changed_file(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    struct wh_buffer rows = {0};
    setup(&o, wh_slice_of("a\n1\n2\n"), NULL);
    csv_must(open_stream(&o, NULL, NULL, &err), &err);
    csv_must(read_rest(&o, &rows, NULL, 0, &err), &err);
    csv_must(o.stream->ops->finish(o.stream, &err), &err);
    assert_int_equal(truncate(o.path, 3), 0);
    assert_int_equal(o.stream->ops->finish(o.stream, &err), WH_DATA);
    close_stream(&o);
    wh_buffer_release(&rows);
    /* and one that has become shorter while it is read */
    csv_must(open_stream(&o, NULL, NULL, &err) == WH_DATA ? WH_OK : WH_INTERNAL, &err);
    teardown(&o);
}

static void stops_when_cancelled(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    struct wh_buffer rows = {0};
    setup(&o, wh_slice_of("a\n1\n2\n"), NULL);
    csv_must(open_stream(&o, NULL, NULL, &err), &err);
    o.cancelled = true;
    assert_int_equal(read_rest(&o, &rows, NULL, 0, &err), WH_CANCELLED);
    wh_buffer_release(&rows);
    teardown(&o);
}

/* ---- pipes and compression ---------------------------------------------------------------------- */

static void reads_a_pipe(void **state)
{
    (void)state;
    for (int64_t chunk_bytes = 1; chunk_bytes < 200; chunk_bytes += 13) {
        struct opened o, p;
        struct wh_error err = {0};
        struct wh_buffer expected = {0}, got = {0};
        setup(&o, wh_slice_of(resume_text), NULL);
        csv_must(open_stream(&o, NULL, NULL, &err), &err);
        csv_must(read_rest(&o, &expected, NULL, 0, &err), &err);
        teardown(&o);
        setup(&p, wh_slice_of(""), NULL);
        p.ctx.chunk_bytes = chunk_bytes;
        unlink(p.path);
        assert_int_equal(mkfifo(p.path, 0600), 0);
        pid_t child = fork();
        if (child == 0) {
            FILE *f = fopen(p.path, "w");
            bool ok =
                f != NULL && fwrite(resume_text, 1, sizeof resume_text - 1, f) == sizeof resume_text - 1;
            _exit(ok && fclose(f) == 0 ? 0 : 1);
        }
        p.set.files[0].is_pipe = true;
        csv_must(open_stream(&p, NULL, NULL, &err), &err);
        assert_false(p.stream->may_widen);
        csv_must(read_rest(&p, &got, NULL, 0, &err), &err);
        assert_int_equal(got.size, expected.size);
        assert_memory_equal(got.data, expected.data, got.size);
        assert_int_equal(p.n_rejects, 1);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        wh_buffer_release(&got);
        wh_buffer_release(&expected);
        teardown(&p);
    }
}

static void reads_compressed_files(void **state)
{
    (void)state;
    static const enum wh_compression all[] = {WH_GZIP, WH_ZSTD, WH_LZ4, WH_BZIP2, WH_XZ};
    struct wh_buffer text = {0}, expected = {0};
    struct csv_reading how = {.chunk_bytes = 10000};
    uint64_t line;
    make_large(&text, 300000, 1000, "1.5", &line);
    struct wh_slice plain = slice_of(&text);
    csv_read(&expected, &how, &plain, 1);
    for (size_t i = 0; i < WH_COUNT(all); i++) {
        struct wh_buffer packed = {0}, got = {0};
        struct wh_error err;
        csv_must(wh_compress_frame(all[i], 0, text.data, text.size, &packed, &err), &err);
        struct wh_slice file = slice_of(&packed);
        how.reopen = i == 1;
        csv_read(&got, &how, &file, 1);
        assert_int_equal(got.size, expected.size);
        assert_memory_equal(got.data, expected.data, got.size);
        wh_buffer_release(&packed);
        wh_buffer_release(&got);
    }
    wh_buffer_release(&text);
    wh_buffer_release(&expected);
}

/* ---- sizes -------------------------------------------------------------------------------------- */

static void reads_many_columns(void **state)
{
    (void)state;
    enum { COLUMNS = 10000, ROWS = 20 };
    struct opened o;
    struct wh_error err = {0};
    struct wh_buffer text = {0}, rows = {0};
    for (int c = 0; c < COLUMNS; c++)
        csv_must(wh_buffer_printf(&text, &err, "%s%d%c", c % 3 == 0 ? "same" : "name", c % 3 == 0 ? 0 : c,
                                  c + 1 < COLUMNS ? ',' : '\n'),
                 &err);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            csv_must(wh_buffer_printf(&text, &err, "%d%c", r * c, c + 1 < COLUMNS ? ',' : '\n'), &err);
    setup(&o, slice_of(&text), NULL);
    csv_must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(o.stream->schema.n_fields, COLUMNS);
    assert_string_equal(o.stream->schema.fields[0].name, "same0");
    assert_string_equal(o.stream->schema.fields[3].name, "same0_2");
    assert_string_equal(o.stream->schema.fields[9999].name, "same0_3334");
    csv_must(read_rest(&o, &rows, NULL, 0, &err), &err);
    size_t lines = 0;
    for (size_t i = 0; i < rows.size; i++)
        lines += rows.data[i] == '\n';
    assert_int_equal(lines, ROWS);
    wh_buffer_release(&text);
    wh_buffer_release(&rows);
    teardown(&o);
}

/* A quote that never ends, and a line without end: bounded memory, and the rest is read. */
static void bounds_memory(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    struct wh_buffer text = {0}, rows = {0};
    put(&text, "a,b\n1,x\n2,\"never\n");
    for (size_t i = 0; i < 200000; i++)
        put(&text, "3,filler of a long file\n");
    put(&text, "4,");
    for (size_t i = 0; i < 200000; i++)
        put(&text, "a line without end ");
    put(&text, "\n5,y\n");
    setup(&o, slice_of(&text), "csv-max-field=100KB\n");
    o.ctx.chunk_bytes = 64 * 1024;
    csv_must(open_stream(&o, NULL, NULL, &err), &err);
    o.budget.peak_bytes = 0;
    csv_must(read_rest(&o, &rows, NULL, 0, &err), &err);
    assert_int_equal(o.n_rejects, 2);
    assert_true(o.budget.peak_bytes < 3 * 1024 * 1024);
    const char last[] = "{\"a\":5,\"b\":\"y\"}\n";
    assert_memory_equal(rows.data + rows.size - strlen(last), last, strlen(last));
    wh_buffer_release(&text);
    wh_buffer_release(&rows);
    teardown(&o);
}

/* Whatever the budget, there is a clean error or the whole result. */
static void any_budget(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    uint64_t line;
    size_t good = 0;
    make_large(&text, 100000, 50000, "1.25", &line);
    for (int64_t limit = 1000; good < 3; limit += limit / 5) {
        struct opened o;
        struct wh_error err = {0};
        struct wh_buffer rows = {0};
        setup(&o, slice_of(&text), NULL);
        o.ctx.chunk_bytes = 20000;
        o.budget.limit_bytes = limit;
        enum wh_status s = open_stream(&o, NULL, NULL, &err);
        if (s == WH_OK)
            s = read_rest(&o, &rows, NULL, 0, &err);
        assert_true(s == WH_OK || s == WH_LIMIT);
        good += s == WH_OK;
        wh_buffer_release(&rows);
        teardown(&o);
    }
    wh_buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_behind_every_chunk),
        cmocka_unit_test(refuses_another_source),
        cmocka_unit_test(notices_a_changed_file),
        cmocka_unit_test(stops_when_cancelled),
        cmocka_unit_test(reads_a_pipe),
        cmocka_unit_test(reads_compressed_files),
        cmocka_unit_test(reads_many_columns),
        cmocka_unit_test(bounds_memory),
        cmocka_unit_test(any_budget),
        cmocka_unit_test(widens),
    };
    return cmocka_run_group_tests_name("csv/stream", tests, NULL, NULL);
}
