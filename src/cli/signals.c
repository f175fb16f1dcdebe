/* cli/signals.c - see cli/signals.h. */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic bool cancelled;
static volatile sig_atomic_t got;

static void on_signal(int number)
{
    if (got != 0)
        _exit(128 + number);
    got = number;
    cancelled = true;
}

const _Atomic bool *wh_signals_install(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    return &cancelled;
}

int wh_signals_got(void)
{
    return (int)got;
}
