/* format/parquet/check.c - rows of a batch that Parquet cannot hold; see check.h. */
#include "format/parquet/check.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/parquet/gather.h"

#define MS_PER_SECOND 1000

static bool has_nulls(const struct wh_column *c)
{
    return c->field->type == WH_NULL || (c->validity.size != 0 && c->null_count != 0);
}

static bool is_checked_type(const struct wh_field *f)
{
    return f->type == WH_INTERVAL || (f->type == WH_TIMESTAMP && f->unit == WH_SECOND);
}

static size_t n_children(const struct wh_pq_node *node)
{
    return node->children == NULL ? 0 : node->field->n_children;
}

/* Level that a child has when it is not null but its own field does not count. */
static int16_t level_below(const struct wh_pq_node *node)
{
    return node->field->type == WH_STRUCT ? node->present_def : node->item_def;
}

static bool may_have_fault(const struct wh_pq_node *node, int16_t parent_def, const struct wh_column *c)
{
    if (is_checked_type(node->field) || (node->present_def == parent_def && has_nulls(c)))
        return true;
    for (size_t i = 0; i < n_children(node); i++) {
        if (may_have_fault(&node->children[i], level_below(node), &c->children[i]))
            return true;
    }
    return false;
}

bool wh_pq_needs_check(const struct wh_batch *b, const struct wh_pq_tree *tree)
{
    for (size_t i = 0; i < tree->n_nodes; i++) {
        if (may_have_fault(&tree->nodes[i], 0, &b->columns[i]))
            return true;
    }
    return false;
}

/* ---- values ------------------------------------------------------------------------------------ */

static const char *seconds_fault(const uint8_t *value)
{
    int64_t v = (int64_t)wh_get_le64(value), ms;
    return wh_mul(v, (int64_t)MS_PER_SECOND, &ms) ? NULL
                                                  : "the timestamp in seconds does not fit in milliseconds";
}

static const char *interval_fault(const uint8_t *value)
{
    int32_t months = (int32_t)wh_get_le32(value), days = (int32_t)wh_get_le32(value + 4);
    int64_t ns = (int64_t)wh_get_le64(value + 8);
    if (months < 0 || days < 0 || ns < 0)
        return "Parquet has no negative intervals";
    if (ns % WH_NS_PER_MS != 0)
        return "Parquet holds intervals in whole milliseconds";
    return ns / WH_NS_PER_MS > UINT32_MAX ? "the interval is too long for Parquet" : NULL;
}

static const char *value_fault(const struct wh_column *c, int64_t i)
{
    if (c->field->type == WH_INTERVAL)
        return interval_fault(c->data.data + 16 * i);
    return seconds_fault(c->data.data + 8 * i);
}

/* ---- columns ----------------------------------------------------------------------------------- */

/* faults[i], for each value of c, becomes the reason why it cannot be written, or stays NULL. */
static enum wh_status find_faults(const char **faults, const struct wh_pq_node *node, int16_t parent_def,
                                  const struct wh_column *c, struct wh_error *err);

/* Faults of a child's values belong to the values that hold them, unless those are null. */
static void lift_faults(const char **faults, const char *const *below, const struct wh_column *c)
{
    const int32_t *offsets = c->field->type == WH_STRUCT ? NULL : wh_column_offsets(c);
    for (int64_t i = 0; i < c->length; i++) {
        int64_t from = offsets == NULL ? i : offsets[i], to = offsets == NULL ? i + 1 : offsets[i + 1];
        if (wh_column_is_null(c, i))
            continue;
        for (; from < to && faults[i] == NULL; from++)
            faults[i] = below[from];
    }
}

static enum wh_status find_below(const char **faults, const struct wh_pq_node *node,
                                 const struct wh_column *c, struct wh_error *err)
{
    for (size_t k = 0; k < n_children(node); k++) {
        const struct wh_column *child = &c->children[k];
        const char **below = wh_alloc_array((size_t)child->length, sizeof *below);
        if (below == NULL)
            return wh_nomem(err);
        enum wh_status s = find_faults(below, &node->children[k], level_below(node), child, err);
        if (s == WH_OK)
            lift_faults(faults, below, c);
        free(below);
        WH_TRY(s);
    }
    return WH_OK;
}

