/* format/jsonl/plan.c - making plans from what was seen and what was asked for; see plan.h. */
#include "format/jsonl/plan.h"

#include "base/mem.h"

/* The column of records that are no objects. */
#define VALUE_COLUMN "value"

/* ---- types to operations ------------------------------------------------------------------------ */

/* Operation of an inferred type; UTF8 is apart. */
static const enum wh_jsonl_op inferred_ops[WH_TYPE_COUNT] = {
    [WH_NULL] = WH_JSONL_OP_NULL,     [WH_BOOL] = WH_JSONL_OP_BOOL,       [WH_INT64] = WH_JSONL_OP_INT64,
    [WH_UINT64] = WH_JSONL_OP_UINT64, [WH_FLOAT64] = WH_JSONL_OP_FLOAT64, [WH_DECIMAL] = WH_JSONL_OP_DECIMAL,
    [WH_DATE32] = WH_JSONL_OP_DATE,   [WH_TIME64] = WH_JSONL_OP_FORM,     [WH_TIMESTAMP] = WH_JSONL_OP_FORM,
    [WH_UUID] = WH_JSONL_OP_FORM,     [WH_JSON] = WH_JSONL_OP_JSON,       [WH_LIST] = WH_JSONL_OP_LIST,
    [WH_STRUCT] = WH_JSONL_OP_STRUCT,
};

/* Those of declared types have a fast way where the value is written as JSON would; PARSE does the rest. */
static enum wh_jsonl_op declared_op(enum wh_type type)
{
    switch (type) {
    case WH_BOOL:
        return WH_JSONL_OP_BOOL;
    case WH_INT64:
        return WH_JSONL_OP_INT64;
    case WH_UINT64:
        return WH_JSONL_OP_UINT64;
    case WH_FLOAT64:
        return WH_JSONL_OP_FLOAT64;
    case WH_DECIMAL:
        return WH_JSONL_OP_DECIMAL;
    case WH_UTF8:
        return WH_JSONL_OP_TEXT;
    case WH_JSON:
        return WH_JSONL_OP_JSON;
    case WH_BINARY:
        return WH_JSONL_OP_BINARY;
    case WH_NULL:
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
    case WH_FLOAT32:
    case WH_UUID:
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
    case WH_INTERVAL:
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return WH_JSONL_OP_PARSE;
    }
    return WH_JSONL_OP_PARSE;
}

static enum wh_jsonl_op inferred_op(const struct wh_field *field, const struct wh_jsonl_shape *shape)
{
    if (field->type == WH_UTF8)
        return (shape->seen & WH_JSONL_NUMBER) != 0 ? WH_JSONL_OP_NUMBER : WH_JSONL_OP_TEXT;
    return inferred_ops[field->type];
}

/* ---- nodes --------------------------------------------------------------------------------------- */

static void node_release(struct wh_jsonl_node *node)
{
    for (uint32_t i = 0; i < node->n_children; i++)
        node_release(&node->children[i]);
    free(node->children);
    wh_jsonl_keys_release(&node->keys);
    *node = (struct wh_jsonl_node){0};
}

void wh_jsonl_plan_release(struct wh_jsonl_plan *plan)
{
    node_release(&plan->root);
    wh_schema_release(&plan->schema);
    *plan = (struct wh_jsonl_plan){0};
}

static enum wh_status node_children(struct wh_jsonl_node *node, uint32_t n, struct wh_error *err)
{
    node->children = wh_alloc_array(n, sizeof *node->children);
    if (node->children == NULL)
        return wh_nomem(err);
    node->n_children = n;
    return WH_OK;
}

static enum wh_status infer_node(struct wh_jsonl_plan *plan, struct wh_jsonl_node *node,
                                 const struct wh_field *field, const struct wh_jsonl_shape *shape,
                                 struct wh_error *err);

