/* engine/chunk_plan.c - see engine/chunk_plan.h. The plan:
 *
 *   {"version":1,"id":"..","spec":{..},"stream":"orders"|null,"types":[..],"target":[..],"snapshot":"..",
 *    "chunks":[{"seq":0,"bytes":9,"position":{..}}, ..]}
 *
 * types are those of all columns of the source, target those of the result. What a worked chunk leaves:
 *
 *   <staging>/00003/                its files, with a manifest
 *   <staging>/00003.rejects.jsonl   rejected rows, if any
 *   <staging>/00003.json            its counts; written last: the chunk is done */
#include "engine/chunk_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/mem.h"
#include "batch/builder.h"
#include "connector/file.h"
#include "engine/look.h"
#include "engine/schema_json.h"

#define PLAN_VERSION 1
#define MAX_PLAN_BYTES ((size_t)256 << 20)
#define MAX_COUNTS_BYTES ((size_t)64 << 10)

/* ---- what planning, working and finishing share ---- */

struct session {
    struct wh_ends ends;
    struct wh_look look;
    struct wh_schema declared;
    const struct wh_job_hooks *hooks; /* lent, or NULL */
};

static void session_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void session_note(struct wh_context *ctx, const char *fmt, ...)
{
    const struct session *s = ctx->note_data;
    char text[1024];
    if (s->hooks == NULL || s->hooks->note == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    s->hooks->note(s->hooks->self, "info", "data.note", NULL, text);
}

static enum wh_status session_open(struct session *s, const struct wh_job_spec *spec,
                                   const _Atomic bool *cancelled, enum wh_side *side, struct wh_error *err)
{
    s->ends.context = (struct wh_context){.cancelled = cancelled, .note = session_note, .note_data = s};
    *side = WH_SIDE_NONE;
    if (spec->columns != NULL)
        WH_TRY(wh_schema_parse(&s->declared, spec->columns, err));
    return wh_ends_open(&s->ends, spec, side, err);
}

static void session_close(struct session *s)
{
    wh_look_close(&s->look);
    wh_ends_close(&s->ends);
    wh_schema_release(&s->declared);
}

static struct wh_look_request look_request(const struct session *s, const struct wh_job_spec *spec,
                                           const char *name)
{
    return (struct wh_look_request){.name = name,
                                    .select = spec->select,
                                    .where = spec->where,
                                    .declared = &s->declared,
                                    .config = s->ends.source_config};
}

/* "<parent>/.<name>.wherry-plan-<id>" of a destination folder. */
static enum wh_status staging_path(char **out, const char *location, const char *id, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, location, err));
    return asprintf(out, "%s/.%s.wherry-plan-%s", dir, base, id) < 0 ? wh_nomem(err) : WH_OK;
}

/* "<staging>/00003<suffix>" */
static enum wh_status chunk_path(char **out, const char *staging, int64_t seq, const char *suffix,
                                 struct wh_error *err)
{
    return asprintf(out, "%s/%05lld%s", staging, (long long)seq, suffix) < 0 ? wh_nomem(err) : WH_OK;
}

/* ---- making a plan ---- */

static enum wh_status check_spec(const struct session *s, const struct wh_job_spec *spec,
                                 struct wh_error *err)
{
    const struct wh_source *src = s->ends.source;
    const char *location = s->ends.destination_at.location;
    if (s->ends.destination_at.connector != &wh_connector_file || location[strlen(location) - 1] != '/') {
        wh_fail(err, WH_CONFIG, "could not plan chunks for \"%s\": it is no folder of files",
                spec->destination);
        return wh_hint(err, "write the destination with '/' behind");
    }
    if (spec->mode == WH_MERGE)
        return wh_fail(err, WH_CONFIG, "could not merge into files");
    if ((src->type->source->flags(src) & WH_ONE_PASS) != 0)
        return wh_fail(err, WH_CONFIG, "could not plan chunks of \"%s\": it can be read only once",
                       spec->source);
    if (spec->limit_rows > 0)
        return wh_fail(err, WH_CONFIG,
                       "could not plan chunks with --limit: no chunk knows what others have read");
    return s->ends.destination->type->destination->check(s->ends.destination, err);
}

