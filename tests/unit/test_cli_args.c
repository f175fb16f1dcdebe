/* test_cli_args.c - command lines by the tables of flags. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/spec_args.h"

static int run(const struct wh_args *a)
{
    (void)a;
    return 0;
}

static const struct wh_flag flags[] = {
    {.name = "mode",
     .kind = WH_FLAG_ENUM,
     .value = "replace|append",
     .fallback = "replace",
     .also = "overwrite",
     .help = "h"},
    {.name = "where", .kind = WH_FLAG_TEXT, .help = "h"},
    {.name = "select", .letter = 's', .kind = WH_FLAG_LIST, .help = "h"},
    {.name = "columns", .kind = WH_FLAG_SCHEMA, .help = "h"},
    {.name = "jobs", .letter = 'j', .kind = WH_FLAG_INT, .fallback = "3", .help = "h"},
    {.name = "memory", .kind = WH_FLAG_SIZE, .fallback = "1KiB", .help = "h"},
    {.name = "every", .kind = WH_FLAG_DURATION, .fallback = "5s", .help = "h"},
    {.name = "fresh", .letter = 'f', .kind = WH_FLAG_SWITCH, .help = "h"},
    {.name = "secret", .kind = WH_FLAG_TEXT},
    {.name = "full-refresh", .kind = WH_FLAG_SWITCH, .same_as = "fresh"},
    {0},
};
static const struct wh_command command = {.name = "test",
                                          .usage = "A B",
                                          .summary = "s",
                                          .min_args = 1,
                                          .max_args = 2,
                                          .takes_connector_options = true,
                                          .flags = flags,
                                          .run = run};

#define MAX_WORDS 32
#define MAX_LINE 512

/* The words of a line, which single spaces separate; copy holds them. */
static int split(char *words[MAX_WORDS], char copy[MAX_LINE], const char *line)
{
    int n = 0;
    snprintf(copy, MAX_LINE, "%s", line);
    for (char *w = copy; w != NULL && *w != '\0'; n++) {
        words[n] = w;
        w = strchr(w, ' ');
        if (w != NULL)
            *w++ = '\0';
    }
    return n;
}

static enum wh_status parse(struct wh_args **out, const char *line, char copy[MAX_LINE], struct wh_error *err)
{
    char *words[MAX_WORDS];
    int n = split(words, copy, line);
    return wh_args_parse(out, &command, n, words, err);
}

static void join(char out[MAX_LINE], const char *const *list)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        len += (size_t)snprintf(out + len, MAX_LINE - len, "%s%s", i > 0 ? "|" : "", list[i]);
}