static enum wh_status infer_members(struct wh_jsonl_plan *plan, struct wh_jsonl_node *node,
                                    const struct wh_field *field, const struct wh_jsonl_shape *shape,
                                    struct wh_error *err)
{
    node->hints = plan->n_hints;
    plan->n_hints += shape->keys.n + 1;
    WH_TRY(node_children(node, shape->keys.n, err));
    for (uint32_t i = 0; i < shape->keys.n; i++) {
        const struct wh_jsonl_key *key = &shape->keys.items[i];
        WH_TRY(wh_jsonl_keys_add(&node->keys, wh_slice(key->name, key->name_bytes), err));
        node->children[i].slot = i;
        node->children[i].parent = node;
        WH_TRY(infer_node(plan, &node->children[i], &field->children[i], shape->members[i], err));
    }
    return WH_OK;
}

static enum wh_status infer_node(struct wh_jsonl_plan *plan, struct wh_jsonl_node *node,
                                 const struct wh_field *field, const struct wh_jsonl_shape *shape,
                                 struct wh_error *err)
{
    node->field = field;
    node->op = inferred_op(field, shape);
    node->form = shape->form;
    plan->n_leaves++;
    if (node->op == WH_JSONL_OP_STRUCT)
        return infer_members(plan, node, field, shape, err);
    if (node->op != WH_JSONL_OP_LIST)
        return WH_OK;
    WH_TRY(node_children(node, 1, err));
    node->children[0].parent = node;
    return infer_node(plan, &node->children[0], &field->children[0], shape->element, err);
}

static void declare_node(struct wh_jsonl_plan *plan, struct wh_jsonl_node *node, const struct wh_field *field)
{
    node->field = field;
    node->op = declared_op(field->type);
    node->is_declared = true;
    plan->n_leaves++;
}

/* ---- columns ------------------------------------------------------------------------------------- */

/* One column that there could be. */
struct candidate {
    const char *name;
    const struct wh_jsonl_shape *shape; /* NULL: no record has it */
    const struct wh_field *declared;    /* NULL: inferred */
    int64_t slot;                       /* in the schema; -1: not asked for */
};

struct candidates {
    struct candidate *items; /* owned */
    size_t n;
    struct wh_map by_name;
};

static void candidates_release(struct candidates *all)
{
    free(all->items);
    wh_map_release(&all->by_name);
}

static enum wh_status add_candidate(struct candidates *all, const char *name,
                                    const struct wh_jsonl_shape *shape, struct wh_error *err)
{
    int64_t number = (int64_t)all->n;
    bool found;
    WH_TRY(wh_map_add(&all->by_name, wh_slice_of(name), &number, &found, err));
    if (!found)
        all->items[all->n++] = (struct candidate){.name = name, .shape = shape, .slot = -1};
    return WH_OK;
}

/* All columns: in the order in which their keys were met, then those that are only declared. */
static enum wh_status find_candidates(struct candidates *all, const struct wh_jsonl_infer *infer,
                                      const struct wh_schema *declared, struct wh_error *err)
{
    const struct wh_jsonl_keys *keys = &infer->root.keys;
    size_t n_declared = declared == NULL ? 0 : declared->n_fields;
    all->items = wh_alloc_array(keys->n + n_declared + 1, sizeof *all->items);
    if (all->items == NULL)
        return wh_nomem(err);
    if (wh_jsonl_rows_are_values(infer))
        WH_TRY(add_candidate(all, VALUE_COLUMN, &infer->root, err));
    else
        for (uint32_t i = 0; i < keys->n; i++)
            WH_TRY(add_candidate(all, keys->items[i].name, infer->root.members[i], err));
    for (size_t i = 0; i < n_declared; i++) {
        const struct wh_field *field = &declared->fields[i];
        WH_TRY(add_candidate(all, field->name, NULL, err));
        all->items[wh_map_find(&all->by_name, wh_slice_of(field->name))].declared = field;
    }
    return WH_OK;
}

