/* test_engine_filter.c - conditions on rows: which rows pass, what is refused, bounds for pruning. */
#include "engine/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "batch/builder.h"
#include "batch/text.h"

static const char schema_text[] =
    "id:int64,small:int8,tiny:uint8,big:uint64,price:decimal(9,2),wide:decimal(38,4),huge:decimal(76,10),"
    "ratio:float64,weight:float32,name:text,doc:json,raw:binary,flag:bool,day:date,at:timestamp,"
    "instant:timestamptz(ms),clock:time,key:uuid,span:interval,tags:list<int64>,\"two "
    "words\":int32,nothing:null,"
    "old_price:decimal(18,4),nano:timestamp(ns),Total:int32";

/* Rows as texts in the order of the schema; "" is null. */
static const char *const rows[][25] = {
    {"1",
     "-128",
     "0",
     "18446744073709551615",
     "10.50",
     "10.5000",
     "10.5000000000",
     "1.5",
     "0.1",
     "apple",
     "{\"a\":1}",
     "\\x00ff",
     "true",
     "2024-01-01",
     "2024-01-01T00:00:00",
     "2024-01-01T00:00:00Z",
     "12:30:00",
     "00000000-0000-0000-0000-000000000001",
     "P1M",
     "[1]",
     "7",
     "",
     "10.5000",
     "2024-01-01T00:00:00.000000001",
     "1"},
    {"2",
     "0",
     "128",
     "9223372036854775808",
     "-0.01",
     "-99999999999999999999999999999999.9999",
     "-0.0000000001",
     "NaN",
     "NaN",
     "Banana",
     "[]",
     "\\x",
     "false",
     "1969-12-31",
     "1969-12-31T23:59:59.999999",
     "1969-12-31T23:59:59.999Z",
     "00:00:00",
     "ffffffff-0000-0000-0000-000000000000",
     "P30D",
     "[]",
     "8",
     "",
     "-0.0099",
     "1969-12-31T23:59:59.999999",
     "2"},
    {"3",
     "127",
     "255",
     "0",
     "9999999.99",
     "0.0000",
     "999999999999999999999999999999999999999999999999999999999999999999.9999999999",
     "-Infinity",
     "Infinity",
     "\xc3\xa4pfel 100%",
     "null",
     "\\x0102",
     "true",
     "9999-12-31",
     "9999-12-31T23:59:59.999999",
     "2262-01-01T00:00:00Z",
     "23:59:59.999999",
     "12345678-1234-1234-1234-123456789abc",
     "PT0S",
     "[1,2]",
     "9",
     "",
     "10000000.0000",
     "2000-01-01T00:00:00",
     "3"},
    {"-9223372036854775808",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     "",
     ""},
};

struct table {
    struct wh_schema schema;
    struct wh_batch batch;
};

/* The rows, repeated as often as wanted. */
static void fill(struct table *t, int repeat)
{
    struct wh_error err;
    *t = (struct table){.batch = {0}};
    assert_int_equal(wh_schema_parse(&t->schema, schema_text, &err), WH_OK);
    assert_int_equal(t->schema.n_fields, WH_COUNT(rows[0]));
    assert_int_equal(wh_batch_init(&t->batch, &t->schema, NULL, &err), WH_OK);
    for (int k = 0; k < repeat; k++) {
        for (size_t r = 0; r < WH_COUNT(rows); r++) {
            for (size_t i = 0; i < t->schema.n_fields; i++) {
                struct wh_column *c = &t->batch.columns[i];
                enum wh_status s = rows[r][i][0] == '\0' ? wh_column_append_null(c, &err)
                                                         : wh_value_parse(c, wh_slice_of(rows[r][i]), &err);
                if (s != WH_OK)
                    fail_msg("row %zu: %s", r, err.msg);
            }
            t->batch.rows++;
        }
    }
}

static void empty(struct table *t)
{
    wh_batch_release(&t->batch);
    wh_schema_release(&t->schema);
}

