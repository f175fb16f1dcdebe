/* test_parquet_write_schema.c - wherry schemas and Parquet schemas, both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "batch/schema.h"
#include "format/parquet/schema.h"

static struct wh_schema schema_of(const char *text)
{
    struct wh_error err;
    struct wh_schema s = {0};
    if (wh_schema_parse(&s, text, &err) != WH_OK)
        fail_msg("%s: %s", text, err.msg);
    return s;
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* "name type(length) repetition converted logical(...)" of an element. */
static void describe(char *out, size_t size, const struct wh_pq_element *e)
{
    static const char *const repetitions[] = {"required", "optional", "repeated"};
    const struct wh_pq_logical *l = &e->logical;
    int n = snprintf(out, size, "%.*s %s", (int)e->name.len, e->name.ptr, repetitions[e->repetition]);
    if (e->is_leaf)
        n += snprintf(out + n, size - (size_t)n, " %s", wh_pq_type_name(e->type));
    else
        n += snprintf(out + n, size - (size_t)n, " group %d", (int)e->n_children);
    if (e->length > 0)
        n += snprintf(out + n, size - (size_t)n, "(%d)", (int)e->length);
    n += snprintf(out + n, size - (size_t)n, " c%d l%d", (int)e->converted, (int)l->id);
    if (l->id == WH_PQ_LOGICAL_DECIMAL)
        n += snprintf(out + n, size - (size_t)n, " %d,%d", (int)l->precision, (int)l->scale);
    if (l->id == WH_PQ_LOGICAL_INTEGER)
        n += snprintf(out + n, size - (size_t)n, " %s%d", l->is_signed ? "i" : "u", (int)l->bits);
    if (l->id == WH_PQ_LOGICAL_TIME || l->id == WH_PQ_LOGICAL_TIMESTAMP)
        snprintf(out + n, size - (size_t)n, " %d%s", (int)l->unit, l->utc ? "z" : "");
}

static const struct {
    const char *type;
    const char *elements[7]; /* without the root */
} elements_cases[] = {
    {"null", {"x optional INT32 c-1 l11"}},
    {"bool", {"x optional BOOLEAN c-1 l0"}},
    {"int8", {"x optional INT32 c15 l10 i8"}},
    {"uint16", {"x optional INT32 c12 l10 u16"}},
    {"int32", {"x optional INT32 c-1 l0"}},
    {"int64", {"x optional INT64 c-1 l0"}},
    {"uint64", {"x optional INT64 c14 l10 u64"}},
    {"float32", {"x optional FLOAT c-1 l0"}},
    {"float64", {"x optional DOUBLE c-1 l0"}},
    {"decimal(9,2)", {"x optional INT32 c5 l5 9,2"}},
    {"decimal(10,0)", {"x optional INT64 c5 l5 10,0"}},
    {"decimal(18,18)", {"x optional INT64 c5 l5 18,18"}},
    {"decimal(19,1)", {"x optional FIXED_LEN_BYTE_ARRAY(9) c5 l5 19,1"}},
    {"decimal(38,0)", {"x optional FIXED_LEN_BYTE_ARRAY(16) c5 l5 38,0"}},
    {"decimal(76,0)", {"x optional FIXED_LEN_BYTE_ARRAY(32) c5 l5 76,0"}},
    {"text", {"x optional BYTE_ARRAY c0 l1"}},
    {"json", {"x optional BYTE_ARRAY c19 l12"}},
    {"binary", {"x optional BYTE_ARRAY c-1 l0"}},
    {"uuid", {"x optional FIXED_LEN_BYTE_ARRAY(16) c-1 l14"}},
    {"date", {"x optional INT32 c6 l6"}},
    {"time(us)", {"x optional INT64 c8 l7 2"}},
    {"time(ns)", {"x optional INT64 c-1 l7 3"}},
    {"timestamp(s)", {"x optional INT64 c-1 l8 1"}},
    {"timestamp(us)", {"x optional INT64 c-1 l8 2"}},
    {"timestamptz(ms)", {"x optional INT64 c9 l8 1z"}},
    {"timestamptz(us)", {"x optional INT64 c10 l8 2z"}},
    {"timestamptz(ns)", {"x optional INT64 c-1 l8 3z"}},
    {"interval", {"x optional FIXED_LEN_BYTE_ARRAY(12) c21 l0"}},
    {"list<int64>",
     {"x optional group 1 c3 l3", "list repeated group 1 c-1 l0", "element optional INT64 c-1 l0"}},
    {"struct<a:text,b:bool>",
     {"x optional group 2 c-1 l0", "a optional BYTE_ARRAY c0 l1", "b optional BOOLEAN c-1 l0"}},
    {"map<text,list<int8>>",
     {"x optional group 1 c1 l2", "key_value repeated group 2 c-1 l0", "key required BYTE_ARRAY c0 l1",
      "value optional group 1 c3 l3", "list repeated group 1 c-1 l0", "element optional INT32 c15 l10 i8"}},
};