static enum wh_status add_column(struct wh_jsonl_plan *plan, struct candidate *c, struct wh_error *err)
{
    struct wh_field field;
    if (c->slot >= 0)
        return wh_fail(err, WH_CONFIG, "column \"%s\" is asked for twice", c->name);
    c->slot = (int64_t)plan->schema.n_fields;
    if (c->declared != NULL)
        WH_TRY(wh_field_copy(&field, c->declared, err));
    else
        WH_TRY(wh_jsonl_shape_field(&field, c->shape, c->name, err));
    return wh_schema_add(&plan->schema, &field, err);
}

/* The columns asked for, in that order. */
static enum wh_status select_columns(struct wh_jsonl_plan *plan, struct candidates *all,
                                     const char *const *columns, struct wh_error *err)
{
    for (size_t i = 0; columns == NULL && i < all->n; i++)
        WH_TRY(add_column(plan, &all->items[i], err));
    for (; columns != NULL && *columns != NULL; columns++) {
        int64_t found = wh_map_find(&all->by_name, wh_slice_of(*columns));
        if (found < 0) {
            wh_fail(err, WH_CONFIG, "could not find column \"%s\": no record that was looked at has it",
                    *columns);
            return wh_hint(err, "declare its type with --columns if it comes later");
        }
        WH_TRY(add_column(plan, &all->items[found], err));
    }
    return WH_OK;
}

/* The node of a column; candidates without a column are passed over in records. */
static enum wh_status column_node(struct wh_jsonl_plan *plan, struct wh_jsonl_node *node,
                                  const struct candidate *c, struct wh_error *err)
{
    if (c->slot < 0) {
        node->stamp = plan->n_stamps++;
        return WH_OK;
    }
    const struct wh_field *field = &plan->schema.fields[c->slot];
    node->slot = (uint32_t)c->slot;
    if (c->declared == NULL && c->shape != NULL) /* one of them is there */
        return infer_node(plan, node, field, c->shape, err);
    declare_node(plan, node, field);
    return WH_OK;
}

static enum wh_status object_root(struct wh_jsonl_plan *plan, const struct candidates *all,
                                  struct wh_error *err)
{
    struct wh_jsonl_node *root = &plan->root;
    root->op = WH_JSONL_OP_STRUCT;
    plan->n_hints = (uint32_t)all->n + 1;
    WH_TRY(node_children(root, (uint32_t)all->n, err));
    for (size_t i = 0; i < all->n; i++) {
        WH_TRY(wh_jsonl_keys_add(&root->keys, wh_slice_of(all->items[i].name), err));
        WH_TRY(column_node(plan, &root->children[i], &all->items[i], err));
    }
    return WH_OK;
}

enum wh_status wh_jsonl_plan_init(struct wh_jsonl_plan *out, const struct wh_jsonl_infer *infer,
                                  const struct wh_stream_request *req, struct wh_error *err)
{
    struct wh_jsonl_plan *plan = out;
    struct candidates all = {0};
    *plan = (struct wh_jsonl_plan){.rows_are_values = wh_jsonl_rows_are_values(infer),
                                   .is_selection = req->columns != NULL};
    enum wh_status s = find_candidates(&all, infer, req->declared, err);
    if (s == WH_OK)
        s = select_columns(plan, &all, req->columns, err);
    if (s == WH_OK && plan->rows_are_values)
        s = column_node(plan, &plan->root, &all.items[0], err);
    else if (s == WH_OK)
        s = object_root(plan, &all, err);
    candidates_release(&all);
    if (s != WH_OK)
        wh_jsonl_plan_release(plan);
    return s;
}

enum wh_status wh_jsonl_node_path(struct wh_buffer *out, const struct wh_jsonl_node *node,
                                  struct wh_error *err)
{
    const struct wh_jsonl_node *parent = node->parent;
    if (parent == NULL)
        return wh_buffer_append_text(out, node->field->name, err);
    WH_TRY(wh_jsonl_node_path(out, parent, err));
    if (parent->op == WH_JSONL_OP_LIST)
        return wh_buffer_append_text(out, "[]", err);
    WH_TRY(wh_buffer_append_text(out, ".", err));
    return wh_buffer_append_text(out, node->field->name, err);
}
