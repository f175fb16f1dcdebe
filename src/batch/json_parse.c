/* batch/json_parse.c - JSON text (RFC 8259) to values of nested types.
 *
 * The text is checked as a whole first; the second pass walks a text that is known to be well-formed and
 * looks only at whether its values fit the column. */
#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text_int.h"

struct cursor {
    const char *p, *end;
};

static void skip_space(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

static bool take_char(struct cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
        return false;
    c->p += len;
    return true;
}

/* ---- first pass: is it JSON ------------------------------------------------------------------- */

/* Four hexadecimal digits at p; 0x10000 when they are none. */
static unsigned hex4(const char *p)
{
    unsigned value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned digit = (unsigned char)p[i] - (unsigned)'0',
                 letter = ((unsigned char)p[i] | 32u) - (unsigned)'a';
        if (digit > 9 && letter > 5)
            return 0x10000;
        value = value << 4 | (digit <= 9 ? digit : letter + 10);
    }
    return value;
}

static bool is_high_surrogate(unsigned unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}
static bool is_low_surrogate(unsigned unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Behind the backslash. */
static bool check_escape(struct cursor *c)
{
    if (c->p == c->end)
        return false;
    if (*c->p != 'u') {
        bool known = *c->p != '\0' && strchr("\"\\/bfnrt", *c->p) != NULL;
        c->p++;
        return known;
    }
    if (c->end - c->p < 5)
        return false;
    unsigned unit = hex4(c->p + 1);
    c->p += 5;
    if (is_high_surrogate(unit)) {
        if (c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u' || !is_low_surrogate(hex4(c->p + 2)))
            return false;
        c->p += 6;
        return true;
    }
    return unit <= 0xFFFF && !is_low_surrogate(unit);
}

/* Behind the opening quote. */
static bool check_string(struct cursor *c)
{
    while (c->p < c->end) {
        unsigned char byte = (unsigned char)*c->p++;
        if (byte == '"')
            return true;
        if (byte < ' ' || (byte == '\\' && !check_escape(c)))
            return false;
    }
    return false;
}

static bool take_digits(struct cursor *c)
{
    const char *first = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return c->p > first;
}

static bool check_number(struct cursor *c)
{
    (void)take_char(c, '-');
    if (!take_char(c, '0') && !take_digits(c))
        return false;
    if (take_char(c, '.') && !take_digits(c))
        return false;
    if (take_char(c, 'e') || take_char(c, 'E')) {
        if (!take_char(c, '+'))
            (void)take_char(c, '-');
        return take_digits(c);
    }
    return true;
}

static bool check_value(struct cursor *c, int depth);

/* Behind the opening bracket: members of an object or elements of an array up to `close`. */
static bool check_items(struct cursor *c, char close, int depth)
{
    skip_space(c);
    if (take_char(c, close))
        return true;
    for (;;) {
        if (close == '}') {
            skip_space(c);
            if (!take_char(c, '"') || !check_string(c))
                return false;
            skip_space(c);
            if (!take_char(c, ':'))
                return false;
        }
        if (!check_value(c, depth))
            return false;
        if (take_char(c, close))
            return true;
        if (!take_char(c, ','))
            return false;
    }
}

/* A value and the white space around it. */
static bool check_value(struct cursor *c, int depth)
{
    bool ok;
    skip_space(c);
    if (c->p == c->end)
        return false;
    if (*c->p == '{' || *c->p == '[') {
        char close = *c->p++ == '{' ? '}' : ']';
        ok = depth < WH_JSON_MAX_DEPTH && check_items(c, close, depth + 1);
    } else if (take_char(c, '"')) {
        ok = check_string(c);
    } else {
        ok = take_word(c, "true") || take_word(c, "false") || take_word(c, "null") || check_number(c);
    }
    skip_space(c);
    return ok;
}

bool wh_json_valid(struct wh_slice text)
{
    if (text.len == 0)
        return false;
    struct cursor c = {text.ptr, text.ptr + text.len};
    return wh_utf8_valid(text) && check_value(&c, 0) && c.p == c.end;
}

/* ---- second pass: values ---------------------------------------------------------------------- */

struct json {
    struct cursor at;
    struct wh_buffer scratch; /* text of the last string with escapes */
    const char *why;
    struct wh_error *err;
};

static enum wh_status misfit(struct json *j, const char *why)
{
    j->why = why;
    return WH_DATA;
}

static void skip_string(struct cursor *c)
{
    for (c->p++; *c->p != '"'; c->p++)
        c->p += *c->p == '\\';
    c->p++;
}

/* The raw text of the value at the cursor. */
static struct wh_slice take_raw(struct cursor *c)
{
    const char *first = c->p;
    int depth = 0;
    do {
        if (*c->p == '"') {
            skip_string(c);
            continue;
        }
        depth += (*c->p == '{' || *c->p == '[') - (*c->p == '}' || *c->p == ']');
        c->p++;
        if (depth == 0 && *first != '{' && *first != '[') /* a number or a word: to its end */
            while (c->p < c->end && strchr(" \t\n\r,]}", *c->p) == NULL)
                c->p++;
    } while (depth > 0);
    return wh_slice(first, (size_t)(c->p - first));
}

static size_t put_code_point(uint8_t *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    size_t n = code < 0x10000 ? 3 : 4;
    out[0] = (uint8_t)(n == 3 ? 0xE0 | code >> 12 : 0xF0 | code >> 18);
    for (size_t i = 1; i < n; i++)
        out[i] = (uint8_t)(0x80 | (code >> 6 * (n - 1 - i) & 63));
    return n;
}

/* Resolves escapes; what comes out is never longer than what went in. */
static size_t unescape(uint8_t *out, struct wh_slice text)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    size_t n = 0;
    for (const char *p = text.ptr, *end = p + text.len; p < end;) {
        if (*p != '\\') {
            out[n++] = (uint8_t)*p++;
            continue;
        }
        const char *letter = strchr(from, p[1]);
        if (p[1] != 'u') {
            out[n++] = (uint8_t)(letter != NULL ? to[letter - from] : p[1]);
            p += 2;
            continue;
        }
        unsigned code = hex4(p + 2);
        p += 6;
        if (is_high_surrogate(code)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (hex4(p + 2) - 0xDC00);
            p += 6;
        }
        n += put_code_point(out + n, code);
    }
    return n;
}

/* The text of the string at the cursor; lent until the next call. */
static enum wh_status take_string(struct json *j, struct wh_slice *out)
{
    const char *first = j->at.p + 1;
    skip_string(&j->at);
    struct wh_slice raw = wh_slice(first, (size_t)(j->at.p - 1 - first));
    if (raw.len == 0 || memchr(raw.ptr, '\\', raw.len) == NULL) {
        *out = raw;
        return WH_OK;
    }
    WH_TRY(wh_buffer_resize(&j->scratch, raw.len, j->err));
    *out = wh_slice((const char *)j->scratch.data, unescape(j->scratch.data, raw));
    return WH_OK;
}

static enum wh_status add_base64(struct json *j, struct wh_column *c, struct wh_slice text)
{
    WH_TRY(wh_column_reserve(c, 1, text.len, j->err));
    if (!wh_base64_decode(&c->data, text))
        return misfit(j, "a string is not valid base64");
    wh_column_put_bytes(c, NULL, 0); /* they are in place: ends the value */
    return WH_OK;
}

static enum wh_status add_fixed(struct json *j, struct wh_column *c, struct wh_slice text)
{
    uint64_t value[4];
    if (!wh_text_parse_fixed(c->field, text, value))
        return misfit(j, "a value does not fit the type of its place");
    return wh_column_append(c, value, j->err);
}

/* A string at a place of a plain type. */
static enum wh_status add_string(struct json *j, struct wh_column *c, struct wh_slice text)
{
    if (c->field->type == WH_UTF8)
        return wh_column_append_bytes(c, text.ptr, text.len, j->err);
    if (c->field->type == WH_BINARY)
        return add_base64(j, c, text);
    return add_fixed(j, c, text);
}

static enum wh_status add_value(struct json *j, struct wh_column *c);

/* The name of a member as a key of a map. */
static enum wh_status add_key(struct json *j, struct wh_column *c)
{
    enum wh_type type = c->field->type;
    struct wh_slice text;
    WH_TRY(take_string(j, &text));
    if (type == WH_JSON || type == WH_LIST || type == WH_STRUCT || type == WH_MAP)
        return type == WH_JSON && wh_json_valid(text) ? wh_column_append_bytes(c, text.ptr, text.len, j->err)
               : type == WH_JSON                      ? misfit(j, "a key is not valid JSON")
                                                      : wh_json_parse(c, text, &j->why, j->err);
    return add_string(j, c, text);
}

/* Behind an item: true when another one follows, else the closing bracket is taken. */
static bool has_next(struct json *j)
{
    skip_space(&j->at);
    return *j->at.p++ == ',';
}

/* Behind the opening bracket: true when there is none at all. */
static bool is_empty(struct json *j, char close)
{
    skip_space(&j->at);
    return take_char(&j->at, close);
}

static enum wh_status add_list(struct json *j, struct wh_column *c)
{
    if (!take_char(&j->at, '['))
        return misfit(j, "a list is written as a JSON array");
    if (!is_empty(j, ']')) {
        do {
            WH_TRY(add_value(j, &c->children[0]));
        } while (has_next(j));
    }
    return wh_column_append_end(c, j->err);
}

static enum wh_status add_member(struct json *j, struct wh_column *c)
{
    struct wh_slice name;
    skip_space(&j->at);
    WH_TRY(take_string(j, &name));
    skip_space(&j->at);
    j->at.p++; /* the colon */
    for (size_t i = 0; i < c->field->n_children; i++) {
        struct wh_column *child = &c->children[i];
        if (!wh_slice_eq(wh_slice_of(child->field->name), name))
            continue;
        if (child->length > c->length)
            return misfit(j, "a member stands twice in an object");
        return add_value(j, child);
    }
    return misfit(j, "an object has a member that the type does not know");
}

static enum wh_status add_null(struct json *j, struct wh_column *c)
{
    if (!c->field->nullable)
        return misfit(j, "null stands where the type allows none");
    return wh_column_append_null(c, j->err);
}

static enum wh_status add_struct(struct json *j, struct wh_column *c)
{
    if (!take_char(&j->at, '{'))
        return misfit(j, "a struct is written as a JSON object");
    if (!is_empty(j, '}')) {
        do {
            WH_TRY(add_member(j, c));
        } while (has_next(j));
    }
    for (size_t i = 0; i < c->field->n_children; i++)
        if (c->children[i].length == c->length)
            WH_TRY(add_null(j, &c->children[i]));
    return wh_column_append_end(c, j->err);
}

static enum wh_status add_map(struct json *j, struct wh_column *c)
{
    struct wh_column *pairs = &c->children[0];
    if (!take_char(&j->at, '{'))
        return misfit(j, "a map is written as a JSON object");
    if (!is_empty(j, '}')) {
        do {
            skip_space(&j->at);
            WH_TRY(add_key(j, &pairs->children[0]));
            skip_space(&j->at);
            j->at.p++; /* the colon */
            WH_TRY(add_value(j, &pairs->children[1]));
            WH_TRY(wh_column_append_end(pairs, j->err));
        } while (has_next(j));
    }
    return wh_column_append_end(c, j->err);
}

/* The value at the cursor; recursion goes as deep as the schema. */
static enum wh_status add_value(struct json *j, struct wh_column *c)
{
    enum wh_type type = c->field->type;
    struct wh_slice text;
    skip_space(&j->at);
    if (take_word(&j->at, "null"))
        return add_null(j, c);
    if (type == WH_LIST)
        return add_list(j, c);
    if (type == WH_STRUCT)
        return add_struct(j, c);
    if (type == WH_MAP)
        return add_map(j, c);
    if (type == WH_JSON) {
        text = take_raw(&j->at);
        return wh_column_append_bytes(c, text.ptr, text.len, j->err);
    }
    if (*j->at.p == '"') {
        if (type == WH_BOOL)
            return misfit(j, "a string stands where true or false should");
        WH_TRY(take_string(j, &text));
        return add_string(j, c, text);
    }
    text = take_raw(&j->at);
    bool is_word = text.ptr[0] == 't' || text.ptr[0] == 'f';
    if (type == WH_UTF8 || type == WH_BINARY || is_word != (type == WH_BOOL))
        return misfit(j, "a value does not fit the type of its place");
    return add_fixed(j, c, text);
}

enum wh_status wh_json_parse(struct wh_column *c, struct wh_slice text, const char **why,
                             struct wh_error *err)
{
    if (!wh_json_valid(text)) {
        *why = "it is not valid JSON";
        return WH_DATA;
    }
    struct json j = {.at = {text.ptr, text.ptr + text.len}, .err = err};
    int64_t length = c->length;
    j.scratch.budget = c->data.budget;
    enum wh_status s = add_value(&j, c);
    wh_buffer_release(&j.scratch);
    if (s != WH_OK)
        wh_column_truncate(c, length);
    if (s == WH_DATA)
        *why = j.why;
    return s;
}
