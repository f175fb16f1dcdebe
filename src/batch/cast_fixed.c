/* batch/cast_fixed.c - conversions between types of fixed width, a block of values at a time.
 *
 * Integers, dates, times, timestamps and decimals of up to 18 digits are all int64 times a power of ten or
 * a number of seconds: one path loads a block as int64, checks, scales and stores it. Floats and wide
 * decimals have paths of their own. */
#include <float.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/cast_int.h"

enum { EXACT_DIGITS = 15 }; /* any decimal of so many digits comes back from a double */

static const int64_t pow10_i64[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* Integers and what they hold. */
static const struct int_type {
    int64_t min, max; /* UINT64: as far as int64 goes */
    uint8_t bits, digits;
} int_types[WH_TYPE_COUNT] = {
    [WH_BOOL] = {0, 1, 1, 1},
    [WH_INT8] = {INT8_MIN, INT8_MAX, 8, 3},
    [WH_INT16] = {INT16_MIN, INT16_MAX, 16, 5},
    [WH_INT32] = {INT32_MIN, INT32_MAX, 32, 10},
    [WH_INT64] = {INT64_MIN, INT64_MAX, 64, 19},
    [WH_UINT8] = {0, UINT8_MAX, 8, 3},
    [WH_UINT16] = {0, UINT16_MAX, 16, 5},
    [WH_UINT32] = {0, UINT32_MAX, 32, 10},
    [WH_UINT64] = {0, INT64_MAX, 64, 20},
    [WH_DATE32] = {INT32_MIN, INT32_MAX, 32, 10},
    [WH_TIME64] = {INT64_MIN, INT64_MAX, 64, 19},
    [WH_TIMESTAMP] = {INT64_MIN, INT64_MAX, 64, 19},
};

static bool is_int(const struct wh_field *f)
{
    return f->type >= WH_INT8 && f->type <= WH_UINT64;
}
static bool is_float(const struct wh_field *f)
{
    return f->type == WH_FLOAT32 || f->type == WH_FLOAT64;
}
static bool is_wide(const struct wh_field *f)
{
    return f->type == WH_DECIMAL && wh_type_width(f) > sizeof(int64_t);
}

static uint8_t *value_at(const struct wh_column *c, int64_t i)
{
    return c->data.data + (size_t)i * wh_type_width(c->field);
}

/* Full blocks get a constant count, so that compilers vectorise them. */
#define EACH(i, n, body)                                                                                     \
    do {                                                                                                     \
        if ((n) == WH_CAST_BLOCK)                                                                            \
            for (size_t i = 0; i < WH_CAST_BLOCK; i++)                                                       \
                body;                                                                                        \
        else                                                                                                 \
            for (size_t i = 0; i < (n); i++)                                                                 \
                body;                                                                                        \
    } while (0)

/* ---- integers --------------------------------------------------------------------------------- */

#define LOAD(ctype)                                                                                          \
    do {                                                                                                     \
        const ctype *restrict values = (const void *)value_at(in, at);                                       \
        EACH(i, n, stage[i] = (int64_t)values[i]);                                                           \
    } while (0)

/* Loads integers; false when one is above the greatest int64. */
static bool load(int64_t *restrict stage, const struct wh_column *in, int64_t at, size_t n)
{
    switch ((int)in->field->type) {
    case WH_BOOL:
        for (size_t i = 0; i < n; i++)
            stage[i] = wh_column_bool(in, at + (int64_t)i);
        return true;
    case WH_INT8:
        LOAD(int8_t);
        return true;
    case WH_INT16:
        LOAD(int16_t);
        return true;
    case WH_INT32:
    case WH_DATE32:
        LOAD(int32_t);
        return true;
    case WH_UINT8:
        LOAD(uint8_t);
        return true;
    case WH_UINT16:
        LOAD(uint16_t);
        return true;
    case WH_UINT32:
        LOAD(uint32_t);
        return true;
    default:
        LOAD(int64_t);
        break;
    }
    int64_t all = 0;
    if (in->field->type == WH_UINT64)
        EACH(i, n, all |= stage[i]);
    return all >= 0;
}

#define STORE(ctype)                                                                                         \
    do {                                                                                                     \
        ctype *restrict values = (void *)value_at(out, at);                                                  \
        EACH(i, n, values[i] = (ctype)stage[i]);                                                             \
    } while (0)

/* Stores the low bytes of values that are known to fit. */
static void store(struct wh_column *out, int64_t at, const int64_t *restrict stage, size_t n)
{
    switch (wh_type_width(out->field)) {
    case 0: /* BOOL */
        for (size_t i = 0; i < n; i++)
            if (stage[i] != 0)
                wh_bit_set(out->data.data, at + (int64_t)i);
        break;
    case 1:
        STORE(int8_t);
        break;
    case 2:
        STORE(int16_t);
        break;
    case 4:
        STORE(int32_t);
        break;
    default:
        STORE(int64_t);
        break;
    }
}

static bool within(const int64_t *stage, size_t n, int64_t min, int64_t max)
{
    uint64_t range = (uint64_t)max - (uint64_t)min;
    unsigned outside = 0;
    EACH(i, n, outside |= (uint64_t)stage[i] - (uint64_t)min > range);
    return outside == 0;
}

static bool run_ints(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                     int64_t at, size_t n)
{
    int64_t stage[WH_CAST_BLOCK];
    if (!load(stage, in, at, n))
        return false;
    if (k->div > 1) {
        int64_t lost = 0;
        for (size_t i = 0; i < n; i++) {
            lost |= stage[i] % k->div;
            stage[i] /= k->div;
        }
        if (lost != 0)
            return false;
    }
    /* The bounds are divided instead of the values multiplied, which could overflow. */
    if (!within(stage, n, k->result_min / k->mul, k->result_max / k->mul))
        return false;
    if (k->mul > 1)
        EACH(i, n, stage[i] *= k->mul);
    store(out, at, stage, n);
    return true;
}

/* ---- floats ----------------------------------------------------------------------------------- */

static double load_float(const struct wh_column *in, int64_t i)
{
    const void *values = in->data.data;
    return in->field->type == WH_FLOAT32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}

static void store_float(struct wh_column *out, int64_t i, double d)
{
    void *values = out->data.data;
    if (out->field->type == WH_FLOAT32)
        ((float *)values)[i] = (float)d;
    else
        ((double *)values)[i] = d;
}

static bool is_negative_zero(double d)
{
    return d == 0 && __builtin_signbit(d) != 0;
}

static const double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;

static bool fits_float(double d)
{
    bool finite = d >= -(double)FLT_MAX && d <= (double)FLT_MAX;
    return finite ? (double)(float)d == d : __builtin_isnan(d) || __builtin_isinf_sign(d) != 0;
}

static bool run_int_to_float(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                             int64_t at, size_t n)
{
    (void)k;
    bool to_float32 = out->field->type == WH_FLOAT32, ok = true;
    bool is_u64 = in->field->type == WH_UINT64;
    int64_t stage[WH_CAST_BLOCK];
    (void)load(stage, in, at, n); /* all bits are there, as a negative number above int64 */
    for (size_t i = 0; i < n; i++) {
        uint64_t u = (uint64_t)stage[i];
        double d = is_u64 ? (double)u : (double)stage[i];
        ok &= is_u64 ? d < two_64 && (uint64_t)d == u : d < two_63 && (int64_t)d == stage[i];
        ok &= !to_float32 || fits_float(d);
        store_float(out, at + (int64_t)i, d);
    }
    return ok;
}

static bool run_float_to_int(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                             int64_t at, size_t n)
{
    int64_t stage[WH_CAST_BLOCK];
    bool to_u64 = out->field->type == WH_UINT64;
    for (size_t i = 0; i < n; i++) {
        double d = load_float(in, at + (int64_t)i);
        if (is_negative_zero(d))
            return false;
        if (to_u64 && d >= 0 && d < two_64) {
            stage[i] = (int64_t)(uint64_t)d;
            if ((double)(uint64_t)d != d)
                return false;
            continue;
        }
        if (!(d >= -two_63 && d < two_63))
            return false;
        stage[i] = (int64_t)d;
        if ((double)stage[i] != d || stage[i] < k->result_min || stage[i] > k->result_max)
            return false;
    }
    store(out, at, stage, n);
    return true;
}

static bool run_float_to_float(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                               int64_t at, size_t n)
{
    (void)k;
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        double d = load_float(in, at + (int64_t)i);
        ok &= out->field->type == WH_FLOAT64 || fits_float(d);
        store_float(out, at + (int64_t)i, d);
    }
    return ok;
}

