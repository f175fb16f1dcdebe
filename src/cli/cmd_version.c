/* cli/cmd_version.c - wherry version. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/exit.h"

static int run(const struct wh_args *args)
{
    (void)args;
    puts("wherry " WHERRY_VERSION);
    return WH_EXIT_OK;
}

const struct wh_command wh_command_version = {
    .name = "version",
    .usage = "",
    .summary = "Show the version",
    .examples = "wherry version",
    .run = run,
};
