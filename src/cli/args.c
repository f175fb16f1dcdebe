/* cli/args.c - parsing by the flag tables; see cli/command.h. */
#include <ctype.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/options.h"
#include "cli/command.h"
#include "connector/registry.h"

struct value {
    const struct wh_flag *flag;
    char *text;  /* owned, or NULL for a switch */
    char **list; /* owned, of a LIST */
};

struct pairs {
    char **items; /* owned, NULL-ended */
    size_t n;
};

struct wh_args {
    const struct wh_command *command;
    const char *positional[WH_ARGS_MAX]; /* lent from argv */
    int n_positional;
    struct value *values; /* owned */
    size_t n_values;
    struct pairs options[3]; /* by enum wh_args_side */
};

/* ---- tables ---- */

static const struct wh_flag *find_in(const struct wh_flag *table, struct wh_slice name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (wh_slice_eq(wh_slice_of(table->name), name))
            return table;
    return NULL;
}

static const struct wh_flag *find_flag(const struct wh_command *c, struct wh_slice name)
{
    const struct wh_flag *f = find_in(c->flags, name);
    if (f == NULL)
        f = find_in(wh_common_flags, name);
    return f != NULL && f->same_as != NULL ? find_flag(c, wh_slice_of(f->same_as)) : f;
}

static const struct wh_flag *find_letter(const struct wh_command *c, char letter)
{
    const struct wh_flag *const tables[] = {c->flags, wh_common_flags};
    for (size_t i = 0; i < WH_COUNT(tables); i++)
        for (const struct wh_flag *f = tables[i]; f != NULL && f->name != NULL; f++)
            if (f->letter == letter)
                return f;
    return NULL;
}

static const struct wh_option *find_in_tables(const struct wh_connector *c, struct wh_slice name)
{
    const struct wh_option *const one[] = {c->options, NULL};
    const struct wh_option *const *const lists[] = {one, c->source_options, c->destination_options};
    for (size_t i = 0; i < WH_COUNT(lists); i++)
        for (const struct wh_option *const *t = lists[i]; t != NULL && *t != NULL; t++)
            for (const struct wh_option *o = *t; o->name != NULL; o++)
                if (wh_slice_eq(wh_slice_of(o->name), name))
                    return o;
    return NULL;
}

/* An option of any connector. */
static const struct wh_option *find_option(struct wh_slice name)
{
    const struct wh_option *o = NULL;
    for (size_t i = 0; o == NULL && wh_connectors[i] != NULL; i++)
        o = find_in_tables(wh_connectors[i], name);
    return o;
}

static enum wh_args_side option_side(struct wh_slice *name)
{
    static const struct {
        const char *prefix;
        enum wh_args_side side;
    } prefixes[] = {
        {"source-", WH_ARGS_SOURCE}, {"dest-", WH_ARGS_DESTINATION}, {"destination-", WH_ARGS_DESTINATION}};
    for (size_t i = 0; i < WH_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i].prefix);
        if (name->len > n && memcmp(name->ptr, prefixes[i].prefix, n) == 0) {
            *name = wh_slice(name->ptr + n, name->len - n);
            return prefixes[i].side;
        }
    }
    return WH_ARGS_BOTH;
}

/* ---- errors ---- */

/* Names that an unknown one is compared with. */
struct names {
    const char *items[256]; /* NULL-ended */
    size_t n;
};

static void names_add(struct names *names, const char *name)
{
    if (names->n + 1 < WH_COUNT(names->items))
        names->items[names->n++] = name;
}

static void add_flags(struct names *names, const struct wh_flag *table)
{
    for (; table != NULL && table->name != NULL; table++)
        if (table->help != NULL)
            names_add(names, table->name);
}

static void add_options(struct names *names, const struct wh_option *const *tables)
{
    for (; tables != NULL && *tables != NULL; tables++)
        for (const struct wh_option *o = *tables; o->name != NULL; o++)
            names_add(names, o->name);
}

static enum wh_status unknown_flag(const struct wh_command *c, struct wh_slice name, struct wh_error *err)
{
    struct names names = {0};
    char word[128], bare_word[128];
    struct wh_slice bare = name;
    if (c->takes_connector_options)
        (void)option_side(&bare);
    snprintf(word, sizeof word, "%.*s", (int)name.len, name.ptr);
    snprintf(bare_word, sizeof bare_word, "%.*s", (int)bare.len, bare.ptr);
    add_flags(&names, c->flags);
    add_flags(&names, wh_common_flags);
    const char *nearest = wh_nearest(word, names.items);
    int prefix = 0;
    for (size_t i = 0; c->takes_connector_options && wh_connectors[i] != NULL; i++) {
        const struct wh_option *const one[] = {wh_connectors[i]->options, NULL};
        add_options(&names, one);
        add_options(&names, wh_connectors[i]->source_options);
        add_options(&names, wh_connectors[i]->destination_options);
    }
    if (nearest == NULL) {
        nearest = wh_nearest(bare_word, names.items);
        prefix = (int)(name.len - bare.len);
    }
    wh_fail(err, WH_CONFIG, "unknown flag --%s", word);
    if (nearest != NULL)
        return wh_hint(err, "did you mean --%.*s%s?", prefix, word, nearest);
    return wh_hint(err, "`wherry help %s` lists the flags", c->name);
}

