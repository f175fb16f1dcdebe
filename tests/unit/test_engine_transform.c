/* From a stream's rows to a target's: names, order, casts, filter, rejects. */
#include "engine/transform.h"

#include "support/rows.h"

#define IN "id:int64,name:text,total:float64,day:date"

/* A sink that writes down what it gets. */
struct told {
    struct wh_reject_sink base;
    char text[1024];
};

static enum wh_status tell(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    struct told *t = (struct told *)sink;
    size_t n = strlen(t->text);
    snprintf(t->text + n, sizeof t->text - n, "%lld %s: %s: %.*s;", (long long)r->row, r->column, r->reason,
             (int)r->text.len, r->text.ptr);
    return strstr(r->reason, "777") == NULL ? WH_OK : wh_fail(err, WH_DATA, "enough");
}

/* Up to four words; "" is no list. */
struct words {
    const char *list[8];
    char text[256];
};

static const char *const *words_of(struct words *w, const char *text)
{
    size_t n = 0;
    snprintf(w->text, sizeof w->text, "%s", text);
    for (char *rest = w->text, *word; (word = strsep(&rest, ",")) != NULL && *text != '\0';)
        w->list[n++] = word;
    w->list[n] = NULL;
    return n == 0 ? NULL : w->list;
}

static void columns_to_read(void **state)
{
    (void)state;
    static const struct {
        const char *select, *where, *columns;
        size_t n_selected;
    } cases[] = {
        {"", NULL, "id,name,total,day", 4},  {"day,id", NULL, "day,id", 2},
        {"-id,-day", NULL, "name,total", 2}, {"name", "total > 1 and id = 2", "name,id,total", 1},
        {"total", "total > 1", "total", 1},
    };
    struct wh_schema in = schema_of(IN);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct words w;
        const struct wh_shape shape = {.select = words_of(&w, cases[i].select), .where = cases[i].where};
        char **columns = NULL, joined[256] = "";
        size_t n = 0;
        must(wh_shape_columns(&columns, &n, &shape, &in, err));
        for (size_t k = 0; columns[k] != NULL; k++)
            snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", k == 0 ? "" : ",",
                     columns[k]);
        assert_int_equal(n, cases[i].n_selected);
        if (cases[i].where == NULL)
            assert_string_equal(joined, cases[i].columns);
        else /* the order of those that only the filter needs is its own */
            assert_int_equal(strlen(joined), strlen(cases[i].columns));
        wh_strv_free(columns);
    }
    wh_schema_release(&in);
}

static void what_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *select, *types, *text, *hint;
    } cases[] = {
        {"nmae", NULL, "there is no column \"nmae\"", "did you mean \"name\"?"},
        {"-x", NULL, "there is no column \"x\"", "there are id, name, total, day"},
        {"id,id", NULL, "--select names column \"id\" twice", ""},
        {"id,-day", NULL, "--select either names columns or leaves out columns (-name), not both", ""},
        {"-id,-name,-total,-day", NULL, "--select leaves no column", ""},
        {"", "ids:int64", "there is no column \"ids\"", "did you mean \"id\"?"},
        {"", "day:float64", "could not make float64 of column \"day\": it is date", ""},
    };
    struct wh_schema in = schema_of(IN);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct words w;
        struct wh_schema types = schema_of(cases[i].types == NULL ? "a:text" : cases[i].types);
        const struct wh_shape shape = {.select = words_of(&w, cases[i].select),
                                       .types = cases[i].types == NULL ? NULL : &types};
        struct wh_transform t = {0};
        struct wh_error err = {0};
        assert_int_equal(wh_transform_init(&t, &shape, &in, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].text);
        assert_string_equal(err.hint, cases[i].hint);
        wh_transform_release(&t);
        wh_schema_release(&types);
    }
    wh_schema_release(&in);
}

