/* connector/file/partition.c - see connector/file/partition.h. */
#include "connector/file/partition.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "batch/text.h"
#include "connector/file/file_int.h"

struct transform {
    const char *name;
    size_t text_len; /* of "2024-01-01T05" */
};
static const struct transform transforms[] = {
    {.name = "year", .text_len = 4},
    {.name = "month", .text_len = 7},
    {.name = "day", .text_len = 10},
    {.name = "hour", .text_len = 13},
};

struct part {
    size_t column;
    const struct transform *transform; /* NULL: the value itself */
    char *key;                         /* owned: "created_day" */
};

struct wh_partition {
    const struct wh_schema *schema; /* lent */
    struct part *parts;             /* owned */
    size_t n_parts;
    struct wh_schema files; /* schema without the bare columns */
    size_t *kept;           /* owned: index in schema of each column of files */
};

/* ---- the specification ---- */

static const struct transform *find_transform(struct wh_slice name)
{
    for (size_t i = 0; i < WH_COUNT(transforms); i++)
        if (wh_slice_eq(name, wh_slice_of(transforms[i].name)))
            return &transforms[i];
    return NULL;
}

static enum wh_status parse_part(struct wh_partition *p, struct wh_slice text, struct wh_error *err)
{
    struct part *part = &p->parts[p->n_parts];
    const char *open = memchr(text.ptr, '(', text.len);
    struct wh_slice column = text;
    if (open != NULL && text.ptr[text.len - 1] == ')') {
        size_t at = (size_t)(open - text.ptr);
        part->transform = find_transform(wh_slice(text.ptr, at));
        if (part->transform == NULL) {
            wh_fail(err, WH_CONFIG, "unknown partition function \"%.*s\"", (int)at, text.ptr);
            return wh_hint(err, "functions are year, month, day and hour");
        }
        column = wh_slice(open + 1, text.len - at - 2);
    }
    WH_CLEANUP(wh_freep) char *name = NULL;
    WH_TRY(wh_strndup(&name, column.ptr, column.len, err));
    int64_t at = wh_schema_find(p->schema, name);
    if (at < 0)
        return wh_fail(err, WH_CONFIG, "could not partition by \"%s\": no such column", name);
    enum wh_type type = p->schema->fields[at].type;
    if (part->transform != NULL && type != WH_DATE32 && type != WH_TIMESTAMP)
        return wh_fail(err, WH_CONFIG, "could not partition by %s(%s): it is no date or timestamp",
                       part->transform->name, name);
    if (type == WH_LIST || type == WH_STRUCT || type == WH_MAP || type == WH_BINARY)
        return wh_fail(err, WH_CONFIG, "could not partition by \"%s\": its type cannot be a folder name",
                       name);
    part->column = (size_t)at;
    p->n_parts++;
    if (part->transform == NULL)
        return wh_strdup(&part->key, name, err);
    return asprintf(&part->key, "%s_%s", name, part->transform->name) < 0 ? wh_nomem(err) : WH_OK;
}

static enum wh_status parse_spec(struct wh_partition *p, const char *spec, struct wh_error *err)
{
    size_t n = 1;
    for (const char *c = spec; *c != '\0'; c++)
        n += *c == ',';
    p->parts = wh_alloc_array(n, sizeof *p->parts);
    if (p->parts == NULL)
        return wh_nomem(err);
    while (*spec != '\0') {
        spec += strspn(spec, " ,");
        size_t len = strcspn(spec, ",");
        size_t trimmed = len;
        while (trimmed > 0 && spec[trimmed - 1] == ' ')
            trimmed--;
        if (trimmed > 0)
            WH_TRY(parse_part(p, wh_slice(spec, trimmed), err));
        spec += len;
    }
    return p->n_parts > 0 ? WH_OK : wh_fail(err, WH_CONFIG, "empty --partition-by");
}

