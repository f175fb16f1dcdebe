/* connector/sqlite/destination_int.h - private to the destination: its objects and how they hang together.
 *
 *   destination  one connection that writes, opened by the first target; used by one target at a time
 *   target       a table for one run: its plan, its place for data, its row of the ledger
 *   writer       a chunk: batches, checked and rendered, until commit binds them
 *
 * Where rows go until finish, by mode:
 *   replace, truncate   table <name>__wherry_<run>, which nobody reads; finish swaps or moves them in one
 *                       transaction
 *   append, merge       the table itself, each chunk in one transaction */
#pragma once
#include <pthread.h>

#include "batch/schema.h"
#include "connector/sqlite/bind.h"
#include "connector/sqlite/catalog.h"
#include "connector/sqlite/ddl.h"
#include "connector/sqlite/ledger.h"

struct wh_sqlite_destination {
    struct wh_destination base;
    char *path; /* owned */
    int64_t timeout_ms;
    bool may_create;
    bool nan_is_null;
    pthread_mutex_t lock;   /* guards db and everything done with it */
    struct wh_sqlite_db db; /* closed until the first target */
};

struct wh_sqlite_target {
    struct wh_target base;
    struct wh_sqlite_destination *destination;
    enum wh_write_mode mode;
    const struct wh_schema *schema; /* lent */
    const struct wh_index *indexes; /* lent */
    size_t n_indexes;
    char **key;                       /* owned, NULL-ended, or NULL */
    char *table;                      /* owned */
    char *staging;                    /* owned; NULL: rows go to the table itself */
    char *pipeline, *stream, *run_id; /* owned; the ledger lends them */
    struct wh_sqlite_ledger ledger;
    bool exists;     /* the table did when the target was opened */
    bool made_table; /* by this target, in a mode without staging */
    bool dry_run;
    bool only_keys;                /* a merge without other columns: rows that are there stay as they are */
    struct wh_sqlite_relation old; /* the table as it was, if it existed */
    struct wh_sqlite_binding *bindings; /* owned; one a column */
    sqlite3_stmt *insert;
    char *lock_path; /* owned */
    int lock_fd;
    char *plan; /* owned: what describe says */
};

/* One batch of a chunk. */
struct wh_sqlite_held {
    struct wh_batch batch;
    struct wh_column *rendered; /* owned; one a column, all-zero where nothing is rendered */
    uint8_t *bad;               /* owned; a bit for each row that was rejected */
    struct wh_sqlite_held *next;
};

struct wh_sqlite_writer {
    struct wh_writer base;
    struct wh_sqlite_target *target;
    struct wh_reject_sink *sink;
    int64_t seq;
    int64_t bytes;
    uint64_t hash;
    struct wh_sqlite_held *first, **last; /* owned */
};

/* target.c */
enum wh_status wh_sqlite_open_target(struct wh_target **out, struct wh_resume *resume,
                                     struct wh_destination *dst, const struct wh_target_request *req,
                                     struct wh_error *err);
enum wh_status wh_sqlite_describe_target(struct wh_target *t, char **text, enum wh_guarantee *guarantee,
                                         struct wh_error *err);
void wh_sqlite_discard(struct wh_target *t);
void wh_sqlite_close_target(struct wh_target *t);
/* Opens the destination's connection unless it is open; its lock is held. */
enum wh_status wh_sqlite_connect(struct wh_sqlite_destination *d, bool only_read, struct wh_error *err);

/* plan.c: matches the schema with the table and writes down what will happen. */
enum wh_status wh_sqlite_match_columns(struct wh_sqlite_target *t, const struct wh_sqlite_relation *r,
                                       struct wh_error *err);
/* True when the schema has all columns of the index. */
bool wh_sqlite_has_columns(const struct wh_sqlite_target *t, const struct wh_index *index);
enum wh_status wh_sqlite_write_plan(struct wh_sqlite_target *t, struct wh_error *err);

/* writer.c */
enum wh_status wh_sqlite_open_writer(struct wh_writer **out, struct wh_target *t, int64_t seq,
                                     struct wh_reject_sink *sink, struct wh_error *err);
enum wh_status wh_sqlite_write(struct wh_writer *w, struct wh_batch *batch, struct wh_error *err);
enum wh_status wh_sqlite_seal(struct wh_writer *w, struct wh_error *err);
void wh_sqlite_close_writer(struct wh_writer *w);
/* Rejects row i of a batch and marks it. */
enum wh_status wh_sqlite_refuse(struct wh_sqlite_writer *w, struct wh_sqlite_held *held, int64_t i,
                                const struct wh_reject *why, struct wh_error *err);

/* commit.c */
enum wh_status wh_sqlite_commit(struct wh_target *t, struct wh_writer *w, const char *position,
                                struct wh_error *err);
enum wh_status wh_sqlite_checkpoint(struct wh_target *t, char **marker, int64_t *next_seq,
                                    struct wh_error *err);

/* finish.c */
enum wh_status wh_sqlite_finish(struct wh_target *t, struct wh_outcome *out, struct wh_error *err);

extern const struct wh_destination_ops wh_sqlite_destination_ops;
