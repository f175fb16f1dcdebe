/* format/parquet/prune.c - skipping row groups by statistics; see prune.h. */
#include "format/parquet/prune.h"

#include <math.h>

#include "base/mem.h"
#include "batch/cast.h"
#include "format/parquet/convert.h"

#define TYPE_ORDER 1 /* member of the union ColumnOrder */

struct wh_pq_bound {
    char *column; /* owned */
    enum wh_compare op;
    struct wh_field field;  /* of value; owned */
    struct wh_column value; /* owned; one value */
};

/* ---- predicates ----------------------------------------------------------------------------------- */

static enum wh_status copy_predicate(struct wh_pq_bound *b, const struct wh_predicate *p,
                                     struct wh_budget *budget, struct wh_error *err)
{
    b->op = p->op;
    WH_TRY(wh_strdup(&b->column, p->column, err));
    WH_TRY(wh_field_copy(&b->field, p->value->field, err));
    WH_TRY(wh_column_init(&b->value, &b->field, budget, err));
    return wh_column_append_range(&b->value, p->value, 0, 1, err);
}

enum wh_status wh_pq_prune_init(struct wh_pq_prune *p, const struct wh_predicate *predicates, size_t n,
                                struct wh_budget *budget, struct wh_error *err)
{
    p->bounds = wh_alloc_array(n, sizeof *p->bounds);
    if (p->bounds == NULL)
        return wh_nomem(err);
    p->n_bounds = n;
    for (size_t i = 0; i < n; i++)
        WH_TRY(copy_predicate(&p->bounds[i], &predicates[i], budget, err));
    return WH_OK;
}

void wh_pq_prune_release(struct wh_pq_prune *p)
{
    for (size_t i = 0; i < p->n_bounds; i++) {
        struct wh_pq_bound *b = &p->bounds[i];
        if (b->value.field != NULL)
            wh_column_release(&b->value);
        wh_field_release(&b->field);
        free(b->column);
    }
    free(p->bounds);
    *p = (struct wh_pq_prune){0};
}

/* ---- order ---------------------------------------------------------------------------------------- */

static int order_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int order_bytes(struct wh_slice a, struct wh_slice b)
{
    int order = memcmp(a.ptr, b.ptr, WH_MIN(a.len, b.len));
    return order != 0 ? order : order_u64(a.len, b.len);
}

static int order_decimals(const uint8_t *a, const uint8_t *b, size_t width)
{
    int64_t high_a, high_b;
    memcpy(&high_a, a + width - 8, sizeof high_a);
    memcpy(&high_b, b + width - 8, sizeof high_b);
    int order = order_i64(high_a, high_b);
    for (size_t at = width - 8; order == 0 && at > 0; at -= 8) {
        uint64_t low_a, low_b;
        memcpy(&low_a, a + at - 8, sizeof low_a);
        memcpy(&low_b, b + at - 8, sizeof low_b);
        order = order_u64(low_a, low_b);
    }
    return order;
}

static double float_of(const struct wh_column *c)
{
    double wide;
    float narrow;
    if (c->field->type == WH_FLOAT64) {
        memcpy(&wide, c->data.data, sizeof wide);
        return wide;
    }
    memcpy(&narrow, c->data.data, sizeof narrow);
    return (double)narrow;
}

static bool is_float(const struct wh_column *c)
{
    return c->field->type == WH_FLOAT32 || c->field->type == WH_FLOAT64;
}

/* Order of the first values of two columns of one type. */
static int order(const struct wh_column *a, const struct wh_column *b)
{
    if (is_float(a))
        return (float_of(a) > float_of(b)) - (float_of(a) < float_of(b));
    if (wh_type_is_bytes(a->field->type))
        return order_bytes(wh_column_slice(a, 0), wh_column_slice(b, 0));
    if (a->field->type == WH_DECIMAL)
        return order_decimals(a->data.data, b->data.data, wh_type_width(a->field));
    if (a->field->type == WH_UINT64) {
        uint64_t wide_a, wide_b;
        memcpy(&wide_a, a->data.data, sizeof wide_a);
        memcpy(&wide_b, b->data.data, sizeof wide_b);
        return order_u64(wide_a, wide_b);
    }
    return order_i64(wh_column_i64(a, 0), wh_column_i64(b, 0));
}