static bool is_in_folder(const struct wh_partition *p, size_t column)
{
    for (size_t i = 0; i < p->n_parts; i++)
        if (p->parts[i].column == column && p->parts[i].transform == NULL)
            return true;
    return false;
}

static enum wh_status build_files_schema(struct wh_partition *p, struct wh_error *err)
{
    p->kept = wh_alloc_array(p->schema->n_fields, sizeof *p->kept);
    if (p->kept == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < p->schema->n_fields; i++) {
        if (is_in_folder(p, i))
            continue;
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, &p->schema->fields[i], err));
        WH_TRY(wh_schema_add(&p->files, &f, err));
        p->kept[p->files.n_fields - 1] = i;
    }
    if (p->files.n_fields == 0)
        return wh_fail(err, WH_CONFIG, "--partition-by takes every column: nothing is left for the files");
    return WH_OK;
}

enum wh_status wh_partition_new(struct wh_partition **out, const char *spec, const struct wh_schema *schema,
                                struct wh_error *err)
{
    *out = NULL;
    if (spec == NULL)
        return WH_OK;
    struct wh_partition *p = wh_alloc(sizeof *p);
    if (p == NULL)
        return wh_nomem(err);
    p->schema = schema;
    enum wh_status s = parse_spec(p, spec, err);
    if (s == WH_OK)
        s = build_files_schema(p, err);
    if (s != WH_OK) {
        wh_partition_free(p);
        return s;
    }
    *out = p;
    return WH_OK;
}

const struct wh_schema *wh_partition_schema(const struct wh_partition *p)
{
    return &p->files;
}

void wh_partition_free(struct wh_partition *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_parts; i++)
        free(p->parts[i].key);
    free(p->parts);
    free(p->kept);
    wh_schema_release(&p->files);
    free(p);
}

/* ---- splitting a batch ---- */

/* Text of a date or timestamp in ISO form, cut to the transform's length. */
static enum wh_status format_value(struct wh_buffer *out, const struct part *part, const struct wh_column *c,
                                   int64_t row, struct wh_error *err)
{
    if (part->transform == NULL)
        return wh_value_format(out, c, row, err);
    char text[WH_TIME_TEXT];
    int64_t v = wh_column_i64(c, row);
    if (c->field->type == WH_DATE32) {
        size_t len = wh_format_date(text, (int32_t)v);
        if (part->transform->text_len > 10) /* hour of a date */
            return wh_buffer_printf(out, err, "%.*sT00", (int)len, text);
        return wh_buffer_append(out, text, len - 10 + part->transform->text_len, err);
    }
    size_t len = wh_format_timestamp(text, v, c->field->unit, false);
    size_t date = (size_t)((char *)memchr(text, 'T', len) - text); /* longer years than four digits */
    return wh_buffer_append(out, text, date - 10 + part->transform->text_len, err);
}

static enum wh_status append_folder(struct wh_buffer *out, const struct wh_partition *p,
                                    const struct wh_batch *b, int64_t row, struct wh_buffer *scratch,
                                    struct wh_error *err)
{
    for (size_t i = 0; i < p->n_parts; i++) {
        const struct part *part = &p->parts[i];
        const struct wh_column *c = &b->columns[part->column];
        struct wh_slice key = wh_slice_of(part->key), value = {0};
        bool null = wh_column_is_null(c, row);
        if (!null) {
            scratch->size = 0;
            WH_TRY(format_value(scratch, part, c, row, err));
            value = wh_slice((char *)scratch->data, scratch->size);
        }
        WH_TRY(wh_hive_escape(out, &key, err));
        WH_TRY(wh_buffer_append(out, "=", 1, err));
        WH_TRY(wh_hive_escape(out, null ? NULL : &value, err));
        WH_TRY(wh_buffer_append(out, "/", 1, err));
    }
    return WH_OK;
}

/* One pass finds each row's group; a second sorts the rows by group. */
struct grouping {
    int64_t *group_of; /* per row */
    size_t *name_at;   /* start of each group's text in names; one more behind */
    size_t n;
    struct wh_map map;
};

