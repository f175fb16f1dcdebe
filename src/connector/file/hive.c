/* connector/file/hive.c - columns from folder names: a stream around the format's stream.
 *
 * Folder names are key=value with %XX escapes, as Hive and Spark write them; a null is
 * __HIVE_DEFAULT_PARTITION__. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/percent.h"
#include "batch/builder.h"
#include "batch/text.h"
#include "connector/file/file_int.h"

#define HIVE_NULL "__HIVE_DEFAULT_PARTITION__"

struct hive_stream {
    struct wh_stream base;
    struct wh_stream *inner; /* owned: the format's */
    const struct wh_file_set *files;
    const char *root;
    struct wh_schema keys; /* all folder columns, typed */
    /* Where column i of the schema comes from: >= 0 a column of inner, < 0 folder column -1 - i. */
    int64_t *from;
    struct wh_context *context;
};

struct hive_reader {
    struct wh_reader base;
    struct hive_stream *stream;
    struct wh_reader *inner; /* owned */
    struct wh_batch batch;   /* of inner */
    struct wh_slice *values; /* owned array; slices into path; ptr NULL: null */
    char *path;              /* owned: the chunk's file, unescaped in place */
};

/* ---- folder names ---- */

/* The key=value parts of a path below root, one call each; false at the end. */
static bool next_part(const char **at, struct wh_slice *key, struct wh_slice *value)
{
    for (;;) {
        const char *slash = strchr(*at, '/');
        if (slash == NULL)
            return false;
        struct wh_slice part = wh_slice(*at, (size_t)(slash - *at));
        *at = slash + 1;
        const char *eq = memchr(part.ptr, '=', part.len);
        if (eq != NULL && eq != part.ptr) {
            *key = wh_slice(part.ptr, (size_t)(eq - part.ptr));
            *value = wh_slice(eq + 1, part.len - key->len - 1);
            return true;
        }
    }
}

static const char *below(const char *path, const char *root)
{
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 ? path + n : path;
}

bool wh_hive_found(const struct wh_file_set *files, const char *root)
{
    struct wh_slice key, value;
    for (size_t i = 0; i < files->n_files; i++) {
        const char *at = below(files->files[i].path, root);
        if (next_part(&at, &key, &value))
            return true;
    }
    return false;
}

/* Undoes %XX in place, where there is any, and gives the new slice. */
static struct wh_slice unescape(char *text, size_t len)
{
    size_t n = len;
    (void)wh_percent_decode(text, len, &n);
    return wh_slice(text, n);
}

enum wh_status wh_hive_escape(struct wh_buffer *out, const struct wh_slice *text, struct wh_error *err)
{
    if (text == NULL)
        return wh_buffer_append(out, HIVE_NULL, strlen(HIVE_NULL), err);
    bool looks_null = wh_slice_eq(*text, wh_slice_of(HIVE_NULL)); /* but is text */
    WH_TRY(wh_buffer_reserve(out, 3 * text->len, err));
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->ptr[i];
        bool plain = isalnum(c) || c >= 0x80 || strchr("-_.~ :+,@", c) != NULL;
        if (plain && c != '\0' && !looks_null) {
            out->data[out->size++] = c;
        } else {
            snprintf((char *)out->data + out->size, 4, "%%%02X", c);
            out->size += 3;
        }
    }
    return WH_OK;
}

/* ---- types of the folder columns ---- */

/* The text of the value must come back: int64 and date qualify only when every folder's text does. */
static bool keeps_text(const struct wh_field *f, struct wh_slice text)
{
    struct wh_error err;
    struct wh_column c = {0};
    struct wh_buffer back = {0};
    bool same = wh_column_init(&c, f, NULL, &err) == WH_OK && wh_value_parse(&c, text, &err) == WH_OK &&
                wh_value_format(&back, &c, 0, &err) == WH_OK &&
                wh_slice_eq(wh_slice((char *)back.data, back.size), text);
    wh_column_release(&c);
    wh_buffer_release(&back);
    return same;
}

static void narrow_type(struct wh_field *f, struct wh_slice text)
{
    if (f->type == WH_INT64 && !keeps_text(f, text))
        f->type = WH_DATE32;
    if (f->type == WH_DATE32 && !keeps_text(f, text))
        f->type = WH_UTF8;
}

static enum wh_status add_value(struct wh_schema *keys, struct wh_slice key, struct wh_slice escaped,
                                struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *name = NULL, *value = NULL;
    WH_TRY(wh_strndup(&name, key.ptr, key.len, err));
    name[unescape(name, key.len).len] = '\0';
    WH_TRY(wh_strndup(&value, escaped.ptr, escaped.len, err));
    struct wh_slice text = unescape(value, escaped.len);
    if (wh_schema_find(keys, name) < 0) {
        struct wh_field f = {0};
        WH_TRY(wh_field_init(&f, name, WH_INT64, err));
        WH_TRY(wh_schema_add(keys, &f, err));
    }
    int64_t at = wh_schema_find(keys, name);
    if (at >= 0 && keys->fields != NULL && !wh_slice_eq(text, wh_slice_of(HIVE_NULL)))
        narrow_type(&keys->fields[at], text);
    return WH_OK;
}

