/* connector/sqlite/target.c - taking a table for a run: lock, ledger, the place where rows go. */
#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/fs.h"
#include "base/mem.h"
#include "connector/sqlite/destination_int.h"

static struct wh_sqlite_target *target_of(struct wh_target *t)
{
    return (struct wh_sqlite_target *)t;
}

/* ---- request ---------------------------------------------------------------------------------- */

/* Keeps the key if all its columns are there. */
static enum wh_status copy_key(struct wh_sqlite_target *t, const char *const *key, struct wh_error *err)
{
    struct wh_context *ctx = t->destination->base.context;
    if (t->mode == WH_MERGE && (key == NULL || key[0] == NULL)) {
        wh_fail(err, WH_CONFIG, "could not merge into \"%s\": there is no primary key", t->table);
        return wh_hint(err, "name its columns with --primary-key");
    }
    t->only_keys = t->mode == WH_MERGE && wh_strv_len(key) == t->schema->n_fields;
    for (size_t i = 0; key != NULL && key[i] != NULL; i++) {
        if (wh_schema_find(t->schema, key[i]) >= 0)
            continue;
        if (t->mode == WH_MERGE)
            return wh_fail(err, WH_CONFIG, "could not merge into \"%s\": the stream has no key column \"%s\"",
                           t->table, key[i]);
        ctx->note(ctx, "table \"%s\" gets no primary key, for column \"%s\" is left out", t->table, key[i]);
        return WH_OK;
    }
    return wh_strv_dup(&t->key, key, err);
}

static enum wh_status copy_request(struct wh_sqlite_target *t, const struct wh_target_request *req,
                                   struct wh_error *err)
{
    const char *stream = req->stream == NULL ? "" : req->stream;
    const char *table = req->name == NULL ? stream : req->name;
    t->mode = req->mode;
    t->schema = req->schema;
    t->indexes = req->indexes;
    t->n_indexes = req->n_indexes;
    t->dry_run = req->dry_run;
    if (table[0] == '\0')
        return wh_fail(err, WH_CONFIG, "could not write to \"%s\": no table is named", t->destination->path);
    WH_TRY(wh_strdup(&t->table, table, err));
    WH_TRY(wh_strdup(&t->pipeline, req->pipeline == NULL ? "" : req->pipeline, err));
    WH_TRY(wh_strdup(&t->stream, stream, err));
    WH_TRY(wh_strdup(&t->run_id, req->run_id == NULL ? "" : req->run_id, err));
    t->ledger = (struct wh_sqlite_ledger){
        .pipeline = t->pipeline, .stream = t->stream, .run_id = t->run_id, .epoch = req->epoch, .seq = -1};
    if (t->mode == WH_REPLACE || t->mode == WH_TRUNCATE) {
        t->staging = malloc(strlen(table) + strlen(t->run_id) + sizeof WH_SQLITE_STAGING);
        if (t->staging == NULL)
            return wh_nomem(err);
        (void)stpcpy(stpcpy(stpcpy(t->staging, table), WH_SQLITE_STAGING), t->run_id);
    }
    return copy_key(t, req->primary_key, err);
}

/* ---- lock ------------------------------------------------------------------------------------- */

/* A file beside the database for each table that is being written; the kernel ends the lock with the
 * process. */
static enum wh_status lock_table(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_buffer text = {0};
    char *lower WH_CLEANUP(wh_freep) = NULL;
    WH_TRY(wh_strdup(&lower, t->table, err));
    for (char *p = lower; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    enum wh_status s = wh_buffer_printf(&text, err, "%s-%016llx.wherry-lock", t->destination->path,
                                        (unsigned long long)XXH3_64bits(lower, strlen(lower)));
    if (s == WH_OK)
        s = wh_buffer_take_text(&t->lock_path, &text, err);
    wh_buffer_release(&text);
    if (s == WH_OK)
        s = wh_lock_take(&t->lock_fd, t->lock_path, err);
    return s == WH_OK ? s
                      : wh_wrap(err, "could not take table \"%s\" of \"%s\"", t->table, t->destination->path);
}

/* ---- the place for rows ----------------------------------------------------------------------- */

static enum wh_status run_create(struct wh_sqlite_target *t, const char *sql, const char *table,
                                 struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    if (sql == NULL)
        return wh_nomem(err);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return WH_OK;
    wh_sqlite_fail(db, err, "create table \"%s\"", table);
    if (err->code == WH_CONFIG)
        wh_hint(err, "names of columns must differ by more than case; leave one out with --select");
    return err->code;
}

static enum wh_status create_from_schema(struct wh_sqlite_target *t, const char *table, struct wh_error *err)
{
    char *sql WH_CLEANUP(wh_sqlite_freep) =
        wh_sqlite_create_sql(table, t->schema, (const char *const *)t->key);
    return run_create(t, sql, table, err);
}

/* A table like the one there is, with all its rules. */
static enum wh_status create_like_old(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = %Q",
                             t->old.name));
    enum wh_status s = wh_sqlite_step(db, stmt, err);
    if (s != WH_OK)
        return s == WH_END ? wh_fail(err, WH_STATE, "table \"%s\" is gone", t->table) : s;
    char *sql WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_renamed_sql(wh_sqlite_text(stmt, 0), t->staging);
    sqlite3_reset(stmt);
    return run_create(t, sql, t->staging, err);
}

