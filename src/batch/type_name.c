/* batch/type_name.c - names of types as users write and read them; see batch/schema.h.
 *
 * type   = name [ "(" parameters ")" ] | list "<" child ">" | struct "<" [ member { "," member } ] ">"
 *        | map "<" type "," child ">"
 * child  = type [ "not null" ]
 * member = name ":" child
 *
 * Names of members and columns stand bare or in double quotes (doubled inside). */
#include <ctype.h>
#include <stdio.h>

#include "base/mem.h"
#include "batch/schema.h"

static const struct type_name {
    const char *name;
    enum wh_type type;
    bool zoned;
} type_names[] = {
    /* The first name of a type is the one that is written. */
    {"null", WH_NULL, false},         {"bool", WH_BOOL, false},           {"boolean", WH_BOOL, false},
    {"int8", WH_INT8, false},         {"tinyint", WH_INT8, false},        {"int16", WH_INT16, false},
    {"smallint", WH_INT16, false},    {"int32", WH_INT32, false},         {"int", WH_INT32, false},
    {"integer", WH_INT32, false},     {"int64", WH_INT64, false},         {"bigint", WH_INT64, false},
    {"uint8", WH_UINT8, false},       {"uint16", WH_UINT16, false},       {"uint32", WH_UINT32, false},
    {"uint64", WH_UINT64, false},     {"float32", WH_FLOAT32, false},     {"real", WH_FLOAT32, false},
    {"float64", WH_FLOAT64, false},   {"double", WH_FLOAT64, false},      {"float", WH_FLOAT64, false},
    {"decimal", WH_DECIMAL, false},   {"numeric", WH_DECIMAL, false},     {"text", WH_UTF8, false},
    {"utf8", WH_UTF8, false},         {"string", WH_UTF8, false},         {"varchar", WH_UTF8, false},
    {"json", WH_JSON, false},         {"binary", WH_BINARY, false},       {"bytes", WH_BINARY, false},
    {"blob", WH_BINARY, false},       {"uuid", WH_UUID, false},           {"date", WH_DATE32, false},
    {"time", WH_TIME64, false},       {"timestamp", WH_TIMESTAMP, false}, {"timestamptz", WH_TIMESTAMP, true},
    {"interval", WH_INTERVAL, false}, {"list", WH_LIST, false},           {"struct", WH_STRUCT, false},
    {"map", WH_MAP, false},
};
static const char *const unit_names[] = {
    [WH_SECOND] = "s", [WH_MILLI] = "ms", [WH_MICRO] = "us", [WH_NANO] = "ns"};

/* ---- writing ---------------------------------------------------------------------------------- */

struct text_out {
    char *buf;
    size_t size, len; /* len < size */
};

static void put(struct text_out *out, const char *text)
{
    size_t n = WH_MIN(strlen(text), out->size - 1 - out->len);
    memcpy(out->buf + out->len, text, n);
    out->len += n;
    out->buf[out->len] = '\0';
}

static void put_char(struct text_out *out, char c)
{
    put(out, (char[]){c, '\0'});
}

static void put_name(struct text_out *out, const char *name)
{
    if (name != NULL && name[0] != '\0' && strpbrk(name, " \t\r\n,:<>()\"") == NULL) {
        put(out, name);
        return;
    }
    put_char(out, '"');
    for (const char *c = name == NULL ? "" : name; *c != '\0'; c++) {
        if (*c == '"')
            put_char(out, '"');
        put_char(out, *c);
    }
    put_char(out, '"');
}

static const char *name_of(const struct wh_field *f)
{
    bool zoned = f->type == WH_TIMESTAMP && f->zone != NULL;
    for (size_t i = 0; i < WH_COUNT(type_names); i++)
        if (type_names[i].type == f->type && type_names[i].zoned == zoned)
            return type_names[i].name;
    return "?";
}

static void put_parameters(struct text_out *out, const struct wh_field *f)
{
    if (f->type == WH_DECIMAL) {
        char text[24];
        snprintf(text, sizeof text, "(%d,%d)", f->precision, f->scale);
        put(out, text);
    }
    if (f->type != WH_TIME64 && f->type != WH_TIMESTAMP)
        return;
    bool zone = f->type == WH_TIMESTAMP && f->zone != NULL && strcmp(f->zone, "UTC") != 0;
    if (f->unit == WH_MICRO && !zone)
        return;
    put_char(out, '(');
    put(out, unit_names[f->unit]);
    if (zone) {
        put_char(out, ',');
        put(out, f->zone);
    }
    put_char(out, ')');
}

