/* cli/cmd_logs.c - wherry logs. */
#include <jansson.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "store/store.h"

static enum wh_status print_text(void *self, const struct wh_log_record *l, struct wh_error *err)
{
    (void)self;
    (void)err;
    char ts[WH_TIME_TEXT];
    size_t n = wh_format_timestamp(ts, l->ts_us, WH_MICRO, true);
    printf("%.*s %-5s %-15s ", (int)n, ts, l->level, l->event);
    if (l->stream != NULL) {
        wh_print_clean(stdout, l->stream);
        fputs(": ", stdout);
    }
    wh_print_clean(stdout, l->text);
    putchar('\n');
    return WH_OK;
}

static enum wh_status print_json(void *self, const struct wh_log_record *l, struct wh_error *err)
{
    char ts[WH_TIME_TEXT];
    size_t n = wh_format_timestamp(ts, l->ts_us, WH_MICRO, true);
    json_t *j = json_pack("{s:s%, s:s, s:s?, s:s, s:s}", "ts", ts, n, "level", l->level, "msg", l->text,
                          "event", l->event, "run_id", (const char *)self);
    if (j != NULL && l->stream != NULL)
        json_object_set_new(j, "stream", json_string(l->stream));
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text == NULL)
        return wh_nomem(err);
    puts(text);
    free(text);
    return WH_OK;
}

/* The end of a run stands in its row of the store: it becomes a last line of the log. */
static enum wh_status print_end(const struct wh_run *r, bool json, struct wh_error *err)
{
    if (r->finished_us == 0)
        return WH_OK;
    char text[256];
    json_t *summary = r->summary == NULL ? NULL : json_loads(r->summary, 0, NULL);
    snprintf(text, sizeof text, "%s: %lld rows read, %lld written, %lld rejected, %lld filtered",
             wh_run_status_name(r->status),
             (long long)json_integer_value(json_object_get(summary, "rows_read")),
             (long long)json_integer_value(json_object_get(summary, "rows_written")),
             (long long)json_integer_value(json_object_get(summary, "rows_rejected")),
             (long long)json_integer_value(json_object_get(summary, "rows_filtered")));
    json_decref(summary);
    const char *level = r->error == NULL ? "info" : "error";
    const struct wh_log_record l = {r->finished_us, level, "run.end", NULL, text};
    return json ? print_json((char *)(uintptr_t)r->id, &l, err) : print_text(NULL, &l, err);
}

static void print_error(const struct wh_run *r)
{
    if (r->error == NULL)
        return;
    printf("error (%s): ", r->error_class == NULL ? "unknown" : r->error_class);
    wh_print_clean(stdout, r->error);
    putchar('\n');
    if (r->hint == NULL)
        return;
    fputs("hint: ", stdout);
    wh_print_clean(stdout, r->hint);
    putchar('\n');
}

static enum wh_status show(const struct wh_args *args, struct wh_error *err)
{
    struct wh_store *store = NULL;
    struct wh_run r = {0};
    bool json = strcmp(wh_args_text(args, "output"), "json") == 0;
    WH_TRY(wh_store_open(&store, wh_args_text(args, "home"), err));
    enum wh_status s = wh_store_get_run(store, wh_args_at(args, 0), &r, err);
    if (s == WH_OK)
        s = wh_store_read_log(store, r.id, json ? print_json : print_text, r.id, err);
    if (s == WH_OK)
        s = print_end(&r, json, err);
    if (s == WH_OK && !json)
        print_error(&r);
    wh_run_release(&r);
    wh_store_close(store);
    return s;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    if (show(args, &err) == WH_OK)
        return WH_EXIT_OK;
    wh_print_error(&err);
    return wh_exit_of(&err, WH_SIDE_NONE);
}

static const struct wh_flag flags[] = {
    {.name = "output",
     .letter = 'o',
     .kind = WH_FLAG_ENUM,
     .value = "text|json",
     .fallback = "text",
     .help = "Form of the output; json: an object a line"},
    {0},
};

const struct wh_command wh_command_logs = {
    .name = "logs",
    .usage = "RUN|last",
    .summary = "Show the log of a run and how it ended",
    .text = "RUN is an id that `wherry runs` shows, or its first letters.",
    .examples = "wherry logs last\nwherry logs 06h2 -o json",
    .min_args = 1,
    .max_args = 1,
    .flags = flags,
    .run = run,
};
