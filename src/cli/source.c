/* cli/source.c - see cli/source.h. */
#include "cli/source.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/options.h"
#include "cli/log.h"
#include "cli/signals.h"
#include "engine/look.h"

static void show_note(struct wh_context *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void show_note(struct wh_context *ctx, const char *fmt, ...)
{
    (void)ctx;
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    wh_log(WH_LOG_INFO, "data.note", NULL, NULL, text);
}

enum wh_status wh_source_open(struct wh_ends *e, const struct wh_job_spec *spec, struct wh_error *err)
{
    enum wh_side side;
    *e = (struct wh_ends){.context = {.cancelled = wh_signals_install(), .note = show_note}};
    return wh_ends_open(e, spec, &side, err);
}

static enum wh_status no_such_stream(const char *wanted, const struct wh_stream_info *infos, size_t n,
                                     struct wh_error *err)
{
    wh_fail(err, WH_CONFIG, "the source has no stream \"%s\"", wanted);
    const char **names = wh_alloc_array(n + 1, sizeof *names);
    if (names == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++)
        names[i] = infos[i].name;
    const char *nearest = wh_nearest(wanted, names);
    if (nearest != NULL)
        wh_hint(err, "did you mean \"%s\"?", nearest);
    else if (n > 0)
        wh_hint(err, "it has %zu, the first is \"%s\"", n, names[0]);
    free(names);
    return err->code;
}

/* Keeps the stream of that name, else those that fit it as a pattern. */
static enum wh_status keep_matching(struct wh_stream_info *infos, size_t *n, const char *wanted,
                                    struct wh_error *err)
{
    bool exact = false, any = false;
    for (size_t i = 0; i < *n; i++) {
        exact = exact || strcmp(infos[i].name, wanted) == 0;
        any = any || fnmatch(wanted, infos[i].name, 0) == 0;
    }
    if (!exact && !any)
        return no_such_stream(wanted, infos, *n, err);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (exact ? strcmp(infos[i].name, wanted) == 0 : fnmatch(wanted, infos[i].name, 0) == 0)
            infos[kept++] = infos[i];
        else
            wh_stream_info_release(&infos[i]);
    }
    *n = kept;
    return WH_OK;
}

/* A query is no stream that discover knows: its result says what it is. */
static enum wh_status query_info(struct wh_ends *e, const char *query, struct wh_stream_info **out, size_t *n,
                                 struct wh_error *err)
{
    struct wh_look look = {0};
    const struct wh_look_request req = {.name = query, .config = e->source_config};
    struct wh_stream_info *info = wh_alloc(sizeof *info);
    if (info == NULL)
        return wh_nomem(err);
    enum wh_status s = wh_look_open(&look, e->source, &req, err);
    if (s == WH_OK)
        s = wh_strdup(&info->name, query, err);
    if (s == WH_OK)
        s = wh_schema_copy(&info->schema, &look.stream->schema, err);
    if (s == WH_OK) {
        info->rows = look.stream->rows;
        info->bytes = look.stream->bytes;
    }
    wh_look_close(&look);
    if (s != WH_OK) {
        wh_stream_infos_free(info, 1);
        return s;
    }
    *out = info;
    *n = 1;
    return WH_OK;
}

enum wh_status wh_source_streams(struct wh_ends *e, struct wh_stream_info **out, size_t *n,
                                 struct wh_error *err)
{
    const char *wanted = e->source_at.stream;
    if (wanted != NULL && strncmp(wanted, "query:", 6) == 0)
        return query_info(e, wanted, out, n, err);
    WH_TRY(e->source->type->source->discover(e->source, out, n, err));
    enum wh_status s = wanted == NULL ? WH_OK : keep_matching(*out, n, wanted, err);
    if (s != WH_OK)
        wh_stream_infos_free(*out, *n);
    return s;
}
