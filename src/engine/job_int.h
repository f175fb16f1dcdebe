/* engine/job_int.h - what job.c (the whole) and stream_run.c (one stream) share. */
#pragma once
#include <pthread.h>

#include "engine/ends.h"

struct wh_job {
    const struct wh_job_spec *spec;
    const struct wh_job_hooks *hooks;
    struct wh_store *store; /* lent; NULL for a plan */
    struct wh_run run;
    struct wh_ends ends;
    struct wh_schema declared; /* of --columns */
    struct wh_reject_limit reject_limit;
    bool many; /* streams */
    bool resumed;
    char *lock_path; /* owned: of the lock that lets one process at a time work on this job */
    int lock_fd;
};

/* Tells the user and the store's log. */
void wh_job_note(struct wh_job *job, const char *level, const char *event, const char *stream,
                 const char *text);

/* Copies one stream, going on from `state` when the run is resumed (phase NULL: it begins). info may be NULL:
 * the only stream of a source. */
enum wh_status wh_stream_run(struct wh_job *job, const char *name, const struct wh_stream_info *info,
                             struct wh_stream_state *state, struct wh_stream_result *result,
                             struct wh_error *err);
/* The lines of a plan for one stream, appended to out. */
enum wh_status wh_stream_plan(struct wh_job *job, const char *name, const struct wh_stream_info *info,
                              struct wh_buffer *out, struct wh_error *err);

/* What is known of a planned stream; lent. */
struct wh_plan_parts {
    const char *name;
    const struct wh_stream *stream;
    const struct wh_transform *transform;
    const char *target; /* lines of the destination's describe */
    enum wh_guarantee guarantee;
};
enum wh_status wh_plan_format(const struct wh_job *job, const struct wh_plan_parts *p, struct wh_buffer *out,
                              struct wh_error *err);
