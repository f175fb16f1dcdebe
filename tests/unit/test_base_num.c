/* test_base_num.c - numbers from and to text; tests/exchange/check_numbers.py checks many more values. */
#include "base/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/digits.h"
#include "base/mem.h"

static void check_text(const char *label, const char *got, size_t len, const char *want)
{
    if (len != strlen(want) || memcmp(got, want, len) != 0)
        fail_msg("%s: got \"%.*s\", want \"%s\"", label, (int)len, got, want);
}

static void reads_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_i64, is_u64;
        int64_t i64;
        uint64_t u64;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"-0", true, false, 0, 0},
        {"7", true, true, 7, 7},
        {"-7", true, false, -7, 0},
        {"12345678", true, true, 12345678, 12345678},
        {"123456789", true, true, 123456789, 123456789},
        {"0000000000000000000000000000012", true, true, 12, 12},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", false, true, 0, (uint64_t)INT64_MAX + 1},
        {"-9223372036854775808", true, false, INT64_MIN, 0},
        {"-9223372036854775809", false, false, 0, 0},
        {"18446744073709551615", false, true, 0, UINT64_MAX},
        {"18446744073709551616", false, false, 0, 0},
        {"99999999999999999999", false, false, 0, 0},
        {"100000000000000000000", false, false, 0, 0},
        {"", false, false, 0, 0},
        {"-", false, false, 0, 0},
        {"--1", false, false, 0, 0},
        {"+1", false, false, 0, 0},
        {" 1", false, false, 0, 0},
        {"1 ", false, false, 0, 0},
        {"1.0", false, false, 0, 0},
        {"1e3", false, false, 0, 0},
        {"1234567a", false, false, 0, 0},
        {"1234567890123456789a", false, false, 0, 0},
        {"12345/78", false, false, 0, 0},
        {"12345:78", false, false, 0, 0},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        int64_t i64 = -1;
        uint64_t u64 = 99;
        struct wh_slice s = wh_slice_of(cases[i].text);
        if (wh_parse_i64(s, &i64) != cases[i].is_i64 || i64 != (cases[i].is_i64 ? cases[i].i64 : -1))
            fail_msg("i64 \"%s\": got %lld", cases[i].text, (long long)i64);
        if (wh_parse_u64(s, &u64) != cases[i].is_u64 || u64 != (cases[i].is_u64 ? cases[i].u64 : 99))
            fail_msg("u64 \"%s\": got %llu", cases[i].text, (unsigned long long)u64);
    }
    int64_t out;
    assert_false(wh_parse_i64((struct wh_slice){NULL, 0}, &out));
}

static void writes_integers(void **state)
{
    (void)state;
    char text[WH_I64_TEXT + 1];
    uint64_t power = 1;
    for (int digits = 1; digits <= 20; digits++) { /* both sides of every power of ten */
        for (int step = -1; step <= 1; step++) {
            uint64_t v = power + (uint64_t)(int64_t)step, back;
            size_t n = wh_format_u64(text, v);
            assert_true(wh_parse_u64(wh_slice(text, n), &back));
            assert_int_equal(back, v);
            assert_true(n == 1 || text[0] != '0');
        }
        power *= 10;
    }
    check_text("zero", text, wh_format_u64(text, 0), "0");
    check_text("largest", text, wh_format_u64(text, UINT64_MAX), "18446744073709551615");
    check_text("smallest", text, wh_format_i64(text, INT64_MIN), "-9223372036854775808");
    check_text("negative", text, wh_format_i64(text, -1), "-1");
}

