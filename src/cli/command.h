/* cli/command.h - commands and flags as data: parsing, help, man page and completions come from them.
 *
 * A command is one file cmd_<name>.c that ends in a const entry, listed in commands.c. */
#pragma once
#include "wherry/bytes.h"

enum wh_flag_kind {
    WH_FLAG_SWITCH, /* no value */
    WH_FLAG_TEXT,
    WH_FLAG_INT,
    WH_FLAG_SIZE,     /* 64MiB */
    WH_FLAG_DURATION, /* 500ms, 10s, 5m, 2h; without unit seconds */
    WH_FLAG_LIST,     /* comma-separated, may be given several times */
    WH_FLAG_SCHEMA,   /* name:type,...; given several times it is one list */
    WH_FLAG_ENUM,
};

struct wh_flag {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* or 0 */
    enum wh_flag_kind kind;
    const char *value;    /* how help shows the value: "N", "FILE"; ENUM: "a|b|c" */
    const char *fallback; /* shown by help, or NULL */
    const char *help;     /* one line without full stop; NULL: hidden */
    const char *same_as;  /* another name for this flag; hidden */
    const char *also;     /* ENUM: other words "x|y" that are understood but not shown, or NULL */
};

#define WH_ARGS_MAX 8

struct wh_args;
struct wh_command {
    const char *name;
    const char *usage;      /* arguments: "SOURCE DESTINATION" */
    const char *summary;    /* one line without full stop */
    const char *text;       /* paragraphs for help and man page, separated by empty lines, or NULL */
    const char *examples;   /* one command a line, or NULL */
    int min_args, max_args; /* up to WH_ARGS_MAX */
    bool hidden;
    bool takes_connector_options; /* --csv-delimiter and kin, also with source- and dest- in front */
    const struct wh_flag *flags;  /* beside the common ones; NULL: none */
    int (*run)(const struct wh_args *args); /* returns the exit code */
};

extern const struct wh_command *const wh_commands[]; /* NULL-ended */
extern const struct wh_flag wh_common_flags[];       /* of every command */
const struct wh_command *wh_command_find(const char *name);
/* The visible command that the user may have meant, or NULL. */
const char *wh_command_nearest(const char *name);

/* ---- parsed arguments; lent to run ---- */

/* Positional argument i or NULL. */
const char *wh_args_at(const struct wh_args *a, int i);
/* Value of a flag: given, else from the environment (WHERRY_MAX_REJECTS), else the fallback, else NULL; also
 * NULL for a flag that the command does not have. */
const char *wh_args_text(const struct wh_args *a, const char *flag);
bool wh_args_has(const struct wh_args *a, const char *flag);
/* INT, SIZE in bytes, DURATION in milliseconds; checked when parsed. 0 without value. */
int64_t wh_args_int(const struct wh_args *a, const char *flag);
/* Elements of a LIST, NULL-ended, or NULL when not given; lent. */
const char *const *wh_args_list(const struct wh_args *a, const char *flag);
/* Options of connectors as name, value pairs: for the source, for the destination, or (side 0) named
 * without a side. NULL-ended; lent. */
enum wh_args_side { WH_ARGS_BOTH, WH_ARGS_SOURCE, WH_ARGS_DESTINATION };
const char *const *wh_args_options(const struct wh_args *a, enum wh_args_side side);
const struct wh_command *wh_args_command(const struct wh_args *a);

/* Parses argv behind the command's name. Fails: WH_CONFIG with the nearest flag as hint. */
enum wh_status wh_args_parse(struct wh_args **out, const struct wh_command *c, int argc, char *const *argv,
                             struct wh_error *err);
void wh_args_free(struct wh_args *a);
