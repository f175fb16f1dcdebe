/* format/parquet/writer.c - Parquet files: parts of complete row groups, and the footer (parquet-format
 * README.md, "File format").
 *
 *   "PAR1"  row group  row group ...  FileMetaData  le32 length of it  "PAR1"
 *
 * A part is encoded without knowing where in the file it will stand; entry.h tells how its row groups get
 * into the footer. Column indexes and bloom filters stand behind their row group, the offset indexes of all
 * row groups in front of FileMetaData.
 *
 * Threads: the encoder is read-only but for its pool of workspaces, which has a lock. */
#include "format/parquet/writer.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/check.h"
#include "format/parquet/column.h"
#include "format/parquet/entry.h"
#include "format/parquet/options.h"
#include "format/parquet/thrift_write.h"

#define MAGIC "PAR1"
#define MAGIC_BYTES 4
#define CREATED_BY "wherry version " WHERRY_VERSION

/* Columns and working memory of one open part; goes from part to part. */
struct workspace {
    struct workspace *next;
    struct wh_pq_scratch scratch;
    size_t n_columns;
    struct wh_pq_column columns[];
};

struct encoder {
    struct wh_encoder base;
    struct wh_budget *budget;
    struct wh_pq_write_options options;
    struct wh_pq_tree tree;
    struct wh_pq_element *elements; /* these arrays are in the tree's arena */
    size_t n_elements;
    struct wh_pq_path *paths;
    bool *wants_bloom;      /* by column */
    pthread_mutex_t lock;   /* guards idle */
    struct workspace *idle; /* owned */
};

struct part {
    struct wh_part base;
    struct encoder *encoder;
    struct workspace *work; /* owned until sealed */
    struct wh_pq_part_meta meta;
    int64_t group_rows;
};

/* ---- workspaces -------------------------------------------------------------------------------- */

static void workspace_free(struct workspace *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n_columns; i++)
        wh_pq_column_release(&w->columns[i]);
    wh_pq_scratch_release(&w->scratch);
    free(w);
}

static enum wh_status workspace_new(struct workspace **out, const struct encoder *e, struct wh_error *err)
{
    size_t n = e->tree.n_leaves;
    struct workspace *w = wh_alloc(sizeof *w + n * sizeof w->columns[0]);
    if (w == NULL)
        return wh_nomem(err);
    wh_pq_scratch_init(&w->scratch, e->budget);
    for (size_t i = 0; i < n; i++) {
        wh_pq_column_init(&w->columns[i], &e->tree, (int32_t)i, &e->options, e->budget);
        w->columns[i].scratch = &w->scratch;
        w->columns[i].wants_bloom = e->wants_bloom[i];
    }
    w->n_columns = n;
    *out = w;
    return WH_OK;
}

static enum wh_status take_workspace(struct workspace **out, struct encoder *e, struct wh_error *err)
{
    pthread_mutex_lock(&e->lock);
    struct workspace *w = e->idle;
    if (w != NULL)
        e->idle = w->next;
    pthread_mutex_unlock(&e->lock);
    if (w == NULL)
        return workspace_new(out, e, err);
    for (size_t i = 0; i < w->n_columns; i++)
        wh_pq_column_reset(&w->columns[i]);
    *out = w;
    return WH_OK;
}

static void give_workspace(struct encoder *e, struct workspace *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    w->next = e->idle;
    e->idle = w;
    pthread_mutex_unlock(&e->lock);
}

/* ---- encoder ----------------------------------------------------------------------------------- */