static enum wh_status prepare_staging(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    bool there, is_table;
    WH_TRY(wh_sqlite_exists(db, t->staging, &there, &is_table, err));
    if (t->ledger.seq >= 0 && there)
        return WH_OK;
    if (t->ledger.seq >= 0)
        WH_TRY(wh_sqlite_ledger_restart(&t->ledger, db, err));
    if (there)
        WH_TRY(wh_sqlite_exec(db, err, "DROP TABLE main.\"%w\"", t->staging));
    return t->mode == WH_TRUNCATE && t->exists ? create_like_old(t, err)
                                               : create_from_schema(t, t->staging, err);
}

static enum wh_status prepare_table(struct wh_sqlite_target *t, struct wh_error *err)
{
    if (t->exists)
        return WH_OK;
    WH_TRY(create_from_schema(t, t->table, err));
    t->made_table = true;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (wh_sqlite_has_columns(t, &t->indexes[i]))
            WH_TRY(wh_sqlite_create_index(&t->destination->db, t->table, &t->indexes[i], err));
    return WH_OK;
}

/* In one transaction: our row of the ledger, and the place for rows. */
static enum wh_status take(struct wh_sqlite_target *t, bool is_resume, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    WH_TRY(wh_sqlite_exec(db, err, "BEGIN IMMEDIATE"));
    WH_TRY(wh_sqlite_ledger_create(db, err));
    WH_TRY(wh_sqlite_ledger_take(&t->ledger, db, is_resume, err));
    if (!t->ledger.finished)
        WH_TRY(t->staging != NULL ? prepare_staging(t, err) : prepare_table(t, err));
    return wh_sqlite_exec(db, err, "COMMIT");
}

static enum wh_status prepare_insert(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    struct wh_sqlite_relation r;
    const char *table = t->staging != NULL ? t->staging : t->table;
    WH_TRY(wh_sqlite_describe(&r, db, table, err));
    enum wh_status s = wh_sqlite_match_columns(t, &r, err);
    wh_sqlite_relation_release(&r);
    if (s != WH_OK)
        return s;
    char *sql WH_CLEANUP(wh_sqlite_freep) =
        wh_sqlite_insert_sql(table, t->schema, t->mode == WH_MERGE ? (const char *const *)t->key : NULL);
    if (sql == NULL)
        return wh_nomem(err);
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &t->insert, NULL) == SQLITE_OK)
        return WH_OK;
    wh_sqlite_fail(db, err, "write to table \"%s\"", t->table);
    return t->mode == WH_MERGE
               ? wh_hint(err, "the columns of --primary-key need a primary key or unique index")
               : err->code;
}

/* ---- opening and closing ---------------------------------------------------------------------- */

/* Looks at the table as it is. */
static enum wh_status look(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_destination *d = t->destination;
    bool is_table = true;
    if (d->db.handle != NULL)
        WH_TRY(wh_sqlite_exists(&d->db, t->table, &t->exists, &is_table, err));
    if (!is_table && t->exists)
        return wh_fail(err, WH_CONFIG, "could not write to \"%s\" of \"%s\": it is a view or a virtual table",
                       t->table, d->path);
    if (!t->exists && !d->may_create) {
        wh_fail(err, WH_CONFIG, "could not write to table \"%s\" of \"%s\": there is none", t->table,
                d->path);
        return wh_hint(err, "leave --sqlite-create at if-missing");
    }
    if (!t->exists)
        return WH_OK;
    WH_TRY(wh_sqlite_describe(&t->old, &d->db, t->table, err));
    return t->mode == WH_REPLACE ? WH_OK : wh_sqlite_match_columns(t, &t->old, err);
}

