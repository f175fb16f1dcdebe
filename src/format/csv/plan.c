/* format/csv/plan.c - dialects of all files, and the columns that they have together. */
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/csv/encoding.h"
#include "format/csv/stream_int.h"

enum { HEAD_BYTES = 64 * 1024, CLUE_WINDOWS = 16, CLUE_BYTES = 16 * 1024 };

/* Columns of all files by name, in the order in which they are first met. */
struct table {
    struct wh_map map; /* name -> index */
    struct wh_schema schema;
};

/* ---- encoding ----------------------------------------------------------------------------------- */

/* Letters beyond ASCII may appear late in a plain file. */
static enum wh_status look_further(const struct wh_file *f, struct wh_csv_encoding_clues *clues,
                                   struct wh_error *err)
{
    if (f->compression != WH_PLAIN || f->is_pipe || f->size <= HEAD_BYTES)
        return WH_OK;
    struct wh_buffer window = {0};
    int fd;
    WH_TRY(wh_file_open(&fd, f->path, err));
    enum wh_status s = wh_buffer_resize(&window, CLUE_BYTES, err);
    for (uint64_t i = 1; s == WH_OK && i <= CLUE_WINDOWS; i++) {
        uint64_t at = (f->size - HEAD_BYTES) / CLUE_WINDOWS * i;
        size_t n = (size_t)WH_MIN(f->size - at, (uint64_t)CLUE_BYTES);
        s = wh_file_pread(fd, f->path, window.data, n, at, err);
        if (s == WH_OK)
            wh_csv_encoding_look(clues, wh_slice((char *)window.data, n), at);
    }
    wh_buffer_release(&window);
    close(fd);
    return s;
}

static enum wh_status find_encoding(struct wh_csv_stream *s, const struct wh_file *f, struct wh_slice head,
                                    enum wh_csv_encoding *out, struct wh_error *err)
{
    if (s->settings.encoding != WH_CSV_AUTO) {
        *out = (enum wh_csv_encoding)s->settings.encoding;
        return WH_OK;
    }
    if (wh_csv_encoding_of_mark(head, out))
        return WH_OK;
    struct wh_csv_encoding_clues clues = {0};
    wh_csv_encoding_look(&clues, head, 0);
    WH_TRY(look_further(f, &clues, err));
    *out = wh_csv_encoding_guess(&clues);
    if (*out != WH_CSV_UTF_8)
        s->ctx->note(s->ctx, "\"%s\" is read as %s", f->path, wh_csv_encoding_name(*out));
    return WH_OK;
}

/* ---- one file ----------------------------------------------------------------------------------- */

/* Reads until text has n bytes or the file ends. */
static enum wh_status read_head(struct wh_csv_source *src, struct wh_buffer *text, size_t n, bool *whole,
                                struct wh_error *err)
{
    size_t got = 1;
    while (text->size < n && got > 0)
        WH_TRY(wh_csv_source_read(src, text, n - text->size, &got, err));
    *whole = got == 0;
    return WH_OK;
}

/* Sniffs with more and more text until the header is complete. */
static enum wh_status sniff_source(struct wh_csv_stream *s, struct wh_csv_source *src, struct wh_buffer *text,
                                   struct wh_csv_sniffed *out, struct wh_error *err)
{
    for (size_t n = HEAD_BYTES;; n *= 2) {
        bool whole;
        WH_TRY(read_head(src, text, n, &whole, err));
        if (!whole && n > s->settings.max_record_bytes && n > HEAD_BYTES)
            return wh_fail(err, WH_DATA, "the first record is longer than %zu bytes",
                           s->settings.max_record_bytes);
        WH_TRY(wh_csv_sniff(out, &s->settings, text, whole, err));
        if (!out->need_more)
            return WH_OK;
        wh_csv_sniffed_release(out);
    }
}