/* True when text is one of the words of "a|b|c". */
static bool is_in_enum(const char *values, const char *text)
{
    size_t len = strlen(text);
    for (const char *v = values; v != NULL && len > 0; v = strchr(v, '|')) {
        v += *v == '|';
        if (strcspn(v, "|") == len && memcmp(v, text, len) == 0)
            return true;
    }
    return false;
}

/* Number and unit; without unit seconds. */
static bool parse_duration(const char *text, int64_t *out_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    int64_t n;
    if (!wh_parse_i64(wh_slice(text, digits), &n))
        return false;
    for (size_t i = 0; i < WH_COUNT(units); i++)
        if (strcmp(text + digits, units[i].name) == 0)
            return wh_mul(n, units[i].ms, out_ms);
    return false;
}

static enum wh_status bad_enum(const struct wh_flag *f, const char *text, struct wh_error *err)
{
    char words[256], list[256] = "";
    struct names names = {0};
    size_t len = 0;
    snprintf(words, sizeof words, "%s", f->value);
    for (char *word = words, *next; word != NULL; word = next) {
        next = strchr(word, '|');
        if (next != NULL)
            *next++ = '\0';
        names_add(&names, word);
        int wrote = snprintf(list + len, sizeof list - len, "%s%s", len == 0 ? "" : ", ", word);
        len = WH_MIN(len + (size_t)wrote, sizeof list - 1);
    }
    const char *nearest = wh_nearest(text, names.items);
    wh_fail(err, WH_CONFIG, "--%s cannot be \"%s\"", f->name, text);
    if (nearest != NULL)
        return wh_hint(err, "did you mean %s? It is one of %s", nearest, list);
    return wh_hint(err, "it is one of %s", list);
}

static enum wh_status check_value(const struct wh_flag *f, const char *text, struct wh_error *err)
{
    int64_t n;
    switch (f->kind) {
    case WH_FLAG_INT:
        if (!wh_parse_i64(wh_slice_of(text), &n) || n < 0)
            return wh_fail(err, WH_CONFIG, "--%s \"%s\" is no whole number", f->name, text);
        return WH_OK;
    case WH_FLAG_SIZE:
        if (wh_parse_size(wh_slice_of(text), &n))
            return WH_OK;
        wh_fail(err, WH_CONFIG, "--%s \"%s\" is no size", f->name, text);
        return wh_hint(err, "write it like 64MiB");
    case WH_FLAG_DURATION:
        if (parse_duration(text, &n))
            return WH_OK;
        wh_fail(err, WH_CONFIG, "--%s \"%s\" is no duration", f->name, text);
        return wh_hint(err, "write it like 500ms, 10s or 5m");
    case WH_FLAG_ENUM:
        return is_in_enum(f->value, text) || is_in_enum(f->also, text) ? WH_OK : bad_enum(f, text, err);
    case WH_FLAG_SWITCH:
    case WH_FLAG_TEXT:
    case WH_FLAG_LIST:
    case WH_FLAG_SCHEMA:
        return WH_OK;
    }
    return WH_OK;
}

/* ---- parsing ---- */

static struct value *find_value(const struct wh_args *a, const struct wh_flag *f)
{
    for (size_t i = a->n_values; i > 0; i--) /* the last one wins */
        if (a->values[i - 1].flag == f)
            return &a->values[i - 1];
    return NULL;
}

static enum wh_status join_lists(struct value *to, char **more, struct wh_error *err)
{
    size_t have = wh_strv_len((const char *const *)to->list), extra = wh_strv_len((const char *const *)more);
    char **list = wh_realloc_array(to->list, have + extra + 1, sizeof *list);
    if (list == NULL) {
        wh_strv_free(more);
        return wh_nomem(err);
    }
    for (size_t i = 0; i <= extra; i++)
        list[have + i] = more == NULL ? NULL : more[i];
    free(more);
    to->list = list;
    return WH_OK;
}

/* "a:int64" and "b:text" are "a:int64,b:text". */
static enum wh_status join_texts(struct value *to, const char *more, struct wh_error *err)
{
    char *joined = NULL;
    if (asprintf(&joined, "%s,%s", to->text, more) < 0)
        return wh_nomem(err);
    free(to->text);
    to->text = joined;
    return WH_OK;
}

