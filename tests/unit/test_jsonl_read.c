/* tests/unit/test_jsonl_read.c - files of JSON records to batches: types, rejects, chunks, widening, resume.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "format/format.h"

/* ---- a stream and what comes out of it --------------------------------------------------------------- */

struct opened {
    struct wh_context ctx;
    struct wh_budget budget;
    _Atomic bool cancelled;
    struct wh_config *config;
    char path[64];
    struct wh_file_set files;
    struct wh_stream *stream;
    struct wh_schema declared;
    char **columns;
    struct wh_buffer rows, rejects, notes;
    char *position; /* of the last chunk */
    struct wh_reject_sink sink;
    int64_t n_rows, n_rejects, max_rejects;
};

static void take_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void take_note(struct wh_context *ctx, const char *fmt, ...)
{
    struct opened *o = ctx->note_data;
    struct wh_error err;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    assert_int_equal(wh_buffer_printf(&o->notes, &err, "%s\n", text), WH_OK);
}

/* A copy in which bytes that are no text stand as \xNN. */
static char *printable(struct wh_slice text)
{
    char *out = malloc(4 * text.len + 1), *p = out;
    bool utf8 = wh_utf8_valid(text);
    assert_non_null(out);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '\n' || (c >= ' ' && c < 0x7f) || (c >= 0x80 && utf8))
            *p++ = (char)c;
        else
            p += sprintf(p, "\\x%02x", c);
    }
    *p = '\0';
    return out;
}

static enum wh_status take_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                  struct wh_error *err)
{
    struct opened *o = (struct opened *)(void *)((char *)sink - offsetof(struct opened, sink));
    if (++o->n_rejects > o->max_rejects)
        return wh_fail(err, WH_LIMIT, "too many rejects");
    assert_string_equal(r->file, o->files.files[0].path);
    char *text = printable(r->text);
    enum wh_status s =
        wh_buffer_printf(&o->rejects, err, "reject %llu%s%s: %s |%s%s\n", (unsigned long long)r->line,
                         r->column == NULL ? "" : " ", r->column == NULL ? "" : r->column, r->reason,
                         text[0] == '\0' ? "" : " ", text);
    free(text);
    return s;
}

static void must(enum wh_status status, const struct wh_error *err)
{
    if (status != WH_OK)
        fail_msg("%s: %s", wh_status_name(status), err->msg);
}

static void setup(struct opened *o)
{
    static const struct wh_option *tables[] = {wh_jsonl_read_options, wh_jsonl_write_options, NULL};
    struct wh_error err;
    *o = (struct opened){.path = "/tmp/wherry-jsonl-XXXXXX", .max_rejects = INT64_MAX};
    o->ctx = (struct wh_context){
        .budget = &o->budget, .cancelled = &o->cancelled, .jobs = 1, .note = take_note, .note_data = o};
    o->sink.add = take_reject;
    must(wh_config_new(&o->config, tables, &err), &err);
    int fd = mkstemp(o->path);
    assert_true(fd >= 0);
    close(fd);
}

static void write_file(struct opened *o, const void *bytes, size_t n)
{
    FILE *f = fopen(o->path, "wb");
    struct wh_error err;
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    wh_file_set_release(&o->files);
    o->files.files = wh_alloc_array(1, sizeof *o->files.files);
    o->files.n_files = 1;
    must(wh_file_init(&o->files.files[0], o->path, &err), &err);
}

static enum wh_status open_stream(struct opened *o, const char *snapshot, const char *after,
                                  struct wh_error *err)
{
    const struct wh_stream_request req = {.config = o->config,
                                          .declared = o->declared.n_fields == 0 ? NULL : &o->declared,
                                          .columns = (const char *const *)o->columns,
                                          .snapshot = snapshot,
                                          .after = after};
    return wh_format_jsonl.open_stream(&o->stream, &o->files, &req, &o->ctx, err);
}

