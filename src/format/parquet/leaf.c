/* format/parquet/leaf.c - rows of a column chunk: levels, limits, rows handed back; see leaf.h.
 *
 * A flat column has at most a definition level of 0 or 1 a row, which is the validity bitmap itself. The
 * levels of nested columns are kept for nest.c, which makes the lists and structs around the leaf. */
#include "format/parquet/leaf.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/spread.h"

/* A column of a batch ends with the row that makes it larger than this. */
#define SOFT_BYTES ((size_t)16 << 20)
#define SOFT_SLOTS (INT64_C(1) << 22)

/* ---- life --------------------------------------------------------------------------------------- */

static enum wh_status find_levels(struct wh_pq_leaf *l, const struct wh_pq_tree *tree, size_t column,
                                  struct wh_error *err)
{
    int32_t at = (int32_t)column;
    const struct wh_pq_node *node = tree->nodes;
    if (l->node->present_def > UINT8_MAX || l->node->max_rep > UINT8_MAX)
        return wh_fail(err, WH_DATA, "it is nested too deeply");
    while (node->first_leaf + node->n_leaves <= at)
        node++;
    l->is_flat = node == l->node;
    while (node != l->node) {
        if (node->field->type != WH_STRUCT) {
            l->slot_def = (uint8_t)node->item_def;
            l->item_defs[node->item_rep] = (uint8_t)node->item_def;
        }
        for (node = node->children; node->first_leaf + node->n_leaves <= at;)
            node++;
    }
    return WH_OK;
}

static void set_budget(struct wh_pq_leaf *l, struct wh_budget *budget)
{
    struct wh_buffer *all[] = {&l->dictionary.values,
                               &l->dictionary.entries,
                               &l->dictionary.flags,
                               &l->index.pages,
                               &l->last,
                               &l->levels.reps,
                               &l->levels.defs,
                               &l->bad,
                               &l->scratch,
                               &l->carry_levels.reps,
                               &l->carry_levels.defs,
                               &l->carry_bad};
    for (size_t i = 0; i < WH_COUNT(all); i++)
        all[i]->budget = budget;
}

static enum wh_status make_leaf(struct wh_pq_leaf *l, const struct wh_pq_leaf_source *source,
                                struct wh_error *err)
{
    const struct wh_pq_file *file = source->file;
    l->node = file->tree.leaves[source->column];
    set_budget(l, file->budget);
    WH_TRY(find_levels(l, &file->tree, source->column, err));
    WH_TRY(wh_pq_convert_init(&l->convert, l->node, err));
    WH_TRY(wh_column_init(&l->probe, l->node->field, file->budget, err));
    return wh_column_init(&l->carry, l->node->field, file->budget, err);
}

enum wh_status wh_pq_leaf_open(struct wh_pq_leaf **leaf, const struct wh_pq_leaf_source *source,
                               struct wh_error *err)
{
    const struct wh_pq_chunk *chunk = &source->file->meta.groups[source->group].chunks[source->column];
    if (*leaf == NULL) {
        *leaf = wh_alloc(sizeof **leaf);
        if (*leaf == NULL)
            return wh_nomem(err);
        WH_TRY(make_leaf(*leaf, source, err));
    }
    struct wh_pq_leaf *l = *leaf;
    l->chunk_left = chunk->n_values;
    l->page_left = l->carry_rows = 0;
    l->page_nulls = -1;
    l->ahead_at = l->ahead_end = 0;
    l->last_def = 0;
    l->index.n_pages = 0;
    l->page_rows = -1;
    wh_pq_dictionary_reset(l);
    wh_pq_pages_open(&l->pages, source->file, chunk, source->context);
    if (source->is_part && l->node->max_rep > 0)
        return wh_pq_page_index_load(&l->index, source->file, source->group, source->column, err);
    return WH_OK;
}

static void release_levels(struct wh_pq_levels *levels)
{
    wh_buffer_release(&levels->reps);
    wh_buffer_release(&levels->defs);
}

void wh_pq_leaf_close(struct wh_pq_leaf *l)
{
    if (l == NULL)
        return;
    wh_pq_dictionary_release(l);
    wh_pq_pages_close(&l->pages);
    wh_pq_page_index_release(&l->index);
    release_levels(&l->levels);
    release_levels(&l->carry_levels);
    wh_buffer_release(&l->last);
    wh_buffer_release(&l->bad);
    wh_buffer_release(&l->scratch);
    wh_buffer_release(&l->carry_bad);
    if (l->carry.field != NULL)
        wh_column_release(&l->carry);
    if (l->probe.field != NULL)
        wh_column_release(&l->probe);
    free(l);
}

