/* test_parquet_write_encode.c - encodings, dictionaries, bounds and bloom filters of the Parquet
 * writer, each against a plain decoder written here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/bitpack.h"
#include "format/parquet/bloom.h"
#include "format/parquet/bounds.h"
#include "format/parquet/choose.h"
#include "format/parquet/distinct.h"
#include "format/parquet/encode.h"

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint64_t below_bits(uint64_t *state, int bits)
{
    return bits == 0 ? 0 : next_random(state) >> (64 - bits);
}

/* ---- decoders ---------------------------------------------------------------------------------- */

static uint64_t get_varint(const uint8_t **p)
{
    uint64_t v = 0;
    int shift = 0;
    do
        v |= (uint64_t)(**p & 0x7F) << shift;
    while (shift += 7, *(*p)++ & 0x80);
    return v;
}

static int64_t get_zigzag(const uint8_t **p)
{
    uint64_t v = get_varint(p);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint64_t get_bits(const uint8_t *p, size_t at, int bits)
{
    uint64_t v = 0;
    for (int k = 0; k < bits; k++, at++)
        v |= (uint64_t)(p[at / 8] >> at % 8 & 1) << k;
    return v;
}

static const uint8_t *decode_rle(const uint8_t *p, uint32_t *out, size_t n, int bits)
{
    size_t done = 0;
    while (done < n) {
        uint64_t header = get_varint(&p);
        if (header & 1) {
            for (size_t i = 0; i < (header >> 1) * 8 && done < n; i++)
                out[done++] = (uint32_t)get_bits(p, i * (size_t)bits, bits);
            p += (header >> 1) * (size_t)bits;
        } else {
            uint32_t v = (uint32_t)get_bits(p, 0, (bits + 7) / 8 * 8);
            assert_true(header >> 1 <= n - done);
            for (size_t i = 0; i < header >> 1; i++)
                out[done++] = v;
            p += (bits + 7) / 8;
        }
    }
    return p;
}

static const uint8_t *decode_delta(const uint8_t *p, int64_t *out, size_t *n)
{
    size_t block = get_varint(&p), minis = get_varint(&p), per = block / minis, done = 0;
    *n = get_varint(&p);
    int64_t v = get_zigzag(&p);
    if (*n > 0)
        out[done++] = v;
    while (done < *n) {
        int64_t least = get_zigzag(&p);
        const uint8_t *widths = p;
        p += minis;
        for (size_t m = 0; m < minis && done < *n; m++) {
            for (size_t i = 0; i < per && done < *n; i++) {
                uint64_t delta = get_bits(p, i * widths[m], widths[m]) + (uint64_t)least;
                v = (int64_t)((uint64_t)v + delta);
                out[done++] = v;
            }
            p += per * widths[m] / 8;
        }
    }
    return p;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static void test_pack(void **state)
{
    (void)state;
    uint8_t out[64 * 8 + 16];
    uint64_t random = 1, wide[64];
    uint32_t narrow[64];
    for (int bits = 0; bits <= 64; bits++) {
        for (size_t i = 0; i < 64; i++)
            narrow[i] = (uint32_t)(wide[i] = below_bits(&random, bits));
        memset(out, 0xAA, sizeof out);
        assert_ptr_equal(wh_pq_pack64(out, wide, 64, bits), out + 8 * bits);
        for (size_t i = 0; i < 64; i++)
            assert_true(get_bits(out, i * (size_t)bits, bits) == wide[i]);
        if (bits > 32)
            continue;
        memset(out, 0xAA, sizeof out);
        assert_ptr_equal(wh_pq_pack32(out, narrow, 64, bits), out + 8 * bits);
        for (size_t i = 0; i < 64; i++)
            assert_true(get_bits(out, i * (size_t)bits, bits) == narrow[i]);
    }
}

static void check_rle(const uint32_t *v, size_t n, int bits)
{
    struct wh_error err;
    struct wh_buffer out = {0};
    uint32_t *copy = wh_alloc_array(n + 8, sizeof *copy), *back = wh_alloc_array(n + 8, sizeof *back);
    memcpy(copy, v, n * sizeof *v);
    assert_int_equal(wh_pq_encode_rle(&out, copy, n, bits, &err), WH_OK);
    assert_ptr_equal(decode_rle(out.data, back, n, bits), out.data + out.size);
    assert_memory_equal(back, v, n * sizeof *v);
    wh_buffer_release(&out);
    free(copy);
    free(back);
}

static void test_rle(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 8, 9, 15, 16, 17, 31, 100, 1000, 5000};
    static uint32_t v[5000];
    uint64_t random = 7;
    for (int bits = 0; bits <= 32; bits++) {
        for (size_t k = 0; k < WH_COUNT(sizes); k++) {
            size_t n = sizes[k];
            for (size_t i = 0; i < n; i++)
                v[i] = (uint32_t)below_bits(&random, bits);
            check_rle(v, n, bits);
            /* Runs of all lengths. */
            for (size_t i = 0; i < n; i++)
                v[i] =
                    i > 0 && next_random(&random) % 24 != 0 ? v[i - 1] : (uint32_t)below_bits(&random, bits);
            check_rle(v, n, bits);
        }
    }
}

static void test_rle_sizes(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_buffer out = {0};
    uint32_t v[1008];
    for (size_t i = 0; i < 1000; i++)
        v[i] = 3;
    assert_int_equal(wh_pq_encode_rle(&out, v, 1000, 5, &err), WH_OK);
    assert_int_equal(out.size, 3); /* varint 2000, one byte */
    out.size = 0;
    assert_int_equal(wh_pq_encode_run(&out, 1, 32768, 1, &err), WH_OK);
    assert_int_equal(out.size, 4);
    wh_buffer_release(&out);
}

static void check_delta(int width, const uint64_t *v, size_t n)
{
    struct wh_error err;
    struct wh_buffer out = {0}, data = {0};
    int64_t *back = wh_alloc_array(n + 1, sizeof *back);
    size_t n_back;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(wh_buffer_append(&data, &v[i], (size_t)width, &err), WH_OK);
    assert_int_equal(wh_buffer_reserve(&data, 8, &err), WH_OK);
    struct wh_pq_values values = {
        .type = width == 8 ? WH_PQ_INT64 : WH_PQ_INT32, .width = width, .n = n, .data = data.data};
    assert_int_equal(wh_pq_encode_delta(&out, &values, &err), WH_OK);
    assert_ptr_equal(decode_delta(out.data, back, &n_back), out.data + out.size);
    assert_int_equal(n_back, n);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(&back[i], &v[i], (size_t)width);
    wh_buffer_release(&out);
    wh_buffer_release(&data);
    free(back);
}

static void test_delta(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 32, 33, 128, 129, 130, 257, 1000};
    static uint64_t v[1000];
    uint64_t random = 3;
    for (int bits = 0; bits <= 64; bits += bits < 8 ? 1 : 7) {
        for (size_t k = 0; k < WH_COUNT(sizes); k++) {
            for (size_t i = 0; i < sizes[k]; i++)
                v[i] = below_bits(&random, bits) - (bits > 3 ? UINT64_C(1) << (bits - 1) : 0);
            check_delta(8, v, sizes[k]);
            check_delta(4, v, sizes[k]);
        }
    }
    /* The widest differences wrap around. */
    for (size_t i = 0; i < 300; i++)
        v[i] = i % 2 ? UINT64_C(0x8000000080000000) : UINT64_C(0x7FFFFFFF7FFFFFFF);
    check_delta(8, v, 300);
    check_delta(4, v, 300);
    for (size_t i = 0; i < 300; i++)
        v[i] = i % 2 ? UINT64_C(0x8000000000000000) : UINT64_C(0x7FFFFFFFFFFFFFFF);
    check_delta(8, v, 300);
}

