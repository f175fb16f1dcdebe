/* Whole jobs: what is recorded, going on after a failure or crash, sources that change, several streams,
 * rejects, two at once. */
#include "engine/job.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "format/input.h"
#include "support/test.h"

#define ROWS 2000 /* of the sources; in chunks of 4 KiB */

static _Atomic bool cancelled;
static char notes[8192]; /* events and texts of the last job */

static void note(void *self, const char *level, const char *event, const char *stream, const char *text)
{
    (void)self, (void)level;
    size_t n = strlen(notes);
    snprintf(notes + n, sizeof notes - n, "%s %s: %s\n", event, stream == NULL ? "-" : stream, text);
}

static const struct wh_job_hooks quiet = {.note = note};

static struct wh_job_spec spec_of(const char *source, const char *destination)
{
    struct wh_job_spec s = wh_job_spec_default;
    s.source = source;
    s.destination = destination;
    s.chunk_bytes = 4096;
    s.checkpoint_ms = 0; /* after every chunk */
    s.jobs = 2;
    return s;
}

static struct wh_store *open_store(void)
{
    struct wh_store *store = NULL;
    must(wh_store_open(&store, "home", err));
    return store;
}

/* Runs the job in a store of this test; the caller releases *r. */
static enum wh_status run(struct wh_job_result *r, const struct wh_job_spec *spec,
                          const struct wh_job_hooks *hooks, struct wh_error *why)
{
    struct wh_store *store = open_store();
    notes[0] = '\0';
    enum wh_status s = wh_job_run(r, spec, store, hooks, &cancelled, why);
    wh_store_close(store);
    return s;
}

/* A run that must succeed; how many rows were written. */
static int64_t copy(const struct wh_job_spec *spec)
{
    struct wh_job_result r;
    must(run(&r, spec, &quiet, err));
    assert_int_equal(r.status, WH_RUN_SUCCEEDED);
    assert_int_equal(r.counts.rows_read,
                     r.counts.rows_written + r.counts.rows_filtered + r.counts.rows_rejected);
    int64_t rows = r.counts.rows_written;
    wh_job_result_release(&r);
    return rows;
}

static void check_fails(const struct wh_job_spec *spec, enum wh_status status, enum wh_run_status run_status,
                        const char *text)
{
    struct wh_job_result r;
    struct wh_error why = {0};
    assert_int_equal(run(&r, spec, &quiet, &why), status);
    assert_string_equal(why.msg, text);
    assert_int_equal(r.status, run_status);
    wh_job_result_release(&r);
}

/* ---- sources ---- */

static void write_source(const char *path, int from, int n, const char *last_id)
{
    struct wh_buffer b = {0};
    bool is_csv = strstr(path, ".csv") != NULL;
    if (is_csv)
        must(wh_buffer_append_text(&b, "id,name\n", err));
    for (int i = from; i < from + n; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d", i);
        const char *shown = last_id != NULL && i == from + n - 1 ? last_id : id;
        must(wh_buffer_printf(&b, err, is_csv ? "%s,name %d\n" : "{\"id\":%s,\"name\":\"name %d\"}\n", shown,
                              i));
    }
    put_bytes(path, b.data, b.size);
    wh_buffer_release(&b);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t value = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
    sqlite3_finalize(st);
    sqlite3_close(db);
    return value;
}

