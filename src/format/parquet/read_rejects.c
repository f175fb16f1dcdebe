/* format/parquet/read_rejects.c - rows with a value that does not fit go to the sink; see read_int.h. */
#include <inttypes.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "batch/text.h"
#include "format/parquet/read_int.h"

#define VALUE_TEXT 100 /* bytes of a value that are shown in a reason */

static int by_row(const void *a, const void *b)
{
    const struct wh_pq_fault *x = a, *y = b;
    return x->row != y->row ? (x->row > y->row) - (x->row < y->row)
                            : (x->field > y->field) - (x->field < y->field);
}

/* The words for a fault, NUL-ended in scratch. */
static enum wh_status say_reason(struct wh_pq_reader *r, const struct wh_batch *b,
                                 const struct wh_pq_fault *f, struct wh_error *err)
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

static enum wh_status reject_row(struct wh_pq_reader *r, const struct wh_batch *b,
                                 const struct wh_pq_fault *f, struct wh_error *err)
{
    const char *column = b->schema->fields[f->field].name;
    WH_TRY(say_reason(r, b, f, err));
    if (r->sink == NULL) {
        wh_fail(err, WH_DATA, "row %" PRId64 ": %s", r->rows_given + f->row, (const char *)r->scratch.data);
        return wh_pq_reader_wrap(r, column, err);
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

enum wh_status wh_pq_reader_reject(struct wh_pq_reader *r, struct wh_batch *b, struct wh_error *err)
{
    void *memory = r->faults.data;
    const struct wh_pq_fault *faults = memory;
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