static void test_split(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_buffer out = {0};
    const uint8_t data[] = {1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24};
    const uint8_t expected[] = {1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24};
    struct wh_pq_values v = {.type = WH_PQ_FLOAT, .width = 4, .n = 3, .data = data};
    assert_int_equal(wh_pq_encode(&out, WH_PQ_BYTE_STREAM_SPLIT, &v, NULL, &err), WH_OK);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    wh_buffer_release(&out);
}

/* ---- byte arrays ------------------------------------------------------------------------------- */

struct texts {
    struct wh_buffer data, offsets;
};

static struct wh_pq_values add_texts(struct texts *t, const char *const *items, size_t n)
{
    struct wh_error err;
    uint32_t end = 0;
    assert_int_equal(wh_buffer_append(&t->offsets, &end, sizeof end, &err), WH_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(wh_buffer_append(&t->data, items[i], strlen(items[i]), &err), WH_OK);
        end = (uint32_t)t->data.size;
        assert_int_equal(wh_buffer_append(&t->offsets, &end, sizeof end, &err), WH_OK);
    }
    return (struct wh_pq_values){.type = WH_PQ_BYTE_ARRAY,
                                 .n = n,
                                 .data = t->data.data,
                                 .offsets = (const uint32_t *)(const void *)t->offsets.data};
}

