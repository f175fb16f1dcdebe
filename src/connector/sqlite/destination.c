/* connector/sqlite/destination.c - a database as a destination: opening it and checking that it can be
 * written. */
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "connector/sqlite.h"
#include "connector/sqlite/destination_int.h"

/* A chunk's batches wait in memory for their turn, and one writer takes them all. */
#define MAX_CHUNK_BYTES ((int64_t)4 << 20)

enum { CACHE_KIB = 8192 }; /* keys and indexes are filled in no order */

static void destination_close(struct wh_destination *base)
{
    struct wh_sqlite_destination *d = (struct wh_sqlite_destination *)base;
    if (d == NULL)
        return;
    wh_sqlite_db_close(&d->db);
    pthread_mutex_destroy(&d->lock);
    free(d->path);
    free(d);
}

static enum wh_status destination_open(struct wh_destination **out, const char *location,
                                       const struct wh_config *cfg, struct wh_context *ctx,
                                       struct wh_error *err)
{
    if (location[0] == '\0')
        return wh_fail(err, WH_CONFIG, "could not open a database: the location names no file");
    struct wh_sqlite_destination *d = wh_alloc(sizeof *d);
    if (d == NULL)
        return wh_nomem(err);
    d->base.type = &wh_connector_sqlite;
    d->base.context = ctx;
    d->timeout_ms = wh_config_int(cfg, "sqlite-busy-timeout");
    d->may_create = strcmp(wh_config_str(cfg, "sqlite-create"), "if-missing") == 0;
    d->nan_is_null = strcmp(wh_config_str(cfg, "sqlite-nan"), "null") == 0;
    enum wh_status s = wh_strdup(&d->path, location, err);
    if (s != WH_OK) {
        free(d);
        return s;
    }
    pthread_mutex_init(&d->lock, NULL); /* cannot fail without attributes */
    ctx->chunk_bytes = WH_MIN(ctx->chunk_bytes, MAX_CHUNK_BYTES);
    *out = &d->base;
    return WH_OK;
}

/* The folder must be there and writable: journals are made in it. */
static enum wh_status check_folder(const struct wh_sqlite_destination *d, struct wh_error *err)
{
    char *dir WH_CLEANUP(wh_freep) = NULL, *file WH_CLEANUP(wh_freep) = NULL;
    WH_TRY(wh_path_split(&dir, &file, d->path, err));
    if (!wh_is_dir(dir))
        return wh_fail(err, WH_CONFIG, "could not open database \"%s\": there is no folder \"%s\"", d->path,
                       dir);
    if (access(dir, W_OK | X_OK) != 0)
        return wh_fail(err, WH_AUTH, "could not write database \"%s\": folder \"%s\" cannot be written",
                       d->path, dir);
    return WH_OK;
}

static enum wh_status set_up(struct wh_sqlite_destination *d, struct wh_error *err)
{
    if (sqlite3_db_readonly(d->db.handle, "main") == 1)
        return wh_fail(err, WH_AUTH, "could not write database \"%s\": it can only be read", d->path);
    /* FULL: what is committed survives a power cut. FAST: deleted rows are overwritten where that costs no
     * writing. legacy_alter_table: names in views and triggers stay as they are when a table is renamed. */
    return wh_sqlite_exec(&d->db, err,
                          "PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST; PRAGMA foreign_keys=OFF;"
                          "PRAGMA legacy_alter_table=ON;");
}

enum wh_status wh_sqlite_connect(struct wh_sqlite_destination *d, bool only_read, struct wh_error *err)
{
    if (only_read && (d->db.handle != NULL || !wh_exists(d->path)))
        return d->may_create || d->db.handle != NULL
                   ? WH_OK
                   : wh_fail(err, WH_CONFIG, "could not open database \"%s\": no such file", d->path);
    if (d->db.handle != NULL && sqlite3_db_readonly(d->db.handle, "main") == 0)
        return WH_OK;
    wh_sqlite_db_close(&d->db);
    int flags =
        only_read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | (d->may_create ? SQLITE_OPEN_CREATE : 0);
    struct wh_sqlite_open args = {.path = d->path,
                                  .context = d->base.context,
                                  .timeout_ms = d->timeout_ms,
                                  .flags = flags,
                                  .cache_kib = CACHE_KIB};
    if (!only_read)
        WH_TRY(check_folder(d, err));
    WH_TRY(wh_sqlite_db_open(&d->db, &args, err));
    enum wh_status s = only_read ? WH_OK : set_up(d, err);
    if (s != WH_OK)
        wh_sqlite_db_close(&d->db);
    return s;
}

/* Takes the write lock for a moment; nothing is written. */
static enum wh_status destination_check(struct wh_destination *base, struct wh_error *err)
{
    struct wh_sqlite_destination *d = (struct wh_sqlite_destination *)base;
    WH_TRY(check_folder(d, err));
    if (!wh_exists(d->path))
        return d->may_create
                   ? WH_OK
                   : wh_fail(err, WH_CONFIG, "could not open database \"%s\": no such file", d->path);
    pthread_mutex_lock(&d->lock);
    enum wh_status s = wh_sqlite_connect(d, false, err);
    if (s == WH_OK)
        s = wh_sqlite_exec(&d->db, err, "BEGIN IMMEDIATE");
    wh_sqlite_rollback(&d->db);
    pthread_mutex_unlock(&d->lock);
    return s;
}

const struct wh_destination_ops wh_sqlite_destination_ops = {
    .open = destination_open,
    .check = destination_check,
    .open_target = wh_sqlite_open_target,
    .describe = wh_sqlite_describe_target,
    .open_writer = wh_sqlite_open_writer,
    .write = wh_sqlite_write,
    .seal = wh_sqlite_seal,
    .commit = wh_sqlite_commit,
    .checkpoint = wh_sqlite_checkpoint,
    .finish = wh_sqlite_finish,
    .discard = wh_sqlite_discard,
    .close_writer = wh_sqlite_close_writer,
    .close_target = wh_sqlite_close_target,
    .close = destination_close,
};
