/* tests/unit/test_parquet_read_decode.c - the encodings of pages, against the examples of Encodings.md and
 * plain references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/decode_values.h"
#include "format/parquet/spread.h"

/* Bytes with the slack that decoders want behind them. */
static struct wh_buffer input;
static const uint8_t *with_slack(const void *bytes, size_t n)
{
    struct wh_error err;
    input.size = 0;
    assert_int_equal(wh_buffer_append(&input, bytes, n, &err), WH_OK);
    memset(input.data + n, 0xa5, WH_BUFFER_SLACK);
    return input.data;
}

static int release(void **state)
{
    (void)state;
    wh_buffer_release(&input);
    return 0;
}

/* ---- bits
 * -------------------------------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252u;
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t bits_at(const uint8_t *p, size_t bit, unsigned width)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < width; i++, bit++)
        v |= (uint64_t)(p[bit / 8] >> (bit % 8) & 1) << i;
    return v;
}

static void unpacks_every_width(void **state)
{
    (void)state;
    uint8_t bytes[256 + WH_BUFFER_SLACK];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random();
    for (unsigned width = 0; width <= 64; width++) {
        uint64_t wide[WH_PQ_GROUP];
        uint32_t narrow[WH_PQ_GROUP], some[WH_PQ_GROUP];
        wh_pq_unpack64(wide, bytes, width);
        if (width <= 32) {
            wh_pq_unpack32(narrow, bytes, width);
            wh_pq_unpack_some(some, bytes, width, WH_PQ_GROUP);
        }
        for (unsigned i = 0; i < WH_PQ_GROUP; i++) {
            uint64_t want = bits_at(bytes, (size_t)i * width, width);
            assert_true(wide[i] == want);
            assert_true(width > 32 || (narrow[i] == want && some[i] == want));
        }
    }
}

static void copies_and_fills_bits(void **state)
{
    (void)state;
    uint8_t from[32 + WH_BUFFER_SLACK] = {0}, to[32 + WH_BUFFER_SLACK];
    for (size_t i = 0; i < 32; i++)
        from[i] = (uint8_t)next_random();
    for (int64_t at = 0; at < 12; at++)
        for (int64_t start = 0; start < 12; start++)
            for (int64_t n = 0; n < 130; n += 1 + (n > 20) * 13) {
                memset(to, 0x5a, sizeof to);
                wh_pq_copy_bits(to, at, from, start, n);
                for (int64_t i = 0; i < n; i++)
                    assert_int_equal(wh_bit_get(to, at + i), wh_bit_get(from, start + i));
                for (int64_t i = 0; i < at; i++)
                    assert_int_equal(wh_bit_get(to, i), 0x5a >> (i % 8) & 1);
                memset(to, 0x5a, sizeof to);
                wh_pq_fill_bits(to, at, n, start % 2 == 1);
                for (int64_t i = 0; i < 160; i++)
                    assert_int_equal(wh_bit_get(to, i),
                                     i >= at && i < at + n ? start % 2 : 0x5a >> (i % 8) & 1);
            }
}

/* ---- RLE and bit-packing
 * ------------------------------------------------------------------------------------ */

static const struct {
    const char *label, *bytes;
    size_t n_bytes;
    unsigned width;
    size_t n;
    uint32_t values[12];
    bool fails;
} rle_cases[] = {
    {"1 to 7 packed in 3 bits", "\x03\x88\xc6\xfa", 4, 3, 8, {0, 1, 2, 3, 4, 5, 6, 7}, false},
    {"repeated", "\x0a\x05", 2, 3, 5, {5, 5, 5, 5, 5}, false},
    {"two bytes a value", "\x06\x34\x12", 3, 13, 3, {0x1234, 0x1234, 0x1234}, false},
    {"repeated then packed", "\x04\x01\x03\xaa", 4, 1, 10, {1, 1, 0, 1, 0, 1, 0, 1, 0, 1}, false},
    {"width 0 without runs", "", 0, 0, 4, {0, 0, 0, 0}, false},
    {"an empty run", "\x00\x01\x06\x01", 4, 1, 3, {1, 1, 1}, false},
    {"last group cut", "\x05\x21\x43\x65", 4, 4, 6, {1, 2, 3, 4, 5, 6}, false},
    {"ends early", "\x0a\x05", 2, 3, 6, {0}, true},
    {"nothing", "", 0, 3, 1, {0}, true},
    {"run without value", "\x0a", 1, 3, 1, {0}, true},
    {"value wider than its width", "\x0a\x09", 2, 3, 1, {0}, true},
    {"header without end", "\xff\xff", 2, 3, 1, {0}, true},
    {"header of 35 bits", "\xff\xff\xff\xff\x7f\x01", 6, 1, 1, {0}, true},
    {"packed run cut to nothing", "\x03", 1, 3, 1, {0}, true},
};

