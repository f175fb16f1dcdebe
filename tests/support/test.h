/* support/test.h - what many tests need: cmocka with its headers, folders and files for one test. Inline. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/mem.h"

/* Fails the test with the error's words. */
#define must(call)                                                                                           \
    do {                                                                                                     \
        struct wh_error must_err = {0};                                                                      \
        struct wh_error *err = &must_err;                                                                    \
        if ((call) != WH_OK)                                                                                 \
            fail_msg("%s", must_err.msg);                                                                    \
    } while (0)
/* The call fails with that code and exactly that message. */
#define must_fail(call, status, text)                                                                        \
    do {                                                                                                     \
        struct wh_error must_err = {0};                                                                      \
        struct wh_error *err = &must_err;                                                                    \
        assert_int_equal((call), (status));                                                                  \
        assert_string_equal(must_err.msg, (text));                                                           \
    } while (0)

/* Group setup and teardown: the tests run in a new folder of their own that goes away. *state is its path. */
static inline int enter_folder(void **state)
{
    char *path = strdup("/tmp/wherry-test-XXXXXX");
    if (path == NULL || mkdtemp(path) == NULL || chdir(path) != 0)
        return -1;
    *state = path;
    return 0;
}

static inline int leave_folder(void **state)
{
    struct wh_error err;
    int rc = chdir("/") == 0 && wh_remove_tree(*state, &err) == WH_OK ? 0 : -1;
    free(*state);
    return rc;
}

static inline void put_bytes(const char *path, const void *bytes, size_t n)
{
    char *dir = NULL, *base = NULL;
    must(wh_path_split(&dir, &base, path, err));
    must(wh_make_dirs(dir, err));
    free(dir);
    free(base);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void put_file(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

/* The file's text; the caller frees. */
static inline char *get_file(const char *path)
{
    struct wh_buffer b = {0};
    char *text = NULL;
    must(wh_read_file(&b, path, (size_t)1 << 30, err));
    must(wh_buffer_take_text(&text, &b, err));
    return text;
}

static inline void check_file(const char *path, const char *expected)
{
    char *text = get_file(path);
    assert_string_equal(text, expected);
    free(text);
}
