/* The workers of a stream, between a source and a destination made up for the test: order, window, counts,
 * failures of every call, limits, cancelling. */
#include "engine/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "support/rows.h"

#define CHUNKS 40
#define CHUNK_ROWS 30 /* in batches of 7 */
#define BATCH_ROWS 7

enum call { NONE, NEXT_CHUNK, OPEN_CHUNK, READ, OPEN_WRITER, WRITE, SEAL, COMMIT, CHECKPOINT, STORE };

/* Everything of one run; the source, the target and what they saw. */
struct world {
    struct wh_stream stream;
    struct wh_target target;
    struct wh_schema schema;
    struct wh_budget budget;
    struct wh_context context;
    atomic_bool cancelled;
    enum call fails;       /* this call fails ... */
    int64_t fails_at;      /* ... for this chunk (CHECKPOINT, STORE: at this call) */
    enum wh_status status; /* with this */
    int64_t n_chunks, cancel_at;
    int64_t next_chunk;
    bool rejects; /* reader, writer and commit each reject a row of every chunk */
    atomic_int readers, writers, max_writers;
    int64_t next_commit, rows, sum; /* committed */
    int checkpoints, stored;
    struct wh_checkpoint last;
    int64_t covered; /* chunks in checkpoints */
};

struct fake_reader {
    struct wh_reader base;
    struct world *world;
    struct wh_reject_sink *sink;
    int64_t seq, row;
};

struct fake_writer {
    struct wh_writer base;
    struct world *world;
    struct wh_reject_sink *sink;
    int64_t seq, sum;
    bool has_rejected;
};

static struct world *world_of_stream(struct wh_stream *s)
{
    return (struct world *)((char *)s - offsetof(struct world, stream));
}

static struct world *world_of_target(struct wh_target *t)
{
    return (struct world *)((char *)t - offsetof(struct world, target));
}

static enum wh_status step(const struct world *w, enum call call, int64_t at, struct wh_error *err)
{
    if (w->fails != call || w->fails_at != at)
        return WH_OK;
    return w->status == WH_WIDEN ? WH_WIDEN : wh_fail(err, w->status, "call %d fails", (int)call);
}

/* Mixes up the order in which workers are done. */
static void dawdle(int64_t seq)
{
    const struct timespec t = {.tv_nsec = seq * 7919 % 13 * 20000};
    nanosleep(&t, NULL);
}

static enum wh_status reject_row(struct wh_reject_sink *sink, const char *reason, struct wh_error *err)
{
    return sink->add(sink, &(struct wh_reject){.row = 0, .reason = reason}, err);
}

/* ---- source ---- */

static enum wh_status next_chunk(struct wh_stream *s, struct wh_chunk *out, struct wh_error *err)
{
    struct world *w = world_of_stream(s);
    if (w->next_chunk == w->n_chunks)
        return WH_END;
    WH_TRY(step(w, NEXT_CHUNK, w->next_chunk, err));
    assert_int_equal(out->seq, w->next_chunk);
    if (asprintf(&out->position, "{\"chunk\":%lld}", (long long)w->next_chunk) < 0)
        return wh_nomem(err);
    out->bytes = 10;
    w->next_chunk++;
    return WH_OK;
}

static enum wh_status open_chunk(struct wh_reader **out, struct wh_stream *s, struct wh_chunk *chunk,
                                 struct wh_reject_sink *sink, struct wh_error *err)
{
    struct world *w = world_of_stream(s);
    WH_TRY(step(w, OPEN_CHUNK, chunk->seq, err));
    struct fake_reader *r = wh_alloc(sizeof *r);
    assert_non_null(r);
    *r = (struct fake_reader){.base = {s->ops}, .world = w, .sink = sink, .seq = chunk->seq};
    atomic_fetch_add(&w->readers, 1);
    dawdle(chunk->seq);
    if (chunk->seq == w->cancel_at)
        atomic_store(&w->cancelled, true);
    *out = &r->base;
    return WH_OK;
}

