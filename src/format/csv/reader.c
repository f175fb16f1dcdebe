/* format/csv/reader.c - the rows of one chunk as batches.
 *
 * A batch is filled block by block. Misfits of a block are looked at when all its columns have been
 * converted: either the stream is to be widened, or their rows are rejected, taken out of the block, and
 * the block is converted once more. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/builder.h"
#include "format/csv/stream_int.h"

enum {
    BATCH_ROWS = 12 * 1024,        /* a batch ends with the block that reaches it */
    BATCH_BYTES = 4 * 1024 * 1024, /* of text */
    REJECT_BYTES = 64 * 1024,      /* of a rejected row's text are kept */
};

struct reader {
    struct wh_reader base;
    struct wh_csv_stream *stream; /* lent */
    const struct wh_csv_file *file;
    struct wh_csv_position position;
    struct wh_reject_sink *sink; /* lent */
    struct wh_buffer data;
    struct wh_csv_index index;
    struct wh_csv_converter converter;
    uint32_t counted_to; /* lines have been counted up to this byte */
    uint64_t line;       /* of counted_to */
};

/* ---- opening ------------------------------------------------------------------------------------ */

/* Reads the chunk's bytes again from its file. */
static enum wh_status read_again(struct reader *r, struct wh_error *err)
{
    struct wh_csv_stream *s = r->stream;
    const struct wh_file *f = &s->set->files[r->position.file];
    const struct wh_csv_extent *e = &r->position.extent;
    struct wh_csv_source *source = NULL;
    if (f->is_pipe)
        return wh_fail(err, WH_STATE, "could not read \"%s\" a second time", f->path);
    WH_TRY(wh_csv_source_open(&source, f, s->ctx, err));
    wh_csv_source_decode(source, r->file->dialect.encoding);
    enum wh_status status = wh_csv_source_skip(source, e->offset, err);
    size_t got = 1;
    while (status == WH_OK && got > 0 && r->data.size < e->length)
        status = wh_csv_source_read(source, &r->data, (size_t)e->length - r->data.size, &got, err);
    wh_csv_source_close(source);
    if (status == WH_OK && r->data.size < e->length)
        status = wh_fail(err, WH_DATA, "could not read \"%s\": the file has become shorter", f->path);
    return status;
}

enum wh_status wh_csv_reader_open(struct wh_reader **out, struct wh_stream *stream, struct wh_chunk *chunk,
                                  struct wh_reject_sink *sink, struct wh_error *err)
{
    struct wh_csv_stream *s = wh_csv_stream_of(stream);
    struct reader *r = wh_alloc(sizeof *r);
    if (r == NULL)
        return wh_nomem(err);
    r->base.ops = stream->ops;
    r->stream = s;
    r->sink = sink;
    r->data.budget = s->ctx->budget;
    enum wh_status status = wh_csv_position_parse(&r->position, s, chunk->position, err);
    if (status == WH_OK) {
        r->file = &s->files[r->position.file];
        if (chunk->data.size == r->position.extent.length)
            wh_buffer_move(&r->data, &chunk->data);
        else
            status = read_again(r, err);
    }
    if (status != WH_OK) {
        wh_csv_reader_close(&r->base);
        return status;
    }
    r->line = r->position.extent.line;
    r->converter.dialect = &r->file->dialect;
    r->converter.words = &s->words;
    r->converter.budget = s->ctx->budget;
    r->converter.nulls.budget = r->converter.misfits.budget = r->converter.scratch.budget = s->ctx->budget;
    wh_csv_index_init(&r->index, &r->file->dialect, r->file->n_columns, s->ctx->budget);
    wh_csv_index_begin(&r->index, r->data.data, r->data.size);
    *out = &r->base;
    return WH_OK;
}

void wh_csv_reader_close(struct wh_reader *reader)
{
    struct reader *r = (struct reader *)(void *)reader;
    if (r == NULL)
        return;
    wh_buffer_release(&r->data);
    wh_csv_index_release(&r->index);
    wh_csv_converter_release(&r->converter);
    free(r);
}

/* ---- rejects ------------------------------------------------------------------------------------ */

/* The line of a byte of the chunk; cheap for bytes in ascending order. */
static uint64_t line_of(struct reader *r, uint32_t at)
{
    uint8_t newline = r->file->dialect.newline;
    if (at < r->counted_to) {
        r->counted_to = 0;
        r->line = r->position.extent.line;
    }
    r->line += wh_csv_count(r->data.data + r->counted_to, at - r->counted_to, newline);
    r->counted_to = at;
    return r->line;
}

static enum wh_status reject(struct reader *r, uint32_t start, uint32_t end, const char *column,
                             const char *reason, struct wh_error *err)
{
    struct wh_reject reject = {
        .file = r->stream->set->files[r->position.file].path,
        .line = line_of(r, start),
        .row = -1,
        .column = column,
        .reason = reason,
        .text = wh_slice((const char *)r->data.data + start, WH_MIN(end - start, (uint32_t)REJECT_BYTES)),
    };
    return r->sink->add(r->sink, &reject, err);
}

/* The name of a column of the file, when the stream has it. */
static const char *column_name(const struct reader *r, size_t source)
{
    const struct wh_schema *schema = &r->stream->base.schema;
    for (size_t c = 0; source != WH_CSV_NO_COLUMN && c < schema->n_fields; c++)
        if (r->file->sources[c] == (int32_t)source)
            return schema->fields[c].name;
    return NULL;
}