static void reads_hybrid_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(rle_cases); i++)
        for (size_t step = 1; step <= rle_cases[i].n; step++) {
            struct wh_pq_rle r;
            uint32_t got[12];
            uint8_t small[12];
            bool ok = true;
            print_message("%s, %zu at a time\n", rle_cases[i].label, step);
            wh_pq_rle_init(&r, with_slack(rle_cases[i].bytes, rle_cases[i].n_bytes), rle_cases[i].n_bytes,
                           rle_cases[i].width);
            struct wh_pq_rle again = r;
            for (size_t at = 0; at < rle_cases[i].n && ok; at += step)
                ok = wh_pq_rle_read(&r, got + at, WH_MIN(step, rle_cases[i].n - at));
            assert_int_equal(ok, !rle_cases[i].fails);
            if (rle_cases[i].fails)
                continue;
            assert_memory_equal(got, rle_cases[i].values, rle_cases[i].n * sizeof *got);
            assert_true(wh_pq_rle_read_u8(&again, small, rle_cases[i].n));
            for (size_t k = 0; k < rle_cases[i].n; k++)
                assert_int_equal(small[k], (uint8_t)got[k]);
        }
}

/* Random runs of every width, read in pieces of random length. */
static void reads_long_runs(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 32; width++) {
        struct wh_buffer bytes = {0};
        struct wh_error err;
        uint32_t want[2000], got[2000];
        size_t n = 0;
        while (n < 1500) {
            uint32_t run = 1 + (uint32_t)(next_random() % 70), mask = (uint32_t)((UINT64_C(1) << width) - 1);
            if (next_random() % 2 == 0) {
                uint32_t value = (uint32_t)next_random() & mask;
                wh_buffer_printf(&bytes, &err, "%c%c", (int)(run << 1 & 0x7f) | 0x80, (int)(run >> 6));
                wh_buffer_append(&bytes, &value, (width + 7) / 8, &err);
                for (uint32_t i = 0; i < run; i++)
                    want[n++] = value;
            } else {
                uint32_t groups = 1 + run / 8;
                wh_buffer_printf(&bytes, &err, "%c", (int)(groups << 1 | 1));
                size_t start = bytes.size;
                for (size_t i = 0; i < (size_t)groups * width; i++)
                    wh_buffer_printf(&bytes, &err, "%c", (int)(next_random() & 0xff));
                for (size_t i = 0; i < (size_t)groups * 8; i++)
                    want[n++] = (uint32_t)bits_at(bytes.data + start, i * width, width);
            }
        }
        struct wh_pq_rle r;
        wh_pq_rle_init(&r, bytes.data, bytes.size, width);
        for (size_t at = 0, step; at < n; at += step) {
            step = 1 + next_random() % 90;
            step = WH_MIN(n - at, step);
            assert_true(wh_pq_rle_read(&r, got + at, step));
        }
        assert_memory_equal(got, want, n * sizeof *got);
        assert_false(wh_pq_rle_read(&r, got, 1));
        wh_buffer_release(&bytes);
    }
}

