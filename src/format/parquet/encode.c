/* format/parquet/encode.c - the encoders by the number of their encoding. */
#include "format/parquet/encode.h"

enum wh_status wh_pq_encode(struct wh_buffer *out, int32_t encoding, const struct wh_pq_values *v,
                            struct wh_buffer *scratch, struct wh_error *err)
{
    switch (encoding) {
    case WH_PQ_DELTA_BINARY_PACKED:
        return wh_pq_encode_delta(out, v, err);
    case WH_PQ_DELTA_LENGTH_BYTE_ARRAY:
        return wh_pq_encode_delta_length(out, v, scratch, err);
    case WH_PQ_DELTA_BYTE_ARRAY:
        return wh_pq_encode_delta_bytes(out, v, scratch, err);
    case WH_PQ_BYTE_STREAM_SPLIT:
        return wh_pq_encode_split(out, v, err);
    default:
        return wh_pq_encode_plain(out, v, err);
    }
}