static void close_stream(struct opened *o)
{
    if (o->stream != NULL)
        o->stream->ops->close(o->stream);
    o->stream = NULL;
    wh_buffer_release(&o->rows);
    wh_buffer_release(&o->rejects);
    wh_buffer_release(&o->notes);
    free(o->position);
    o->position = NULL;
    o->n_rows = o->n_rejects = 0;
    assert_int_equal(o->budget.used_bytes, 0);
}

static void teardown(struct opened *o)
{
    close_stream(o);
    wh_file_set_release(&o->files);
    wh_config_free(o->config);
    wh_schema_release(&o->declared);
    wh_strv_free(o->columns);
    unlink(o->path);
}

/* Reads a chunk; its data is dropped first when reopen says so, as if another process had the position only.
 */
static enum wh_status read_chunk(struct opened *o, struct wh_chunk *chunk, bool reopen, struct wh_error *err)
{
    struct wh_reader *reader;
    struct wh_batch batch = {0};
    const struct wh_stream_ops *ops = o->stream->ops;
    if (reopen)
        wh_buffer_release(&chunk->data);
    WH_TRY(ops->open_chunk(&reader, o->stream, chunk, &o->sink, err));
    must(wh_batch_init(&batch, &o->stream->schema, &o->budget, err), err);
    enum wh_status s;
    while ((s = ops->read(reader, &batch, err)) == WH_OK) {
        must(wh_batch_check(&batch, err), err);
        assert_true(batch.rows > 0);
        o->n_rows += batch.rows;
        for (int64_t i = 0; i < batch.rows; i++) {
            must(wh_json_row(&o->rows, &batch, i, err), err);
            must(wh_buffer_append(&o->rows, "\n", 1, err), err);
        }
    }
    ops->close_reader(reader);
    wh_batch_release(&batch);
    return s == WH_END ? WH_OK : s;
}

/* Reads up to n chunks; the first failure ends it. */
static enum wh_status read_chunks(struct opened *o, size_t n, bool reopen, struct wh_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct wh_chunk chunk = {0};
        enum wh_status s = o->stream->ops->next_chunk(o->stream, &chunk, err);
        if (s == WH_OK)
            s = read_chunk(o, &chunk, reopen, err);
        free(o->position);
        o->position = chunk.position;
        wh_buffer_release(&chunk.data);
        if (s != WH_OK)
            return s;
    }
    return WH_OK;
}

static void append_schema(struct wh_buffer *out, const struct wh_schema *schema)
{
    struct wh_error err;
    char type[256];
    must(wh_buffer_append_text(out, "schema", &err), &err);
    for (size_t i = 0; i < schema->n_fields; i++) {
        wh_type_format(&schema->fields[i], type, sizeof type);
        must(wh_buffer_printf(out, &err, "%s%s:%s", i == 0 ? " " : ", ", schema->fields[i].name, type), &err);
    }
    must(wh_buffer_append(out, "\n", 1, &err), &err);
}

/* Opens, reads all; schema, rows and rejects as text. */
static char *read_all(struct opened *o, bool reopen)
{
    struct wh_error err = {0};
    struct wh_buffer all = {0};
    char *text;
    must(open_stream(o, NULL, NULL, &err), &err);
    append_schema(&all, &o->stream->schema);
    enum wh_status s = read_chunks(o, SIZE_MAX, reopen, &err);
    if (s != WH_END)
        fail_msg("%s: %s", wh_status_name(s), err.msg);
    must(o->stream->ops->finish(o->stream, &err), &err);
    must(wh_buffer_append(&all, o->rows.data, o->rows.size, &err), &err);
    must(wh_buffer_append(&all, o->rejects.data, o->rejects.size, &err), &err);
    must(wh_buffer_take_text(&text, &all, &err), &err);
    close_stream(o);
    return text;
}

static void set_option(struct opened *o, const char *name, const char *value)
{
    struct wh_error err;
    must(wh_config_set(o->config, name, value, &err), &err);
}