static enum wh_status read_rows(struct wh_reader *base, struct wh_batch *out, struct wh_error *err)
{
    struct fake_reader *r = (struct fake_reader *)base;
    if (r->row == 2 * BATCH_ROWS)
        WH_TRY(step(r->world, READ, r->seq, err));
    if (r->row == CHUNK_ROWS)
        return WH_END;
    wh_batch_reset(out);
    if (r->world->rejects && r->row == 0) {
        WH_TRY(reject_row(r->sink, "by the reader", err));
        r->row++;
    }
    for (; out->rows < BATCH_ROWS && r->row < CHUNK_ROWS; r->row++, out->rows++) {
        int64_t id = r->seq * CHUNK_ROWS + r->row;
        WH_TRY(wh_column_append(&out->columns[0], &id, err));
    }
    return WH_OK;
}

static void close_reader(struct wh_reader *base)
{
    atomic_fetch_sub(&((struct fake_reader *)base)->world->readers, 1);
    free(base);
}

static const struct wh_stream_ops stream_ops = {
    .next_chunk = next_chunk, .open_chunk = open_chunk, .read = read_rows, .close_reader = close_reader};

/* ---- destination ---- */

static enum wh_status open_writer(struct wh_writer **out, struct wh_target *t, int64_t seq,
                                  struct wh_reject_sink *sink, struct wh_error *err)
{
    struct world *w = world_of_target(t);
    WH_TRY(step(w, OPEN_WRITER, seq, err));
    struct fake_writer *f = wh_alloc(sizeof *f);
    assert_non_null(f);
    *f = (struct fake_writer){.base = {.ops = t->ops}, .world = w, .sink = sink, .seq = seq};
    int n = atomic_fetch_add(&w->writers, 1) + 1;
    for (int max = atomic_load(&w->max_writers); n > max;)
        if (atomic_compare_exchange_weak(&w->max_writers, &max, n))
            break;
    *out = &f->base;
    return WH_OK;
}

static enum wh_status write_rows(struct wh_writer *base, struct wh_batch *b, struct wh_error *err)
{
    struct fake_writer *f = (struct fake_writer *)base;
    WH_TRY(step(f->world, WRITE, f->seq, err));
    for (int64_t i = 0; i < b->rows; i++) {
        if (f->world->rejects && !f->has_rejected) {
            f->has_rejected = true;
            WH_TRY(reject_row(f->sink, "by the writer", err));
            continue;
        }
        f->sum += wh_column_i64(&b->columns[0], i);
        f->base.rows++;
    }
    return WH_OK;
}

static enum wh_status seal(struct wh_writer *base, struct wh_error *err)
{
    struct fake_writer *f = (struct fake_writer *)base;
    dawdle(f->seq * 3);
    return step(f->world, SEAL, f->seq, err);
}

static void close_writer(struct wh_writer *base)
{
    atomic_fetch_sub(&((struct fake_writer *)base)->world->writers, 1);
    free(base);
}

static enum wh_status commit(struct wh_target *t, struct wh_writer *base, const char *position,
                             struct wh_error *err)
{
    struct world *w = world_of_target(t);
    struct fake_writer *f = (struct fake_writer *)base;
    assert_int_equal(f->seq, w->next_commit);
    char chunk[64];
    snprintf(chunk, sizeof chunk, "\"at\":{\"chunk\":%lld}}", (long long)f->seq);
    assert_non_null(strstr(position, chunk));
    enum wh_status s = step(w, COMMIT, f->seq, err);
    if (s == WH_OK && w->rejects)
        s = reject_row(f->sink, "by the commit", err);
    if (s == WH_OK) {
        w->next_commit++;
        w->rows += f->base.rows - w->rejects;
        w->sum += f->sum;
    }
    close_writer(base);
    return s;
}

static enum wh_status checkpoint(struct wh_target *t, char **marker, int64_t *next_seq, struct wh_error *err)
{
    struct world *w = world_of_target(t);
    WH_TRY(step(w, CHECKPOINT, w->checkpoints++, err));
    *next_seq = w->next_commit;
    return wh_strdup(marker, "mark", err);
}

static const struct wh_destination_ops target_ops = {.open_writer = open_writer,
                                                     .write = write_rows,
                                                     .seal = seal,
                                                     .commit = commit,
                                                     .checkpoint = checkpoint,
                                                     .close_writer = close_writer};

