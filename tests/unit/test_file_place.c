/* From a path, pattern or folder to files, names and roots. */
#include "connector/file/place.h"

#include <sys/stat.h>

#include "connector/file/formats.h"
#include "support/test.h"

static int make_files(void **state)
{
    static const char *const paths[] = {
        "a.csv",
        "b.csv",
        "b.txt",
        ".hidden.csv",
        "_skip.csv",
        "x[1].csv",
        "lake/p1.csv",
        "lake/p0.csv",
        "lake/.tmp.csv",
        "lake/_log/x",
        "lake/sub/deep/z.csv",
        "lake/.wherry-1/p.csv",
        "listed/old.csv",
        "listed/p0.csv",
        "listed/k=1/p1.csv",
    };
    if (enter_folder(state) != 0)
        return -1;
    for (size_t i = 0; i < WH_COUNT(paths); i++)
        put_file(paths[i], "id\n1\n");
    put_file("listed/_manifest.json", "{\"version\":1,\"format\":\"csv\",\"files\":[{\"path\":\"p0.csv\","
                                      "\"rows\":1,\"bytes\":5,\"run\":\"r\"},"
                                      "{\"path\":\"k=1/p1.csv\",\"rows\":1,\"bytes\":5,\"run\":\"r\"}]}");
    return mkdir("empty", 0777);
}

static void files_of_locations(void **state)
{
    (void)state;
    static const struct {
        const char *location, *files;
    } cases[] = {
        {"a.csv", "a.csv"},
        {"./a.csv", "./a.csv"},
        {"x[1].csv", "x[1].csv"}, /* a file of that name wins over the pattern */
        {"*.csv", "./a.csv ./b.csv ./x[1].csv"},
        {"./*.csv", "./a.csv ./b.csv ./x[1].csv"},
        {"[ab].*", "./a.csv ./b.csv ./b.txt"},
        {"?.txt", "./b.txt"},
        {"lake/*.csv", "lake/p0.csv lake/p1.csv"},
        {"lake/*/*.csv", ""},
        {"lake/**.csv", "lake/p0.csv lake/p1.csv lake/sub/deep/z.csv"},
        {"lake", "lake/p0.csv lake/p1.csv lake/sub/deep/z.csv"},
        {"lake/", "lake/p0.csv lake/p1.csv lake/sub/deep/z.csv"},
        {"listed", "listed/k=1/p1.csv listed/p0.csv"},
        {"listed/*.csv", "listed/old.csv listed/p0.csv"}, /* a pattern takes what is there */
        {"-", "-"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_file_set set = {0};
        struct wh_error why = {0};
        enum wh_status s = wh_place_expand(&set, cases[i].location, &why);
        assert_int_equal(s, cases[i].files[0] == '\0' ? WH_CONFIG : WH_OK);
        char joined[512] = "";
        for (size_t k = 0; k < set.n_files; k++)
            snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", k == 0 ? "" : " ",
                     set.files[k].path);
        assert_string_equal(joined, cases[i].files);
        wh_file_set_release(&set);
    }
}

static void what_is_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *location, *text;
    } cases[] = {
        {"none.csv", "could not open file \"none.csv\": No such file or directory"},
        {"a.csv/b.csv", "could not open file \"a.csv/b.csv\": Not a directory"},
        {"*.parquet", "no file matches \"*.parquet\""},
        {"none/*.csv", "no file matches \"none/*.csv\": folder \"none/\" does not exist"},
        {"empty", "folder \"empty\" has no files to read"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_file_set set = {0};
        must_fail(wh_place_expand(&set, cases[i].location, err), WH_CONFIG, cases[i].text);
    }
}