/* ---- decimals --------------------------------------------------------------------------------- */

/* To or from a decimal of more than 18 digits. Integers are one of 16 bytes without scale. */
static bool run_int_to_wide(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                            int64_t at, size_t n)
{
    (void)k;
    int64_t stage[WH_CAST_BLOCK];
    (void)load(stage, in, at, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t value[2] = {(uint64_t)stage[i],
                             in->field->type != WH_UINT64 && stage[i] < 0 ? UINT64_MAX : 0};
        if (!wh_decimal_rescale(value, int_types[WH_UINT64].digits, 0, value_at(out, at + (int64_t)i),
                                out->field->precision, out->field->scale))
            return false;
    }
    return true;
}

static bool run_wide_to_int(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                            int64_t at, size_t n)
{
    int64_t stage[WH_CAST_BLOCK];
    for (size_t i = 0; i < n; i++) {
        uint64_t value[2];
        if (!wh_decimal_rescale(value_at(in, at + (int64_t)i), in->field->precision, in->field->scale, value,
                                int_types[WH_UINT64].digits, 0))
            return false;
        stage[i] = (int64_t)value[0];
        uint64_t sign = stage[i] < 0 ? UINT64_MAX : 0;
        bool fits = value[1] == sign && stage[i] >= k->result_min && stage[i] <= k->result_max;
        if (out->field->type == WH_UINT64)
            fits = value[1] == 0;
        if (!fits)
            return false;
    }
    store(out, at, stage, n);
    return true;
}

