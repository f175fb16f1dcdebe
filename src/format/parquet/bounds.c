/* format/parquet/bounds.c - least and greatest values; see bounds.h. */
#include "format/parquet/bounds.h"

#include <math.h>

#include "base/bytes.h"
#include "base/mem.h"

enum wh_pq_order wh_pq_order_of(const struct wh_pq_node *leaf)
{
    static const enum wh_pq_order physical[WH_PQ_TYPE_COUNT] = {
        [WH_PQ_BOOLEAN] = WH_PQ_ORDER_BOOL, [WH_PQ_INT32] = WH_PQ_ORDER_I32,
        [WH_PQ_INT64] = WH_PQ_ORDER_I64,    [WH_PQ_FLOAT] = WH_PQ_ORDER_F32,
        [WH_PQ_DOUBLE] = WH_PQ_ORDER_F64,   [WH_PQ_BYTE_ARRAY] = WH_PQ_ORDER_BYTES,
        [WH_PQ_FIXED] = WH_PQ_ORDER_BYTES,
    };
    enum wh_type t = leaf->field->type;
    if (t == WH_NULL || t == WH_INTERVAL)
        return WH_PQ_ORDER_NONE;
    if (t == WH_UINT8 || t == WH_UINT16 || t == WH_UINT32)
        return WH_PQ_ORDER_U32;
    if (t == WH_UINT64)
        return WH_PQ_ORDER_U64;
    if (t == WH_UTF8 || t == WH_JSON)
        return WH_PQ_ORDER_TEXT;
    if (t == WH_DECIMAL && leaf->type == WH_PQ_FIXED)
        return WH_PQ_ORDER_BIG_ENDIAN;
    return physical[leaf->type];
}

/* ---- numbers ----------------------------------------------------------------------------------- */

/* Two of each, so that the loop does not wait for the value before. */
#define DEFINE_RANGE(name, ctype)                                                                            \
    static void name(const uint8_t *data, size_t n, ctype *out_min, ctype *out_max)                          \
    {                                                                                                        \
        const ctype *v = (const ctype *)(const void *)data;                                                  \
        ctype low = v[0], low2 = low, high = low, high2 = low;                                               \
        size_t i = 0;                                                                                        \
        for (; i + 2 <= n; i += 2) {                                                                         \
            ctype a = v[i], b = v[i + 1];                                                                    \
            low = a < low ? a : low;                                                                         \
            high = a > high ? a : high;                                                                      \
            low2 = b < low2 ? b : low2;                                                                      \
            high2 = b > high2 ? b : high2;                                                                   \
        }                                                                                                    \
        if (i < n && v[i] < low)                                                                             \
            low = v[i];                                                                                      \
        if (i < n && v[i] > high)                                                                            \
            high = v[i];                                                                                     \
        *out_min = low < low2 ? low : low2;                                                                  \
        *out_max = high > high2 ? high : high2;                                                              \
    }
DEFINE_RANGE(range_u8, uint8_t)
DEFINE_RANGE(range_i32, int32_t)
DEFINE_RANGE(range_u32, uint32_t)
DEFINE_RANGE(range_i64, int64_t)
DEFINE_RANGE(range_u64, uint64_t)

static void set_exact(struct wh_pq_bounds *out, const void *min, const void *max, size_t len)
{
    memcpy(out->min, min, len);
    memcpy(out->max, max, len);
    out->min_len = out->max_len = (uint8_t)len;
    out->has_min = out->has_max = out->min_exact = out->max_exact = true;
}

#define SET_RANGE(out, range, ctype, v)                                                                      \
    do {                                                                                                     \
        ctype wh_min, wh_max;                                                                                \
        range((v)->data, (v)->n, &wh_min, &wh_max);                                                          \
        set_exact(out, &wh_min, &wh_max, sizeof wh_min);                                                     \
    } while (0)

