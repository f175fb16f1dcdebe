/* tests/unit/test_batch_arrow.c - the Arrow C data and stream interfaces: round trips and hostile producers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "batch/arrow.h"
#include "batch/text.h"
#include "support/random_batch.h"

static void round_trips(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 7, 300};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct wh_error err;
        uint64_t state_of = seed * 4111;
        char why[300];
        struct wh_budget budget = {0};
        struct wh_schema s = {0}, imported = {0};
        assert_int_equal(random_schema(&s, &state_of, seed % 2 == 0 ? RANDOM_ALL_TYPES : 0, &err), WH_OK);
        struct wh_batch sent, kept, got;
        assert_int_equal(wh_batch_init(&sent, &s, &budget, &err), WH_OK);
        assert_int_equal(wh_batch_init(&kept, &s, NULL, &err), WH_OK);
        assert_int_equal(random_rows(&sent, sizes[seed % 4], &state_of, &err), WH_OK);
        assert_int_equal(wh_batch_append(&kept, &sent, 0, sent.rows, &err), WH_OK);

        struct ArrowSchema schema;
        struct ArrowArray array;
        assert_int_equal(wh_arrow_export_schema(&schema, &s, &err), WH_OK);
        assert_int_equal(wh_arrow_export_batch(&array, &sent, &err), WH_OK);
        assert_int_equal(sent.rows, 0);
        assert_int_equal(wh_batch_check(&sent, &err), WH_OK);
        assert_int_equal(budget.used_bytes, wh_batch_bytes(&sent));
        wh_batch_release(&sent);

        assert_int_equal(wh_arrow_import_schema(&imported, &schema, &err), WH_OK);
        assert_int_equal(imported.n_fields, s.n_fields);
        for (size_t i = 0; i < s.n_fields; i++) {
            assert_string_equal(imported.fields[i].name, s.fields[i].name);
            assert_int_equal(imported.fields[i].nullable, s.fields[i].nullable);
        }
        assert_int_equal(wh_batch_init(&got, &imported, NULL, &err), WH_OK);
        for (int round = 0; round < 2; round++) { /* behind each other */
            if (wh_arrow_import_batch(&got, &array, &schema, &err) != WH_OK)
                fail_msg("%s", err.msg);
            if (round == 0 && !batches_equal(&kept, &got, why, sizeof why))
                fail_msg("%s", why);
        }
        assert_int_equal(got.rows, 2 * kept.rows);
        assert_int_equal(wh_batch_check(&got, &err), WH_OK);
        array.release(&array);
        schema.release(&schema);
        wh_batch_release(&kept);
        wh_batch_release(&got);
        wh_schema_release(&s);
        wh_schema_release(&imported);
    }
}

/* ---- streams ---------------------------------------------------------------------------------- */

struct feed {
    int left;
    bool done;
};

static enum wh_status feed_next(void *self, struct wh_batch *out, struct wh_error *err)
{
    struct feed *f = self;
    if (f->left < 0)
        return wh_fail(err, WH_IO, "could not read \"x\": the well is dry");
    if (f->left-- == 0)
        return WH_END;
    out->rows = 1;
    return wh_column_append(&out->columns[0], &(int64_t){f->left}, err);
}

static void feed_done(void *self)
{
    ((struct feed *)self)->done = true;
}

static void streams(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = {0};
    assert_int_equal(wh_schema_parse(&s, "a:int64", &err), WH_OK);
    struct feed feed = {.left = 2};
    struct wh_batch_pull pull = {.schema = &s, .next = feed_next, .done = feed_done, .self = &feed};
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(wh_arrow_export_stream(&stream, &pull, &err), WH_OK);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_string_equal(schema.children[0]->format, "l");
    schema.release(&schema);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stream.get_next(&stream, &array), 0);
        assert_int_equal(array.length, 1);
        array.release(&array);
    }
    assert_int_equal(stream.get_next(&stream, &array), 0);
    assert_null(array.release);
    assert_null(stream.get_last_error(&stream));
    assert_int_equal(stream.get_next(&stream, &array), EIO);
    assert_string_equal(stream.get_last_error(&stream), "could not read \"x\": the well is dry");
    assert_false(feed.done);
    stream.release(&stream);
    assert_true(feed.done);
    assert_null(stream.release);
    wh_schema_release(&s);
}

