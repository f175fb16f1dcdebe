/* connector/sqlite/reader.c - the rows of a chunk as batches. */
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "batch/text.h"
#include "connector/sqlite/source_int.h"

enum {
    BATCH_ROWS = 8192,     /* at most */
    BATCH_CELLS = 1 << 18, /* values, so that many columns mean few rows */
    BATCH_BYTES = 1 << 20, /* of texts and blobs, after which a batch is full */
};

struct reader {
    struct wh_reader base;
    struct wh_sqlite_stream *stream;
    struct wh_sqlite_db *db; /* lent by the pool */
    sqlite3_stmt *stmt;
    struct wh_reject_sink *sink;
    int64_t rows_before; /* of the chunk, in earlier batches */
    bool ended;
    int64_t rowids[BATCH_ROWS];
    bool bad[BATCH_ROWS]; /* rows of the batch that were rejected */
    int64_t n_bad;
    int64_t kept[BATCH_ROWS]; /* the others */
};

/* ---- opening ---------------------------------------------------------------------------------- */

static enum wh_status bind_range(struct reader *r, const char *position, struct wh_error *err)
{
    json_int_t from = 0, to = 0;
    json_t *doc;
    WH_TRY(wh_json_load(&doc, position, err));
    bool ranges = wh_sqlite_has_ranges(r->stream);
    bool fine = ranges ? json_unpack(doc, "{s:I,s:I}", "from", &from, "to", &to) == 0
                       : json_is_true(json_object_get(doc, "all"));
    json_decref(doc);
    if (!fine)
        return wh_fail(err, WH_STATE, "could not read chunk %.100s of \"%.100s\": it is of something else",
                       position, r->stream->relation.name);
    if (ranges) {
        sqlite3_bind_int64(r->stmt, 1, from);
        sqlite3_bind_int64(r->stmt, 2, to);
    }
    return WH_OK;
}

enum wh_status wh_sqlite_open_chunk(struct wh_reader **out, struct wh_stream *base, struct wh_chunk *chunk,
                                    struct wh_reject_sink *sink, struct wh_error *err)
{
    struct reader *r = wh_alloc(sizeof *r);
    if (r == NULL)
        return wh_nomem(err);
    r->base.ops = base->ops;
    r->stream = (struct wh_sqlite_stream *)base;
    r->sink = sink;
    enum wh_status s = wh_sqlite_pool_take(&r->stream->source->pool, &r->db, err);
    if (s == WH_OK)
        s = wh_sqlite_prepare(r->db, &r->stmt, err, "%s", r->stream->sql);
    if (s == WH_OK)
        s = bind_range(r, chunk->position, err);
    if (s != WH_OK) {
        wh_sqlite_close_reader(&r->base);
        return s;
    }
    *out = &r->base;
    return WH_OK;
}

void wh_sqlite_close_reader(struct wh_reader *base)
{
    struct reader *r = (struct reader *)base;
    if (r == NULL)
        return;
    sqlite3_finalize(r->stmt);
    if (r->db != NULL)
        wh_sqlite_pool_give(&r->stream->source->pool, r->db);
    free(r);
}

/* ---- rejects ---------------------------------------------------------------------------------- */

static enum wh_status json_of_value(struct wh_buffer *out, sqlite3_value *value, struct wh_error *err)
{
    char digits[WH_SQLITE_NUMBER_TEXT];
    switch (sqlite3_value_type(value)) {
    case SQLITE_NULL:
        return wh_buffer_append_text(out, "null", err);
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_value_text(value);
        return wh_json_string(out, wh_slice(text, (size_t)sqlite3_value_bytes(value)), err);
    }
    case SQLITE_BLOB: {
        const uint8_t *blob = sqlite3_value_blob(value);
        WH_TRY(wh_buffer_append_text(out, "\"\\\\x", err));
        for (int i = 0; i < sqlite3_value_bytes(value); i++)
            WH_TRY(wh_buffer_printf(out, err, "%02x", blob[i]));
        return wh_buffer_append_text(out, "\"", err);
    }
    default:
        return wh_buffer_append(out, digits, wh_sqlite_number_text(digits, value), err);
    }
}

