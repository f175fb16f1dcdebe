/* cli/cmd_failpoints.c - wherry failpoints: the named places where a test can make the program die. */
#include <stdio.h>

#include "base/failpoint.h"
#include "cli/command.h"
#include "cli/exit.h"

static int run(const struct wh_args *args)
{
    (void)args;
#ifdef WHERRY_FAILPOINTS
    for (size_t i = 0; wh_failpoints[i] != NULL; i++)
        puts(wh_failpoints[i]);
#endif
    return WH_EXIT_OK;
}

const struct wh_command wh_command_failpoints = {
    .name = "failpoints",
    .usage = "",
    .summary = "List the names that WHERRY_FAILPOINTS understands",
    .hidden = true,
    .run = run,
};
