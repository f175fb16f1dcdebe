/* connector/sqlite/ledger.c - which chunks of which run a database holds; see ledger.h. */
#include "connector/sqlite/ledger.h"

#include "base/mem.h"
#include "connector/sqlite/catalog.h"

/* The row as this writer knows it. */
#define OURS                                                                                                 \
    " WHERE pipeline = %Q AND stream = %Q AND run_id = %Q AND seq = %lld AND epoch <= %lld AND finished = 0"
#define OURS_ARGS(l) (l)->pipeline, (l)->stream, (l)->run_id, (long long)(l)->seq, (long long)(l)->epoch

enum wh_status wh_sqlite_ledger_create(struct wh_sqlite_db *db, struct wh_error *err)
{
    return wh_sqlite_exec(
        db, err,
        "CREATE TABLE IF NOT EXISTS main." WH_SQLITE_LEDGER
        " (pipeline TEXT NOT NULL, stream TEXT NOT NULL, run_id TEXT NOT NULL,"
        " seq INTEGER NOT NULL, epoch INTEGER NOT NULL, position TEXT, rows INTEGER NOT NULL,"
        " hash TEXT NOT NULL, committed_at TEXT NOT NULL, run_rows INTEGER NOT NULL,"
        " run_bytes INTEGER NOT NULL, finished INTEGER NOT NULL, overtaken TEXT NOT NULL,"
        " PRIMARY KEY (pipeline, stream)) WITHOUT ROWID");
}

void wh_sqlite_ledger_release(struct wh_sqlite_ledger *l)
{
    free(l->position);
    l->position = NULL;
}

/* ---- taking ----------------------------------------------------------------------------------- */

static enum wh_status begin_row(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, const char *overtaken,
                                struct wh_error *err)
{
    l->seq = -1;
    l->run_rows = l->run_bytes = 0;
    l->finished = false;
    return wh_sqlite_exec(
        db, err,
        "INSERT OR REPLACE INTO main." WH_SQLITE_LEDGER
        " VALUES (%Q, %Q, %Q, -1, %lld, NULL, 0, '', strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ','now'),"
        " 0, 0, 0, %Q)",
        l->pipeline, l->stream, l->run_id, (long long)l->epoch, overtaken);
}

/* Our own row, found by statement `row`. */
static enum wh_status continue_row(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, sqlite3_stmt *row,
                                   struct wh_error *err)
{
    int64_t epoch = sqlite3_column_int64(row, 1);
    if (epoch > l->epoch)
        return wh_fail(
            err, WH_STATE,
            "could not write stream \"%s\": attempt %lld of the run has been followed by attempt %lld",
            l->stream, (long long)l->epoch, (long long)epoch);
    l->seq = sqlite3_column_int64(row, 2);
    l->run_rows = sqlite3_column_int64(row, 4);
    l->run_bytes = sqlite3_column_int64(row, 5);
    l->finished = sqlite3_column_int64(row, 6) != 0;
    if (sqlite3_column_type(row, 3) != SQLITE_NULL)
        WH_TRY(wh_strdup(&l->position, wh_sqlite_text(row, 3), err));
    return wh_sqlite_exec(db, err,
                          "UPDATE main." WH_SQLITE_LEDGER
                          " SET epoch = %lld WHERE pipeline = %Q AND stream = %Q AND run_id = %Q",
                          (long long)l->epoch, l->pipeline, l->stream, l->run_id);
}

