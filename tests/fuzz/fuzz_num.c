/* fuzz_num.c - numbers and times from text: whatever is read is written and read again without a change, and
 * agrees with the C library where that knows the notation. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_floats(struct wh_slice s)
{
    double d, back;
    float f, f_back;
    char text[WH_F64_TEXT];
    if (wh_parse_f64(s, &d)) {
        char *copy = malloc(s.len + 1);
        if (copy != NULL) {
            memcpy(copy, s.ptr, s.len);
            copy[s.len] = '\0';
            double other = strtod(copy, NULL);
            must(memcmp(&d, &other, sizeof d) == 0);
            free(copy);
        }
        must(wh_parse_f64(wh_slice(text, wh_format_f64(text, d)), &back) && memcmp(&d, &back, sizeof d) == 0);
    }
    if (wh_parse_f32(s, &f))
        must(wh_parse_f32(wh_slice(text, wh_format_f32(text, f)), &f_back) &&
             memcmp(&f, &f_back, sizeof f) == 0);
}

static void try_decimals(struct wh_slice s)
{
    static const struct {
        int precision, scale;
    } types[] = {{1, 0}, {9, 2}, {18, 18}, {19, 0}, {38, 10}, {39, 1}, {76, 38}, {76, 76}};
    for (size_t i = 0; i < WH_COUNT(types); i++) {
        uint8_t value[32] = {0}, back[32] = {0}, moved[32] = {0};
        char text[WH_DECIMAL_TEXT];
        int precision = types[i].precision, scale = types[i].scale;
        if (!wh_parse_decimal(s, precision, scale, value))
            continue;
        size_t n = wh_format_decimal(text, value, precision, scale);
        must(n <= sizeof text && wh_parse_decimal(wh_slice(text, n), precision, scale, back));
        must(memcmp(value, back, sizeof value) == 0);
        for (size_t k = 0; k < WH_COUNT(types); k++) {
            if (!wh_decimal_rescale(value, precision, scale, moved, types[k].precision, types[k].scale))
                continue;
            must(wh_decimal_rescale(moved, types[k].precision, types[k].scale, back, precision, scale));
            must(memcmp(value, back, wh_decimal_width(precision)) == 0);
        }
    }
}

static void try_times(struct wh_slice s)
{
    int32_t days, days_back;
    int64_t v, back, interval[2], interval_back[2];
    bool zoned, zoned_back;
    char text[WH_TIME_TEXT];
    if (wh_parse_date(s, &days))
        must(wh_parse_date(wh_slice(text, wh_format_date(text, days)), &days_back) && days == days_back);
    if (wh_parse_interval(s, interval))
        must(wh_parse_interval(wh_slice(text, wh_format_interval(text, interval)), interval_back) &&
             memcmp(interval, interval_back, sizeof interval) == 0);
    for (int u = WH_SECOND; u <= WH_NANO; u++) {
        enum wh_time_unit unit = (enum wh_time_unit)u;
        if (wh_parse_time(s, unit, &v))
            must(wh_parse_time(wh_slice(text, wh_format_time(text, v, unit)), unit, &back) && v == back);
        if (wh_parse_timestamp(s, unit, &v, &zoned)) {
            size_t n = wh_format_timestamp(text, v, unit, zoned);
            must(wh_parse_timestamp(wh_slice(text, n), unit, &back, &zoned_back) && v == back &&
                 zoned == zoned_back);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_slice s = wh_slice((const char *)data, size);
    int64_t i64, i64_back;
    uint64_t u64, u64_back;
    char text[WH_I64_TEXT];
    if (wh_parse_i64(s, &i64))
        must(wh_parse_i64(wh_slice(text, wh_format_i64(text, i64)), &i64_back) && i64 == i64_back);
    if (wh_parse_u64(s, &u64))
        must(wh_parse_u64(wh_slice(text, wh_format_u64(text, u64)), &u64_back) && u64 == u64_back);
    if (wh_parse_size(s, &i64))
        must(i64 >= 0);
    try_floats(s);
    try_decimals(s);
    try_times(s);
    return 0;
}
