/* format/jsonl/lex.c - strings, literals and whole values of JSON; see lex.h. */
#include "format/jsonl/lex.h"

#include "batch/text.h"

static const bool space_in_line[256] = {[' '] = true, ['\t'] = true, ['\r'] = true};
static const bool space_and_lines[256] = {[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true};

void wh_jsonl_lexer_init(struct wh_jsonl_lexer *x, const uint8_t *end, bool multiline,
                         struct wh_budget *budget)
{
    *x = (struct wh_jsonl_lexer){.end = end, .space = multiline ? space_and_lines : space_in_line};
    x->scratch.budget = budget;
}

void wh_jsonl_lexer_release(struct wh_jsonl_lexer *x)
{
    wh_buffer_release(&x->scratch);
}

const uint8_t *wh_jsonl_malformed(struct wh_jsonl_lexer *x, const uint8_t *at, const char *reason)
{
    x->fault = (struct wh_jsonl_fault){WH_DATA, at, reason};
    return NULL;
}

const uint8_t *wh_jsonl_unexpected(struct wh_jsonl_lexer *x, const uint8_t *at, const char *reason)
{
    bool ends = at >= x->end || (*at == '\n' && !x->space['\n']);
    return wh_jsonl_malformed(x, at, ends ? "the record ends too early" : reason);
}

const uint8_t *wh_jsonl_fatal(struct wh_jsonl_lexer *x, const uint8_t *at)
{
    x->fault = (struct wh_jsonl_fault){x->err.code, at, ""};
    return NULL;
}

/* ---- strings ---------------------------------------------------------------------------------- */

/* Values of hexadecimal digits plus one. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};
/* What a letter behind a backslash stands for; 'u' apart. */
static const uint8_t escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* Four hexadecimal digits; -1 when they are none. */
static int hex4(const uint8_t *p)
{
    int value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_values[p[i]];
        if (digit == 0)
            return -1;
        value = value << 4 | (digit - 1);
    }
    return value;
}

static bool is_high_surrogate(int unit)
{
    return (unit & 0xfc00) == 0xd800;
}

static bool is_low_surrogate(int unit)
{
    return (unit & 0xfc00) == 0xdc00;
}

/* p stands at a backslash. */
static const uint8_t *check_escape(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    if (p[1] != 'u') {
        if (escapes[p[1]] == 0)
            return wh_jsonl_unexpected(x, p + 1, "unknown escape in a string");
        return p + 2;
    }
    int unit = hex4(p + 2);
    if (unit < 0)
        return wh_jsonl_malformed(x, p, "\\u without four hexadecimal digits");
    if (is_high_surrogate(unit)) {
        if (p[6] != '\\' || p[7] != 'u' || !is_low_surrogate(hex4(p + 8)))
            return wh_jsonl_malformed(x, p, "lone surrogate in a string");
        return p + 12;
    }
    if (is_low_surrogate(unit))
        return wh_jsonl_malformed(x, p, "lone surrogate in a string");
    return p + 6;
}

static const uint8_t *check_utf8(struct wh_jsonl_lexer *x, const uint8_t *from, const uint8_t *to)
{
    if (!wh_utf8_valid(wh_slice((const char *)from, (size_t)(to - from))))
        return wh_jsonl_malformed(x, from, "invalid UTF-8 in a string");
    return to + 1;
}

const uint8_t *wh_jsonl_skip_string(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    const uint8_t *q = p + 1;
    unsigned any_high = 0;
    for (;;) {
        unsigned high, stops = wh_jsonl_stops(q, &high);
        if (stops == 0) {
            any_high |= high;
            q += 16;
            continue;
        }
        unsigned n = (unsigned)__builtin_ctz(stops);
        any_high |= high & ((1u << n) - 1);
        q += n;
        if (*q == '"')
            return any_high == 0 ? q + 1 : check_utf8(x, p + 1, q);
        if (*q != '\\')
            return wh_jsonl_unexpected(x, q, "control character in a string");
        q = check_escape(x, q);
        if (q == NULL)
            return NULL;
    }
}

