/* format/parquet/read.c - Parquet files as a stream: opening, positions; see read.h. */
#include "format/parquet/read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "batch/text.h"
#include "format/parquet/read_int.h"

const struct wh_option wh_parquet_read_options[] = {
    {.name = "parquet-checksum",
     .type = WH_OPT_ENUM,
     .fallback = "verify",
     .values = "verify|ignore",
     .help = "Whether checksums of Parquet pages, where a file has them, are "
             "verified"},
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
    json_t *object;
    WH_TRY(wh_json_load(&object, text, err));
    const char *path = json_string_value(json_object_get(object, "file"));
    int64_t group, n_groups;
    bool ok = path != NULL && get_count(object, "row_group", 0, &group) &&
              get_count(object, "row_groups", 1, &n_groups) && get_count(object, "first", 0, &out->first) &&
              get_count(object, "rows", 0, &out->rows) && out->rows <= INT64_MAX - out->first;
    int64_t file = ok ? wh_map_find(&s->paths, wh_slice_of(path)) : -1;
    json_decref(object);
    if (!ok || file < 0)
        return wrong_position(text, err);
    out->file = (size_t)file;
    out->group = (size_t)group;
    out->n_groups = (size_t)n_groups;
    return WH_OK;
}

/* Paths go into JSON, which is UTF-8. */
static enum wh_status check_path(const char *path, struct wh_error *err)
{
    if (wh_utf8_valid(wh_slice_of(path)))
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not read \"%s\": its path is not valid UTF-8", path);
    return wh_hint(err, "rename the file");
}

static enum wh_status put_position(struct wh_buffer *out, const struct wh_pq_stream *s,
                                   const struct wh_pq_position *at, struct wh_error *err)
{
    const struct wh_pq_row_group *g = &s->planned->file->meta.groups[at->group];
    uint64_t offset = g->n_chunks == 0 ? 0 : wh_pq_chunk_start(&g->chunks[0]);
    WH_TRY(wh_buffer_append_text(out, "{\"file\":", err));
    WH_TRY(wh_json_string(out, wh_slice_of(s->set->files[at->file].path), err));
    WH_TRY(wh_buffer_printf(out, err, ",\"row_group\":%zu,\"row_groups\":%zu", at->group, at->n_groups));
    return wh_buffer_printf(out, err, ",\"first\":%" PRId64 ",\"rows\":%" PRId64 ",\"offset\":%" PRIu64 "}",
                            at->first, at->rows, offset);
}

static enum wh_status format_position(char **out, const struct wh_pq_stream *s,
                                      const struct wh_pq_position *at, struct wh_error *err)
{
    struct wh_buffer text = {0};
    enum wh_status status = put_position(&text, s, at, err);
    if (status == WH_OK)
        status = wh_buffer_take_text(out, &text, err);
    wh_buffer_release(&text);
    return status;
}

/* ---- chunks ------------------------------------------------------------------------------------------ */

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
        WH_TRY(wh_pq_plan_chunk(s, &at, &bytes, err));
        if (at.n_groups > 0) {
            WH_TRY(format_position(&out->position, s, &at, err));
            out->bytes = bytes;
            return WH_OK;
        }
        wh_pq_give_back(s, WH_TAKE(s->planned));
        s->next_file++;
        s->next_group = 0;
        s->next_row = 0;
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

static enum wh_status put_file(struct wh_buffer *out, const struct wh_file *f, struct wh_error *err)
{
    WH_TRY(wh_buffer_append_text(out, "{\"path\":", err));
    WH_TRY(wh_json_string(out, wh_slice_of(f->path), err));
    return wh_buffer_printf(out, err, ",\"size\":%" PRIu64 ",\"mtime_ns\":%" PRId64 ",\"inode\":%" PRIu64 "}",
                            f->size, f->mtime_ns, f->inode);
}

static enum wh_status put_files(struct wh_buffer *out, const struct wh_file_set *set, struct wh_error *err)
{
    WH_TRY(wh_buffer_append_text(out, "{\"files\":[", err));
    for (size_t i = 0; i < set->n_files; i++) {
        WH_TRY(wh_buffer_append_text(out, i == 0 ? "" : ",", err));
        WH_TRY(put_file(out, &set->files[i], err));
    }
    return wh_buffer_append_text(out, "]}", err);
}

static enum wh_status snapshot(struct wh_stream *base, char **json, struct wh_error *err)
{
    const struct wh_pq_stream *s = (const struct wh_pq_stream *)base;
    struct wh_buffer text = {0};
    enum wh_status status = put_files(&text, s->set, err);
    if (status == WH_OK)
        status = wh_buffer_take_text(json, &text, err);
    wh_buffer_release(&text);
    return status;
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
    wh_pq_close_idle(s);
    for (size_t i = 0; s->opened != NULL && i < s->set->n_files; i++)
        free_opened(s->opened[i]);
    free(s->opened);
    wh_pq_prune_release(&s->prune);
    wh_map_release(&s->paths);
    wh_schema_release(&s->base.schema);
    wh_pq_page_index_release(&s->cut.borders);
    wh_pq_bodies_release(&s->bodies);
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
    s->next_group = at.group + at.n_groups - 1;
    s->next_row = at.n_groups == 1 ? at.first + at.rows : INT64_MAX; /* of several: all their rows */
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
        WH_TRY(check_path(s->set->files[i].path, err));
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
    wh_pq_bodies_init(&s->bodies);
    enum wh_status status = init_stream(s, req, err);
    if (status == WH_OK)
        *out = &s->base;
    else
        close_stream(&s->base);
    return status;
}
