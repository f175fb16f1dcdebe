/* Rows that cannot arrive: limits, the quarantine's lines, going on after a crash. */
#include "engine/rejects.h"

#include <stdatomic.h>

#include "support/test.h"

static void limits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t rows;
        double percent;
    } good[] = {{"0", 0, -1}, {"100", 100, -1}, {"0%", -1, 0}, {"1.5%", -1, 1.5}, {"100%", -1, 100}};
    for (size_t i = 0; i < WH_COUNT(good); i++) {
        struct wh_reject_limit l;
        must(wh_reject_limit_parse(&l, good[i].text, err));
        assert_int_equal(l.rows, good[i].rows);
        assert_true(l.percent == good[i].percent);
    }
    static const char *const bad[] = {"",    "-1",   "1.5", "%",   "101%",
                                      "-1%", "nan%", "x",   "1 %", "9223372036854775808"};
    for (size_t i = 0; i < WH_COUNT(bad); i++) {
        struct wh_reject_limit l;
        struct wh_error err;
        char text[64];
        snprintf(text, sizeof text, "invalid --max-rejects \"%s\"", bad[i]);
        assert_int_equal(wh_reject_limit_parse(&l, bad[i], &err), WH_CONFIG);
        assert_string_equal(err.msg, text);
        assert_string_equal(err.hint, "write a number of rows (100) or a share of the rows read (0.5%)");
    }
}

static struct wh_quarantine open_at(const char *stream, const char *limit, int64_t next_seq)
{
    struct wh_quarantine q = {.fd = -1};
    must(wh_reject_limit_parse(&q.limit, limit, err));
    must(wh_quarantine_open(&q, "quarantine/run", stream, next_seq, err));
    return q;
}

/* A chunk with n rejects at lines 1 to n, committed. */
static void reject(struct wh_quarantine *q, int64_t seq, uint64_t n)
{
    struct wh_chunk_rejects *c = NULL;
    must(wh_chunk_rejects_new(&c, q, seq, NULL, err));
    for (uint64_t line = 1; line <= n; line++) {
        const struct wh_reject r = {
            .file = "a.csv", .line = line, .row = -1, .reason = "no", .text = wh_slice("x", 1)};
        must(c->base.add(&c->base, &r, err));
    }
    must(wh_quarantine_append(q, c, err));
    wh_chunk_rejects_free(c);
}

#define LINE(seq, line)                                                                                      \
    "{\"seq\":" seq ",\"file\":\"a.csv\",\"line\":" line ",\"reason\":\"no\",\"text\":\"x\"}\n"

static void lines_say_all_that_is_known(void **state)
{
    (void)state;
    struct wh_quarantine q = open_at("all", "10", 0);
    assert_false(wh_exists(q.path)); /* made with the first reject */
    struct wh_chunk_rejects *c = NULL;
    must(wh_chunk_rejects_new(&c, &q, 3, NULL, err));
    const struct wh_reject full = {.file = "a \"b\".csv",
                                   .line = 7,
                                   .row = 0,
                                   .column = "zip",
                                   .reason = "\"1\" is no date",
                                   .text = wh_slice("1,\xff\n\0,", 6)};
    const struct wh_reject bare = {.row = -1, .reason = "no"};
    must(c->base.add(&c->base, &full, err));
    must(c->base.add(&c->base, &bare, err));
    must(wh_quarantine_append(&q, c, err));
    must(c->base.add(&c->base, &bare, err)); /* by the destination while it commits */
    assert_int_equal(c->n_rows, 3);
    check_file("quarantine/run/all.jsonl",
               "{\"seq\":3,\"file\":\"a \\\"b\\\".csv\",\"line\":7,\"row\":0,\"column\":\"zip\","
               "\"reason\":\"\\\"1\\\" is no date\",\"text\":\"1,\\ufffd\\n\\u0000,\"}\n"
               "{\"seq\":3,\"reason\":\"no\"}\n"
               "{\"seq\":3,\"reason\":\"no\"}\n");
    wh_chunk_rejects_free(c);
    must(wh_quarantine_finish(&q, 1, err));
    wh_quarantine_close(&q);
}

static void long_text_is_cut(void **state)
{
    (void)state;
    struct wh_quarantine q = open_at("long", "10", 0);
    struct wh_chunk_rejects *c = NULL;
    struct wh_buffer text = {0};
    must(wh_buffer_resize(&text, (2u << 20) + 5, err));
    memset(text.data, 'a', text.size);
    must(wh_chunk_rejects_new(&c, &q, 0, NULL, err));
    const struct wh_reject r = {.row = 1, .reason = "no", .text = wh_slice((char *)text.data, text.size)};
    must(c->base.add(&c->base, &r, err));
    must(wh_quarantine_append(&q, c, err));
    char *got = get_file("quarantine/run/long.jsonl");
    assert_true(strlen(got) < (1u << 20) + 100);
    assert_non_null(strstr(got, "\",\"text_bytes\":2097157}\n"));
    free(got);
    wh_buffer_release(&text);
    wh_chunk_rejects_free(c);
    wh_quarantine_close(&q);
}

