/* engine/stream_run.c - one stream of a job from opening to finish: resume, restart, widening.
 *
 * Order of a stream, each step durable before the next (reasons in docs/design/):
 *   open source stream      types, snapshot
 *   open target             takes the lock, fences, says how far it is
 *   load                    chunks are committed in order; checkpoints tell the store
 *   "loaded" in the store   everything is committed; nothing needs reading any more
 *   finish                  one step makes the data visible
 *   "done" in the store     only knowledge; finish may be repeated
 * A stream starts again from its beginning, its staging thrown away, when the source is not the same any
 * more, and when a value does not fit an inferred type; never when rows are visible already. */
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "batch/schema.h"
#include "engine/job_int.h"
#include "engine/schema_json.h"

struct stream_run {
    struct wh_job *job;
    const char *name;
    const struct wh_stream_info *info; /* lent or NULL */
    struct wh_stream_state *state;     /* the caller's; what the store knows */
    struct wh_shape shape;
    char **columns;           /* owned: names to read, or NULL: all */
    const char **selected;    /* owned array: the columns of the result among them */
    struct wh_filter *prune;  /* owned: of the full schema, for skipping chunks */
    struct wh_schema known;   /* types that need no inference */
    struct wh_schema loaded;  /* of the columns to read; only where the source is not needed any more */
    struct wh_stream *stream; /* owned */
    struct wh_target *target; /* owned */
    struct wh_transform transform;
    struct wh_quarantine quarantine;
    struct wh_progress progress;
    enum wh_side side;
};

/* ---- opening the source ---- */

static bool source_filters(const struct stream_run *r)
{
    const struct wh_source *src = r->job->ends.source;
    return (src->type->source->flags(src) & WH_CAN_FILTER) != 0;
}

static bool is_one_pass(const struct stream_run *r)
{
    const struct wh_source *src = r->job->ends.source;
    return (src->type->source->flags(src) & WH_ONE_PASS) != 0;
}

static void close_stream(struct stream_run *r)
{
    if (r->stream != NULL)
        r->stream->ops->close(r->stream);
    r->stream = NULL;
}

static enum wh_status open_stream(struct stream_run *r, const char *after, struct wh_error *err)
{
    struct wh_source *src = r->job->ends.source;
    struct wh_stream_request req = {
        .name = r->info == NULL ? NULL : r->name,
        .columns = (const char *const *)r->columns,
        .declared = r->job->declared.n_fields > 0 ? &r->job->declared : NULL,
        .known = r->known.n_fields > 0 ? &r->known : NULL,
        .where = source_filters(r) ? r->job->spec->where : NULL,
        .config = r->job->ends.source_config,
        .snapshot = r->state->snapshot,
        .after = after,
    };
    if (r->prune != NULL)
        wh_filter_predicates(r->prune, &req.prune, &req.n_prune);
    close_stream(r);
    r->side = WH_SIDE_SOURCE;
    return src->type->source->open_stream(&r->stream, src, &req, err);
}

/* Finds the names of the columns to read, from the full schema. */
static enum wh_status find_columns(struct stream_run *r, struct wh_error *err)
{
    const struct wh_job_spec *spec = r->job->spec;
    r->shape = (struct wh_shape){.select = spec->select, .types = &r->job->declared};
    if (r->job->declared.n_fields == 0)
        r->shape.types = NULL;
    if (!source_filters(r))
        r->shape.where = spec->where;
    if (r->shape.select == NULL && r->shape.where == NULL)
        return WH_OK;
    size_t n_selected = 0;
    WH_TRY(wh_shape_columns(&r->columns, &n_selected, &r->shape, &r->known, err));
    if (r->shape.where != NULL)
        WH_TRY(wh_filter_parse(&r->prune, r->shape.where, &r->known, err));
    r->selected = wh_alloc_array(n_selected + 1, sizeof *r->selected);
    if (r->selected == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n_selected; i++)
        r->selected[i] = r->columns[i];
    r->shape.select = r->selected;
    return WH_OK;
}

/* The stream's types into the known ones, by name. */
static enum wh_status learn_types(struct stream_run *r, struct wh_error *err)
{
    for (size_t i = 0; i < r->stream->schema.n_fields; i++) {
        int64_t at = wh_schema_find(&r->known, r->stream->schema.fields[i].name);
        if (at < 0)
            continue;
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, &r->stream->schema.fields[i], err));
        wh_field_release(&r->known.fields[at]);
        r->known.fields[at] = f;
    }
    return WH_OK;
}

