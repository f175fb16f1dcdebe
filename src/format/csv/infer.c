/* format/csv/infer.c - see format/csv/infer.h. */
#include "format/csv/infer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

const char *const wh_csv_null_words[WH_CSV_NULL_WORDS] = {"NA",   "N/A",  "n/a", "NULL",
                                                          "null", "None", "\\N", "#N/A"};

int wh_csv_null_word(const char *p, size_t len)
{
    for (int i = 0; i < WH_CSV_NULL_WORDS; i++)
        if (wh_slice_eq(wh_slice(p, len), wh_slice_of(wh_csv_null_words[i])))
            return i;
    return WH_CSV_NO_WORD;
}

#define BIT(kind) ((uint16_t)(1u << (kind)))

/* ---- one value ---------------------------------------------------------------------------------- */

static uint16_t look_at_number(const char *p, size_t len, struct wh_csv_evidence *v)
{
    struct wh_csv_number n;
    double d;
    uint16_t kinds = BIT(WH_CSV_TEXT);
    if (!wh_csv_scan_number(p, len, &n))
        return kinds;
    if (wh_csv_float_of(&n, p, len, &d))
        kinds |= BIT(WH_CSV_FLOAT);
    bool exact = n.scale > 0 && n.whole > 0 && !n.padded && !n.has_exponent && !(n.negative && n.digits == 0);
    if (exact && n.whole + n.scale <= 38) {
        kinds |= BIT(WH_CSV_DECIMAL);
        v->scale = n.scale;
        v->whole = n.whole;
    }
    return kinds;
}

static void look_at_moment(const struct wh_csv_moment *m, struct wh_csv_evidence *v)
{
    v->separators = m->separator == ' ' ? 1 : 2;
    v->zone = m->zone;
    v->offset_min = m->offset_min;
    v->fractions = m->fraction & (uint8_t)~WH_CSV_FRACTION_FIXED;
    v->least_digits = v->most_digits = m->fraction_digits;
}

/* Digit first: number, date or time. */
static uint16_t look_at_digits(const char *p, size_t len, struct wh_csv_evidence *v)
{
    int64_t i;
    int32_t days;
    struct wh_csv_moment m = {0};
    if (wh_csv_parse_int(p, len, &i)) {
        size_t digits = len - (p[0] == '-');
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_INT) | (digits <= 15 ? BIT(WH_CSV_FLOAT) : 0);
    }
    if (wh_csv_parse_date(p, len, &days))
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_DATE);
    if (wh_csv_parse_timestamp(p, len, &m)) {
        struct wh_csv_spelling nanos = {.nanos = true, .zone = m.zone, .offset_min = m.offset_min};
        look_at_moment(&m, v);
        v->nanos_overflow = !wh_csv_timestamp_value(&m, &nanos, &i);
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_TIMESTAMP);
    }
    if (wh_csv_parse_time(p, len, &m)) {
        look_at_moment(&m, v);
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_TIME);
    }
    return look_at_number(p, len, v);
}

static uint16_t look_at_word(const char *p, size_t len, struct wh_csv_evidence *v)
{
    uint8_t uuid[16];
    double d;
    for (unsigned i = 0; i < WH_CSV_BOOL_SPELLINGS; i++) {
        for (size_t value = 0; value < 2; value++) {
            if (wh_slice_eq(wh_slice(p, len), wh_slice_of(wh_csv_bools[i][value]))) {
                v->bools = (uint8_t)(1u << i);
                return BIT(WH_CSV_TEXT) | BIT(WH_CSV_BOOL);
            }
        }
    }
    if (wh_csv_parse_float(p, len, &d))
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_FLOAT);
    if (wh_csv_parse_uuid(p, len, uuid))
        return BIT(WH_CSV_TEXT) | BIT(WH_CSV_UUID);
    return BIT(WH_CSV_TEXT);
}

/* The evidence of one value alone. */
static void look(const char *p, size_t len, struct wh_csv_evidence *v)
{
    uint8_t uuid[16];
    if (wh_is_digit(p[0]) || p[0] == '.' || (p[0] == '-' && len > 1 && (wh_is_digit(p[1]) || p[1] == '.')))
        v->kinds = look_at_digits(p, len, v);
    else
        v->kinds = look_at_word(p, len, v);
    if (v->kinds == BIT(WH_CSV_TEXT) && wh_csv_parse_uuid(p, len, uuid))
        v->kinds |= BIT(WH_CSV_UUID);
}