static void encoder_close(struct wh_encoder *base)
{
    struct encoder *e = (struct encoder *)base;
    if (e == NULL)
        return;
    while (e->idle != NULL) {
        struct workspace *next = e->idle->next;
        workspace_free(e->idle);
        e->idle = next;
    }
    wh_pq_tree_release(&e->tree);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static enum wh_status prepare(struct encoder *e, const struct wh_config *cfg, struct wh_error *err)
{
    size_t n_paths;
    void *memory;
    WH_TRY(wh_pq_tree_write(&e->tree, e->base.schema, err));
    WH_TRY(wh_pq_elements(&e->elements, &e->n_elements, e->base.schema, &e->tree.arena, err));
    WH_TRY(wh_pq_paths(&e->paths, &n_paths, e->elements, e->n_elements, &e->tree.arena, err));
    WH_TRY(wh_pq_options_read(&e->options, cfg, &e->tree, err));
    WH_TRY(wh_pq_arena_alloc(&memory, &e->tree.arena, n_paths, sizeof *e->wants_bloom, err));
    e->wants_bloom = memory;
    return wh_pq_options_bloom(e->wants_bloom, cfg, e->paths, n_paths, err);
}

static enum wh_status encoder_open(struct wh_encoder **out, const struct wh_schema *schema,
                                   const struct wh_config *cfg, struct wh_context *ctx, struct wh_error *err)
{
    struct encoder *e = wh_alloc(sizeof *e);
    if (e == NULL || pthread_mutex_init(&e->lock, NULL) != 0) {
        free(e);
        return wh_nomem(err);
    }
    e->base = (struct wh_encoder){&wh_pq_encoder_ops, schema};
    e->budget = ctx->budget;
    enum wh_status s = prepare(e, cfg, err);
    if (s == WH_OK)
        *out = &e->base;
    else
        encoder_close(&e->base);
    return s;
}

static enum wh_status begin_file(struct wh_encoder *e, struct wh_buffer *out, struct wh_error *err)
{
    (void)e;
    return wh_buffer_append(out, MAGIC, MAGIC_BYTES, err);
}

/* ---- parts ------------------------------------------------------------------------------------- */

static void part_close(struct wh_part *base)
{
    struct part *p = (struct part *)base;
    if (p == NULL)
        return;
    give_workspace(p->encoder, p->work);
    wh_buffer_release(&p->base.bytes);
    wh_buffer_release(&p->base.meta);
    wh_pq_part_meta_release(&p->meta);
    free(p);
}

static enum wh_status open_part(struct wh_part **out, struct wh_encoder *base, struct wh_reject_sink *sink,
                                struct wh_error *err)
{
    struct encoder *e = (struct encoder *)base;
    struct part *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    p->base = (struct wh_part){.ops = &wh_pq_encoder_ops, .sink = sink};
    p->base.bytes.budget = p->base.meta.budget = e->budget;
    p->encoder = e;
    enum wh_status s = take_workspace(&p->work, e, err);
    if (s == WH_OK)
        *out = &p->base;
    else
        part_close(&p->base);
    return s;
}

/* Encoded pages of the row group so far. */
static size_t open_bytes(const struct part *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->work->n_columns; i++)
        bytes += p->work->columns[i].bytes.size;
    return bytes;
}

/* Keeps where the pages of a chunk lie; the chunk refers to its offset index by number. */
static enum wh_status keep_pages(struct part *p, const struct wh_pq_column *col, struct wh_pq_chunk *chunk,
                                 struct wh_error *err)
{
    const struct wh_pq_page_record *r = (const struct wh_pq_page_record *)(const void *)col->pages.data;
    uint32_t n = (uint32_t)(col->pages.size / sizeof *r);
    if (!p->encoder->options.page_index)
        return WH_OK;
    chunk->offset_index_offset = (int64_t)(p->meta.indexes.size / sizeof n);
    for (uint32_t i = 0; i < n; i++) {
        struct wh_pq_page_location location = {r[i].offset, r[i].bytes, r[i].first_row};
        WH_TRY(wh_buffer_append(&p->meta.pages, &location, sizeof location, err));
    }
    return wh_buffer_append(&p->meta.indexes, &n, sizeof n, err);
}