/* A new stream: all columns first, for their types; then only those that are needed. */
static enum wh_status open_new_source(struct stream_run *r, struct wh_error *err)
{
    WH_TRY(open_stream(r, NULL, err));
    WH_TRY(wh_schema_copy(&r->known, &r->stream->schema, err));
    WH_TRY(find_columns(r, err));
    return r->columns == NULL ? WH_OK : open_stream(r, NULL, err);
}

/* A stream that was begun before: its types are known. */
static enum wh_status open_known_source(struct stream_run *r, struct wh_error *err)
{
    WH_TRY(wh_schema_from_text(&r->known, r->state->schema, err));
    WH_TRY(find_columns(r, err));
    WH_TRY(open_stream(r, NULL, err));
    for (size_t i = 0; i < r->stream->schema.n_fields; i++) {
        const struct wh_field *f = &r->stream->schema.fields[i];
        int64_t at = wh_schema_find(&r->known, f->name);
        if (at < 0 || !wh_field_same_type(f, &r->known.fields[at]))
            return wh_fail(err, WH_STATE, "column \"%s\" has another type than before", f->name);
    }
    return WH_OK;
}

/* ---- opening the target ---- */

static void close_target(struct stream_run *r)
{
    if (r->target != NULL)
        r->target->ops->close_target(r->target);
    r->target = NULL;
}

static bool keeps_columns(const struct wh_schema *s, char *const *columns)
{
    for (size_t i = 0; columns != NULL && columns[i] != NULL; i++)
        if (wh_schema_find(s, columns[i]) < 0)
            return false;
    return columns != NULL;
}

/* Indexes whose columns all arrive; the array is the caller's, its strings are lent. */
static enum wh_status carried_indexes(const struct stream_run *r, struct wh_index **out, size_t *n,
                                      struct wh_error *err)
{
    size_t all = r->info == NULL ? 0 : r->info->n_indexes;
    *n = 0;
    *out = wh_alloc_array(all, sizeof **out);
    if (*out == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < all; i++)
        if (keeps_columns(&r->transform.out, r->info->indexes[i].columns))
            (*out)[(*n)++] = r->info->indexes[i];
    return WH_OK;
}

static const char *const *chosen_key(const struct stream_run *r)
{
    if (r->job->spec->primary_key != NULL)
        return r->job->spec->primary_key;
    if (r->info != NULL && keeps_columns(&r->transform.out, r->info->primary_key))
        return (const char *const *)r->info->primary_key;
    return NULL;
}

static enum wh_status open_target(struct stream_run *r, const char *marker, bool dry_run,
                                  struct wh_resume *resume, struct wh_error *err)
{
    struct wh_job *job = r->job;
    struct wh_destination *dst = job->ends.destination;
    const char *wanted = job->ends.destination_at.stream;
    const char *name = wanted != NULL && !job->many ? wanted : r->name;
    WH_CLEANUP(wh_freep) char *pipeline = NULL;
    if (asprintf(&pipeline, "%s -> %s", job->ends.source_at.location, name) < 0) {
        pipeline = NULL;
        return wh_nomem(err);
    }
    struct wh_target_request req = {
        .name = name,
        .schema = &r->transform.out,
        .mode = job->spec->mode,
        .primary_key = chosen_key(r),
        .pipeline = pipeline,
        .stream = r->name,
        .run_id = job->run.id,
        .epoch = job->run.epoch,
        .config = job->ends.destination_config,
        .marker = marker,
        .dry_run = dry_run,
        .one_of_many = job->many,
    };
    for (size_t i = 0; req.primary_key != NULL && req.primary_key[i] != NULL; i++)
        if (wh_schema_find(req.schema, req.primary_key[i]) < 0)
            return wh_fail(err, WH_CONFIG, "primary key column \"%s\" is not among the columns",
                           req.primary_key[i]);
    struct wh_index *indexes = NULL;
    WH_TRY(carried_indexes(r, &indexes, &req.n_indexes, err));
    req.indexes = indexes;
    close_target(r);
    r->side = WH_SIDE_DESTINATION;
    enum wh_status s = dst->type->destination->open_target(&r->target, resume, dst, &req, err);
    free(indexes);
    return s;
}

