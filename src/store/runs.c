/* store/runs.c - runs and their log. */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "store/sqlite_int.h"

static const char *const status_names[] = {
    [WH_RUN_RUNNING] = "running", [WH_RUN_SUCCEEDED] = "succeeded", [WH_RUN_PARTIAL] = "partial",
    [WH_RUN_FAILED] = "failed",   [WH_RUN_STOPPED] = "stopped",
};

const char *wh_run_status_name(enum wh_run_status s)
{
    return status_names[s];
}

static enum wh_run_status status_of(const char *name)
{
    for (size_t i = 0; i < WH_COUNT(status_names); i++)
        if (name != NULL && strcmp(name, status_names[i]) == 0)
            return (enum wh_run_status)i;
    return WH_RUN_FAILED;
}

void wh_run_release(struct wh_run *r)
{
    free(r->spec);
    free(r->source);
    free(r->destination);
    free(r->error);
    free(r->hint);
    free(r->error_class);
    free(r->summary);
    *r = (struct wh_run){0};
}

/* 8 characters of milliseconds since 2020 and 4 of chance, in Crockford's base 32: ids sort by time. */
static enum wh_status make_id(char id[WH_RUN_ID_LEN + 1], struct wh_error *err)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint32_t chance;
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return wh_fail_errno(err, errno, "could not get random bytes");
    uint64_t ms = (uint64_t)(wh_now_us() / 1000) - 1577836800000u;
    uint64_t bits = (ms & (((uint64_t)1 << 40) - 1)) << 20 | (chance & 0xfffff);
    for (int i = WH_RUN_ID_LEN - 1; i >= 0; i--, bits >>= 5)
        id[i] = digits[bits & 31];
    id[WH_RUN_ID_LEN] = '\0';
    return WH_OK;
}

