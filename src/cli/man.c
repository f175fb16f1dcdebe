/* cli/man.c - the manual page wherry.1, in the man macros of groff_man(7). */
#include "cli/exit.h"
#include "cli/help.h"
#include "connector/registry.h"

/* Text of a line: '-' is a hyphen-minus, a '.' or ''' at its start no request. */
static void text(FILE *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", out);
    for (; *s != '\0'; s++) {
        if (*s == '-')
            fputs("\\-", out);
        else if (*s == '\\')
            fputs("\\e", out);
        else if (*s == '\'')
            fputs("\\(aq", out);
        else if (*s == '`')
            fputs("\\(ga", out);
        else
            putc(*s, out);
    }
}

static void line(FILE *out, const char *s)
{
    text(out, s);
    putc('\n', out);
}

static void paragraphs(FILE *out, const char *s)
{
    for (bool start = true; *s != '\0'; s++) {
        if (*s == '\n' && s[1] == '\n') {
            fputs("\n.PP", out);
            s++;
            start = true;
            putc('\n', out);
            continue;
        }
        const char one[] = {*s, '\0'};
        if (*s == '\n')
            putc('\n', out);
        else if (start || (*s != '.' && *s != '\''))
            text(out, one);
        else
            putc(*s, out);
        start = *s == '\n';
    }
    putc('\n', out);
}

static void entry(FILE *out, const char *heading, const char *value, const char *help, const char *fallback)
{
    fputs(".TP\n.B ", out);
    text(out, heading);
    if (value[0] != '\0') {
        fputs(" \\fI", out);
        text(out, value);
        fputs("\\fR", out);
    }
    fprintf(out, "\n%c", wh_help_first(help));
    line(out, help + 1);
    if (fallback != NULL && fallback[0] != '\0') {
        fputs("(default: ", out);
        text(out, fallback);
        fputs(")\n", out);
    }
}

static void flags(FILE *out, const struct wh_flag *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->help == NULL)
            continue;
        char heading[96];
        const char letter[] = {'-', table->letter, ',', ' ', '\0'};
        snprintf(heading, sizeof heading, "%s--%s", table->letter != 0 ? letter : "", table->name);
        entry(out, heading, wh_help_flag_value(table), table->help, table->fallback);
    }
}

static void examples(FILE *out, const char *lines)
{
    fputs(".PP\n.EX\n", out);
    while (*lines != '\0') {
        const char *c = lines;
        for (; *c != '\0' && *c != '\n'; c++) {
            const char one[] = {*c, '\0'};
            if (*c == '.' && c != lines)
                putc('.', out);
            else
                text(out, one);
        }
        putc('\n', out);
        lines = *c == '\n' ? c + 1 : c;
    }
    fputs(".EE\n", out);
}

static void commands(FILE *out)
{
    for (size_t i = 0; wh_commands[i] != NULL; i++) {
        const struct wh_command *c = wh_commands[i];
        if (c->hidden)
            continue;
        fputs(".SS ", out);
        text(out, c->name);
        putc(' ', out);
        line(out, c->usage);
        text(out, c->summary);
        fputs(".\n", out);
        if (c->text != NULL) {
            fputs(".PP\n", out);
            paragraphs(out, c->text);
        }
        flags(out, c->flags);
        if (c->examples != NULL)
            examples(out, c->examples);
    }
}

static void connectors(FILE *out)
{
    for (size_t i = 0; wh_connectors[i] != NULL; i++) {
        const struct wh_connector *c = wh_connectors[i];
        fputs(".SS ", out);
        line(out, c->name);
        line(out, c->help);
        struct wh_option_group g;
        for (size_t k = 0; wh_help_option_group(c, k, &g); k++) {
            if (wh_help_is_empty(&g))
                continue;
            fprintf(out, ".PP\n%s:\n", g.title);
            for (size_t t = 0; g.tables[t] != NULL; t++)
                for (const struct wh_option *o = g.tables[t]; o->name != NULL; o++) {
                    char heading[96];
                    snprintf(heading, sizeof heading, "--%s", o->name);
                    entry(out, heading, wh_help_option_value(o), o->help, o->fallback);
                }
        }
    }
}

void wh_man_page(FILE *out)
{
    fputs(".TH WHERRY 1 \"\" \"wherry " WHERRY_VERSION "\"\n.SH NAME\nwherry \\- ", out);
    line(out, wh_help_about);
    fputs(".SH SYNOPSIS\n.B wherry\n.I COMMAND\n.RI [ ARGUMENTS ]\n.RI [ FLAGS ]\n.SH DESCRIPTION\n", out);
    paragraphs(out, wh_help_uris);
    fputs(".SH COMMANDS\n", out);
    commands(out);
    fputs(".SH FLAGS OF ALL COMMANDS\n", out);
    flags(out, wh_common_flags);
    fputs(".SH CONNECTORS\n", out);
    line(out, "Options are flags of copy, preview, discover and check, and may stand behind ? in a URI.");
    connectors(out);
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct wh_help_variable *v = wh_help_variables; v->name != NULL; v++)
        entry(out, v->name, "", v->help, NULL);
    fputs(".SH EXIT STATUS\n", out);
    for (const struct wh_exit_text *e = wh_exit_texts; e->meaning != NULL; e++) {
        char code[16];
        snprintf(code, sizeof code, "%d", (int)e->code);
        entry(out, code, "", e->meaning, NULL);
    }
}