/* ---- the cases in tests/data -------------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends text with \xNN, \r and \t replaced by their bytes when it is asked for. */
static void append_input(struct wh_buffer *out, const char *text, bool decode)
{
    struct wh_error err;
    for (size_t i = 0; text[i] != '\0'; i++) {
        char c = text[i];
        if (decode && c == '\\' && text[i + 1] == 'x' && hex(text[i + 2]) >= 0 && hex(text[i + 3]) >= 0) {
            c = (char)(hex(text[i + 2]) << 4 | hex(text[i + 3]));
            i += 3;
        } else if (decode && c == '\\' && (text[i + 1] == 'r' || text[i + 1] == 't')) {
            c = text[++i] == 'r' ? '\r' : '\t';
        }
        must(wh_buffer_append(out, &c, 1, &err), &err);
    }
}

struct case_text {
    char name[128];
    struct opened o;
    struct wh_buffer input, wanted;
    bool started;
};

/* Fails with the first lines that differ. */
static void check_lines(const char *name, int64_t chunk_bytes, const char *got, const char *wanted)
{
    while (*got != '\0' && *got == *wanted) {
        const char *end = strchr(got, '\n');
        size_t n = end == NULL ? strlen(got) : (size_t)(end - got) + 1;
        if (strncmp(got, wanted, n) != 0)
            break;
        got += n;
        wanted += n;
    }
    if (strcmp(got, wanted) != 0)
        fail_msg("case \"%s\", chunks of %d bytes:\n%.400s\n--- not\n%.400s", name, (int)chunk_bytes, got,
                 wanted);
}

static void run_case(struct case_text *c)
{
    static const int64_t chunk_bytes[] = {1, 2, 3, 5, 7, 16, 64, 65, 100, 1000, 0};
    struct wh_error err;
    char *wanted;
    if (!c->started)
        return;
    must(wh_buffer_append(&c->wanted, "", 0, &err), &err);
    must(wh_buffer_take_text(&wanted, &c->wanted, &err), &err);
    write_file(&c->o, c->input.data, c->input.size);
    for (size_t i = 0; i < WH_COUNT(chunk_bytes); i++)
        for (int reopen = 0; reopen < 2; reopen++) {
            c->o.ctx.chunk_bytes = chunk_bytes[i];
            char *got = read_all(&c->o, reopen != 0);
            check_lines(c->name, chunk_bytes[i], got, wanted);
            free(got);
        }
    free(wanted);
    wh_buffer_release(&c->input);
    teardown(&c->o);
    c->started = false;
}

static void start_case(struct case_text *c, const char *name)
{
    run_case(c);
    *c = (struct case_text){.started = true};
    snprintf(c->name, sizeof c->name, "%s", name);
    setup(&c->o);
    struct wh_error err;
    must(wh_buffer_reserve(&c->input, 1, &err), &err);
}

static void take_line(struct case_text *c, char *line)
{
    struct wh_error err;
    if (strncmp(line, "== ", 3) == 0) {
        start_case(c, line + 3);
    } else if (strncmp(line, "option ", 7) == 0) {
        char *value = strchr(line, '=');
        *value = '\0';
        set_option(&c->o, line + 7, value + 1);
    } else if (strncmp(line, "columns ", 8) == 0) {
        must(wh_split_list(&c->o.columns, line + 8, &err), &err);
    } else if (strncmp(line, "declare ", 8) == 0) {
        must(wh_schema_parse(&c->o.declared, line + 8, &err), &err);
    } else if (strncmp(line, "< ", 2) == 0) {
        must(wh_buffer_printf(&c->wanted, &err, "%s\n", line + 2), &err);
    } else if (line[0] == '>') {
        bool decode = line[1] == 'x', joined = line[1] == '-';
        size_t skip = decode || joined ? 2 : 1;
        append_input(&c->input, line + skip + (line[skip] == ' '), decode);
        if (!joined)
            append_input(&c->input, "\n", false);
    }
}

static void reads_the_cases(void **state)
{
    (void)state;
    FILE *f = fopen(WHERRY_TEST_DATA "/jsonl_read.test", "r");
    struct case_text c = {0};
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    assert_non_null(f);
    while ((len = getline(&line, &size, f)) > 0) {
        line[len - 1] = '\0';
        take_line(&c, line);
    }
    run_case(&c);
    free(line);
    (void)fclose(f);
}

