/* A loader that is killed again and again: at the end every row is there once, whatever the mode. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "support/random_batch.h"
#include "support/sqlite_db.h"

enum {
    CHUNKS = 24,
    CHUNK_ROWS = 300,
    KEYS = 1000, /* merge: chunks hit the same keys again and again */
    KILLS = 25,  /* at least, for each mode */
};

/* Row i of chunk seq: its key, and a value that tells which chunk wrote it. */
static int64_t key_of(enum wh_write_mode mode, int64_t seq, int64_t i)
{
    return mode == WH_MERGE ? (seq * 7919 + i * 31) % KEYS : seq * CHUNK_ROWS + i;
}

static void write_chunk(struct fixture *f, struct wh_target *t, const struct wh_target_request *req,
                        int64_t seq)
{
    const struct wh_destination_ops *ops = wh_connector_sqlite.destination;
    struct wh_error err = {0};
    struct wh_writer *w = NULL;
    struct wh_batch b = {0};
    struct test_sink sink = test_sink_of(f);
    char position[32];
    snprintf(position, sizeof position, "{\"chunk\":%lld}", (long long)seq);
    check_ok(ops->open_writer(&w, t, seq, &sink.base, &err), &err);
    check_ok(wh_batch_init(&b, req->schema, &f->budget, &err), &err);
    for (int64_t i = 0; i < CHUNK_ROWS; i++) {
        int64_t key = key_of(req->mode, seq, i), value = seq * CHUNK_ROWS + i;
        check_ok(wh_column_append(&b.columns[0], &key, &err), &err);
        check_ok(wh_column_append(&b.columns[1], &value, &err), &err);
    }
    b.rows = CHUNK_ROWS;
    check_ok(ops->write(w, &b, &err), &err);
    wh_batch_release(&b);
    check_ok(ops->seal(w, &err), &err);
    check_ok(ops->commit(t, w, position, &err), &err);
}

/* What one process does: goes on where the ledger says, to the end. */
static void run_child(struct fixture *f, enum wh_write_mode mode, int64_t epoch)
{
    static const char *const key[] = {"k", NULL};
    const struct wh_destination_ops *ops = wh_connector_sqlite.destination;
    struct wh_error err = {0};
    struct wh_schema schema = {0};
    struct wh_destination *dst = NULL;
    struct wh_target *t = NULL;
    struct wh_resume resume = {0};
    struct wh_outcome out = {0};
    check_ok(wh_schema_parse(&schema, "k:int64,v:int64", &err), &err);
    struct wh_target_request req = {.name = "t",
                                    .schema = &schema,
                                    .mode = mode,
                                    .primary_key = mode == WH_MERGE ? key : NULL,
                                    .pipeline = "p",
                                    .stream = "s",
                                    .run_id = "r",
                                    .epoch = epoch,
                                    .marker = epoch % 2 == 0 ? "" : NULL};
    check_ok(ops->open(&dst, f->path, f->config, &f->context, &err), &err);
    check_ok(ops->open_target(&t, &resume, dst, &req, &err), &err);
    char position[32];
    snprintf(position, sizeof position, "{\"chunk\":%lld}", (long long)resume.next_seq - 1);
    if (resume.next_seq > 0)
        assert_string_equal(resume.position, position);
    for (int64_t seq = resume.next_seq; seq < CHUNKS; seq++)
        write_chunk(f, t, &req, seq);
    check_ok(ops->finish(t, &out, &err), &err);
    assert_int_equal(out.rows, CHUNKS * CHUNK_ROWS);
    _exit(0);
}

/* True when the child came to its end. */
static bool run_and_kill(struct fixture *f, enum wh_write_mode mode, int64_t epoch, uint64_t after_us)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(f, mode, epoch);
    const struct timespec t = {.tv_sec = (time_t)(after_us / 1000000),
                               .tv_nsec = (long)(after_us % 1000000) * 1000};
    nanosleep(&t, NULL);
    int status = 0;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void check_rows(struct fixture *f, enum wh_write_mode mode)
{
    static int64_t values[CHUNKS * CHUNK_ROWS];
    size_t n = mode == WH_MERGE ? KEYS : CHUNKS * CHUNK_ROWS;
    struct wh_buffer text = {0};
    struct wh_error err = {0};
    for (int64_t seq = 0; seq < CHUNKS; seq++)
        for (int64_t i = 0; i < CHUNK_ROWS; i++)
            values[key_of(mode, seq, i)] = seq * CHUNK_ROWS + i; /* the last one wins */
    for (size_t k = 0; k < n; k++)
        check_ok(wh_buffer_printf(&text, &err, "%zu|%lld;", k, (long long)values[k]), &err);
    check_ok(wh_buffer_append(&text, "", 1, &err), &err);
    check_sql(f, "SELECT k, v FROM t ORDER BY k", (char *)text.data);
    wh_buffer_release(&text);
    check_sql(f, "PRAGMA integrity_check", "ok;");
    check_sql(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 't\\_\\_wherry%' ESCAPE '\\'", "0;");
}

static void survives_kills(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int mode = WH_REPLACE; mode <= WH_MERGE; mode++) {
        int kills = 0, runs = 0;
        while (kills < KILLS) {
            struct fixture f;
            fixture_open(&f);
            /* Half of the runs begin in a database in WAL mode with a table that is read meanwhile. */
            if (runs % 2 == 1)
                run_sql(&f, "PRAGMA journal_mode=WAL; CREATE TABLE t(k INTEGER PRIMARY KEY, v INT)");
            uint64_t most_us = 20000 + random_below(&seed, 200000);
            for (int64_t epoch = 1;
                 !run_and_kill(&f, (enum wh_write_mode)mode, epoch, random_below(&seed, most_us)); epoch++)
                kills++;
            check_rows(&f, (enum wh_write_mode)mode);
            fixture_close(&f);
            runs++;
        }
        print_message("    mode %d: %d kills in %d runs\n", mode, kills, runs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(survives_kills)};
    return cmocka_run_group_tests_name("sqlite/kill", tests, NULL, NULL);
}