static enum wh_status make_transform(struct stream_run *r, const struct wh_schema *in, struct wh_error *err)
{
    r->side = WH_SIDE_SOURCE;
    wh_transform_release(&r->transform);
    return wh_transform_init(&r->transform, &r->shape, in, err);
}

/* ---- the store ---- */

static enum wh_status replace_text(char **to, const char *text, struct wh_error *err)
{
    char *copy = NULL;
    if (text != NULL)
        WH_TRY(wh_strdup(&copy, text, err));
    free(*to);
    *to = copy;
    return WH_OK;
}

static enum wh_status save(struct stream_run *r, const char *phase, const struct wh_checkpoint *c,
                           struct wh_error *err)
{
    WH_TRY(replace_text(&r->state->phase, phase, err));
    return wh_store_save_stream(r->job->store, r->job->run.id, r->state, c == NULL ? NULL : c->chunks,
                                c == NULL ? 0 : c->n_chunks, err);
}

static enum wh_status on_checkpoint(void *self, const struct wh_checkpoint *c, struct wh_error *err)
{
    struct stream_run *r = self;
    WH_TRY(replace_text(&r->state->marker, c->marker, err));
    if (c->n_chunks > 0)
        WH_TRY(replace_text(&r->state->position, c->chunks[c->n_chunks - 1].position, err));
    r->state->next_seq = c->next_seq;
    r->state->counts = c->counts;
    return save(r, "loading", c, err);
}

/* Records what the stream is, before anything is read. */
static enum wh_status record_plan(struct stream_run *r, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *snapshot = NULL, *schema = NULL;
    r->side = WH_SIDE_SOURCE;
    WH_TRY(r->stream->ops->snapshot(r->stream, &snapshot, err));
    r->side = WH_SIDE_NONE; /* what is left is the store's */
    WH_TRY(wh_schema_text(&schema, &r->known, err));
    WH_TRY(replace_text(&r->state->snapshot, snapshot, err));
    WH_TRY(replace_text(&r->state->schema, schema, err));
    WH_TRY(replace_text(&r->state->marker, NULL, err));
    WH_TRY(replace_text(&r->state->position, NULL, err));
    r->state->next_seq = 0;
    r->state->counts = (struct wh_counts){0};
    WH_TRY(save(r, "planned", NULL, err));
    return wh_failpoint("plan.persisted", err);
}

/* ---- starting, again or on ---- */

/* Opens a target that holds nothing of this run yet. */
static enum wh_status open_empty_target(struct stream_run *r, struct wh_error *err)
{
    struct wh_resume resume = {0};
    WH_TRY(open_target(r, NULL, false, &resume, err));
    free(resume.position);
    if (resume.next_seq == 0)
        return WH_OK;
    if (r->target->visible_early) {
        wh_fail(err, WH_STATE,
                "%lld chunks of the interrupted run are in the target already, but its source is not the "
                "same any more",
                (long long)resume.next_seq);
        return wh_hint(err, "compare source and target, then run with --fresh");
    }
    r->target->ops->discard(r->target);
    WH_TRY(open_target(r, NULL, false, &resume, err));
    free(resume.position);
    return resume.next_seq == 0
               ? WH_OK
               : wh_fail(err, WH_STATE, "could not remove what the interrupted run left behind");
}

static enum wh_status start_new(struct stream_run *r, struct wh_error *err)
{
    WH_TRY(replace_text(&r->state->snapshot, NULL, err));
    wh_schema_release(&r->known);
    wh_strv_free(WH_TAKE(r->columns));
    free(WH_TAKE(r->selected));
    wh_filter_free(WH_TAKE(r->prune));
    WH_TRY(open_new_source(r, err));
    WH_TRY(make_transform(r, &r->stream->schema, err));
    WH_TRY(open_empty_target(r, err));
    return record_plan(r, err);
}

/* Where the last committed chunk lies, and the counts up to it: from the destination's ledger where it has
 * one, since the store may be behind it. */
