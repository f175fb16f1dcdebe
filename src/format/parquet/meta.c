/* format/parquet/meta.c - the arena of a file's metadata, names of the format's enumerations. */
#include "format/parquet/meta.h"

#include "base/bytes.h"
#include "base/mem.h"

#define BLOCK_BYTES ((size_t)32 * 1024)
#define ALIGNMENT ((size_t)16)

struct wh_pq_arena_block {
    struct wh_pq_arena_block *next; /* owned */
    size_t padding;
    uint8_t bytes[];
};

static enum wh_status add_block(struct wh_pq_arena *a, size_t bytes, struct wh_error *err)
{
    size_t capacity = WH_MAX(bytes, BLOCK_BYTES), total;
    if (!wh_add(a->total_bytes, capacity, &total) || total > SIZE_MAX / 2)
        return wh_nomem(err);
    if (a->limit_bytes > 0 && total > WH_MAX(a->limit_bytes, BLOCK_BYTES))
        return wh_fail(err, WH_LIMIT, "the metadata needs more than %zu bytes", a->limit_bytes);
    struct wh_pq_arena_block *block = wh_alloc(sizeof *block + capacity);
    if (block == NULL)
        return wh_nomem(err);
    block->next = a->blocks;
    a->blocks = block;
    a->used = 0;
    a->capacity = capacity;
    a->total_bytes = total;
    return WH_OK;
}

enum wh_status wh_pq_arena_alloc(void **out, struct wh_pq_arena *a, size_t n, size_t size,
                                 struct wh_error *err)
{
    size_t bytes;
    if (!wh_mul(n, size, &bytes) || !wh_add(bytes, ALIGNMENT, &bytes))
        return wh_nomem(err);
    bytes = bytes / ALIGNMENT * ALIGNMENT;
    if (a->blocks == NULL || a->capacity - a->used < bytes)
        WH_TRY(add_block(a, bytes, err));
    *out = a->blocks->bytes + a->used;
    a->used += bytes;
    return WH_OK;
}

void wh_pq_arena_release(struct wh_pq_arena *a)
{
    struct wh_pq_arena_block *block = a->blocks;
    while (block != NULL) {
        struct wh_pq_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *a = (struct wh_pq_arena){.limit_bytes = a->limit_bytes};
}

void wh_pq_file_meta_release(struct wh_pq_file_meta *m)
{
    wh_buffer_release(&m->footer);
    wh_pq_arena_release(&m->arena);
    *m = (struct wh_pq_file_meta){.footer.budget = m->footer.budget};
}

static const char *const type_names[] = {
    [WH_PQ_BOOLEAN] = "BOOLEAN",       [WH_PQ_INT32] = "INT32",
    [WH_PQ_INT64] = "INT64",           [WH_PQ_INT96] = "INT96",
    [WH_PQ_FLOAT] = "FLOAT",           [WH_PQ_DOUBLE] = "DOUBLE",
    [WH_PQ_BYTE_ARRAY] = "BYTE_ARRAY", [WH_PQ_FIXED] = "FIXED_LEN_BYTE_ARRAY",
};
static const char *const encoding_names[] = {
    [WH_PQ_PLAIN] = "PLAIN",
    [WH_PQ_PLAIN_DICTIONARY] = "PLAIN_DICTIONARY",
    [WH_PQ_RLE] = "RLE",
    [WH_PQ_BIT_PACKED] = "BIT_PACKED",
    [WH_PQ_DELTA_BINARY_PACKED] = "DELTA_BINARY_PACKED",
    [WH_PQ_DELTA_LENGTH_BYTE_ARRAY] = "DELTA_LENGTH_BYTE_ARRAY",
    [WH_PQ_DELTA_BYTE_ARRAY] = "DELTA_BYTE_ARRAY",
    [WH_PQ_RLE_DICTIONARY] = "RLE_DICTIONARY",
    [WH_PQ_BYTE_STREAM_SPLIT] = "BYTE_STREAM_SPLIT",
};
static const char *const codec_names[] = {
    [WH_PQ_UNCOMPRESSED] = "UNCOMPRESSED",
    [WH_PQ_SNAPPY] = "SNAPPY",
    [WH_PQ_GZIP] = "GZIP",
    [WH_PQ_LZO] = "LZO",
    [WH_PQ_BROTLI] = "BROTLI",
    [WH_PQ_LZ4] = "LZ4",
    [WH_PQ_ZSTD] = "ZSTD",
    [WH_PQ_LZ4_RAW] = "LZ4_RAW",
};

static const char *name_of(const char *const *names, size_t n, int32_t i)
{
    return i < 0 || (size_t)i >= n ? NULL : names[i];
}

const char *wh_pq_type_name(int32_t type)
{
    return name_of(type_names, WH_COUNT(type_names), type);
}

const char *wh_pq_encoding_name(int32_t encoding)
{
    return name_of(encoding_names, WH_COUNT(encoding_names), encoding);
}

const char *wh_pq_codec_name(int32_t codec)
{
    return name_of(codec_names, WH_COUNT(codec_names), codec);
}
