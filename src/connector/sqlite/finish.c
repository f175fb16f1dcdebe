/* connector/sqlite/finish.c - making a run's rows visible in one transaction.
 *
 *   replace   count the rows, drop the old table, give the new one its name, make the indexes of the
 *             stream and then the indexes and triggers that the old table had, ledger
 *   truncate  count the rows, empty the table, move the rows, ledger
 *   others    the rows are visible already: ledger
 *
 * A crash leaves all of it or nothing; finish begins anew or finds the ledger's word that it is done. */
#include <stdio.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "connector/sqlite/destination_int.h"

/* The staged rows must be those that the ledger counted. */
static enum wh_status count_rows(struct wh_sqlite_target *t, int64_t *rows, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    WH_TRY(wh_sqlite_number(db, rows, err, "SELECT count(*) FROM main.\"%w\"", t->staging));
    if (*rows == t->ledger.run_rows)
        return WH_OK;
    return wh_fail(err, WH_STATE, "could not finish table \"%s\": it has %lld rows, but %lld were committed",
                   t->table, (long long)*rows, (long long)t->ledger.run_rows);
}

/* ---- replace ---------------------------------------------------------------------------------- */

/* One thing of the old table that is made again: its statement as SQLite kept it. */
struct saved {
    char *name, *sql; /* owned */
    struct saved *next;
};

static void saved_freep(struct saved **list)
{
    while (*list != NULL) {
        struct saved *s = *list;
        *list = s->next;
        free(s->name);
        free(s->sql);
        free(s);
    }
}

static enum wh_status save_one(struct saved ***last, sqlite3_stmt *stmt, struct wh_error *err)
{
    struct saved *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    **last = s;
    *last = &s->next;
    WH_TRY(wh_strdup(&s->name, wh_sqlite_text(stmt, 0), err));
    return wh_strdup(&s->sql, wh_sqlite_text(stmt, 1), err);
}

/* Indexes first: triggers may be many, but they are cheap. */
static enum wh_status save_old(struct saved **list, struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('index', 'trigger')"
                             " AND sql IS NOT NULL AND lower(tbl_name) = lower(%Q) ORDER BY type, rowid",
                             t->table));
    enum wh_status s;
    while ((s = wh_sqlite_step(db, stmt, err)) == WH_OK)
        WH_TRY(save_one(&list, stmt, err));
    return s == WH_END ? WH_OK : s;
}

/* Makes what the old table had, unless the stream brought one of that name. What names a column that is
 * gone is left out with a note. */
static enum wh_status restore_one(const struct saved *s, struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    struct wh_context *ctx = t->destination->base.context;
    int64_t taken = 0;
    WH_TRY(wh_sqlite_number(db, &taken, err, "SELECT 1 FROM main.sqlite_schema WHERE lower(name) = lower(%Q)",
                            s->name));
    if (taken != 0 || sqlite3_exec(db->handle, s->sql, NULL, NULL, NULL) == SQLITE_OK)
        return WH_OK;
    wh_sqlite_fail(db, err, "make \"%s\" of table \"%s\" again", s->name, t->table);
    if (err->code != WH_CONFIG)
        return err->code;
    ctx->note(ctx, "%s", err->msg);
    *err = (struct wh_error){0};
    return WH_OK;
}

static enum wh_status drop_stale_staging(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    char *prefix WH_CLEANUP(wh_sqlite_freep) = sqlite3_mprintf("%s%s", t->table, WH_SQLITE_STAGING);
    if (prefix == NULL)
        return wh_nomem(err);
    for (;;) {
        sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
        char *name WH_CLEANUP(wh_freep) = NULL;
        WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                                 "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
                                 " AND lower(substr(name, 1, length(%Q))) = lower(%Q)",
                                 prefix, prefix));
        enum wh_status s = wh_sqlite_step(db, stmt, err);
        if (s == WH_END)
            return WH_OK;
        if (s != WH_OK)
            return s;
        WH_TRY(wh_strdup(&name, wh_sqlite_text(stmt, 0), err));
        sqlite3_reset(stmt);
        WH_TRY(wh_sqlite_exec(db, err, "DROP TABLE main.\"%w\"", name));
    }
}

