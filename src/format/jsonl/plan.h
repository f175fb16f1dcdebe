/* format/jsonl/plan.h - how each place of a record becomes a value of a column. Read-only once it is made. */
#pragma once
#include "batch/schema.h"
#include "format/jsonl/shape.h"
#include "wherry/connector.h"

enum wh_jsonl_op {
    WH_JSONL_OP_SKIP, /* not asked for */
    WH_JSONL_OP_NULL,
    WH_JSONL_OP_BOOL,
    WH_JSONL_OP_INT64,
    WH_JSONL_OP_UINT64,
    WH_JSONL_OP_FLOAT64,
    WH_JSONL_OP_DECIMAL,
    WH_JSONL_OP_NUMBER, /* text of a number that no other type holds */
    WH_JSONL_OP_TEXT,
    WH_JSONL_OP_DATE,
    WH_JSONL_OP_FORM, /* text of one form: time, timestamp, uuid */
    WH_JSONL_OP_JSON, /* any value as it stands in the file */
    WH_JSONL_OP_LIST,
    WH_JSONL_OP_STRUCT,
    WH_JSONL_OP_PARSE,  /* declared: by the text of the value */
    WH_JSONL_OP_BINARY, /* declared: base64 */
};

struct wh_jsonl_node {
    enum wh_jsonl_op op;
    bool is_declared;               /* the type is the user's: a misfit is a reject */
    struct wh_jsonl_form form;      /* DATE, FORM */
    const struct wh_field *field;   /* lent by the plan's schema; NULL: SKIP, and the root of objects */
    uint32_t slot;                  /* column in the batch or the struct */
    uint32_t hints;                 /* STRUCT: first of keys.n + 1 reader's notes on the order of keys */
    uint32_t stamp;                 /* SKIP: reader's note on when it was met */
    struct wh_jsonl_keys keys;      /* STRUCT */
    struct wh_jsonl_node *children; /* owned: STRUCT by number of key, LIST one */
    uint32_t n_children;
    const struct wh_jsonl_node *parent; /* NULL: a column, or the root */
};

struct wh_jsonl_plan {
    struct wh_schema schema;   /* owned */
    struct wh_jsonl_node root; /* STRUCT of the columns, or the single column of rows that are values */
    bool rows_are_values;
    bool is_selection; /* keys that are not planned are passed over */
    uint32_t n_hints, n_stamps;
    size_t n_leaves; /* columns, nested ones too */
};

/* Takes the types from what was seen, from the user's where there are any, and the columns that the request
 * asks for. Fails: WH_CONFIG for a column that is not there. */
enum wh_status wh_jsonl_plan_init(struct wh_jsonl_plan *out, const struct wh_jsonl_infer *infer,
                                  const struct wh_stream_request *req, struct wh_error *err);
void wh_jsonl_plan_release(struct wh_jsonl_plan *plan);
/* Appends the path of a place, as in "a.b[].c". */
enum wh_status wh_jsonl_node_path(struct wh_buffer *out, const struct wh_jsonl_node *node,
                                  struct wh_error *err);
