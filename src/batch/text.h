/* batch/text.h - single values from and to text, JSON and other types.
 *
 * The text of a value is canonical: parsing it by the same type gives the same value. Any thread. */
#pragma once
#include "batch/builder.h"

/* Appends the text of value i (not null) to out: as base/num.h and base/time.h format; bool true/false;
 * uuid with dashes; binary as \x and lower-case hex; nested types as JSON. */
enum wh_status wh_value_format(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                               struct wh_error *err);
/* Appends the value that the text stands for to the column. Fails with WH_DATA, column unchanged, when
 * the text is no value of that type or would not be kept exactly. Accepts every text that
 * wh_value_format writes; text, json and binary: see there; json is checked. */
enum wh_status wh_value_parse(struct wh_column *c, struct wh_slice text, struct wh_error *err);

/* Appends value i as JSON: numbers as numbers (NaN and infinities as strings), decimals as numbers with
 * all digits, binary as base64 string, dates and times as strings, json as it is, uuid as string. */
enum wh_status wh_json_value(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                             struct wh_error *err);
/* Appends row i as one JSON object without line end. */
enum wh_status wh_json_row(struct wh_buffer *out, const struct wh_batch *b, int64_t i, struct wh_error *err);
/* Appends a quoted JSON string; invalid UTF-8 bytes become \ufffd. */
enum wh_status wh_json_string(struct wh_buffer *out, struct wh_slice text, struct wh_error *err);

/* True when the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool wh_utf8_valid(struct wh_slice text);
