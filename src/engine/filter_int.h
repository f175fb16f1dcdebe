/* engine/filter_int.h - private to the filter: the compiled tree.
 *
 *   text --filter_parse.c--> operands --filter_bind.c--> nodes --filter_eval.c--> bit map
 *
 * NOT is gone after parsing: it is pushed down to the leaves (the laws of De Morgan hold with unknowns), and
 * so a node only has to say where it is true. A leaf is true where its column is present and its comparison
 * differs from `negate`. */
#pragma once
#include <string.h>

#include "batch/schema.h"
#include "engine/filter.h"

/* A whole number of any column type, two's complement, lowest limb first. */
struct wide {
    uint64_t limb[4];
};

enum node_kind {
    NODE_AND, /* of all children */
    NODE_OR,
    NODE_CONSTANT, /* true where `negate` is not `truth`; never when unknown */
    NODE_IS_NULL,
    NODE_NEVER,   /* the comparison is false for every value */
    NODE_BOOL,    /* the column itself */
    NODE_RANGE,   /* low <= column <= high, fixed width */
    NODE_SET,     /* column is one of the set; fixed width to 8 bytes, or bytes */
    NODE_BYTES,   /* column op text; types of bytes, UUID and INTERVAL */
    NODE_LIKE,    /* column like text */
    NODE_COLUMNS, /* column op other */
};

struct node {
    enum node_kind kind;
    bool negate;
    bool truth, unknown;   /* CONSTANT */
    enum wh_compare op;    /* BYTES, COLUMNS */
    size_t column, other;  /* index into fields */
    struct node *child;    /* AND, OR: first of the list */
    struct node *next;     /* in the list of its parent */
    size_t n_slots;        /* scratch bit maps that evaluation needs */
    struct wide low, high; /* RANGE; of floating point columns the bits of a double or float */
    bool has_low, has_high;
    struct wh_slice text;   /* BYTES, LIKE: owned by the filter */
    struct wh_slice *texts; /* SET of bytes: sorted; owned */
    uint64_t *values;       /* SET of fixed width: sorted; owned */
    size_t n_set;
};

struct wh_filter {
    struct wh_schema schema; /* owned copy */
    char **names;            /* owned, NULL-ended: columns used */
    size_t n_names;
    size_t *fields; /* owned: index into schema of each name */
    struct node *root;
    struct node **nodes; /* owned: all of them */
    size_t n_nodes;
    char **texts; /* owned */
    size_t n_texts;
    struct wh_predicate *predicates; /* owned, with their values */
    struct wh_column *bounds;        /* owned: values of predicates */
    size_t n_predicates;
};

/* What stands beside an operator. */
enum operand_kind {
    OPERAND_COLUMN,
    OPERAND_NUMBER,
    OPERAND_TEXT,
    OPERAND_DATE,
    OPERAND_TIMESTAMP,
    OPERAND_TIME,
    OPERAND_BOOL,
    OPERAND_NULL,
    OPERAND_NODE
};
struct operand {
    enum operand_kind kind;
    size_t at;            /* place in the text, from 0 */
    size_t column;        /* COLUMN */
    struct wh_slice text; /* NUMBER (with sign), TEXT, DATE, TIMESTAMP, TIME: owned by the filter */
    bool truth;           /* BOOL */
    struct node *node;    /* NODE */
};

/* What the parser and the binder share. */
struct compiler {
    struct wh_filter *f;
    const char *source; /* the whole condition */
    struct wh_error *err;
};

/* WH_CONFIG: could not use condition "...": character 5: <text> */
enum wh_status filter_fail(struct compiler *c, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum wh_status filter_node(struct compiler *c, enum node_kind kind, struct node **out);
/* Copies text into the filter. */
enum wh_status filter_text(struct compiler *c, struct wh_slice text, struct wh_slice *out);
static inline const struct wh_field *filter_field(const struct wh_filter *f, size_t column)
{
    return &f->schema.fields[f->fields[column]];
}

/* Comparison operators as written; NE is EQ negated. */
enum filter_op { OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_NE };
enum wh_status filter_bind_compare(struct compiler *c, const struct operand *left, enum filter_op op,
                                   const struct operand *right, struct node **out);
/* operand IN (items) */
enum wh_status filter_bind_in(struct compiler *c, const struct operand *left, const struct operand *items,
                              size_t n_items, struct node **out);
enum wh_status filter_bind_like(struct compiler *c, const struct operand *left, const struct operand *pattern,
                                struct node **out);
enum wh_status filter_bind_is_null(struct compiler *c, const struct operand *left, struct node **out);
/* An operand as a condition: a node as it is, a BOOL column, true, false, null. */
enum wh_status filter_bind_condition(struct compiler *c, const struct operand *o, struct node **out);
/* Fills f->predicates from f->root. */
enum wh_status filter_bind_predicates(struct wh_filter *f, struct wh_error *err);

/* Fills kind (RANGE or NEVER), low, high, has_low and has_high of out for "column op literal" of a
 * fixed-width type; NE as EQ. */
enum wh_status filter_literal_range(struct compiler *c, size_t column, enum filter_op op,
                                    const struct operand *o, struct node *out);
/* The bytes of a literal beside a column of bytes, UUID or INTERVAL; owned by the filter. */
enum wh_status filter_literal_bytes(struct compiler *c, size_t column, const struct operand *o,
                                    struct wh_slice *out);
/* Order of two number literals, below, at or above 0. */
enum wh_status filter_compare_numbers(struct compiler *c, const struct operand *left,
                                      const struct operand *right, int *order);
/* What makes numbers of a type, extended to 64 bits, ascend as unsigned ones when it is xored to them. */
uint64_t filter_order_bias(enum wh_type type);
/* Below, at or above 0. */
static inline int filter_compare_wide(const struct wide *a, const struct wide *b)
{
    if (a->limb[3] != b->limb[3])
        return (int64_t)a->limb[3] < (int64_t)b->limb[3] ? -1 : 1;
    for (size_t i = 3; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}
/* Byte by byte, the shorter one first; below, at or above 0. */
static inline int filter_compare_slices(struct wh_slice a, struct wh_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* True when the text matches a LIKE pattern: % any run, _ one character (code point), \ before either or
 * itself takes it literally. */
bool filter_like(struct wh_slice text, struct wh_slice pattern);