/* ---- statistics ----------------------------------------------------------------------------------- */

enum { ORDERED = 1, SIGNED = 2 };
/* Types whose statistics are used: by the order above, which is also Parquet's; SIGNED: of old writers
 * too. */
static const uint8_t usable[WH_TYPE_COUNT] = {
    [WH_INT8] = ORDERED | SIGNED,   [WH_INT16] = ORDERED | SIGNED,
    [WH_INT32] = ORDERED | SIGNED,  [WH_INT64] = ORDERED | SIGNED,
    [WH_UINT8] = ORDERED,           [WH_UINT16] = ORDERED,
    [WH_UINT32] = ORDERED,          [WH_UINT64] = ORDERED,
    [WH_FLOAT32] = ORDERED,         [WH_FLOAT64] = ORDERED,
    [WH_DECIMAL] = ORDERED,         [WH_UTF8] = ORDERED,
    [WH_BINARY] = ORDERED,          [WH_DATE32] = ORDERED | SIGNED,
    [WH_TIME64] = ORDERED | SIGNED, [WH_TIMESTAMP] = ORDERED | SIGNED,
};

/* Picks the bytes of the least and greatest value; false when there are none to trust. */
static bool find_bounds(const struct wh_pq_file *file, size_t column, const struct wh_pq_statistics *s,
                        struct wh_slice bounds[2])
{
    const struct wh_pq_node *leaf = file->tree.leaves[column];
    unsigned both = WH_PQ_HAS_MIN | WH_PQ_HAS_MAX, old = WH_PQ_HAS_OLD_MIN | WH_PQ_HAS_OLD_MAX;
    if ((usable[leaf->field->type] & ORDERED) == 0 || leaf->type == WH_PQ_INT96)
        return false;
    if (column < file->meta.n_column_orders && file->meta.column_orders[column] == TYPE_ORDER &&
        (s->has & both) == both) {
        bounds[0] = s->min;
        bounds[1] = s->max;
        return true;
    }
    bool is_number = leaf->type == WH_PQ_INT32 || leaf->type == WH_PQ_INT64;
    if (!is_number || (usable[leaf->field->type] & SIGNED) == 0 || (s->has & old) != old)
        return false;
    bounds[0] = s->old_min;
    bounds[1] = s->old_max;
    return true;
}

/* The value of a bound in a column of its own; *known is false when the bytes make none. */
static enum wh_status load_bound(struct wh_column *c, const struct wh_pq_node *leaf, struct wh_slice bytes,
                                 bool *known, struct wh_error *err)
{
    struct wh_pq_convert convert;
    uint8_t value[32] = {0}, flag = 0;
    *known = false;
    WH_TRY(wh_pq_convert_init(&convert, leaf, err));
    if (convert.shape == WH_PQ_TEXT) {
        *known = true;
        return wh_column_append_bytes(c, bytes.ptr, bytes.len, err);
    }
    if (convert.shape != WH_PQ_NUMBERS || (convert.in_width > 0 && bytes.len != convert.in_width) ||
        bytes.len > INT32_MAX)
        return WH_OK;
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    if (convert.in_width == 0)
        wh_pq_convert_bytes(&convert, p, (int32_t[]){0, (int32_t)bytes.len}, 1, value, &flag);
    else if (convert.fn != NULL)
        convert.fn(&convert, p, 1, value, &flag);
    else
        memcpy(value, p, convert.out_width);
    *known = flag == 0;
    return wh_column_append(c, value, err);
}

/* True when no value between least and greatest fulfils the comparison. */
static bool excludes(enum wh_compare op, const struct wh_column *least, const struct wh_column *greatest,
                     const struct wh_column *value)
{
    switch (op) {
    case WH_LT:
        return order(least, value) >= 0;
    case WH_LE:
        return order(least, value) > 0;
    case WH_EQ:
        return order(value, least) < 0 || order(value, greatest) > 0;
    case WH_GE:
        return order(greatest, value) < 0;
    case WH_GT:
        return order(greatest, value) <= 0;
    }
    return false;
}

