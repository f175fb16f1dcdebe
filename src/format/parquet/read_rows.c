/* format/parquet/read_rows.c - the rows of a chunk as batches; see read.h.
 *
 * A batch is read column by column. A column may give fewer rows than asked for; the columns before it then
 * take back what they have too many of. Columns of another type than the stream's are read beside the batch
 * and cast into it. Rows with a value that does not fit go to the sink. */
#include <inttypes.h>
#include <stdatomic.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/cast.h"
#include "format/parquet/read_int.h"

/* Rows of a batch: as many as make so many bytes, which stay in the cache of a core. */
#define BATCH_BYTES (INT64_C(4) << 20)
#define MAX_ROWS 16384
#define MIN_ROWS 16

/* ---- life --------------------------------------------------------------------------------------------- */

static void free_reader(struct wh_pq_reader *r)
{
    for (size_t i = 0; r->leaves != NULL && i < r->source->file->tree.n_leaves; i++)
        wh_pq_leaf_close(r->leaves[i]);
    for (size_t i = 0; r->raw != NULL && i < r->stream->base.schema.n_fields; i++)
        if (r->raw[i].field != NULL)
            wh_column_release(&r->raw[i]);
    free(r->leaves);
    free(r->raw);
    wh_pq_page_context_release(&r->pages);
    wh_pq_nest_release(&r->nest);
    wh_buffer_release(&r->faults);
    wh_buffer_release(&r->scratch);
    wh_buffer_release(&r->text);
    wh_pq_give_back(r->stream, r->source);
    free(r);
}

static enum wh_status make_columns(struct wh_pq_reader *r, struct wh_error *err)
{
    const struct wh_pq_tree *tree = &r->source->file->tree;
    size_t n = r->stream->base.schema.n_fields, n_leaves = 0;
    r->leaves = wh_alloc_array(tree->n_leaves, sizeof(void *));
    r->raw = wh_alloc_array(n, sizeof *r->raw);
    if (r->leaves == NULL || r->raw == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (r->source->casts[i])
            WH_TRY(wh_column_init(&r->raw[i], &tree->schema.fields[r->source->nodes[i]],
                                  r->stream->context->budget, err));
        if (r->source->nodes[i] >= 0)
            n_leaves += (size_t)tree->nodes[r->source->nodes[i]].n_leaves;
    }
    r->pages.verify = r->stream->verify;
    wh_pq_page_context_init(&r->pages, &r->stream->bodies, r->stream->context->budget, n_leaves);
    return WH_OK;
}

static enum wh_status make_reader(struct wh_pq_reader **out, struct wh_pq_stream *s, size_t file,
                                  struct wh_error *err)
{
    struct wh_pq_reader *r = wh_alloc(sizeof *r);
    if (r == NULL)
        return wh_nomem(err);
    r->base.ops = s->base.ops;
    r->stream = s;
    r->nest.validity.budget = r->nest.offsets.budget = s->context->budget;
    r->faults.budget = r->scratch.budget = r->text.budget = s->context->budget;
    enum wh_status status = wh_pq_acquire(&r->source, s, file, err);
    if (status == WH_OK)
        status = make_columns(r, err);
    if (status == WH_OK)
        *out = r;
    else
        free_reader(r);
    return status;
}

/* ---- idle readers ---------------------------------------------------------------------------------------
 */

static bool stands_before(const struct wh_pq_reader *r, const struct wh_pq_position *at)
{
    return r->in_group && r->group == at->group && r->next_row <= at->first;
}

/* The better the more rows it need not pass over. */
static int64_t fitness(const struct wh_pq_reader *r, const struct wh_pq_position *at)
{
    if (r->source->number != at->file)
        return -2;
    return stands_before(r, at) ? r->next_row : -1;
}

/* The best idle reader for a chunk, or NULL. One of another file is closed, so that there are never more
 * readers than threads. */
static struct wh_pq_reader *take_idle(struct wh_pq_stream *s, const struct wh_pq_position *at)
{
    struct wh_pq_reader *best = NULL;
    pthread_mutex_lock(&s->lock);
    for (struct wh_pq_reader *r = s->idle; r != NULL; r = r->next)
        if (best == NULL || fitness(r, at) > fitness(best, at))
            best = r;
    struct wh_pq_reader **link = &s->idle;
    while (best != NULL && *link != best)
        link = &(*link)->next;
    if (best != NULL)
        *link = best->next;
    pthread_mutex_unlock(&s->lock);
    if (best == NULL || best->source->number == at->file)
        return best;
    free_reader(best);
    return NULL;
}

