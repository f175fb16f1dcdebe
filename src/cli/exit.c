/* cli/exit.c - see cli/exit.h. */
#include "cli/exit.h"

#include <errno.h>
#include <signal.h>

#include "cli/log.h"
#include "cli/signals.h"

const struct wh_exit_text wh_exit_texts[] = {
    {WH_EXIT_OK, "Done; also: nothing was left to do", "Nothing"},
    {WH_EXIT_FAILED, "Failed for a reason that is neither the source's nor the destination's",
     "Read the error"},
    {WH_EXIT_USAGE, "The command line is wrong: unknown command or flag, missing argument, bad value",
     "Read the hint, or `wherry help COMMAND`"},
    {WH_EXIT_PARTIAL, "Some streams arrived, others failed",
     "Mend the cause and give the same command again: only the failed streams are copied"},
    {WH_EXIT_REJECTS, "More rows were rejected than --max-rejects allows; nothing of the stream is visible",
     "Read the reason, mend the data or the types, or allow more"},
    {WH_EXIT_SOURCE,
     "The source could not be read: damaged, changed while it was read, no rights, input error",
     "Mend the source and give the same command again"},
    {WH_EXIT_DESTINATION, "The destination could not be written: full, read-only, no rights, output error",
     "Make room or give rights and give the same command again: it goes on where it stopped"},
    {WH_EXIT_BUSY, "Another run is writing the same target, or the same command is running",
     "Wait for it; `wherry runs` shows it"},
    {WH_EXIT_INTERNAL, "A fault of wherry itself; nothing of the stream is visible",
     "Report it with the error text and `wherry logs last`"},
    {WH_EXIT_RETRY, "Failed for the moment: something was locked or busy",
     "Give the same command again later"},
    {WH_EXIT_CONFIG, "What was asked for cannot be: no such file, stream or column, a bad option of a URI",
     "Read the error and its hint"},
    {WH_EXIT_SIGINT, "Stopped by SIGINT (Ctrl-C) in a state that can go on", "`wherry resume last`"},
    {WH_EXIT_PIPE, "The reader of standard output has closed it, as in `| head`; nothing is said about it",
     "Nothing"},
    {WH_EXIT_SIGTERM, "Stopped by SIGTERM in a state that can go on", "`wherry resume last`"},
    {.meaning = NULL},
};

void wh_print_error(const struct wh_error *err)
{
    wh_log_error(NULL, NULL, err);
}

int wh_usage_error(const struct wh_error *err)
{
    wh_log_usage_error(err);
    return err->code == WH_NOMEM ? WH_EXIT_FAILED : WH_EXIT_USAGE;
}

/* Positions that do not agree are no other run's work. */
static int exit_of_state(const struct wh_error *err, int otherwise)
{
    return err->os_errno == EWOULDBLOCK ? WH_EXIT_BUSY : otherwise;
}

int wh_exit_of(const struct wh_error *err, enum wh_side side)
{
    int by_side = side == WH_SIDE_SOURCE        ? WH_EXIT_SOURCE
                  : side == WH_SIDE_DESTINATION ? WH_EXIT_DESTINATION
                                                : WH_EXIT_FAILED;
    if (err->retriable)
        return WH_EXIT_RETRY;
    if (side == WH_SIDE_DESTINATION && err->os_errno == EPIPE)
        return WH_EXIT_PIPE;
    switch (err->code) {
    case WH_OK:
    case WH_END:
    case WH_WIDEN:
        return WH_EXIT_OK;
    case WH_CONFIG:
        return WH_EXIT_CONFIG;
    case WH_STATE:
        return exit_of_state(err, by_side);
    case WH_CANCELLED:
        return wh_signals_got() == SIGTERM ? WH_EXIT_SIGTERM : WH_EXIT_SIGINT;
    case WH_INTERNAL:
        return WH_EXIT_INTERNAL;
    case WH_NOMEM:
        return WH_EXIT_FAILED;
    case WH_AUTH:
    case WH_IO:
    case WH_DATA:
    case WH_LIMIT:
        break;
    }
    return by_side;
}

int wh_exit_of_job(const struct wh_job_result *r, const struct wh_error *err)
{
    if (r->status == WH_RUN_SUCCEEDED)
        return err->code == WH_OK ? WH_EXIT_OK : wh_exit_of(err, WH_SIDE_NONE);
    if (r->status == WH_RUN_PARTIAL)
        return WH_EXIT_PARTIAL;
    for (size_t i = 0; i < r->n_streams; i++) {
        const struct wh_stream_result *s = &r->streams[i];
        if (s->over_reject_budget)
            return WH_EXIT_REJECTS;
        if (s->error.code != WH_OK)
            return wh_exit_of(err, s->side);
    }
    return wh_exit_of(err, r->side);
}
