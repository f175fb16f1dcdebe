/* format/csv/cell.h - values of one spelling from the text of one field.
 *
 * The parsers take the whole field and accept exactly the spelling of which the value alone gives the text
 * back, which is what inferred columns consist of; they fail for everything else. All of them may read 8
 * bytes behind the field. */
#pragma once
#include "base/digits.h"
#include "base/num.h"
#include "base/time.h"

/* How the digits behind the point of a second are written in a column: a set, as several may hold. */
enum wh_csv_fraction {
    WH_CSV_FRACTION_FIXED = 1,   /* always the same number of them */
    WH_CSV_FRACTION_TRIMMED = 2, /* as few as needed */
    WH_CSV_FRACTION_GROUPS = 4,  /* none, 3, 6 or 9, as few as needed: what wherry writes */
    WH_CSV_FRACTION_MICRO = 8,   /* none when they are zero, else 6: Python's isoformat */
};
#define WH_CSV_FRACTION_ALL 15u
#define WH_CSV_FRACTION_ANY 0u /* all spellings, mixed: declared columns */

/* How the zone of a timestamp is written. */
enum wh_csv_zone { WH_CSV_ZONE_NONE, WH_CSV_ZONE_Z, WH_CSV_ZONE_HOURS, WH_CSV_ZONE_COLON, WH_CSV_ZONE_PLAIN };

/* The one spelling of a column. */
struct wh_csv_spelling {
    uint8_t precision, scale; /* decimal */
    uint8_t bools;            /* bool: index into wh_csv_bools */
    char separator;           /* timestamp: between date and time */
    uint8_t zone;             /* timestamp: enum wh_csv_zone */
    int16_t offset_min;       /* timestamp: minutes east of UTC */
    uint8_t fraction;         /* time, timestamp: one enum wh_csv_fraction or WH_CSV_FRACTION_ANY */
    uint8_t fraction_digits;  /* FIXED: how many */
    bool nanos;               /* time, timestamp: unit is ns, else us */
};

#define WH_CSV_BOOL_SPELLINGS 3
/* "true" "false", "True" "False", "TRUE" "FALSE". */
extern const char *const wh_csv_bools[WH_CSV_BOOL_SPELLINGS][2];

/* A time of day or timestamp taken apart. */
struct wh_csv_moment {
    int32_t days;
    char separator;
    uint8_t zone;
    int16_t offset_min;
    uint8_t fraction;        /* set of enum wh_csv_fraction; FIXED always */
    uint8_t fraction_digits; /* 0..9 */
    int64_t seconds;         /* of the day */
    uint32_t nanos;
};
bool wh_csv_parse_time(const char *p, size_t len, struct wh_csv_moment *out);
bool wh_csv_parse_timestamp(const char *p, size_t len, struct wh_csv_moment *out);
/* Units since midnight or 1970; false when the moment is not spelled so or does not fit. */
bool wh_csv_time_value(const struct wh_csv_moment *m, const struct wh_csv_spelling *s, int64_t *out);
bool wh_csv_timestamp_value(const struct wh_csv_moment *m, const struct wh_csv_spelling *s, int64_t *out);

/* A number taken apart: [-]digits[.digits][e[+-]digits]. */
struct wh_csv_number {
    uint64_t mantissa;    /* all digits, when there are at most 19 */
    int exponent;         /* value = mantissa * 10^exponent */
    uint8_t digits;       /* in all, without leading zeros; at most 255 */
    uint8_t whole, scale; /* digits before and behind the point, at most 255 */
    bool negative;
    bool has_exponent;
    bool padded; /* leading zeros */
};
bool wh_csv_scan_number(const char *p, size_t len, struct wh_csv_number *out);
/* Any number but those with leading zeros, with at most 15 digits, and NaN, Infinity, -Infinity. */
bool wh_csv_parse_float(const char *p, size_t len, double *out);
bool wh_csv_float_of(const struct wh_csv_number *n, const char *p, size_t len, double *out);
/* Decimals of more than 18 digits. */
bool wh_csv_parse_wide(const char *p, size_t len, const struct wh_csv_spelling *s, wh_i128 *out);
bool wh_csv_parse_uuid(const char *p, size_t len, uint8_t out[16]);