/* The first column that all rows are in order of, if any; constant ones say nothing. */
static const struct wh_pq_column *find_sorting(const struct part *p)
{
    for (size_t i = 0; i < p->work->n_columns; i++) {
        const struct wh_pq_column *col = &p->work->columns[i];
        const struct wh_pq_bounds *b = &col->bounds;
        bool varies = b->has_min && (b->min_len != b->max_len || memcmp(b->min, b->max, b->min_len) != 0);
        if (col->leaf->max_rep == 0 && varies && (col->ascending || col->descending))
            return col;
    }
    return NULL;
}

static enum wh_status set_sorting(struct wh_pq_row_group *g, const struct wh_pq_column *col,
                                  struct wh_pq_arena *arena, struct wh_error *err)
{
    void *memory;
    if (col == NULL)
        return WH_OK;
    WH_TRY(wh_pq_arena_alloc(&memory, arena, 1, sizeof *g->sorting, err));
    g->sorting = memory;
    *g->sorting = (struct wh_pq_sorting){.column = col->number, .descending = !col->ascending};
    g->n_sorting = 1;
    return WH_OK;
}

static enum wh_status fill_group(struct part *p, struct wh_pq_row_group *g, struct wh_pq_arena *arena,
                                 struct wh_error *err)
{
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, arena, p->work->n_columns, sizeof *g->chunks, err));
    *g = (struct wh_pq_row_group){
        .chunks = memory,
        .n_chunks = p->work->n_columns,
        .rows = p->group_rows,
        .file_offset = (int64_t)p->base.bytes.size,
    };
    WH_TRY(wh_buffer_reserve(&p->base.bytes, open_bytes(p), err));
    for (size_t i = 0; i < g->n_chunks; i++) {
        struct wh_pq_chunk *c = &g->chunks[i];
        WH_TRY(wh_pq_column_finish(&p->work->columns[i], &p->base.bytes, c, arena, err));
        WH_TRY(keep_pages(p, &p->work->columns[i], c, err));
        c->path = p->encoder->paths[i].parts;
        c->n_path = p->encoder->paths[i].n_parts;
        g->total_bytes += c->total_uncompressed_bytes;
        g->total_compressed_bytes += c->total_compressed_bytes;
    }
    for (size_t i = 0; i < g->n_chunks; i++)
        WH_TRY(wh_pq_column_index(&p->work->columns[i], &p->base.bytes, &g->chunks[i], arena, err));
    WH_TRY(set_sorting(g, find_sorting(p), arena, err));
    return wh_pq_write_row_group(&p->meta.groups, &p->meta.marks, g, err);
}

static enum wh_status end_group(struct part *p, struct wh_error *err)
{
    struct wh_pq_arena arena = {0};
    struct wh_pq_row_group group;
    if (p->group_rows == 0)
        return WH_OK;
    enum wh_status s = fill_group(p, &group, &arena, err);
    wh_pq_arena_release(&arena);
    if (s != WH_OK)
        return s;
    for (size_t i = 0; i < p->work->n_columns; i++)
        wh_pq_column_reset(&p->work->columns[i]);
    p->meta.n_groups++;
    p->group_rows = 0;
    return WH_OK;
}

static bool group_is_full(const struct part *p)
{
    const struct wh_pq_write_options *o = &p->encoder->options;
    return p->group_rows >= o->group_rows || (int64_t)open_bytes(p) >= o->group_bytes;
}

static enum wh_status write_rows(struct part *p, const struct wh_batch *b, struct wh_error *err)
{
    int64_t from = 0;
    while (from < b->rows) {
        int64_t n = WH_MIN(b->rows - from, p->encoder->options.group_rows - p->group_rows);
        for (size_t i = 0; i < p->work->n_columns; i++) {
            struct wh_pq_column *col = &p->work->columns[i];
            struct wh_pq_rows rows = {&b->columns[col->top - p->encoder->tree.nodes], from, n};
            WH_TRY(wh_pq_column_add(col, &rows, err));
        }
        p->group_rows += n;
        p->base.rows += n;
        from += n;
        if (group_is_full(p))
            WH_TRY(end_group(p, err));
    }
    return WH_OK;
}

