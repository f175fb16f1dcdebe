/* batch/text_int.h - private to src/batch: parts of reading and writing values that text and JSON share. */
#pragma once
#include "batch/text.h"

/* Reads a value of a fixed-width type into `value` (32 bytes of room; BOOL one byte). False when the text
 * is no value of the type, or would not be kept exactly. */
bool wh_text_parse_fixed(const struct wh_field *f, struct wh_slice text, void *value);

/* Bytes of the well-formed UTF-8 sequence at p, 1 to 4; 0 when it is none. p < end. */
size_t wh_utf8_sequence(const uint8_t *p, const uint8_t *end);

/* Base64 of RFC 4648 section 4, with padding. */
enum wh_status wh_base64_encode(struct wh_buffer *out, struct wh_slice bytes, struct wh_error *err);
/* Appends to out; false (out unchanged) when the text is no canonical base64. Room of text.len is reserved.
 */
bool wh_base64_decode(struct wh_buffer *out, struct wh_slice text);

/* True for exactly one JSON value of RFC 8259 in valid UTF-8, white space around it; nesting is bounded by
 * WH_JSON_MAX_DEPTH, lone surrogates are refused. */
#define WH_JSON_MAX_DEPTH 512
bool wh_json_valid(struct wh_slice text);
/* Appends the value that a JSON text stands for to a column of any type, column unchanged on failure. *why
 * (static) tells what is wrong with the text when it fails with WH_DATA; then err is not filled. */
enum wh_status wh_json_parse(struct wh_column *c, struct wh_slice text, const char **why,
                             struct wh_error *err);
