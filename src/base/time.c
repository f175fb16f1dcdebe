/* base/time.c - civil time from and to text, clocks; see time.h. */
#include "base/time.h"

#include <time.h>

#include "base/bytes.h"
#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"

#define SECONDS_PER_DAY 86400

int64_t wh_units_per_second(enum wh_time_unit unit)
{
    static const int64_t units[] = {
        [WH_SECOND] = 1, [WH_MILLI] = 1000, [WH_MICRO] = 1000000, [WH_NANO] = 1000000000};
    return units[unit];
}

static size_t fraction_digits(enum wh_time_unit unit)
{
    static const size_t digits[] = {[WH_SECOND] = 0, [WH_MILLI] = 3, [WH_MICRO] = 6, [WH_NANO] = 9};
    return digits[unit];
}

/* ---- calendar --------------------------------------------------------------------------------- */

/* Days are counted from 0000-03-01, so that leap days end a year (Hinnant, "chrono-compatible low-level
 * date algorithms"); an era is 400 years. */
#define DAYS_PER_ERA 146097
#define EPOCH_DAY 719468 /* 1970-01-01 */

static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAY;
}

struct civil {
    int64_t year;
    unsigned month, day;
};

static struct civil civil_of(int64_t days)
{
    days += EPOCH_DAY;
    int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    unsigned day_of_era = (unsigned)(days - era * DAYS_PER_ERA);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    struct civil c = {.day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
                      .month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9};
    c.year = year_of_era + era * 400 + (c.month <= 2);
    return c;
}

int32_t wh_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    return (int32_t)days_of(year, month, day);
}

void wh_civil_from_days(int32_t days, int64_t *year, unsigned *month, unsigned *day)
{
    struct civil c = civil_of(days);
    *year = c.year;
    *month = c.month;
    *day = c.day;
}

static inline bool is_valid_day(int64_t year, unsigned month, unsigned day)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month - 1 > 11 || day == 0)
        return false;
    if (day <= lengths[month - 1])
        return true;
    return month == 2 && day == 29 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* Value of two characters, above 99 when one is no digit. */