static void release_texts(struct texts *t)
{
    wh_buffer_release(&t->data);
    wh_buffer_release(&t->offsets);
}

static const char *const words[] = {"",
                                    "a",
                                    "apple",
                                    "apple pie",
                                    "apple pies",
                                    "apples",
                                    "bee",
                                    "beekeeper",
                                    "beekeeping",
                                    "",
                                    "cat",
                                    "catalogue of long things",
                                    "catalogue of long thingies"};

static void test_delta_bytes(void **state)
{
    (void)state;
    struct wh_error err;
    struct texts t = {0};
    struct wh_buffer out = {0}, scratch = {0};
    struct wh_pq_values v = add_texts(&t, words, WH_COUNT(words));
    int64_t prefixes[WH_COUNT(words)], lengths[WH_COUNT(words)];
    size_t n;
    assert_int_equal(wh_pq_encode(&out, WH_PQ_DELTA_BYTE_ARRAY, &v, &scratch, &err), WH_OK);
    const uint8_t *p = decode_delta(out.data, prefixes, &n);
    p = decode_delta(p, lengths, &n);
    assert_int_equal(n, WH_COUNT(words));
    char text[64] = "";
    for (size_t i = 0; i < n; i++) {
        memcpy(text + prefixes[i], p, (size_t)lengths[i]);
        text[prefixes[i] + lengths[i]] = '\0';
        p += lengths[i];
        assert_string_equal(text, words[i]);
    }
    assert_ptr_equal(p, out.data + out.size);
    assert_int_equal(prefixes[12], strlen("catalogue of long thing"));
    out.size = 0;
    assert_int_equal(wh_pq_encode(&out, WH_PQ_DELTA_LENGTH_BYTE_ARRAY, &v, &scratch, &err), WH_OK);
    p = decode_delta(out.data, lengths, &n);
    for (size_t i = 0; i < n; p += lengths[i++]) {
        assert_int_equal(lengths[i], strlen(words[i]));
        assert_memory_equal(p, words[i], strlen(words[i]));
    }
    assert_ptr_equal(p, out.data + out.size);
    wh_buffer_release(&out);
    wh_buffer_release(&scratch);
    release_texts(&t);
}

static void test_plain(void **state)
{
    (void)state;
    struct wh_error err;
    struct texts t = {0};
    struct wh_buffer out = {0};
    static const char *const two[] = {"ab", ""};
    struct wh_pq_values v = add_texts(&t, two, 2);
    assert_int_equal(wh_pq_encode_plain(&out, &v, &err), WH_OK);
    assert_int_equal(out.size, 10);
    assert_memory_equal(out.data, "\2\0\0\0ab\0\0\0\0", 10);
    out.size = 0;
    const uint8_t bools[] = {1, 0, 1, 1, 0, 0, 0, 0, 1};
    v = (struct wh_pq_values){.type = WH_PQ_BOOLEAN, .width = 1, .n = 9, .data = bools};
    assert_int_equal(wh_pq_encode_plain(&out, &v, &err), WH_OK);
    assert_int_equal(out.size, 2);
    assert_memory_equal(out.data, "\x0d\x01", 2);
    wh_buffer_release(&out);
    release_texts(&t);
}

/* ---- dictionaries ------------------------------------------------------------------------------ */

