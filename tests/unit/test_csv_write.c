/* tests/unit/test_csv_write.c - batches to CSV: exact bytes for each style, and random batches there and
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/time.h"
#include "batch/text.h"
#include "format/csv/format_cell.h"
#include "support/csv_reading.h"
#include "support/random_batch.h"

/* ---- writing ------------------------------------------------------------------------------------ */

struct rejects {
    struct wh_reject_sink sink;
    struct wh_buffer text;
};

static enum wh_status take_reject(struct wh_reject_sink *sink, const struct wh_reject *r,
                                  struct wh_error *err)
{
    struct rejects *me = (struct rejects *)(void *)sink;
    return wh_buffer_printf(&me->text, err, "%s: %s | %.*s\n", r->column, r->reason, (int)r->text.len,
                            r->text.ptr);
}

/* The file that holds the batch, or "error ..."; options as in struct csv_reading. */
static void write_csv(struct wh_buffer *out, struct wh_buffer *rejects, const char *options,
                      const struct wh_batch *b)
{
    const struct wh_encoder_ops *ops = wh_format_csv.encoder;
    struct wh_budget budget = {0};
    struct wh_context ctx = {.budget = &budget};
    struct wh_config *config;
    struct wh_encoder *e;
    struct wh_part *part;
    struct wh_error err;
    struct rejects sink = {.sink.add = take_reject};
    csv_must(csv_configure(&config, options, &err), &err);
    if (ops->open(&e, b->schema, config, &ctx, &err) != WH_OK) {
        csv_must(wh_buffer_printf(out, &(struct wh_error){0}, "error %s", err.msg), &err);
        wh_config_free(config);
        return;
    }
    csv_must(ops->begin_file(e, out, &err), &err);
    size_t head = out->size;
    csv_must(ops->open_part(&part, e, &sink.sink, &err), &err);
    csv_must(ops->write(part, b, &err), &err);
    csv_must(ops->seal(part, &err), &err);
    csv_must(wh_buffer_append(out, part->bytes.data, part->bytes.size, &err), &err);
    csv_must(ops->end_file(e, NULL, 0, out->size, part->rows, out, &err), &err);
    assert_int_equal(out->size, head + part->bytes.size);
    ops->close_part(part);
    ops->close(e);
    wh_config_free(config);
    assert_int_equal(budget.used_bytes, 0);
    if (rejects != NULL)
        wh_buffer_move(rejects, &sink.text);
    wh_buffer_release(&sink.text);
}

/* ---- styles ------------------------------------------------------------------------------------- */