static inline unsigned two_digits(const char *p)
{
    unsigned tens = (unsigned char)p[0] - (unsigned)'0', ones = (unsigned char)p[1] - (unsigned)'0';
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* Eight characters that shall be digits where the layout has '0' and else what the layout has. Each byte of
 * the result is a digit's value or zero; *bad is not zero for other text. separators: 0xFF where no digit is.
 */
static inline uint64_t match_layout(const char *p, uint64_t layout, uint64_t separators, uint64_t *bad)
{
    uint64_t x = wh_load_text8(p) ^ layout;
    *bad = ((x | (x + 0x0606060606060606u)) & 0xF0F0F0F0F0F0F0F0u) | (x & separators);
    return x;
}
static inline unsigned pair_at(uint64_t x, unsigned byte)
{
    return (unsigned)(x >> 8 * byte & 15) * 10 + (unsigned)(x >> (8 * byte + 8) & 15);
}

/* "YYYY-MM-DD" */
static inline bool date10(const char *p, int64_t *days)
{
    uint64_t bad, x = match_layout(p, 0x2D30302D30303030u, 0xFF0000FF00000000u, &bad);
    unsigned year = pair_at(x, 0) * 100 + pair_at(x, 2), month = pair_at(x, 5), day = two_digits(p + 8);
    if (bad != 0 || !is_valid_day(year, month, day))
        return false;
    /* days_of for years from 0, an era later, in 32 bits */
    unsigned shifted_year = year + 400 - (month <= 2), shifted_month = month > 2 ? month - 3 : month + 9;
    unsigned n = shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 +
                 (153 * shifted_month + 2) / 5 + day - 1;
    *days = (int64_t)n - DAYS_PER_ERA - EPOCH_DAY;
    return true;
}

/* Any date at the start of the text; returns what is behind it, or NULL. */
static const char *scan_date(const char *p, const char *end, int64_t *days)
{
    if (end - p >= 10 && p[4] == '-')
        return date10(p, days) ? p + 10 : NULL;
    bool negative = p < end && *p == '-';
    const char *first = p + negative;
    uint64_t year = 0;
    p = wh_scan_digits(first, end, &year);
    if (p - first < 4 || p - first > 12 || (*first == '0' && p - first > 4) || end - p < 6 || *p != '-')
        return NULL;
    if (negative ? year == 0 : year <= 9999)
        return NULL;
    unsigned month = two_digits(p + 1), day = two_digits(p + 4);
    int64_t signed_year = negative ? -(int64_t)year : (int64_t)year;
    if (p[3] != '-' || !is_valid_day(signed_year, month, day))
        return NULL;
    *days = days_of(signed_year, month, day);
    return p + 6;
}

bool wh_parse_date(struct wh_slice s, int32_t *out_days)
{
    int64_t days;
    if (s.len < 10)
        return false;
    if (s.len == 10 && s.ptr[4] == '-') {
        if (!date10(s.ptr, &days))
            return false;
    } else if (scan_date(s.ptr, s.ptr + s.len, &days) != s.ptr + s.len) {
        return false;
    }
    if (days < INT32_MIN || days > INT32_MAX)
        return false;
    *out_days = (int32_t)days;
    return true;
}

/* Digits behind the point as a count of units; those finer than the unit must be zero. */
static const char *scan_fraction(const char *p, const char *end, enum wh_time_unit unit, int64_t *units)
{
    size_t digits = fraction_digits(unit), n = 0;
    const char *first = p;
    int64_t value = 0;
    for (; p < end && wh_is_digit(*p); p++) {
        if (n < digits) {
            value = value * 10 + (*p - '0');
            n++;
        } else if (*p != '0') {
            return NULL;
        }
    }
    *units = value * (int64_t)wh_pow10_u64[digits - n];
    return p == first ? NULL : p;
}

/* "HH:MM:SS" and a fraction; returns what is behind it, or NULL. */
static const char *scan_time(const char *p, const char *end, enum wh_time_unit unit, int64_t *out)
{
    if (end - p < 8)
        return NULL;
    uint64_t bad, x = match_layout(p, 0x30303A30303A3030u, 0x0000FF0000FF0000u, &bad);
    unsigned hour = pair_at(x, 0), minute = pair_at(x, 3), second = pair_at(x, 6);
    if (bad != 0 || hour > 23 || minute > 59 || second > 59)
        return NULL;
    int64_t units = 0;
    p += 8;
    if (p < end && *p == '.') {
        p = scan_fraction(p + 1, end, unit, &units);
        if (p == NULL)
            return NULL;
    }
    *out = (hour * 3600 + minute * 60 + second) * wh_units_per_second(unit) + units;
    return p;
}

bool wh_parse_time(struct wh_slice s, enum wh_time_unit unit, int64_t *out)
{
    return s.len >= 8 && scan_time(s.ptr, s.ptr + s.len, unit, out) == s.ptr + s.len;
}

/* The whole of "Z", "+05", "+05:30" or "+0530". */
static bool parse_zone(const char *p, const char *end, int64_t *offset_seconds)
{
    *offset_seconds = 0;
    size_t len = (size_t)(end - p);
    if (len == 1 && *p == 'Z')
        return true;
    if ((len != 3 && len != 5 && len != 6) || (*p != '+' && *p != '-') || (len == 6 && p[3] != ':'))
        return false;
    unsigned hours = two_digits(p + 1), minutes = len == 3 ? 0 : two_digits(end - 2);
    if (hours > 23 || minutes > 59)
        return false;
    int64_t seconds = hours * 3600 + minutes * 60;
    *offset_seconds = *p == '-' ? -seconds : seconds;
    return true;
}

bool wh_parse_timestamp(struct wh_slice s, enum wh_time_unit unit, int64_t *out, bool *has_zone)
{
    if (s.len < 19)
        return false;
    const char *end = s.ptr + s.len;
    int64_t days, since_midnight, offset_seconds = 0;
    const char *p = scan_date(s.ptr, end, &days);
    if (p == NULL || p == end || (*p != ' ' && *p != 'T'))
        return false;
    p = scan_time(p + 1, end, unit, &since_midnight);
    if (p == NULL || (p != end && !parse_zone(p, end, &offset_seconds)))
        return false;
    /* Midnight alone may not fit where the time of day does. */
    wh_i128 value =
        ((wh_i128)days * SECONDS_PER_DAY - offset_seconds) * wh_units_per_second(unit) + since_midnight;
    if (value < INT64_MIN || value > INT64_MAX)
        return false;
    *out = (int64_t)value;
    *has_zone = p != end;
    return true;
}

/* One part of a duration, "-12Y": returns what is behind it, or NULL when the next part is another one.
 * At *value stays what the text says; a fraction ("1.5S") is left to the caller. */
static const char *scan_part(const char *p, const char *end, char designator, int64_t *value)
{
    const char *first = p;
    p += p < end && *p == '-';
    while (p < end && wh_is_digit(*p))
        p++;
    if (p == end || *p != designator || !wh_parse_i64(wh_slice(first, (size_t)(p - first)), value))
        return NULL;
    return p + 1;
}

/* "-6.789S": seconds with up to nine digits of fraction, in nanoseconds. */
static const char *scan_seconds(const char *p, const char *end, wh_i128 *nanoseconds)
{
    bool negative = p < end && *p == '-';
    const char *first = p + negative, *point = first;
    while (point < end && wh_is_digit(*point))
        point++;
    uint64_t whole;
    int64_t fraction = 0;
    if (!wh_parse_u64(wh_slice(first, (size_t)(point - first)), &whole))
        return NULL;
    p = point < end && *point == '.' ? scan_fraction(point + 1, end, WH_NANO, &fraction) : point;
    if (p == NULL || p == end || *p != 'S')
        return NULL;
    wh_i128 value = (wh_i128)whole * 1000000000 + fraction;
    *nanoseconds += negative ? -value : value;
    return p + 1;
}

/* Parts in order, each at most once; value += part * factor. */
static const char *scan_parts(const char *p, const char *end, const char *designators, const int64_t *factors,
                              wh_i128 *values)
{
    for (size_t i = 0; designators[i] != '\0'; i++) {
        int64_t part;
        const char *behind = scan_part(p, end, designators[i], &part);
        if (behind != NULL) {
            values[i] = (wh_i128)part * factors[i];
            p = behind;
        }
    }
    return p;
}

bool wh_parse_interval(struct wh_slice s, void *out)
{
    static const int64_t date_factors[] = {12, 1, 7, 1};
    static const int64_t time_factors[] = {3600000000000, 60000000000};
    if (s.len < 3 || s.ptr[0] != 'P')
        return false;
    const char *p = s.ptr, *end = s.ptr + s.len;
    wh_i128 date[4] = {0}, clock[3] = {0};
    p = scan_parts(p + 1, end, "YMWD", date_factors, date);
    if (p < end) {
        const char *first = p + 1;
        if (*p != 'T')
            return false;
        p = scan_parts(first, end, "HM", time_factors, clock);
        if (p < end)
            p = scan_seconds(p, end, &clock[2]);
        if (p != end || p == first)
            return false;
    }
    wh_i128 months = date[0] + date[1], days = date[2] + date[3],
            nanoseconds = clock[0] + clock[1] + clock[2];
    if (months < INT32_MIN || months > INT32_MAX || days < INT32_MIN || days > INT32_MAX ||
        nanoseconds < INT64_MIN || nanoseconds > INT64_MAX)
        return false;
    int32_t parts[2] = {(int32_t)months, (int32_t)days};
    int64_t rest = (int64_t)nanoseconds;
    memcpy(out, parts, sizeof parts);
    memcpy((uint8_t *)out + sizeof parts, &rest, sizeof rest);
    return true;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static size_t write_date(char *out, int64_t days)
{
    struct civil c = civil_of(days);
    size_t n = 0;
    uint64_t year = (uint64_t)(c.year < 0 ? -c.year : c.year);
    if (c.year < 0)
        out[n++] = '-';
    if (year <= 9999) {
        wh_put_digits4(out + n, (unsigned)year);
        n += 4;
    } else {
        n += wh_format_u64(out + n, year);
    }
    out[n] = '-';
    wh_put_pair(out + n + 1, c.month);
    out[n + 3] = '-';
    wh_put_pair(out + n + 4, c.day);
    return n + 6;
}

size_t wh_format_date(char *out, int32_t days)
{
    return write_date(out, days);
}

/* ".123", with 3, 6 or 9 digits, or nothing. */
static size_t write_fraction(char *out, uint64_t units, enum wh_time_unit unit)
{
    size_t digits = fraction_digits(unit);
    if (units == 0)
        return 0;
    for (; units % 1000 == 0; digits -= 3)
        units /= 1000;
    out[0] = '.';
    wh_put_digits(out + 1, units, digits);
    return digits + 1;
}

size_t wh_format_time(char *out, int64_t value, enum wh_time_unit unit)
{
    int64_t per_second = wh_units_per_second(unit);
    unsigned seconds = (unsigned)(value / per_second);
    if (value < 0 || value / per_second >= SECONDS_PER_DAY)
        return wh_format_i64(out, value); /* no time of day: a damaged value is shown, not repaired */
    wh_put_pair(out, seconds / 3600);
    out[2] = ':';
    wh_put_pair(out + 3, seconds / 60 % 60);
    out[5] = ':';
    wh_put_pair(out + 6, seconds % 60);
    return 8 + write_fraction(out + 8, (uint64_t)(value % per_second), unit);
}

size_t wh_format_timestamp(char *out, int64_t value, enum wh_time_unit unit, bool zoned)
{
    int64_t per_day = wh_units_per_second(unit) * SECONDS_PER_DAY;
    int64_t days = value / per_day, rest = value % per_day;
    if (rest < 0) {
        rest += per_day;
        days--;
    }
    size_t n = write_date(out, days);
    out[n++] = 'T';
    n += wh_format_time(out + n, rest, unit);
    if (zoned)
        out[n++] = 'Z';
    return n;
}

static size_t write_part(char *out, int64_t value, char designator)
{
    if (value == 0)
        return 0;
    size_t n = wh_format_i64(out, value);
    out[n] = designator;
    return n + 1;
}

static size_t write_seconds(char *out, int64_t nanoseconds)
{
    if (nanoseconds == 0)
        return 0;
    size_t n = nanoseconds < 0;
    uint64_t m = (uint64_t)(nanoseconds < 0 ? -nanoseconds : nanoseconds);
    out[0] = '-';
    n += wh_format_u64(out + n, m / 1000000000);
    size_t fraction = write_fraction(out + n, m % 1000000000, WH_NANO);
    n += fraction;
    while (fraction > 0 && out[n - 1] == '0')
        n--;
    out[n] = 'S';
    return n + 1;
}

size_t wh_format_interval(char *out, const void *value)
{
    int32_t parts[2];
    int64_t nanoseconds;
    memcpy(parts, value, sizeof parts);
    memcpy(&nanoseconds, (const uint8_t *)value + sizeof parts, sizeof nanoseconds);
    int64_t minutes = nanoseconds / 60000000000;
    size_t n = 1;
    out[0] = 'P';
    n += write_part(out + n, parts[0] / 12, 'Y');
    n += write_part(out + n, parts[0] % 12, 'M');
    n += write_part(out + n, parts[1], 'D');
    if (nanoseconds != 0) {
        out[n++] = 'T';
        n += write_part(out + n, minutes / 60, 'H');
        n += write_part(out + n, minutes % 60, 'M');
        n += write_seconds(out + n, nanoseconds % 60000000000);
    }
    if (n == 1) {
        memcpy(out, "PT0S", 4);
        n = 4;
    }
    return n;
}

/* ---- clocks ----------------------------------------------------------------------------------- */

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t wh_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t wh_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}