static enum wh_status sniff_file(struct wh_csv_stream *s, size_t i, struct wh_csv_sniffed *out,
                                 struct wh_error *err)
{
    const struct wh_file *f = &s->set->files[i];
    struct wh_csv_source *src = NULL;
    struct wh_buffer text = {.budget = s->ctx->budget};
    struct wh_slice head;
    enum wh_csv_encoding encoding = WH_CSV_UTF_8;
    WH_TRY(wh_csv_source_open(&src, f, s->ctx, err));
    enum wh_status status = wh_csv_source_head(src, &head, err);
    if (status == WH_OK)
        status = find_encoding(s, f, head, &encoding, err);
    if (status == WH_OK) {
        wh_csv_source_decode(src, encoding);
        status = sniff_source(s, src, &text, out, err);
        out->dialect.encoding = encoding;
        if (status != WH_OK)
            wh_wrap(err, "could not read \"%s\"", f->path);
    }
    if (status == WH_OK && f->is_pipe) {
        s->pipe = WH_TAKE(src);
        wh_buffer_move(&s->pipe_head, &text);
    }
    wh_csv_source_close(src);
    wh_buffer_release(&text);
    return status;
}

static void note_sniffed(struct wh_csv_stream *s, const struct wh_file *f, const struct wh_csv_sniffed *n)
{
    if (n->passed_over > 0)
        s->ctx->note(s->ctx, "\"%s\": %zu comment line%s at the top passed over", f->path, n->passed_over,
                     n->passed_over == 1 ? "" : "s");
}

/* ---- names -------------------------------------------------------------------------------------- */

/* Gives empty names and second ones of the same file a number; text is the result. */
static enum wh_status unique_name(struct wh_csv_stream *s, const struct wh_file *f, struct wh_map *taken,
                                  const char *name, size_t c, struct wh_buffer *text, struct wh_error *err)
{
    text->size = 0;
    if (name == NULL || *name == '\0')
        WH_TRY(wh_buffer_printf(text, err, "column_%zu", c + 1));
    else
        WH_TRY(wh_buffer_append_text(text, name, err));
    size_t base = text->size;
    for (int64_t n = 0;; n++) {
        int64_t next = 2; /* what a second one of this name gets */
        bool found;
        WH_TRY(wh_map_add(taken, wh_slice((char *)text->data, text->size), &next, &found, err));
        if (!found)
            break;
        if (text->size == base) {
            n = next;
            wh_map_set(taken, wh_slice((char *)text->data, base), next + 1);
        }
        text->size = base;
        WH_TRY(wh_buffer_printf(text, err, "_%lld", (long long)n));
    }
    if (name != NULL && *name != '\0' && text->size != base)
        s->ctx->note(s->ctx, "\"%s\": column %zu, a second \"%s\", is named \"%.*s\"", f->path, c + 1, name,
                     (int)text->size, (char *)text->data);
    return WH_OK;
}

/* Finds or adds the column of a name. */
static enum wh_status table_column(struct table *t, struct wh_slice name, int64_t *index,
                                   struct wh_error *err)
{
    bool found;
    *index = (int64_t)t->schema.n_fields;
    WH_TRY(wh_map_add(&t->map, name, index, &found, err));
    if (found)
        return WH_OK;
    struct wh_field field = {0};
    char *copy;
    WH_TRY(wh_strndup(&copy, name.ptr, name.len, err));
    enum wh_status s = wh_field_init(&field, copy, WH_UTF8, err);
    free(copy);
    return s == WH_OK ? wh_schema_add(&t->schema, &field, err) : s;
}

/* Adds the columns of file i; sources[k] is the index in the table of its column k. */
static enum wh_status add_columns(struct wh_csv_stream *s, struct table *t, size_t i,
                                  const struct wh_csv_sniffed *n, int64_t *sources, struct wh_error *err)
{
    struct wh_map taken = {0};
    struct wh_buffer text = {0};
    enum wh_status status = WH_OK;
    for (size_t c = 0; status == WH_OK && c < n->n_columns; c++) {
        const char *name = n->names == NULL ? NULL : n->names[c];
        status = unique_name(s, &s->set->files[i], &taken, name, c, &text, err);
        if (status == WH_OK)
            status = table_column(t, wh_slice((char *)text.data, text.size), &sources[c], err);
    }
    wh_buffer_release(&text);
    wh_map_release(&taken);
    return status;
}

