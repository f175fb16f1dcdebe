/* base/options.c - settings checked against tables of options; see options.h. */
#undef NDEBUG /* asserts are about our own bugs only and stay in every build */
#include "base/options.h"

#include <assert.h>
#include <ctype.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"

struct setting {
    const struct wh_option *option; /* static */
    char *value;                    /* owned; NULL: not set */
};

struct wh_config {
    struct setting *settings; /* owned; one for each option */
    size_t n_settings;
};

/* ---- words ------------------------------------------------------------------------------------ */

#define MAX_WORD 63

/* Letters to insert, remove, change or swap with the next one to get from a to b (optimal string
 * alignment), by the rows of the table of all prefixes; MAX_WORD + 1 for long words. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][MAX_WORD + 1], a_len = strlen(a), b_len = strlen(b);
    if (a_len > MAX_WORD || b_len > MAX_WORD)
        return MAX_WORD + 1;
    for (size_t i = 0; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        for (size_t j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                row[j] = i + j;
                continue;
            }
            bool differ = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            row[j] = WH_MIN(WH_MIN(above[j], row[j - 1]) + 1, above[j - 1] + differ);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = WH_MIN(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

/* Keeps the nearest of the candidates offered one by one. */
struct nearest {
    const char *word, *best;
    size_t distance; /* of best; at first one more than allowed */
};

static struct nearest nearest_start(const char *word)
{
    return (struct nearest){.word = word, .distance = WH_MAX(strlen(word) / 3, (size_t)1) + 1};
}

static void nearest_offer(struct nearest *n, const char *candidate)
{
    size_t distance = edit_distance(n->word, candidate);
    if (distance < n->distance) {
        n->distance = distance;
        n->best = candidate;
    }
}

const char *wh_nearest(const char *word, const char *const *candidates)
{
    struct nearest n = nearest_start(word);
    for (size_t i = 0; candidates[i] != NULL; i++)
        nearest_offer(&n, candidates[i]);
    return n.best;
}

/* ---- checks by type --------------------------------------------------------------------------- */

static bool parse_bool(const char *text, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"yes", true}, {"on", true},   {"1", true},
                 {"false", false}, {"no", false}, {"off", false}, {"0", false}};
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

/* Finds the word in "a|b|c". */
static bool is_one_of(const char *values, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = values; p != NULL; p = strchr(p, '|')) {
        p += *p == '|';
        if (len > 0 && strchr(word, '|') == NULL && strncmp(p, word, len) == 0 &&
            (p[len] == '|' || p[len] == '\0'))
            return true;
    }
    return false;
}

static enum wh_status check_enum(const struct wh_option *o, const char *value, struct wh_error *err)
{
    if (is_one_of(o->values, value))
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not set option \"--%s\": \"%s\" is none of its values", o->name, value);
    char list[160];
    size_t n = 0;
    for (const char *p = o->values; *p != '\0' && n + 3 < sizeof list; p++) {
        list[n++] = *p == '|' ? ',' : *p;
        if (*p == '|')
            list[n++] = ' ';
    }
    list[n] = '\0';
    return wh_hint(err, "use one of %s", list);
}

static enum wh_status check_value(const struct wh_option *o, const char *value, struct wh_error *err)
{
    bool flag;
    int64_t number;
    const char *wanted = NULL, *hint = NULL;
    switch (o->type) {
    case WH_OPT_STRING:
    case WH_OPT_LIST:
        return WH_OK;
    case WH_OPT_ENUM:
        return check_enum(o, value, err);
    case WH_OPT_BOOL:
        if (parse_bool(value, &flag))
            return WH_OK;
        wanted = "neither yes nor no";
        hint = "use one of true, false, yes, no, on, off, 1, 0";
        break;
    case WH_OPT_INT:
        if (wh_parse_i64(wh_slice_of(value), &number))
            return WH_OK;
        wanted = "no whole number";
        hint = "use digits, with a leading minus for a negative number";
        break;
    case WH_OPT_SIZE:
        if (wh_parse_size(wh_slice_of(value), &number))
            return WH_OK;
        wanted = "no size in bytes";
        hint = "write it like 1048576, 64MB or 1.5GiB";
        break;
    }
    wh_fail(err, WH_CONFIG, "could not set option \"--%s\": \"%s\" is %s", o->name, value, wanted);
    return wh_hint(err, "%s", hint);
}

/* ---- filling ---------------------------------------------------------------------------------- */

static struct setting *find_setting(const struct wh_config *cfg, const char *name)
{
    for (size_t i = 0; i < cfg->n_settings; i++)
        if (strcmp(cfg->settings[i].option->name, name) == 0)
            return &cfg->settings[i];
    return NULL;
}

const struct wh_option *wh_config_find(const struct wh_config *cfg, const char *name)
{
    const struct setting *s = find_setting(cfg, name);
    return s != NULL ? s->option : NULL;
}

enum wh_status wh_config_new(struct wh_config **out, const struct wh_option *const *tables,
                             struct wh_error *err)
{
    size_t n = 0;
    for (size_t t = 0; tables[t] != NULL; t++)
        for (const struct wh_option *o = tables[t]; o->name != NULL; o++)
            n++;
    struct wh_config *cfg = wh_alloc(sizeof *cfg);
    if (cfg == NULL)
        return wh_nomem(err);
    cfg->settings = wh_alloc_array(n, sizeof *cfg->settings);
    if (cfg->settings == NULL) {
        wh_config_free(cfg);
        return wh_nomem(err);
    }
    for (size_t t = 0; tables[t] != NULL; t++)
        for (const struct wh_option *o = tables[t]; o->name != NULL; o++)
            if (find_setting(cfg, o->name) == NULL)
                cfg->settings[cfg->n_settings++].option = o;
    *out = cfg;
    return WH_OK;
}