void wh_pq_reader_close(struct wh_reader *base)
{
    struct wh_pq_reader *r = (struct wh_pq_reader *)base;
    if (r == NULL)
        return;
    if (!r->is_done) {
        free_reader(r);
        return;
    }
    for (size_t i = 0; i < r->source->file->tree.n_leaves; i++)
        if (r->leaves[i] != NULL)
            wh_pq_leaf_rest(r->leaves[i]);
    pthread_mutex_lock(&r->stream->lock);
    r->next = r->stream->idle;
    r->stream->idle = r;
    pthread_mutex_unlock(&r->stream->lock);
}

void wh_pq_close_idle(struct wh_pq_stream *s)
{
    while (s->idle != NULL) {
        struct wh_pq_reader *r = s->idle;
        s->idle = r->next;
        free_reader(r);
    }
}

/* ---- opening --------------------------------------------------------------------------------------------
 */

static enum wh_status check_position(const struct wh_pq_reader *r, const struct wh_pq_position *at,
                                     struct wh_error *err)
{
    const struct wh_pq_file_meta *m = &r->source->file->meta;
    int64_t rows = 0;
    bool inside = at->group < m->n_groups && at->n_groups <= m->n_groups - at->group;
    for (size_t i = 0; inside && i < at->n_groups; i++)
        rows += m->groups[at->group + i].rows;
    if (inside && (at->n_groups == 1 ? at->first + at->rows <= rows : at->first == 0 && at->rows == rows))
        return WH_OK;
    return wh_fail(err, WH_STATE, "row groups %zu to %zu of \"%s\" are not those of the plan", at->group,
                   at->group + at->n_groups - 1, r->source->file->path);
}

enum wh_status wh_pq_reader_open(struct wh_reader **out, struct wh_pq_stream *s,
                                 const struct wh_pq_position *at, struct wh_reject_sink *sink,
                                 struct wh_error *err)
{
    struct wh_pq_reader *r = take_idle(s, at);
    if (r == NULL)
        WH_TRY(make_reader(&r, s, at->file, err));
    enum wh_status status = check_position(r, at, err);
    if (status != WH_OK) {
        free_reader(r);
        return status;
    }
    r->in_group = stands_before(r, at);
    r->at = *at;
    r->group = at->group;
    r->sink = sink;
    r->rows_left = r->rows_given = 0;
    r->is_started = r->is_done = false;
    *out = &r->base;
    return WH_OK;
}

/* ---- row groups --------------------------------------------------------------------------------------- */

enum wh_status wh_pq_reader_wrap(const struct wh_pq_reader *r, const char *column, struct wh_error *err)
{
    return wh_wrap(err, "could not read \"%s\": row group %zu, column \"%s\"", r->source->file->path,
                   r->group, column);
}

static int64_t group_rows(const struct wh_pq_reader *r)
{
    return r->source->file->meta.groups[r->group].rows;
}

static const struct wh_pq_node *node_of(const struct wh_pq_reader *r, size_t field)
{
    int32_t n = r->source->nodes[field];
    return n < 0 ? NULL : &r->source->file->tree.nodes[n];
}

static enum wh_status open_field(struct wh_pq_reader *r, const struct wh_pq_node *node, int64_t *bytes,
                                 struct wh_error *err)
{
    const struct wh_pq_file *file = r->source->file;
    size_t first = (size_t)node->first_leaf, n = (size_t)node->n_leaves;
    WH_TRY(wh_pq_file_check_group(file, r->group, first, n, err));
    for (size_t i = first; i < first + n; i++) {
        struct wh_pq_leaf_source source = {.file = file,
                                           .group = r->group,
                                           .column = i,
                                           .context = &r->pages,
                                           .is_part = r->at.rows < group_rows(r)};
        if (wh_pq_leaf_open(&r->leaves[i], &source, err) != WH_OK)
            return wh_pq_reader_wrap(r, node->field->name, err);
        *bytes += WH_MIN(WH_MAX(file->meta.groups[r->group].chunks[i].total_uncompressed_bytes, 0),
                         INT64_MAX / 65536);
    }
    return WH_OK;
}

