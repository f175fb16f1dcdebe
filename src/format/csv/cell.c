/* format/csv/cell.c - see format/csv/cell.h. */
#include "format/csv/cell.h"

#include "base/mem.h"

const char *const wh_csv_bools[WH_CSV_BOOL_SPELLINGS][2] = {
    {"false", "true"}, {"False", "True"}, {"FALSE", "TRUE"}};

/* ---- numbers ------------------------------------------------------------------------------------ */

bool wh_csv_digits18(const char *p, size_t n, uint64_t *out)
{
    uint32_t low, mid, high = 0;
    bool ok = wh_csv_digits8(p + n - 8, 8, &low);
    if (n <= 16) {
        ok &= wh_csv_digits8(p, n - 8, &mid);
    } else {
        ok &= wh_csv_digits8(p + n - 16, 8, &mid);
        ok &= wh_csv_digits8(p, n - 16, &high);
    }
    *out = ((uint64_t)high * 100000000 + mid) * 100000000 + low;
    return ok;
}

bool wh_csv_digits_point(const char *p, size_t n, size_t scale, uint64_t *out)
{
    uint64_t whole, part;
    if (!wh_csv_digits(p, n, &whole) || !wh_csv_digits(p + n + 1, scale, &part))
        return false;
    *out = whole * wh_pow10_u64[scale] + part;
    return true;
}

bool wh_csv_parse_int19(const char *p, size_t n, bool negative, int64_t *out)
{
    uint64_t v = 0;
    if (n != 19 || p[0] == '0')
        return false;
    if (wh_scan_digits(p, p + n, &v) != p + n || v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}

static uint8_t small(size_t n)
{
    return (uint8_t)WH_MIN(n, 255);
}

/* "e12" to the end; false when it is no exponent or beyond every double. */
static bool scan_exponent(const char *p, const char *end, int *out)
{
    bool negative = ++p < end && *p == '-';
    int v = 0;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || end - p > 3)
        return false;
    for (; p < end; p++) {
        if (!wh_is_digit(*p))
            return false;
        v = v * 10 + (*p - '0');
    }
    *out = negative ? -v : v;
    return true;
}

bool wh_csv_scan_number(const char *p, size_t len, struct wh_csv_number *out)
{
    const char *end = p + len, *start, *point;
    struct wh_csv_number n = {0};
    n.negative = len > 0 && *p == '-';
    p += n.negative;
    start = p;
    p = wh_scan_digits(p, end, &n.mantissa);
    size_t whole = (size_t)(p - start), scale = 0;
    point = p;
    if (p < end && *p == '.') {
        p = wh_scan_digits(p + 1, end, &n.mantissa);
        scale = (size_t)(p - point) - 1;
        if (scale == 0)
            return false;
    }
    if (whole + scale == 0)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        if (!scan_exponent(p, end, &n.exponent))
            return false;
        n.has_exponent = true;
        p = end;
    }
    if (p != end)
        return false;
    size_t zeros = 0;
    for (const char *z = start; z < start + whole + (scale > 0) + scale && (*z == '0' || *z == '.'); z++)
        zeros += *z == '0';
    n.padded = whole > 1 && *start == '0';
    n.digits = small(whole + scale - zeros);
    n.whole = small(whole);
    n.scale = small(scale);
    n.exponent -= (int)WH_MIN(scale, 1000);
    *out = n;
    return true;
}

bool wh_csv_float_of(const struct wh_csv_number *n, const char *p, size_t len, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (n->padded || n->digits > 15)
        return false;
    if (n->exponent >= -22 && n->exponent <= 22) { /* both are exact, so the result is rounded once */
        double v = (double)n->mantissa;
        v = n->exponent < 0 ? v / powers[-n->exponent] : v * powers[n->exponent];
        *out = n->negative ? -v : v;
        return true;
    }
    /* Doubles this small no longer carry 15 digits. */
    double v;
    if (!wh_parse_f64(wh_slice(p, len), &v) || (n->digits > 0 && v < 1e-290 && v > -1e-290))
        return false;
    *out = v;
    return true;
}

