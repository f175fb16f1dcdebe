/* engine/chunk_plan.h - a copy cut into chunks that any process can work, also on other machines that see the
 * same files:
 *
 *   plan     what is copied, types, state of the source, and the position of every chunk, in a JSON file
 *   run      works one chunk: its files and counts go into a folder of its own beside the destination,
 *            <parent>/.<name>.wherry-plan-<id>/<seq>/, in one atomic step; may be repeated
 *   finish   checks that every chunk is there with counts that agree, and makes all files visible in one step
 *
 * Sources must be readable more than once, the destination is a folder of files. */
#pragma once
#include "engine/job.h"

/* Cuts the source and writes the plan to path. Reads the source once, to be sure of the types; writes nothing
 * else. */
enum wh_status wh_chunk_plan_make(const char *path, size_t *n_chunks, const struct wh_job_spec *spec,
                                  const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                                  struct wh_error *err);

/* A plan that was read. */
struct wh_chunk_plan;
enum wh_status wh_chunk_plan_open(struct wh_chunk_plan **out, const char *path, struct wh_error *err);
void wh_chunk_plan_close(struct wh_chunk_plan *p); /* NULL is fine */
/* The folder that relative paths start in; lent. */
const char *wh_chunk_plan_folder(const struct wh_chunk_plan *p);

struct wh_plan_chunk {
    int64_t seq, bytes;
    char *position; /* owned JSON */
    bool is_done;   /* its files are there */
};
size_t wh_chunk_plan_count(const struct wh_chunk_plan *p);
/* The caller frees position. */
enum wh_status wh_chunk_plan_chunk(const struct wh_chunk_plan *p, size_t i, struct wh_plan_chunk *out,
                                   struct wh_error *err);

/* Works one chunk. One that is done already is done again, with the same result. */
enum wh_status wh_chunk_plan_run(const struct wh_chunk_plan *p, int64_t seq, struct wh_counts *counts,
                                 const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                                 enum wh_side *side, struct wh_error *err);
/* Fails with WH_CONFIG when a chunk is missing. */
enum wh_status wh_chunk_plan_finish(const struct wh_chunk_plan *p, struct wh_counts *counts, int64_t *files,
                                    const _Atomic bool *cancelled, enum wh_side *side, struct wh_error *err);