static enum wh_status unwrap_position(struct stream_run *r, const struct wh_resume *resume, char **after,
                                      struct wh_error *err)
{
    if (resume->position == NULL)
        return replace_text(after, r->state->position, err);
    json_t *root;
    WH_TRY(wh_json_load(&root, resume->position, err));
    json_t *at = json_object_get(root, "at");
    enum wh_status s = WH_OK;
    if (at == NULL) {
        s = wh_fail(err, WH_STATE, "damaged position in the destination's ledger");
    } else {
        *after = json_dumps(at, JSON_COMPACT);
        s = *after == NULL ? wh_nomem(err) : WH_OK;
        r->state->counts.rows_read = json_integer_value(json_object_get(root, "read"));
        r->state->counts.rows_filtered = json_integer_value(json_object_get(root, "filtered"));
        r->state->counts.bytes_read = json_integer_value(json_object_get(root, "bytes"));
    }
    json_decref(root);
    r->state->next_seq = resume->next_seq;
    return s;
}

static enum wh_status go_on(struct stream_run *r, struct wh_error *err)
{
    struct wh_resume resume = {0};
    WH_TRY(open_known_source(r, err));
    WH_TRY(make_transform(r, &r->stream->schema, err));
    WH_TRY(open_target(r, r->state->marker, false, &resume, err));
    WH_CLEANUP(wh_freep) char *after = NULL;
    enum wh_status s = WH_OK;
    if (resume.position == NULL && resume.next_seq != r->state->next_seq)
        s = wh_fail(err, WH_STATE, "the target has %lld chunks, the store knows of %lld",
                    (long long)resume.next_seq, (long long)r->state->next_seq);
    else if (resume.next_seq > 0)
        s = unwrap_position(r, &resume, &after, err);
    free(resume.position);
    WH_TRY(s);
    return resume.next_seq == 0 ? WH_OK : open_stream(r, after, err);
}

/* Everything is committed, so that finishing needs no source. */
static bool is_loaded(const struct stream_run *r)
{
    return strcmp(r->state->phase, "loaded") == 0;
}

static enum wh_status go_on_without_source(struct stream_run *r, struct wh_error *err)
{
    struct wh_resume resume = {0};
    close_stream(r);
    for (size_t i = 0; i < r->known.n_fields; i++) {
        const struct wh_field *from = &r->known.fields[i];
        bool wanted = r->columns == NULL;
        for (size_t k = 0; !wanted && r->columns[k] != NULL; k++)
            wanted = strcmp(r->columns[k], from->name) == 0;
        if (!wanted)
            continue;
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, from, err));
        WH_TRY(wh_schema_add(&r->loaded, &f, err));
    }
    WH_TRY(make_transform(r, &r->loaded, err));
    WH_TRY(open_target(r, r->state->marker, false, &resume, err));
    free(resume.position);
    return WH_OK;
}

/* The source is not the one that the run began with. Rows that are added to a target may be visible already,
 * and must not come twice; everything else starts again. */
static enum wh_status go_on_with_other_source(struct stream_run *r, bool *resumed, struct wh_error *err)
{
    bool adds = r->job->spec->mode == WH_APPEND || r->job->spec->mode == WH_MERGE;
    *resumed = is_loaded(r) && adds;
    char text[sizeof err->msg + 128];
    snprintf(text, sizeof text, "%s: %s", err->msg,
             *resumed
                 ? "the interrupted run had read everything and is finished as it was; run again for what is "
                   "new in the source"
                 : "starting the stream again");
    wh_job_note(r->job, "warn", "stream.restart", r->name, text);
    if (*resumed)
        return go_on_without_source(r, err);
    close_target(r);
    WH_TRY(wh_store_restart_stream(r->job->store, r->job->run.id, r->name, err));
    return start_new(r, err);
}

static enum wh_status start(struct stream_run *r, bool *resumed, struct wh_error *err)
{
    *resumed = false;
    if (r->state->phase == NULL || r->state->schema == NULL)
        return start_new(r, err);
    enum wh_status s = go_on(r, err);
    *resumed = s == WH_OK && r->state->next_seq > 0;
    if (s != WH_STATE || r->side != WH_SIDE_SOURCE)
        return s;
    return go_on_with_other_source(r, resumed, err);
}

/* Throws away what is staged. The store comes first: it must not know of chunks that the target has lost. */
static enum wh_status forget(struct stream_run *r, struct wh_error *err)
{
    WH_TRY(wh_store_restart_stream(r->job->store, r->job->run.id, r->name, err));
    WH_TRY(wh_failpoint("restart.between", err));
    r->target->ops->discard(r->target);
    return WH_OK;
}

