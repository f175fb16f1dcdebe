/* cli/help.h - everything that the tables of commands, flags, options and exit codes say, as help text,
 * Markdown and manual page. */
#pragma once
#include <stdio.h>

#include "cli/command.h"
#include "wherry/connector.h"

void wh_help_overview(FILE *out);
void wh_help_command(FILE *out, const struct wh_command *c);
void wh_help_connectors(FILE *out);
void wh_help_connector(FILE *out, const struct wh_connector *c);
void wh_help_exit_codes(FILE *out);

void wh_markdown_cli(FILE *out);
void wh_markdown_connector(FILE *out, const struct wh_connector *c); /* its options */
void wh_markdown_exit_codes(FILE *out);

void wh_man_page(FILE *out);

/* ---- shared by the three forms ---- */

#define WH_GROUP_TABLES 8

/* What the value of a flag or option looks like: "N", "a|b|c"; "" for a switch. Static. */
const char *wh_help_flag_value(const struct wh_flag *f);
const char *wh_help_option_value(const struct wh_option *o);

/* The i-th group of options of a connector, from 0; false behind the last one. A group may be empty. */
struct wh_option_group {
    const char *title; /* "Source and destination", "Source", "Destination" */
    const struct wh_option *tables[WH_GROUP_TABLES + 1]; /* NULL-ended */
};
bool wh_help_option_group(const struct wh_connector *c, size_t i, struct wh_option_group *out);
static inline bool wh_help_is_empty(const struct wh_option_group *g)
{
    return g->tables[0] == NULL;
}

/* First letter of an explanation (which is never empty) as a capital. */
char wh_help_first(const char *help);

/* Environment variables beside those of flags; ends with name NULL. */
struct wh_help_variable {
    const char *name, *help;
};
extern const struct wh_help_variable wh_help_variables[];
extern const char wh_help_about[]; /* what wherry is, one line */
extern const char wh_help_uris[];  /* how sources and destinations are written, paragraphs */
