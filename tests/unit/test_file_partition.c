/* Rows into Hive folders, and the folders' names. */
#include "connector/file/partition.h"

#include "connector/file/file_int.h"
#include "support/rows.h"

#define SCHEMA                                                                                               \
    "id:int64,country:text,day:date,at:timestamp,price:decimal(9,2),ok:bool,raw:binary,tags:list<int64>"

static void what_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *spec, *text, *hint;
    } cases[] = {
        {SCHEMA, "contry", "could not partition by \"contry\": no such column", ""},
        {SCHEMA, "week(day)", "unknown partition function \"week\"",
         "functions are year, month, day and hour"},
        {SCHEMA, "year(id)", "could not partition by year(id): it is no date or timestamp", ""},
        {SCHEMA, "raw", "could not partition by \"raw\": its type cannot be a folder name", ""},
        {SCHEMA, "tags", "could not partition by \"tags\": its type cannot be a folder name", ""},
        {SCHEMA, "", "empty --partition-by", ""},
        {SCHEMA, " , ", "empty --partition-by", ""},
        {"id:int64", "id", "--partition-by takes every column: nothing is left for the files", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema s = schema_of(cases[i].schema);
        struct wh_partition *p = NULL;
        struct wh_error why = {0};
        assert_int_equal(wh_partition_new(&p, cases[i].spec, &s, &why), WH_CONFIG);
        assert_string_equal(why.msg, cases[i].text);
        assert_string_equal(why.hint, cases[i].hint);
        wh_schema_release(&s);
    }
    struct wh_schema s = schema_of(SCHEMA);
    struct wh_partition *p = (struct wh_partition *)&s;
    must(wh_partition_new(&p, NULL, &s, err));
    assert_null(p);
    wh_schema_release(&s);
}

/* "folder: row row; folder: row" */
static void check_groups(const struct wh_partition_split *split, const char *expected)
{
    char text[4096] = "";
    for (size_t i = 0; i < split->n_groups; i++) {
        const struct wh_partition_group *g = &split->groups[i];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s:", i == 0 ? "" : "; ",
                 (int)g->folder.len, g->folder.ptr);
        for (size_t k = 0; k < g->n_rows; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), " %lld", (long long)g->rows[k]);
    }
    assert_string_equal(text, expected);
}

static void rows_are_grouped(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *groups, *files;
    } cases[] = {
        {"country",
         "country=AT/: 0 2; country=a%2Fb%3D%25c/: 1; country=__HIVE_DEFAULT_PARTITION__/: 3; country=/: 4",
         "id,day,at,price,ok,raw,tags"},
        {"day(day)",
         "day_day=2024-01-31/: 0 2; day_day=0001-01-01/: 1; day_day=9999-12-31/: 3; "
         "day_day=__HIVE_DEFAULT_PARTITION__/: 4",
         "id,country,day,at,price,ok,raw,tags"},
        {"month(day) , ok",
         "day_month=2024-01/ok=true/: 0; day_month=0001-01/ok=false/: 1; "
         "day_month=2024-01/ok=__HIVE_DEFAULT_PARTITION__/: 2; day_month=9999-12/ok=true/: 3; "
         "day_month=__HIVE_DEFAULT_PARTITION__/ok=true/: 4",
         "id,country,day,at,price,raw,tags"},
        {"hour(at),year(at)",
         "at_hour=2024-01-31T23/at_year=2024/: 0; at_hour=1969-12-31T23/at_year=1969/: 1; "
         "at_hour=2024-01-31T00/at_year=2024/: 2; at_hour=10000-01-01T00/at_year=10000/: 3; "
         "at_hour=__HIVE_DEFAULT_PARTITION__/at_year=__HIVE_DEFAULT_PARTITION__/: 4",
         "id,country,day,at,price,ok,raw,tags"},
        {"hour(day)",
         "day_hour=2024-01-31T00/: 0 2; day_hour=0001-01-01T00/: 1; day_hour=9999-12-31T00/: 3; "
         "day_hour=__HIVE_DEFAULT_PARTITION__/: 4",
         "id,country,day,at,price,ok,raw,tags"},
        {"price",
         "price=1.50/: 0 2; price=-0.01/: 1; price=9999999.99/: 3; price=__HIVE_DEFAULT_PARTITION__/: 4",
         "id,country,day,at,ok,raw,tags"},
    };
    struct wh_schema s = schema_of(SCHEMA);
    struct wh_batch b = {0};
    must(wh_batch_init(&b, &s, NULL, err));
    add_rows(&b, "1|AT|2024-01-31|2024-01-31T23:59:59.999999|1.50|true|\\x00|[1];"
                 "2|a/b=%c|0001-01-01|1969-12-31T23:59:59.999999|-0.01|false||;"
                 "3|AT|2024-01-31|2024-01-31T00:00:00|1.50|||;"
                 "4||9999-12-31|10000-01-01T00:00:00|9999999.99|true||");
    const char *const empty[] = {"5", "", NULL, NULL, NULL, "true", NULL, NULL};
    add_row(&b, empty);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_partition *p = NULL;
        struct wh_partition_split split = {0};
        must(wh_partition_new(&p, cases[i].spec, &s, err));
        char names[256] = "";
        for (size_t k = 0; k < wh_partition_schema(p)->n_fields; k++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", k == 0 ? "" : ",",
                     wh_partition_schema(p)->fields[k].name);
        assert_string_equal(names, cases[i].files);
        must(wh_partition_split(p, &b, &split, err));
        check_groups(&split, cases[i].groups);
        assert_int_equal(split.view.rows, b.rows);
        must(wh_partition_split(p, &b, &split, err)); /* the memory is used again */
        check_groups(&split, cases[i].groups);
        wh_partition_split_release(&split);
        wh_partition_free(p);
    }
    wh_batch_release(&b);
    wh_schema_release(&s);
}

