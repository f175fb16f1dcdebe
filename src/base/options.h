/* base/options.h - filling a wh_config; reading it is in wherry/options.h. */
#pragma once
#include "wherry/options.h"

/* Empty settings for the options of all tables. tables is a NULL-ended list, lent for the call; the tables
 * themselves are static. Of options with the same name in several tables the first one counts. */
enum wh_status wh_config_new(struct wh_config **out, const struct wh_option *const *tables,
                             struct wh_error *err);
/* Checks the value by the option's type and copies it; the last value set wins. value NULL is a bare flag:
 * "true" for a BOOL, an error for all others. Fails: WH_CONFIG. Serial. */
enum wh_status wh_config_set(struct wh_config *cfg, const char *name, const char *value,
                             struct wh_error *err);
void wh_config_free(struct wh_config *cfg);

/* The option of that name or NULL; static. */
const struct wh_option *wh_config_find(const struct wh_config *cfg, const char *name);
/* Goes through what was set, in the order of the tables; *at is 0 at first. False at the end. */
bool wh_config_next_set(const struct wh_config *cfg, size_t *at, const char **name, const char **value);
/* The elements of a LIST as a NULL-ended list (NULL: no value), freed with wh_strv_free. An element in
 * double quotes may contain commas, and quotes written twice. Fails: WH_CONFIG for a quote without end. */
enum wh_status wh_config_list(const struct wh_config *cfg, const char *name, char ***out,
                              struct wh_error *err);
/* The same for any text. */
enum wh_status wh_split_list(char ***out, const char *text, struct wh_error *err);

/* The candidate (of a NULL-ended list) that the user may have meant by word, or NULL when none is near:
 * fewest letters inserted, removed, changed or swapped, at most a third of the word. Case does not count. */
const char *wh_nearest(const char *word, const char *const *candidates);
