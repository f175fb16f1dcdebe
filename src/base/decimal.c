/* base/decimal.c - exact decimals from and to text and other scales; see num.h.
 *
 * Up to 18 digits everything happens in 64 bits, above in 256. */
#include "base/bytes.h"
#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"

#define LIMBS 4
#define CHUNK_DIGITS 19 /* most digits that always fit into a limb */

/* A number without sign below 2^256, lowest limb first. */
struct magnitude {
    uint64_t limb[LIMBS];
};

static bool multiply_add(struct magnitude *m, uint64_t factor, uint64_t add)
{
    wh_u128 carry = add;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (wh_u128)m->limb[i] * factor;
        m->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* Divides and returns the remainder; *used is the number of limbs up to the last that is not zero. */
static uint64_t divide(struct magnitude *m, uint64_t divisor, size_t *used)
{
    wh_u128 rest = 0;
    for (size_t i = *used; i-- > 0;) {
        rest = rest << 64 | m->limb[i];
        m->limb[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    while (*used > 0 && m->limb[*used - 1] == 0)
        --*used;
    return (uint64_t)rest;
}

static bool multiply_pow10(struct magnitude *m, int digits)
{
    for (; digits > CHUNK_DIGITS; digits -= CHUNK_DIGITS)
        if (!multiply_add(m, wh_pow10_u64[CHUNK_DIGITS], 0))
            return false;
    return multiply_add(m, wh_pow10_u64[digits], 0);
}

/* False when a digit other than zero falls off. */
static bool divide_pow10(struct magnitude *m, int digits)
{
    size_t used = LIMBS;
    for (; digits > 0; digits -= CHUNK_DIGITS)
        if (divide(m, wh_pow10_u64[WH_MIN(digits, CHUNK_DIGITS)], &used) != 0)
            return false;
    return true;
}

static bool has_at_most(const struct magnitude *m, int digits)
{
    struct magnitude limit = {{1}};
    multiply_pow10(&limit, digits); /* 10^76 < 2^256 */
    for (size_t i = LIMBS; i-- > 0;)
        if (m->limb[i] != limit.limb[i])
            return m->limb[i] < limit.limb[i];
    return false;
}

static void negate(struct magnitude *m)
{
    uint64_t carry = 1;
    for (size_t i = 0; i < LIMBS; i++) {
        m->limb[i] = ~m->limb[i] + carry;
        carry = carry != 0 && m->limb[i] == 0;
    }
}

/* Reads a value; returns whether it is negative. */
static bool load(struct magnitude *m, const void *value, size_t width)
{
    size_t n = width / 8;
    for (size_t i = 0; i < n; i++)
        m->limb[i] = wh_get_le64((const uint8_t *)value + 8 * i);
    bool negative = m->limb[n - 1] >> 63 != 0;
    for (size_t i = n; i < LIMBS; i++)
        m->limb[i] = negative ? UINT64_MAX : 0;
    if (negative)
        negate(m);
    return negative;
}

static void store(void *out, struct magnitude m, bool negative, size_t width)
{
    if (negative)
        negate(&m);
    for (size_t i = 0; i < width / 8; i++)
        wh_put_le64((uint8_t *)out + 8 * i, m.limb[i]);
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* Digits with at most one point between or behind them. */
struct digits {
    bool negative;
    const char *first, *end; /* first: no zero and no point, unless all is zero */
    int64_t n_digits;        /* from first to end without the point */
    int64_t exp10;           /* of the last digit */
};

static bool scan_exponent(const char *p, const char *end, int64_t *exp10)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    int64_t value = 0;
    for (; p < end; p++) {
        if (!wh_is_digit(*p))
            return false;
        if (value < INT32_MAX)
            value = value * 10 + (*p - '0');
    }
    *exp10 += negative ? -value : value;
    return true;
}

static bool scan(struct wh_slice s, struct digits *d)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    *d = (struct digits){.negative = *p == '-'};
    p += d->negative;
    const char *first = p, *point = NULL;
    while (p < end && wh_is_digit(*p))
        p++;
    if (p == first)
        return false;
    if (p < end && *p == '.') {
        point = p++;
        while (p < end && wh_is_digit(*p))
            p++;
        if (p == point + 1)
            return false;
        d->exp10 = point + 1 - p;
    }
    d->end = p;
    if (p < end && ((*p != 'e' && *p != 'E') || !scan_exponent(p + 1, end, &d->exp10)))
        return false;
    while (first < d->end && (*first == '0' || *first == '.'))
        first++;
    d->first = first;
    d->n_digits = d->end - first - (point != NULL && point > first);
    return true;
}

/* Drops zeros from the end; they may stand behind a scale that is too small. */
static void drop_zeros(struct digits *d)
{
    while (d->n_digits > 0 && (d->end[-1] == '0' || d->end[-1] == '.')) {
        if (d->end[-1] == '0') {
            d->n_digits--;
            d->exp10++;
        }
        d->end--;
    }
}

static bool accumulate(struct magnitude *m, const struct digits *d)
{
    uint64_t chunk = 0, factor = 1;
    for (const char *p = d->first; p < d->end; p++) {
        if (*p == '.')
            continue;
        chunk = chunk * 10 + (uint64_t)(*p - '0');
        factor *= 10;
        if (factor == wh_pow10_u64[CHUNK_DIGITS]) {
            if (!multiply_add(m, factor, chunk))
                return false;
            chunk = 0;
            factor = 1;
        }
    }
    return multiply_add(m, factor, chunk);
}

static bool parse_any(struct wh_slice s, int precision, int scale, void *out)
{
    struct digits d;
    if (!scan(s, &d))
        return false;
    drop_zeros(&d);
    struct magnitude m = {{0}};
    if (d.n_digits > 0) {
        int64_t zeros = d.exp10 + scale;
        if (zeros < 0 || d.n_digits + zeros > precision)
            return false;
        if (!accumulate(&m, &d) || !multiply_pow10(&m, (int)zeros))
            return false;
    }
    store(out, m, d.negative, wh_decimal_width(precision));
    return true;
}

/* Plain notation of at most 18 digits; anything else (also what is wrong) is left to parse_any. */
static bool parse_short(struct wh_slice s, int precision, int scale, void *out)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    bool negative = *p == '-';
    p += negative;
    if (end - p > 19)
        return false;
    uint64_t value = 0;
    const char *first = p;
    p = wh_scan_digits(p, end, &value);
    if (p == first || p - first > 18)
        return false;
    int behind = 0;
    if (p < end && *p == '.') {
        first = ++p;
        p = wh_scan_digits(p, end, &value);
        behind = (int)(p - first);
        if (behind == 0)
            return false;
    }
    if (p != end || behind > scale || !wh_mul(value, wh_pow10_u64[scale - behind], &value) ||
        value >= wh_pow10_u64[precision])
        return false;
    wh_put_le64(out, negative ? 0 - value : value);
    return true;
}

bool wh_parse_decimal(struct wh_slice s, int precision, int scale, void *out)
{
    if (s.len == 0)
        return false;
    return (precision <= 18 && parse_short(s, precision, scale, out)) || parse_any(s, precision, scale, out);
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* Writes `digits` with a point before the last `scale` of them and at least one digit before it. */
static size_t place_point(char *out, const char *digits, size_t n, size_t scale)
{
    if (scale == 0) {
        memcpy(out, digits, n);
        return n;
    }
    size_t whole = n > scale ? n - scale : 0, lead = n > scale ? 0 : scale - n;
    memcpy(out, digits, whole);
    if (whole == 0)
        out[whole++] = '0';
    out[whole++] = '.';
    memset(out + whole, '0', lead);
    size_t taken = n > scale ? n - scale : 0;
    memcpy(out + whole + lead, digits + taken, n - taken);
    return whole + lead + n - taken;
}

static size_t write_magnitude(char *digits, struct magnitude *m)
{
    uint64_t chunks[LIMBS + 1];
    size_t n_chunks = 0, used = LIMBS;
    while (used > 0 && m->limb[used - 1] == 0)
        used--;
    while (used > 0)
        chunks[n_chunks++] = divide(m, wh_pow10_u64[CHUNK_DIGITS], &used);
    if (n_chunks == 0)
        chunks[n_chunks++] = 0;
    size_t n = wh_format_u64(digits, chunks[--n_chunks]);
    while (n_chunks > 0) {
        wh_put_digits(digits + n, chunks[--n_chunks], CHUNK_DIGITS);
        n += CHUNK_DIGITS;
    }
    return n;
}

size_t wh_format_decimal(char *out, const void *value, int precision, int scale)
{
    char digits[WH_DECIMAL_TEXT];
    size_t width = wh_decimal_width(precision), n;
    bool negative;
    if (width == 8) {
        uint64_t bits = wh_get_le64(value);
        negative = bits >> 63 != 0;
        n = wh_format_u64(digits, negative ? 0 - bits : bits);
    } else {
        struct magnitude m;
        negative = load(&m, value, width);
        n = write_magnitude(digits, &m);
    }
    out[0] = '-';
    return (size_t)negative + place_point(out + negative, digits, n, (size_t)scale);
}

/* ---- other scales ----------------------------------------------------------------------------- */

static bool rescale_short(const void *value, int shift, void *out, int to_precision)
{
    uint64_t bits = wh_get_le64(value);
    bool negative = bits >> 63 != 0;
    uint64_t m = negative ? 0 - bits : bits;
    if (shift < 0) {
        uint64_t divisor = wh_pow10_u64[-shift];
        if (m % divisor != 0)
            return false;
        m /= divisor;
    } else if (!wh_mul(m, wh_pow10_u64[shift], &m)) {
        return false;
    }
    if (m >= wh_pow10_u64[to_precision])
        return false;
    wh_put_le64(out, negative ? 0 - m : m);
    return true;
}

bool wh_decimal_rescale(const void *value, int from_precision, int from_scale, void *out, int to_precision,
                        int to_scale)
{
    size_t from_width = wh_decimal_width(from_precision), to_width = wh_decimal_width(to_precision);
    int shift = to_scale - from_scale;
    if (from_width == 8 && to_width == 8)
        return rescale_short(value, shift, out, to_precision);
    struct magnitude m;
    bool negative = load(&m, value, from_width);
    if (shift < 0 ? !divide_pow10(&m, -shift) : !multiply_pow10(&m, shift))
        return false;
    if (!has_at_most(&m, to_precision))
        return false;
    store(out, m, negative, to_width);
    return true;
}
