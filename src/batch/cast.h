/* batch/cast.h - columns to other types, with every value checked. */
#pragma once
#include "batch/builder.h"

/* How a cast can go wrong; goes into plans. */
enum wh_cast_class {
    WH_CAST_SAME,    /* same layout, nothing to do */
    WH_CAST_EXACT,   /* every value fits */
    WH_CAST_CHECKED, /* a value may not fit; it is rejected then, never changed */
    WH_CAST_NONE,    /* no meaning: the plan is refused */
};
enum wh_cast_class wh_cast_class(const struct wh_field *from, const struct wh_field *to);

/* Appends all values of `in` to `out` (initialised with its field, reset). A value that cannot be kept
 * exactly (overflow, lost digits, text that is no value of the type, null for a field that is not
 * nullable) becomes null in out and its bit is set in `bad` (a bitmap of in->length bits, cleared by the
 * caller); *n_bad is their number. Fails: WH_CONFIG for WH_CAST_NONE, WH_NOMEM, WH_LIMIT; out is empty then.
 *
 * What is not obvious:
 * - float to decimal goes through the shortest text, decimal to float only when that text comes back; -0
 *   fits neither integers nor decimals.
 * - text and binary share their bytes (binary to text: valid UTF-8 only); all else becomes the text of
 *   batch/text.h, and its JSON for json.
 * - timestamps with and without zone keep the clock of UTC; a timestamp is a date at midnight only.
 * - structs go by the names of members: one that is missing becomes null, one that has no place in `to`
 *   must be null. One bad element makes the whole list, map or struct bad. */
enum wh_status wh_cast_column(struct wh_column *out, const struct wh_column *in, uint8_t *bad, int64_t *n_bad,
                              struct wh_error *err);
