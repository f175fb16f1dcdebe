/* tests/unit/test_jsonl_lex.c - JSON text: what is accepted and refused, strings, numbers, forms, kernels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "format/jsonl/form.h"
#include "format/jsonl/layout.h"
#include "format/jsonl/number.h"

/* ---- texts ------------------------------------------------------------------------------------------ */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Replaces \xNN by the byte; returns the new length. */
static size_t decode_bytes(char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' && hex(text[i + 2]) >= 0 &&
            hex(text[i + 3]) >= 0) {
            text[n++] = (char)(hex(text[i + 2]) << 4 | hex(text[i + 3]));
            i += 3;
        } else {
            text[n++] = text[i];
        }
    }
    return n;
}

/* Skips the value in exactly as much memory as there may be read; NULL when it is refused. */
static bool is_accepted(const char *text, size_t len, const char **reason, size_t *at)
{
    uint8_t *copy = malloc(len + WH_JSONL_SLACK);
    struct wh_jsonl_lexer x;
    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(copy + len, 0, WH_JSONL_SLACK);
    wh_jsonl_lexer_init(&x, copy + len, true, NULL);
    const uint8_t *behind = wh_jsonl_skip(&x, wh_jsonl_space(&x, copy));
    bool accepted = behind != NULL && wh_jsonl_space(&x, behind) == copy + len;
    *reason = x.fault.reason;
    *at = behind == NULL ? (size_t)(x.fault.at - copy) : 0;
    wh_jsonl_lexer_release(&x);
    free(copy);
    return accepted;
}

static void keeps_to_the_syntax(void **state)
{
    (void)state;
    FILE *f = fopen(WHERRY_TEST_DATA "/jsonl_syntax.test", "r");
    char *line = NULL;
    size_t size = 0, n_cases = 0, at;
    ssize_t len;
    const char *reason;
    assert_non_null(f);
    while ((len = getline(&line, &size, f)) > 0) {
        bool accept = strncmp(line, "accept ", 7) == 0;
        if (!accept && strncmp(line, "refuse ", 7) != 0)
            continue;
        char shown[300];
        snprintf(shown, sizeof shown, "%s", line);
        size_t n = decode_bytes(line + 7, (size_t)len - 8);
        if (is_accepted(line + 7, n, &reason, &at) != accept)
            fail_msg("not so: %s", shown);
        for (size_t cut = 0; cut < n; cut++) /* any start of a text: no crash, nothing read beyond */
            (void)is_accepted(line + 7, cut, &reason, &at);
        n_cases++;
    }
    free(line);
    (void)fclose(f);
    assert_in_range(n_cases, 280, 1000);
}

static void bounds_the_depth(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        bool accepted;
    } cases[] = {{1, true}, {511, true}, {512, true}, {513, false}, {100000, false}};
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        for (int objects = 0; objects < 2; objects++) {
            size_t depth = cases[i].depth, at;
            const char *open = objects ? "{\"a\":" : "[", *close = objects ? "}" : "]", *reason;
            char *text = malloc(depth * 6 + 8), *p = text;
            assert_non_null(text);
            for (size_t k = 0; k < depth; k++)
                p = stpcpy(p, open);
            p = stpcpy(p, "1");
            for (size_t k = 0; k < depth; k++)
                p = stpcpy(p, close);
            assert_int_equal(is_accepted(text, (size_t)(p - text), &reason, &at), cases[i].accepted);
            if (!cases[i].accepted) {
                assert_string_equal(reason, "nested deeper than 512 levels");
                assert_int_equal(at, 512 * strlen(open));
            }
            free(text);
        }
}

/* Mixed nesting needs the right bracket at each level. */
static void keeps_brackets_apart(void **state)
{
    (void)state;
    char text[1200], *p = text;
    const char *reason;
    size_t at;
    for (int k = 0; k < 100; k++)
        p = stpcpy(p, k % 3 == 0 ? "[" : "{\"k\":");
    p = stpcpy(p, "[]");
    for (int k = 99; k >= 0; k--)
        *p++ = k % 3 == 0 ? ']' : '}';
    assert_true(is_accepted(text, (size_t)(p - text), &reason, &at));
    for (char *close = p - 100; close < p; close++) {
        *close ^= ']' ^ '}';
        assert_false(is_accepted(text, (size_t)(p - text), &reason, &at));
        *close ^= ']' ^ '}';
    }
}

/* ---- numbers ---------------------------------------------------------------------------------------- */