static enum wh_status open_group(struct wh_pq_reader *r, struct wh_error *err)
{
    int64_t bytes = 0, rows = group_rows(r);
    for (size_t i = 0; i < r->stream->base.schema.n_fields && rows > 0; i++)
        if (node_of(r, i) != NULL)
            WH_TRY(open_field(r, node_of(r, i), &bytes, err));
    int64_t row_bytes = rows == 0 ? 1 : WH_MAX(bytes / rows, 1);
    r->batch_rows = WH_MAX(WH_MIN(BATCH_BYTES / row_bytes, MAX_ROWS), MIN_ROWS);
    r->in_group = true;
    r->next_row = 0;
    return WH_OK;
}

/* Brings the leaves to the first row of the chunk. */
static enum wh_status start_group(struct wh_pq_reader *r, struct wh_error *err)
{
    if (!r->in_group)
        WH_TRY(open_group(r, err));
    bool is_range = r->at.n_groups == 1;
    int64_t skip = is_range ? r->at.first - r->next_row : 0;
    for (size_t i = 0; skip > 0 && i < r->source->file->tree.n_leaves; i++) {
        struct wh_pq_leaf *leaf = r->leaves[i];
        if (leaf != NULL && wh_pq_leaf_skip(leaf, skip, err) != WH_OK)
            return wh_pq_reader_wrap(r, leaf->node->field->name, err);
    }
    r->next_row += skip;
    r->rows_left = is_range ? r->at.rows : group_rows(r);
    return WH_OK;
}

static enum wh_status end_group(const struct wh_pq_reader *r, struct wh_error *err)
{
    if (r->next_row < group_rows(r))
        return WH_OK;
    for (size_t i = 0; group_rows(r) > 0 && i < r->source->file->tree.n_leaves; i++) {
        if (r->leaves[i] == NULL || wh_pq_leaf_at_end(r->leaves[i]))
            continue;
        wh_fail(err, WH_DATA, "it has more rows than the row group");
        return wh_pq_reader_wrap(r, r->leaves[i]->node->field->name, err);
    }
    return WH_OK;
}

/* Sees to it that there are rows to read. */
static enum wh_status next_group(struct wh_pq_reader *r, struct wh_error *err)
{
    while (r->rows_left == 0) {
        if (r->is_started) {
            WH_TRY(end_group(r, err));
            r->is_done = r->group == r->at.group + r->at.n_groups - 1;
            if (r->is_done)
                return WH_END;
            r->group++;
            r->in_group = false;
        }
        WH_TRY(start_group(r, err));
        r->is_started = true;
    }
    return WH_OK;
}

/* ---- columns --------------------------------------------------------------------------------------------
 */

/* The column of a leaf below that of its top-level node. */
static struct wh_column *find_column(const struct wh_pq_node *node, struct wh_column *column, int32_t leaf)
{
    while (node->children != NULL) {
        size_t i = 0;
        while (node->children[i].first_leaf + node->children[i].n_leaves <= leaf)
            i++;
        node = &node->children[i];
        column = &column->children[i];
    }
    return column;
}

static struct wh_column *target_of(struct wh_pq_reader *r, struct wh_batch *out, size_t field)
{
    return r->source->casts[field] ? &r->raw[field] : &out->columns[field];
}

/* Reads up to *rows rows of a field, and says how many there are. */
static enum wh_status read_field(struct wh_pq_reader *r, struct wh_batch *out, size_t field, int64_t *rows,
                                 struct wh_error *err)
{
    const struct wh_pq_node *node = node_of(r, field);
    struct wh_column *target = target_of(r, out, field);
    wh_column_reset(target);
    for (int32_t i = node->first_leaf; i < node->first_leaf + node->n_leaves; i++) {
        struct wh_pq_leaf *leaf = r->leaves[i];
        WH_TRY(wh_pq_leaf_read(leaf, find_column(node, target, i), *rows, err));
        if (leaf->rows == 0)
            return wh_fail(err, WH_DATA, "it has fewer rows than the row group");
        *rows = leaf->rows;
    }
    return WH_OK;
}

static enum wh_status note_faults(struct wh_pq_reader *r, size_t field, const struct wh_pq_leaf *leaf,
                                  struct wh_error *err)
{
    for (size_t i = 0; i < leaf->bad.size; i += sizeof(int64_t)) {
        int64_t slot = (int64_t)wh_get_le64(leaf->bad.data + i);
        struct wh_pq_fault f = {wh_pq_leaf_row_of(leaf, slot), field, leaf->convert.reason};
        WH_TRY(wh_buffer_append(&r->faults, &f, sizeof f, err));
    }
    return WH_OK;
}

