/* test_base_time.c - dates, times, timestamps and intervals from and to text. */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

static void check_text(const char *label, const char *got, size_t len, const char *want)
{
    if (len != strlen(want) || memcmp(got, want, len) != 0)
        fail_msg("%s: got \"%.*s\", want \"%s\"", label, (int)len, got, want);
}

static void dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t days;
    } cases[] = {
        {"1970-01-01", 0},
        {"1969-12-31", -1},
        {"2000-02-29", 11016},
        {"2024-02-29", 19782},
        {"0001-01-01", -719162},
        {"0000-01-01", -719528},
        {"9999-12-31", 2932896},
        {"10000-01-01", 2932897},
        {"-0001-12-31", -719529},
        {"-4713-11-24", -2440588},
        {"1582-10-15", -141427},
        {"5881580-07-11", INT32_MAX},
        {"-5877641-06-23", INT32_MIN},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        int32_t days = 42;
        char text[WH_TIME_TEXT];
        if (!wh_parse_date(wh_slice_of(cases[i].text), &days) || days != cases[i].days)
            fail_msg("\"%s\": got %d", cases[i].text, days);
        check_text(cases[i].text, text, wh_format_date(text, days), cases[i].text);
    }
    static const char *const wrong[] = {"",
                                        "2023-02-29",
                                        "1900-02-29",
                                        "2024-13-01",
                                        "2024-00-01",
                                        "2024-01-00",
                                        "2024-04-31",
                                        "2024-1-01",
                                        "24-01-01",
                                        "2024/01/01",
                                        "20240101",
                                        "2024-01-01 ",
                                        " 2024-01-01",
                                        "+2024-01-01",
                                        "-0000-01-01",
                                        "02024-01-01",
                                        "-02024-01-01",
                                        "2024-01-1a",
                                        "202a-01-01",
                                        "2024-01-01T",
                                        "5881580-07-12",
                                        "-5877641-06-22",
                                        "999999999999999999999-01-01",
                                        "-",
                                        "2024-",
                                        "-2024"};
    for (size_t i = 0; i < WH_COUNT(wrong); i++) {
        int32_t days;
        if (wh_parse_date(wh_slice_of(wrong[i]), &days))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

static void every_day_comes_back(void **state)
{
    (void)state;
    int64_t year;
    unsigned month, day;
    for (int32_t days = -800000; days < 3000000; days += 3) {
        wh_civil_from_days(days, &year, &month, &day);
        assert_int_equal(wh_days_from_civil(year, month, day), days);
        char text[WH_TIME_TEXT];
        int32_t back;
        assert_true(wh_parse_date(wh_slice(text, wh_format_date(text, days)), &back));
        assert_int_equal(back, days);
    }
}

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum wh_time_unit unit;
        int64_t value;
        const char *back; /* NULL: the text itself */
    } cases[] = {
        {"00:00:00", WH_MICRO, 0, NULL},
        {"23:59:59", WH_SECOND, 86399, NULL},
        {"23:59:59.999999", WH_MICRO, 86399999999, NULL},
        {"23:59:59.999999999", WH_NANO, 86399999999999, NULL},
        {"12:30:00.5", WH_MICRO, 45000500000, "12:30:00.500"},
        {"12:30:00.000010", WH_MICRO, 45000000010, NULL},
        {"12:30:00.000000", WH_SECOND, 45000, "12:30:00"},
        {"12:30:00.1230000000", WH_MILLI, 45000123, "12:30:00.123"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        int64_t value = -1;
        char text[WH_TIME_TEXT];
        if (!wh_parse_time(wh_slice_of(cases[i].text), cases[i].unit, &value) || value != cases[i].value)
            fail_msg("\"%s\": got %lld", cases[i].text, (long long)value);
        check_text(cases[i].text, text, wh_format_time(text, value, cases[i].unit),
                   cases[i].back != NULL ? cases[i].back : cases[i].text);
    }
    static const char *const wrong[] = {
        "",          "24:00:00",         "23:60:00",         "23:59:60",   "1:00:00",
        "12:30",     "12-30-00",         "12:30:00.",        "12:30:00,5", "12:30:0a",
        "12:30:00Z", "12:30:00.1234567", "12:30:00.123456a", "-1:00:00"};
    for (size_t i = 0; i < WH_COUNT(wrong); i++) {
        int64_t value;
        if (wh_parse_time(wh_slice_of(wrong[i]), WH_MICRO, &value))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

static void timestamps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum wh_time_unit unit;
        int64_t value;
        bool zoned;
        const char *back;
    } cases[] = {
        {"1970-01-01T00:00:00", WH_SECOND, 0, false, NULL},
        {"1970-01-01 00:00:00", WH_MICRO, 0, false, "1970-01-01T00:00:00"},
        {"1969-12-31T23:59:59.999999", WH_MICRO, -1, false, NULL},
        {"2024-02-29T23:59:59.123", WH_MILLI, 1709251199123, false, NULL},
        {"2024-02-29T23:59:59.5", WH_MICRO, 1709251199500000, false, "2024-02-29T23:59:59.500"},
        {"2024-02-29T23:59:59Z", WH_SECOND, 1709251199, true, NULL},
        {"2024-02-29 23:59:59+05", WH_SECOND, 1709233199, true, "2024-02-29T18:59:59Z"},
        {"2024-02-29 23:59:59+05:45", WH_SECOND, 1709230499, true, "2024-02-29T18:14:59Z"},
        {"2024-02-29 23:59:59-0330", WH_SECOND, 1709263799, true, "2024-03-01T03:29:59Z"},
        {"2024-02-29 23:59:59.5-00:00", WH_MILLI, 1709251199500, true, "2024-02-29T23:59:59.500Z"},
        {"0001-01-01T00:00:00", WH_MICRO, -62135596800000000, false, NULL},
        {"9999-12-31T23:59:59.999999", WH_MICRO, 253402300799999999, false, NULL},
        {"294247-01-10T04:00:54.775807", WH_MICRO, INT64_MAX, false, NULL},
        {"-290308-12-21T19:59:05.224192", WH_MICRO, INT64_MIN, false, NULL},
        {"1677-09-21T00:12:43.145224192", WH_NANO, INT64_MIN, false, NULL},
        {"2262-04-11T23:47:16.854775807", WH_NANO, INT64_MAX, false, NULL},
        {"292277026596-12-04T15:30:07", WH_SECOND, INT64_MAX, false, NULL},
        {"-292277022657-01-27T08:29:52Z", WH_SECOND, INT64_MIN, true, NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        int64_t value = 42;
        bool zoned;
        char text[WH_TIME_TEXT];
        if (!wh_parse_timestamp(wh_slice_of(cases[i].text), cases[i].unit, &value, &zoned) ||
            value != cases[i].value || zoned != cases[i].zoned)
            fail_msg("\"%s\": got %lld", cases[i].text, (long long)value);
        check_text(cases[i].text, text, wh_format_timestamp(text, value, cases[i].unit, zoned),
                   cases[i].back != NULL ? cases[i].back : cases[i].text);
    }
    static const char *const wrong[] = {
        "",
        "2024-02-29",
        "2024-02-29 ",
        "2024-02-29T",
        "2024-02-29  00:00:00",
        "2024-02-29t00:00:00",
        "2024-02-29T24:00:00",
        "2024-02-29T23:59:60",
        "2024-02-30T00:00:00",
        "2024-02-29T00:00:00z",
        "2024-02-29T00:00:00 Z",
        "2024-02-29T00:00:00+5",
        "2024-02-29T00:00:00+24",
        "2024-02-29T00:00:00+05:60",
        "2024-02-29T00:00:00+05-30",
        "2024-02-29T00:00:00+053",
        "2024-02-29T00:00:00.0000001",
        "294247-01-10T04:00:54.775808",
        "-290308-12-21T19:59:05.224191",
        "999999999999-01-01T00:00:00",
    };
    for (size_t i = 0; i < WH_COUNT(wrong); i++) {
        int64_t value;
        bool zoned;
        if (wh_parse_timestamp(wh_slice_of(wrong[i]), WH_MICRO, &value, &zoned))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

struct interval {
    int32_t months, days;
    int64_t nanoseconds;
};

static void intervals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct interval value;
        const char *back;
    } cases[] = {
        {"PT0S", {0, 0, 0}, NULL},
        {"P1Y2M3DT4H5M6.7S", {14, 3, 14706700000000}, NULL},
        {"P-1Y-2M", {-14, 0, 0}, NULL},
        {"P1Y-2M", {10, 0, 0}, "P10M"},
        {"P2W", {0, 14, 0}, "P14D"},
        {"PT-0.5S", {0, 0, -500000000}, NULL},
        {"PT-1H-0.000000001S", {0, 0, -3600000000001}, NULL},
        {"PT90S", {0, 0, 90000000000}, "PT1M30S"},
        {"P-178956970Y-8M-2147483648DT-2562047H-47M-16.854775808S", {INT32_MIN, INT32_MIN, INT64_MIN}, NULL},
        {"P178956970Y7M2147483647DT2562047H47M16.854775807S", {INT32_MAX, INT32_MAX, INT64_MAX}, NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct interval value;
        char text[WH_TIME_TEXT];
        assert_int_equal(sizeof value, 16);
        if (!wh_parse_interval(wh_slice_of(cases[i].text), &value) ||
            memcmp(&value, &cases[i].value, sizeof value) != 0)
            fail_msg("\"%s\": got %d %d %lld", cases[i].text, value.months, value.days,
                     (long long)value.nanoseconds);
        check_text(cases[i].text, text, wh_format_interval(text, &value),
                   cases[i].back != NULL ? cases[i].back : cases[i].text);
    }
    static const char *const wrong[] = {"",
                                        "P",
                                        "PT",
                                        "P1",
                                        "1Y",
                                        "P1YT",
                                        "P1D2Y",
                                        "P1Y1Y",
                                        "PT1D",
                                        "P1H",
                                        "P1.5Y",
                                        "PT1.S",
                                        "PT.5S",
                                        "PT0.0000000001S",
                                        "P1Y ",
                                        "P--1Y",
                                        "P+1Y",
                                        "PT1S1S",
                                        "P178956970Y8M",
                                        "PT2562048H",
                                        "PT5"};
    for (size_t i = 0; i < WH_COUNT(wrong); i++) {
        struct interval value;
        if (wh_parse_interval(wh_slice_of(wrong[i]), &value))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

static void clocks_go_forward(void **state)
{
    (void)state;
    int64_t before = wh_monotonic_us(), after = wh_monotonic_us();
    assert_true(after >= before);
    assert_true(wh_now_us() > 1700000000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),     cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(times),     cmocka_unit_test(timestamps),
        cmocka_unit_test(intervals), cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