static void reads_bits_as_bitmap(void **state)
{
    (void)state;
    /* 3 ones, 8 packed, 5 zeros, 8 packed */
    const uint8_t *p = with_slack("\x06\x01\x03\xb2\x0a\x00\x03\x4d", 8);
    static const uint8_t want[] = {1, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0};
    for (int64_t at = 0; at < 9; at++)
        for (int64_t step = 1; step <= 24; step++) {
            struct wh_pq_rle r;
            uint8_t map[8 + WH_BUFFER_SLACK] = {0};
            int64_t ones = 0;
            wh_pq_rle_init(&r, p, 8, 1);
            for (int64_t i = 0; i < 24; i += step)
                assert_true(wh_pq_rle_read_bits(&r, map, at + i, WH_MIN(step, 24 - i), &ones));
            for (int64_t i = 0; i < 24; i++)
                assert_int_equal(wh_bit_get(map, at + i), want[i]);
            assert_int_equal(ones, 11);
            assert_false(wh_pq_rle_read_bits(&r, map, at, 1, &ones));
        }
}

static void reads_old_levels(void **state)
{
    (void)state;
    struct wh_pq_rle r;
    uint32_t got[8];
    int64_t ones = 0;
    uint8_t map[8 + WH_BUFFER_SLACK] = {0};
    const uint8_t *p = with_slack("\x05\x39\x77", 3);
    wh_pq_rle_init_legacy(&r, p, 3, 3, 8);
    for (size_t i = 0; i < 8; i++)
        assert_true(wh_pq_rle_read(&r, got + i, 1));
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(got[i], i);
    assert_false(wh_pq_rle_read(&r, got, 1));
    p = with_slack("\xa0\xc0", 2);
    wh_pq_rle_init_legacy(&r, p, 2, 1, 10);
    assert_true(wh_pq_rle_read_bits(&r, map, 0, 3, &ones));
    assert_true(wh_pq_rle_read_bits(&r, map, 3, 7, &ones));
    assert_int_equal(map[0], 0x05);
    assert_int_equal(map[1], 0x03);
    assert_int_equal(ones, 4);
}

/* ---- delta
 * ---------------------------------------------------------------------------------------------------- */

/* 7, 5, 3, 1, 2, 3, 4, 5 in a block of 128 with 4 miniblocks: deltas -2 -2 -2 1 1 1 1, least -2, 2 bits. */
#define DELTA_EXAMPLE "\x80\x01\x04\x08\x0e\x03\x02\x00\x00\x00\xc0\x3f\x00\x00\x00\x00\x00\x00"

static void reads_deltas(void **state)
{
    (void)state;
    static const int64_t want[] = {7, 5, 3, 1, 2, 3, 4, 5};
    for (size_t step = 1; step <= 8; step++) {
        struct wh_pq_delta d;
        int64_t got[8];
        int32_t narrow[8];
        const uint8_t *end, *p = with_slack(DELTA_EXAMPLE "data", sizeof DELTA_EXAMPLE + 3);
        assert_true(wh_pq_delta_init(&d, p, sizeof DELTA_EXAMPLE + 3, 64));
        struct wh_pq_delta again = d;
        assert_true(wh_pq_delta_skip(d, &end));
        assert_memory_equal(end, "data", 4);
        for (size_t i = 0; i < 8; i += step)
            assert_true(wh_pq_delta_read(&d, got + i, WH_MIN(step, 8 - i)));
        assert_memory_equal(got, want, sizeof want);
        assert_false(wh_pq_delta_read(&d, got, 1));
        assert_true(wh_pq_delta_read_i32(&again, narrow, 8));
        assert_int_equal(narrow[3], 1);
    }
}