static void reads_doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"0.1", 0.1},
        {"-0.1", -0.1},
        {"007.50", 7.5},
        {"1e0", 1.0},
        {"1E+2", 100.0},
        {"1e-2", 0.01},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.0000000000000000000000000000000000001", 9007199254740994.0},
        {"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
        {"1.7976931348623158e308", 0x1.fffffffffffffp+1023},
        {"4.9e-324", 0x1p-1074},
        {"2.4703282292062327e-324", 0.0},
        {"2.4703282292062328e-324", 0x1p-1074},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"2.2250738585072012e-308", 0x1p-1022},
        {"1e-400", 0.0},
        {"0e999999999999999999999", 0.0},
        {"1e-999999999999999999999", 0.0},
        {"1448997445238699", 0x1.4b6f0f0fb8caep+50}, /* fills a 53-bit integer */
    };
    for (size_t i = 0; i + 1 < WH_COUNT(cases); i++) {
        double v = 42;
        if (!wh_parse_f64(wh_slice_of(cases[i].text), &v) || memcmp(&v, &cases[i].value, sizeof v) != 0)
            fail_msg("\"%s\": got %a, want %a", cases[i].text, v, cases[i].value);
    }
    static const char *const wrong[] = {"",   "-",     ".",      ".5",      "5.",  "1e",   "1e+",
                                        "e5", "1.e5",  "+1",     "NaN",     "inf", "0x10", "1_000",
                                        "1 ", "1e400", "-1e309", "1.8e308", "1..2"};
    for (size_t i = 0; i < WH_COUNT(wrong); i++) {
        double v;
        if (wh_parse_f64(wh_slice_of(wrong[i]), &v))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

/* Texts of thousands of digits, where the last one decides. */
static void reads_long_doubles(void **state)
{
    (void)state;
    enum { LEN = 5000 };
    static char text[LEN];
    double v;
    memset(text, '0', LEN);
    memcpy(text, "9007199254740993.", 17); /* halfway between two doubles */
    assert_true(wh_parse_f64(wh_slice(text, LEN), &v));
    assert_true(v >= 9007199254740992.0 && v <= 9007199254740992.0);
    text[LEN - 1] = '1';
    assert_true(wh_parse_f64(wh_slice(text, LEN), &v));
    assert_true(v >= 9007199254740994.0 && v <= 9007199254740994.0);
    memset(text, '1', LEN);
    assert_false(wh_parse_f64(wh_slice(text, LEN), &v));
    text[1] = '.';
    assert_true(wh_parse_f64(wh_slice(text, LEN), &v));
    assert_true(v >= 1.1111111111111111 && v <= 1.1111111111111112);
    memset(text, '0', LEN);
    text[1] = '.';
    text[LEN - 1] = '1';
    assert_true(wh_parse_f64(wh_slice(text, LEN), &v));
    assert_true(v >= 0 && v <= 0);
}

static void writes_doubles(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.07, "0.07"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {12345.67, "12345.67"},
        {100, "100"},
        {1e15, "1000000000000000"},
        {9007199254740992, "9007199254740992"},
        {1e16, "1e16"},
        {1.5e16, "1.5e16"},
        {123456789012345680, "1.2345678901234568e17"},
        {1e300, "1e300"},
        {1e-4, "0.0001"},
        {0.00012345, "0.00012345"},
        {1e-5, "1e-5"},
        {1.25e-7, "1.25e-7"},
        {5e-324, "5e-324"},
        {-1.7976931348623157e308, "-1.7976931348623157e308"},
    };
    char text[WH_F64_TEXT];
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        check_text(cases[i].text, text, wh_format_f64(text, cases[i].value), cases[i].text);
    check_text("nan", text, wh_format_f64(text, (double)NAN), "NaN");
    check_text("inf", text, wh_format_f64(text, (double)INFINITY), "Infinity");
    check_text("-inf", text, wh_format_f64(text, -(double)INFINITY), "-Infinity");
    check_text("-nan", text, wh_format_f64(text, -(double)NAN), "NaN");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void doubles_come_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random(&seed);
        double v, back;
        char text[WH_F64_TEXT];
        memcpy(&v, &bits, sizeof v);
        if (i % 2 == 0)
            v = (double)(int64_t)(bits % 100000000) / 10000;
        if (!isfinite(v))
            continue;
        size_t n = wh_format_f64(text, v);
        assert_true(n <= WH_F64_TEXT);
        if (!wh_parse_f64(wh_slice(text, n), &back) || memcmp(&back, &v, sizeof v) != 0)
            fail_msg("%a came back as %a from \"%.*s\"", v, back, (int)n, text);
    }
}

