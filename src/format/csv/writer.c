/* format/csv/writer.c - encodes batches as CSV.
 *
 * Nulls are the null word, by default nothing, without quotes; empty text is "". Binary is \x and hex
 * digits, nested values are JSON. Rows are put together one by one, field after field: by measurement
 * faster than formatting columns apart and joining them. */
#include "format/csv/writer.h"
#include <stdatomic.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "format/csv/format_cell.h"
#include "format/csv/settings.h"

enum { BLOCK_ROWS = 256, BLOCK_CELLS = 8192 }; /* for which room is made at once */

struct encoder {
    struct wh_encoder base;
    struct wh_context *ctx; /* lent */
    struct wh_csv_style style;
    char *null_word; /* owned; behind style.null */
    bool header;
    _Atomic size_t part_bytes; /* of the largest part so far: room that the next one is given at once */
};

struct part {
    struct wh_part base;
    struct encoder *encoder;   /* lent */
    struct wh_csv_cell *cells; /* owned, one a column */
    struct wh_buffer value;    /* text of a value without a loop of its own */
};

/* ---- opening ------------------------------------------------------------------------------------ */

static enum wh_status read_null_word(struct encoder *e, const struct wh_config *cfg, struct wh_error *err)
{
    char **words = NULL;
    if (strcmp(wh_config_str(cfg, "csv-null"), "auto") != 0)
        WH_TRY(wh_config_list(cfg, "csv-null", &words, err));
    enum wh_status s = wh_strdup(&e->null_word, words != NULL && words[0] != NULL ? words[0] : "", err);
    wh_strv_free(words);
    if (s == WH_OK)
        e->style.null = wh_slice_of(e->null_word);
    return s;
}

static enum wh_status read_style(struct encoder *e, const struct wh_config *cfg, struct wh_error *err)
{
    struct wh_csv_style *s = &e->style;
    int delimiter, quote;
    WH_TRY(wh_csv_option_byte(&delimiter, cfg, "csv-delimiter", err));
    WH_TRY(wh_csv_option_byte(&quote, cfg, "csv-quote", err));
    s->delimiter = delimiter < 0 ? ',' : (uint8_t)delimiter;
    if (quote == WH_CSV_NONE)
        return wh_fail(err, WH_CONFIG, "could not write CSV without quotes: text may hold delimiters");
    s->quote = quote < 0 ? '"' : (uint8_t)quote;
    if (s->quote == s->delimiter)
        return wh_fail(err, WH_CONFIG, "options \"csv-delimiter\" and \"csv-quote\" have the same value");
    const char *quoting = wh_config_str(cfg, "csv-quoting"), *line_end = wh_config_str(cfg, "csv-line-end");
    s->quote_all = strcmp(quoting, "all") == 0;
    s->quote_text = s->quote_all || strcmp(quoting, "strings") == 0;
    s->safe = wh_config_bool(cfg, "csv-safe");
    bool crlf = strcmp(line_end, "crlf") == 0, cr = strcmp(line_end, "cr") == 0;
    memcpy(s->newline, crlf || cr ? "\r\n" : "\n", 2);
    s->newline_len = crlf ? 2 : 1;
    s->level = wh_csv_best_level();
    e->header = strcmp(wh_config_str(cfg, "csv-header"), "false") != 0;
    return read_null_word(e, cfg, err);
}

static void encoder_close(struct wh_encoder *encoder)
{
    struct encoder *e = (struct encoder *)(void *)encoder;
    if (e == NULL)
        return;
    free(e->null_word);
    free(e);
}

static enum wh_status encoder_open(struct wh_encoder **out, const struct wh_schema *schema,
                                   const struct wh_config *cfg, struct wh_context *ctx, struct wh_error *err)
{
    if (schema->n_fields == 0)
        return wh_fail(err, WH_CONFIG, "could not write CSV without columns");
    struct encoder *e = wh_alloc(sizeof *e);
    if (e == NULL)
        return wh_nomem(err);
    e->base.ops = &wh_csv_encoder_ops;
    e->base.schema = schema;
    e->ctx = ctx;
    enum wh_status s = read_style(e, cfg, err);
    if (s != WH_OK)
        encoder_close(&e->base);
    else
        *out = &e->base;
    return s;
}