static void make_database(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* The rows from..from + n - 1 are in the table, each once. */
static void check_table(int64_t from, int64_t n)
{
    assert_int_equal(ask("out.db", "SELECT count(*) FROM t"), n);
    assert_int_equal(ask("out.db", "SELECT count(DISTINCT id) FROM t"), n);
    assert_int_equal(ask("out.db", "SELECT min(id) FROM t"), from);
    assert_int_equal(ask("out.db", "SELECT max(id) FROM t"), from + n - 1);
}

/* Each test has a folder of its own. */
static int new_folder(void **state)
{
    static int n;
    char name[16];
    snprintf(name, sizeof name, "t%d", ++n);
    atomic_store(&cancelled, false);
    return chdir("/tmp") != 0 || chdir(*state) != 0 || mkdir(name, 0777) != 0 || chdir(name) != 0;
}

/* ---- what is recorded ---- */

static void a_run_is_a_row_of_the_store(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    struct wh_job_spec spec = spec_of("a.csv", "b.csv");
    spec.where = "id >= 10";
    struct wh_job_result r;
    must(run(&r, &spec, &quiet, err));
    char *json = wh_job_result_json(&r);
    json_t *root = json_loads(json, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(root, "run_id")), r.run_id);
    assert_int_equal(json_integer_value(json_object_get(root, "rows_read")), ROWS);
    assert_int_equal(json_integer_value(json_object_get(root, "rows_filtered")), 10);
    assert_int_equal(json_array_size(json_object_get(root, "streams")), 1);
    json_decref(root);
    free(json);
    assert_int_equal(r.n_streams, 1);
    assert_string_equal(r.streams[0].name, "a");
    assert_int_equal(r.streams[0].files, 1);
    assert_null(r.streams[0].quarantine);
    wh_job_result_release(&r);
    const char *db = "home/wherry.db";
    assert_int_equal(
        ask(db, "SELECT count(*) FROM runs WHERE status = 'succeeded' AND epoch = 1 AND error IS NULL"), 1);
    assert_int_equal(ask(db, "SELECT rows_written FROM streams WHERE phase = 'done'"), ROWS - 10);
    assert_true(ask(db, "SELECT count(*) FROM chunks") > 5);
    assert_int_equal(ask(db, "SELECT sum(rows_read) FROM chunks"), ROWS);
    assert_int_equal(ask(db, "SELECT max(seq) + 1 = count(*) FROM chunks"), 1);
    assert_int_equal(ask(db, "SELECT bytes_written FROM streams"),
                     ask(db, "SELECT bytes_written FROM streams"));
    copy(&spec); /* a run that succeeded is not gone on with */
    assert_int_equal(ask(db, "SELECT count(*) FROM runs"), 2);
}

static void plans_touch_nothing(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    const struct wh_job_spec spec = spec_of("a.csv", "new/b.parquet");
    char *text = NULL;
    must(wh_job_plan(&text, &spec, &quiet, &cancelled, err));
    assert_non_null(strstr(text, "create parquet file \"new/b.parquet\""));
    assert_non_null(strstr(text, "G3"));
    assert_false(wh_exists("new"));
    assert_false(wh_exists("home"));
    free(text);
}

static void what_cannot_be(void **state)
{
    (void)state;
    write_source("a.csv", 0, 10, NULL);
    make_database("s.db", "CREATE TABLE x (id INTEGER); CREATE TABLE y (id INTEGER)");
    make_database("empty.db", "CREATE TABLE x (id INTEGER); DROP TABLE x");
    static const struct {
        const char *source, *destination, *columns, *key, *text;
        enum wh_status status;
    } cases[] = {
        {"none.csv", "b.csv", NULL, NULL,
         "source \"none.csv\": could not open file \"none.csv\": No such file or directory", WH_CONFIG},
        {"csv://a.csv#x", "b.csv", NULL, NULL, "the source has no stream \"x\", only \"a\"", WH_CONFIG},
        {"s.db#z", "out/", NULL, NULL, "the source has no stream \"z\"", WH_CONFIG},
        {"empty.db", "out/", NULL, NULL, "the source has no streams", WH_CONFIG},
        {"a.csv", "b.csv", "ids:int64", NULL, "there is no column \"ids\" in \"a.csv\"", WH_CONFIG},
        {"a.csv", "out.db#t", NULL, "key", "primary key column \"key\" is not among the columns", WH_CONFIG},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        const char *const key[] = {cases[i].key, NULL};
        struct wh_job_spec spec = spec_of(cases[i].source, cases[i].destination);
        struct wh_job_result r;
        struct wh_error why = {0};
        spec.columns = cases[i].columns;
        spec.primary_key = cases[i].key == NULL ? NULL : key;
        assert_int_equal(run(&r, &spec, &quiet, &why), cases[i].status);
        assert_string_equal(why.msg, cases[i].text);
        wh_job_result_release(&r);
    }
    assert_false(wh_exists("b.csv"));
}

/* ---- going on ---- */

