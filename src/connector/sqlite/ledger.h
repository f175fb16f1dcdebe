/* connector/sqlite/ledger.h - the ledger: which chunks of which run a database holds.
 *
 * Table _wherry_ledger has one row for each pipeline and stream:
 *
 *   pipeline, stream       key
 *   run_id                 the run that wrote last
 *   seq, position          its last committed chunk, -1 before the first one; where in the source that ends
 *   epoch                  the highest attempt that was let in
 *   rows, hash             of that chunk
 *   committed_at           UTC, ISO 8601
 *   run_rows, run_bytes    of all chunks of the run
 *   finished               1 once the run's data is what readers see
 *   overtaken              ids of runs that were given up half-way; they must not come back
 *
 * Rows change only in the transaction that changes the data, and only when they still are what the writer
 * knows (run, chunk, epoch): of two writers one fails. All calls but the first need an open transaction. */
#pragma once
#include "connector/sqlite/db.h"

struct wh_sqlite_ledger {
    const char *pipeline, *stream, *run_id; /* lent */
    int64_t epoch;
    int64_t seq;
    char *position; /* owned, or NULL */
    int64_t run_rows, run_bytes;
    bool finished;
};

/* A chunk to be recorded. */
struct wh_sqlite_entry {
    int64_t seq;
    const char *position;
    int64_t rows, bytes;
    uint64_t hash;
};

enum wh_status wh_sqlite_ledger_create(struct wh_sqlite_db *db, struct wh_error *err);
/* Keeps lower epochs of the run out and reads how far it got. Another run's row is taken over, from its
 * beginning, unless is_resume. Fails: WH_STATE when a later attempt or another run has the row. */
enum wh_status wh_sqlite_ledger_take(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, bool is_resume,
                                     struct wh_error *err);
/* Records a chunk. Fails: WH_STATE when the row is no longer what it was. */
enum wh_status wh_sqlite_ledger_advance(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                        const struct wh_sqlite_entry *entry, struct wh_error *err);
/* Forgets all chunks: what they had written is gone. */
enum wh_status wh_sqlite_ledger_restart(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                        struct wh_error *err);
/* Records that the run is done, with that many rows. */
enum wh_status wh_sqlite_ledger_finish(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db, int64_t rows,
                                       struct wh_error *err);
/* Removes the row, if it is this run's. */
enum wh_status wh_sqlite_ledger_forget(struct wh_sqlite_ledger *l, struct wh_sqlite_db *db,
                                       struct wh_error *err);
void wh_sqlite_ledger_release(struct wh_sqlite_ledger *l);