static void floats_come_back(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0.1f, "0.1"},
                 {16777216.0f, "16777216"},
                 {3.4028235e38f, "3.4028235e38"},
                 {1e-45f, "1e-45"},
                 {1.17549435e-38f, "1.1754944e-38"},
                 {-0.0f, "-0"},
                 {33554432.0f, "33554432"},
                 {0x1p-126f, "1.1754944e-38"}};
    char text[WH_F64_TEXT];
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        check_text(cases[i].text, text, wh_format_f32(text, cases[i].value), cases[i].text);
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 20011) {
        uint32_t low = (uint32_t)bits;
        float v, back;
        memcpy(&v, &low, sizeof v);
        if (!isfinite(v))
            continue;
        size_t n = wh_format_f32(text, v);
        if (!wh_parse_f32(wh_slice(text, n), &back) || memcmp(&back, &v, sizeof v) != 0)
            fail_msg("%a came back as %a from \"%.*s\"", (double)v, (double)back, (int)n, text);
    }
}

static void floats_are_rounded_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        float value;
    } cases[] = {
        {"1.00000005960464477539062500000000000001", 0x1.000002p+0f}, /* the double lies halfway */
        {"1.000000059604644775390625", 1.0f},
        {"1.0000000596046447753906249999999999", 1.0f},
        {"7.006492321624085e-46", 0.0f}, /* half of the smallest float: to even */
        {"7.0064923216240854e-46", 0x1p-149f},
        {"-7.0064923216240854e-46", -0x1p-149f},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        float v = 42;
        if (!wh_parse_f32(wh_slice_of(cases[i].text), &v) || memcmp(&v, &cases[i].value, sizeof v) != 0)
            fail_msg("\"%s\": got %a, want %a", cases[i].text, (double)v, (double)cases[i].value);
    }
    float v;
    assert_false(wh_parse_f32(wh_slice_of("3.5e38"), &v));
    assert_false(wh_parse_f32(wh_slice_of("x"), &v));
}

static void reads_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {{"0", 0},
                 {"64", 64},
                 {"64B", 64},
                 {"64kB", 64000},
                 {"64KB", 64000},
                 {"64KiB", 65536},
                 {"1.5GiB", 1610612736},
                 {"0.5kB", 500},
                 {"2mb", 2000000},
                 {"1TB", 1000000000000},
                 {"1TiB", 1099511627776},
                 {"8388607TiB", 9223370937343148032},
                 {"8388608TiB", -1},
                 {"9223372036854775807", INT64_MAX},
                 {"9223372036854775808", -1},
                 {"", -1},
                 {"kB", -1},
                 {"1.kB", -1},
                 {"-1", -1},
                 {"1 kB", -1},
                 {"1k", -1},
                 {"1PB", -1},
                 {"1.0000000000000000000kB", -1}};
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        int64_t bytes = -1;
        bool ok = wh_parse_size(wh_slice_of(cases[i].text), &bytes);
        if (ok != (cases[i].bytes >= 0) || bytes != cases[i].bytes)
            fail_msg("\"%s\": got %lld", cases[i].text, (long long)bytes);
    }
}

