/* The store: runs, streams, log, other versions, damage. */
#include "store/store.h"

#include <sqlite3.h>

#include "support/test.h"

static struct wh_run new_run(struct wh_store *s, const char *spec)
{
    struct wh_run r = {.spec = strdup(spec), .source = strdup("a.csv"), .destination = strdup("b.parquet")};
    must(wh_store_add_run(s, &r, err));
    return r;
}

static void runs_are_found_again(void **state)
{
    (void)state;
    struct wh_store *s = NULL;
    must(wh_store_open(&s, "home1", err));
    struct wh_run a = new_run(s, "{\"x\":1}"), b = new_run(s, "{\"x\":2}"), found = {0};
    assert_int_equal(strlen(a.id), WH_RUN_ID_LEN);
    assert_true(strcmp(a.id, b.id) < 0 || memcmp(a.id, b.id, 8) == 0);
    bool is_there = false;
    must(wh_store_find_unfinished(s, "{\"x\":1}", &found, &is_there, err));
    assert_true(is_there);
    assert_string_equal(found.id, a.id);
    must(wh_store_reopen_run(s, &found, err));
    assert_int_equal(found.epoch, 2);
    must(wh_store_end_run(s, a.id, WH_RUN_SUCCEEDED, NULL, "{}", err));
    wh_run_release(&found);
    must(wh_store_find_unfinished(s, "{\"x\":1}", &found, &is_there, err));
    assert_false(is_there);
    must(wh_store_get_run(s, "last", &found, err));
    assert_string_equal(found.source, "a.csv");
    wh_run_release(&found);
    must(wh_store_get_run(s, b.id, &found, err));
    assert_int_equal(found.status, WH_RUN_RUNNING);
    wh_run_release(&found);
    must_fail(wh_store_get_run(s, "zzz", &found, err), WH_CONFIG, "no run \"zzz\"");
    must_fail(wh_store_get_run(s, "", &found, err), WH_CONFIG, "more than one run starts with \"\"");
    struct wh_run *list = NULL;
    size_t n = 0;
    must(wh_store_list_runs(s, 10, &list, &n, err));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++)
        wh_run_release(&list[i]);
    free(list);
    wh_run_release(&a);
    wh_run_release(&b);
    wh_store_close(s);
}

static void streams_survive_and_restart(void **state)
{
    (void)state;
    struct wh_store *s = NULL;
    must(wh_store_open(&s, "home2", err));
    struct wh_run r = new_run(s, "{}");
    char name[] = "orders", phase[] = "loading", marker[] = "{\"m\":1}";
    const struct wh_stream_state st = {.name = name,
                                       .phase = phase,
                                       .marker = marker,
                                       .next_seq = 2,
                                       .counts = {.rows_read = 20, .bytes_read = 99}};
    const struct wh_chunk_record chunks[] = {{0, "{\"o\":0}", {.rows_read = 10}},
                                             {1, "{\"o\":5}", {.rows_read = 10}}};
    must(wh_store_save_stream(s, r.id, &st, chunks, 2, err));
    must(wh_store_save_stream(s, r.id, &st, chunks, 2, err)); /* the same again is no error */
    wh_store_close(s);
    must(wh_store_open(&s, "home2", err));
    struct wh_stream_state *list = NULL;
    size_t n = 0;
    must(wh_store_load_streams(s, r.id, &list, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].marker, "{\"m\":1}");
    assert_int_equal(list[0].counts.rows_read, 20);
    assert_null(list[0].snapshot);
    wh_stream_state_release(&list[0]);
    free(list);
    must(wh_store_restart_stream(s, r.id, "orders", err));
    must(wh_store_load_streams(s, r.id, &list, &n, err));
    assert_int_equal(n, 0);
    free(list);
    wh_run_release(&r);
    wh_store_close(s);
}

static enum wh_status count_line(void *self, const struct wh_log_record *l, struct wh_error *err)
{
    (void)err;
    assert_string_equal(l->event, "run.start");
    ++*(int *)self;
    return WH_OK;
}

static void log_lines_are_kept(void **state)
{
    (void)state;
    struct wh_store *s = NULL;
    must(wh_store_open(&s, "home3", err));
    struct wh_run r = new_run(s, "{}");
    const struct wh_log_record l = {1, "info", "run.start", NULL, "text"};
    must(wh_store_log(s, r.id, &l, err));
    must(wh_store_log(s, r.id, &l, err));
    int n = 0;
    must(wh_store_read_log(s, r.id, count_line, &n, err));
    assert_int_equal(n, 2);
    wh_run_release(&r);
    wh_store_close(s);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct wh_store *s = NULL;
    must(wh_store_open(&s, "home4", err));
    wh_store_close(s);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("home4/wherry.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    must_fail(wh_store_open(&s, "home4", err), WH_STATE,
              "store \"home4/wherry.db\" was written by a newer wherry (version 999, known is 1)");
    put_file("home5/wherry.db",
             "this is no database at all, but long enough to look at its first bytes .............."
             "..............................................................................");
    must_fail(wh_store_open(&s, "home5", err), WH_STATE, "store \"home5/wherry.db\": file is not a database");
    put_file("home6", "x");
    must_fail(wh_store_open(&s, "home6", err), WH_CONFIG,
              "could not create folder \"home6\": a file of that name exists");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_found_again),
        cmocka_unit_test(streams_survive_and_restart),
        cmocka_unit_test(log_lines_are_kept),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests_name("store", tests, enter_folder, leave_folder);
}