static enum wh_status make_id(char id[WH_RUN_ID_LEN + 1], struct wh_error *err)
{
    uint8_t bytes[WH_RUN_ID_LEN / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return wh_fail_errno(err, errno, "could not get random bytes");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return WH_OK;
}

static enum wh_status list_chunks(struct session *s, json_t *chunks, struct wh_error *err)
{
    struct wh_stream *stream = s->look.stream;
    enum wh_status st = WH_OK;
    for (int64_t seq = 0; st == WH_OK; seq++) {
        if (atomic_load(s->ends.context.cancelled))
            return wh_fail(err, WH_CANCELLED, "cancelled");
        struct wh_chunk c = {.seq = seq, .data = {.budget = s->ends.context.budget}};
        st = stream->ops->next_chunk(stream, &c, err);
        if (st == WH_OK) {
            json_t *position = json_loads(c.position, JSON_DECODE_ANY, NULL);
            json_t *j = json_pack("{s:I, s:I, s:o}", "seq", (json_int_t)seq, "bytes", (json_int_t)c.bytes,
                                  "position", position);
            if (j == NULL || json_array_append_new(chunks, j) != 0)
                st = wh_nomem(err);
        }
        free(c.position);
        wh_buffer_release(&c.data);
    }
    return st == WH_END ? WH_OK : st;
}

static enum wh_status plan_json(struct session *s, const struct wh_job_spec *spec, const char *name,
                                json_t *chunks, char **text, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *spec_text = NULL, *snapshot = NULL;
    char id[WH_RUN_ID_LEN + 1];
    WH_TRY(make_id(id, err));
    WH_TRY(wh_job_spec_text(&spec_text, spec, err));
    WH_TRY(s->look.stream->ops->snapshot(s->look.stream, &snapshot, err));
    WH_TRY(list_chunks(s, chunks, err));
    json_t *root = json_pack(
        "{s:i, s:s, s:o, s:s?, s:o, s:o, s:s, s:O}", "version", PLAN_VERSION, "id", id, "spec",
        json_loads(spec_text, 0, NULL), "stream", name, "types", wh_schema_to_json(&s->look.known), "target",
        wh_schema_to_json(&s->look.transform.out), "snapshot", snapshot, "chunks", chunks);
    *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return *text == NULL ? wh_nomem(err) : WH_OK;
}

/* Types must be right from the start: no chunk can make those of the others wider. */
static enum wh_status make_plan(struct session *s, const char *path, size_t *n_chunks,
                                const struct wh_job_spec *spec, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *name = NULL, *text = NULL;
    WH_TRY(check_spec(s, spec, err));
    WH_TRY(wh_look_choose(&s->ends, &name, err));
    struct wh_look_request req = look_request(s, spec, name);
    WH_TRY(wh_look_open(&s->look, s->ends.source, &req, err));
    WH_TRY(wh_look_widen(&s->look, err));
    json_t *chunks = json_array();
    enum wh_status st = plan_json(s, spec, name, chunks, &text, err);
    *n_chunks = json_array_size(chunks);
    json_decref(chunks);
    WH_TRY(st);
    return wh_publish_file(path, text, strlen(text), err);
}

enum wh_status wh_chunk_plan_make(const char *path, size_t *n_chunks, const struct wh_job_spec *spec,
                                  const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                                  struct wh_error *err)
{
    struct session s = {.hooks = hooks};
    enum wh_side side;
    enum wh_status st = session_open(&s, spec, cancelled, &side, err);
    if (st == WH_OK)
        st = make_plan(&s, path, n_chunks, spec, err);
    session_close(&s);
    return st;
}

/* ---- reading a plan ---- */

struct wh_chunk_plan {
    json_t *document; /* owned */
    struct wh_saved_spec saved;
    struct wh_schema types, target;
    const char *id, *stream, *snapshot; /* lent from document */
    const json_t *chunks;
    char *location; /* owned: of the destination */
    char *staging;  /* owned */
};

static bool is_id(const char *id)
{
    return id != NULL && strlen(id) == WH_RUN_ID_LEN && strspn(id, "0123456789abcdef") == WH_RUN_ID_LEN;
}

static enum wh_status load_schema(struct wh_schema *out, const json_t *j, struct wh_error *err)
{
    char *text = json_dumps(j, JSON_COMPACT);
    if (text == NULL)
        return wh_fail(err, WH_CONFIG, "it has no schema");
    enum wh_status s = wh_schema_from_text(out, text, err);
    free(text);
    return s;
}

static enum wh_status load_plan(struct wh_chunk_plan *p, struct wh_error *err)
{
    const json_t *d = p->document;
    p->id = json_string_value(json_object_get(d, "id"));
    p->stream = json_string_value(json_object_get(d, "stream"));
    p->snapshot = json_string_value(json_object_get(d, "snapshot"));
    p->chunks = json_object_get(d, "chunks");
    bool known = json_integer_value(json_object_get(d, "version")) == PLAN_VERSION;
    if (!known || !is_id(p->id) || p->snapshot == NULL || !json_is_array(p->chunks))
        return wh_fail(err, WH_CONFIG, "it is no plan of version %d", PLAN_VERSION);
    WH_TRY(load_schema(&p->types, json_object_get(d, "types"), err));
    WH_TRY(load_schema(&p->target, json_object_get(d, "target"), err));
    WH_CLEANUP(wh_freep) char *spec = json_dumps(json_object_get(d, "spec"), JSON_COMPACT);
    if (spec == NULL)
        return wh_fail(err, WH_CONFIG, "it has no spec");
    WH_TRY(wh_job_spec_load(&p->saved, spec, err));
    struct wh_endpoint at;
    WH_TRY(wh_endpoint_parse(&at, p->saved.spec.destination, err));
    enum wh_status s = staging_path(&p->staging, at.location, p->id, err);
    p->location = WH_TAKE(at.location);
    wh_endpoint_release(&at);
    return s;
}

enum wh_status wh_chunk_plan_open(struct wh_chunk_plan **out, const char *path, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0};
    if (wh_read_file(&text, path, MAX_PLAN_BYTES, err) != WH_OK) {
        if (err->os_errno == ENOENT || err->os_errno == EISDIR)
            err->code = WH_CONFIG;
        return err->code;
    }
    struct wh_chunk_plan *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    json_error_t why;
    p->document = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
    enum wh_status s =
        p->document == NULL ? wh_fail(err, WH_CONFIG, "line %d: %s", why.line, why.text) : load_plan(p, err);
    if (s != WH_OK) {
        wh_chunk_plan_close(p);
        err->code = s == WH_NOMEM ? s : WH_CONFIG;
        wh_wrap(err, "could not read plan \"%s\"", path);
        return wh_hint(err, "`wherry copy ... --plan-out FILE` makes a plan");
    }
    *out = p;
    return WH_OK;
}