/* The statement's current row as a JSON object. */
static enum wh_status json_of_row(struct wh_buffer *out, const struct reader *r, struct wh_error *err)
{
    const struct wh_schema *schema = &r->stream->base.schema;
    for (size_t i = 0; i < schema->n_fields; i++) {
        WH_TRY(wh_buffer_append_text(out, i == 0 ? "{" : ",", err));
        WH_TRY(wh_json_string(out, wh_slice_of(schema->fields[i].name), err));
        WH_TRY(wh_buffer_append_text(out, ":", err));
        WH_TRY(json_of_value(out, sqlite3_column_value(r->stmt, (int)i), err));
    }
    return wh_buffer_append_text(out, "}", err);
}

/* Rejects row i of the batch, whose JSON form is `text`, because of column c. */
static enum wh_status reject(struct reader *r, int64_t i, size_t c, const struct wh_buffer *text,
                             struct wh_error *err)
{
    const struct wh_field *f = &r->stream->base.schema.fields[c];
    char type[128], reason[256], place[64] = "";
    wh_type_format(f, type, sizeof type);
    if (wh_sqlite_has_ranges(r->stream))
        snprintf(place, sizeof place, " at rowid %lld", (long long)r->rowids[i]);
    if (f->type == WH_UTF8)
        snprintf(reason, sizeof reason, "text%s is not valid UTF-8", place);
    else
        snprintf(reason, sizeof reason, "value%s is no %s", place, type);
    struct wh_reject rejected = {.file = r->db->path,
                                 .row = r->rows_before + i,
                                 .column = f->name,
                                 .reason = reason,
                                 .text = wh_slice((const char *)text->data, text->size)};
    r->bad[i] = true;
    r->n_bad++;
    return r->sink->add(r->sink, &rejected, err);
}

/* The current row, number i of the batch, has a value that the type of column c cannot hold. */
static enum wh_status reject_current(struct reader *r, int64_t i, size_t c, struct wh_error *err)
{
    struct wh_buffer text = {0};
    enum wh_status s = WH_OK;
    if (!r->bad[i]) {
        s = json_of_row(&text, r, err);
        if (s == WH_OK)
            s = reject(r, i, c, &text, err);
    }
    wh_buffer_release(&text);
    return s;
}

/* ---- text ------------------------------------------------------------------------------------- */

/* All values in one go: they are valid when all bytes together are and no value begins inside a sequence. */
static bool texts_valid(const struct wh_column *c)
{
    const int32_t *offsets = wh_column_offsets(c);
    unsigned inside = 0;
    for (int64_t i = 0; i < c->length; i++) {
        unsigned first = c->data.data[offsets[i]]; /* there is slack behind the end */
        inside |= offsets[i + 1] > offsets[i] && (first & 0xc0) == 0x80;
    }
    return !inside && wh_utf8_valid(wh_slice((const char *)c->data.data, c->data.size));
}

