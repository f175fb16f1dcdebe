/* engine/filter_literal.c - literals as values of a column's type, and ranges of such values. */
#include <math.h>
#include <stdio.h>

#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text.h"
#include "engine/filter_int.h"

/* ---- whole numbers of 256 bits ---------------------------------------------------------------- */

static struct wide wide_of(wh_i128 v)
{
    uint64_t sign = v < 0 ? UINT64_MAX : 0;
    return (struct wide){{(uint64_t)v, (uint64_t)(v >> 64), sign, sign}};
}

/* a + 1 or a - 1 */
static struct wide wide_step(struct wide a, bool up)
{
    for (size_t i = 0; i < WH_COUNT(a.limb); i++) {
        a.limb[i] += up ? 1 : UINT64_MAX;
        if (a.limb[i] != (up ? 0 : UINT64_MAX)) /* no carry, no borrow */
            break;
    }
    return a;
}

static bool is_unsigned(enum wh_type type)
{
    return type == WH_UINT8 || type == WH_UINT16 || type == WH_UINT32 || type == WH_UINT64;
}

uint64_t filter_order_bias(enum wh_type type)
{
    return is_unsigned(type) ? 0 : (uint64_t)1 << 63;
}

/* Smallest and largest number that the bytes of a type can hold. */
static void type_range(const struct wh_field *f, struct wide *min, struct wide *max)
{
    size_t value_bits = 8 * wh_type_width(f) - !is_unsigned(f->type);
    *max = (struct wide){{0}};
    for (size_t i = 0; i < value_bits; i++)
        max->limb[i / 64] |= (uint64_t)1 << i % 64;
    for (size_t i = 0; i < WH_COUNT(min->limb); i++)
        min->limb[i] = is_unsigned(f->type) ? 0 : ~max->limb[i];
}

/* ---- numbers as they are written -------------------------------------------------------------- */

/* digits * 10^exp10 without zeros at either end; none for zero. */
struct number {
    bool negative;
    char digits[128];
    size_t n_digits;
    int64_t exp10;
};

static enum wh_status bad_literal(struct compiler *c, const struct operand *o, const char *what)
{
    int shown = (int)WH_MIN(o->text.len, (size_t)40);
    return filter_fail(c, o->at, "\"%.*s\" is no %s", shown, o->text.ptr, what);
}

static bool scan_exponent(const char *p, const char *end, int64_t *exponent)
{
    p += p < end && *p == '+';
    return p < end && *p != '+' && wh_parse_i64(wh_slice(p, (size_t)(end - p)), exponent) &&
           llabs(*exponent) < INT32_MAX;
}

static bool add_digit(struct number *n, char digit)
{
    if (n->n_digits == 0 && digit == '0')
        return true;
    if (n->n_digits == sizeof n->digits)
        return false;
    n->digits[n->n_digits++] = digit;
    return true;
}

static bool scan_number(struct wh_slice text, struct number *n)
{
    const char *p = text.ptr, *end = p + text.len;
    *n = (struct number){.negative = p < end && *p == '-'};
    p += n->negative;
    const char *first = p;
    for (; p < end && wh_is_digit(*p); p++)
        if (!add_digit(n, *p))
            return false;
    if (p == first)
        return false;
    if (p < end && *p == '.') {
        first = ++p;
        for (; p < end && wh_is_digit(*p); p++)
            if (!add_digit(n, *p))
                return false;
        n->exp10 = first - p;
        if (p == first)
            return false;
    }
    int64_t exponent = 0;
    if (p < end && ((*p != 'e' && *p != 'E') || !scan_exponent(p + 1, end, &exponent)))
        return false;
    n->exp10 += exponent;
    while (n->n_digits > 0 && n->digits[n->n_digits - 1] == '0') {
        n->n_digits--;
        n->exp10++;
    }
    return true;
}

/* The literal, or the next lower value of the column's type. */
struct bound {
    struct wide value;
    bool exact;
};