static enum wh_status open_target(struct wh_sqlite_target *t, const struct wh_target_request *req,
                                  struct wh_error *err)
{
    WH_TRY(copy_request(t, req, err));
    if (!t->dry_run)
        WH_TRY(lock_table(t, err));
    WH_TRY(wh_sqlite_connect(t->destination, t->dry_run, err));
    WH_TRY(look(t, err));
    WH_TRY(wh_sqlite_write_plan(t, err));
    if (t->dry_run)
        return WH_OK;
    enum wh_status s = take(t, req->marker != NULL, err);
    wh_sqlite_rollback(&t->destination->db);
    if (s == WH_OK && !t->ledger.finished)
        s = prepare_insert(t, err);
    return s;
}

enum wh_status wh_sqlite_open_target(struct wh_target **out, struct wh_resume *resume,
                                     struct wh_destination *dst, const struct wh_target_request *req,
                                     struct wh_error *err)
{
    struct wh_sqlite_target *t = wh_alloc(sizeof *t);
    if (t == NULL)
        return wh_nomem(err);
    t->base.ops = &wh_sqlite_destination_ops;
    t->destination = (struct wh_sqlite_destination *)dst;
    t->lock_fd = -1;
    pthread_mutex_lock(&t->destination->lock);
    enum wh_status s = open_target(t, req, err);
    pthread_mutex_unlock(&t->destination->lock);
    if (s != WH_OK) {
        wh_sqlite_close_target(&t->base);
        return s;
    }
    *resume = (struct wh_resume){.next_seq = t->ledger.seq + 1, .position = WH_TAKE(t->ledger.position)};
    t->base.visible_early = t->staging == NULL;
    *out = &t->base;
    return WH_OK;
}

enum wh_status wh_sqlite_describe_target(struct wh_target *t, char **text, enum wh_guarantee *guarantee,
                                         struct wh_error *err)
{
    WH_TRY(wh_strdup(text, target_of(t)->plan, err));
    *guarantee = WH_G3;
    return WH_OK;
}

static enum wh_status discard(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    bool nothing_visible = t->staging != NULL || t->ledger.seq < 0;
    WH_TRY(wh_sqlite_exec(db, err, "BEGIN IMMEDIATE"));
    if (t->staging != NULL)
        WH_TRY(wh_sqlite_exec(db, err, "DROP TABLE IF EXISTS main.\"%w\"", t->staging));
    else if (t->made_table && t->ledger.seq < 0)
        WH_TRY(wh_sqlite_exec(db, err, "DROP TABLE main.\"%w\"", t->table));
    if (nothing_visible)
        WH_TRY(wh_sqlite_ledger_forget(&t->ledger, db, err));
    return wh_sqlite_exec(db, err, "COMMIT");
}

void wh_sqlite_discard(struct wh_target *base)
{
    struct wh_sqlite_target *t = target_of(base);
    struct wh_sqlite_destination *d = t->destination;
    struct wh_error ignored = {0}; /* what stays is removed by the next run that finishes */
    if (t->dry_run)
        return;
    pthread_mutex_lock(&d->lock);
    const _Atomic bool *cancelled = d->db.cancelled;
    d->db.cancelled = NULL; /* a cancelled job still tidies up */
    sqlite3_finalize(WH_TAKE(t->insert));
    if (t->staging != NULL || !t->ledger.finished)
        (void)discard(t, &ignored);
    wh_sqlite_rollback(&d->db);
    d->db.cancelled = cancelled;
    pthread_mutex_unlock(&d->lock);
}

void wh_sqlite_close_target(struct wh_target *base)
{
    struct wh_sqlite_target *t = target_of(base);
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->destination->lock);
    sqlite3_finalize(t->insert);
    pthread_mutex_unlock(&t->destination->lock);
    wh_lock_give(t->lock_fd, t->lock_path);
    wh_sqlite_ledger_release(&t->ledger);
    wh_sqlite_relation_release(&t->old);
    wh_strv_free(t->key);
    free(t->bindings);
    free(t->table);
    free(t->staging);
    free(t->pipeline);
    free(t->stream);
    free(t->run_id);
    free(t->lock_path);
    free(t->plan);
    free(t);
}
