/* format/parquet/decode_values.h - the values of one data page, nulls left out, in any encoding
 * (Encodings.md).
 *
 * Three kinds of physical values: booleans as bits, fixed ones (INT32, INT64, INT96, FLOAT, DOUBLE,
 * FIXED_LEN_BYTE_ARRAY) as an array, byte arrays as offsets and bytes. Dictionary indexes are read from
 * `indexes` by the owner of the dictionary. The page's bytes are lent while its values are read. */
#pragma once
#include "format/parquet/decode_delta.h"
#include "format/parquet/decode_rle.h"
#include "format/parquet/schema.h"

struct wh_pq_decoder {
    int32_t encoding;         /* enum wh_pq_encoding; PLAIN_DICTIONARY is given as RLE_DICTIONARY */
    size_t width;             /* bytes of a fixed value, else 0 */
    const uint8_t *p, *end;   /* PLAIN: next value; DELTA_*: next bytes; BYTE_STREAM_SPLIT: first stream */
    size_t stride;            /* BYTE_STREAM_SPLIT: bytes of a stream */
    size_t left;              /* BYTE_STREAM_SPLIT: values left */
    struct wh_pq_rle indexes; /* dictionary indexes; booleans */
    struct wh_pq_delta delta; /* DELTA_BINARY_PACKED; lengths or lengths of suffixes */
    struct wh_pq_delta prefixes;
    struct wh_buffer *last; /* DELTA_BYTE_ARRAY: lent; the value before the next one */
};

/* Where byte arrays go. */
struct wh_pq_bytes_out {
    struct wh_buffer *data;
    int32_t *offsets; /* room for n + 1; [0] is set: where data ends */
    size_t max_bytes; /* data never grows beyond, unless for the first value of an empty buffer */
};

/* Bytes of a physical value of the leaf's type; 0 for byte arrays and booleans. */
size_t wh_pq_fixed_width(const struct wh_pq_node *leaf);

/* leaf gives type and length, bytes is the values' part of the page, last is kept for the whole
 * page. Fails with WH_DATA when the encoding is unknown or not one for the type, or the bytes are
 * damaged. */
enum wh_status wh_pq_decoder_init(struct wh_pq_decoder *v, int32_t encoding, const struct wh_pq_node *leaf,
                                  struct wh_slice bytes, struct wh_buffer *last, struct wh_error *err);
/* Reads n fixed values. Fails with WH_DATA when the page has fewer. */
enum wh_status wh_pq_decode_fixed(struct wh_pq_decoder *v, uint8_t *out, size_t n, struct wh_error *err);
/* Appends up to n byte arrays; *done is less than n only because of max_bytes. Fails: WH_DATA, WH_NOMEM,
 * WH_LIMIT. */
enum wh_status wh_pq_decode_bytes(struct wh_pq_decoder *v, const struct wh_pq_bytes_out *out, size_t n,
                                  size_t *done, struct wh_error *err);

/* Passes over n fixed values or byte arrays, by way of scratch where they must be decoded. Fails as reading
 * them does. */
enum wh_status wh_pq_decoder_skip(struct wh_pq_decoder *v, size_t n, struct wh_buffer *scratch,
                                  struct wh_error *err);

/* Copies n bytes, and up to 32 more behind them, which both sides have as slack. */
static inline void wh_pq_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    if (n <= 16) {
        memcpy(to, from, 16);
    } else if (n <= 32) {
        memcpy(to, from, 32);
    } else {
        memcpy(to, from, n);
    }
}
