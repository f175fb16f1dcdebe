/* format/parquet/leaf_dictionary.c - dictionaries of column chunks (Encodings.md, "Dictionary Encoding").
 *
 * Entries are converted and checked once, when the dictionary is loaded; what is left for each value is to
 * copy the entry of its index. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/leaf.h"

/* Indexes are decoded in blocks of this many. */
#define BLOCK 1024

static void put_body(struct wh_pq_leaf *l)
{
    struct wh_pq_page_context *c = l->pages.context;
    if (l->dictionary.body != NULL)
        wh_pq_body_put(c->bodies, WH_TAKE(l->dictionary.body), &c->spare);
}

void wh_pq_dictionary_reset(struct wh_pq_leaf *l)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    put_body(l);
    d->is_loaded = false;
    d->bytes = NULL;
    d->values.size = d->entries.size = d->flags.size = 0;
}

void wh_pq_dictionary_release(struct wh_pq_leaf *l)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    put_body(l);
    wh_buffer_release(&d->values);
    wh_buffer_release(&d->entries);
    wh_buffer_release(&d->flags);
}

/* ---- loading ------------------------------------------------------------------------------------ */

static enum wh_status flag_entry(struct wh_pq_dictionary *d, size_t i, struct wh_error *err)
{
    if (d->flags.size == 0) {
        WH_TRY(wh_buffer_resize(&d->flags, d->n, err));
        memset(d->flags.data, 0, d->n);
    }
    d->flags.data[i] = 1;
    return WH_OK;
}

static enum wh_status load_numbers(struct wh_pq_leaf *l, const struct wh_pq_page *page, struct wh_error *err)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    struct wh_pq_decoder plain;
    size_t width = l->convert.in_width == 0 ? 4 : l->convert.in_width; /* byte arrays: their lengths */
    if (d->n > page->values.len / width)
        return wh_fail(err, WH_DATA, "the dictionary is shorter than its %u entries", d->n);
    WH_TRY(wh_pq_decoder_init(&plain, WH_PQ_PLAIN, l->node, page->values, &l->last, err));
    WH_TRY(wh_buffer_resize(&d->values, d->n * l->convert.out_width, err));
    struct wh_buffer bad = {.budget = d->values.budget};
    enum wh_status s = wh_pq_leaf_numbers(l, &plain, d->values.data, d->n, &bad, err);
    for (size_t i = 0; s == WH_OK && i < bad.size / sizeof(int64_t); i++)
        s = flag_entry(d, (size_t)wh_get_le64(bad.data + i * sizeof(int64_t)), err);
    wh_buffer_release(&bad);
    return s;
}

/* The bytes of the page stay as they are, shared where they have a body. Those in the window are copied. */
static enum wh_status keep_bytes(struct wh_pq_leaf *l, const struct wh_pq_page *page, struct wh_error *err)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    if (page->body == NULL) {
        WH_TRY(wh_buffer_append(&d->values, page->values.ptr, page->values.len, err));
        d->bytes = d->values.data;
        return WH_OK;
    }
    d->body = wh_pq_body_share(l->pages.context->bodies, page->body);
    d->bytes = (const uint8_t *)page->values.ptr;
    return WH_OK;
}

static enum wh_status load_texts(struct wh_pq_leaf *l, const struct wh_pq_page *page, struct wh_error *err)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    size_t width = l->convert.in_width, left = page->values.len, prefix = width == 0 ? 4 : 0;
    if (d->n > left / WH_MAX(width, prefix))
        return wh_fail(err, WH_DATA, "the dictionary is shorter than its %u entries", d->n);
    WH_TRY(keep_bytes(l, page, err));
    WH_TRY(wh_buffer_resize(&d->entries, d->n * sizeof(struct wh_pq_entry), err));
    const uint8_t *p = d->bytes;
    for (size_t i = 0; i < d->n; i++) {
        if (left < prefix)
            return wh_fail(err, WH_DATA, "the dictionary is shorter than its %u entries", d->n);
        size_t len = width == 0 ? wh_get_le32(p) : width;
        if (len > left - prefix)
            return wh_fail(err, WH_DATA, "an entry of %zu bytes goes beyond the dictionary", len);
        p += prefix;
        struct wh_pq_entry e = {(uint32_t)(p - d->bytes), (uint32_t)len};
        memcpy(d->entries.data + i * sizeof e, &e, sizeof e);
        bool is_good = true;
        WH_TRY(wh_pq_leaf_check_text(l, wh_slice((const char *)p, len), &is_good, err));
        if (!is_good)
            WH_TRY(flag_entry(d, i, err));
        p += len;
        left -= prefix + len;
    }
    return WH_OK;
}

enum wh_status wh_pq_dictionary_load(struct wh_pq_leaf *l, const struct wh_pq_page *page,
                                     struct wh_error *err)
{
    struct wh_pq_dictionary *d = &l->dictionary;
    int32_t encoding = page->header.encoding;
    if (d->is_loaded)
        return wh_fail(err, WH_DATA, "it has a second dictionary");
    if (encoding != WH_PQ_PLAIN && encoding != WH_PQ_PLAIN_DICTIONARY)
        return wh_fail(err, WH_DATA, "its dictionary has encoding %d", (int)encoding);
    d->is_loaded = true;
    d->n = (uint32_t)page->header.n_values;
    if (l->convert.shape == WH_PQ_NUMBERS)
        return load_numbers(l, page, err);
    return l->convert.shape == WH_PQ_TEXT ? load_texts(l, page, err) : WH_OK;
}