static void floats(struct wh_pq_bounds *out, const struct wh_pq_values *v)
{
    float low = INFINITY, high = -INFINITY, x;
    for (size_t i = 0; i < v->n; i++) {
        memcpy(&x, v->data + i * sizeof x, sizeof x);
        low = x < low ? x : low;
        high = x > high ? x : high;
        out->nans += x != x;
    }
    low = low == 0 ? -0.0F : low;
    high = high == 0 ? 0.0F : high;
    if (out->nans < (int64_t)v->n)
        set_exact(out, &low, &high, sizeof low);
}

static void doubles(struct wh_pq_bounds *out, const struct wh_pq_values *v)
{
    double low = INFINITY, high = -INFINITY, x;
    for (size_t i = 0; i < v->n; i++) {
        memcpy(&x, v->data + i * sizeof x, sizeof x);
        low = x < low ? x : low;
        high = x > high ? x : high;
        out->nans += x != x;
    }
    low = low == 0 ? -0.0 : low;
    high = high == 0 ? 0.0 : high;
    if (out->nans < (int64_t)v->n)
        set_exact(out, &low, &high, sizeof low);
}

/* ---- bytes ------------------------------------------------------------------------------------- */

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t n = WH_MIN(a_len, b_len);
    int c = n == 0 ? 0 : memcmp(a, b, n);
    return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static int compare_slices(struct wh_slice a, struct wh_slice b)
{
    return compare_bytes((const uint8_t *)a.ptr, a.len, (const uint8_t *)b.ptr, b.len);
}

static int compare_big_endian(const uint8_t *a, const uint8_t *b, size_t len)
{
    int sign = (int)(a[0] >> 7) - (int)(b[0] >> 7);
    return sign != 0 ? -sign : memcmp(a, b, len);
}