static bool run_decimals(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in,
                         int64_t at, size_t n)
{
    (void)k;
    const struct wh_field *from = in->field, *to = out->field;
    for (size_t i = 0; i < n; i++)
        if (!wh_decimal_rescale(value_at(in, at + (int64_t)i), from->precision, from->scale,
                                value_at(out, at + (int64_t)i), to->precision, to->scale))
            return false;
    return true;
}

/* The nearest float, if its shortest text is the decimal again. */
static bool decimal_to_float(struct wh_column *out, const struct wh_column *in, int64_t i)
{
    const struct wh_field *f = in->field;
    char text[WH_DECIMAL_TEXT > WH_F64_TEXT ? WH_DECIMAL_TEXT : WH_F64_TEXT];
    uint64_t back[4];
    struct wh_slice s = {text, wh_format_decimal(text, value_at(in, i), f->precision, f->scale)};
    double d;
    float single;
    if (out->field->type == WH_FLOAT32) {
        if (!wh_parse_f32(s, &single))
            return false;
        d = (double)single;
        s.len = wh_format_f32(text, single);
    } else {
        if (!wh_parse_f64(s, &d))
            return false;
        s.len = wh_format_f64(text, d);
    }
    store_float(out, i, d);
    return wh_parse_decimal(s, f->precision, f->scale, back) &&
           memcmp(back, value_at(in, i), wh_type_width(f)) == 0;
}

static bool run_decimal_to_float(const struct wh_convert *k, struct wh_column *out,
                                 const struct wh_column *in, int64_t at, size_t n)
{
    (void)k;
    bool fast = !is_wide(in->field) && out->field->type == WH_FLOAT64;
    for (size_t i = 0; i < n; i++) {
        int64_t v = fast ? wh_column_i64(in, at + (int64_t)i) : INT64_MAX;
        /* Both numbers are exact, so that the division is rounded once. */
        if (v > -pow10_i64[EXACT_DIGITS] && v < pow10_i64[EXACT_DIGITS])
            store_float(out, at + (int64_t)i, (double)v / (double)pow10_i64[in->field->scale]);
        else if (!decimal_to_float(out, in, at + (int64_t)i))
            return false;
    }
    return true;
}

static bool float_to_decimal(struct wh_column *out, const struct wh_column *in, int64_t i)
{
    char text[WH_F64_TEXT];
    double d = load_float(in, i);
    if (is_negative_zero(d))
        return false;
    size_t len = in->field->type == WH_FLOAT32 ? wh_format_f32(text, (float)d) : wh_format_f64(text, d);
    return wh_parse_decimal(wh_slice(text, len), out->field->precision, out->field->scale, value_at(out, i));
}

/* A decimal of up to 15 digits whose nearest double is d is the shortest text of d, because no two of them
 * have the same nearest double. */
