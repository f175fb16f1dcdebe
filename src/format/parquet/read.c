/* format/parquet/read.c - Parquet files as a stream: opening, cutting into chunks; see read.h. */
#include "format/parquet/read.h"

#include <jansson.h>

#include "base/mem.h"
#include "batch/schema.h"
#include "format/parquet/read_int.h"

const struct wh_option wh_parquet_read_options[] = {
    {.name = "parquet-checksum",
     .type = WH_OPT_ENUM,
     .fallback = "verify",
     .values = "verify|ignore",
     .help = "Whether checksums of Parquet pages, where a file has them, are verified"},
    {0},
};

/* ---- open files ------------------------------------------------------------------------------------ */

static void free_opened(struct wh_pq_opened *o)
{
    if (o == NULL)
        return;
    wh_pq_file_close(o->file);
    free(o->nodes);
    free(o->casts);
    free(o);
}

static enum wh_status open_mapped(struct wh_pq_opened **out, struct wh_pq_stream *s, size_t number,
                                  struct wh_error *err)
{
    struct wh_pq_opened *o = wh_alloc(sizeof *o);
    if (o == NULL)
        return wh_nomem(err);
    o->number = number;
    enum wh_status status = wh_pq_file_open(&o->file, &s->set->files[number], s->context->budget, err);
    if (status == WH_OK)
        status = wh_pq_map_fields(o, &s->base.schema, err);
    if (status == WH_OK)
        *out = o;
    else
        free_opened(o);
    return status;
}

enum wh_status wh_pq_acquire(struct wh_pq_opened **out, struct wh_pq_stream *s, size_t number,
                             struct wh_error *err)
{
    enum wh_status status = WH_OK;
    pthread_mutex_lock(&s->lock);
    if (s->opened[number] == NULL)
        status = open_mapped(&s->opened[number], s, number, err);
    if (status == WH_OK) {
        s->opened[number]->references++;
        *out = s->opened[number];
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

void wh_pq_give_back(struct wh_pq_stream *s, struct wh_pq_opened *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    if (--o->references == 0) {
        s->opened[o->number] = NULL;
        free_opened(o);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- positions --------------------------------------------------------------------------------------- */

static enum wh_status wrong_position(const char *text, struct wh_error *err)
{
    return wh_fail(err, WH_STATE, "invalid position %.300s", text);
}

static bool get_count(const json_t *object, const char *key, int64_t least, int64_t *out)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_integer(v) || json_integer_value(v) < least)
        return false;
    *out = json_integer_value(v);
    return true;
}

static enum wh_status parse_position(const struct wh_pq_stream *s, const char *text,
                                     struct wh_pq_position *out, struct wh_error *err)
{
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *path = json_string_value(json_object_get(object, "file"));
    int64_t group, n_groups;
    bool ok = path != NULL && get_count(object, "row_group", 0, &group) &&
              get_count(object, "row_groups", 1, &n_groups) && get_count(object, "rows", 0, &out->rows);
    int64_t file = ok ? wh_map_find(&s->paths, wh_slice_of(path)) : -1;
    json_decref(object);
    if (!ok || file < 0)
        return wrong_position(text, err);
    out->file = (size_t)file;
    out->group = (size_t)group;
    out->n_groups = (size_t)n_groups;
    return WH_OK;
}

/* The JSON text of an object, which it takes. */
static enum wh_status dump(char **out, json_t *object, const char *what, struct wh_error *err)
{
    *out = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (*out != NULL)
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not write down %s: a path is not valid UTF-8", what);
    return wh_hint(err, "rename the file");
}

static enum wh_status format_position(char **out, const struct wh_pq_stream *s,
                                      const struct wh_pq_position *at, struct wh_error *err)
{
    const struct wh_pq_row_group *g = &s->planned->file->meta.groups[at->group];
    uint64_t offset = g->n_chunks == 0 ? 0 : wh_pq_chunk_start(&g->chunks[0]);
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I}", "file", s->set->files[at->file].path, "row_group",
                               (json_int_t)at->group, "row_groups", (json_int_t)at->n_groups, "rows",
                               (json_int_t)at->rows, "offset", (json_int_t)offset);
    return dump(out, object, "where a row group is", err);
}

/* ---- chunks ------------------------------------------------------------------------------------------ */

/* Compressed bytes of the stream's columns in a row group. */
static uint64_t wanted_bytes(const struct wh_pq_stream *s, const struct wh_pq_opened *o, size_t group)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->base.schema.n_fields; i++) {
        if (o->nodes[i] < 0)
            continue;
        const struct wh_pq_node *n = &o->file->tree.nodes[o->nodes[i]];
        bytes += wh_pq_group_bytes(&o->file->meta.groups[group], (size_t)n->first_leaf, (size_t)n->n_leaves);
    }
    return bytes;
}

/* Adds row groups from next_group on, as long as the chunk is small; at->n_groups is 0 when the file has
 * none left. */
static enum wh_status plan_groups(struct wh_pq_stream *s, struct wh_pq_position *at, uint64_t *bytes,
                                  struct wh_error *err)
{
    const struct wh_pq_file *file = s->planned->file;
    for (; s->next_group < file->meta.n_groups; s->next_group++) {
        bool skip;
        WH_TRY(wh_pq_prune_group(&s->prune, file, s->next_group, &s->base.schema, &skip, err));
        int64_t rows = file->meta.groups[s->next_group].rows;
        uint64_t more = wanted_bytes(s, s->planned, s->next_group);
        if (at->n_groups > 0 && (skip || *bytes + more > (uint64_t)s->context->chunk_bytes))
            break;
        if (skip || rows == 0)
            continue;
        if (at->n_groups == 0)
            at->group = s->next_group;
        at->n_groups = s->next_group - at->group + 1;
        at->rows += rows;
        *bytes += more;
    }
    return WH_OK;
}