static enum wh_status store(void *self, const struct wh_checkpoint *c, struct wh_error *err)
{
    struct world *w = self;
    WH_TRY(step(w, STORE, w->stored++, err));
    assert_string_equal(c->marker, "mark");
    assert_int_equal(c->next_seq, w->covered + (int64_t)c->n_chunks);
    for (size_t i = 0; i < c->n_chunks; i++)
        assert_int_equal(c->chunks[i].seq, w->covered + (int64_t)i);
    w->covered = c->next_seq;
    w->last = *c;
    w->last.marker = NULL;
    w->last.chunks = NULL;
    return WH_OK;
}

/* ---- a run ---- */

static void note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx, (void)fmt;
}

static void make_world(struct world *w, int jobs)
{
    *w = (struct world){
        .stream = {.ops = &stream_ops},
        .target = {.ops = &target_ops},
        .context = {.budget = &w->budget, .cancelled = &w->cancelled, .jobs = jobs, .note = note},
        .n_chunks = CHUNKS,
        .cancel_at = -1};
    w->schema = schema_of("id:int64");
    w->stream.schema = w->schema;
}

/* What is asked for beside the world. */
struct wish {
    int64_t limit_rows, checkpoint_us;
    const char *where, *max_rejects;
    struct wh_counts before;
};

static enum wh_status run(struct world *w, const struct wish *wish, enum wh_side *side,
                          struct wh_progress *progress, struct wh_error *why)
{
    struct wh_transform transform = {0};
    struct wh_quarantine q = {.fd = -1};
    const struct wh_shape shape = {.where = wish->where};
    must(wh_transform_init(&transform, &shape, &w->stream.schema, err));
    must(wh_reject_limit_parse(&q.limit, wish->max_rejects == NULL ? "0" : wish->max_rejects, err));
    must(wh_quarantine_open(&q, "quarantine", "s", 0, err));
    const struct wh_pipeline_setup setup = {.stream = &w->stream,
                                            .target = &w->target,
                                            .transform = &transform,
                                            .quarantine = &q,
                                            .progress = progress,
                                            .context = &w->context,
                                            .first_seq = w->next_commit,
                                            .limit_rows = wish->limit_rows,
                                            .checkpoint_us = wish->checkpoint_us,
                                            .before = wish->before,
                                            .on_checkpoint = store,
                                            .self = w};
    enum wh_status s = wh_pipeline_run(&setup, side, why);
    wh_transform_release(&transform);
    wh_quarantine_close(&q);
    assert_int_equal(atomic_load(&w->readers), 0);
    assert_int_equal(atomic_load(&w->writers), 0);
    assert_int_equal(atomic_load(&w->budget.used_bytes), 0);
    return s;
}

static const int64_t all_rows = CHUNKS * CHUNK_ROWS;

static void all_chunks_in_order(void **state)
{
    (void)state;
    static const int jobs[] = {1, 2, 3, 8};
    for (size_t i = 0; i < WH_COUNT(jobs); i++)
        for (int64_t checkpoint_us = 0; checkpoint_us <= 1000000; checkpoint_us += 1000000) {
            struct world w;
            struct wh_progress p = {0};
            enum wh_side side;
            make_world(&w, jobs[i]);
            must(run(&w, &(struct wish){.checkpoint_us = checkpoint_us}, &side, &p, err));
            assert_int_equal(side, WH_SIDE_NONE);
            assert_int_equal(w.rows, all_rows);
            assert_int_equal(w.sum, all_rows * (all_rows - 1) / 2);
            assert_int_equal(w.covered, CHUNKS);
            assert_int_equal(w.last.counts.rows_read, all_rows);
            assert_int_equal(w.last.counts.rows_written, all_rows);
            assert_int_equal(w.last.counts.bytes_read, 10 * CHUNKS);
            assert_int_equal(atomic_load(&p.rows_written), all_rows);
            assert_int_equal(w.checkpoints, checkpoint_us == 0 ? CHUNKS + 1 : 1);
            assert_true(atomic_load(&w.max_writers) <= 2 * jobs[i]);
            wh_schema_release(&w.schema);
        }
}

