/* format/jsonl/encode_int.h - what the two halves of the encoder share. */
#pragma once
#include "batch/builder.h"

/* Keys of a schema as they are written, "name":, in the shape of its fields. */
struct wh_jsonl_names {
    char *key; /* owned; NULL at the root */
    size_t key_bytes;
    struct wh_jsonl_names *children; /* owned */
    size_t n;
};
void wh_jsonl_names_release(struct wh_jsonl_names *names);

/* NaN and infinities. */
enum wh_jsonl_nonfinite { WH_JSONL_REJECT, WH_JSONL_AS_NULL, WH_JSONL_AS_STRING };

struct wh_jsonl_style {
    bool omits_nulls;
    enum wh_jsonl_nonfinite nonfinite;
};

/* Where text goes. Functions return false either with reason set: the row cannot be written, or without:
 * err is filled. Serial. */
struct wh_jsonl_output {
    struct wh_buffer *out; /* lent */
    const struct wh_jsonl_style *style;
    struct wh_error *err;
    const char *reason; /* static */
    const char *column; /* lent */
};

/* Value i of each column as an object. */
bool wh_jsonl_put_object(struct wh_jsonl_output *o, const struct wh_column *columns,
                         const struct wh_jsonl_names *names, int64_t i);
bool wh_jsonl_put_text(struct wh_jsonl_output *o, const char *text, size_t n);