bool wh_pq_leaf_at_end(const struct wh_pq_leaf *l)
{
    return l->chunk_left == 0 && l->page_left == 0 && l->ahead_at == l->ahead_end && l->carry_rows == 0;
}

void wh_pq_leaf_rest(struct wh_pq_leaf *l)
{
    if (l->page_left == 0 && l->ahead_at == l->ahead_end)
        wh_pq_pages_drop(&l->pages);
    if (wh_pq_leaf_at_end(l))
        wh_pq_dictionary_reset(l);
}

/* Ends the column's validity: none where no value is null. */
static void close_validity(struct wh_pq_leaf *l)
{
    struct wh_column *c = l->out;
    c->null_count = 0;
    if (l->convert.shape == WH_PQ_NOTHING) {
        c->null_count = c->length;
        c->validity.size = 0;
        return;
    }
    if (l->node->present_def > 0)
        c->null_count = c->length - wh_bitmap_count(c->validity.data, c->length);
    c->validity.size = c->null_count == 0 ? 0 : wh_bitmap_bytes(c->length);
    if (c->validity.size > 0 && c->length % 8 != 0)
        c->validity.data[c->length / 8] &= (uint8_t)((1u << (c->length % 8)) - 1);
}

/* The same for the last byte of booleans. */
static void close_bits(struct wh_pq_leaf *l)
{
    struct wh_column *c = l->out;
    if (l->convert.shape == WH_PQ_BITS && c->length % 8 != 0)
        c->data.data[c->length / 8] &= (uint8_t)((1u << (c->length % 8)) - 1);
}

static enum wh_status reserve_validity(struct wh_column *c, int64_t n, struct wh_error *err)
{
    return wh_buffer_resize(&c->validity, wh_bitmap_bytes(c->length + n), err);
}

static enum wh_status bad_levels(struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "the levels of a page are damaged or too few");
}

/* ---- flat columns ------------------------------------------------------------------------------- */

enum wh_status wh_pq_leaf_took(struct wh_pq_leaf *l, int64_t n, int64_t present, struct wh_error *err)
{
    l->page_left -= n;
    if (l->page_nulls < 0)
        return WH_OK;
    l->page_nulls -= n - present;
    if (l->page_nulls < 0 || (l->page_left == 0 && l->page_nulls > 0))
        return wh_fail(err, WH_DATA, "a page has another number of nulls than it says");
    return WH_OK;
}

/* Up to n rows of the current page; *taken is less than n only when the column is full. */
static enum wh_status read_flat_page(struct wh_pq_leaf *l, int64_t n, int64_t *taken, struct wh_error *err)
{
    struct wh_column *c = l->out;
    int64_t present = n, at = c->length;
    struct wh_pq_rle before = l->defs;
    bool is_nullable = l->node->present_def > 0;
    if (is_nullable) {
        present = 0;
        WH_TRY(reserve_validity(c, n, err));
        if (!wh_pq_rle_read_bits(&l->defs, c->validity.data, at, n, &present))
            return bad_levels(err);
    }
    WH_TRY(wh_pq_leaf_append(l, n, present, taken, err));
    if (*taken < n) {
        l->defs = before;
        present = is_nullable ? 0 : *taken;
        if (is_nullable && !wh_pq_rle_read_bits(&l->defs, c->validity.data, at, *taken, &present))
            return bad_levels(err);
    }
    return wh_pq_leaf_took(l, *taken, present, err);
}

static enum wh_status read_flat(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    while (l->rows < n && (l->page_left > 0 || l->chunk_left > 0)) {
        int64_t taken;
        if (l->page_left == 0)
            WH_TRY(wh_pq_leaf_next_page(l, err));
        int64_t step = WH_MIN(n - l->rows, l->page_left);
        WH_TRY(read_flat_page(l, step, &taken, err));
        l->rows += taken;
        if (taken < step)
            break;
    }
    return WH_OK;
}

/* ---- nested columns ----------------------------------------------------------------------------- */

/* Levels must stay within their bounds, a column starts with a row, and an entry that goes on with a list
 * needs a list that has items, before and now. */
static bool are_sound(struct wh_pq_leaf *l, uint32_t n)
{
    uint8_t before = l->last_def, max_rep = (uint8_t)l->node->max_rep,
            max_def = (uint8_t)l->node->present_def;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t rep = l->ahead_reps[i], def = l->ahead_defs[i];
        if (rep > max_rep || def > max_def || WH_MIN(before, def) < l->item_defs[rep])
            return false;
        before = def;
    }
    l->last_def = before;
    return true;
}