static void put_type(struct text_out *out, const struct wh_field *f)
{
    put(out, name_of(f));
    put_parameters(out, f);
    if (f->type != WH_LIST && f->type != WH_STRUCT && f->type != WH_MAP)
        return;
    const struct wh_field *top = f->type == WH_MAP && f->n_children == 1 ? &f->children[0] : f;
    put_char(out, '<');
    for (size_t i = 0; i < top->n_children; i++) {
        const struct wh_field *child = &top->children[i];
        if (i > 0)
            put_char(out, ',');
        if (f->type == WH_STRUCT) {
            put_name(out, child->name);
            put_char(out, ':');
        }
        put_type(out, child);
        if (!child->nullable && !(f->type == WH_MAP && i == 0))
            put(out, " not null");
    }
    put_char(out, '>');
}

void wh_type_format(const struct wh_field *f, char *buf, size_t size)
{
    if (size == 0)
        return;
    struct text_out out = {buf, size, 0};
    buf[0] = '\0';
    put_type(&out, f);
}

/* ---- reading ---------------------------------------------------------------------------------- */

struct parser {
    const char *text, *at;
    int depth;
};

static enum wh_status parse_type(struct parser *p, struct wh_field *out, struct wh_error *err);

static enum wh_status bad_type(const struct parser *p, const char *reason, struct wh_error *err)
{
    return wh_fail(err, WH_CONFIG, "could not read type \"%.200s\": %s at character %td", p->text, reason,
                   p->at - p->text + 1);
}