/* Which rows pass, as a word of 0 and 1 ("1010" when repeated as many times as there are rows / 4). */
static void check_rows(const struct table *t, const char *condition, const char *want)
{
    struct wh_error err;
    struct wh_filter *f;
    struct wh_buffer scratch = {0};
    uint8_t keep[512];
    int64_t n_kept, n_want = 0;
    memset(keep, 0xAA, sizeof keep);
    if (wh_filter_parse(&f, condition, &t->schema, &err) != WH_OK)
        fail_msg("%s: %s", condition, err.msg);
    assert_int_equal(wh_filter_apply(f, &t->batch, keep, &n_kept, &scratch, &err), WH_OK);
    for (int64_t i = 0; i < t->batch.rows; i++) {
        bool wanted = want[(size_t)i % WH_COUNT(rows)] == '1';
        n_want += wanted;
        if (wh_bit_get(keep, i) != wanted)
            fail_msg("%s: row %d is %s", condition, (int)i, wanted ? "dropped" : "kept");
    }
    for (int64_t i = t->batch.rows; i < (int64_t)wh_bitmap_bytes(t->batch.rows) * 8; i++)
        assert_false(wh_bit_get(keep, i));
    assert_int_equal(keep[wh_bitmap_bytes(t->batch.rows)], 0xAA);
    assert_int_equal(n_kept, n_want);
    wh_buffer_release(&scratch);
    wh_filter_free(f);
}

