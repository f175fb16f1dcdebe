/* connector/sqlite/db.c - connections to a database file; see db.h. */
#include "connector/sqlite/db.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"

enum {
    PROGRESS_OPS = 200000, /* steps of SQLite's machine between two looks at the cancel flag: some ms */
    WAIT_STEP_MS = 10,
};

/* ---- errors ----------------------------------------------------------------------------------- */

/* What a primary result code of SQLite means for the user. */
static const struct reason {
    int code;
    enum wh_status status;
    bool retriable;
    const char *hint;
} reasons[] = {
    {SQLITE_BUSY, WH_IO, true,
     "another program holds the database; a database that is source and destination at once must be in WAL "
     "mode"},
    {SQLITE_LOCKED, WH_IO, true, NULL},
    {SQLITE_SCHEMA, WH_IO, true, NULL},
    {SQLITE_PROTOCOL, WH_IO, true, NULL},
    {SQLITE_IOERR, WH_IO, false, NULL},
    {SQLITE_CANTOPEN, WH_AUTH, false, "check the rights of the file and of its folder"},
    {SQLITE_READONLY, WH_AUTH, false, "check the rights of the file and of its folder"},
    {SQLITE_PERM, WH_AUTH, false, NULL},
    {SQLITE_AUTH, WH_AUTH, false, NULL},
    {SQLITE_FULL, WH_LIMIT, false, "free some space on the disk"},
    {SQLITE_NOMEM, WH_NOMEM, false, NULL},
    {SQLITE_CORRUPT, WH_DATA, false, "check the database with PRAGMA integrity_check"},
    {SQLITE_NOTADB, WH_DATA, false, NULL},
    {SQLITE_CONSTRAINT, WH_DATA, false, NULL},
    {SQLITE_MISMATCH, WH_DATA, false, NULL},
    {SQLITE_TOOBIG, WH_DATA, false, NULL},
    {SQLITE_INTERRUPT, WH_CANCELLED, false, NULL},
    {SQLITE_ERROR, WH_CONFIG, false, NULL},
};

static const struct reason *reason_of(int code)
{
    static const struct reason unknown = {0, WH_INTERNAL, false, NULL};
    for (size_t i = 0; i < WH_COUNT(reasons); i++)
        if (reasons[i].code == (code & 0xff))
            return &reasons[i];
    return &unknown;
}

enum wh_status wh_sqlite_fail(struct wh_sqlite_db *db, struct wh_error *err, const char *fmt, ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    int code = db->handle == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(db->handle);
    const struct reason *reason = reason_of(code);
    if (reason->status == WH_NOMEM)
        return wh_nomem(err);
    if (reason->status == WH_CANCELLED)
        return wh_fail(err, WH_CANCELLED, "cancelled");
    int os_errno = sqlite3_system_errno(db->handle);
    const char *text = code == SQLITE_OK ? "unknown reason" : sqlite3_errmsg(db->handle);
    wh_fail(err, reason->status, "could not %s: %s", what, text);
    err->retriable = reason->retriable;
    if (reason->status == WH_IO || reason->status == WH_AUTH || reason->status == WH_LIMIT)
        err->os_errno = os_errno;
    return reason->hint == NULL ? err->code : wh_hint(err, "%s", reason->hint);
}

/* ---- opening ---------------------------------------------------------------------------------- */

static bool is_cancelled(const struct wh_sqlite_db *db)
{
    return db->cancelled != NULL && atomic_load_explicit(db->cancelled, memory_order_relaxed);
}

static int on_progress(void *arg)
{
    const struct wh_sqlite_db *db = arg;
    return is_cancelled(db) || (db->deadline_us != 0 && wh_monotonic_us() > db->deadline_us);
}

/* Waits for a lock in small steps, so that a cancelled job ends soon. */
static int on_busy(void *arg, int tries)
{
    struct wh_sqlite_db *db = arg;
    int64_t now_ms = wh_monotonic_us() / 1000;
    if (tries == 0)
        db->waiting_since_ms = now_ms;
    if (is_cancelled(db) || now_ms - db->waiting_since_ms >= db->timeout_ms)
        return 0;
    usleep(tries < 10 ? 1000 : WAIT_STEP_MS * 1000);
    return 1;
}

/* The path with "./" in front when it is relative, so that SQLite takes neither ":memory:" nor "file:" for
 * something else. */
static char *safe_path(const char *path)
{
    return sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
}

