/* format/parquet/page.c - encoding and compressing one page of a column; see column.h.
 *
 * Data pages are of version 1, which every reader takes. Levels and values are compressed together. */
#include <zlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/bloom.h"
#include "format/parquet/column.h"
#include "format/parquet/thrift_write.h"

#define DICTIONARY_ENTRIES 65536
#define DICTIONARY_BYTES ((size_t)1 << 20)
/* So many values tell whether a dictionary is worth going on. */
#define TRIAL_VALUES 1024
/* So few different ones among them that no other encoding of numbers comes near. */
#define FEW_ENTRIES 64

/* Packed numbers mostly do not shrink any further: this many bytes are tried first. */
#define TRIAL_BYTES ((size_t)8192)
#define TRIAL_GAIN 0.96

static struct wh_slice slice_of(const struct wh_buffer *b)
{
    return wh_slice((const char *)b->data, b->size);
}

/* The page that is being written. */
struct page {
    struct wh_pq_values v;
    struct wh_pq_page_record record;
    size_t total;       /* values of the whole chunk, as far as can be told */
    bool by_dictionary; /* numbers of the values are in the scratch */
};

static struct page page_of(const struct wh_pq_column *col, bool is_last)
{
    bool is_only = is_last && col->chunk_rows == 0;
    return (struct page){
        .v = {.type = col->leaf->type,
              .width = col->width,
              .n = col->n_values,
              .data = col->gathered.values.data,
              .offsets = (const uint32_t *)(const void *)col->gathered.offsets.data},
        .record = {.offset = (int64_t)col->bytes.size,
                   .first_row = col->chunk_rows,
                   .n_nulls = (int64_t)(col->entries - col->n_values),
                   .is_null = col->n_values == 0},
        .total = is_only ? col->n_values : WH_MAX(col->n_values, (size_t)WH_PQ_EXPECTED_VALUES),
    };
}

/* ---- the choice -------------------------------------------------------------------------------- */

static enum wh_status make_plan(struct wh_pq_column *col, const struct wh_pq_values *v, struct wh_error *err)
{
    struct wh_pq_scratch *s = col->scratch;
    struct wh_pq_choice choice = {
        .codec_state = &s->codec,
        .codec = col->options->codec,
        .encoded = &s->encoded,
        .packed = &s->packed,
        .scratch = &s->lengths,
    };
    if (col->has_plan)
        return WH_OK;
    WH_TRY(wh_pq_choose(&col->plan, &choice, v, err));
    col->has_plan = true;
    return WH_OK;
}

static double entry_bytes(const struct wh_pq_distinct *d)
{
    return (double)d->values.size / (double)WH_MAX(d->n, 1u) + (d->width == 0 ? 4 : 0);
}

/* True when the dictionary is worth going on with after the first n values of the chunk. */
static enum wh_status is_worth_it(bool *out, struct wh_pq_column *col, const struct page *p, size_t n,
                                  struct wh_error *err)
{
    const struct wh_pq_distinct *d = &col->dictionary;
    *out = true;
    if (d->n <= FEW_ENTRIES && n >= TRIAL_VALUES)
        return WH_OK;
    WH_TRY(make_plan(col, &p->v, err));
    *out = wh_pq_dictionary_pays(&col->plan, n, d->n, entry_bytes(d), p->total);
    return WH_OK;
}

/* Whether the page that added entries to the dictionary is smaller by it than without. */
static enum wh_status page_pays(bool *out, struct wh_pq_column *col, const struct page *p,
                                uint32_t new_entries, struct wh_error *err)
{
    const struct wh_pq_distinct *d = &col->dictionary;
    *out = true;
    if (new_entries <= FEW_ENTRIES)
        return WH_OK;
    WH_TRY(make_plan(col, &p->v, err));
    double added = new_entries * entry_bytes(d) * col->plan.shrink;
    double numbers = (double)p->v.n * wh_pq_bits(d->n - 1) / 8;
    *out = added + numbers < (double)p->v.n * col->plan.value_bytes;
    return WH_OK;
}

static void cut_dictionary(struct wh_pq_distinct *d, uint32_t n)
{
    const uint32_t *offsets = (const uint32_t *)(const void *)d->offsets.data;
    d->values.size = d->width > 0 ? n * (size_t)d->width : n == 0 ? 0 : offsets[n];
    d->n = n;
}