/* ---- all values --------------------------------------------------------------------------------- */

static void merge(struct wh_csv_evidence *e, const struct wh_csv_evidence *v)
{
    e->kinds &= v->kinds;
    if (e->scale != v->scale)
        e->kinds &= (uint16_t)~BIT(WH_CSV_DECIMAL);
    e->whole = WH_MAX(e->whole, v->whole);
    e->bools &= v->bools;
    if (e->bools == 0)
        e->kinds &= (uint16_t)~BIT(WH_CSV_BOOL);
    e->separators &= v->separators;
    if (e->separators == 0 || e->zone != v->zone || e->offset_min != v->offset_min)
        e->kinds &= (uint16_t)~BIT(WH_CSV_TIMESTAMP);
    e->fractions &= v->fractions;
    e->least_digits = WH_MIN(e->least_digits, v->least_digits);
    e->most_digits = WH_MAX(e->most_digits, v->most_digits);
    e->nanos_overflow |= v->nanos_overflow;
}

/* The commonest cases: one more value like those before. */
static bool adds_nothing(const struct wh_csv_evidence *e, const char *p, size_t len)
{
    int64_t i;
    int32_t days;
    bool maybe_float = (e->kinds & BIT(WH_CSV_FLOAT)) != 0;
    if (e->kinds == BIT(WH_CSV_TEXT))
        return true;
    if ((e->kinds & BIT(WH_CSV_INT)) != 0)
        return (!maybe_float || len <= 15) && wh_csv_parse_int(p, len, &i);
    if ((e->kinds & BIT(WH_CSV_DATE)) != 0)
        return wh_csv_parse_date(p, len, &days);
    unsigned digits = (unsigned)e->whole + e->scale;
    if ((e->kinds & BIT(WH_CSV_DECIMAL)) != 0 && digits <= (maybe_float ? 15 : 18)) {
        struct wh_csv_spelling seen = {.precision = (uint8_t)digits, .scale = e->scale};
        return wh_csv_parse_decimal(p, len, &seen, &i);
    }
    return false;
}

bool wh_csv_evidence_add(struct wh_csv_evidence *e, const char *p, size_t len, bool auto_words)
{
    if (e->values > 0 && adds_nothing(e, p, len)) {
        e->values++;
        return false;
    }
    int word = auto_words ? wh_csv_null_word(p, len) : WH_CSV_NO_WORD;
    if (word != WH_CSV_NO_WORD) {
        bool known = (e->word_set >> word & 1) != 0;
        e->words++;
        e->word_set |= (uint8_t)(1u << word);
        return !known;
    }
    struct wh_csv_evidence v = {0}, before = *e;
    look(p, len, &v);
    if (e->values == 0) {
        v.words = e->words;
        v.word_set = e->word_set;
        *e = v;
    } else {
        merge(e, &v);
    }
    bool changed = memcmp(e, &before, sizeof before) != 0 || e->values == 0;
    e->values++;
    return changed;
}

/* How fractions are written; 0: in no one way. */
static uint8_t fraction_of(const struct wh_csv_evidence *e)
{
    if (e->least_digits == e->most_digits)
        return WH_CSV_FRACTION_FIXED;
    return (uint8_t)(e->fractions & -e->fractions);
}

static bool is_possible(const struct wh_csv_evidence *e, enum wh_csv_kind kind)
{
    if ((e->kinds & BIT(kind)) == 0)
        return false;
    if (kind == WH_CSV_DECIMAL)
        return e->whole + e->scale <= 38;
    if (kind == WH_CSV_TIMESTAMP && e->most_digits > 6 && e->nanos_overflow)
        return false;
    return (kind != WH_CSV_TIME && kind != WH_CSV_TIMESTAMP) || fraction_of(e) != 0;
}

/* Room for values a hundred times larger than those seen, in the smallest carrier that has it. */
static uint8_t precision_of(const struct wh_csv_evidence *e)
{
    unsigned digits = (unsigned)e->whole + e->scale;
    return digits <= 7 ? 9 : digits <= 16 ? 18 : 38;
}