static void finds_types_of_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *numbers, *type;
    } cases[] = {
        {"1 2 3", "int64"},
        {"9223372036854775807 -9223372036854775808", "int64"},
        {"9223372036854775808 0", "uint64"},
        {"18446744073709551615", "uint64"},
        {"18446744073709551616", "decimal(20,0)"},
        {"9223372036854775808 -1", "decimal(19,0)"},
        {"-9223372036854775809", "decimal(19,0)"},
        {"0.5 100", "float64"},
        {"0.5 9007199254740992", "float64"},
        {"0.5 9007199254740993", "decimal(17,1)"},
        {"123456789.123456", "float64"},
        {"0.1234567890123456", "float64"},
        {"0.12345678901234567", "decimal(17,17)"},
        {"0.123456789012345678", "decimal(18,18)"},
        {"123456789012345.67 1.5", "float64"},
        {"1234567890123456.78 1.5", "decimal(18,2)"},
        {"1.50000000000000000000000", "float64"},
        {"12345678901234567890.50", "decimal(21,1)"},
        {"1e3 -2E-3", "float64"},
        {"1e22 1e23", "float64"},
        {"1e30 0.12345678901234567890", "decimal(50,19)"},
        {"1e400", "text"},
        {"1e60 0.12345678901234567890123", "text"},
        {"4.9e-324", "text"},
        {"5e-324 2.2250738585072014e-308 1.7976931348623157e308", "float64"},
        {"-0", "float64"},
        {"-0 12345678901234567890", "text"},
        {"0e99999999999999999999", "float64"},
        {"1e99999999999999999999", "text"},
        {"1e-99999999999999999999", "text"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_jsonl_numbers all = {0};
        char text[256] = {0}, shown[64];
        snprintf(text, sizeof text - WH_JSONL_SLACK, "%s", cases[i].numbers);
        struct wh_jsonl_lexer x;
        wh_jsonl_lexer_init(&x, (uint8_t *)text + strlen(text), true, NULL);
        for (const uint8_t *p = (uint8_t *)text, *behind; p < x.end; p = wh_jsonl_space(&x, behind)) {
            struct wh_jsonl_number n;
            behind = wh_jsonl_number(&x, p, &n);
            assert_non_null(behind);
            wh_jsonl_numbers_add(&all, &n, wh_slice((const char *)p, (size_t)(behind - p)));
        }
        uint8_t precision = 0, scale = 0;
        struct wh_field f = {.type = wh_jsonl_numbers_type(&all, &precision, &scale)};
        snprintf(shown, sizeof shown, "decimal(%d,%d)", precision, scale);
        const char *name = f.type == WH_INT64     ? "int64"
                           : f.type == WH_UINT64  ? "uint64"
                           : f.type == WH_FLOAT64 ? "float64"
                           : f.type == WH_UTF8    ? "text"
                                                  : shown;
        if (strcmp(name, cases[i].type) != 0)
            fail_msg("%s: %s, not %s", cases[i].numbers, name, cases[i].type);
    }
}

/* Digits eight at a time give what digits one at a time give, whatever stands behind them. */
static void joins_digits(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= 19; n++)
        for (unsigned behind = 0; behind < 256; behind++) {
            uint8_t text[64] = {0};
            uint64_t wanted = 0, got = 0;
            for (unsigned i = 0; i < n; i++) {
                text[i] = (uint8_t)('0' + (i * 7 + n + 1) % 10);
                wanted = wanted * 10 + (text[i] - (unsigned)'0');
            }
            memset(text + n, (int)behind, 16);
            if (behind >= '0' && behind <= '9')
                continue;
            assert_ptr_equal(wh_jsonl_digits(text, &got), text + n);
            assert_true(got == wanted);
        }
}

/* ---- forms of text ---------------------------------------------------------------------------------- */

static void finds_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum wh_type type;
        int fraction;
    } cases[] = {
        {"2024-02-29", WH_DATE32, 0},
        {"0000-01-01", WH_DATE32, 0},
        {"2023-02-29", WH_UTF8, 0},
        {"2024-13-01", WH_UTF8, 0},
        {"2024-1-01", WH_UTF8, 0},
        {"12024-01-01", WH_UTF8, 0},
        {"+2024-01-01", WH_UTF8, 0},
        {"23:59:59", WH_TIME64, 0},
        {"23:59:59.5", WH_TIME64, 1},
        {"23:59:59.123456789", WH_TIME64, 9},
        {"23:59:59.1234567890", WH_UTF8, 0},
        {"23:59:59.", WH_UTF8, 0},
        {"23:59:60", WH_UTF8, 0},
        {"24:00:00", WH_UTF8, 0},
        {"23:59:59Z", WH_UTF8, 0},
        {"2024-01-01T00:00:00", WH_TIMESTAMP, 0},
        {"2024-01-01 00:00:00.25Z", WH_TIMESTAMP, 2},
        {"2024-01-01t00:00:00", WH_UTF8, 0},
        {"2024-01-01T00:00", WH_UTF8, 0},
        {"2024-01-01T00:00:00+00:00", WH_UTF8, 0},
        {"2300-01-01T00:00:00.000000001", WH_UTF8, 0},
        {"2300-01-01T00:00:00.000001", WH_TIMESTAMP, 6},
        {"123e4567-e89b-12d3-a456-426614174000", WH_UUID, 0},
        {"123e4567-e89b-12d3-a456-42661417400g", WH_UTF8, 0},
        {"123E4567-e89b-12d3-a456-426614174000", WH_UTF8, 0},
        {"", WH_UTF8, 0},
        {"2024", WH_UTF8, 0},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_jsonl_form form = wh_jsonl_form_of(wh_slice_of(cases[i].text));
        uint8_t value[16];
        if (form.type != cases[i].type || form.fraction != cases[i].fraction)
            fail_msg("%s", cases[i].text);
        if (form.type != WH_UTF8)
            assert_true(wh_jsonl_form_parse(&form, wh_slice_of(cases[i].text), value));
    }
}

