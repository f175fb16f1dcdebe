/* engine/job.h - a job: all streams of one source to one destination, recorded in the store. */
#pragma once
#include "engine/pipeline.h"
#include "engine/spec.h"

/* What a job tells while it runs; called from any of its threads. NULL members are skipped. */
struct wh_job_hooks {
    /* level "info" or "warn"; event is a stable name; stream may be NULL. */
    void (*note)(void *self, const char *level, const char *event, const char *stream, const char *text);
    /* A stream begins (progress is lent until it ends) and ends. */
    void (*stream_begin)(void *self, const char *stream, const struct wh_progress *progress);
    void (*stream_end)(void *self, const char *stream);
    void *self;
};

struct wh_stream_result {
    char *name; /* owned */
    struct wh_counts counts;
    int64_t files;
    int64_t elapsed_us;
    const char *bound; /* static sentence */
    bool resumed;
    struct wh_error error; /* code WH_OK when done */
    enum wh_side side;
    bool over_reject_budget;
    char *quarantine; /* owned path when rows were rejected, else NULL */
};
struct wh_job_result {
    char run_id[WH_RUN_ID_LEN + 1];
    enum wh_run_status status;
    struct wh_stream_result *streams; /* owned */
    size_t n_streams;
    struct wh_counts counts; /* of all */
    int64_t elapsed_us;
    int64_t peak_memory_bytes; /* resident, of the whole process */
    enum wh_side side;         /* of a failure before the first stream */
    bool can_resume;           /* a failed or stopped run: going on with it makes sense */
};
/* As JSON text; the caller frees; NULL without memory. */
char *wh_job_result_json(const struct wh_job_result *r);
void wh_job_result_release(struct wh_job_result *r);

/* Runs the job to its end. Returns the error of the first failed stream, or of the job itself. *out is
 * always set. cancelled is lent; when it becomes true the job stops in a state that can go on. */
enum wh_status wh_job_run(struct wh_job_result *out, const struct wh_job_spec *spec, struct wh_store *store,
                          const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                          struct wh_error *err);

/* Says what the job would do, without touching anything: lines of text, owned. */
enum wh_status wh_job_plan(char **text, const struct wh_job_spec *spec, const struct wh_job_hooks *hooks,
                           const _Atomic bool *cancelled, struct wh_error *err);
