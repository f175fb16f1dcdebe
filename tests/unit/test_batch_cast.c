/* tests/unit/test_batch_cast.c - casts: the cases of data/cast.test, and random columns there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "batch/cast.h"
#include "batch/text.h"
#include "support/random_batch.h"

static struct wh_field type_of(const char *text)
{
    struct wh_error err;
    struct wh_field f = {0};
    if (wh_type_parse(&f, text, &err) != WH_OK)
        fail_msg("%s", err.msg);
    return f;
}

static struct wh_column column_of(const struct wh_field *f)
{
    struct wh_error err;
    struct wh_column c;
    assert_int_equal(wh_column_init(&c, f, NULL, &err), WH_OK);
    return c;
}

static void append_text(struct wh_column *c, const char *text)
{
    struct wh_error err;
    enum wh_status s = strcmp(text, "NULL") == 0 ? wh_column_append_null(c, &err)
                                                 : wh_value_parse(c, wh_slice_of(text), &err);
    if (s != WH_OK)
        fail_msg("%s", err.msg);
}

/* Text of value i, owned. */
static char *text_of(const struct wh_column *c, int64_t i)
{
    struct wh_error err;
    struct wh_buffer b = {0};
    char *text;
    if (wh_column_is_null(c, i))
        assert_int_equal(wh_buffer_append_text(&b, "NULL", &err), WH_OK);
    else
        assert_int_equal(wh_value_format(&b, c, i, &err), WH_OK);
    assert_int_equal(wh_buffer_take_text(&text, &b, &err), WH_OK);
    return text;
}

static void check_column(const struct wh_column *c)
{
    struct wh_error err;
    struct wh_schema s = {(struct wh_field *)(uintptr_t)c->field, 1};
    struct wh_batch b = {.schema = &s, .rows = c->length, .columns = (struct wh_column *)(uintptr_t)c};
    if (wh_batch_check(&b, &err) != WH_OK)
        fail_msg("%s", err.msg);
}

/* Casts `text` between n - 1 nulls in front of it and behind it, so that blocks and bitmaps matter. */
static void check_case(int line, char *const part[4], int64_t before)
{
    struct wh_error err;
    struct wh_field from = type_of(part[0]), to = type_of(part[2]);
    struct wh_column in = column_of(&from), out = column_of(&to);
    bool reject = strcmp(part[3], "REJECT") == 0;
    for (int64_t i = 0; i < 2 * before + 1; i++)
        append_text(&in, i == before ? part[1] : "NULL");
    WH_CLEANUP(wh_freep) uint8_t *bad = wh_alloc(wh_bitmap_bytes(in.length));
    int64_t n_bad = -1;
    enum wh_status s = wh_cast_column(&out, &in, bad, &n_bad, &err);
    if (strcmp(part[3], "NONE") == 0) {
        if (s != WH_CONFIG || wh_cast_class(&from, &to) != WH_CAST_NONE)
            fail_msg("line %d: the cast should be refused", line);
    } else {
        if (s != WH_OK)
            fail_msg("line %d: %s", line, err.msg);
        check_column(&out);
        assert_int_equal(out.length, in.length);
        WH_CLEANUP(wh_freep) char *text = text_of(&out, before);
        if (strcmp(text, reject ? "NULL" : part[3]) != 0)
            fail_msg("line %d: got %s instead of %s", line, text, part[3]);
        if (n_bad != reject || wh_bit_get(bad, before) != reject)
            fail_msg("line %d: %lld bad values", line, (long long)n_bad);
        if (reject && wh_cast_class(&from, &to) != WH_CAST_CHECKED)
            fail_msg("line %d: class says that every value fits", line);
        assert_int_equal(out.null_count, 2 * before + (reject || strcmp(part[3], "NULL") == 0));
    }
    wh_column_release(&in);
    wh_column_release(&out);
    wh_field_release(&from);
    wh_field_release(&to);
}

