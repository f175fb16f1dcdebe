/* engine/pipeline.c - see engine/pipeline.h.
 *
 * Locks: source_mutex serialises next_chunk (it hands out the order, so it is held while calling);
 * mutex guards everything else in struct pipeline and is never held while calling out. Order: source_mutex,
 * then mutex. */
#include "engine/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "base/time.h"
#include "batch/builder.h"

#define MAX_JOBS 256
#define WINDOW_PER_JOB 2 /* chunks that may be under way or wait for their turn, per worker */

/* A chunk between its reading and its commit. */
struct slot {
    bool ready;
    struct wh_writer *writer;         /* owned */
    char *position;                   /* owned */
    struct wh_chunk_rejects *rejects; /* owned */
    struct wh_counts counts;
};

/* A committed chunk that no checkpoint covers yet. */
struct pending {
    struct wh_chunk_record *records; /* owned; positions are owned too */
    size_t n, room;
};

struct pipeline {
    const struct wh_pipeline_setup *setup;
    pthread_mutex_t source_mutex;
    bool source_ended; /* guarded by source_mutex */
    int64_t next_read; /* guarded by source_mutex: seq of the next chunk */
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* next_commit moved, or stop */
    int64_t next_commit;
    bool committing; /* somebody is in commit_ready */
    bool stop;
    bool in_doubt;         /* a commit or checkpoint failed: what the target holds is not known */
    enum wh_status status; /* of the first failure */
    enum wh_side side;
    struct wh_error error;
    size_t window;
    struct slot *slots;         /* owned: window of them; chunk seq is in slots[seq % window] */
    struct pending pending;     /* used by the committer only */
    enum wh_side commit_side;   /* likewise: who is being called */
    struct wh_counts committed; /* likewise: of everything before next_commit */
    int64_t last_checkpoint_us; /* likewise */
    int64_t rows_left;          /* of limit_rows, may become negative; one worker only */
};

/* ---- time ---- */

struct stopwatch {
    struct wh_progress *progress;
    int64_t at_us;
};

/* Books the time since the last call on a stage. */
static void lap(struct stopwatch *w, enum wh_stage stage)
{
    int64_t now = wh_monotonic_us();
    atomic_fetch_add_explicit(&w->progress->stage_us[stage], now - w->at_us, memory_order_relaxed);
    w->at_us = now;
}

/* ---- failure ---- */

static void fail(struct pipeline *p, enum wh_status status, enum wh_side side, const struct wh_error *err)
{
    pthread_mutex_lock(&p->mutex);
    if (p->status == WH_OK) {
        p->status = status;
        p->side = side;
        p->error = *err;
    }
    p->stop = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->mutex);
}

static bool is_stopped(struct pipeline *p)
{
    pthread_mutex_lock(&p->mutex);
    bool stop = p->stop;
    pthread_mutex_unlock(&p->mutex);
    return stop;
}

/* ---- reading and encoding one chunk ---- */

/* What a worker has in hand. */
struct work {
    struct pipeline *p;
    struct stopwatch watch;
    struct wh_chunk chunk;
    struct wh_reader *reader;
    struct wh_writer *writer;
    struct wh_batch batch;
    struct wh_transform_state transform;
    struct wh_chunk_rejects *rejects; /* owned */
    struct wh_counts counts;
    enum wh_side side; /* who is being called */
};

static void chunk_release(struct wh_chunk *c)
{
    free(c->position);
    wh_buffer_release(&c->data);
    c->position = NULL;
}

/* Cuts the batch when the limit is reached. */
static enum wh_status apply_limit(struct work *w, struct wh_batch *b, struct wh_error *err)
{
    struct pipeline *p = w->p;
    if (p->setup->limit_rows == 0)
        return WH_OK;
    if (b->rows > p->rows_left) {
        struct wh_batch cut = {0};
        WH_TRY(wh_batch_init(&cut, b->schema, b->budget, err));
        enum wh_status s = wh_batch_append(&cut, b, 0, p->rows_left, err);
        if (s == WH_OK) {
            int64_t dropped = b->rows - p->rows_left;
            w->counts.rows_read -= dropped;
            wh_batch_move(b, &cut);
        }
        wh_batch_release(&cut);
        WH_TRY(s);
    }
    return WH_OK;
}

static bool limit_reached(const struct pipeline *p)
{
    return p->setup->limit_rows > 0 && p->rows_left <= 0;
}

