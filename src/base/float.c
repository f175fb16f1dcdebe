/* base/float.c - floating point numbers from and to text, exact both ways; see num.h.
 *
 * Reading: small numbers by one exact multiplication or division (Clinger, "How to Read Floating Point
 * Numbers Accurately", 1990), the others by a 128-bit product with a power of ten (Lemire, "Number Parsing at
 * a Gigabyte per Second", 2021), the few that this cannot decide by strtod.
 * Writing: the shortest digits in the rounding interval (Giulietti, "The Schubfach way to render doubles",
 * 2021), both with the table of pow10.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/pow10.h"

/* ---- reading ---------------------------------------------------------------------------------- */

/* Digits behind this many cannot change the nearest double but by being zero or not. */
#define MAX_DIGITS 770

/* A number as it is written: all digits * 10^exp10, or mantissa * 10^mantissa_exp10 or a bit more. */
struct written {
    bool negative;
    bool cut; /* mantissa lacks digits that are not zero */
    uint64_t mantissa;
    int64_t mantissa_exp10;
    int64_t exp10;
    const char *digits, *digits_end; /* with the point inside */
};

static int64_t scan_exponent(const char **p, const char *end)
{
    const char *at = *p + 1;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *first = at;
    int64_t value = 0;
    for (; at < end && wh_is_digit(*at); at++)
        if (value < INT32_MAX)
            value = value * 10 + (*at - '0');
    if (at > first)
        *p = at;
    return negative ? -value : value;
}

/* Takes the first 19 digits that count, of a number with more digits. */
static void cut_mantissa(struct written *w)
{
    uint64_t mantissa = 0;
    int taken = 0;
    int64_t dropped = 0;
    for (const char *p = w->digits; p < w->digits_end; p++) {
        if (*p == '.')
            continue;
        if (taken < 19) {
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
            taken += mantissa != 0;
        } else {
            dropped++;
            w->cut |= *p != '0';
        }
    }
    w->mantissa = mantissa;
    w->mantissa_exp10 = w->exp10 + dropped;
}

/* The grammar: -? digits (. digits)? ([eE] [+-]? digits)?, nothing before or behind. */
static bool scan_number(struct wh_slice s, struct written *w)
{
    if (s.len == 0)
        return false;
    const char *p = s.ptr, *end = s.ptr + s.len;
    *w = (struct written){.negative = *p == '-'};
    p += w->negative;
    w->digits = p;
    p = wh_scan_digits(p, end, &w->mantissa);
    int64_t n_digits = p - w->digits;
    if (n_digits == 0)
        return false;
    if (p < end && *p == '.') {
        const char *first = ++p;
        p = wh_scan_digits(p, end, &w->mantissa);
        if (p == first)
            return false;
        w->exp10 = first - p;
        n_digits += p - first;
    }
    w->digits_end = p;
    if (p < end && (*p == 'e' || *p == 'E'))
        w->exp10 += scan_exponent(&p, end);
    if (p != end)
        return false;
    w->mantissa_exp10 = w->exp10;
    if (n_digits > 19)
        cut_mantissa(w);
    return true;
}

enum { BIAS = 1023, FRACTION_BITS = 52, INFINITE_EXPONENT = 0x7FF };