static void manifests_that_lie(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "could not read manifest \"bad/_manifest.json\": line 1: '[' or '{' expected near end of file"},
        {"{\"version\":2,\"files\":[]}",
         "could not read manifest \"bad/_manifest.json\": not a manifest of version 1"},
        {"{\"version\":1}", "could not read manifest \"bad/_manifest.json\": not a manifest of version 1"},
        {"{\"version\":1,\"files\":[{}]}",
         "could not read manifest \"bad/_manifest.json\": entry 0 has no path inside the folder"},
        {"{\"version\":1,\"files\":[{\"path\":\"/etc/passwd\"}]}",
         "could not read manifest \"bad/_manifest.json\": entry 0 has no path inside the folder"},
        {"{\"version\":1,\"files\":[{\"path\":\"k/../../a.csv\"}]}",
         "could not read manifest \"bad/_manifest.json\": entry 0 has no path inside the folder"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_file_set set = {0};
        put_file("bad/_manifest.json", cases[i].text);
        must_fail(wh_place_expand(&set, "bad", err), WH_DATA, cases[i].error);
    }
    struct wh_file_set set = {0};
    put_file("bad/_manifest.json", "{\"version\":1,\"files\":[{\"path\":\"gone.csv\"}]}");
    must_fail(wh_place_expand(&set, "bad", err), WH_CONFIG,
              "could not open file \"bad/gone.csv\": No such file or directory");
    put_file("bad/_manifest.json", "{\"version\":1,\"files\":[]}");
    must_fail(wh_place_expand(&set, "bad", err), WH_CONFIG, "folder \"bad\" has no files to read");
}

static void folders_that_never_end(void **state)
{
    (void)state;
    assert_int_equal(mkdir("loop", 0777), 0);
    assert_int_equal(symlink("../loop", "loop/again"), 0);
    struct wh_file_set set = {0};
    struct wh_error why = {0};
    assert_int_equal(wh_place_expand(&set, "loop", &why), WH_LIMIT);
    assert_non_null(strstr(why.msg, "more than 32 folders deep"));
}

static void names_and_roots(void **state)
{
    (void)state;
    static const struct {
        const char *location, *name, *root;
    } cases[] = {
        {"a.csv", "a", "a.csv"},
        {"data/orders.csv.gz", "orders", "data/orders.csv.gz"},
        {"lake/", "lake", "lake/"},
        {"lake", "lake", "lake"},
        {"lake/*.csv", "lake", "lake/"},
        {"orders-*.csv", "orders", "."},
        {"*.csv", "data", "."},
        {"/data/2024_*/x.csv", "x", "/data/"},
        {"-", "stdin", "-"},
        {"./*.csv", "data", "./"},
        {"k=1/**/p*.csv", "p", "k=1/"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char *name = NULL, *root = NULL;
        must(wh_place_name(&name, cases[i].location, err));
        must(wh_place_root(&root, cases[i].location, err));
        assert_string_equal(name, cases[i].name);
        assert_string_equal(root, cases[i].root);
        free(name);
        free(root);
    }
}

static void formats_of_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *format;
    } cases[] = {
        {"a.csv", "csv"},    {"a.tsv.gz", "csv"},      {"a.jsonl.zst", "jsonl"}, {"a.ndjson", "jsonl"},
        {"a.json", "jsonl"}, {"a.parquet", "parquet"}, {"a.CSV", "csv"},         {"a.gz", NULL},
        {"csv", NULL},       {"a.csv.bak", NULL},      {"folder.csv/a", NULL},   {"", NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        const struct wh_format *f = wh_format_of_path(cases[i].path);
        if (cases[i].format == NULL)
            assert_null(f);
        else
            assert_string_equal(f->name, cases[i].format);
    }
    assert_null(wh_format_find("excel"));
    assert_string_equal(wh_format_find("tsv")->name, "csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_locations), cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(manifests_that_lie), cmocka_unit_test(folders_that_never_end),
        cmocka_unit_test(names_and_roots),    cmocka_unit_test(formats_of_names),
    };
    return cmocka_run_group_tests_name("file/place", tests, make_files, leave_folder);
}