static enum wh_status next_chunk(struct wh_stream *base, struct wh_chunk *out, struct wh_error *err)
{
    struct wh_pq_stream *s = (struct wh_pq_stream *)base;
    for (;;) {
        if (s->planned == NULL) {
            if (s->next_file == s->set->n_files)
                return WH_END;
            WH_TRY(wh_pq_acquire(&s->planned, s, s->next_file, err));
        }
        struct wh_pq_position at = {.file = s->next_file};
        uint64_t bytes = 0;
        WH_TRY(plan_groups(s, &at, &bytes, err));
        if (at.n_groups > 0) {
            WH_TRY(format_position(&out->position, s, &at, err));
            out->bytes = bytes;
            return WH_OK;
        }
        wh_pq_give_back(s, WH_TAKE(s->planned));
        s->next_file++;
        s->next_group = 0;
    }
}

static enum wh_status open_chunk(struct wh_reader **out, struct wh_stream *base, struct wh_chunk *chunk,
                                 struct wh_reject_sink *sink, struct wh_error *err)
{
    struct wh_pq_stream *s = (struct wh_pq_stream *)base;
    struct wh_pq_position at;
    WH_TRY(parse_position(s, chunk->position, &at, err));
    return wh_pq_reader_open(out, s, &at, sink, err);
}

/* ---- state of the files -------------------------------------------------------------------------------- */

static enum wh_status snapshot(struct wh_stream *base, char **json, struct wh_error *err)
{
    const struct wh_pq_stream *s = (const struct wh_pq_stream *)base;
    json_t *files = json_array();
    for (size_t i = 0; files != NULL && i < s->set->n_files; i++) {
        const struct wh_file *f = &s->set->files[i];
        json_t *entry = json_pack("{s:s, s:I, s:I, s:I}", "path", f->path, "size", (json_int_t)f->size,
                                  "mtime_ns", (json_int_t)f->mtime_ns, "inode", (json_int_t)f->inode);
        if (json_array_append_new(files, entry) != 0) {
            json_decref(files);
            files = NULL;
        }
    }
    json_t *object = files == NULL ? NULL : json_pack("{s:o}", "files", files);
    return dump(json, object, "which files are read", err);
}

static enum wh_status check_snapshot(struct wh_pq_stream *s, const char *before, struct wh_error *err)
{
    char *now = NULL;
    WH_TRY(snapshot(&s->base, &now, err));
    bool same = strcmp(now, before) == 0;
    free(now);
    if (same)
        return WH_OK;
    wh_fail(err, WH_STATE, "the Parquet files are not the ones that the run began with");
    return wh_hint(err, "start a new run");
}

static enum wh_status finish(struct wh_stream *base, struct wh_error *err)
{
    const struct wh_pq_stream *s = (const struct wh_pq_stream *)base;
    for (size_t i = 0; i < s->set->n_files; i++)
        WH_TRY(wh_file_unchanged(&s->set->files[i], err));
    return WH_OK;
}

/* ---- life ------------------------------------------------------------------------------------------------
 */

static void close_stream(struct wh_stream *base)
{
    struct wh_pq_stream *s = (struct wh_pq_stream *)base;
    if (s == NULL)
        return;
    for (size_t i = 0; s->opened != NULL && i < s->set->n_files; i++)
        free_opened(s->opened[i]);
    free(s->opened);
    wh_pq_prune_release(&s->prune);
    wh_map_release(&s->paths);
    wh_schema_release(&s->base.schema);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const struct wh_stream_ops stream_ops = {
    .snapshot = snapshot,
    .next_chunk = next_chunk,
    .open_chunk = open_chunk,
    .read = wh_pq_reader_read,
    .close_reader = wh_pq_reader_close,
    .finish = finish,
    .close = close_stream,
};

static enum wh_status resume_after(struct wh_pq_stream *s, const char *after, struct wh_error *err)
{
    struct wh_pq_position at;
    WH_TRY(parse_position(s, after, &at, err));
    s->next_file = at.file;
    s->next_group = at.group + at.n_groups;
    return WH_OK;
}

static enum wh_status init_stream(struct wh_pq_stream *s, const struct wh_stream_request *req,
                                  struct wh_error *err)
{
    s->verify = strcmp(wh_config_str(req->config, "parquet-checksum"), "verify") == 0;
    s->opened = wh_alloc_array(s->set->n_files, sizeof *s->opened);
    if (s->opened == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < s->set->n_files; i++) {
        int64_t number = (int64_t)i;
        bool found;
        WH_TRY(wh_map_add(&s->paths, wh_slice_of(s->set->files[i].path), &number, &found, err));
    }
    WH_TRY(wh_pq_prune_init(&s->prune, req->prune, req->n_prune, s->context->budget, err));
    WH_TRY(wh_pq_stream_schema(s, req, err));
    if (req->snapshot != NULL)
        WH_TRY(check_snapshot(s, req->snapshot, err));
    return req->after == NULL ? WH_OK : resume_after(s, req->after, err);
}

enum wh_status wh_pq_open_stream(struct wh_stream **out, const struct wh_file_set *files,
                                 const struct wh_stream_request *req, struct wh_context *ctx,
                                 struct wh_error *err)
{
    struct wh_pq_stream *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->base.ops = &stream_ops;
    s->context = ctx;
    s->set = files;
    pthread_mutex_init(&s->lock, NULL);
    enum wh_status status = init_stream(s, req, err);
    if (status == WH_OK)
        *out = &s->base;
    else
        close_stream(&s->base);
    return status;
}
