/* cli/cmd_run_chunk.c - wherry run-chunk: works chunks of a plan, and ends it. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/plan_args.h"
#include "cli/signals.h"
#include "cli/units.h"

static void note(void *self, const char *level, const char *event, const char *stream, const char *text)
{
    (void)self;
    (void)level;
    wh_log(WH_LOG_INFO, event, NULL, stream, text);
}

static const struct wh_job_hooks hooks = {.note = note};

static void tell(const char *event, const char *what, const struct wh_counts *c)
{
    char read[WH_UNITS_TEXT], written[WH_UNITS_TEXT], rejected[WH_UNITS_TEXT], text[256];
    wh_units_exact(read, sizeof read, c->rows_read);
    wh_units_exact(written, sizeof written, c->rows_written);
    wh_units_exact(rejected, sizeof rejected, c->rows_rejected);
    snprintf(text, sizeof text, "%s: %s rows read, %s written, %s rejected", what, read, written, rejected);
    wh_log(WH_LOG_INFO, event, NULL, NULL, text);
}

static enum wh_status run_chunk(const struct wh_chunk_plan *p, const char *word, enum wh_side *side,
                                struct wh_error *err)
{
    int64_t seq;
    struct wh_counts c;
    char what[64];
    if (!wh_parse_i64((struct wh_slice){word, strlen(word)}, &seq)) {
        wh_fail(err, WH_CONFIG, "\"%s\" is no number of a chunk", word);
        return wh_hint(err, "`wherry chunks PLAN` lists them");
    }
    WH_TRY(wh_chunk_plan_run(p, seq, &c, &hooks, wh_signals_install(), side, err));
    snprintf(what, sizeof what, "chunk %lld", (long long)seq);
    tell("chunk.done", what, &c);
    return WH_OK;
}

static enum wh_status finish(const struct wh_chunk_plan *p, enum wh_side *side, struct wh_error *err)
{
    struct wh_counts c;
    int64_t files = 0;
    char what[64];
    WH_TRY(wh_chunk_plan_finish(p, &c, &files, wh_signals_install(), side, err));
    snprintf(what, sizeof what, "%zu chunks in %lld files", wh_chunk_plan_count(p), (long long)files);
    tell("plan.finished", what, &c);
    return WH_OK;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_chunk_plan *p = NULL;
    enum wh_side side = WH_SIDE_NONE;
    const char *seq = wh_args_at(args, 1);
    if ((seq != NULL) == wh_args_has(args, "finish")) {
        wh_fail(&err, WH_CONFIG, "wherry run-chunk needs either the number of a chunk or --finish");
        return wh_usage_error(&err);
    }
    enum wh_status s = wh_args_open_plan(&p, args, &err);
    if (s == WH_OK)
        s = seq != NULL ? run_chunk(p, seq, &side, &err) : finish(p, &side, &err);
    wh_chunk_plan_close(p);
    if (s == WH_OK)
        return WH_EXIT_OK;
    wh_print_error(&err);
    return wh_exit_of(&err, side);
}

static const struct wh_flag flags[] = {
    {.name = "finish",
     .kind = WH_FLAG_SWITCH,
     .help = "Check that every chunk is done and make the result visible in one step"},
    {0},
};

const struct wh_command wh_command_run_chunk = {
    .name = "run-chunk",
    .usage = "PLAN SEQ | PLAN --finish",
    .summary = "Work one chunk of a plan, or end a plan whose chunks are all done",
    .text = "Chunks may be worked in any order, by any number of processes at once, and again when it is not "
            "known "
            "whether one was done: the result is the same. Nothing is visible in the destination before "
            "--finish.",
    .examples = "wherry run-chunk plan.json 0\n"
                "wherry chunks plan.json -o json | jq .seq | xargs -P 4 -n 1 wherry run-chunk plan.json\n"
                "wherry run-chunk plan.json --finish",
    .min_args = 1,
    .max_args = 2,
    .flags = flags,
    .run = run,
};
