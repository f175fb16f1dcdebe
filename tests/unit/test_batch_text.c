/* test_batch_text.c - single values from and to text and JSON. */
#include "batch/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/random_batch.h"

/* A column of one type, filled from texts. */
struct one {
    struct wh_field field;
    struct wh_column column;
};

static void one_init(struct one *o, const char *type)
{
    struct wh_error err;
    *o = (struct one){.field = {0}};
    assert_int_equal(wh_field_init(&o->field, "c", WH_NULL, &err), WH_OK);
    if (wh_type_parse(&o->field, type, &err) != WH_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(wh_column_init(&o->column, &o->field, NULL, &err), WH_OK);
}

static void one_release(struct one *o)
{
    wh_column_release(&o->column);
    wh_field_release(&o->field);
}

static void check_buffer(const char *label, struct wh_buffer *got, const char *want)
{
    if (got->size != strlen(want) || memcmp(got->data, want, got->size) != 0)
        fail_msg("%s: got %.*s, want %s", label, (int)got->size, (const char *)got->data, want);
    got->size = 0;
}

/* text, its canonical form (NULL: the same), its JSON form (NULL: the same) */
static const struct {
    const char *type, *text, *canonical, *json;
} kept[] = {
    {"bool", "true", NULL, NULL},
    {"bool", "F", "false", "false"},
    {"bool", "1", "true", "true"},
    {"int8", "-128", NULL, NULL},
    {"uint8", "255", NULL, NULL},
    {"int16", "-32768", NULL, NULL},
    {"uint16", "65535", NULL, NULL},
    {"int32", "007", "7", "7"},
    {"uint32", "4294967295", NULL, NULL},
    {"int64", "-9223372036854775808", NULL, NULL},
    {"uint64", "18446744073709551615", NULL, NULL},
    {"float32", "0.1", NULL, NULL},
    {"float32", "3.4028235e38", NULL, NULL},
    {"float64", "0.1", NULL, NULL},
    {"float64", "-0", NULL, NULL},
    {"float64", "1e300", NULL, NULL},
    {"float64", "NaN", NULL, "\"NaN\""},
    {"float64", "-inf", "-Infinity", "\"-Infinity\""},
    {"float32", "Infinity", NULL, "\"Infinity\""},
    {"decimal(9,2)", "12.3", "12.30", "12.30"},
    {"decimal(38,0)", "99999999999999999999999999999999999999", NULL, NULL},
    {"decimal(76,1)", "-0.5", NULL, NULL},
    {"text", "", NULL, "\"\""},
    {"text", "a\"b\\c\n\r\t\b\f\x01 \xc3\xa4\xf0\x9f\x98\x80", NULL,
     "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001 \xc3\xa4\xf0\x9f\x98\x80\""},
    {"json", "{\"a\":[1,2]}", NULL, NULL},
    {"json", " [1,\n2]\r\n", NULL, " [1, 2]  "},
    {"json", "null", NULL, NULL},
    {"binary", "\\x", NULL, "\"\""},
    {"binary", "\\x00FF", "\\x00ff", "\"AP8=\""},
    {"binary", "\\x000102", NULL, "\"AAEC\""},
    {"uuid", "12345678-9ABC-def0-1234-56789abcdef0", "12345678-9abc-def0-1234-56789abcdef0",
     "\"12345678-9abc-def0-1234-56789abcdef0\""},
    {"date", "2024-02-29", NULL, "\"2024-02-29\""},
    {"date", "-0044-03-15", NULL, "\"-0044-03-15\""},
    {"time", "23:59:59.5", "23:59:59.500", "\"23:59:59.500\""},
    {"timestamp(ns)", "2024-02-29 23:59:59.000000001", "2024-02-29T23:59:59.000000001",
     "\"2024-02-29T23:59:59.000000001\""},
    {"timestamptz(s)", "2024-02-29T23:59:59+01", "2024-02-29T22:59:59Z", "\"2024-02-29T22:59:59Z\""},
    {"interval", "P1Y2M3DT4H5M6.7S", NULL, "\"P1Y2M3DT4H5M6.7S\""},
    {"list<int64>", "[]", NULL, NULL},
    {"list<int64>", " [ 1 , null , 3 ] ", "[1,null,3]", "[1,null,3]"},
    {"list<text>", "[\"a\\u00e4\\ud83d\\ude00\\/\\b\",\"\"]", "[\"a\xc3\xa4\xf0\x9f\x98\x80/\\b\",\"\"]",
     "[\"a\xc3\xa4\xf0\x9f\x98\x80/\\b\",\"\"]"},
    {"list<binary>", "[\"AP8=\",\"AAEC\",\"\"]", NULL, NULL},
    {"list<json>", "[{\"a\": 1},\"x\",[],true, null,-1.5e3]", "[{\"a\": 1},\"x\",[],true,null,-1.5e3]",
     "[{\"a\": 1},\"x\",[],true,null,-1.5e3]"},
    {"list<decimal(38,2)>", "[123456789012345678901234567890.12,\"1.5\"]",
     "[123456789012345678901234567890.12,1.50]", "[123456789012345678901234567890.12,1.50]"},
    {"list<float64>", "[1.5,\"NaN\"]", NULL, NULL},
    {"list<bool>", "[true,false,null]", NULL, NULL},
    {"list<list<date>>", "[[\"2024-01-01\"],[],null]", NULL, NULL},
    {"struct<a:int64,b:text>", "{\"b\":\"x\",\"a\":1}", "{\"a\":1,\"b\":\"x\"}", "{\"a\":1,\"b\":\"x\"}"},
    {"struct<a:int64,b:text>", "{}", "{\"a\":null,\"b\":null}", "{\"a\":null,\"b\":null}"},
    {"struct<\"q\"\"\":int8>", "{\"q\\\"\":1}", NULL, NULL},
    {"struct<a:struct<b:list<int8>>>", "{\"a\":{\"b\":[1]}}", NULL, NULL},
    {"map<text,int64>", "{\"k\":1,\"\":null}", NULL, NULL},
    {"map<int64,text>", "{\"-5\":\"x\"}", NULL, NULL},
    {"map<date,bool>", "{\"2024-01-01\":true}", NULL, NULL},
    {"map<list<int8>,int8>", "{\"[1,2]\":3}", NULL, NULL},
    {"map<binary,int8>", "{\"AP8=\":3}", NULL, NULL},
};

static void values_come_back(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    for (size_t i = 0; i < WH_COUNT(kept); i++) {
        struct wh_error err;
        struct one o;
        const char *canonical = kept[i].canonical != NULL ? kept[i].canonical : kept[i].text;
        one_init(&o, kept[i].type);
        for (int k = 0; k < 3; k++) /* the third value is read from what the second gave */
            if (wh_value_parse(&o.column, wh_slice_of(k == 2 ? canonical : kept[i].text), &err) != WH_OK)
                fail_msg("%s", err.msg);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(wh_value_format(&text, &o.column, k, &err), WH_OK);
            check_buffer(kept[i].type, &text, canonical);
            assert_int_equal(wh_json_value(&text, &o.column, k, &err), WH_OK);
            check_buffer(kept[i].type, &text, kept[i].json != NULL ? kept[i].json : kept[i].text);
        }
        assert_int_equal(o.column.length, 3);
        one_release(&o);
    }
    wh_buffer_release(&text);
}

