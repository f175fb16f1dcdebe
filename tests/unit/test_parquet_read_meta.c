/* tests/unit/test_parquet_read_meta.c - footers and page headers from bytes, and values by their types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "batch/text.h"
#include "format/parquet/convert.h"
#include "format/parquet/thrift_read.h"

/* ---- page headers
 * --------------------------------------------------------------------------------------------- */

/* type 0, 10 bytes, 8 compressed, crc -1, data page: 3 values, PLAIN, RLE, RLE */
#define DATA_PAGE "\x15\x00\x15\x14\x15\x10\x15\x01\x1c\x15\x06\x15\x00\x15\x06\x15\x06\x00\x00"
/* type 3, data page v2: 3 values, 1 null, 3 rows, RLE_DICTIONARY, 2 and 0 bytes of levels, not compressed */
#define PAGE_V2 "\x15\x06\x15\x14\x15\x14\x5c\x15\x06\x15\x02\x15\x06\x15\x10\x15\x04\x15\x00\x12\x00\x00"

static void reads_page_headers(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_pq_page_header h;
    size_t used;
    assert_int_equal(
        wh_pq_read_page_header(&h, wh_slice(DATA_PAGE "rest", sizeof DATA_PAGE + 3), &used, &err), WH_OK);
    assert_int_equal(used, sizeof DATA_PAGE - 1);
    assert_int_equal(h.type, WH_PQ_DATA_PAGE);
    assert_int_equal(h.uncompressed_bytes, 10);
    assert_int_equal(h.compressed_bytes, 8);
    assert_true(h.has_crc && h.crc == UINT32_MAX && h.is_compressed);
    assert_int_equal(h.n_values, 3);
    assert_int_equal(h.encoding, WH_PQ_PLAIN);
    assert_int_equal(h.def_encoding, WH_PQ_RLE);
    assert_int_equal(wh_pq_read_page_header(&h, wh_slice(PAGE_V2, sizeof PAGE_V2 - 1), &used, &err), WH_OK);
    assert_int_equal(h.n_nulls, 1);
    assert_int_equal(h.n_rows, 3);
    assert_int_equal(h.encoding, WH_PQ_RLE_DICTIONARY);
    assert_int_equal(h.def_bytes, 2);
    assert_true(!h.is_compressed && !h.has_crc);
    /* every shorter piece is only too short */
    for (size_t n = 0; n < sizeof PAGE_V2 - 1; n++)
        assert_int_equal(wh_pq_read_page_header(&h, wh_slice(PAGE_V2, n), &used, &err), WH_END);
}

