/* cli/cmd_completion.c - wherry completion. */
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/exit.h"

static int run(const struct wh_args *args)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } shells[] = {{"bash", wh_completion_bash}, {"zsh", wh_completion_zsh}, {"fish", wh_completion_fish}};
    for (size_t i = 0; i < WH_COUNT(shells); i++) {
        if (strcmp(shells[i].name, wh_args_at(args, 0)) != 0)
            continue;
        shells[i].print(stdout);
        return WH_EXIT_OK;
    }
    struct wh_error err;
    wh_fail(&err, WH_CONFIG, "no completion for the shell \"%s\"", wh_args_at(args, 0));
    wh_hint(&err, "it is one of bash, zsh, fish");
    return wh_usage_error(&err);
}

const struct wh_command wh_command_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "Print a script that completes commands and flags in a shell",
    .text = "`make install` installs the scripts where the shells look for them.",
    .examples = "source <(wherry completion bash)\n"
                "wherry completion zsh >~/.zfunc/_wherry\n"
                "wherry completion fish >~/.config/fish/completions/wherry.fish",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