static void reads_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *mode, *where, *select, *columns;
        int64_t jobs, memory, every;
        bool fresh;
    } cases[] = {
        {"a", "replace", NULL, "", NULL, 3, 1024, 5000, false},
        {"a --mode append --jobs 7", "append", NULL, "", NULL, 7, 1024, 5000, false},
        {"--mode=overwrite a -j9 b", "overwrite", NULL, "", NULL, 9, 1024, 5000, false},
        {"a -j 4 -f --memory 2MiB", "replace", NULL, "", NULL, 4, 2 << 20, 5000, true},
        {"a -fj2", "replace", NULL, "", NULL, 2, 1024, 5000, true},
        {"a --full-refresh --every 250ms", "replace", NULL, "", NULL, 3, 1024, 250, true},
        {"a --every 2m", "replace", NULL, "", NULL, 3, 1024, 120000, false},
        {"a --every 7", "replace", NULL, "", NULL, 3, 1024, 7000, false},
        {"a --select x,y -s z", "replace", NULL, "x|y|z", NULL, 3, 1024, 5000, false},
        {"a --select -x,-y", "replace", NULL, "-x|-y", NULL, 3, 1024, 5000, false},
        {"a --columns x:decimal(9,2) --columns y:text", "replace", NULL, "", "x:decimal(9,2),y:text", 3, 1024,
         5000, false},
        {"a --where x>1 --where y>1", "replace", "y>1", "", NULL, 3, 1024, 5000, false},
        {"a --where=--odd", "replace", "--odd", "", NULL, 3, 1024, 5000, false},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_args *a = NULL;
        struct wh_error err = {0};
        char copy[MAX_LINE], list[MAX_LINE];
        if (parse(&a, cases[i].line, copy, &err) != WH_OK)
            fail_msg("%s: %s", cases[i].line, err.msg);
        assert_string_equal(wh_args_at(a, 0), "a");
        assert_string_equal(wh_args_text(a, "mode"), cases[i].mode);
        assert_int_equal(wh_args_int(a, "jobs"), cases[i].jobs);
        assert_int_equal(wh_args_int(a, "memory"), cases[i].memory);
        assert_int_equal(wh_args_int(a, "every"), cases[i].every);
        assert_int_equal(wh_args_has(a, "fresh"), cases[i].fresh);
        join(list, wh_args_list(a, "select"));
        assert_string_equal(list, cases[i].select);
        const char *where = wh_args_text(a, "where"), *columns = wh_args_text(a, "columns");
        assert_true((where == NULL) == (cases[i].where == NULL) &&
                    (columns == NULL) == (cases[i].columns == NULL));
        if (where != NULL)
            assert_string_equal(where, cases[i].where);
        if (columns != NULL)
            assert_string_equal(columns, cases[i].columns);
        assert_null(wh_args_text(a, "no-such-flag"));
        assert_int_equal(wh_args_int(a, "no-such-flag"), 0);
        assert_null(wh_args_list(a, "no-such-flag"));
        wh_args_free(a);
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *line, *msg, *hint;
    } cases[] = {
        {"", "wherry test needs A B", "`wherry help test` shows examples"},
        {"a b c", "unexpected argument \"c\"",
         "usage: wherry test A B; a pattern stands in quotes: 'logs/*.csv'"},
        {"a --mod append", "unknown flag --mod", "did you mean --mode?"},
        {"a --frehs", "unknown flag --frehs", "did you mean --fresh?"},
        {"a --csv-delimitr x", "unknown flag --csv-delimitr", "did you mean --csv-delimiter?"},
        {"a --source-csv-delimitr x", "unknown flag --source-csv-delimitr",
         "did you mean --source-csv-delimiter?"},
        {"a --quiett", "unknown flag --quiett", "did you mean --quiet?"},
        {"a --xyzzy", "unknown flag --xyzzy", "`wherry help test` lists the flags"},
        {"a -x", "unknown flag -x", "`wherry help test` lists the flags"},
        {"a --mode", "--mode needs a value", ""},
        {"a --csv-delimiter", "--csv-delimiter needs a value", ""},
        {"a --fresh=1", "--fresh takes no value", ""},
        {"a --mode apend", "--mode cannot be \"apend\"", "did you mean append? It is one of replace, append"},
        {"a --mode all", "--mode cannot be \"all\"", "it is one of replace, append"},
        {"a --mode=", "--mode cannot be \"\"", "it is one of replace, append"},
        {"a --jobs -1", "--jobs \"-1\" is no whole number", ""},
        {"a --jobs 1.5", "--jobs \"1.5\" is no whole number", ""},
        {"a --memory much", "--memory \"much\" is no size", "write it like 64MiB"},
        {"a --every s", "--every \"s\" is no duration", "write it like 500ms, 10s or 5m"},
        {"a --every 99999999999999999d", "--every \"99999999999999999d\" is no duration",
         "write it like 500ms, 10s or 5m"},
        {"a --select \"x", "could not read list \"\"x\": a quote has no end", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_args *a = NULL;
        struct wh_error err = {0};
        char copy[MAX_LINE];
        assert_int_equal(parse(&a, cases[i].line, copy, &err), WH_CONFIG);
        assert_null(a);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
    }
}

static void reads_options(void **state)
{
    (void)state;
    struct wh_args *a = NULL;
    struct wh_error err = {0};
    char copy[MAX_LINE], list[MAX_LINE];
    assert_int_equal(
        parse(&a, "a --csv-null NA --source-format csv --dest-csv-safe --csv-skip=2 --dest-format jsonl",
              copy, &err),
        WH_OK);
    join(list, wh_args_options(a, WH_ARGS_BOTH));
    assert_string_equal(list, "csv-null|NA|csv-skip|2");
    join(list, wh_args_options(a, WH_ARGS_SOURCE));
    assert_string_equal(list, "format|csv");
    join(list, wh_args_options(a, WH_ARGS_DESTINATION));
    assert_string_equal(list, "csv-safe|true|format|jsonl");
    wh_args_free(a);
}