/* ---- what cases cannot say ---------------------------------------------------------------------------- */

/* Random records in three layouts give the same rows in chunks of any size. */
static void cuts_anywhere(void **state)
{
    (void)state;
    static const char *const layouts[][3] = {
        {"", "\n", "\n"}, {"[", ",\n", "]\n"}, {"", " ", ""}, {"\n", "\r\n\n", ""}};
    static const char *const values[] = {"1",
                                         "-2.5",
                                         "\"x\"",
                                         "null",
                                         "true",
                                         "[1,[2]]",
                                         "{\"q\":\"}],{[\\\"\"}",
                                         "\"\\\\\"",
                                         "\"\\\\\\\"[\"",
                                         "\"a longer text that goes over several blocks, {\\\\\""};
    uint32_t seed = 7;
    for (size_t layout = 0; layout < WH_COUNT(layouts); layout++) {
        struct opened o;
        struct wh_buffer text = {0};
        struct wh_error err;
        setup(&o);
        must(wh_buffer_append_text(&text, layouts[layout][0], &err), &err);
        for (int i = 0; i < 60; i++) {
            must(wh_buffer_printf(&text, &err, "%s{\"i\":%d", i == 0 ? "" : layouts[layout][1], i), &err);
            for (char key = 'a'; key < 'e'; key++) {
                seed = seed * 1664525 + 1013904223;
                const char *value = values[(seed >> 16) % WH_COUNT(values)];
                must(wh_buffer_printf(&text, &err, ",\"%c\":%s", key, value), &err);
            }
            must(wh_buffer_append_text(&text, "}", &err), &err);
        }
        must(wh_buffer_append_text(&text, layouts[layout][2], &err), &err);
        write_file(&o, text.data, text.size);
        char *wanted = read_all(&o, false);
        assert_non_null(strstr(wanted, "{\"i\":59,"));
        for (int64_t n = 1; n < 700; n += n < 140 ? 1 : 13) {
            o.ctx.chunk_bytes = n;
            char *got = read_all(&o, n % 2 == 0);
            assert_string_equal(got, wanted);
            free(got);
        }
        free(wanted);
        wh_buffer_release(&text);
        teardown(&o);
    }
}

/* 34 MiB of short lines with one record of another kind where no sample looks: behind the first window. */
static void write_long_file(struct opened *o, const char *odd)
{
    enum { LINES = 1000000, ODD_AT = 20000 };
    struct wh_buffer text = {0};
    struct wh_error err;
    for (int i = 0; i < LINES; i++) {
        if (i == ODD_AT)
            must(wh_buffer_append_text(&text, odd, &err), &err);
        must(wh_buffer_printf(&text, &err, "{\"a\":%d,\"b\":\"x\",\"pad\":\"0123456789\"}\n", i % 10), &err);
    }
    write_file(o, text.data, text.size);
    wh_buffer_release(&text);
}

static void widens(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    char *snapshot = NULL, notes[300];
    setup(&o);
    write_long_file(&o, "{\"a\":1.5,\"b\":\"x\",\"c\":true}\n");
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(o.stream->schema.n_fields, 3);
    assert_in_range((uint64_t)o.stream->rows, 950000, 1050000);
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_WIDEN);
    assert_int_equal(err.code, WH_OK);
    must(o.stream->ops->widen(o.stream, &err), &err);
    snprintf(notes, sizeof notes,
             "column \"a\" is float64, not int64, because of line 20001 of \"%s\"\n"
             "column \"c\" was added because of line 20001 of \"%s\"\n",
             o.path, o.path);
    must(wh_buffer_append(&o.notes, "", 1, &err), &err);
    assert_string_equal((char *)o.notes.data, notes);
    assert_int_equal(o.stream->schema.n_fields, 4);
    o.rows.size = 0;
    o.n_rows = 0;
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_END);
    assert_int_equal(o.n_rows, 1000001);
    assert_int_equal(o.n_rejects, 0);
    /* a resumed run has the widened types at once */
    must(o.stream->ops->snapshot(o.stream, &snapshot, &err), &err);
    close_stream(&o);
    must(open_stream(&o, snapshot, NULL, &err), &err);
    assert_int_equal(o.stream->schema.n_fields, 4);
    assert_int_equal(o.stream->schema.fields[0].type, WH_FLOAT64);
    free(snapshot);
    teardown(&o);
}

