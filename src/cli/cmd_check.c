/* cli/cmd_check.c - wherry check: what a URI is, and whether it can be read and written. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/source.h"
#include "cli/spec_args.h"
#include "cli/units.h"

static void fact(const char *name, const char *text)
{
    printf("%-10s ", name);
    wh_print_clean(stdout, text);
    putchar('\n');
}

static void fact_no(const char *name, const struct wh_error *err)
{
    char text[sizeof err->msg + 8];
    snprintf(text, sizeof text, "no: %s", err->msg);
    fact(name, text);
    if (err->hint[0] != '\0')
        fact("", err->hint);
}

static void describe_streams(const struct wh_stream_info *infos, size_t n)
{
    char text[512], rows[WH_UNITS_TEXT];
    snprintf(text, sizeof text, "yes, %zu streams", n);
    if (n == 1) {
        wh_units_exact(rows, sizeof rows, infos[0].rows);
        snprintf(text, sizeof text, "yes, \"%s\" with %zu column%s%s%s%s", infos[0].name,
                 infos[0].schema.n_fields, infos[0].schema.n_fields == 1 ? "" : "s",
                 infos[0].rows >= 0 ? ", about " : "", infos[0].rows >= 0 ? rows : "",
                 infos[0].rows < 0    ? ""
                 : infos[0].rows == 1 ? " row"
                                      : " rows");
    }
    fact("readable", text);
}

static enum wh_status check_source(const struct wh_job_spec *spec, struct wh_error *err)
{
    struct wh_ends e = {0};
    struct wh_stream_info *infos = NULL;
    size_t n = 0;
    enum wh_status s = wh_source_open(&e, spec, err);
    bool one_pass = s == WH_OK && (e.source->type->source->flags(e.source) & WH_ONE_PASS) != 0;
    if (one_pass) {
        fact("readable", "yes, once: it is a pipe");
    } else if (s == WH_OK) {
        s = wh_source_streams(&e, &infos, &n, err);
        if (s == WH_OK) {
            describe_streams(infos, n);
            wh_stream_infos_free(infos, n);
        }
    }
    wh_ends_close(&e);
    return s;
}

static enum wh_status check_destination(const struct wh_job_spec *spec, struct wh_error *err)
{
    struct wh_ends e = {0};
    struct wh_job_spec only = wh_job_spec_default;
    only.destination = spec->source;
    enum wh_status s = wh_source_open(&e, &only, err);
    if (s == WH_OK)
        s = e.destination->type->destination->check(e.destination, err);
    wh_ends_close(&e);
    if (s == WH_OK)
        fact("writable", "yes");
    return s;
}

/* Which sides are asked for, and how it went. */
struct outcome {
    bool source, destination;
    struct wh_error source_error, destination_error;
};

static void check_sides(struct outcome *o, const struct wh_endpoint *at, const struct wh_job_spec *spec)
{
    char text[128];
    snprintf(text, sizeof text, "%s (%s)", at->connector->name, at->connector->label);
    fact("connector", text);
    fact("location", at->location);
    if (at->stream != NULL)
        fact("stream", at->stream);
    if (o->source) {
        enum wh_status s = at->connector->source != NULL
                               ? check_source(spec, &o->source_error)
                               : wh_fail(&o->source_error, WH_CONFIG, "%s is no source", at->connector->name);
        if (s != WH_OK)
            fact_no("readable", &o->source_error);
    }
    if (o->destination) {
        enum wh_status s =
            at->connector->destination != NULL
                ? check_destination(spec, &o->destination_error)
                : wh_fail(&o->destination_error, WH_CONFIG, "%s is no destination", at->connector->name);
        if (s != WH_OK)
            fact_no("writable", &o->destination_error);
    }
}

static int check(const struct wh_args *args, const struct wh_job_spec *spec, struct wh_error *err)
{
    struct wh_endpoint at;
    const char *as = wh_args_text(args, "as");
    struct outcome o = {.source = strcmp(as, "destination") != 0, .destination = strcmp(as, "source") != 0};
    if (wh_endpoint_parse(&at, spec->source, err) != WH_OK) {
        wh_print_error(err);
        return wh_exit_of(err, WH_SIDE_NONE);
    }
    check_sides(&o, &at, spec);
    wh_endpoint_release(&at);
    bool readable = o.source && o.source_error.code == WH_OK;
    bool writable = o.destination && o.destination_error.code == WH_OK;
    if (readable || writable)
        return WH_EXIT_OK;
    return o.source ? wh_exit_of(&o.source_error, WH_SIDE_SOURCE)
                    : wh_exit_of(&o.destination_error, WH_SIDE_DESTINATION);
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_args_spec s;
    int code;
    if (wh_args_to_source(&s, args, &err) != WH_OK)
        code = wh_usage_error(&err);
    else
        code = check(args, &s.spec, &err);
    wh_args_spec_release(&s);
    return code;
}

static const struct wh_flag flags[] = {
    {.name = "as",
     .kind = WH_FLAG_ENUM,
     .value = "any|source|destination",
     .fallback = "any",
     .help = "What it has to be good for; any: the exit code is 0 when it can be read or written"},
    {0},
};

const struct wh_command wh_command_check = {
    .name = "check",
    .usage = "URI",
    .summary = "Open a source or destination and say what it is and whether it can be read and written",
    .text = "Nothing is written. The exit code says whether it can be used.",
    .examples = "wherry check sqlite:///shop.db\nwherry check lake/orders/ --as destination",
    .min_args = 1,
    .max_args = 1,
    .takes_connector_options = true,
    .flags = flags,
    .run = run,
};
