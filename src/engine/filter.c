/* engine/filter.c - life of a filter, its columns and its bounds; see filter.h. */
#include "engine/filter.h"

#include "base/mem.h"
#include "batch/builder.h"
#include "engine/filter_int.h"

/* Makes room for one more pointer in an owned list. */
static enum wh_status make_room(void **list, size_t n, struct wh_error *err)
{
    if ((n & (n - 1)) != 0) /* full at every power of two */
        return WH_OK;
    void *larger = wh_realloc_array(*list, n == 0 ? 1 : n * 2, sizeof(void *));
    if (larger == NULL)
        return wh_nomem(err);
    *list = larger;
    return WH_OK;
}

enum wh_status filter_node(struct compiler *c, enum node_kind kind, struct node **out)
{
    struct wh_filter *f = c->f;
    WH_TRY(make_room((void **)&f->nodes, f->n_nodes, c->err));
    struct node *node = wh_alloc(sizeof *node);
    if (node == NULL)
        return wh_nomem(c->err);
    node->kind = kind;
    f->nodes[f->n_nodes++] = node;
    *out = node;
    return WH_OK;
}

enum wh_status filter_text(struct compiler *c, struct wh_slice text, struct wh_slice *out)
{
    struct wh_filter *f = c->f;
    char *copy;
    WH_TRY(make_room((void **)&f->texts, f->n_texts, c->err));
    WH_TRY(wh_strndup(&copy, text.ptr, text.len, c->err));
    f->texts[f->n_texts++] = copy;
    *out = wh_slice(copy, text.len);
    return WH_OK;
}

void wh_filter_free(struct wh_filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n_nodes; i++) {
        free(f->nodes[i]->texts);
        free(f->nodes[i]->values);
        free(f->nodes[i]);
    }
    for (size_t i = 0; i < f->n_texts; i++)
        free(f->texts[i]);
    for (size_t i = 0; i < f->n_predicates; i++)
        wh_column_release(&f->bounds[i]);
    free(f->nodes);
    free(f->texts);
    free(f->bounds);
    free(f->predicates);
    free(f->fields);
    wh_strv_free(f->names);
    wh_schema_release(&f->schema);
    free(f);
}

const char *const *wh_filter_columns(const struct wh_filter *f)
{
    return (const char *const *)f->names;
}

void wh_filter_predicates(const struct wh_filter *f, const struct wh_predicate **out, size_t *n)
{
    *out = f->predicates;
    *n = f->n_predicates;
}

/* ---- bounds ----------------------------------------------------------------------------------- */

/* Adds "column op value"; bytes of a fixed-width type or of a text. Room is there. */
static enum wh_status add_bound(struct wh_filter *f, size_t column, enum wh_compare op, struct wh_slice value,
                                struct wh_error *err)
{
    const struct wh_field *field = filter_field(f, column);
    struct wh_column *c = &f->bounds[f->n_predicates];
    WH_TRY(wh_column_init(c, field, NULL, err));
    enum wh_status s = wh_type_is_bytes(field->type) ? wh_column_append_bytes(c, value.ptr, value.len, err)
                                                     : wh_column_append(c, value.ptr, err);
    if (s != WH_OK) {
        wh_column_release(c);
        return s;
    }
    f->predicates[f->n_predicates++] = (struct wh_predicate){.column = field->name, .op = op, .value = c};
    return WH_OK;
}

static struct wh_slice bytes_of(const void *value, size_t size)
{
    return wh_slice(value, size);
}

static enum wh_status add_range(struct wh_filter *f, const struct node *n, struct wh_error *err)
{
    struct wh_slice low = bytes_of(&n->low, sizeof n->low), high = bytes_of(&n->high, sizeof n->high);
    if (n->has_low && n->has_high && wh_slice_eq(low, high))
        return add_bound(f, n->column, WH_EQ, low, err);
    if (n->has_low)
        WH_TRY(add_bound(f, n->column, WH_GE, low, err));
    return n->has_high ? add_bound(f, n->column, WH_LE, high, err) : WH_OK;
}

static enum wh_status add_set(struct wh_filter *f, const struct node *n, struct wh_error *err)
{
    if (n->texts != NULL) {
        WH_TRY(add_bound(f, n->column, WH_GE, n->texts[0], err));
        return add_bound(f, n->column, WH_LE, n->texts[n->n_set - 1], err);
    }
    uint64_t bias = filter_order_bias(filter_field(f, n->column)->type);
    uint64_t low = n->values[0] ^ bias, high = n->values[n->n_set - 1] ^ bias;
    WH_TRY(add_bound(f, n->column, WH_GE, bytes_of(&low, sizeof low), err));
    return add_bound(f, n->column, WH_LE, bytes_of(&high, sizeof high), err);
}

/* What stands before the first wildcard of a pattern without escapes. */
static enum wh_status add_prefix(struct wh_filter *f, const struct node *n, struct wh_error *err)
{
    size_t len = 0;
    while (len < n->text.len && n->text.ptr[len] != '%' && n->text.ptr[len] != '_' &&
           n->text.ptr[len] != '\\')
        len++;
    return len > 0 ? add_bound(f, n->column, WH_GE, wh_slice(n->text.ptr, len), err) : WH_OK;
}

static enum wh_status add_node(struct wh_filter *f, const struct node *n, struct wh_error *err)
{
    uint8_t truth = !n->negate;
    if (n->kind == NODE_BOOL)
        return add_bound(f, n->column, WH_EQ, bytes_of(&truth, 1), err);
    if (n->negate)
        return WH_OK;
    if (n->kind == NODE_RANGE)
        return add_range(f, n, err);
    if (n->kind == NODE_SET)
        return add_set(f, n, err);
    if (n->kind == NODE_LIKE)
        return add_prefix(f, n, err);
    if (n->kind == NODE_BYTES && filter_field(f, n->column)->type != WH_INTERVAL)
        return add_bound(f, n->column, n->op, n->text, err);
    return WH_OK;
}

/* Nodes that the whole is an AND of, also within ANDs below. */
static enum wh_status add_all(struct wh_filter *f, const struct node *n, struct wh_error *err)
{
    if (n->kind != NODE_AND)
        return add_node(f, n, err);
    for (const struct node *child = n->child; child != NULL; child = child->next)
        WH_TRY(add_all(f, child, err));
    return WH_OK;
}

enum wh_status filter_bind_predicates(struct wh_filter *f, struct wh_error *err)
{
    f->predicates = wh_alloc_array(2 * f->n_nodes, sizeof *f->predicates); /* a node gives two at most */
    f->bounds = wh_alloc_array(2 * f->n_nodes, sizeof *f->bounds);
    if (f->predicates == NULL || f->bounds == NULL)
        return wh_nomem(err);
    return add_all(f, f->root, err);
}