/* Where the page's integers lie, if they are few enough for a table. */
static void set_range(struct wh_pq_lookup *l, const struct wh_pq_column *col, const struct wh_pq_bounds *b)
{
    bool is_signed = col->order == WH_PQ_ORDER_I32 || col->order == WH_PQ_ORDER_I64;
    if (!b->has_min || (!is_signed && col->order != WH_PQ_ORDER_U32 && col->order != WH_PQ_ORDER_U64))
        return;
    l->low = col->width == 8 ? wh_get_le64(b->min) : wh_get_le32(b->min);
    uint64_t span = col->width == 8 ? wh_get_le64(b->max) - l->low : (uint32_t)(wh_get_le32(b->max) - l->low);
    if (span < WH_PQ_NEAR_SPAN && span / 2 < l->v->n)
        l->span = span + 1;
}

/* Numbers the page's values by the dictionary, or closes it: this page and all further ones go without. */
static enum wh_status number_values(struct wh_pq_column *col, struct page *p, struct wh_error *err)
{
    struct wh_pq_distinct *d = &col->dictionary;
    uint32_t before = d->n;
    size_t n = p->v.n, done;
    bool good = true;
    WH_TRY(wh_buffer_resize(&col->scratch->numbers, (n + 8) * sizeof(uint32_t), err));
    struct wh_pq_lookup l = {
        .v = &p->v,
        .to = col->dictionary_used ? n : WH_MIN(n, (size_t)TRIAL_VALUES),
        .out = (uint32_t *)(void *)col->scratch->numbers.data,
        .most_entries = DICTIONARY_ENTRIES,
        .most_bytes = DICTIONARY_BYTES,
        .near = &col->scratch->near,
    };
    set_range(&l, col, &p->record.bounds);
    while (good && l.from < n) {
        WH_TRY(wh_pq_distinct_number(d, &l, &done, err));
        good = done == l.to;
        if (good && !col->dictionary_used)
            WH_TRY(is_worth_it(&good, col, p, done, err));
        l.from = l.to;
        l.to = n;
    }
    if (good && col->dictionary_used)
        WH_TRY(page_pays(&good, col, p, d->n - before, err));
    if (!good)
        cut_dictionary(d, before);
    col->dictionary_open = p->by_dictionary = good;
    return WH_OK;
}

/* ---- encoding ---------------------------------------------------------------------------------- */

/* Levels in data page v1: length of 4 bytes, then the hybrid encoding. */
static enum wh_status encode_levels(struct wh_pq_column *col, const struct wh_buffer *levels, int max,
                                    struct wh_error *err)
{
    struct wh_buffer *out = &col->scratch->encoded, *wide = &col->scratch->lengths;
    if (max == 0)
        return WH_OK;
    WH_TRY(wh_buffer_resize(wide, (levels->size + 8) * sizeof(uint32_t), err));
    uint32_t *v = (uint32_t *)(void *)wide->data;
    for (size_t i = 0; i < levels->size; i++)
        v[i] = levels->data[i];
    size_t start = out->size;
    WH_TRY(wh_buffer_resize(out, start + 4, err));
    WH_TRY(wh_pq_encode_rle(out, v, levels->size, wh_pq_bits((uint64_t)max), err));
    wh_put_le32(out->data + start, (uint32_t)(out->size - start - 4));
    return WH_OK;
}

/* The levels of a flat column without nulls are one run. */
static enum wh_status encode_all_levels(struct wh_pq_column *col, struct wh_error *err)
{
    struct wh_buffer *out = &col->scratch->encoded;
    if (col->leaf->max_rep > 0 || col->leaf->present_def != 1 || col->n_values != col->entries) {
        WH_TRY(encode_levels(col, &col->reps, col->leaf->max_rep, err));
        return encode_levels(col, &col->defs, col->leaf->present_def, err);
    }
    size_t start = out->size;
    WH_TRY(wh_buffer_resize(out, start + 4, err));
    WH_TRY(wh_pq_encode_run(out, 1, col->entries, 1, err));
    wh_put_le32(out->data + start, (uint32_t)(out->size - start - 4));
    return WH_OK;
}

