/* base/num.c - integers and sizes from and to text; see num.h. */
#include "base/num.h"

#include <strings.h>

#include "base/digits.h"
#include "base/mem.h"

const uint64_t wh_pow10_u64[20] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

const char wh_digit_pairs[201] = "0001020304050607080910111213141516171819"
                                 "2021222324252627282930313233343536373839"
                                 "4041424344454647484950515253545556575859"
                                 "6061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";

bool wh_parse_u64(struct wh_slice s, uint64_t *out)
{
    if (s.len == 0)
        return false;
    const char *p = s.ptr, *end = s.ptr + s.len;
    while (end - p > 19 && *p == '0')
        p++;
    if (end - p > 20)
        return false;
    uint64_t value = 0;
    const char *stop = end - p == 20 ? end - 1 : end;
    if (wh_scan_digits(p, stop, &value) != stop)
        return false;
    if (stop != end) {
        if (!wh_is_digit(*stop) || !wh_mul(value, (uint64_t)10, &value) ||
            !wh_add(value, (uint64_t)(*stop - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool wh_parse_i64(struct wh_slice s, int64_t *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t magnitude;
    if (!wh_parse_u64(negative ? wh_slice(s.ptr + 1, s.len - 1) : s, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

/* Factor of a unit's name in any case; 0 for an unknown one. */
static uint64_t unit_bytes(const char *name, size_t len)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"kB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", 1000000000000},
        {"KiB", 1u << 10},
        {"MiB", 1u << 20},
        {"GiB", 1u << 30},
        {"TiB", (uint64_t)1 << 40},
    };
    for (size_t i = 0; i < WH_COUNT(units); i++)
        if (strlen(units[i].name) == len && strncasecmp(name, units[i].name, len) == 0)
            return units[i].bytes;
    return 0;
}

bool wh_parse_size(struct wh_slice s, int64_t *out_bytes)
{
    if (s.len == 0)
        return false;
    const char *p = s.ptr, *end = s.ptr + s.len;
    while (p < end && wh_is_digit(*p))
        p++;
    uint64_t whole, fraction = 0;
    size_t fraction_digits = 0;
    if (!wh_parse_u64(wh_slice(s.ptr, (size_t)(p - s.ptr)), &whole))
        return false;
    if (p < end && *p == '.') {
        const char *first = ++p;
        p = wh_scan_digits(p, end, &fraction);
        fraction_digits = (size_t)(p - first);
        if (fraction_digits == 0 || fraction_digits > 18)
            return false;
    }
    uint64_t unit = unit_bytes(p, (size_t)(end - p));
    if (unit == 0)
        return false;
    wh_u128 bytes = (wh_u128)whole * unit + (wh_u128)fraction * unit / wh_pow10_u64[fraction_digits];
    if (bytes > INT64_MAX)
        return false;
    *out_bytes = (int64_t)bytes;
    return true;
}

static size_t count_digits(uint64_t v)
{
    /* 1233 / 4096 is log10(2): right or one too small for the bit length. */
    size_t guess = (size_t)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;
    return guess + (v >= wh_pow10_u64[guess]) + (v == 0);
}

size_t wh_format_u64(char *out, uint64_t v)
{
    if (v < 10) {
        out[0] = (char)('0' + v);
        return 1;
    }
    size_t n = count_digits(v);
    wh_put_digits(out, v, n);
    return n;
}

size_t wh_format_i64(char *out, int64_t v)
{
    if (v >= 0)
        return wh_format_u64(out, (uint64_t)v);
    out[0] = '-';
    return 1 + wh_format_u64(out + 1, 0 - (uint64_t)v);
}
