/* cli/spec_args.c - see cli/spec_args.h.
 *
 * An option without side goes to every side whose connector has it, but for "format", which means the result;
 * one that no side has is an error. Where an endpoint cannot be understood both sides take the option: the
 * job will say what is wrong with the endpoint. */
#include "cli/spec_args.h"

#include "base/mem.h"
#include "base/options.h"
#include "connector/registry.h"
#include "engine/rejects.h"

/* ---- options and their sides ---- */

struct side {
    const char *word;                     /* "source" */
    const struct wh_connector *connector; /* static; NULL: unknown */
    bool is_source;
    bool is_there;
    char ***options; /* the list to add to */
    size_t n;
};

static const struct wh_option *find_in(const struct wh_option *const *tables, const char *name)
{
    for (; tables != NULL && *tables != NULL; tables++)
        for (const struct wh_option *o = *tables; o->name != NULL; o++)
            if (strcmp(o->name, name) == 0)
                return o;
    return NULL;
}

static const struct wh_option *find_option(const struct side *s, const char *name)
{
    const struct wh_option *const both[] = {s->connector->options, NULL};
    const struct wh_option *o = find_in(both, name);
    if (o == NULL)
        o = find_in(s->is_source ? s->connector->source_options : s->connector->destination_options, name);
    return o;
}

/* Checks the value as the job will. */
static enum wh_status check_value(const struct side *s, const char *name, const char *value,
                                  struct wh_error *err)
{
    const struct wh_option *o = find_option(s, name);
    const struct wh_option table[] = {*o, {0}};
    const struct wh_option *const tables[] = {table, NULL};
    struct wh_config *cfg = NULL;
    WH_TRY(wh_config_new(&cfg, tables, err));
    enum wh_status st = wh_config_set(cfg, name, value, err);
    wh_config_free(cfg);
    return st;
}

static enum wh_status add_option(struct side *s, const char *name, const char *value, struct wh_error *err)
{
    if (s->connector != NULL)
        WH_TRY(check_value(s, name, value, err));
    char **list = wh_realloc_array(*s->options, s->n + 3, sizeof *list);
    if (list == NULL)
        return wh_nomem(err);
    *s->options = list;
    list[s->n] = list[s->n + 1] = list[s->n + 2] = NULL;
    WH_TRY(wh_strdup(&list[s->n], name, err));
    WH_TRY(wh_strdup(&list[s->n + 1], value, err));
    s->n += 2;
    return WH_OK;
}

static const char *name_of(const struct side *s)
{
    return s->connector == NULL ? "unknown" : s->connector->name;
}

static bool takes(const struct side *s, const char *name)
{
    return s->is_there && (s->connector == NULL || find_option(s, name) != NULL);
}

static enum wh_status no_side_has(const struct side *sides, const char *name, struct wh_error *err)
{
    const struct side *from = &sides[0], *to = &sides[1];
    if (!to->is_there || !from->is_there) {
        const struct side *one = from->is_there ? from : to;
        return wh_fail(err, WH_CONFIG, "the %s (%s) has no option --%s", one->word, name_of(one), name);
    }
    return wh_fail(err, WH_CONFIG, "neither the source (%s) nor the destination (%s) has an option --%s",
                   name_of(from), name_of(to), name);
}

static enum wh_status add_unsided(struct side *sides, const char *name, const char *value,
                                  struct wh_error *err)
{
    bool taken = false, is_format = strcmp(name, "format") == 0;
    for (int i = 0; i < 2; i++) {
        bool meant = !is_format || i == 1 || !sides[1].is_there;
        if (!meant || !takes(&sides[i], name))
            continue;
        WH_TRY(add_option(&sides[i], name, value, err));
        taken = true;
    }
    if (taken)
        return WH_OK;
    if (is_format && takes(&sides[0], name)) {
        wh_fail(err, WH_CONFIG, "the destination (%s) has no option --format", name_of(&sides[1]));
        return wh_hint(err, "--source-format names the format of the source");
    }
    no_side_has(sides, name, err);
    return wh_hint(err, "`wherry help connectors` lists the options of each");
}

static enum wh_status add_sided(struct side *s, const char *name, const char *value, struct wh_error *err)
{
    if (!s->is_there)
        return wh_fail(err, WH_CONFIG, "there is no %s that could take --%s", s->word, name);
    if (takes(s, name))
        return add_option(s, name, value, err);
    wh_fail(err, WH_CONFIG, "the %s (%s) has no option --%s", s->word, name_of(s), name);
    return wh_hint(err, "`wherry help connectors %s` lists its options", name_of(s));
}

static enum wh_status share_options(struct side *sides, const struct wh_args *a, struct wh_error *err)
{
    const char *const *list = wh_args_options(a, WH_ARGS_BOTH);
    for (size_t i = 0; list != NULL && list[i] != NULL; i += 2)
        WH_TRY(add_unsided(sides, list[i], list[i + 1], err));
    static const enum wh_args_side names[] = {WH_ARGS_SOURCE, WH_ARGS_DESTINATION};
    for (int s = 0; s < 2; s++) {
        list = wh_args_options(a, names[s]);
        for (size_t i = 0; list != NULL && list[i] != NULL; i += 2)
            WH_TRY(add_sided(&sides[s], list[i], list[i + 1], err));
    }
    return WH_OK;
}