static enum wh_status part_write(struct wh_part *base, const struct wh_batch *b, struct wh_error *err)
{
    struct part *p = (struct part *)base;
    if (!wh_pq_needs_check(b, &p->encoder->tree))
        return write_rows(p, b, err);
    struct wh_batch good = {0};
    bool all_good;
    enum wh_status s = wh_pq_reject_rows(&good, &all_good, b, &p->encoder->tree, p->base.sink, err);
    if (s == WH_OK)
        s = write_rows(p, all_good ? b : &good, err);
    wh_batch_release(&good);
    return s;
}

static enum wh_status part_seal(struct wh_part *base, struct wh_error *err)
{
    struct part *p = (struct part *)base;
    WH_TRY(end_group(p, err));
    WH_TRY(wh_pq_part_meta_write(&p->base.meta, &p->meta, err));
    wh_pq_part_meta_release(&p->meta);
    give_workspace(p->encoder, WH_TAKE(p->work));
    return WH_OK;
}

static enum wh_status place(struct wh_part *p, uint64_t offset, struct wh_buffer *entry, struct wh_error *err)
{
    return wh_pq_entry_make(entry, &p->meta, offset, err);
}

/* ---- the end of a file ------------------------------------------------------------------------- */

/* Offset indexes of all entries, counting row groups on the way. */
static enum wh_status put_indexes(struct wh_buffer *out, const struct wh_buffer *entries, size_t n_entries,
                                  size_t *n_groups, struct wh_error *err)
{
    for (size_t i = 0; i < n_entries; i++) {
        struct wh_pq_entry e;
        WH_TRY(wh_pq_entry_parse(&e, &entries[i], err));
        WH_TRY(wh_buffer_append(out, e.indexes.ptr, e.indexes.len, err));
        *n_groups += e.n_groups;
    }
    return WH_OK;
}

static enum wh_status put_groups(struct wh_buffer *out, const struct wh_buffer *entries, size_t n_entries,
                                 uint64_t indexes_at, struct wh_error *err)
{
    for (size_t i = 0; i < n_entries; i++) {
        struct wh_pq_entry e;
        WH_TRY(wh_pq_entry_parse(&e, &entries[i], err));
        WH_TRY(wh_pq_entry_put_groups(out, &e, indexes_at, err));
        indexes_at += e.indexes.len;
    }
    return WH_OK;
}

static enum wh_status end_file(struct wh_encoder *base, const struct wh_buffer *entries, size_t n_entries,
                               uint64_t offset, int64_t rows, struct wh_buffer *out, struct wh_error *err)
{
    struct encoder *e = (struct encoder *)base;
    struct wh_pq_footer footer = {
        .elements = e->elements,
        .n_elements = e->n_elements,
        .n_leaves = e->tree.n_leaves,
        .rows = rows,
        .created_by = CREATED_BY,
    };
    WH_TRY(put_indexes(out, entries, n_entries, &footer.n_groups, err));
    size_t start = out->size;
    WH_TRY(wh_pq_write_footer_start(out, &footer, err));
    WH_TRY(put_groups(out, entries, n_entries, offset, err));
    WH_TRY(wh_pq_write_footer_end(out, &footer, err));
    if (out->size - start > INT32_MAX)
        return wh_fail(err, WH_LIMIT, "could not end a Parquet file: its metadata have more than 2 GiB");
    uint8_t length[4];
    wh_put_le32(length, (uint32_t)(out->size - start));
    WH_TRY(wh_buffer_append(out, length, sizeof length, err));
    return wh_buffer_append(out, MAGIC, MAGIC_BYTES, err);
}

const struct wh_encoder_ops wh_pq_encoder_ops = {
    .open = encoder_open,
    .begin_file = begin_file,
    .open_part = open_part,
    .write = part_write,
    .seal = part_seal,
    .place = place,
    .end_file = end_file,
    .close_part = part_close,
    .close = encoder_close,
};