/* ---- foreign producers ------------------------------------------------------------------------ */

static void keep(struct ArrowArray *a)
{
    (void)a;
}
static void keep_schema(struct ArrowSchema *s)
{
    (void)s;
}

/* A batch of one column with up to one child and dictionary, all of it on the stack. */
struct foreign {
    struct ArrowSchema schema, column, child, dictionary;
    struct ArrowSchema *columns[1], *children[1];
    struct ArrowArray array, values, items, words;
    struct ArrowArray *arrays[1], *item_arrays[1];
    const void *none[1], *buffers[3], *item_buffers[3], *word_buffers[3];
};

static void foreign_init(struct foreign *f, const char *format, int64_t length, int64_t n_buffers)
{
    *f = (struct foreign){.columns = {&f->column}, .children = {&f->child}, .arrays = {&f->values}};
    f->item_arrays[0] = &f->items;
    f->schema = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 1, .children = f->columns, .release = keep_schema};
    f->column = (struct ArrowSchema){
        .format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE, .release = keep_schema};
    f->array = (struct ArrowArray){.length = length,
                                   .n_buffers = 1,
                                   .buffers = f->none,
                                   .n_children = 1,
                                   .children = f->arrays,
                                   .release = keep};
    f->values = (struct ArrowArray){
        .length = length, .n_buffers = n_buffers, .buffers = f->buffers, .null_count = -1, .release = keep};
}

static void foreign_child(struct foreign *f, const char *format, int64_t length, const void *values)
{
    f->column.n_children = f->values.n_children = 1;
    f->column.children = f->children;
    f->values.children = f->item_arrays;
    f->child = (struct ArrowSchema){
        .format = format, .name = "item", .flags = ARROW_FLAG_NULLABLE, .release = keep_schema};
    f->items = (struct ArrowArray){
        .length = length, .n_buffers = 2, .buffers = f->item_buffers, .null_count = -1, .release = keep};
    f->item_buffers[1] = values;
}

static void foreign_dictionary(struct foreign *f, int64_t length, const int32_t *offsets, const char *bytes)
{
    f->column.dictionary = &f->dictionary;
    f->values.dictionary = &f->words;
    f->dictionary = (struct ArrowSchema){.format = "u", .name = "", .release = keep_schema};
    f->words = (struct ArrowArray){
        .length = length, .n_buffers = 3, .buffers = f->word_buffers, .null_count = -1, .release = keep};
    f->word_buffers[1] = offsets;
    f->word_buffers[2] = bytes;
}

/* The only column as text "a|b|NULL|", or the error. */
static char *imported(const struct foreign *f)
{
    static char text[600];
    struct wh_error err;
    struct wh_schema s = {0};
    struct wh_batch b = {0};
    enum wh_status status = wh_arrow_import_schema(&s, &f->schema, &err);
    if (status == WH_OK)
        status = wh_batch_init(&b, &s, NULL, &err);
    if (status == WH_OK)
        status = wh_arrow_import_batch(&b, &f->array, &f->schema, &err);
    struct wh_error broken;
    if (b.columns != NULL && wh_batch_check(&b, &broken) != WH_OK)
        fail_msg("%s", broken.msg);
    size_t n = 0;
    text[0] = '\0';
    struct wh_buffer value = {0};
    for (int64_t i = 0; status == WH_OK && i < b.rows; i++) {
        value.size = 0;
        if (!wh_column_is_null(&b.columns[0], i))
            status = wh_value_format(&value, &b.columns[0], i, &err);
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s|",
                              value.size == 0 && wh_column_is_null(&b.columns[0], i) ? 4 : (int)value.size,
                              wh_column_is_null(&b.columns[0], i) ? "NULL" : (const char *)value.data);
    }
    if (status != WH_OK)
        snprintf(text, sizeof text, "%s: %s", wh_status_name(status), err.msg);
    wh_buffer_release(&value);
    wh_batch_release(&b);
    wh_schema_release(&s);
    return text;
}