static enum wh_status add_value(struct wh_args *a, const struct wh_flag *f, const char *text,
                                struct wh_error *err)
{
    if (text != NULL)
        WH_TRY(check_value(f, text, err));
    char **list = NULL;
    struct value *known = find_value(a, f);
    if (f->kind == WH_FLAG_SCHEMA && known != NULL)
        return join_texts(known, text, err);
    if (f->kind == WH_FLAG_LIST) {
        WH_TRY(wh_split_list(&list, text, err));
        if (known != NULL)
            return join_lists(known, list, err);
    }
    struct value *values = wh_realloc_array(a->values, a->n_values + 1, sizeof *values);
    if (values == NULL) {
        wh_strv_free(list);
        return wh_nomem(err);
    }
    a->values = values;
    a->values[a->n_values++] = (struct value){.flag = f, .list = list};
    return text == NULL ? WH_OK : wh_strdup(&a->values[a->n_values - 1].text, text, err);
}

static enum wh_status add_option(struct wh_args *a, enum wh_args_side side, const char *name,
                                 const char *value, struct wh_error *err)
{
    struct pairs *p = &a->options[side];
    char **items = wh_realloc_array(p->items, p->n + 3, sizeof *items);
    if (items == NULL)
        return wh_nomem(err);
    p->items = items;
    items[p->n] = items[p->n + 1] = items[p->n + 2] = NULL;
    WH_TRY(wh_strdup(&items[p->n], name, err));
    WH_TRY(wh_strdup(&items[p->n + 1], value, err));
    p->n += 2;
    return WH_OK;
}

/* What is left of the command line. */
struct rest {
    int argc, at;
    char *const *argv;
};

/* The value behind '=' or the next word. */
static enum wh_status take_value(struct rest *r, const char *name, const char *inline_value, const char **out,
                                 struct wh_error *err)
{
    if (inline_value != NULL)
        *out = inline_value;
    else if (r->at < r->argc)
        *out = r->argv[r->at++];
    else
        return wh_fail(err, WH_CONFIG, "--%s needs a value", name);
    return WH_OK;
}

static enum wh_status parse_flag(struct wh_args *a, const struct wh_flag *f, struct rest *r,
                                 const char *inline_value, struct wh_error *err)
{
    if (f->kind == WH_FLAG_SWITCH) {
        if (inline_value != NULL)
            return wh_fail(err, WH_CONFIG, "--%s takes no value", f->name);
        return add_value(a, f, NULL, err);
    }
    const char *text = NULL;
    WH_TRY(take_value(r, f->name, inline_value, &text, err));
    return add_value(a, f, text, err);
}

static enum wh_status parse_option(struct wh_args *a, struct wh_slice name, struct rest *r,
                                   const char *inline_value, struct wh_error *err)
{
    struct wh_slice bare = name;
    enum wh_args_side side = WH_ARGS_BOTH;
    const struct wh_option *o = find_option(bare);
    if (o == NULL) {
        side = option_side(&bare);
        o = find_option(bare);
    }
    if (o == NULL || !a->command->takes_connector_options)
        return unknown_flag(a->command, name, err);
    const char *text = inline_value;
    bool bare_switch = o->type == WH_OPT_BOOL && inline_value == NULL;
    if (bare_switch)
        text = "true";
    else
        WH_TRY(take_value(r, o->name, inline_value, &text, err));
    return add_option(a, side, o->name, text, err);
}

static enum wh_status parse_long(struct wh_args *a, const char *word, struct rest *r, struct wh_error *err)
{
    size_t len = strcspn(word, "=");
    const char *inline_value = word[len] == '=' ? word + len + 1 : NULL;
    const struct wh_flag *f = find_flag(a->command, wh_slice(word, len));
    return f != NULL ? parse_flag(a, f, r, inline_value, err)
                     : parse_option(a, wh_slice(word, len), r, inline_value, err);
}

/* -j4, -j 4, -yq */
static enum wh_status parse_letters(struct wh_args *a, const char *letters, struct rest *r,
                                    struct wh_error *err)
{
    for (; *letters != '\0'; letters++) {
        const struct wh_flag *f = find_letter(a->command, *letters);
        if (f == NULL) {
            wh_fail(err, WH_CONFIG, "unknown flag -%c", *letters);
            return wh_hint(err, "`wherry help %s` lists the flags", a->command->name);
        }
        if (f->kind != WH_FLAG_SWITCH)
            return parse_flag(a, f, r, letters[1] != '\0' ? letters + 1 : NULL, err);
        WH_TRY(add_value(a, f, NULL, err));
    }
    return WH_OK;
}