void wh_chunk_plan_close(struct wh_chunk_plan *p)
{
    if (p == NULL)
        return;
    wh_schema_release(&p->types);
    wh_schema_release(&p->target);
    if (p->saved.document != NULL)
        wh_saved_spec_release(&p->saved);
    json_decref(p->document);
    free(p->location);
    free(p->staging);
    free(p);
}

const char *wh_chunk_plan_folder(const struct wh_chunk_plan *p)
{
    return wh_saved_spec_folder(&p->saved);
}

size_t wh_chunk_plan_count(const struct wh_chunk_plan *p)
{
    return json_array_size(p->chunks);
}

enum wh_status wh_chunk_plan_chunk(const struct wh_chunk_plan *p, size_t i, struct wh_plan_chunk *out,
                                   struct wh_error *err)
{
    const json_t *j = json_array_get(p->chunks, i), *position = json_object_get(j, "position");
    struct wh_plan_chunk c = {.seq = (int64_t)i, .bytes = json_integer_value(json_object_get(j, "bytes"))};
    WH_CLEANUP(wh_freep) char *counts = NULL;
    WH_TRY(chunk_path(&counts, p->staging, c.seq, ".json", err));
    c.is_done = wh_exists(counts);
    c.position = position == NULL ? NULL : json_dumps(position, JSON_COMPACT | JSON_ENCODE_ANY);
    if (c.position == NULL)
        return wh_fail(err, WH_CONFIG, "chunk %zu of the plan has no position", i);
    *out = c;
    return WH_OK;
}

