/* format/parquet/codec.c - compression of pages; see codec.h. */
#include "format/parquet/codec.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <lz4.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "base/mem.h"

#define ZSTD_STANDARD_LEVEL 1
#define GZIP_STANDARD_LEVEL 6
#define BROTLI_STANDARD_LEVEL 4
#define BROTLI_WINDOW_BITS 22

void wh_pq_codec_release(struct wh_pq_codec_state *st)
{
    ZSTD_freeCCtx(st->zstd_cctx);
    ZSTD_freeDCtx(st->zstd_dctx);
    wh_buffer_release(&st->scratch);
    *st = (struct wh_pq_codec_state){.scratch.budget = st->scratch.budget};
}

bool wh_pq_codec_levels(int32_t codec, int *lowest, int *highest, int *standard)
{
    static const struct {
        int32_t codec;
        int lowest, highest, standard;
    } levels[] = {
        {WH_PQ_ZSTD, -7, 22, ZSTD_STANDARD_LEVEL},
        {WH_PQ_GZIP, 1, 9, GZIP_STANDARD_LEVEL},
        {WH_PQ_BROTLI, 0, 11, BROTLI_STANDARD_LEVEL},
    };
    for (size_t i = 0; i < WH_COUNT(levels); i++) {
        if (levels[i].codec == codec) {
            *lowest = levels[i].lowest;
            *highest = levels[i].highest;
            *standard = levels[i].standard;
            return true;
        }
    }
    return false;
}

/* ---- compression ------------------------------------------------------------------------------- */

static enum wh_status compress_failed(const char *codec, const char *reason, struct wh_error *err)
{
    return wh_fail(err, WH_INTERNAL, "could not compress a page with %s: %s", codec, reason);
}

