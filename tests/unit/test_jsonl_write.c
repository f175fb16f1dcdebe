/* tests/unit/test_jsonl_write.c - batches to lines of JSON, and back again. */
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
#include "support/random_batch.h"

static _Atomic bool cancelled;

static void drop_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void drop_note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static void must(enum wh_status status, const struct wh_error *err)
{
    if (status != WH_OK)
        fail_msg("%s: %s", wh_status_name(status), err->msg);
}

static struct wh_config *config_of(const char *name, const char *value)
{
    static const struct wh_option *tables[] = {wh_jsonl_read_options, wh_jsonl_write_options, NULL};
    struct wh_config *cfg;
    struct wh_error err;
    must(wh_config_new(&cfg, tables, &err), &err);
    if (name != NULL)
        must(wh_config_set(cfg, name, value, &err), &err);
    return cfg;
}

/* Collects rejects as "column: reason | text" lines. */
struct collector {
    struct wh_reject_sink sink;
    struct wh_buffer text;
};

static enum wh_status collect(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    struct collector *c = (struct collector *)sink;
    return wh_buffer_printf(&c->text, err, "%s: %s | %.*s\n", r->column == NULL ? "" : r->column, r->reason,
                            (int)r->text.len, r->text.ptr);
}

/* The batch as text; rejects are appended to `rejects` when it is given, else none may come. */
static void encode(struct wh_buffer *out, const struct wh_batch *b, const struct wh_config *cfg,
                   struct wh_buffer *rejects)
{
    const struct wh_encoder_ops *ops = wh_format_jsonl.encoder;
    struct wh_context ctx = {.cancelled = &cancelled, .note = drop_note};
    struct collector c = {.sink.add = collect};
    struct wh_encoder *e;
    struct wh_part *p;
    struct wh_error err;
    must(ops->open(&e, b->schema, cfg, &ctx, &err), &err);
    must(ops->begin_file(e, out, &err), &err);
    must(ops->open_part(&p, e, &c.sink, &err), &err);
    must(ops->write(p, b, &err), &err);
    must(ops->seal(p, &err), &err);
    must(wh_buffer_append(out, p->bytes.data, p->bytes.size, &err), &err);
    int64_t rows = p->rows, lines = 0;
    for (size_t i = 0; i < out->size; i++)
        lines += out->data[i] == '\n';
    assert_int_equal(rows, lines);
    ops->close_part(p);
    must(ops->end_file(e, NULL, 0, out->size, rows, out, &err), &err);
    ops->close(e);
    if (rejects == NULL)
        assert_int_equal(c.text.size, 0);
    else
        must(wh_buffer_append(rejects, c.text.data, c.text.size, &err), &err);
    wh_buffer_release(&c.text);
}

/* ---- values ------------------------------------------------------------------------------------------- */

/* One column of a type with one value, given by its text; NULL is null. */
static void one_value(struct wh_schema *schema, struct wh_batch *b, const char *type, const char *value)
{
    struct wh_error err;
    char columns[256];
    *schema = (struct wh_schema){0};
    snprintf(columns, sizeof columns, "v:%s", type);
    must(wh_schema_parse(schema, columns, &err), &err);
    must(wh_batch_init(b, schema, NULL, &err), &err);
    if (value == NULL)
        must(wh_column_append_null(&b->columns[0], &err), &err);
    else
        must(wh_value_parse(&b->columns[0], wh_slice_of(value), &err), &err);
    b->rows = 1;
}