/* ---- working a chunk ---- */

/* A chunk under way. */
struct work {
    const struct wh_chunk_plan *plan;
    struct session session;
    struct wh_chunk chunk;
    char run_id[WH_RUN_ID_LEN + 24]; /* "<plan>-00003" */
    char *folder;                    /* owned: where its files go */
    struct wh_destination *destination;
    struct wh_target *target;
    struct wh_reader *reader;
    struct wh_writer *writer;
    struct wh_batch batch;
    struct wh_transform_state transform;
    struct wh_quarantine quarantine;
    struct wh_chunk_rejects *rejects;
    struct wh_counts counts;
    enum wh_side side;
};

static enum wh_status open_chunk_source(struct work *w, struct wh_error *err)
{
    const struct wh_chunk_plan *p = w->plan;
    struct wh_look_request req = look_request(&w->session, &p->saved.spec, p->stream);
    req.known = &p->types;
    req.snapshot = p->snapshot;
    w->side = WH_SIDE_SOURCE;
    if (wh_look_open(&w->session.look, w->session.ends.source, &req, err) != WH_OK)
        return wh_wrap(err, "source \"%s\"", p->saved.spec.source);
    if (!wh_schema_same(&w->session.look.transform.out, &p->target))
        return wh_fail(err, WH_STATE, "the columns are not those of the plan");
    w->session.look.stream->may_widen = false;
    return WH_OK;
}

static enum wh_status open_chunk_target(struct work *w, struct wh_error *err)
{
    const struct wh_chunk_plan *p = w->plan;
    struct wh_ends *e = &w->session.ends;
    const struct wh_destination_ops *ops = e->destination->type->destination;
    snprintf(w->run_id, sizeof w->run_id, "%s-%05lld", p->id, (long long)w->chunk.seq);
    WH_TRY(chunk_path(&w->folder, p->staging, w->chunk.seq, "/", err));
    WH_TRY(ops->open(&w->destination, w->folder, e->destination_config, &e->context, err));
    w->destination->type = e->destination->type;
    struct wh_target_request req = {
        .schema = &w->session.look.transform.out,
        .mode = WH_REPLACE,
        .pipeline = p->id,
        .stream = w->run_id,
        .run_id = w->run_id,
        .epoch = 1,
        .config = e->destination_config,
    };
    struct wh_resume resume;
    w->side = WH_SIDE_DESTINATION;
    return ops->open_target(&w->target, &resume, w->destination, &req, err);
}

static enum wh_status open_chunk_rejects(struct work *w, struct wh_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%05lld.rejects", (long long)w->chunk.seq);
    WH_TRY(wh_reject_limit_parse(&w->quarantine.limit, w->plan->saved.spec.max_rejects, err));
    WH_TRY(wh_quarantine_open(&w->quarantine, w->plan->staging, name, 0, err));
    return wh_chunk_rejects_new(&w->rejects, &w->quarantine, w->chunk.seq, w->session.ends.context.budget,
                                err);
}

