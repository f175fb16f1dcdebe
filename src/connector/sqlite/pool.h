/* connector/sqlite/pool.h - the connections of a source, all on one snapshot of the database.
 *
 *   planner    describes, samples, cuts chunks; one thread at a time, by planner_lock
 *   readers    one for each worker, handed out by take and give
 *
 * A snapshot is a read transaction. In WAL mode writers go on meanwhile; in rollback mode they wait with
 * their commits until the source is closed. */
#pragma once
#include <pthread.h>

#include "connector/sqlite/db.h"

struct wh_sqlite_pool {
    struct wh_sqlite_db planner;
    pthread_mutex_t planner_lock; /* never taken while lock is held */
    pthread_mutex_t lock;         /* guards taken */
    struct wh_sqlite_db *readers; /* owned */
    bool *taken;                  /* owned */
    size_t n_readers;             /* 0: the snapshot has not begun */
    char *identity;               /* owned: what tells this state of the database from others */
};

/* Opens the planner. args is lent for the call. */
enum wh_status wh_sqlite_pool_open(struct wh_sqlite_pool *pool, const struct wh_sqlite_open *args,
                                   struct wh_error *err);
/* Opens the readers and begins the snapshot; nothing happens the second time. planner_lock is held.
 * Fails: WH_IO (retriable) when the database is written all the time. */
enum wh_status wh_sqlite_pool_begin(struct wh_sqlite_pool *pool, const struct wh_sqlite_open *args,
                                    size_t n_readers, struct wh_error *err);
/* Lends a reader. Fails: WH_LIMIT when all are in use. Any thread. */
enum wh_status wh_sqlite_pool_take(struct wh_sqlite_pool *pool, struct wh_sqlite_db **out,
                                   struct wh_error *err);
void wh_sqlite_pool_give(struct wh_sqlite_pool *pool, struct wh_sqlite_db *reader);
void wh_sqlite_pool_close(struct wh_sqlite_pool *pool);