/* Brings a field that has been read to `rows` rows and to the stream's type. */
static enum wh_status complete_field(struct wh_pq_reader *r, struct wh_batch *out, size_t field, int64_t rows,
                                     struct wh_error *err)
{
    const struct wh_pq_node *node = node_of(r, field);
    struct wh_column *target = target_of(r, out, field);
    for (int32_t i = node->first_leaf; i < node->first_leaf + node->n_leaves; i++) {
        WH_TRY(wh_pq_leaf_cut(r->leaves[i], rows, err));
        WH_TRY(note_faults(r, field, r->leaves[i], err));
    }
    WH_TRY(wh_pq_nest_build(&r->nest, node, target, r->leaves, err));
    if (!r->source->casts[field])
        return WH_OK;
    int64_t n_bad = 0;
    WH_TRY(wh_buffer_resize(&r->scratch, wh_bitmap_bytes(rows), err));
    memset(r->scratch.data, 0, r->scratch.size);
    WH_TRY(wh_cast_column(&out->columns[field], target, r->scratch.data, &n_bad, err));
    for (int64_t row = 0; n_bad > 0 && row < rows; row++) {
        struct wh_pq_fault f = {row, field, NULL};
        if (wh_bit_get(r->scratch.data, row))
            WH_TRY(wh_buffer_append(&r->faults, &f, sizeof f, err));
    }
    return WH_OK;
}

static enum wh_status fill_zero(struct wh_buffer *b, size_t n, struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(b, n, err));
    if (n > 0)
        memset(b->data, 0, n);
    return WH_OK;
}

/* Nulls for a field that the file does not have. */
static enum wh_status fill_nulls(struct wh_column *c, int64_t rows, struct wh_error *err)
{
    enum wh_type type = c->field->type;
    c->length = c->null_count = rows;
    if (type == WH_NULL)
        return WH_OK;
    WH_TRY(fill_zero(&c->validity, wh_bitmap_bytes(rows), err));
    if (wh_type_has_offsets(type))
        return fill_zero(&c->offsets, ((size_t)rows + 1) * sizeof(int32_t), err);
    for (size_t i = 0; i < c->field->n_children; i++)
        WH_TRY(fill_nulls(&c->children[i], rows, err));
    size_t bytes = type == WH_BOOL ? wh_bitmap_bytes(rows) : (size_t)rows * wh_type_width(c->field);
    return fill_zero(&c->data, bytes, err);
}

static enum wh_status read_columns(struct wh_pq_reader *r, struct wh_batch *out, struct wh_error *err)
{
    size_t n = r->stream->base.schema.n_fields;
    int64_t rows = WH_MIN(r->batch_rows, r->rows_left);
    r->faults.size = 0;
    for (size_t i = 0; i < n; i++)
        if (node_of(r, i) != NULL && read_field(r, out, i, &rows, err) != WH_OK)
            return wh_pq_reader_wrap(r, out->schema->fields[i].name, err);
    for (size_t i = 0; i < n; i++) {
        if (node_of(r, i) == NULL)
            WH_TRY(fill_nulls(&out->columns[i], rows, err));
        else if (complete_field(r, out, i, rows, err) != WH_OK)
            return wh_pq_reader_wrap(r, out->schema->fields[i].name, err);
    }
    out->rows = rows;
    r->rows_left -= rows;
    r->next_row += rows;
    return WH_OK;
}

enum wh_status wh_pq_reader_read(struct wh_reader *base, struct wh_batch *out, struct wh_error *err)
{
    struct wh_pq_reader *r = (struct wh_pq_reader *)base;
    do {
        if (r->stream->context->cancelled != NULL && atomic_load(r->stream->context->cancelled))
            return wh_fail(err, WH_CANCELLED, "cancelled");
        wh_batch_reset(out);
        WH_TRY(next_group(r, err));
        WH_TRY(read_columns(r, out, err));
        int64_t rows = out->rows;
        if (r->faults.size > 0)
            WH_TRY(wh_pq_reader_reject(r, out, err));
        r->rows_given += rows;
    } while (out->rows == 0);
    return WH_OK;
}
