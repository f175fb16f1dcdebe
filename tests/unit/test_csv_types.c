/* tests/unit/test_csv_types.c - the cases of tests/data/csv_types.test, and the promise behind them: the
 * value of an inferred type gives back the text that was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "format/csv/convert.h"
#include "support/csv_reading.h"
#include "support/random_batch.h"

/* Splits "a | b" in place; the rest behind " | " or NULL. */
static char *cut(char *line)
{
    char *bar = strstr(line, " | ");
    if (bar == NULL)
        return NULL;
    *bar = '\0';
    return bar + 3;
}

static void describe(const struct wh_csv_guess *g, char *out, size_t size)
{
    struct wh_error err;
    struct wh_field f = {0};
    csv_must(wh_csv_guess_type(g, &f, &err), &err);
    wh_type_format(&f, out, size);
    size_t len = strlen(out);
    if (g->word != WH_CSV_NO_WORD)
        snprintf(out + len, size - len, " null word %s", wh_csv_null_words[g->word]);
    wh_field_release(&f);
}

/* In any order the values must give the same type, and each of them must fit it. */
static void check(const char *expected, char **values, size_t n)
{
    for (size_t first = 0; first < WH_MAX(n, 1); first++) {
        struct wh_csv_evidence e = {0};
        struct wh_csv_guess g;
        char got[128];
        for (size_t i = 0; i < n; i++) {
            const char *v = values[(first + i) % n];
            wh_csv_evidence_add(&e, v, strlen(v), true);
            wh_csv_evidence_add(&e, v, strlen(v), true);
        }
        wh_csv_evidence_guess(&e, &g);
        describe(&g, got, sizeof got);
        if (strcmp(got, expected) != 0)
            fail_msg("%s ... from value %zu: got %s instead of %s", n == 0 ? "" : values[0], first, got,
                     expected);
        for (size_t i = 0; i < n; i++)
            if (wh_csv_null_word(values[i], strlen(values[i])) == WH_CSV_NO_WORD)
                assert_true(wh_csv_fits(&g, values[i], strlen(values[i])));
    }
}

static void cases(void **state)
{
    (void)state;
    FILE *f = fopen(WHERRY_TEST_DATA "/csv_types.test", "r");
    char line[1024];
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        char *values[16], *rest;
        size_t n = 0;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        for (rest = cut(line); rest != NULL; n++) {
            values[n] = rest;
            rest = cut(rest);
        }
        check(line, values, n);
    }
    fclose(f);
}

/* ---- parsers against those of base -------------------------------------------------------------- */

/* A copy with 8 readable bytes behind it that are digits, to catch reading too far. */
static const char *padded(char buf[64], const char *text)
{
    memset(buf, '9', 64);
    memcpy(buf, text, strlen(text));
    return buf;
}

static void all_days(void **state)
{
    (void)state;
    for (int32_t days = -719528; days <= 2932896; days += 1) {
        char text[WH_TIME_TEXT], buf[64];
        int32_t got;
        text[wh_format_date(text, days)] = '\0';
        assert_true(wh_csv_parse_date(padded(buf, text), 10, &got));
        assert_int_equal(got, days);
    }
}

static void days_that_are_none(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (size_t i = 0; i < 300000; i++) {
        char text[11], buf[64];
        int32_t got = 0, expected = 0;
        snprintf(text, sizeof text, "%04u-%02u-%02u", (unsigned)random_below(&seed, 10000),
                 (unsigned)random_below(&seed, 100), (unsigned)random_below(&seed, 100));
        if (random_below(&seed, 4) == 0)
            text[random_below(&seed, 10)] = (char)(32 + random_below(&seed, 90));
        bool ok = wh_parse_date(wh_slice(text, 10), &expected);
        assert_int_equal(wh_csv_parse_date(padded(buf, text), 10, &got), ok);
        assert_int_equal(got, expected);
    }
}

static void integers(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (size_t i = 0; i < 500000; i++) {
        char text[32], again[32], buf[64];
        int64_t got, expected;
        size_t n = 1 + random_below(&seed, 20);
        for (size_t k = 0; k < n; k++)
            text[k] = (char)('0' + random_below(&seed, 10));
        if (random_below(&seed, 3) == 0)
            text[0] = '-';
        if (random_below(&seed, 10) == 0)
            text[random_below(&seed, n)] = (char)(32 + random_below(&seed, 90));
        text[n] = '\0';
        bool ok = wh_parse_i64(wh_slice(text, n), &expected);
        if (ok) { /* and gives back the text */
            again[wh_format_i64(again, expected)] = '\0';
            ok = strcmp(text, again) == 0;
        }
        assert_int_equal(wh_csv_parse_int(padded(buf, text), n, &got), ok);
        if (ok)
            assert_int_equal(got, expected);
    }
}

static void decimals(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (size_t i = 0; i < 300000; i++) {
        struct wh_csv_spelling s = {.precision = (uint8_t)(2 + random_below(&seed, 17))};
        s.scale = (uint8_t)(1 + random_below(&seed, s.precision - 1u));
        char text[64], again[WH_DECIMAL_TEXT + 1], buf[64];
        size_t n = 0, whole = 1 + random_below(&seed, 12), part = random_below(&seed, 3) == 0 ? 2 : s.scale;
        if (random_below(&seed, 3) == 0)
            text[n++] = '-';
        for (size_t k = 0; k < whole; k++)
            text[n++] = (char)('0' + random_below(&seed, 10));
        text[n++] = '.';
        for (size_t k = 0; k < part; k++)
            text[n++] = (char)('0' + random_below(&seed, 10));
        text[n] = '\0';
        int64_t got, expected;
        bool ok = wh_parse_decimal(wh_slice(text, n), s.precision, s.scale, &expected);
        if (ok) {
            again[wh_format_decimal(again, &expected, s.precision, s.scale)] = '\0';
            ok = strcmp(text, again) == 0;
        }
        assert_int_equal(wh_csv_parse_decimal(padded(buf, text), n, &s, &got), ok);
        if (ok)
            assert_int_equal(got, expected);
    }
}

/* Doubles of inferred columns: equal to the correctly rounded value, and 15 digits survive. */
static void floats(void **state)
{
    (void)state;
    uint64_t seed = 13;
    for (size_t i = 0; i < 200000; i++) {
        char text[64], buf[64];
        size_t digits = 1 + random_below(&seed, 15);
        uint64_t mantissa = random_next(&seed) % wh_pow10_u64[digits];
        int n = snprintf(text, sizeof text, "%llu.%llu", (unsigned long long)(mantissa / 1000),
                         (unsigned long long)(mantissa % 1000));
        if (random_below(&seed, 2) == 0)
            n = snprintf(text, sizeof text, "%llue%d", (unsigned long long)mantissa,
                         (int)random_below(&seed, 560) - 280);
        double got, expected;
        assert_true(wh_parse_f64(wh_slice(text, (size_t)n), &expected) || strchr(text, 'e') != NULL);
        if (!wh_csv_parse_float(padded(buf, text), (size_t)n, &got))
            continue;
        assert_memory_equal(&got, &expected, sizeof got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),    cmocka_unit_test(all_days), cmocka_unit_test(days_that_are_none),
        cmocka_unit_test(integers), cmocka_unit_test(decimals), cmocka_unit_test(floats),
    };
    return cmocka_run_group_tests_name("csv/types", tests, NULL, NULL);
}
