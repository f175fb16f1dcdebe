/* tests/unit/test_batch_builder.c - filling, selecting, joining and checking batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/random_batch.h"

static struct wh_schema schema_of(const char *text)
{
    struct wh_error err;
    struct wh_schema s = {0};
    if (wh_schema_parse(&s, text, &err) != WH_OK)
        fail_msg("%s", err.msg);
    return s;
}

static struct wh_batch batch_of(const struct wh_schema *s)
{
    struct wh_error err;
    struct wh_batch b;
    assert_int_equal(wh_batch_init(&b, s, NULL, &err), WH_OK);
    return b;
}

static struct wh_batch random_batch(const struct wh_schema *s, int64_t rows, uint64_t *seed)
{
    struct wh_error err;
    struct wh_batch b = batch_of(s);
    assert_int_equal(random_rows(&b, rows, seed, &err), WH_OK);
    if (wh_batch_check(&b, &err) != WH_OK)
        fail_msg("%s", err.msg);
    return b;
}

static void check_equal(const struct wh_batch *a, const struct wh_batch *b)
{
    char why[400];
    struct wh_error err;
    if (wh_batch_check(b, &err) != WH_OK)
        fail_msg("%s", err.msg);
    if (!batches_equal(a, b, why, sizeof why))
        fail_msg("%s", why);
}

static void starts_empty(void **state)
{
    (void)state;
    struct wh_schema s = schema_of("a:int64,b:text,c:list<int8>,d:struct<x:map<text,bool>>,e:null");
    struct wh_batch b = batch_of(&s);
    struct wh_error err;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(wh_batch_check(&b, &err), WH_OK);
        assert_int_equal(b.columns[1].offsets.size, 4);
        assert_int_equal(wh_column_offsets(&b.columns[1])[0], 0);
        assert_int_equal(wh_column_offsets(&b.columns[3].children[0])[0], 0);
        wh_batch_reset(&b);
    }
    struct wh_batch other = {0};
    wh_batch_move(&other, &b);
    assert_null(b.columns);
    wh_batch_release(&b);
    wh_batch_release(&other);
    wh_batch_release(NULL);
    wh_schema_release(&s);
}

static void makes_validity_with_the_first_null(void **state)
{
    (void)state;
    struct wh_schema s = schema_of("a:int32,b:bool,c:text");
    for (int before = 0; before < 20; before++) {
        struct wh_batch b = batch_of(&s);
        struct wh_error err;
        for (int row = 0; row < before + 12; row++) {
            for (size_t i = 0; i < 3; i++) {
                struct wh_column *c = &b.columns[i];
                if (row == before)
                    assert_int_equal(wh_column_append_null(c, &err), WH_OK);
                else if (i == 2)
                    assert_int_equal(wh_column_append_bytes(c, "xyz", 3, &err), WH_OK);
                else
                    assert_int_equal(wh_column_append(c, &(int32_t){1}, &err), WH_OK);
                assert_int_equal(c->validity.size, row < before ? 0 : wh_bitmap_bytes(row + 1));
            }
        }
        b.rows = before + 12;
        assert_int_equal(wh_batch_check(&b, &err), WH_OK);
        for (size_t i = 0; i < 3; i++)
            for (int row = 0; row < before + 12; row++)
                assert_int_equal(wh_column_is_null(&b.columns[i], row), row == before);
        assert_int_equal(wh_column_i64(&b.columns[0], before), 0);
        assert_false(wh_column_bool(&b.columns[1], before));
        assert_int_equal(wh_column_slice(&b.columns[2], before).len, 0);
        wh_batch_release(&b);
    }
    wh_schema_release(&s);
}

static void unchecked_calls_equal_checked_ones(void **state)
{
    (void)state;
    struct wh_schema s = schema_of("a:int64,b:bool,c:text");
    struct wh_batch a = batch_of(&s), b = batch_of(&s);
    struct wh_error err;
    uint64_t seed = 7;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(wh_column_reserve(&b.columns[i], 300, 900, &err), WH_OK);
    size_t held = wh_batch_bytes(&b);
    for (int row = 0; row < 300; row++) {
        bool null = random_below(&seed, 4) == 0, bit = random_below(&seed, 2) == 0;
        if (null) {
            for (size_t i = 0; i < 3; i++) {
                assert_int_equal(wh_column_append_null(&a.columns[i], &err), WH_OK);
                wh_column_put_null(&b.columns[i]);
            }
            continue;
        }
        assert_int_equal(wh_column_append(&a.columns[0], &(int64_t){row}, &err), WH_OK);
        WH_COLUMN_PUT(&b.columns[0], int64_t, row);
        assert_int_equal(wh_column_append(&a.columns[1], &(uint8_t){bit}, &err), WH_OK);
        wh_column_put_bool(&b.columns[1], bit);
        assert_int_equal(wh_column_append_bytes(&a.columns[2], "abc", (size_t)(row % 4), &err), WH_OK);
        wh_column_put_bytes(&b.columns[2], "abc", (size_t)(row % 4));
    }
    a.rows = b.rows = 300;
    assert_int_equal(wh_batch_bytes(&b), held);
    check_equal(&a, &b);
    wh_batch_release(&a);
    wh_batch_release(&b);
    wh_schema_release(&s);
}

static void nulls_of_structs_reach_members(void **state)
{
    (void)state;
    struct wh_schema s = schema_of("a:struct<x:int8,y:struct<z:text>>,m:map<text,int8>");
    struct wh_batch b = batch_of(&s);
    struct wh_column *a = &b.columns[0], *m = &b.columns[1];
    struct wh_error err;
    assert_int_equal(wh_column_append_null(a, &err), WH_OK);
    assert_int_equal(a->children[1].children[0].length, 1);
    assert_int_equal(wh_column_append(&a->children[0], &(int8_t){5}, &err), WH_OK);
    assert_int_equal(wh_column_append_end(a, &err), WH_INTERNAL);
    assert_string_equal(err.msg, "could not end a value of column \"a\": member \"y\" is missing");
    assert_int_equal(wh_column_append_null(&a->children[1], &err), WH_OK);
    assert_int_equal(wh_column_append_end(a, &err), WH_OK);
    for (int8_t i = 0; i < 2; i++) {
        assert_int_equal(wh_column_append_bytes(&m->children[0].children[0], "k", (size_t)i, &err), WH_OK);
        assert_int_equal(wh_column_append(&m->children[0].children[1], &i, &err), WH_OK);
        assert_int_equal(wh_column_append_end(&m->children[0], &err), WH_OK);
    }
    assert_int_equal(wh_column_append_end(m, &err), WH_OK);
    assert_int_equal(wh_column_append_null(m, &err), WH_OK);
    b.rows = 2;
    assert_int_equal(wh_batch_check(&b, &err), WH_OK);
    assert_int_equal(wh_column_offsets(m)[2], 2);
    wh_batch_release(&b);
    wh_schema_release(&s);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct wh_schema s = schema_of("big:text");
    struct wh_budget budget = {.limit_bytes = 4096};
    struct wh_error err;
    struct wh_batch b;
    assert_int_equal(wh_batch_init(&b, &s, &budget, &err), WH_OK);
    assert_int_equal(wh_column_append_bytes(&b.columns[0], "", (size_t)INT32_MAX + 1, &err), WH_LIMIT);
    assert_string_equal(err.msg, "could not add to column \"big\": one batch holds less than 2 GiB of it");
    assert_int_equal(wh_column_reserve(&b.columns[0], 1, SIZE_MAX, &err), WH_LIMIT);
    assert_int_equal(wh_column_reserve(&b.columns[0], INT64_MAX, 0, &err), WH_NOMEM);
    assert_int_equal(wh_column_reserve(&b.columns[0], 5000, 0, &err), WH_LIMIT);
    char text[512] = {0};
    enum wh_status status = WH_OK;
    while (status == WH_OK)
        status = wh_column_append_bytes(&b.columns[0], text, sizeof text, &err);
    assert_int_equal(status, WH_LIMIT);
    b.rows = b.columns[0].length;
    assert_int_equal(wh_batch_check(&b, &err), WH_OK);
    assert_true(b.rows >= 2);
    assert_int_equal(budget.used_bytes, wh_batch_bytes(&b));
    wh_batch_release(&b);
    assert_int_equal(budget.used_bytes, 0);
    wh_schema_release(&s);
}

static void truncates(void **state)
{
    (void)state;
    struct wh_error err;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state_of = seed * 977;
        struct wh_schema s = {0};
        assert_int_equal(random_schema(&s, &state_of, RANDOM_ALL_TYPES, &err), WH_OK);
        struct wh_batch whole = random_batch(&s, 60, &state_of), part = batch_of(&s), cut = batch_of(&s);
        int64_t keep = (int64_t)random_below(&state_of, 61);
        assert_int_equal(wh_batch_append(&part, &whole, 0, keep, &err), WH_OK);
        assert_int_equal(wh_batch_append(&cut, &whole, 0, 60, &err), WH_OK);
        for (size_t i = 0; i < s.n_fields; i++)
            wh_column_truncate(&cut.columns[i], keep);
        cut.rows = keep;
        check_equal(&part, &cut);
        /* What is cut off must not show through when the batch grows again. */
        assert_int_equal(wh_batch_append(&cut, &whole, keep, 60 - keep, &err), WH_OK);
        check_equal(&whole, &cut);
        wh_batch_release(&whole);
        wh_batch_release(&part);
        wh_batch_release(&cut);
        wh_schema_release(&s);
    }
}