/* A late key of columns that are not read, or that are declared, needs no widening. */
static void widens_only_for_what_is_read(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    setup(&o);
    write_long_file(
        &o, "{\"a\":1,\"b\":{\"x\":1},\"c\":true}\n{\"a\":2,\"d\":\"2024-01-01\"}\n{\"a\":2,\"d\":7}\n");
    must(wh_split_list(&o.columns, "a,d", &err), &err);
    must(wh_schema_parse(&o.declared, "d:date", &err), &err);
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_END);
    assert_int_equal(o.n_rows, 1000002);
    assert_int_equal(o.n_rejects, 1);
    must(wh_buffer_append(&o.rejects, "", 1, &err), &err);
    assert_string_equal((char *)o.rejects.data,
                        "reject 20003 d: value does not fit the type date | {\"a\":2,\"d\":7}\n");
    teardown(&o);
}

/* What a pipe brings behind its first 16 MiB cannot change the types any more. */
static void rejects_late_misfits_of_pipes(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    struct wh_buffer text = {0};
    setup(&o);
    for (int i = 0; i < 600000; i++)
        must(wh_buffer_printf(&text, &err, "{\"a\":%d,\"b\":[{\"c\":\"01234567890123456\"}]}\n", i % 7),
             &err);
    must(wh_buffer_append_text(&text, "{\"a\":\"x\"}\n{\"b\":[{\"c\":1}]}\n{\"z\":1}\n{\"a\":5}\n", &err),
         &err);
    write_file(&o, text.data, text.size);
    wh_buffer_release(&text);
    o.files.files[0].is_pipe = true;
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_END);
    assert_int_equal(o.n_rows, 600001);
    must(wh_buffer_append(&o.rejects, "", 1, &err), &err);
    assert_string_equal((char *)o.rejects.data,
                        "reject 600001 a: value does not fit the type int64 | {\"a\":\"x\"}\n"
                        "reject 600002 b[].c: value does not fit the type text | {\"b\":[{\"c\":1}]}\n"
                        "reject 600003: key is not in the columns that were found \"z\" | {\"z\":1}\n");
    teardown(&o);
}

