/* format/parquet/leaf_skip.c - passing over rows of a column chunk; see leaf.h. */
#include "base/mem.h"
#include "format/parquet/leaf.h"

/* Levels are passed over in blocks of this many. */
#define BLOCK 8192

static enum wh_status too_few(struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "it has fewer rows than the row group");
}

/* Passes over the levels of n rows of the page, which have *present values. */
static enum wh_status skip_levels(struct wh_pq_leaf *l, int64_t n, int64_t *present, struct wh_error *err)
{
    uint8_t bits[BLOCK / 8 + 8]; /* as much slack as is written behind */
    *present = 0;
    for (int64_t done = 0, step; l->node->present_def > 0 && done < n; done += step) {
        step = WH_MIN(n - done, BLOCK);
        if (!wh_pq_rle_read_bits(&l->defs, bits, 0, step, present))
            return wh_fail(err, WH_DATA, "the levels of a page are damaged or too few");
    }
    if (l->node->present_def == 0)
        *present = n;
    return wh_pq_leaf_took(l, n, *present, err);
}

/* Passes over n values of the page. */
static enum wh_status skip_values(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    struct wh_pq_decoder *v = &l->values;
    if (l->convert.shape == WH_PQ_NOTHING)
        return WH_OK;
    if (l->convert.shape != WH_PQ_BITS && v->encoding != WH_PQ_RLE_DICTIONARY)
        return wh_pq_decoder_skip(v, (size_t)n, &l->scratch, err);
    if (wh_pq_rle_skip(&v->indexes, (size_t)n))
        return WH_OK;
    return wh_fail(err, WH_DATA, "a page has fewer values than it says");
}

static enum wh_status skip_flat(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    while (n > 0) {
        if (l->page_left == 0) {
            WH_TRY(wh_pq_leaf_pass_pages(l, &n, err));
            if (l->page_left == 0 && n > 0)
                return too_few(err);
        }
        int64_t step = WH_MIN(n, l->page_left), present = 0;
        WH_TRY(skip_levels(l, step, &present, err));
        WH_TRY(skip_values(l, present, err));
        n -= step;
    }
    return WH_OK;
}

/* Ends where a row starts, or at the end of the column chunk. */
static enum wh_status skip_nested(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    uint8_t max_def = (uint8_t)l->node->present_def;
    int64_t started = 0;
    for (;;) {
        if (l->ahead_at == l->ahead_end) {
            int64_t left = n - started;
            WH_TRY(wh_pq_leaf_pass_pages(l, &left, err));
            started = n - left;
            WH_TRY(wh_pq_leaf_read_ahead(l, err));
        }
        uint32_t entries = wh_pq_leaf_count_entries(l, n, &started);
        if (entries == 0)
            return started == n ? WH_OK : too_few(err);
        int64_t present = 0;
        for (uint32_t i = 0; i < entries; i++)
            present += l->ahead_defs[l->ahead_at + i] == max_def;
        WH_TRY(skip_values(l, present, err));
        l->ahead_at += entries;
    }
}

enum wh_status wh_pq_leaf_skip(struct wh_pq_leaf *l, int64_t n, struct wh_error *err)
{
    if (n == 0)
        return WH_OK;
    return l->is_flat ? skip_flat(l, n, err) : skip_nested(l, n, err);
}