static void test_elements(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(elements_cases); i++) {
        char text[200];
        struct wh_error err;
        struct wh_pq_arena arena = {0};
        struct wh_pq_element *e;
        size_t n;
        snprintf(text, sizeof text, "x:%s", elements_cases[i].type);
        struct wh_schema s = schema_of(text);
        assert_int_equal(wh_pq_elements(&e, &n, &s, &arena, &err), WH_OK);
        for (size_t k = 1; k < n; k++) {
            describe(text, sizeof text, &e[k]);
            assert_string_equal(text, elements_cases[i].elements[k - 1]);
        }
        assert_null(elements_cases[i].elements[n - 1]);
        wh_pq_arena_release(&arena);
        wh_schema_release(&s);
    }
}

static void test_levels(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = schema_of("a:int32,l:list<struct<p:int64,q:list<text>>>,m:map<text,int32>");
    struct wh_pq_tree t;
    s.fields[0].nullable = false;
    assert_int_equal(wh_pq_tree_write(&t, &s, &err), WH_OK);
    static const struct {
        int def, rep;
    } leaves[] = {{0, 0}, {4, 1}, {6, 2}, {2, 1}, {3, 1}};
    assert_int_equal(t.n_leaves, WH_COUNT(leaves));
    for (size_t i = 0; i < t.n_leaves; i++) {
        assert_int_equal(t.leaves[i]->present_def, leaves[i].def);
        assert_int_equal(t.leaves[i]->max_rep, leaves[i].rep);
        assert_int_equal(t.leaves[i]->first_leaf, i);
    }
    assert_int_equal(t.nodes[1].present_def, 1);
    assert_int_equal(t.nodes[1].item_def, 2);
    assert_int_equal(t.nodes[1].item_rep, 1);
    assert_int_equal(t.nodes[1].n_leaves, 2);
    wh_pq_tree_release(&t);
    wh_schema_release(&s);
}