static enum wh_status connector_of(const struct wh_connector **out, const char *uri, struct wh_error *err)
{
    struct wh_endpoint e;
    *out = NULL;
    if (uri == NULL)
        return WH_OK;
    if (wh_endpoint_parse(&e, uri, err) != WH_OK)
        return err->code == WH_NOMEM ? err->code : WH_OK;
    *out = e.connector;
    wh_endpoint_release(&e);
    return WH_OK;
}

static enum wh_status read_options(struct wh_args_spec *out, const struct wh_args *a, struct wh_error *err)
{
    const struct wh_job_spec *spec = &out->spec;
    const struct wh_connector *source, *destination;
    WH_TRY(connector_of(&source, spec->source, err));
    WH_TRY(connector_of(&destination, spec->destination, err));
    struct side sides[] = {
        {"source", source, true, spec->source != NULL, &out->source_options, 0},
        {"destination", destination, false, spec->destination != NULL, &out->destination_options, 0},
    };
    WH_TRY(share_options(sides, a, err));
    out->spec.source_options = (const char *const *)out->source_options;
    out->spec.destination_options = (const char *const *)out->destination_options;
    return WH_OK;
}

/* ---- flags ---- */

/* The argument, or the flag; both is one too many. A stream without an end is the end itself, as Sling's
 * --src-stream file://orders.csv. */
static enum wh_status read_end(const char **end, const char **stream, const char *argument, const char *flag,
                               const char *const names[2], struct wh_error *err)
{
    if (argument != NULL && flag != NULL)
        return wh_fail(err, WH_CONFIG, "the %s is given twice: \"%s\" and --%s \"%s\"", names[0], argument,
                       names[1], flag);
    *end = argument != NULL ? argument : flag;
    if (*end == NULL) {
        *end = *stream;
        *stream = NULL;
    }
    return WH_OK;
}

static enum wh_status read_ends(struct wh_job_spec *spec, const struct wh_args *a, struct wh_error *err)
{
    static const char *const source_names[] = {"source", "source"}, *const dest_names[] = {"destination",
                                                                                           "dest"};
    const char *from = wh_args_text(a, "source"), *first = wh_args_at(a, 0), *second = wh_args_at(a, 1);
    if (from != NULL && first != NULL && second == NULL) { /* --source X DESTINATION */
        second = first;
        first = NULL;
    }
    spec->source_stream = wh_args_text(a, "source-table");
    spec->destination_stream = wh_args_text(a, "dest-table");
    WH_TRY(read_end(&spec->source, &spec->source_stream, first, from, source_names, err));
    WH_TRY(read_end(&spec->destination, &spec->destination_stream, second, wh_args_text(a, "dest"),
                    dest_names, err));
    if (spec->source != NULL && spec->destination != NULL)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "wherry copy needs a source and a destination%s",
            spec->source != NULL ? ": the destination is missing" : "");
    return wh_hint(err, "for example `wherry copy orders.csv orders.parquet`");
}

static enum wh_write_mode mode_of(const char *name)
{
    for (size_t i = 0; wh_write_mode_names[i] != NULL; i++)
        if (strcmp(wh_write_mode_names[i], name) == 0)
            return (enum wh_write_mode)i;
    return WH_REPLACE; /* overwrite, full-refresh */
}

static void read_shape(struct wh_job_spec *spec, const struct wh_args *a)
{
    spec->where = wh_args_text(a, "where");
    spec->select = wh_args_list(a, "select");
    spec->columns = wh_args_text(a, "columns");
    spec->limit_rows = wh_args_int(a, "limit");
}

enum wh_status wh_args_to_spec(struct wh_args_spec *out, const struct wh_args *a, struct wh_error *err)
{
    struct wh_job_spec *spec = &out->spec;
    struct wh_reject_limit limit;
    *out = (struct wh_args_spec){.spec = wh_job_spec_default};
    WH_TRY(read_ends(spec, a, err));
    read_shape(spec, a);
    spec->mode = mode_of(wh_args_text(a, "mode"));
    spec->primary_key = wh_args_list(a, "primary-key");
    spec->max_rejects = wh_args_text(a, "max-rejects");
    spec->jobs = (int)WH_MIN(wh_args_int(a, "jobs"), 256);
    spec->memory_bytes = wh_args_int(a, "memory");
    spec->chunk_bytes = wh_args_int(a, "chunk-size");
    spec->checkpoint_ms = wh_args_int(a, "checkpoint-interval");
    spec->fresh = wh_args_has(a, "fresh");
    WH_TRY(wh_reject_limit_parse(&limit, spec->max_rejects, err));
    return read_options(out, a, err);
}

enum wh_status wh_args_to_source(struct wh_args_spec *out, const struct wh_args *a, struct wh_error *err)
{
    *out = (struct wh_args_spec){.spec = wh_job_spec_default};
    out->spec.source = wh_args_at(a, 0);
    read_shape(&out->spec, a);
    return read_options(out, a, err);
}

void wh_args_spec_release(struct wh_args_spec *s)
{
    wh_strv_free(s->source_options);
    wh_strv_free(s->destination_options);
    *s = (struct wh_args_spec){0};
}
