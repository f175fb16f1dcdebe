/* connector/sqlite/commit.c - a chunk into the table: its rows and its entry in the ledger in one
 * transaction. */
#include <stdio.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "connector/sqlite/destination_int.h"

/* SQLite's words for what a row broke, with the table's own name for that of the staging table. */
static void say_why(const struct wh_sqlite_target *t, char *out, size_t size)
{
    const char *text = sqlite3_errmsg(t->destination->db.handle);
    const char *name = t->staging == NULL ? NULL : strstr(text, t->staging);
    if (name == NULL)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%.*s%s%s", (int)(name - text), text, t->table, name + strlen(t->staging));
}

/* A row that breaks a rule of the table is rejected; the statement alone is undone by SQLite. */
static enum wh_status row_failed(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, int64_t row,
                                 int64_t i, struct wh_error *err)
{
    struct wh_sqlite_db *db = &w->target->destination->db;
    int code = sqlite3_errcode(db->handle) & 0xff;
    bool is_rule = code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG;
    if (!is_rule || sqlite3_get_autocommit(db->handle) != 0)
        return wh_sqlite_fail(db, err, "write to table \"%s\"", w->target->table);
    char reason[256];
    say_why(w->target, reason, sizeof reason);
    sqlite3_reset(w->target->insert);
    return wh_sqlite_refuse(w, held, i, &(struct wh_reject){.row = row, .reason = reason}, err);
}

static int bind_row(const struct wh_sqlite_target *t, const struct wh_sqlite_held *held, int64_t i)
{
    for (size_t c = 0; c < held->batch.schema->n_fields; c++) {
        int code = wh_sqlite_bind(t->insert, (int)c + 1, &t->bindings[c], &held->batch.columns[c],
                                  &held->rendered[c], i);
        if (code != SQLITE_OK)
            return code;
    }
    return SQLITE_OK;
}

static enum wh_status insert_row(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, int64_t row,
                                 int64_t i, struct wh_error *err)
{
    struct wh_sqlite_target *t = w->target;
    int code = bind_row(t, held, i);
    if (code == SQLITE_OK)
        code = sqlite3_step(t->insert);
    if (code != SQLITE_DONE) {
        enum wh_status s = row_failed(w, held, row, i, err);
        sqlite3_reset(t->insert);
        return s;
    }
    sqlite3_reset(t->insert);
    if (sqlite3_changes(t->destination->db.handle) > 0 || t->only_keys)
        return WH_OK;
    struct wh_reject skipped = {.row = row, .reason = "a trigger of the table left the row out"};
    return wh_sqlite_refuse(w, held, i, &skipped, err);
}

/* Inserts all rows but the bad ones; *rows is their number. */
static enum wh_status insert_all(struct wh_sqlite_writer *w, int64_t *rows, struct wh_error *err)
{
    int64_t row = 0, bad = 0;
    for (struct wh_sqlite_held *held = w->first; held != NULL; held = held->next) {
        for (int64_t i = 0; i < held->batch.rows; i++, row++) {
            if (!wh_bit_get(held->bad, i))
                WH_TRY(insert_row(w, held, row, i, err));
            bad += wh_bit_get(held->bad, i);
        }
    }
    *rows = row - bad;
    return WH_OK;
}

static enum wh_status commit_chunk(struct wh_sqlite_writer *w, const char *position, struct wh_error *err)
{
    struct wh_sqlite_target *t = w->target;
    struct wh_sqlite_db *db = &t->destination->db;
    struct wh_sqlite_entry entry = {.seq = w->seq, .position = position, .bytes = w->bytes, .hash = w->hash};
    WH_TRY(wh_sqlite_exec(db, err, "BEGIN IMMEDIATE"));
    WH_TRY(insert_all(w, &entry.rows, err));
    WH_TRY(wh_failpoint("commit.half", err));
    WH_TRY(wh_sqlite_ledger_advance(&t->ledger, db, &entry, err));
    WH_TRY(wh_sqlite_exec(db, err, "COMMIT"));
    t->ledger.seq = entry.seq;
    t->ledger.run_rows += entry.rows;
    t->ledger.run_bytes += entry.bytes;
    return WH_OK;
}

enum wh_status wh_sqlite_commit(struct wh_target *base, struct wh_writer *writer, const char *position,
                                struct wh_error *err)
{
    struct wh_sqlite_writer *w = (struct wh_sqlite_writer *)writer;
    struct wh_sqlite_target *t = (struct wh_sqlite_target *)base;
    struct wh_sqlite_destination *d = t->destination;
    int64_t seq = w->seq;
    pthread_mutex_lock(&d->lock);
    enum wh_status s = commit_chunk(w, position, err);
    if (s != WH_OK)
        wh_sqlite_rollback(&d->db);
    pthread_mutex_unlock(&d->lock);
    wh_sqlite_close_writer(writer);
    if (s != WH_OK && s != WH_CANCELLED)
        wh_wrap(err, "table \"%s\": chunk %lld", t->table, (long long)seq);
    return s;
}

/* Every commit is one already; the ledger in the database is the only mark. */
enum wh_status wh_sqlite_checkpoint(struct wh_target *base, char **marker, int64_t *next_seq,
                                    struct wh_error *err)
{
    struct wh_sqlite_target *t = (struct wh_sqlite_target *)base;
    WH_TRY(wh_strdup(marker, "", err));
    *next_seq = t->ledger.seq + 1;
    return WH_OK;
}