static void refuses_bad_deltas(void **state)
{
    (void)state;
    static const struct {
        const char *label, *bytes;
        size_t n_bytes;
        bool starts;
    } cases[] = {
        {"nothing", "", 0, false},
        {"no miniblocks", "\x80\x01\x00\x08\x0e", 5, false},
        {"miniblocks of 8", "\x08\x01\x08\x0e", 4, false},
        {"block of 0", "\x00\x01\x08\x0e", 4, false},
        {"header without end", "\x80\x01\x04\x08\x8e", 5, false},
        {"no block", "\x80\x01\x04\x08\x0e", 5, true},
        {"no widths", "\x80\x01\x04\x08\x0e\x03\x02", 7, true},
        {"miniblock cut", "\x80\x01\x04\x08\x0e\x03\x02\x00\x00\x00\xc0\x3f", 12, true},
        {"65 bits", "\x80\x01\x04\x08\x0e\x03\x41\x00\x00\x00", 10, true},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_pq_delta d;
        int64_t got[8];
        const uint8_t *end;
        print_message("%s\n", cases[i].label);
        bool starts =
            wh_pq_delta_init(&d, with_slack(cases[i].bytes, cases[i].n_bytes), cases[i].n_bytes, 64);
        assert_int_equal(starts, cases[i].starts);
        if (starts) {
            assert_false(wh_pq_delta_skip(d, &end));
            assert_false(wh_pq_delta_read(&d, got, 8));
        }
    }
}

static void wraps_around(void **state)
{
    (void)state;
    /* INT64_MAX, then + 1: a block of one miniblock of 128 values of width 0, least delta 1 */
    static const char bytes[] = "\x80\x01\x01\x02\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x00";
    struct wh_pq_delta d;
    int64_t got[2];
    assert_true(wh_pq_delta_init(&d, with_slack(bytes, sizeof bytes - 1), sizeof bytes - 1, 64));
    assert_true(wh_pq_delta_read(&d, got, 2));
    assert_true(got[0] == INT64_MAX && got[1] == INT64_MIN);
}

/* ---- values of pages
 * -------------------------------------------------------------------------------------------- */

/* The lengths, prefixes and suffixes of the examples as DELTA_BINARY_PACKED. */
#define LENGTHS_5566 "\x80\x01\x04\x04\x0a\x00\x01\x00\x00\x00\x02\x00\x00\x00"
#define REST_0203 "\x03\x03\x00\x00\x00\x44\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define PREFIXES_0203 "\x80\x01\x04\x04\x00" REST_0203
#define PREFIXES_1314 "\x80\x01\x04\x04\x02" REST_0203
#define SUFFIXES_4265                                                                                        \
    "\x80\x01\x04\x04\x08\x03\x03\x00\x00\x00\x70\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

