/* cli/cmd_help.c - wherry help. */
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "connector/registry.h"

static int connectors(const char *name, bool markdown)
{
    const struct wh_connector *c = name == NULL ? NULL : wh_connector_find(name);
    struct wh_error err;
    if (name != NULL && c == NULL) {
        wh_fail(&err, WH_CONFIG, "no connector \"%s\"", name);
        wh_hint(&err, "`wherry help connectors` lists them");
        return wh_usage_error(&err);
    }
    if (c == NULL)
        wh_help_connectors(stdout);
    else if (markdown)
        wh_markdown_connector(stdout, c);
    else
        wh_help_connector(stdout, c);
    return WH_EXIT_OK;
}

static int unknown(const char *topic)
{
    struct wh_error err;
    const char *nearest = wh_command_nearest(topic);
    wh_fail(&err, WH_CONFIG, "no command or topic \"%s\"", topic);
    if (nearest != NULL)
        wh_hint(&err, "did you mean `wherry help %s`?", nearest);
    else
        wh_hint(&err, "topics are connectors and exit-codes; `wherry help` lists commands");
    return wh_usage_error(&err);
}

static int run(const struct wh_args *args)
{
    const char *topic = wh_args_at(args, 0);
    bool markdown = wh_args_has(args, "markdown");
    if (wh_args_has(args, "man")) {
        wh_man_page(stdout);
    } else if (topic == NULL) {
        (markdown ? wh_markdown_cli : wh_help_overview)(stdout);
    } else if (strcmp(topic, "connectors") == 0) {
        return connectors(wh_args_at(args, 1), markdown);
    } else if (strcmp(topic, "exit-codes") == 0) {
        (markdown ? wh_markdown_exit_codes : wh_help_exit_codes)(stdout);
    } else {
        const struct wh_command *c = wh_command_find(topic);
        if (c == NULL)
            return unknown(topic);
        wh_help_command(stdout, c);
    }
    return WH_EXIT_OK;
}

static const struct wh_flag flags[] = {
    {.name = "markdown", .kind = WH_FLAG_SWITCH}, /* hidden: for docs/ and the manual page */
    {.name = "man", .kind = WH_FLAG_SWITCH},
    {0},
};

const struct wh_command wh_command_help = {
    .name = "help",
    .usage = "[COMMAND | connectors [NAME] | exit-codes]",
    .summary = "Show what a command does, with its flags and examples",
    .examples =
        "wherry help copy\nwherry help connectors\nwherry help connectors sqlite\nwherry help exit-codes",
    .max_args = 2,
    .flags = flags,
    .run = run,
};
