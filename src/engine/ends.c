/* engine/ends.c - see engine/ends.h. */
#include "engine/ends.h"

#include <sched.h>

#include "base/mem.h"
#include "base/options.h"

#define MAX_TABLES 16
#define MIN_CHUNK_BYTES ((int64_t)1 << 20)
#define MAX_CHUNK_BYTES ((int64_t)12 << 20)
/* Parts of the memory that one chunk's bytes may take: bytes, columns and encoded form of each chunk under
 * way, and sealed ones that wait. */
#define CHUNK_SHARE 3
#define MEMORY_PER_JOB ((int64_t)32 << 20) /* and once for everything else */
#define MOST_DEFAULT_MEMORY ((int64_t)256 << 20)

int wh_cpu_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static enum wh_status make_config(struct wh_config **out, const struct wh_endpoint *at, bool is_source,
                                  const char *const *options, struct wh_error *err)
{
    const struct wh_option *tables[MAX_TABLES + 1] = {NULL};
    size_t n = 0;
    if (at->connector->options != NULL)
        tables[n++] = at->connector->options;
    const struct wh_option *const *more =
        is_source ? at->connector->source_options : at->connector->destination_options;
    for (; more != NULL && *more != NULL && n < MAX_TABLES; more++)
        tables[n++] = *more;
    WH_TRY(wh_config_new(out, tables, err));
    if (at->format != NULL)
        WH_TRY(wh_config_set(*out, "format", at->format, err));
    for (size_t i = 0; at->options != NULL && at->options[i] != NULL; i += 2)
        WH_TRY(wh_config_set(*out, at->options[i], at->options[i + 1], err));
    for (size_t i = 0; options != NULL && options[i] != NULL; i += 2)
        WH_TRY(wh_config_set(*out, options[i], options[i + 1], err));
    return WH_OK;
}

/* Workers and memory depend on each other; what is not given follows from the other. */
static void size_work(struct wh_ends *e, const struct wh_job_spec *spec)
{
    int64_t most_memory = spec->memory_bytes > 0 ? spec->memory_bytes : MOST_DEFAULT_MEMORY;
    int most_jobs = (int)WH_MAX(1, WH_MIN(most_memory / MEMORY_PER_JOB - 1, 256));
    int cores = wh_cpu_count();
    e->context.jobs = spec->jobs > 0 ? spec->jobs : WH_MIN(cores, most_jobs);
    int64_t memory = spec->memory_bytes > 0 ? spec->memory_bytes : MEMORY_PER_JOB * (e->context.jobs + 1);
    e->budget.limit_bytes = memory;
    e->context.budget = &e->budget;
    int64_t chunk = memory / CHUNK_SHARE / e->context.jobs;
    e->context.chunk_bytes =
        spec->chunk_bytes > 0 ? spec->chunk_bytes : WH_MAX(MIN_CHUNK_BYTES, WH_MIN(chunk, MAX_CHUNK_BYTES));
}

static enum wh_status replace_stream(struct wh_endpoint *at, const char *stream, struct wh_error *err)
{
    if (stream == NULL)
        return WH_OK;
    free(at->stream);
    at->stream = NULL;
    return wh_strdup(&at->stream, stream, err);
}

static enum wh_status open_source(struct wh_ends *e, const struct wh_job_spec *spec, struct wh_error *err)
{
    WH_TRY(wh_endpoint_parse(&e->source_at, spec->source, err));
    WH_TRY(replace_stream(&e->source_at, spec->source_stream, err));
    const struct wh_connector *c = e->source_at.connector;
    if (c->source == NULL)
        return wh_fail(err, WH_CONFIG, "%s cannot be a source", c->name);
    WH_TRY(make_config(&e->source_config, &e->source_at, true, spec->source_options, err));
    WH_TRY(c->source->open(&e->source, e->source_at.location, e->source_config, &e->context, err));
    e->source->type = c;
    return WH_OK;
}

static enum wh_status open_destination(struct wh_ends *e, const struct wh_job_spec *spec,
                                       struct wh_error *err)
{
    WH_TRY(wh_endpoint_parse(&e->destination_at, spec->destination, err));
    WH_TRY(replace_stream(&e->destination_at, spec->destination_stream, err));
    const struct wh_connector *c = e->destination_at.connector;
    if (c->destination == NULL)
        return wh_fail(err, WH_CONFIG, "%s cannot be a destination", c->name);
    WH_TRY(make_config(&e->destination_config, &e->destination_at, false, spec->destination_options, err));
    WH_TRY(c->destination->open(&e->destination, e->destination_at.location, e->destination_config,
                                &e->context, err));
    e->destination->type = c;
    return WH_OK;
}

enum wh_status wh_ends_open(struct wh_ends *e, const struct wh_job_spec *spec, enum wh_side *side,
                            struct wh_error *err)
{
    size_work(e, spec);
    *side = WH_SIDE_SOURCE;
    if (spec->source != NULL && open_source(e, spec, err) != WH_OK)
        return wh_wrap(err, "source \"%s\"", spec->source);
    *side = WH_SIDE_DESTINATION;
    if (spec->destination != NULL && open_destination(e, spec, err) != WH_OK)
        return wh_wrap(err, "destination \"%s\"", spec->destination);
    return WH_OK;
}

void wh_ends_close(struct wh_ends *e)
{
    if (e->source != NULL)
        e->source->type->source->close(e->source);
    if (e->destination != NULL)
        e->destination->type->destination->close(e->destination);
    wh_config_free(e->source_config);
    wh_config_free(e->destination_config);
    wh_endpoint_release(&e->source_at);
    wh_endpoint_release(&e->destination_at);
    e->source = NULL;
    e->destination = NULL;
    e->source_config = e->destination_config = NULL;
}
