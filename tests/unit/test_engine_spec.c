/* What a job is asked to do, and schemas, as JSON and back. */
#include "engine/spec.h"

#include "engine/schema_json.h"
#include "support/rows.h"

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_list(const char *const *a, const char *const *b)
{
    assert_int_equal(a == NULL, b == NULL);
    assert_int_equal(wh_strv_len(a), wh_strv_len(b));
    for (size_t i = 0; a != NULL && a[i] != NULL; i++)
        assert_string_equal(a[i], b[i]);
}

static void specs_come_back(void **state)
{
    static const char *const key[] = {"id", "a,b \"c\"", NULL}, *const select[] = {"-x", NULL},
                             *const options[] = {"csv-null", "", "csv-delimiter", "\t", NULL},
                             *const none[] = {NULL};
    struct wh_job_spec specs[] = {wh_job_spec_default, wh_job_spec_default, wh_job_spec_default};
    specs[0].source = "a.csv";
    specs[0].destination = "b.parquet";
    specs[1] = (struct wh_job_spec){.source = "sqlite:///\xc3\xa4.db#t",
                                    .destination = "-",
                                    .source_stream = "t",
                                    .destination_stream = "\xf0\x9f\x98\x80",
                                    .mode = WH_MERGE,
                                    .primary_key = key,
                                    .where = "a = 'x\ny'",
                                    .select = select,
                                    .columns = "id:int64",
                                    .limit_rows = INT64_MAX,
                                    .max_rejects = "1.5%",
                                    .source_options = options,
                                    .destination_options = none};
    specs[2].source = specs[2].destination = "";
    specs[2].mode = WH_APPEND;
    for (size_t i = 0; i < WH_COUNT(specs); i++) {
        const struct wh_job_spec *a = &specs[i];
        char *text = NULL, *again = NULL;
        struct wh_saved_spec saved = {0};
        must(wh_job_spec_text(&text, a, err));
        must(wh_job_spec_load(&saved, text, err));
        const struct wh_job_spec *b = &saved.spec;
        assert_true(same_text(a->source, b->source) && same_text(a->destination, b->destination));
        assert_true(same_text(a->source_stream, b->source_stream));
        assert_true(same_text(a->destination_stream, b->destination_stream));
        assert_true(same_text(a->where, b->where) && same_text(a->columns, b->columns));
        assert_true(same_text(a->max_rejects, b->max_rejects));
        assert_int_equal(a->mode, b->mode);
        assert_true(a->limit_rows == b->limit_rows);
        check_list(a->primary_key, b->primary_key);
        check_list(a->select, b->select);
        check_list(a->source_options, b->source_options);
        check_list(a->destination_options, b->destination_options);
        assert_string_equal(wh_saved_spec_folder(&saved), *state);
        must(wh_job_spec_text(&again, b, err));
        assert_string_equal(again, text);
        free(text);
        free(again);
        wh_saved_spec_release(&saved);
    }
}

static void what_makes_no_difference(void **state)
{
    (void)state;
    struct wh_job_spec a = wh_job_spec_default, b;
    a.source = "a.csv";
    a.destination = "b.csv";
    b = a;
    b.jobs = 3;
    b.memory_bytes = 1;
    b.chunk_bytes = 7;
    b.checkpoint_ms = 9;
    b.fresh = true;
    char *x = NULL, *y = NULL;
    must(wh_job_spec_text(&x, &a, err));
    must(wh_job_spec_text(&y, &b, err));
    assert_string_equal(x, y);
    free(x);
    free(y);
}