static const struct {
    const char *type, *text, *msg;
} refused[] = {
    {"int8", "128", "could not read \"128\" as int8: it is no value of that type"},
    {"uint8", "-1", NULL},
    {"int32", "1.0", NULL},
    {"int64", "", "could not read \"\" as int64: it is no value of that type"},
    {"int64", "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "could not read \"123456789012345678901234567890123456789012345678901234567890...\" as int64: it is no "
     "value "
     "of that type"},
    {"int64", "a\n\xff", "could not read \"a??\" as int64: it is no value of that type"},
    {"uint64", "18446744073709551616", NULL},
    {"bool", "maybe", NULL},
    {"float64", "1e400", NULL},
    {"float32", "1e39", NULL},
    {"float64", "0x10", NULL},
    {"decimal(4,2)", "100", NULL},
    {"decimal(4,2)", "0.001", NULL},
    {"text", "\xc3", "could not read \"?\" as text: it is not valid UTF-8"},
    {"json", "{\"a\":}", "could not read \"{\"a\":}\" as json: it is not valid JSON"},
    {"binary", "00ff",
     "could not read \"00ff\" as binary: bytes are written as \\x and pairs of hexadecimal digits"},
    {"binary", "\\x0", NULL},
    {"binary", "\\x0g", NULL},
    {"uuid", "123456789abcdef0123456789abcdef0", NULL},
    {"uuid", "12345678-9abc-def0-1234-56789abcdefg", NULL},
    {"date", "2023-02-29", NULL},
    {"time", "24:00:00", NULL},
    {"timestamp", "2024-01-01", NULL},
    {"timestamp", "2024-01-01T00:00:00Z", NULL},
    {"timestamptz", "2024-01-01T00:00:00", NULL},
    {"timestamp(s)", "2024-01-01T00:00:00.5", NULL},
    {"interval", "1 day", NULL},
    {"null", "", NULL},
    {"list<int64>", "[1", "could not read \"[1\" as list<int64>: it is not valid JSON"},
    {"list<int64>", "{}", "could not read \"{}\" as list<int64>: a list is written as a JSON array"},
    {"list<int64>", "[1.5]",
     "could not read \"[1.5]\" as list<int64>: a value does not fit the type of its place"},
    {"list<int64>", "[true]", NULL},
    {"list<bool>", "[1]", NULL},
    {"list<bool>", "[\"true\"]",
     "could not read \"[\"true\"]\" as list<bool>: a string stands where true or false should"},
    {"list<text>", "[1]", NULL},
    {"list<text>", "[[\"a\"]]", NULL},
    {"list<binary>", "[\"AP8\"]",
     "could not read \"[\"AP8\"]\" as list<binary>: a string is not valid base64"},
    {"list<binary>", "[\"AP9=\"]", NULL},
    {"list<int64 not null>", "[1,null]",
     "could not read \"[1,null]\" as list<int64 not null>: null stands where the type allows none"},
    {"struct<a:int64>", "[]",
     "could not read \"[]\" as struct<a:int64>: a struct is written as a JSON object"},
    {"struct<a:int64>", "{\"b\":1}",
     "could not read \"{\"b\":1}\" as struct<a:int64>: an object has a member that the type does not know"},
    {"struct<a:int64>", "{\"a\":1,\"a\":2}",
     "could not read \"{\"a\":1,\"a\":2}\" as struct<a:int64>: a member stands twice in an object"},
    {"struct<a:int64 not null>", "{}", NULL},
    {"map<text,int64>", "[]", "could not read \"[]\" as map<text,int64>: a map is written as a JSON object"},
    {"map<int64,text>", "{\"x\":\"y\"}", NULL},
    {"map<json,text>", "{\"x\":\"y\"}",
     "could not read \"{\"x\":\"y\"}\" as map<json,text>: a key is not valid JSON"},
    {"list<struct<a:list<int8>,b:int8>>", "[{\"a\":[1,2,3]},{\"a\":[4],\"b\":[]}]", NULL},
};

