/* wherry/options.h - options as data: one const table per connector, format or command drives
 * validation, help, documentation and (later) forms. */
#pragma once
#include "wherry/bytes.h"

enum wh_option_type {
    WH_OPT_STRING,
    WH_OPT_BOOL, /* true false yes no on off 1 0; a bare flag is true */
    WH_OPT_INT,
    WH_OPT_SIZE, /* bytes; 64MB and 64MiB */
    WH_OPT_ENUM, /* one of values */
    WH_OPT_LIST, /* comma-separated */
};

struct wh_option {
    const char *name; /* lower case words joined by '-'; NULL ends the table */
    enum wh_option_type type;
    const char *fallback; /* default as text, or NULL: none */
    const char *values;   /* ENUM: "a|b|c" */
    const char *help;     /* one sentence with the unit, without full stop */
};

/* Checked settings: names of one or more tables with their values. Read-only after the check. */
struct wh_config;

/* The value or the fallback as text; lent by cfg or static; NULL when there is neither.
 * Asking for a name that is in none of the tables is our own bug and asserts. */
const char *wh_config_str(const struct wh_config *cfg, const char *name);
bool wh_config_bool(const struct wh_config *cfg, const char *name);
int64_t wh_config_int(const struct wh_config *cfg, const char *name);   /* INT */
int64_t wh_config_bytes(const struct wh_config *cfg, const char *name); /* SIZE */
/* True when the user set it, be it to the default. */
bool wh_config_is_set(const struct wh_config *cfg, const char *name);
