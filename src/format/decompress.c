/* format/decompress.c - the libraries behind format/decompress.h.
 *
 * Formats: gzip RFC 1952 (several members), zstd RFC 8878 (several frames), lz4 frame format 1.6, bzip2
 * (several streams), xz 1.1 (several streams and padding, done by liblzma). */
#include "format/decompress.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

/* zlib and bzip2 count in unsigned int. */
static unsigned clamp_uint(size_t n)
{
    return n > 1u << 30 ? 1u << 30 : (unsigned)n;
}

static void flow_advance(struct wh_flow *f, size_t in, size_t out)
{
    f->in += in;
    f->in_len -= in;
    f->out += out;
    f->out_len -= out;
}

/* ---- gzip ---- */

static enum wh_status gzip_open(void **state, struct wh_error *err)
{
    z_stream *z = wh_alloc(sizeof *z);
    if (z == NULL || inflateInit2(z, 15 + 16) != Z_OK) { /* 16: gzip header and trailer */
        free(z);
        return wh_nomem(err);
    }
    *state = z;
    return WH_OK;
}

static enum wh_status gzip_step(void *state, struct wh_flow *f, bool *at_end, struct wh_error *err)
{
    z_stream *z = state;
    if (*at_end && inflateReset(z) != Z_OK)
        return wh_fail(err, WH_INTERNAL, "could not start the next gzip member");
    unsigned in = clamp_uint(f->in_len), out = clamp_uint(f->out_len);
    z->next_in = (Bytef *)(uintptr_t)f->in;
    z->avail_in = in;
    z->next_out = f->out;
    z->avail_out = out;
    int rc = inflate(z, Z_NO_FLUSH);
    flow_advance(f, in - z->avail_in, out - z->avail_out);
    if (rc == Z_MEM_ERROR)
        return wh_nomem(err);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return wh_fail(err, WH_DATA, "damaged gzip data: %s", z->msg != NULL ? z->msg : zError(rc));
    *at_end = rc == Z_STREAM_END;
    return WH_OK;
}

static void gzip_close(void *state)
{
    if (state != NULL)
        inflateEnd(state);
    free(state);
}

/* ---- zstd ---- */

static enum wh_status zstd_open(void **state, struct wh_error *err)
{
    *state = ZSTD_createDStream();
    return *state == NULL ? wh_nomem(err) : WH_OK;
}

static enum wh_status zstd_step(void *state, struct wh_flow *f, bool *at_end, struct wh_error *err)
{
    ZSTD_inBuffer in = {f->in, f->in_len, 0};
    ZSTD_outBuffer out = {f->out, f->out_len, 0};
    size_t rc = ZSTD_decompressStream(state, &out, &in);
    flow_advance(f, in.pos, out.pos);
    if (ZSTD_isError(rc))
        return wh_fail(err, WH_DATA, "damaged zstd data: %s", ZSTD_getErrorName(rc));
    *at_end = rc == 0;
    return WH_OK;
}

static void zstd_close(void *state)
{
    ZSTD_freeDStream(state);
}

/* ---- lz4 ---- */

static enum wh_status lz4_open(void **state, struct wh_error *err)
{
    LZ4F_dctx *ctx = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return wh_nomem(err);
    *state = ctx;
    return WH_OK;
}

static enum wh_status lz4_step(void *state, struct wh_flow *f, bool *at_end, struct wh_error *err)
{
    size_t in = f->in_len, out = f->out_len;
    size_t rc = LZ4F_decompress(state, f->out, &out, f->in, &in, NULL);
    if (LZ4F_isError(rc))
        return wh_fail(err, WH_DATA, "damaged lz4 data: %s", LZ4F_getErrorName(rc));
    flow_advance(f, in, out);
    *at_end = rc == 0;
    return WH_OK;
}

static void lz4_close(void *state)
{
    LZ4F_freeDecompressionContext(state);
}

/* ---- bzip2 ---- */

static enum wh_status bzip2_open(void **state, struct wh_error *err)
{
    bz_stream *b = wh_alloc(sizeof *b);
    if (b == NULL || BZ2_bzDecompressInit(b, 0, 0) != BZ_OK) {
        free(b);
        return wh_nomem(err);
    }
    *state = b;
    return WH_OK;
}