static enum wh_status write_rows(struct work *w, struct wh_error *err)
{
    int64_t filtered = 0;
    struct wh_batch *b = NULL;
    w->counts.rows_read += w->batch.rows;
    WH_TRY(wh_transform_apply(&w->session.look.transform, &w->transform, &w->batch, &w->rejects->base, &b,
                              &filtered, err));
    w->counts.rows_filtered += filtered;
    w->side = WH_SIDE_DESTINATION;
    return b->rows == 0 ? WH_OK : w->target->ops->write(w->writer, b, err);
}

static enum wh_status copy_rows(struct work *w, struct wh_error *err)
{
    struct wh_stream *stream = w->session.look.stream;
    w->side = WH_SIDE_SOURCE;
    WH_TRY(stream->ops->open_chunk(&w->reader, stream, &w->chunk, &w->rejects->base, err));
    WH_TRY(w->target->ops->open_writer(&w->writer, w->target, 0, &w->rejects->base, err));
    WH_TRY(wh_batch_init(&w->batch, &stream->schema, w->session.ends.context.budget, err));
    for (;;) {
        if (atomic_load(w->session.ends.context.cancelled))
            return wh_fail(err, WH_CANCELLED, "cancelled");
        int64_t rejected = w->rejects->n_rows;
        w->side = WH_SIDE_SOURCE;
        enum wh_status s = w->reader->ops->read(w->reader, &w->batch, err);
        w->counts.rows_read += w->rejects->n_rows - rejected;
        if (s == WH_END)
            break;
        WH_TRY(s);
        WH_TRY(write_rows(w, err));
    }
    WH_TRY(stream->ops->finish(stream, err));
    w->side = WH_SIDE_DESTINATION;
    return w->target->ops->seal(w->writer, err);
}

static enum wh_status publish_chunk(struct work *w, struct wh_error *err)
{
    struct wh_outcome out = {0};
    struct wh_counts *c = &w->counts;
    WH_TRY(wh_quarantine_append(&w->quarantine, w->rejects, err));
    WH_TRY(w->target->ops->commit(w->target, WH_TAKE(w->writer), w->chunk.position, err));
    WH_TRY(w->target->ops->finish(w->target, &out, err));
    c->rows_rejected = w->rejects->n_rows;
    c->rows_written = c->rows_read - c->rows_rejected - c->rows_filtered;
    c->bytes_read = (int64_t)w->chunk.bytes;
    c->bytes_written = out.bytes;
    if (out.rows != c->rows_written)
        return wh_fail(err, WH_INTERNAL,
                       "counts do not agree: %lld rows written, the destination counts %lld",
                       (long long)c->rows_written, (long long)out.rows);
    WH_CLEANUP(wh_freep) char *path = NULL, *text = NULL;
    WH_TRY(chunk_path(&path, w->plan->staging, w->chunk.seq, ".json", err));
    json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "plan", w->plan->id, "seq",
                          (json_int_t)w->chunk.seq, "rows_read", (json_int_t)c->rows_read, "rows_written",
                          (json_int_t)c->rows_written, "rows_rejected", (json_int_t)c->rows_rejected,
                          "rows_filtered", (json_int_t)c->rows_filtered, "bytes_read",
                          (json_int_t)c->bytes_read, "bytes_written", (json_int_t)c->bytes_written);
    text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text == NULL ? wh_nomem(err) : wh_publish_file(path, text, strlen(text), err);
}

static enum wh_status work_chunk(struct work *w, const _Atomic bool *cancelled, struct wh_error *err)
{
    WH_TRY(session_open(&w->session, &w->plan->saved.spec, cancelled, &w->side, err));
    WH_TRY(open_chunk_source(w, err));
    WH_TRY(open_chunk_target(w, err));
    WH_TRY(open_chunk_rejects(w, err));
    WH_TRY(copy_rows(w, err));
    return publish_chunk(w, err);
}