static void resumes(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"a\":1}\n{\"a\":2}\nbad\n{\"a\":3}\n{\"a\":4}\n",
                                        "[{\"a\":1},\n{\"a\":2},\nbad,\n{\"a\":3},\n{\"a\":4}]",
                                        "\xef\xbb\xbf{\n\"a\":1}{\"a\":2}\nbad\n{\"a\":3} {\"a\":4}"};
    for (size_t t = 0; t < WH_COUNT(texts); t++)
        for (size_t chunks = 1;; chunks++) {
            struct opened o;
            struct wh_error err = {0};
            char *snapshot = NULL, *after = NULL;
            setup(&o);
            o.ctx.chunk_bytes = 1;
            write_file(&o, texts[t], strlen(texts[t]));
            must(open_stream(&o, NULL, NULL, &err), &err);
            enum wh_status s = read_chunks(&o, chunks, false, &err);
            must(o.stream->ops->snapshot(o.stream, &snapshot, &err), &err);
            if (s == WH_OK) {
                o.stream->ops->close(o.stream);
                after = WH_TAKE(o.position);
                must(open_stream(&o, snapshot, after, &err), &err);
                assert_int_equal(read_chunks(&o, SIZE_MAX, true, &err), WH_END);
            }
            must(wh_buffer_append(&o.rows, "", 1, &err), &err);
            must(wh_buffer_append(&o.rejects, "", 1, &err), &err);
            assert_string_equal((char *)o.rows.data, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n");
            assert_string_equal((char *)o.rejects.data,
                                "reject 3: malformed JSON at byte 1: expected a value | bad\n");
            free(snapshot);
            free(after);
            teardown(&o);
            if (s == WH_END)
                break;
        }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    char *snapshot = NULL;
    setup(&o);
    write_file(&o, "{\"a\":1}\n", 8);
    must(wh_split_list(&o.columns, "a,b", &err), &err);
    assert_int_equal(open_stream(&o, NULL, NULL, &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not find column \"b\": no record that was looked at has it");
    wh_strv_free(o.columns);
    must(wh_split_list(&o.columns, "a,a", &err), &err);
    assert_int_equal(open_stream(&o, NULL, NULL, &err), WH_CONFIG);
    assert_string_equal(err.msg, "column \"a\" is asked for twice");
    wh_strv_free(o.columns);
    o.columns = NULL;
    assert_int_equal(open_stream(&o, NULL, "{\"index\":1}", &err), WH_STATE);
    assert_int_equal(open_stream(&o, "{}", NULL, &err), WH_STATE);
    assert_string_equal(err.msg, "could not go on: the files are not those that were read before");
    must(open_stream(&o, NULL, NULL, &err), &err);
    must(o.stream->ops->snapshot(o.stream, &snapshot, &err), &err);
    close_stream(&o);
    write_file(&o, "{\"a\":1}\n{\"a\":2}\n", 16);
    assert_int_equal(open_stream(&o, snapshot, NULL, &err), WH_STATE);
    assert_non_null(strstr(err.msg, "the file has changed since the run began"));
    free(snapshot);
    write_file(&o, "\xff\xfe{\0", 4);
    assert_int_equal(open_stream(&o, NULL, NULL, &err), WH_DATA);
    assert_non_null(strstr(err.msg, "it is UTF-16, JSON is UTF-8"));
    o.stream = NULL;
    teardown(&o);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct opened o;
    struct wh_error err = {0};
    struct wh_chunk chunk = {0};
    setup(&o);
    write_file(&o, "{\"a\":1}\nx\n{\"a\":1}\n", 18);
    must(open_stream(&o, NULL, NULL, &err), &err);
    o.max_rejects = 0;
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_LIMIT);
    assert_string_equal(err.msg, "too many rejects");
    close_stream(&o);
    must(open_stream(&o, NULL, NULL, &err), &err);
    must(o.stream->ops->next_chunk(o.stream, &chunk, &err), &err);
    o.cancelled = true;
    assert_int_equal(read_chunk(&o, &chunk, false, &err), WH_CANCELLED);
    o.cancelled = false;
    free(chunk.position);
    write_file(&o, "{\"a\":1}\nx\n{\"a\":1}\n{}", 20); /* changed while it was read */
    o.files.files[0].size--;
    assert_int_equal(o.stream->ops->finish(o.stream, &err), WH_DATA);
    teardown(&o);
}

/* Ten thousand columns, and records that have few of them. */
static void takes_many_columns(void **state)
{
    (void)state;
    enum { COLUMNS = 10000, SPARSE = 200000 };
    struct opened o;
    struct wh_buffer text = {0};
    struct wh_error err = {0};
    setup(&o);
    for (int row = 0; row < 20; row++) {
        for (int i = 0; i < COLUMNS; i++)
            must(wh_buffer_printf(&text, &err, "%s\"c%d\":%d", i == 0 ? "{" : ",", i, i + row), &err);
        must(wh_buffer_append_text(&text, "}\n", &err), &err);
    }
    for (int row = 0; row < SPARSE; row++)
        must(wh_buffer_printf(&text, &err, "{\"c%d\":1}\n", row % COLUMNS), &err);
    write_file(&o, text.data, text.size);
    o.budget.limit_bytes = 64 << 20;
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(o.stream->schema.n_fields, COLUMNS);
    struct wh_chunk chunk = {0};
    struct wh_reader *reader;
    struct wh_batch batch;
    must(o.stream->ops->next_chunk(o.stream, &chunk, &err), &err);
    must(o.stream->ops->open_chunk(&reader, o.stream, &chunk, &o.sink, &err), &err);
    must(wh_batch_init(&batch, &o.stream->schema, &o.budget, &err), &err);
    must(o.stream->ops->read(reader, &batch, &err), &err);
    must(wh_batch_check(&batch, &err), &err);
    assert_int_equal(wh_column_i64(&batch.columns[9999], 5), 9999 + 5);
    for (o.n_rows = batch.rows; o.stream->ops->read(reader, &batch, &err) == WH_OK;)
        o.n_rows += batch.rows;
    assert_int_equal(o.n_rows, SPARSE + 20);
    o.stream->ops->close_reader(reader);
    wh_batch_release(&batch);
    free(chunk.position);
    wh_buffer_release(&text);
    teardown(&o);
}

