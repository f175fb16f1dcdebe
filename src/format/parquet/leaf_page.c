/* format/parquet/leaf_page.c - opening the pages of a leaf; see leaf.h. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/leaf.h"

static unsigned bits_of(int16_t max_level)
{
    return max_level == 0 ? 0 : 32 - (unsigned)__builtin_clz((unsigned)max_level);
}

/* Levels of a data page v1 stand in front of its values, RLE with the length in 4 bytes. */
static enum wh_status take_levels(struct wh_pq_rle *r, struct wh_slice *body, int16_t max_level,
                                  const struct wh_pq_page_header *h, int32_t encoding, struct wh_error *err)
{
    const uint8_t *p = (const uint8_t *)body->ptr;
    unsigned width = bits_of(max_level);
    size_t used;
    if (width == 0) {
        wh_pq_rle_init(r, p, 0, 0);
        return WH_OK;
    }
    if (encoding == WH_PQ_RLE && body->len >= 4 && wh_get_le32(p) <= body->len - 4) {
        used = 4 + (size_t)wh_get_le32(p);
        wh_pq_rle_init(r, p + 4, used - 4, width);
    } else if (encoding == WH_PQ_BIT_PACKED) {
        used = ((size_t)h->n_values * width + 7) / 8;
        if (used > body->len)
            return wh_fail(err, WH_DATA, "a page is shorter than its levels");
        wh_pq_rle_init_legacy(r, p, used, width, (uint32_t)h->n_values);
    } else if (encoding == WH_PQ_RLE) {
        return wh_fail(err, WH_DATA, "a page is shorter than its levels");
    } else {
        return wh_fail(err, WH_DATA, "the levels of a page have encoding %d", (int)encoding);
    }
    body->ptr += used;
    body->len -= used;
    return WH_OK;
}

static enum wh_status open_levels(struct wh_pq_leaf *l, const struct wh_pq_page *page, struct wh_slice *body,
                                  struct wh_error *err)
{
    const struct wh_pq_page_header *h = &page->header;
    int16_t max_rep = l->node->max_rep, max_def = l->node->present_def;
    *body = page->values;
    l->page_nulls = -1;
    if (h->type == WH_PQ_DATA_PAGE) {
        WH_TRY(take_levels(&l->reps, body, max_rep, h, h->rep_encoding, err));
        return take_levels(&l->defs, body, max_def, h, h->def_encoding, err);
    }
    wh_pq_rle_init(&l->reps, (const uint8_t *)page->reps.ptr, page->reps.len, bits_of(max_rep));
    wh_pq_rle_init(&l->defs, (const uint8_t *)page->defs.ptr, page->defs.len, bits_of(max_def));
    if (l->is_flat)
        l->page_nulls = h->n_nulls;
    return WH_OK;
}

static enum wh_status open_data_page(struct wh_pq_leaf *l, const struct wh_pq_page *page,
                                     struct wh_error *err)
{
    struct wh_slice body;
    const struct wh_pq_page_header *h = &page->header;
    if (h->n_values > l->chunk_left)
        return wh_fail(err, WH_DATA, "its pages have more values than the footer says");
    WH_TRY(open_levels(l, page, &body, err));
    WH_TRY(wh_pq_decoder_init(&l->values, h->encoding, l->node, body, &l->last, err));
    if (l->values.encoding == WH_PQ_RLE_DICTIONARY && !l->dictionary.is_loaded)
        return wh_fail(err, WH_DATA, "a page needs the dictionary, which is missing");
    l->page_left = h->n_values;
    l->chunk_left -= h->n_values;
    return WH_OK;
}

enum wh_status wh_pq_leaf_next_page(struct wh_pq_leaf *l, struct wh_error *err)
{
    struct wh_pq_page page;
    while (l->page_left == 0) {
        if (l->page_nulls > 0)
            return wh_fail(err, WH_DATA, "a page has fewer nulls than it says");
        WH_TRY(wh_pq_pages_next(&l->pages, &page, err));
        if (page.header.type == WH_PQ_DICTIONARY_PAGE)
            WH_TRY(wh_pq_dictionary_load(l, &page, err));
        else
            WH_TRY(open_data_page(l, &page, err));
    }
    return WH_OK;
}