/* Runs the job in a process of its own with a failpoint set; its wait status. */
static int run_apart(const struct wh_job_spec *spec, const char *failpoint, int times, const char *action)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char text[64];
        struct wh_job_result r;
        struct wh_error why = {0};
        snprintf(text, sizeof text, "%s@%d=%s", failpoint, times, action);
        setenv("WHERRY_FAILPOINTS", text, 1);
        enum wh_status s = run(&r, spec, &quiet, &why);
        _exit(s == WH_OK ? 0 : why.os_errno == EIO && strstr(why.msg, failpoint) != NULL ? 2 : 3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* An error and a crash at every step; the same job again brings every row once. */
static void every_step_may_fail(void **state)
{
    (void)state;
    static const char *const points[] = {
        "plan.persisted",  "commit.before",    "commit.half",   "commit.after",   "checkpoint.before",
        "store.before",    "store.after",      "finish.before", "publish.staged", "publish.moved",
        "publish.renamed", "publish.manifest", "finish.after"};
    static const struct {
        const char *label, *destination;
        enum wh_write_mode mode;
    } ends[] = {{"one file", "out.csv", WH_REPLACE},
                {"folder", "lake/", WH_APPEND},
                {"table, swapped", "out.db#t", WH_REPLACE},
                {"table, added to", "out.db#t", WH_APPEND}};
    static const char *const actions[] = {"error:EIO", "kill"};
    int stopped = 0;
    for (size_t i = 0; i < WH_COUNT(ends) * WH_COUNT(points) * WH_COUNT(actions); i++) {
        size_t end = i % WH_COUNT(ends), point = i / WH_COUNT(ends) % WH_COUNT(points);
        const char *action = actions[i / WH_COUNT(ends) / WH_COUNT(points)];
        assert_int_equal(mkdir("c", 0777) | chdir("c"), 0);
        write_source("a.jsonl", 0, 300, NULL);
        struct wh_job_spec spec = spec_of("a.jsonl", ends[end].destination);
        static const char *const csv[] = {"format", "csv", NULL};
        spec.mode = ends[end].mode;
        spec.destination_options = strncmp(ends[end].destination, "lake", 4) == 0 ? csv : NULL;
        int status = run_apart(&spec, points[point], point > 0 && point < 7 ? 2 : 1, action);
        if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
            stopped++;
            assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 2);
            assert_int_equal(copy(&spec), 300);
        }
        if (strcmp(ends[end].destination, "out.db#t") == 0)
            check_table(0, 300);
        assert_int_equal(ask("home/wherry.db", "SELECT count(*) FROM runs WHERE status = 'succeeded'"), 1);
        assert_int_equal(ask("home/wherry.db", "SELECT count(*) FROM runs"), 1);
        assert_int_equal(chdir(".."), 0);
        must(wh_remove_tree("c", err));
    }
    assert_true(stopped >= 80);
}

static void a_stopped_run_goes_on(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    struct wh_job_spec spec = spec_of("a.csv", "out.db#t");
    struct wh_job_result r;
    int status = run_apart(&spec, "commit.after", 3, "kill");
    assert_true(WIFSIGNALED(status));
    must(run(&r, &spec, &quiet, err));
    assert_true(r.streams[0].resumed);
    assert_int_equal(r.counts.rows_written, ROWS);
    assert_int_equal(r.counts.rows_read, ROWS);
    wh_job_result_release(&r);
    check_table(0, ROWS);
    assert_int_equal(ask("home/wherry.db", "SELECT epoch FROM runs"), 2);
    assert_int_equal(ask("out.db", "SELECT epoch FROM _wherry_ledger WHERE pipeline = 'a.csv -> t'"), 2);
    status = run_apart(&spec, "commit.after", 3, "kill");
    assert_true(WIFSIGNALED(status));
    spec.fresh = true;
    copy(&spec);
    assert_int_equal(ask("home/wherry.db", "SELECT count(*) FROM runs"), 3);
    check_table(0, ROWS);
}

static void cancel(void *self, const char *stream, const struct wh_progress *progress)
{
    (void)self, (void)stream, (void)progress;
    atomic_store(&cancelled, true);
}

