/* test_parquet_write_codec.c - compression of Parquet pages, both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/mem.h"
#include "format/parquet/codec.h"
#include "support/random_batch.h"

static void test_codecs(void **state)
{
    (void)state;
    static const int32_t codecs[] = {WH_PQ_UNCOMPRESSED, WH_PQ_SNAPPY, WH_PQ_GZIP,
                                     WH_PQ_BROTLI,       WH_PQ_ZSTD,   WH_PQ_LZ4_RAW};
    static const size_t sizes[] = {1, 100, 300000};
    static char text[300000], back[300000 + WH_BUFFER_SLACK];
    struct wh_error err;
    struct wh_pq_codec_state st = {0};
    struct wh_buffer out = {0};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)("abcdefgh"[i % 7] + (i % 1000 == 0));
    for (size_t k = 0; k < WH_COUNT(codecs); k++) {
        for (size_t i = 0; i < WH_COUNT(sizes); i++) {
            out.size = 0;
            struct wh_slice in = wh_slice(text, sizes[i]);
            assert_int_equal(wh_pq_compress(&st, codecs[k], WH_PQ_LEVEL_DEFAULT, in, &out, &err), WH_OK);
            struct wh_slice packed = wh_slice((const char *)out.data, out.size);
            assert_int_equal(wh_pq_decompress(&st, codecs[k], packed, (uint8_t *)back, sizes[i], &err),
                             WH_OK);
            assert_memory_equal(back, text, sizes[i]);
            assert_int_equal(wh_pq_decompress(&st, codecs[k], packed, (uint8_t *)back, sizes[i] - 1, &err),
                             WH_DATA);
            if (sizes[i] < sizeof text)
                assert_int_equal(
                    wh_pq_decompress(&st, codecs[k], packed, (uint8_t *)back, sizes[i] + 1, &err), WH_DATA);
            packed.len--;
            assert_int_equal(wh_pq_decompress(&st, codecs[k], packed, (uint8_t *)back, sizes[i], &err),
                             WH_DATA);
        }
    }
    wh_pq_codec_release(&st);
    wh_buffer_release(&out);
}

static void test_old_lz4(void **state)
{
    (void)state;
    struct wh_error err;
    struct wh_pq_codec_state st = {0};
    struct wh_buffer block = {0}, hadoop = {0};
    char text[1000], back[1000 + WH_BUFFER_SLACK];
    memset(text, 'x', sizeof text);
    assert_int_equal(wh_pq_compress(&st, WH_PQ_LZ4_RAW, 0, wh_slice(text, sizeof text), &block, &err), WH_OK);
    const uint8_t head[] = {0, 0, 3, 0xE8, 0, 0, 0, (uint8_t)block.size};
    assert_int_equal(wh_buffer_append(&hadoop, head, sizeof head, &err), WH_OK);
    assert_int_equal(wh_buffer_append(&hadoop, block.data, block.size, &err), WH_OK);
    const struct wh_buffer *both[] = {&block, &hadoop};
    for (size_t i = 0; i < 2; i++) {
        memset(back, 0, sizeof back);
        struct wh_slice in = wh_slice((const char *)both[i]->data, both[i]->size);
        assert_int_equal(wh_pq_decompress(&st, WH_PQ_LZ4, in, (uint8_t *)back, sizeof text, &err), WH_OK);
        assert_memory_equal(back, text, sizeof text);
    }
    assert_int_equal(wh_pq_compress(&st, WH_PQ_LZ4, 0, wh_slice(text, 9), &block, &err), WH_CONFIG);
    assert_string_equal(err.msg, "could not compress a page: codec 5 is not supported");
    assert_int_equal(wh_pq_decompress(&st, WH_PQ_LZO, wh_slice(text, 9), (uint8_t *)back, 9, &err),
                     WH_CONFIG);
    assert_string_equal(err.msg, "could not decompress a page: codec 3 is not supported");
    wh_pq_codec_release(&st);
    wh_buffer_release(&block);
    wh_buffer_release(&hadoop);
}

static void test_zstd_store(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 131071, 131072, 131073, 400000};
    static char text[400000], back[400000];
    uint64_t seed = 9;
    struct wh_error err;
    struct wh_buffer out = {0};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)random_next(&seed);
    for (size_t i = 0; i < WH_COUNT(sizes); i++) {
        out.size = 0;
        assert_int_equal(wh_pq_zstd_store(wh_slice(text, sizes[i]), &out, &err), WH_OK);
        assert_int_equal(ZSTD_getFrameContentSize(out.data, out.size), sizes[i]);
        assert_int_equal(ZSTD_decompress(back, sizeof back, out.data, out.size), sizes[i]);
        assert_memory_equal(back, text, sizes[i]);
    }
    wh_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_old_lz4),
        cmocka_unit_test(test_zstd_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