static void work_release(struct work *w)
{
    if (w->reader != NULL)
        w->reader->ops->close_reader(w->reader);
    if (w->writer != NULL)
        w->writer->ops->close_writer(w->writer);
    wh_batch_release(&w->batch);
    wh_transform_state_release(&w->transform);
    wh_chunk_rejects_free(w->rejects);
    wh_quarantine_close(&w->quarantine);
    if (w->target != NULL)
        w->target->ops->close_target(w->target);
    if (w->destination != NULL)
        w->destination->type->destination->close(w->destination);
    session_close(&w->session);
    free(w->chunk.position);
    free(w->folder);
}

enum wh_status wh_chunk_plan_run(const struct wh_chunk_plan *p, int64_t seq, struct wh_counts *counts,
                                 const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                                 enum wh_side *side, struct wh_error *err)
{
    struct wh_plan_chunk planned;
    *side = WH_SIDE_NONE;
    if (seq < 0 || (size_t)seq >= wh_chunk_plan_count(p)) {
        wh_fail(err, WH_CONFIG, "the plan has no chunk %lld", (long long)seq);
        return wh_hint(err, "it has %zu chunks, from 0", wh_chunk_plan_count(p));
    }
    WH_TRY(wh_chunk_plan_chunk(p, (size_t)seq, &planned, err));
    struct work w = {.plan = p,
                     .session = {.hooks = hooks},
                     .chunk = {.seq = seq, .position = planned.position, .bytes = (uint64_t)planned.bytes},
                     .quarantine = {.fd = -1}};
    enum wh_status s = work_chunk(&w, cancelled, err);
    if (s != WH_OK && w.target != NULL)
        w.target->ops->discard(w.target);
    *side = w.side;
    *counts = w.counts;
    work_release(&w);
    return s == WH_OK ? WH_OK : wh_wrap(err, "chunk %lld", (long long)seq);
}

/* ---- finishing ---- */

static enum wh_status read_counts(const struct wh_chunk_plan *p, int64_t seq, struct wh_counts *out,
                                  struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *path = NULL;
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0};
    WH_TRY(chunk_path(&path, p->staging, seq, ".json", err));
    if (!wh_exists(path)) {
        wh_fail(err, WH_CONFIG, "chunk %lld of %zu is not done", (long long)seq, wh_chunk_plan_count(p));
        return wh_hint(
            err, "`wherry chunks` lists what is left; a plan that is finished cannot be finished again");
    }
    WH_TRY(wh_read_file(&text, path, MAX_COUNTS_BYTES, err));
    json_t *j = json_loadb((const char *)text.data, text.size, 0, NULL);
    const char *id = json_string_value(json_object_get(j, "plan"));
    bool ours = id != NULL && strcmp(id, p->id) == 0 && json_integer_value(json_object_get(j, "seq")) == seq;
    *out = (struct wh_counts){.rows_read = json_integer_value(json_object_get(j, "rows_read")),
                              .rows_written = json_integer_value(json_object_get(j, "rows_written")),
                              .rows_rejected = json_integer_value(json_object_get(j, "rows_rejected")),
                              .rows_filtered = json_integer_value(json_object_get(j, "rows_filtered")),
                              .bytes_read = json_integer_value(json_object_get(j, "bytes_read")),
                              .bytes_written = json_integer_value(json_object_get(j, "bytes_written"))};
    json_decref(j);
    if (!ours || out->rows_read != out->rows_written + out->rows_rejected + out->rows_filtered)
        return wh_fail(err, WH_STATE, "\"%s\" is damaged", path);
    return WH_OK;
}

static void add_counts(struct wh_counts *to, const struct wh_counts *c)
{
    to->rows_read += c->rows_read;
    to->rows_written += c->rows_written;
    to->rows_rejected += c->rows_rejected;
    to->rows_filtered += c->rows_filtered;
    to->bytes_read += c->bytes_read;
    to->bytes_written += c->bytes_written;
}