static enum wh_status write_batch(struct work *w, struct wh_error *err)
{
    const struct wh_pipeline_setup *setup = w->p->setup;
    int64_t filtered = 0;
    struct wh_batch *b;
    w->transform.first_row = w->counts.rows_read;
    w->counts.rows_read += w->batch.rows;
    w->side = WH_SIDE_SOURCE;
    WH_TRY(wh_transform_apply(setup->transform, &w->transform, &w->batch, &w->rejects->base, &b, &filtered,
                              err));
    w->counts.rows_filtered += filtered;
    lap(&w->watch, WH_STAGE_TRANSFORM);
    if (b->rows == 0)
        return WH_OK;
    w->side = WH_SIDE_DESTINATION;
    WH_TRY(apply_limit(w, b, err));
    int64_t rejected = w->rejects->n_rows, rows = b->rows;
    WH_TRY(w->writer->ops->write(w->writer, b, err));
    rows -= w->rejects->n_rows - rejected;
    w->counts.rows_written += rows;
    if (setup->limit_rows > 0) /* then there is one worker */
        w->p->rows_left -= rows;
    lap(&w->watch, WH_STAGE_ENCODE);
    return WH_OK;
}

static enum wh_status process(struct work *w, struct wh_error *err)
{
    const struct wh_pipeline_setup *setup = w->p->setup;
    w->side = WH_SIDE_SOURCE;
    WH_TRY(setup->stream->ops->open_chunk(&w->reader, setup->stream, &w->chunk, &w->rejects->base, err));
    w->side = WH_SIDE_DESTINATION;
    WH_TRY(setup->target->ops->open_writer(&w->writer, setup->target, w->chunk.seq, &w->rejects->base, err));
    if (w->batch.schema == NULL)
        WH_TRY(wh_batch_init(&w->batch, &setup->stream->schema, setup->context->budget, err));
    while (!limit_reached(w->p)) {
        if (atomic_load_explicit(setup->context->cancelled, memory_order_relaxed) || is_stopped(w->p))
            return wh_fail(err, WH_CANCELLED, "cancelled");
        w->side = WH_SIDE_SOURCE;
        int64_t rejected = w->rejects->n_rows;
        enum wh_status s = w->reader->ops->read(w->reader, &w->batch, err);
        w->counts.rows_read += w->rejects->n_rows - rejected;
        lap(&w->watch, WH_STAGE_DECODE);
        if (s == WH_END)
            break;
        WH_TRY(s);
        WH_TRY(write_batch(w, err));
    }
    w->side = WH_SIDE_DESTINATION;
    WH_TRY(w->writer->ops->seal(w->writer, err));
    lap(&w->watch, WH_STAGE_ENCODE);
    w->counts.rows_rejected = w->rejects->n_rows;
    w->counts.bytes_read = (int64_t)w->chunk.bytes;
    return WH_OK;
}

/* ---- commits ---- */

static void add_counts(struct wh_counts *to, const struct wh_counts *c)
{
    to->rows_read += c->rows_read;
    to->rows_written += c->rows_written;
    to->rows_rejected += c->rows_rejected;
    to->rows_filtered += c->rows_filtered;
    to->bytes_read += c->bytes_read;
}

enum wh_status wh_position_wrap(char **out, const char *position, const struct wh_counts *before,
                                const struct wh_counts *chunk, struct wh_error *err)
{
    int n = asprintf(out, "{\"read\":%lld,\"filtered\":%lld,\"bytes\":%lld,\"at\":%s}",
                     (long long)(before->rows_read + chunk->rows_read),
                     (long long)(before->rows_filtered + chunk->rows_filtered),
                     (long long)(before->bytes_read + chunk->bytes_read), position);
    return n < 0 ? wh_nomem(err) : WH_OK;
}

static void show_counts(struct wh_progress *p, const struct wh_counts *c)
{
    atomic_fetch_add(&p->rows_read, c->rows_read);
    atomic_fetch_add(&p->rows_written, c->rows_written);
    atomic_fetch_add(&p->rows_rejected, c->rows_rejected);
    atomic_fetch_add(&p->rows_filtered, c->rows_filtered);
    atomic_fetch_add(&p->bytes_read, c->bytes_read);
}

static void pending_clear(struct pending *d)
{
    for (size_t i = 0; i < d->n; i++)
        free((char *)(uintptr_t)d->records[i].position);
    d->n = 0;
}

/* Takes position. */
static enum wh_status pending_add(struct pending *d, int64_t seq, char *position,
                                  const struct wh_counts *counts, struct wh_error *err)
{
    if (d->n == d->room) {
        size_t room = d->room == 0 ? 64 : 2 * d->room;
        struct wh_chunk_record *records = wh_realloc_array(d->records, room, sizeof *records);
        if (records == NULL) {
            free(position);
            return wh_nomem(err);
        }
        d->records = records;
        d->room = room;
    }
    d->records[d->n++] = (struct wh_chunk_record){.seq = seq, .position = position, .counts = *counts};
    return WH_OK;
}

