/* cli/markdown.c - reference pages as Markdown: docs/cli.md, docs/exit-codes.md and the options in
 * docs/connectors/. */
#include <string.h>

#include "cli/exit.h"
#include "cli/help.h"

/* Text in a table's cell: '|' would end it, '<' start a tag. */
static void cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putc('\\', out);
        if (*text == '<')
            fputs("&lt;", out);
        else
            putc(*text, out);
    }
}

/* The same inside of `code`. */
static void code(FILE *out, const char *text)
{
    putc('`', out);
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putc('\\', out);
        putc(*text, out);
    }
    putc('`', out);
}

static void help(FILE *out, const char *text)
{
    putc(wh_help_first(text), out);
    cell(out, text + 1);
}

static void fallback(FILE *out, const char *text)
{
    if (text != NULL && text[0] != '\0')
        code(out, text);
}

static void flags(FILE *out, const struct wh_flag *table)
{
    fputs("| Flag | Value | Default | Meaning |\n|---|---|---|---|\n", out);
    for (; table->name != NULL; table++) {
        if (table->help == NULL)
            continue;
        fprintf(out, "| `--%s`", table->name);
        if (table->letter != 0)
            fprintf(out, ", `-%c`", table->letter);
        fputs(" | ", out);
        cell(out, wh_help_flag_value(table));
        fputs(" | ", out);
        fallback(out, table->fallback);
        fputs(" | ", out);
        help(out, table->help);
        fputs(" |\n", out);
    }
}

static void options(FILE *out, const struct wh_option *table)
{
    for (; table->name != NULL; table++) {
        fprintf(out, "| `--%s` | ", table->name);
        cell(out, wh_help_option_value(table));
        fputs(" | ", out);
        fallback(out, table->fallback);
        fputs(" | ", out);
        help(out, table->help);
        fputs(" |\n", out);
    }
}

void wh_markdown_connector(FILE *out, const struct wh_connector *c)
{
    struct wh_option_group g;
    for (size_t i = 0; wh_help_option_group(c, i, &g); i++) {
        if (wh_help_is_empty(&g))
            continue;
        fprintf(out, "### %s\n\n| Option | Value | Default | Meaning |\n|---|---|---|---|\n", g.title);
        for (size_t t = 0; g.tables[t] != NULL; t++)
            options(out, g.tables[t]);
        putc('\n', out);
    }
}

static void command(FILE *out, const struct wh_command *c)
{
    fprintf(out, "## wherry %s\n\n%s.\n\n    wherry %s%s%s [FLAGS]\n\n", c->name, c->summary, c->name,
            c->usage[0] != '\0' ? " " : "", c->usage);
    if (c->text != NULL)
        fprintf(out, "%s\n\n", c->text);
    if (c->flags != NULL && c->flags->name != NULL) {
        flags(out, c->flags);
        putc('\n', out);
    }
    if (c->examples != NULL)
        fprintf(out, "```sh\n%s\n```\n\n", c->examples);
}

void wh_markdown_cli(FILE *out)
{
    fprintf(
        out,
        "# Commands\n\n<!-- Made by `wherry help --markdown` from the tables of src/cli; do not edit. -->\n\n"
        "wherry %s.\n\n    wherry COMMAND [ARGUMENTS] [FLAGS]\n\n## Sources and destinations\n\n%s\n\n"
        "The connectors and their options have pages of their own in [connectors/](connectors/). "
        "Every option is a flag\nof `copy`, `preview`, `discover` and `check` too; with `source-` or `dest-` "
        "in front "
        "it is meant for one side only.\n\n## Flags of all commands\n\n",
        wh_help_about, wh_help_uris);
    flags(out, wh_common_flags);
    fputs("\nSizes are written like `64MiB` or `64MB`, durations like `500ms`, `10s` or `5m`.\n\n"
          "| Variable | Meaning |\n|---|---|\n",
          out);
    for (const struct wh_help_variable *v = wh_help_variables; v->name != NULL; v++) {
        fprintf(out, "| `%s` | ", v->name);
        cell(out, v->help);
        fputs(" |\n", out);
    }
    fputs("\nThe exit codes are in [exit-codes.md](exit-codes.md).\n\n", out);
    for (size_t i = 0; wh_commands[i] != NULL; i++)
        if (!wh_commands[i]->hidden)
            command(out, wh_commands[i]);
}

void wh_markdown_exit_codes(FILE *out)
{
    fputs("# Exit codes\n\n<!-- Made by `wherry help exit-codes --markdown` from the table in "
          "src/cli/exit.c. -->\n\n"
          "They are stable: scripts may rely on them. The error itself, with a hint what to do, is on "
          "standard error "
          "and in\n`wherry logs`.\n\n| Code | Meaning | What to do |\n|---|---|---|\n",
          out);
    for (const struct wh_exit_text *e = wh_exit_texts; e->meaning != NULL; e++) {
        fprintf(out, "| %d | ", (int)e->code);
        cell(out, e->meaning);
        fputs(" | ", out);
        cell(out, e->next);
        fputs(" |\n", out);
    }
}
