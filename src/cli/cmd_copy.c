/* cli/cmd_copy.c - wherry copy. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/run_job.h"
#include "cli/signals.h"
#include "cli/spec_args.h"
#include "engine/chunk_plan.h"

static void note(void *self, const char *level, const char *event, const char *stream, const char *text)
{
    (void)self;
    wh_log(strcmp(level, "warn") == 0 ? WH_LOG_WARN : WH_LOG_INFO, event, NULL, stream, text);
}

static const struct wh_job_hooks plan_hooks = {.note = note};

static int dry_run(const struct wh_job_spec *spec)
{
    struct wh_error err = {0};
    char *text = NULL;
    if (wh_job_plan(&text, spec, &plan_hooks, wh_signals_install(), &err) != WH_OK) {
        wh_print_error(&err);
        return wh_exit_of(&err, WH_SIDE_NONE);
    }
    fputs(text, stdout);
    free(text);
    return WH_EXIT_OK;
}

static int write_plan(const struct wh_job_spec *spec, const char *path)
{
    struct wh_error err = {0};
    size_t n_chunks = 0;
    if (wh_chunk_plan_make(path, &n_chunks, spec, &plan_hooks, wh_signals_install(), &err) != WH_OK) {
        wh_print_error(&err);
        return wh_exit_of(&err, WH_SIDE_NONE);
    }
    char text[256];
    snprintf(text, sizeof text, "%zu chunks; work each with `wherry run-chunk %.120s SEQ`, then --finish",
             n_chunks, path);
    wh_log(WH_LOG_INFO, "plan.written", NULL, NULL, text);
    return WH_EXIT_OK;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_args_spec s;
    int code;
    if (wh_args_to_spec(&s, args, &err) != WH_OK)
        code = wh_usage_error(&err);
    else if (wh_args_text(args, "plan-out") != NULL)
        code = write_plan(&s.spec, wh_args_text(args, "plan-out"));
    else if (wh_args_has(args, "dry-run"))
        code = dry_run(&s.spec);
    else
        code = wh_run_job(args, &s.spec, NULL);
    wh_args_spec_release(&s);
    return code;
}

static const struct wh_flag flags[] = {
    {.name = "mode",
     .kind = WH_FLAG_ENUM,
     .value = "replace|truncate|append|merge",
     .fallback = "replace",
     .also = "overwrite|full-refresh",
     .help =
         "What happens to what is there: replaced in one step, emptied first, added to, or updated by key"},
    {.name = "primary-key", .kind = WH_FLAG_LIST, .help = "Key columns; else those of the source"},
    {.name = "where",
     .kind = WH_FLAG_TEXT,
     .value = "CONDITION",
     .help = "Copy only rows for which this is true: \"total > 10 and country = 'AT'\""},
    {.name = "select",
     .kind = WH_FLAG_LIST,
     .help = "Columns to copy, in this order; -name leaves a column out"},
    {.name = "columns",
     .kind = WH_FLAG_SCHEMA,
     .help = "Types of columns; a value that does not fit exactly is rejected"},
    {.name = "limit", .kind = WH_FLAG_INT, .value = "ROWS", .help = "Copy no more rows than this"},
    {.name = "max-rejects",
     .kind = WH_FLAG_TEXT,
     .value = "N|X%",
     .fallback = "0",
     .help = "Rows that may be rejected before the run fails, or their share of the rows read"},
    {.name = "dry-run",
     .kind = WH_FLAG_SWITCH,
     .help = "Say what would be read, created and written, and what is promised; touch nothing"},
    {.name = "plan-out",
     .kind = WH_FLAG_TEXT,
     .value = "FILE",
     .help = "Copy nothing, but write a plan of chunks for `wherry run-chunk`"},
    {.name = "fresh", .kind = WH_FLAG_SWITCH, .help = "Start anew although an interrupted run could go on"},
    {.name = "source-table",
     .kind = WH_FLAG_TEXT,
     .value = "NAME",
     .help = "Stream of the source, as behind #"},
    {.name = "dest-table",
     .kind = WH_FLAG_TEXT,
     .value = "NAME",
     .help = "Table of the destination, as behind #"},
    {.name = "source",
     .kind = WH_FLAG_TEXT,
     .value = "URI",
     .help = "The source, instead of the first argument"},
    {.name = "dest",
     .kind = WH_FLAG_TEXT,
     .value = "URI",
     .help = "The destination, instead of the second argument"},
    {.name = "jobs",
     .letter = 'j',
     .kind = WH_FLAG_INT,
     .fallback = "0",
     .help = "Workers; 0: one for each core, as far as the memory reaches"},
    {.name = "memory",
     .kind = WH_FLAG_SIZE,
     .fallback = "0",
     .help =
         "Most memory for batches, pages and other large things; 0: 32MiB, and 32MiB more for each worker"},
    {.name = "chunk-size",
     .kind = WH_FLAG_SIZE,
     .fallback = "0",
     .help = "Bytes of the source in a chunk of work; 0: by memory and workers"},
    {.name = "checkpoint-interval",
     .kind = WH_FLAG_DURATION,
     .fallback = "5s",
     .help = "Time between two states that a killed run can go on from"},
    WH_RUN_FLAGS,
    {.name = "source-uri", .kind = WH_FLAG_TEXT, .same_as = "source"}, /* ingestr */
    {.name = "dest-uri", .kind = WH_FLAG_TEXT, .same_as = "dest"},
    {.name = "incremental-strategy", .kind = WH_FLAG_ENUM, .same_as = "mode"},
    {.name = "full-refresh", .kind = WH_FLAG_SWITCH, .same_as = "fresh"},
    {.name = "src-conn", .kind = WH_FLAG_TEXT, .same_as = "source"}, /* Sling */
    {.name = "src-stream", .kind = WH_FLAG_TEXT, .same_as = "source-table"},
    {.name = "tgt-conn", .kind = WH_FLAG_TEXT, .same_as = "dest"},
    {.name = "tgt-object", .kind = WH_FLAG_TEXT, .same_as = "dest-table"},
    {.name = "target", .kind = WH_FLAG_TEXT, .same_as = "dest"}, /* pgcopydb */
    {.name = "source-stream", .kind = WH_FLAG_TEXT, .same_as = "source-table"},
    {.name = "dest-stream", .kind = WH_FLAG_TEXT, .same_as = "dest-table"},
    {.name = "destination", .kind = WH_FLAG_TEXT, .same_as = "dest"},
    {.name = "threads", .kind = WH_FLAG_INT, .same_as = "jobs"},
    {.name = "checkpoint", .kind = WH_FLAG_DURATION, .same_as = "checkpoint-interval"},
    {0},
};

const struct wh_command wh_command_copy = {
    .name = "copy",
    .usage = "SOURCE DESTINATION",
    .summary = "Copy a source to a destination",
    .text = "Every value arrives exactly or its row is rejected with a reason; nothing is visible before "
            "everything is "
            "there. A run that was stopped, by Ctrl-C, a crash or a full disk, goes on where it was when the "
            "same command "
            "is given again.\n"
            "\n"
            "The formats of files are known by suffix or content; --source-format and --format name them "
            "(csv, jsonl, "
            "parquet). A destination with / behind is a folder of files with a manifest.",
    .examples = "wherry copy orders.csv orders.parquet\n"
                "wherry copy 'logs/*.jsonl.gz' lake/logs/ --format parquet\n"
                "wherry copy sqlite:///shop.db#orders orders.parquet --where 'total > 10' --select id,total\n"
                "wherry copy sqlite:///shop.db out/ --format csv\n"
                "wherry copy lake/orders/ sqlite:///copy.db#orders --mode merge --primary-key id\n"
                "cat x.csv | wherry copy - - --source-format csv --format jsonl | head",
    .max_args = 2,
    .takes_connector_options = true,
    .flags = flags,
    .run = run,
};
