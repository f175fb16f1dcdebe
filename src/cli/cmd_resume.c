/* cli/cmd_resume.c - wherry resume. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/run_job.h"

/* The run, and whether it is the one that the same command would go on with. */
static enum wh_status find_run(const struct wh_args *args, struct wh_run *run, bool *done,
                               struct wh_error *err)
{
    struct wh_store *store = NULL;
    struct wh_run latest = {0};
    bool found = false;
    WH_TRY(wh_store_open(&store, wh_args_text(args, "home"), err));
    enum wh_status s = wh_store_get_run(store, wh_args_at(args, 0), run, err);
    *done = s == WH_OK && run->status == WH_RUN_SUCCEEDED;
    if (s == WH_OK && !*done)
        s = wh_store_find_unfinished(store, run->spec, &latest, &found, err);
    if (s == WH_OK && !*done && (!found || strcmp(latest.id, run->id) != 0)) {
        s = wh_fail(err, WH_CONFIG, "could not resume run %s: the same command has been run again since",
                    run->id);
        wh_hint(err, "`wherry runs` shows the later run");
    }
    wh_run_release(&latest);
    wh_store_close(store);
    return s;
}

static int resume(const struct wh_args *args, const struct wh_run *run)
{
    struct wh_saved_spec saved = {0};
    struct wh_error err = {0};
    enum wh_status s = wh_job_spec_load(&saved, run->spec, &err);
    int code;
    if (s == WH_OK) {
        saved.spec.jobs = (int)WH_MIN(wh_args_int(args, "jobs"), 256);
        saved.spec.memory_bytes = wh_args_int(args, "memory");
        code = wh_run_job(args, &saved.spec, wh_saved_spec_folder(&saved));
    } else {
        wh_print_error(&err);
        code = wh_exit_of(&err, WH_SIDE_NONE);
    }
    wh_saved_spec_release(&saved);
    return code;
}

static int run(const struct wh_args *args)
{
    struct wh_error err = {0};
    struct wh_run found = {0};
    bool done = false;
    int code = WH_EXIT_OK;
    if (find_run(args, &found, &done, &err) != WH_OK) {
        wh_print_error(&err);
        code = wh_exit_of(&err, WH_SIDE_NONE);
    } else if (done) {
        char text[64];
        snprintf(text, sizeof text, "run %s is finished: there is nothing to resume", found.id);
        wh_log(WH_LOG_INFO, "run.finished", found.id, NULL, text);
    } else {
        code = resume(args, &found);
    }
    wh_run_release(&found);
    return code;
}

static const struct wh_flag flags[] = {
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
    WH_RUN_FLAGS,
    {0},
};

const struct wh_command wh_command_resume = {
    .name = "resume",
    .usage = "RUN|last",
    .summary = "Go on with a run that was stopped or has failed",
    .text = "RUN is an id that `wherry runs` shows, or its first letters. The run goes on in the folder that "
            "it was "
            "started in. Giving the same `wherry copy` command again does the same.",
    .examples = "wherry resume last\nwherry resume 06h2 --progress log",
    .min_args = 1,
    .max_args = 1,
    .flags = flags,
    .run = run,
};