static enum wh_status swap(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    struct saved *old WH_CLEANUP(saved_freep) = NULL;
    WH_TRY(save_old(&old, t, err));
    WH_TRY(wh_sqlite_exec(db, err, "DROP TABLE IF EXISTS main.\"%w\"", t->table));
    WH_TRY(wh_sqlite_exec(db, err, "ALTER TABLE main.\"%w\" RENAME TO \"%w\"", t->staging, t->table));
    for (size_t i = 0; i < t->n_indexes; i++)
        if (wh_sqlite_has_columns(t, &t->indexes[i]))
            WH_TRY(wh_sqlite_create_index(db, t->table, &t->indexes[i], err));
    for (const struct saved *s = old; s != NULL; s = s->next)
        WH_TRY(restore_one(s, t, err));
    return WH_OK;
}

/* ---- truncate --------------------------------------------------------------------------------- */

/* Moves all columns: those that the stream does not have got their defaults in the staging table. */
static enum wh_status refill(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    sqlite3_str *text = sqlite3_str_new(NULL);
    const char *separator = "";
    for (size_t i = 0; i < t->old.n_columns; i++) {
        if (t->old.columns[i].is_generated)
            continue;
        sqlite3_str_appendf(text, "%s\"%w\"", separator, t->old.columns[i].name);
        separator = ", ";
    }
    char *names WH_CLEANUP(wh_sqlite_freep) = sqlite3_str_finish(text);
    if (names == NULL)
        return wh_nomem(err);
    WH_TRY(wh_sqlite_exec(db, err, "DELETE FROM main.\"%w\"", t->table));
    enum wh_status s =
        wh_sqlite_exec(db, err, "INSERT OR ABORT INTO main.\"%w\" (%s) SELECT %s FROM main.\"%w\"", t->table,
                       names, names, t->staging);
    return s == WH_OK ? s : wh_wrap(err, "could not fill table \"%s\"", t->table);
}

/* ---- finish ----------------------------------------------------------------------------------- */

static enum wh_status make_visible(struct wh_sqlite_target *t, int64_t *rows, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    WH_TRY(wh_sqlite_exec(db, err, "BEGIN IMMEDIATE"));
    *rows = t->ledger.run_rows;
    WH_TRY(wh_failpoint("publish.staged", err));
    if (t->staging != NULL) {
        WH_TRY(count_rows(t, rows, err));
        WH_TRY(t->mode == WH_TRUNCATE && t->exists ? refill(t, err) : swap(t, err));
        WH_TRY(wh_failpoint("publish.moved", err));
        WH_TRY(drop_stale_staging(t, err));
    }
    WH_TRY(wh_sqlite_ledger_finish(&t->ledger, db, *rows, err));
    WH_TRY(wh_sqlite_exec(db, err, "COMMIT"));
    return wh_failpoint("publish.renamed", err);
}

enum wh_status wh_sqlite_finish(struct wh_target *base, struct wh_outcome *out, struct wh_error *err)
{
    struct wh_sqlite_target *t = (struct wh_sqlite_target *)base;
    struct wh_sqlite_destination *d = t->destination;
    int64_t rows = t->ledger.run_rows;
    if (!t->ledger.finished) {
        pthread_mutex_lock(&d->lock);
        sqlite3_finalize(WH_TAKE(t->insert)); /* it would keep the table from being dropped */
        enum wh_status s = make_visible(t, &rows, err);
        wh_sqlite_rollback(&d->db);
        pthread_mutex_unlock(&d->lock);
        if (s != WH_OK)
            return s == WH_CANCELLED ? s : wh_wrap(err, "table \"%s\"", t->table);
        t->ledger.finished = true;
    }
    *out = (struct wh_outcome){.rows = rows, .bytes = t->ledger.run_bytes};
    return WH_OK;
}