static void test_unwritable(void **state)
{
    (void)state;
    struct wh_error err = {0};
    struct wh_pq_tree t;
    struct wh_field f = {.name = (char[]){"s"}, .type = WH_STRUCT};
    struct wh_schema s = {.fields = &f, .n_fields = 1};
    assert_int_equal(wh_pq_tree_write(&t, &s, &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not write column \"s\": Parquet has no struct without members");
}

/* ---- reading ----------------------------------------------------------------------------------- */

#define GROUP(n, rep, children, conv)                                                                        \
    {                                                                                                        \
        .name = {n, sizeof n - 1}, .repetition = rep, .n_children = children, .converted = conv,             \
        .field_id = -1                                                                                       \
    }
#define LEAF(n, rep, physical, conv)                                                                         \
    {                                                                                                        \
        .name = {n, sizeof n - 1}, .repetition = rep, .is_leaf = true, .type = physical, .converted = conv,  \
        .field_id = -1                                                                                       \
    }
#define NONE WH_PQ_CONVERTED_NONE
#define MOST 8

static const struct {
    const char *what;
    struct wh_pq_element elements[MOST]; /* behind a root of `top` children */
    int32_t top;
    const char *types;
    int def, rep; /* of the last column */
} readable[] = {
    {"three levels",
     {GROUP("l", WH_PQ_OPTIONAL, 1, WH_PQ_LIST_GROUP), GROUP("list", WH_PQ_REPEATED, 1, NONE),
      LEAF("element", WH_PQ_OPTIONAL, WH_PQ_INT32, NONE)},
     1,
     "list<int32>",
     3,
     1},
    {"two levels, element is a number",
     {GROUP("l", WH_PQ_OPTIONAL, 1, WH_PQ_LIST_GROUP), LEAF("element", WH_PQ_REPEATED, WH_PQ_INT32, NONE)},
     1,
     "list<int32 not null>",
     2,
     1},
    {"two levels, element is a struct of two",
     {GROUP("l", WH_PQ_OPTIONAL, 1, WH_PQ_LIST_GROUP), GROUP("element", WH_PQ_REPEATED, 2, NONE),
      LEAF("a", WH_PQ_REQUIRED, WH_PQ_BYTE_ARRAY, WH_PQ_UTF8), LEAF("b", WH_PQ_REQUIRED, WH_PQ_INT32, NONE)},
     1,
     "list<struct<a:text not null,b:int32 not null> not null>",
     2,
     1},
    {"two levels, a struct of one called array",
     {GROUP("l", WH_PQ_OPTIONAL, 1, WH_PQ_LIST_GROUP), GROUP("array", WH_PQ_REPEATED, 1, NONE),
      LEAF("a", WH_PQ_REQUIRED, WH_PQ_INT64, NONE)},
     1,
     "list<struct<a:int64 not null> not null>",
     2,
     1},
    {"two levels, a struct of one called l_tuple",
     {GROUP("l", WH_PQ_OPTIONAL, 1, WH_PQ_LIST_GROUP), GROUP("l_tuple", WH_PQ_REPEATED, 1, NONE),
      LEAF("a", WH_PQ_REQUIRED, WH_PQ_INT64, NONE)},
     1,
     "list<struct<a:int64 not null> not null>",
     2,
     1},
    {"repeated without annotation",
     {LEAF("l", WH_PQ_REPEATED, WH_PQ_INT32, NONE)},
     1,
     "list<int32 not null>",
     1,
     1},
    {"repeated group without annotation",
     {GROUP("l", WH_PQ_REPEATED, 1, NONE), LEAF("a", WH_PQ_OPTIONAL, WH_PQ_INT32, NONE)},
     1,
     "list<struct<a:int32> not null>",
     2,
     1},
    {"map",
     {GROUP("m", WH_PQ_OPTIONAL, 1, WH_PQ_MAP_GROUP), GROUP("map", WH_PQ_REPEATED, 2, WH_PQ_MAP_KEY_VALUE),
      LEAF("key", WH_PQ_REQUIRED, WH_PQ_BYTE_ARRAY, WH_PQ_UTF8),
      LEAF("value", WH_PQ_OPTIONAL, WH_PQ_INT32, NONE)},
     1,
     "map<text,int32>",
     3,
     1},
    {"old map annotation on the outside",
     {GROUP("m", WH_PQ_OPTIONAL, 1, WH_PQ_MAP_KEY_VALUE), GROUP("map", WH_PQ_REPEATED, 2, NONE),
      LEAF("key", WH_PQ_REQUIRED, WH_PQ_BYTE_ARRAY, WH_PQ_UTF8),
      LEAF("value", WH_PQ_REQUIRED, WH_PQ_INT32, NONE)},
     1,
     "map<text,int32 not null>",
     2,
     1},
    {"map without values is a list",
     {GROUP("m", WH_PQ_OPTIONAL, 1, WH_PQ_MAP_GROUP), GROUP("map", WH_PQ_REPEATED, 1, NONE),
      LEAF("key", WH_PQ_REQUIRED, WH_PQ_BYTE_ARRAY, WH_PQ_UTF8)},
     1,
     "list<text not null>",
     2,
     1},
    {"an annotation that does not fit is passed over",
     {LEAF("a", WH_PQ_REQUIRED, WH_PQ_INT32, WH_PQ_UTF8),
      LEAF("b", WH_PQ_REQUIRED, WH_PQ_DOUBLE, WH_PQ_DATE)},
     2,
     NULL,
     0,
     0},
};

static struct wh_pq_element root_of(int32_t n)
{
    return (struct wh_pq_element){.n_children = n, .converted = NONE, .field_id = -1};
}

static size_t count(const struct wh_pq_element *e)
{
    size_t n = 0;
    while (n < MOST && e[n].name.ptr != NULL)
        n++;
    return n;
}

static void test_read_groups(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(readable); i++) {
        struct wh_error err;
        struct wh_pq_tree t;
        struct wh_pq_element e[MOST + 1] = {root_of(readable[i].top)};
        size_t n = count(readable[i].elements);
        memcpy(e + 1, readable[i].elements, n * sizeof e[0]);
        if (wh_pq_tree_read(&t, e, n + 1, &err) != WH_OK)
            fail_msg("%s: %s", readable[i].what, err.msg);
        char type[200];
        wh_type_format(&t.schema.fields[0], type, sizeof type);
        if (readable[i].types != NULL)
            assert_string_equal(type, readable[i].types);
        assert_int_equal(t.leaves[t.n_leaves - 1]->present_def, readable[i].def);
        assert_int_equal(t.leaves[t.n_leaves - 1]->max_rep, readable[i].rep);
        wh_pq_tree_release(&t);
    }
}

