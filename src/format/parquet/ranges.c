/* format/parquet/ranges.c - row groups as chunks: several that are small, ranges of rows of a large one.
 *
 * A destination makes much more of the rows than they take in the file, so that a chunk is measured by what
 * they take in batches. The footer does not tell that of texts with a dictionary; its page does. Columns have
 * their pages at different rows; a range ends where the largest of them has a page end, if it is known. */
#include "base/mem.h"
#include "batch/schema.h"
#include "format/parquet/read_int.h"
#include "format/parquet/thrift_read.h"

/* Each range reads its dictionaries and the pages in which it starts and ends: below this it is no gain. */
#define MIN_RANGE_BYTES ((double)(1 << 20))
#define MIN_RANGE_ROWS 16
#define HEADER_BYTES ((size_t)1024)
#define OFFSET_BYTES ((double)sizeof(int32_t))

static const struct wh_pq_row_group *next_group(const struct wh_pq_stream *s)
{
    return &s->planned->file->meta.groups[s->next_group];
}

/* ---- what rows take ----------------------------------------------------------------------------- */

/* Bytes of an average entry of a column chunk's dictionary, length included; 0: not known. Whoever reads
 * the pages will tell what is wrong with them. */
static double entry_bytes(const struct wh_pq_file *file, const struct wh_pq_chunk *chunk)
{
    struct wh_error ignored;
    struct wh_pq_page_header h;
    uint8_t bytes[HEADER_BYTES];
    uint64_t start = wh_pq_chunk_start(chunk);
    size_t used, n = start < file->data_end ? (size_t)WH_MIN(file->data_end - start, HEADER_BYTES) : 0;
    if (n == 0 || wh_file_pread(file->fd, file->path, bytes, n, start, &ignored) != WH_OK ||
        wh_pq_read_page_header(&h, wh_slice((const char *)bytes, n), &used, &ignored) != WH_OK ||
        h.type != WH_PQ_DICTIONARY_PAGE || h.n_values <= 0)
        return 0;
    return (double)h.uncompressed_bytes / h.n_values;
}

/* What the values of a column chunk take in batches. */
static double column_bytes(const struct wh_pq_file *file, const struct wh_pq_chunk *chunk,
                           const struct wh_pq_node *leaf)
{
    enum wh_type type = leaf->field->type;
    double n = (double)WH_MAX(chunk->n_values, 0), stored = (double)chunk->total_uncompressed_bytes;
    if (type == WH_NULL)
        return 0;
    if (type == WH_BOOL)
        return n / 8;
    if (!wh_type_is_bytes(type))
        return n * (double)wh_type_width(leaf->field);
    if (leaf->type == WH_PQ_FIXED)
        return n * (OFFSET_BYTES + leaf->length);
    if (chunk->unencoded_bytes >= 0)
        return n * OFFSET_BYTES + (double)chunk->unencoded_bytes;
    double texts = n;
    if ((chunk->statistics.has & WH_PQ_HAS_NULL_COUNT) != 0)
        texts -= (double)chunk->statistics.null_count;
    return n * OFFSET_BYTES + WH_MAX(stored, texts * entry_bytes(file, chunk));
}

/* Fills s->cut for the next row group. */
static enum wh_status measure(struct wh_pq_stream *s, struct wh_error *err)
{
    const struct wh_pq_file *file = s->planned->file;
    const struct wh_pq_row_group *g = next_group(s);
    struct wh_pq_cut *cut = &s->cut;
    double most = -1;
    size_t largest = 0;
    if (cut->is_known)
        return WH_OK;
    cut->bytes = 0;
    for (size_t i = 0; i < s->base.schema.n_fields; i++) {
        int32_t node = s->planned->nodes[i];
        int32_t first = node < 0 ? 0 : file->tree.nodes[node].first_leaf;
        int32_t n = node < 0 ? 0 : file->tree.nodes[node].n_leaves;
        for (int32_t leaf = first; leaf < first + n; leaf++) {
            double bytes = column_bytes(file, &g->chunks[leaf], file->tree.leaves[leaf]);
            cut->bytes += bytes;
            largest = bytes > most ? (size_t)leaf : largest;
            most = WH_MAX(most, bytes);
        }
    }
    cut->borders.n_pages = 0;
    if (most >= 0)
        WH_TRY(wh_pq_page_index_load(&cut->borders, file, s->next_group, largest, err));
    cut->is_known = true;
    return WH_OK;
}

/* Compressed bytes of the stream's columns in the next row group, as far as its first rows have them. */
static uint64_t stored_bytes(const struct wh_pq_stream *s, int64_t rows)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->base.schema.n_fields; i++) {
        if (s->planned->nodes[i] < 0)
            continue;
        const struct wh_pq_node *n = &s->planned->file->tree.nodes[s->planned->nodes[i]];
        bytes += wh_pq_group_bytes(next_group(s), (size_t)n->first_leaf, (size_t)n->n_leaves);
    }
    return (uint64_t)((double)(bytes & INT64_MAX) * ((double)rows / (double)next_group(s)->rows));
}

/* ---- cutting ------------------------------------------------------------------------------------ */

/* Rows of the next range, when `left` rows that take so many bytes are left of the row group: parts as
 * equal as they can be, and no small one at the end. */
static int64_t range_rows(const struct wh_pq_stream *s, int64_t left, double bytes)
{
    double limit = WH_MAX((double)s->context->chunk_bytes, MIN_RANGE_BYTES);
    double parts = WH_MIN(bytes / limit + 0.5, (double)(left / MIN_RANGE_ROWS));
    if (parts < 2)
        return left;
    int64_t rows = left / (int64_t)parts, row = s->next_row + rows;
    return wh_pq_page_index_border(&s->cut.borders, row - rows / 2, row, row + rows / 2) - s->next_row;
}

static void go_on(struct wh_pq_stream *s, int64_t rows)
{
    s->next_row += rows;
    if (s->next_row < next_group(s)->rows)
        return;
    s->next_group++;
    s->next_row = 0;
    s->cut.is_known = false;
}

enum wh_status wh_pq_plan_chunk(struct wh_pq_stream *s, struct wh_pq_position *at, uint64_t *bytes,
                                struct wh_error *err)
{
    const struct wh_pq_file *file = s->planned->file;
    double limit = (double)s->context->chunk_bytes, sum = 0;
    while (s->next_group < file->meta.n_groups && at->first == 0) {
        bool skip;
        int64_t of_group = next_group(s)->rows, left = of_group - s->next_row;
        WH_TRY(wh_pq_prune_group(&s->prune, file, s->next_group, &s->base.schema, &skip, err));
        if (left > 0 && !skip)
            WH_TRY(measure(s, err));
        double size = left <= 0 ? 0 : s->cut.bytes * ((double)left / (double)of_group);
        if (at->n_groups > 0 && (skip || sum + size > limit))
            break;
        if (skip || left <= 0) {
            go_on(s, WH_MAX(left, 0));
            continue;
        }
        int64_t rows = range_rows(s, left, size);
        if (at->n_groups == 0) {
            at->group = s->next_group;
            at->first = s->next_row;
        }
        at->n_groups = s->next_group - at->group + 1;
        at->rows += rows;
        sum += size;
        *bytes += stored_bytes(s, s->next_row + rows) - stored_bytes(s, s->next_row);
        go_on(s, rows);
        if (rows < left)
            break;
    }
    return WH_OK;
}