/* A name that begins with the mark of UTF-8 or of comments is quoted, so that it is not taken for one. */
static enum wh_status put_name(const struct encoder *e, size_t c, struct wh_buffer *out, struct wh_error *err)
{
    struct wh_csv_style style = e->style;
    struct wh_buffer name = {0};
    char *end = NULL;
    enum wh_status s = wh_buffer_append_text(&name, e->base.schema->fields[c].name, err);
    if (s == WH_OK)
        s = wh_buffer_reserve(out, 2 * name.size + 8 + WH_BUFFER_SLACK, err);
    if (s == WH_OK) {
        bool marked = c == 0 && name.size > 0 && (name.data[0] == '#' || name.data[0] == 0xef);
        style.quote_text |= marked || name.size == 0;
        end = wh_csv_put_text((char *)out->data + out->size, &style, wh_slice((char *)name.data, name.size));
        out->size = (size_t)(end - (char *)out->data);
    }
    wh_buffer_release(&name);
    return s;
}

static enum wh_status begin_file(struct wh_encoder *encoder, struct wh_buffer *out, struct wh_error *err)
{
    const struct encoder *e = (const struct encoder *)(void *)encoder;
    size_t n = e->base.schema->n_fields;
    for (size_t c = 0; e->header && c < n; c++) {
        WH_TRY(put_name(e, c, out, err));
        wh_buffer_put(out, c + 1 < n ? (const char *)&e->style.delimiter : e->style.newline,
                      c + 1 < n ? 1 : e->style.newline_len);
    }
    return WH_OK;
}

static enum wh_status end_file(struct wh_encoder *e, const struct wh_buffer *entries, size_t n_entries,
                               uint64_t offset, int64_t rows, struct wh_buffer *out, struct wh_error *err)
{
    (void)e, (void)entries, (void)n_entries, (void)offset, (void)rows, (void)out, (void)err;
    return WH_OK;
}

/* ---- parts -------------------------------------------------------------------------------------- */

static void close_part(struct wh_part *part)
{
    struct part *p = (struct part *)(void *)part;
    if (p == NULL)
        return;
    wh_buffer_release(&p->base.bytes);
    wh_buffer_release(&p->base.meta);
    wh_buffer_release(&p->value);
    free(p->cells);
    free(p);
}

static enum wh_status open_part(struct wh_part **out, struct wh_encoder *encoder, struct wh_reject_sink *sink,
                                struct wh_error *err)
{
    struct encoder *e = (struct encoder *)(void *)encoder;
    struct part *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    p->base.ops = &wh_csv_encoder_ops;
    p->base.sink = sink;
    p->base.bytes.budget = p->base.meta.budget = p->value.budget = e->ctx->budget;
    p->encoder = e;
    p->cells = wh_alloc_array(e->base.schema->n_fields, sizeof *p->cells);
    if (p->cells == NULL) {
        close_part(&p->base);
        return wh_nomem(err);
    }
    *out = &p->base;
    return WH_OK;
}

static enum wh_status seal(struct wh_part *part, struct wh_error *err)
{
    struct part *p = (struct part *)(void *)part;
    size_t largest = atomic_load(&p->encoder->part_bytes), size = p->base.bytes.size;
    (void)err;
    while (size > largest && !atomic_compare_exchange_weak(&p->encoder->part_bytes, &largest, size))
        ;
    return WH_OK;
}

/* ---- rows --------------------------------------------------------------------------------------- */

static enum wh_status reject_row(struct part *p, const struct wh_batch *b, int64_t row, size_t column,
                                 struct wh_error *err)
{
    struct wh_buffer json = {.budget = b->budget};
    enum wh_status s = wh_json_row(&json, b, row, err);
    if (s == WH_OK) {
        struct wh_reject reject = {.row = -1,
                                   .column = b->schema->fields[column].name,
                                   .reason = "CSV cannot hold the NUL byte in this text",
                                   .text = wh_slice((char *)json.data, json.size)};
        s = p->base.sink->add(p->base.sink, &reject, err);
    }
    wh_buffer_release(&json);
    return s;
}

/* A value that goes through its general text; makes its own room. */
static enum wh_status put_slow(struct part *p, const struct wh_csv_cell *c, int64_t row, char **end,
                               struct wh_error *err)
{
    struct wh_buffer *out = &p->base.bytes;
    p->value.size = 0;
    WH_TRY(wh_value_format(&p->value, c->column, row, err));
    WH_TRY(wh_buffer_reserve(&p->value, WH_BUFFER_SLACK, err));
    WH_TRY(wh_buffer_reserve(out, 2 * p->value.size + 8 + WH_BUFFER_SLACK, err));
    struct wh_csv_style style = p->encoder->style;
    style.quote_text = style.quote_all || (style.quote_text && wh_type_is_bytes(c->column->field->type));
    *end = wh_csv_put_text((char *)out->data + out->size, &style,
                           wh_slice((char *)p->value.data, p->value.size));
    return WH_OK;
}