static void skip_space(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

static bool accept(struct parser *p, char c)
{
    skip_space(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static enum wh_status expect(struct parser *p, char c, struct wh_error *err)
{
    if (accept(p, c))
        return WH_OK;
    char reason[] = "\"?\" expected";
    reason[1] = c;
    return bad_type(p, reason, err);
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool accept_word(struct parser *p, const char *word)
{
    skip_space(p);
    size_t n = strlen(word);
    if (strncasecmp(p->at, word, n) != 0 || is_word_char(p->at[n]))
        return false;
    p->at += n;
    return true;
}

/* Letters that must be inserted, removed or changed to make b of a; both are cut at 31. */
static size_t edit_distance(const char *a, size_t a_len, const char *b)
{
    size_t row[32], b_len = WH_MIN(strlen(b), WH_COUNT(row) - 1);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= WH_MIN(a_len, WH_COUNT(row) - 1); i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = corner + (tolower((unsigned char)a[i - 1]) != b[j - 1]);
            corner = row[j];
            row[j] = WH_MIN(change, WH_MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

static enum wh_status unknown_type(const struct parser *p, struct wh_slice word, struct wh_error *err)
{
    const char *nearest = NULL;
    size_t least = 4;
    for (size_t i = 0; i < WH_COUNT(type_names); i++) {
        size_t d = edit_distance(word.ptr, word.len, type_names[i].name);
        if (d < least && d < WH_MAX(word.len, 2)) {
            least = d;
            nearest = type_names[i].name;
        }
    }
    wh_fail(err, WH_CONFIG, "could not read type \"%.200s\": \"%.*s\" is no type", p->text,
            (int)WH_MIN(word.len, (size_t)64), word.ptr);
    if (nearest != NULL)
        return wh_hint(err, "did you mean \"%s\"?", nearest);
    return wh_hint(err,
                   "types are bool, int8 to int64, uint8 to uint64, float32, float64, decimal(p,s), text, "
                   "json, binary, uuid, date, time, timestamp, timestamptz, interval, list<T>, "
                   "struct<name:T>, map<K,V>");
}

static enum wh_status parse_number(struct parser *p, int max, int *out, struct wh_error *err)
{
    skip_space(p);
    const char *start = p->at;
    int v = 0;
    while (isdigit((unsigned char)*p->at) && v <= max)
        v = v * 10 + (*p->at++ - '0');
    if (p->at != start && v <= max)
        *out = v;
    else
        return bad_type(p, "number out of range", err);
    return WH_OK;
}

static enum wh_status parse_decimal(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    int precision, scale = 0;
    WH_TRY(parse_number(p, WH_DECIMAL_MAX_DIGITS, &precision, err));
    if (precision == 0)
        return bad_type(p, "decimal without digits", err);
    if (accept(p, ','))
        WH_TRY(parse_number(p, precision, &scale, err));
    out->precision = (uint8_t)precision;
    out->scale = (int8_t)scale;
    return WH_OK;
}

static enum wh_status set_zone(struct wh_field *out, struct wh_slice zone, struct wh_error *err)
{
    free(WH_TAKE(out->zone));
    return wh_strndup(&out->zone, zone.ptr, zone.len, err);
}

static enum wh_status parse_unit(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    int first = out->type == WH_TIME64 ? WH_MICRO : WH_SECOND, unit = first;
    while (unit <= WH_NANO && !accept_word(p, unit_names[unit]))
        unit++;
    if (unit > WH_NANO) {
        bad_type(p, "unknown unit", err);
        return wh_hint(err, "units are %s", first == WH_SECOND ? "s, ms, us and ns" : "us and ns");
    }
    out->unit = (enum wh_time_unit)unit;
    if (out->zone == NULL || !accept(p, ','))
        return WH_OK;
    skip_space(p);
    size_t n = strcspn(p->at, " \t\r\n,<>()\"");
    if (n == 0)
        return bad_type(p, "name of a time zone expected", err);
    WH_TRY(set_zone(out, wh_slice(p->at, n), err));
    p->at += n;
    return WH_OK;
}

static enum wh_status parse_parameters(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    bool timed = out->type == WH_TIME64 || out->type == WH_TIMESTAMP;
    if (!timed && out->type != WH_DECIMAL)
        return WH_OK;
    if (!accept(p, '('))
        return WH_OK;
    WH_TRY(timed ? parse_unit(p, out, err) : parse_decimal(p, out, err));
    return expect(p, ')', err);
}

/* A bare or quoted name. */
static enum wh_status parse_name(struct parser *p, char **out, struct wh_error *err)
{
    skip_space(p);
    if (*p->at != '"') {
        size_t n = strcspn(p->at, ",:<>()\"");
        while (n > 0 && isspace((unsigned char)p->at[n - 1]))
            n--;
        if (n == 0)
            return bad_type(p, "name expected", err);
        WH_TRY(wh_strndup(out, p->at, n, err));
        p->at += n;
        return WH_OK;
    }
    char *name = malloc(strlen(p->at));
    if (name == NULL)
        return wh_nomem(err);
    size_t n = 0;
    const char *c = p->at + 1;
    for (; *c != '\0' && (*c != '"' || c[1] == '"'); c++) {
        name[n++] = *c;
        c += *c == '"';
    }
    if (*c == '\0') {
        free(name);
        return bad_type(p, "quote is not closed", err);
    }
    name[n] = '\0';
    p->at = c + 1;
    *out = name;
    return WH_OK;
}

/* Adds an empty child for the parser to fill; half-filled ones are released with the parent. */
static enum wh_status add_child(struct wh_field *parent, struct wh_field **out, struct wh_error *err)
{
    struct wh_field *children = wh_realloc_array(parent->children, parent->n_children + 1, sizeof *children);
    if (children == NULL)
        return wh_nomem(err);
    parent->children = children;
    *out = &children[parent->n_children++];
    **out = (struct wh_field){.nullable = true};
    return WH_OK;
}

static enum wh_status parse_child(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    WH_TRY(parse_type(p, out, err));
    if (accept_word(p, "not")) {
        if (!accept_word(p, "null"))
            return bad_type(p, "\"not null\" expected", err);
        out->nullable = false;
    }
    return WH_OK;
}

static enum wh_status parse_named_child(struct parser *p, struct wh_field *parent, const char *name,
                                        struct wh_error *err)
{
    struct wh_field *child;
    WH_TRY(add_child(parent, &child, err));
    WH_TRY(wh_strdup(&child->name, name, err));
    return parse_child(p, child, err);
}

static enum wh_status parse_member(struct parser *p, struct wh_field *parent, struct wh_error *err)
{
    struct wh_field *child;
    WH_TRY(add_child(parent, &child, err));
    WH_TRY(parse_name(p, &child->name, err));
    for (size_t i = 0; i + 1 < parent->n_children; i++)
        if (strcmp(parent->children[i].name, child->name) == 0)
            return wh_fail(err, WH_CONFIG, "could not read type \"%.200s\": \"%.64s\" appears twice", p->text,
                           child->name);
    WH_TRY(expect(p, ':', err));
    return parse_child(p, child, err);
}

static enum wh_status parse_map(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    struct wh_field *entries;
    WH_TRY(add_child(out, &entries, err));
    WH_TRY(wh_strdup(&entries->name, "entries", err));
    entries->type = WH_STRUCT;
    entries->nullable = false;
    WH_TRY(parse_named_child(p, entries, "key", err));
    entries->children[0].nullable = false;
    WH_TRY(expect(p, ',', err));
    return parse_named_child(p, entries, "value", err);
}

static enum wh_status parse_nested(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    if (p->depth >= WH_MAX_DEPTH)
        return bad_type(p, "nested too deep", err);
    p->depth++;
    WH_TRY(expect(p, '<', err));
    if (out->type == WH_LIST) {
        WH_TRY(parse_named_child(p, out, "item", err));
    } else if (out->type == WH_MAP) {
        p->depth++;
        WH_TRY(parse_map(p, out, err));
        p->depth--;
    } else if (!accept(p, '>')) {
        do
            WH_TRY(parse_member(p, out, err));
        while (accept(p, ','));
    } else {
        p->depth--;
        return WH_OK;
    }
    p->depth--;
    return expect(p, '>', err);
}

/* Fills type, parameters and children of a field that has only a name. */
static enum wh_status parse_type(struct parser *p, struct wh_field *out, struct wh_error *err)
{
    skip_space(p);
    struct wh_slice word = {p->at, 0};
    while (is_word_char(*p->at))
        p->at++;
    word.len = (size_t)(p->at - word.ptr);
    if (word.len == 0)
        return bad_type(p, "name of a type expected", err);
    const struct type_name *found = NULL;
    for (size_t i = 0; found == NULL && i < WH_COUNT(type_names); i++)
        if (strlen(type_names[i].name) == word.len &&
            strncasecmp(type_names[i].name, word.ptr, word.len) == 0)
            found = &type_names[i];
    if (found == NULL)
        return unknown_type(p, word, err);
    struct wh_field plain;
    WH_TRY(wh_field_init(&plain, NULL, found->type, err));
    plain.name = out->name;
    *out = plain;
    if (found->zoned)
        WH_TRY(set_zone(out, wh_slice_of("UTC"), err));
    if (found->type == WH_LIST || found->type == WH_STRUCT || found->type == WH_MAP)
        return parse_nested(p, out, err);
    return parse_parameters(p, out, err);
}

static enum wh_status expect_end(struct parser *p, struct wh_error *err)
{
    skip_space(p);
    return *p->at == '\0' ? WH_OK : bad_type(p, "unexpected text", err);
}

enum wh_status wh_type_parse(struct wh_field *out, const char *text, struct wh_error *err)
{
    struct parser p = {text, text, 1};
    struct wh_field f = {0};
    enum wh_status s = parse_type(&p, &f, err);
    if (s == WH_OK)
        s = expect_end(&p, err);
    if (s != WH_OK) {
        wh_field_release(&f);
        return s;
    }
    f.name = out->name;
    *out = f;
    return WH_OK;
}

/* Columns are the members of a struct without brackets. */
static enum wh_status parse_columns(struct wh_field *all, const char *text, struct wh_error *err)
{
    struct parser p = {text, text, 1};
    do
        WH_TRY(parse_member(&p, all, err));
    while (accept(&p, ','));
    return expect_end(&p, err);
}

enum wh_status wh_schema_parse(struct wh_schema *out, const char *text, struct wh_error *err)
{
    struct wh_field all = {.type = WH_STRUCT};
    enum wh_status s = parse_columns(&all, text, err);
    size_t before = out->n_fields;
    for (size_t i = 0; s == WH_OK && i < all.n_children; i++) {
        if (wh_schema_find(out, all.children[i].name) >= 0)
            s = wh_fail(err, WH_CONFIG, "could not read columns \"%.200s\": \"%.64s\" appears twice", text,
                        all.children[i].name);
        else
            s = wh_schema_add(out, &all.children[i], err);
    }
    while (s != WH_OK && out->n_fields > before)
        wh_field_release(&out->fields[--out->n_fields]);
    wh_field_release(&all);
    return s;
}