static const uint8_t all_but_second[] = {0xfd};

static void takes_foreign_layouts(void **state)
{
    (void)state;
    static const int32_t i32[] = {1, 2, 3, -4, 5, 6};
    static const int64_t i64[] = {86400000, 2, -86400000, 5, 0, 1};
    static const int64_t decimals[] = {150, 0, 7, 0, -150, -1};
    static const int32_t o32[] = {0, 1, 3, 3}, kept_o32[] = {1, 3, 3, 6};
    static const int64_t o64[] = {2, 2, 4, 5};
    static const uint16_t halves[] = {0x3c00, 0x0001, 0xfc00};
    static const struct {
        const char *format;
        int64_t n_buffers;
        const void *values, *bytes;
        const char *text;
    } cases[] = {
        {"i", 2, i32, NULL, "1|NULL|3|"},
        {"e", 2, halves, NULL, "1|NULL|-Infinity|"},
        {"tdm", 2, i64, NULL, "1970-01-02|NULL|1969-12-31|"},
        {"tts", 2, i32, NULL, "00:00:01|NULL|00:00:03|"},
        {"ttm", 2, i32, NULL, "00:00:00.001|NULL|00:00:00.003|"},
        {"tiM", 2, i32, NULL, "P1M|NULL|P3M|"},
        {"tiD", 2, i32, NULL, "P1DT0.002S|NULL|P5DT0.006S|"},
        {"d:5,2", 2, decimals, NULL, "1.50|NULL|-1.50|"},
        {"d:9,2,32", 2, i32, NULL, "0.01|NULL|0.03|"},
        {"d:18,2,64", 2, decimals, NULL, "1.50|NULL|0.07|"},
        {"u", 3, o32, "abcdef", "a|NULL||"},
        {"u", 3, kept_o32, "abcdef", "bc|NULL|def|"},
        {"U", 3, o64, "abcdef", "|NULL|e|"},
        {"z", 3, o32, "abcdef", "\\x61|NULL|\\x|"},
        {"w:2", 2, "abcdef", NULL, "\\x6162|NULL|\\x6566|"},
        {"w:0", 2, NULL, NULL, "\\x|NULL|\\x|"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct foreign f;
        foreign_init(&f, cases[i].format, 3, cases[i].n_buffers);
        f.buffers[0] = all_but_second;
        f.buffers[1] = cases[i].values;
        f.buffers[2] = cases[i].bytes;
        assert_string_equal(imported(&f), cases[i].text);
    }
}

static void takes_foreign_lists(void **state)
{
    (void)state;
    static const int32_t items[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
    static const int32_t o32[] = {1, 3, 6, 8};
    static const int64_t o64[] = {0, 0, 4, 5};
    static const struct {
        const char *format;
        const void *offsets;
        int64_t offset, length;
        const char *text;
    } cases[] = {
        {"+l", o32, 0, 3, "[11,12]|NULL|[16,17]|"},
        {"+l", o32, 1, 2, "NULL|[16,17]|"},
        {"+l", o32, 2, 1, "[16,17]|"},
        {"+l", NULL, 0, 0, ""},
        {"+L", o64, 0, 3, "[]|NULL|[14]|"},
        {"+w:3", NULL, 0, 3, "[10,11,12]|NULL|[16,17,18]|"},
        {"+w:3", NULL, 2, 1, "[16,17,18]|"},
        {"+w:0", NULL, 0, 3, "[]|NULL|[]|"},
        {"+s", NULL, 0, 3, "{\"item\":10}|NULL|{\"item\":12}|"},
        {"+s", NULL, 2, 3, "{\"item\":12}|{\"item\":13}|{\"item\":14}|"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct foreign f;
        foreign_init(&f, cases[i].format, cases[i].length,
                     cases[i].format[1] == 'l' || cases[i].format[1] == 'L' ? 2 : 1);
        foreign_child(&f, "i", 10, items);
        f.values.offset = cases[i].offset;
        f.buffers[0] = all_but_second;
        f.buffers[1] = cases[i].offsets;
        assert_string_equal(imported(&f), cases[i].text);
    }
}

static void decodes_dictionaries(void **state)
{
    (void)state;
    static const int32_t offsets[] = {0, 3, 3, 5};
    static const int8_t indexes[] = {2, 100, 0, 1, 2};
    struct foreign f;
    foreign_init(&f, "c", 5, 2);
    foreign_dictionary(&f, 3, offsets, "abcde");
    f.buffers[0] = all_but_second;
    f.buffers[1] = indexes;
    assert_string_equal(imported(&f), "de|NULL|abc||de|");
    f.buffers[0] = NULL;
    assert_string_equal(imported(&f),
                        "data: could not import column \"x\" from an arrow array: an index points "
                        "behind the dictionary");
    f.dictionary.dictionary = &f.dictionary;
    assert_string_equal(imported(&f),
                        "config: could not import column \"x\" of arrow type \"c\": its dictionary is "
                        "no plain schema");
}

static void refuses_foreign_types(void **state)
{
    (void)state;
    static const struct {
        const char *format, *why;
    } cases[] = {
        {"", "the type has no counterpart"},
        {"vu", "the type has no counterpart"},
        {"+us:1,2", "the type has no counterpart"},
        {"tDs", "the type has no counterpart"},
        {"d:39,2", "decimals have 1 to 76 digits, 0 to all of them behind the point"},
        {"d:5,-2", "decimals have 1 to 76 digits, 0 to all of them behind the point"},
        {"d:5", "its parameters are wrong"},
        {"d:5,2,63", "its parameters are wrong"},
        {"d:5,2,", "its parameters are wrong"},
        {"d:99999999999999999999,2", "its parameters are wrong"},
        {"ts", "its parameters are wrong"},
        {"tsx:", "its parameters are wrong"},
        {"tss:a b", "its time zone is no name"},
        {"w:", "its parameters are wrong"},
        {"w:-1", "its parameters are wrong"},
        {"+w:5", "its number of children is wrong"},
        {"+l", "its number of children is wrong"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct foreign f;
        char wanted[200];
        foreign_init(&f, cases[i].format, 0, 2);
        snprintf(wanted, sizeof wanted, "config: could not import column \"x\" of arrow type \"%s\": %s",
                 cases[i].format, cases[i].why);
        assert_string_equal(imported(&f), wanted);
    }
    struct foreign f;
    foreign_init(&f, "+l", 0, 2);
    foreign_child(&f, "+l", 0, NULL);
    f.child.n_children = 1;
    f.child.children = f.children; /* a list of itself */
    assert_non_null(strstr(imported(&f), "it is nested deeper than 64 levels"));
    foreign_init(&f, "i", 0, 2);
    f.schema.format = "i";
    f.schema.n_children = 0;
    assert_non_null(strstr(imported(&f), "a batch is a struct"));
}

static void refuses_hostile_arrays(void **state)
{
    (void)state;
    static const int32_t falling[] = {0, 3, 2, 4}, negative[] = {-1, 0, 1, 2}, long_ones[] = {0, 1, 2, 11};
    static const int32_t items[10], fine[] = {0, 1, 2, 3};
    static const int64_t huge[] = {0, 1, 2, INT64_MAX};
    static const uint8_t top_nulls[] = {0x05};
    static const char invalid[] = "a\xff"
                                  "b";
    struct foreign f;
#define EXPECT(why)                                                                                          \
    assert_string_equal(imported(&f), "data: could not import column \"x\" from an arrow array: " why)
    foreign_init(&f, "i", 3, 2);
    EXPECT("a buffer is missing");
    foreign_init(&f, "b", 3, 2);
    EXPECT("a buffer is missing");
    foreign_init(&f, "i", 3, 1);
    EXPECT("its number of buffers is wrong");
    foreign_init(&f, "i", 3, 2);
    f.buffers[1] = items;
    f.values.null_count = 1;
    EXPECT("it has nulls but no validity bitmap");
    f.values.null_count = 0;
    f.values.length = -1;
    EXPECT("its length is impossible");
    f.values.length = INT64_MAX;
    f.values.offset = 1;
    EXPECT("its length is impossible");
    f.values.length = 2;
    f.values.release = NULL;
    EXPECT("it has been released");
    foreign_init(&f, "d:5,2", 1, 2);
    f.buffers[1] = huge;
    f.values.offset = 1; /* 2 + INT64_MAX * 2^64 */
    EXPECT("a value does not fit the type");
    foreign_init(&f, "u", 3, 3);
    EXPECT("a buffer is missing");
    f.buffers[1] = falling;
    EXPECT("its offsets do not ascend");
    f.buffers[1] = negative;
    EXPECT("its offsets do not ascend");
    f.buffers[1] = fine;
    EXPECT("a buffer is missing");
    f.buffers[2] = invalid;
    EXPECT("a text is not valid UTF-8");
    foreign_init(&f, "+l", 3, 2);
    foreign_child(&f, "i", 10, items);
    f.buffers[1] = long_ones;
    EXPECT("a child is too short");
    f.item_arrays[0] = NULL;
    EXPECT("a child is missing");
    foreign_init(&f, "+L", 3, 2);
    foreign_child(&f, "i", 10, items);
    f.buffers[1] = huge;
    EXPECT("a child is too short");
    foreign_init(&f, "+w:999999999", 3, 1);
    foreign_child(&f, "i", 10, items);
    EXPECT("a child is too short");
    foreign_init(&f, "i", 3, 2);
    f.buffers[0] = all_but_second;
    f.buffers[1] = items;
    f.column.flags = 0;
    EXPECT("it has nulls where the schema allows none");
#undef EXPECT
    foreign_init(&f, "i", 3, 2);
    f.buffers[1] = items;
    f.array.length = 4;
    assert_string_equal(imported(&f),
                        "data: could not import column \"\" from an arrow array: a child is too short");
    f.array.length = 3;
    f.none[0] = top_nulls;
    assert_string_equal(imported(&f),
                        "data: could not import column \"\" from an arrow array: a row is null as a "
                        "whole");
}

static void wants_the_schema_of_the_batch(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_schema s = {0};
    struct wh_batch b;
    struct foreign f;
    assert_int_equal(wh_schema_parse(&s, "x:int64", &err), WH_OK);
    assert_int_equal(wh_batch_init(&b, &s, NULL, &err), WH_OK);
    foreign_init(&f, "i", 0, 2);
    assert_int_equal(wh_arrow_import_batch(&b, &f.array, &f.schema, &err), WH_DATA);
    assert_string_equal(err.msg, "could not import an arrow array: its schema is not that of the batch");
    wh_batch_release(&b);
    wh_schema_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(streams),
        cmocka_unit_test(takes_foreign_layouts),
        cmocka_unit_test(takes_foreign_lists),
        cmocka_unit_test(decodes_dictionaries),
        cmocka_unit_test(refuses_foreign_types),
        cmocka_unit_test(refuses_hostile_arrays),
        cmocka_unit_test(wants_the_schema_of_the_batch),
    };
    return cmocka_run_group_tests_name("batch/arrow", tests, NULL, NULL);
}