static void check_numbering(int32_t type, int32_t width, const struct wh_pq_values *v, size_t distinct)
{
    struct wh_error err;
    struct wh_pq_distinct d = {.type = type, .width = width};
    uint32_t *out = wh_alloc_array(v->n, sizeof *out);
    size_t done;
    struct wh_pq_lookup l = {.v = v, .to = v->n, .out = out, .most_entries = 100000, .most_bytes = 1 << 24};
    for (int round = 0; round < 2; round++) {
        assert_int_equal(wh_pq_distinct_number(&d, &l, &done, &err), WH_OK);
        assert_int_equal(done, v->n);
        assert_int_equal(d.n, distinct);
        struct wh_pq_values e = wh_pq_distinct_values(&d);
        for (size_t i = 0; i < v->n; i++) {
            size_t k = out[i];
            if (width > 0)
                assert_memory_equal(e.data + k * (size_t)width, v->data + i * (size_t)width, (size_t)width);
            else
                assert_true(wh_slice_eq(
                    wh_slice((const char *)e.data + e.offsets[k], e.offsets[k + 1] - e.offsets[k]),
                    wh_slice((const char *)v->data + v->offsets[i], v->offsets[i + 1] - v->offsets[i])));
        }
        wh_pq_distinct_reset(&d);
    }
    /* Stops where the limit is. */
    l.most_entries = (uint32_t)distinct - 1;
    assert_int_equal(wh_pq_distinct_number(&d, &l, &done, &err), WH_OK);
    assert_true(done < v->n);
    assert_int_equal(d.n, distinct - 1);
    wh_pq_distinct_release(&d);
    free(out);
}

static void test_distinct(void **state)
{
    (void)state;
    struct wh_error err;
    uint64_t random = 5;
    struct wh_buffer data = {0};
    for (int width = 4; width <= 8; width += 4) {
        data.size = 0;
        for (size_t i = 0; i < 20000; i++) {
            uint64_t v = (i < 3000 ? i : next_random(&random) % 3000) * UINT64_C(0x100000001);
            assert_int_equal(wh_buffer_append(&data, &v, (size_t)width, &err), WH_OK);
        }
        int32_t type = width == 4 ? WH_PQ_INT32 : WH_PQ_INT64;
        struct wh_pq_values v = {.type = type, .width = width, .n = 20000, .data = data.data};
        check_numbering(type, width, &v, 3000);
    }
    wh_buffer_release(&data);
    struct texts t = {0};
    struct wh_pq_values v = add_texts(&t, words, WH_COUNT(words));
    check_numbering(WH_PQ_BYTE_ARRAY, 0, &v, WH_COUNT(words) - 1);
    release_texts(&t);
}

/* Text that differs only in zero bytes or length must not be taken for the same. */
static void test_distinct_zero_bytes(void **state)
{
    (void)state;
    struct wh_error err;
    const uint8_t data[16 + WH_BUFFER_SLACK] = {0};
    const uint32_t offsets[] = {0, 0, 1, 3, 7, 7, 15};
    uint32_t out[6];
    size_t done;
    struct wh_pq_values v = {.type = WH_PQ_BYTE_ARRAY, .n = 6, .data = data, .offsets = offsets};
    struct wh_pq_distinct d = {.type = WH_PQ_BYTE_ARRAY};
    struct wh_pq_lookup l = {.v = &v, .to = 6, .out = out, .most_entries = 9, .most_bytes = 99};
    assert_int_equal(wh_pq_distinct_number(&d, &l, &done, &err), WH_OK);
    assert_int_equal(d.n, 5);
    assert_int_equal(out[4], out[0]);
    wh_pq_distinct_release(&d);
}

static void test_dictionary_pays(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double value_bytes, shrink;
        size_t n, distinct;
        double entry_bytes;
        size_t total;
        bool expected;
    } cases[] = {
        {"few numbers", 1.6, 0.5, 1024, 100, 8, 131072, true},
        {"all different", 1.6, 0.5, 1024, 1024, 8, 131072, false},
        {"as many as packed numbers cost", 1.9, 0.3, 1024, 975, 8, 131072, false},
        {"long text, seldom repeated", 40, 0.4, 1024, 900, 100, 131072, true},
        {"a small chunk of different text", 10, 1, 50, 50, 14, 50, false},
        {"a small chunk of equal text", 10, 1, 50, 2, 14, 50, true},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_pq_plan plan = {.value_bytes = cases[i].value_bytes, .shrink = cases[i].shrink};
        bool pays =
            wh_pq_dictionary_pays(&plan, cases[i].n, cases[i].distinct, cases[i].entry_bytes, cases[i].total);
        if (pays != cases[i].expected)
            fail_msg("%s", cases[i].what);
    }
}

/* ---- bounds ------------------------------------------------------------------------------------ */