static const struct {
    const char *condition, *rows;
} passing[] = {
    /* whole numbers */
    {"id = 1", "1000"},
    {"id <> 1", "0111"},
    {"id != 1", "0111"},
    {"1 == id", "1000"},
    {"2 < id", "0010"},
    {"id >= 2", "0110"},
    {"id <= -9223372036854775808", "0001"},
    {"id < -9223372036854775808", "0000"},
    {"id > 99999999999999999999999999", "0000"},
    {"not id > 99999999999999999999999999", "1111"},
    {"id < 1e100", "1111"},
    {"id > -1e1000", "1111"},
    {"id > 1.5", "0110"},
    {"id >= 1.5", "0110"},
    {"id < 1.5", "1001"},
    {"id <= 1.5", "1001"},
    {"id = 1.5", "0000"},
    {"id <> 1.5", "1111"},
    {"id = 1.0", "1000"},
    {"id = 10e-1", "1000"},
    {"id = '3'", "0010"},
    {"small = -128", "1000"},
    {"small < -128", "0000"},
    {"small >= -128", "1110"},
    {"small >= -1e3", "1110"},
    {"small <= 127", "1110"},
    {"small > -0.5", "0110"},
    {"small >= -0.5", "0110"},
    {"small < -0.5", "1000"},
    {"tiny > 127", "0110"},
    {"tiny >= -1", "1110"},
    {"tiny = 256", "0000"},
    {"big > 9223372036854775807", "1100"},
    {"big = 18446744073709551615", "1000"},
    {"big < 18446744073709551616", "1110"},
    {"\"two words\" = 8", "0100"},
    {"TOTAL = 2", "0100"},
    {"\"Total\" = 2", "0100"},
    /* decimals */
    {"price = 10.5", "1000"},
    {"price = 10.50000", "1000"},
    {"price > 10.499", "1010"},
    {"price > 10.501", "0010"},
    {"price < 10.501", "1100"},
    {"price < -0.005", "0100"},
    {"price >= -0.015", "1110"},
    {"price <= -0.015", "0000"},
    {"price = 10.501", "0000"},
    {"price < 1e40", "1110"},
    {"wide = 10.5", "1000"},
    {"wide < -99999999999999999999999999999999.9998", "0100"},
    {"wide between 0 and 10.5", "1010"},
    {"huge = 999999999999999999999999999999999999999999999999999999999999999999.9999999999", "0010"},
    {"huge < 0", "0100"},
    {"huge > 1e65", "0010"},
    {"huge < 1e66", "1110"},
    {"not (huge < 1e66)", "0000"},
    /* floating point */
    {"ratio = 1.5", "1000"},
    {"ratio <> 1.5", "0110"},
    {"ratio < 2", "1010"},
    {"ratio < 1.5", "0010"},
    {"ratio <= 1.5", "1010"},
    {"ratio > -1e400", "1000"},
    {"ratio >= '-Infinity'", "1010"},
    {"ratio = 'NaN'", "0000"},
    {"ratio <> 'NaN'", "1110"},
    {"weight = 0.1", "1000"},
    {"weight > 0.1", "0010"},
    {"weight >= 0.1", "1010"},
    {"weight = 'Infinity'", "0010"},
    {"weight < 'Infinity'", "1000"},
    {"ratio = ratio", "1010"},
    {"ratio <> ratio", "0100"},
    {"ratio > weight", "1000"},
    /* text */
    {"name = 'apple'", "1000"},
    {"name < 'b'", "1100"},
    {"name >= 'apple'", "1010"},
    {"name > ''", "1110"},
    {"name like 'a%'", "1000"},
    {"name like '%an%'", "0100"},
    {"name like '%a%e'", "1000"},
    {"name like '_pfel%'", "0010"},
    {"name like 'appl_'", "1000"},
    {"name like '%100\\%'", "0010"},
    {"name like '%0\\%%'", "0010"},
    {"name like 'apple'", "1000"},
    {"name like '%'", "1110"},
    {"name like ''", "0000"},
    {"name not like '%a%'", "0010"},
    {"name in ('apple', 'x', 'Banana')", "1100"},
    {"name not in ('apple', 'x', 'Banana')", "0010"},
    {"name = 'O''Brien'", "0000"},
    {"doc = '[]'", "0100"},
    {"raw = '\\x0102'", "0010"},
    {"raw < '\\x01'", "1100"},
    {"key = '12345678-1234-1234-1234-123456789ABC'", "0010"},
    {"key > '12345678-1234-1234-1234-123456789abb'", "0110"},
    {"span = 'P1M'", "1000"},
    {"span <> 'PT0S'", "1100"},
    /* bool and logic */
    {"flag", "1010"},
    {"not flag", "0100"},
    {"flag = false", "0100"},
    {"flag <> false", "1010"},
    {"true", "1111"},
    {"not true", "0000"},
    {"null", "0000"},
    {"not null", "0000"},
    {"flag and null", "0000"},
    {"flag or null", "1010"},
    {"not (flag and null)", "0100"},
    {"not (flag or null)", "0000"},
    {"id = 1 or id = 2 and flag", "1000"},
    {"(id = 1 or id = 2) and flag", "1000"},
    {"(id = 1 or id = 2) and not flag", "0100"},
    {"not not id = 1", "1000"},
    {"not (id = 1 or small = 0)", "0010"},
    {"not (id = 1 and small = -128)", "0111"},
    {"NOT id = 1 AND Flag", "0010"},
    {"(((id))) = (1)", "1000"},
    {"1 = 1", "1111"},
    {"1 = 1.00", "1111"},
    {"1 > 2", "0000"},
    {"'a' < 'b'", "1111"},
    {"null = 1", "0000"},
    {"id = null", "0000"},
    {"not id = null", "0000"},
    /* null */
    {"name is null", "0001"},
    {"name is not null", "1110"},
    {"not name is null", "1110"},
    {"nothing is null", "1111"},
    {"nothing = 1", "0000"},
    {"tags is not null", "1110"},
    {"1 is null", "0000"},
    {"null is null", "1111"},
    /* sets and ranges */
    {"id in (1, 3, 7)", "1010"},
    {"id not in (1, 3, 7)", "0101"},
    {"id in (1, null)", "1000"},
    {"id not in (1, null)", "0000"},
    {"id in (1.5, 2, 2, 3.0)", "0110"},
    {"id not in (1.5, 2)", "1011"},
    {"id in (1)", "1000"},
    {"id in (id)", "1111"},
    {"id in (9, \"two words\")", "0000"},
    {"small in (-128, 127, 5, 6)", "1010"},
    {"big in (18446744073709551615, 0, 5)", "1010"},
    {"price in (10.5, -0.01)", "1100"},
    {"ratio in (1.5, 2)", "1000"},
    {"wide in (0, 10.5)", "1010"},
    {"flag in (true)", "1010"},
    {"3 in (id, small)", "0010"},
    {"day in ('2024-01-01', '9999-12-31', '2000-01-01')", "1010"},
    {"id between 1 and 2", "1100"},
    {"id not between 1 and 2", "0011"},
    {"id between 2 and 1", "0000"},
    {"small between -1 and null", "0000"},
    {"small not between 5 and null", "1100"},
    /* times */
    {"day = '2024-01-01'", "1000"},
    {"day = date '2024-01-01'", "1000"},
    {"day < '1970-01-01'", "0100"},
    {"at = '2024-01-01'", "1000"},
    {"at = '2024-01-01 00:00:00'", "1000"},
    {"at >= date '2024-01-01'", "1010"},
    {"at < timestamp '1970-01-01T00:00:00'", "0100"},
    {"at > '1969-12-31 23:59:59.9999989'", "1110"},
    {"at < '1969-12-31 23:59:59.9999995'", "0100"},
    {"at = '1969-12-31 23:59:59.9999990'", "0100"},
    {"at = '1969-12-31 23:59:59.9999995'", "0000"},
    {"at <= '9999-12-31 23:59:59.9999999'", "1110"},
    {"instant = '2024-01-01 01:00:00+01:00'", "1000"},
    {"instant = '2024-01-01'", "1000"},
    {"instant >= timestamp '2024-01-01 00:00:00Z'", "1010"},
    {"nano > '2024-01-01'", "1000"},
    {"nano <= '2024-01-01'", "0110"},
    {"nano < '9999-01-01'", "1110"},
    {"nano > '9999-01-01'", "0000"},
    {"clock = '12:30:00'", "1000"},
    {"clock > time '23:59:59.9999989'", "0010"},
    {"clock < '00:00:00.0000001'", "0100"},
    /* two columns */
    {"id = Total", "1110"},
    {"big > id", "1100"},
    {"price = wide", "1000"},
    {"price <> wide", "0110"},
    {"price = huge", "1000"},
    {"huge > price", "0110"},
    {"price >= id", "1010"},
    {"id < huge", "1010"},
    {"price < old_price", "0110"},
    {"at < nano", "1000"},
    {"name = name", "1110"},
    {"flag = flag", "1110"},
    {"key <> key", "0000"},
    {"nothing = id", "0000"},
};