static const struct {
    const char *label, *options, *schema;
    const char *rows[4]; /* values between '|', "-" for null */
    const char *expected;
} styles[] = {
    {"plain", NULL, "a:int64,b:text", {"1|x", "-5|two words"}, "a,b\n1,x\n-5,two words\n"},
    {"null and empty", NULL, "a:int64,b:text", {"-|-", "0|"}, "a,b\n,\n0,\"\"\n"},
    {"quotes where needed",
     NULL,
     "b:text,c:text",
     {"x,y|a\"b", "a\nb|a\rb"},
     "b,c\n\"x,y\",\"a\"\"b\"\n\"a\nb\",\"a\rb\"\n"},
    {"all quoted", "csv-quoting=all\n", "a:int64,b:text", {"1|x", "-|-"}, "\"a\",\"b\"\n\"1\",\"x\"\n,\n"},
    {"strings quoted",
     "csv-quoting=strings\n",
     "a:int64,b:text",
     {"1|x", "2|-"},
     "\"a\",\"b\"\n1,\"x\"\n2,\n"},
    {"a word for null",
     "csv-null=NA\n",
     "a:int64,b:text",
     {"-|NA", "1|x", "2|"},
     "a,b\nNA,\"NA\"\n1,x\n2,\n"},
    {"a number for null",
     "csv-null=0\n",
     "a:int64,b:decimal(5,1)",
     {"-|0.0", "0|-", "10|1.0"},
     "a,b\n0,0.0\n\"0\",0\n10,1.0\n"},
    {"tabs", "csv-delimiter=tab\n", "a:text,b:text", {"x,y|a\tb"}, "a\tb\nx,y\t\"a\tb\"\n"},
    {"a delimiter in numbers",
     "csv-delimiter=.\n",
     "a:decimal(5,1),b:date",
     {"1.5|2024-01-02"},
     "a.b\n\"1.5\".2024-01-02\n"},
    {"a delimiter in dates",
     "csv-delimiter=-\n",
     "a:int32,b:date",
     {"-5|2024-01-02"},
     "a-b\n\"-5\"-\"2024-01-02\"\n"},
    {"CRLF", "csv-line-end=crlf\n", "a:int64,b:text", {"1|x\ny"}, "a,b\r\n1,\"x\ny\"\r\n"},
    {"no header", "csv-header=false\n", "a:int64", {"1", "-"}, "1\n\n"},
    {"single quotes", "csv-quote='\n", "a:text", {"it's", "a\"b"}, "a\n'it''s'\na\"b\n"},
    {"safe",
     "csv-safe=true\n",
     "a:text,b:int64",
     {"=1+1|-5", "@x,y|6", "+|7", "a=b|8"},
     "a,b\n'=1+1,-5\n\"'@x,y\",6\n'+,7\na=b,8\n"},
    {"safe and quoted",
     "csv-safe=true\ncsv-quoting=all\n",
     "a:text,b:int64",
     {"=1|-5"},
     "\"a\",\"b\"\n\"'=1\",\"-5\"\n"},
    {"binary, uuid, json",
     NULL,
     "a:binary,b:uuid,c:json",
     {"\\x00ff|00112233-4455-6677-8899-aabbccddeeff|[1,2]"},
     "a,b,c\n\\x00ff,00112233-4455-6677-8899-aabbccddeeff,\"[1,2]\"\n"},
    {"integers",
     NULL,
     "a:int8,b:int16,c:int32,d:int64",
     {"-128|-32768|-2147483648|-9223372036854775808", "127|32767|2147483647|9223372036854775807", "0|9|10|99",
      "100|999|1000|1000000"},
     "a,b,c,d\n-128,-32768,-2147483648,-9223372036854775808\n127,32767,2147483647,9223372036854775807\n0,9,"
     "10,99\n100,999,1000,1000000\n"},
    {"unsigned integers",
     NULL,
     "a:uint8,b:uint16,c:uint32,d:uint64",
     {"255|65535|4294967295|18446744073709551615"},
     "a,b,c,d\n255,65535,4294967295,18446744073709551615\n"},
    {"decimals",
     NULL,
     "a:decimal(4,2),b:decimal(18,18),c:decimal(20,0),d:decimal(76,3)",
     {"-0.05|0.000000000000000001|-7|1.000", "12.30|-0.500000000000000000|0|-99.999"},
     "a,b,c,d\n-0.05,0.000000000000000001,-7,1.000\n12.30,-0.500000000000000000,0,-99.999\n"},
    {"times",
     NULL,
     "a:time,b:timestamp,c:timestamptz(ns),d:bool",
     {"01:02:03.5|2024-01-02 03:04:05|2024-01-02T03:04:05.000000001Z|true"},
     "a,b,c,d\n01:02:03.500,2024-01-02T03:04:05,2024-01-02T03:04:05.000000001Z,true\n"},
    {"no quotes",
     "csv-quote=none\n",
     "a:int64",
     {NULL},
     "error could not write CSV without quotes: text may hold delimiters"},
    {"one byte for two",
     "csv-quote=;\ncsv-delimiter=;\n",
     "a:int64",
     {NULL},
     "error options \"csv-delimiter\" and \"csv-quote\" have the same value"},
};

static void fill(struct wh_batch *b, const char *const rows[4])
{
    struct wh_error err;
    for (size_t r = 0; r < 4 && rows[r] != NULL; r++) {
        const char *p = rows[r];
        for (size_t c = 0; c < b->schema->n_fields; c++) {
            size_t n = strcspn(p, "|");
            if (n == 1 && *p == '-')
                csv_must(wh_column_append_null(&b->columns[c], &err), &err);
            else
                csv_must(wh_value_parse(&b->columns[c], wh_slice(p, n), &err), &err);
            p += n + (p[n] == '|');
        }
        b->rows++;
    }
}

static void each_style(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(styles); i++) {
        struct wh_schema schema = {0};
        struct wh_batch b = {0};
        struct wh_buffer out = {0};
        struct wh_error err;
        csv_must(wh_schema_parse(&schema, styles[i].schema, &err), &err);
        csv_must(wh_batch_init(&b, &schema, NULL, &err), &err);
        fill(&b, styles[i].rows);
        write_csv(&out, NULL, styles[i].options, &b);
        csv_must(wh_buffer_append(&out, "", 1, &err), &err);
        if (strcmp((char *)out.data, styles[i].expected) != 0)
            fail_msg("%s: got\n%s\ninstead of\n%s", styles[i].label, (char *)out.data, styles[i].expected);
        wh_buffer_release(&out);
        wh_batch_release(&b);
        wh_schema_release(&schema);
    }
}