/* Whether the page has as many rows as the index says, now that n more of its entries are known. */
static bool fit_index(struct wh_pq_leaf *l, uint32_t n)
{
    if (l->page_rows < 0)
        return true;
    for (uint32_t i = 0; i < n; i++)
        l->page_rows -= l->ahead_reps[i] == 0;
    return l->page_left > 0 ? l->page_rows >= 0 : l->page_rows == 0;
}

enum wh_status wh_pq_leaf_read_ahead(struct wh_pq_leaf *l, struct wh_error *err)
{
    l->ahead_at = l->ahead_end = 0;
    if (l->page_left == 0 && l->chunk_left == 0)
        return WH_OK;
    if (l->page_left == 0)
        WH_TRY(wh_pq_leaf_next_page(l, err));
    uint32_t n = (uint32_t)WH_MIN(l->page_left, WH_PQ_LEVELS);
    if (!wh_pq_rle_read_u8(&l->reps, l->ahead_reps, n) || !wh_pq_rle_read_u8(&l->defs, l->ahead_defs, n) ||
        !are_sound(l, n))
        return bad_levels(err);
    l->page_left -= n;
    l->ahead_end = n;
    return fit_index(l, n) ? WH_OK : wh_fail(err, WH_DATA, "its pages have other rows than its index says");
}

uint32_t wh_pq_leaf_count_entries(const struct wh_pq_leaf *l, int64_t n, int64_t *started)
{
    uint32_t i = l->ahead_at;
    for (; i < l->ahead_end; i++) {
        if (l->ahead_reps[i] == 0) {
            if (*started == n)
                break;
            ++*started;
        }
    }
    return i - l->ahead_at;
}

/* Appends the validity of n entries' slots behind the column; counts slots and values. */
static enum wh_status make_validity(struct wh_pq_leaf *l, const uint8_t *defs, uint32_t n, int64_t *slots,
                                    int64_t *present, struct wh_error *err)
{
    struct wh_column *c = l->out;
    uint8_t max_def = (uint8_t)l->node->present_def, slot_def = l->slot_def;
    int64_t at = c->length;
    WH_TRY(reserve_validity(c, n, err));
    wh_pq_fill_bits(c->validity.data, at, n, false);
    *present = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (defs[i] < slot_def)
            continue;
        unsigned bit = defs[i] == max_def;
        c->validity.data[at >> 3] = (uint8_t)(c->validity.data[at >> 3] | bit << (at & 7));
        *present += bit;
        at++;
    }
    *slots = at - c->length;
    if (at > INT32_MAX)
        return wh_fail(err, WH_LIMIT, "a row has more than 2^31 values");
    return WH_OK;
}

/* Position of the entry that has slot k, from 0. */
static uint32_t find_slot(const struct wh_pq_leaf *l, const uint8_t *defs, int64_t k)
{
    uint32_t i = 0;
    for (;; i++)
        if (defs[i] >= l->slot_def && k-- == 0)
            return i;
}

/* Uses n entries ahead; *n becomes less when the column is full. */
static enum wh_status use_entries(struct wh_pq_leaf *l, uint32_t *n, struct wh_error *err)
{
    const uint8_t *defs = l->ahead_defs + l->ahead_at;
    int64_t slots, present, taken;
    WH_TRY(make_validity(l, defs, *n, &slots, &present, err));
    WH_TRY(wh_pq_leaf_append(l, slots, present, &taken, err));
    if (taken < slots)
        *n = find_slot(l, defs, taken);
    WH_TRY(wh_buffer_append(&l->levels.reps, l->ahead_reps + l->ahead_at, *n, err));
    WH_TRY(wh_buffer_append(&l->levels.defs, defs, *n, err));
    l->ahead_at += *n;
    return WH_OK;
}

/* A row ends where the next one starts, maybe pages later. Once the column is full only the row that has
 * begun is completed. */
static enum wh_status read_nested(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    for (;;) {
        if (l->ahead_at == l->ahead_end)
            WH_TRY(wh_pq_leaf_read_ahead(l, err));
        uint32_t entries = wh_pq_leaf_count_entries(l, n, &l->rows), used = entries;
        if (entries == 0)
            return WH_OK;
        WH_TRY(use_entries(l, &used, err));
        bool is_full = used < entries || l->out->data.size > SOFT_BYTES || l->out->length > SOFT_SLOTS;
        if (!is_full)
            continue;
        if (used < entries && l->max_bytes == INT32_MAX)
            return wh_fail(err, WH_LIMIT, "a row takes more than 2 GiB");
        for (uint32_t i = 0; i < entries - used; i++)
            l->rows -= l->ahead_reps[l->ahead_at + i] == 0;
        n = l->rows;
        l->max_bytes = INT32_MAX;
    }
}

