/* engine/transform.c - see engine/transform.h. */
#include "engine/transform.h"

#include <stdio.h>

#include "base/mem.h"
#include "batch/cast.h"
#include "batch/text.h"

/* ---- names ---- */

static enum wh_status unknown_column(const char *name, const struct wh_schema *in, struct wh_error *err)
{
    wh_fail(err, WH_CONFIG, "there is no column \"%s\"", name);
    return wh_schema_hint(in, name, err);
}

static bool list_has(const char *const *list, const char *name)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* "-name" leaves a column out, unless a column is really called so. */
static enum wh_status is_exclusion(const char *const *select, const struct wh_schema *in, bool *out,
                                   struct wh_error *err)
{
    size_t minus = 0, n = wh_strv_len(select);
    for (size_t i = 0; i < n; i++)
        minus += select[i][0] == '-' && wh_schema_find(in, select[i]) < 0;
    *out = minus > 0;
    if (minus == 0 || minus == n)
        return WH_OK;
    return wh_fail(err, WH_CONFIG, "--select either names columns or leaves out columns (-name), not both");
}

static bool is_left_out(const char *const *select, const char *name)
{
    for (size_t i = 0; select[i] != NULL; i++)
        if (strcmp(select[i] + 1, name) == 0)
            return true;
    return false;
}

static enum wh_status check_names(const char *const *select, size_t skip, const struct wh_schema *in,
                                  struct wh_error *err)
{
    for (size_t i = 0; select[i] != NULL; i++)
        if (wh_schema_find(in, select[i] + skip) < 0)
            return unknown_column(select[i] + skip, in, err);
    return WH_OK;
}

/* Names of the columns of the result, in order; lent by shape and in; the array is the caller's. */
static enum wh_status selected_names(const char ***out, const struct wh_shape *shape,
                                     const struct wh_schema *in, struct wh_error *err)
{
    bool exclude = false;
    if (shape->select != NULL) {
        WH_TRY(is_exclusion(shape->select, in, &exclude, err));
        WH_TRY(check_names(shape->select, exclude ? 1 : 0, in, err));
    }
    bool named = shape->select != NULL && !exclude;
    const char **names =
        wh_alloc_array((named ? wh_strv_len(shape->select) : in->n_fields) + 1, sizeof *names);
    if (names == NULL)
        return wh_nomem(err);
    size_t n = 0;
    for (size_t i = 0; named && shape->select[i] != NULL; i++) {
        if (list_has(names, shape->select[i])) {
            wh_fail(err, WH_CONFIG, "--select names column \"%s\" twice", shape->select[i]);
            free(names);
            return err->code;
        }
        names[n++] = shape->select[i];
    }
    for (size_t i = 0; !named && i < in->n_fields; i++)
        if (!exclude || !is_left_out(shape->select, in->fields[i].name))
            names[n++] = in->fields[i].name;
    if (n == 0) {
        free(names);
        return wh_fail(err, WH_CONFIG, "--select leaves no column");
    }
    *out = names;
    return WH_OK;
}

static enum wh_status add_name(char ***list, size_t *n, const char *name, struct wh_error *err)
{
    char **more = wh_realloc_array(*list, *n + 2, sizeof *more);
    if (more == NULL)
        return wh_nomem(err);
    *list = more;
    more[*n] = more[*n + 1] = NULL;
    WH_TRY(wh_strdup(&more[*n], name, err));
    ++*n;
    return WH_OK;
}

enum wh_status wh_shape_columns(char ***out, size_t *n_selected, const struct wh_shape *shape,
                                const struct wh_schema *in, struct wh_error *err)
{
    const char **names = NULL;
    WH_TRY(selected_names(&names, shape, in, err));
    struct wh_filter *filter = NULL;
    enum wh_status s = shape->where == NULL ? WH_OK : wh_filter_parse(&filter, shape->where, in, err);
    char **list = NULL;
    size_t n = 0;
    for (size_t i = 0; s == WH_OK && names[i] != NULL; i++)
        s = add_name(&list, &n, names[i], err);
    *n_selected = n;
    const char *const *needed = filter == NULL ? NULL : wh_filter_columns(filter);
    for (size_t i = 0; s == WH_OK && needed != NULL && needed[i] != NULL; i++)
        if (!list_has(names, needed[i]))
            s = add_name(&list, &n, needed[i], err);
    free(names);
    wh_filter_free(filter);
    if (s != WH_OK) {
        wh_strv_free(list);
        return s;
    }
    *out = list;
    return WH_OK;
}

/* ---- the transform ---- */

static const struct wh_field *find_type(const struct wh_shape *shape, const char *name)
{
    int64_t at = shape->types == NULL ? -1 : wh_schema_find(shape->types, name);
    return at < 0 ? NULL : &shape->types->fields[at];
}