/* ---- loading ---- */

/* Wider types, and everything from the beginning. */
static enum wh_status widen(struct stream_run *r, struct wh_error *err)
{
    wh_job_note(r->job, "info", "stream.widen", r->name,
                "a value does not fit its column's inferred type: looking at all values and starting again");
    r->side = WH_SIDE_SOURCE;
    WH_TRY(r->stream->ops->widen(r->stream, err));
    WH_TRY(learn_types(r, err));
    WH_TRY(forget(r, err));
    close_target(r);
    WH_TRY(make_transform(r, &r->stream->schema, err));
    WH_TRY(open_empty_target(r, err));
    return record_plan(r, err);
}

static void show_counts(struct stream_run *r)
{
    const struct wh_counts *c = &r->state->counts;
    atomic_store(&r->progress.rows_read, c->rows_read);
    atomic_store(&r->progress.rows_written, c->rows_written);
    atomic_store(&r->progress.rows_rejected, c->rows_rejected);
    atomic_store(&r->progress.rows_filtered, c->rows_filtered);
    atomic_store(&r->progress.bytes_read, c->bytes_read);
}

static enum wh_status open_quarantine(struct stream_run *r, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL;
    if (asprintf(&folder, "%s/quarantine/%s", wh_store_home(r->job->store), r->job->run.id) < 0) {
        folder = NULL;
        return wh_nomem(err);
    }
    wh_quarantine_close(&r->quarantine);
    r->quarantine.limit = r->job->reject_limit;
    WH_TRY(wh_quarantine_open(&r->quarantine, folder, r->name, r->state->next_seq, err));
    struct wh_counts *c = &r->state->counts; /* exact also when the ledger was ahead of the store */
    c->rows_rejected = atomic_load(&r->quarantine.n_rows);
    c->rows_written = c->rows_read - c->rows_rejected - c->rows_filtered;
    return WH_OK;
}

static enum wh_status load_once(struct stream_run *r, struct wh_error *err)
{
    WH_TRY(open_quarantine(r, err));
    show_counts(r);
    r->progress.rows_total = r->stream->rows;
    r->progress.bytes_total = r->stream->bytes;
    r->stream->may_widen = !is_one_pass(r) && !r->target->visible_early;
    const struct wh_pipeline_setup setup = {
        .stream = r->stream,
        .target = r->target,
        .transform = &r->transform,
        .quarantine = &r->quarantine,
        .progress = &r->progress,
        .context = &r->job->ends.context,
        .first_seq = r->state->next_seq,
        .limit_rows = r->job->spec->limit_rows,
        .checkpoint_us = r->job->spec->checkpoint_ms * 1000,
        .before = r->state->counts,
        .on_checkpoint = on_checkpoint,
        .self = r,
    };
    WH_TRY(wh_pipeline_run(&setup, &r->side, err));
    r->side = WH_SIDE_SOURCE;
    WH_TRY(r->stream->ops->finish(r->stream, err));
    r->side = WH_SIDE_NONE;
    WH_TRY(wh_quarantine_finish(&r->quarantine, r->state->counts.rows_read, err));
    return save(r, "loaded", NULL, err);
}

static enum wh_status load(struct stream_run *r, struct wh_error *err)
{
    if (is_loaded(r)) {
        WH_TRY(open_quarantine(r, err));
        show_counts(r);
        return WH_OK;
    }
    for (;;) {
        enum wh_status s = load_once(r, err);
        if (s != WH_WIDEN)
            return s;
        WH_TRY(widen(r, err));
    }
}

/* ---- finish ---- */

/* Every row that was read has gone somewhere, and the destination says the same. */
static enum wh_status check_counts(const struct stream_run *r, const struct wh_outcome *out,
                                   struct wh_error *err)
{
    const struct wh_counts *c = &r->state->counts;
    if (c->rows_read != c->rows_written + c->rows_rejected + c->rows_filtered)
        return wh_fail(err, WH_INTERNAL,
                       "counts do not agree: %lld rows read, %lld written, %lld rejected, %lld filtered",
                       (long long)c->rows_read, (long long)c->rows_written, (long long)c->rows_rejected,
                       (long long)c->rows_filtered);
    if (r->job->spec->mode != WH_MERGE && out->rows != c->rows_written)
        return wh_fail(err, WH_INTERNAL,
                       "counts do not agree: %lld rows written, the destination counts %lld",
                       (long long)c->rows_written, (long long)out->rows);
    return WH_OK;
}

