/* format/jsonl/decode_int.h - what the two halves of the decoder lend each other: all take the place where a
 * value starts, append it to the column and return the place behind it, or NULL and a fault. */
#pragma once
#include "format/jsonl/decode.h"

const uint8_t *wh_jsonl_decode_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                     struct wh_column *c, const uint8_t *p);
/* p stands at the brace. */
const uint8_t *wh_jsonl_decode_struct(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                      struct wh_column *c, const uint8_t *p);
/* p stands at the bracket. */
const uint8_t *wh_jsonl_decode_list(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                    struct wh_column *c, const uint8_t *p);