static enum wh_status open_handle(struct wh_sqlite_db *db, const struct wh_sqlite_open *args,
                                  struct wh_error *err)
{
    if (args->path[0] == '\0')
        return wh_fail(err, WH_CONFIG, "could not open a database: the location names no file");
    if ((args->flags & SQLITE_OPEN_CREATE) == 0 && access(args->path, F_OK) != 0)
        return wh_fail(err, WH_CONFIG, "could not open database \"%s\": no such file", args->path);
    char *path WH_CLEANUP(wh_sqlite_freep) = safe_path(args->path);
    if (path == NULL)
        return wh_nomem(err);
    WH_TRY(wh_strdup(&db->path, args->path, err));
    if (sqlite3_open_v2(path, &db->handle, args->flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return wh_sqlite_fail(db, err, "open database \"%s\"", args->path);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_handler(db->handle, on_busy, db);
    sqlite3_progress_handler(db->handle, PROGRESS_OPS, on_progress, db);
    /* The schema of a file from elsewhere may call no function with side effects. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return wh_sqlite_exec(db, err, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-%lld;",
                          (long long)args->cache_kib);
}

enum wh_status wh_sqlite_db_open(struct wh_sqlite_db *db, const struct wh_sqlite_open *args,
                                 struct wh_error *err)
{
    *db = (struct wh_sqlite_db){.timeout_ms = args->timeout_ms};
    if (args->context != NULL)
        db->cancelled = args->context->cancelled;
    int64_t ignored = 0;
    enum wh_status s = open_handle(db, args, err);
    if (s == WH_OK) /* reads the file's first page */
        s = wh_sqlite_number(db, &ignored, err, "SELECT count(*) FROM sqlite_schema");
    if (s == WH_DATA)
        wh_wrap(err, "database \"%s\"", args->path);
    if (s != WH_OK)
        wh_sqlite_db_close(db);
    return s;
}

void wh_sqlite_db_close(struct wh_sqlite_db *db)
{
    sqlite3_close_v2(db->handle);
    free(db->path);
    *db = (struct wh_sqlite_db){0};
}

/* ---- statements ------------------------------------------------------------------------------- */

enum wh_status wh_sqlite_exec(struct wh_sqlite_db *db, struct wh_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *sql WH_CLEANUP(wh_sqlite_freep) = sqlite3_vmprintf(fmt, args);
    va_end(args);
    if (sql == NULL)
        return wh_nomem(err);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return wh_sqlite_fail(db, err, "run \"%.100s\" in \"%s\"", sql, db->path);
    return WH_OK;
}

static enum wh_status vprepare(struct wh_sqlite_db *db, sqlite3_stmt **out, struct wh_error *err,
                               const char *fmt, va_list args)
{
    char *sql WH_CLEANUP(wh_sqlite_freep) = sqlite3_vmprintf(fmt, args);
    if (sql == NULL)
        return wh_nomem(err);
    if (sqlite3_prepare_v3(db->handle, sql, -1, 0, out, NULL) != SQLITE_OK)
        return wh_sqlite_fail(db, err, "prepare \"%.100s\" in \"%s\"", sql, db->path);
    return WH_OK;
}

enum wh_status wh_sqlite_prepare(struct wh_sqlite_db *db, sqlite3_stmt **out, struct wh_error *err,
                                 const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    enum wh_status s = vprepare(db, out, err, fmt, args);
    va_end(args);
    return s;
}

enum wh_status wh_sqlite_number(struct wh_sqlite_db *db, int64_t *out, struct wh_error *err, const char *fmt,
                                ...)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    va_list args;
    va_start(args, fmt);
    enum wh_status s = vprepare(db, &stmt, err, fmt, args);
    va_end(args);
    if (s != WH_OK)
        return s;
    s = wh_sqlite_step(db, stmt, err);
    if (s == WH_OK && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(stmt, 0);
    return s == WH_END ? WH_OK : s;
}

enum wh_status wh_sqlite_step(struct wh_sqlite_db *db, sqlite3_stmt *stmt, struct wh_error *err)
{
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        return WH_OK;
    case SQLITE_DONE:
        return WH_END;
    default:
        return wh_sqlite_fail(db, err, "read database \"%s\"", db->path);
    }
}

void wh_sqlite_rollback(struct wh_sqlite_db *db)
{
    if (db->handle != NULL && sqlite3_get_autocommit(db->handle) == 0)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}
