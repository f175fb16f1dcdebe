/* format/parquet/column_end.c - the end of a column chunk: metadata, page index and bloom filter; see
 * column.h. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/bloom.h"
#include "format/parquet/column.h"
#include "format/parquet/thrift_write.h"

static bool is_float(enum wh_pq_order order)
{
    return order == WH_PQ_ORDER_F32 || order == WH_PQ_ORDER_F64;
}

static const struct wh_pq_page_record *records_of(const struct wh_pq_column *col, size_t *n)
{
    *n = col->pages.size / sizeof(struct wh_pq_page_record);
    return (const struct wh_pq_page_record *)(const void *)col->pages.data;
}

static enum wh_status list_encodings(const struct wh_pq_column *col, struct wh_pq_chunk *chunk,
                                     struct wh_pq_arena *arena, struct wh_error *err)
{
    void *encodings, *stats;
    WH_TRY(wh_pq_arena_alloc(&encodings, arena, WH_PQ_ENCODING_COUNT, sizeof(int32_t), err));
    WH_TRY(wh_pq_arena_alloc(&stats, arena, WH_PQ_ENCODING_COUNT + 1, sizeof *chunk->encoding_stats, err));
    chunk->encodings = encodings;
    chunk->encoding_stats = stats;
    if (col->dictionary_used)
        chunk->encoding_stats[chunk->n_encoding_stats++] =
            (struct wh_pq_encoding_stats){WH_PQ_DICTIONARY_PAGE, WH_PQ_PLAIN, 1};
    for (int32_t e = 0; e < WH_PQ_ENCODING_COUNT; e++) {
        bool levels = e == WH_PQ_RLE && (col->leaf->present_def > 0 || col->leaf->max_rep > 0);
        bool dictionary = e == WH_PQ_PLAIN && col->dictionary_used;
        int32_t count = col->encoding_counts[e];
        if (count > 0 || levels || dictionary)
            chunk->encodings[chunk->n_encodings++] = e;
        if (count > 0)
            chunk->encoding_stats[chunk->n_encoding_stats++] =
                (struct wh_pq_encoding_stats){WH_PQ_DATA_PAGE, e, count};
    }
    return WH_OK;
}

/* Slices point into the column, which outlives the row group's metadata. */
static void set_statistics(const struct wh_pq_column *col, struct wh_pq_chunk *chunk)
{
    struct wh_pq_statistics *s = &chunk->statistics;
    const struct wh_pq_bounds *b = &col->bounds;
    s->has = WH_PQ_HAS_NULL_COUNT;
    s->null_count = col->chunk_nulls;
    if (!col->options->statistics)
        return;
    if (is_float(col->order)) {
        s->has |= WH_PQ_HAS_NAN_COUNT;
        s->nan_count = b->nans;
    }
    if (b->has_min) {
        s->has |= WH_PQ_HAS_MIN;
        s->min = wh_slice((const char *)b->min, b->min_len);
        s->min_exact = b->min_exact;
    }
    if (b->has_max) {
        s->has |= WH_PQ_HAS_MAX;
        s->max = wh_slice((const char *)b->max, b->max_len);
        s->max_exact = b->max_exact;
    }
}

enum wh_status wh_pq_column_finish(struct wh_pq_column *col, struct wh_buffer *part,
                                   struct wh_pq_chunk *chunk, struct wh_pq_arena *arena, struct wh_error *err)
{
    size_t start = part->size, n_pages;
    WH_TRY(wh_pq_page_flush(col, true, err));
    if (col->dictionary_used)
        WH_TRY(wh_pq_page_dictionary(col, part, err));
    struct wh_pq_page_record *pages = (struct wh_pq_page_record *)(void *)col->pages.data;
    (void)records_of(col, &n_pages);
    for (size_t i = 0; i < n_pages; i++)
        pages[i].offset += (int64_t)part->size;
    *chunk = (struct wh_pq_chunk){
        .has_meta = true,
        .type = col->leaf->type,
        .codec = col->options->codec,
        .n_values = col->chunk_entries,
        .total_uncompressed_bytes = col->uncompressed_bytes,
        .data_page_offset = (int64_t)part->size,
        .dictionary_page_offset = col->dictionary_used ? (int64_t)start : -1,
        .index_page_offset = -1,
        .bloom_offset = -1,
        .unencoded_bytes = col->width == 0 ? col->plain_bytes : -1,
        .offset_index_offset = -1,
        .column_index_offset = -1,
    };
    WH_TRY(wh_buffer_append(part, col->bytes.data, col->bytes.size, err));
    chunk->total_compressed_bytes = (int64_t)(part->size - start);
    set_statistics(col, chunk);
    return list_encodings(col, chunk, arena, err);
}