static void rows_pass(void **state)
{
    (void)state;
    static const int repeats[] = {1, 16, 17, 47};
    for (size_t k = 0; k < WH_COUNT(repeats); k++) {
        struct table t;
        fill(&t, repeats[k]);
        for (size_t i = 0; i < WH_COUNT(passing); i++)
            check_rows(&t, passing[i].condition, passing[i].rows);
        empty(&t);
    }
}

static void no_rows_are_fine(void **state)
{
    (void)state;
    struct table t;
    fill(&t, 0);
    for (size_t i = 0; i < WH_COUNT(passing); i++)
        check_rows(&t, passing[i].condition, "0000");
    empty(&t);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *condition, *reason, *hint;
    } cases[] = {
        {"", "character 1: a column or value is missing at the end", ""},
        {"id", "character 1: column \"id\" is int64 and cannot stand alone as a condition", ""},
        {"5", "character 1: a value is no condition", ""},
        {"idd = 1", "character 1: there is no column \"idd\"", "did you mean \"id\"?"},
        {"id = 1 and totl = 2", "character 12: there is no column \"totl\"", "did you mean \"Total\"?"},
        {"\"ID\" = 1", "character 1: there is no column \"ID\"", "did you mean \"id\"?"},
        {"xyzzy = 1", "character 1: there is no column \"xyzzy\"", ""},
        {"id =", "character 5: a column or value is missing at the end", ""},
        {"id = = 1", "character 6: a column or value is expected before \"=\"", ""},
        {"id 1", "character 4: and, or, or the end is expected before \"1\"", ""},
        {"id = 1 name = 'a'", "character 8: and, or, or the end is expected before \"name\"", ""},
        {"(id = 1", "character 8: a closing bracket is missing at the end", ""},
        {"id = 'abc'", "character 6: \"abc\" is no number, or has too many digits", ""},
        {"id = true", "character 6: a number is expected here", ""},
        {"id = date '2024-01-01'", "character 6: a number is expected here", ""},
        {"ratio = 'abc'", "character 9: \"abc\" is no number", ""},
        {"name = 5", "character 8: column \"name\" is text and cannot be compared with this value",
         "write the value in single quotes"},
        {"name = 'a", "character 8: the quote ' has no end", ""},
        {"name like 5", "character 11: like needs a pattern in single quotes", ""},
        {"id like '1%'", "character 1: column \"id\" is int64 and cannot be matched by like", ""},
        {"'a' like 'a'", "character 1: like needs a column on its left", ""},
        {"day = '2024-02-30'", "character 7: \"2024-02-30\" is no date", ""},
        {"day = timestamp '2024-01-01 00:00:00'", "character 7: a date is expected here, like '2024-12-31'",
         ""},
        {"day = 5", "character 7: a date is expected here, like '2024-12-31'", ""},
        {"at = 'noon'", "character 6: \"noon\" is no timestamp", ""},
        {"at = date 'noon'", "character 6: \"noon\" is no date", ""},
        {"at = '2024-01-01 00:00:00Z'",
         "character 6: the timestamp has a zone, but column \"at\" is local time", ""},
        {"clock = '24:00:00'", "character 9: \"24:00:00\" is no time", ""},
        {"key = 'abc'", "character 7: \"abc\" is no uuid", ""},
        {"raw = 'abc'", "character 7: \"abc\" is no binary", ""},
        {"span < 'P1M'", "character 8: column \"span\" is interval and cannot be put in order", ""},
        {"flag = 1",
         "character 8: column \"flag\" is bool and cannot be compared with anything but true and false", ""},
        {"flag < true", "character 8: column \"flag\" is bool and cannot be put in order", ""},
        {"tags = 1", "character 1: column \"tags\" is list<int64> and cannot be compared", ""},
        {"id = name", "character 6: column \"id\" is int64 and cannot be compared with text", ""},
        {"price = ratio", "character 9: column \"price\" is decimal(9,2) and cannot be compared with float64",
         ""},
        {"at = instant",
         "character 6: column \"at\" is timestamp and cannot be compared: one of the columns has a time "
         "zone, the "
         "other has none",
         ""},
        {"(id = 1) = (id = 2)", "character 2: a condition cannot be compared", ""},
        {"(id = 1) is null", "character 2: is null needs a column on its left", ""},
        {"1 = 'a'", "character 1: one side of a comparison must be a column", ""},
        {"id in ()", "character 8: a column or value is expected before \")\"", ""},
        {"id in 1", "character 7: an opening bracket is expected before \"1\"", ""},
        {"id in (1 2)", "character 10: a comma or closing bracket is expected before \"2\"", ""},
        {"id between 1 or 2", "character 14: and is expected before \"or\"", ""},
        {"id is 5", "character 7: null or not null is expected before \"5\"", ""},
        {"id not 5", "character 8: in, between or like is expected before \"5\"", ""},
        {"id = 5x", "character 6: a number ends in \"x\"", ""},
        {"id = 1.2.3", "character 6: a number ends in \".\"", ""},
        {"id = - name", "character 8: a number is expected before \"name\"", ""},
        {"id ; drop", "character 4: \";\" is not expected here", ""},
        {"id = 1 and", "character 11: a column or value is missing at the end", ""},
        {"select = 1", "character 1: there is no column \"select\"", ""},
        {"and = 1", "character 1: a column or value is expected before \"and\"", ""},
    };
    struct table t;
    fill(&t, 0);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_filter *f;
        char want[512];
        if (wh_filter_parse(&f, cases[i].condition, &t.schema, &err) != WH_CONFIG)
            fail_msg("%s: was compiled", cases[i].condition);
        snprintf(want, sizeof want, "could not use condition \"%s\": %s", cases[i].condition,
                 cases[i].reason);
        assert_string_equal(err.msg, want);
        assert_string_equal(err.hint, cases[i].hint);
    }
    empty(&t);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    static char text[100000];
    struct table t;
    struct wh_error err;
    struct wh_filter *f;
    fill(&t, 0);
    memset(text, '(', sizeof text - 1);
    assert_int_equal(wh_filter_parse(&f, text, &t.schema, &err), WH_CONFIG);
    for (size_t i = 0; i + 5 < sizeof text; i += 4)
        memcpy(text + i, "not ", 5);
    assert_int_equal(wh_filter_parse(&f, text, &t.schema, &err), WH_CONFIG);
    size_t n = 0;
    for (int i = 0; i < 5000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%sid = %d", i == 0 ? "" : " or ", i);
    assert_int_equal(wh_filter_parse(&f, text, &t.schema, &err), WH_OK);
    wh_filter_free(f);
    empty(&t);
}