static void writes_values(void **state)
{
    (void)state;
    static const struct {
        const char *type, *value, *line;
    } cases[] = {
        {"int64", "-9223372036854775808", "{\"v\":-9223372036854775808}\n"},
        {"uint64", "18446744073709551615", "{\"v\":18446744073709551615}\n"},
        {"int8", "-128", "{\"v\":-128}\n"},
        {"int64", NULL, "{\"v\":null}\n"},
        {"null", NULL, "{\"v\":null}\n"},
        {"bool", "true", "{\"v\":true}\n"},
        {"float64", "1", "{\"v\":1.0}\n"},
        {"float64", "-0", "{\"v\":-0.0}\n"},
        {"float64", "0.1", "{\"v\":0.1}\n"},
        {"float64", "1e300", "{\"v\":1e300}\n"},
        {"float32", "0.1", "{\"v\":0.1}\n"},
        {"decimal(38,10)", "-1234567890123456789012345678.0123456789",
         "{\"v\":-1234567890123456789012345678.0123456789}\n"},
        {"decimal(5,0)", "12345", "{\"v\":12345}\n"},
        {"text", "", "{\"v\":\"\"}\n"},
        {"text", "\"\\/\b\f\n\r\t\x01\x1f\x7f", "{\"v\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"}\n"},
        {"text", "é€😀", "{\"v\":\"é€😀\"}\n"},
        {"text", "0123456789abcde\"", "{\"v\":\"0123456789abcde\\\"\"}\n"},
        {"text", "0123456789abcdef\"0123456789abcdef\n",
         "{\"v\":\"0123456789abcdef\\\"0123456789abcdef\\n\"}\n"},
        {"json", "{\"a\": [1,\n2]}", "{\"v\":{\"a\": [1, 2]}}\n"},
        {"json", "\"x\\ny\"", "{\"v\":\"x\\ny\"}\n"},
        {"binary", "\\x00ff10", "{\"v\":\"AP8Q\"}\n"},
        {"uuid", "123e4567-e89b-12d3-a456-426614174000",
         "{\"v\":\"123e4567-e89b-12d3-a456-426614174000\"}\n"},
        {"date", "2024-02-29", "{\"v\":\"2024-02-29\"}\n"},
        {"time(us)", "12:00:00.5", "{\"v\":\"12:00:00.500\"}\n"},
        {"timestamp(ns)", "2024-01-01 00:00:00.000000001", "{\"v\":\"2024-01-01T00:00:00.000000001\"}\n"},
        {"timestamptz(s)", "2024-01-01T00:00:00Z", "{\"v\":\"2024-01-01T00:00:00Z\"}\n"},
        {"interval", "P1Y2DT3S", "{\"v\":\"P1Y2DT3S\"}\n"},
        {"list<int64>", "[1,null,3]", "{\"v\":[1,null,3]}\n"},
        {"list<int64>", "[]", "{\"v\":[]}\n"},
        {"struct<a:int64,b:list<text>>", "{\"a\":null,\"b\":[\"x\"]}",
         "{\"v\":{\"a\":null,\"b\":[\"x\"]}}\n"},
        {"map<text,int64>", "{\"k\\\"\":1,\"l\":null}", "{\"v\":{\"k\\\"\":1,\"l\":null}}\n"},
        {"map<int64,struct<a:bool>>", "{\"-1\":{\"a\":true}}", "{\"v\":{\"-1\":{\"a\":true}}}\n"},
    };
    struct wh_config *cfg = config_of(NULL, NULL);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema schema;
        struct wh_batch b;
        struct wh_buffer out = {0};
        struct wh_error err;
        one_value(&schema, &b, cases[i].type, cases[i].value);
        encode(&out, &b, cfg, NULL);
        must(wh_buffer_append(&out, "", 1, &err), &err);
        assert_string_equal((char *)out.data, cases[i].line);
        wh_buffer_release(&out);
        wh_batch_release(&b);
        wh_schema_release(&schema);
    }
    wh_config_free(cfg);
}

