/* format/csv/state.h - where in a record a byte stands; the one definition of quoting that splitting and
 * indexing share.
 *
 * Words are 64 bytes with bit masks of their quotes, delimiters and newlines (format/csv/masks.h). A word is
 * first resolved by toggling: every quote turns "inside" on or off. That is exact as long as each quote that
 * turns it on is the first byte of its field or the second of a doubled pair; words that break this, or
 * whose dialect has an escape byte or comments, go byte by byte. */
#pragma once
#include "format/csv/dialect.h"

/* What the last byte was. */
enum wh_csv_state {
    WH_CSV_RECORD_START, /* a newline, or nothing yet */
    WH_CSV_FIELD_START,  /* a delimiter */
    WH_CSV_UNQUOTED,
    WH_CSV_QUOTED,
    WH_CSV_QUOTE_END, /* a quote inside of quotes: their end or half of a pair */
    WH_CSV_ESCAPED,   /* the escape byte, inside of quotes */
    WH_CSV_COMMENT,
};

/* Masks of one word; bit 0 is the first byte. */
struct wh_csv_word {
    uint64_t quote;   /* quote and escape bytes */
    uint64_t sep;     /* delimiters and newlines; wh_csv_resolve leaves those outside of quotes */
    uint64_t newline; /* same */
    /* Set by wh_csv_resolve: */
    uint64_t open;  /* quotes that open a field */
    uint64_t loose; /* bytes behind a closing quote that do not end the field */
};

static inline bool wh_csv_inside(enum wh_csv_state s)
{
    return s == WH_CSV_QUOTED || s == WH_CSV_ESCAPED;
}

/* The next byte is the first one of a field. */
static inline bool wh_csv_at_start(enum wh_csv_state s)
{
    return s == WH_CSV_RECORD_START || s == WH_CSV_FIELD_START;
}

static inline enum wh_csv_state wh_csv_step_outside(const struct wh_csv_dialect *d, uint8_t byte)
{
    if (byte == d->newline)
        return WH_CSV_RECORD_START;
    return byte == d->delimiter ? WH_CSV_FIELD_START : WH_CSV_UNQUOTED;
}

static inline enum wh_csv_state wh_csv_step(const struct wh_csv_dialect *d, enum wh_csv_state s, uint8_t byte)
{
    switch (s) {
    case WH_CSV_RECORD_START:
        if (byte == d->comment)
            return WH_CSV_COMMENT;
        return byte == d->quote ? WH_CSV_QUOTED : wh_csv_step_outside(d, byte);
    case WH_CSV_FIELD_START:
        return byte == d->quote ? WH_CSV_QUOTED : wh_csv_step_outside(d, byte);
    case WH_CSV_UNQUOTED:
        return wh_csv_step_outside(d, byte);
    case WH_CSV_QUOTED:
        if (byte == d->escape)
            return WH_CSV_ESCAPED;
        return byte == d->quote ? WH_CSV_QUOTE_END : WH_CSV_QUOTED;
    case WH_CSV_QUOTE_END:
        return byte == d->quote ? WH_CSV_QUOTED : wh_csv_step_outside(d, byte);
    case WH_CSV_ESCAPED:
        return WH_CSV_QUOTED;
    case WH_CSV_COMMENT:
        return byte == d->newline ? WH_CSV_RECORD_START : WH_CSV_COMMENT;
    }
    return s;
}

/* Bit i of the result: the number of set bits at or below i is odd. */
static inline uint64_t wh_csv_prefix_xor(uint64_t x)
{
    x ^= x << 1;
    x ^= x << 2;
    x ^= x << 4;
    x ^= x << 8;
    x ^= x << 16;
    x ^= x << 32;
    return x;
}

/* Walks n <= 64 bytes; clears separators that are none. */
static inline enum wh_csv_state wh_csv_resolve_bytes(const struct wh_csv_dialect *d, enum wh_csv_state s,
                                                     const uint8_t *text, size_t n, struct wh_csv_word *w)
{
    uint64_t sep = 0, newline = 0, open = 0, loose = 0;
    for (size_t i = 0; i < n; i++) {
        enum wh_csv_state before = s;
        s = wh_csv_step(d, s, text[i]);
        open |= (uint64_t)(s == WH_CSV_QUOTED && wh_csv_at_start(before)) << i;
        loose |= (uint64_t)(s == WH_CSV_UNQUOTED && before == WH_CSV_QUOTE_END) << i;
        sep |= (uint64_t)(s == WH_CSV_FIELD_START || s == WH_CSV_RECORD_START) << i;
        newline |= (uint64_t)(s == WH_CSV_RECORD_START) << i;
    }
    w->sep = sep;
    w->newline = newline;
    w->open = open;
    w->loose = loose;
    return s;
}

static inline enum wh_csv_state wh_csv_state_behind(const struct wh_csv_word *w)
{
    if (w->newline >> 63)
        return WH_CSV_RECORD_START;
    return w->sep >> 63 ? WH_CSV_FIELD_START : WH_CSV_UNQUOTED;
}

/* Leaves in w the separators outside of quotes of a whole word at text and gives the state behind it. */
static inline enum wh_csv_state wh_csv_resolve(const struct wh_csv_dialect *d, enum wh_csv_state s,
                                               const uint8_t *text, struct wh_csv_word *w)
{
    if (d->comment != WH_CSV_NONE)
        return wh_csv_resolve_bytes(d, s, text, 64, w);
    if (w->quote == 0 && s != WH_CSV_ESCAPED) {
        w->open = 0;
        w->loose = s == WH_CSV_QUOTE_END ? ~w->sep & 1 : 0;
        if (s != WH_CSV_QUOTED)
            return wh_csv_state_behind(w);
        w->sep = w->newline = 0;
        return s;
    }
    if (d->escape != WH_CSV_NONE)
        return wh_csv_resolve_bytes(d, s, text, 64, w);
    /* A pair that straddles the border: its first quote has turned inside off, the second turns it on. */
    uint64_t in = wh_csv_prefix_xor(w->quote) ^ (s == WH_CSV_QUOTED ? ~UINT64_C(0) : 0);
    uint64_t opens = w->quote & in, closes = w->quote & ~in;
    uint64_t ended = closes << 1 | (s == WH_CSV_QUOTE_END);
    uint64_t at_start = (w->sep & ~in) << 1 | wh_csv_at_start(s);
    if ((opens & ~(at_start | ended)) != 0)
        return wh_csv_resolve_bytes(d, s, text, 64, w);
    w->sep &= ~in;
    w->newline &= ~in;
    w->open = opens & ~ended;
    w->loose = ended & ~(w->quote | w->sep);
    if (in >> 63)
        return WH_CSV_QUOTED;
    return closes >> 63 ? WH_CSV_QUOTE_END : wh_csv_state_behind(w);
}
