/* engine/filter_bind.c - operands to typed nodes.
 *
 * A literal is read as a value of the column's type. Where the type is too coarse for it (10.5 beside an
 * int64, nanoseconds beside a timestamp(us)) the next lower value takes its place, and the operator is
 * changed so that the same rows pass. All comparisons of fixed-width types end as a range of values, both
 * ends included. */
#include <stdio.h>

#include "base/mem.h"
#include "batch/builder.h"
#include "engine/filter_int.h"

static bool is_literal(const struct operand *o)
{
    return o->kind != OPERAND_COLUMN && o->kind != OPERAND_NODE;
}

static enum wh_status constant(struct compiler *c, bool truth, bool unknown, struct node **out)
{
    WH_TRY(filter_node(c, NODE_CONSTANT, out));
    (*out)->truth = truth;
    (*out)->unknown = unknown;
    return WH_OK;
}

static enum wh_status column_node(struct compiler *c, enum node_kind kind, size_t column, struct node **out)
{
    WH_TRY(filter_node(c, kind, out));
    (*out)->column = column;
    return WH_OK;
}

/* "column "zip" is text and cannot <what>" */
static enum wh_status cannot(struct compiler *c, const struct operand *column, size_t at, const char *what)
{
    const struct wh_field *f = filter_field(c->f, column->column);
    char type[64];
    wh_type_format(f, type, sizeof type);
    return filter_fail(c, at, "column \"%s\" is %s and cannot %s", f->name, type, what);
}

/* ---- literal beside a column ------------------------------------------------------------------ */

static enum wh_status bind_bool(struct compiler *c, const struct operand *column, enum filter_op op,
                                const struct operand *literal, struct node **out)
{
    if (literal->kind != OPERAND_BOOL)
        return cannot(c, column, literal->at, "be compared with anything but true and false");
    if (op != OP_EQ && op != OP_NE)
        return cannot(c, column, literal->at, "be put in order");
    WH_TRY(column_node(c, NODE_BOOL, column->column, out));
    (*out)->negate = literal->truth == (op == OP_NE);
    return WH_OK;
}

static const enum wh_compare compare_of[] = {
    [OP_LT] = WH_LT, [OP_LE] = WH_LE, [OP_EQ] = WH_EQ, [OP_GE] = WH_GE, [OP_GT] = WH_GT, [OP_NE] = WH_EQ};

static enum wh_status bind_bytes(struct compiler *c, const struct operand *column, enum filter_op op,
                                 const struct operand *literal, struct node **out)
{
    struct wh_slice value;
    if (literal->kind != OPERAND_TEXT) {
        cannot(c, column, literal->at, "be compared with this value");
        return wh_hint(c->err, "write the value in single quotes");
    }
    if (filter_field(c->f, column->column)->type == WH_INTERVAL && op != OP_EQ && op != OP_NE)
        return cannot(c, column, literal->at, "be put in order");
    WH_TRY(filter_literal_bytes(c, column->column, literal, &value));
    WH_TRY(column_node(c, NODE_BYTES, column->column, out));
    (*out)->op = compare_of[op];
    (*out)->negate = op == OP_NE;
    (*out)->text = value;
    return WH_OK;
}

static enum wh_status bind_range(struct compiler *c, const struct operand *column, enum filter_op op,
                                 const struct operand *literal, struct node **out)
{
    struct node range;
    WH_TRY(filter_literal_range(c, column->column, op, literal, &range));
    WH_TRY(column_node(c, range.kind, column->column, out));
    (*out)->low = range.low;
    (*out)->high = range.high;
    (*out)->has_low = range.has_low;
    (*out)->has_high = range.has_high;
    (*out)->negate = op == OP_NE;
    return WH_OK;
}

static enum wh_status bind_literal(struct compiler *c, const struct operand *column, enum filter_op op,
                                   const struct operand *literal, struct node **out)
{
    if (literal->kind == OPERAND_NULL)
        return constant(c, false, true, out);
    switch (filter_field(c->f, column->column)->type) {
    case WH_NULL:
        return constant(c, false, true, out);
    case WH_BOOL:
        return bind_bool(c, column, op, literal, out);
    case WH_UTF8:
    case WH_JSON:
    case WH_BINARY:
    case WH_UUID:
    case WH_INTERVAL:
        return bind_bytes(c, column, op, literal, out);
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return cannot(c, column, column->at, "be compared");
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
    case WH_UINT64:
    case WH_FLOAT32:
    case WH_FLOAT64:
    case WH_DECIMAL:
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
        return bind_range(c, column, op, literal, out);
    }
    return wh_fail(c->err, WH_INTERNAL, "could not use a condition: unknown type");
}

/* ---- column beside column --------------------------------------------------------------------- */

/* Types that can be compared with one another. */
enum family { NOTHING, BOOLS, WHOLE, FLOATS, TEXTS, BYTES, UUIDS, DATES, TIMES, INSTANTS, INTERVALS };