static void keeps_to_the_policies(void **state)
{
    (void)state;
    static const struct {
        const char *option, *setting, *type, *value, *out, *reject;
    } cases[] = {
        {NULL, NULL, "float64", "NaN", "", "v: JSON has no NaN and no infinity | {\"v\":\"NaN\"}\n"},
        {NULL, NULL, "float32", "-Infinity", "",
         "v: JSON has no NaN and no infinity | {\"v\":\"-Infinity\"}\n"},
        {"jsonl-nonfinite", "null", "float64", "NaN", "{\"v\":null}\n", ""},
        {"jsonl-nonfinite", "string", "float64", "Infinity", "{\"v\":\"Infinity\"}\n", ""},
        {"jsonl-nonfinite", "string", "float32", "NaN", "{\"v\":\"NaN\"}\n", ""},
        {"jsonl-nonfinite", "string", "float64", "1.5", "{\"v\":1.5}\n", ""},
        {"jsonl-nulls", "omit", "int64", NULL, "{}\n", ""},
        {"jsonl-nulls", "omit", "int64", "1", "{\"v\":1}\n", ""},
        {"jsonl-nulls", "omit", "struct<a:int64,b:int64>", "{\"a\":null,\"b\":1}", "{\"v\":{\"b\":1}}\n", ""},
        {"jsonl-nulls", "omit", "list<int64>", "[null]", "{\"v\":[null]}\n", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_config *cfg = config_of(cases[i].option, cases[i].setting);
        struct wh_schema schema;
        struct wh_batch b;
        struct wh_buffer out = {0}, rejects = {0};
        struct wh_error err;
        one_value(&schema, &b, cases[i].type, cases[i].value);
        encode(&out, &b, cfg, &rejects);
        must(wh_buffer_append(&out, "", 1, &err), &err);
        must(wh_buffer_append(&rejects, "", 1, &err), &err);
        assert_string_equal((char *)out.data, cases[i].out);
        assert_string_equal((char *)rejects.data, cases[i].reject);
        wh_buffer_release(&out);
        wh_buffer_release(&rejects);
        wh_batch_release(&b);
        wh_schema_release(&schema);
        wh_config_free(cfg);
    }
}

/* A row that cannot be written leaves nothing behind; those around it arrive. */
static void rejects_single_rows(void **state)
{
    (void)state;
    static const char *const texts[] = {"good", "bad \xff",
                                        "long enough to be copied in parts, bad: \xed\xa0\x80", "fine"};
    struct wh_config *cfg = config_of(NULL, NULL);
    struct wh_schema schema = {0};
    struct wh_batch b;
    struct wh_buffer out = {0}, rejects = {0};
    struct wh_error err;
    must(wh_schema_parse(&schema, "i:int64,t:text", &err), &err);
    must(wh_batch_init(&b, &schema, NULL, &err), &err);
    for (int64_t i = 0; i < (int64_t)WH_COUNT(texts); i++) {
        must(wh_column_append(&b.columns[0], &i, &err), &err);
        must(wh_column_append_bytes(&b.columns[1], texts[i], strlen(texts[i]), &err), &err);
    }
    b.rows = WH_COUNT(texts);
    encode(&out, &b, cfg, &rejects);
    must(wh_buffer_append(&out, "", 1, &err), &err);
    must(wh_buffer_append(&rejects, "", 1, &err), &err);
    assert_string_equal((char *)out.data, "{\"i\":0,\"t\":\"good\"}\n{\"i\":3,\"t\":\"fine\"}\n");
    assert_non_null(strstr((char *)rejects.data, "t: text is not valid UTF-8 | {\"i\":1,"));
    assert_non_null(strstr((char *)rejects.data, "t: text is not valid UTF-8 | {\"i\":2,"));
    wh_buffer_release(&out);
    wh_buffer_release(&rejects);
    wh_batch_release(&b);
    wh_schema_release(&schema);
    wh_config_free(cfg);
}

static void refuses_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *message;
    } cases[] = {
        {"a", "a", "could not write JSON: two columns have the name \"a\""},
        {"a", "b\xff", "could not write column \"b\xff\" as JSON: its name is not valid UTF-8"},
    };
    struct wh_config *cfg = config_of(NULL, NULL);
    struct wh_context ctx = {.cancelled = &cancelled, .note = drop_note};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema schema = {0};
        struct wh_field f;
        struct wh_encoder *e;
        struct wh_error err;
        must(wh_field_init(&f, cases[i].first, WH_INT64, &err), &err);
        must(wh_schema_add(&schema, &f, &err), &err);
        must(wh_field_init(&f, cases[i].second, WH_INT64, &err), &err);
        must(wh_schema_add(&schema, &f, &err), &err);
        assert_int_equal(wh_format_jsonl.encoder->open(&e, &schema, cfg, &ctx, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].message);
        wh_schema_release(&schema);
    }
    wh_config_free(cfg);
}

/* ---- round trips -------------------------------------------------------------------------------------- */

static enum wh_status no_reject(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    (void)sink;
    return wh_fail(err, WH_DATA, "line %llu, column %s: %s: %.*s", (unsigned long long)r->line,
                   r->column == NULL ? "" : r->column, r->reason, (int)WH_MIN(r->text.len, (size_t)3000),
                   r->text.ptr);
}