static size_t put_utf8(uint8_t *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

size_t wh_jsonl_unescape(uint8_t *out, const uint8_t *from, const uint8_t *to)
{
    uint8_t *start = out;
    while (from < to) {
        const uint8_t *backslash = memchr(from, '\\', (size_t)(to - from));
        size_t plain = (size_t)((backslash == NULL ? to : backslash) - from);
        memcpy(out, from, plain);
        out += plain;
        from += plain;
        if (backslash == NULL)
            break;
        if (from[1] != 'u') {
            *out++ = escapes[from[1]];
            from += 2;
            continue;
        }
        int unit = hex4(from + 2);
        from += 6;
        if (is_high_surrogate(unit)) {
            unit = 0x10000 + ((unit & 0x3ff) << 10 | (hex4(from + 2) & 0x3ff));
            from += 6;
        }
        out += put_utf8(out, (unsigned)unit);
    }
    return (size_t)(out - start);
}

const uint8_t *wh_jsonl_string(struct wh_jsonl_lexer *x, const uint8_t *p, struct wh_slice *text)
{
    const uint8_t *behind = wh_jsonl_skip_string(x, p);
    if (behind == NULL)
        return NULL;
    size_t len = (size_t)(behind - p - 2);
    *text = wh_slice((const char *)p + 1, len);
    if (memchr(p + 1, '\\', len) == NULL)
        return behind;
    x->scratch.size = 0;
    if (wh_buffer_reserve(&x->scratch, len, &x->err) != WH_OK)
        return wh_jsonl_fatal(x, p);
    text->ptr = (const char *)x->scratch.data;
    text->len = wh_jsonl_unescape(x->scratch.data, p + 1, behind - 1);
    return behind;
}

/* ---- numbers, literals ------------------------------------------------------------------------- */

const uint8_t *wh_jsonl_exponent(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    p++;
    if (*p == '+' || *p == '-')
        p++;
    const uint8_t *first = p;
    while (wh_is_digit((char)*p))
        p++;
    return p > first ? p : wh_jsonl_unexpected(x, p, "expected a digit in the exponent");
}

const uint8_t *wh_jsonl_literal(struct wh_jsonl_lexer *x, const uint8_t *p, const char *word)
{
    for (; *word != '\0'; word++, p++)
        if (*p != (uint8_t)*word)
            return wh_jsonl_unexpected(x, p, "unknown word");
    return p;
}

/* ---- whole values ------------------------------------------------------------------------------ */

static const uint8_t *skip_scalar(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    struct wh_jsonl_number number;
    switch (*p) {
    case '"':
        return wh_jsonl_skip_string(x, p);
    case 't':
        return wh_jsonl_literal(x, p, "true");
    case 'f':
        return wh_jsonl_literal(x, p, "false");
    case 'n':
        return wh_jsonl_literal(x, p, "null");
    default:
        return wh_jsonl_number(x, p, &number);
    }
}

/* A key with its colon, up to the value. */
static const uint8_t *skip_key(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    if (*p != '"')
        return wh_jsonl_unexpected(x, p, "expected a key");
    p = wh_jsonl_skip_string(x, p);
    if (p == NULL)
        return NULL;
    p = wh_jsonl_space(x, p);
    return *p == ':' ? wh_jsonl_space(x, p + 1) : wh_jsonl_unexpected(x, p, "expected ':'");
}

/* The containers that are open around a place, innermost last: a bit each, set for objects. */
struct nest {
    uint64_t objects[WH_JSONL_MAX_DEPTH / 64];
    unsigned depth;
};

static bool in_object(const struct nest *n)
{
    return (n->objects[(n->depth - 1) / 64] >> (n->depth - 1) % 64 & 1) != 0;
}

/* Goes into the container at p, to its first value (then *empty is false) or behind its end. */
static const uint8_t *enter(struct wh_jsonl_lexer *x, struct nest *n, const uint8_t *p, bool *empty)
{
    bool object = *p == '{';
    if (n->depth == WH_JSONL_MAX_DEPTH)
        return wh_jsonl_malformed(x, p, "nested deeper than 512 levels");
    p = wh_jsonl_space(x, p + 1);
    *empty = *p == (object ? '}' : ']');
    if (*empty)
        return p + 1;
    uint64_t bit = (uint64_t)1 << n->depth % 64, *word = &n->objects[n->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    n->depth++;
    return object ? skip_key(x, p) : p;
}

/* Behind a value: leaves all containers that end there, up to the next value, or behind the outermost. */
static const uint8_t *leave(struct wh_jsonl_lexer *x, struct nest *n, const uint8_t *p)
{
    while (n->depth > 0) {
        bool object = in_object(n);
        p = wh_jsonl_space(x, p);
        if (*p == ',') {
            p = wh_jsonl_space(x, p + 1);
            return object ? skip_key(x, p) : p;
        }
        if (*p != (object ? '}' : ']'))
            return wh_jsonl_unexpected(x, p, object ? "expected ',' or '}'" : "expected ',' or ']'");
        n->depth--;
        p++;
    }
    return p;
}

const uint8_t *wh_jsonl_skip(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    struct nest n = {.depth = 0};
    do {
        bool complete = true;
        if (*p == '{' || *p == '[')
            p = enter(x, &n, p, &complete);
        else
            p = skip_scalar(x, p);
        if (p != NULL && complete)
            p = leave(x, &n, p);
    } while (p != NULL && n.depth > 0);
    return p;
}