static inline char *put_null(char *out, const struct wh_csv_style *s)
{
    memcpy(out, s->null.ptr, s->null.len);
    return out + s->null.len;
}

/* One row of columns that all have a loop of their own; the end, or NULL and *column. */
static inline char *put_row(char *out, const struct part *p, size_t n, int64_t row, size_t *column)
{
    const struct wh_csv_style *s = &p->encoder->style;
    for (size_t c = 0; c < n; c++) {
        const struct wh_csv_cell *cell = &p->cells[c];
        if (cell->validity != NULL && !wh_bit_get(cell->validity, row))
            out = put_null(out, s);
        else
            out = cell->put(out, cell, row);
        if (__builtin_expect(out == NULL, 0)) {
            *column = c;
            return NULL;
        }
        *out++ = (char)s->delimiter;
    }
    memcpy(out - 1, s->newline, 2);
    return out - 1 + s->newline_len;
}

static enum wh_status write_fast(struct part *p, const struct wh_batch *b, struct wh_error *err)
{
    size_t n = b->schema->n_fields;
    struct wh_buffer *out = &p->base.bytes;
    int64_t step = WH_MIN((int64_t)(BLOCK_CELLS / WH_MAX(n, 1)) + 1, BLOCK_ROWS);
    for (int64_t from = 0; from < b->rows; from += step) {
        int64_t to = WH_MIN(from + step, b->rows);
        size_t room = (size_t)(to - from) * 2 + WH_BUFFER_SLACK;
        for (size_t c = 0; c < n; c++)
            room += wh_csv_cell_bound(&p->cells[c], from, to);
        WH_TRY(wh_buffer_reserve(out, room, err));
        for (int64_t row = from; row < to; row++) {
            size_t column;
            char *end = put_row((char *)out->data + out->size, p, n, row, &column);
            if (end == NULL) {
                WH_TRY(reject_row(p, b, row, column, err));
                continue;
            }
            out->size = (size_t)(end - (char *)out->data);
            p->base.rows++;
        }
    }
    return WH_OK;
}

/* As put_row for any type; *column < n: the row cannot be written and bytes ends where it began. */
static enum wh_status put_row_slow(struct part *p, size_t n, int64_t row, size_t *column,
                                   struct wh_error *err)
{
    const struct wh_csv_style *s = &p->encoder->style;
    struct wh_buffer *out = &p->base.bytes;
    size_t before = out->size;
    for (*column = 0; *column < n; ++*column) {
        const struct wh_csv_cell *c = &p->cells[*column];
        WH_TRY(wh_buffer_reserve(out, wh_csv_cell_bound(c, row, row + 1) + WH_BUFFER_SLACK, err));
        char *end = (char *)out->data + out->size;
        if (wh_column_is_null(c->column, row))
            end = put_null(end, s);
        else if (c->put != NULL)
            end = c->put(end, c, row);
        else
            WH_TRY(put_slow(p, c, row, &end, err));
        if (end == NULL) {
            out->size = before;
            return WH_OK;
        }
        out->size = (size_t)(end - (char *)out->data);
        wh_buffer_put(out, *column + 1 < n ? (const char *)&s->delimiter : s->newline,
                      *column + 1 < n ? 1 : s->newline_len);
    }
    return WH_OK;
}

static enum wh_status write_slow(struct part *p, const struct wh_batch *b, struct wh_error *err)
{
    size_t n = b->schema->n_fields;
    for (int64_t row = 0; row < b->rows; row++) {
        size_t column;
        WH_TRY(put_row_slow(p, n, row, &column, err));
        if (column < n)
            WH_TRY(reject_row(p, b, row, column, err));
        else
            p->base.rows++;
    }
    return WH_OK;
}

static enum wh_status write_batch(struct wh_part *part, const struct wh_batch *b, struct wh_error *err)
{
    struct part *p = (struct part *)(void *)part;
    bool fast = true;
    size_t typical = atomic_load(&p->encoder->part_bytes);
    if (p->base.bytes.size == 0 && typical > 0)
        WH_TRY(wh_buffer_reserve(&p->base.bytes, typical + typical / 16, err));
    for (size_t c = 0; c < b->schema->n_fields; c++)
        fast &= wh_csv_cell_init(&p->cells[c], &b->columns[c], &p->encoder->style);
    return fast ? write_fast(p, b, err) : write_slow(p, b, err);
}

const struct wh_encoder_ops wh_csv_encoder_ops = {
    .open = encoder_open,
    .begin_file = begin_file,
    .open_part = open_part,
    .write = write_batch,
    .seal = seal,
    .end_file = end_file,
    .close_part = close_part,
    .close = encoder_close,
};
