/* format/parquet/nest.c - groups from levels; see nest.h and schema.h.
 *
 * Every leaf below a group carries the group's whole shape in its levels. The first leaf's is taken, those
 * of the others must be the same. */
#include "format/parquet/nest.h"

#include "base/bytes.h"
#include "base/mem.h"

/* Where a node's values are: entries with rep <= rep and def >= def. */
struct place {
    uint8_t def, rep;
};

struct shape {
    struct wh_buffer *validity; /* all of the column's length, also when nothing is null */
    struct wh_buffer *offsets;
    int64_t length, null_count, n_items;
};

void wh_pq_nest_release(struct wh_pq_nest *n)
{
    wh_buffer_release(&n->validity);
    wh_buffer_release(&n->offsets);
}

static void put_value(struct shape *s, bool is_present)
{
    uint8_t *byte = s->validity->data + s->length / 8;
    unsigned bit = (unsigned)is_present << (s->length % 8);
    *byte = (uint8_t)(s->length % 8 == 0 ? bit : *byte | bit);
    s->null_count += !is_present;
    s->length++;
}

static enum wh_status find_shape(struct shape *s, const struct wh_pq_node *node,
                                 const struct wh_pq_levels *levels, struct place at, struct wh_error *err)
{
    size_t n = levels->reps.size;
    bool is_list = node->field->type != WH_STRUCT;
    const uint8_t *reps = levels->reps.data, *defs = levels->defs.data;
    WH_TRY(wh_buffer_resize(s->validity, wh_bitmap_bytes((int64_t)n), err));
    WH_TRY(wh_buffer_resize(s->offsets, is_list ? (n + 1) * sizeof(int32_t) : 0, err));
    void *memory = s->offsets->data;
    int32_t *offsets = memory;
    for (size_t i = 0; i < n; i++) {
        if (reps[i] <= at.rep && defs[i] >= at.def) {
            if (is_list)
                offsets[s->length] = (int32_t)s->n_items;
            put_value(s, defs[i] >= node->present_def);
        }
        s->n_items += is_list && reps[i] <= node->item_rep && defs[i] >= node->item_def;
    }
    s->validity->size = wh_bitmap_bytes(s->length);
    if (is_list) {
        offsets[s->length] = (int32_t)s->n_items;
        s->offsets->size = ((size_t)s->length + 1) * sizeof(int32_t);
    }
    return WH_OK;
}

static bool same_bytes(const struct wh_buffer *a, const struct wh_buffer *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* The shape of one group, from all of its leaves. */
static enum wh_status build_group(struct wh_pq_nest *n, const struct wh_pq_node *node,
                                  struct wh_column *column, struct wh_pq_leaf *const *leaves, struct place at,
                                  struct wh_error *err)
{
    struct shape first = {.validity = &column->validity, .offsets = &column->offsets};
    WH_TRY(find_shape(&first, node, &leaves[node->first_leaf]->levels, at, err));
    for (int32_t i = 1; i < node->n_leaves; i++) {
        struct shape other = {.validity = &n->validity, .offsets = &n->offsets};
        WH_TRY(find_shape(&other, node, &leaves[node->first_leaf + i]->levels, at, err));
        if (other.length != first.length || !same_bytes(&n->validity, &column->validity) ||
            !same_bytes(&n->offsets, &column->offsets))
            return wh_fail(err, WH_DATA, "the columns of group \"%s\" do not agree about its values",
                           node->field->name);
    }
    column->length = first.length;
    column->null_count = first.null_count;
    if (first.null_count == 0)
        column->validity.size = 0;
    return WH_OK;
}

static enum wh_status build(struct wh_pq_nest *n, const struct wh_pq_node *node, struct wh_column *column,
                            struct wh_pq_leaf *const *leaves, struct place at, struct wh_error *err)
{
    if (node->children == NULL)
        return WH_OK;
    WH_TRY(build_group(n, node, column, leaves, at, err));
    if (node->field->type != WH_STRUCT)
        at = (struct place){.def = (uint8_t)node->item_def, .rep = (uint8_t)node->item_rep};
    for (size_t i = 0; i < node->field->n_children; i++)
        WH_TRY(build(n, &node->children[i], &column->children[i], leaves, at, err));
    return WH_OK;
}

enum wh_status wh_pq_nest_build(struct wh_pq_nest *n, const struct wh_pq_node *node, struct wh_column *column,
                                struct wh_pq_leaf *const *leaves, struct wh_error *err)
{
    return build(n, node, column, leaves, (struct place){0}, err);
}
