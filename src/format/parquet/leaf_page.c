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

static enum wh_status check_values(const struct wh_pq_leaf *l, struct wh_error *err)
{
    if (l->pages.header.n_values <= l->chunk_left)
        return WH_OK;
    return wh_fail(err, WH_DATA, "its pages have more values than the footer says");
}

static enum wh_status open_data_page(struct wh_pq_leaf *l, const struct wh_pq_page *page,
                                     struct wh_error *err)
{
    struct wh_slice body;
    const struct wh_pq_page_header *h = &page->header;
    WH_TRY(check_values(l, err));
    WH_TRY(open_levels(l, page, &body, err));
    WH_TRY(wh_pq_decoder_init(&l->values, h->encoding, l->node, body, &l->last, err));
    if (l->values.encoding == WH_PQ_RLE_DICTIONARY && !l->dictionary.is_loaded)
        return wh_fail(err, WH_DATA, "a page needs the dictionary, which is missing");
    l->page_left = h->n_values;
    l->chunk_left -= h->n_values;
    l->page_rows = wh_pq_page_index_rows(&l->index, l->pages.header_offset);
    return WH_OK;
}

/* Opens the page whose header has been read. */
static enum wh_status open_page(struct wh_pq_leaf *l, struct wh_error *err)
{
    struct wh_pq_page page;
    WH_TRY(wh_pq_pages_take(&l->pages, &page, err));
    if (page.header.type == WH_PQ_DICTIONARY_PAGE)
        return wh_pq_dictionary_load(l, &page, err);
    return open_data_page(l, &page, err);
}

static enum wh_status next_header(struct wh_pq_leaf *l, size_t ahead_bytes, struct wh_error *err)
{
    if (l->page_nulls > 0)
        return wh_fail(err, WH_DATA, "a page has fewer nulls than it says");
    return wh_pq_pages_header(&l->pages, ahead_bytes, err);
}

enum wh_status wh_pq_leaf_next_page(struct wh_pq_leaf *l, struct wh_error *err)
{
    while (l->page_left == 0) {
        WH_TRY(next_header(l, l->pages.context->ahead_bytes, err));
        WH_TRY(open_page(l, err));
    }
    return WH_OK;
}

/* Rows that start in the data page whose header has been read; -1: not known before it is opened. */
static enum wh_status count_rows(struct wh_pq_leaf *l, int64_t *rows, struct wh_error *err)
{
    const struct wh_pq_page_header *h = &l->pages.header;
    uint8_t block[1024];
    struct wh_slice bytes;
    struct wh_pq_rle reps;
    WH_TRY(check_values(l, err));
    *rows = h->n_values;
    if (l->node->max_rep == 0)
        return WH_OK;
    *rows = wh_pq_page_index_rows(&l->index, l->pages.header_offset);
    if (*rows >= 0 || h->type != WH_PQ_DATA_PAGE_V2)
        return WH_OK;
    WH_TRY(wh_pq_pages_levels(&l->pages, &bytes, err));
    wh_pq_rle_init(&reps, (const uint8_t *)bytes.ptr, bytes.len, bits_of(l->node->max_rep));
    *rows = 0;
    for (size_t left = (size_t)h->n_values, n; left > 0; left -= n) {
        n = WH_MIN(left, sizeof block);
        if (!wh_pq_rle_read_u8(&reps, block, n))
            return wh_fail(err, WH_DATA, "the levels of a page are damaged or too few");
        for (size_t i = 0; i < n; i++)
            *rows += block[i] == 0;
    }
    return WH_OK;
}

enum wh_status wh_pq_leaf_pass_pages(struct wh_pq_leaf *l, int64_t *rows, struct wh_error *err)
{
    while (l->page_left == 0 && l->chunk_left > 0) {
        int64_t n = -1;
        WH_TRY(next_header(l, 0, err));
        if (l->pages.header.type != WH_PQ_DICTIONARY_PAGE)
            WH_TRY(count_rows(l, &n, err));
        if (n < 0 || n > *rows) {
            WH_TRY(open_page(l, err));
            continue;
        }
        WH_TRY(wh_pq_pages_pass(&l->pages, err));
        l->chunk_left -= l->pages.header.n_values;
        l->last_def = UINT8_MAX; /* what the next entry may go on with is not known */
        *rows -= n;
    }
    return WH_OK;
}