static void specs_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "damaged specification of a run"},
        {"[]", "the run was started by another version of wherry"},
        {"{\"version\":2}", "the run was started by another version of wherry"},
        {"{\"version\":1,\"source\":\"a\"}", "damaged specification of a run"},
        {"{\"version\":1,\"source\":\"a\",\"destination\":\"b\",\"max_rejects\":\"0\",\"select\":[\"x\",3]}",
         "damaged specification of a run"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_saved_spec saved = {0};
        must_fail(wh_job_spec_load(&saved, cases[i].text, err), WH_STATE, cases[i].error);
    }
    struct wh_job_spec spec = wh_job_spec_default;
    spec.source = "caf\xe9.csv";
    spec.destination = "b.csv";
    char *text = NULL;
    must_fail(wh_job_spec_text(&text, &spec, err), WH_CONFIG, "\"caf\xe9.csv\" is not valid UTF-8");
}

static void schemas_come_back(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "id:int64",
        "a:bool,b:int8,c:int16,d:int32,e:int64,f:uint8,g:uint16,h:uint32,i:uint64,j:float32,k:float64",
        "a:decimal(1,0),b:decimal(18,18),c:decimal(38,37),d:decimal(76,76),e:text,f:json,g:binary,h:uuid",
        "i:null",
        "a:date,b:time,c:time(ns),d:timestamp,e:timestamp(s),f:timestamptz(ms),g:timestamp(ns),h:interval",
        "a:list<int64>,b:list<list<text>>,c:struct<x:int64,y:struct<z:text>>,d:map<text,decimal(9,2)>",
        "\"two words\":int64,\"a,b\":text,\"q\"\"q\":text,\"\xf0\x9f\x98\x80\":text",
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema s = schema_of(cases[i]), back = {0};
        s.fields[0].nullable = false;
        char *text = NULL;
        must(wh_schema_text(&text, &s, err));
        must(wh_schema_from_text(&back, text, err));
        assert_true(wh_schema_same(&s, &back));
        assert_false(back.fields[0].nullable);
        free(text);
        wh_schema_release(&s);
        wh_schema_release(&back);
    }
}

/* The name of a nested type has no bound. */
static void a_wide_struct_comes_back(void **state)
{
    (void)state;
    enum { MEMBERS = 5000 };
    struct wh_buffer b = {0};
    char *type = NULL, *text = NULL;
    must(wh_buffer_append_text(&b, "s:struct<", err));
    for (int i = 0; i < MEMBERS; i++)
        must(wh_buffer_printf(&b, err, "%smember_%d:int64", i == 0 ? "" : ",", i));
    must(wh_buffer_append_text(&b, ">", err));
    must(wh_buffer_take_text(&type, &b, err));
    struct wh_schema s = schema_of(type), back = {0};
    must(wh_schema_text(&text, &s, err));
    must(wh_schema_from_text(&back, text, err));
    assert_int_equal(back.fields[0].n_children, MEMBERS);
    assert_true(wh_schema_same(&s, &back));
    free(type);
    free(text);
    wh_schema_release(&s);
    wh_schema_release(&back);
}

static void schemas_that_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "{}", "[1]", "[{\"name\":\"a\"}]"};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema s = {0};
        must_fail(wh_schema_from_text(&s, cases[i], err), WH_STATE, "damaged schema in the store");
    }
    struct wh_schema s = {0};
    struct wh_error why;
    assert_int_equal(wh_schema_from_text(&s, "[{\"name\":\"a\",\"type\":\"int65\"}]", &why), WH_STATE);
    struct wh_schema bad = schema_of("a:int64,b:int64");
    bad.fields[1].name[0] = '\xff';
    char *text = NULL;
    must_fail(wh_schema_text(&text, &bad, err), WH_DATA, "the name of column 2 is not valid UTF-8");
    wh_schema_release(&bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_come_back),          cmocka_unit_test(what_makes_no_difference),
        cmocka_unit_test(specs_that_are_refused),   cmocka_unit_test(schemas_come_back),
        cmocka_unit_test(a_wide_struct_comes_back), cmocka_unit_test(schemas_that_are_refused),
    };
    return cmocka_run_group_tests_name("engine/spec", tests, enter_folder, leave_folder);
}
