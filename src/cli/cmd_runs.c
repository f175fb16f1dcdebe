/* cli/cmd_runs.c - wherry runs. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/table.h"
#include "cli/units.h"
#include "store/store.h"

#define MAX_URI_WIDTH 48

/* A run that no process works on any more was killed. */
static const char *status_of(const struct wh_run *r)
{
    bool dead = r->status == WH_RUN_RUNNING && kill((pid_t)r->pid, 0) != 0 && errno == ESRCH;
    return dead ? "interrupted" : wh_run_status_name(r->status);
}

static double seconds_of(const struct wh_run *r)
{
    int64_t end = r->finished_us > 0 ? r->finished_us : wh_now_us();
    return (double)(end - r->started_us) / 1e6;
}

static enum wh_status add_run(struct wh_table *t, const struct wh_run *r, struct wh_error *err)
{
    char started[WH_TIME_TEXT], took[WH_UNITS_TEXT] = "", rows[WH_UNITS_TEXT] = "";
    size_t n = wh_format_timestamp(started, r->started_us / 1000000 * 1000000, WH_MICRO, true);
    json_t *summary = r->summary == NULL ? NULL : json_loads(r->summary, 0, NULL);
    json_t *written = json_object_get(summary, "rows_written");
    if (written != NULL)
        wh_units_exact(rows, sizeof rows, json_integer_value(written));
    json_decref(summary);
    if (r->finished_us > 0 || strcmp(status_of(r), "running") == 0)
        wh_units_time(took, sizeof took, seconds_of(r));
    const char *const cells[] = {r->id, status_of(r), NULL, took, rows, r->source, r->destination};
    for (size_t i = 0; i < WH_COUNT(cells); i++)
        WH_TRY(cells[i] != NULL ? wh_table_add(t, cells[i], err)
                                : wh_table_add_slice(t, wh_slice(started, n), err));
    return WH_OK;
}

static enum wh_status print_table(const struct wh_run *runs, size_t n, struct wh_error *err)
{
    static const char *const head[] = {"run", "status", "started", "took", "rows", "source", "destination"};
    static const enum wh_table_align align[] = {WH_TABLE_LEFT,  WH_TABLE_LEFT, WH_TABLE_LEFT, WH_TABLE_RIGHT,
                                                WH_TABLE_RIGHT, WH_TABLE_LEFT, WH_TABLE_LEFT};
    struct wh_table t = {
        .n_columns = WH_COUNT(head), .align = align, .n_head = 1, .max_width = MAX_URI_WIDTH};
    enum wh_status s = WH_OK;
    for (size_t i = 0; s == WH_OK && i < WH_COUNT(head); i++)
        s = wh_table_add(&t, head[i], err);
    for (size_t i = 0; s == WH_OK && i < n; i++)
        s = add_run(&t, &runs[i], err);
    if (s == WH_OK && n == 0)
        puts("no runs yet");
    else if (s == WH_OK)
        wh_table_print(&t, stdout);
    wh_table_release(&t);
    return s;
}

static void set_time(json_t *j, const char *name, int64_t us)
{
    char text[WH_TIME_TEXT];
    size_t n = wh_format_timestamp(text, us, WH_MICRO, true);
    json_object_set_new(j, name, us == 0 ? json_null() : json_stringn(text, n));
}

static void set_text(json_t *j, const char *name, const char *text)
{
    json_object_set_new(j, name, text == NULL ? json_null() : json_string(text));
}

static json_t *run_json(const struct wh_run *r)
{
    json_t *j = json_object();
    set_text(j, "run_id", r->id);
    set_text(j, "status", status_of(r));
    set_text(j, "source", r->source);
    set_text(j, "destination", r->destination);
    set_time(j, "started", r->started_us);
    set_time(j, "finished", r->finished_us);
    json_object_set_new(j, "attempts", json_integer(r->epoch));
    json_object_set_new(j, "pid", json_integer(r->pid));
    set_text(j, "error", r->error);
    set_text(j, "error_class", r->error_class);
    set_text(j, "hint", r->hint);
    json_t *summary = r->summary == NULL ? json_null() : json_loads(r->summary, 0, NULL);
    json_object_set_new(j, "summary", summary);
    return j;
}

static enum wh_status print_json(const struct wh_run *runs, size_t n, struct wh_error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, run_json(&runs[i]));
    char *text = json_array_size(list) == n ? json_dumps(list, JSON_INDENT(2)) : NULL;
    json_decref(list);
    if (text == NULL)
        return wh_nomem(err);
    puts(text);
    free(text);
    return WH_OK;
}

static enum wh_status list(const struct wh_args *args, struct wh_error *err)
{
    struct wh_store *store = NULL;
    struct wh_run *runs = NULL;
    size_t n = 0;
    WH_TRY(wh_store_open(&store, wh_args_text(args, "home"), err));
    enum wh_status s = wh_store_list_runs(store, wh_args_int(args, "limit"), &runs, &n, err);
    wh_store_close(store);
    WH_TRY(s);
    bool json = strcmp(wh_args_text(args, "output"), "json") == 0;
    s = (json ? print_json : print_table)(runs, n, err);
    for (size_t i = 0; i < n; i++)
        wh_run_release(&runs[i]);
    free(runs);
    return s;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    if (list(args, &err) == WH_OK)
        return WH_EXIT_OK;
    wh_print_error(&err);
    return wh_exit_of(&err, WH_SIDE_NONE);
}

static const struct wh_flag flags[] = {
    {.name = "limit",
     .kind = WH_FLAG_INT,
     .value = "N",
     .fallback = "20",
     .help = "How many runs, newest first"},
    {.name = "output",
     .letter = 'o',
     .kind = WH_FLAG_ENUM,
     .value = "table|json",
     .fallback = "table",
     .help = "Form of the output"},
    {0},
};

const struct wh_command wh_command_runs = {
    .name = "runs",
    .usage = "",
    .summary = "List runs, newest first",
    .text =
        "An interrupted run is one whose process is gone; it can be resumed, as can stopped and failed ones.",
    .examples = "wherry runs\nwherry runs --limit 100 -o json",
    .flags = flags,
    .run = run,
};
