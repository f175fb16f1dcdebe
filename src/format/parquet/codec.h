/* format/parquet/codec.h - compression of pages (parquet-format, Compression.md).
 *
 * A codec state keeps the working memory of the libraries for reuse. Serial per state; it starts as an
 * all-zero struct. */
#pragma once
#include "format/parquet/meta.h"

struct wh_pq_codec_state {
    void *zstd_cctx, *zstd_dctx; /* owned; made when first needed */
    struct wh_buffer scratch;    /* owned; budget may be set beforehand */
};
void wh_pq_codec_release(struct wh_pq_codec_state *st);

/* Levels: WH_PQ_LEVEL_DEFAULT, or what the library takes (zstd also negative ones). */
#define WH_PQ_LEVEL_DEFAULT INT32_MIN

/* Lowest and highest level of a codec and its default; false for codecs without levels. */
bool wh_pq_codec_levels(int32_t codec, int *lowest, int *highest, int *standard);

/* Appends the compressed form of n bytes to out. Fails: WH_NOMEM, WH_LIMIT, WH_INTERNAL; WH_CONFIG for a
 * codec that cannot be written (LZO, LZ4). */
enum wh_status wh_pq_compress(struct wh_pq_codec_state *st, int32_t codec, int level, struct wh_slice in,
                              struct wh_buffer *out, struct wh_error *err);
/* Appends the n bytes as a frame that holds them uncompressed; only for ZSTD. For data that do not
 * shrink: costs a copy, and readers copy too. */
enum wh_status wh_pq_zstd_store(struct wh_slice in, struct wh_buffer *out, struct wh_error *err);

/* Writes exactly out_size bytes to out, which has WH_BUFFER_SLACK writable bytes behind. The caller has
 * checked out_size against its bounds before it made room. Fails with WH_DATA when the input is damaged or
 * decompresses to any other number of bytes, with WH_CONFIG for a codec that is not supported (LZO). */
enum wh_status wh_pq_decompress(struct wh_pq_codec_state *st, int32_t codec, struct wh_slice in, uint8_t *out,
                                size_t out_size, struct wh_error *err);