static const struct {
    const char *label;
    int32_t encoding, type, length;
    const char *bytes;
    size_t n_bytes, n;
    const char *want; /* values joined by '|', or the message */
    bool fails;
} value_cases[] = {
    {"plain", WH_PQ_PLAIN, WH_PQ_BYTE_ARRAY, 0, "\1\0\0\0a\0\0\0\0\2\0\0\0bc", 15, 3, "a||bc|", false},
    {"plain beyond the page", WH_PQ_PLAIN, WH_PQ_BYTE_ARRAY, 0, "\1\0\0\0a\3\0\0\0bc", 11, 2,
     "a value of 3 bytes goes beyond its page", true},
    {"plain length beyond 2 GiB", WH_PQ_PLAIN, WH_PQ_BYTE_ARRAY, 0,
     "\xff\xff\xff\xff"
     "abc",
     7, 1, "a value of 4294967295 bytes goes beyond its page", true},
    {"plain cut", WH_PQ_PLAIN, WH_PQ_BYTE_ARRAY, 0, "\1\0\0", 3, 1, "a page has fewer values than it says",
     true},
    {"lengths", WH_PQ_DELTA_LENGTH_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0, LENGTHS_5566 "HelloWorldFoobarABCDEF", 36,
     4, "Hello|World|Foobar|ABCDEF|", false},
    {"lengths beyond the page", WH_PQ_DELTA_LENGTH_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0,
     LENGTHS_5566 "HelloWorldFoobarABCDE", 35, 4, "the DELTA_LENGTH_BYTE_ARRAY values of a page are damaged",
     true},
    {"too few lengths", WH_PQ_DELTA_LENGTH_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0,
     LENGTHS_5566 "HelloWorldFoobarABCDEF", 36, 5, "a page has fewer values than it says", true},
    {"prefixes", WH_PQ_DELTA_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0, PREFIXES_0203 SUFFIXES_4265 "axislebabbleyhood",
     61, 4, "axis|axle|babble|babyhood|", false},
    {"prefix of nothing", WH_PQ_DELTA_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0,
     PREFIXES_1314 SUFFIXES_4265 "axislebabbleyhood", 61, 4,
     "the DELTA_BYTE_ARRAY values of a page are damaged", true},
    {"suffix beyond the page", WH_PQ_DELTA_BYTE_ARRAY, WH_PQ_BYTE_ARRAY, 0,
     PREFIXES_0203 SUFFIXES_4265 "axislebabbleyhoo", 60, 4,
     "the DELTA_BYTE_ARRAY values of a page are damaged", true},
    {"prefixes of unlike lengths", WH_PQ_DELTA_BYTE_ARRAY, WH_PQ_FIXED, 4,
     PREFIXES_0203 SUFFIXES_4265 "axislebabbleyhood", 61, 4,
     "the DELTA_BYTE_ARRAY values of a page are damaged", true},
    {"split of 3 bytes", WH_PQ_BYTE_STREAM_SPLIT, WH_PQ_FIXED, 3, "adgbehcfi", 9, 3, "abc|def|ghi|", false},
    {"split not whole", WH_PQ_BYTE_STREAM_SPLIT, WH_PQ_FIXED, 3, "adgbehcf", 8, 2,
     "the BYTE_STREAM_SPLIT values of a page are damaged", true},
    {"split too few", WH_PQ_BYTE_STREAM_SPLIT, WH_PQ_FIXED, 3, "abc", 3, 2,
     "a page has fewer values than it says", true},
    {"fixed", WH_PQ_PLAIN, WH_PQ_FIXED, 2, "abcd", 4, 2, "ab|cd|", false},
    {"fixed too few", WH_PQ_PLAIN, WH_PQ_FIXED, 2, "abc", 3, 2, "a page has fewer values than it says", true},
    {"wrong type", WH_PQ_DELTA_BINARY_PACKED, WH_PQ_DOUBLE, 0, "", 0, 0,
     "a page has DELTA_BINARY_PACKED values of type DOUBLE, which the format does not know", true},
    {"no encoding of values", WH_PQ_BIT_PACKED, WH_PQ_INT32, 0, "", 0, 0,
     "a page has BIT_PACKED values of type INT32, which the format does not know", true},
    {"unknown encoding", 17, WH_PQ_INT32, 0, "", 0, 0, "a page has the unknown encoding 17", true},
    {"negative encoding", -1, WH_PQ_INT32, 0, "", 0, 0, "a page has the unknown encoding -1", true},
    {"index of 33 bits", WH_PQ_RLE_DICTIONARY, WH_PQ_INT32, 0, "\x21\x02\x00", 3, 0,
     "the RLE_DICTIONARY values of a page are damaged", true},
    {"booleans longer than the page", WH_PQ_RLE, WH_PQ_BOOLEAN, 0, "\x09\0\0\0\x02\x01", 6, 0,
     "the RLE values of a page are damaged", true},
};

static enum wh_status read_all(struct wh_pq_decoder *v, size_t n, size_t step, size_t max_bytes,
                               struct wh_buffer *text, struct wh_error *err)
{
    struct wh_buffer data = {0};
    int32_t offsets[40] = {0};
    enum wh_status s = WH_OK;
    for (size_t at = 0; s == WH_OK && at < n;) {
        size_t done = WH_MIN(step, n - at);
        data.size = 0;
        if (v->width > 0) {
            s = wh_buffer_resize(&data, done * v->width, err);
            s = s == WH_OK ? wh_pq_decode_fixed(v, data.data, done, err) : s;
            for (size_t i = 0; i <= done; i++)
                offsets[i] = (int32_t)(i * v->width);
        } else {
            struct wh_pq_bytes_out out = {.data = &data, .offsets = offsets, .max_bytes = max_bytes};
            s = wh_pq_decode_bytes(v, &out, done, &done, err);
            assert_true(s != WH_OK || done > 0);
        }
        for (size_t i = 0; s == WH_OK && i < done; i++)
            s = wh_buffer_printf(text, err, "%.*s|", offsets[i + 1] - offsets[i],
                                 (char *)data.data + offsets[i]);
        at += done;
    }
    wh_buffer_release(&data);
    return s;
}

