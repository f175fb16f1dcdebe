/* Files, locks, maps, percent-encoding. */
#include "base/fs.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/map.h"
#include "base/percent.h"
#include "support/test.h"

static void paths_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *path, *dir, *base;
    } cases[] = {{"a.csv", ".", "a.csv"},
                 {"lake/a.csv", "lake", "a.csv"},
                 {"/a", "/", "a"},
                 {"lake/orders/", "lake", "orders"},
                 {"/lake//", "/", "lake"}};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char *dir = NULL, *base = NULL;
        must(wh_path_split(&dir, &base, cases[i].path, err));
        assert_string_equal(dir, cases[i].dir);
        assert_string_equal(base, cases[i].base);
        free(dir);
        free(base);
    }
}

static void publishing_replaces_whole_files(void **state)
{
    (void)state;
    must(wh_publish_file("p.json", "one", 3, err));
    must(wh_publish_file("p.json", "two!", 4, err));
    check_file("p.json", "two!");
    assert_false(wh_exists(".p.json.tmp"));
    must_fail(wh_publish_file("none/p.json", "x", 1, err), WH_IO,
              "could not create \"none/.p.json.tmp\": No such file or directory");
}

static void trees_go_away_and_links_are_not_followed(void **state)
{
    (void)state;
    put_file("keep/me.txt", "x");
    put_file("tree/a/b.txt", "x");
    assert_int_equal(symlink("../keep", "tree/link"), 0);
    must(wh_remove_tree("tree", err));
    must(wh_remove_tree("tree", err));
    assert_false(wh_exists("tree"));
    check_file("keep/me.txt", "x");
    put_file("file", "x");
    must_fail(wh_make_dirs("file", err), WH_CONFIG,
              "could not create folder \"file\": a file of that name exists");
}

static void a_lock_is_held_once_and_dies_with_its_process(void **state)
{
    (void)state;
    int fd = -1, other = -1;
    must(wh_lock_take(&fd, "lock", err));
    must_fail(wh_lock_take(&other, "lock", err), WH_STATE, "another run holds the lock \"lock\"");
    wh_lock_give(fd, "lock");
    assert_false(wh_exists("lock"));
    pid_t child = fork();
    if (child == 0) {
        struct wh_error err;
        int mine = -1;
        _exit(wh_lock_take(&mine, "lock", &err) == WH_OK ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    must(wh_lock_take(&fd, "lock", err));
    wh_lock_give(fd, "lock");
}

static void maps_keep_many_keys(void **state)
{
    (void)state;
    struct wh_map m = {0};
    char key[32];
    for (int64_t i = 0; i < 20000; i++) {
        int64_t value = i;
        bool found = true;
        int len = snprintf(key, sizeof key, "k%lld", (long long)(i % 10000));
        must(wh_map_add(&m, wh_slice(key, (size_t)len), &value, &found, err));
        assert_int_equal(found, i >= 10000);
        assert_int_equal(value, i % 10000);
    }
    assert_int_equal(wh_map_find(&m, wh_slice_of("k77")), 77);
    assert_int_equal(wh_map_find(&m, wh_slice_of("k")), -1);
    wh_map_set(&m, wh_slice_of("k77"), 5);
    assert_int_equal(wh_map_find(&m, wh_slice_of("k77")), 5);
    wh_map_release(&m);
    assert_int_equal(wh_map_find(&m, wh_slice_of("k77")), -1);
}

static void percent_signs_are_undone(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        bool ok;
    } cases[] = {
        {"a%20b", "a b", true}, {"%C3%bc", "\xc3\xbc", true}, {"+", "+", true},      {"%", "%", false},
        {"a%2", "a%2", false},  {"%zz!", "%zz!", false},      {"%00", "%00", false}, {"%41", "A", true}};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char text[32];
        size_t n = 0;
        snprintf(text, sizeof text, "%s", cases[i].in);
        assert_int_equal(wh_percent_decode(text, strlen(text), &n), cases[i].ok);
        assert_int_equal(n, strlen(cases[i].out));
        assert_memory_equal(text, cases[i].out, n);
    }
}

static void a_budget_is_kept_and_given_back(void **state)
{
    (void)state;
    struct wh_budget budget = {.limit_bytes = 1 << 20};
    struct wh_buffer b = {.budget = &budget}, other = {.budget = &budget};
    must(wh_buffer_resize(&b, 1000, err));
    struct wh_error err = {0};
    assert_int_equal(wh_buffer_reserve(&b, 2 << 20, &err), WH_LIMIT);
    assert_string_equal(err.hint, "give more with --memory, or use fewer --jobs");
    assert_int_equal(b.size, 1000);
    wh_buffer_move(&other, &b);
    assert_null(b.data);
    assert_int_equal(other.size, 1000);
    wh_buffer_release(&other);
    assert_int_equal(budget.used_bytes, 0);
    assert_true(budget.peak_bytes >= 1000);
    assert_int_equal(wh_buffer_reserve(&b, SIZE_MAX - 10, &err), WH_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_split),
        cmocka_unit_test(publishing_replaces_whole_files),
        cmocka_unit_test(trees_go_away_and_links_are_not_followed),
        cmocka_unit_test(a_lock_is_held_once_and_dies_with_its_process),
        cmocka_unit_test(maps_keep_many_keys),
        cmocka_unit_test(percent_signs_are_undone),
        cmocka_unit_test(a_budget_is_kept_and_given_back),
    };
    return cmocka_run_group_tests_name("base/fs", tests, enter_folder, leave_folder);
}
