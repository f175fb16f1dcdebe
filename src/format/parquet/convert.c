/* format/parquet/convert.c - physical values as values of our types; see convert.h. */
#include "format/parquet/convert.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "format/parquet/decode_values.h"

#define LIMBS 4 /* of 64 bits: the widest decimal */
#define DAY_MS INT64_C(86400000)
#define JULIAN_DAY_OF_EPOCH 2440588

static int64_t load_i64(const uint8_t *p)
{
    return (int64_t)wh_get_le64(p);
}

static int32_t load_i32(const uint8_t *p)
{
    return (int32_t)wh_get_le32(p);
}

/* ---- integers ----------------------------------------------------------------------------------- */

#define NARROW(name, type, low, high)                                                                        \
    static size_t name(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,             \
                       uint8_t *flags)                                                                       \
    {                                                                                                        \
        (void)c;                                                                                             \
        size_t bad = 0;                                                                                      \
        for (size_t i = 0; i < n; i++) {                                                                     \
            int32_t v = load_i32(in + 4 * i);                                                                \
            if (v < (low) || v > (high)) {                                                                   \
                flags[i] = 1;                                                                                \
                bad++;                                                                                       \
                v = 0;                                                                                       \
            }                                                                                                \
            type narrow = (type)v;                                                                           \
            memcpy(out + i * sizeof narrow, &narrow, sizeof narrow);                                         \
        }                                                                                                    \
        return bad;                                                                                          \
    }
NARROW(to_int8, int8_t, INT8_MIN, INT8_MAX)
NARROW(to_int16, int16_t, INT16_MIN, INT16_MAX)
NARROW(to_uint8, uint8_t, 0, UINT8_MAX)
NARROW(to_uint16, uint16_t, 0, UINT16_MAX)

/* ---- dates and times ---------------------------------------------------------------------------- */

static size_t from_time_ms(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                           uint8_t *flags)
{
    (void)c;
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t ms = load_i32(in + 4 * i);
        if (ms < 0 || ms >= DAY_MS) {
            flags[i] = 1;
            bad++;
            ms = 0;
        }
        wh_put_le64(out + 8 * i, (uint64_t)(ms * 1000));
    }
    return bad;
}

static size_t check_time(const uint8_t *in, size_t n, int64_t day, uint8_t *out, uint8_t *flags)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t v = load_i64(in + 8 * i);
        if (v < 0 || v >= day) {
            flags[i] = 1;
            bad++;
            v = 0;
        }
        wh_put_le64(out + 8 * i, (uint64_t)v);
    }
    return bad;
}

static size_t from_time_us(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                           uint8_t *flags)
{
    (void)c;
    return check_time(in, n, DAY_MS * 1000, out, flags);
}

static size_t from_time_ns(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                           uint8_t *flags)
{
    (void)c;
    return check_time(in, n, DAY_MS * 1000000, out, flags);
}

/* INT96: nanoseconds of the day in 8 bytes, Julian day number in 4. */
static size_t from_int96(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                         uint8_t *flags)
{
    (void)c;
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t ns = load_i64(in + 12 * i), v;
        int64_t days = (int64_t)load_i32(in + 12 * i + 8) - JULIAN_DAY_OF_EPOCH;
        if (days < 0 && ns >= 0) { /* the first day begins before the least value, but ends behind it */
            days++;
            ns -= DAY_MS * 1000000;
        }
        if (!wh_mul(days, DAY_MS * 1000000, &v) || !wh_add(v, ns, &v)) {
            flags[i] = 1;
            bad++;
            v = 0;
        }
        wh_put_le64(out + 8 * i, (uint64_t)v);
    }
    return bad;
}

/* Months, days, milliseconds, each 4 bytes without sign. */
static size_t from_interval(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                            uint8_t *flags)
{
    (void)c;
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t months = wh_get_le32(in + 12 * i), days = wh_get_le32(in + 12 * i + 4);
        uint64_t ns = (uint64_t)wh_get_le32(in + 12 * i + 8) * 1000000;
        if (months > INT32_MAX || days > INT32_MAX) {
            flags[i] = 1;
            bad++;
            months = days = 0;
            ns = 0;
        }
        wh_put_le32(out + 16 * i, months);
        wh_put_le32(out + 16 * i + 4, days);
        wh_put_le64(out + 16 * i + 8, ns);
    }
    return bad;
}

/* ---- numbers with a point ----------------------------------------------------------------------- */

/* IEEE 754 binary16 as the bits of a binary32, which holds every one of them. */
static uint32_t widen_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu;
    if (exponent == 31) /* infinity, NaN with its payload */
        return sign | 0x7f800000u | fraction << 13;
    if (exponent > 0)
        return sign | (exponent + 112) << 23 | fraction << 13;
    if (fraction == 0)
        return sign;
    uint32_t shift = (uint32_t)__builtin_clz(fraction) - 21; /* brings the leading one to bit 10 */
    return sign | (113 - shift) << 23 | (fraction << shift & 0x3ffu) << 13;
}

