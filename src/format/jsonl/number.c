/* format/jsonl/number.c - which types hold a JSON number exactly; see number.h. */
#include "format/jsonl/number.h"

#include <math.h>

#include "base/mem.h"

#define MAX_EXPONENT 100000 /* far beyond any type */

/* digits[0 .. n) * 10^exponent without zeros at either end; n is 0 for zero. */
struct plain {
    char digits[WH_DECIMAL_MAX_DIGITS];
    int n;
    int64_t exponent;
    bool too_long; /* more digits than fit */
};

/* Digits of a well-formed number as long as they count; trailing zeros move into the exponent. */
static struct plain plain_of(struct wh_slice text)
{
    struct plain out = {.n = 0};
    int64_t zeros = 0, behind_point = 0, exponent = 0;
    bool point = false;
    size_t i = 0;
    for (; i < text.len && (text.ptr[i] | 0x20) != 'e'; i++) {
        char c = text.ptr[i];
        point |= c == '.';
        if (!wh_is_digit(c))
            continue;
        behind_point += point;
        if (c == '0') {
            zeros += out.n > 0;
            continue;
        }
        if (zeros + 1 > (int64_t)sizeof out.digits - out.n) {
            out.too_long = true;
            return out;
        }
        memset(out.digits + out.n, '0', (size_t)zeros);
        out.n += (int)zeros;
        zeros = 0;
        out.digits[out.n++] = c;
    }
    bool negative = i + 1 < text.len && text.ptr[i + 1] == '-';
    for (i++; i < text.len; i++)
        if (wh_is_digit(text.ptr[i]) && exponent < MAX_EXPONENT)
            exponent = exponent * 10 + (text.ptr[i] - '0');
    out.exponent = (negative ? -exponent : exponent) - behind_point + zeros;
    return out;
}

bool wh_jsonl_number_double(struct wh_slice text, double *out)
{
    double value;
    if (!wh_parse_f64(text, &value))
        return false;
    struct plain wanted = plain_of(text);
    if (wanted.too_long)
        return false;
    char shortest[WH_F64_TEXT];
    struct plain got = plain_of(wh_slice(shortest, wh_format_f64(shortest, value)));
    bool same = got.n == wanted.n && memcmp(got.digits, wanted.digits, (size_t)got.n) == 0 &&
                (got.n == 0 || got.exponent == wanted.exponent);
    if (same)
        *out = value;
    return same;
}

/* Notes how many digits a decimal needs. */
static void add_plain(struct wh_jsonl_numbers *all, const struct plain *p)
{
    if (p->too_long || p->exponent > WH_DECIMAL_MAX_DIGITS || p->exponent < -WH_DECIMAL_MAX_DIGITS) {
        all->not_decimal |= p->n > 0 || p->too_long;
        return;
    }
    int exponent = p->n == 0 ? 0 : (int)p->exponent;
    int whole = p->n + exponent, scale = -exponent;
    all->whole_digits = (uint8_t)WH_MAX(whole, all->whole_digits);
    all->scale = (uint8_t)WH_MAX(scale, all->scale);
    all->not_decimal |= all->whole_digits + all->scale > WH_DECIMAL_MAX_DIGITS;
}

static void add_small_integer(struct wh_jsonl_numbers *all, const struct wh_jsonl_number *n)
{
    static const uint64_t double_limit = (uint64_t)1 << 53;
    uint8_t digits = (uint8_t)WH_MIN(n->digits, 19u);
    all->negative |= n->negative;
    all->not_double |= n->mantissa > double_limit;
    all->not_int64 |= n->mantissa > (uint64_t)INT64_MAX + n->negative;
    all->whole_digits = WH_MAX(all->whole_digits, digits);
    all->not_decimal |= all->whole_digits + all->scale > WH_DECIMAL_MAX_DIGITS;
}

void wh_jsonl_numbers_add(struct wh_jsonl_numbers *all, const struct wh_jsonl_number *n, struct wh_slice text)
{
    bool integer = n->fraction == 0 && !n->has_exponent;
    bool minus_zero = n->negative && n->mantissa == 0 && n->digits <= 19;
    if (integer && n->digits <= 19 && !minus_zero) {
        add_small_integer(all, n);
        return;
    }
    struct plain p = plain_of(text);
    double value;
    all->negative |= n->negative;
    add_plain(all, &p);
    all->not_double |= !wh_jsonl_number_double(text, &value);
    if (!integer || (n->negative && p.n == 0 && !p.too_long)) {
        all->not_integer = true;
        all->not_decimal |= n->negative && p.n == 0 && !p.too_long;
        return;
    }
    uint64_t magnitude;
    all->not_int64 = true;
    all->not_uint64 |= !wh_parse_u64(wh_slice(text.ptr + n->negative, text.len - n->negative), &magnitude);
}

enum wh_type wh_jsonl_numbers_type(const struct wh_jsonl_numbers *all, uint8_t *precision, uint8_t *scale)
{
    if (!all->not_integer && !all->not_int64)
        return WH_INT64;
    if (!all->not_integer && !all->not_uint64 && !all->negative)
        return WH_UINT64;
    if (all->not_integer && !all->not_double)
        return WH_FLOAT64;
    if (all->not_decimal)
        return WH_UTF8;
    *scale = all->scale;
    *precision = (uint8_t)WH_MAX(all->whole_digits + all->scale, 1);
    return WH_DECIMAL;
}
