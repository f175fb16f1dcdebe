/* engine/job.c - see engine/job.h. */
#include "engine/job.h"

#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/time.h"
#include "batch/schema.h"
#include "connector/stream.h"
#include "engine/job_int.h"

/* ---- telling ---- */

void wh_job_note(struct wh_job *job, const char *level, const char *event, const char *stream,
                 const char *text)
{
    if (job->hooks->note != NULL)
        job->hooks->note(job->hooks->self, level, event, stream, text);
    if (job->store == NULL || job->run.id[0] == '\0')
        return;
    const struct wh_log_record l = {wh_now_us(), level, event, stream, text};
    struct wh_error ignored; /* a log line that cannot be kept was shown */
    (void)wh_store_log(job->store, job->run.id, &l, &ignored);
}

static void context_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void context_note(struct wh_context *ctx, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    wh_job_note(ctx->note_data, "info", "data.note", NULL, text);
}

/* ---- streams ---- */

/* The streams to copy: discovered ones that the name (a pattern, or NULL for all) fits, or the only one. */
struct selection {
    struct wh_stream_info *infos; /* owned */
    size_t n_infos;
    const char *only; /* lent by the source, or NULL */
};

static void selection_release(struct selection *s)
{
    wh_stream_infos_free(s->infos, s->n_infos);
}

static enum wh_status no_such_stream(const struct selection *s, const char *wanted, struct wh_error *err)
{
    const char **names = wh_alloc_array(s->n_infos + 1, sizeof *names);
    if (names == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < s->n_infos; i++)
        names[i] = s->infos[i].name;
    const char *nearest = wh_nearest(wanted, names);
    wh_fail(err, WH_CONFIG, "the source has no stream \"%s\"", wanted);
    if (nearest != NULL)
        wh_hint(err, "did you mean \"%s\"?", nearest);
    else if (s->n_infos > 0)
        wh_hint(err, "it has %zu, the first is \"%s\"; `wherry discover` lists all", s->n_infos, names[0]);
    free(names);
    return err->code;
}

static enum wh_status keep_matching(struct selection *s, const char *wanted, struct wh_error *err)
{
    size_t n = 0;
    bool exact = false;
    for (size_t i = 0; i < s->n_infos; i++)
        exact = exact || strcmp(s->infos[i].name, wanted) == 0;
    for (size_t i = 0; i < s->n_infos; i++)
        n += exact ? strcmp(s->infos[i].name, wanted) == 0 : fnmatch(wanted, s->infos[i].name, 0) == 0;
    if (n == 0)
        return no_such_stream(s, wanted, err);
    n = 0;
    for (size_t i = 0; i < s->n_infos; i++) {
        bool keep = exact ? strcmp(s->infos[i].name, wanted) == 0 : fnmatch(wanted, s->infos[i].name, 0) == 0;
        if (!keep)
            wh_stream_info_release(&s->infos[i]);
        else
            s->infos[n++] = s->infos[i];
    }
    s->n_infos = n;
    return WH_OK;
}

/* "query:SELECT ..." is no discovered stream: the source knows what to do with it. */
static enum wh_status make_query_stream(struct selection *s, const char *query, struct wh_error *err)
{
    s->infos = wh_alloc(sizeof *s->infos);
    if (s->infos == NULL)
        return wh_nomem(err);
    s->n_infos = 1;
    s->infos[0].rows = s->infos[0].bytes = -1;
    return wh_strdup(&s->infos[0].name, query, err);
}

static enum wh_status select_streams(struct wh_job *job, struct selection *s, struct wh_error *err)
{
    struct wh_source *src = job->ends.source;
    const struct wh_source_ops *ops = src->type->source;
    const char *wanted = job->ends.source_at.stream;
    if (ops->only_stream != NULL)
        s->only = ops->only_stream(src);
    if (s->only != NULL)
        return wanted == NULL || strcmp(wanted, s->only) == 0
                   ? WH_OK
                   : wh_fail(err, WH_CONFIG, "the source has no stream \"%s\", only \"%s\"", wanted, s->only);
    if (wanted != NULL && strncmp(wanted, "query:", 6) == 0)
        return make_query_stream(s, wanted, err);
    WH_TRY(ops->discover(src, &s->infos, &s->n_infos, err));
    if (wanted != NULL)
        return keep_matching(s, wanted, err);
    return s->n_infos > 0 ? WH_OK : wh_fail(err, WH_CONFIG, "the source has no streams");
}

