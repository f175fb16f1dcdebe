/* format/jsonl/decode.h - records straight into columns, without a tree between. */
#pragma once
#include "format/jsonl/column.h"
#include "format/jsonl/plan.h"

/* A decoder of one plan and one chunk. Serial. */
struct wh_jsonl_decoder {
    const struct wh_jsonl_plan *plan; /* lent */
    struct wh_jsonl_lexer *x;         /* lent: faults go there */
    uint32_t *followers;              /* owned: by hint, the key that came next last time */
    int64_t *stamps;                  /* owned: by stamp, number of the record that had the key last */
    int64_t record;                   /* number of the record, from 1 */
    const struct wh_jsonl_node *node; /* of the last fault, or NULL */
    struct wh_slice key; /* of the last fault that is about a key; lent, in the chunk; ptr NULL: none */
};

enum wh_status wh_jsonl_decoder_init(struct wh_jsonl_decoder *d, const struct wh_jsonl_plan *plan,
                                     struct wh_jsonl_lexer *x, struct wh_error *err);
void wh_jsonl_decoder_release(struct wh_jsonl_decoder *d);

/* Adds the record at p as row number batch->rows, without counting it; returns the place behind it. NULL:
 * lexer.fault tells why; columns are longer than batch->rows then, until they are truncated. WH_WIDEN: a
 * value fits no type, or the key has no column. */
const uint8_t *wh_jsonl_decode(struct wh_jsonl_decoder *d, struct wh_batch *batch, const uint8_t *p);