static enum wh_status add_column(struct wh_transform *t, const struct wh_shape *shape, const char *name,
                                 struct wh_error *err)
{
    size_t i = t->out.n_fields;
    t->from[i] = (size_t)wh_schema_find(t->in, name);
    const struct wh_field *from = &t->in->fields[t->from[i]], *declared = find_type(shape, name);
    t->cast[i] = declared != NULL && !wh_field_same_type(from, declared);
    if (t->cast[i] && wh_cast_class(from, declared) == WH_CAST_NONE) {
        char a[128], b[128];
        wh_type_format(from, a, sizeof a);
        wh_type_format(declared, b, sizeof b);
        return wh_fail(err, WH_CONFIG, "could not make %s of column \"%s\": it is %s", b, name, a);
    }
    struct wh_field f = {0};
    WH_TRY(wh_field_copy(&f, t->cast[i] ? declared : from, err));
    f.nullable = f.nullable && from->nullable;
    t->passes = t->passes && !t->cast[i] && t->from[i] == i;
    return wh_schema_add(&t->out, &f, err);
}

enum wh_status wh_transform_init(struct wh_transform *t, const struct wh_shape *shape,
                                 const struct wh_schema *in, struct wh_error *err)
{
    *t = (struct wh_transform){.in = in, .passes = true};
    if (shape->types != NULL)
        for (size_t i = 0; i < shape->types->n_fields; i++)
            if (wh_schema_find(in, shape->types->fields[i].name) < 0)
                return unknown_column(shape->types->fields[i].name, in, err);
    const char **names = NULL;
    enum wh_status s = selected_names(&names, shape, in, err);
    if (s != WH_OK || names == NULL)
        return s;
    size_t n = wh_strv_len(names);
    t->from = wh_alloc_array(n, sizeof *t->from);
    t->cast = wh_alloc_array(n, sizeof *t->cast);
    s = t->from == NULL || t->cast == NULL ? wh_nomem(err) : WH_OK;
    for (size_t i = 0; s == WH_OK && i < n; i++)
        s = add_column(t, shape, names[i], err);
    free(names);
    if (s == WH_OK && shape->where != NULL)
        s = wh_filter_parse(&t->filter, shape->where, in, err);
    if (s != WH_OK)
        return s;
    t->passes = t->passes && n == in->n_fields;
    return WH_OK;
}

void wh_transform_release(struct wh_transform *t)
{
    wh_schema_release(&t->out);
    free(t->from);
    free(t->cast);
    wh_filter_free(t->filter);
    *t = (struct wh_transform){0};
}

/* ---- rows ---- */

static enum wh_status set_bits_to_rows(struct wh_transform_state *st, const uint8_t *map, int64_t n,
                                       bool wanted, size_t *count, struct wh_error *err)
{
    if (st->n_rows < (size_t)n) {
        int64_t *rows = wh_realloc_array(st->rows, (size_t)n, sizeof *rows);
        if (rows == NULL)
            return wh_nomem(err);
        st->rows = rows;
        st->n_rows = (size_t)n;
    }
    size_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        st->rows[k] = i;
        k += wh_bit_get(map, i) == wanted;
    }
    *count = k;
    return WH_OK;
}

static enum wh_status ensure_batch(struct wh_batch *b, const struct wh_schema *schema,
                                   struct wh_budget *budget, struct wh_error *err)
{
    return b->schema == schema ? WH_OK : wh_batch_init(b, schema, budget, err);
}

/* *b := the rows that pass. */
static enum wh_status filter_rows(const struct wh_transform *t, struct wh_transform_state *st,
                                  struct wh_batch **b, struct wh_error *err)
{
    struct wh_batch *in = *b;
    int64_t n_kept;
    WH_TRY(wh_buffer_resize(&st->keep, wh_bitmap_bytes(in->rows), err));
    WH_TRY(wh_filter_apply(t->filter, in, st->keep.data, &n_kept, &st->scratch, err));
    if (n_kept == in->rows)
        return WH_OK;
    size_t n;
    WH_TRY(set_bits_to_rows(st, st->keep.data, in->rows, true, &n, err));
    WH_TRY(ensure_batch(&st->kept, t->in, in->budget, err));
    WH_TRY(wh_batch_take(&st->kept, in, st->rows, n, err));
    st->rows_are_kept = true;
    *b = &st->kept;
    return WH_OK;
}

/* A column that changes its type, and its rows that cannot. */
struct bad_rows {
    const struct wh_transform_state *state;
    size_t column; /* of the batch */
    const struct wh_field *to;
    const uint8_t *bad; /* bit per row */
};