static void lists_its_columns(void **state)
{
    (void)state;
    struct table t;
    struct wh_error err;
    struct wh_filter *f;
    fill(&t, 0);
    assert_int_equal(
        wh_filter_parse(&f, "total > 1 and id = total or \"two words\" is null", &t.schema, &err), WH_OK);
    const char *const *names = wh_filter_columns(f);
    assert_string_equal(names[0], "Total");
    assert_string_equal(names[1], "id");
    assert_string_equal(names[2], "two words");
    assert_null(names[3]);
    wh_filter_free(f);
    assert_int_equal(wh_filter_parse(&f, "true", &t.schema, &err), WH_OK);
    assert_null(wh_filter_columns(f)[0]);
    wh_filter_free(f);
    wh_filter_free(NULL);
    empty(&t);
}

/* "column op value; ..." */
static void check_bounds(const struct table *t, const char *condition, const char *want)
{
    static const char *const signs[] = {
        [WH_LT] = "<", [WH_LE] = "<=", [WH_EQ] = "=", [WH_GE] = ">=", [WH_GT] = ">"};
    struct wh_error err;
    struct wh_filter *f;
    struct wh_buffer text = {0};
    const struct wh_predicate *p;
    size_t n;
    if (wh_filter_parse(&f, condition, &t->schema, &err) != WH_OK)
        fail_msg("%s: %s", condition, err.msg);
    wh_filter_predicates(f, &p, &n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p[i].value->length, 1);
        assert_int_equal(
            wh_buffer_printf(&text, &err, "%s%s %s ", i == 0 ? "" : "; ", p[i].column, signs[p[i].op]),
            WH_OK);
        assert_int_equal(wh_value_format(&text, p[i].value, 0, &err), WH_OK);
    }
    assert_int_equal(wh_buffer_append(&text, "", 1, &err), WH_OK);
    if (strcmp((char *)text.data, want) != 0)
        fail_msg("%s: got %s, want %s", condition, (char *)text.data, want);
    wh_buffer_release(&text);
    wh_filter_free(f);
}