static enum wh_status check_rejects(const struct wh_chunk_plan *p, const struct wh_counts *c,
                                    struct wh_error *err)
{
    struct wh_reject_limit l;
    WH_TRY(wh_reject_limit_parse(&l, p->saved.spec.max_rejects, err));
    bool too_many = (l.rows >= 0 && c->rows_rejected > l.rows) ||
                    (l.percent >= 0 && (double)c->rows_rejected * 100 > l.percent * (double)c->rows_read);
    if (!too_many)
        return WH_OK;
    wh_fail(err, WH_DATA, "%lld of %lld rows were rejected, more than %s", (long long)c->rows_rejected,
            (long long)c->rows_read, p->saved.spec.max_rejects);
    return wh_hint(err, "the rows and reasons are in \"%s\"", p->staging);
}

static enum wh_status adopt_chunks(const struct wh_chunk_plan *p, struct wh_target *target,
                                   struct wh_counts *counts, struct wh_error *err)
{
    for (size_t i = 0; i < wh_chunk_plan_count(p); i++) {
        WH_CLEANUP(wh_freep) char *folder = NULL;
        struct wh_counts c = {0};
        int64_t rows = 0;
        WH_TRY(read_counts(p, (int64_t)i, &c, err));
        WH_TRY(chunk_path(&folder, p->staging, (int64_t)i, "", err));
        WH_TRY(wh_file_adopt(target, folder, &rows, err));
        if (rows != c.rows_written)
            return wh_fail(err, WH_STATE, "chunk %zu has %lld rows in its files, %lld were counted", i,
                           (long long)rows, (long long)c.rows_written);
        add_counts(counts, &c);
    }
    return check_rejects(p, counts, err);
}

/* Rejected rows stay, and the folder with them. */
static enum wh_status clean_up(const struct wh_chunk_plan *p, struct wh_error *err)
{
    for (size_t i = 0; i < wh_chunk_plan_count(p); i++) {
        WH_CLEANUP(wh_freep) char *folder = NULL, *counts = NULL;
        WH_TRY(chunk_path(&folder, p->staging, (int64_t)i, "", err));
        WH_TRY(chunk_path(&counts, p->staging, (int64_t)i, ".json", err));
        WH_TRY(wh_remove_file(counts, err));
        WH_TRY(wh_remove_tree(folder, err));
    }
    (void)rmdir(p->staging);
    return WH_OK;
}

static enum wh_status finish(const struct wh_chunk_plan *p, struct session *s, struct wh_counts *counts,
                             int64_t *files, struct wh_error *err)
{
    const struct wh_destination_ops *ops = s->ends.destination->type->destination;
    struct wh_target *target = NULL;
    struct wh_resume resume;
    struct wh_outcome out = {0};
    const struct wh_target_request req = {.schema = &p->target,
                                          .mode = p->saved.spec.mode,
                                          .pipeline = p->id,
                                          .stream = p->id,
                                          .run_id = p->id,
                                          .epoch = 1,
                                          .config = s->ends.destination_config};
    WH_TRY(ops->open_target(&target, &resume, s->ends.destination, &req, err));
    enum wh_status st = adopt_chunks(p, target, counts, err);
    if (st == WH_OK)
        st = ops->finish(target, &out, err);
    else
        ops->discard(target);
    ops->close_target(target);
    WH_TRY(st);
    *files = out.files;
    if (out.rows != counts->rows_written)
        return wh_fail(err, WH_INTERNAL,
                       "counts do not agree: %lld rows written, the destination counts %lld",
                       (long long)counts->rows_written, (long long)out.rows);
    return clean_up(p, err);
}

enum wh_status wh_chunk_plan_finish(const struct wh_chunk_plan *p, struct wh_counts *counts, int64_t *files,
                                    const _Atomic bool *cancelled, enum wh_side *side, struct wh_error *err)
{
    struct session s = {0};
    struct wh_job_spec spec = p->saved.spec;
    spec.source = NULL;
    spec.columns = NULL;
    *counts = (struct wh_counts){0};
    enum wh_status st = session_open(&s, &spec, cancelled, side, err);
    if (st == WH_OK)
        st = finish(p, &s, counts, files, err);
    *side = WH_SIDE_DESTINATION;
    session_close(&s);
    return st;
}
