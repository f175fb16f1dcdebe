/* cli/completion.c - see cli/completion.h.
 *
 * One walk goes through all flags and options of a command and hands each to the writer of the shell. */
#include "cli/completion.h"

#include <string.h>

#include "base/mem.h"
#include "cli/help.h"
#include "connector/registry.h"

/* A flag or an option, as a shell sees it. */
struct word {
    const struct wh_command *command;
    const char *name;
    char letter;        /* or 0 */
    const char *value;  /* "" for none */
    const char *values; /* "a|b|c", or NULL: anything */
    const char *help;
};
typedef void put_word(FILE *out, const struct word *w);

static void each_flag(FILE *out, const struct wh_command *c, const struct wh_flag *table, put_word *put)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->help == NULL)
            continue;
        const char *value = wh_help_flag_value(table);
        put(out, &(struct word){c, table->name, table->letter, value,
                                table->kind == WH_FLAG_ENUM ? table->value : NULL, table->help});
    }
}

/* Options of the same name in several tables are one word. */
static bool is_known(const struct wh_option *const *seen, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(seen[i]->name, name) == 0)
            return true;
    return false;
}

static void each_option(FILE *out, const struct wh_command *c, put_word *put)
{
    const struct wh_option *seen[256];
    size_t n = 0;
    for (size_t i = 0; wh_connectors[i] != NULL; i++) {
        struct wh_option_group g;
        for (size_t k = 0; wh_help_option_group(wh_connectors[i], k, &g); k++)
            for (size_t t = 0; g.tables[t] != NULL; t++)
                for (const struct wh_option *o = g.tables[t]; o->name != NULL; o++) {
                    if (is_known(seen, n, o->name) || n == WH_COUNT(seen))
                        continue;
                    seen[n++] = o;
                    const char *value = o->type == WH_OPT_BOOL ? "" : wh_help_option_value(o);
                    put(out, &(struct word){c, o->name, 0, value, o->values, o->help});
                }
    }
}

static void each_word(FILE *out, const struct wh_command *c, put_word *put)
{
    each_flag(out, c, c->flags, put);
    each_flag(out, c, wh_common_flags, put);
    if (c->takes_connector_options)
        each_option(out, c, put);
}

/* Words of "a|b" separated by spaces. */
static void print_values(FILE *out, const char *values)
{
    for (; *values != '\0'; values++)
        putc(*values == '|' ? ' ' : *values, out);
}

static void command_names(FILE *out)
{
    bool first = true;
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        if (wh_commands[i]->hidden)
            continue;
        fprintf(out, "%s%s", first ? "" : " ", wh_commands[i]->name);
        first = false;
    }
}

/* What stands behind a command instead of a file. */
static const struct {
    const char *command, *words;
} arguments[] = {{"completion", "bash|zsh|fish"}, {"resume", "last"}, {"logs", "last"}};

/* ---- bash ---- */

static void bash_name(FILE *out, const struct word *w)
{
    fprintf(out, " --%s", w->name);
}

static void bash_values(FILE *out, const struct word *w)
{
    if (w->values == NULL)
        return;
    fprintf(out, "    %s:--%s) words=\"", w->command->name, w->name);
    print_values(out, w->values);
    fputs("\" ;;\n", out);
}

void wh_completion_bash(FILE *out)
{
    fputs("# bash completion of wherry; made by `wherry completion bash`\n_wherry()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} "
          "words=\n"
          "    COMPREPLY=()\n    case $command:$prev in\n    wherry:*) ;;\n",
          out);
    for (size_t i = 0; wh_commands[i] != NULL; i++)
        if (!wh_commands[i]->hidden)
            each_word(out, wh_commands[i], bash_values);
    fputs("    esac\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"", out);
    command_names(out);
    fputs("\"\n    elif [ -z \"$words\" ] && [[ $cur == -* ]]; then\n        case $command in\n", out);
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        if (wh_commands[i]->hidden)
            continue;
        fprintf(out, "        %s) words=\"", wh_commands[i]->name);
        each_word(out, wh_commands[i], bash_name);
        fputs("\" ;;\n", out);
    }
    fputs("        esac\n    elif [ -z \"$words\" ]; then\n        case $command in\n        help) words=\"",
          out);
    command_names(out);
    fputs(" connectors exit-codes\" ;;\n", out);
    for (size_t i = 0; i < WH_COUNT(arguments); i++) {
        fprintf(out, "        %s) words=\"", arguments[i].command);
        print_values(out, arguments[i].words);
        fputs("\" ;;\n", out);
    }
    fputs(
        "        esac\n    fi\n    [ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
        "complete -o default -F _wherry wherry\n",
        out);
}