static char *trimmed(char *s)
{
    while (*s == ' ')
        s++;
    for (size_t n = strlen(s); n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\n'); n--)
        s[n - 1] = '\0';
    return s;
}

static void follows_the_cases(void **state)
{
    (void)state;
    FILE *file = fopen(WHERRY_TEST_DATA "/cast.test", "r");
    assert_non_null(file);
    char text[1024];
    int cases = 0;
    for (int line = 1; fgets(text, sizeof text, file) != NULL; line++) {
        char *part[4], *rest = text;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        for (size_t i = 0; i < WH_COUNT(part); i++) {
            part[i] = strsep(&rest, "|");
            if (part[i] == NULL)
                fail_msg("line %d: four parts expected", line);
            part[i] = trimmed(part[i]);
        }
        check_case(line, part, 0);
        check_case(line, part, 7);
        check_case(line, part, 300);
        cases++;
    }
    fclose(file);
    assert_true(cases > 150);
}

static void refuses_types_without_meaning(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_field from = type_of("list<date>"), to = type_of("list<int64>");
    assert_int_equal(wh_strdup(&from.name, "days", &err), WH_OK);
    struct wh_column in = column_of(&from), out = column_of(&to);
    int64_t n_bad = 77;
    assert_int_equal(wh_cast_column(&out, &in, NULL, &n_bad, &err), WH_CONFIG);
    assert_string_equal(err.msg,
                        "could not cast column \"days\" from list<date> to list<int64>: the types have no "
                        "value in common");
    assert_int_equal(n_bad, 77);
    wh_column_release(&in);
    wh_column_release(&out);
    wh_field_release(&from);
    wh_field_release(&to);
}

static void classifies(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum wh_cast_class c;
    } cases[] = {
        {"int64", "int64", WH_CAST_SAME},
        {"int8", "int64", WH_CAST_EXACT},
        {"uint8", "int16", WH_CAST_EXACT},
        {"uint8", "int8", WH_CAST_CHECKED},
        {"int8", "uint64", WH_CAST_CHECKED},
        {"uint64", "int64", WH_CAST_CHECKED},
        {"int32", "float64", WH_CAST_EXACT},
        {"int64", "float64", WH_CAST_CHECKED},
        {"int16", "float32", WH_CAST_EXACT},
        {"int32", "float32", WH_CAST_CHECKED},
        {"float32", "float64", WH_CAST_EXACT},
        {"float64", "float32", WH_CAST_CHECKED},
        {"int64", "decimal(19,0)", WH_CAST_EXACT},
        {"int64", "decimal(20,2)", WH_CAST_CHECKED},
        {"decimal(5,2)", "decimal(6,3)", WH_CAST_EXACT},
        {"decimal(5,2)", "decimal(5,3)", WH_CAST_CHECKED},
        {"decimal(5,2)", "float64", WH_CAST_CHECKED},
        {"date", "timestamp(s)", WH_CAST_EXACT},
        {"date", "timestamp(ns)", WH_CAST_CHECKED},
        {"time", "time(ns)", WH_CAST_EXACT},
        {"timestamp(s)", "timestamp(ns)", WH_CAST_CHECKED},
        {"timestamptz", "timestamptz(us,+02:00)", WH_CAST_EXACT},
        {"timestamptz", "timestamp", WH_CAST_CHECKED},
        {"uuid", "text", WH_CAST_EXACT},
        {"text", "uuid", WH_CAST_CHECKED},
        {"list<int8>", "list<int64>", WH_CAST_EXACT},
        {"list<int64>", "list<int8>", WH_CAST_CHECKED},
        {"list<int8>", "list<int8 not null>", WH_CAST_CHECKED},
        {"list<int8>", "list<date>", WH_CAST_NONE},
        {"struct<a:int8>", "struct<a:int8,b:int8>", WH_CAST_EXACT},
        {"struct<a:int8>", "struct<a:int8,b:int8 not null>", WH_CAST_CHECKED},
        {"struct<a:int8,b:int8>", "struct<a:int8>", WH_CAST_CHECKED},
        {"map<int8,text>", "map<text,text>", WH_CAST_EXACT},
        {"map<int8,text>", "list<text>", WH_CAST_NONE},
        {"bool", "date", WH_CAST_NONE},
        {"null", "date", WH_CAST_EXACT},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_field from = type_of(cases[i].from), to = type_of(cases[i].to);
        if (wh_cast_class(&from, &to) != cases[i].c)
            fail_msg("%s to %s: class %d", cases[i].from, cases[i].to, (int)wh_cast_class(&from, &to));
        to.nullable = false;
        assert_int_equal(wh_cast_class(&from, &to), WH_MAX(cases[i].c, WH_CAST_CHECKED));
        wh_field_release(&from);
        wh_field_release(&to);
    }
}

/* Null for a field that must not have any is bad, by whatever way it is cast. */
static void refuses_nulls(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"int64", "int64"}, {"int64", "int8"},
                                           {"int8", "text"},   {"null", "date"},
                                           {"text", "int8"},   {"list<int8>", "list<int16>"},
                                           {"json", "text"},   {"struct<>", "struct<a:int8>"}};
    for (size_t i = 0; i < WH_COUNT(pairs); i++) {
        struct wh_error err;
        struct wh_field from = type_of(pairs[i][0]), to = type_of(pairs[i][1]);
        to.nullable = false;
        struct wh_column in = column_of(&from), out = column_of(&to);
        for (int k = 0; k < 10; k++)
            append_text(&in, "NULL");
        uint8_t bad[2] = {0};
        int64_t n_bad;
        assert_int_equal(wh_cast_column(&out, &in, bad, &n_bad, &err), WH_OK);
        check_column(&out);
        assert_int_equal(n_bad, 10);
        assert_int_equal(out.null_count, 10);
        assert_int_equal(bad[0], 0xff);
        assert_int_equal(bad[1], 3);
        wh_column_release(&in);
        wh_column_release(&out);
        wh_field_release(&from);
        wh_field_release(&to);
    }
}

