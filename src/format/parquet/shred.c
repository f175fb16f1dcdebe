/* format/parquet/shred.c - record shredding; see shred.h.
 *
 * Nested columns go down the path from the top to the leaf one node at a time: a list of entries, each with
 * its levels so far and the index of its value in the node's column, or -1 once it is null or empty. */
#include "format/parquet/shred.h"

#include "base/bytes.h"
#include "base/mem.h"

#define ENDED (-1)

void wh_pq_shred_release(struct wh_pq_shred *s)
{
    wh_buffer_release(&s->defs);
    wh_buffer_release(&s->reps);
    wh_buffer_release(&s->runs);
    wh_buffer_release(&s->indexes);
    wh_buffer_release(&s->spare_indexes);
    wh_buffer_release(&s->spare_defs);
    wh_buffer_release(&s->spare_reps);
}

static enum wh_status forbidden_null(const struct wh_pq_node *node, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not write column \"%s\": it holds a null but is declared without",
                   node->field->name);
}

static bool has_nulls(const struct wh_column *c)
{
    return c->field->type == WH_NULL || (c->validity.size != 0 && c->null_count != 0);
}

static enum wh_status add_run(struct wh_pq_shred *s, int64_t start, int64_t n, struct wh_error *err)
{
    struct wh_pq_run run = {start, n};
    s->n_values += n;
    return wh_buffer_append(&s->runs, &run, sizeof run, err);
}

/* ---- flat columns ------------------------------------------------------------------------------ */

/* Index of the first bit at or behind `from` (and before `end`) that has the value, or end. */
static int64_t find_bit(const uint8_t *map, int64_t from, int64_t end, bool value)
{
    while (from < end && (from & 7) != 0) {
        if (wh_bit_get(map, from) == value)
            return from;
        from++;
    }
    uint64_t flip = value ? 0 : ~UINT64_C(0);
    for (; from + 64 <= end; from += 64) {
        uint64_t word = wh_get_le64(map + from / 8) ^ flip;
        if (word != 0)
            return from + __builtin_ctzll(word);
    }
    while (from < end && wh_bit_get(map, from) != value)
        from++;
    return from;
}

static enum wh_status shred_flat(struct wh_pq_shred *s, const struct wh_pq_node *node,
                                 const struct wh_pq_rows *rows, struct wh_error *err)
{
    const struct wh_column *c = rows->column;
    int64_t from = rows->from, n = rows->n, end = from + n, at = from;
    s->values = c;
    s->n = (size_t)n;
    if (node->present_def > 0) {
        WH_TRY(wh_buffer_resize(&s->defs, (size_t)n, err));
        memset(s->defs.data, c->field->type == WH_NULL ? 0 : 1, (size_t)n);
    }
    if (!has_nulls(c))
        return n > 0 ? add_run(s, from, n, err) : WH_OK;
    while (at < end && c->field->type != WH_NULL) {
        int64_t first = find_bit(c->validity.data, at, end, true);
        if (node->present_def > 0)
            memset(s->defs.data + (at - from), 0, (size_t)(first - at));
        at = find_bit(c->validity.data, first, end, false);
        if (at > first)
            WH_TRY(add_run(s, first, at - first, err));
    }
    return node->present_def > 0 || s->n_values == n ? WH_OK : forbidden_null(node, err);
}

/* ---- nested columns ---------------------------------------------------------------------------- */

static enum wh_status start_entries(struct wh_pq_shred *s, int64_t from, int64_t n, struct wh_error *err)
{
    s->n = (size_t)n;
    WH_TRY(wh_buffer_resize(&s->defs, s->n, err));
    WH_TRY(wh_buffer_resize(&s->reps, s->n, err));
    WH_TRY(wh_buffer_resize(&s->indexes, s->n * sizeof(int32_t), err));
    memset(s->defs.data, 0, s->n);
    memset(s->reps.data, 0, s->n);
    int32_t *index = (int32_t *)(void *)s->indexes.data;
    for (size_t i = 0; i < s->n; i++)
        index[i] = (int32_t)(from + (int64_t)i);
    return WH_OK;
}

