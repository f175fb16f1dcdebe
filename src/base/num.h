/* base/num.h - numbers from and to text, exact and independent of the locale.
 *
 * Parsers take the whole slice or fail (false, *out untouched); they allow no white space and no plus
 * sign. Formatters write no NUL and return the length. Any thread. */
#pragma once
#include "wherry/bytes.h"

bool wh_parse_i64(struct wh_slice s, int64_t *out);
bool wh_parse_u64(struct wh_slice s, uint64_t *out);
/* Decimal or scientific notation of finite numbers, as RFC 8259 but leading zeros allowed; correctly
 * rounded to nearest even; false when it overflows to infinity. */
bool wh_parse_f64(struct wh_slice s, double *out);
/* The nearest float. */
bool wh_parse_f32(struct wh_slice s, float *out);
/* "64", "64kB", "64KiB", "1.5GiB"; decimal and binary units up to TB and TiB. */
bool wh_parse_size(struct wh_slice s, int64_t *out_bytes);

#define WH_I64_TEXT 20 /* longest text of an int64 or uint64 */
#define WH_F64_TEXT 32 /* longest text of a double */
size_t wh_format_i64(char *out, int64_t v);
size_t wh_format_u64(char *out, uint64_t v);
/* Shortest digits that read back as the same double ("1", "0.1", "1e300", "-0"); "NaN", "Infinity",
 * "-Infinity". The float form is shortest for a float. */
size_t wh_format_f64(char *out, double v);
size_t wh_format_f32(char *out, float v);

/* Decimals: two's complement little-endian integers of width 8, 16 or 32 bytes that stand for
 * value * 10^scale. */
#define WH_DECIMAL_TEXT 80 /* longest text: sign, 76 digits, point, leading zero */
/* Bytes a decimal of that many digits takes in a column: 8, 16 or 32. */
static inline size_t wh_decimal_width(int precision)
{
    return precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}
/* Plain notation ("-12.30") or scientific. False when it is no number, has more than `scale` digits
 * behind the point that are not zero, or more than `precision` digits in all. */
bool wh_parse_decimal(struct wh_slice s, int precision, int scale, void *out);
/* Always with `scale` digits behind the point. */
size_t wh_format_decimal(char *out, const void *value, int precision, int scale);
/* value * 10^(to_scale - from_scale) with other width; false when a digit other than zero would be lost
 * or the result has more than to_precision digits. */
bool wh_decimal_rescale(const void *value, int from_precision, int from_scale, void *out, int to_precision,
                        int to_scale);