/* The column is as before, and what follows is right. */
static void columns_stay_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(refused); i++) {
        for (int before = 0; before <= 1; before++) {
            struct wh_error err;
            struct one o;
            one_init(&o, refused[i].type);
            if (before == 1)
                assert_int_equal(wh_column_append_null(&o.column, &err), WH_OK);
            if (wh_value_parse(&o.column, wh_slice_of(refused[i].text), &err) != WH_DATA)
                fail_msg("\"%s\" was read as %s", refused[i].text, refused[i].type);
            if (refused[i].msg != NULL)
                assert_string_equal(err.msg, refused[i].msg);
            assert_int_equal(o.column.length, before);
            assert_int_equal(o.column.null_count, before);
            for (size_t k = 0; k < o.field.n_children; k++)
                assert_int_equal(o.column.children[k].length, o.field.type == WH_STRUCT ? before : 0);
            one_release(&o);
        }
    }
}

static void knows_json(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "0",    "-0",     "1.5e+10", "1E-2",    "\"\"",     "\"\\u0000\"",       "\"\\ud83d\\ude00\"",
        "true", " null ", "[]",      "[[],{}]", "{\"\":0}", "{\"a\":1,\"a\":2}", "\t[\n1\r, 2 ]"};
    static const char *const wrong[] = {"",
                                        " ",
                                        "01",
                                        "1.",
                                        ".5",
                                        "-",
                                        "+1",
                                        "1e",
                                        "1e+",
                                        "tru",
                                        "nul",
                                        "True",
                                        "\"",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"\\u12g4\"",
                                        "\"\t\"",
                                        "\"\\ud83d\"",
                                        "\"\\ude00\"",
                                        "\"\\ud83d\\u0041\"",
                                        "[",
                                        "[1",
                                        "[1,]",
                                        "[,1]",
                                        "[1 2]",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{a:1}",
                                        "{\"a\":1,}",
                                        "{1:1}",
                                        "]",
                                        "1 2",
                                        "[1]]",
                                        "nan",
                                        "\"\xff\"",
                                        "\xef\xbb\xbf[]",
                                        "'a'"};
    struct one o;
    struct wh_error err;
    one_init(&o, "json");
    for (size_t i = 0; i < WH_COUNT(valid); i++)
        if (wh_value_parse(&o.column, wh_slice_of(valid[i]), &err) != WH_OK)
            fail_msg("%s", err.msg);
    for (size_t i = 0; i < WH_COUNT(wrong); i++)
        if (wh_value_parse(&o.column, wh_slice_of(wrong[i]), &err) != WH_DATA)
            fail_msg("\"%s\" is no JSON", wrong[i]);
    static char deep[200000];
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    assert_int_equal(wh_value_parse(&o.column, wh_slice(deep, 200000), &err), WH_DATA);
    assert_int_equal(wh_value_parse(&o.column, wh_slice(deep + 100000 - 513, 2 * 513), &err), WH_DATA);
    assert_int_equal(wh_value_parse(&o.column, wh_slice(deep + 100000 - 512, 2 * 512), &err), WH_OK);
    one_release(&o);
}

