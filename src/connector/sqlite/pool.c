/* connector/sqlite/pool.c - the connections of a source on one snapshot; see pool.h.
 *
 * How connections get onto one snapshot without any lock: the planner asks for PRAGMA data_version, all
 * readers begin, the planner begins, asks again. SQLite changes that number with every commit of somebody
 * else, so equal numbers mean that nobody committed in between; else all begin anew.
 *
 * The state of the database is told by, in WAL mode, the part of the shared wal-index header that names
 * the last commit (file format, "WAL-Index Header": mxFrame, nPage, checksum of all frames, salts), else
 * by the file's size, time, inode and change counter (offset 24). Both are read through SQLite's own file
 * handle: to open and close the file would drop this process' locks on it. */
#include "connector/sqlite/pool.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    BEGIN_TRIES = 1000,
    WAL_INDEX_BYTES = 32768,
    WAL_MX_FRAME = 16, /* offset; what identifies the commit is 24 bytes long */
    WAL_COMMIT_BYTES = 24,
    CHANGE_COUNTER = 24,
};

static enum wh_status begin(struct wh_sqlite_db *db, struct wh_error *err)
{
    int64_t ignored = 0;
    WH_TRY(wh_sqlite_exec(db, err, "BEGIN"));
    return wh_sqlite_number(db, &ignored, err, "SELECT count(*) FROM sqlite_schema");
}

static void end_all(struct wh_sqlite_pool *pool, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wh_sqlite_rollback(&pool->readers[i]);
    wh_sqlite_rollback(&pool->planner);
}

/* ---- identity --------------------------------------------------------------------------------- */

/* The last commit in the log as hexadecimal text; false when the log is empty or there is none. */
static bool wal_identity(sqlite3_file *file, char *out)
{
    static const char digits[] = "0123456789abcdef";
    void volatile *index = NULL;
    if (file->pMethods->iVersion < 2 || file->pMethods->xShmMap == NULL ||
        file->pMethods->xShmMap(file, 0, WAL_INDEX_BYTES, 0, &index) != SQLITE_OK || index == NULL)
        return false;
    const uint8_t volatile *bytes = (const uint8_t volatile *)index + WAL_MX_FRAME;
    unsigned any = 0;
    for (int i = 0; i < WAL_COMMIT_BYTES; i++) {
        unsigned byte = bytes[i];
        any |= i < 4 ? byte : 0; /* frames in the log */
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    *out = '\0';
    return any != 0;
}

static enum wh_status read_identity(struct wh_sqlite_pool *pool, struct wh_error *err)
{
    struct wh_sqlite_db *db = &pool->planner;
    sqlite3_file *file = NULL;
    struct stat st;
    uint8_t counter[4] = {0};
    char text[160], wal[2 * WAL_COMMIT_BYTES + 1];
    sqlite3_stmt *mode WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &mode, err, "PRAGMA journal_mode"));
    enum wh_status s = wh_sqlite_step(db, mode, err);
    if (s != WH_OK && s != WH_END)
        return s;
    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL)
        return wh_sqlite_fail(db, err, "look at database \"%s\"", db->path);
    if (strcmp(wh_sqlite_text(mode, 0), "wal") == 0 && wal_identity(file, wal)) {
        snprintf(text, sizeof text, "wal:%s", wal);
        return wh_strdup(&pool->identity, text, err);
    }
    if (stat(db->path, &st) != 0)
        return wh_fail(err, WH_CONFIG, "could not open database \"%s\": no such file", db->path);
    (void)file->pMethods->xRead(file, counter, sizeof counter, CHANGE_COUNTER); /* an empty file has none */
    snprintf(text, sizeof text, "file:%llu:%llu:%lld.%09ld:%llu", (unsigned long long)st.st_ino,
             (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
             (unsigned long long)wh_get_le32(counter));
    return wh_strdup(&pool->identity, text, err);
}

/* ---- the snapshot ----------------------------------------------------------------------------- */

