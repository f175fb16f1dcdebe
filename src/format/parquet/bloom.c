/* format/parquet/bloom.c - split block Bloom filters; see bloom.h. */
#include "format/parquet/bloom.h"

#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/thrift_write.h"

#define BLOCK_BYTES 32
#define BITS_PER_VALUE 10 /* 1 % false positives need 9.7 */
#define MAX_BYTES ((size_t)32 << 20)

enum wh_status wh_pq_bloom_hash(struct wh_buffer *hashes, const struct wh_pq_values *v, struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(hashes, v->n * sizeof(uint64_t), err));
    for (size_t i = 0; i < v->n; i++) {
        size_t start = v->width > 0 ? i * (size_t)v->width : v->offsets[i];
        size_t len = v->width > 0 ? (size_t)v->width : v->offsets[i + 1] - start;
        uint64_t hash = XXH64(v->data + start, len, 0);
        wh_buffer_put(hashes, &hash, sizeof hash);
    }
    return WH_OK;
}

static void insert(uint8_t *bits, size_t n_blocks, uint64_t hash)
{
    static const uint32_t salt[BLOCK_BYTES / 4] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                                   0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    uint8_t *block = bits + ((hash >> 32) * n_blocks >> 32) * BLOCK_BYTES;
    for (size_t i = 0; i < WH_COUNT(salt); i++) {
        uint32_t bit = (uint32_t)hash * salt[i] >> 27;
        wh_put_le32(block + 4 * i, wh_get_le32(block + 4 * i) | UINT32_C(1) << bit);
    }
}

enum wh_status wh_pq_bloom_write(struct wh_buffer *out, const struct wh_buffer *hashes, struct wh_error *err)
{
    size_t n = hashes->size / sizeof(uint64_t), bytes = BLOCK_BYTES;
    while (bytes < MAX_BYTES && bytes * 8 < n * BITS_PER_VALUE)
        bytes *= 2;
    struct wh_pq_bloom_header header = {.bytes = (int32_t)bytes};
    WH_TRY(wh_pq_write_bloom_header(out, &header, err));
    size_t start = out->size;
    WH_TRY(wh_buffer_resize(out, start + bytes, err));
    memset(out->data + start, 0, bytes);
    for (size_t i = 0; i < n; i++)
        insert(out->data + start, bytes / BLOCK_BYTES, wh_get_le64(hashes->data + i * sizeof(uint64_t)));
    return WH_OK;
}
