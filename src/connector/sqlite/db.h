/* connector/sqlite/db.h - connections to a database file: opening, statements, errors.
 *
 * Statements are given as the formats of sqlite3_mprintf: %Q quotes a text, "%w" an identifier. */
#pragma once
#include <sqlite3.h>

#include "wherry/connector.h"

/* A connection, used by one thread at a time. All-zero is a closed one. Must stay where it is while it is
 * open: SQLite's callbacks point to it. */
struct wh_sqlite_db {
    sqlite3 *handle;               /* owned */
    char *path;                    /* owned; for messages, as the user wrote it */
    const _Atomic bool *cancelled; /* lent by the context */
    int64_t timeout_ms;            /* how long a locked database is waited for */
    int64_t waiting_since_ms;
    int64_t deadline_us; /* monotonic; statements are interrupted behind it; 0: none */
};

struct wh_sqlite_open {
    const char *path;
    const struct wh_context *context;
    int64_t timeout_ms;
    int flags;         /* SQLITE_OPEN_READONLY, _READWRITE, _CREATE */
    int64_t cache_kib; /* most memory for pages */
};

/* Opens and checks that the file is a database. Fails: WH_CONFIG no such file, WH_AUTH, WH_DATA no
 * database, WH_IO; the struct stays closed. */
enum wh_status wh_sqlite_db_open(struct wh_sqlite_db *db, const struct wh_sqlite_open *args,
                                 struct wh_error *err);
void wh_sqlite_db_close(struct wh_sqlite_db *db);

/* Fills err from the connection's last failure: "could not <what of fmt>: <reason of SQLite>". */
enum wh_status wh_sqlite_fail(struct wh_sqlite_db *db, struct wh_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs statements that give no rows. */
enum wh_status wh_sqlite_exec(struct wh_sqlite_db *db, struct wh_error *err, const char *fmt, ...);
/* Compiles one statement; the caller finalizes. */
enum wh_status wh_sqlite_prepare(struct wh_sqlite_db *db, sqlite3_stmt **out, struct wh_error *err,
                                 const char *fmt, ...);
/* The first column of the first row as a number; *out is untouched when there is none or it is NULL. */
enum wh_status wh_sqlite_number(struct wh_sqlite_db *db, int64_t *out, struct wh_error *err, const char *fmt,
                                ...);
/* WH_OK for a row, WH_END after the last. */
enum wh_status wh_sqlite_step(struct wh_sqlite_db *db, sqlite3_stmt *stmt, struct wh_error *err);
/* Ends the open transaction, if any, without keeping it. */
void wh_sqlite_rollback(struct wh_sqlite_db *db);

/* For WH_CLEANUP. */
static inline void wh_sqlite_finalizep(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
}
static inline void wh_sqlite_freep(char **text)
{
    sqlite3_free(*text);
}

/* Text of a column, "" for NULL; lent until the next step. */
static inline const char *wh_sqlite_text(sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return text == NULL ? "" : (const char *)text;
}