/* One try; *same tells whether all connections see the same state. */
static enum wh_status begin_all(struct wh_sqlite_pool *pool, size_t n, bool *same, struct wh_error *err)
{
    int64_t before = 0, after = 0;
    WH_TRY(wh_sqlite_number(&pool->planner, &before, err, "PRAGMA data_version"));
    for (size_t i = 0; i < n; i++)
        WH_TRY(begin(&pool->readers[i], err));
    WH_TRY(begin(&pool->planner, err));
    WH_TRY(wh_sqlite_number(&pool->planner, &after, err, "PRAGMA data_version"));
    *same = before == after;
    return WH_OK;
}

static enum wh_status begin_snapshot(struct wh_sqlite_pool *pool, size_t n, struct wh_error *err)
{
    for (int tries = 0; tries < BEGIN_TRIES; tries++) {
        bool same = false;
        enum wh_status s = begin_all(pool, n, &same, err);
        if (s == WH_OK && same) {
            s = read_identity(pool, err);
            if (s == WH_OK)
                return WH_OK;
        }
        end_all(pool, n);
        if (s != WH_OK)
            return s;
        usleep(500);
    }
    wh_fail(err, WH_IO, "could not take a snapshot of \"%s\": it is written all the time",
            pool->planner.path);
    err->retriable = true;
    return err->code;
}

static void close_readers(struct wh_sqlite_pool *pool, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wh_sqlite_db_close(&pool->readers[i]);
    free(pool->readers);
    free(pool->taken);
    pool->readers = NULL;
    pool->taken = NULL;
}

enum wh_status wh_sqlite_pool_begin(struct wh_sqlite_pool *pool, const struct wh_sqlite_open *args,
                                    size_t n_readers, struct wh_error *err)
{
    if (pool->n_readers > 0)
        return WH_OK;
    pool->readers = wh_alloc_array(n_readers, sizeof *pool->readers);
    pool->taken = wh_alloc_array(n_readers, sizeof *pool->taken);
    enum wh_status s = pool->readers == NULL || pool->taken == NULL ? wh_nomem(err) : WH_OK;
    size_t opened = 0;
    while (s == WH_OK && opened < n_readers) {
        s = wh_sqlite_db_open(&pool->readers[opened], args, err);
        opened += s == WH_OK;
    }
    if (s == WH_OK)
        s = begin_snapshot(pool, n_readers, err);
    if (s != WH_OK) {
        close_readers(pool, opened);
        return s;
    }
    pool->n_readers = n_readers;
    return WH_OK;
}

/* ---- life ------------------------------------------------------------------------------------- */

enum wh_status wh_sqlite_pool_open(struct wh_sqlite_pool *pool, const struct wh_sqlite_open *args,
                                   struct wh_error *err)
{
    WH_TRY(wh_sqlite_db_open(&pool->planner, args, err));
    pthread_mutex_init(&pool->lock, NULL); /* cannot fail without attributes */
    pthread_mutex_init(&pool->planner_lock, NULL);
    return WH_OK;
}

enum wh_status wh_sqlite_pool_take(struct wh_sqlite_pool *pool, struct wh_sqlite_db **out,
                                   struct wh_error *err)
{
    struct wh_sqlite_db *found = NULL;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->n_readers && found == NULL; i++) {
        if (pool->taken[i])
            continue;
        pool->taken[i] = true;
        found = &pool->readers[i];
    }
    pthread_mutex_unlock(&pool->lock);
    if (found == NULL)
        return wh_fail(err, WH_LIMIT, "could not read \"%s\": all %zu connections are in use",
                       pool->planner.path, pool->n_readers);
    *out = found;
    return WH_OK;
}

void wh_sqlite_pool_give(struct wh_sqlite_pool *pool, struct wh_sqlite_db *reader)
{
    pthread_mutex_lock(&pool->lock);
    pool->taken[reader - pool->readers] = false;
    pthread_mutex_unlock(&pool->lock);
}

void wh_sqlite_pool_close(struct wh_sqlite_pool *pool)
{
    if (pool->planner.handle == NULL)
        return;
    close_readers(pool, pool->n_readers);
    wh_sqlite_db_close(&pool->planner);
    free(pool->identity);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->planner_lock);
}
