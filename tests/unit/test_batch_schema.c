/* tests/unit/test_batch_schema.c - names, copies and unions of types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "batch/schema.h"

#define DEEP_OPEN "list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<"
#define DEEP_CLOSE ">>>>>>>>>>>>>>>>"

static void reads_and_writes_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical; /* NULL: as the text */
        enum wh_type type;
    } cases[] = {
        {"null", NULL, WH_NULL},
        {"bool", NULL, WH_BOOL},
        {"Boolean", "bool", WH_BOOL},
        {"smallint", "int16", WH_INT16},
        {" INT ", "int32", WH_INT32},
        {"integer", "int32", WH_INT32},
        {"bigint", "int64", WH_INT64},
        {"uint64", NULL, WH_UINT64},
        {"real", "float32", WH_FLOAT32},
        {"double", "float64", WH_FLOAT64},
        {"float", "float64", WH_FLOAT64},
        {"decimal", "decimal(38,0)", WH_DECIMAL},
        {"numeric(15)", "decimal(15,0)", WH_DECIMAL},
        {"decimal( 76 , 76 )", "decimal(76,76)", WH_DECIMAL},
        {"varchar", "text", WH_UTF8},
        {"blob", "binary", WH_BINARY},
        {"json", NULL, WH_JSON},
        {"uuid", NULL, WH_UUID},
        {"date", NULL, WH_DATE32},
        {"time", NULL, WH_TIME64},
        {"time(us)", "time", WH_TIME64},
        {"time(ns)", NULL, WH_TIME64},
        {"timestamp(s)", NULL, WH_TIMESTAMP},
        {"timestamp(us)", "timestamp", WH_TIMESTAMP},
        {"timestamptz", NULL, WH_TIMESTAMP},
        {"timestamptz(ms,UTC)", "timestamptz(ms)", WH_TIMESTAMP},
        {"timestamptz(us,Europe/Berlin)", NULL, WH_TIMESTAMP},
        {"interval", NULL, WH_INTERVAL},
        {"list<int>", "list<int32>", WH_LIST},
        {"list < text not null >", "list<text not null>", WH_LIST},
        {"struct<>", NULL, WH_STRUCT},
        {"struct<a:int64 NOT NULL,\"b c\":list<decimal(5,2)>>",
         "struct<a:int64 not null,\"b c\":list<decimal(5,2)>>", WH_STRUCT},
        {"struct<\"say \"\"hi\"\"\":text,\"\":bool>", NULL, WH_STRUCT},
        {"map<text,timestamptz(ns) not null>", NULL, WH_MAP},
        {DEEP_OPEN "int8" DEEP_CLOSE, NULL, WH_LIST},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_field f = {0}, again = {0};
        if (wh_type_parse(&f, cases[i].text, &err) != WH_OK)
            fail_msg("%s: %s", cases[i].text, err.msg);
        assert_int_equal(f.type, cases[i].type);
        char text[512];
        wh_type_format(&f, text, sizeof text);
        assert_string_equal(text, cases[i].canonical == NULL ? cases[i].text : cases[i].canonical);
        assert_int_equal(wh_type_parse(&again, text, &err), WH_OK);
        assert_true(wh_field_same_type(&f, &again));
        wh_field_release(&f);
        wh_field_release(&again);
    }
}