/* Rows with a set bit go to the sink; the value of the column is the reason. */
static enum wh_status reject_bad(const struct bad_rows *r, const struct wh_batch *in,
                                 struct wh_reject_sink *sink, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer row = {0}, value = {0};
    char type[128], reason[256];
    wh_type_format(r->to, type, sizeof type);
    for (int64_t i = 0; i < in->rows; i++) {
        if (!wh_bit_get(r->bad, i))
            continue;
        row.size = value.size = 0;
        WH_TRY(wh_json_row(&row, in, i, err));
        WH_TRY(wh_json_value(&value, &in->columns[r->column], i, err));
        snprintf(reason, sizeof reason, "%.*s is no exact %s", (int)WH_MIN(value.size, 100),
                 (char *)value.data, type);
        int64_t place = r->state->rows_are_kept ? r->state->rows[i] : i;
        const struct wh_reject reject = {.row = r->state->first_row + place,
                                         .column = in->schema->fields[r->column].name,
                                         .reason = reason,
                                         .text = wh_slice((char *)row.data, row.size)};
        WH_TRY(sink->add(sink, &reject, err));
    }
    return WH_OK;
}

/* Drops the rows of out that a cast could not keep: bit set in all. */
static enum wh_status drop_bad(const struct wh_transform *t, struct wh_transform_state *st,
                               const uint8_t *all, int64_t rows, struct wh_error *err)
{
    size_t n;
    WH_TRY(set_bits_to_rows(st, all, rows, false, &n, err));
    struct wh_batch good = {0};
    WH_TRY(wh_batch_init(&good, &t->out, st->out.budget, err));
    enum wh_status s = wh_batch_take(&good, &st->out, st->rows, n, err);
    if (s == WH_OK)
        wh_batch_move(&st->out, &good);
    wh_batch_release(&good);
    return s;
}

static void swap_columns(struct wh_column *a, struct wh_column *b)
{
    const struct wh_field *a_field = a->field, *b_field = b->field;
    struct wh_column t = *a;
    *a = *b;
    *b = t;
    a->field = a_field;
    b->field = b_field;
}

/* One column of the result; rows that do not fit are rejected once and marked in `all`. */
static enum wh_status make_column(const struct wh_transform *t, struct wh_transform_state *st,
                                  struct wh_batch *in, size_t i, struct wh_reject_sink *sink, uint8_t *all,
                                  int64_t *n_all, struct wh_error *err)
{
    size_t bytes = wh_bitmap_bytes(in->rows);
    uint8_t *bad = st->bad.data;
    memset(bad, 0, bytes);
    wh_column_reset(&st->out.columns[i]);
    int64_t n_bad = 0;
    WH_TRY(wh_cast_column(&st->out.columns[i], &in->columns[t->from[i]], bad, &n_bad, err));
    if (n_bad == 0)
        return WH_OK;
    for (size_t k = 0; k < bytes; k++) {
        bad[k] &= (uint8_t)~all[k];
        all[k] |= bad[k];
    }
    *n_all += wh_bitmap_count(bad, in->rows);
    const struct bad_rows r = {st, t->from[i], &t->out.fields[i], bad};
    return reject_bad(&r, in, sink, err);
}

static enum wh_status make_columns(const struct wh_transform *t, struct wh_transform_state *st,
                                   struct wh_batch *in, struct wh_reject_sink *sink, struct wh_error *err)
{
    size_t bytes = wh_bitmap_bytes(in->rows);
    WH_TRY(ensure_batch(&st->out, &t->out, in->budget, err));
    wh_batch_reset(&st->out);
    WH_TRY(wh_buffer_resize(&st->bad, bytes, err));
    WH_TRY(wh_buffer_resize(&st->keep, bytes, err));
    memset(st->keep.data, 0, bytes);
    int64_t n_all = 0;
    for (size_t i = 0; i < t->out.n_fields; i++) /* casts first: a rejected row is shown whole */
        if (t->cast[i])
            WH_TRY(make_column(t, st, in, i, sink, st->keep.data, &n_all, err));
    for (size_t i = 0; i < t->out.n_fields; i++)
        if (!t->cast[i])
            swap_columns(&st->out.columns[i], &in->columns[t->from[i]]);
    st->out.rows = in->rows;
    return n_all == 0 ? WH_OK : drop_bad(t, st, st->keep.data, in->rows, err);
}

enum wh_status wh_transform_apply(const struct wh_transform *t, struct wh_transform_state *st,
                                  struct wh_batch *b, struct wh_reject_sink *sink, struct wh_batch **result,
                                  int64_t *filtered, struct wh_error *err)
{
    int64_t before = b->rows;
    st->rows_are_kept = false;
    if (t->filter != NULL)
        WH_TRY(filter_rows(t, st, &b, err));
    *filtered = before - b->rows;
    *result = b;
    if (t->passes || b->rows == 0)
        return WH_OK;
    WH_TRY(make_columns(t, st, b, sink, err));
    *result = &st->out;
    return WH_OK;
}

void wh_transform_state_release(struct wh_transform_state *st)
{
    wh_batch_release(&st->kept);
    wh_batch_release(&st->out);
    wh_buffer_release(&st->keep);
    wh_buffer_release(&st->scratch);
    wh_buffer_release(&st->bad);
    free(st->rows);
    *st = (struct wh_transform_state){0};
}
