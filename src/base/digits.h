/* base/digits.h - decimal digits eight and two at a time; shared by the number and time parsers. */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 wh_u128;
__extension__ typedef __int128 wh_i128;

/* 10^0 .. 10^19. */
extern const uint64_t wh_pow10_u64[20];
/* "00" "01" .. "99". */
extern const char wh_digit_pairs[201];

static inline bool wh_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Eight characters, the first one in the lowest byte. */
static inline uint64_t wh_load_text8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* True when all eight characters are digits: high halves are 3 and stay 3 when 6 is added. */
static inline bool wh_all_digits8(uint64_t v)
{
    return ((v & 0xF0F0F0F0F0F0F0F0u) | ((v + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4) ==
           0x3333333333333333u;
}

/* Value of eight digits: neighbours are joined to pairs, pairs to fours, fours to eight. */
static inline uint32_t wh_digits8_value(uint64_t v)
{
    v -= 0x3030303030303030u;
    v = v * 10 + (v >> 8);
    return (uint32_t)(((v & 0x000000FF000000FFu) * 0x000F424000000064u +
                       (v >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >>
                      32);
}

/* Reads digits into *value, which wraps on overflow; returns the first character that is none. */
static inline const char *wh_scan_digits(const char *p, const char *end, uint64_t *value)
{
    uint64_t v = *value;
    while (end - p >= 8) {
        uint64_t text = wh_load_text8(p);
        if (!wh_all_digits8(text))
            break;
        v = v * 100000000 + wh_digits8_value(text);
        p += 8;
    }
    for (; p < end && wh_is_digit(*p); p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *value = v;
    return p;
}

static inline void wh_put_pair(char *out, unsigned value)
{
    memcpy(out, wh_digit_pairs + (size_t)2 * value, 2);
}
static inline void wh_put_digits4(char *out, unsigned value)
{
    wh_put_pair(out, value / 100);
    wh_put_pair(out + 2, value % 100);
}
static inline void wh_put_digits8(char *out, uint32_t value)
{
    wh_put_digits4(out, value / 10000);
    wh_put_digits4(out + 4, value % 10000);
}
/* Exactly n digits, with leading zeros; value < 10^n. */
static inline void wh_put_digits(char *out, uint64_t value, size_t n)
{
    while (n >= 2) {
        n -= 2;
        wh_put_pair(out + n, (unsigned)(value % 100));
        value /= 100;
    }
    if (n == 1)
        out[0] = (char)('0' + value);
}
