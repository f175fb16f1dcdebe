/* cli/exit.h - exit codes; stable. docs/exit-codes.md is made from the table. */
#pragma once
#include "engine/job.h"

enum wh_exit {
    WH_EXIT_OK = 0,
    WH_EXIT_FAILED = 1,
    WH_EXIT_USAGE = 2,
    WH_EXIT_PARTIAL = 3,
    WH_EXIT_REJECTS = 5,
    WH_EXIT_SOURCE = 6,
    WH_EXIT_DESTINATION = 7,
    WH_EXIT_BUSY = 9,
    WH_EXIT_INTERNAL = 12,
    WH_EXIT_RETRY = 75,
    WH_EXIT_CONFIG = 78,
    WH_EXIT_SIGINT = 130,
    WH_EXIT_PIPE = 141, /* what a shell says of a program that SIGPIPE ends */
    WH_EXIT_SIGTERM = 143,
};

struct wh_exit_text {
    enum wh_exit code;
    const char *meaning; /* one line without full stop */
    const char *next;    /* what to do, without full stop */
};
/* All codes, ascending; ends with meaning NULL. */
extern const struct wh_exit_text wh_exit_texts[];

/* Prints "error: ..." and "hint: ..." on stderr, by the chosen log format. */
void wh_print_error(const struct wh_error *err);
/* The same for a wrong command line; returns WH_EXIT_USAGE. */
int wh_usage_error(const struct wh_error *err);
/* Of an error outside a job; usage errors of the command line are WH_EXIT_USAGE by themselves. */
int wh_exit_of(const struct wh_error *err, enum wh_side side);
/* Of a finished job. */
int wh_exit_of_job(const struct wh_job_result *r, const struct wh_error *err);