/* ---- all files ---------------------------------------------------------------------------------- */

/* Which columns each file has, until the stream's columns are known. */
struct layout {
    int64_t *columns; /* owned: index in the table of each column of the file */
    size_t n;
};

static void layouts_free(struct layout *l, size_t n)
{
    for (size_t i = 0; l != NULL && i < n; i++)
        free(l[i].columns);
    free(l);
}

static enum wh_status plan_file(struct wh_csv_stream *s, struct table *t, struct layout *l, size_t i,
                                struct wh_error *err)
{
    struct wh_csv_sniffed n = {0};
    struct wh_csv_file *f = &s->files[i];
    WH_TRY(sniff_file(s, i, &n, err));
    note_sniffed(s, &s->set->files[i], &n);
    f->dialect = n.dialect;
    f->n_columns = n.n_columns;
    f->body = n.body;
    f->body_line = n.body_line;
    l->n = n.n_columns;
    l->columns = wh_alloc_array(n.n_columns, sizeof *l->columns);
    enum wh_status status = l->columns == NULL ? wh_nomem(err) : add_columns(s, t, i, &n, l->columns, err);
    wh_csv_sniffed_release(&n);
    return status;
}

static enum wh_status no_column(const struct wh_csv_stream *s, const struct table *t, const char *name,
                                struct wh_error *err)
{
    wh_fail(err, WH_CONFIG, "there is no column \"%s\" in \"%s\"", name, s->set->files[0].path);
    return wh_schema_hint(&t->schema, name, err);
}

/* The columns that were asked for, in that order, as indices of the table. */
static enum wh_status select_columns(struct wh_csv_stream *s, const struct table *t, const char *const *names,
                                     int64_t **out, struct wh_error *err)
{
    size_t n = names == NULL ? t->schema.n_fields : wh_strv_len(names);
    int64_t *selected = wh_alloc_array(n, sizeof *selected);
    if (selected == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++) {
        selected[i] = names == NULL ? (int64_t)i : wh_map_find(&t->map, wh_slice_of(names[i]));
        struct wh_field copy = {0};
        enum wh_status status = WH_OK;
        if (selected[i] < 0)
            status = no_column(s, t, names[i], err);
        if (status == WH_OK)
            status = wh_field_copy(&copy, &t->schema.fields[selected[i]], err);
        if (status == WH_OK)
            status = wh_schema_add(&s->base.schema, &copy, err);
        if (status != WH_OK) {
            free(selected);
            return status;
        }
    }
    *out = selected;
    return WH_OK;
}

/* Turns layouts (file column -> table column) around (stream column -> file column). */
static enum wh_status set_sources(struct wh_csv_stream *s, const struct layout *l, const int64_t *selected,
                                  size_t n_table, struct wh_error *err)
{
    size_t n = s->base.schema.n_fields;
    int32_t *inverse = wh_alloc_array(n_table, sizeof *inverse);
    if (inverse == NULL)
        return wh_nomem(err);
    enum wh_status status = WH_OK;
    for (size_t i = 0; status == WH_OK && i < s->set->n_files; i++) {
        struct wh_csv_file *f = &s->files[i];
        bool same =
            i > 0 && l[i].n == l[i - 1].n &&
            (l[i].n == 0 || memcmp(l[i].columns, l[i - 1].columns, l[i].n * sizeof *l[i].columns) == 0);
        if (same) {
            f->sources = s->files[i - 1].sources;
            f->shares_sources = true;
            continue;
        }
        f->sources = wh_alloc_array(n, sizeof *f->sources);
        status = f->sources == NULL ? wh_nomem(err) : WH_OK;
        for (size_t c = 0; c < n_table; c++)
            inverse[c] = -1;
        for (size_t c = 0; c < l[i].n; c++)
            inverse[l[i].columns[c]] = (int32_t)c;
        for (size_t c = 0; status == WH_OK && c < n; c++)
            f->sources[c] = inverse[selected[c]];
    }
    free(inverse);
    return status;
}