void wh_config_free(struct wh_config *cfg)
{
    if (cfg == NULL)
        return;
    for (size_t i = 0; i < cfg->n_settings; i++)
        free(cfg->settings[i].value);
    free(cfg->settings);
    free(cfg);
}

static enum wh_status unknown_option(const struct wh_config *cfg, const char *name, struct wh_error *err)
{
    struct nearest n = nearest_start(name);
    for (size_t i = 0; i < cfg->n_settings; i++)
        nearest_offer(&n, cfg->settings[i].option->name);
    wh_fail(err, WH_CONFIG, "could not set option \"--%s\": there is no such option", name);
    return n.best != NULL ? wh_hint(err, "did you mean --%s?", n.best) : WH_CONFIG;
}

enum wh_status wh_config_set(struct wh_config *cfg, const char *name, const char *value, struct wh_error *err)
{
    struct setting *s = find_setting(cfg, name);
    if (s == NULL)
        return unknown_option(cfg, name, err);
    if (value == NULL) {
        if (s->option->type != WH_OPT_BOOL)
            return wh_fail(err, WH_CONFIG, "could not set option \"--%s\": it needs a value", name);
        value = "true";
    }
    WH_TRY(check_value(s->option, value, err));
    char *copy;
    WH_TRY(wh_strdup(&copy, value, err));
    free(s->value);
    s->value = copy;
    return WH_OK;
}

bool wh_config_next_set(const struct wh_config *cfg, size_t *at, const char **name, const char **value)
{
    while (*at < cfg->n_settings) {
        const struct setting *s = &cfg->settings[(*at)++];
        if (s->value != NULL) {
            *name = s->option->name;
            *value = s->value;
            return true;
        }
    }
    return false;
}

/* ---- reading ---------------------------------------------------------------------------------- */

const char *wh_config_str(const struct wh_config *cfg, const char *name)
{
    const struct setting *s = find_setting(cfg, name);
    assert(s != NULL && "option is in none of the tables");
    return s->value != NULL ? s->value : s->option->fallback;
}

bool wh_config_bool(const struct wh_config *cfg, const char *name)
{
    const char *text = wh_config_str(cfg, name);
    bool value = false;
    bool ok = text == NULL || parse_bool(text, &value);
    assert(ok);
    return value;
}

int64_t wh_config_int(const struct wh_config *cfg, const char *name)
{
    const char *text = wh_config_str(cfg, name);
    int64_t value = 0;
    bool ok = text == NULL || wh_parse_i64(wh_slice_of(text), &value);
    assert(ok);
    return value;
}

int64_t wh_config_bytes(const struct wh_config *cfg, const char *name)
{
    const char *text = wh_config_str(cfg, name);
    int64_t value = 0;
    bool ok = text == NULL || wh_parse_size(wh_slice_of(text), &value);
    assert(ok);
    return value;
}

bool wh_config_is_set(const struct wh_config *cfg, const char *name)
{
    const struct setting *s = find_setting(cfg, name);
    assert(s != NULL && "option is in none of the tables");
    return s->value != NULL;
}

/* ---- lists ------------------------------------------------------------------------------------ */

/* Copies one element to out without its quotes; returns what is behind it, or NULL for a quote without
 * end. *n is the length. */
static const char *take_element(const char *p, char *out, size_t *n)
{
    bool quoted = *p == '"';
    *n = 0;
    p += quoted;
    for (; *p != '\0'; p++) {
        if (!quoted && *p == ',')
            return p;
        if (quoted && *p == '"') {
            if (p[1] != '"')
                return p[1] == ',' || p[1] == '\0' ? p + 1 : NULL;
            p++;
        }
        out[(*n)++] = *p;
    }
    return quoted ? NULL : p;
}

/* Fills the list, which has room; element has room for the longest one. */
static enum wh_status fill_list(char **list, char *element, const char *text, struct wh_error *err)
{
    const char *p = text;
    for (size_t i = 0; *p != '\0'; i++) {
        size_t n;
        p = take_element(p, element, &n);
        if (p == NULL)
            return wh_fail(err, WH_CONFIG, "could not read list \"%s\": a quote has no end", text);
        WH_TRY(wh_strndup(&list[i], element, n, err));
        p += *p == ',';
    }
    return WH_OK;
}

enum wh_status wh_split_list(char ***out, const char *text, struct wh_error *err)
{
    size_t most = 1;
    for (const char *p = text; *p != '\0'; p++)
        most += *p == ',';
    char **list = wh_alloc_array(most + 1, sizeof *list);
    char *element = malloc(strlen(text) + 1);
    enum wh_status s = list != NULL && element != NULL ? fill_list(list, element, text, err) : wh_nomem(err);
    free(element);
    if (s == WH_OK)
        *out = list;
    else
        wh_strv_free(list);
    return s;
}

enum wh_status wh_config_list(const struct wh_config *cfg, const char *name, char ***out,
                              struct wh_error *err)
{
    const char *text = wh_config_str(cfg, name);
    if (text == NULL) {
        *out = NULL;
        return WH_OK;
    }
    enum wh_status s = wh_split_list(out, text, err);
    return s == WH_OK ? WH_OK : wh_wrap(err, "option \"--%s\"", name);
}
