/* store/sqlite.c - opening the store's file: folder, journal, migrations, and running statements. */
#include "store/sqlite_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/migrations.h"

#define BUSY_TIMEOUT_MS 10000

enum wh_status wh_store_fail(struct wh_store *s, struct wh_error *err)
{
    int rc = sqlite3_extended_errcode(s->db), primary = rc & 0xff;
    if (primary == SQLITE_NOMEM)
        return wh_nomem(err);
    enum wh_status code = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? WH_STATE
                          : primary == SQLITE_FULL                              ? WH_LIMIT
                          : primary == SQLITE_READONLY || primary == SQLITE_PERM || primary == SQLITE_CANTOPEN
                              ? WH_AUTH
                              : WH_IO;
    wh_fail(err, code, "store \"%s\": %s", s->path, sqlite3_errmsg(s->db));
    err->retriable = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
    if (code == WH_STATE)
        wh_hint(err,
                "move the file away to start with an empty history; unfinished runs cannot be resumed then");
    return err->code;
}

enum wh_status wh_store_exec(struct wh_store *s, const char *sql, struct wh_error *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? WH_OK : wh_store_fail(s, err);
}

enum wh_status wh_store_prepare(struct wh_store *s, sqlite3_stmt **out, const char *sql, struct wh_error *err)
{
    return sqlite3_prepare_v2(s->db, sql, -1, out, NULL) == SQLITE_OK ? WH_OK : wh_store_fail(s, err);
}

static enum wh_status bind_all(struct wh_store *s, sqlite3_stmt *st, const char *kinds, va_list args,
                               struct wh_error *err)
{
    for (int i = 0; kinds[i] != '\0'; i++) {
        int rc = kinds[i] == 't'
                     ? sqlite3_bind_text(st, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT)
                     : sqlite3_bind_int64(st, i + 1, va_arg(args, int64_t));
        if (rc != SQLITE_OK)
            return wh_store_fail(s, err);
    }
    return WH_OK;
}

enum wh_status wh_store_bind(struct wh_store *s, sqlite3_stmt *st, struct wh_error *err, const char *kinds,
                             ...)
{
    va_list args;
    va_start(args, kinds);
    enum wh_status status = bind_all(s, st, kinds, args, err);
    va_end(args);
    return status;
}

enum wh_status wh_store_run(struct wh_store *s, struct wh_error *err, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *st;
    WH_TRY(wh_store_prepare(s, &st, sql, err));
    va_list args;
    va_start(args, kinds);
    enum wh_status status = bind_all(s, st, kinds, args, err);
    va_end(args);
    if (status == WH_OK && sqlite3_step(st) != SQLITE_DONE)
        status = wh_store_fail(s, err);
    sqlite3_finalize(st);
    return status;
}

/* Ends a transaction: commit after success, else roll back and keep the first error. */
enum wh_status wh_store_end(struct wh_store *s, enum wh_status status, struct wh_error *err)
{
    if (status == WH_OK)
        status = wh_store_exec(s, "COMMIT", err);
    if (status != WH_OK)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

enum wh_status wh_store_text(char **out, sqlite3_stmt *st, int column, struct wh_error *err)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    *out = NULL;
    return text == NULL ? WH_OK : wh_strdup(out, text, err);
}

/* ---- opening ---- */

static enum wh_status read_version(struct wh_store *s, int64_t *version, struct wh_error *err)
{
    sqlite3_stmt *st;
    WH_TRY(wh_store_prepare(s, &st, "PRAGMA user_version", err));
    enum wh_status status = sqlite3_step(st) == SQLITE_ROW ? WH_OK : wh_store_fail(s, err);
    *version = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return status;
}

/* One transaction each, the version number in it. */
static enum wh_status migrate_once(struct wh_store *s, int64_t version, struct wh_error *err)
{
    char set_version[64];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %lld", (long long)version + 1);
    WH_TRY(wh_store_exec(s, "BEGIN IMMEDIATE", err));
    int64_t now = 0;
    enum wh_status status = read_version(s, &now, err);
    if (status == WH_OK && now == version) { /* else another process was faster */
        status = wh_store_exec(s, wh_migrations[version], err);
        if (status == WH_OK)
            status = wh_store_exec(s, set_version, err);
    }
    return wh_store_end(s, status, err);
}

static enum wh_status migrate(struct wh_store *s, struct wh_error *err)
{
    int64_t latest = 0, version = 0;
    while (wh_migrations[latest] != NULL)
        latest++;
    WH_TRY(read_version(s, &version, err));
    if (version > latest) {
        wh_fail(err, WH_STATE, "store \"%s\" was written by a newer wherry (version %lld, known is %lld)",
                s->path, (long long)version, (long long)latest);
        return wh_hint(err, "use that wherry, or another --home");
    }
    for (; version < latest; version++)
        WH_TRY(migrate_once(s, version, err));
    return WH_OK;
}

static enum wh_status choose_home(char **out, const char *home, struct wh_error *err)
{
    if (home == NULL)
        home = getenv("WHERRY_HOME");
    if (home != NULL && home[0] != '\0')
        return wh_strdup(out, home, err);
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/')
        return wh_path_join(out, state, "wherry", err);
    const char *user = getenv("HOME");
    if (user == NULL || user[0] == '\0') {
        wh_fail(err, WH_CONFIG, "no place for the store: neither HOME nor XDG_STATE_HOME is set");
        return wh_hint(err, "name a folder with --home");
    }
    return wh_path_join(out, user, ".local/state/wherry", err);
}

/* The working folder may change later. */
static enum wh_status make_absolute(char **path, struct wh_error *err)
{
    char *absolute = realpath(*path, NULL);
    if (absolute == NULL)
        return wh_fail_errno(err, errno, "could not find folder \"%s\"", *path);
    free(*path);
    *path = absolute;
    return WH_OK;
}

static enum wh_status open_file(struct wh_store *s, struct wh_error *err)
{
    bool existed = wh_exists(s->home);
    WH_TRY(wh_make_dirs(s->home, err));
    if (!existed && chmod(s->home, 0700) != 0)
        return wh_fail_errno(err, errno, "could not protect folder \"%s\"", s->home);
    WH_TRY(wh_path_join(&s->path, s->home, WH_STORE_FILE, err)); /* as the user wrote it */
    WH_TRY(make_absolute(&s->home, err));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        return s->db == NULL ? wh_nomem(err) : wh_store_fail(s, err);
    if (chmod(s->path, 0600) != 0)
        return wh_fail_errno(err, errno, "could not protect \"%s\"", s->path);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    WH_TRY(wh_store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
                         err));
    return migrate(s, err);
}

enum wh_status wh_store_open(struct wh_store **out, const char *home, struct wh_error *err)
{
    struct wh_store *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    pthread_mutex_init(&s->mutex, NULL);
    enum wh_status status = choose_home(&s->home, home, err);
    if (status == WH_OK)
        status = open_file(s, err);
    if (status != WH_OK) {
        wh_store_close(s);
        return status;
    }
    *out = s;
    return WH_OK;
}

void wh_store_close(struct wh_store *s)
{
    if (s == NULL)
        return;
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->mutex);
    free(s->home);
    free(s->path);
    free(s);
}

const char *wh_store_home(const struct wh_store *s)
{
    return s->home;
}