/* want NULL: refused. */
static void decimals(void **state)
{
    (void)state;
#define NINES_38 "99999999999999999999999999999999999999"
    static const struct {
        const char *text;
        int precision, scale;
        const char *want;
    } cases[] = {
        {"0", 5, 2, "0.00"},
        {"-0", 5, 2, "0.00"},
        {"12.3", 5, 2, "12.30"},
        {"-12.30", 5, 2, "-12.30"},
        {"0.05", 5, 2, "0.05"},
        {"-0.05", 5, 2, "-0.05"},
        {"007", 3, 0, "7"},
        {"999.99", 5, 2, "999.99"},
        {"1000", 5, 2, NULL},
        {"1.001", 5, 2, NULL},
        {"1.010", 5, 2, "1.01"},
        {"1.0100000000000000000000000000000000000000", 5, 2, "1.01"},
        {"1e2", 5, 2, "100.00"},
        {"1.5E-1", 5, 2, "0.15"},
        {"150e-2", 5, 2, "1.50"},
        {"1e3", 5, 2, NULL},
        {"0e99999999999999999999", 5, 2, "0.00"},
        {"1e99999999999999999999", 5, 2, NULL},
        {"1e-99999999999999999999", 5, 2, NULL},
        {"999999999999999999", 18, 0, "999999999999999999"},
        {"1000000000000000000", 18, 0, NULL},
        {"1000000000000000000", 19, 0, "1000000000000000000"},
        {"0.999999999999999999", 18, 18, "0.999999999999999999"},
        {"-" NINES_38, 38, 0, "-" NINES_38},
        {"100000000000000000000000000000000000000", 38, 0, NULL},
        {NINES_38 NINES_38, 76, 0, NINES_38 NINES_38},
        {"-0." NINES_38 NINES_38, 76, 76, "-0." NINES_38 NINES_38},
        {NINES_38 NINES_38 "0", 76, 0, NULL},
        {"", 5, 2, NULL},
        {"-", 5, 2, NULL},
        {".5", 5, 2, NULL},
        {"5.", 5, 2, NULL},
        {"1e", 5, 2, NULL},
        {"1.2.3", 5, 2, NULL},
        {"1 ", 5, 2, NULL},
        {"NaN", 5, 2, NULL},
        {"--1", 5, 2, NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        uint8_t value[32];
        char text[WH_DECIMAL_TEXT];
        memset(value, 0xAA, sizeof value);
        bool ok = wh_parse_decimal(wh_slice_of(cases[i].text), cases[i].precision, cases[i].scale, value);
        if (ok != (cases[i].want != NULL))
            fail_msg("\"%s\" as decimal(%d,%d): %s", cases[i].text, cases[i].precision, cases[i].scale,
                     ok ? "was read" : "was refused");
        if (ok)
            check_text(cases[i].text, text,
                       wh_format_decimal(text, value, cases[i].precision, cases[i].scale), cases[i].want);
    }
}

static void decimals_change_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int precision, scale, to_precision, to_scale;
        const char *want;
    } cases[] = {
        {"12.30", 5, 2, 5, 1, "12.3"},
        {"12.34", 5, 2, 5, 1, NULL},
        {"999.99", 5, 2, 5, 3, NULL},
        {"-999.99", 5, 2, 18, 10, "-999.9900000000"},
        {"-999.99", 5, 2, 38, 30, "-999.990000000000000000000000000000"},
        {"0.00", 5, 2, 76, 76,
         "0.0000000000000000000000000000000000000000000000000000000000000000000000000000"},
        {NINES_38, 38, 0, 18, 0, NULL},
        {"123000000000000000000", 38, 18, 3, 0, NULL},
        {"123.000000000000000000", 38, 18, 3, 0, "123"},
        {NINES_38 NINES_38, 76, 0, 76, 1, NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        uint8_t value[32], moved[32];
        char text[WH_DECIMAL_TEXT];
        if (!wh_parse_decimal(wh_slice_of(cases[i].text), cases[i].precision, cases[i].scale, value)) {
            assert_null(cases[i].want);
            continue;
        }
        bool ok = wh_decimal_rescale(value, cases[i].precision, cases[i].scale, moved, cases[i].to_precision,
                                     cases[i].to_scale);
        if (ok != (cases[i].want != NULL))
            fail_msg("\"%s\" to decimal(%d,%d)", cases[i].text, cases[i].to_precision, cases[i].to_scale);
        if (ok)
            check_text(cases[i].text, text,
                       wh_format_decimal(text, moved, cases[i].to_precision, cases[i].to_scale),
                       cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers),        cmocka_unit_test(writes_integers),
        cmocka_unit_test(reads_doubles),         cmocka_unit_test(reads_long_doubles),
        cmocka_unit_test(writes_doubles),        cmocka_unit_test(doubles_come_back),
        cmocka_unit_test(floats_come_back),      cmocka_unit_test(floats_are_rounded_once),
        cmocka_unit_test(reads_sizes),           cmocka_unit_test(decimals),
        cmocka_unit_test(decimals_change_scale),
    };
    return cmocka_run_group_tests_name("base/num", tests, NULL, NULL);
}