static void reads_the_environment(void **state)
{
    (void)state;
    struct wh_args *a = NULL;
    struct wh_error err = {0};
    char copy[MAX_LINE];
    setenv("WHERRY_MODE", "append", 1);
    setenv("WHERRY_FRESH", "1", 1);
    setenv("WHERRY_JOBS", "8", 1);
    setenv("WHERRY_SECRET", "x", 1);
    setenv("WHERRY_FULL_REFRESH", "1", 1);
    setenv("WHERRY_WHERE", "", 1);
    assert_int_equal(parse(&a, "a --jobs 2", copy, &err), WH_OK);
    assert_string_equal(wh_args_text(a, "mode"), "append");
    assert_int_equal(wh_args_int(a, "jobs"), 2);
    assert_true(wh_args_has(a, "fresh"));
    assert_false(wh_args_has(a, "where"));
    assert_null(wh_args_text(a, "secret"));
    wh_args_free(a);
    setenv("WHERRY_FRESH", "false", 1);
    assert_int_equal(parse(&a, "a", copy, &err), WH_OK);
    assert_false(wh_args_has(a, "fresh"));
    wh_args_free(a);
    setenv("WHERRY_MODE", "never", 1);
    assert_int_equal(parse(&a, "a", copy, &err), WH_CONFIG);
    assert_string_equal(err.msg, "environment variable WHERRY_MODE: --mode cannot be \"never\"");
    static const char *const names[] = {"WHERRY_MODE",   "WHERRY_FRESH",        "WHERRY_JOBS",
                                        "WHERRY_SECRET", "WHERRY_FULL_REFRESH", "WHERRY_WHERE"};
    for (size_t i = 0; i < WH_COUNT(names); i++)
        unsetenv(names[i]);
}

/* ---- specs of real commands ---- */

static enum wh_status spec_of(struct wh_args **a, struct wh_args_spec *s, const char *line,
                              char copy[MAX_LINE], struct wh_error *err)
{
    char *words[MAX_WORDS];
    int n = split(words, copy, line);
    WH_TRY(wh_args_parse(a, wh_command_find("copy"), n, words, err));
    return wh_args_to_spec(s, *a, err);
}

