/* cli/commands.c - the list of commands and the flags that all of them have. */
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "cli/command.h"

extern const struct wh_command wh_command_copy, wh_command_discover, wh_command_preview, wh_command_check,
    wh_command_runs, wh_command_resume, wh_command_logs, wh_command_chunks, wh_command_run_chunk,
    wh_command_failpoints, wh_command_help, wh_command_completion, wh_command_version;

const struct wh_command *const wh_commands[] = {
    &wh_command_copy,       &wh_command_discover,
    &wh_command_preview,    &wh_command_check,
    &wh_command_runs,       &wh_command_resume,
    &wh_command_logs,       &wh_command_chunks,
    &wh_command_run_chunk,  &wh_command_help,
    &wh_command_version,    &wh_command_completion,
    &wh_command_failpoints, NULL,
};

const struct wh_flag wh_common_flags[] = {
    {.name = "home",
     .kind = WH_FLAG_TEXT,
     .value = "FOLDER",
     .help = "Where the history of runs is kept; else $XDG_STATE_HOME/wherry or ~/.local/state/wherry"},
    {.name = "log-format",
     .kind = WH_FLAG_ENUM,
     .value = "auto|text|json",
     .fallback = "auto",
     .help = "Form of messages on standard error; auto: text on a terminal, else JSON lines"},
    {.name = "log-level",
     .kind = WH_FLAG_ENUM,
     .value = "debug|info|warn|error|none",
     .fallback = "info",
     .help = "Least important messages to show"},
    {.name = "quiet", .letter = 'q', .kind = WH_FLAG_SWITCH, .help = "Show nothing but errors"},
    {.name = "help", .letter = 'h', .kind = WH_FLAG_SWITCH, .help = "Show this help"},
    {0},
};

const struct wh_command *wh_command_find(const char *name)
{
    for (size_t i = 0; wh_commands[i] != NULL; i++)
        if (strcmp(wh_commands[i]->name, name) == 0)
            return wh_commands[i];
    return NULL;
}

const char *wh_command_nearest(const char *name)
{
    const char *names[WH_COUNT(wh_commands)];
    size_t n = 0;
    for (size_t i = 0; wh_commands[i] != NULL; i++)
        if (!wh_commands[i]->hidden)
            names[n++] = wh_commands[i]->name;
    names[n] = NULL;
    return wh_nearest(name, names);
}
