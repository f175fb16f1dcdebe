/* format/parquet/choose.c - choice of encodings; see choose.h. */
#include "format/parquet/choose.h"

#include <math.h>

#include "base/bytes.h"
#include "base/mem.h"

#define SAMPLE_VALUES 2048
#define SAMPLE_BYTES 65536
#define SAMPLE_LEVEL 1 /* of zstd, which stands for all codecs here */
/* PLAIN integers must win by this much over packed ones: eight times the bytes go through compression. */
#define PLAIN_HANDICAP 1.33
#define MOST_CANDIDATES 2

static struct wh_pq_values sample_of(const struct wh_pq_values *v)
{
    struct wh_pq_values s = *v;
    s.n = WH_MIN(s.n, (size_t)SAMPLE_VALUES);
    while (s.width == 0 && s.n > 1 && s.offsets[s.n] > SAMPLE_BYTES)
        s.n /= 2;
    return s;
}

static size_t list_candidates(int32_t *out, const struct wh_pq_values *sample)
{
    static const int32_t by_type[WH_PQ_TYPE_COUNT][MOST_CANDIDATES] = {
        [WH_PQ_INT32] = {WH_PQ_DELTA_BINARY_PACKED, WH_PQ_PLAIN},
        [WH_PQ_INT64] = {WH_PQ_DELTA_BINARY_PACKED, WH_PQ_PLAIN},
        [WH_PQ_FLOAT] = {WH_PQ_PLAIN, WH_PQ_BYTE_STREAM_SPLIT},
        [WH_PQ_DOUBLE] = {WH_PQ_PLAIN, WH_PQ_BYTE_STREAM_SPLIT},
        [WH_PQ_BYTE_ARRAY] = {WH_PQ_DELTA_LENGTH_BYTE_ARRAY, WH_PQ_DELTA_BYTE_ARRAY},
    };
    memcpy(out, by_type[sample->type], MOST_CANDIDATES * sizeof *out);
    if (out[0] == out[1])
        return 1;
    /* Front coding is for text that shares beginnings. */
    if (sample->type == WH_PQ_BYTE_ARRAY &&
        wh_pq_shared_prefix_bytes(sample, sample->n) < sample->offsets[sample->n] / 8)
        return 1;
    return MOST_CANDIDATES;
}

static enum wh_status encode(const struct wh_pq_choice *c, int32_t encoding, const struct wh_pq_values *v,
                             struct wh_error *err)
{
    c->encoded->size = 0;
    return wh_pq_encode(c->encoded, encoding, v, c->scratch, err);
}

static enum wh_status compressed_bytes(size_t *out, const struct wh_pq_choice *c, struct wh_error *err)
{
    *out = c->encoded->size;
    if (c->codec == WH_PQ_UNCOMPRESSED)
        return WH_OK;
    c->packed->size = 0;
    WH_TRY(wh_pq_compress(c->codec_state, WH_PQ_ZSTD, SAMPLE_LEVEL,
                          wh_slice((const char *)c->encoded->data, c->encoded->size), c->packed, err));
    *out = WH_MIN(*out, c->packed->size);
    return WH_OK;
}

enum wh_status wh_pq_choose(struct wh_pq_plan *out, const struct wh_pq_choice *c,
                            const struct wh_pq_values *v, struct wh_error *err)
{
    struct wh_pq_values sample = sample_of(v);
    int32_t candidates[MOST_CANDIDATES];
    size_t n = list_candidates(candidates, &sample);
    struct wh_pq_plan best = {.encoding = candidates[0], .value_bytes = -1};
    bool is_integer = sample.type == WH_PQ_INT32 || sample.type == WH_PQ_INT64;
    double raw = (double)(sample.width > 0 ? sample.n * (size_t)sample.width : sample.offsets[sample.n]);
    for (size_t i = 0; i < n; i++) {
        size_t bytes;
        WH_TRY(encode(c, candidates[i], &sample, err));
        WH_TRY(compressed_bytes(&bytes, c, err));
        double cost = (double)bytes / (double)WH_MAX(sample.n, (size_t)1);
        double handicap = is_integer && candidates[i] == WH_PQ_PLAIN ? PLAIN_HANDICAP : 1;
        if (best.value_bytes < 0 || cost * handicap < best.value_bytes) {
            best.encoding = candidates[i];
            best.value_bytes = cost;
            best.shrink = raw > 0 ? WH_MIN((double)bytes / raw, 1.0) : 1;
        }
    }
    *out = best;
    return WH_OK;
}

static double power(double base, size_t exponent)
{
    double result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
        result *= exponent & 1 ? base : 1;
    return result;
}

/* How many different values there are when n draws among them, all equally likely, gave `distinct`:
 * the D with distinct = D * (1 - (1 - 1 / D)^n). */
static double estimate_distinct(size_t n, size_t distinct)
{
    double low = (double)distinct, high = (double)n * (double)n;
    if (distinct >= n)
        return INFINITY;
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (middle * (1 - power(1 - 1 / middle, n)) < (double)distinct)
            low = middle;
        else
            high = middle;
    }
    return high;
}

bool wh_pq_dictionary_pays(const struct wh_pq_plan *plan, size_t n, size_t distinct, double entry_bytes,
                           size_t total)
{
    double values = (double)total;
    double entries = total <= n ? (double)distinct : estimate_distinct(n, distinct);
    if (entries > values)
        return false;
    double bits = wh_pq_bits((uint64_t)entries);
    return entries * entry_bytes * plan->shrink + values * bits / 8 < values * plan->value_bytes;
}