/* Casts in to the type of `to` into out (initialised here) and gives the number of bad values. */
static int64_t cast(struct wh_column *out, const struct wh_column *in, const struct wh_field *to)
{
    struct wh_error err;
    WH_CLEANUP(wh_freep) uint8_t *bad = wh_alloc(wh_bitmap_bytes(in->length));
    int64_t n_bad;
    *out = column_of(to);
    if (wh_cast_column(out, in, bad, &n_bad, &err) != WH_OK)
        fail_msg("%s", err.msg);
    check_column(out);
    assert_int_equal(wh_bitmap_count(bad, in->length), n_bad);
    return n_bad;
}

/* Type and text of the first value that has become null. */
static const char *first_lost(const struct wh_column *back, const struct wh_column *text)
{
    static char said[500];
    wh_type_format(back->field, said, 200);
    int64_t i = 0;
    while (!wh_column_is_null(back, i) || wh_column_is_null(text, i))
        i++;
    size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, " %.*s", (int)wh_column_slice(text, i).len,
             wh_column_slice(text, i).ptr);
    return said;
}

/* Every type to text, json and binary-free copies of itself and back. */
static void comes_back(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 7, 300, 65536};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct wh_error err;
        uint64_t state_of = seed * 6151;
        struct wh_schema s = {0};
        assert_int_equal(random_schema(&s, &state_of, seed % 3 == 0 ? RANDOM_ALL_TYPES : 0, &err), WH_OK);
        struct wh_batch b;
        assert_int_equal(wh_batch_init(&b, &s, NULL, &err), WH_OK);
        int64_t rows = seed == 3 ? 65536 : sizes[seed % 3];
        assert_int_equal(random_rows(&b, rows, &state_of, &err), WH_OK);
        for (size_t i = 0; i < s.n_fields; i++) {
            const struct wh_field *f = &s.fields[i];
            if (f->type == WH_NULL || f->type == WH_BINARY)
                continue;
            struct wh_field text = type_of(seed % 2 == 0 && f->n_children > 0 ? "json" : "text");
            struct wh_column there, back;
            char why[300];
            assert_int_equal(cast(&there, &b.columns[i], &text), 0);
            if (cast(&back, &there, f) != 0)
                fail_msg("seed %llu: %s does not come back", (unsigned long long)seed,
                         first_lost(&back, &there));
            if (!columns_equal(&b.columns[i], &back, why, sizeof why))
                fail_msg("seed %llu: %s", (unsigned long long)seed, why);
            wh_column_release(&there);
            wh_column_release(&back);
            wh_field_release(&text);
        }
        wh_batch_release(&b);
        wh_schema_release(&s);
    }
}

/* A value that arrives by a checked cast comes back as itself by the cast the other way round. */
static void casts_of_numbers_are_reversible(void **state)
{
    (void)state;
    static const char *const types[] = {"int8",          "int16",         "int32",         "int64",
                                        "uint8",         "uint16",        "uint32",        "uint64",
                                        "float32",       "float64",       "decimal(5,2)",  "decimal(18,0)",
                                        "decimal(18,9)", "decimal(38,4)", "decimal(76,20)"};
    uint64_t seed = 99;
    for (size_t a = 0; a < WH_COUNT(types); a++) {
        for (size_t b = 0; b < WH_COUNT(types); b++) {
            struct wh_error err;
            struct wh_schema s = {0};
            struct wh_field to = type_of(types[b]);
            char column[64], why[300];
            snprintf(column, sizeof column, "c:%s", types[a]);
            assert_int_equal(wh_schema_parse(&s, column, &err), WH_OK);
            struct wh_batch in;
            assert_int_equal(wh_batch_init(&in, &s, NULL, &err), WH_OK);
            assert_int_equal(random_rows(&in, 1000, &seed, &err), WH_OK);
            struct wh_column there, back;
            int64_t n_bad = cast(&there, &in.columns[0], &to);
            if (n_bad > 0 && wh_cast_class(&s.fields[0], &to) != WH_CAST_CHECKED)
                fail_msg("%s to %s is not exact", types[a], types[b]);
            assert_int_equal(cast(&back, &there, &s.fields[0]), 0);
            for (int64_t i = 0; i < 1000; i++) {
                WH_CLEANUP(wh_freep) char *x = text_of(&in.columns[0], i), *y = text_of(&back, i);
                if (!wh_column_is_null(&back, i) && strcmp(x, y) != 0)
                    fail_msg("%s to %s: %s became %s", types[a], types[b], x, y);
            }
            if (n_bad == 0 && !columns_equal(&in.columns[0], &back, why, sizeof why))
                fail_msg("%s to %s: %s", types[a], types[b], why);
            wh_column_release(&there);
            wh_column_release(&back);
            wh_batch_release(&in);
            wh_schema_release(&s);
            wh_field_release(&to);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_cases), cmocka_unit_test(refuses_types_without_meaning),
        cmocka_unit_test(classifies),        cmocka_unit_test(refuses_nulls),
        cmocka_unit_test(comes_back),        cmocka_unit_test(casts_of_numbers_are_reversible),
    };
    return cmocka_run_group_tests_name("batch/cast", tests, NULL, NULL);
}