/* Ends the entries whose value is null, lifts the level of the others. */
static enum wh_status apply_nulls(struct wh_pq_shred *s, const struct wh_pq_node *node, int16_t parent_def,
                                  const struct wh_column *c, struct wh_error *err)
{
    int32_t *index = (int32_t *)(void *)s->indexes.data;
    bool nulls = has_nulls(c);
    for (size_t i = 0; i < s->n; i++) {
        if (index[i] == ENDED)
            continue;
        if (!nulls || !wh_column_is_null(c, index[i]))
            s->defs.data[i] = (uint8_t)node->present_def;
        else if (node->present_def == parent_def)
            return forbidden_null(node, err);
        else
            index[i] = ENDED;
    }
    return WH_OK;
}

static void swap(struct wh_buffer *a, struct wh_buffer *b)
{
    struct wh_buffer t = *a;
    *a = *b;
    *b = t;
}

static size_t count_items(const struct wh_pq_shred *s, const int32_t *offsets)
{
    const int32_t *index = (const int32_t *)(const void *)s->indexes.data;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t items = index[i] == ENDED ? 0 : (size_t)(offsets[index[i] + 1] - offsets[index[i]]);
        n += items == 0 ? 1 : items;
    }
    return n;
}

/* Puts the items of lists in the place of the lists; an empty list stays as an ended entry. */
static enum wh_status expand(struct wh_pq_shred *s, const struct wh_pq_node *node, const struct wh_column *c,
                             struct wh_error *err)
{
    const int32_t *offsets = wh_column_offsets(c);
    const int32_t *index = (const int32_t *)(const void *)s->indexes.data;
    size_t n = count_items(s, offsets);
    WH_TRY(wh_buffer_resize(&s->spare_defs, n, err));
    WH_TRY(wh_buffer_resize(&s->spare_reps, n, err));
    WH_TRY(wh_buffer_resize(&s->spare_indexes, n * sizeof(int32_t), err));
    int32_t *out_index = (int32_t *)(void *)s->spare_indexes.data;
    uint8_t *defs = s->spare_defs.data, *reps = s->spare_reps.data;
    size_t out = 0;
    for (size_t i = 0; i < s->n; i++) {
        int32_t first = index[i] == ENDED ? 0 : offsets[index[i]];
        int32_t items = index[i] == ENDED ? 0 : offsets[index[i] + 1] - first;
        defs[out] = (uint8_t)(items > 0 ? node->item_def : s->defs.data[i]);
        reps[out] = s->reps.data[i];
        out_index[out++] = items > 0 ? first : ENDED;
        for (int32_t k = 1; k < items; k++) {
            defs[out] = (uint8_t)node->item_def;
            reps[out] = (uint8_t)node->item_rep;
            out_index[out++] = first + k;
        }
    }
    s->n = n;
    swap(&s->defs, &s->spare_defs);
    swap(&s->reps, &s->spare_reps);
    swap(&s->indexes, &s->spare_indexes);
    return WH_OK;
}

static enum wh_status collect_runs(struct wh_pq_shred *s, struct wh_error *err)
{
    const int32_t *index = (const int32_t *)(const void *)s->indexes.data;
    size_t i = 0;
    while (i < s->n) {
        if (index[i] == ENDED) {
            i++;
            continue;
        }
        int32_t start = index[i];
        int32_t n = 0;
        /* Ended entries in between take no value. */
        for (; i < s->n && (index[i] == ENDED || index[i] == start + n); i++)
            n += index[i] != ENDED;
        WH_TRY(add_run(s, start, n, err));
    }
    return WH_OK;
}

enum wh_status wh_pq_shred(struct wh_pq_shred *s, const struct wh_pq_node *top, int32_t leaf,
                           const struct wh_pq_rows *rows, struct wh_error *err)
{
    const struct wh_column *c = rows->column;
    s->defs.size = s->reps.size = s->runs.size = 0;
    s->n_values = 0;
    if (top->children == NULL)
        return shred_flat(s, top, rows, err);
    WH_TRY(start_entries(s, rows->from, rows->n, err));
    const struct wh_pq_node *node = top;
    int16_t parent_def = 0;
    for (;;) {
        WH_TRY(apply_nulls(s, node, parent_def, c, err));
        if (node->children == NULL)
            break;
        parent_def = node->present_def;
        size_t child = 0;
        if (node->field->type != WH_STRUCT) {
            WH_TRY(expand(s, node, c, err));
            parent_def = node->item_def;
        }
        while (leaf >= node->children[child].first_leaf + node->children[child].n_leaves)
            child++;
        c = &c->children[child];
        node = &node->children[child];
    }
    s->values = c;
    s->defs.size = s->reps.size = s->n;
    return collect_runs(s, err);
}