struct bound_case {
    const char *first, *second;
    enum wh_pq_order order;
    const char *min, *max; /* NULL: none */
    bool exact;
};
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_text_bounds(void **state)
{
    (void)state;
    static const struct bound_case cases[] = {
        {"b", "a", WH_PQ_ORDER_TEXT, "a", "b", true},
        {"", "\xff", WH_PQ_ORDER_BYTES, "", "\xff", true},
        {A63 "ab", A63 "ac", WH_PQ_ORDER_TEXT, A63 "a", A63 "b", false},
        {A63 "ab", A63 "ac", WH_PQ_ORDER_BYTES, A63 "a", A63 "b", false},
        /* Cut in front of a character that would not be whole, the one before is raised. */
        {A63 "\xc3\xa9x", A63 "\xc3\xa9y", WH_PQ_ORDER_TEXT, A63,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
        {A63 "\x7fx", A63 "\x7fy", WH_PQ_ORDER_TEXT, A63 "\x7f", A63 "\xc2\x80", false},
        {A63 "\xffx", A63 "\xffy", WH_PQ_ORDER_BYTES, A63 "\xff",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct texts t = {0};
        const char *items[] = {cases[i].first, cases[i].second};
        struct wh_pq_values v = add_texts(&t, items, 2);
        struct wh_pq_bounds b;
        wh_pq_bounds_of(&b, cases[i].order, &v);
        assert_true(b.has_min && b.has_max);
        assert_int_equal(b.min_exact, cases[i].exact);
        assert_int_equal(b.max_exact, cases[i].exact);
        assert_int_equal(b.min_len, strlen(cases[i].min));
        assert_memory_equal(b.min, cases[i].min, b.min_len);
        assert_int_equal(b.max_len, strlen(cases[i].max));
        assert_memory_equal(b.max, cases[i].max, b.max_len);
        const uint8_t used[] = {1, 1};
        struct wh_pq_bounds same;
        wh_pq_bounds_of_used(&same, cases[i].order, &v, used);
        assert_int_equal(same.max_len, b.max_len);
        assert_memory_equal(same.max, b.max, b.max_len);
        release_texts(&t);
    }
}

static void test_no_greatest_text(void **state)
{
    (void)state;
    char text[101];
    memset(text, 0xFF, 100);
    text[100] = '\0';
    struct texts t = {0};
    const char *items[] = {text};
    struct wh_pq_values v = add_texts(&t, items, 1);
    struct wh_pq_bounds b;
    wh_pq_bounds_of(&b, WH_PQ_ORDER_BYTES, &v);
    assert_true(b.has_min);
    assert_false(b.has_max);
    release_texts(&t);
}

static void check_range(enum wh_pq_order order, const void *values, size_t n, int32_t width, const void *min,
                        const void *max)
{
    _Alignas(64) uint8_t data[256];
    memcpy(data, values, n * (size_t)width);
    struct wh_pq_values v = {.type = WH_PQ_INT64, .width = width, .n = n, .data = data};
    if (order == WH_PQ_ORDER_BIG_ENDIAN)
        v.type = WH_PQ_FIXED;
    struct wh_pq_bounds b;
    wh_pq_bounds_of(&b, order, &v);
    assert_true(b.has_min && b.has_max && b.min_exact && b.max_exact);
    assert_memory_equal(b.min, min, (size_t)width);
    assert_memory_equal(b.max, max, (size_t)width);
}

static void test_number_bounds(void **state)
{
    (void)state;
    const int64_t i64[] = {5, -7, 9, 9, -8}, u64_min = 5, u64_max = -7;
    check_range(WH_PQ_ORDER_I64, i64, 5, 8, &i64[4], &i64[2]);
    check_range(WH_PQ_ORDER_U64, i64, 5, 8, &u64_min, &u64_max);
    check_range(WH_PQ_ORDER_I64, i64, 1, 8, &i64[0], &i64[0]);
    const int32_t i32[] = {1, INT32_MIN, INT32_MAX}, one = 1;
    check_range(WH_PQ_ORDER_I32, i32, 3, 4, &i32[1], &i32[2]);
    check_range(WH_PQ_ORDER_U32, i32, 3, 4, &one, &i32[1]);
    const double zero[] = {0.0, __builtin_nan(""), -0.0}, low = -0.0, high = 0.0;
    check_range(WH_PQ_ORDER_F64, zero, 3, 8, &low, &high);
    const float f32[] = {__builtin_nanf(""), 2.0F, -1.0F}, f_low = -1.0F, f_high = 2.0F;
    check_range(WH_PQ_ORDER_F32, f32, 3, 4, &f_low, &f_high);
    const uint8_t decimals[] = {0x00, 0x01, 0xFF, 0xFE, 0x7F, 0xFF, 0x80, 0x00};
    check_range(WH_PQ_ORDER_BIG_ENDIAN, decimals, 4, 2, &decimals[6], &decimals[4]);
}

static void test_nan_bounds(void **state)
{
    (void)state;
    _Alignas(64) double nans[] = {__builtin_nan(""), __builtin_nan("")};
    struct wh_pq_values v = {.type = WH_PQ_DOUBLE, .width = 8, .n = 2, .data = (const uint8_t *)nans};
    struct wh_pq_bounds b, all = {0};
    wh_pq_bounds_of(&b, WH_PQ_ORDER_F64, &v);
    assert_false(b.has_min || b.has_max);
    assert_int_equal(b.nans, 2);
    wh_pq_bounds_merge(&all, &b, WH_PQ_ORDER_F64);
    nans[0] = 4;
    wh_pq_bounds_of(&b, WH_PQ_ORDER_F64, &v);
    wh_pq_bounds_merge(&all, &b, WH_PQ_ORDER_F64);
    assert_int_equal(all.nans, 3);
    assert_memory_equal(all.min, &nans[0], 8);
    assert_memory_equal(all.max, &nans[0], 8);
}

static void test_sorted(void **state)
{
    (void)state;
    _Alignas(64) int64_t up[] = {1, 2, 2, 5}, mixed[] = {1, 3, 2};
    struct wh_pq_values v = {.type = WH_PQ_INT64, .width = 8, .n = 4, .data = (const uint8_t *)up};
    assert_true(wh_pq_is_sorted(WH_PQ_ORDER_I64, &v, false));
    assert_false(wh_pq_is_sorted(WH_PQ_ORDER_I64, &v, true));
    v = (struct wh_pq_values){.type = WH_PQ_INT64, .width = 8, .n = 3, .data = (const uint8_t *)mixed};
    assert_false(wh_pq_is_sorted(WH_PQ_ORDER_I64, &v, false));
    assert_false(wh_pq_is_sorted(WH_PQ_ORDER_I64, &v, true));
}

/* ---- bloom filters ----------------------------------------------------------------------------- */

static bool bloom_has(const uint8_t *bits, size_t bytes, uint64_t hash)
{
    static const uint32_t salt[] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                    0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    const uint8_t *block = bits + (((hash >> 32) * (bytes / 32)) >> 32) * 32;
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = wh_get_le32(block + 4 * i);
        if ((word >> ((uint32_t)hash * salt[i] >> 27) & 1) == 0)
            return false;
    }
    return true;
}

static void test_bloom(void **state)
{
    (void)state;
    enum { N = 5000 };
    struct wh_error err;
    struct wh_buffer hashes = {0}, out = {0};
    static int64_t v[N];
    for (int64_t i = 0; i < N; i++)
        v[i] = i * 3;
    struct wh_pq_values values = {.type = WH_PQ_INT64, .width = 8, .n = N, .data = (const uint8_t *)v};
    assert_int_equal(wh_pq_bloom_hash(&hashes, &values, &err), WH_OK);
    assert_int_equal(wh_pq_bloom_write(&out, &hashes, &err), WH_OK);
    size_t bytes = 8192, head = out.size - bytes, wrong = 0;
    assert_in_range(head, 8, 24);
    for (int64_t i = 0; i < N; i++)
        assert_true(bloom_has(out.data + head, bytes, XXH64(&v[i], 8, 0)));
    for (int64_t i = 0; i < N; i++) {
        int64_t absent = i * 3 + 1;
        wrong += bloom_has(out.data + head, bytes, XXH64(&absent, 8, 0));
    }
    assert_true(wrong < N * 2 / 100);
    wh_buffer_release(&hashes);
    wh_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_rle),
        cmocka_unit_test(test_rle_sizes),
        cmocka_unit_test(test_delta),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_delta_bytes),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_distinct_zero_bytes),
        cmocka_unit_test(test_dictionary_pays),
        cmocka_unit_test(test_text_bounds),
        cmocka_unit_test(test_no_greatest_text),
        cmocka_unit_test(test_number_bounds),
        cmocka_unit_test(test_nan_bounds),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_bloom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