static void joins_forms(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        enum wh_type type;
        int fraction;
    } cases[] = {
        {"12:00:00", "12:00:00.123", WH_TIME64, 3},
        {"12:00:00.123", "12:00:00.000", WH_TIME64, 3},
        {"12:00:00", "12:00:00.5", WH_TIME64, 1},
        {"12:00:00", "12:00:00.50", WH_UTF8, 0},
        {"12:00:00.5", "12:00:00.250", WH_UTF8, 0},
        {"12:00:00.50", "12:00:00.55", WH_TIME64, 2},
        {"2024-01-01T00:00:00", "2024-01-01 00:00:00", WH_UTF8, 0},
        {"2024-01-01T00:00:00", "2024-01-01T00:00:00Z", WH_UTF8, 0},
        {"2024-01-01T00:00:00", "2024-01-01", WH_UTF8, 0},
        {"2024-01-01T00:00:00", "2024-01-01T00:00:00.000000001", WH_TIMESTAMP, 9},
        {"1500-01-01T00:00:00", "2024-01-01T00:00:00.000000001", WH_UTF8, 0},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        for (int swap = 0; swap < 2; swap++) {
            struct wh_jsonl_form a = wh_jsonl_form_of(wh_slice_of(cases[i].a)),
                                 b = wh_jsonl_form_of(wh_slice_of(cases[i].b));
            struct wh_jsonl_form both = swap ? wh_jsonl_form_join(b, a) : wh_jsonl_form_join(a, b);
            if (both.type != cases[i].type || both.fraction != cases[i].fraction)
                fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
}

/* Once lengths differ, a length alone is no form any more. */
static void keeps_mixed_fractions_apart(void **state)
{
    (void)state;
    struct wh_jsonl_form a = wh_jsonl_form_of(wh_slice_of("12:00:00")),
                         b = wh_jsonl_form_of(wh_slice_of("12:00:00.123")),
                         c = wh_jsonl_form_of(wh_slice_of("12:00:00.000"));
    int64_t value;
    assert_int_equal(wh_jsonl_form_join(b, c).type, WH_TIME64);
    struct wh_jsonl_form mixed = wh_jsonl_form_join(a, b);
    assert_int_equal(wh_jsonl_form_join(mixed, c).type, WH_UTF8);
    assert_false(wh_jsonl_form_parse(&mixed, wh_slice_of("12:00:00.000"), &value));
    assert_true(wh_jsonl_form_parse(&mixed, wh_slice_of("12:00:00.456789"), &value));
    assert_int_equal(value, 43200456789);
}

/* ---- kernels ---------------------------------------------------------------------------------------- */

static void kernels_agree(void **state)
{
    (void)state;
    static const char alphabet[] = "\"\\{}[],:\n\t\r\0\x01\x1f \x7f\x80\xc3\xff\xa2\xdc"
                                   "abcZ09[{]}|;<";
    const struct wh_jsonl_kernels *const *all = wh_jsonl_all_kernels();
    uint8_t block[64 + 3 * 16];
    uint32_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof block; i++) {
            seed = seed * 1664525 + 1013904223;
            block[i] = (uint8_t)alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        struct wh_jsonl_masks wanted, got;
        all[0]->classify(&wanted, block, ',');
        for (size_t k = 1; all[k] != NULL; k++) {
            all[k]->classify(&got, block, ',');
            assert_memory_equal(&got, &wanted, sizeof got);
            for (size_t n = 0; n < sizeof block; n += 7)
                assert_int_equal(all[k]->count(block, n, '\n'), all[0]->count(block, n, '\n'));
        }
        unsigned high, portable_high, stops = wh_jsonl_stops(block, &high);
        unsigned portable = wh_jsonl_stops_portable(block, &portable_high);
        assert_int_equal(high, portable_high);
        assert_int_equal(stops == 0, portable == 0);
        if (stops != 0)
            assert_int_equal(__builtin_ctz(stops), __builtin_ctz(portable));
    }
    assert_string_equal(all[0]->name, "portable");
}

