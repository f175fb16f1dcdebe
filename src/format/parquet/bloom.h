/* format/parquet/bloom.h - split block Bloom filters (parquet-format, BloomFilter.md). Serial. */
#pragma once
#include "format/parquet/encode.h"

/* Appends the 64-bit hashes (xxHash of the PLAIN form) of all values to hashes. */
enum wh_status wh_pq_bloom_hash(struct wh_buffer *hashes, const struct wh_pq_values *v, struct wh_error *err);
/* Appends header and bit set of a filter with these hashes, uint64_t each;
 * about 1 % false positives. */
enum wh_status wh_pq_bloom_write(struct wh_buffer *out, const struct wh_buffer *hashes, struct wh_error *err);