static size_t from_half(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                        uint8_t *flags)
{
    (void)c;
    (void)flags;
    for (size_t i = 0; i < n; i++)
        wh_put_le32(out + 4 * i, widen_half(wh_get_le16(in + 2 * i)));
    return 0;
}

/* Two's complement, big-endian, as limbs, lowest first; false when it needs more than 256 bits. */
static bool load_limbs(const uint8_t *p, size_t n, uint64_t *limbs)
{
    uint8_t fill = p[0] >= 0x80 ? 0xff : 0;
    uint8_t bytes[8 * LIMBS];
    for (; n > sizeof bytes; p++, n--)
        if (p[0] != fill)
            return false;
    if (n == sizeof bytes && (p[0] >= 0x80) != (fill != 0))
        return false;
    memset(bytes, fill, sizeof bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = p[n - 1 - i];
    for (size_t i = 0; i < LIMBS; i++)
        limbs[i] = wh_get_le64(bytes + 8 * i);
    return true;
}

/* |value| < limit */
static bool is_below(const uint64_t *limbs, const uint64_t *limit)
{
    bool negative = limbs[LIMBS - 1] >> 63 != 0;
    uint64_t size[LIMBS], carry = negative;
    for (size_t i = 0; i < LIMBS; i++) {
        size[i] = (negative ? ~limbs[i] : limbs[i]) + carry;
        carry = carry && size[i] == 0;
    }
    for (size_t i = LIMBS; i-- > 0;)
        if (size[i] != limit[i])
            return size[i] < limit[i];
    return false;
}

/* Stores one decimal; false, and zero, when it is too big. */
static bool store_limbs(const struct wh_pq_convert *c, const uint64_t *limbs, uint8_t *out)
{
    bool fits = is_below(limbs, c->limit);
    for (size_t i = 0; i < c->out_width / 8; i++)
        wh_put_le64(out + 8 * i, fits ? limbs[i] : 0);
    return fits;
}

/* One decimal of n big-endian bytes. */
static bool store_decimal(const struct wh_pq_convert *c, const uint8_t *p, size_t n, uint8_t *out)
{
    if (n == 0) {
        memset(out, 0, c->out_width);
        return false;
    }
    if (c->out_width == 8 && n <= 8) {
        uint64_t v = p[0] >= 0x80 ? UINT64_MAX : 0;
        for (size_t i = 0; i < n; i++)
            v = v << 8 | p[i];
        int64_t value = (int64_t)v, limit = (int64_t)c->limit[0];
        bool fits = value > -limit && value < limit;
        wh_put_le64(out, fits ? v : 0);
        return fits;
    }
    uint64_t limbs[LIMBS] = {0};
    bool loaded = load_limbs(p, n, limbs);
    if (!loaded)
        memset(out, 0, c->out_width);
    return loaded && store_limbs(c, limbs, out);
}

static size_t from_fixed_decimal(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                                 uint8_t *flags)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        if (!store_decimal(c, in + i * c->in_width, c->in_width, out + i * c->out_width)) {
            flags[i] = 1;
            bad++;
        }
    }
    return bad;
}

size_t wh_pq_convert_bytes(const struct wh_pq_convert *c, const uint8_t *data, const int32_t *offsets,
                           size_t n, uint8_t *out, uint8_t *flags)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)(offsets[i + 1] - offsets[i]);
        if (!store_decimal(c, data + offsets[i], len, out + i * c->out_width)) {
            flags[i] = 1;
            bad++;
        }
    }
    return bad;
}

/* INT32 and INT64 carriers. */
static size_t from_int_decimal(const struct wh_pq_convert *c, const uint8_t *in, size_t n, uint8_t *out,
                               uint8_t *flags)
{
    size_t bad = 0;
    bool is_wide = c->in_width == 8, is_plain = c->out_width == 8;
    int64_t limit = (int64_t)c->limit[0];
    for (size_t i = 0; i < n; i++) {
        int64_t v = is_wide ? load_i64(in + 8 * i) : load_i32(in + 4 * i);
        if (!is_plain) {
            uint64_t sign = v < 0 ? UINT64_MAX : 0, limbs[LIMBS] = {(uint64_t)v, sign, sign, sign};
            if (store_limbs(c, limbs, out + i * c->out_width))
                continue;
        } else if (v > -limit && v < limit) {
            wh_put_le64(out + 8 * i, (uint64_t)v);
            continue;
        } else {
            wh_put_le64(out + 8 * i, 0);
        }
        flags[i] = 1;
        bad++;
    }
    return bad;
}

/* ---- which conversion --------------------------------------------------------------------------- */

#define OUT_OF_RANGE "the number is out of the range of its type"
#define NO_TIME "the time of day is not between 0 and 24 hours"
#define TOO_MANY_DIGITS "the decimal has no or more digits than its type"
#define BEYOND_NS "the INT96 timestamp is beyond the years that 64 bits of nanoseconds can say"
#define TOO_LONG "the interval is too long"
#define NOT_UTF8 "the text is not valid UTF-8"
#define NOT_JSON "the text is not valid JSON"
#define NOT_NULL "the value should be null by the column's type"