static enum wh_status parse_word(struct wh_args *a, const char *word, struct rest *r, bool *only_words,
                                 struct wh_error *err)
{
    if (!*only_words && strcmp(word, "--") == 0) {
        *only_words = true;
        return WH_OK;
    }
    if (!*only_words && word[0] == '-' && word[1] == '-')
        return parse_long(a, word + 2, r, err);
    if (!*only_words && word[0] == '-' && word[1] != '\0')
        return parse_letters(a, word + 1, r, err);
    if (a->n_positional >= a->command->max_args) {
        wh_fail(err, WH_CONFIG, "unexpected argument \"%s\"", word);
        return wh_hint(err, "usage: wherry %s %s%s", a->command->name, a->command->usage,
                       a->command->takes_connector_options ? "; a pattern stands in quotes: 'logs/*.csv'"
                                                           : "");
    }
    a->positional[a->n_positional++] = word;
    return WH_OK;
}

static void env_name(char *out, size_t size, const char *flag)
{
    int n = snprintf(out, size, "WHERRY_%s", flag);
    for (int i = 7; i < n && (size_t)i < size; i++)
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
}

/* Flags that were not given come from the environment. */
static enum wh_status parse_environment(struct wh_args *a, const struct wh_flag *table, struct wh_error *err)
{
    for (; table != NULL && table->name != NULL; table++) {
        char name[64];
        env_name(name, sizeof name, table->name);
        bool named = table->help != NULL && strcmp(table->name, "help") != 0;
        const char *text = named ? getenv(name) : NULL;
        if (text == NULL || text[0] == '\0' || find_value(a, table) != NULL)
            continue;
        bool off = table->kind == WH_FLAG_SWITCH && (strcmp(text, "0") == 0 || strcmp(text, "false") == 0);
        if (!off && add_value(a, table, table->kind == WH_FLAG_SWITCH ? NULL : text, err) != WH_OK)
            return wh_wrap(err, "environment variable %s", name);
    }
    return WH_OK;
}

static enum wh_status parse(struct wh_args *a, struct rest *r, struct wh_error *err)
{
    bool only_words = false;
    while (r->at < r->argc)
        WH_TRY(parse_word(a, r->argv[r->at++], r, &only_words, err));
    WH_TRY(parse_environment(a, a->command->flags, err));
    return parse_environment(a, wh_common_flags, err);
}

enum wh_status wh_args_parse(struct wh_args **out, const struct wh_command *c, int argc, char *const *argv,
                             struct wh_error *err)
{
    struct wh_args *a = wh_alloc(sizeof *a);
    if (a == NULL)
        return wh_nomem(err);
    a->command = c;
    struct rest r = {.argc = argc, .argv = argv};
    enum wh_status s = parse(a, &r, err);
    if (s == WH_OK && a->n_positional < c->min_args && !wh_args_has(a, "help")) {
        s = wh_fail(err, WH_CONFIG, "wherry %s needs %s", c->name, c->usage);
        wh_hint(err, "`wherry help %s` shows examples", c->name);
    }
    if (s != WH_OK) {
        wh_args_free(a);
        return s;
    }
    *out = a;
    return WH_OK;
}

void wh_args_free(struct wh_args *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n_values; i++) {
        free(a->values[i].text);
        wh_strv_free(a->values[i].list);
    }
    free(a->values);
    for (size_t i = 0; i < WH_COUNT(a->options); i++)
        wh_strv_free(a->options[i].items);
    free(a);
}

/* ---- asking ---- */

const char *wh_args_at(const struct wh_args *a, int i)
{
    return i < a->n_positional ? a->positional[i] : NULL;
}

const struct wh_command *wh_args_command(const struct wh_args *a)
{
    return a->command;
}

bool wh_args_has(const struct wh_args *a, const char *flag)
{
    return find_value(a, find_flag(a->command, wh_slice_of(flag))) != NULL;
}

const char *wh_args_text(const struct wh_args *a, const char *flag)
{
    const struct wh_flag *f = find_flag(a->command, wh_slice_of(flag));
    const struct value *v = find_value(a, f);
    return v != NULL ? v->text : f == NULL ? NULL : f->fallback;
}

int64_t wh_args_int(const struct wh_args *a, const char *flag)
{
    const char *text = wh_args_text(a, flag);
    const struct wh_flag *f = find_flag(a->command, wh_slice_of(flag));
    int64_t n = 0;
    if (text == NULL)
        return 0;
    if (f->kind == WH_FLAG_DURATION)
        (void)parse_duration(text, &n);
    else if (!wh_parse_i64(wh_slice_of(text), &n))
        (void)wh_parse_size(wh_slice_of(text), &n);
    return n;
}

const char *const *wh_args_list(const struct wh_args *a, const char *flag)
{
    const struct value *v = find_value(a, find_flag(a->command, wh_slice_of(flag)));
    return v == NULL ? NULL : (const char *const *)v->list;
}

const char *const *wh_args_options(const struct wh_args *a, enum wh_args_side side)
{
    return (const char *const *)a->options[side].items;
}