static void knows_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain text of more than eight bytes", true},
        {"\xc3\xa4", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\x7f", true},
        {"\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xed\xbf\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xc3", false},
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc3\xc3", false},
        {"\xe2\x82\x41", false},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char text[64];
        for (size_t shift = 0; shift < 20; shift++) { /* at any place of a word of eight */
            int len =
                snprintf(text, sizeof text, "%.*s%s", (int)shift, "aaaaaaaaaaaaaaaaaaaa", cases[i].text);
            if (wh_utf8_valid(wh_slice(text, (size_t)len)) != cases[i].valid)
                fail_msg("case %zu behind %zu bytes", i, shift);
        }
    }
}

/* Strings with one special byte at every place around the width of a vector. */
static void quotes_strings(void **state)
{
    (void)state;
    static const struct {
        const char *special, *quoted;
    } cases[] = {{"\"", "\\\""},
                 {"\\", "\\\\"},
                 {"\n", "\\n"},
                 {"\x1f", "\\u001f"},
                 {"\x7f", "\x7f"},
                 {"\xff", "\\ufffd"},
                 {"\xc3\xa4", "\xc3\xa4"},
                 {"\xe2\x82", "\\ufffd\\ufffd"}};
    struct wh_buffer out = {0};
    struct wh_error err;
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        for (int before = 0; before < 40; before++) {
            char text[128], want[256];
            int len = snprintf(text, sizeof text, "%0*d%s%020d", before, 0, cases[i].special, 0);
            snprintf(want, sizeof want, "\"%0*d%s%020d\"", before, 0, cases[i].quoted, 0);
            assert_int_equal(wh_json_string(&out, wh_slice(text, (size_t)len), &err), WH_OK);
            check_buffer("string", &out, want);
        }
    }
    assert_int_equal(wh_json_string(&out, wh_slice("\0", 1), &err), WH_OK);
    check_buffer("nul", &out, "\"\\u0000\"");
    assert_int_equal(wh_json_string(&out, wh_slice(NULL, 0), &err), WH_OK);
    check_buffer("none", &out, "\"\"");
    wh_buffer_release(&out);
}