/* Up to eight digits, as if zeros stood before them. False when a character is none. */
static inline bool wh_csv_digits8(const char *p, size_t n, uint32_t *out)
{
    unsigned shift = 64 - 8 * (unsigned)n;
    uint64_t v = wh_load_text8(p) << (shift & 63);
    v |= UINT64_C(0x3030303030303030) & ~(~UINT64_C(0) << (shift & 63));
    *out = wh_digits8_value(v);
    return wh_all_digits8(v);
}

/* 9 to 18 digits. */
bool wh_csv_digits18(const char *p, size_t n, uint64_t *out);

/* 1 to 18 digits. */
static inline bool wh_csv_digits(const char *p, size_t n, uint64_t *out)
{
    uint32_t value;
    if (__builtin_expect(n > 8, 0))
        return wh_csv_digits18(p, n, out);
    bool ok = wh_csv_digits8(p, n, &value);
    *out = value;
    return ok;
}

bool wh_csv_parse_int19(const char *p, size_t n, bool negative, int64_t *out);

static inline bool wh_csv_parse_int(const char *p, size_t len, int64_t *out)
{
    bool negative = p[0] == '-';
    size_t n = len - negative;
    uint64_t v;
    p += negative;
    if (n - 1 >= 18)
        return wh_csv_parse_int19(p, n, negative, out);
    if (!wh_csv_digits(p, n, &v) || (p[0] == '0' && (n > 1 || negative)))
        return false;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

/* n digits, a point, scale digits; at most 18 digits. */
bool wh_csv_digits_point(const char *p, size_t n, size_t scale, uint64_t *out);

/* Exactly s->scale >= 1 digits behind the point, at most 18 in all. */
static inline bool wh_csv_parse_decimal(const char *p, size_t len, const struct wh_csv_spelling *s,
                                        int64_t *out)
{
    bool negative = p[0] == '-';
    size_t scale = s->scale, n = len - negative - scale - 1; /* digits before the point */
    uint64_t v;
    if (len < (size_t)negative + scale + 2 || n + scale > s->precision)
        return false;
    p += negative;
    if (p[n] != '.' || (p[0] == '0' && n > 1))
        return false;
    if (__builtin_expect(n + scale <= 8, 1)) {
        /* Both runs of digits as eight digits with zeros before them. */
        unsigned pad = 8 * (unsigned)(8 - n - scale), tail = 8 * (unsigned)(8 - scale);
        uint64_t part = wh_load_text8(p + n + 1) << tail;
        uint64_t whole = wh_load_text8(p) << pad & ~(~UINT64_C(0) << tail);
        uint64_t digits = whole | part | (UINT64_C(0x3030303030303030) & ~(~UINT64_C(0) << pad));
        if (!wh_all_digits8(digits))
            return false;
        v = wh_digits8_value(digits);
    } else if (!wh_csv_digits_point(p, n, scale, &v)) {
        return false;
    }
    if (negative && v == 0)
        return false;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

/* YYYY-MM-DD. */
static inline bool wh_csv_parse_date(const char *p, size_t len, int32_t *out)
{
    static const uint8_t month_days[16] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const uint16_t days_before[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    if (len != 10)
        return false;
    /* "YYYY-MM-" with the dashes made zeros, read as one number: YYYY0MM0. */
    uint64_t head = wh_load_text8(p);
    if ((head & UINT64_C(0xff0000ff00000000)) != UINT64_C(0x2d00002d00000000))
        return false;
    head ^= UINT64_C(0x1d00001d00000000);
    unsigned d1 = (unsigned char)(p[8] - '0'), d0 = (unsigned char)(p[9] - '0');
    if (!wh_all_digits8(head) || d1 > 9 || d0 > 9)
        return false;
    uint32_t number = wh_digits8_value(head), year = number / 10000;
    uint32_t month = (number - year * 10000) / 10, day = d1 * 10 + d0;
    if (month - 1 > 11 || day - 1 >= month_days[month])
        return false;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    /* Years that begin in March, so that the leap day is the last one, and none of which is negative. */
    uint32_t y = year + 400 - (month <= 2), century = y / 100;
    uint32_t days = 365 * y + y / 4 - century + century / 4 + days_before[month] + day - 1;
    *out = (int32_t)days - 865565; /* from March 1 of the year -400 to 1970-01-01 */
    return true;
}