/* ---- opening and closing ---- */

static enum wh_status open_job(struct wh_job *job, const struct wh_job_spec *spec,
                               const _Atomic bool *cancelled, enum wh_side *side, struct wh_error *err)
{
    job->spec = spec;
    job->ends.context = (struct wh_context){.cancelled = cancelled, .note = context_note, .note_data = job};
    *side = WH_SIDE_NONE;
    WH_TRY(wh_reject_limit_parse(&job->reject_limit, spec->max_rejects, err));
    if (spec->columns != NULL)
        WH_TRY(wh_schema_parse(&job->declared, spec->columns, err));
    return wh_ends_open(&job->ends, spec, side, err);
}

static void close_job(struct wh_job *job)
{
    wh_ends_close(&job->ends);
    if (job->lock_path != NULL)
        wh_lock_give(job->lock_fd, job->lock_path);
    free(job->lock_path);
    wh_schema_release(&job->declared);
    wh_run_release(&job->run);
}

/* A pipe cannot be read again, nor standard output be taken back: such a job always starts anew, and may run
 * several times at once. */
static bool can_go_on(const struct wh_job *job)
{
    const struct wh_source *src = job->ends.source;
    bool one_pass = (src->type->source->flags(src) & WH_ONE_PASS) != 0;
    return !one_pass && strcmp(job->ends.destination_at.location, "-") != 0;
}

/* Before the run of another process is touched in the store. */
static enum wh_status take_lock(struct wh_job *job, const char *spec_text, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = NULL;
    WH_TRY(wh_path_join(&folder, wh_store_home(job->store), "locks", err));
    WH_TRY(wh_make_dirs(folder, err));
    if (asprintf(&job->lock_path, "%s/%016llx", folder,
                 (unsigned long long)XXH3_64bits(spec_text, strlen(spec_text))) < 0) {
        job->lock_path = NULL;
        return wh_nomem(err);
    }
    enum wh_status s = wh_lock_take(&job->lock_fd, job->lock_path, err);
    if (s == WH_STATE) {
        wh_fail(err, WH_STATE, "the same job is running already");
        err->os_errno = EWOULDBLOCK;
        wh_hint(err, "wait for it, or see `wherry runs`");
    }
    return s;
}

/* Goes on with the unfinished run of the same spec, or adds a new one. */
static enum wh_status begin_run(struct wh_job *job, struct wh_error *err)
{
    const struct wh_job_spec *spec = job->spec;
    WH_CLEANUP(wh_freep) char *text = NULL;
    WH_TRY(wh_job_spec_text(&text, spec, err));
    if (can_go_on(job))
        WH_TRY(take_lock(job, text, err));
    if (!spec->fresh && can_go_on(job))
        WH_TRY(wh_store_find_unfinished(job->store, text, &job->run, &job->resumed, err));
    if (job->resumed)
        return wh_store_reopen_run(job->store, &job->run, err);
    WH_TRY(wh_strdup(&job->run.source, spec->source, err));
    WH_TRY(wh_strdup(&job->run.destination, spec->destination, err));
    job->run.spec = WH_TAKE(text);
    return wh_store_add_run(job->store, &job->run, err);
}

/* ---- running ---- */

static void add_counts(struct wh_counts *to, const struct wh_counts *c)
{
    to->rows_read += c->rows_read;
    to->rows_written += c->rows_written;
    to->rows_rejected += c->rows_rejected;
    to->rows_filtered += c->rows_filtered;
    to->bytes_read += c->bytes_read;
    to->bytes_written += c->bytes_written;
}

static struct wh_stream_state *find_state(struct wh_stream_state *states, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(states[i].name, name) == 0)
            return &states[i];
    return NULL;
}

/* A stream that an earlier attempt has finished is only reported. */
static bool is_done(const struct wh_stream_state *s)
{
    return s->phase != NULL && strcmp(s->phase, "done") == 0;
}