static bool is_continuation(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

/* The character of p[0..len) that begins at `at` and ends at the end, or -1 when it is not UTF-8. */
static int32_t decode_last(const uint8_t *p, size_t at, size_t len)
{
    static const uint8_t lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t n = len - at;
    if (n < 1 || n > 4)
        return -1;
    int32_t c = p[at] & lead_mask[n];
    for (size_t i = at + 1; i < len; i++)
        c = c << 6 | (p[i] & 0x3F);
    return c;
}

static size_t encode(uint8_t *p, uint32_t c)
{
    if (c < 0x80) {
        p[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (uint8_t)(0xC0 | c >> 6);
        p[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        p[0] = (uint8_t)(0xE0 | c >> 12);
        p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        p[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    p[0] = (uint8_t)(0xF0 | c >> 18);
    p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    p[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

/* The length of the least text above all that begin with p[0..len): its last character raised by one, or
 * the one before when it is the last there is. 0: none. */
static size_t raise_text(uint8_t *p, size_t len)
{
    while (len > 0) {
        size_t at = len - 1;
        while (at > 0 && is_continuation(p[at]))
            at--;
        int32_t c = decode_last(p, at, len);
        if (c >= 0 && c < 0x10FFFF)
            return at + encode(p + at, c + 1 == 0xD800 ? 0xE000 : (uint32_t)c + 1);
        len = at;
    }
    return 0;
}

static size_t raise_bytes(uint8_t *p, size_t len)
{
    while (len > 0 && p[len - 1] == 0xFF)
        len--;
    if (len > 0)
        p[len - 1]++;
    return len;
}

static void set_bytes(struct wh_pq_bounds *out, enum wh_pq_order order, struct wh_slice min,
                      struct wh_slice max)
{
    out->has_min = out->has_max = true;
    out->min_exact = min.len <= WH_PQ_BOUND_BYTES;
    out->max_exact = max.len <= WH_PQ_BOUND_BYTES;
    size_t min_len = WH_MIN(min.len, (size_t)WH_PQ_BOUND_BYTES),
           max_len = WH_MIN(max.len, (size_t)WH_PQ_BOUND_BYTES);
    while (!out->min_exact && order == WH_PQ_ORDER_TEXT && min_len > 0 &&
           is_continuation((uint8_t)min.ptr[min_len]))
        min_len--;
    while (!out->max_exact && order == WH_PQ_ORDER_TEXT && max_len > 0 &&
           is_continuation((uint8_t)max.ptr[max_len]))
        max_len--;
    memcpy(out->min, min.ptr, min_len);
    memcpy(out->max, max.ptr, max_len);
    if (!out->max_exact) {
        max_len = order == WH_PQ_ORDER_TEXT ? raise_text(out->max, max_len) : raise_bytes(out->max, max_len);
        out->has_max = max_len > 0;
    }
    out->min_len = (uint8_t)min_len;
    out->max_len = (uint8_t)max_len;
}

/* The first 8 bytes, so that most values are compared as numbers; equal ones need the rest. */
static inline uint64_t head_of(const uint8_t *p, size_t len)
{
    uint64_t v = __builtin_bswap64(wh_get_le64(p));
    return len >= 8 ? v : len == 0 ? 0 : v >> (64 - 8 * len) << (64 - 8 * len);
}

void wh_pq_bounds_of_used(struct wh_pq_bounds *out, enum wh_pq_order order,
                          const struct wh_pq_values *entries, const uint8_t *used)
{
    struct wh_slice low = {0}, high = {0};
    bool any = false;
    *out = (struct wh_pq_bounds){0};
    for (size_t i = 0; i < entries->n; i++) {
        struct wh_slice v = wh_slice((const char *)entries->data + entries->offsets[i],
                                     entries->offsets[i + 1] - entries->offsets[i]);
        if (!used[i])
            continue;
        if (!any || compare_slices(v, low) < 0)
            low = v;
        if (!any || compare_slices(v, high) > 0)
            high = v;
        any = true;
    }
    if (any)
        set_bytes(out, order, low, high);
}

static void byte_arrays(struct wh_pq_bounds *out, enum wh_pq_order order, const struct wh_pq_values *v)
{
    const uint32_t *o = v->offsets;
    size_t low = 0, high = 0;
    uint64_t low_head = head_of(v->data, o[1]), high_head = low_head;
    for (size_t i = 1; i < v->n; i++) {
        const uint8_t *p = v->data + o[i];
        size_t len = o[i + 1] - o[i];
        uint64_t head = head_of(p, len);
        if (head <= low_head &&
            (head < low_head || compare_bytes(p, len, v->data + o[low], o[low + 1] - o[low]) < 0)) {
            low = i;
            low_head = head;
        }
        if (head >= high_head &&
            (head > high_head || compare_bytes(p, len, v->data + o[high], o[high + 1] - o[high]) > 0)) {
            high = i;
            high_head = head;
        }
    }
    set_bytes(out, order, wh_slice((const char *)v->data + o[low], o[low + 1] - o[low]),
              wh_slice((const char *)v->data + o[high], o[high + 1] - o[high]));
}

static void fixed(struct wh_pq_bounds *out, enum wh_pq_order order, const struct wh_pq_values *v)
{
    size_t width = (size_t)v->width;
    const uint8_t *low = v->data, *high = v->data;
    for (size_t i = 1; i < v->n; i++) {
        const uint8_t *p = v->data + i * width;
        if (wh_pq_bound_compare(order, p, width, low, width) < 0)
            low = p;
        else if (wh_pq_bound_compare(order, p, width, high, width) > 0)
            high = p;
    }
    set_exact(out, low, high, width);
}

/* ---- all --------------------------------------------------------------------------------------- */

void wh_pq_bounds_of(struct wh_pq_bounds *out, enum wh_pq_order order, const struct wh_pq_values *v)
{
    out->has_min = out->has_max = out->min_exact = out->max_exact = false;
    out->min_len = out->max_len = 0;
    out->nans = 0;
    if (v->n == 0)
        return;
    switch (order) {
    case WH_PQ_ORDER_NONE:
        break;
    case WH_PQ_ORDER_BOOL:
        SET_RANGE(out, range_u8, uint8_t, v);
        break;
    case WH_PQ_ORDER_I32:
        SET_RANGE(out, range_i32, int32_t, v);
        break;
    case WH_PQ_ORDER_U32:
        SET_RANGE(out, range_u32, uint32_t, v);
        break;
    case WH_PQ_ORDER_I64:
        SET_RANGE(out, range_i64, int64_t, v);
        break;
    case WH_PQ_ORDER_U64:
        SET_RANGE(out, range_u64, uint64_t, v);
        break;
    case WH_PQ_ORDER_F32:
        floats(out, v);
        break;
    case WH_PQ_ORDER_F64:
        doubles(out, v);
        break;
    case WH_PQ_ORDER_BYTES:
    case WH_PQ_ORDER_TEXT:
    case WH_PQ_ORDER_BIG_ENDIAN:
        if (v->type == WH_PQ_FIXED)
            fixed(out, order, v);
        else
            byte_arrays(out, order, v);
        break;
    }
}

#define COMPARE_AS(ctype, a, b)                                                                              \
    __extension__({                                                                                          \
        ctype wh_a, wh_b;                                                                                    \
        memcpy(&wh_a, (a), sizeof wh_a);                                                                     \
        memcpy(&wh_b, (b), sizeof wh_b);                                                                     \
        (wh_a > wh_b) - (wh_a < wh_b);                                                                       \
    })

int wh_pq_bound_compare(enum wh_pq_order order, const uint8_t *a, size_t a_len, const uint8_t *b,
                        size_t b_len)
{
    switch (order) {
    case WH_PQ_ORDER_I32:
        return COMPARE_AS(int32_t, a, b);
    case WH_PQ_ORDER_U32:
        return COMPARE_AS(uint32_t, a, b);
    case WH_PQ_ORDER_I64:
        return COMPARE_AS(int64_t, a, b);
    case WH_PQ_ORDER_U64:
        return COMPARE_AS(uint64_t, a, b);
    case WH_PQ_ORDER_F32:
        return COMPARE_AS(float, a, b);
    case WH_PQ_ORDER_F64:
        return COMPARE_AS(double, a, b);
    case WH_PQ_ORDER_BIG_ENDIAN:
        return compare_big_endian(a, b, a_len);
    case WH_PQ_ORDER_NONE:
    case WH_PQ_ORDER_BOOL:
    case WH_PQ_ORDER_BYTES:
    case WH_PQ_ORDER_TEXT:
        break;
    }
    return compare_bytes(a, a_len, b, b_len);
}

void wh_pq_bounds_merge(struct wh_pq_bounds *a, const struct wh_pq_bounds *b, enum wh_pq_order order)
{
    int64_t nans = a->nans + b->nans;
    if (!a->has_min)
        *a = *b;
    a->nans = nans;
    if (!b->has_min)
        return;
    if (wh_pq_bound_compare(order, b->min, b->min_len, a->min, a->min_len) < 0) {
        memcpy(a->min, b->min, b->min_len);
        a->min_len = b->min_len;
        a->min_exact = b->min_exact;
    }
    a->has_max = a->has_max && b->has_max;
    if (a->has_max && wh_pq_bound_compare(order, b->max, b->max_len, a->max, a->max_len) > 0) {
        memcpy(a->max, b->max, b->max_len);
        a->max_len = b->max_len;
        a->max_exact = b->max_exact;
    }
}

bool wh_pq_is_sorted(enum wh_pq_order order, const struct wh_pq_values *v, bool descending)
{
    int wrong = descending ? -1 : 1;
    if (order == WH_PQ_ORDER_NONE || order == WH_PQ_ORDER_F32 || order == WH_PQ_ORDER_F64)
        return false;
    for (size_t i = 1; i < v->n; i++) {
        size_t at = v->width > 0 ? (i - 1) * (size_t)v->width : v->offsets[i - 1];
        size_t next = v->width > 0 ? i * (size_t)v->width : v->offsets[i];
        size_t end = v->width > 0 ? next + (size_t)v->width : v->offsets[i + 1];
        int c = wh_pq_bound_compare(order, v->data + at, next - at, v->data + next, end - next);
        if (c * wrong > 0)
            return false;
    }
    return true;
}