static void quotes_odd_names(void **state)
{
    (void)state;
    static const char *const names[] = {"#a", "", "x\"y", "two words", "a,b"};
    struct wh_schema schema = {0};
    struct wh_batch b = {0};
    struct wh_buffer out = {0};
    struct wh_error err;
    for (size_t i = 0; i < WH_COUNT(names); i++) {
        struct wh_field f = {0};
        csv_must(wh_field_init(&f, names[i], WH_INT64, &err), &err);
        csv_must(wh_schema_add(&schema, &f, &err), &err);
    }
    csv_must(wh_batch_init(&b, &schema, NULL, &err), &err);
    write_csv(&out, NULL, NULL, &b);
    const char *expected = "\"#a\",\"\",\"x\"\"y\",two words,\"a,b\"\n";
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.data, expected, out.size);
    wh_buffer_release(&out);
    wh_batch_release(&b);
    wh_schema_release(&schema);
}

static void rejects_nul_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *rejects;
    } cases[] = {
        {"a:int64,b:text", "b: CSV cannot hold the NUL byte in this text | {\"a\":2,\"b\":\"x\\u0000\"}\n"},
        {"a:binary,b:text",
         "b: CSV cannot hold the NUL byte in this text | {\"a\":\"Mg==\",\"b\":\"x\\u0000\"}\n"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema schema = {0};
        struct wh_batch b = {0};
        struct wh_buffer out = {0}, rejects = {0};
        struct wh_error err;
        csv_must(wh_schema_parse(&schema, cases[i].schema, &err), &err);
        csv_must(wh_batch_init(&b, &schema, NULL, &err), &err);
        for (int64_t r = 1; r <= 3; r++) {
            char digit = (char)('0' + r);
            if (i == 0)
                csv_must(wh_column_append(&b.columns[0], &r, &err), &err);
            else
                csv_must(wh_column_append_bytes(&b.columns[0], &digit, 1, &err), &err);
            csv_must(wh_column_append_bytes(&b.columns[1], "x\0", r == 2 ? 2 : 1, &err), &err);
        }
        b.rows = 3;
        write_csv(&out, &rejects, "csv-header=false\n", &b);
        const char *expected = i == 0 ? "1,x\n3,x\n" : "\\x31,x\n\\x33,x\n";
        assert_int_equal(out.size, strlen(expected));
        assert_memory_equal(out.data, expected, out.size);
        assert_int_equal(rejects.size, strlen(cases[i].rejects));
        assert_memory_equal(rejects.data, cases[i].rejects, rejects.size);
        wh_buffer_release(&out);
        wh_buffer_release(&rejects);
        wh_batch_release(&b);
        wh_schema_release(&schema);
    }
}

static void all_days(void **state)
{
    (void)state;
    const struct wh_field field = {.name = (char[]){"d"}, .type = WH_DATE32};
    const struct wh_csv_style style = {.delimiter = ',', .quote = '"'};
    for (int32_t days = -719528 - 500; days <= 2932896 + 500; days++) {
        struct wh_column c = {.field = &field, .length = 1, .data = {.data = (uint8_t *)&days, .size = 4}};
        struct wh_csv_cell cell;
        char got[WH_TIME_TEXT], expected[WH_TIME_TEXT];
        assert_true(wh_csv_cell_init(&cell, &c, &style));
        size_t n = wh_format_date(expected, days);
        assert_int_equal(cell.put(got, &cell, 0) - got, n);
        assert_memory_equal(got, expected, n);
    }
}

/* Text with and without vector code. */
static void same_text(void **state)
{
    (void)state;
    static const char bytes[] = "aaaaaaaaaaaaaaaabcdefgh,\"\r\n=";
    uint64_t seed = 17;
    for (size_t i = 0; i < 100000; i++) {
        char text[128] = {0}, got[2][400];
        size_t n = random_below(&seed, 70), len[2];
        for (size_t k = 0; k < n; k++)
            text[k] = bytes[random_below(&seed, random_below(&seed, 3) == 0 ? sizeof bytes : 16)];
        for (int level = 0; level < 2; level++) {
            struct wh_csv_style s = {.delimiter = ',', .quote = '"', .safe = i % 2 == 0, .null = {"", 0}};
            s.level = level == 0 ? WH_CSV_PORTABLE : wh_csv_best_level();
            char *end = wh_csv_put_text(got[level], &s, wh_slice(text, n));
            len[level] = end == NULL ? SIZE_MAX : (size_t)(end - got[level]);
            assert_true(end == NULL || len[level] <= 2 * n + 3);
        }
        assert_int_equal(len[0], len[1]);
        if (len[0] != SIZE_MAX)
            assert_memory_equal(got[0], got[1], len[0]);
    }
}