static enum wh_status run_one(struct wh_job *job, const char *name, const struct wh_stream_info *info,
                              struct wh_stream_state *known, struct wh_stream_result *result,
                              struct wh_error *err)
{
    WH_TRY(wh_strdup(&result->name, name, err));
    result->bound = "finished by an earlier attempt";
    if (known != NULL && is_done(known)) {
        result->counts = known->counts;
        return WH_OK;
    }
    struct wh_stream_state fresh = {0}, *state = known == NULL ? &fresh : known;
    if (known == NULL)
        WH_TRY(wh_strdup(&fresh.name, name, err));
    enum wh_status s = wh_stream_run(job, name, info, state, result, err);
    wh_stream_state_release(&fresh);
    if (s != WH_OK && job->many)
        wh_wrap(err, "stream \"%s\"", name);
    return s;
}

static enum wh_status run_streams(struct wh_job *job, const struct selection *sel, struct wh_job_result *out,
                                  struct wh_error *err)
{
    size_t n = sel->only != NULL ? 1 : sel->n_infos, n_states = 0;
    struct wh_stream_state *states = NULL;
    out->streams = wh_alloc_array(n, sizeof *out->streams);
    if (out->streams == NULL)
        return wh_nomem(err);
    if (job->resumed)
        WH_TRY(wh_store_load_streams(job->store, job->run.id, &states, &n_states, err));
    job->many = n > 1;
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        const struct wh_stream_info *info = sel->only != NULL ? NULL : &sel->infos[i];
        const char *name = sel->only != NULL ? sel->only : info->name;
        struct wh_stream_result *r = &out->streams[out->n_streams++];
        enum wh_status s = run_one(job, name, info, find_state(states, n_states, name), r, &r->error);
        add_counts(&out->counts, &r->counts);
        if (s == WH_OK)
            continue;
        wh_job_note(job, "error", "stream.failed", name, r->error.msg);
        if (failed++ == 0)
            *err = r->error;
        if (s == WH_CANCELLED)
            break;
    }
    for (size_t i = 0; i < n_states; i++)
        wh_stream_state_release(&states[i]);
    free(states);
    if (failed > 0)
        out->status = err->code == WH_CANCELLED ? WH_RUN_STOPPED
                      : failed < n              ? WH_RUN_PARTIAL
                                                : WH_RUN_FAILED;
    return failed > 0 ? err->code : WH_OK;
}

static enum wh_status run_job(struct wh_job *job, struct wh_job_result *out, struct wh_error *err)
{
    struct selection sel = {0};
    enum wh_status s = select_streams(job, &sel, err);
    if (s == WH_OK)
        s = run_streams(job, &sel, out, err);
    selection_release(&sel);
    return s;
}

static json_t *counts_json(const struct wh_counts *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "rows_read", (json_int_t)c->rows_read, "rows_written",
                     (json_int_t)c->rows_written, "rows_rejected", (json_int_t)c->rows_rejected,
                     "rows_filtered", (json_int_t)c->rows_filtered, "bytes_read", (json_int_t)c->bytes_read,
                     "bytes_written", (json_int_t)c->bytes_written);
}

char *wh_job_result_json(const struct wh_job_result *r)
{
    json_t *streams = json_array();
    for (size_t i = 0; i < r->n_streams; i++) {
        const struct wh_stream_result *s = &r->streams[i];
        json_t *j = counts_json(&s->counts);
        json_object_set_new(j, "name", json_string(s->name));
        json_object_set_new(j, "status", json_string(s->error.code == WH_OK ? "succeeded" : "failed"));
        json_object_set_new(j, "seconds", json_real((double)s->elapsed_us / 1e6));
        json_object_set_new(j, "bound_by", json_string(s->bound));
        json_object_set_new(j, "resumed", json_boolean(s->resumed));
        if (s->quarantine != NULL)
            json_object_set_new(j, "quarantine", json_string(s->quarantine));
        if (s->error.code != WH_OK)
            json_object_set_new(j, "error", json_string(s->error.msg));
        json_array_append_new(streams, j);
    }
    json_t *root = counts_json(&r->counts);
    json_object_set_new(root, "run_id", json_string(r->run_id));
    json_object_set_new(root, "status", json_string(wh_run_status_name(r->status)));
    json_object_set_new(root, "seconds", json_real((double)r->elapsed_us / 1e6));
    json_object_set_new(root, "peak_memory_bytes", json_integer(r->peak_memory_bytes));
    json_object_set_new(root, "streams", streams);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}

