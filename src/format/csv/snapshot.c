/* format/csv/snapshot.c - what a run was of, as JSON: the files with size, time and inode, and the columns
 * with their spelling, so that a resumed run has the types it began with.
 *
 *     {"files":[["a.csv",100,1700000000,42]],"columns":[["id",0,[0,0,...]]]} */
#include <jansson.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/csv/stream_int.h"

/* ---- writing ------------------------------------------------------------------------------------ */

static enum wh_status put_files(struct wh_buffer *out, const struct wh_file_set *set, struct wh_error *err)
{
    for (size_t i = 0; i < set->n_files; i++) {
        const struct wh_file *f = &set->files[i];
        WH_TRY(wh_buffer_append_text(out, i == 0 ? "[" : ",[", err));
        WH_TRY(wh_json_string(out, wh_slice_of(f->path), err));
        WH_TRY(wh_buffer_printf(out, err, ",%llu,%lld,%llu]", (unsigned long long)f->size,
                                (long long)f->mtime_ns, (unsigned long long)f->inode));
    }
    return WH_OK;
}

static enum wh_status put_columns(struct wh_buffer *out, const struct wh_csv_stream *s, struct wh_error *err)
{
    for (size_t c = 0; c < s->base.schema.n_fields; c++) {
        const struct wh_csv_guess *g = &s->columns[c].guess;
        const struct wh_csv_spelling *p = &g->spelling;
        WH_TRY(wh_buffer_append_text(out, c == 0 ? "[" : ",[", err));
        WH_TRY(wh_json_string(out, wh_slice_of(s->base.schema.fields[c].name), err));
        WH_TRY(wh_buffer_printf(out, err, ",%d,%d,[%d,%d,%d,%d,%d,%d,%d,%d,%d]]", (int)g->kind, g->word,
                                p->precision, p->scale, p->bools, p->separator, p->zone, p->offset_min,
                                p->fraction, p->fraction_digits, p->nanos));
    }
    return WH_OK;
}

enum wh_status wh_csv_snapshot(struct wh_stream *stream, char **json, struct wh_error *err)
{
    const struct wh_csv_stream *s = wh_csv_stream_of(stream);
    struct wh_buffer text = {0};
    enum wh_status status = wh_buffer_append_text(&text, "{\"files\":[", err);
    if (status == WH_OK)
        status = put_files(&text, s->set, err);
    if (status == WH_OK)
        status = wh_buffer_append_text(&text, "],\"columns\":[", err);
    if (status == WH_OK)
        status = put_columns(&text, s, err);
    if (status == WH_OK)
        status = wh_buffer_append_text(&text, "]}", err);
    if (status == WH_OK)
        status = wh_buffer_take_text(json, &text, err);
    wh_buffer_release(&text);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static bool same_files(const struct wh_file_set *set, json_t *files)
{
    if (!json_is_array(files) || json_array_size(files) != set->n_files)
        return false;
    for (size_t i = 0; i < set->n_files; i++) {
        const struct wh_file *f = &set->files[i];
        const char *path;
        json_int_t size, mtime, inode;
        if (json_unpack(json_array_get(files, i), "[s,I,I,I]", &path, &size, &mtime, &inode) != 0 ||
            (uint64_t)size != f->size || mtime != f->mtime_ns || (uint64_t)inode != f->inode)
            return false;
    }
    return true;
}

static bool in_range(const struct wh_csv_guess *g)
{
    const struct wh_csv_spelling *p = &g->spelling;
    return g->kind < WH_CSV_OTHER && g->word >= WH_CSV_NO_WORD && g->word < WH_CSV_NULL_WORDS &&
           p->precision <= 38 && p->scale <= p->precision && p->bools < WH_CSV_BOOL_SPELLINGS &&
           (g->kind != WH_CSV_DECIMAL || (p->precision <= 18 && p->scale > 0)) && p->fraction_digits <= 9;
}

static bool take_column(json_t *entry, const char *name, struct wh_csv_guess *g)
{
    const char *text;
    int kind, v[9];
    if (json_unpack(entry, "[s,i,i,[i,i,i,i,i,i,i,i,i]]", &text, &kind, &g->word, &v[0], &v[1], &v[2], &v[3],
                    &v[4], &v[5], &v[6], &v[7], &v[8]) != 0)
        return false;
    if (strcmp(text, name) != 0 || kind < 0 || kind > WH_CSV_OTHER)
        return false;
    g->kind = (enum wh_csv_kind)kind;
    g->spelling = (struct wh_csv_spelling){.precision = (uint8_t)v[0],
                                           .scale = (uint8_t)v[1],
                                           .bools = (uint8_t)v[2],
                                           .separator = (char)v[3],
                                           .zone = (uint8_t)v[4],
                                           .offset_min = (int16_t)v[5],
                                           .fraction = (uint8_t)v[6],
                                           .fraction_digits = (uint8_t)v[7],
                                           .nanos = v[8] != 0};
    return true;
}

static enum wh_status take_columns(struct wh_csv_stream *s, json_t *columns, struct wh_error *err)
{
    size_t n = s->base.schema.n_fields;
    bool ok = json_is_array(columns) && json_array_size(columns) == n;
    for (size_t c = 0; ok && c < n; c++) {
        struct wh_csv_guess g;
        struct wh_field *f = &s->base.schema.fields[c];
        ok = take_column(json_array_get(columns, c), f->name, &g) && (s->columns[c].declared || in_range(&g));
        if (!ok || s->columns[c].declared)
            continue;
        s->columns[c].guess = g;
        WH_TRY(wh_csv_guess_type(&g, f, err));
    }
    if (!ok)
        return wh_fail(err, WH_STATE, "the columns are not those with which the run began");
    return WH_OK;
}

enum wh_status wh_csv_snapshot_apply(struct wh_csv_stream *s, const char *json, struct wh_error *err)
{
    json_t *root;
    WH_TRY(wh_json_load(&root, json, err));
    enum wh_status status;
    if (!same_files(s->set, json_object_get(root, "files")))
        status = wh_fail(err, WH_STATE, "the files are not those with which the run began");
    else
        status = take_columns(s, json_object_get(root, "columns"), err);
    json_decref(root);
    return status;
}
