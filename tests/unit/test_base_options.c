/* test_base_options.c - settings checked against tables of options. */
#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct wh_option general[] = {
    {.name = "jobs", .type = WH_OPT_INT, .fallback = "2", .help = "worker threads"},
    {.name = "memory", .type = WH_OPT_SIZE, .fallback = "128MiB", .help = "bytes for all buffers"},
    {.name = "dry-run", .type = WH_OPT_BOOL, .help = "touches nothing"},
    {.name = "select", .type = WH_OPT_LIST, .help = "columns"},
    {0},
};
static const struct wh_option csv[] = {
    {.name = "csv-delimiter", .type = WH_OPT_STRING, .fallback = ",", .help = "between fields"},
    {.name = "compression",
     .type = WH_OPT_ENUM,
     .fallback = "zstd",
     .values = "none|gzip|zstd",
     .help = "how"},
    {.name = "jobs", .type = WH_OPT_STRING, .fallback = "hidden by the first table", .help = "none"},
    {0},
};

static struct wh_config *new_config(void)
{
    static const struct wh_option *const tables[] = {general, csv, NULL};
    struct wh_config *cfg;
    struct wh_error err;
    assert_int_equal(wh_config_new(&cfg, tables, &err), WH_OK);
    return cfg;
}

static void gives_fallbacks_and_values(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_config *cfg = new_config();
    assert_int_equal(wh_config_int(cfg, "jobs"), 2);
    assert_int_equal(wh_config_bytes(cfg, "memory"), 128 << 20);
    assert_false(wh_config_bool(cfg, "dry-run"));
    assert_null(wh_config_str(cfg, "select"));
    assert_string_equal(wh_config_str(cfg, "compression"), "zstd");
    assert_false(wh_config_is_set(cfg, "jobs"));

    assert_int_equal(wh_config_set(cfg, "jobs", "8", &err), WH_OK);
    assert_int_equal(wh_config_set(cfg, "jobs", "2", &err), WH_OK);
    assert_int_equal(wh_config_set(cfg, "dry-run", NULL, &err), WH_OK);
    assert_int_equal(wh_config_set(cfg, "csv-delimiter", "", &err), WH_OK);
    assert_int_equal(wh_config_set(cfg, "compression", "none", &err), WH_OK);
    assert_int_equal(wh_config_int(cfg, "jobs"), 2);
    assert_true(wh_config_is_set(cfg, "jobs"));
    assert_true(wh_config_bool(cfg, "dry-run"));
    assert_string_equal(wh_config_str(cfg, "csv-delimiter"), "");

    static const char *const set[][2] = {
        {"jobs", "2"}, {"dry-run", "true"}, {"csv-delimiter", ""}, {"compression", "none"}};
    const char *name, *value;
    size_t at = 0, n = 0;
    for (; wh_config_next_set(cfg, &at, &name, &value); n++) {
        assert_string_equal(name, set[n][0]);
        assert_string_equal(value, set[n][1]);
    }
    assert_int_equal(n, WH_COUNT(set));
    assert_int_equal(wh_config_find(cfg, "memory")->type, WH_OPT_SIZE);
    assert_null(wh_config_find(cfg, "memories"));
    wh_config_free(cfg);
    wh_config_free(NULL);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *msg, *hint;
    } cases[] = {
        {"jbos", "1", "could not set option \"--jbos\": there is no such option", "did you mean --jobs?"},
        {"compresion", "1", "could not set option \"--compresion\": there is no such option",
         "did you mean --compression?"},
        {"Memory", "1", "could not set option \"--Memory\": there is no such option",
         "did you mean --memory?"},
        {"frobnicate", "1", "could not set option \"--frobnicate\": there is no such option", ""},
        {"", "1", "could not set option \"--\": there is no such option", ""},
        {"jobs", "two", "could not set option \"--jobs\": \"two\" is no whole number",
         "use digits, with a leading minus for a negative number"},
        {"jobs", NULL, "could not set option \"--jobs\": it needs a value", ""},
        {"memory", "-1", "could not set option \"--memory\": \"-1\" is no size in bytes",
         "write it like 1048576, 64MB or 1.5GiB"},
        {"dry-run", "maybe", "could not set option \"--dry-run\": \"maybe\" is neither yes nor no",
         "use one of true, false, yes, no, on, off, 1, 0"},
        {"compression", "lzma", "could not set option \"--compression\": \"lzma\" is none of its values",
         "use one of none, gzip, zstd"},
        {"compression", "zst", "could not set option \"--compression\": \"zst\" is none of its values",
         "use one of none, gzip, zstd"},
        {"compression", "none|gzip",
         "could not set option \"--compression\": \"none|gzip\" is none of its values",
         "use one of none, gzip, zstd"},
        {"compression", "", "could not set option \"--compression\": \"\" is none of its values",
         "use one of none, gzip, zstd"},
    };
    struct wh_config *cfg = new_config();
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        assert_int_equal(wh_config_set(cfg, cases[i].name, cases[i].value, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
    }
    wh_config_free(cfg);
}