void wh_csv_evidence_guess(const struct wh_csv_evidence *e, struct wh_csv_guess *out)
{
    static const enum wh_csv_kind order[] = {WH_CSV_INT,  WH_CSV_DECIMAL, WH_CSV_FLOAT,     WH_CSV_BOOL,
                                             WH_CSV_DATE, WH_CSV_TIME,    WH_CSV_TIMESTAMP, WH_CSV_UUID};
    *out = (struct wh_csv_guess){.kind = WH_CSV_TEXT, .word = WH_CSV_NO_WORD};
    bool one_word = (e->word_set & (e->word_set - 1)) == 0;
    for (size_t i = 0; i < WH_COUNT(order) && e->values > 0 && one_word; i++) {
        if (is_possible(e, order[i])) {
            out->kind = order[i];
            break;
        }
    }
    if (out->kind == WH_CSV_TEXT)
        return;
    if (e->word_set != 0)
        out->word = __builtin_ctz(e->word_set);
    struct wh_csv_spelling *s = &out->spelling;
    switch (out->kind) {
    case WH_CSV_DECIMAL:
        s->scale = e->scale;
        s->precision = precision_of(e);
        out->kind = s->precision > 18 ? WH_CSV_DECIMAL_WIDE : WH_CSV_DECIMAL;
        break;
    case WH_CSV_BOOL:
        s->bools = (uint8_t)__builtin_ctz(e->bools);
        break;
    case WH_CSV_TIMESTAMP:
        s->separator = e->separators == 1 ? ' ' : 'T';
        s->zone = e->zone;
        s->offset_min = e->offset_min;
        s->fraction = fraction_of(e);
        s->fraction_digits = e->most_digits;
        s->nanos = e->most_digits > 6;
        break;
    case WH_CSV_TIME:
        s->fraction = fraction_of(e);
        s->fraction_digits = e->most_digits;
        s->nanos = e->most_digits > 6;
        break;
    case WH_CSV_INT:
    case WH_CSV_DECIMAL_WIDE:
    case WH_CSV_FLOAT:
    case WH_CSV_DATE:
    case WH_CSV_UUID:
    case WH_CSV_TEXT:
    case WH_CSV_NARROW:
    case WH_CSV_OTHER:
        break;
    }
}

/* ---- types -------------------------------------------------------------------------------------- */

enum wh_status wh_csv_guess_type(const struct wh_csv_guess *g, struct wh_field *out, struct wh_error *err)
{
    static const enum wh_type types[] = {
        [WH_CSV_INT] = WH_INT64,          [WH_CSV_DECIMAL] = WH_DECIMAL, [WH_CSV_DECIMAL_WIDE] = WH_DECIMAL,
        [WH_CSV_FLOAT] = WH_FLOAT64,      [WH_CSV_BOOL] = WH_BOOL,       [WH_CSV_DATE] = WH_DATE32,
        [WH_CSV_TIME] = WH_TIME64,        [WH_CSV_UUID] = WH_UUID,       [WH_CSV_TEXT] = WH_UTF8,
        [WH_CSV_TIMESTAMP] = WH_TIMESTAMP};
    const struct wh_csv_spelling *s = &g->spelling;
    out->type = types[g->kind];
    out->nullable = true;
    out->precision = s->precision;
    out->scale = (int8_t)s->scale;
    out->unit = WH_SECOND;
    if (g->kind == WH_CSV_TIME || g->kind == WH_CSV_TIMESTAMP)
        out->unit = s->nanos ? WH_NANO : WH_MICRO;
    free(WH_TAKE(out->zone));
    if (g->kind != WH_CSV_TIMESTAMP || s->zone == WH_CSV_ZONE_NONE)
        return WH_OK;
    char zone[16] = "UTC";
    int offset = s->offset_min < 0 ? -s->offset_min : s->offset_min;
    if (offset != 0)
        snprintf(zone, sizeof zone, "%c%02d:%02d", s->offset_min < 0 ? '-' : '+', offset / 60, offset % 60);
    return wh_strdup(&out->zone, zone, err);
}