static enum family family_of(const struct wh_field *f)
{
    static const enum family families[WH_TYPE_COUNT] = {
        [WH_BOOL] = BOOLS,   [WH_INT8] = WHOLE,    [WH_INT16] = WHOLE,        [WH_INT32] = WHOLE,
        [WH_INT64] = WHOLE,  [WH_UINT8] = WHOLE,   [WH_UINT16] = WHOLE,       [WH_UINT32] = WHOLE,
        [WH_UINT64] = WHOLE, [WH_DECIMAL] = WHOLE, [WH_FLOAT32] = FLOATS,     [WH_FLOAT64] = FLOATS,
        [WH_UTF8] = TEXTS,   [WH_JSON] = TEXTS,    [WH_BINARY] = BYTES,       [WH_UUID] = UUIDS,
        [WH_DATE32] = DATES, [WH_TIME64] = TIMES,  [WH_TIMESTAMP] = INSTANTS, [WH_INTERVAL] = INTERVALS,
    };
    return families[f->type];
}

static enum wh_status bind_columns(struct compiler *c, const struct operand *left, enum filter_op op,
                                   const struct operand *right, struct node **out)
{
    const struct wh_field *a = filter_field(c->f, left->column), *b = filter_field(c->f, right->column);
    enum family family = family_of(a);
    if (a->type == WH_NULL || b->type == WH_NULL)
        return constant(c, false, true, out);
    if (family == NOTHING || family != family_of(b)) {
        char type[64];
        wh_type_format(b, type, sizeof type);
        char what[128];
        snprintf(what, sizeof what, "be compared with %s", type);
        return cannot(c, left, right->at, what);
    }
    if (family == INSTANTS && (a->zone == NULL) != (b->zone == NULL))
        return cannot(c, left, right->at,
                      "be compared: one of the columns has a time zone, the other has none");
    if ((family == INTERVALS || family == BOOLS) && op != OP_EQ && op != OP_NE)
        return cannot(c, left, left->at, "be put in order");
    WH_TRY(column_node(c, NODE_COLUMNS, left->column, out));
    (*out)->other = right->column;
    (*out)->op = compare_of[op];
    (*out)->negate = op == OP_NE;
    return WH_OK;
}

/* ---- comparisons ------------------------------------------------------------------------------ */

static bool holds(enum filter_op op, int order)
{
    switch (op) {
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_EQ:
        return order == 0;
    case OP_GE:
        return order >= 0;
    case OP_GT:
        return order > 0;
    case OP_NE:
        return order != 0;
    }
    return false;
}

static enum wh_status bind_two_literals(struct compiler *c, const struct operand *left, enum filter_op op,
                                        const struct operand *right, struct node **out)
{
    int order;
    if (left->kind == OPERAND_NULL || right->kind == OPERAND_NULL)
        return constant(c, false, true, out);
    if (left->kind == OPERAND_NUMBER && right->kind == OPERAND_NUMBER) {
        WH_TRY(filter_compare_numbers(c, left, right, &order));
    } else if (left->kind == OPERAND_TEXT && right->kind == OPERAND_TEXT) {
        order = strcmp(left->text.ptr, right->text.ptr);
    } else if (left->kind == OPERAND_BOOL && right->kind == OPERAND_BOOL) {
        order = left->truth - right->truth;
    } else {
        return filter_fail(c, left->at, "one side of a comparison must be a column");
    }
    return constant(c, holds(op, order), false, out);
}

enum wh_status filter_bind_compare(struct compiler *c, const struct operand *left, enum filter_op op,
                                   const struct operand *right, struct node **out)
{
    static const enum filter_op mirrored[] = {
        [OP_LT] = OP_GT, [OP_LE] = OP_GE, [OP_EQ] = OP_EQ, [OP_GE] = OP_LE, [OP_GT] = OP_LT, [OP_NE] = OP_NE};
    if (left->kind == OPERAND_NODE || right->kind == OPERAND_NODE)
        return filter_fail(c, left->kind == OPERAND_NODE ? left->at : right->at,
                           "a condition cannot be compared");
    if (is_literal(left) && is_literal(right))
        return bind_two_literals(c, left, op, right, out);
    if (is_literal(left))
        return bind_literal(c, right, mirrored[op], left, out);
    if (is_literal(right))
        return bind_literal(c, left, op, right, out);
    return bind_columns(c, left, op, right, out);
}

enum wh_status filter_bind_like(struct compiler *c, const struct operand *left, const struct operand *pattern,
                                struct node **out)
{
    if (left->kind != OPERAND_COLUMN)
        return filter_fail(c, left->at, "like needs a column on its left");
    enum wh_type type = filter_field(c->f, left->column)->type;
    if (type != WH_UTF8 && type != WH_JSON)
        return cannot(c, left, left->at, "be matched by like");
    if (pattern->kind == OPERAND_NULL)
        return constant(c, false, true, out);
    if (pattern->kind != OPERAND_TEXT)
        return filter_fail(c, pattern->at, "like needs a pattern in single quotes");
    WH_TRY(column_node(c, NODE_LIKE, left->column, out));
    (*out)->text = pattern->text;
    return WH_OK;
}