bool wh_csv_parse_float(const char *p, size_t len, double *out)
{
    struct wh_csv_number n;
    if (wh_csv_scan_number(p, len, &n))
        return wh_csv_float_of(&n, p, len, out);
    static const struct {
        const char *text;
        double value;
    } words[] = {{"NaN", __builtin_nan("")}, {"Infinity", __builtin_inf()}, {"-Infinity", -__builtin_inf()}};
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (wh_slice_eq(wh_slice(p, len), wh_slice_of(words[i].text))) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

bool wh_csv_parse_wide(const char *p, size_t len, const struct wh_csv_spelling *s, wh_i128 *out)
{
    bool negative = len > 0 && p[0] == '-';
    size_t scale = s->scale, point = len - scale - 1;
    if (len < (size_t)negative + scale + 2 || len - negative - 1 > s->precision || p[point] != '.' ||
        (p[negative] == '0' && point > (size_t)negative + 1))
        return false;
    wh_i128 v = 0;
    for (size_t i = negative; i < len; i++) {
        if (i == point)
            continue;
        if (!wh_is_digit(p[i]))
            return false;
        v = v * 10 + (p[i] - '0');
    }
    if (negative && v == 0)
        return false;
    *out = negative ? -v : v;
    return true;
}

/* ---- uuid --------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wh_csv_parse_uuid(const char *p, size_t len, uint8_t out[16])
{
    if (len != 36 || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    int bad = 0;
    for (size_t i = 0, at = 0; i < 16; i++, at += 2) {
        at += p[at] == '-';
        int high = hex_digit(p[at]), low = hex_digit(p[at + 1]);
        bad |= high | low;
        out[i] = (uint8_t)((unsigned)high << 4 | ((unsigned)low & 15));
    }
    return bad >= 0;
}

/* ---- times -------------------------------------------------------------------------------------- */

static bool two_digits(const char *p, unsigned *out)
{
    unsigned a = (unsigned char)(p[0] - '0'), b = (unsigned char)(p[1] - '0');
    *out = a * 10 + b;
    return a < 10 && b < 10;
}

/* ".123": which ways of writing a fraction give just this text. */
static bool parse_fraction(const char *p, size_t n, struct wh_csv_moment *m)
{
    uint64_t v;
    m->fraction_digits = (uint8_t)n;
    m->fraction = WH_CSV_FRACTION_ALL;
    m->nanos = 0;
    if (n == 0)
        return true;
    if (n > 9 || !wh_csv_digits(p, n, &v))
        return false;
    m->nanos = (uint32_t)(v * wh_pow10_u64[9 - n]);
    m->fraction = WH_CSV_FRACTION_FIXED;
    if (v % 10 != 0)
        m->fraction |= WH_CSV_FRACTION_TRIMMED;
    if (n % 3 == 0 && v % 1000 != 0)
        m->fraction |= WH_CSV_FRACTION_GROUPS;
    if (n == 6 && v != 0)
        m->fraction |= WH_CSV_FRACTION_MICRO;
    return true;
}

bool wh_csv_parse_time(const char *p, size_t len, struct wh_csv_moment *out)
{
    unsigned hour, minute, second;
    if (len < 8 || len == 9 || p[2] != ':' || p[5] != ':' || (len > 9 && p[8] != '.'))
        return false;
    if (!two_digits(p, &hour) || !two_digits(p + 3, &minute) || !two_digits(p + 6, &second) || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    out->seconds = (int64_t)hour * 3600 + minute * 60 + second;
    return parse_fraction(p + 9, len == 8 ? 0 : len - 9, out);
}

/* The zone at the end of p[0, len); the length without it. */
static size_t parse_zone(const char *p, size_t len, struct wh_csv_moment *m)
{
    static const struct {
        uint8_t len, zone;
    } forms[] = {{6, WH_CSV_ZONE_COLON}, {5, WH_CSV_ZONE_PLAIN}, {3, WH_CSV_ZONE_HOURS}};
    m->zone = WH_CSV_ZONE_NONE;
    m->offset_min = 0;
    if (len > 0 && p[len - 1] == 'Z') {
        m->zone = WH_CSV_ZONE_Z;
        return len - 1;
    }
    for (size_t i = 0; i < WH_COUNT(forms); i++) {
        size_t n = forms[i].len;
        unsigned hours, minutes = 0;
        if (len < 8 + n || (p[len - n] != '+' && p[len - n] != '-') || (n == 6 && p[len - 3] != ':'))
            continue;
        if (!two_digits(p + len - n + 1, &hours) || (n > 3 && !two_digits(p + len - 2, &minutes)) ||
            hours > 18 || minutes > 59 || (p[len - n] == '-' && hours + minutes == 0))
            continue;
        m->zone = forms[i].zone;
        m->offset_min =
            (int16_t)(p[len - n] == '-' ? -(int)(hours * 60 + minutes) : (int)(hours * 60 + minutes));
        return len - n;
    }
    return len;
}

bool wh_csv_parse_timestamp(const char *p, size_t len, struct wh_csv_moment *out)
{
    if (len < 19 || (p[10] != ' ' && p[10] != 'T') || !wh_csv_parse_date(p, 10, &out->days))
        return false;
    out->separator = p[10];
    size_t end = parse_zone(p + 11, len - 11, out);
    return wh_csv_parse_time(p + 11, end, out);
}

static bool fraction_fits(const struct wh_csv_moment *m, const struct wh_csv_spelling *s)
{
    if (!s->nanos && m->nanos % 1000 != 0)
        return false;
    if (s->fraction == WH_CSV_FRACTION_FIXED)
        return m->fraction_digits == s->fraction_digits;
    return s->fraction == WH_CSV_FRACTION_ANY || (m->fraction & s->fraction) != 0;
}

bool wh_csv_time_value(const struct wh_csv_moment *m, const struct wh_csv_spelling *s, int64_t *out)
{
    *out = s->nanos ? m->seconds * 1000000000 + m->nanos : m->seconds * 1000000 + m->nanos / 1000;
    return fraction_fits(m, s);
}

bool wh_csv_timestamp_value(const struct wh_csv_moment *m, const struct wh_csv_spelling *s, int64_t *out)
{
    if (s->separator != 0 && m->separator != s->separator)
        return false;
    if (m->zone != s->zone || m->offset_min != s->offset_min || !fraction_fits(m, s))
        return false;
    int64_t seconds = (int64_t)m->days * 86400 + m->seconds - (int64_t)m->offset_min * 60;
    if (!s->nanos) {
        *out = seconds * 1000000 + m->nanos / 1000;
        return true;
    }
    return wh_mul(seconds, 1000000000, out) && wh_add(*out, (int64_t)m->nanos, out);
}