static const struct {
    struct wh_pq_element element;
    const char *type;
} read_leaves_cases[] = {
    {LEAF("x", 0, WH_PQ_INT96, NONE), "timestamp(ns)"},
    {LEAF("x", 0, WH_PQ_INT32, WH_PQ_INT_8), "int8"},
    {LEAF("x", 0, WH_PQ_INT64, WH_PQ_UINT_64), "uint64"},
    {LEAF("x", 0, WH_PQ_INT32, WH_PQ_TIME_MILLIS), "time"},
    {LEAF("x", 0, WH_PQ_INT64, WH_PQ_TIME_MICROS), "time"},
    {LEAF("x", 0, WH_PQ_INT64, WH_PQ_TIMESTAMP_MILLIS), "timestamptz(ms)"},
    {LEAF("x", 0, WH_PQ_INT64, WH_PQ_TIMESTAMP_MICROS), "timestamptz"},
    {LEAF("x", 0, WH_PQ_BYTE_ARRAY, WH_PQ_ENUM), "text"},
    {LEAF("x", 0, WH_PQ_BYTE_ARRAY, WH_PQ_JSON), "json"},
    {LEAF("x", 0, WH_PQ_BYTE_ARRAY, WH_PQ_BSON), "binary"},
    {LEAF("x", 0, WH_PQ_BYTE_ARRAY, NONE), "binary"},
    {LEAF("x", 0, WH_PQ_INT32, WH_PQ_UTF8), "int32"},
    {LEAF("x", 0, WH_PQ_DOUBLE, WH_PQ_DATE), "float64"},
    {{.name = {"x", 1}, .is_leaf = true, .type = WH_PQ_FIXED, .length = 12, .converted = WH_PQ_INTERVAL},
     "interval"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_FIXED,
      .length = 2,
      .converted = NONE,
      .logical = {.id = WH_PQ_LOGICAL_FLOAT16}},
     "float32"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_FIXED,
      .length = 5,
      .converted = WH_PQ_DECIMAL,
      .precision = 10,
      .scale = 3},
     "decimal(10,3)"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_BYTE_ARRAY,
      .converted = NONE,
      .logical = {.id = WH_PQ_LOGICAL_DECIMAL, .precision = 40, .scale = 40}},
     "decimal(40,40)"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_INT64,
      .converted = NONE,
      .logical = {.id = WH_PQ_LOGICAL_TIMESTAMP, .unit = WH_NANO}},
     "timestamp(ns)"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_BYTE_ARRAY,
      .converted = NONE,
      .logical = {.id = WH_PQ_LOGICAL_GEOMETRY}},
     "binary"},
    {{.name = {"x", 1},
      .is_leaf = true,
      .type = WH_PQ_INT32,
      .converted = NONE,
      .logical = {.id = WH_PQ_LOGICAL_UNKNOWN}},
     "null"},
    {{.name = {"x", 1}, .is_leaf = true, .type = WH_PQ_INT32, .converted = NONE, .logical = {.id = 99}},
     "int32"},
};