static enum wh_status zstd_compress(struct wh_pq_codec_state *st, int level, struct wh_slice in,
                                    struct wh_buffer *out, struct wh_error *err)
{
    if (st->zstd_cctx == NULL && (st->zstd_cctx = ZSTD_createCCtx()) == NULL)
        return wh_nomem(err);
    size_t bound = ZSTD_compressBound(in.len);
    WH_TRY(wh_buffer_reserve(out, bound, err));
    size_t n = ZSTD_compressCCtx(st->zstd_cctx, out->data + out->size, bound, in.ptr, in.len, level);
    if (ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
        return wh_nomem(err);
    if (ZSTD_isError(n))
        return compress_failed("zstd", ZSTD_getErrorName(n), err);
    out->size += n;
    return WH_OK;
}

static enum wh_status gzip_compress(int level, struct wh_slice in, struct wh_buffer *out,
                                    struct wh_error *err)
{
    z_stream z = {0};
    if (deflateInit2(&z, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return wh_nomem(err);
    size_t bound = deflateBound(&z, in.len);
    enum wh_status s = wh_buffer_reserve(out, bound, err);
    if (s == WH_OK) {
        /* zlib lacks a const here and writes nothing. */
        z.next_in = (Bytef *)(uintptr_t)in.ptr;
        z.avail_in = (uInt)in.len;
        z.next_out = out->data + out->size;
        z.avail_out = (uInt)bound;
        if (deflate(&z, Z_FINISH) == Z_STREAM_END)
            out->size += z.total_out;
        else
            s = compress_failed("gzip", "the stream did not end", err);
    }
    deflateEnd(&z);
    return s;
}

static enum wh_status brotli_compress(int level, struct wh_slice in, struct wh_buffer *out,
                                      struct wh_error *err)
{
    size_t n = BrotliEncoderMaxCompressedSize(in.len);
    WH_TRY(wh_buffer_reserve(out, n, err));
    if (!BrotliEncoderCompress(level, BROTLI_WINDOW_BITS, BROTLI_MODE_GENERIC, in.len,
                               (const uint8_t *)in.ptr, &n, out->data + out->size))
        return wh_nomem(err);
    out->size += n;
    return WH_OK;
}

static enum wh_status snappy_compress_page(struct wh_slice in, struct wh_buffer *out, struct wh_error *err)
{
    size_t n = snappy_max_compressed_length(in.len);
    WH_TRY(wh_buffer_reserve(out, n, err));
    if (snappy_compress(in.ptr, in.len, (char *)out->data + out->size, &n) != SNAPPY_OK)
        return compress_failed("snappy", "the library refused", err);
    out->size += n;
    return WH_OK;
}

static enum wh_status lz4_compress(struct wh_slice in, struct wh_buffer *out, struct wh_error *err)
{
    int bound = LZ4_compressBound((int)in.len);
    WH_TRY(wh_buffer_reserve(out, (size_t)bound, err));
    int n = LZ4_compress_default(in.ptr, (char *)out->data + out->size, (int)in.len, bound);
    if (n <= 0)
        return compress_failed("lz4", "the library refused", err);
    out->size += (size_t)n;
    return WH_OK;
}

enum wh_status wh_pq_compress(struct wh_pq_codec_state *st, int32_t codec, int level, struct wh_slice in,
                              struct wh_buffer *out, struct wh_error *err)
{
    int lowest, highest, standard;
    if (in.len > INT32_MAX - (1 << 20))
        return wh_fail(err, WH_LIMIT, "could not compress a page: it has %zu bytes", in.len);
    if (level == WH_PQ_LEVEL_DEFAULT && wh_pq_codec_levels(codec, &lowest, &highest, &standard))
        level = standard;
    switch (codec) {
    case WH_PQ_UNCOMPRESSED:
        return wh_buffer_append(out, in.ptr, in.len, err);
    case WH_PQ_SNAPPY:
        return snappy_compress_page(in, out, err);
    case WH_PQ_GZIP:
        return gzip_compress(level, in, out, err);
    case WH_PQ_BROTLI:
        return brotli_compress(level, in, out, err);
    case WH_PQ_ZSTD:
        return zstd_compress(st, level, in, out, err);
    case WH_PQ_LZ4_RAW:
        return lz4_compress(in, out, err);
    default:
        return wh_fail(err, WH_CONFIG, "could not compress a page: codec %d is not supported", (int)codec);
    }
}

/* RFC 8878: frame header with single segment and 4 bytes of content size, then raw blocks. */
enum wh_status wh_pq_zstd_store(struct wh_slice in, struct wh_buffer *out, struct wh_error *err)
{
    enum { BLOCK_MAX = 128 * 1024, HEADER = 9, BLOCK_HEADER = 3 };
    if (in.len > INT32_MAX)
        return wh_fail(err, WH_LIMIT, "could not store a page: it has %zu bytes", in.len);
    WH_TRY(wh_buffer_reserve(out, in.len + HEADER + (in.len / BLOCK_MAX + 1) * BLOCK_HEADER, err));
    uint8_t header[HEADER];
    wh_put_le32(header, 0xFD2FB528u);
    header[4] = 2u << 6 | 1u << 5;
    wh_put_le32(header + 5, (uint32_t)in.len);
    wh_buffer_put(out, header, HEADER);
    size_t at = 0;
    do {
        size_t n = WH_MIN(in.len - at, (size_t)BLOCK_MAX);
        uint32_t block = (uint32_t)n << 3 | (at + n == in.len);
        uint8_t bytes[4];
        wh_put_le32(bytes, block);
        wh_buffer_put(out, bytes, BLOCK_HEADER);
        if (n > 0)
            wh_buffer_put(out, in.ptr + at, n);
        at += n;
    } while (at < in.len);
    return WH_OK;
}

/* ---- decompression ----------------------------------------------------------------------------- */

static enum wh_status damaged(const char *codec, const char *reason, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not decompress a page with %s: %s", codec, reason);
}

static enum wh_status wrong_size(const char *codec, size_t expected, struct wh_error *err)
{
    return wh_fail(err, WH_DATA,
                   "could not decompress a page with %s: it does not have the %zu bytes it claims", codec,
                   expected);
}

static enum wh_status zstd_decompress(struct wh_pq_codec_state *st, struct wh_slice in, uint8_t *out,
                                      size_t out_size, struct wh_error *err)
{
    if (st->zstd_dctx == NULL && (st->zstd_dctx = ZSTD_createDCtx()) == NULL)
        return wh_nomem(err);
    size_t n = ZSTD_decompressDCtx(st->zstd_dctx, out, out_size, in.ptr, in.len);
    if (ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
        return wh_nomem(err);
    if (ZSTD_isError(n))
        return damaged("zstd", ZSTD_getErrorName(n), err);
    return n == out_size ? WH_OK : wrong_size("zstd", out_size, err);
}

/* One or more gzip members, or a zlib stream. */
static enum wh_status gzip_decompress(struct wh_slice in, uint8_t *out, size_t out_size, struct wh_error *err)
{
    z_stream z = {0};
    if (in.len > UINT32_MAX || out_size > UINT32_MAX)
        return damaged("gzip", "the page is too long", err);
    if (inflateInit2(&z, MAX_WBITS + 32) != Z_OK)
        return wh_nomem(err);
    uint8_t none = 0;
    z.next_in = (Bytef *)(uintptr_t)in.ptr;
    z.avail_in = (uInt)in.len;
    z.next_out = out_size > 0 ? out : &none;
    z.avail_out = (uInt)out_size;
    int r;
    while ((r = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in > 0) {
        if (inflateReset(&z) != Z_OK)
            break;
    }
    bool whole = r == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0;
    bool full = z.avail_out == 0;
    inflateEnd(&z);
    if (whole)
        return WH_OK;
    if (r == Z_MEM_ERROR)
        return wh_nomem(err);
    return r == Z_STREAM_END || full ? wrong_size("gzip", out_size, err)
                                     : damaged("gzip", "the stream is damaged", err);
}

static enum wh_status brotli_decompress(struct wh_slice in, uint8_t *out, size_t out_size,
                                        struct wh_error *err)
{
    size_t n = out_size;
    if (BrotliDecoderDecompress(in.len, (const uint8_t *)in.ptr, &n, out) != BROTLI_DECODER_RESULT_SUCCESS)
        return damaged("brotli", "the stream is damaged or has another size", err);
    return n == out_size ? WH_OK : wrong_size("brotli", out_size, err);
}

static enum wh_status snappy_decompress(struct wh_slice in, uint8_t *out, size_t out_size,
                                        struct wh_error *err)
{
    size_t n;
    if (snappy_uncompressed_length(in.ptr, in.len, &n) != SNAPPY_OK)
        return damaged("snappy", "the stream is damaged", err);
    if (n != out_size)
        return wrong_size("snappy", out_size, err);
    if (snappy_uncompress(in.ptr, in.len, (char *)out, &n) != SNAPPY_OK)
        return damaged("snappy", "the stream is damaged", err);
    return WH_OK;
}

static bool lz4_block(struct wh_slice in, uint8_t *out, size_t out_size)
{
    if (in.len > INT32_MAX || out_size > INT32_MAX)
        return false;
    int n = LZ4_decompress_safe(in.ptr, (char *)out, (int)in.len, (int)out_size);
    return n >= 0 && (size_t)n == out_size;
}

static uint32_t get_be32(const char *p)
{
    return __builtin_bswap32(wh_get_le32(p));
}

/* Hadoop's frames: decompressed and compressed length, big endian, then the block. */
static bool lz4_hadoop(struct wh_slice in, uint8_t *out, size_t out_size)
{
    size_t at = 0, done = 0;
    while (in.len - at >= 8) {
        size_t raw = get_be32(in.ptr + at), packed = get_be32(in.ptr + at + 4);
        at += 8;
        if (packed > in.len - at || raw > out_size - done ||
            !lz4_block(wh_slice(in.ptr + at, packed), out + done, raw))
            return false;
        at += packed;
        done += raw;
    }
    return at == in.len && done == out_size;
}

static bool lz4_frame(struct wh_slice in, uint8_t *out, size_t out_size)
{
    LZ4F_dctx *ctx = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return false;
    size_t produced = out_size, consumed = in.len;
    size_t r = LZ4F_decompress(ctx, out, &produced, in.ptr, &consumed, NULL);
    LZ4F_freeDecompressionContext(ctx);
    return r == 0 && produced == out_size && consumed == in.len;
}

enum wh_status wh_pq_decompress(struct wh_pq_codec_state *st, int32_t codec, struct wh_slice in, uint8_t *out,
                                size_t out_size, struct wh_error *err)
{
    switch (codec) {
    case WH_PQ_UNCOMPRESSED:
        if (in.len != out_size)
            return wh_fail(err, WH_DATA, "could not read a page: its two sizes differ without compression");
        if (out_size > 0)
            memcpy(out, in.ptr, out_size);
        return WH_OK;
    case WH_PQ_SNAPPY:
        return snappy_decompress(in, out, out_size, err);
    case WH_PQ_GZIP:
        return gzip_decompress(in, out, out_size, err);
    case WH_PQ_BROTLI:
        return brotli_decompress(in, out, out_size, err);
    case WH_PQ_ZSTD:
        return zstd_decompress(st, in, out, out_size, err);
    case WH_PQ_LZ4_RAW:
        return lz4_block(in, out, out_size) ? WH_OK
                                            : damaged("lz4", "the block is damaged or has another size", err);
    case WH_PQ_LZ4:
        /* The three things that have been written under this number. */
        return lz4_hadoop(in, out, out_size) || lz4_frame(in, out, out_size) || lz4_block(in, out, out_size)
                   ? WH_OK
                   : damaged("lz4", "the data are damaged or have another size", err);
    default:
        return wh_fail(err, WH_CONFIG, "could not decompress a page: codec %d is not supported", (int)codec);
    }
}