/* ---- page index -------------------------------------------------------------------------------- */

static int32_t boundary_order(const struct wh_pq_column *col)
{
    size_t n;
    const struct wh_pq_page_record *r = records_of(col, &n), *before = NULL;
    bool up = true, down = true;
    for (size_t i = 0; i < n; i++) {
        const struct wh_pq_bounds *a, *b = &r[i].bounds;
        if (r[i].is_null)
            continue;
        if (before != NULL) {
            a = &before->bounds;
            int min = wh_pq_bound_compare(col->order, a->min, a->min_len, b->min, b->min_len);
            int max = wh_pq_bound_compare(col->order, a->max, a->max_len, b->max, b->max_len);
            up = up && min <= 0 && max <= 0;
            down = down && min >= 0 && max >= 0;
        }
        before = &r[i];
    }
    return up ? WH_PQ_ASCENDING : down ? WH_PQ_DESCENDING : WH_PQ_UNORDERED;
}

/* Every page with values needs both bounds; a page of NaN alone, or of text that has none above it, leaves
 * the chunk without a column index. */
static bool can_index(const struct wh_pq_column *col)
{
    size_t n;
    const struct wh_pq_page_record *r = records_of(col, &n);
    for (size_t i = 0; i < n; i++) {
        if (!r[i].is_null && !(r[i].bounds.has_min && r[i].bounds.has_max))
            return false;
    }
    return n > 0;
}

static enum wh_status fill_index(struct wh_pq_column_index *ix, const struct wh_pq_column *col,
                                 struct wh_pq_arena *arena, struct wh_error *err)
{
    size_t n;
    const struct wh_pq_page_record *r = records_of(col, &n);
    void *null_pages, *bounds, *counts;
    WH_TRY(wh_pq_arena_alloc(&null_pages, arena, n, sizeof(bool), err));
    WH_TRY(wh_pq_arena_alloc(&bounds, arena, 2 * n, sizeof(struct wh_slice), err));
    WH_TRY(wh_pq_arena_alloc(&counts, arena, 2 * n, sizeof(int64_t), err));
    *ix = (struct wh_pq_column_index){
        .n_pages = n,
        .null_pages = null_pages,
        .mins = bounds,
        .maxs = (struct wh_slice *)bounds + n,
        .boundary = boundary_order(col),
        .null_counts = counts,
        .nan_counts = is_float(col->order) ? (int64_t *)counts + n : NULL,
    };
    for (size_t i = 0; i < n; i++) {
        const struct wh_pq_bounds *b = &r[i].bounds;
        ix->null_pages[i] = r[i].is_null;
        ix->mins[i] = wh_slice((const char *)b->min, b->min_len);
        ix->maxs[i] = wh_slice((const char *)b->max, b->max_len);
        ix->null_counts[i] = r[i].n_nulls;
        if (ix->nan_counts != NULL)
            ix->nan_counts[i] = b->nans;
    }
    return WH_OK;
}

static enum wh_status write_index(const struct wh_pq_column *col, struct wh_buffer *part,
                                  struct wh_pq_chunk *chunk, struct wh_pq_arena *arena, struct wh_error *err)
{
    struct wh_pq_column_index ix;
    size_t start = part->size;
    if (!col->options->page_index || !can_index(col))
        return WH_OK;
    WH_TRY(fill_index(&ix, col, arena, err));
    WH_TRY(wh_pq_write_column_index(part, &ix, err));
    chunk->column_index_offset = (int64_t)start;
    chunk->column_index_bytes = (int32_t)(part->size - start);
    return WH_OK;
}

enum wh_status wh_pq_column_index(struct wh_pq_column *col, struct wh_buffer *part, struct wh_pq_chunk *chunk,
                                  struct wh_pq_arena *arena, struct wh_error *err)
{
    WH_TRY(write_index(col, part, chunk, arena, err));
    size_t start = part->size;
    if (!col->wants_bloom)
        return WH_OK;
    if (col->dictionary_used) {
        struct wh_pq_values v = wh_pq_distinct_values(&col->dictionary);
        WH_TRY(wh_pq_bloom_hash(&col->hashes, &v, err));
    }
    WH_TRY(wh_pq_bloom_write(part, &col->hashes, err));
    chunk->bloom_offset = (int64_t)start;
    chunk->bloom_bytes = (int32_t)(part->size - start);
    return WH_OK;
}