/* ---- there and back ----------------------------------------------------------------------------- */

static void read_back(struct wh_batch *out, const struct wh_buffer *csv, const char *options,
                      const struct wh_schema *schema)
{
    _Atomic bool cancelled = false;
    struct wh_budget budget = {0};
    struct wh_context ctx = {.budget = &budget, .cancelled = &cancelled, .chunk_bytes = 5000};
    char path[] = "/tmp/wherry-write-XXXXXX";
    struct wh_file file;
    struct wh_file_set set = {.files = &file, .n_files = 1};
    struct wh_config *config;
    struct wh_error err = {0};
    struct wh_stream *s;
    struct wh_reader *reader;
    struct wh_chunk chunk = {0};
    struct wh_batch b = {0};
    struct rejects sink = {.sink.add = take_reject};
    int fd = mkstemp(path);
    assert_int_equal(write(fd, csv->data, csv->size), (ssize_t)csv->size);
    close(fd);
    csv_must(wh_file_init(&file, path, &err), &err);
    csv_must(csv_configure(&config, options, &err), &err);
    const struct wh_stream_request req = {.config = config, .declared = schema};
    csv_must(wh_format_csv.open_stream(&s, &set, &req, &ctx, &err), &err);
    csv_must(wh_batch_init(&b, &s->schema, NULL, &err), &err);
    while (s->ops->next_chunk(s, &chunk, &err) == WH_OK) {
        csv_must(s->ops->open_chunk(&reader, s, &chunk, &sink.sink, &err), &err);
        enum wh_status status;
        while ((status = s->ops->read(reader, &b, &err)) == WH_OK) {
            csv_must(wh_batch_append(out, &b, 0, b.rows, &err), &err);
        }
        assert_int_equal(status, WH_END);
        s->ops->close_reader(reader);
        free(chunk.position);
        chunk.position = NULL;
    }
    wh_buffer_release(&chunk.data);
    csv_must(err.code, &err);
    if (sink.text.size > 0)
        fail_msg("rejected: %.*s", (int)sink.text.size, (char *)sink.text.data);
    wh_batch_release(&b);
    s->ops->close(s);
    wh_config_free(config);
    wh_file_release(&file);
    unlink(path);
}

static void there_and_back(void **state)
{
    (void)state;
    static const char *const options[] = {
        "csv-header=true\ncsv-delimiter=,\ncsv-encoding=utf-8\ncsv-comment=none\ncsv-escape=none\ncsv-quote="
        "\"\ncsv-null=\n",
        "csv-header=true\ncsv-delimiter=tab\ncsv-encoding=utf-8\ncsv-comment=none\ncsv-escape=none\ncsv-"
        "quote='\n"
        "csv-null=NULL\ncsv-line-end=crlf\ncsv-quoting=strings\n",
        "csv-header=true\ncsv-delimiter=;\ncsv-encoding=utf-8\ncsv-comment=none\ncsv-escape=none\ncsv-quote="
        "\"\n"
        "csv-null=\ncsv-quoting=all\n",
    };
    uint64_t seed = 23;
    for (size_t round = 0; round < 150; round++) {
        struct wh_schema schema = {0};
        struct wh_batch b = {0}, back = {0};
        struct wh_buffer csv = {0};
        struct wh_error err;
        char why[256];
        unsigned flags = RANDOM_NO_NESTED | RANDOM_WITHOUT(WH_NULL) | (round % 5 == 0 ? RANDOM_ALL_TYPES : 0);
        csv_must(random_schema(&schema, &seed, flags, &err), &err);
        csv_must(wh_batch_init(&b, &schema, NULL, &err), &err);
        csv_must(wh_batch_init(&back, &schema, NULL, &err), &err);
        csv_must(random_rows(&b, (int64_t)random_below(&seed, 400), &seed, &err), &err);
        write_csv(&csv, NULL, options[round % WH_COUNT(options)], &b);
        read_back(&back, &csv, options[round % WH_COUNT(options)], &schema);
        if (!batches_equal(&b, &back, why, sizeof why))
            fail_msg("round %zu: %s\n%.*s", round, why, (int)WH_MIN(csv.size, 3000), (char *)csv.data);
        wh_buffer_release(&csv);
        wh_batch_release(&b);
        wh_batch_release(&back);
        wh_schema_release(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_style), cmocka_unit_test(quotes_odd_names), cmocka_unit_test(rejects_nul_bytes),
        cmocka_unit_test(all_days),   cmocka_unit_test(same_text),        cmocka_unit_test(there_and_back),
    };
    return cmocka_run_group_tests_name("csv/write", tests, NULL, NULL);
}