/* NaN is in no statistics; filters may take it as the greatest number. */
static bool may_hide_nan(const struct wh_pq_bound *b, const struct wh_pq_statistics *s)
{
    bool knows_none = (s->has & WH_PQ_HAS_NAN_COUNT) != 0 && s->nan_count == 0;
    return (b->op == WH_GT || b->op == WH_GE) && !knows_none;
}

static enum wh_status compare_bounds(const struct wh_pq_bound *b, const struct wh_pq_node *leaf,
                                     const struct wh_pq_statistics *s, const struct wh_slice bounds[2],
                                     bool *skip, struct wh_error *err)
{
    bool known[2];
    uint8_t bad = 0;
    int64_t n_bad = 0;
    struct wh_field type = *leaf->field;
    type.nullable = true;
    WH_CLEANUP(wh_column_release) struct wh_column least = {0};
    WH_CLEANUP(wh_column_release) struct wh_column greatest = {0};
    WH_CLEANUP(wh_column_release) struct wh_column value = {0};
    if (wh_cast_class(b->value.field, &type) == WH_CAST_NONE)
        return WH_OK;
    WH_TRY(wh_column_init(&least, &type, NULL, err));
    WH_TRY(wh_column_init(&greatest, &type, NULL, err));
    WH_TRY(wh_column_init(&value, &type, NULL, err));
    WH_TRY(load_bound(&least, leaf, bounds[0], &known[0], err));
    WH_TRY(load_bound(&greatest, leaf, bounds[1], &known[1], err));
    WH_TRY(wh_cast_column(&value, &b->value, &bad, &n_bad, err));
    if (!known[0] || !known[1] || n_bad > 0 || wh_column_is_null(&value, 0) || order(&least, &greatest) > 0)
        return WH_OK;
    if (is_float(&value) && (isnan(float_of(&least)) || isnan(float_of(&greatest)) ||
                             isnan(float_of(&value)) || may_hide_nan(b, s)))
        return WH_OK;
    *skip = excludes(b->op, &least, &greatest, &value);
    return WH_OK;
}

/* ---- row groups ----------------------------------------------------------------------------------- */

static bool is_integer(enum wh_type t)
{
    return t >= WH_INT8 && t <= WH_UINT64;
}

/* The column of a top-level field that is itself a leaf; -1: none, or the stream compares it as another
 * type, whose order may be another one. */
static int32_t find_column(const struct wh_pq_file *file, const struct wh_schema *types, const char *name)
{
    int64_t i = wh_schema_find(&file->tree.schema, name), k = wh_schema_find(types, name);
    if (i < 0 || k < 0 || file->tree.nodes[i].children != NULL)
        return -1;
    const struct wh_field *mine = &file->tree.schema.fields[i], *theirs = &types->fields[k];
    bool same = wh_field_same_type(mine, theirs) || (is_integer(mine->type) && is_integer(theirs->type));
    return same ? file->tree.nodes[i].first_leaf : -1;
}

static enum wh_status check_bound(const struct wh_pq_bound *b, const struct wh_pq_file *file, size_t group,
                                  const struct wh_schema *types, bool *skip, struct wh_error *err)
{
    int32_t column = find_column(file, types, b->column);
    if (column < 0)
        return WH_OK;
    const struct wh_pq_chunk *chunk = &file->meta.groups[group].chunks[column];
    const struct wh_pq_statistics *s = &chunk->statistics;
    struct wh_slice bounds[2];
    if ((s->has & WH_PQ_HAS_NULL_COUNT) != 0 && s->null_count == chunk->n_values && chunk->n_values > 0) {
        *skip = true; /* nothing compares with a null */
        return WH_OK;
    }
    if (!find_bounds(file, (size_t)column, s, bounds))
        return WH_OK;
    return compare_bounds(b, file->tree.leaves[column], s, bounds, skip, err);
}

enum wh_status wh_pq_prune_group(const struct wh_pq_prune *p, const struct wh_pq_file *file, size_t group,
                                 const struct wh_schema *types, bool *skip, struct wh_error *err)
{
    *skip = false;
    for (size_t i = 0; i < p->n_bounds && !*skip; i++)
        WH_TRY(check_bound(&p->bounds[i], file, group, types, skip, err));
    return WH_OK;
}