static void the_first_reject_over_the_limit_is_the_error(void **state)
{
    (void)state;
    static const struct {
        struct wh_reject reject;
        const char *text;
    } cases[] = {
        {{.row = -1, .reason = "too long"}, "row rejected: too long"},
        {{.row = 4, .reason = "too long"}, "row 4: row rejected: too long"},
        {{.file = "a.csv", .line = 9, .row = 4, .column = "zip", .reason = "too long"},
         "file \"a.csv\": line 9: column \"zip\": row rejected: too long"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_quarantine q = open_at("over", "1", 0);
        struct wh_chunk_rejects *c = NULL;
        must(wh_chunk_rejects_new(&c, &q, 0, NULL, err));
        must(c->base.add(&c->base, &cases[i].reject, err));
        assert_false(atomic_load(&q.over_budget));
        must_fail(c->base.add(&c->base, &cases[i].reject, err), WH_DATA, cases[i].text);
        assert_true(atomic_load(&q.over_budget));
        wh_chunk_rejects_free(c);
        wh_quarantine_close(&q);
    }
}

static void a_share_is_checked_at_the_end(void **state)
{
    (void)state;
    struct wh_quarantine q = open_at("share", "10%", 0);
    reject(&q, 0, 3);
    must(wh_quarantine_finish(&q, 30, err));
    must_fail(wh_quarantine_finish(&q, 29, err), WH_DATA, "3 of 29 rows were rejected, more than 10%");
    assert_true(atomic_load(&q.over_budget));
    wh_quarantine_close(&q);
}

static void a_resumed_run_has_each_row_once(void **state)
{
    (void)state;
    static const struct {
        const char *label, *torn;
        int64_t next_seq, rows;
        const char *left;
    } cases[] = {
        {"all committed", "", 3, 4, LINE("0", "1") LINE("0", "2") LINE("2", "1") LINE("2", "2")},
        {"the last chunk comes again", "", 2, 2, LINE("0", "1") LINE("0", "2")},
        {"everything comes again", "", 0, 0, ""},
        {"half a line", "{\"seq\":1,\"fi", 3, 4, LINE("0", "1") LINE("0", "2") LINE("2", "1") LINE("2", "2")},
        {"a line that is none", "garbage\n", 9, 4,
         LINE("0", "1") LINE("0", "2") LINE("2", "1") LINE("2", "2")},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_quarantine q = open_at("again", "10", 0);
        reject(&q, 0, 2);
        reject(&q, 1, 0);
        reject(&q, 2, 2);
        wh_quarantine_close(&q);
        FILE *f = fopen("quarantine/run/again.jsonl", "a");
        assert_non_null(f);
        fputs(cases[i].torn, f);
        assert_int_equal(fclose(f), 0);
        q = open_at("again", "10", cases[i].next_seq);
        assert_int_equal(atomic_load(&q.n_rows), cases[i].rows);
        check_file("quarantine/run/again.jsonl", cases[i].left);
        reject(&q, 5, 1); /* goes behind */
        char expected[512];
        snprintf(expected, sizeof expected, "%s%s", cases[i].left, LINE("5", "1"));
        check_file("quarantine/run/again.jsonl", expected);
        wh_quarantine_close(&q);
        assert_int_equal(unlink("quarantine/run/again.jsonl"), 0);
    }
}

static void no_two_streams_share_a_file(void **state)
{
    (void)state;
    char longest[300];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const streams[] = {"a/b", "a_b", "a", longest, longest + 1};
    struct wh_quarantine q[WH_COUNT(streams)];
    for (size_t i = 0; i < WH_COUNT(streams); i++) {
        q[i] = open_at(streams[i], "10", 0);
        assert_null(strstr(q[i].path + strlen("quarantine/run/"), "/"));
        assert_true(strlen(q[i].path) < 255);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(q[i].path, q[k].path);
    }
    for (size_t i = 0; i < WH_COUNT(streams); i++)
        wh_quarantine_close(&q[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(lines_say_all_that_is_known),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(the_first_reject_over_the_limit_is_the_error),
        cmocka_unit_test(a_share_is_checked_at_the_end),
        cmocka_unit_test(a_resumed_run_has_each_row_once),
        cmocka_unit_test(no_two_streams_share_a_file),
    };
    return cmocka_run_group_tests_name("engine/rejects", tests, enter_folder, leave_folder);
}