static void appends_ranges(void **state)
{
    (void)state;
    struct wh_error err;
    static const int64_t steps[] = {1, 7, 64, 65536};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state_of = seed * 7919;
        struct wh_schema s = {0};
        assert_int_equal(random_schema(&s, &state_of, seed % 2 == 0 ? RANDOM_ALL_TYPES : 0, &err), WH_OK);
        struct wh_batch a = random_batch(&s, 300, &state_of), b = batch_of(&s);
        for (size_t k = 0; k < WH_COUNT(steps); k++) {
            wh_batch_reset(&b);
            for (int64_t at = 0; at < a.rows; at += steps[k])
                assert_int_equal(wh_batch_append(&b, &a, at, WH_MIN(steps[k], a.rows - at), &err), WH_OK);
            check_equal(&a, &b);
        }
        wh_batch_release(&a);
        wh_batch_release(&b);
        wh_schema_release(&s);
    }
}

/* take of rows equals append of each row. */
static void takes_rows(void **state)
{
    (void)state;
    struct wh_error err;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state_of = seed * 104729;
        struct wh_schema s = {0};
        assert_int_equal(random_schema(&s, &state_of, seed % 2 == 0 ? RANDOM_ALL_TYPES : 0, &err), WH_OK);
        struct wh_batch a = random_batch(&s, 200, &state_of), taken = batch_of(&s), one_by_one = batch_of(&s);
        int64_t rows[400];
        for (int mode = 0; mode < 4; mode++) {
            size_t n = 0;
            for (int64_t i = 0; i < (mode == 2 ? 400 : 200); i++)
                if (mode == 0 || (mode == 1 && random_below(&state_of, 3) > 0) || mode == 2)
                    rows[n++] = mode == 2 ? (int64_t)random_below(&state_of, 200) : i;
            wh_batch_reset(&one_by_one);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(wh_batch_append(&one_by_one, &a, rows[i], 1, &err), WH_OK);
            assert_int_equal(wh_batch_take(&taken, &a, rows, n, &err), WH_OK);
            check_equal(&one_by_one, &taken);
        }
        wh_batch_release(&a);
        wh_batch_release(&taken);
        wh_batch_release(&one_by_one);
        wh_schema_release(&s);
    }
}

