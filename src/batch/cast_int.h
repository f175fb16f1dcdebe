/* batch/cast_int.h - private to src/batch: conversions between types of fixed width. */
#pragma once
#include "batch/cast.h"

#define WH_CAST_BLOCK 256 /* most values a call of run gets */

struct wh_convert {
    /* Converts values [at, at + n) of in to out, which has room for them (BOOL: clear bits). False when one
     * of them cannot be kept; out is undefined there then. Values under nulls take part like others. */
    bool (*run)(const struct wh_convert *k, struct wh_column *out, const struct wh_column *in, int64_t at,
                size_t n);
    int64_t mul, div;               /* integers: value * mul or value / div, one of them is 1 */
    int64_t result_min, result_max; /* integers: what the target holds */
};

/* Finds the conversion of a pair that wh_cast_class allows: numbers, BOOL with integers, DATE32 with
 * TIMESTAMP, TIMESTAMP and TIME64 of other units. */
struct wh_convert wh_convert_find(const struct wh_field *from, const struct wh_field *to);
/* EXACT or CHECKED, of numbers with numbers. */
enum wh_cast_class wh_convert_number_class(const struct wh_field *from, const struct wh_field *to);