static enum wh_status encode_numbers(struct wh_pq_column *col, size_t n, struct wh_error *err)
{
    uint8_t bits = (uint8_t)wh_pq_bits(col->dictionary.n - 1);
    WH_TRY(wh_buffer_append(&col->scratch->encoded, &bits, 1, err));
    return wh_pq_encode_rle(&col->scratch->encoded, (uint32_t *)(void *)col->scratch->numbers.data, n, bits,
                            err);
}

static enum wh_status encode_page(struct wh_pq_column *col, const struct page *p, int32_t *encoding,
                                  struct wh_error *err)
{
    const struct wh_pq_values *v = &p->v;
    if (!p->by_dictionary && v->n > 0)
        WH_TRY(make_plan(col, v, err));
    if (!p->by_dictionary && col->wants_bloom)
        WH_TRY(wh_pq_bloom_hash(&col->hashes, v, err));
    col->scratch->encoded.size = 0;
    WH_TRY(encode_all_levels(col, err));
    col->dictionary_used |= p->by_dictionary;
    *encoding = p->by_dictionary ? WH_PQ_RLE_DICTIONARY : v->n > 0 ? col->plan.encoding : WH_PQ_PLAIN;
    if (p->by_dictionary)
        return encode_numbers(col, v->n, err);
    return wh_pq_encode(&col->scratch->encoded, *encoding, v, &col->scratch->lengths, err);
}

/* ---- compression ------------------------------------------------------------------------------- */

static bool is_packed(int32_t encoding)
{
    return encoding == WH_PQ_RLE_DICTIONARY || encoding == WH_PQ_DELTA_BINARY_PACKED;
}

/* Compresses s->encoded into s->packed. Zstd pages that do not shrink are stored as they are within the
 * frame, so that neither we nor the reader spend time on them. */
static enum wh_status compress_page(const struct wh_pq_column *col, int32_t encoding, struct wh_error *err)
{
    struct wh_pq_scratch *s = col->scratch;
    const struct wh_pq_write_options *o = col->options;
    struct wh_slice in = slice_of(&s->encoded);
    s->packed.size = 0;
    if (o->codec == WH_PQ_ZSTD && is_packed(encoding) && in.len >= 2 * TRIAL_BYTES) {
        struct wh_slice middle = wh_slice(in.ptr + in.len / 2, TRIAL_BYTES);
        WH_TRY(wh_pq_compress(&s->codec, o->codec, o->level, middle, &s->packed, err));
        bool shrinks = (double)s->packed.size < TRIAL_GAIN * (double)TRIAL_BYTES;
        s->packed.size = 0;
        if (!shrinks)
            return wh_pq_zstd_store(in, &s->packed, err);
    }
    return wh_pq_compress(&s->codec, o->codec, o->level, in, &s->packed, err);
}

/* Compresses the encoded page and appends it with its header to out. */
static enum wh_status append_page(struct wh_pq_column *col, struct wh_pq_page_header *h,
                                  struct wh_buffer *out, struct wh_error *err)
{
    struct wh_pq_scratch *s = col->scratch;
    WH_TRY(compress_page(col, h->encoding, err));
    h->uncompressed_bytes = (int32_t)s->encoded.size;
    h->compressed_bytes = (int32_t)s->packed.size;
    h->has_crc = col->options->checksum;
    if (h->has_crc)
        h->crc = (uint32_t)crc32_z(0, s->packed.data, s->packed.size);
    size_t start = out->size;
    WH_TRY(wh_pq_write_page_header(out, h, err));
    col->uncompressed_bytes += (int64_t)(out->size - start) + h->uncompressed_bytes;
    return wh_buffer_append(out, s->packed.data, s->packed.size, err);
}

enum wh_status wh_pq_page_dictionary(struct wh_pq_column *col, struct wh_buffer *out, struct wh_error *err)
{
    struct wh_pq_values v = wh_pq_distinct_values(&col->dictionary);
    struct wh_pq_page_header h = {
        .type = WH_PQ_DICTIONARY_PAGE,
        .n_values = (int32_t)v.n,
        .encoding = WH_PQ_PLAIN,
    };
    col->scratch->encoded.size = 0;
    WH_TRY(wh_pq_encode_plain(&col->scratch->encoded, &v, err));
    return append_page(col, &h, out, err);
}