static void check_values(size_t i, size_t step, size_t max_bytes)
{
    struct wh_pq_decoder v;
    struct wh_error err = {0};
    struct wh_buffer text = {0}, last = {0};
    struct wh_pq_node leaf = {.type = value_cases[i].type, .length = value_cases[i].length};
    const uint8_t *p = with_slack(value_cases[i].bytes, value_cases[i].n_bytes);
    struct wh_slice bytes = {(const char *)p, value_cases[i].n_bytes};
    enum wh_status s = wh_pq_decoder_init(&v, value_cases[i].encoding, &leaf, bytes, &last, &err);
    if (s == WH_OK)
        s = read_all(&v, value_cases[i].n, step, max_bytes, &text, &err);
    if (value_cases[i].fails) {
        assert_int_equal(s, WH_DATA);
        assert_string_equal(err.msg, value_cases[i].want);
    } else {
        assert_int_equal(s, WH_OK);
        assert_int_equal(text.size, strlen(value_cases[i].want));
        assert_true(text.size == 0 || memcmp(text.data, value_cases[i].want, text.size) == 0);
    }
    wh_buffer_release(&text);
    wh_buffer_release(&last);
}

static void reads_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(value_cases); i++) {
        print_message("%s\n", value_cases[i].label);
        for (size_t step = 1; step <= 4; step++) {
            check_values(i, step, INT32_MAX);
            check_values(i, step, 2);
        }
    }
}

/* ---- nulls
 * --------------------------------------------------------------------------------------------------- */

static void spreads_values(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 2, 4, 8, 16, 32};
    for (unsigned round = 0; round < 600; round++) {
        size_t width = widths[round % WH_COUNT(widths)];
        int64_t n = (int64_t)(next_random() % 80), at = (int64_t)(next_random() % 9), present = 0;
        uint8_t map[16];
        uint64_t memory[80 * 4] = {0};
        uint8_t *values = (uint8_t *)memory;
        int32_t offsets[81] = {0};
        for (size_t i = 0; i < sizeof map; i++)
            map[i] = (uint8_t)(round % 5 == 0 ? 0xff : round % 7 == 0 ? 0 : next_random());
        for (int64_t i = 0; i < n; i++)
            present += wh_bit_get(map, at + i);
        for (int64_t i = 0; i < present; i++) {
            memset(values + (size_t)i * width, (int)i + 1, width);
            offsets[i + 1] = offsets[i] + (int32_t)i;
        }
        memset(values + (size_t)present * width, 0xee, (size_t)(n - present) * width);
        wh_pq_spread(values, width, map, at, n, present);
        wh_pq_spread_offsets(offsets, map, at, n, present);
        for (int64_t i = 0, next = 0; i < n; i++) {
            bool is_set = wh_bit_get(map, at + i);
            if (is_set)
                assert_int_equal(wh_pq_find_set(map, at, next), i);
            assert_int_equal(values[(size_t)i * width], is_set ? next + 1 : 0);
            assert_int_equal(values[(size_t)i * width + width - 1], is_set ? next + 1 : 0);
            assert_int_equal(offsets[i + 1] - offsets[i], is_set ? next : 0);
            next += is_set;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_every_width),  cmocka_unit_test(copies_and_fills_bits),
        cmocka_unit_test(reads_hybrid_runs),    cmocka_unit_test(reads_long_runs),
        cmocka_unit_test(reads_bits_as_bitmap), cmocka_unit_test(reads_old_levels),
        cmocka_unit_test(reads_deltas),         cmocka_unit_test(refuses_bad_deltas),
        cmocka_unit_test(wraps_around),         cmocka_unit_test(reads_values),
        cmocka_unit_test(spreads_values),
    };
    return cmocka_run_group_tests_name("parquet/decode", tests, NULL, release);
}