static enum wh_status finish(struct stream_run *r, struct wh_stream_result *result, struct wh_error *err)
{
    struct wh_outcome out = {0};
    r->side = WH_SIDE_DESTINATION;
    WH_TRY(wh_failpoint("finish.before", err));
    WH_TRY(r->target->ops->finish(r->target, &out, err));
    WH_TRY(wh_failpoint("finish.after", err));
    WH_TRY(check_counts(r, &out, err));
    r->state->counts.bytes_written = out.bytes;
    atomic_store(&r->progress.bytes_written, out.bytes);
    result->files = out.files;
    r->side = WH_SIDE_NONE;
    return save(r, "done", NULL, err);
}

static void release(struct stream_run *r)
{
    close_stream(r);
    close_target(r);
    wh_transform_release(&r->transform);
    wh_quarantine_close(&r->quarantine);
    wh_filter_free(r->prune);
    wh_schema_release(&r->known);
    wh_schema_release(&r->loaded);
    wh_strv_free(r->columns);
    free(r->selected);
}

/* A failed stream without anything to go on with leaves nothing behind. */
static void clean_up(struct stream_run *r, enum wh_status s)
{
    bool can_go_on = s == WH_CANCELLED || s == WH_IO || s == WH_LIMIT || s == WH_NOMEM;
    if (can_go_on || r->target == NULL || r->target->visible_early)
        return;
    struct wh_error ignored; /* what stays is removed by the next attempt */
    (void)forget(r, &ignored);
}

enum wh_status wh_stream_run(struct wh_job *job, const char *name, const struct wh_stream_info *info,
                             struct wh_stream_state *state, struct wh_stream_result *result,
                             struct wh_error *err)
{
    struct stream_run r = {.job = job, .name = name, .info = info, .state = state, .quarantine = {.fd = -1}};
    int64_t started = wh_monotonic_us();
    r.progress.started_us = started;
    r.progress.rows_total = r.progress.bytes_total = -1;
    if (job->hooks->stream_begin != NULL)
        job->hooks->stream_begin(job->hooks->self, name, &r.progress);
    enum wh_status s = start(&r, &result->resumed, err);
    if (s == WH_OK)
        s = load(&r, err);
    if (s == WH_OK)
        s = finish(&r, result, err);
    if (s != WH_OK)
        clean_up(&r, s);
    if (job->hooks->stream_end != NULL)
        job->hooks->stream_end(job->hooks->self, name);
    wh_progress_counts(&r.progress, &result->counts);
    result->elapsed_us = wh_monotonic_us() - started;
    result->bound = wh_progress_bound(&r.progress);
    result->side = s == WH_OK ? WH_SIDE_NONE : r.side;
    result->over_reject_budget = atomic_load(&r.quarantine.over_budget);
    if (r.quarantine.path != NULL && wh_exists(r.quarantine.path) && atomic_load(&r.quarantine.n_rows) > 0)
        result->quarantine = WH_TAKE(r.quarantine.path);
    release(&r);
    return s;
}

/* ---- plan ---- */

enum wh_status wh_stream_plan(struct wh_job *job, const char *name, const struct wh_stream_info *info,
                              struct wh_buffer *out, struct wh_error *err)
{
    struct wh_stream_state state = {0};
    struct stream_run r = {.job = job, .name = name, .info = info, .state = &state, .quarantine = {.fd = -1}};
    struct wh_resume resume = {0};
    enum wh_guarantee guarantee = WH_G1;
    WH_CLEANUP(wh_freep) char *target = NULL;
    enum wh_status s = open_new_source(&r, err);
    if (s == WH_OK)
        s = make_transform(&r, &r.stream->schema, err);
    if (s == WH_OK)
        s = open_target(&r, NULL, true, &resume, err);
    if (s == WH_OK)
        s = r.target->ops->describe(r.target, &target, &guarantee, err);
    if (s == WH_OK && r.target->visible_early &&
        is_one_pass(&r)) /* what arrived cannot be told from the rest */
        guarantee = WH_G1;
    if (s == WH_OK)
        s = wh_plan_format(job, &(struct wh_plan_parts){name, r.stream, &r.transform, target, guarantee}, out,
                           err);
    release(&r);
    return s;
}
