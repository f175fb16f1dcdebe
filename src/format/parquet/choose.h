/* format/parquet/choose.h - which encoding a column chunk gets, by what it costs on a sample of the first
 * page. The choice depends on the chunk's values alone, so that a file comes out the same every time. */
#pragma once
#include "format/parquet/codec.h"
#include "format/parquet/encode.h"

/* What is known about storing values without a dictionary. */
struct wh_pq_plan {
    int32_t encoding;   /* enum wh_pq_encoding */
    double value_bytes; /* compressed, per value */
    double shrink;      /* compressed size by size before; for the entries of a dictionary */
};

struct wh_pq_choice {
    struct wh_pq_codec_state *codec_state;
    int32_t codec;
    struct wh_buffer *encoded, *packed, *scratch; /* working memory */
};
/* Tries the encodings that fit the type on the first values. */
enum wh_status wh_pq_choose(struct wh_pq_plan *out, const struct wh_pq_choice *c,
                            const struct wh_pq_values *v, struct wh_error *err);

/* Values that a chunk is expected to have while only its beginning is known. */
#define WH_PQ_EXPECTED_VALUES 131072

/* True when a dictionary is expected to be smaller: of the first n values `distinct` differ, entries take
 * `entry_bytes` on average, and there will be `total` values. */
bool wh_pq_dictionary_pays(const struct wh_pq_plan *plan, size_t n, size_t distinct, double entry_bytes,
                           size_t total);