static void refuses_page_headers(void **state)
{
    (void)state;
    static const struct {
        const char *label, *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {"no fields", "\x00", 1, "a page header is damaged: a required field is missing"},
        {"no kind", "\x15\x00\x15\x14\x15\x10\x00", 7,
         "a page header is damaged: a required field is missing"},
        {"size of 40 bits", "\x15\x00\x15\xfe\xff\xff\xff\xff\x0f\x00", 10,
         "a page header is damaged: a number is out of range"},
        {"number without end", "\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12,
         "a page header is damaged: a number is too long"},
        {"unknown type of field", "\x1e\x00", 2,
         "a page header is damaged: a field has an impossible number or type"},
        {"number of field below 0", "\x05\x01\x00", 3,
         "a page header is damaged: a field has an impossible number or type"},
        {"nested structs",
         "\xac\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c"
         "\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c",
         44, "a page header is damaged: it is nested too deep"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_pq_page_header h;
        size_t used;
        print_message("%s\n", cases[i].label);
        assert_int_equal(wh_pq_read_page_header(&h, wh_slice(cases[i].bytes, cases[i].n), &used, &err),
                         WH_DATA);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void passes_over_other_fields(void **state)
{
    (void)state;
    /* fields 9 to 16 of every type in front of those that are known, whose numbers then are written out */
    static const char bytes[] = "\x93\x07"                             /* i8 */
                                "\x17\x00\x00\x00\x00\x00\x00\xf0\x3f" /* double */
                                "\x18\x03"
                                "abc"
                                "\x19\x21\x01\x02" /* list of 2 bools */
                                "\x1a\x18\x01"
                                "x" /* set of binary */
                                "\x1b\x01\x58\x02\x01"
                                "y"            /* map of i32 to binary */
                                "\x1b\x00"     /* empty map */
                                "\x1c\x11\x00" /* struct of a bool */
                                "\x05\x02\x00\x15\x14\x15\x10\x18\x01"
                                "z" /* field 4, the checksum, as binary: passed over */
                                "\x1c\x15\x06\x15\x00\x15\x06\x15\x06\x00\x00";
    struct wh_error err;
    struct wh_pq_page_header h;
    size_t used;
    assert_int_equal(wh_pq_read_page_header(&h, wh_slice(bytes, sizeof bytes - 1), &used, &err), WH_OK);
    assert_int_equal(used, sizeof bytes - 1);
    assert_int_equal(h.n_values, 3);
    assert_false(h.has_crc);
}

/* ---- footers
 * ---------------------------------------------------------------------------------------------------- */

static enum wh_status read_footer(struct wh_pq_file_meta *m, const void *bytes, size_t n,
                                  struct wh_error *err)
{
    *m = (struct wh_pq_file_meta){0};
    assert_int_equal(wh_buffer_append(&m->footer, bytes, n, err), WH_OK);
    return wh_pq_read_file_meta(m, err);
}

static void reads_footers(void **state)
{
    (void)state;
    /* version 1; a root "r" with one INT32 leaf "a", required; 2 rows; one row group without columns; created
     * by */
    static const char bytes[] = "\x15\x02\x19\x2c\x48\x01r\x15\x02\x00\x15\x02\x25\x00\x18\x01"
                                "a\x00\x16\x04\x19\x1c\x19\x0c\x26\x04\x16\x04\x00\x28\x02me\x00";
    struct wh_error err = {0};
    struct wh_pq_file_meta m;
    assert_int_equal(read_footer(&m, bytes, sizeof bytes - 1, &err), WH_OK);
    assert_int_equal(m.n_elements, 2);
    assert_true(!m.elements[0].is_leaf && m.elements[0].n_children == 1);
    assert_true(m.elements[1].is_leaf && m.elements[1].type == WH_PQ_INT32);
    assert_int_equal(m.elements[1].converted, WH_PQ_CONVERTED_NONE);
    assert_int_equal(m.rows, 2);
    assert_int_equal(m.n_groups, 1);
    assert_int_equal(m.groups[0].rows, 2);
    assert_int_equal(m.groups[0].file_offset, -1);
    assert_true(wh_slice_eq(m.created_by, wh_slice_of("me")));
    wh_pq_file_meta_release(&m);
    for (size_t n = 0; n < sizeof bytes - 1; n++) {
        assert_int_equal(read_footer(&m, bytes, n, &err), WH_DATA);
        assert_string_equal(err.msg, "the footer is damaged: it ends early");
        wh_pq_file_meta_release(&m);
    }
}

static void refuses_footers(void **state)
{
    (void)state;
    static const struct {
        const char *label, *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {"no fields", "\x00", 1, "the footer is damaged: a required field is missing"},
        {"list longer than the footer", "\x29\xfc\xff\xff\xff\xff\x0f\x00", 8,
         "the footer is damaged: it ends early"},
        {"name longer than the footer", "\x29\x1c\x48\xff\x01r\x00\x00", 8,
         "the footer is damaged: it ends early"},
        {"element without name", "\x29\x1c\x15\x02\x00\x16\x04\x19\x0c\x00", 10,
         "the footer is damaged: a required field is missing"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_error err;
        struct wh_pq_file_meta m;
        print_message("%s\n", cases[i].label);
        assert_int_equal(read_footer(&m, cases[i].bytes, cases[i].n, &err), WH_DATA);
        assert_string_equal(err.msg, cases[i].message);
        wh_pq_file_meta_release(&m);
    }
}

/* Structs of a byte each would take hundreds of times the footer's memory. */
static void bounds_memory(void **state)
{
    (void)state;
    enum { COUNT = 3000000 };
    struct wh_error err;
    struct wh_pq_file_meta m = {0};
    assert_int_equal(wh_buffer_append(&m.footer, "\x49\x1c\x19\xfc\xc0\x8d\xb7\x01", 8, &err), WH_OK);
    assert_int_equal(wh_buffer_resize(&m.footer, COUNT + 100, &err), WH_OK);
    memset(m.footer.data + 8, 0, m.footer.size - 8);
    assert_int_equal(wh_pq_read_file_meta(&m, &err), WH_LIMIT);
    assert_true(strncmp(err.msg, "could not read the footer: the metadata needs more than", 55) == 0);
    wh_pq_file_meta_release(&m);
}

/* ---- values by their types
 * ------------------------------------------------------------------------------------------ */

static const struct {
    const char *type;
    int32_t physical, length;
    const char *bytes;
    size_t n_bytes;
    const char *want; /* text of the value; NULL: it does not fit */
} conversions[] = {
    {"int8", WH_PQ_INT32, 0, "\x80\xff\xff\xff", 4, "-128"},
    {"int8", WH_PQ_INT32, 0, "\x7f\xff\xff\xff", 4, NULL},
    {"int16", WH_PQ_INT32, 0, "\x00\x80\x00\x00", 4, NULL},
    {"uint8", WH_PQ_INT32, 0, "\xff\x00\x00\x00", 4, "255"},
    {"uint8", WH_PQ_INT32, 0, "\xff\xff\xff\xff", 4, NULL},
    {"uint16", WH_PQ_INT32, 0, "\xff\xff\x00\x00", 4, "65535"},
    {"time(us)", WH_PQ_INT32, 0, "\xff\x5b\x26\x05", 4, "23:59:59.999"},
    {"time(us)", WH_PQ_INT32, 0, "\x00\x5c\x26\x05", 4, NULL},
    {"time(us)", WH_PQ_INT64, 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, NULL},
    {"time(ns)", WH_PQ_INT64, 0, "\x01\x00\x00\x00\x00\x00\x00\x00", 8, "00:00:00.000000001"},
    {"timestamp(ns)", WH_PQ_INT96, 0, "\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x3d\x25\x00", 12,
     "1970-01-01T00:00:00"},
    {"timestamp(ns)", WH_PQ_INT96, 0, "\x01\x00\x00\x00\x00\x00\x00\x00\x8b\x3d\x25\x00", 12,
     "1969-12-31T00:00:00.000000001"},
    /* the first and the last nanosecond there are, and their neighbours */
    {"timestamp(ns)", WH_PQ_INT96, 0, "\x00\x00\x00\xaf\xb1\x00\x00\x00\x8c\x9c\x23\x00", 12,
     "1677-09-21T00:12:43.145224192"},
    {"timestamp(ns)", WH_PQ_INT96, 0, "\xff\xff\xff\xae\xb1\x00\x00\x00\x8c\x9c\x23\x00", 12, NULL},
    {"timestamp(ns)", WH_PQ_INT96, 0, "\xff\xff\x4e\xe2\xe2\x4d\x00\x00\x8b\xde\x26\x00", 12,
     "2262-04-11T23:47:16.854775807"},
    {"timestamp(ns)", WH_PQ_INT96, 0, "\x00\x00\x4f\xe2\xe2\x4d\x00\x00\x8b\xde\x26\x00", 12, NULL},
    {"float32", WH_PQ_FIXED, 2, "\x00\x3c", 2, "1"},
    {"float32", WH_PQ_FIXED, 2, "\x00\x80", 2, "-0"},
    {"float32", WH_PQ_FIXED, 2, "\xff\x7b", 2, "65504"},
    {"float32", WH_PQ_FIXED, 2, "\x01\x00", 2, "5.9604645e-8"},
    {"float32", WH_PQ_FIXED, 2, "\xff\x03", 2, "6.097555e-5"},
    {"float32", WH_PQ_FIXED, 2, "\x00\xfc", 2, "-Infinity"},
    {"float32", WH_PQ_FIXED, 2, "\x01\x7e", 2, "NaN"},
    {"decimal(4,2)", WH_PQ_INT32, 0, "\xf1\xd8\xff\xff", 4, "-99.99"},
    {"decimal(4,2)", WH_PQ_INT32, 0, "\x10\x27\x00\x00", 4, NULL},
    {"decimal(18,0)", WH_PQ_INT64, 0, "\x00\x00\x64\xa7\xb3\xb6\xe0\x0d", 8, NULL},
    {"decimal(30,3)", WH_PQ_INT64, 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "-0.001"},
    {"decimal(76,1)", WH_PQ_INT32, 0, "\x0a\x00\x00\x00", 4, "1.0"},
    {"decimal(5,2)", WH_PQ_FIXED, 3, "\xff\xff\xff", 3, "-0.01"},
    {"decimal(5,2)", WH_PQ_FIXED, 9, "\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 9, "-0.02"},
    {"decimal(5,2)", WH_PQ_FIXED, 9, "\x01\x00\x00\x00\x00\x00\x00\x00\x00", 9, NULL},
    {"decimal(38,0)", WH_PQ_FIXED, 16, "\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x3f\xff\xff\xff\xff", 16,
     "99999999999999999999999999999999999999"},
    {"decimal(38,0)", WH_PQ_FIXED, 16, "\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x40\x00\x00\x00\x00", 16,
     NULL},
    {"decimal(40,2)", WH_PQ_BYTE_ARRAY, 0, "\x01\x00", 2, "2.56"},
    {"decimal(40,2)", WH_PQ_BYTE_ARRAY, 0, "", 0, NULL},
    {"uuid", WH_PQ_FIXED, 16, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16,
     "00112233-4455-6677-8899-aabbccddeeff"},
    {"interval", WH_PQ_FIXED, 12, "\x0e\x00\x00\x00\x03\x00\x00\x00\xdc\x05\x00\x00", 12, "P1Y2M3DT1.5S"},
    {"interval", WH_PQ_FIXED, 12, "\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00", 12, NULL},
};

static void converts_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(conversions); i++) {
        struct wh_error err = {0};
        struct wh_pq_convert c;
        struct wh_field field = {0};
        struct wh_column column;
        struct wh_buffer text = {0};
        uint8_t out[32], flag = 0;
        print_message("%s: case %zu\n", conversions[i].type, i);
        assert_int_equal(wh_type_parse(&field, conversions[i].type, &err), WH_OK);
        struct wh_pq_node leaf = {
            .field = &field, .type = conversions[i].physical, .length = conversions[i].length};
        assert_int_equal(wh_pq_convert_init(&c, &leaf, &err), WH_OK);
        const uint8_t *in = (const uint8_t *)conversions[i].bytes;
        size_t bad = 0;
        if (c.in_width == 0)
            bad = wh_pq_convert_bytes(&c, in, (int32_t[]){0, (int32_t)conversions[i].n_bytes}, 1, out, &flag);
        else if (c.fn != NULL)
            bad = c.fn(&c, in, 1, out, &flag);
        else
            memcpy(out, in, c.out_width);
        assert_int_equal(bad, conversions[i].want == NULL);
        assert_int_equal(flag, bad);
        if (conversions[i].want != NULL) {
            assert_int_equal(wh_column_init(&column, &field, NULL, &err), WH_OK);
            assert_int_equal(wh_column_append(&column, out, &err), WH_OK);
            assert_int_equal(wh_value_format(&text, &column, 0, &err), WH_OK);
            assert_int_equal(text.size, strlen(conversions[i].want));
            assert_memory_equal(text.data, conversions[i].want, text.size);
            wh_column_release(&column);
        } else {
            assert_non_null(c.reason);
        }
        wh_buffer_release(&text);
        wh_field_release(&field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_page_headers),       cmocka_unit_test(refuses_page_headers),
        cmocka_unit_test(passes_over_other_fields), cmocka_unit_test(reads_footers),
        cmocka_unit_test(refuses_footers),          cmocka_unit_test(bounds_memory),
        cmocka_unit_test(converts_values),
    };
    return cmocka_run_group_tests_name("parquet/meta", tests, NULL, NULL);
}
