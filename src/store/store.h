/* store/store.h - runs, their streams, chunks and log, in a SQLite file.
 *
 * The file is <home>/wherry.db (WAL, synchronous=FULL: an answered call survives power loss). Its tables
 * come from numbered migrations; a file of a newer program is refused. The store is what the engine
 * knows; what is committed is known by the destination, and a resumed run asks there.
 * Any thread; calls are serialised inside. */
#pragma once
#include "wherry/bytes.h"

#define WH_RUN_ID_LEN 12
#define WH_STORE_FILE "wherry.db"

enum wh_run_status { WH_RUN_RUNNING, WH_RUN_SUCCEEDED, WH_RUN_PARTIAL, WH_RUN_FAILED, WH_RUN_STOPPED };
const char *wh_run_status_name(enum wh_run_status s);

struct wh_run {
    char id[WH_RUN_ID_LEN + 1];
    enum wh_run_status status;
    char *spec;   /* owned: JSON of everything that was asked for, without secrets */
    char *source; /* owned: URIs as shown */
    char *destination;
    int64_t epoch;                   /* number of attempts so far */
    int64_t pid;                     /* of the last attempt */
    int64_t started_us, finished_us; /* 0: not yet */
    char *error;                     /* owned or NULL */
    char *hint;
    char *error_class; /* wh_status_name, or NULL */
    char *summary;     /* owned JSON or NULL */
};
void wh_run_release(struct wh_run *r);

struct wh_counts {
    int64_t rows_read, rows_written, rows_rejected, rows_filtered;
    int64_t bytes_read, bytes_written;
};

/* One stream of a run. phase: "planned", "loading", "loaded" (everything is committed, not yet visible),
 * "done", "failed". */
struct wh_stream_state {
    char *name;     /* owned */
    char *phase;    /* owned */
    char *schema;   /* owned: "id:int64,..." that the target was opened with, or NULL */
    char *snapshot; /* owned JSON of the source's state, or NULL */
    char *marker;   /* owned: last checkpoint of the destination, or NULL */
    int64_t next_seq;
    char *position;          /* owned: of chunk next_seq - 1, or NULL */
    struct wh_counts counts; /* up to next_seq */
    char *error;             /* owned or NULL */
};
void wh_stream_state_release(struct wh_stream_state *s);

struct wh_chunk_record {
    int64_t seq;
    const char *position; /* lent */
    struct wh_counts counts;
};

struct wh_store;
/* home NULL: $WHERRY_HOME, else $XDG_STATE_HOME/wherry, else ~/.local/state/wherry. Makes the folder
 * (mode 0700) and the file (0600). */
enum wh_status wh_store_open(struct wh_store **out, const char *home, struct wh_error *err);
void wh_store_close(struct wh_store *s);
/* The folder; lent. */
const char *wh_store_home(const struct wh_store *s);

/* Adds a run with a new id (set in *r), status running, epoch 1. */
enum wh_status wh_store_add_run(struct wh_store *s, struct wh_run *r, struct wh_error *err);
/* Begins another attempt: epoch + 1, running, this process. */
enum wh_status wh_store_reopen_run(struct wh_store *s, struct wh_run *r, struct wh_error *err);
/* The last run of the same spec if it did not succeed and can go on. The caller releases *out. */
enum wh_status wh_store_find_unfinished(struct wh_store *s, const char *spec, struct wh_run *out, bool *found,
                                        struct wh_error *err);
/* By id, a unique beginning of it, or "last". Fails: WH_CONFIG. */
enum wh_status wh_store_get_run(struct wh_store *s, const char *id, struct wh_run *out, struct wh_error *err);
/* Newest first; the caller releases each and frees the array. */
enum wh_status wh_store_list_runs(struct wh_store *s, int64_t limit, struct wh_run **out, size_t *n,
                                  struct wh_error *err);
/* Ends an attempt. error may be NULL; summary may be NULL. */
enum wh_status wh_store_end_run(struct wh_store *s, const char *id, enum wh_run_status status,
                                const struct wh_error *error, const char *summary, struct wh_error *err);

/* Writes the stream's state and the chunks that it newly covers in one transaction. */
enum wh_status wh_store_save_stream(struct wh_store *s, const char *run_id, const struct wh_stream_state *st,
                                    const struct wh_chunk_record *chunks, size_t n_chunks,
                                    struct wh_error *err);
/* Forgets the stream's chunks: it starts again. */
enum wh_status wh_store_restart_stream(struct wh_store *s, const char *run_id, const char *stream,
                                       struct wh_error *err);
enum wh_status wh_store_load_streams(struct wh_store *s, const char *run_id, struct wh_stream_state **out,
                                     size_t *n, struct wh_error *err);

/* One log line of a run: level "info", "warn" or "error", a stable event name, text, stream or NULL. */
struct wh_log_record {
    int64_t ts_us;
    const char *level, *event, *stream, *text; /* lent */
};
enum wh_status wh_store_log(struct wh_store *s, const char *run_id, const struct wh_log_record *l,
                            struct wh_error *err);
/* Calls line for each record in order; stops when it does not return WH_OK. */
enum wh_status wh_store_read_log(struct wh_store *s, const char *run_id,
                                 enum wh_status (*line)(void *self, const struct wh_log_record *l,
                                                        struct wh_error *err),
                                 void *self, struct wh_error *err);
