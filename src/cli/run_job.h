/* cli/run_job.h - a job run by a command: store, signals, progress, summary, exit code. */
#pragma once
#include "cli/command.h"
#include "engine/spec.h"

/* Flags of every command that runs a job: progress, summary. */
#define WH_RUN_FLAGS                                                                                         \
    {.name = "progress",                                                                                     \
     .kind = WH_FLAG_ENUM,                                                                                   \
     .value = "auto|none|bar|log|json",                                                                      \
     .fallback = "auto",                                                                                     \
     .help = "How progress is shown on standard error; auto: a line on a terminal, else one every 10 s"},    \
    {                                                                                                        \
        .name = "summary", .kind = WH_FLAG_TEXT, .value = "FILE",                                            \
        .help = "Write what was done to this file as JSON; - is standard output"                             \
    }

/* Runs the job to its end and tells the user; returns the exit code. folder: where relative paths of the spec
 * start, NULL: here; those of flags always start here. */
int wh_run_job(const struct wh_args *a, const struct wh_job_spec *spec, const char *folder);
