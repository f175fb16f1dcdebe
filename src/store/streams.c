/* store/streams.c - streams of a run and their chunks. */
#include "base/mem.h"
#include "store/sqlite_int.h"

void wh_stream_state_release(struct wh_stream_state *s)
{
    free(s->name);
    free(s->phase);
    free(s->schema);
    free(s->snapshot);
    free(s->marker);
    free(s->position);
    free(s->error);
    *s = (struct wh_stream_state){0};
}

static enum wh_status save_state(struct wh_store *s, const char *run_id, const struct wh_stream_state *st,
                                 struct wh_error *err)
{
    const struct wh_counts *c = &st->counts;
    return wh_store_run(s, err, "INSERT OR REPLACE INTO streams VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        "ttttttitiiiiiit", run_id, st->name, st->phase, st->schema, st->snapshot, st->marker,
                        st->next_seq, st->position, c->rows_read, c->rows_written, c->rows_rejected,
                        c->rows_filtered, c->bytes_read, c->bytes_written, st->error);
}

static enum wh_status save_chunks(struct wh_store *s, const char *run_id, const char *stream,
                                  const struct wh_chunk_record *chunks, size_t n, struct wh_error *err)
{
    sqlite3_stmt *st;
    WH_TRY(wh_store_prepare(s, &st, "INSERT OR REPLACE INTO chunks VALUES (?,?,?,?,?,?,?,?,?)", err));
    enum wh_status status = WH_OK;
    for (size_t i = 0; status == WH_OK && i < n; i++) {
        const struct wh_counts *c = &chunks[i].counts;
        status =
            wh_store_bind(s, st, err, "ttitiiiii", run_id, stream, chunks[i].seq, chunks[i].position,
                          c->rows_read, c->rows_written, c->rows_rejected, c->rows_filtered, c->bytes_read);
        if (status == WH_OK && sqlite3_step(st) != SQLITE_DONE)
            status = wh_store_fail(s, err);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    return status;
}

enum wh_status wh_store_save_stream(struct wh_store *s, const char *run_id, const struct wh_stream_state *st,
                                    const struct wh_chunk_record *chunks, size_t n_chunks,
                                    struct wh_error *err)
{
    pthread_mutex_lock(&s->mutex);
    enum wh_status status = wh_store_exec(s, "BEGIN IMMEDIATE", err);
    if (status == WH_OK) {
        status = save_state(s, run_id, st, err);
        if (status == WH_OK)
            status = save_chunks(s, run_id, st->name, chunks, n_chunks, err);
        status = wh_store_end(s, status, err);
    }
    pthread_mutex_unlock(&s->mutex);
    return status;
}

enum wh_status wh_store_restart_stream(struct wh_store *s, const char *run_id, const char *stream,
                                       struct wh_error *err)
{
    pthread_mutex_lock(&s->mutex);
    enum wh_status status = wh_store_exec(s, "BEGIN IMMEDIATE", err);
    if (status == WH_OK) {
        status =
            wh_store_run(s, err, "DELETE FROM chunks WHERE run_id = ? AND stream = ?", "tt", run_id, stream);
        if (status == WH_OK)
            status = wh_store_run(s, err, "DELETE FROM streams WHERE run_id = ? AND name = ?", "tt", run_id,
                                  stream);
        status = wh_store_end(s, status, err);
    }
    pthread_mutex_unlock(&s->mutex);
    return status;
}

static enum wh_status read_state(struct wh_stream_state *out, sqlite3_stmt *st, struct wh_error *err)
{
    struct wh_stream_state r = {
        .next_seq = sqlite3_column_int64(st, 5),
        .counts = {.rows_read = sqlite3_column_int64(st, 7),
                   .rows_written = sqlite3_column_int64(st, 8),
                   .rows_rejected = sqlite3_column_int64(st, 9),
                   .rows_filtered = sqlite3_column_int64(st, 10),
                   .bytes_read = sqlite3_column_int64(st, 11),
                   .bytes_written = sqlite3_column_int64(st, 12)},
    };
    const struct {
        char **to;
        int column;
    } texts[] = {{&r.name, 0},   {&r.phase, 1},    {&r.schema, 2}, {&r.snapshot, 3},
                 {&r.marker, 4}, {&r.position, 6}, {&r.error, 13}};
    enum wh_status status = WH_OK;
    for (size_t i = 0; status == WH_OK && i < WH_COUNT(texts); i++)
        status = wh_store_text(texts[i].to, st, texts[i].column, err);
    if (status != WH_OK) {
        wh_stream_state_release(&r);
        return status;
    }
    *out = r;
    return WH_OK;
}

enum wh_status wh_store_load_streams(struct wh_store *s, const char *run_id, struct wh_stream_state **out,
                                     size_t *n, struct wh_error *err)
{
    struct wh_stream_state *list = NULL;
    size_t count = 0;
    pthread_mutex_lock(&s->mutex);
    sqlite3_stmt *st = NULL;
    enum wh_status status = wh_store_prepare(
        s, &st,
        "SELECT name, phase, schema, snapshot, marker, next_seq, position, rows_read, rows_written, "
        "rows_rejected, "
        "rows_filtered, bytes_read, bytes_written, error FROM streams WHERE run_id = ? ORDER BY name",
        err);
    if (status == WH_OK)
        status = wh_store_bind(s, st, err, "t", run_id);
    int rc = SQLITE_DONE;
    while (status == WH_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct wh_stream_state *more = wh_realloc_array(list, count + 1, sizeof *list);
        if (more == NULL) {
            status = wh_nomem(err);
            break;
        }
        list = more;
        status = read_state(&list[count], st, err);
        count += status == WH_OK;
    }
    if (status == WH_OK && rc != SQLITE_DONE)
        status = wh_store_fail(s, err);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->mutex);
    if (status != WH_OK) {
        while (count > 0)
            wh_stream_state_release(&list[--count]);
        free(list);
        return status;
    }
    *out = list;
    *n = count;
    return WH_OK;
}
