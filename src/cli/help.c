/* cli/help.c - help as text for a terminal; see cli/help.h. */
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "cli/exit.h"
#include "connector/registry.h"

#define WIDTH 100  /* of lines */
#define INDENT 28  /* where explanations start */
#define HEADING 26 /* longest heading that has its explanation beside it */

const char wh_help_about[] =
    "moves data from any source to any destination, exactly, and goes on where it was stopped";

const char wh_help_uris[] =
    "A source or destination is a path (orders.csv), a pattern in quotes ('logs/*.jsonl.gz'), a folder "
    "(lake/orders/), "
    "- for standard input or output, or a URI: sqlite:///shop.db#orders is the table orders of the file "
    "shop.db, "
    "sqlite:////data/shop.db one with an absolute path, csv://data.txt a CSV file whatever its name says. "
    "Behind ? a URI may carry options: csv://data.txt?csv-null=NA\n"
    "\n"
    "Without #name all tables of a database are copied. #query:SELECT ... is the result of a query.";

const struct wh_help_variable wh_help_variables[] = {
    {"WHERRY_<FLAG>", "Value of any flag that is not given: WHERRY_MAX_REJECTS for --max-rejects"},
    {"XDG_STATE_HOME", "Folder of the history of runs, below it wherry/"},
    {"HOME", "Without XDG_STATE_HOME the history lies in ~/.local/state/wherry"},
    {NULL, NULL},
};

/* ---- pieces ---- */

const char *wh_help_flag_value(const struct wh_flag *f)
{
    static const char *const values[] = {
        [WH_FLAG_SWITCH] = "",
        [WH_FLAG_TEXT] = "TEXT",
        [WH_FLAG_INT] = "N",
        [WH_FLAG_SIZE] = "SIZE",
        [WH_FLAG_DURATION] = "TIME",
        [WH_FLAG_LIST] = "A,B",
        [WH_FLAG_SCHEMA] = "NAME:TYPE,...",
        [WH_FLAG_ENUM] = "",
    };
    return f->value != NULL ? f->value : values[f->kind];
}

const char *wh_help_option_value(const struct wh_option *o)
{
    static const char *const values[] = {
        [WH_OPT_STRING] = "TEXT", [WH_OPT_BOOL] = "true|false", [WH_OPT_INT] = "N",
        [WH_OPT_SIZE] = "SIZE",   [WH_OPT_ENUM] = "",           [WH_OPT_LIST] = "A,B",
    };
    return o->type == WH_OPT_ENUM ? o->values : values[o->type];
}

bool wh_help_option_group(const struct wh_connector *c, size_t i, struct wh_option_group *out)
{
    const struct wh_option *const both[] = {c->options, NULL};
    const struct {
        const char *title;
        const struct wh_option *const *tables;
    } groups[] = {{"Source and destination", both},
                  {"Source", c->source_options},
                  {"Destination", c->destination_options}};
    if (i >= WH_COUNT(groups))
        return false;
    *out = (struct wh_option_group){.title = groups[i].title};
    const struct wh_option *const *t = groups[i].tables;
    for (size_t n = 0; t != NULL && t[n] != NULL && n < WH_GROUP_TABLES; n++)
        out->tables[n] = t[n];
    return true;
}

char wh_help_first(const char *help)
{
    return (char)toupper((unsigned char)help[0]);
}

/* Words of text up to WIDTH, each line but the first indented; column is where the first one starts. Ends the
 * line. */
static void wrap(FILE *out, const char *text, size_t indent, size_t column)
{
    bool first = true;
    while (*text != '\0') {
        size_t len = strcspn(text, " \n");
        if (text[len] == '\n' && len == 0) { /* an empty line between paragraphs */
            fprintf(out, "\n\n%*s", (int)indent, "");
            column = indent;
            first = true;
            text += strspn(text, "\n");
            continue;
        }
        if (!first && column + 1 + len > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)len, text);
        column += len + (first ? 0 : 1);
        first = false;
        text += len;
        text += *text == ' ' || (*text == '\n' && text[1] != '\n');
    }
    putc('\n', out);
}

/* A heading with its explanation beside or below it. */
static void entry(FILE *out, const char *heading, const char *help, const char *fallback)
{
    char text[1024];
    bool shown = fallback != NULL && fallback[0] != '\0';
    snprintf(text, sizeof text, "%c%s%s%s%s", wh_help_first(help), help + 1, shown ? " [" : "",
             shown ? fallback : "", shown ? "]" : "");
    size_t len = strlen(heading) + 2;
    if (len <= HEADING)
        fprintf(out, "  %-*s", INDENT - 2, heading);
    else
        fprintf(out, "  %s\n%*s", heading, INDENT, "");
    wrap(out, text, INDENT, INDENT);
}

