/* format/parquet/column.c - collecting the values of a column into pages; see column.h. */
#include "format/parquet/column.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/gather.h"

/* Rows of nested columns that are shredded at once: how long their lists are is not known before. */
#define NESTED_ROWS 256

void wh_pq_scratch_init(struct wh_pq_scratch *s, struct wh_budget *budget)
{
    *s = (struct wh_pq_scratch){
        .encoded.budget = budget,
        .packed.budget = budget,
        .numbers.budget = budget,
        .lengths.budget = budget,
        .near.budget = budget,
    };
}

void wh_pq_scratch_release(struct wh_pq_scratch *s)
{
    wh_pq_codec_release(&s->codec);
    wh_pq_shred_release(&s->shred);
    wh_buffer_release(&s->encoded);
    wh_buffer_release(&s->packed);
    wh_buffer_release(&s->numbers);
    wh_buffer_release(&s->lengths);
    wh_buffer_release(&s->near);
}

static const struct wh_pq_node *top_of(const struct wh_pq_tree *tree, int32_t leaf)
{
    const struct wh_pq_node *top = tree->nodes;
    while (leaf >= top->first_leaf + top->n_leaves)
        top++;
    return top;
}

void wh_pq_column_init(struct wh_pq_column *col, const struct wh_pq_tree *tree, int32_t number,
                       const struct wh_pq_write_options *options, struct wh_budget *budget)
{
    const struct wh_pq_node *leaf = tree->leaves[number];
    *col = (struct wh_pq_column){
        .top = top_of(tree, number),
        .leaf = leaf,
        .number = number,
        .width = wh_pq_stored_width(leaf),
        .order = wh_pq_order_of(leaf),
        .options = options,
        .gathered = {.values.budget = budget, .offsets.budget = budget},
        .defs.budget = budget,
        .reps.budget = budget,
        .bytes.budget = budget,
        .pages.budget = budget,
        .hashes.budget = budget,
        .dictionary = {.type = leaf->type,
                       .width = wh_pq_stored_width(leaf),
                       .values.budget = budget,
                       .offsets.budget = budget,
                       .slots.budget = budget},
    };
    wh_pq_column_reset(col);
}

void wh_pq_column_release(struct wh_pq_column *col)
{
    wh_buffer_release(&col->gathered.values);
    wh_buffer_release(&col->gathered.offsets);
    wh_buffer_release(&col->defs);
    wh_buffer_release(&col->reps);
    wh_buffer_release(&col->bytes);
    wh_buffer_release(&col->pages);
    wh_buffer_release(&col->hashes);
    wh_pq_distinct_release(&col->dictionary);
}

void wh_pq_column_empty_page(struct wh_pq_column *col)
{
    col->gathered.values.size = col->gathered.offsets.size = 0;
    col->defs.size = col->reps.size = 0;
    col->entries = col->n_values = col->rows = 0;
}

void wh_pq_column_reset(struct wh_pq_column *col)
{
    wh_pq_column_empty_page(col);
    col->bytes.size = col->pages.size = col->hashes.size = 0;
    wh_pq_distinct_reset(&col->dictionary);
    col->dictionary_open = col->options->dictionary && wh_pq_distinct_takes(col->leaf->type);
    col->dictionary_used = col->has_plan = false;
    col->bounds = (struct wh_pq_bounds){0};
    col->ascending = col->descending = true;
    col->chunk_rows = col->chunk_entries = col->chunk_nulls = 0;
    col->plain_bytes = col->uncompressed_bytes = 0;
    memset(col->encoding_counts, 0, sizeof col->encoding_counts);
}

/* The most of n byte arrays behind `offsets` that have at most `room` bytes together. */
static int64_t byte_arrays_that_fit(const int32_t *offsets, int64_t n, size_t room)
{
    int64_t low = 0, high = n + 1;
    while (low + 1 < high) {
        int64_t middle = low + (high - low) / 2;
        if ((size_t)(offsets[middle] - offsets[0]) <= room)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* How many of the n rows still go into the page; at least one into an empty page. */
static int64_t rows_that_fit(const struct wh_pq_column *col, const struct wh_pq_rows *rows)
{
    const struct wh_pq_write_options *o = col->options;
    size_t held = col->gathered.values.size, room = o->page_bytes > held ? o->page_bytes - held : 0;
    int64_t fit = WH_MIN(rows->n, (int64_t)(o->page_rows - col->rows));
    if (col->top != col->leaf)
        fit = room == 0 || col->entries >= o->page_rows ? 0 : WH_MIN(fit, NESTED_ROWS);
    else if (col->width > 0)
        fit = WH_MIN(fit, (int64_t)(room / (size_t)col->width));
    else
        fit = byte_arrays_that_fit(wh_column_offsets(rows->column) + rows->from, fit, room);
    return fit == 0 && col->rows == 0 ? 1 : fit;
}

static enum wh_status start_offsets(struct wh_pq_column *col, struct wh_error *err)
{
    uint32_t zero = 0;
    if (col->width > 0 || col->gathered.offsets.size > 0)
        return WH_OK;
    return wh_buffer_append(&col->gathered.offsets, &zero, sizeof zero, err);
}

static enum wh_status add_rows(struct wh_pq_column *col, const struct wh_pq_rows *rows, struct wh_error *err)
{
    struct wh_pq_shred *s = &col->scratch->shred;
    WH_TRY(wh_pq_shred(s, col->top, col->number, rows, err));
    if (col->leaf->present_def > 0)
        WH_TRY(wh_buffer_append(&col->defs, s->defs.data, s->defs.size, err));
    if (col->leaf->max_rep > 0)
        WH_TRY(wh_buffer_append(&col->reps, s->reps.data, s->reps.size, err));
    WH_TRY(start_offsets(col, err));
    const struct wh_pq_run *runs = (const struct wh_pq_run *)(const void *)s->runs.data;
    for (size_t i = 0; i < s->runs.size / sizeof *runs; i++)
        WH_TRY(wh_pq_gather(&col->gathered, col->leaf, s->values, &runs[i], err));
    col->entries += s->n;
    col->n_values += (size_t)s->n_values;
    col->rows += (size_t)rows->n;
    return WH_OK;
}

enum wh_status wh_pq_column_add(struct wh_pq_column *col, const struct wh_pq_rows *rows, struct wh_error *err)
{
    struct wh_pq_rows rest = *rows;
    while (rest.n > 0) {
        struct wh_pq_rows now = rest;
        now.n = rows_that_fit(col, &rest);
        if (now.n == 0) {
            WH_TRY(wh_pq_page_flush(col, false, err));
            continue;
        }
        WH_TRY(add_rows(col, &now, err));
        rest.from += now.n;
        rest.n -= now.n;
    }
    return WH_OK;
}