static int64_t peak_memory(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (int64_t)u.ru_maxrss * 1024 : 0;
}

static enum wh_status end_run(struct wh_job *job, struct wh_job_result *out, enum wh_status s,
                              struct wh_error *err)
{
    char *summary = wh_job_result_json(out);
    struct wh_error why = {0};
    enum wh_status saved =
        wh_store_end_run(job->store, job->run.id, out->status, s == WH_OK ? NULL : err, summary, &why);
    free(summary);
    if (s == WH_OK && saved != WH_OK) {
        *err = why;
        return saved;
    }
    return s;
}

static void tell_start(struct wh_job *job)
{
    char text[64];
    snprintf(text, sizeof text, "going on with run %s", job->run.id);
    wh_job_note(job, "info", job->resumed ? "run.resume" : "run.start", NULL,
                job->resumed ? text : job->spec->source);
}

/* The cause may go away without another command: no room, no rights, an error of the machine. */
static bool is_worth_resuming(const struct wh_job_result *r, enum wh_status s)
{
    return r->status == WH_RUN_PARTIAL || s == WH_CANCELLED || s == WH_IO || s == WH_LIMIT || s == WH_NOMEM ||
           s == WH_AUTH;
}

enum wh_status wh_job_run(struct wh_job_result *out, const struct wh_job_spec *spec, struct wh_store *store,
                          const struct wh_job_hooks *hooks, const _Atomic bool *cancelled,
                          struct wh_error *err)
{
    struct wh_job job = {.store = store, .hooks = hooks, .lock_fd = -1};
    int64_t started = wh_monotonic_us();
    *out = (struct wh_job_result){.status = WH_RUN_FAILED};
    enum wh_status s = open_job(&job, spec, cancelled, &out->side, err);
    bool begun = false;
    if (s == WH_OK) {
        s = begin_run(&job, err);
        begun = s == WH_OK;
    }
    if (begun) {
        snprintf(out->run_id, sizeof out->run_id, "%s", job.run.id);
        tell_start(&job);
        s = run_job(&job, out, err);
        if (s == WH_OK)
            out->status = WH_RUN_SUCCEEDED;
        else if (s == WH_CANCELLED)
            out->status = WH_RUN_STOPPED;
        out->can_resume = s != WH_OK && can_go_on(&job) && is_worth_resuming(out, s);
    }
    out->elapsed_us = wh_monotonic_us() - started;
    out->peak_memory_bytes = peak_memory();
    if (begun)
        s = end_run(&job, out, s, err);
    close_job(&job);
    return s;
}

enum wh_status wh_job_plan(char **text, const struct wh_job_spec *spec, const struct wh_job_hooks *hooks,
                           const _Atomic bool *cancelled, struct wh_error *err)
{
    struct wh_job job = {.hooks = hooks, .run = {.id = "plan", .epoch = 1}, .lock_fd = -1};
    struct selection sel = {0};
    struct wh_buffer out = {0};
    enum wh_side side;
    enum wh_status s = open_job(&job, spec, cancelled, &side, err);
    if (s == WH_OK)
        s = select_streams(&job, &sel, err);
    size_t n = sel.only != NULL ? 1 : sel.n_infos;
    job.many = n > 1;
    for (size_t i = 0; s == WH_OK && i < n; i++) {
        const struct wh_stream_info *info = sel.only != NULL ? NULL : &sel.infos[i];
        s = wh_stream_plan(&job, info == NULL ? sel.only : info->name, info, &out, err);
    }
    if (s == WH_OK)
        s = wh_buffer_take_text(text, &out, err);
    wh_buffer_release(&out);
    selection_release(&sel);
    close_job(&job);
    return s;
}

void wh_job_result_release(struct wh_job_result *r)
{
    for (size_t i = 0; i < r->n_streams; i++) {
        free(r->streams[i].name);
        free(r->streams[i].quarantine);
    }
    free(r->streams);
    *r = (struct wh_job_result){0};
}