struct rule {
    int32_t physical; /* enum wh_pq_type */
    enum wh_type type;
    enum wh_time_unit unit; /* TIME64 */
    wh_pq_convert_fn *fn;
    const char *reason;
};
static const struct rule number_rules[] = {
    {WH_PQ_INT32, WH_INT8, 0, to_int8, OUT_OF_RANGE},
    {WH_PQ_INT32, WH_INT16, 0, to_int16, OUT_OF_RANGE},
    {WH_PQ_INT32, WH_INT32, 0, NULL, NULL},
    {WH_PQ_INT64, WH_INT64, 0, NULL, NULL},
    {WH_PQ_INT32, WH_UINT8, 0, to_uint8, OUT_OF_RANGE},
    {WH_PQ_INT32, WH_UINT16, 0, to_uint16, OUT_OF_RANGE},
    {WH_PQ_INT32, WH_UINT32, 0, NULL, NULL},
    {WH_PQ_INT64, WH_UINT64, 0, NULL, NULL},
    {WH_PQ_FLOAT, WH_FLOAT32, 0, NULL, NULL},
    {WH_PQ_DOUBLE, WH_FLOAT64, 0, NULL, NULL},
    {WH_PQ_FIXED, WH_FLOAT32, 0, from_half, NULL},
    {WH_PQ_INT32, WH_DECIMAL, 0, from_int_decimal, TOO_MANY_DIGITS},
    {WH_PQ_INT64, WH_DECIMAL, 0, from_int_decimal, TOO_MANY_DIGITS},
    {WH_PQ_FIXED, WH_DECIMAL, 0, from_fixed_decimal, TOO_MANY_DIGITS},
    {WH_PQ_BYTE_ARRAY, WH_DECIMAL, 0, NULL, TOO_MANY_DIGITS},
    {WH_PQ_INT32, WH_DATE32, 0, NULL, NULL},
    {WH_PQ_INT32, WH_TIME64, WH_MICRO, from_time_ms, NO_TIME},
    {WH_PQ_INT64, WH_TIME64, WH_MICRO, from_time_us, NO_TIME},
    {WH_PQ_INT64, WH_TIME64, WH_NANO, from_time_ns, NO_TIME},
    {WH_PQ_INT64, WH_TIMESTAMP, 0, NULL, NULL},
    {WH_PQ_INT96, WH_TIMESTAMP, 0, from_int96, BEYOND_NS},
    {WH_PQ_FIXED, WH_UUID, 0, NULL, NULL},
    {WH_PQ_FIXED, WH_INTERVAL, 0, from_interval, TOO_LONG},
};

static void set_limit(uint64_t *limit, int digits)
{
    limit[0] = 1;
    for (; digits > 0; digits--) {
        uint64_t carry = 0;
        for (size_t i = 0; i < LIMBS; i++) { /* times 10, in halves of 32 bits */
            uint64_t low = (limit[i] & UINT32_MAX) * 10 + carry;
            uint64_t high = (limit[i] >> 32) * 10 + (low >> 32);
            limit[i] = high << 32 | (low & UINT32_MAX);
            carry = high >> 32;
        }
    }
}

static bool find_rule(struct wh_pq_convert *c, const struct wh_pq_node *leaf)
{
    const struct wh_field *f = leaf->field;
    for (size_t i = 0; i < WH_COUNT(number_rules); i++) {
        const struct rule *r = &number_rules[i];
        if (r->physical == leaf->type && r->type == f->type && (f->type != WH_TIME64 || r->unit == f->unit)) {
            c->fn = r->fn;
            c->reason = r->reason;
            return r->fn != NULL || leaf->type == WH_PQ_BYTE_ARRAY || c->in_width == c->out_width;
        }
    }
    return false;
}

enum wh_status wh_pq_convert_init(struct wh_pq_convert *c, const struct wh_pq_node *leaf,
                                  struct wh_error *err)
{
    const struct wh_field *f = leaf->field;
    *c = (struct wh_pq_convert){.in_width = wh_pq_fixed_width(leaf), .out_width = wh_type_width(f)};
    bool is_bytes = leaf->type == WH_PQ_BYTE_ARRAY || leaf->type == WH_PQ_FIXED;
    if (f->type == WH_NULL) {
        c->shape = WH_PQ_NOTHING;
        c->reason = NOT_NULL;
        return WH_OK;
    }
    if (f->type == WH_BOOL && leaf->type == WH_PQ_BOOLEAN) {
        c->shape = WH_PQ_BITS;
        return WH_OK;
    }
    if (is_bytes && wh_type_is_bytes(f->type)) {
        c->shape = WH_PQ_TEXT;
        c->is_utf8 = f->type != WH_BINARY;
        c->is_json = f->type == WH_JSON;
        c->reason = c->is_json ? NOT_JSON : NOT_UTF8;
        return WH_OK;
    }
    c->shape = WH_PQ_NUMBERS;
    if (f->type == WH_DECIMAL)
        set_limit(c->limit, f->precision);
    if (find_rule(c, leaf))
        return WH_OK;
    return wh_fail(err, WH_DATA, "values of type %s cannot be read as its logical type",
                   wh_pq_type_name(leaf->type));
}
