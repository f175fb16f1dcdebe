/* wherry/connector.h - connectors as the engine sees them.
 *
 * A connector is one static const struct wh_connector, listed in connector/registry.c. Data flows
 *
 *   source -> stream -> chunk -> reader -> batch -> writer -> target -> destination
 *
 * A stream (a table, a set of files) is cut into chunks: the unit of parallel work, of order and of
 * resume. Workers take chunks in turn; each reads its chunk with a reader and encodes it with a writer
 * on one thread; sealed writers are committed to the target in chunk order. Positions belong to the
 * engine: a connector never saves one itself.
 *
 * Nothing here logs. A failing call fills *err (never NULL), returns err->code and leaves its outputs
 * as they were; after a failure of a reader or writer only its close may be called. Closes take NULL.
 * "serial": one thread at a time per object, though not always the same one. "any": from any thread,
 * for different objects at the same time.
 * A call that may block for more than a second looks at wh_context.cancelled itself. */
#pragma once
#include "wherry/batch.h"
#include "wherry/options.h"

#define WH_CONNECTOR_ABI 1u

/* ---- what the engine lends to everyone ------------------------------------------------------- */

struct wh_context {
    struct wh_budget *budget;
    const _Atomic bool *cancelled; /* true: return WH_CANCELLED soon */
    int jobs;                      /* worker threads */
    int64_t chunk_bytes;           /* source bytes that a chunk should have; a destination may lower it when
                                    * it is opened */
    /* Tells the user something about the plan or the data that is no failure ("column \"zip\" is text
     * because of line 7"); shown in plan, log and summary. Any thread. */
    void (*note)(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
    void *note_data; /* the engine's */
};

/* A row that cannot arrive. Everything is lent for the call; unknown parts are empty. */
struct wh_reject {
    const char *file;
    uint64_t line;        /* 1-based, of the row's first byte; 0: unknown */
    int64_t row;          /* 0-based ordinal in the chunk; -1: unknown */
    const char *column;   /* name or NULL */
    const char *reason;   /* lower case, no full stop */
    struct wh_slice text; /* original text of the row, or its JSON form */
};
/* Keeps rejects of one chunk. add fails with WH_LIMIT once the run's reject budget is used up; the
 * caller passes that on. Serial. */
struct wh_reject_sink {
    enum wh_status (*add)(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err);
};

/* ---- what a stream is ------------------------------------------------------------------------- */

struct wh_index {
    char *name;
    char **columns; /* NULL-ended */
    bool unique;
};

/* What discover says about one stream. Owned by the list; see connector/stream.h for helpers. */
struct wh_stream_info {
    char *name;
    struct wh_schema schema;
    int64_t rows;       /* -1: unknown */
    int64_t bytes;      /* -1: unknown */
    char **primary_key; /* NULL-ended list of columns, or NULL */
    struct wh_index *indexes;
    size_t n_indexes;
};

/* A chunk: where its rows lie, as JSON text that any process can open again, and how to go on behind it.
 * bytes already read may travel with it. */
struct wh_chunk {
    int64_t seq;           /* the engine's number, from 0 */
    char *position;        /* owned: {"file":"a.csv","offset":0,"length":9} */
    uint64_t bytes;        /* size in the source, for progress */
    struct wh_buffer data; /* owned, may be empty: the chunk's bytes, if next_chunk had to read them */
};

/* What open_stream is asked for. All lent for the call. */
struct wh_stream_request {
    const char *name;                 /* stream, as discover names it; NULL: the only one */
    const char *const *columns;       /* NULL-ended names to read, in this order; NULL: all */
    const struct wh_schema *declared; /* types the user declared by name; NULL or a subset of the columns */
    const struct wh_schema *known;    /* types found by an earlier attempt: to be used instead of looking
                                       * again, but they may still widen; NULL: none; may be ignored */
    const char *where;                /* condition in the source's own SQL; NULL for sources without
                                       * WH_CAN_FILTER */
    const struct wh_predicate *prune; /* bounds of columns, for skipping whole chunks; may be ignored */
    size_t n_prune;
    const struct wh_config *config; /* options of the connector and format */
    const char *snapshot;           /* resume: what snapshot() gave when the run began, else NULL */
    const char *after;              /* resume: position of the last committed chunk, else NULL */
};

/* column <op> value, a necessary condition of the filter: rows that break it are dropped later anyway. */
enum wh_compare { WH_LT, WH_LE, WH_EQ, WH_GE, WH_GT };
struct wh_predicate {
    const char *column;
    enum wh_compare op;
    const struct wh_column *value; /* one value of the column's type family, lent */
};

struct wh_stream {
    const struct wh_stream_ops *ops;
    struct wh_schema schema; /* of every batch; changes only in widen */
    int64_t rows, bytes;     /* estimates, -1: unknown */
    bool may_widen;          /* set by the engine before the first chunk: WH_WIDEN is welcome; false: rows
                              * that do not fit go to the reject sink */
};

struct wh_reader {
    const struct wh_stream_ops *ops;
};

struct wh_stream_ops {
    /* The state of the source that this read is of, as JSON text to keep with the run (files with
     * size and time, table counters). open_stream gets it back on resume and fails with WH_STATE when
     * the source is another one now. Serial. */
    enum wh_status (*snapshot)(struct wh_stream *s, char **json, struct wh_error *err);
    /* The next chunk in order; fills position, bytes and maybe data. WH_END: none left. Serial. */
    enum wh_status (*next_chunk)(struct wh_stream *s, struct wh_chunk *out, struct wh_error *err);
    /* Opens a chunk, takes its data; position alone is enough. Any thread. */
    enum wh_status (*open_chunk)(struct wh_reader **out, struct wh_stream *s, struct wh_chunk *chunk,
                                 struct wh_reject_sink *sink, struct wh_error *err);
    /* Replaces the rows of out (initialised by the caller with the stream's schema) by the next ones,
     * at least one. WH_END: none left. WH_WIDEN: a value fits no inferred type. Serial. */
    enum wh_status (*read)(struct wh_reader *r, struct wh_batch *out, struct wh_error *err);
    void (*close_reader)(struct wh_reader *r); /* takes r */
    /* After WH_WIDEN, all readers closed: finds types that fit every value and starts the stream again
     * from its beginning. NULL: types never need it. Serial. */
    enum wh_status (*widen)(struct wh_stream *s, struct wh_error *err);
    /* After the last chunk: fails with WH_DATA if what was read is no longer what is there (a file that
     * changed or vanished). Serial. */
    enum wh_status (*finish)(struct wh_stream *s, struct wh_error *err);
    void (*close)(struct wh_stream *s); /* takes s */
};

/* ---- source ----------------------------------------------------------------------------------- */

struct wh_source {
    const struct wh_connector *type; /* set by the engine */
    struct wh_context *context;      /* lent, outlives the source */
};

enum wh_source_flags {
    WH_CAN_FILTER = 1, /* understands wh_stream_request.where */
    WH_ONE_PASS = 2,   /* cannot be read twice (a pipe): no widening, no resume */
};

struct wh_source_ops {
    /* Connects. location: the URI without its #fragment and ?query. */
    enum wh_status (*open)(struct wh_source **out, const char *location, const struct wh_config *cfg,
                           struct wh_context *ctx, struct wh_error *err);
    /* All streams; the caller releases each info and frees the array. Serial. */
    enum wh_status (*discover)(struct wh_source *src, struct wh_stream_info **out, size_t *n,
                               struct wh_error *err);
    enum wh_status (*open_stream)(struct wh_stream **out, struct wh_source *src,
                                  const struct wh_stream_request *req, struct wh_error *err);
    unsigned (*flags)(const struct wh_source *src);
    /* The name of the only stream when finding its schema means reading data (files), so that the engine
     * does not call discover; lent by the source. NULL: there may be many, discover lists them. */
    const char *(*only_stream)(const struct wh_source *src);
    void (*close)(struct wh_source *src); /* takes src */
};

/* ---- destination ------------------------------------------------------------------------------ */

enum wh_write_mode { WH_REPLACE, WH_TRUNCATE, WH_APPEND, WH_MERGE };

struct wh_target_request {
    const char *name;               /* table or file to be; NULL: the destination names it itself */
    const struct wh_schema *schema; /* lent until the target is closed */
    enum wh_write_mode mode;
    const char *const *primary_key; /* NULL-ended; needed for WH_MERGE */
    const struct wh_index *indexes; /* to be carried over; lent until the target is closed */
    size_t n_indexes;
    const char *pipeline, *stream; /* keys of the ledger */
    const char *run_id;            /* names of staging objects come from it; a resumed run keeps it */
    int64_t epoch;                 /* number of this attempt; a lower one must never commit again */
    const struct wh_config *config;
    const char *marker; /* resume: what checkpoint() gave last, else NULL */
    bool dry_run;       /* touch nothing; only describe() and close() follow */
    bool one_of_many;   /* other streams of the run go to the same destination */
};

/* Where a resumed target stands. */
struct wh_resume {
    int64_t next_seq; /* chunks before this one are committed */
    char *position;   /* owned: of the last one, when the ledger is the destination's own; NULL: the
                       * engine's store knows it */
};

struct wh_target {
    const struct wh_destination_ops *ops;
    bool visible_early; /* set by open_target: rows can be seen before finish, so a stream cannot start again
                         */
};
struct wh_writer {
    const struct wh_destination_ops *ops;
    int64_t rows; /* given to write() so far, kept by the connector */
};

/* What finish reports. */
struct wh_outcome {
    int64_t rows;  /* that this run made visible, by the destination's own count */
    int64_t bytes; /* written */
    int64_t files; /* written, 0 for databases */
};

enum wh_guarantee { WH_G1 = 1, WH_G2, WH_G3 };

struct wh_destination {
    const struct wh_connector *type; /* set by the engine */
    struct wh_context *context;
};

struct wh_destination_ops {
    enum wh_status (*open)(struct wh_destination **out, const char *location, const struct wh_config *cfg,
                           struct wh_context *ctx, struct wh_error *err);
    /* Checks that a target can be written, without writing. */
    enum wh_status (*check)(struct wh_destination *dst, struct wh_error *err);
    /* Takes the target for this run (a second run on it fails with WH_STATE), finds how far the run got
     * before, discards what is in doubt, prepares the invisible place for data. Serial. */
    enum wh_status (*open_target)(struct wh_target **out, struct wh_resume *resume,
                                  struct wh_destination *dst, const struct wh_target_request *req,
                                  struct wh_error *err);
    /* One line each: what will be created, replaced, written, with names and types; DDL where there is.
     * Lines are separated by '\n'; the caller frees. */
    enum wh_status (*describe)(struct wh_target *t, char **text, enum wh_guarantee *guarantee,
                               struct wh_error *err);
    /* Encodes one chunk. Any thread. */
    enum wh_status (*open_writer)(struct wh_writer **out, struct wh_target *t, int64_t seq,
                                  struct wh_reject_sink *sink, struct wh_error *err);
    /* Adds the batch's rows; may move buffers out of it. Rows that the destination cannot hold go to
     * the sink. Serial. */
    enum wh_status (*write)(struct wh_writer *w, struct wh_batch *batch, struct wh_error *err);
    /* No more rows: does all that can be done outside the order. Serial. */
    enum wh_status (*seal)(struct wh_writer *w, struct wh_error *err);
    /* Adds a sealed chunk to the target, in the order of seq; position is that of the chunk and goes
     * into the ledger where the destination has one. Still invisible in modes that swap. Takes w, also
     * when it fails. Serial. */
    enum wh_status (*commit)(struct wh_target *t, struct wh_writer *w, const char *position,
                             struct wh_error *err);
    /* Makes everything committed so far survive a crash and describes it for resume. The caller frees
     * marker; *next_seq is the first chunk not covered. Serial with commit. */
    enum wh_status (*checkpoint)(struct wh_target *t, char **marker, int64_t *next_seq, struct wh_error *err);
    /* Makes the run's data visible in one step and removes staging. May be repeated after a crash: then
     * it completes or confirms. Serial. */
    enum wh_status (*finish)(struct wh_target *t, struct wh_outcome *out, struct wh_error *err);
    /* Removes everything that finish has not made visible; the run can no longer be resumed. Serial. */
    void (*discard)(struct wh_target *t);
    void (*close_writer)(struct wh_writer *w); /* takes w: one that is not committed */
    void (*close_target)(struct wh_target *t); /* takes t; staging stays for resume */
    void (*close)(struct wh_destination *dst); /* takes dst */
};

/* ---- the table -------------------------------------------------------------------------------- */

struct wh_connector {
    uint32_t abi;                                  /* WH_CONNECTOR_ABI */
    const char *name;                              /* stable id, kept in the store */
    const char *label;                             /* "stable" or "beta" */
    const char *help;                              /* one sentence */
    const char *const *schemes;                    /* URI schemes, NULL-ended */
    const struct wh_option *options;               /* of both sides; may be NULL */
    const struct wh_option *const *source_options; /* more tables of one side, NULL-ended; may be NULL */
    const struct wh_option *const *destination_options;
    const struct wh_source_ops *source;           /* NULL: not a source */
    const struct wh_destination_ops *destination; /* NULL: not a destination */
};