/* Two batches go through one transform with one working memory, as in a worker. */
static void rows_are_shaped(void **state)
{
    (void)state;
    static const struct {
        const char *label, *select, *where, *types, *one, *two, *rejects;
        int64_t filtered;
        bool passes;
    } cases[] = {
        {"as it is", "", NULL, NULL, "1|a|1.5|2024-01-01;2|b|2|;3||3.25|2024-03-03", "4|d|5|", "", 0, true},
        {"order", "name,id", NULL, NULL, "a|1;b|2;|3", "d|4", "", 0, false},
        {"filter only", "", "id <> 2", NULL, "1|a|1.5|2024-01-01;3||3.25|2024-03-03", "4|d|5|", "", 1, true},
        {"filter drops all", "", "id > 9", NULL, "", "", "", 4, true},
        {"filter and order", "name", "total > 2", NULL, "", "d", "", 2, false},
        {"cast", "total,id", NULL, "total:int32", "2|2", "5|4",
         "10 total: 1.5 is no exact int32: {\"id\":1,\"name\":\"a\",\"total\":1.5,\"day\":\"2024-01-01\"};"
         "12 total: 3.25 is no exact int32: {\"id\":3,\"name\":null,\"total\":3.25,\"day\":\"2024-03-03\"};",
         0, false},
        {"two casts of one row", "", NULL, "total:int32,name:int8", "", "",
         "10 name: \"a\" is no exact int8: {\"id\":1,\"name\":\"a\",\"total\":1.5,\"day\":\"2024-01-01\"};"
         "11 name: \"b\" is no exact int8: {\"id\":2,\"name\":\"b\",\"total\":2,\"day\":null};"
         "12 total: 3.25 is no exact int32: {\"id\":3,\"name\":null,\"total\":3.25,\"day\":\"2024-03-03\"};"
         "13 name: \"d\" is no exact int8: {\"id\":4,\"name\":\"d\",\"total\":5,\"day\":null};",
         0, false},
        {"filter and cast: the place is that before the filter", "id,total", "id <> 1", "total:int64", "2|2",
         "4|5",
         "12 total: 3.25 is no exact int64: {\"id\":3,\"name\":null,\"total\":3.25,\"day\":\"2024-03-03\"};",
         1, false},
    };
    struct wh_schema in = schema_of(IN);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct words w;
        struct wh_schema types = schema_of(cases[i].types == NULL ? "id:int64" : cases[i].types);
        const struct wh_shape shape = {
            .select = words_of(&w, cases[i].select), .where = cases[i].where, .types = &types};
        struct wh_transform t = {0};
        struct wh_transform_state st = {0};
        struct told told = {.base = {.add = tell}};
        struct wh_batch b = {0}, *result = NULL;
        int64_t filtered = 0, all_filtered = 0;
        must(wh_transform_init(&t, &shape, &in, err));
        assert_int_equal(t.passes, cases[i].passes);
        must(wh_batch_init(&b, &in, NULL, err));
        add_rows(&b, "1|a|1.5|2024-01-01;2|b|2|;3||3.25|2024-03-03");
        st.first_row = 10;
        must(wh_transform_apply(&t, &st, &b, &told.base, &result, &filtered, err));
        check_rows(result, cases[i].one);
        all_filtered = filtered;
        wh_batch_reset(&b);
        add_rows(&b, "4|d|5|");
        st.first_row = 13;
        must(wh_transform_apply(&t, &st, &b, &told.base, &result, &filtered, err));
        check_rows(result, cases[i].two);
        assert_int_equal(all_filtered + filtered, cases[i].filtered);
        assert_string_equal(told.text, cases[i].rejects);
        wh_batch_release(&b);
        wh_transform_state_release(&st);
        wh_transform_release(&t);
        wh_schema_release(&types);
    }
    wh_schema_release(&in);
}

static void nullability_never_grows(void **state)
{
    (void)state;
    struct wh_schema in = schema_of("a:int64,b:int64"), types = schema_of("a:text,b:text");
    in.fields[0].nullable = false;
    types.fields[1].nullable = false;
    const struct wh_shape shape = {.types = &types};
    struct wh_transform t = {0};
    must(wh_transform_init(&t, &shape, &in, err));
    assert_false(t.out.fields[0].nullable);
    assert_false(t.out.fields[1].nullable);
    wh_transform_release(&t);
    wh_schema_release(&in);
    wh_schema_release(&types);
}

static void a_full_sink_ends_the_run(void **state)
{
    (void)state;
    struct wh_schema in = schema_of("v:float64"), types = schema_of("v:int8");
    const struct wh_shape shape = {.types = &types};
    struct wh_transform t = {0};
    struct wh_transform_state st = {0};
    struct told told = {.base = {.add = tell}};
    struct wh_batch b = {0}, *result;
    int64_t filtered;
    must(wh_transform_init(&t, &shape, &in, err));
    must(wh_batch_init(&b, &in, NULL, err));
    add_rows(&b, "1;777;2");
    must_fail(wh_transform_apply(&t, &st, &b, &told.base, &result, &filtered, err), WH_DATA, "enough");
    wh_batch_release(&b);
    wh_transform_state_release(&st);
    wh_transform_release(&t);
    wh_schema_release(&in);
    wh_schema_release(&types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_to_read),          cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(rows_are_shaped),          cmocka_unit_test(nullability_never_grows),
        cmocka_unit_test(a_full_sink_ends_the_run),
    };
    return cmocka_run_group_tests_name("engine/transform", tests, NULL, NULL);
}
