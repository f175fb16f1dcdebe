/* format/compress.c - one block of bytes as one frame, for compressed text files: frames of these
 * formats may stand one behind the other, so chunks are compressed in parallel and appended in order. */
#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "format/input.h"

static enum wh_status gzip_frame(int level, const void *bytes, size_t n, struct wh_buffer *out,
                                 struct wh_error *err)
{
    z_stream z = {0};
    if (deflateInit2(&z, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return wh_nomem(err);
    enum wh_status s = wh_buffer_reserve(out, deflateBound(&z, n), err);
    if (s == WH_OK && n > UINT32_MAX - 65536)
        s = wh_fail(err, WH_LIMIT, "could not compress %zu bytes at once", n);
    if (s == WH_OK) {
        z.next_in = (Bytef *)(uintptr_t)bytes;
        z.avail_in = (uInt)n;
        z.next_out = out->data + out->size;
        z.avail_out = (uInt)(out->capacity - out->size);
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
            s = wh_fail(err, WH_INTERNAL, "could not compress by gzip");
        out->size += z.total_out;
    }
    deflateEnd(&z);
    return s;
}

static enum wh_status zstd_frame(int level, const void *bytes, size_t n, struct wh_buffer *out,
                                 struct wh_error *err)
{
    size_t bound = ZSTD_compressBound(n);
    WH_TRY(wh_buffer_reserve(out, bound, err));
    size_t got =
        ZSTD_compress(out->data + out->size, bound, bytes, n, level == 0 ? ZSTD_CLEVEL_DEFAULT : level);
    if (ZSTD_isError(got))
        return wh_fail(err, WH_INTERNAL, "could not compress by zstd: %s", ZSTD_getErrorName(got));
    out->size += got;
    return WH_OK;
}

static enum wh_status lz4_frame(int level, const void *bytes, size_t n, struct wh_buffer *out,
                                struct wh_error *err)
{
    LZ4F_preferences_t prefs = {.compressionLevel = level};
    prefs.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    size_t bound = LZ4F_compressFrameBound(n, &prefs);
    WH_TRY(wh_buffer_reserve(out, bound, err));
    size_t got = LZ4F_compressFrame(out->data + out->size, bound, bytes, n, &prefs);
    if (LZ4F_isError(got))
        return wh_fail(err, WH_INTERNAL, "could not compress by lz4: %s", LZ4F_getErrorName(got));
    out->size += got;
    return WH_OK;
}

static enum wh_status bzip2_frame(int level, const void *bytes, size_t n, struct wh_buffer *out,
                                  struct wh_error *err)
{
    if (n > UINT32_MAX / 2)
        return wh_fail(err, WH_LIMIT, "could not compress %zu bytes at once", n);
    unsigned bound = (unsigned)(n + n / 100 + 600 + 1);
    WH_TRY(wh_buffer_reserve(out, bound, err));
    int rc = BZ2_bzBuffToBuffCompress((char *)out->data + out->size, &bound, (char *)(uintptr_t)bytes,
                                      (unsigned)n, level == 0 ? 9 : level, 0, 0);
    if (rc != BZ_OK)
        return rc == BZ_MEM_ERROR ? wh_nomem(err) : wh_fail(err, WH_INTERNAL, "could not compress by bzip2");
    out->size += bound;
    return WH_OK;
}

static enum wh_status xz_frame(int level, const void *bytes, size_t n, struct wh_buffer *out,
                               struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(out, lzma_stream_buffer_bound(n), err));
    size_t at = out->size;
    lzma_ret rc = lzma_easy_buffer_encode(level == 0 ? 3 : (uint32_t)level, LZMA_CHECK_CRC64, NULL, bytes, n,
                                          out->data, &at, out->capacity);
    if (rc != LZMA_OK)
        return rc == LZMA_MEM_ERROR ? wh_nomem(err) : wh_fail(err, WH_INTERNAL, "could not compress by xz");
    out->size = at;
    return WH_OK;
}

enum wh_status wh_compress_frame(enum wh_compression c, int level, const void *bytes, size_t n,
                                 struct wh_buffer *out, struct wh_error *err)
{
    switch (c) {
    case WH_PLAIN:
        return wh_buffer_append(out, bytes, n, err);
    case WH_GZIP:
        return gzip_frame(level, bytes, n, out, err);
    case WH_ZSTD:
        return zstd_frame(level, bytes, n, out, err);
    case WH_LZ4:
        return lz4_frame(level, bytes, n, out, err);
    case WH_BZIP2:
        return bzip2_frame(level, bytes, n, out, err);
    case WH_XZ:
        return xz_frame(level, bytes, n, out, err);
    }
    return wh_fail(err, WH_INTERNAL, "unknown compression %d", (int)c);
}
