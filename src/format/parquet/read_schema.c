/* format/parquet/read_schema.c - one schema for all files of a stream; see read.h. */
#include <inttypes.h>

#include "base/mem.h"
#include "base/options.h"
#include "batch/cast.h"
#include "batch/schema.h"
#include "format/parquet/read_int.h"

/* The union of the files' columns while it grows. */
struct joined {
    struct wh_schema schema;
    struct wh_map names; /* index in schema */
    uint64_t *bytes;     /* compressed, by column */
    size_t *last_file;   /* by column: the last file that has it, counted from 1 */
    size_t n_files;
};

static void release_joined(struct joined *j)
{
    wh_schema_release(&j->schema);
    wh_map_release(&j->names);
    free(j->bytes);
    free(j->last_file);
}

/* ---- joining files -------------------------------------------------------------------------------- */

static enum wh_status add_column(struct joined *j, const struct wh_field *f, struct wh_error *err)
{
    size_t n = j->schema.n_fields;
    uint64_t *bytes = wh_realloc_array(j->bytes, n + 1, sizeof *bytes);
    if (bytes == NULL)
        return wh_nomem(err);
    j->bytes = bytes;
    size_t *last = wh_realloc_array(j->last_file, n + 1, sizeof *last);
    if (last == NULL)
        return wh_nomem(err);
    j->last_file = last;
    bytes[n] = 0;
    last[n] = 0;
    struct wh_field copy;
    WH_TRY(wh_field_copy(&copy, f, err));
    copy.nullable |= j->n_files > 1;
    return wh_schema_add(&j->schema, &copy, err);
}

static enum wh_status widen_column(struct wh_field *known, const struct wh_field *f,
                                   const struct wh_pq_file *file, struct wh_context *ctx,
                                   struct wh_error *err)
{
    struct wh_field joined;
    char before[64], here[64], now[64];
    if (wh_field_same_type(known, f)) {
        known->nullable |= f->nullable;
        return WH_OK;
    }
    WH_TRY(wh_type_union(&joined, known, f, err));
    wh_type_format(known, before, sizeof before);
    wh_type_format(f, here, sizeof here);
    wh_type_format(&joined, now, sizeof now);
    wh_field_release(known);
    *known = joined;
    if (ctx->note != NULL)
        ctx->note(ctx, "column \"%s\" is read as %s: it is %s in \"%s\" and %s before", known->name, now,
                  here, file->path, before);
    return WH_OK;
}

static enum wh_status join_column(struct joined *j, const struct wh_pq_file *file, size_t node,
                                  struct wh_context *ctx, struct wh_error *err)
{
    const struct wh_field *f = &file->tree.schema.fields[node];
    bool found;
    int64_t at = (int64_t)j->schema.n_fields;
    WH_TRY(wh_map_add(&j->names, wh_slice_of(f->name), &at, &found, err));
    if (found && j->last_file[at] == j->n_files)
        return wh_fail(err, WH_DATA, "could not read \"%s\": two columns have the name \"%s\"", file->path,
                       f->name);
    WH_TRY(found ? widen_column(&j->schema.fields[at], f, file, ctx, err) : add_column(j, f, err));
    j->last_file[at] = j->n_files;
    const struct wh_pq_node *n = &file->tree.nodes[node];
    for (size_t g = 0; g < file->meta.n_groups; g++)
        j->bytes[at] += wh_pq_group_bytes(&file->meta.groups[g], (size_t)n->first_leaf, (size_t)n->n_leaves);
    return WH_OK;
}

static enum wh_status join_file(struct joined *j, struct wh_pq_stream *s, const struct wh_pq_file *file,
                                struct wh_error *err)
{
    j->n_files++;
    if (!wh_add(s->base.rows, file->meta.rows, &s->base.rows))
        return wh_fail(err, WH_DATA, "could not read \"%s\": the files have more than 2^63 rows", file->path);
    for (size_t i = 0; i < file->tree.n_nodes; i++)
        WH_TRY(join_column(j, file, i, s->context, err));
    for (size_t i = 0; i < j->schema.n_fields; i++)
        j->schema.fields[i].nullable |= j->last_file[i] != j->n_files;
    return WH_OK;
}

static enum wh_status join_files(struct joined *j, struct wh_pq_stream *s, struct wh_error *err)
{
    for (size_t i = 0; i < s->set->n_files; i++) {
        struct wh_pq_file *file;
        WH_TRY(wh_pq_file_open(&file, &s->set->files[i], s->context->budget, err));
        enum wh_status status = join_file(j, s, file, err);
        wh_pq_file_close(file);
        if (status != WH_OK)
            return status;
    }
    return WH_OK;
}

/* ---- what the request makes of it ------------------------------------------------------------------ */