static enum wh_status check_texts(struct reader *r, const struct wh_batch *b, struct wh_error *err)
{
    for (size_t c = 0; c < b->schema->n_fields; c++) {
        const struct wh_column *column = &b->columns[c];
        if (column->field->type != WH_UTF8 || column->data.size == 0 || texts_valid(column))
            continue;
        for (int64_t i = 0; i < b->rows; i++) {
            if (r->bad[i] || wh_utf8_valid(wh_column_slice(column, i)))
                continue;
            struct wh_buffer text = {0};
            enum wh_status s = wh_json_row(&text, b, i, err);
            if (s == WH_OK)
                s = reject(r, i, c, &text, err);
            wh_buffer_release(&text);
            if (s != WH_OK)
                return s;
        }
    }
    return WH_OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static int64_t rows_of_batch(const struct wh_batch *b)
{
    int64_t rows = BATCH_CELLS / (int64_t)WH_MAX(b->schema->n_fields, (size_t)1);
    return WH_MIN(WH_MAX(rows, 16), BATCH_ROWS);
}

static enum wh_status reserve(struct wh_batch *out, int64_t rows, struct wh_error *err)
{
    for (size_t c = 0; c < out->schema->n_fields; c++)
        WH_TRY(wh_column_reserve(&out->columns[c], rows, 0, err));
    return WH_OK;
}

/* Values that are stored as what the column is; everything else goes the long way. Room for the value is
 * reserved, for the bytes of texts it is not. */
static inline enum wh_status put(const struct wh_sqlite_converter *v, struct wh_column *out,
                                 sqlite3_value *value, struct wh_error *err)
{
    int stored = sqlite3_value_type(value);
    enum wh_type type = v->field->type;
    if (stored == SQLITE_INTEGER && type == WH_INT64) {
        WH_COLUMN_PUT(out, int64_t, sqlite3_value_int64(value));
        return WH_OK;
    }
    if (stored == SQLITE_FLOAT && type == WH_FLOAT64) {
        WH_COLUMN_PUT(out, double, sqlite3_value_double(value));
        return WH_OK;
    }
    if (stored == SQLITE_TEXT && type == WH_UTF8) {
        const void *text = sqlite3_value_text(value);
        size_t len = (size_t)sqlite3_value_bytes(value);
        if (text != NULL && len <= out->data.capacity - out->data.size && out->data.capacity <= INT32_MAX) {
            wh_column_put_bytes(out, text, len);
            return WH_OK;
        }
    }
    return wh_sqlite_convert(v, out, value, err);
}

/* Reads the current row into row i of the batch; adds the bytes of its texts and blobs. */
static enum wh_status read_row(struct reader *r, struct wh_batch *out, int64_t i, size_t *bytes,
                               struct wh_error *err)
{
    const struct wh_sqlite_stream *s = r->stream;
    for (size_t c = 0; c < s->relation.n_columns; c++) {
        sqlite3_value *value = sqlite3_column_value(r->stmt, (int)c);
        struct wh_column *column = &out->columns[c];
        enum wh_status st = put(&s->converters[c], column, value, err);
        if (st == WH_WIDEN && (s->declared[c] || !s->base.may_widen)) {
            WH_TRY(reject_current(r, i, c, err));
            st = wh_column_append_null(column, err);
        }
        if (st != WH_OK)
            return st;
        if (wh_type_is_bytes(column->field->type)) {
            const int32_t *offsets = wh_column_offsets(column);
            *bytes += (size_t)(offsets[i + 1] - offsets[i]);
        }
    }
    return WH_OK;
}

static enum wh_status fill(struct reader *r, struct wh_batch *out, struct wh_error *err)
{
    const struct wh_sqlite_relation *relation = &r->stream->relation;
    bool has_rowid = relation->rowid != NULL;
    size_t bytes = 0;
    int64_t rows = 0, max_rows = rows_of_batch(out);
    r->n_bad = 0;
    wh_batch_reset(out);
    WH_TRY(reserve(out, max_rows, err));
    for (; rows < max_rows && bytes < BATCH_BYTES; rows++) {
        enum wh_status s = wh_sqlite_step(r->db, r->stmt, err);
        if (s == WH_END) {
            r->ended = true;
            break;
        }
        if (s != WH_OK)
            return wh_wrap(err, "\"%.100s\"", relation->name);
        if (has_rowid)
            r->rowids[rows] = sqlite3_column_int64(r->stmt, (int)relation->n_columns);
        r->bad[rows] = false;
        WH_TRY(read_row(r, out, rows, &bytes, err));
    }
    out->rows = rows;
    return WH_OK;
}

/* Leaves only the rows that were not rejected. */
static enum wh_status drop_bad(struct reader *r, struct wh_batch *out, struct wh_error *err)
{
    struct wh_batch good = {0};
    size_t n = 0;
    for (int64_t i = 0; i < out->rows; i++)
        if (!r->bad[i])
            r->kept[n++] = i;
    WH_TRY(wh_batch_init(&good, out->schema, out->budget, err));
    enum wh_status s = wh_batch_take(&good, out, r->kept, n, err);
    if (s == WH_OK)
        wh_batch_move(out, &good);
    else
        wh_batch_release(&good);
    return s;
}

enum wh_status wh_sqlite_read(struct wh_reader *base, struct wh_batch *out, struct wh_error *err)
{
    struct reader *r = (struct reader *)base;
    do {
        if (r->ended)
            return WH_END;
        WH_TRY(fill(r, out, err));
        int64_t read = out->rows;
        WH_TRY(check_texts(r, out, err));
        if (r->n_bad > 0)
            WH_TRY(drop_bad(r, out, err));
        r->rows_before += read;
    } while (out->rows == 0);
    return WH_OK;
}