static void many_groups(void **state)
{
    (void)state;
    enum { ROWS = 5000, GROUPS = 1500 };
    struct wh_schema s = schema_of("k:int64,v:int64");
    struct wh_batch b = {0};
    struct wh_partition *p = NULL;
    struct wh_partition_split split = {0};
    must(wh_batch_init(&b, &s, NULL, err));
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t key = i * 7 % GROUPS;
        must(wh_column_append(&b.columns[0], &key, err));
        must(wh_column_append(&b.columns[1], &i, err));
        b.rows++;
    }
    must(wh_partition_new(&p, "k", &s, err));
    must(wh_partition_split(p, &b, &split, err));
    assert_int_equal(split.n_groups, GROUPS);
    size_t all = 0;
    for (size_t i = 0; i < split.n_groups; i++)
        for (size_t k = 0; k < split.groups[i].n_rows; k++, all++) {
            char folder[32];
            int64_t row = split.groups[i].rows[k];
            int n = snprintf(folder, sizeof folder, "k=%lld/", (long long)(row * 7 % GROUPS));
            assert_true(wh_slice_eq(split.groups[i].folder, wh_slice(folder, (size_t)n)));
            assert_true(k == 0 || row > split.groups[i].rows[k - 1]);
        }
    assert_int_equal(all, ROWS);
    wh_partition_split_release(&split);
    wh_partition_free(p);
    wh_batch_release(&b);
    wh_schema_release(&s);
}

static void names_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"plain", "plain"},
        {"a b", "a b"},
        {"..", ".."},
        {"a/b", "a%2Fb"},
        {"k=v", "k%3Dv"},
        {"100%", "100%25"},
        {"\n\x01\x7f", "%0A%01%7F"},
        {"\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80"},
        {"__HIVE_DEFAULT_PARTITION__",
         "%5F%5F%48%49%56%45%5F%44%45%46%41%55%4C%54%5F%50%41%52%54%49%54%49%4F%4E%5F%5F"},
        {"\"'\\*?[", "%22%27%5C%2A%3F%5B"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_buffer out = {0};
        struct wh_slice text = wh_slice_of(cases[i].text);
        char *name = NULL;
        must(wh_hive_escape(&out, &text, err));
        must(wh_buffer_take_text(&name, &out, err));
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(rows_are_grouped),
        cmocka_unit_test(many_groups),
        cmocka_unit_test(names_are_escaped),
    };
    return cmocka_run_group_tests_name("file/partition", tests, NULL, NULL);
}