static void a_cancelled_run_goes_on(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    const struct wh_job_spec spec = spec_of("a.csv", "out.csv");
    struct wh_job_hooks hooks = quiet;
    struct wh_job_result r;
    struct wh_error why = {0};
    hooks.stream_begin = cancel;
    assert_int_equal(run(&r, &spec, &hooks, &why), WH_CANCELLED);
    assert_int_equal(r.status, WH_RUN_STOPPED);
    assert_true(r.can_resume);
    assert_false(wh_exists("out.csv"));
    wh_job_result_release(&r);
    atomic_store(&cancelled, false);
    assert_int_equal(copy(&spec), ROWS);
    assert_int_equal(ask("home/wherry.db", "SELECT epoch FROM runs WHERE status = 'succeeded'"), 2);
}

/* ---- sources that change ---- */

static void a_replaced_target_starts_again(void **state)
{
    (void)state;
    static const char *const destinations[] = {"out.csv", "lake/", "out.db#t"}, *const format[] = {
                                                                                    "format", "csv", NULL};
    static const char *const points[] = {"commit.after", "finish.before", "finish.after"};
    for (size_t i = 0; i < WH_COUNT(destinations) * WH_COUNT(points); i++) {
        assert_int_equal(mkdir("c", 0777) | chdir("c"), 0);
        write_source("a.csv", 0, ROWS, NULL);
        struct wh_job_spec spec = spec_of("a.csv", destinations[i / WH_COUNT(points)]);
        if (strcmp(spec.destination, "lake/") == 0)
            spec.destination_options = format;
        assert_true(WIFSIGNALED(run_apart(&spec, points[i % WH_COUNT(points)], 1, "kill")));
        write_source("a.csv", 5000, 100, NULL);
        assert_int_equal(copy(&spec), 100);
        assert_non_null(strstr(notes,
                               "stream.restart a: the files are not those with which the run began: starting "
                               "the stream again"));
        struct wh_job_spec back =
            spec_of(strcmp(spec.destination, "lake/") == 0 ? "lake" : spec.destination, "out.db#t");
        if (strcmp(spec.destination, back.destination) != 0)
            assert_int_equal(copy(&back), 100);
        check_table(5000, 100);
        assert_int_equal(chdir(".."), 0);
        must(wh_remove_tree("c", err));
    }
}

static void added_rows_do_not_come_twice(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    make_database("out.db", "CREATE TABLE t (id INTEGER, name TEXT)");
    struct wh_job_spec spec = spec_of("a.csv", "out.db#t");
    spec.mode = WH_APPEND;
    assert_true(WIFSIGNALED(run_apart(&spec, "commit.after", 2, "kill")));
    write_source("a.csv", 5000, 100, NULL);
    check_fails(
        &spec, WH_STATE, WH_RUN_FAILED,
        "2 chunks of the interrupted run are in the target already, but its source is not the same any more");
    check_fails(
        &spec, WH_STATE, WH_RUN_FAILED,
        "2 chunks of the interrupted run are in the target already, but its source is not the same any more");
    make_database("out.db", "DELETE FROM t");
    spec.fresh = true;
    assert_int_equal(copy(&spec), 100);
    check_table(5000, 100);
}

/* Everything was read: what is left needs no source, and the new one is another run's. */
static void what_was_loaded_is_finished(void **state)
{
    (void)state;
    static const struct {
        const char *destination, *point;
    } cases[] = {{"out.db#t", "finish.before"},
                 {"lake/", "publish.staged"},
                 {"lake/", "publish.moved"},
                 {"lake/", "publish.manifest"},
                 {"out.csv", "publish.renamed"}};
    static const char *const format[] = {"format", "csv", NULL}, *const select[] = {"name", "id", NULL};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        assert_int_equal(mkdir("c", 0777) | chdir("c"), 0);
        write_source("a.csv", 0, ROWS, NULL);
        struct wh_job_spec spec = spec_of("a.csv", cases[i].destination);
        spec.mode = WH_APPEND;
        spec.select = select;
        spec.where = "id >= 0";
        spec.destination_options = strchr(spec.destination, '#') == NULL ? format : NULL;
        assert_true(WIFSIGNALED(run_apart(&spec, cases[i].point, 1, "kill")));
        write_source("a.csv", ROWS, 100, NULL);
        assert_int_equal(copy(&spec), ROWS);
        assert_non_null(strstr(notes, "the interrupted run had read everything and is finished as it was"));
        assert_int_equal(copy(&spec), 100);
        struct wh_job_spec back = spec_of(cases[i].destination, "out.db#t");
        if (i > 0)
            assert_int_equal(copy(&back), ROWS + 100);
        check_table(0, ROWS + 100);
        assert_int_equal(chdir(".."), 0);
        must(wh_remove_tree("c", err));
    }
}

