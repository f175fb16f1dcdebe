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
#include "batch/text.h"
#include "format/parquet/nest.h"
#include "format/parquet/read_int.h"

/* Rows of a batch: as many as make so many bytes, which stay in the cache of a core. */
#define BATCH_BYTES (INT64_C(4) << 20)
#define MAX_ROWS 16384
#define MIN_ROWS 16
#define VALUE_TEXT 100 /* bytes of a value that are shown in a reason */

/* Why a row is rejected. */
struct fault {
    int64_t row;
    size_t field;
    const char *reason; /* static; NULL: the value could not be cast */
};

struct reader {
    struct wh_reader base; /* first */
    struct wh_pq_stream *stream;
    struct wh_pq_opened *source;
    struct wh_reject_sink *sink;
    struct wh_pq_codec_state codec;
    struct wh_pq_nest nest;
    struct wh_pq_leaf **leaves; /* by column of the file; NULL: not read */
    struct wh_column *raw;      /* by field of the stream: values before the cast */
    struct wh_buffer faults;    /* struct fault */
    struct wh_buffer scratch, text;
    size_t group, end_group; /* of the file; group is being read */
    bool in_group;
    int64_t rows_left; /* of the row group */
    int64_t batch_rows;
    int64_t rows_given; /* of the chunk, for messages about rows */
};

/* ---- life --------------------------------------------------------------------------------------------- */

void wh_pq_reader_close(struct wh_reader *base)
{
    struct reader *r = (struct reader *)base;
    if (r == NULL)
        return;
    for (size_t i = 0; r->leaves != NULL && i < r->source->file->tree.n_leaves; i++)
        wh_pq_leaf_close(r->leaves[i]);
    for (size_t i = 0; r->raw != NULL && i < r->stream->base.schema.n_fields; i++)
        if (r->raw[i].field != NULL)
            wh_column_release(&r->raw[i]);
    free(r->leaves);
    free(r->raw);
    wh_pq_codec_release(&r->codec);
    wh_pq_nest_release(&r->nest);
    wh_buffer_release(&r->faults);
    wh_buffer_release(&r->scratch);
    wh_buffer_release(&r->text);
    wh_pq_give_back(r->stream, r->source);
    free(r);
}

