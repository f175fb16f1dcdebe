/* format/jsonl/lex.h - JSON text (RFC 8259), one value at a time, checked in full.
 *
 * The text is a chunk that ends with at least WH_JSONL_SLACK NUL bytes: no token may hold a NUL, so that
 * inner loops need no bounds check. Functions take the place where a token starts and return the place
 * behind it, or NULL after filling lexer->fault. Serial per lexer. */
#pragma once
#include "base/digits.h"
#include "base/mem.h"
#include "format/jsonl/scan.h"

#define WH_JSONL_MAX_DEPTH 512

/* Why a record cannot be taken. */
struct wh_jsonl_fault {
    enum wh_status status; /* WH_DATA: malformed; WH_WIDEN: fits no type; others end the reading, see err */
    const uint8_t *at;     /* lent: in the chunk; NULL: the record as a whole */
    const char *reason;    /* static */
};

struct wh_jsonl_lexer {
    const uint8_t *end; /* lent: first NUL behind the text */
    const bool *space;  /* static, 256 entries: what separates tokens; a line's end does not in lines */
    struct wh_jsonl_fault fault;
    struct wh_error err;      /* of faults other than WH_DATA and WH_WIDEN */
    struct wh_buffer scratch; /* owned: text without escapes */
};

/* multiline: a record may go over several lines. Draws scratch memory from budget. */
void wh_jsonl_lexer_init(struct wh_jsonl_lexer *x, const uint8_t *end, bool multiline,
                         struct wh_budget *budget);
void wh_jsonl_lexer_release(struct wh_jsonl_lexer *x);

/* Fills the fault of a malformed record; NULL. */
const uint8_t *wh_jsonl_malformed(struct wh_jsonl_lexer *x, const uint8_t *at, const char *reason);
/* As above, but says that the text ends there when it does. */
const uint8_t *wh_jsonl_unexpected(struct wh_jsonl_lexer *x, const uint8_t *at, const char *reason);
/* Fills the fault from x->err; NULL. */
const uint8_t *wh_jsonl_fatal(struct wh_jsonl_lexer *x, const uint8_t *at);

static inline const uint8_t *wh_jsonl_space(const struct wh_jsonl_lexer *x, const uint8_t *p)
{
    while (x->space[*p])
        p++;
    return p;
}

/* A whole value of any kind, up to WH_JSONL_MAX_DEPTH levels deep. */
const uint8_t *wh_jsonl_skip(struct wh_jsonl_lexer *x, const uint8_t *p);

/* A string, from quote to quote. */
const uint8_t *wh_jsonl_skip_string(struct wh_jsonl_lexer *x, const uint8_t *p);
/* Also gives its text, lent until the next call. */
const uint8_t *wh_jsonl_string(struct wh_jsonl_lexer *x, const uint8_t *p, struct wh_slice *text);
/* Writes the text of a checked string's inside, at most as many bytes; returns its length. */
size_t wh_jsonl_unescape(uint8_t *out, const uint8_t *from, const uint8_t *to);

/* "true", "false" or "null". */
const uint8_t *wh_jsonl_literal(struct wh_jsonl_lexer *x, const uint8_t *p, const char *word);

struct wh_jsonl_number {
    uint64_t mantissa; /* all digits without the point; wrapped when there are more than 19 */
    uint32_t digits;   /* how many, with leading zeros */
    uint32_t fraction; /* of them behind the point */
    bool negative;
    bool has_exponent;
};

/* Behind the exponent that starts at p. */
const uint8_t *wh_jsonl_exponent(struct wh_jsonl_lexer *x, const uint8_t *p);

/* Digits from p on, joined to *value; returns the first byte that is none. */
static inline const uint8_t *wh_jsonl_digits(const uint8_t *p, uint64_t *value)
{
    for (;;) {
        uint64_t v = wh_load_text8((const char *)p) ^ 0x3030303030303030u;
        uint64_t others = ((v + 0x7676767676767676u) | v) & 0x8080808080808080u;
        if (others == 0) {
            *value = *value * 100000000 + wh_digits8_value(v + 0x3030303030303030u);
            p += 8;
            continue;
        }
        unsigned bits = (unsigned)__builtin_ctzll(others) & ~7u; /* 8 times the count of digits */
        if (bits == 0)
            return p;
        uint64_t padded = (v << (64 - bits)) + 0x3030303030303030u;
        *value = *value * wh_pow10_u64[bits / 8] + wh_digits8_value(padded);
        return p + bits / 8;
    }
}

/* A number; p stands at its sign or first digit. What follows is up to the caller. */
static inline const uint8_t *wh_jsonl_number(struct wh_jsonl_lexer *x, const uint8_t *p,
                                             struct wh_jsonl_number *n)
{
    uint64_t mantissa = 0;
    *n = (struct wh_jsonl_number){.negative = *p == '-'};
    p += n->negative;
    const uint8_t *first = p;
    p = wh_jsonl_digits(p, &mantissa);
    size_t whole = (size_t)(p - first);
    if (whole == 0)
        return wh_jsonl_unexpected(x, p, "expected a value");
    if (*first == '0' && whole > 1)
        return wh_jsonl_malformed(x, first, "number with leading zero");
    if (*p == '.') {
        const uint8_t *point = p;
        p = wh_jsonl_digits(p + 1, &mantissa);
        n->fraction = (uint32_t)(p - point - 1);
        if (n->fraction == 0)
            return wh_jsonl_unexpected(x, p, "expected a digit behind the point");
    }
    n->digits = (uint32_t)whole + n->fraction;
    n->mantissa = mantissa;
    if ((*p | 0x20) == 'e') {
        n->has_exponent = true;
        p = wh_jsonl_exponent(x, p);
    }
    return p;
}
