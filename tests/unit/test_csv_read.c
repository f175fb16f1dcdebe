/* tests/unit/test_csv_read.c - the cases of tests/data/csv_read.test: CSV texts to columns, rows, rejects.
 *
 * Every case is read in one chunk, in chunks of every small size, and by positions alone: rows, rejects and
 * their lines must be the same, whatever the cut. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "support/csv_reading.h"

enum { MAX_FILES = 4, MAX_LINE = 4096 };

struct test_case {
    char name[128], options[512], columns[128], declared[512];
    bool stay, has_columns, has_declared;
    struct wh_buffer files[MAX_FILES];
    size_t n_files;
    struct wh_buffer expected;
};

static void append(struct wh_buffer *b, const void *bytes, size_t n)
{
    struct wh_error err;
    csv_must(wh_buffer_append(b, bytes, n, &err), &err);
}

static void set_text(char *out, size_t size, const char *text)
{
    assert_true(strlen(text) < size);
    memcpy(out, text, strlen(text) + 1);
}

/* "\xNN", "\r", "\n", "\t" and "\\" of a line that begins with >x. */
static void append_escaped(struct wh_buffer *b, const char *p)
{
    for (; *p != '\0'; p++) {
        char c = *p;
        if (c == '\\') {
            unsigned code = 0;
            p++;
            if (*p == 'x') {
                assert_int_equal(sscanf(p + 1, "%2x", &code), 1);
                c = (char)code;
                p += 2;
            } else {
                c = *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
            }
        }
        append(b, &c, 1);
    }
}

static void release(struct test_case *t)
{
    for (size_t i = 0; i < MAX_FILES; i++)
        wh_buffer_release(&t->files[i]);
    wh_buffer_release(&t->expected);
    *t = (struct test_case){.n_files = 1};
}

static void take_line(struct test_case *t, const char *line)
{
    struct wh_buffer *file = &t->files[t->n_files - 1];
    if (strncmp(line, "option ", 7) == 0) {
        size_t len = strlen(t->options);
        set_text(t->options + len, sizeof t->options - len - 1, line + 7);
        set_text(t->options + strlen(t->options), 2, "\n");
    } else if (strncmp(line, "columns ", 8) == 0) {
        set_text(t->columns, sizeof t->columns, line + 8);
        t->has_columns = true;
    } else if (strncmp(line, "declare ", 8) == 0) {
        set_text(t->declared, sizeof t->declared, line + 8);
        t->has_declared = true;
    } else if (strcmp(line, "stay") == 0) {
        t->stay = true;
    } else if (strcmp(line, "file") == 0) {
        t->n_files++;
        assert_true(t->n_files <= MAX_FILES);
    } else if (strncmp(line, "<x ", 3) == 0) {
        append_escaped(&t->expected, line + 3);
    } else if (line[0] == '<') {
        append(&t->expected, line + 2, strlen(line) - 2);
        append(&t->expected, "\n", 1);
    } else if (strncmp(line, ">x ", 3) == 0) {
        append_escaped(file, line + 3);
    } else if (strncmp(line, ">-", 2) == 0) {
        append(file, line + 3, strlen(line) - 3);
    } else if (line[0] == '>') {
        if (strlen(line) > 2)
            append(file, line + 2, strlen(line) - 2);
        append(file, "\n", 1);
    } else {
        fail_msg("%s: what is \"%s\"?", t->name, line);
    }
}

/* False when it came out otherwise. */
static bool check(const struct test_case *t, int64_t chunk_bytes, bool reopen)
{
    struct csv_reading how = {.options = t->options,
                              .columns = t->has_columns ? t->columns : NULL,
                              .declared = t->has_declared ? t->declared : NULL,
                              .chunk_bytes = chunk_bytes,
                              .reopen = reopen,
                              .stay = t->stay};
    struct wh_slice texts[MAX_FILES];
    struct wh_buffer out = {0};
    for (size_t i = 0; i < t->n_files; i++)
        texts[i] = wh_slice((const char *)t->files[i].data, t->files[i].size);
    csv_read(&out, &how, texts, t->n_files);
    bool same = out.size == t->expected.size && memcmp(out.data, t->expected.data, out.size) == 0;
    if (!same)
        (void)fprintf(stderr, "%s (chunks of %lld bytes%s): got\n%.*sinstead of\n%.*s\n", t->name,
                      (long long)chunk_bytes, reopen ? ", reopened" : "", (int)out.size, (char *)out.data,
                      (int)t->expected.size, (char *)t->expected.data);
    wh_buffer_release(&out);
    return same;
}

static bool run(struct test_case *t)
{
    size_t longest = 0;
    if (t->name[0] == '\0')
        return true;
    for (size_t i = 0; i < t->n_files; i++)
        longest = WH_MAX(longest, t->files[i].size);
    bool same = check(t, 0, false) && check(t, 0, true);
    for (size_t n = 1; same && n <= WH_MIN(longest + 1, 130); n++)
        same = check(t, (int64_t)n, n % 2 == 0);
    return same;
}

static void cases(void **state)
{
    (void)state;
    FILE *f = fopen(WHERRY_TEST_DATA "/csv_read.test", "r");
    struct test_case t = {.n_files = 1};
    char line[MAX_LINE];
    size_t n = 0, bad = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "== ", 3) == 0) {
            bad += !run(&t);
            release(&t);
            set_text(t.name, sizeof t.name, line + 3);
            n++;
        } else if (line[0] != '\0' && line[0] != '#') {
            take_line(&t, line);
        }
    }
    bad += !run(&t);
    release(&t);
    fclose(f);
    assert_int_equal(bad, 0);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests_name("csv/read", tests, NULL, NULL);
}