static void refuses_bad_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *msg, *hint;
    } cases[] = {
        {"", "could not read type \"\": name of a type expected at character 1", ""},
        {"in64", "could not read type \"in64\": \"in64\" is no type", "did you mean \"int64\"?"},
        {"timestmp", "could not read type \"timestmp\": \"timestmp\" is no type",
         "did you mean \"timestamp\"?"},
        {"decimal(77,0)", "could not read type \"decimal(77,0)\": number out of range at character 11", ""},
        {"decimal(0)", "could not read type \"decimal(0)\": decimal without digits at character 10", ""},
        {"decimal(5,6)", "could not read type \"decimal(5,6)\": number out of range at character 12", ""},
        {"decimal(99999999999999999999)",
         "could not read type \"decimal(99999999999999999999)\": number out of range at character 11", ""},
        {"time(s)", "could not read type \"time(s)\": unknown unit at character 6", "units are us and ns"},
        {"timestamp(us,UTC)", "could not read type \"timestamp(us,UTC)\": \")\" expected at character 13",
         ""},
        {"int64 x", "could not read type \"int64 x\": unexpected text at character 7", ""},
        {"list", "could not read type \"list\": \"<\" expected at character 5", ""},
        {"list<int", "could not read type \"list<int\": \">\" expected at character 9", ""},
        {"struct<a>", "could not read type \"struct<a>\": \":\" expected at character 9", ""},
        {"struct<a:int,a:int>", "could not read type \"struct<a:int,a:int>\": \"a\" appears twice", ""},
        {"struct<\"a:int>", "could not read type \"struct<\"a:int>\": quote is not closed at character 8",
         ""},
        {"map<text>", "could not read type \"map<text>\": \",\" expected at character 9", ""},
        {"list<int not>", "could not read type \"list<int not>\": \"not null\" expected at character 13", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_field f = {0};
        assert_int_equal(wh_type_parse(&f, cases[i].text, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
        assert_null(f.children);
    }
}

static void bounds_depth(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_field f = {0};
    assert_int_equal(wh_type_parse(&f, DEEP_OPEN DEEP_OPEN DEEP_OPEN DEEP_OPEN "int8", &err), WH_CONFIG);
    assert_non_null(strstr(err.msg, "nested too deep"));

    struct wh_schema s = {0};
    assert_int_equal(wh_field_init(&f, "deep", WH_INT8, &err), WH_OK);
    for (int i = 0; i < WH_MAX_DEPTH; i++) {
        struct wh_field list;
        assert_int_equal(wh_field_init(&list, "deep", WH_LIST, &err), WH_OK);
        list.children = wh_alloc(sizeof *list.children);
        list.children[0] = f;
        list.n_children = 1;
        f = list;
    }
    assert_int_equal(wh_schema_add(&s, &f, &err), WH_LIMIT);
    assert_string_equal(err.msg, "could not add column \"deep\": its type is nested deeper than 64 levels");
    assert_null(f.name);
}

static void cuts_long_names(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_field f = {0};
    assert_int_equal(wh_type_parse(&f, "struct<abc:decimal(5,2)>", &err), WH_OK);
    char text[10];
    for (size_t size = 1; size <= sizeof text; size++) {
        memset(text, 'x', sizeof text);
        wh_type_format(&f, text, size);
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, "struct<abc", size - 1);
    }
    wh_field_release(&f);
}

static void parses_columns(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = {0}, copy = {0};
    assert_int_equal(wh_schema_parse(&s, "id:int64 not null, price : decimal(15,2)", &err), WH_OK);
    assert_int_equal(wh_schema_parse(&s, "\"a,b\":struct<x:int,y:list<text>>", &err), WH_OK);
    assert_int_equal(s.n_fields, 3);
    assert_int_equal(wh_schema_find(&s, "price"), 1);
    assert_int_equal(wh_schema_find(&s, "a,b"), 2);
    assert_int_equal(wh_schema_find(&s, "x"), -1);
    assert_false(s.fields[0].nullable);
    assert_true(s.fields[1].nullable);

    assert_int_equal(wh_schema_parse(&s, "z:int8,id:text", &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not read columns \"z:int8,id:text\": \"id\" appears twice");
    assert_int_equal(s.n_fields, 3);
    assert_int_equal(wh_schema_parse(&s, "z", &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not read type \"z\": \":\" expected at character 2");
    assert_int_equal(s.n_fields, 3);

    assert_int_equal(wh_schema_copy(&copy, &s, &err), WH_OK);
    assert_int_equal(copy.n_fields, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(copy.fields[i].name, s.fields[i].name);
        assert_true(wh_field_same_type(&copy.fields[i], &s.fields[i]));
    }
    wh_schema_release(&copy);
    wh_schema_release(&s);
    wh_schema_release(&s);
    wh_schema_release(NULL);
}

static void compares_types(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"int64", "int32", false},
        {"decimal(5,2)", "decimal(5,2)", true},
        {"decimal(5,2)", "decimal(5,1)", false},
        {"timestamp", "timestamptz", false},
        {"timestamptz", "timestamptz(us,+01:00)", false},
        {"time", "time(ns)", false},
        {"struct<a:int>", "struct<b:int>", false},
        {"struct<a:int>", "struct<a:int,b:int>", false},
        {"struct<a:int>", "struct<a:int not null>", false},
        {"map<text,list<int>>", "map<text,list<int>>", true},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_field a = {0}, b = {0};
        assert_int_equal(wh_type_parse(&a, cases[i].a, &err), WH_OK);
        assert_int_equal(wh_type_parse(&b, cases[i].b, &err), WH_OK);
        assert_int_equal(wh_field_same_type(&a, &b), cases[i].same);
        wh_field_release(&a);
        wh_field_release(&b);
    }
}

static void unites_types(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *both;
    } cases[] = {
        {"int8", "int64", "int64"},
        {"uint8", "int8", "int16"},
        {"uint8", "int16", "int16"},
        {"uint32", "int32", "int64"},
        {"uint16", "uint32", "uint32"},
        {"uint64", "int8", "decimal(20,0)"},
        {"int64", "decimal(5,2)", "decimal(21,2)"},
        {"uint8", "decimal(5,2)", "decimal(5,2)"},
        {"decimal(10,8)", "decimal(10,2)", "decimal(16,8)"},
        {"decimal(76,76)", "decimal(76,0)", "text"},
        {"float32", "float64", "float64"},
        {"int32", "float32", "float64"},
        {"int16", "float32", "float32"},
        {"int64", "float64", "text"},
        {"decimal(3,1)", "float64", "text"},
        {"null", "uuid", "uuid"},
        {"date", "null", "date"},
        {"date", "timestamp", "text"},
        {"time", "time(ns)", "time(ns)"},
        {"timestamp(s)", "timestamp(ms)", "timestamp(ms)"},
        {"timestamptz(s)", "timestamp(s)", "text"},
        {"timestamptz", "timestamptz(us,+02:00)", "timestamptz"},
        {"timestamptz(s,+02:00)", "timestamptz(us,+02:00)", "timestamptz(us,+02:00)"},
        {"json", "text", "text"},
        {"bool", "int8", "text"},
        {"list<int8>", "list<int64 not null>", "list<int64>"},
        {"list<int8>", "text", "text"},
        {"struct<a:int8 not null,b:text>", "struct<b:text,c:bool not null,a:int16>",
         "struct<a:int16,b:text,c:bool>"},
        {"struct<a:int8 not null>", "struct<>", "struct<a:int8>"},
        {"map<text,int8>", "map<text,bool>", "map<text,text>"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_field a = {0}, b = {0}, both = {0};
        char text[200];
        assert_int_equal(wh_type_parse(&a, cases[i].a, &err), WH_OK);
        assert_int_equal(wh_type_parse(&b, cases[i].b, &err), WH_OK);
        assert_int_equal(wh_type_union(&both, &a, &b, &err), WH_OK);
        wh_type_format(&both, text, sizeof text);
        assert_string_equal(text, cases[i].both);
        wh_field_release(&both);
        /* The order matters only for the order of members. */
        assert_int_equal(wh_type_union(&both, &b, &a, &err), WH_OK);
        wh_type_format(&both, text, sizeof text);
        if (both.type != WH_STRUCT)
            assert_string_equal(text, cases[i].both);
        wh_field_release(&both);
        wh_field_release(&a);
        wh_field_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_names), cmocka_unit_test(refuses_bad_names),
        cmocka_unit_test(bounds_depth),           cmocka_unit_test(cuts_long_names),
        cmocka_unit_test(parses_columns),         cmocka_unit_test(compares_types),
        cmocka_unit_test(unites_types),
    };
    return cmocka_run_group_tests_name("batch/schema", tests, NULL, NULL);
}