static void writes_rows(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = {0};
    struct wh_batch b;
    struct wh_buffer out = {0};
    assert_int_equal(wh_schema_parse(&s, "id:int64,\"a b\":text,x:list<int8>", &err), WH_OK);
    assert_int_equal(wh_batch_init(&b, &s, NULL, &err), WH_OK);
    assert_int_equal(wh_value_parse(&b.columns[0], wh_slice_of("5"), &err), WH_OK);
    assert_int_equal(wh_column_append_null(&b.columns[1], &err), WH_OK);
    assert_int_equal(wh_value_parse(&b.columns[2], wh_slice_of("[1,2]"), &err), WH_OK);
    b.rows = 1;
    assert_int_equal(wh_json_row(&out, &b, 0, &err), WH_OK);
    check_buffer("row", &out, "{\"id\":5,\"a b\":null,\"x\":[1,2]}");
    wh_buffer_release(&out);
    wh_batch_release(&b);
    wh_schema_release(&s);
}

/* Every value of random batches is written as text and read again. */
static void random_values_come_back(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    for (uint64_t round = 1; round <= 60; round++) {
        uint64_t seed = round * 7919;
        struct wh_error err;
        struct wh_schema s = {0};
        struct wh_batch in, out;
        char why[256];
        assert_int_equal(random_schema(&s, &seed, round % 2 == 0 ? RANDOM_ALL_TYPES : 0, &err), WH_OK);
        assert_int_equal(wh_batch_init(&in, &s, NULL, &err), WH_OK);
        assert_int_equal(wh_batch_init(&out, &s, NULL, &err), WH_OK);
        assert_int_equal(random_rows(&in, 40, &seed, &err), WH_OK);
        for (size_t c = 0; c < s.n_fields; c++) {
            for (int64_t i = 0; i < in.rows; i++) {
                text.size = 0;
                if (wh_column_is_null(&in.columns[c], i)) {
                    assert_int_equal(wh_column_append_null(&out.columns[c], &err), WH_OK);
                    continue;
                }
                if (wh_value_format(&text, &in.columns[c], i, &err) != WH_OK ||
                    wh_value_parse(&out.columns[c], wh_slice((const char *)text.data, text.size), &err) !=
                        WH_OK)
                    fail_msg("round %d: %.*s: %s", (int)round, (int)text.size, (const char *)text.data,
                             err.msg);
            }
        }
        out.rows = in.rows;
        if (!batches_equal(&in, &out, why, sizeof why))
            fail_msg("round %d: %s", (int)round, why);
        wh_batch_release(&in);
        wh_batch_release(&out);
        wh_schema_release(&s);
    }
    wh_buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(columns_stay_as_they_were),
        cmocka_unit_test(knows_json),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(quotes_strings),
        cmocka_unit_test(writes_rows),
        cmocka_unit_test(random_values_come_back),
    };
    return cmocka_run_group_tests_name("batch/text", tests, NULL, NULL);
}
