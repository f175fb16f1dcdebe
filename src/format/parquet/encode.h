/* format/parquet/encode.h - values of one page to bytes (parquet-format, Encodings.md).
 *
 * Every encoder appends to out and fails with WH_NOMEM or WH_LIMIT only. Serial. */
#pragma once
#include "format/parquet/meta.h"

/* The non-null values of a page. Behind data and offsets lie WH_BUFFER_SLACK readable bytes. */
struct wh_pq_values {
    int32_t type;  /* enum wh_pq_type */
    int32_t width; /* bytes of a value: 4, 8, length of FIXED, 1 of BOOLEAN; 0 of BYTE_ARRAY */
    size_t n;
    const uint8_t *data;     /* little endian; BOOLEAN: 0 or 1 */
    const uint32_t *offsets; /* BYTE_ARRAY: n + 1, the first is 0 */
};

/* Bits that hold numbers up to max. */
static inline int wh_pq_bits(uint64_t max)
{
    return max == 0 ? 0 : 64 - __builtin_clzll(max);
}

enum wh_status wh_pq_encode_plain(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err);

/* RLE/bit-packing hybrid of numbers below 2^bits (0 to 32), without length in front. Behind v[n] lie 8
 * more writable numbers; they are overwritten. */
enum wh_status wh_pq_encode_rle(struct wh_buffer *out, uint32_t *v, size_t n, int bits, struct wh_error *err);

/* The same for n times one number. */
enum wh_status wh_pq_encode_run(struct wh_buffer *out, uint32_t value, size_t n, int bits,
                                struct wh_error *err);

/* INT32 and INT64. */
enum wh_status wh_pq_encode_delta(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err);
/* BYTE_ARRAY. scratch is working memory. */
enum wh_status wh_pq_encode_delta_length(struct wh_buffer *out, const struct wh_pq_values *v,
                                         struct wh_buffer *scratch, struct wh_error *err);
enum wh_status wh_pq_encode_delta_bytes(struct wh_buffer *out, const struct wh_pq_values *v,
                                        struct wh_buffer *scratch, struct wh_error *err);
/* FLOAT, DOUBLE, INT32, INT64, FIXED. */
enum wh_status wh_pq_encode_split(struct wh_buffer *out, const struct wh_pq_values *v, struct wh_error *err);

/* Bytes that the first n values of BYTE_ARRAY have in common with the one before. */
size_t wh_pq_shared_prefix_bytes(const struct wh_pq_values *v, size_t n);
/* By number: one of the above without dictionary; scratch is working memory. */
enum wh_status wh_pq_encode(struct wh_buffer *out, int32_t encoding, const struct wh_pq_values *v,
                            struct wh_buffer *scratch, struct wh_error *err);