static void gives_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *condition, *bounds;
    } cases[] = {
        {"id > 5", "id >= 6"},
        {"id < 5.5 and flag", "id <= 5; flag = true"},
        {"id = 5 and (name >= 'a' and price <> 3) and day > '2024-01-01'",
         "id = 5; name >= a; day >= 2024-01-02"},
        {"id = 5 or name = 'a'", ""},
        {"not (id > 5 or small <= 3)", ""},
        {"not flag", "flag = false"},
        {"id <> 5", ""},
        {"id in (7, -3, 4)", "id >= -3; id <= 7"},
        {"big in (18446744073709551615, 1)", "big >= 1; big <= 18446744073709551615"},
        {"name in ('b', 'a', 'c')", "name >= a; name <= c"},
        {"name like 'ab%c'", "name >= ab"},
        {"name like '%ab'", ""},
        {"ratio < 1.5", "ratio <= 1.4999999999999998"},
        {"weight > 0.5", "weight >= 0.50000006"},
        {"ratio = 1.5", "ratio = 1.5"},
        {"id >= -9223372036854775808", ""},
        {"price between 1 and 2.005", "price >= 1.00; price <= 2.00"},
        {"huge > 1e65",
         "huge >= 100000000000000000000000000000000000000000000000000000000000000000.0000000001"},
        {"at >= '2024-01-01'", "at >= 2024-01-01T00:00:00"},
        {"id is null", ""},
        {"id = total", ""},
        {"key = '12345678-1234-1234-1234-123456789abc'", "key = 12345678-1234-1234-1234-123456789abc"},
        {"span = 'P1M'", ""},
    };
    struct table t;
    fill(&t, 0);
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        check_bounds(&t, cases[i].condition, cases[i].bounds);
    empty(&t);
}