static void test_read_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(read_leaves_cases); i++) {
        struct wh_error err;
        struct wh_pq_tree t;
        struct wh_pq_element e[] = {root_of(1), read_leaves_cases[i].element};
        char type[200];
        if (wh_pq_tree_read(&t, e, 2, &err) != WH_OK)
            fail_msg("%s: %s", read_leaves_cases[i].type, err.msg);
        wh_type_format(&t.schema.fields[0], type, sizeof type);
        assert_string_equal(type, read_leaves_cases[i].type);
        wh_pq_tree_release(&t);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        struct wh_pq_element elements[MOST];
        int32_t top;
        const char *message;
    } cases[] = {
        {.top = -1, .message = "could not read the Parquet schema: it has no root"},
        {.top = 1,
         .message = "could not read the Parquet schema: the root has more members than there are elements"},
        {{GROUP("g", 0, 1, NONE)}, 1, "could not read the Parquet schema: it ends within a group"},
        {{GROUP("g", 0, 1 << 30, NONE)},
         1,
         "could not read the Parquet schema: a group has more members than there are elements"},
        {{GROUP("g", 0, 0, NONE)}, 1, "could not read column \"g\": a group without members"},
        {{LEAF("a", 0, WH_PQ_INT32, NONE), LEAF("b", 0, WH_PQ_INT32, NONE)},
         1,
         "could not read the Parquet schema: it has more elements than the root has members"},
        {{LEAF("a", 7, WH_PQ_INT32, NONE)},
         1,
         "could not read the Parquet schema: an element has an unknown repetition"},
        {{LEAF("a", 0, 17, NONE)}, 1, "could not read column \"a\": physical type 17 of length 0"},
        {{LEAF("a", 0, WH_PQ_FIXED, NONE)}, 1, "could not read column \"a\": physical type 7 of length 0"},
        {{LEAF("a\0b", 0, WH_PQ_INT32, NONE)},
         1,
         "could not read the Parquet schema: a column's name contains a NUL"},
        {{{.name = {"d", 1},
           .is_leaf = true,
           .type = WH_PQ_INT64,
           .converted = WH_PQ_DECIMAL,
           .precision = 5,
           .scale = 6}},
         1,
         "could not read column \"d\": decimal(5,6) is no valid type"},
        {{{.name = {"d", 1},
           .is_leaf = true,
           .type = WH_PQ_BYTE_ARRAY,
           .converted = WH_PQ_DECIMAL,
           .precision = 77}},
         1,
         "could not read column \"d\": a decimal of 77 digits, the most are 76"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err = {0};
        struct wh_pq_tree t;
        struct wh_pq_element e[MOST + 1] = {root_of(cases[i].top)};
        size_t n = count(cases[i].elements);
        memcpy(e + 1, cases[i].elements, n * sizeof e[0]);
        assert_int_equal(wh_pq_tree_read(&t, e, n + 1, &err), WH_DATA);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void test_too_deep(void **state)
{
    (void)state;
    enum { N = 5000 };
    static struct wh_pq_element e[N + 1];
    struct wh_error err;
    struct wh_pq_tree t;
    e[0] = root_of(1);
    for (size_t i = 1; i <= N; i++)
        e[i] = (struct wh_pq_element)GROUP("g", 0, 1, NONE);
    assert_int_equal(wh_pq_tree_read(&t, e, N + 1, &err), WH_DATA);
    assert_string_equal(err.msg, "could not read the Parquet schema: it is nested too deeply");
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "a:bool,b:int8,c:uint32,d:float32,e:decimal(7,2),f:decimal(30,4),g:text,h:json,i:binary,j:uuid",
        "k:date,l:time(us),m:time(ns),n:timestamp(ms),o:timestamptz(ns),p:interval,q:null",
        "a:list<list<int64>>,b:struct<x:list<text>,y:struct<z:date>>,c:map<text,map<int32,list<bool>>>",
        "a:list<struct<array:list<int8>,b:map<uuid,decimal(5,1)>>>",
    };
    for (size_t i = 0; i < WH_COUNT(schemas); i++) {
        struct wh_error err;
        struct wh_schema s = schema_of(schemas[i]);
        struct wh_pq_tree w, r;
        struct wh_pq_element *e;
        size_t n;
        assert_int_equal(wh_pq_tree_write(&w, &s, &err), WH_OK);
        assert_int_equal(wh_pq_elements(&e, &n, &s, &w.arena, &err), WH_OK);
        assert_int_equal(wh_pq_tree_read(&r, e, n, &err), WH_OK);
        assert_int_equal(r.schema.n_fields, s.n_fields);
        for (size_t k = 0; k < s.n_fields; k++) {
            char a[300], b[300];
            wh_type_format(&s.fields[k], a, sizeof a);
            wh_type_format(&r.schema.fields[k], b, sizeof b);
            assert_string_equal(a, b);
            assert_true(r.schema.fields[k].nullable);
        }
        assert_int_equal(w.n_leaves, r.n_leaves);
        for (size_t k = 0; k < w.n_leaves; k++) {
            assert_int_equal(w.leaves[k]->present_def, r.leaves[k]->present_def);
            assert_int_equal(w.leaves[k]->max_rep, r.leaves[k]->max_rep);
            assert_int_equal(w.leaves[k]->type, r.leaves[k]->type);
            assert_int_equal(w.leaves[k]->length, r.leaves[k]->length);
        }
        wh_pq_tree_release(&w);
        wh_pq_tree_release(&r);
        wh_schema_release(&s);
    }
}

static void test_paths(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = schema_of("a:int32,l:list<struct<p:int64>>,m:map<text,int32>");
    struct wh_pq_arena arena = {0};
    struct wh_pq_element *e;
    struct wh_pq_path *paths;
    size_t n, n_paths;
    static const char *const expected[] = {"a", "l.list.element.p", "m.key_value.key", "m.key_value.value"};
    assert_int_equal(wh_pq_elements(&e, &n, &s, &arena, &err), WH_OK);
    assert_int_equal(wh_pq_paths(&paths, &n_paths, e, n, &arena, &err), WH_OK);
    assert_int_equal(n_paths, WH_COUNT(expected));
    for (size_t i = 0; i < n_paths; i++) {
        char text[100] = "";
        for (size_t k = 0; k < paths[i].n_parts; k++) {
            size_t len = strlen(text);
            snprintf(text + len, sizeof text - len, "%s%.*s", k > 0 ? "." : "", (int)paths[i].parts[k].len,
                     paths[i].parts[k].ptr);
        }
        assert_string_equal(text, expected[i]);
    }
    wh_pq_arena_release(&arena);
    wh_schema_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),    cmocka_unit_test(test_levels),
        cmocka_unit_test(test_unwritable),  cmocka_unit_test(test_read_groups),
        cmocka_unit_test(test_read_leaves), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_too_deep),    cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