/* int64, then date, then text: a column of ints that meets a date must become text, so types are found in
 * two passes: a date column is checked against every folder again. */
static enum wh_status find_keys(struct wh_schema *keys, const struct wh_file_set *files, const char *root,
                                struct wh_error *err)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < files->n_files; i++) {
            const char *at = below(files->files[i].path, root);
            struct wh_slice key, value;
            while (next_part(&at, &key, &value))
                WH_TRY(add_value(keys, key, value, err));
        }
    return WH_OK;
}

/* ---- reading ---- */

static void hive_close_reader(struct wh_reader *r)
{
    struct hive_reader *h = (struct hive_reader *)r;
    if (h == NULL)
        return;
    if (h->inner != NULL)
        h->inner->ops->close_reader(h->inner);
    wh_batch_release(&h->batch);
    free(h->values);
    free(h->path);
    free(h);
}

/* Finds the values of the chunk's folder. */
static enum wh_status read_values(struct hive_reader *h, const char *position, struct wh_error *err)
{
    const struct hive_stream *s = h->stream;
    json_t *root;
    WH_TRY(wh_json_load(&root, position, err));
    const char *file = json_string_value(json_object_get(root, "file"));
    enum wh_status st = file == NULL ? wh_fail(err, WH_STATE, "invalid position \"%s\"", position)
                                     : wh_strdup(&h->path, file, err);
    json_decref(root);
    WH_TRY(st);
    h->values = wh_alloc_array(s->keys.n_fields, sizeof *h->values);
    if (h->values == NULL)
        return wh_nomem(err);
    const char *at = below(h->path, s->root);
    struct wh_slice key, value;
    while (next_part(&at, &key, &value)) {
        key = unescape(h->path + (key.ptr - h->path), key.len);
        for (size_t i = 0; i < s->keys.n_fields; i++) {
            if (!wh_slice_eq(key, wh_slice_of(s->keys.fields[i].name)))
                continue;
            bool is_null = wh_slice_eq(value, wh_slice_of(HIVE_NULL));
            struct wh_slice text = unescape(h->path + (value.ptr - h->path), value.len);
            h->values[i] = is_null ? (struct wh_slice){0} : text;
        }
    }
    return WH_OK;
}

static enum wh_status hive_open_chunk(struct wh_reader **out, struct wh_stream *stream,
                                      struct wh_chunk *chunk, struct wh_reject_sink *sink,
                                      struct wh_error *err)
{
    struct hive_stream *s = (struct hive_stream *)stream;
    struct hive_reader *h = wh_alloc(sizeof *h);
    if (h == NULL)
        return wh_nomem(err);
    h->base.ops = stream->ops;
    h->stream = s;
    enum wh_status st = wh_batch_init(&h->batch, &s->inner->schema, s->context->budget, err);
    if (st == WH_OK)
        st = read_values(h, chunk->position, err);
    if (st == WH_OK)
        st = s->inner->ops->open_chunk(&h->inner, s->inner, chunk, sink, err);
    if (st != WH_OK) {
        hive_close_reader(&h->base);
        return st;
    }
    *out = &h->base;
    return WH_OK;
}

static enum wh_status fill_constant(struct wh_column *c, struct wh_slice value, int64_t rows,
                                    struct wh_error *err)
{
    wh_column_reset(c);
    for (int64_t i = 0; i < rows; i++)
        WH_TRY(value.ptr == NULL ? wh_column_append_null(c, err) : wh_value_parse(c, value, err));
    return WH_OK;
}

static enum wh_status hive_read(struct wh_reader *r, struct wh_batch *out, struct wh_error *err)
{
    struct hive_reader *h = (struct hive_reader *)r;
    const struct hive_stream *s = h->stream;
    WH_TRY(h->inner->ops->read(h->inner, &h->batch, err));
    for (size_t i = 0; i < s->base.schema.n_fields; i++) {
        struct wh_column *to = &out->columns[i];
        if (s->from[i] < 0) {
            WH_TRY(fill_constant(to, h->values[-1 - s->from[i]], h->batch.rows, err));
            continue;
        }
        struct wh_column *from = &h->batch.columns[s->from[i]], swap = *to; /* both keep their memory */
        *to = *from;
        to->field = swap.field;
        swap.field = from->field;
        *from = swap;
    }
    out->rows = h->batch.rows;
    return WH_OK;
}

static enum wh_status hive_snapshot(struct wh_stream *s, char **json, struct wh_error *err)
{
    struct wh_stream *inner = ((struct hive_stream *)s)->inner;
    return inner->ops->snapshot(inner, json, err);
}