static enum wh_status make_columns(struct reader *r, struct wh_error *err)
{
    const struct wh_pq_tree *tree = &r->source->file->tree;
    size_t n = r->stream->base.schema.n_fields;
    r->leaves = wh_alloc_array(tree->n_leaves, sizeof(void *));
    r->raw = wh_alloc_array(n, sizeof *r->raw);
    if (r->leaves == NULL || r->raw == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (r->source->casts[i])
            WH_TRY(wh_column_init(&r->raw[i], &tree->schema.fields[r->source->nodes[i]],
                                  r->stream->context->budget, err));
    return WH_OK;
}

static enum wh_status check_position(const struct reader *r, const struct wh_pq_position *at,
                                     struct wh_error *err)
{
    const struct wh_pq_file_meta *m = &r->source->file->meta;
    int64_t rows = 0;
    bool inside = at->group < m->n_groups && at->n_groups <= m->n_groups - at->group;
    for (size_t i = 0; inside && i < at->n_groups; i++)
        rows += m->groups[at->group + i].rows;
    if (inside && rows == at->rows)
        return WH_OK;
    return wh_fail(err, WH_STATE, "row groups %zu to %zu of \"%s\" are not those of the plan", at->group,
                   at->group + at->n_groups - 1, r->source->file->path);
}

static enum wh_status init_reader(struct reader *r, const struct wh_pq_position *at, struct wh_error *err)
{
    struct wh_budget *budget = r->stream->context->budget;
    r->codec.scratch.budget = r->nest.validity.budget = r->nest.offsets.budget = budget;
    r->faults.budget = r->scratch.budget = r->text.budget = budget;
    WH_TRY(wh_pq_acquire(&r->source, r->stream, at->file, err));
    WH_TRY(check_position(r, at, err));
    r->group = at->group;
    r->end_group = at->group + at->n_groups;
    return make_columns(r, err);
}

enum wh_status wh_pq_reader_open(struct wh_reader **out, struct wh_pq_stream *s,
                                 const struct wh_pq_position *at, struct wh_reject_sink *sink,
                                 struct wh_error *err)
{
    struct reader *r = wh_alloc(sizeof *r);
    if (r == NULL)
        return wh_nomem(err);
    r->base.ops = s->base.ops;
    r->stream = s;
    r->sink = sink;
    enum wh_status status = init_reader(r, at, err);
    if (status == WH_OK)
        *out = &r->base;
    else
        wh_pq_reader_close(&r->base);
    return status;
}

/* ---- row groups --------------------------------------------------------------------------------------- */

static enum wh_status wrap(const struct reader *r, const char *column, struct wh_error *err)
{
    return wh_wrap(err, "could not read \"%s\": row group %zu, column \"%s\"", r->source->file->path,
                   r->group, column);
}

static const struct wh_pq_node *node_of(const struct reader *r, size_t field)
{
    int32_t n = r->source->nodes[field];
    return n < 0 ? NULL : &r->source->file->tree.nodes[n];
}

static enum wh_status open_field(struct reader *r, const struct wh_pq_node *node, int64_t *bytes,
                                 struct wh_error *err)
{
    const struct wh_pq_file *file = r->source->file;
    size_t first = (size_t)node->first_leaf, n = (size_t)node->n_leaves;
    WH_TRY(wh_pq_file_check_group(file, r->group, first, n, err));
    for (size_t i = first; i < first + n; i++) {
        struct wh_pq_leaf_source source = {
            .file = file, .group = r->group, .column = i, .codec = &r->codec, .verify = r->stream->verify};
        if (wh_pq_leaf_open(&r->leaves[i], &source, err) != WH_OK)
            return wrap(r, node->field->name, err);
        *bytes += WH_MIN(WH_MAX(file->meta.groups[r->group].chunks[i].total_uncompressed_bytes, 0),
                         INT64_MAX / 65536);
    }
    return WH_OK;
}

static enum wh_status open_group(struct reader *r, struct wh_error *err)
{
    int64_t bytes = 0;
    r->rows_left = r->source->file->meta.groups[r->group].rows;
    for (size_t i = 0; i < r->stream->base.schema.n_fields && r->rows_left > 0; i++)
        if (node_of(r, i) != NULL)
            WH_TRY(open_field(r, node_of(r, i), &bytes, err));
    int64_t row_bytes = r->rows_left == 0 ? 1 : WH_MAX(bytes / r->rows_left, 1);
    r->batch_rows = WH_MAX(WH_MIN(BATCH_BYTES / row_bytes, MAX_ROWS), MIN_ROWS);
    r->in_group = true;
    return WH_OK;
}

static enum wh_status end_group(struct reader *r, struct wh_error *err)
{
    r->in_group = false;
    for (size_t i = 0; i < r->source->file->tree.n_leaves; i++) {
        if (r->leaves[i] == NULL || wh_pq_leaf_at_end(r->leaves[i]))
            continue;
        wh_fail(err, WH_DATA, "it has more rows than the row group");
        return wrap(r, r->leaves[i]->node->field->name, err);
    }
    r->group++;
    return WH_OK;
}

/* Sees to it that there are rows to read. */
static enum wh_status next_group(struct reader *r, struct wh_error *err)
{
    while (r->rows_left == 0) {
        if (r->in_group)
            WH_TRY(end_group(r, err));
        if (r->group == r->end_group)
            return WH_END;
        WH_TRY(open_group(r, err));
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

static struct wh_column *target_of(struct reader *r, struct wh_batch *out, size_t field)
{
    return r->source->casts[field] ? &r->raw[field] : &out->columns[field];
}

/* Reads up to *rows rows of a field, and says how many there are. */
static enum wh_status read_field(struct reader *r, struct wh_batch *out, size_t field, int64_t *rows,
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

static enum wh_status note_faults(struct reader *r, size_t field, const struct wh_pq_leaf *leaf,
                                  struct wh_error *err)
{
    for (size_t i = 0; i < leaf->bad.size; i += sizeof(int64_t)) {
        int64_t slot = (int64_t)wh_get_le64(leaf->bad.data + i);
        struct fault f = {wh_pq_leaf_row_of(leaf, slot), field, leaf->convert.reason};
        WH_TRY(wh_buffer_append(&r->faults, &f, sizeof f, err));
    }
    return WH_OK;
}

/* Brings a field that has been read to `rows` rows and to the stream's type. */
static enum wh_status complete_field(struct reader *r, struct wh_batch *out, size_t field, int64_t rows,
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
        struct fault f = {row, field, NULL};
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

static enum wh_status read_columns(struct reader *r, struct wh_batch *out, struct wh_error *err)
{
    size_t n = r->stream->base.schema.n_fields;
    int64_t rows = WH_MIN(r->batch_rows, r->rows_left);
    r->faults.size = 0;
    for (size_t i = 0; i < n; i++)
        if (node_of(r, i) != NULL && read_field(r, out, i, &rows, err) != WH_OK)
            return wrap(r, out->schema->fields[i].name, err);
    for (size_t i = 0; i < n; i++) {
        if (node_of(r, i) == NULL)
            WH_TRY(fill_nulls(&out->columns[i], rows, err));
        else if (complete_field(r, out, i, rows, err) != WH_OK)
            return wrap(r, out->schema->fields[i].name, err);
    }
    out->rows = rows;
    r->rows_left -= rows;
    return WH_OK;
}

/* ---- rejects ----------------------------------------------------------------------------------------------
 */

static int by_row(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    return x->row != y->row ? (x->row > y->row) - (x->row < y->row)
                            : (x->field > y->field) - (x->field < y->field);
}

/* The words for a fault, NUL-ended in scratch. */
static enum wh_status say_reason(struct reader *r, const struct wh_batch *b, const struct fault *f,
                                 struct wh_error *err)
{
    char type[64];
    r->scratch.size = r->text.size = 0;
    if (f->reason != NULL)
        return wh_buffer_append(&r->scratch, f->reason, strlen(f->reason) + 1, err);
    const struct wh_column *raw = &r->raw[f->field];
    wh_type_format(&b->schema->fields[f->field], type, sizeof type);
    if (wh_column_is_null(raw, f->row))
        WH_TRY(wh_buffer_append_text(&r->text, "null", err));
    else
        WH_TRY(wh_value_format(&r->text, raw, f->row, err));
    WH_TRY(wh_buffer_printf(&r->scratch, err, "the value %.*s is no %s",
                            (int)WH_MIN(r->text.size, VALUE_TEXT), (const char *)r->text.data, type));
    return wh_buffer_append(&r->scratch, "", 1, err);
}

static enum wh_status reject_row(struct reader *r, const struct wh_batch *b, const struct fault *f,
                                 struct wh_error *err)
{
    const char *column = b->schema->fields[f->field].name;
    WH_TRY(say_reason(r, b, f, err));
    if (r->sink == NULL) {
        wh_fail(err, WH_DATA, "row %" PRId64 ": %s", r->rows_given + f->row, (const char *)r->scratch.data);
        return wrap(r, column, err);
    }
    r->text.size = 0;
    WH_TRY(wh_json_row(&r->text, b, f->row, err));
    struct wh_reject reject = {
        .file = r->source->file->path,
        .row = r->rows_given + f->row,
        .column = column,
        .reason = (const char *)r->scratch.data,
        .text = {(const char *)r->text.data, r->text.size},
    };
    return r->sink->add(r->sink, &reject, err);
}

/* Takes rows with faults out of the batch. */
static enum wh_status reject_rows(struct reader *r, struct wh_batch *b, struct wh_error *err)
{
    void *memory = r->faults.data;
    const struct fault *faults = memory;
    size_t n_faults = r->faults.size / sizeof *faults, n_kept = 0;
    qsort(memory, n_faults, sizeof *faults, by_row);
    for (size_t i = 0; i < n_faults; i++)
        if (i == 0 || faults[i].row != faults[i - 1].row)
            WH_TRY(reject_row(r, b, &faults[i], err));
    WH_TRY(wh_buffer_resize(&r->scratch, (size_t)b->rows * sizeof(int64_t), err));
    void *kept_memory = r->scratch.data;
    int64_t *kept = kept_memory;
    size_t next = 0;
    for (int64_t row = 0; row < b->rows; row++) {
        while (next < n_faults && faults[next].row < row)
            next++;
        if (next == n_faults || faults[next].row != row)
            kept[n_kept++] = row;
    }
    WH_CLEANUP(wh_batch_release) struct wh_batch rest = {0};
    WH_TRY(wh_batch_init(&rest, b->schema, b->budget, err));
    WH_TRY(wh_batch_take(&rest, b, kept, n_kept, err));
    wh_batch_move(b, &rest);
    return WH_OK;
}

enum wh_status wh_pq_reader_read(struct wh_reader *base, struct wh_batch *out, struct wh_error *err)
{
    struct reader *r = (struct reader *)base;
    do {
        if (r->stream->context->cancelled != NULL && atomic_load(r->stream->context->cancelled))
            return wh_fail(err, WH_CANCELLED, "cancelled");
        wh_batch_reset(out);
        WH_TRY(next_group(r, err));
        WH_TRY(read_columns(r, out, err));
        int64_t rows = out->rows;
        if (r->faults.size > 0)
            WH_TRY(reject_rows(r, out, err));
        r->rows_given += rows;
    } while (out->rows == 0);
    return WH_OK;
}