/* A batch may have its columns in another order and more of them; other types are our own fault. */
static void finds_columns_by_name(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema first = {0}, second = {0}, other = {0};
    struct wh_filter *f;
    struct wh_batch b;
    struct wh_buffer scratch = {0};
    uint8_t keep;
    int64_t n_kept;
    assert_int_equal(wh_schema_parse(&first, "a:int64,b:text", &err), WH_OK);
    assert_int_equal(wh_schema_parse(&second, "c:bool,b:text,a:int64", &err), WH_OK);
    assert_int_equal(wh_schema_parse(&other, "a:int32,b:text", &err), WH_OK);
    assert_int_equal(wh_filter_parse(&f, "a = 1 and b = 'x'", &first, &err), WH_OK);
    assert_int_equal(wh_batch_init(&b, &second, NULL, &err), WH_OK);
    assert_int_equal(wh_value_parse(&b.columns[0], wh_slice_of("true"), &err), WH_OK);
    assert_int_equal(wh_value_parse(&b.columns[1], wh_slice_of("x"), &err), WH_OK);
    assert_int_equal(wh_value_parse(&b.columns[2], wh_slice_of("1"), &err), WH_OK);
    b.rows = 1;
    assert_int_equal(wh_filter_apply(f, &b, &keep, &n_kept, &scratch, &err), WH_OK);
    assert_int_equal(keep, 1);
    assert_int_equal(n_kept, 1);
    wh_batch_release(&b);
    assert_int_equal(wh_batch_init(&b, &other, NULL, &err), WH_OK);
    assert_int_equal(wh_filter_apply(f, &b, &keep, &n_kept, &scratch, &err), WH_INTERNAL);
    assert_string_equal(err.msg, "could not filter rows: column \"a\" is not as the condition knows it");
    wh_batch_release(&b);
    wh_buffer_release(&scratch);
    wh_filter_free(f);
    wh_schema_release(&first);
    wh_schema_release(&second);
    wh_schema_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_pass),
        cmocka_unit_test(no_rows_are_fine),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(lists_its_columns),
        cmocka_unit_test(gives_bounds),
        cmocka_unit_test(finds_columns_by_name),
    };
    return cmocka_run_group_tests_name("engine/filter", tests, NULL, NULL);
}