static enum wh_status bzip2_step(void *state, struct wh_flow *f, bool *at_end, struct wh_error *err)
{
    bz_stream *b = state;
    if (*at_end) {
        BZ2_bzDecompressEnd(b);
        *b = (bz_stream){0};
        if (BZ2_bzDecompressInit(b, 0, 0) != BZ_OK)
            return wh_nomem(err);
    }
    unsigned in = clamp_uint(f->in_len), out = clamp_uint(f->out_len);
    b->next_in = (char *)(uintptr_t)f->in;
    b->avail_in = in;
    b->next_out = (char *)f->out;
    b->avail_out = out;
    int rc = BZ2_bzDecompress(b);
    flow_advance(f, in - b->avail_in, out - b->avail_out);
    if (rc == BZ_MEM_ERROR)
        return wh_nomem(err);
    if (rc != BZ_OK && rc != BZ_STREAM_END)
        return wh_fail(err, WH_DATA, "damaged bzip2 data (code %d)", rc);
    *at_end = rc == BZ_STREAM_END;
    return WH_OK;
}

static void bzip2_close(void *state)
{
    if (state != NULL)
        BZ2_bzDecompressEnd(state);
    free(state);
}

/* ---- xz ---- */

#define XZ_MEMORY_LIMIT ((uint64_t)128 << 20) /* the largest preset needs 65 MiB */

static enum wh_status xz_open(void **state, struct wh_error *err)
{
    lzma_stream *x = wh_alloc(sizeof *x);
    if (x == NULL || lzma_stream_decoder(x, XZ_MEMORY_LIMIT, 0) != LZMA_OK) {
        free(x);
        return wh_nomem(err);
    }
    *state = x;
    return WH_OK;
}

static enum wh_status xz_step(void *state, struct wh_flow *f, bool *at_end, struct wh_error *err)
{
    lzma_stream *x = state;
    if (*at_end && lzma_stream_decoder(x, XZ_MEMORY_LIMIT, 0) != LZMA_OK)
        return wh_nomem(err);
    size_t in = f->in_len, out = f->out_len;
    x->next_in = f->in;
    x->avail_in = in;
    x->next_out = f->out;
    x->avail_out = out;
    lzma_ret rc = lzma_code(x, LZMA_RUN);
    flow_advance(f, in - x->avail_in, out - x->avail_out);
    if (rc == LZMA_MEM_ERROR)
        return wh_nomem(err);
    if (rc == LZMA_MEMLIMIT_ERROR)
        return wh_fail(err, WH_LIMIT, "xz data needs more than %d MiB to decompress",
                       (int)(XZ_MEMORY_LIMIT >> 20));
    if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
        return wh_fail(err, WH_DATA, "damaged xz data (code %d)", (int)rc);
    *at_end = rc == LZMA_STREAM_END;
    return WH_OK;
}

static void xz_close(void *state)
{
    if (state != NULL)
        lzma_end(state);
    free(state);
}

/* ---- the table ---- */

#define MAGIC(text) .magic = (text), .magic_len = sizeof(text) - 1

static const struct wh_decompressor decompressors[] = {
    [WH_PLAIN] = {.name = "none"},
    [WH_GZIP] =
        {.name = "gzip", MAGIC("\x1f\x8b\x08"), .open = gzip_open, .step = gzip_step, .close = gzip_close},
    [WH_ZSTD] = {.name = "zstd",
                 MAGIC("\x28\xb5\x2f\xfd"),
                 .open = zstd_open,
                 .step = zstd_step,
                 .close = zstd_close},
    [WH_LZ4] =
        {.name = "lz4", MAGIC("\x04\x22\x4d\x18"), .open = lz4_open, .step = lz4_step, .close = lz4_close},
    [WH_BZIP2] =
        {.name = "bzip2", MAGIC("BZh"), .open = bzip2_open, .step = bzip2_step, .close = bzip2_close},
    [WH_XZ] = {.name = "xz",
               MAGIC("\xfd"
                     "7zXZ\0"),
               .open = xz_open,
               .step = xz_step,
               .close = xz_close},
};

const char *wh_compression_name(enum wh_compression c)
{
    return decompressors[c].name;
}

const struct wh_decompressor *wh_decompressor_of(enum wh_compression c)
{
    return c == WH_PLAIN ? NULL : &decompressors[c];
}

/* "BZh" alone could start a text: bzip2 goes on with the level and the magic of a block or of the end. */
static bool is_bzip2(struct wh_slice head)
{
    return head.len >= 10 && head.ptr[3] >= '1' && head.ptr[3] <= '9' &&
           (memcmp(head.ptr + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
            memcmp(head.ptr + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

enum wh_compression wh_compression_detect(struct wh_slice head)
{
    for (size_t i = WH_GZIP; i < WH_COUNT(decompressors); i++) {
        const struct wh_decompressor *d = &decompressors[i];
        if (head.len >= d->magic_len && memcmp(head.ptr, d->magic, d->magic_len) == 0 &&
            (i != WH_BZIP2 || is_bzip2(head)))
            return (enum wh_compression)i;
    }
    return WH_PLAIN;
}