static enum wh_status find_faults(const char **faults, const struct wh_pq_node *node, int16_t parent_def,
                                  const struct wh_column *c, struct wh_error *err)
{
    bool required = node->present_def == parent_def, checked = is_checked_type(node->field);
    if (!may_have_fault(node, parent_def, c))
        return WH_OK;
    for (int64_t i = 0; i < c->length; i++) {
        bool is_null = wh_column_is_null(c, i);
        if (is_null && required)
            faults[i] = "a null in a column that is declared without";
        else if (!is_null && checked)
            faults[i] = value_fault(c, i);
    }
    return find_below(faults, node, c, err);
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* What is wrong with a row, by row. */
struct faults {
    const char **columns, **reasons; /* NULL: nothing; owned arrays of static and lent text */
    int64_t n_bad;
};

static enum wh_status find_rows(struct faults *f, const struct wh_batch *b, const struct wh_pq_tree *tree,
                                struct wh_error *err)
{
    f->columns = wh_alloc_array((size_t)b->rows, sizeof *f->columns);
    f->reasons = wh_alloc_array((size_t)b->rows, sizeof *f->reasons);
    if (f->columns == NULL || f->reasons == NULL)
        return wh_nomem(err);
    for (size_t k = 0; k < tree->n_nodes; k++) {
        WH_TRY(find_faults(f->reasons, &tree->nodes[k], 0, &b->columns[k], err));
        for (int64_t i = 0; i < b->rows; i++) {
            if (f->reasons[i] == NULL || f->columns[i] != NULL)
                continue;
            f->columns[i] = b->columns[k].field->name;
            f->n_bad++;
        }
    }
    return WH_OK;
}

static enum wh_status reject(struct wh_reject_sink *sink, const struct wh_batch *b, int64_t i,
                             const struct faults *f, struct wh_error *err)
{
    if (sink == NULL)
        return wh_fail(err, WH_DATA, "could not write column \"%s\": %s", f->columns[i], f->reasons[i]);
    struct wh_buffer text = {.budget = b->budget};
    enum wh_status s = wh_json_row(&text, b, i, err);
    if (s == WH_DATA) { /* what is wrong with the row may keep it from being JSON, too */
        text.size = 0;
        s = WH_OK;
    }
    struct wh_reject r = {
        .row = -1,
        .column = f->columns[i],
        .reason = f->reasons[i],
        .text = wh_slice((const char *)text.data, text.size),
    };
    if (s == WH_OK)
        s = sink->add(sink, &r, err);
    wh_buffer_release(&text);
    return s;
}

static enum wh_status keep_good(struct wh_batch *good, const struct wh_batch *b, const struct faults *f,
                                struct wh_reject_sink *sink, struct wh_error *err)
{
    size_t n = 0;
    WH_TRY(wh_batch_init(good, b->schema, b->budget, err));
    enum wh_status s = WH_OK;
    int64_t *rows = wh_alloc_array((size_t)b->rows, sizeof *rows);
    if (rows == NULL)
        return wh_nomem(err);
    for (int64_t i = 0; i < b->rows && s == WH_OK; i++) {
        if (f->reasons[i] == NULL)
            rows[n++] = i;
        else
            s = reject(sink, b, i, f, err);
    }
    if (s == WH_OK)
        s = wh_batch_take(good, b, rows, n, err);
    free(rows);
    return s;
}

enum wh_status wh_pq_reject_rows(struct wh_batch *good, bool *all_good, const struct wh_batch *b,
                                 const struct wh_pq_tree *tree, struct wh_reject_sink *sink,
                                 struct wh_error *err)
{
    struct faults f = {0};
    enum wh_status s = find_rows(&f, b, tree, err);
    *all_good = f.n_bad == 0;
    if (s == WH_OK && !*all_good)
        s = keep_good(good, b, &f, sink, err);
    free(f.columns);
    free(f.reasons);
    return s;
}