static enum wh_status find_groups(struct grouping *g, const struct wh_partition *p, const struct wh_batch *b,
                                  struct wh_buffer *names, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer text = {0}, scratch = {0};
    int64_t last = -1;
    for (int64_t row = 0; row < b->rows; row++) {
        text.size = 0;
        WH_TRY(append_folder(&text, p, b, row, &scratch, err));
        struct wh_slice folder = wh_slice((char *)text.data, text.size);
        if (last >= 0 && wh_slice_eq(folder, wh_slice((char *)names->data + g->name_at[last],
                                                      g->name_at[last + 1] - g->name_at[last]))) {
            g->group_of[row] = last;
            continue;
        }
        int64_t id = (int64_t)g->n;
        bool found;
        WH_TRY(wh_map_add(&g->map, folder, &id, &found, err));
        if (!found) {
            WH_TRY(wh_buffer_append(names, folder.ptr, folder.len, err));
            g->name_at[++g->n] = names->size;
        }
        g->group_of[row] = last = id;
    }
    return WH_OK;
}

static enum wh_status sort_rows(const struct grouping *g, const struct wh_batch *b,
                                struct wh_partition_split *out, struct wh_error *err)
{
    out->groups = wh_alloc_array(g->n, sizeof *out->groups);
    size_t *at = wh_alloc_array(g->n + 1, sizeof *at);
    if (out->groups == NULL || at == NULL) {
        free(at);
        return wh_nomem(err);
    }
    for (int64_t row = 0; row < b->rows; row++)
        at[g->group_of[row] + 1]++;
    for (size_t i = 0; i < g->n; i++) {
        const char *name = (const char *)out->names.data + g->name_at[i];
        out->groups[i] =
            (struct wh_partition_group){.folder = wh_slice(name, g->name_at[i + 1] - g->name_at[i]),
                                        .rows = out->rows + at[i],
                                        .n_rows = at[i + 1]};
        at[i + 1] += at[i];
    }
    for (int64_t row = 0; row < b->rows; row++)
        out->rows[at[g->group_of[row]]++] = row;
    out->n_groups = g->n;
    free(at);
    return WH_OK;
}

static enum wh_status view_columns(const struct wh_partition *p, const struct wh_batch *b,
                                   struct wh_partition_split *out, struct wh_error *err)
{
    out->columns = wh_alloc_array(p->files.n_fields, sizeof *out->columns);
    if (out->columns == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < p->files.n_fields; i++)
        out->columns[i] = b->columns[p->kept[i]];
    out->view = (struct wh_batch){.schema = &p->files, .rows = b->rows, .columns = out->columns};
    return WH_OK;
}

void wh_partition_split_release(struct wh_partition_split *s)
{
    free(s->groups);
    free(s->rows);
    free(s->columns);
    wh_buffer_release(&s->names);
    *s = (struct wh_partition_split){0};
}

enum wh_status wh_partition_split(const struct wh_partition *p, const struct wh_batch *b,
                                  struct wh_partition_split *out, struct wh_error *err)
{
    wh_partition_split_release(out);
    struct grouping g = {.group_of = wh_alloc_array((size_t)b->rows, sizeof *g.group_of),
                         .name_at = wh_alloc_array((size_t)b->rows + 1, sizeof *g.name_at)};
    out->rows = wh_alloc_array((size_t)b->rows, sizeof *out->rows);
    enum wh_status s = g.group_of == NULL || g.name_at == NULL || out->rows == NULL ? wh_nomem(err) : WH_OK;
    if (s == WH_OK)
        s = find_groups(&g, p, b, &out->names, err);
    if (s == WH_OK)
        s = sort_rows(&g, b, out, err);
    if (s == WH_OK)
        s = view_columns(p, b, out, err);
    free(g.group_of);
    free(g.name_at);
    wh_map_release(&g.map);
    return s;
}