/* ---- types ---- */

/* More than is looked at beforehand, then a value that does not fit. */
static void a_late_value_widens_the_column(void **state)
{
    (void)state;
    struct wh_buffer b = {0};
    struct wh_buffer zipped = {0};
    must(wh_buffer_append_text(&b, "id,name\n", err));
    for (int i = 0; i < 300; i++)
        must(wh_buffer_printf(&b, err, "%d,%0*d\n", i, 60000, 0));
    must(wh_buffer_append_text(&b, "x7,late\n", err));
    must(wh_compress_frame(WH_GZIP, 1, b.data, b.size, &zipped, err));
    put_bytes("a.csv.gz", zipped.data, zipped.size);
    wh_buffer_release(&b);
    wh_buffer_release(&zipped);
    struct wh_job_spec spec = spec_of("a.csv.gz", "out.db#t");
    spec.chunk_bytes = 1 << 20;
    assert_true(WIFSIGNALED(run_apart(&spec, "restart.between", 1, "kill")));
    assert_int_equal(copy(&spec), 301);
    assert_non_null(strstr(notes, "stream.widen a: "));
    assert_int_equal(ask("out.db", "SELECT count(*) FROM t WHERE id = 'x7' AND name = 'late'"), 1);
    assert_int_equal(ask("out.db", "SELECT count(DISTINCT id) FROM t WHERE typeof(id) = 'text'"), 301);
    make_database("out.db",
                  "DELETE FROM t"); /* rows that are visible are not taken back: the late one is rejected */
    spec.mode = WH_APPEND;
    make_database("out.db", "DROP TABLE t; CREATE TABLE t (id INTEGER, name TEXT)");
    spec.max_rejects = "1";
    assert_int_equal(copy(&spec), 300);
}

/* ---- several streams ---- */

static void streams_fail_alone(void **state)
{
    (void)state;
    make_database("s.db",
                  "CREATE TABLE x (id INTEGER); INSERT INTO x VALUES (1), (2); CREATE TABLE y (id INTEGER);"
                  "INSERT INTO y VALUES (3); CREATE TABLE xx (id INTEGER)");
    assert_int_equal(mkdir("out", 0777) | mkdir("out/y.csv", 0777), 0);
    put_file("out/y.csv/in the way", "");
    static const char *const format[] = {"format", "csv", NULL};
    struct wh_job_spec spec = spec_of("s.db", "out/");
    struct wh_job_result r;
    struct wh_error why = {0};
    spec.destination_options = format;
    assert_int_not_equal(run(&r, &spec, &quiet, &why), WH_OK);
    assert_int_equal(r.status, WH_RUN_PARTIAL);
    assert_int_equal(r.n_streams, 3);
    assert_true(strncmp(why.msg, "stream \"y\": ", 12) == 0);
    wh_job_result_release(&r);
    check_file("out/x.csv", "id\n1\n2\n");
    check_file("out/xx.csv", "id\n");
    assert_int_equal(unlink("out/y.csv/in the way") | rmdir("out/y.csv"), 0);
    put_file("out/x.csv", "not touched again");
    assert_int_equal(copy(&spec), 3);
    check_file("out/y.csv", "id\n3\n");
    check_file("out/x.csv", "not touched again");
    spec = spec_of("s.db#x*", "some/"); /* a pattern */
    spec.destination_options = format;
    assert_int_equal(copy(&spec), 2);
    assert_true(wh_exists("some/xx.csv") && !wh_exists("some/y.csv"));
}

/* ---- rejects ---- */