/* Objects used as maps, and nesting beyond what a schema holds, stay JSON text. */
static void bounds_the_schema(void **state)
{
    (void)state;
    struct opened o;
    struct wh_buffer text = {0};
    struct wh_error err = {0};
    char *rows;
    setup(&o);
    for (int i = 0; i < 3000; i++)
        must(wh_buffer_printf(&text, &err, "{\"i\":%d,\"map\":{\"key %d\":{\"x\":%d}}}\n", i, i, i), &err);
    must(wh_buffer_append_text(&text, "{\"deep\":", &err), &err);
    for (int i = 0; i < 200; i++)
        must(wh_buffer_append_text(&text, i % 2 == 0 ? "[" : "{\"k\":", &err), &err);
    must(wh_buffer_append_text(&text, "1", &err), &err);
    for (int i = 199; i >= 0; i--)
        must(wh_buffer_append_text(&text, i % 2 == 0 ? "]" : "}", &err), &err);
    must(wh_buffer_append_text(&text, "}\n", &err), &err);
    write_file(&o, text.data, text.size);
    rows = read_all(&o, false);
    assert_memory_equal(rows, "schema i:int64, map:json, deep:list<",
                        strlen("schema i:int64, map:json, deep:list<"));
    assert_non_null(strstr(rows, "{\"i\":2999,\"map\":{\"key 2999\":{\"x\":2999}},\"deep\":null}\n"));
    assert_null(strstr(rows, "reject"));
    free(rows);
    wh_buffer_release(&text);
    teardown(&o);
}

/* A hostile record asks for far more memory than it has bytes: the budget ends it. */
static void bounds_memory(void **state)
{
    (void)state;
    struct opened o;
    struct wh_buffer text = {0};
    struct wh_error err = {0};
    setup(&o);
    must(wh_buffer_append_text(&text, "{\"a\":[{", &err), &err);
    for (int i = 0; i < 900; i++)
        must(wh_buffer_printf(&text, &err, "%s\"k%d\":1", i == 0 ? "" : ",", i), &err);
    must(wh_buffer_append_text(&text, "}", &err), &err);
    for (int i = 0; i < 1000000; i++)
        must(wh_buffer_append_text(&text, ",{}", &err), &err);
    must(wh_buffer_append_text(&text, "]}\n", &err), &err);
    write_file(&o, text.data, text.size);
    o.budget.limit_bytes = 64 << 20;
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_LIMIT);
    assert_non_null(strstr(err.msg, "the memory budget of 64 MiB is used up"));
    wh_buffer_release(&text);
    teardown(&o);
}