/* The first half is there already. */
static void goes_on_behind_what_is_committed(void **state)
{
    (void)state;
    struct world w;
    struct wh_progress p = {0};
    enum wh_side side;
    make_world(&w, 3);
    w.next_chunk = w.next_commit = w.covered = CHUNKS / 2;
    const struct wish wish = {.before = {.rows_read = 700, .rows_written = 600, .rows_filtered = 100}};
    must(run(&w, &wish, &side, &p, err));
    assert_int_equal(w.rows, all_rows / 2);
    assert_int_equal(w.last.counts.rows_read, 700 + all_rows / 2);
    assert_int_equal(w.last.counts.rows_filtered, 100);
    assert_int_equal(atomic_load(&p.rows_written), all_rows / 2); /* the caller shows what was before */
    wh_schema_release(&w.schema);
}

static void every_call_may_fail(void **state)
{
    (void)state;
    static const struct {
        enum call call;
        enum wh_side side;
        bool in_doubt; /* nothing may be noted any more */
    } cases[] = {
        {NEXT_CHUNK, WH_SIDE_SOURCE, false}, {OPEN_CHUNK, WH_SIDE_SOURCE, false},
        {READ, WH_SIDE_SOURCE, false},       {OPEN_WRITER, WH_SIDE_DESTINATION, false},
        {WRITE, WH_SIDE_DESTINATION, false}, {SEAL, WH_SIDE_DESTINATION, false},
        {COMMIT, WH_SIDE_DESTINATION, true}, {CHECKPOINT, WH_SIDE_DESTINATION, true},
        {STORE, WH_SIDE_NONE, true},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        for (int jobs = 1; jobs <= 4; jobs += 3)
            for (int64_t at = 0; at < CHUNKS; at += 13) {
                struct world w;
                struct wh_progress p = {0};
                struct wh_error err = {0};
                enum wh_side side;
                char text[32];
                make_world(&w, jobs);
                w.fails = cases[i].call;
                w.fails_at = at;
                w.status = WH_IO;
                assert_int_equal(run(&w, &(struct wish){.checkpoint_us = 0}, &side, &p, &err), WH_IO);
                snprintf(text, sizeof text, "call %d fails", (int)cases[i].call);
                assert_string_equal(err.msg, text);
                assert_int_equal(side, cases[i].side);
                if (cases[i].call == CHECKPOINT || cases[i].call == STORE)
                    assert_int_equal(w.covered, at); /* each checkpoint covers one chunk */
                else
                    assert_int_equal(w.covered, w.next_commit);
                if (cases[i].call == CHECKPOINT) /* a failed sync is not tried again */
                    assert_int_equal(w.checkpoints, at + 1);
                assert_true(w.next_commit <= at + 1);
                assert_true(jobs > 1 || cases[i].in_doubt || w.next_commit == at);
                wh_schema_release(&w.schema);
            }
}

static void widening_notes_nothing(void **state)
{
    (void)state;
    struct world w;
    struct wh_progress p = {0};
    struct wh_error err = {0};
    enum wh_side side;
    make_world(&w, 2);
    w.fails = READ;
    w.fails_at = 9;
    w.status = WH_WIDEN;
    assert_int_equal(run(&w, &(struct wish){.checkpoint_us = 1000000000}, &side, &p, &err), WH_WIDEN);
    assert_int_equal(w.checkpoints, 0);
    assert_string_equal(err.msg, "");
    wh_schema_release(&w.schema);
}

static void limits_hold_over_attempts(void **state)
{
    (void)state;
    static const struct {
        const char *label, *where;
        int64_t limit, before, rows, read;
    } cases[] = {
        {"within a batch", NULL, 100, 0, 100, 100},
        {"at the end of a batch", NULL, 2 * BATCH_ROWS, 0, 2 * BATCH_ROWS, 2 * BATCH_ROWS},
        {"at the end of a chunk", NULL, 3 * CHUNK_ROWS, 0, 3 * CHUNK_ROWS, 3 * CHUNK_ROWS},
        {"one row", NULL, 1, 0, 1, 1},
        {"more than there are", NULL, 1000000, 0, CHUNKS * CHUNK_ROWS, CHUNKS * CHUNK_ROWS},
        {"an attempt before wrote some", NULL, 100, 60, 40, 40},
        {"an attempt before wrote all", NULL, 100, 100, 0, 0},
        {"filtered rows do not count", "id >= 30", 10, 0, 10, 30 + 10},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct world w;
        struct wh_progress p = {0};
        enum wh_side side;
        make_world(&w, 4);
        const struct wish wish = {.limit_rows = cases[i].limit,
                                  .where = cases[i].where,
                                  .before = {.rows_written = cases[i].before}};
        must(run(&w, &wish, &side, &p, err));
        assert_int_equal(w.rows, cases[i].rows);
        assert_int_equal(w.last.counts.rows_read, cases[i].read);
        assert_int_equal(w.last.counts.rows_read + cases[i].before,
                         w.last.counts.rows_written + w.last.counts.rows_filtered);
        wh_schema_release(&w.schema);
    }
}

static void cancelled_runs_can_go_on(void **state)
{
    (void)state;
    for (int jobs = 1; jobs <= 4; jobs++) {
        struct world w;
        struct wh_progress p = {0};
        struct wh_error err = {0};
        enum wh_side side;
        make_world(&w, jobs);
        w.cancel_at = 20;
        assert_int_equal(run(&w, &(struct wish){.checkpoint_us = 1000000000}, &side, &p, &err), WH_CANCELLED);
        assert_int_equal(w.checkpoints, 1);
        assert_int_equal(w.covered, w.next_commit);
        assert_true(w.next_commit <= 20);
        wh_schema_release(&w.schema);
    }
}

static void rejects_and_filtered_rows_are_counted(void **state)
{
    (void)state;
    struct world w;
    struct wh_progress p = {0};
    enum wh_side side;
    make_world(&w, 4);
    w.rejects = true;
    /* the reader takes row 0 of each chunk, the filter row 0 and 1 of the first, the writer one, the commit
     * one */
    must(run(&w, &(struct wish){.where = "id > 1", .max_rejects = "1000"}, &side, &p, err));
    const struct wh_counts *c = &w.last.counts;
    assert_int_equal(c->rows_read, all_rows);
    assert_int_equal(c->rows_rejected, 3 * CHUNKS);
    assert_int_equal(c->rows_filtered, 1);
    assert_int_equal(c->rows_written, all_rows - 3 * CHUNKS - 1);
    assert_int_equal(w.rows, c->rows_written);
    wh_schema_release(&w.schema);
    struct wh_error why = {0};
    make_world(&w, 4);
    w.rejects = true;
    assert_int_equal(run(&w, &(struct wish){.max_rejects = "20"}, &side, &p, &why), WH_DATA);
    assert_non_null(strstr(why.msg, "row rejected: by the "));
    wh_schema_release(&w.schema);
}

/* Little memory means fewer chunks at a time, never a stand-still. */
static void scarce_memory(void **state)
{
    (void)state;
    struct world w;
    struct wh_progress p = {0};
    enum wh_side side;
    make_world(&w, 8);
    w.budget.limit_bytes = 1 << 20;
    must(wh_budget_take(&w.budget, 800 << 10, err)); /* over three quarters, held by somebody */
    struct wh_transform transform = {0};
    struct wh_quarantine q = {.fd = -1};
    must(wh_transform_init(&transform, &(struct wh_shape){0}, &w.stream.schema, err));
    must(wh_quarantine_open(&q, "quarantine", "s", 0, err));
    const struct wh_pipeline_setup setup = {.stream = &w.stream,
                                            .target = &w.target,
                                            .transform = &transform,
                                            .quarantine = &q,
                                            .progress = &p,
                                            .context = &w.context,
                                            .on_checkpoint = store,
                                            .self = &w};
    must(wh_pipeline_run(&setup, &side, err));
    assert_int_equal(w.rows, all_rows);
    assert_int_equal(atomic_load(&w.max_writers), 1);
    wh_transform_release(&transform);
    wh_quarantine_close(&q);
    wh_schema_release(&w.schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_chunks_in_order),
        cmocka_unit_test(goes_on_behind_what_is_committed),
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(widening_notes_nothing),
        cmocka_unit_test(limits_hold_over_attempts),
        cmocka_unit_test(cancelled_runs_can_go_on),
        cmocka_unit_test(rejects_and_filtered_rows_are_counted),
        cmocka_unit_test(scarce_memory),
    };
    return cmocka_run_group_tests_name("engine/pipeline", tests, enter_folder, leave_folder);
}