/* ---- rows handed back --------------------------------------------------------------------------- */

/* Entry and slot at which row n of the batch starts. */
static void find_row(const struct wh_pq_leaf *l, int64_t n, size_t *entry, int64_t *slot)
{
    *entry = 0;
    *slot = l->is_flat ? n : 0;
    if (l->is_flat)
        return;
    for (size_t i = 0; i < l->levels.reps.size; i++) {
        if (l->levels.reps.data[i] == 0 && n-- == 0)
            break;
        *slot += l->levels.defs.data[i] >= l->slot_def;
        *entry = i + 1;
    }
}

int64_t wh_pq_leaf_row_of(const struct wh_pq_leaf *l, int64_t slot)
{
    if (l->is_flat)
        return slot;
    int64_t row = -1;
    for (size_t i = 0; slot >= 0; i++) {
        row += l->levels.reps.data[i] == 0;
        slot -= l->levels.defs.data[i] >= l->slot_def;
    }
    return row;
}

static enum wh_status move_tail(struct wh_buffer *to, struct wh_buffer *from, size_t at, struct wh_error *err)
{
    to->size = 0;
    WH_TRY(wh_buffer_append(to, from->data + at, from->size - at, err));
    from->size = at;
    return WH_OK;
}

static enum wh_status move_bad(struct wh_pq_leaf *l, int64_t slot, struct wh_error *err)
{
    size_t keep = 0;
    l->carry_bad.size = 0;
    for (size_t i = 0; i < l->bad.size; i += sizeof(int64_t)) {
        int64_t at = (int64_t)wh_get_le64(l->bad.data + i);
        if (at < slot)
            keep = i + sizeof at;
        else
            WH_TRY(wh_pq_add_bad(&l->carry_bad, at - slot, err));
    }
    l->bad.size = keep;
    return WH_OK;
}

static void truncate_out(struct wh_pq_leaf *l, int64_t slots)
{
    struct wh_column *c = l->out;
    bool had_nulls = c->validity.size > 0;
    c->length = slots;
    if (l->convert.shape == WH_PQ_NUMBERS)
        c->data.size = (size_t)slots * l->convert.out_width;
    else if (l->convert.shape == WH_PQ_BITS)
        c->data.size = wh_bitmap_bytes(slots);
    else if (l->convert.shape == WH_PQ_TEXT) {
        c->offsets.size = ((size_t)slots + 1) * sizeof(int32_t);
        c->data.size = (size_t)wh_column_offsets(c)[slots];
    }
    if (had_nulls || l->convert.shape == WH_PQ_NOTHING)
        close_validity(l);
    close_bits(l);
}

enum wh_status wh_pq_leaf_cut(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    size_t entry;
    int64_t slot;
    if (n == l->rows)
        return WH_OK;
    find_row(l, n, &entry, &slot);
    wh_column_reset(&l->carry);
    WH_TRY(wh_column_append_range(&l->carry, l->out, slot, l->out->length - slot, err));
    if (!l->is_flat) {
        WH_TRY(move_tail(&l->carry_levels.reps, &l->levels.reps, entry, err));
        WH_TRY(move_tail(&l->carry_levels.defs, &l->levels.defs, entry, err));
    }
    WH_TRY(move_bad(l, slot, err));
    truncate_out(l, slot);
    l->carry_rows = l->rows - n;
    l->rows = n;
    return WH_OK;
}

static void swap(struct wh_buffer *a, struct wh_buffer *b)
{
    struct wh_buffer c = *a;
    *a = *b;
    *b = c;
}

static enum wh_status read_carry(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    WH_TRY(wh_column_append_range(l->out, &l->carry, 0, l->carry.length, err));
    swap(&l->levels.reps, &l->carry_levels.reps);
    swap(&l->levels.defs, &l->carry_levels.defs);
    swap(&l->bad, &l->carry_bad);
    l->rows = l->carry_rows;
    l->carry_rows = 0;
    return wh_pq_leaf_cut(l, WH_MIN(n, l->rows), err);
}

enum wh_status wh_pq_leaf_read(struct wh_pq_leaf *l, struct wh_column *out, int64_t n, struct wh_error *err)
{
    l->out = out;
    l->rows = 0;
    l->max_bytes = SOFT_BYTES;
    l->bad.size = l->levels.reps.size = l->levels.defs.size = 0;
    if (l->carry_rows > 0)
        return read_carry(l, n, err);
    if (l->is_flat)
        WH_TRY(wh_column_reserve(out, n, 0, err));
    WH_TRY(l->is_flat ? read_flat(l, n, err) : read_nested(l, n, err));
    close_validity(l);
    close_bits(l);
    return WH_OK;
}