static enum wh_status hive_next_chunk(struct wh_stream *s, struct wh_chunk *out, struct wh_error *err)
{
    struct wh_stream *inner = ((struct hive_stream *)s)->inner;
    return inner->ops->next_chunk(inner, out, err);
}

static enum wh_status hive_finish(struct wh_stream *s, struct wh_error *err)
{
    struct wh_stream *inner = ((struct hive_stream *)s)->inner;
    return inner->ops->finish(inner, err);
}

static void hive_close(struct wh_stream *stream)
{
    struct hive_stream *s = (struct hive_stream *)stream;
    if (s == NULL)
        return;
    if (s->inner != NULL)
        s->inner->ops->close(s->inner);
    wh_schema_release(&s->base.schema);
    wh_schema_release(&s->keys);
    free(s->from);
    free(s);
}

/* The schema: what was asked for in that order, else inner's columns and the folder columns behind. */
static enum wh_status build_schema(struct hive_stream *s, const char *const *columns, struct wh_error *err)
{
    const struct wh_schema *inner = &s->inner->schema;
    wh_schema_release(&s->base.schema);
    size_t n = columns != NULL ? wh_strv_len(columns) : inner->n_fields + s->keys.n_fields;
    free(s->from);
    s->from = wh_alloc_array(n, sizeof *s->from);
    if (s->from == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *name = columns != NULL       ? columns[i]
                           : i < inner->n_fields ? inner->fields[i].name
                                                 : s->keys.fields[i - inner->n_fields].name;
        int64_t key = wh_schema_find(&s->keys, name), at = key >= 0 ? -1 - key : wh_schema_find(inner, name);
        if (key < 0 && at < 0)
            return wh_fail(err, WH_CONFIG, "no column \"%s\"", name);
        if (key >= 0 && columns == NULL && i < inner->n_fields)
            return wh_fail(err, WH_DATA, "column \"%s\" is in the files and in the folder names", name);
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, at < 0 ? &s->keys.fields[key] : &inner->fields[at], err));
        WH_TRY(wh_schema_add(&s->base.schema, &f, err));
        s->from[i] = at;
    }
    return WH_OK;
}

static enum wh_status hive_widen(struct wh_stream *stream, struct wh_error *err)
{
    struct hive_stream *s = (struct hive_stream *)stream;
    WH_TRY(s->inner->ops->widen(s->inner, err));
    for (size_t i = 0; i < stream->schema.n_fields; i++) {
        if (s->from[i] < 0)
            continue;
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, &s->inner->schema.fields[s->from[i]], err));
        wh_field_release(&stream->schema.fields[i]);
        stream->schema.fields[i] = f;
    }
    return WH_OK;
}

static const struct wh_stream_ops hive_ops = {
    .snapshot = hive_snapshot,
    .next_chunk = hive_next_chunk,
    .open_chunk = hive_open_chunk,
    .read = hive_read,
    .close_reader = hive_close_reader,
    .widen = hive_widen,
    .finish = hive_finish,
    .close = hive_close,
};

/* The columns that inner is asked for: those that are no folder columns, in order. When only folder columns
 * are wanted inner reads everything: its rows must be counted. */
static enum wh_status inner_columns(const char ***out, const struct wh_schema *keys,
                                    const char *const *columns, struct wh_error *err)
{
    *out = NULL;
    if (columns == NULL)
        return WH_OK;
    const char **list = wh_alloc_array(wh_strv_len(columns) + 1, sizeof *list);
    if (list == NULL)
        return wh_nomem(err);
    size_t n = 0;
    for (size_t i = 0; columns[i] != NULL; i++)
        if (wh_schema_find(keys, columns[i]) < 0)
            list[n++] = columns[i];
    if (n == 0) {
        free(list);
        return WH_OK;
    }
    *out = list;
    return WH_OK;
}

enum wh_status wh_hive_open_stream(struct wh_stream **out, const struct wh_format *format,
                                   const struct wh_file_set *files, const char *root,
                                   const struct wh_stream_request *req, struct wh_context *ctx,
                                   struct wh_error *err)
{
    struct hive_stream *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->base.ops = &hive_ops;
    s->files = files;
    s->root = root;
    s->context = ctx;
    const char **columns = NULL;
    enum wh_status st = find_keys(&s->keys, files, root, err);
    if (st == WH_OK)
        st = inner_columns(&columns, &s->keys, req->columns, err);
    if (st == WH_OK) {
        struct wh_stream_request inner = *req;
        inner.columns = columns;
        st = format->open_stream(&s->inner, files, &inner, ctx, err);
    }
    free(columns);
    if (st == WH_OK)
        st = build_schema(s, req->columns, err);
    if (st != WH_OK) {
        hive_close(&s->base);
        return st;
    }
    s->base.rows = s->inner->rows;
    s->base.bytes = s->inner->bytes;
    *out = &s->base;
    return WH_OK;
}