static void shares_options_between_sides(void **state)
{
    (void)state;
    static const struct {
        const char *line, *source, *destination; /* options */
    } cases[] = {
        {"a.csv b.parquet", "", ""},
        {"a.csv b.parquet --csv-null NA", "csv-null|NA", "csv-null|NA"},
        {"a.csv sqlite:///b.db --csv-null NA", "csv-null|NA", ""},
        {"sqlite:///a.db b.csv --csv-null NA", "", "csv-null|NA"},
        {"a.csv b.csv --csv-skip 1 --csv-safe", "csv-skip|1", "csv-safe|true"},
        {"a b --format csv", "", "format|csv"},
        {"a b --format csv --source-format jsonl", "format|jsonl", "format|csv"},
        {"a.csv b.csv --source-csv-null NA --dest-csv-null x", "csv-null|NA", "csv-null|x"},
        {"nope://a b.csv --csv-skip 1", "csv-skip|1", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_args *a = NULL;
        struct wh_args_spec s = {0};
        struct wh_error err = {0};
        char copy[MAX_LINE], list[MAX_LINE];
        if (spec_of(&a, &s, cases[i].line, copy, &err) != WH_OK)
            fail_msg("%s: %s", cases[i].line, err.msg);
        join(list, s.spec.source_options);
        assert_string_equal(list, cases[i].source);
        join(list, s.spec.destination_options);
        assert_string_equal(list, cases[i].destination);
        wh_args_spec_release(&s);
        wh_args_free(a);
    }
}

static void refuses_options_without_a_side(void **state)
{
    (void)state;
    static const struct {
        const char *line, *msg, *hint;
    } cases[] = {
        {"a.csv b.csv --sqlite-nan null",
         "neither the source (file) nor the destination (file) has an option --sqlite-nan",
         "`wherry help connectors` lists the options of each"},
        {"a.csv a.db --format csv", "the destination (sqlite) has no option --format",
         "--source-format names the format of the source"},
        {"a.csv b.csv --source-csv-safe", "the source (file) has no option --csv-safe",
         "`wherry help connectors file` lists its options"},
        {"a.csv b.csv --csv-skip x", "could not set option \"--csv-skip\": \"x\" is no whole number",
         "use digits, with a leading minus for a negative number"},
        {"a.csv b.csv --source x.csv", "the source is given twice: \"a.csv\" and --source \"x.csv\"", ""},
        {"a.csv", "wherry copy needs a source and a destination: the destination is missing",
         "for example `wherry copy orders.csv orders.parquet`"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_args *a = NULL;
        struct wh_args_spec s = {0};
        struct wh_error err = {0};
        char copy[MAX_LINE];
        assert_int_equal(spec_of(&a, &s, cases[i].line, copy, &err), WH_CONFIG);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
        wh_args_spec_release(&s);
        wh_args_free(a);
    }
}

static void reads_a_spec(void **state)
{
    (void)state;
    struct wh_args *a = NULL;
    struct wh_args_spec s = {0};
    struct wh_error err = {0};
    char copy[MAX_LINE], list[MAX_LINE];
    assert_int_equal(
        spec_of(&a, &s,
                "--src-conn x.db --src-stream t y.csv --mode full-refresh --where a>1 --select a,b --limit 9 "
                "--primary-key k,l --max-rejects 5% --threads 4 --memory 8MiB --checkpoint 1m --full-refresh",
                copy, &err),
        WH_OK);
    assert_string_equal(s.spec.source, "x.db");
    assert_string_equal(s.spec.source_stream, "t");
    assert_string_equal(s.spec.destination, "y.csv");
    assert_null(s.spec.destination_stream);
    assert_int_equal(s.spec.mode, WH_REPLACE);
    assert_string_equal(s.spec.where, "a>1");
    join(list, s.spec.select);
    assert_string_equal(list, "a|b");
    join(list, s.spec.primary_key);
    assert_string_equal(list, "k|l");
    assert_int_equal(s.spec.limit_rows, 9);
    assert_string_equal(s.spec.max_rejects, "5%");
    assert_int_equal(s.spec.jobs, 4);
    assert_int_equal(s.spec.memory_bytes, 8 << 20);
    assert_int_equal(s.spec.checkpoint_ms, 60000);
    assert_true(s.spec.fresh);
    wh_args_spec_release(&s);
    wh_args_free(a);
}

/* Every command can be parsed and explained: flags have unique names, aliases lead somewhere. */
static void tables_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        const struct wh_command *c = wh_commands[i];
        assert_ptr_equal(wh_command_find(c->name), c);
        assert_true(c->summary != NULL && c->usage != NULL && c->run != NULL && c->max_args <= WH_ARGS_MAX);
        for (const struct wh_flag *f = c->flags; f != NULL && f->name != NULL; f++) {
            bool found = f->same_as == NULL;
            for (const struct wh_flag *g = c->flags; g->name != NULL; g++) {
                assert_true(g == f || strcmp(g->name, f->name) != 0);
                found = found || (strcmp(g->name, f->same_as) == 0 && g->same_as == NULL);
            }
            for (const struct wh_flag *g = wh_common_flags; g->name != NULL; g++)
                assert_true(strcmp(g->name, f->name) != 0 && (g->letter == 0 || g->letter != f->letter));
            assert_true(found);
            assert_true(f->kind != WH_FLAG_ENUM || f->value != NULL || f->same_as != NULL);
        }
    }
    assert_string_equal(wh_command_nearest("previw"), "preview");
    assert_null(wh_command_nearest("failpoint"));
    assert_null(wh_command_find("nope"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(reads_options),
        cmocka_unit_test(reads_the_environment),
        cmocka_unit_test(shares_options_between_sides),
        cmocka_unit_test(refuses_options_without_a_side),
        cmocka_unit_test(reads_a_spec),
        cmocka_unit_test(tables_are_sound),
    };
    return cmocka_run_group_tests_name("cli/args", tests, NULL, NULL);
}
