/* engine/pipeline.h - the workers of one stream: chunks in, committed chunks out.
 *
 * Each worker takes the next chunk, reads, transforms and encodes it on its own core, and hands the sealed
 * writer over; whoever completes the next chunk in order commits it and all that are ready behind it.
 * A window bounds how far workers run ahead of the order, and with it the memory. */
#pragma once
#include "engine/progress.h"
#include "engine/rejects.h"
#include "engine/transform.h"

/* Which end of the run failed; decides the exit code. */
enum wh_side { WH_SIDE_NONE, WH_SIDE_SOURCE, WH_SIDE_DESTINATION };

/* What a checkpoint covers. All lent. */
struct wh_checkpoint {
    const char *marker;
    int64_t next_seq;
    struct wh_counts counts;              /* of everything before next_seq */
    const struct wh_chunk_record *chunks; /* new since the last one */
    size_t n_chunks;
};

struct wh_pipeline_setup {
    struct wh_stream *stream; /* lent, positioned at first_seq */
    struct wh_target *target; /* lent, expects first_seq */
    const struct wh_transform *transform;
    struct wh_quarantine *quarantine;
    struct wh_progress *progress;
    struct wh_context *context;
    int64_t first_seq;
    int64_t limit_rows;      /* stop after so many rows for the target; 0: none. Needs one job */
    int64_t checkpoint_us;   /* time between checkpoints */
    struct wh_counts before; /* of the chunks before first_seq */
    /* Keeps what a crash must not lose. Serial. */
    enum wh_status (*on_checkpoint)(void *self, const struct wh_checkpoint *c, struct wh_error *err);
    void *self;
};

/* Runs the stream to its end and makes a last checkpoint. *side tells who failed. WH_WIDEN: the stream
 * must be widened and started again; nothing of it counts. */
enum wh_status wh_pipeline_run(const struct wh_pipeline_setup *setup, enum wh_side *side,
                               struct wh_error *err);

/* The text that a destination's ledger keeps with a chunk: the source's position and the counts of
 * everything up to and with the chunk, so that a resumed run knows both although the store was behind. */
enum wh_status wh_position_wrap(char **out, const char *position, const struct wh_counts *before,
                                const struct wh_counts *chunk, struct wh_error *err);