/* Reads all rows of text into out, which is initialised with schema; types are declared or found. */
static void read_back(struct wh_batch *out, struct wh_schema *schema, const struct wh_buffer *text,
                      bool declared, const struct wh_config *cfg)
{
    struct wh_context ctx = {.cancelled = &cancelled, .note = drop_note, .chunk_bytes = 5000};
    struct wh_reject_sink sink = {no_reject};
    struct wh_file file;
    struct wh_stream *s;
    struct wh_error err = {0};
    char path[] = "/tmp/wherry-jsonl-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text->data, text->size), text->size);
    close(fd);
    must(wh_file_init(&file, path, &err), &err);
    struct wh_file_set files = {&file, 1};
    struct wh_stream_request req = {.config = cfg, .declared = declared ? schema : NULL};
    must(wh_format_jsonl.open_stream(&s, &files, &req, &ctx, &err), &err);
    if (!declared)
        must(wh_schema_copy(schema, &s->schema, &err), &err);
    must(wh_batch_init(out, schema, NULL, &err), &err);
    for (;;) {
        struct wh_chunk chunk = {0};
        struct wh_reader *reader;
        struct wh_batch b;
        enum wh_status status = s->ops->next_chunk(s, &chunk, &err);
        if (status == WH_END)
            break;
        must(status, &err);
        must(s->ops->open_chunk(&reader, s, &chunk, &sink, &err), &err);
        must(wh_batch_init(&b, &s->schema, NULL, &err), &err);
        while ((status = s->ops->read(reader, &b, &err)) == WH_OK)
            must(wh_batch_append(out, &b, 0, b.rows, &err), &err);
        if (status != WH_END)
            fail_msg("%s: %s", wh_status_name(status), err.msg);
        s->ops->close_reader(reader);
        wh_batch_release(&b);
        free(chunk.position);
    }
    s->ops->close(s);
    wh_file_release(&file);
    unlink(path);
}

/* Every type, by its declared type: what was written comes back as the same values. */
static void round_trips_declared_types(void **state)
{
    (void)state;
    struct wh_config *cfg = config_of("jsonl-nonfinite", "string");
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed;
        struct wh_schema schema = {0};
        struct wh_batch b, back;
        struct wh_buffer text = {0};
        struct wh_error err;
        char why[400];
        must(random_schema(&schema, &random, seed % 3 == 0 ? RANDOM_ALL_TYPES : 0, &err), &err);
        for (size_t i = 0; i < schema.n_fields; i++) { /* names of their own */
            free(schema.fields[i].name);
            char name[32];
            snprintf(name, sizeof name, "column \"%zu\"\n", i);
            must(wh_strdup(&schema.fields[i].name, name, &err), &err);
        }
        must(wh_batch_init(&b, &schema, NULL, &err), &err);
        must(random_rows(&b, 200, &random, &err), &err);
        encode(&text, &b, cfg, NULL);
        read_back(&back, &schema, &text, true, cfg);
        if (!batches_equal(&b, &back, why, sizeof why))
            fail_msg("seed %d: %s", (int)seed, why);
        wh_batch_release(&back);
        wh_batch_release(&b);
        wh_buffer_release(&text);
        wh_schema_release(&schema);
    }
    wh_config_free(cfg);
}

/* What was written, read without knowing the types and written again, is the same text. */
static void round_trips_found_types(void **state)
{
    (void)state;
    static const unsigned unlike = RANDOM_WITHOUT(WH_FLOAT32) | RANDOM_WITHOUT(WH_STRUCT) |
                                   RANDOM_WITHOUT(WH_MAP) | RANDOM_WITHOUT(WH_DECIMAL);
    struct wh_config *cfg = config_of("jsonl-nonfinite", "null");
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed * 77;
        struct wh_schema schema = {0}, found = {0};
        struct wh_batch b, back;
        struct wh_buffer text = {0}, again = {0};
        struct wh_error err;
        must(random_schema(&schema, &random, unlike, &err), &err);
        must(wh_batch_init(&b, &schema, NULL, &err), &err);
        must(random_rows(&b, 300, &random, &err), &err);
        encode(&text, &b, cfg, NULL);
        read_back(&back, &found, &text, false, cfg);
        assert_int_equal(back.rows, b.rows);
        encode(&again, &back, cfg, NULL);
        assert_int_equal(again.size, text.size);
        assert_memory_equal(again.data, text.data, text.size);
        wh_batch_release(&back);
        wh_batch_release(&b);
        wh_buffer_release(&text);
        wh_buffer_release(&again);
        wh_schema_release(&schema);
        wh_schema_release(&found);
    }
    wh_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_values),
        cmocka_unit_test(keeps_to_the_policies),
        cmocka_unit_test(rejects_single_rows),
        cmocka_unit_test(refuses_schemas),
        cmocka_unit_test(round_trips_declared_types),
        cmocka_unit_test(round_trips_found_types),
    };
    return cmocka_run_group_tests_name("jsonl/write", tests, NULL, NULL);
}