/* ---- statistics -------------------------------------------------------------------------------- */

static void note_order(struct wh_pq_column *col, const struct wh_pq_values *v, const struct wh_pq_bounds *b)
{
    const struct wh_pq_bounds *before = &col->bounds;
    if (col->entries != col->n_values || v->n == 0)
        col->ascending = col->descending = false;
    if (col->ascending && before->has_min && v->n > 0)
        col->ascending =
            before->has_max && b->has_min &&
            wh_pq_bound_compare(col->order, before->max, before->max_len, b->min, b->min_len) <= 0;
    if (col->descending && before->has_min && v->n > 0)
        col->descending = b->has_max && wh_pq_bound_compare(col->order, before->min, before->min_len, b->max,
                                                            b->max_len) >= 0;
    col->ascending = col->ascending && wh_pq_is_sorted(col->order, v, false);
    col->descending = col->descending && wh_pq_is_sorted(col->order, v, true);
}

/* Text by the entries of the dictionary that the page uses: fewer comparisons than by its values. */
static enum wh_status bounds_of_numbers(struct wh_pq_column *col, size_t n, struct wh_pq_bounds *out,
                                        struct wh_error *err)
{
    struct wh_pq_values entries = wh_pq_distinct_values(&col->dictionary);
    struct wh_buffer *used = &col->scratch->lengths;
    WH_TRY(wh_buffer_resize(used, entries.n, err));
    memset(used->data, 0, entries.n);
    const uint32_t *numbers = (const uint32_t *)(const void *)col->scratch->numbers.data;
    for (size_t i = 0; i < n; i++)
        used->data[numbers[i]] = 1;
    wh_pq_bounds_of_used(out, col->order, &entries, used->data);
    return WH_OK;
}

static bool wants_bounds(const struct wh_pq_column *col)
{
    return col->options->statistics || col->options->page_index;
}

/* Before the dictionary, which uses the range of numbers. */
static void note_numbers(const struct wh_pq_column *col, struct page *p)
{
    if (wants_bounds(col) && col->width > 0)
        wh_pq_bounds_of(&p->record.bounds, col->order, &p->v);
}

static enum wh_status note_values(struct wh_pq_column *col, struct page *p, struct wh_error *err)
{
    struct wh_pq_bounds *b = &p->record.bounds;
    if (!wants_bounds(col))
        return WH_OK;
    if (p->by_dictionary && col->width == 0)
        WH_TRY(bounds_of_numbers(col, p->v.n, b, err));
    else if (col->width == 0)
        wh_pq_bounds_of(b, col->order, &p->v);
    note_order(col, &p->v, b);
    wh_pq_bounds_merge(&col->bounds, b, col->order);
    return WH_OK;
}

static enum wh_status end_page(struct wh_pq_column *col, struct page *p, int32_t encoding,
                               struct wh_error *err)
{
    p->record.bytes = (int32_t)((int64_t)col->bytes.size - p->record.offset);
    col->chunk_rows += (int64_t)col->rows;
    col->chunk_entries += (int64_t)col->entries;
    col->chunk_nulls += p->record.n_nulls;
    col->plain_bytes += col->width == 0 ? (int64_t)col->gathered.values.size : 0;
    col->encoding_counts[encoding]++;
    wh_pq_column_empty_page(col);
    return wh_buffer_append(&col->pages, &p->record, sizeof p->record, err);
}

enum wh_status wh_pq_page_flush(struct wh_pq_column *col, bool is_last, struct wh_error *err)
{
    struct page p = page_of(col, is_last);
    struct wh_pq_page_header h = {
        .type = WH_PQ_DATA_PAGE,
        .n_values = (int32_t)col->entries,
        .def_encoding = WH_PQ_RLE,
        .rep_encoding = WH_PQ_RLE,
    };
    if (col->entries == 0)
        return WH_OK;
    note_numbers(col, &p);
    if (col->dictionary_open && p.v.n > 0)
        WH_TRY(number_values(col, &p, err));
    WH_TRY(note_values(col, &p, err));
    WH_TRY(encode_page(col, &p, &h.encoding, err));
    WH_TRY(append_page(col, &h, &col->bytes, err));
    return end_page(col, &p, h.encoding, err);
}