/* floor(n * 10^scale) */
static struct bound floor_number(const struct number *n, int scale)
{
    /* More than 76 digits: beyond every column, 10^76 < 2^253. */
    static const struct wide huge = {{0, 0, 0, (uint64_t)1 << 61}};
    static const struct wide minus_huge = {{0, 0, 0, 0 - ((uint64_t)1 << 61)}};
    struct bound b = {.exact = true};
    int64_t zeros = n->exp10 + scale;
    size_t kept = n->n_digits;
    if (kept > 0 && zeros < 0) {
        b.exact = false;
        kept = -zeros < (int64_t)kept ? kept - (size_t)-zeros : 0;
        zeros = 0;
    }
    if (kept > 0) {
        char text[sizeof n->digits + 32];
        int len = snprintf(text, sizeof text, "%s%.*se%lld", n->negative ? "-" : "", (int)kept, n->digits,
                           (long long)zeros);
        if (!wh_parse_decimal(wh_slice(text, (size_t)len), WH_DECIMAL_MAX_DIGITS, 0, &b.value))
            b.value = n->negative ? minus_huge : huge;
    }
    if (n->negative && !b.exact)
        b.value = wide_step(b.value, false);
    return b;
}

enum wh_status filter_compare_numbers(struct compiler *c, const struct operand *left,
                                      const struct operand *right, int *order)
{
    enum { SCALE = 38 };
    struct number a, b;
    if (!scan_number(left->text, &a) || !scan_number(right->text, &b))
        return filter_fail(c, left->at, "a number has too many digits");
    struct bound x = floor_number(&a, SCALE), y = floor_number(&b, SCALE);
    if (!x.exact || !y.exact)
        return filter_fail(c, left->at, "a number has too many digits");
    *order = filter_compare_wide(&x.value, &y.value);
    return WH_OK;
}

/* ---- times ------------------------------------------------------------------------------------ */

/* Copies the text without the digits of its fraction that are finer than the unit. */
static bool cut_fraction(char *out, size_t size, struct wh_slice text, enum wh_time_unit unit, bool *exact)
{
    static const size_t digits_of[] = {[WH_SECOND] = 0, [WH_MILLI] = 3, [WH_MICRO] = 6, [WH_NANO] = 9};
    const char *point = memchr(text.ptr, '.', text.len);
    *exact = true;
    if (text.len >= size)
        return false;
    memcpy(out, text.ptr, text.len + 1);
    if (point == NULL)
        return true;
    size_t at = (size_t)(point - text.ptr), behind = at + 1, kept;
    while (behind < text.len && wh_is_digit(out[behind]))
        behind++;
    kept = digits_of[unit] == 0 ? at : at + 1 + digits_of[unit];
    if (behind == at + 1 || kept >= behind)
        return true;
    for (size_t i = at + 1; i < behind; i++)
        *exact &= i < kept || out[i] == '0';
    memmove(out + kept, out + behind, text.len - behind + 1);
    return true;
}

static enum wh_status date_bound(struct compiler *c, const struct operand *o, struct bound *out)
{
    int32_t days;
    if (o->kind != OPERAND_TEXT && o->kind != OPERAND_DATE)
        return filter_fail(c, o->at, "a date is expected here, like '2024-12-31'");
    if (!wh_parse_date(o->text, &days))
        return bad_literal(c, o, "date");
    *out = (struct bound){wide_of(days), true};
    return WH_OK;
}

static enum wh_status time_bound(struct compiler *c, const struct wh_field *f, const struct operand *o,
                                 struct bound *out)
{
    char text[64];
    int64_t value;
    if (o->kind != OPERAND_TEXT && o->kind != OPERAND_TIME)
        return filter_fail(c, o->at, "a time is expected here, like '23:59:59'");
    if (!cut_fraction(text, sizeof text, o->text, f->unit, &out->exact) ||
        !wh_parse_time(wh_slice_of(text), f->unit, &value))
        return bad_literal(c, o, "time");
    out->value = wide_of(value);
    return WH_OK;
}