static bool short_decimal(double d, double scale, int64_t limit, int64_t *out)
{
    double scaled = d * scale;
    if (!(scaled > -1e15 && scaled < 1e15) || d == 0)
        return false;
    int64_t v = (int64_t)(scaled + (d < 0 ? -0.5 : 0.5));
    *out = v;
    return v > -limit && v < limit && (double)v / scale == d;
}

static bool run_float_to_decimal(const struct wh_convert *k, struct wh_column *out,
                                 const struct wh_column *in, int64_t at, size_t n)
{
    (void)k;
    const struct wh_field *to = out->field;
    bool fast = !is_wide(to) && in->field->type == WH_FLOAT64;
    double scale = fast ? (double)pow10_i64[to->scale] : 0;
    int64_t limit = pow10_i64[WH_MIN((int)to->precision, (int)EXACT_DIGITS)], v;
    for (size_t i = 0; i < n; i++) {
        if (fast && short_decimal(load_float(in, at + (int64_t)i), scale, limit, &v))
            store(out, at + (int64_t)i, &v, 1);
        else if (!float_to_decimal(out, in, at + (int64_t)i))
            return false;
    }
    return true;
}

/* ---- choice ----------------------------------------------------------------------------------- */

static void scale_by(struct wh_convert *k, int64_t from, int64_t to)
{
    k->mul = to > from ? to / from : 1;
    k->div = from > to ? from / to : 1;
}

/* Units a day or second of a temporal type. */
static int64_t units_per_day(const struct wh_field *f)
{
    return f->type == WH_DATE32 ? 1 : 86400 * wh_units_per_second(f->unit);
}

static struct wh_convert find_ints(const struct wh_field *from, const struct wh_field *to)
{
    struct int_type limits = int_types[to->type];
    struct wh_convert k = {.run = run_ints, .mul = 1, .div = 1};
    k.result_min = limits.min;
    k.result_max = limits.max;
    if (to->type == WH_DECIMAL) {
        k.result_max = pow10_i64[to->precision] - 1;
        k.result_min = -k.result_max;
    }
    if (from->type == WH_DECIMAL || to->type == WH_DECIMAL)
        scale_by(&k, from->type == WH_DECIMAL ? pow10_i64[from->scale] : 1,
                 to->type == WH_DECIMAL ? pow10_i64[to->scale] : 1);
    else if (from->type == WH_DATE32 || from->type == WH_TIME64 || from->type == WH_TIMESTAMP)
        scale_by(&k, units_per_day(from), units_per_day(to));
    return k;
}

struct wh_convert wh_convert_find(const struct wh_field *from, const struct wh_field *to)
{
    struct wh_convert k = {.result_min = int_types[to->type].min, .result_max = int_types[to->type].max};
    if (is_float(from))
        k.run = is_float(to) ? run_float_to_float : is_int(to) ? run_float_to_int : run_float_to_decimal;
    else if (is_float(to))
        k.run = from->type == WH_DECIMAL ? run_decimal_to_float : run_int_to_float;
    else if (from->type == WH_DECIMAL && to->type == WH_DECIMAL && (is_wide(from) || is_wide(to)))
        k.run = run_decimals;
    else if (is_wide(from))
        k.run = run_wide_to_int;
    else if (is_wide(to) || (from->type == WH_UINT64 && to->type == WH_DECIMAL))
        k.run = run_int_to_wide;
    else
        k = find_ints(from, to);
    return k;
}

static bool always_fits(const struct wh_field *from, const struct wh_field *to)
{
    struct int_type x = int_types[from->type], y = int_types[to->type];
    if (is_int(from) && is_int(to))
        return x.min >= y.min && x.bits <= y.bits && (x.bits < y.bits || (x.min < 0) == (y.min < 0));
    if (is_int(from) && is_float(to))
        return x.bits <= (to->type == WH_FLOAT32 ? 16 : 32);
    if (is_int(from) && to->type == WH_DECIMAL)
        return to->precision - to->scale >= x.digits;
    if (from->type == WH_DECIMAL && to->type == WH_DECIMAL)
        return to->scale >= from->scale && to->precision - to->scale >= from->precision - from->scale;
    return to->type == WH_FLOAT64 && from->type == WH_FLOAT32;
}

enum wh_cast_class wh_convert_number_class(const struct wh_field *from, const struct wh_field *to)
{
    return always_fits(from, to) ? WH_CAST_EXACT : WH_CAST_CHECKED;
}