/* True when the run is one of those in the list. */
static bool is_overtaken(const char *overtaken, const char *run_id)
{
    size_t len = strlen(run_id);
    for (const char *at = overtaken; len > 0 && (at = strstr(at, run_id)) != NULL; at += len)
        if ((at == overtaken || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

/* A new run where statement `row` found another one's row. That run may have left rows in the table, so it
 * must not begin again as if it were new: its id is kept. */
static enum wh_status take_over(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, sqlite3_stmt *row,
                                struct wh_error *err)
{
    bool unfinished = sqlite3_column_int64(row, 6) == 0 && sqlite3_column_int64(row, 2) >= 0;
    const char *before = wh_sqlite_text(row, 7);
    char *overtaken WH_CLEANUP(wh_sqlite_freep) =
        sqlite3_mprintf("%s%s%s", before, unfinished && before[0] != '\0' ? " " : "",
                        unfinished ? wh_sqlite_text(row, 0) : "");
    if (overtaken == NULL)
        return wh_nomem(err);
    sqlite3_reset(row);
    return begin_row(l, db, overtaken, err);
}

enum wh_status wh_sqlite_ledger_take(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, bool is_resume,
                                     struct wh_error *err)
{
    sqlite3_stmt *row WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &row, err,
                             "SELECT run_id, epoch, seq, position, run_rows, run_bytes, finished, overtaken "
                             "FROM main." WH_SQLITE_LEDGER " WHERE pipeline = %Q AND stream = %Q",
                             l->pipeline, l->stream));
    enum wh_status s = wh_sqlite_step(db, row, err);
    if (s == WH_END)
        return begin_row(l, db, "", err);
    if (s != WH_OK)
        return s;
    if (strcmp(wh_sqlite_text(row, 0), l->run_id) == 0)
        return continue_row(l, db, row, err);
    if (!is_resume && !is_overtaken(wh_sqlite_text(row, 7), l->run_id))
        return take_over(l, db, row, err);
    wh_fail(err, WH_STATE, "could not resume stream \"%s\": run %s has written it since", l->stream,
            wh_sqlite_text(row, 0));
    return wh_hint(err, "start a new run");
}

/* ---- changing --------------------------------------------------------------------------------- */

/* After an UPDATE or DELETE of our row. */
static enum wh_status hit_one(const struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, struct wh_error *err)
{
    if (sqlite3_changes(db->handle) == 1)
        return WH_OK;
    return wh_fail(err, WH_STATE, "could not commit to stream \"%s\": another writer has taken it over",
                   l->stream);
}

enum wh_status wh_sqlite_ledger_advance(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                        const struct wh_sqlite_entry *entry, struct wh_error *err)
{
    if (entry->seq <= l->seq)
        return wh_fail(err, WH_INTERNAL,
                       "could not commit chunk %lld of stream \"%s\": the last one was %lld",
                       (long long)entry->seq, l->stream, (long long)l->seq);
    WH_TRY(wh_sqlite_exec(db, err,
                          "UPDATE main." WH_SQLITE_LEDGER
                          " SET seq = %lld, epoch = %lld, position = %Q, rows = %lld, hash = '%016llx',"
                          " committed_at = strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ','now'),"
                          " run_rows = run_rows + %lld, run_bytes = run_bytes + %lld" OURS,
                          (long long)entry->seq, (long long)l->epoch, entry->position, (long long)entry->rows,
                          (unsigned long long)entry->hash, (long long)entry->rows, (long long)entry->bytes,
                          OURS_ARGS(l)));
    return hit_one(l, db, err);
}

enum wh_status wh_sqlite_ledger_restart(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                        struct wh_error *err)
{
    WH_TRY(wh_sqlite_exec(
        db, err,
        "UPDATE main." WH_SQLITE_LEDGER
        " SET seq = -1, position = NULL, rows = 0, hash = '', run_rows = 0, run_bytes = 0" OURS,
        OURS_ARGS(l)));
    WH_TRY(hit_one(l, db, err));
    wh_sqlite_ledger_release(l);
    l->seq = -1;
    l->run_rows = l->run_bytes = 0;
    return WH_OK;
}

enum wh_status wh_sqlite_ledger_finish(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, int64_t rows,
                                       struct wh_error *err)
{
    WH_TRY(wh_sqlite_exec(db, err, "UPDATE main." WH_SQLITE_LEDGER " SET finished = 1, run_rows = %lld" OURS,
                          (long long)rows, OURS_ARGS(l)));
    return hit_one(l, db, err);
}

enum wh_status wh_sqlite_ledger_forget(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                       struct wh_error *err)
{
    return wh_sqlite_exec(db, err,
                          "DELETE FROM main." WH_SQLITE_LEDGER
                          " WHERE pipeline = %Q AND stream = %Q AND run_id = %Q AND epoch <= %lld",
                          l->pipeline, l->stream, l->run_id, (long long)l->epoch);
}