/* A date stands for its midnight; without a zone it is UTC for a column of instants. */
static enum wh_status timestamp_bound(struct compiler *c, const struct wh_field *f, const struct operand *o,
                                      struct bound *out)
{
    char text[64];
    int32_t days;
    int64_t value;
    bool has_zone;
    if (o->kind != OPERAND_TEXT && o->kind != OPERAND_DATE && o->kind != OPERAND_TIMESTAMP)
        return filter_fail(c, o->at, "a timestamp is expected here, like '2024-12-31 23:59:59'");
    if (o->kind != OPERAND_TIMESTAMP && wh_parse_date(o->text, &days)) {
        *out = (struct bound){wide_of((wh_i128)days * 86400 * wh_units_per_second(f->unit)), true};
        return WH_OK;
    }
    if (o->kind == OPERAND_DATE || !cut_fraction(text, sizeof text, o->text, f->unit, &out->exact) ||
        !wh_parse_timestamp(wh_slice_of(text), f->unit, &value, &has_zone))
        return bad_literal(c, o, o->kind == OPERAND_DATE ? "date" : "timestamp");
    if (has_zone && f->zone == NULL)
        return filter_fail(c, o->at, "the timestamp has a zone, but column \"%s\" is local time", f->name);
    out->value = wide_of(value);
    return WH_OK;
}

static enum wh_status number_bound(struct compiler *c, const struct wh_field *f, const struct operand *o,
                                   struct bound *out)
{
    struct number n;
    if (o->kind != OPERAND_TEXT && o->kind != OPERAND_NUMBER)
        return filter_fail(c, o->at, "a number is expected here");
    if (!scan_number(o->text, &n))
        return bad_literal(c, o, "number, or has too many digits");
    *out = floor_number(&n, f->type == WH_DECIMAL ? f->scale : 0);
    return WH_OK;
}

/* ---- ranges ----------------------------------------------------------------------------------- */

/* Turns "column op value" into low <= column <= high. */
static void whole_range(const struct wh_field *f, enum filter_op op, const struct bound *b, struct node *out)
{
    struct wide min, max;
    type_range(f, &min, &max);
    bool is_equal = op == OP_EQ || op == OP_NE;
    struct wide low = min, high = max;
    if (op == OP_GT || (op == OP_GE && !b->exact))
        low = wide_step(b->value, true);
    else if (op == OP_GE || is_equal)
        low = b->value;
    if (op == OP_LT && b->exact)
        high = wide_step(b->value, false);
    else if (op == OP_LT || op == OP_LE || is_equal)
        high = b->value;
    out->has_low = filter_compare_wide(&low, &min) > 0;
    out->has_high = filter_compare_wide(&high, &max) < 0;
    out->low = out->has_low ? low : min;
    out->high = out->has_high ? high : max;
    bool is_empty = filter_compare_wide(&out->low, &out->high) > 0 || (is_equal && !b->exact);
    out->kind = is_empty ? NODE_NEVER : NODE_RANGE;
}