static void too_many_rejects(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, "bad");
    struct wh_job_spec spec = spec_of("a.csv", "out.csv");
    struct wh_job_result r;
    struct wh_error why = {0};
    spec.columns = "id:int64";
    assert_int_equal(run(&r, &spec, &quiet, &why), WH_DATA);
    assert_non_null(strstr(why.msg, "file \"a.csv\": line 2001: column \"id\": row rejected: "));
    assert_true(r.streams[0].over_reject_budget);
    assert_false(r.can_resume);
    assert_false(wh_exists("out.csv"));
    if (r.streams[0].quarantine != NULL)
        assert_true(wh_exists(r.streams[0].quarantine));
    wh_job_result_release(&r);
    assert_int_equal(
        ask("home/wherry.db", "SELECT count(*) FROM runs WHERE status = 'failed' AND error_class = 'data'"),
        1);
    spec.max_rejects = "0.01%";
    check_fails(&spec, WH_DATA, WH_RUN_FAILED, "1 of 2000 rows were rejected, more than 0.01%");
    assert_false(wh_exists("out.csv"));
    spec.max_rejects = "1";
    must(run(&r, &spec, &quiet, err));
    assert_int_equal(r.counts.rows_rejected, 1);
    assert_int_equal(r.counts.rows_written, ROWS - 1);
    char *lines = get_file(r.streams[0].quarantine);
    assert_non_null(strstr(lines, "\"line\":2001"));
    assert_non_null(strstr(lines, "\"text\":\"bad,name 1999\""));
    free(lines);
    wh_job_result_release(&r);
}

/* ---- two at once ---- */

struct inner {
    const struct wh_job_spec *spec;
    struct wh_error error;
    enum wh_run_status status;
};

static void run_inner(void *self, const char *stream)
{
    (void)stream;
    struct inner *in = self;
    struct wh_job_result r;
    struct wh_store *store = open_store();
    struct wh_job_hooks hooks = {.note = note};
    (void)wh_job_run(&r, in->spec, store, &hooks, &cancelled, &in->error);
    in->status = r.status;
    wh_job_result_release(&r);
    wh_store_close(store);
}

static void try_the_same(void *self, const char *stream, const struct wh_progress *progress)
{
    (void)progress;
    run_inner(self, stream);
}

static void the_second_is_refused(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    const struct wh_job_spec spec = spec_of("a.csv", "out.csv");
    struct inner inner = {.spec = &spec};
    const struct wh_job_hooks hooks = {.note = note, .stream_begin = try_the_same, .self = &inner};
    struct wh_job_result r;
    must(run(&r, &spec, &hooks, err));
    assert_int_equal(r.counts.rows_written, ROWS);
    wh_job_result_release(&r);
    assert_int_equal(inner.error.code, WH_STATE);
    assert_string_equal(inner.error.msg, "the same job is running already");
    assert_int_equal(inner.error.os_errno, EWOULDBLOCK);
    assert_int_equal(ask("home/wherry.db", "SELECT count(*) FROM runs"), 1);
    assert_int_equal(ask("home/wherry.db", "SELECT epoch FROM runs"), 1);
}

static void limits(void **state)
{
    (void)state;
    write_source("a.csv", 0, ROWS, NULL);
    struct wh_job_spec spec = spec_of("a.csv", "out.db#t");
    spec.limit_rows = 500;
    assert_true(WIFSIGNALED(run_apart(&spec, "commit.after", 1, "kill")));
    assert_int_equal(copy(&spec), 500);
    check_table(0, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_run_is_a_row_of_the_store, new_folder),
        cmocka_unit_test_setup(plans_touch_nothing, new_folder),
        cmocka_unit_test_setup(what_cannot_be, new_folder),
        cmocka_unit_test_setup(every_step_may_fail, new_folder),
        cmocka_unit_test_setup(a_stopped_run_goes_on, new_folder),
        cmocka_unit_test_setup(a_cancelled_run_goes_on, new_folder),
        cmocka_unit_test_setup(a_replaced_target_starts_again, new_folder),
        cmocka_unit_test_setup(added_rows_do_not_come_twice, new_folder),
        cmocka_unit_test_setup(what_was_loaded_is_finished, new_folder),
        cmocka_unit_test_setup(a_late_value_widens_the_column, new_folder),
        cmocka_unit_test_setup(streams_fail_alone, new_folder),
        cmocka_unit_test_setup(too_many_rejects, new_folder),
        cmocka_unit_test_setup(the_second_is_refused, new_folder),
        cmocka_unit_test_setup(limits, new_folder),
    };
    return cmocka_run_group_tests_name("engine/job", tests, enter_folder, leave_folder);
}