static enum wh_status no_column(const struct joined *j, const char *name, struct wh_error *err)
{
    const char **names = wh_alloc_array(j->schema.n_fields + 1, sizeof *names);
    wh_fail(err, WH_CONFIG, "could not find column \"%s\": the Parquet files do not have it", name);
    if (names == NULL)
        return err->code;
    for (size_t i = 0; i < j->schema.n_fields; i++)
        names[i] = j->schema.fields[i].name;
    const char *nearest = wh_nearest(name, names);
    free(names);
    return nearest == NULL ? err->code : wh_hint(err, "did you mean \"%s\"?", nearest);
}

static enum wh_status select_column(struct wh_pq_stream *s, const struct joined *j, size_t i,
                                    struct wh_error *err)
{
    struct wh_field copy;
    WH_TRY(wh_field_copy(&copy, &j->schema.fields[i], err));
    s->base.bytes += (int64_t)(j->bytes[i] & INT64_MAX);
    return wh_schema_add(&s->base.schema, &copy, err);
}

static enum wh_status select_columns(struct wh_pq_stream *s, const struct joined *j,
                                     const char *const *columns, struct wh_error *err)
{
    size_t n = j->bytes == NULL ? 0 : j->schema.n_fields;
    for (size_t i = 0; columns == NULL && i < n; i++)
        WH_TRY(select_column(s, j, i, err));
    for (; columns != NULL && *columns != NULL; columns++) {
        int64_t i = wh_map_find(&j->names, wh_slice_of(*columns));
        if (i < 0 || (size_t)i >= n)
            return no_column(j, *columns, err);
        WH_TRY(select_column(s, j, (size_t)i, err));
    }
    return WH_OK;
}

/* The declared type takes the place of the file's; names and nulls stay. */
static enum wh_status declare_types(struct wh_pq_stream *s, const struct joined *j,
                                    const struct wh_schema *declared, struct wh_error *err)
{
    for (size_t i = 0; declared != NULL && i < declared->n_fields; i++) {
        const char *name = declared->fields[i].name;
        int64_t at = wh_schema_find(&s->base.schema, name);
        if (at < 0 && wh_map_find(&j->names, wh_slice_of(name)) < 0)
            return no_column(j, name, err);
        if (at < 0)
            continue;
        struct wh_field copy, *f = &s->base.schema.fields[at];
        WH_TRY(wh_field_copy(&copy, &declared->fields[i], err));
        copy.nullable = f->nullable;
        wh_field_release(f);
        *f = copy;
    }
    return WH_OK;
}

enum wh_status wh_pq_stream_schema(struct wh_pq_stream *s, const struct wh_stream_request *req,
                                   struct wh_error *err)
{
    WH_CLEANUP(release_joined) struct joined j = {0};
    WH_TRY(join_files(&j, s, err));
    WH_TRY(select_columns(s, &j, req->columns, err));
    return declare_types(s, &j, req->declared, err);
}

/* ---- each file ------------------------------------------------------------------------------------- */

static enum wh_status map_field(struct wh_pq_opened *o, const struct wh_schema *schema, size_t i,
                                int64_t node, struct wh_error *err)
{
    const struct wh_field *to = &schema->fields[i], *from;
    o->nodes[i] = (int32_t)node;
    if (node < 0)
        return WH_OK;
    from = &o->file->tree.schema.fields[node];
    o->casts[i] = !wh_field_same_type(from, to);
    if (!o->casts[i] || wh_cast_class(from, to) != WH_CAST_NONE)
        return WH_OK;
    char here[64], wanted[64];
    wh_type_format(from, here, sizeof here);
    wh_type_format(to, wanted, sizeof wanted);
    return wh_fail(err, WH_CONFIG, "could not read column \"%s\" of \"%s\" as %s: it is %s", from->name,
                   o->file->path, wanted, here);
}

enum wh_status wh_pq_map_fields(struct wh_pq_opened *o, const struct wh_schema *schema, struct wh_error *err)
{
    const struct wh_schema *mine = &o->file->tree.schema;
    WH_CLEANUP(wh_map_release) struct wh_map names = {0};
    o->nodes = wh_alloc_array(schema->n_fields, sizeof *o->nodes);
    o->casts = wh_alloc_array(schema->n_fields, sizeof *o->casts);
    if (o->nodes == NULL || o->casts == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < mine->n_fields; i++) {
        bool found;
        int64_t at = (int64_t)i;
        WH_TRY(wh_map_add(&names, wh_slice_of(mine->fields[i].name), &at, &found, err));
    }
    for (size_t i = 0; i < schema->n_fields; i++)
        WH_TRY(map_field(o, schema, i, wh_map_find(&names, wh_slice_of(schema->fields[i].name)), err));
    return WH_OK;
}
