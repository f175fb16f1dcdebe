/* store/sqlite_int.h - the store's connection and small helpers around statements. */
#pragma once
#include <pthread.h>
#include <sqlite3.h>

#include "store/store.h"

struct wh_store {
    sqlite3 *db;
    char *home, *path;     /* owned */
    pthread_mutex_t mutex; /* guards db */
};

enum wh_status wh_store_fail(struct wh_store *s, struct wh_error *err);
enum wh_status wh_store_exec(struct wh_store *s, const char *sql, struct wh_error *err);
enum wh_status wh_store_prepare(struct wh_store *s, sqlite3_stmt **out, const char *sql,
                                struct wh_error *err);
/* kinds: a letter per parameter, t: const char * or NULL, i: int64_t. */
enum wh_status wh_store_bind(struct wh_store *s, sqlite3_stmt *st, struct wh_error *err, const char *kinds,
                             ...);
/* Prepares, binds and runs a statement without rows. */
enum wh_status wh_store_run(struct wh_store *s, struct wh_error *err, const char *sql, const char *kinds,
                            ...);
enum wh_status wh_store_end(struct wh_store *s, enum wh_status status, struct wh_error *err);
/* Copies a column's text; NULL for a null. */
enum wh_status wh_store_text(char **out, sqlite3_stmt *st, int column, struct wh_error *err);
