/* test_cli_text.c - tables, amounts, exit codes. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/table.h"
#include "cli/units.h"

static void widths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"äöü", 3},
        {"日本語", 6},
        {"e\xcc\x81", 1},
        {"한글", 4},
        {"\xf0\x9f\x98\x80", 2},
        {"\xff\xfe", 2},
        {"a\xe2\x80\x8b", 1},
        {"\xe6\x97", 2},
        {"…─", 2},
        {"ｶﾅ", 2},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        assert_int_equal(wh_text_width(wh_slice_of(cases[i].text)), cases[i].width);
}

static void check_table(const struct wh_table *t, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    wh_table_print(t, f);
    fclose(f);
    assert_string_equal(text, expected);
    free(text);
}

static void prints_tables(void **state)
{
    (void)state;
    static const enum wh_table_align align[] = {WH_TABLE_RIGHT, WH_TABLE_LEFT, WH_TABLE_LEFT};
    static const char *const cells[] = {"n", "name", "note", "1", "日本", "", "20", "a\tb\x1b[0m\xff\x7f",
                                        "x"};
    struct wh_table t = {.n_columns = 3, .align = align, .n_head = 1};
    struct wh_error err;
    check_table(&t, "");
    for (size_t i = 0; i < WH_COUNT(cells); i++)
        assert_int_equal(wh_table_add(&t, cells[i], &err), WH_OK);
    check_table(&t, " n  name                 note\n"
                    "──  ───────────────────  ────\n"
                    " 1  日本\n"
                    "20  a\\tb\\x1b[0m\\xff\\x7f  x\n");
    wh_table_release(&t);
}

static void cuts_long_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"12345", "12345"}, {"123456", "1234…"},   {"日本語", "日本…"}, {"日本", "日本"},
        {"", ""},           {"\n\n\n", "\\n\\n…"},
    };
    char expected[64], many[1000];
    struct wh_error err;
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_table t = {.n_columns = 1, .max_width = 5};
        assert_int_equal(wh_table_add(&t, cases[i].text, &err), WH_OK);
        snprintf(expected, sizeof expected, "%s\n", cases[i].shown);
        check_table(&t, expected);
        wh_table_release(&t);
    }
    memset(many, 'x', sizeof many);
    struct wh_table t = {.n_columns = 1, .max_width = 5};
    assert_int_equal(wh_table_add_slice(&t, wh_slice(many, sizeof many), &err), WH_OK);
    check_table(&t, "xxxx…\n");
    wh_table_release(&t);
}

static void formats_amounts(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *count, *bytes, *exact;
    } cases[] = {
        {0, "0", "0 B", "0"},
        {7, "7", "7 B", "7"},
        {999, "999", "999 B", "999"},
        {1000, "1.00k", "1000 B", "1,000"},
        {1024, "1.02k", "1.00 KiB", "1,024"},
        {9999, "10.0k", "9.76 KiB", "9,999"},
        {123456, "123k", "121 KiB", "123,456"},
        {999999, "1.00M", "977 KiB", "999,999"},
        {6001215, "6.00M", "5.72 MiB", "6,001,215"},
        {1234567890123, "1.23T", "1.12 TiB", "1,234,567,890,123"},
        {-1234, "-1234", "-1234 B", "-1,234"},
    };
    char text[WH_UNITS_TEXT];
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        wh_units_count(text, sizeof text, cases[i].n);
        assert_string_equal(text, cases[i].count);
        wh_units_bytes(text, sizeof text, cases[i].n);
        assert_string_equal(text, cases[i].bytes);
        wh_units_exact(text, sizeof text, cases[i].n);
        assert_string_equal(text, cases[i].exact);
    }
    wh_units_exact(text, sizeof text, INT64_MIN);
    assert_string_equal(text, "-9,223,372,036,854,775,808");
}

static void formats_times(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0.00 s"},       {0.004, "0.00 s"},    {9.99, "9.99 s"},    {9.999, "10 s"},
                 {59.4, "59 s"},      {60, "1 min 0 s"},    {200, "3 min 20 s"}, {3599, "59 min 59 s"},
                 {3600, "1 h 0 min"}, {90000, "25 h 0 min"}};
    char text[WH_UNITS_TEXT];
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        wh_units_time(text, sizeof text, cases[i].seconds);
        assert_string_equal(text, cases[i].text);
    }
}

static void chooses_exit_codes(void **state)
{
    (void)state;
    static const struct {
        struct wh_error err;
        enum wh_side side;
        int code;
    } cases[] = {
        {{.code = WH_OK}, WH_SIDE_NONE, 0},
        {{.code = WH_CONFIG}, WH_SIDE_SOURCE, 78},
        {{.code = WH_DATA}, WH_SIDE_SOURCE, 6},
        {{.code = WH_AUTH}, WH_SIDE_SOURCE, 6},
        {{.code = WH_IO}, WH_SIDE_DESTINATION, 7},
        {{.code = WH_LIMIT, .os_errno = ENOSPC}, WH_SIDE_DESTINATION, 7},
        {{.code = WH_IO, .os_errno = EPIPE}, WH_SIDE_DESTINATION, 141},
        {{.code = WH_IO, .os_errno = EPIPE}, WH_SIDE_SOURCE, 6},
        {{.code = WH_IO, .retriable = true}, WH_SIDE_SOURCE, 75},
        {{.code = WH_STATE, .os_errno = EWOULDBLOCK}, WH_SIDE_DESTINATION, 9},
        {{.code = WH_STATE}, WH_SIDE_DESTINATION, 7},
        {{.code = WH_STATE}, WH_SIDE_NONE, 1},
        {{.code = WH_NOMEM}, WH_SIDE_SOURCE, 1},
        {{.code = WH_INTERNAL}, WH_SIDE_SOURCE, 12},
        {{.code = WH_CANCELLED}, WH_SIDE_SOURCE, 130},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        assert_int_equal(wh_exit_of(&cases[i].err, cases[i].side), cases[i].code);
    const struct wh_error data = {.code = WH_DATA};
    struct wh_stream_result stream = {.error = data, .side = WH_SIDE_SOURCE, .over_reject_budget = true};
    struct wh_job_result r = {.status = WH_RUN_FAILED, .streams = &stream, .n_streams = 1};
    assert_int_equal(wh_exit_of_job(&r, &data), 5);
    stream.over_reject_budget = false;
    assert_int_equal(wh_exit_of_job(&r, &data), 6);
    r.status = WH_RUN_PARTIAL;
    assert_int_equal(wh_exit_of_job(&r, &data), 3);
    r = (struct wh_job_result){.status = WH_RUN_FAILED, .side = WH_SIDE_DESTINATION};
    assert_int_equal(wh_exit_of_job(&r, &data), 7);
    r.status = WH_RUN_SUCCEEDED;
    assert_int_equal(wh_exit_of_job(&r, &(struct wh_error){0}), 0);
    for (const struct wh_exit_text *e = wh_exit_texts; e->meaning != NULL; e++)
        assert_true(e[1].meaning == NULL || e[1].code > e->code);
}

static void cleans_text(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    wh_print_clean(f, "a\x1b]0;x\x07\xc2\x9b"
                      "1m\n\x7fü");
    fclose(f);
    assert_string_equal(text, "a\\x1b]0;x\\x07\\x9b1m\\x0a\\x7fü");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),          cmocka_unit_test(prints_tables),
        cmocka_unit_test(cuts_long_cells), cmocka_unit_test(formats_amounts),
        cmocka_unit_test(formats_times),   cmocka_unit_test(chooses_exit_codes),
        cmocka_unit_test(cleans_text),
    };
    return cmocka_run_group_tests_name("cli/text", tests, NULL, NULL);
}
