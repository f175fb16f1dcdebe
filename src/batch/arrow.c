/* batch/arrow.c - batches out through the Arrow C data and stream interfaces; see batch/arrow.h. */
#include "batch/arrow.h"

#include <errno.h>

#include "base/mem.h"
#include "batch/column_int.h"

/* ---- arrays ----------------------------------------------------------------------------------- */

/* What an array owns behind private_data. */
struct array_private {
    struct wh_buffer validity, offsets, data;
    const void *buffers[3];
    struct ArrowArray *children;
    struct ArrowArray **pointers;
};

static void release_array(struct ArrowArray *a)
{
    struct array_private *p = a->private_data;
    for (int64_t i = 0; p->children != NULL && i < a->n_children; i++)
        if (p->children[i].release != NULL)
            p->children[i].release(&p->children[i]);
    wh_buffer_release(&p->validity);
    wh_buffer_release(&p->offsets);
    wh_buffer_release(&p->data);
    free(p->children);
    free(p->pointers);
    free(p);
    a->release = NULL;
}

static bool is_narrow_decimal(const struct wh_field *f)
{
    return f->type == WH_DECIMAL && wh_type_width(f) == sizeof(int64_t);
}

/* Arrow's decimal128 of a decimal of 8 bytes. */
static enum wh_status widen(struct wh_buffer *out, const struct wh_column *c, struct wh_error *err)
{
    size_t n = (size_t)c->length;
    WH_TRY(wh_buffer_resize(out, n * 2 * sizeof(int64_t), err));
    const int64_t *from = (const void *)c->data.data;
    int64_t *to = (void *)out->data;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = from[i];
        to[2 * i + 1] = from[i] < 0 ? -1 : 0;
    }
    return WH_OK;
}

static enum wh_status prepare_column(struct ArrowArray *out, struct wh_column *c, struct wh_error *err);

/* An array with n children and all else that may fail. *out can be released from the first moment on, also
 * when this fails. */
static enum wh_status prepare(struct ArrowArray *out, struct array_private *p, struct wh_column *columns,
                              size_t n, struct wh_error *err)
{
    *out = (struct ArrowArray){.release = release_array, .private_data = p, .buffers = p->buffers};
    p->children = wh_alloc_array(n, sizeof *p->children);
    p->pointers = wh_alloc_array(n, sizeof *p->pointers);
    if (p->children == NULL || p->pointers == NULL)
        return wh_nomem(err);
    out->n_children = (int64_t)n;
    out->children = n == 0 ? NULL : p->pointers;
    for (size_t i = 0; i < n; i++) {
        p->pointers[i] = &p->children[i];
        WH_TRY(prepare_column(p->pointers[i], &columns[i], err));
    }
    return WH_OK;
}

static enum wh_status prepare_column(struct ArrowArray *out, struct wh_column *c, struct wh_error *err)
{
    struct array_private *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    WH_TRY(prepare(out, p, c->children, c->field->n_children, err));
    if (is_narrow_decimal(c->field))
        return widen(&p->data, c, err);
    return wh_type_has_offsets(c->field->type) ? wh_column_start_offsets(c, err) : WH_OK;
}

/* Moves a buffer out of the job's budget, which may be gone when the consumer lets go of it. */
static const void *hand_over(struct wh_buffer *to, struct wh_buffer *from)
{
    struct wh_error ignored;
    (void)wh_budget_take(from->budget, -(int64_t)from->capacity, &ignored);
    struct wh_budget *budget = from->budget;
    *to = *from;
    to->budget = NULL;
    *from = (struct wh_buffer){.budget = budget};
    return to->data;
}

static void fill(struct ArrowArray *out, struct wh_column *c)
{
    struct array_private *p = out->private_data;
    out->length = c->length;
    out->null_count = c->null_count;
    if (c->field->type != WH_NULL) {
        const void *validity = hand_over(&p->validity, &c->validity);
        out->buffers[out->n_buffers++] = c->null_count == 0 ? NULL : validity;
    }
    if (wh_type_has_offsets(c->field->type))
        out->buffers[out->n_buffers++] = hand_over(&p->offsets, &c->offsets);
    if (is_narrow_decimal(c->field))
        out->buffers[out->n_buffers++] = p->data.data;
    else if (c->field->n_children == 0 && c->field->type != WH_NULL && c->field->type != WH_STRUCT)
        out->buffers[out->n_buffers++] = hand_over(&p->data, &c->data);
    for (size_t i = 0; i < c->field->n_children; i++)
        fill(&p->children[i], &c->children[i]);
}

enum wh_status wh_arrow_export_batch(struct ArrowArray *out, struct wh_batch *b, struct wh_error *err)
{
    struct ArrowArray made;
    size_t n = b->schema->n_fields;
    struct array_private *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    enum wh_status s = prepare(&made, p, b->columns, n, err);
    if (s != WH_OK) {
        release_array(&made);
        return s;
    }
    made.length = b->rows;
    made.n_buffers = 1;
    for (size_t i = 0; i < n; i++)
        fill(made.children[i], &b->columns[i]);
    wh_batch_reset(b);
    *out = made;
    return WH_OK;
}

/* ---- streams ---------------------------------------------------------------------------------- */

struct stream_private {
    struct wh_batch_pull pull;
    struct wh_error err; /* of the last call */
};

static int errno_of(enum wh_status s)
{
    return s == WH_NOMEM ? ENOMEM : s == WH_CANCELLED ? ECANCELED : s == WH_IO ? EIO : EINVAL;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct stream_private *p = stream->private_data;
    p->err = (struct wh_error){0};
    enum wh_status s = wh_arrow_export_schema(out, p->pull.schema, &p->err);
    return s == WH_OK ? 0 : errno_of(s);
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct stream_private *p = stream->private_data;
    p->err = (struct wh_error){0};
    struct wh_batch b;
    enum wh_status s = wh_batch_init(&b, p->pull.schema, NULL, &p->err);
    if (s != WH_OK)
        return errno_of(s);
    s = p->pull.next(p->pull.self, &b, &p->err);
    if (s == WH_OK)
        s = wh_arrow_export_batch(out, &b, &p->err);
    wh_batch_release(&b);
    if (s == WH_END)
        *out = (struct ArrowArray){0};
    return s == WH_OK || s == WH_END ? 0 : errno_of(s);
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    struct stream_private *p = stream->private_data;
    return p->err.msg[0] == '\0' ? NULL : p->err.msg;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    struct stream_private *p = stream->private_data;
    if (p->pull.done != NULL)
        p->pull.done(p->pull.self);
    free(p);
    stream->release = NULL;
}

enum wh_status wh_arrow_export_stream(struct ArrowArrayStream *out, const struct wh_batch_pull *pull,
                                      struct wh_error *err)
{
    struct stream_private *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    p->pull = *pull;
    *out = (struct ArrowArrayStream){.get_schema = stream_schema,
                                     .get_next = stream_next,
                                     .get_last_error = stream_error,
                                     .release = release_stream,
                                     .private_data = p};
    return WH_OK;
}