static double double_of_bits(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Bits of the double nearest to w * 10^q; false when 128 bits do not decide it. Lemire's algorithm. */
static bool nearest_bits(uint64_t w, int64_t q, uint64_t *bits)
{
    *bits = 0;
    if (w == 0 || q < WH_POW10_MIN)
        return true;
    if (q > 308) {
        *bits = (uint64_t)INFINITE_EXPONENT << FRACTION_BITS;
        return true;
    }
    int zeros = __builtin_clzll(w);
    w <<= zeros;
    const struct wh_pow10 *power = wh_pow10((int)q);
    wh_u128 product = (wh_u128)w * power->hi;
    if (((uint64_t)(product >> 64) & 0x1FF) == 0x1FF)
        product += (wh_u128)w * (power->lo + (q < 0 && q >= -27)) >> 64;
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if (low == UINT64_MAX && (q < -27 || q > 55))
        return false;
    int upper = (int)(high >> 63);
    int shift = upper + 64 - FRACTION_BITS - 3;
    uint64_t m = high >> shift;
    int exponent = (int)((217706 * q) >> 16) + 63 + upper - zeros + BIAS;
    if (exponent <= 0) { /* subnormal */
        if (exponent <= -63)
            return true;
        m >>= 1 - exponent;
        *bits = (m + (m & 1)) >> 1; /* a carry into the exponent makes it normal, as it should */
        return true;
    }
    if (low <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == high)
        m &= ~(uint64_t)1; /* exactly half: to even */
    m = (m + (m & 1)) >> 1;
    if (m >= (uint64_t)2 << FRACTION_BITS) {
        m = (uint64_t)1 << FRACTION_BITS;
        exponent++;
    }
    if (exponent >= INFINITE_EXPONENT)
        *bits = (uint64_t)INFINITE_EXPONENT << FRACTION_BITS;
    else
        *bits = (m & ~((uint64_t)1 << FRACTION_BITS)) | (uint64_t)exponent << FRACTION_BITS;
    return true;
}

/* The rare rest, on a copy of bounded length: a digit 1 stands for all that were left out. */
static void bounded_copy(char text[MAX_DIGITS + 32], const struct written *w)
{
    size_t n = 0;
    int64_t dropped = 0;
    bool rest = false;
    for (const char *p = w->digits; p < w->digits_end; p++) {
        if (*p == '.' || (n == 0 && *p == '0'))
            continue;
        if (n < MAX_DIGITS) {
            text[n++] = *p;
        } else {
            dropped++;
            rest |= *p != '0';
        }
    }
    if (rest) {
        text[n++] = '1';
        dropped--;
    }
    snprintf(text + n, 30, "e%lld", (long long)(w->exp10 + dropped));
}

static double slow_double(const struct written *w)
{
    char text[MAX_DIGITS + 32];
    bounded_copy(text, w);
    return strtod(text, NULL);
}

bool wh_parse_f64(struct wh_slice s, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct written w;
    if (!scan_number(s, &w))
        return false;
    double value;
    uint64_t bits, above;
    int64_t q = w.mantissa_exp10;
    if (w.mantissa <= (uint64_t)1 << 53 && q >= -22 && q <= 22 && !w.cut) {
        value = q < 0 ? (double)w.mantissa / powers[-q] : (double)w.mantissa * powers[q];
    } else if (nearest_bits(w.mantissa, q, &bits) &&
               (!w.cut || (nearest_bits(w.mantissa + 1, q, &above) && bits == above))) {
        value = double_of_bits(bits);
    } else {
        value = slow_double(&w);
    }
    if (isinf(value))
        return false;
    *out = w.negative ? -value : value;
    return true;
}

bool wh_parse_f32(struct wh_slice s, float *out)
{
    struct written w;
    double value;
    if (!wh_parse_f64(s, &value))
        return false;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    float nearest = (float)value;
    /* Rounding twice goes wrong where the double lies halfway between two floats; among the subnormal
     * ones halfway is elsewhere. */
    bool halfway = (bits & 0x1FFFFFFF) == 0x10000000;
    if ((halfway || fabs(value) < 0x1p-126) && value != 0 && scan_number(s, &w)) {
        char text[MAX_DIGITS + 32];
        bounded_copy(text, &w);
        nearest = w.negative ? -strtof(text, NULL) : strtof(text, NULL);
    }
    if (isinf(nearest))
        return false;
    *out = nearest;
    return true;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* digits * 10^exp10 */
struct shortest {
    uint64_t digits;
    int exp10;
};

/* A binary number c * 2^q and what bounds the interval of decimals that read back as it. */
struct binary {
    uint64_t c;
    int q;
    bool lower_is_closer; /* c is a power of two: the neighbour below is half as far */
};

static int floor_log10_pow2(int e, bool three_quarters)
{
    return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}
static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* Highest 64 bits of g * cp, the last of them also set when anything below is (round to odd). */
static uint64_t round_to_odd(const struct wh_pow10 *g, uint64_t cp)
{
    wh_u128 y = (wh_u128)g->hi * cp + ((wh_u128)g->lo * cp >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* The interval times 4 * 10^-k: its ends, shrunk by one when they do not belong to it, and its middle. */
struct interval {
    uint64_t lower, middle, upper;
};

/* Schubfach's last step: the decimal in the interval with the fewest digits, then the nearest one. */
static struct shortest choose(const struct interval *v, int k)
{
    uint64_t s = v->middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = v->lower <= 40 * tens, above = 40 * tens + 40 <= v->upper;
        if (below != above)
            return (struct shortest){tens + above, k + 1};
    }
    bool below = v->lower <= 4 * s, above = 4 * s + 4 <= v->upper;
    if (below != above)
        return (struct shortest){s + above, k};
    uint64_t half = 4 * s + 2;
    return (struct shortest){s + (v->middle > half || (v->middle == half && (s & 1) != 0)), k};
}

static struct shortest shortest(struct binary b)
{
    int k = floor_log10_pow2(b.q, b.lower_is_closer);
    int h = b.q + floor_log2_pow10(-k) + 1;
    struct wh_pow10 g = *wh_pow10(-k);
    g.lo += -k < 0 || -k > 55; /* rounded up */
    uint64_t c4 = 4 * b.c, odd = b.c & 1;
    struct interval v = {round_to_odd(&g, (c4 - 2 + b.lower_is_closer) << h) + odd, round_to_odd(&g, c4 << h),
                         round_to_odd(&g, (c4 + 2) << h) - odd};
    return choose(&v, k);
}

static struct shortest strip_zeros(struct shortest d)
{
    while (d.digits % 100000000 == 0) {
        d.digits /= 100000000;
        d.exp10 += 8;
    }
    for (int n = 4; n > 0; n /= 2) {
        if (d.digits % wh_pow10_u64[n] == 0) {
            d.digits /= wh_pow10_u64[n];
            d.exp10 += n;
        }
    }
    return d;
}

/* Numbers from 0.0001 to below 1e16 in plain notation, as most languages print them. */
static size_t write_decimal(char *out, struct shortest d)
{
    char digits[WH_I64_TEXT];
    int n = (int)wh_format_u64(digits, d.digits), point = n + d.exp10;
    if (point < -3 || point > 16) {
        size_t len = 1;
        out[0] = digits[0];
        if (n > 1) {
            out[1] = '.';
            memcpy(out + 2, digits + 1, (size_t)n - 1);
            len = (size_t)n + 1;
        }
        out[len++] = 'e';
        return len + wh_format_i64(out + len, point - 1);
    }
    if (point <= 0) {
        memcpy(out, "0.0000", 6);
        memcpy(out + 2 - point, digits, (size_t)n);
        return (size_t)(2 - point + n);
    }
    if (point >= n) {
        memcpy(out, digits, (size_t)n);
        memset(out + n, '0', (size_t)(point - n));
        return (size_t)point;
    }
    memcpy(out, digits, (size_t)point);
    out[point] = '.';
    memcpy(out + point + 1, digits + point, (size_t)(n - point));
    return (size_t)n + 1;
}

static size_t write_text(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return len;
}

/* b has c > 0. */
static size_t write_binary(char *out, struct binary b)
{
    if (b.q <= 0 && b.q > -53 && (b.c & (((uint64_t)1 << -b.q) - 1)) == 0)
        return wh_format_u64(out, b.c >> -b.q);
    return write_decimal(out, strip_zeros(shortest(b)));
}

size_t wh_format_f64(char *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
    int exponent = (int)(bits >> FRACTION_BITS & INFINITE_EXPONENT);
    if (exponent == INFINITE_EXPONENT)
        return write_text(out, fraction != 0 ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
    size_t sign = bits >> 63;
    out[0] = '-';
    out += sign;
    if (exponent == 0 && fraction == 0)
        return sign + write_text(out, "0");
    bool normal = exponent != 0;
    struct binary b = {.c = fraction | (uint64_t)normal << FRACTION_BITS,
                       .q = (normal ? exponent : 1) - BIAS - FRACTION_BITS,
                       .lower_is_closer = fraction == 0 && exponent > 1};
    return sign + write_binary(out, b);
}

size_t wh_format_f32(char *out, float v)
{
    enum { F32_BIAS = 127, F32_FRACTION_BITS = 23 };
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint32_t fraction = bits & ((1u << F32_FRACTION_BITS) - 1);
    int exponent = (int)(bits >> F32_FRACTION_BITS & 0xFF);
    if (exponent == 0xFF || (exponent == 0 && fraction == 0))
        return wh_format_f64(out, v);
    bool normal = exponent != 0;
    struct binary b = {.c = fraction | (uint32_t)normal << F32_FRACTION_BITS,
                       .q = (normal ? exponent : 1) - F32_BIAS - F32_FRACTION_BITS,
                       .lower_is_closer = fraction == 0 && exponent > 1};
    size_t sign = bits >> 31;
    out[0] = '-';
    return sign + write_binary(out + sign, b);
}