/* ---- layouts, sniffing, borders --------------------------------------------------------------------- */

static void finds_layouts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        enum wh_jsonl_layout layout;
        int min_score, max_score;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":2}\n", true, WH_JSONL_LINES, 90, 100},
        {"{\"a\":1}", true, WH_JSONL_LINES, 90, 100},
        {"{\"a\":1", false, WH_JSONL_LINES, 80, 90},
        {"{\"a\":1,\n \"b\"", false, WH_JSONL_IN_SERIES, 80, 90},
        {"{\n\"a\":1}\n", true, WH_JSONL_IN_SERIES, 90, 100},
        {"{\"a\":1}{\"a\":2}", true, WH_JSONL_IN_SERIES, 90, 100},
        {"{\"a\":1} x\n{\"a\":2}", true, WH_JSONL_LINES, 90, 100},
        {"{\"a\":tru}\n{\"a\":2}", true, WH_JSONL_LINES, 30, 50},
        {"[1,2]\n[3]\n", true, WH_JSONL_LINES, 90, 100},
        {"[1,2]\n", true, WH_JSONL_IN_ARRAY, 90, 100},
        {"[\n1,2", false, WH_JSONL_IN_ARRAY, 80, 90},
        {"[{\"a\":1}, x", true, WH_JSONL_IN_ARRAY, 0, 100},
        {"[1, x]\n[2]\n", true, WH_JSONL_LINES, 0, 0},
        {"[\n1\n]\n[2]", true, WH_JSONL_IN_SERIES, 90, 100},
        {"1\n2\n", true, WH_JSONL_LINES, 0, 0},
        {"a,b\n1,2\n", true, WH_JSONL_LINES, 0, 0},
        {"", true, WH_JSONL_LINES, 0, 0},
        {"\xef\xbb\xbf{\"a\":1}", true, WH_JSONL_LINES, 90, 100},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        uint8_t head[256];
        size_t n = strlen(cases[i].text), bom = (uint8_t)cases[i].text[0] == 0xef ? 3 : 0;
        memcpy(head, cases[i].text + bom, n - bom);
        if (wh_jsonl_layout_of(head, n - bom, cases[i].whole) != cases[i].layout)
            fail_msg("layout of %s", cases[i].text);
        int score = wh_jsonl_sniff(wh_slice(cases[i].text, n));
        if (score < cases[i].min_score || score > cases[i].max_score)
            fail_msg("score of %s is %d", cases[i].text, score);
    }
}

/* Borders are those that a walk over the bytes finds, wherever the text begins in a block of 64. */
static void finds_borders(void **state)
{
    (void)state;
    static const char records[] =
        "[{\"a\":\"x,}]\\\"\\\\\"},[1,[2,3],\"\\\\\\\\\\\"],[\"],4,{\"b\":[{},{}],\"c\":\",\"}";
    uint8_t data[1024];
    for (size_t pad = 0; pad < 130; pad++) {
        size_t n = 0, wanted = 0;
        data[n++] = '[';
        for (size_t i = 0; i < pad; i++)
            data[n++] = ' ';
        memcpy(data + n, records + 1, strlen(records) - 1);
        n += strlen(records) - 1;
        size_t text_end = n;
        while (n % 64 != 0)
            data[n++] = ' ';
        wanted = text_end - strlen(",{\"b\":[{},{}],\"c\":\",\"}");
        struct wh_jsonl_border b;
        wh_jsonl_border_init(&b, WH_JSONL_IN_ARRAY, true);
        for (size_t size = 0; size <= n; size += 50) /* in steps that end inside of blocks */
            wh_jsonl_border_scan(&b, data, size);
        wh_jsonl_border_scan(&b, data, n);
        assert_int_equal(b.cut, wanted);
        assert_int_equal(b.depth, 1);
        wh_jsonl_border_init(&b, WH_JSONL_IN_ARRAY, true);
        b.wants_first = true;
        wh_jsonl_border_scan(&b, data, n);
        assert_int_equal(data[b.cut], ',');
        assert_int_equal(b.cut, pad + 1 + strlen("{\"a\":\"x,}]\\\"\\\\\"}"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_the_syntax),  cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(keeps_brackets_apart), cmocka_unit_test(finds_types_of_numbers),
        cmocka_unit_test(joins_digits),         cmocka_unit_test(finds_forms),
        cmocka_unit_test(joins_forms),          cmocka_unit_test(keeps_mixed_fractions_apart),
        cmocka_unit_test(kernels_agree),        cmocka_unit_test(finds_layouts),
        cmocka_unit_test(finds_borders),
    };
    return cmocka_run_group_tests_name("jsonl/lex", tests, NULL, NULL);
}