enum wh_status filter_bind_is_null(struct compiler *c, const struct operand *left, struct node **out)
{
    if (left->kind == OPERAND_COLUMN)
        return column_node(c, NODE_IS_NULL, left->column, out);
    if (left->kind == OPERAND_NODE)
        return filter_fail(c, left->at, "is null needs a column on its left");
    return constant(c, left->kind == OPERAND_NULL, false, out);
}

enum wh_status filter_bind_condition(struct compiler *c, const struct operand *o, struct node **out)
{
    switch (o->kind) {
    case OPERAND_NODE:
        *out = o->node;
        return WH_OK;
    case OPERAND_BOOL:
        return constant(c, o->truth, false, out);
    case OPERAND_NULL:
        return constant(c, false, true, out);
    case OPERAND_COLUMN:
        if (filter_field(c->f, o->column)->type == WH_NULL)
            return constant(c, false, true, out);
        if (filter_field(c->f, o->column)->type != WH_BOOL)
            return cannot(c, o, o->at, "stand alone as a condition");
        return column_node(c, NODE_BOOL, o->column, out);
    case OPERAND_NUMBER:
    case OPERAND_TEXT:
    case OPERAND_DATE:
    case OPERAND_TIMESTAMP:
    case OPERAND_TIME:
        break;
    }
    return filter_fail(c, o->at, "a value is no condition");
}

/* ---- sets ------------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return filter_compare_slices(*(const struct wh_slice *)a, *(const struct wh_slice *)b);
}
static int compare_values(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Whether a node asks for equality with one value that a set can hold. */
static bool fits_set(const struct wh_filter *f, const struct node *n)
{
    if (n->negate)
        return false;
    if (n->kind == NODE_BYTES)
        return n->op == WH_EQ && wh_type_is_bytes(filter_field(f, n->column)->type);
    const struct wh_field *field = filter_field(f, n->column);
    return n->kind == NODE_RANGE && field->type != WH_FLOAT32 && field->type != WH_FLOAT64 &&
           wh_type_width(field) <= 8 && memcmp(&n->low, &n->high, sizeof n->low) == 0;
}

/* Moves the values of the list (all fit) into one node. */
static enum wh_status make_set(struct compiler *c, const struct node *list, size_t n, struct node **out)
{
    WH_TRY(column_node(c, NODE_SET, list->column, out));
    struct node *set = *out;
    if (list->kind == NODE_BYTES) {
        set->texts = wh_alloc_array(n, sizeof *set->texts);
        if (set->texts == NULL)
            return wh_nomem(c->err);
        for (; list != NULL; list = list->next)
            set->texts[set->n_set++] = list->text;
        qsort(set->texts, n, sizeof *set->texts, compare_texts);
        return WH_OK;
    }
    uint64_t bias = filter_order_bias(filter_field(c->f, list->column)->type);
    set->values = wh_alloc_array(n, sizeof *set->values);
    if (set->values == NULL)
        return wh_nomem(c->err);
    for (; list != NULL; list = list->next)
        set->values[set->n_set++] = list->low.limb[0] ^ bias;
    qsort(set->values, n, sizeof *set->values, compare_values);
    return WH_OK;
}

/* Splits the children of an OR into those that fit a set and the others. */
static size_t split_set(struct compiler *c, struct node *any, struct node **fitting)
{
    struct node *list = any->child, **fit_end = fitting, **rest_end = &any->child;
    size_t n_fit = 0;
    while (list != NULL) {
        struct node *next = list->next;
        list->next = NULL;
        if (fits_set(c->f, list)) {
            *fit_end = list;
            fit_end = &list->next;
            n_fit++;
        } else {
            *rest_end = list;
            rest_end = &list->next;
        }
        list = next;
    }
    *fit_end = NULL;
    *rest_end = NULL;
    return n_fit;
}

enum wh_status filter_bind_in(struct compiler *c, const struct operand *left, const struct operand *items,
                              size_t n_items, struct node **out)
{
    struct node *any, *fitting = NULL;
    WH_TRY(filter_node(c, NODE_OR, &any));
    struct node **end = &any->child;
    for (size_t i = 0; i < n_items; i++) {
        WH_TRY(filter_bind_compare(c, left, OP_EQ, &items[i], end));
        end = &(*end)->next;
    }
    *out = any;
    size_t n_fit = left->kind == OPERAND_COLUMN ? split_set(c, any, &fitting) : 0;
    if (n_fit == 0)
        return WH_OK;
    struct node *set = fitting;
    if (n_fit > 1)
        WH_TRY(make_set(c, fitting, n_fit, &set));
    set->next = any->child;
    any->child = set;
    if (set->next == NULL)
        *out = set;
    return WH_OK;
}