static void knows_yes_and_no(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool value;
    } cases[] = {{"true", true},   {"YES", true}, {"on", true},   {"1", true},
                 {"false", false}, {"No", false}, {"off", false}, {"0", false}};
    struct wh_config *cfg = new_config();
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        assert_int_equal(wh_config_set(cfg, "dry-run", cases[i].text, &err), WH_OK);
        assert_int_equal(wh_config_bool(cfg, "dry-run"), cases[i].value);
    }
    wh_config_free(cfg);
}

static void finds_the_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"csv", "jsonl", "parquet", "sqlite", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {{"parqet", "parquet"}, {"PARQUET", "parquet"}, {"jsnol", "jsonl"}, {"json", "jsonl"},
                 {"cvs", "csv"},        {"excel", NULL},        {"", NULL},         {"sqlight", NULL}};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        const char *got = wh_nearest(cases[i].word, words);
        if (cases[i].nearest == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].nearest);
    }
    assert_null(wh_nearest("x", none));
    static const char long_word[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg";
    assert_null(wh_nearest(long_word, words));
}

static void splits_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *elements[5];
    } cases[] = {
        {"a", {"a"}},
        {"a,b c,", {"a", "b c"}},
        {"a,,b", {"a", "", "b"}},
        {"\"a,b\",c", {"a,b", "c"}},
        {"\"say \"\"hi\"\"\"", {"say \"hi\""}},
        {"\"\"", {""}},
        {"", {NULL}},
        {"a\"b", {"a\"b"}},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        char **list;
        assert_int_equal(wh_split_list(&list, cases[i].text, &err), WH_OK);
        for (size_t k = 0; cases[i].elements[k] != NULL; k++) {
            assert_non_null(list[k]);
            assert_string_equal(list[k], cases[i].elements[k]);
        }
        assert_int_equal(wh_strv_len((const char *const *)list), wh_strv_len(cases[i].elements));
        wh_strv_free(list);
    }
    struct wh_config *cfg = new_config();
    struct wh_error err;
    char **list = NULL;
    assert_int_equal(wh_config_list(cfg, "select", &list, &err), WH_OK);
    assert_null(list);
    assert_int_equal(wh_config_set(cfg, "select", "a,\"b", &err), WH_OK);
    assert_int_equal(wh_config_list(cfg, "select", &list, &err), WH_CONFIG);
    assert_string_equal(err.msg, "option \"--select\": could not read list \"a,\"b\": a quote has no end");
    wh_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_fallbacks_and_values),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(knows_yes_and_no),
        cmocka_unit_test(finds_the_nearest_word),
        cmocka_unit_test(splits_lists),
    };
    return cmocka_run_group_tests_name("base/options", tests, NULL, NULL);
}