enum wh_status wh_store_add_run(struct wh_store *s, struct wh_run *r, struct wh_error *err)
{
    WH_TRY(make_id(r->id, err));
    r->status = WH_RUN_RUNNING;
    r->epoch = 1;
    r->pid = getpid();
    r->started_us = wh_now_us();
    pthread_mutex_lock(&s->mutex);
    enum wh_status status = wh_store_run(s, err,
                                         "INSERT INTO runs (id, status, spec, source, destination, epoch, "
                                         "pid, started_us) VALUES (?,?,?,?,?,?,?,?)",
                                         "tttttiii", r->id, status_names[r->status], r->spec, r->source,
                                         r->destination, r->epoch, r->pid, r->started_us);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

enum wh_status wh_store_reopen_run(struct wh_store *s, struct wh_run *r, struct wh_error *err)
{
    r->status = WH_RUN_RUNNING;
    r->pid = getpid();
    pthread_mutex_lock(&s->mutex);
    enum wh_status status =
        wh_store_run(s, err,
                     "UPDATE runs SET status = 'running', epoch = epoch + 1, pid = ?2, "
                     "finished_us = 0, error = NULL, hint = NULL, error_class = NULL WHERE id = ?1",
                     "ti", r->id, r->pid);
    pthread_mutex_unlock(&s->mutex);
    if (status == WH_OK)
        r->epoch++;
    return status;
}

/* ---- reading ---- */

#define RUN_COLUMNS                                                                                          \
    "id, status, spec, source, destination, epoch, pid, started_us, finished_us, error, hint, error_class, " \
    "summary"

static enum wh_status read_run(struct wh_run *out, sqlite3_stmt *st, struct wh_error *err)
{
    struct wh_run r = {
        .status = status_of((const char *)sqlite3_column_text(st, 1)),
        .epoch = sqlite3_column_int64(st, 5),
        .pid = sqlite3_column_int64(st, 6),
        .started_us = sqlite3_column_int64(st, 7),
        .finished_us = sqlite3_column_int64(st, 8),
    };
    snprintf(r.id, sizeof r.id, "%s", (const char *)sqlite3_column_text(st, 0));
    const struct {
        char **to;
        int column;
    } texts[] = {{&r.spec, 2},  {&r.source, 3},       {&r.destination, 4}, {&r.error, 9},
                 {&r.hint, 10}, {&r.error_class, 11}, {&r.summary, 12}};
    enum wh_status status = WH_OK;
    for (size_t i = 0; status == WH_OK && i < WH_COUNT(texts); i++)
        status = wh_store_text(texts[i].to, st, texts[i].column, err);
    if (status != WH_OK) {
        wh_run_release(&r);
        return status;
    }
    *out = r;
    return WH_OK;
}

enum wh_status wh_store_find_unfinished(struct wh_store *s, const char *spec, struct wh_run *out, bool *found,
                                        struct wh_error *err)
{
    *found = false;
    pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = NULL;
    enum wh_status status = wh_store_prepare(
        s, &st, "SELECT " RUN_COLUMNS " FROM runs WHERE spec = ? ORDER BY started_us DESC, id DESC LIMIT 1",
        err);
    if (status == WH_OK)
        status = wh_store_bind(s, st, err, "t", spec);
    int rc = status == WH_OK ? sqlite3_step(st) : SQLITE_DONE;
    if (rc == SQLITE_ROW) {
        status = read_run(out, st, err);
        *found = status == WH_OK && out->status != WH_RUN_SUCCEEDED;
        if (status == WH_OK && !*found)
            wh_run_release(out);
    } else if (rc != SQLITE_DONE) {
        status = wh_store_fail(s, err);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

/* All rows of a statement that selects RUN_COLUMNS; finalizes it. */
static enum wh_status read_runs(struct wh_store *s, sqlite3_stmt *st, struct wh_run **out, size_t *n,
                                struct wh_error *err)
{
    struct wh_run *runs = NULL;
    size_t count = 0;
    enum wh_status status = WH_OK;
    int rc;
    while (status == WH_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct wh_run *more = wh_realloc_array(runs, count + 1, sizeof *runs);
        if (more == NULL) {
            status = wh_nomem(err);
            break;
        }
        runs = more;
        status = read_run(&runs[count], st, err);
        count += status == WH_OK;
    }
    if (status == WH_OK && rc != SQLITE_DONE)
        status = wh_store_fail(s, err);
    sqlite3_finalize(st);
    if (status != WH_OK) {
        while (count > 0)
            wh_run_release(&runs[--count]);
        free(runs);
        return status;
    }
    *out = runs;
    *n = count;
    return WH_OK;
}

enum wh_status wh_store_list_runs(struct wh_store *s, int64_t limit, struct wh_run **out, size_t *n,
                                  struct wh_error *err)
{
    pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = NULL;
    enum wh_status status = wh_store_prepare(
        s, &st, "SELECT " RUN_COLUMNS " FROM runs ORDER BY started_us DESC, id DESC LIMIT ?", err);
    if (status == WH_OK)
        status = wh_store_bind(s, st, err, "i", limit);
    if (status == WH_OK)
        status = read_runs(s, st, out, n, err);
    else
        sqlite3_finalize(st);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

enum wh_status wh_store_get_run(struct wh_store *s, const char *id, struct wh_run *out, struct wh_error *err)
{
    bool last = strcmp(id, "last") == 0;
    const char *sql = last ? "SELECT " RUN_COLUMNS " FROM runs ORDER BY started_us DESC, id DESC LIMIT 1"
                           : "SELECT " RUN_COLUMNS " FROM runs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2";
    pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = NULL;
    struct wh_run *runs = NULL;
    size_t n = 0;
    enum wh_status status = wh_store_prepare(s, &st, sql, err);
    if (status == WH_OK)
        status = last ? WH_OK : wh_store_bind(s, st, err, "t", id);
    if (status == WH_OK)
        status = read_runs(s, st, &runs, &n, err);
    else
        sqlite3_finalize(st);
    pthread_mutex_unlock(&s->mutex);
    if (status == WH_OK && n == 1) {
        *out = runs[0];
        free(runs);
        return WH_OK;
    }
    for (size_t i = 0; i < n; i++)
        wh_run_release(&runs[i]);
    free(runs);
    WH_TRY(status);
    wh_fail(err, WH_CONFIG, n == 0 ? "no run \"%s\"" : "more than one run starts with \"%s\"", id);
    return wh_hint(err, "`wherry runs` lists them");
}

enum wh_status wh_store_end_run(struct wh_store *s, const char *id, enum wh_run_status run_status,
                                const struct wh_error *error, const char *summary, struct wh_error *err)
{
    const char *msg = error == NULL ? NULL : error->msg, *hint = error == NULL ? NULL : error->hint;
    pthread_mutex_lock(&s->mutex);
    enum wh_status status = wh_store_run(
        s, err,
        "UPDATE runs SET status = ?2, finished_us = ?3, error = ?4, hint = nullif(?5, ''), error_class = ?6, "
        "summary = ?7 WHERE id = ?1",
        "ttitttt", id, status_names[run_status], wh_now_us(), msg, hint,
        error == NULL ? NULL : wh_status_name(error->code), summary);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

/* ---- log ---- */

enum wh_status wh_store_log(struct wh_store *s, const char *run_id, const struct wh_log_record *l,
                            struct wh_error *err)
{
    pthread_mutex_lock(&s->mutex);
    enum wh_status status = wh_store_run(
        s, err, "INSERT INTO log (run_id, ts_us, level, event, stream, text) VALUES (?,?,?,?,?,?)", "titttt",
        run_id, l->ts_us, l->level, l->event, l->stream, l->text);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

enum wh_status wh_store_read_log(struct wh_store *s, const char *run_id,
                                 enum wh_status (*line)(void *self, const struct wh_log_record *l,
                                                        struct wh_error *err),
                                 void *self, struct wh_error *err)
{
    pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = NULL;
    enum wh_status status = wh_store_prepare(
        s, &st, "SELECT ts_us, level, event, stream, text FROM log WHERE run_id = ? ORDER BY id", err);
    if (status == WH_OK)
        status = wh_store_bind(s, st, err, "t", run_id);
    int rc = SQLITE_DONE;
    while (status == WH_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const struct wh_log_record l = {.ts_us = sqlite3_column_int64(st, 0),
                                        .level = (const char *)sqlite3_column_text(st, 1),
                                        .event = (const char *)sqlite3_column_text(st, 2),
                                        .stream = (const char *)sqlite3_column_text(st, 3),
                                        .text = (const char *)sqlite3_column_text(st, 4)};
        status = line(self, &l, err);
    }
    if (status == WH_OK && rc != SQLITE_DONE)
        status = wh_store_fail(s, err);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->mutex);
    return status;
}