/* A record beyond the limit is passed over without being held. */
static void passes_over_long_records(void **state)
{
    (void)state;
    static const char *const layouts[][3] = {{"", "\n", "\n"}, {"[", ",", "]"}, {" \n", " ", "\n"}};
    for (size_t layout = 0; layout < WH_COUNT(layouts); layout++) {
        struct opened o;
        struct wh_buffer text = {0};
        struct wh_error err = {0};
        char *rows;
        setup(&o);
        set_option(&o, "jsonl-max-record", "1MiB");
        o.ctx.chunk_bytes = 64 << 10;
        must(wh_buffer_printf(&text, &err, "%s{\"a\":1}%s{\"a\":2,\"b\":\"", layouts[layout][0],
                              layouts[layout][1]),
             &err);
        for (int i = 0; i < 1 << 20; i++)
            must(wh_buffer_append_text(&text, "01234\\\"],{}\\n", &err), &err);
        must(wh_buffer_printf(&text, &err, "\"}%s{\"a\":3}%s{\"a\":4}%s", layouts[layout][1],
                              layouts[layout][1], layouts[layout][2]),
             &err);
        write_file(&o, text.data, text.size);
        o.budget.limit_bytes = 8 << 20;
        rows = read_all(&o, false);
        if (strstr(rows, "{\"a\":1}\n{\"a\":3}\n{\"a\":4}\n") == NULL)
            fail_msg("layout %zu: %.300s", layout, rows);
        assert_non_null(strstr(rows, ": record is longer than jsonl-max-record | {\"a\":2,\"b\":\"01234"));
        assert_int_equal(o.budget.used_bytes, 0);
        char *again = read_all(&o, true);
        assert_string_equal(again, rows);
        free(rows);
        free(again);
        wh_buffer_release(&text);
        teardown(&o);
    }
}

static void reads_compressed_files(void **state)
{
    (void)state;
    static const enum wh_compression kinds[] = {WH_GZIP, WH_ZSTD, WH_LZ4, WH_BZIP2, WH_XZ};
    for (size_t k = 0; k < WH_COUNT(kinds); k++) {
        struct opened o;
        struct wh_buffer text = {0}, packed = {0};
        struct wh_error err = {0};
        setup(&o);
        for (int i = 0; i < 5000; i++)
            must(wh_buffer_printf(&text, &err, "{\"i\":%d,\"s\":\"%x\"}\n", i, i * 7919), &err);
        write_file(&o, text.data, text.size);
        char *wanted = read_all(&o, false);
        must(wh_compress_frame(kinds[k], 0, text.data, text.size, &packed, &err), &err);
        write_file(&o, packed.data, packed.size);
        assert_int_equal(o.files.files[0].compression, kinds[k]);
        o.ctx.chunk_bytes = 10000;
        for (int reopen = 0; reopen < 2; reopen++) {
            char *got = read_all(&o, reopen != 0);
            assert_string_equal(got, wanted);
            free(got);
        }
        free(wanted);
        wh_buffer_release(&text);
        wh_buffer_release(&packed);
        teardown(&o);
    }
}

/* Several files are one stream: the columns of all, chunks in the order of the files. */
static void joins_files(void **state)
{
    (void)state;
    struct opened a, b;
    struct wh_error err = {0};
    setup(&a);
    setup(&b);
    write_file(&a, "{\"x\":1}\n{\"x\":2}\n", 16);
    write_file(&b, "[{\"y\":\"t\"},{\"x\":2.5}]", 21);
    struct wh_file both[2] = {a.files.files[0], b.files.files[0]};
    struct opened o = a;
    o.ctx.budget = &o.budget;
    o.ctx.note_data = &o;
    o.files = (struct wh_file_set){both, 2};
    must(open_stream(&o, NULL, NULL, &err), &err);
    assert_int_equal(read_chunks(&o, SIZE_MAX, false, &err), WH_END);
    must(wh_buffer_append(&o.rows, "", 1, &err), &err);
    assert_string_equal((char *)o.rows.data, "{\"x\":1,\"y\":null}\n{\"x\":2,\"y\":null}\n"
                                             "{\"x\":null,\"y\":\"t\"}\n{\"x\":2.5,\"y\":null}\n");
    close_stream(&o);
    teardown(&a);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_cases),
        cmocka_unit_test(cuts_anywhere),
        cmocka_unit_test(widens),
        cmocka_unit_test(widens_only_for_what_is_read),
        cmocka_unit_test(rejects_late_misfits_of_pipes),
        cmocka_unit_test(resumes),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(takes_many_columns),
        cmocka_unit_test(bounds_the_schema),
        cmocka_unit_test(bounds_memory),
        cmocka_unit_test(passes_over_long_records),
        cmocka_unit_test(reads_compressed_files),
        cmocka_unit_test(joins_files),
    };
    return cmocka_run_group_tests_name("jsonl/read", tests, NULL, NULL);
}