static enum wh_status checkpoint(struct pipeline *p, struct wh_error *err)
{
    const struct wh_pipeline_setup *setup = p->setup;
    WH_CLEANUP(wh_freep) char *marker = NULL;
    int64_t next_seq = 0;
    p->commit_side = WH_SIDE_DESTINATION;
    WH_TRY(wh_failpoint("checkpoint.before", err));
    WH_TRY(setup->target->ops->checkpoint(setup->target, &marker, &next_seq, err));
    p->commit_side = WH_SIDE_NONE;
    WH_TRY(wh_failpoint("store.before", err));
    const struct wh_checkpoint c = {marker, next_seq, p->committed, p->pending.records, p->pending.n};
    WH_TRY(setup->on_checkpoint(setup->self, &c, err));
    WH_TRY(wh_failpoint("store.after", err));
    pending_clear(&p->pending);
    p->last_checkpoint_us = wh_monotonic_us();
    return WH_OK;
}

static enum wh_status commit_slot(struct pipeline *p, int64_t seq, struct slot *slot, struct wh_error *err)
{
    const struct wh_pipeline_setup *setup = p->setup;
    p->commit_side = WH_SIDE_NONE;
    WH_TRY(wh_quarantine_append(setup->quarantine, slot->rejects, err));
    p->commit_side = WH_SIDE_DESTINATION;
    WH_TRY(wh_failpoint("commit.before", err));
    WH_CLEANUP(wh_freep) char *position = NULL;
    WH_TRY(wh_position_wrap(&position, slot->position, &p->committed, &slot->counts, err));
    WH_TRY(setup->target->ops->commit(setup->target, WH_TAKE(slot->writer), position, err));
    WH_TRY(wh_failpoint("commit.after", err));
    int64_t late = slot->rejects->n_rows - slot->counts.rows_rejected; /* rejected by the commit itself */
    slot->counts.rows_rejected += late;
    slot->counts.rows_written -= late;
    add_counts(&p->committed, &slot->counts);
    WH_TRY(pending_add(&p->pending, seq, WH_TAKE(slot->position), &slot->counts, err));
    show_counts(setup->progress, &slot->counts);
    if (wh_monotonic_us() - p->last_checkpoint_us >= setup->checkpoint_us)
        WH_TRY(checkpoint(p, err));
    return WH_OK;
}

static void slot_release(struct slot *s)
{
    if (s->writer != NULL)
        s->writer->ops->close_writer(s->writer);
    free(s->position);
    wh_chunk_rejects_free(s->rejects);
    *s = (struct slot){0};
}

/* Commits all chunks that are ready, in order. One thread at a time; called and left with mutex locked. */
static void commit_ready(struct pipeline *p)
{
    if (p->committing)
        return;
    p->committing = true;
    while (!p->stop && p->slots[(size_t)p->next_commit % p->window].ready) {
        struct slot *slot = &p->slots[(size_t)p->next_commit % p->window];
        int64_t seq = p->next_commit;
        pthread_mutex_unlock(&p->mutex);
        struct wh_error err = {0};
        enum wh_status s = commit_slot(p, seq, slot, &err);
        if (s != WH_OK)
            fail(p, s, p->commit_side, &err);
        slot_release(slot);
        pthread_mutex_lock(&p->mutex);
        if (s == WH_OK)
            p->next_commit++;
        p->in_doubt = p->in_doubt || s != WH_OK;
        pthread_cond_broadcast(&p->moved);
    }
    p->committing = false;
}

/* ---- workers ---- */

/* Workers may run ahead of the order only as far as the window and the memory reach; the chunk whose turn it
 * is never waits. Called with mutex and source_mutex locked. */
static bool must_wait(const struct pipeline *p)
{
    const struct wh_budget *b = p->setup->context->budget;
    int64_t under_way = p->next_read - p->next_commit;
    bool scarce = b->limit_bytes > 0 && atomic_load(&b->used_bytes) > b->limit_bytes / 4 * 3;
    return under_way >= (int64_t)p->window || (under_way > 0 && scarce);
}