/* ---- numbers ------------------------------------------------------------------------------------ */

static enum wh_status bad_index(const struct wh_pq_dictionary *d, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "a value is not in the dictionary of %u entries", d->n);
}

static enum wh_status bad_indexes(struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "a page has fewer values than it says");
}

static bool are_below(const uint32_t *indexes, size_t n, uint32_t limit)
{
    uint32_t max = 0;
    for (size_t i = 0; i < n; i++)
        max = WH_MAX(max, indexes[i]);
    return max < limit;
}

#define GATHER(name, type)                                                                                   \
    static void name(type *restrict out, const type *restrict values, const uint32_t *restrict indexes,      \
                     size_t n)                                                                               \
    {                                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = values[indexes[i]];                                                                     \
    }
struct wide16 {
    uint64_t words[2];
};
struct wide32 {
    uint64_t words[4];
};
GATHER(gather_1, uint8_t)
GATHER(gather_2, uint16_t)
GATHER(gather_4, uint32_t)
GATHER(gather_8, uint64_t)
GATHER(gather_16, struct wide16)
GATHER(gather_32, struct wide32)

/* out and values are aligned to their width: columns and buffers are. */
static void gather(void *out, const void *values, const uint32_t *indexes, size_t n, size_t width)
{
    switch (width) {
    case 1:
        gather_1(out, values, indexes, n);
        break;
    case 2:
        gather_2(out, values, indexes, n);
        break;
    case 4:
        gather_4(out, values, indexes, n);
        break;
    case 8:
        gather_8(out, values, indexes, n);
        break;
    case 16:
        gather_16(out, values, indexes, n);
        break;
    default:
        gather_32(out, values, indexes, n);
    }
}

static enum wh_status add_flagged(const struct wh_pq_dictionary *d, const uint32_t *indexes, size_t n,
                                  size_t first, struct wh_buffer *bad, struct wh_error *err)
{
    for (size_t i = 0; d->flags.size > 0 && i < n; i++)
        if (d->flags.data[indexes[i]] != 0)
            WH_TRY(wh_pq_add_bad(bad, (int64_t)(first + i), err));
    return WH_OK;
}

enum wh_status wh_pq_dictionary_numbers(struct wh_pq_leaf *l, uint8_t *out, size_t n, struct wh_buffer *bad,
                                        struct wh_error *err)
{
    const struct wh_pq_dictionary *d = &l->dictionary;
    size_t width = l->convert.out_width;
    uint32_t indexes[BLOCK];
    for (size_t done = 0; done < n;) {
        size_t step = WH_MIN(n - done, BLOCK);
        if (!wh_pq_rle_read(&l->values.indexes, indexes, step))
            return bad_indexes(err);
        if (!are_below(indexes, step, d->n))
            return bad_index(d, err);
        gather(out + done * width, d->values.data, indexes, step, width);
        WH_TRY(add_flagged(d, indexes, step, done, bad, err));
        done += step;
    }
    return WH_OK;
}

/* ---- texts -------------------------------------------------------------------------------------- */

/* How many of the values may still be added, and the bytes they take. */
static size_t count_fitting(const struct wh_pq_bytes_out *out, const struct wh_pq_entry *entries,
                            const uint32_t *indexes, size_t n, size_t *bytes)
{
    size_t room = out->max_bytes - WH_MIN(out->data->size, out->max_bytes), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += entries[indexes[i]].length;
    for (; sum > room && n > 0 && out->data->size + sum > entries[indexes[0]].length; n--)
        sum -= entries[indexes[n - 1]].length;
    *bytes = sum;
    return n;
}

static void copy_texts(const struct wh_pq_bytes_out *out, const struct wh_pq_dictionary *d,
                       const struct wh_pq_entry *entries, const uint32_t *indexes, size_t n, int32_t *offsets)
{
    const uint8_t *bytes = d->bytes;
    uint8_t *base = out->data->data, *to = base + out->data->size;
    for (size_t i = 0; i < n; i++) {
        struct wh_pq_entry e = entries[indexes[i]];
        wh_pq_copy(to, bytes + e.start, e.length);
        to += e.length;
        offsets[i + 1] = (int32_t)(to - base);
    }
    out->data->size = (size_t)(to - base);
}

enum wh_status wh_pq_dictionary_texts(struct wh_pq_leaf *l, const struct wh_pq_bytes_out *out, size_t n,
                                      size_t *done, struct wh_buffer *bad, struct wh_error *err)
{
    const struct wh_pq_dictionary *d = &l->dictionary;
    const void *entries = d->entries.data;
    uint32_t indexes[BLOCK];
    for (*done = 0; *done < n;) {
        size_t step = WH_MIN(n - *done, BLOCK), bytes;
        struct wh_pq_rle before = l->values.indexes;
        if (!wh_pq_rle_read(&l->values.indexes, indexes, step))
            return bad_indexes(err);
        if (!are_below(indexes, step, d->n))
            return bad_index(d, err);
        size_t fit = count_fitting(out, entries, indexes, step, &bytes);
        WH_TRY(wh_buffer_reserve(out->data, bytes, err));
        copy_texts(out, d, entries, indexes, fit, out->offsets + *done);
        WH_TRY(add_flagged(d, indexes, fit, *done, bad, err));
        *done += fit;
        if (fit < step) {
            l->values.indexes = before;
            return wh_pq_rle_read(&l->values.indexes, indexes, fit) ? WH_OK : bad_indexes(err);
        }
    }
    return WH_OK;
}