/* ---- zsh ---- */

/* Text inside of single quotes and brackets of _arguments, or of a list of _describe. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void zsh_word(FILE *out, const struct word *w)
{
    fputs(" \\\n            ", out);
    if (w->letter != 0)
        fprintf(out, "'(-%c --%s)'{-%c,--%s}'[", w->letter, w->name, w->letter, w->name);
    else
        fprintf(out, "'--%s[", w->name);
    zsh_text(out, w->help);
    fputs("]", out);
    if (w->value[0] != '\0')
        fputs(":value:", out);
    if (w->values != NULL) {
        putc('(', out);
        print_values(out, w->values);
        putc(')', out);
    }
    putc('\'', out);
}

void wh_completion_zsh(FILE *out)
{
    fputs("#compdef wherry\n# zsh completion of wherry; made by `wherry completion zsh`\n_wherry()\n{\n"
          "    local -a commands\n    commands=(\n",
          out);
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        if (wh_commands[i]->hidden)
            continue;
        fprintf(out, "        '%s:", wh_commands[i]->name);
        zsh_text(out, wh_commands[i]->summary);
        fputs("'\n", out);
    }
    fputs(
        "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
        "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
        out);
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        if (wh_commands[i]->hidden)
            continue;
        fprintf(out, "    %s)\n        _arguments -s", wh_commands[i]->name);
        each_word(out, wh_commands[i], zsh_word);
        fputs(" \\\n            '*:argument:", out);
        const char *words = NULL;
        for (size_t k = 0; k < WH_COUNT(arguments); k++)
            if (strcmp(arguments[k].command, wh_commands[i]->name) == 0)
                words = arguments[k].words;
        if (words != NULL) {
            putc('(', out);
            print_values(out, words);
            putc(')', out);
        } else if (strcmp(wh_commands[i]->name, "help") == 0) {
            putc('(', out);
            command_names(out);
            fputs(" connectors exit-codes)", out);
        } else {
            fputs("_files", out);
        }
        fputs("'\n        ;;\n", out);
    }
    fputs("    esac\n}\nif [ \"$funcstack[1]\" = _wherry ]; then\n    _wherry \"$@\"\nelse\n    compdef "
          "_wherry wherry\nfi\n",
          out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('\'', out);
}

static void fish_word(FILE *out, const struct word *w)
{
    fprintf(out, "complete -c wherry -n '__fish_seen_subcommand_from %s' -l %s", w->command->name, w->name);
    if (w->letter != 0)
        fprintf(out, " -s %c", w->letter);
    if (w->values != NULL) {
        fputs(" -x -a '", out);
        print_values(out, w->values);
        putc('\'', out);
    } else if (w->value[0] != '\0') {
        fputs(" -r", out);
    }
    fputs(" -d ", out);
    fish_text(out, w->help);
    putc('\n', out);
}

void wh_completion_fish(FILE *out)
{
    fputs("# fish completion of wherry; made by `wherry completion fish`\n", out);
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        const struct wh_command *c = wh_commands[i];
        if (c->hidden)
            continue;
        fprintf(out, "complete -c wherry -n __fish_use_subcommand -f -a %s -d ", c->name);
        fish_text(out, c->summary);
        putc('\n', out);
        each_word(out, c, fish_word);
    }
    for (size_t i = 0; i < WH_COUNT(arguments); i++) {
        fprintf(out, "complete -c wherry -n '__fish_seen_subcommand_from %s' -f -a '", arguments[i].command);
        print_values(out, arguments[i].words);
        fputs("'\n", out);
    }
    fputs("complete -c wherry -n '__fish_seen_subcommand_from help' -f -a '", out);
    command_names(out);
    fputs(" connectors exit-codes'\n", out);
}