/* WH_END: nothing left to do. */
static enum wh_status take_chunk(struct work *w, struct wh_error *err)
{
    struct pipeline *p = w->p;
    pthread_mutex_lock(&p->source_mutex);
    pthread_mutex_lock(&p->mutex);
    while (!p->stop && !p->source_ended && must_wait(p))
        pthread_cond_wait(&p->moved, &p->mutex);
    bool stop = p->stop;
    pthread_mutex_unlock(&p->mutex);
    lap(&w->watch, WH_STAGE_WAIT);
    enum wh_status s = WH_END;
    if (!stop && !p->source_ended && !limit_reached(p)) {
        w->chunk = (struct wh_chunk){.seq = p->next_read, .data = {.budget = p->setup->context->budget}};
        w->side = WH_SIDE_SOURCE;
        s = p->setup->stream->ops->next_chunk(p->setup->stream, &w->chunk, err);
        p->next_read += s == WH_OK;
        p->source_ended = s != WH_OK;
    }
    pthread_mutex_unlock(&p->source_mutex);
    lap(&w->watch, WH_STAGE_READ);
    return s;
}

static void hand_over(struct work *w)
{
    struct pipeline *p = w->p;
    pthread_mutex_lock(&p->mutex);
    struct slot *slot = &p->slots[(size_t)w->chunk.seq % p->window];
    *slot = (struct slot){.ready = true,
                          .writer = WH_TAKE(w->writer),
                          .position = WH_TAKE(w->chunk.position),
                          .rejects = WH_TAKE(w->rejects),
                          .counts = w->counts};
    commit_ready(p);
    pthread_mutex_unlock(&p->mutex);
    lap(&w->watch, WH_STAGE_WRITE);
}

static void drop_work(struct work *w)
{
    if (w->reader != NULL)
        w->reader->ops->close_reader(w->reader);
    if (w->writer != NULL)
        w->writer->ops->close_writer(w->writer);
    w->reader = NULL;
    w->writer = NULL;
    chunk_release(&w->chunk);
    wh_chunk_rejects_free(WH_TAKE(w->rejects));
}

static void *worker(void *arg)
{
    struct pipeline *p = arg;
    struct work w = {.p = p, .watch = {p->setup->progress, wh_monotonic_us()}};
    struct wh_error err = {0};
    enum wh_status s;
    while ((s = take_chunk(&w, &err)) == WH_OK) {
        w.counts = (struct wh_counts){0};
        w.side = WH_SIDE_NONE;
        s = wh_chunk_rejects_new(&w.rejects, p->setup->quarantine, w.chunk.seq, p->setup->context->budget,
                                 &err);
        if (s == WH_OK)
            s = process(&w, &err);
        if (s != WH_OK)
            break;
        hand_over(&w);
        drop_work(&w);
    }
    if (s != WH_OK && s != WH_END)
        fail(p, s, w.side, &err);
    drop_work(&w);
    wh_batch_release(&w.batch);
    wh_transform_state_release(&w.transform);
    return NULL;
}

/* Starts as many workers as it can, at least this thread itself. */
static void run_workers(struct pipeline *p, int jobs)
{
    pthread_t threads[MAX_JOBS];
    int started = 0;
    while (started < jobs - 1 && pthread_create(&threads[started], NULL, worker, p) == 0)
        started++;
    worker(p);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

enum wh_status wh_pipeline_run(const struct wh_pipeline_setup *setup, enum wh_side *side,
                               struct wh_error *err)
{
    int jobs = setup->limit_rows > 0 ? 1 : WH_MIN(WH_MAX(setup->context->jobs, 1), MAX_JOBS);
    struct pipeline p = {
        .setup = setup,
        .next_read = setup->first_seq,
        .next_commit = setup->first_seq,
        .window = (size_t)jobs * WINDOW_PER_JOB,
        .last_checkpoint_us = wh_monotonic_us(),
        .rows_left = setup->limit_rows - setup->before.rows_written,
        .committed = setup->before,
    };
    p.slots = wh_alloc_array(p.window, sizeof *p.slots);
    if (p.slots == NULL)
        return wh_nomem(err);
    pthread_mutex_init(&p.source_mutex, NULL);
    pthread_mutex_init(&p.mutex, NULL);
    pthread_cond_init(&p.moved, NULL);
    run_workers(&p, jobs);
    /* Also after a failure: what is committed need not be done again. Never after a commit that broke off
     * half way, nor after a failed sync, which the next one would not report. */
    if (p.status != WH_WIDEN && !p.in_doubt) {
        struct wh_error why = {0};
        enum wh_status s = checkpoint(&p, &why);
        if (s != WH_OK && p.status == WH_OK)
            fail(&p, s, p.commit_side, &why);
    }
    for (size_t i = 0; i < p.window; i++)
        slot_release(&p.slots[i]);
    pending_clear(&p.pending);
    free(p.pending.records);
    free(p.slots);
    pthread_cond_destroy(&p.moved);
    pthread_mutex_destroy(&p.mutex);
    pthread_mutex_destroy(&p.source_mutex);
    *side = p.side;
    if (p.status != WH_OK)
        *err = p.error;
    return p.status;
}