static void set_offset(struct wh_column *c, int64_t i, int32_t value)
{
    memcpy(c->offsets.data + i * 4, &value, sizeof value);
}

static void checks_batches(void **state)
{
    (void)state;
    static const struct {
        const char *broken, *msg;
    } cases[] = {
        {"length", "could not use column \"a\" of a batch: its length is wrong"},
        {"negative", "could not use column \"a\" of a batch: its length is wrong"},
        {"data", "could not use column \"a\" of a batch: its data are too short"},
        {"nulls", "could not use column \"a\" of a batch: its count of nulls is wrong"},
        {"validity", "could not use column \"a\" of a batch: its validity bitmap is too short"},
        {"offsets", "could not use column \"b\" of a batch: its offsets are too short"},
        {"order", "could not use column \"b\" of a batch: its offsets do not ascend"},
        {"behind", "could not use column \"b\" of a batch: its offsets point behind the data"},
        {"member", "could not use column \"x\" of a batch: its length is wrong"},
        {"elements", "could not use column \"d\" of a batch: its offsets point behind the data"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_schema s = schema_of("a:int64,b:text,c:struct<x:bool>,d:list<bool>");
        struct wh_error err;
        uint64_t seed = 3;
        struct wh_batch b = random_batch(&s, 100, &seed);
        struct wh_column *c = b.columns;
        const char *what = cases[i].broken;
        if (strcmp(what, "length") == 0)
            c[0].length--;
        else if (strcmp(what, "negative") == 0)
            b.rows = c[0].length = -1;
        else if (strcmp(what, "data") == 0)
            c[0].data.size--;
        else if (strcmp(what, "nulls") == 0)
            c[0].null_count++;
        else if (strcmp(what, "validity") == 0)
            c[0].validity.size--;
        else if (strcmp(what, "offsets") == 0)
            c[1].offsets.size--;
        else if (strcmp(what, "order") == 0)
            set_offset(&c[1], 7, INT32_MAX);
        else if (strcmp(what, "behind") == 0)
            set_offset(&c[1], 100, INT32_MAX);
        else if (strcmp(what, "member") == 0)
            c[2].children[0].length--;
        else if (strcmp(what, "elements") == 0)
            set_offset(&c[3], 100, INT32_MAX);
        assert_int_equal(wh_batch_check(&b, &err), WH_DATA);
        assert_string_equal(err.msg, cases[i].msg);
        wh_batch_release(&b);
        wh_schema_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(makes_validity_with_the_first_null),
        cmocka_unit_test(unchecked_calls_equal_checked_ones),
        cmocka_unit_test(nulls_of_structs_reach_members),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(truncates),
        cmocka_unit_test(appends_ranges),
        cmocka_unit_test(takes_rows),
        cmocka_unit_test(checks_batches),
    };
    return cmocka_run_group_tests_name("batch/builder", tests, NULL, NULL);
}