/* The neighbour of a value among the values of the type; infinity is the neighbour of the largest one. */
static double next_value(const struct wh_field *f, double v, bool up)
{
    float single = (float)v;
    uint32_t bits32;
    uint64_t bits;
    bool grows = (v > 0) == up; /* in magnitude */
    if (f->type == WH_FLOAT32) {
        memcpy(&bits32, &single, sizeof bits32);
        bits32 = v < 0 || v > 0 ? bits32 + (grows ? 1 : UINT32_MAX) : up ? 1 : 0x80000001u;
        memcpy(&single, &bits32, sizeof single);
        return (double)single;
    }
    memcpy(&bits, &v, sizeof bits);
    bits = v < 0 || v > 0 ? bits + (grows ? 1 : UINT64_MAX) : up ? 1 : 0x8000000000000001u;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static struct wide float_bits(const struct wh_field *f, double v)
{
    struct wide w = {{0}};
    float single = (float)v;
    if (f->type == WH_FLOAT32)
        memcpy(&w.limb[0], &single, sizeof single);
    else
        memcpy(&w.limb[0], &v, sizeof v);
    return w;
}

static void float_range(const struct wh_field *f, enum filter_op op, double v, struct node *out)
{
    double infinity = (double)INFINITY, low = -infinity, high = infinity;
    bool is_equal = op == OP_EQ || op == OP_NE;
    bool is_empty = isnan(v) || (op == OP_LT && v == -infinity) || (op == OP_GT && v == infinity);
    if (op == OP_GE || is_equal)
        low = v;
    else if (op == OP_GT)
        low = next_value(f, v, true);
    if (op == OP_LE || is_equal)
        high = v;
    else if (op == OP_LT)
        high = next_value(f, v, false);
    out->has_low = low > -infinity;
    out->has_high = high < infinity;
    out->low = float_bits(f, low);
    out->high = float_bits(f, high);
    out->kind = is_empty ? NODE_NEVER : NODE_RANGE;
}

/* The nearest value of the type; the words for infinity and NaN stand in quotes. A number beyond all
 * values counts as infinite. */
static enum wh_status float_value(struct compiler *c, const struct wh_field *f, const struct operand *o,
                                  double *out)
{
    struct wh_column value;
    struct number n;
    if (o->kind != OPERAND_TEXT && o->kind != OPERAND_NUMBER)
        return filter_fail(c, o->at, "a number is expected here");
    WH_TRY(wh_column_init(&value, f, NULL, c->err));
    enum wh_status s = wh_value_parse(&value, o->text, c->err);
    if (s == WH_OK && f->type == WH_FLOAT32) {
        float single;
        memcpy(&single, value.data.data, sizeof single);
        *out = (double)single;
    } else if (s == WH_OK) {
        memcpy(out, value.data.data, sizeof *out);
    } else if (s == WH_DATA && scan_number(o->text, &n)) {
        *out = n.negative ? -(double)INFINITY : (double)INFINITY;
        s = WH_OK;
    }
    wh_column_release(&value);
    return s == WH_DATA ? bad_literal(c, o, "number") : s;
}

enum wh_status filter_literal_range(struct compiler *c, size_t column, enum filter_op op,
                                    const struct operand *o, struct node *out)
{
    const struct wh_field *f = filter_field(c->f, column);
    struct bound b = {.exact = true};
    if (f->type == WH_FLOAT32 || f->type == WH_FLOAT64) {
        double v = 0;
        WH_TRY(float_value(c, f, o, &v));
        float_range(f, op, v, out);
        return WH_OK;
    }
    if (f->type == WH_DATE32)
        WH_TRY(date_bound(c, o, &b));
    else if (f->type == WH_TIME64)
        WH_TRY(time_bound(c, f, o, &b));
    else if (f->type == WH_TIMESTAMP)
        WH_TRY(timestamp_bound(c, f, o, &b));
    else
        WH_TRY(number_bound(c, f, o, &b));
    whole_range(f, op, &b, out);
    return WH_OK;
}

/* ---- bytes ------------------------------------------------------------------------------------ */

enum wh_status filter_literal_bytes(struct compiler *c, size_t column, const struct operand *o,
                                    struct wh_slice *out)
{
    const struct wh_field *f = filter_field(c->f, column);
    struct wh_column value;
    if (f->type == WH_UTF8 || f->type == WH_JSON) {
        *out = o->text;
        return WH_OK;
    }
    WH_TRY(wh_column_init(&value, f, NULL, c->err));
    enum wh_status s = wh_value_parse(&value, o->text, c->err);
    if (s == WH_OK) {
        struct wh_slice bytes = wh_slice((const char *)value.data.data, value.data.size);
        s = filter_text(c, bytes, out);
    } else if (s == WH_DATA) {
        char type[64];
        wh_type_format(f, type, sizeof type);
        s = bad_literal(c, o, type);
    }
    wh_column_release(&value);
    return s;
}