static enum wh_status reject_bad(struct reader *r, const struct wh_csv_bad *bad, struct wh_error *err)
{
    static const char *const reasons[] = {
        [WH_CSV_UNTERMINATED] = "a quoted field does not end",
        [WH_CSV_LOOSE_QUOTE] = "there is text behind a closing quote",
        [WH_CSV_NUL] = "there is a NUL byte in the text",
        [WH_CSV_NOT_UTF_8] = "the text is not valid UTF-8",
        [WH_CSV_LOOSE_LINE_END] = "there is half a line end outside of quotes",
        [WH_CSV_LONG] = "the record is longer than csv-max-field",
    };
    char reason[128];
    uint32_t end = bad->end;
    if (bad->fault == WH_CSV_TOO_FEW || bad->fault == WH_CSV_TOO_MANY)
        snprintf(reason, sizeof reason, "%zu field%s instead of %zu", bad->fields,
                 bad->fields == 1 ? "" : "s", r->file->n_columns);
    else if (bad->column != WH_CSV_NO_COLUMN)
        snprintf(reason, sizeof reason, "%s (field %zu)", reasons[bad->fault], bad->column + 1);
    else
        snprintf(reason, sizeof reason, "%s", reasons[bad->fault]);
    if (bad->fault == WH_CSV_LONG || bad->fault == WH_CSV_UNTERMINATED)
        end = WH_MIN(end, bad->start + (uint32_t)WH_CSV_CUT_OFF_BYTES);
    return reject(r, bad->start, end, column_name(r, bad->column), reason, err);
}

/* ---- misfits ------------------------------------------------------------------------------------ */

static int by_row(const void *a, const void *b)
{
    const struct wh_csv_misfit *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* Rejects the rows of all misfits, once each, and takes them out of the block. */
static enum wh_status reject_misfits(struct reader *r, struct wh_csv_misfit *misfits, size_t n,
                                     struct wh_error *err)
{
    uint32_t *rows = (uint32_t *)(void *)misfits; /* no entry is smaller, so rows never overtake misfits */
    size_t n_rows = 0;
    qsort(misfits, n, sizeof *misfits, by_row);
    for (size_t i = 0; i < n; i++) {
        struct wh_csv_misfit m = misfits[i];
        if (n_rows > 0 && rows[n_rows - 1] == m.row)
            continue;
        const struct wh_field *f = r->stream->columns[m.column].field;
        char type[64], reason[128];
        wh_type_format(f, type, sizeof type);
        snprintf(reason, sizeof reason, "the value does not fit type %s", type);
        WH_TRY(
            reject(r, r->index.block.starts[m.row], wh_csv_row_end(&r->index, m.row), f->name, reason, err));
        rows[n_rows++] = m.row;
    }
    wh_csv_index_drop_rows(&r->index, rows, n_rows);
    return WH_OK;
}

static bool has_inferred(const struct reader *r, const struct wh_csv_misfit *misfits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!r->stream->columns[misfits[i].column].declared)
            return true;
    return false;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static enum wh_status convert_block(struct reader *r, struct wh_batch *out, struct wh_error *err)
{
    const struct wh_csv_stream *s = r->stream;
    r->converter.misfits.size = 0;
    for (size_t c = 0; c < s->base.schema.n_fields; c++)
        WH_TRY(wh_csv_convert(&r->converter, &s->columns[c], (uint32_t)c, &r->index.block,
                              r->file->sources[c], &out->columns[c], err));
    return WH_OK;
}

static enum wh_status add_block(struct reader *r, struct wh_batch *out, struct wh_error *err)
{
    const struct wh_csv_block *b = &r->index.block;
    for (size_t i = 0; i < b->n_bad; i++)
        WH_TRY(reject_bad(r, &b->bad[i], err));
    WH_TRY(convert_block(r, out, err));
    struct wh_csv_misfit *misfits = (struct wh_csv_misfit *)(void *)r->converter.misfits.data;
    size_t n = r->converter.misfits.size / sizeof *misfits;
    if (n > 0) {
        if (r->stream->base.may_widen && has_inferred(r, misfits, n))
            return WH_WIDEN;
        WH_TRY(reject_misfits(r, misfits, n, err));
        for (size_t c = 0; c < r->stream->base.schema.n_fields; c++)
            wh_column_truncate(&out->columns[c], out->rows);
        WH_TRY(convert_block(r, out, err));
    }
    out->rows += (int64_t)b->n_rows;
    return WH_OK;
}

/* The only record of the chunk is the start of one that is too long. */
static enum wh_status reject_cut_off(struct reader *r, struct wh_error *err)
{
    struct wh_csv_bad bad = {.end = (uint32_t)r->data.size, .fault = WH_CSV_LONG, .column = WH_CSV_NO_COLUMN};
    WH_TRY(reject_bad(r, &bad, err));
    wh_csv_index_begin(&r->index, NULL, 0);
    r->position.extent.cut_off = false;
    return WH_END;
}

enum wh_status wh_csv_reader_read(struct wh_reader *reader, struct wh_batch *out, struct wh_error *err)
{
    struct reader *r = (struct reader *)(void *)reader;
    wh_batch_reset(out);
    if (r->position.extent.cut_off)
        return reject_cut_off(r, err);
    uint32_t from = r->index.record;
    while (out->rows == 0 || (out->rows < BATCH_ROWS && r->index.record - from < BATCH_BYTES)) {
        if (*r->stream->ctx->cancelled)
            return wh_fail(err, WH_CANCELLED, "cancelled");
        enum wh_status status = wh_csv_index_next(&r->index, err);
        if (status == WH_END)
            break;
        if (status == WH_OK)
            status = add_block(r, out, err);
        if (status != WH_OK)
            return status;
    }
    return out->rows == 0 ? WH_END : WH_OK;
}