/* Declared types by name. One of a column that is not read does no harm, of one that does not exist it does.
 */
static enum wh_status map_declared(struct wh_csv_stream *s, const struct table *t,
                                   const struct wh_schema *declared, struct wh_map *out, struct wh_error *err)
{
    for (size_t i = 0; declared != NULL && i < declared->n_fields; i++) {
        int64_t value = (int64_t)i;
        bool found;
        struct wh_slice name = wh_slice_of(declared->fields[i].name);
        if (wh_map_find(&t->map, name) < 0)
            return no_column(s, t, declared->fields[i].name, err);
        WH_TRY(wh_map_add(out, name, &value, &found, err));
    }
    return WH_OK;
}

/* Column c is text until its type is known, or of the declared type. */
static enum wh_status make_column(struct wh_csv_stream *s, size_t c, const struct wh_field *declared,
                                  struct wh_error *err)
{
    struct wh_field *f = &s->base.schema.fields[c], copy = {0};
    s->columns[c] = (struct wh_csv_column){.field = f};
    s->columns[c].guess = (struct wh_csv_guess){.kind = WH_CSV_TEXT, .word = WH_CSV_NO_WORD};
    if (declared == NULL)
        return WH_OK;
    WH_TRY(wh_field_copy(&copy, declared, err));
    wh_field_release(f);
    *f = copy;
    wh_csv_column_declare(&s->columns[c]);
    return WH_OK;
}

static enum wh_status declare_columns(struct wh_csv_stream *s, const struct table *t,
                                      const struct wh_schema *declared, struct wh_error *err)
{
    struct wh_map map = {0};
    enum wh_status status = map_declared(s, t, declared, &map, err);
    for (size_t c = 0; status == WH_OK && c < s->base.schema.n_fields; c++) {
        int64_t i = wh_map_find(&map, wh_slice_of(s->base.schema.fields[c].name));
        status = make_column(s, c, declared == NULL || i < 0 ? NULL : &declared->fields[i], err);
    }
    wh_map_release(&map);
    return status;
}

static enum wh_status make_columns(struct wh_csv_stream *s, const struct table *t, const struct layout *l,
                                   const struct wh_stream_request *req, struct wh_error *err)
{
    int64_t *selected = NULL;
    if (t->schema.n_fields == 0)
        return wh_fail(err, WH_DATA, "could not read \"%s\": there is nothing in it", s->set->files[0].path);
    WH_TRY(select_columns(s, t, req->columns, &selected, err));
    s->columns = wh_alloc_array(s->base.schema.n_fields, sizeof *s->columns);
    enum wh_status status = s->columns == NULL ? wh_nomem(err) : declare_columns(s, t, req->declared, err);
    if (status == WH_OK)
        status = set_sources(s, l, selected, t->schema.n_fields, err);
    free(selected);
    return status;
}

enum wh_status wh_csv_plan(struct wh_csv_stream *s, const struct wh_stream_request *req, struct wh_error *err)
{
    size_t n = s->set->n_files;
    struct table t = {0};
    struct layout *layouts = wh_alloc_array(n, sizeof *layouts);
    s->files = wh_alloc_array(n, sizeof *s->files);
    enum wh_status status = layouts == NULL || s->files == NULL ? wh_nomem(err) : WH_OK;
    for (size_t i = 0; status == WH_OK && i < n; i++)
        status = plan_file(s, &t, &layouts[i], i, err);
    if (status == WH_OK)
        status = make_columns(s, &t, layouts, req, err);
    layouts_free(layouts, n);
    wh_map_release(&t.map);
    wh_schema_release(&t.schema);
    return status;
}
