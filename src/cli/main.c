/* cli/main.c - finds the command and runs it. Nothing is done before: the program must start at once, and the
 * locale stays that of C. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "cli/log.h"

static int unknown_command(const char *word)
{
    struct wh_error err;
    const char *nearest = wh_command_nearest(word);
    if (word[0] == '-') {
        wh_fail(&err, WH_CONFIG, "unknown flag %s", word);
        wh_hint(&err, "flags stand behind the command: wherry COMMAND %s; `wherry help` lists commands",
                word);
    } else if (nearest != NULL) {
        wh_fail(&err, WH_CONFIG, "unknown command \"%s\"", word);
        wh_hint(&err, "did you mean `wherry %s`?", nearest);
    } else {
        wh_fail(&err, WH_CONFIG, "unknown command \"%s\"", word);
        wh_hint(&err, "to copy write `wherry copy SOURCE DESTINATION`; `wherry help` lists commands");
    }
    return wh_usage_error(&err);
}

static int run_command(const struct wh_command *c, int argc, char **argv)
{
    struct wh_args *args = NULL;
    struct wh_error err = {0};
    if (wh_args_parse(&args, c, argc, argv, &err) != WH_OK)
        return wh_usage_error(&err);
    int code = WH_EXIT_OK;
    if (wh_args_has(args, "help")) {
        wh_help_command(stdout, c);
    } else {
        const char *level = wh_args_has(args, "quiet") ? "error" : wh_args_text(args, "log-level");
        wh_log_setup(wh_args_text(args, "log-format"), level);
        code = c->run(args);
    }
    wh_args_free(args);
    return code;
}

static int dispatch(int argc, char **argv)
{
    static const struct {
        const char *flag, *command;
    } flags[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    if (argc < 2) {
        wh_help_overview(stdout);
        return WH_EXIT_OK;
    }
    const char *name = argv[1];
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(name, flags[i].flag) == 0)
            name = flags[i].command;
    const struct wh_command *c = wh_command_find(name);
    return c != NULL ? run_command(c, argc - 2, argv + 2) : unknown_command(name);
}

/* Results that did not arrive are no success. */
static int flush_output(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (!failed || code != WH_EXIT_OK)
        return code;
    if (errno == EPIPE)
        return WH_EXIT_PIPE;
    struct wh_error err;
    wh_fail_errno(&err, errno != 0 ? errno : EIO, "could not write standard output");
    wh_print_error(&err);
    return WH_EXIT_DESTINATION;
}

/* A closed standard file would let the next file that is opened take its number, and messages or data would
 * go there; taken the wrong way round it fails as a closed one does. */
static void occupy_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    occupy_standard_files();
    const char *format = getenv("WHERRY_LOG_FORMAT"); /* until the flags are known */
    wh_log_setup(format != NULL ? format : "text", "info");
    return flush_output(dispatch(argc, argv));
}