static void flags(FILE *out, const struct wh_flag *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->help == NULL)
            continue;
        char heading[160];
        const char *value = wh_help_flag_value(table);
        char letter[] = {'-', table->letter, ',', ' ', '\0'};
        snprintf(heading, sizeof heading, "%s--%s%s%s", table->letter != 0 ? letter : "    ", table->name,
                 value[0] != '\0' ? " " : "", value);
        entry(out, heading, table->help, table->fallback);
    }
}

static void options(FILE *out, const struct wh_option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        char heading[256];
        snprintf(heading, sizeof heading, "--%s %s", table->name, wh_help_option_value(table));
        entry(out, heading, table->help, table->fallback);
    }
}

static void examples(FILE *out, const char *lines)
{
    fputs("\nexamples:\n", out);
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        fprintf(out, "  %.*s\n", (int)len, lines);
        lines += len + (lines[len] == '\n');
    }
}

/* ---- whole texts ---- */

void wh_help_overview(FILE *out)
{
    fprintf(out, "wherry %s - %s\n\nusage: wherry COMMAND [ARGUMENTS] [FLAGS]\n\n", WHERRY_VERSION,
            wh_help_about);
    for (size_t i = 0; wh_commands[i] != NULL; i++)
        if (!wh_commands[i]->hidden)
            entry(out, wh_commands[i]->name, wh_commands[i]->summary, NULL);
    examples(out, "wherry copy orders.csv orders.parquet\n"
                  "wherry copy sqlite:///shop.db#orders orders.csv --where 'total > 10'\n"
                  "wherry preview orders.parquet\n");
    fputs("\n`wherry help COMMAND` shows flags and examples, `wherry help connectors` what can be read and "
          "written,\n"
          "`wherry help exit-codes` what the exit codes mean.\n",
          out);
}

void wh_help_command(FILE *out, const struct wh_command *c)
{
    size_t indent = strlen("wherry  - ") + strlen(c->name);
    fprintf(out, "wherry %s - ", c->name);
    wrap(out, c->summary, indent, indent);
    fprintf(out, "\nusage: wherry %s%s%s [FLAGS]\n", c->name, c->usage[0] != '\0' ? " " : "", c->usage);
    if (c->text != NULL) {
        putc('\n', out);
        wrap(out, c->text, 0, 0);
    }
    if (c->takes_connector_options) {
        putc('\n', out);
        wrap(out, wh_help_uris, 0, 0);
    }
    if (c->flags != NULL && c->flags->name != NULL) {
        fputs("\nflags:\n", out);
        flags(out, c->flags);
    }
    fputs("\nflags of all commands:\n", out);
    flags(out, wh_common_flags);
    if (c->takes_connector_options) {
        putc('\n', out);
        wrap(out,
             "Options of connectors and formats (--csv-delimiter and others, see `wherry help connectors`) "
             "are flags "
             "too; with source- or dest- in front they are meant for one side: --source-csv-null NA",
             0, 0);
    }
    if (c->examples != NULL)
        examples(out, c->examples);
}

static void schemes(FILE *out, const struct wh_connector *c)
{
    for (const char *const *s = c->schemes; *s != NULL; s++)
        fprintf(out, "%s%s://", s == c->schemes ? "" : ", ", *s);
}

void wh_help_connector(FILE *out, const struct wh_connector *c)
{
    static const char *const roles[] = {"", "source", "destination", "source and destination"};
    fprintf(out, "%s (%s) - %s\n  %s; schemes: ", c->name, c->label, c->help,
            roles[(c->source != NULL) + 2 * (c->destination != NULL)]);
    schemes(out, c);
    putc('\n', out);
    struct wh_option_group g;
    for (size_t i = 0; wh_help_option_group(c, i, &g); i++) {
        if (wh_help_is_empty(&g))
            continue;
        fprintf(out, "\n%s:\n", g.title);
        for (size_t t = 0; g.tables[t] != NULL; t++)
            options(out, g.tables[t]);
    }
}

void wh_help_connectors(FILE *out)
{
    wrap(out, wh_help_uris, 0, 0);
    for (size_t i = 0; wh_connectors[i] != NULL; i++) {
        putc('\n', out);
        wh_help_connector(out, wh_connectors[i]);
    }
}

void wh_help_exit_codes(FILE *out)
{
    for (const struct wh_exit_text *e = wh_exit_texts; e->meaning != NULL; e++)
        fprintf(out, "%4d  %s\n      %s\n", (int)e->code, e->meaning, e->next);
}
