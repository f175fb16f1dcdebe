/* connector/sqlite/stream.c - a table, view or query as a stream: types, chunks, snapshot, widening.
 *
 * A table with rowids is cut into ranges of rowids. Where most rowids of the table are in use, ranges of
 * equal width do: a range can never have more rows than it is wide. Elsewhere the end of each chunk is
 * found by walking over its rows. Everything else is one chunk.
 *
 * Position of a chunk: {"from":1,"to":1000}, or {"all":true}. */
#include <jansson.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/mem.h"
#include "connector/sqlite/source_int.h"

enum {
    MOST_SPARSE = 4, /* rowids for each used one, up to which chunks are cut by width */
    DEFAULT_CHUNK_BYTES = 8 << 20,
};

static struct wh_sqlite_stream *stream_of(struct wh_stream *s)
{
    return (struct wh_sqlite_stream *)s;
}

static void stream_close(struct wh_stream *base)
{
    struct wh_sqlite_stream *s = stream_of(base);
    if (s == NULL)
        return;
    wh_schema_release(&s->base.schema);
    wh_sqlite_relation_release(&s->relation);
    free(s->converters);
    free(s->declared);
    sqlite3_free(s->sql);
    sqlite3_free(s->sql_all);
    free(s);
}

/* ---- what is read ----------------------------------------------------------------------------- */

/* The stream's name when none is given: the only one there is. */
static enum wh_status only_name(char **out, struct wh_sqlite_db *db, struct wh_error *err)
{
    char **names = NULL;
    WH_TRY(wh_sqlite_list(db, &names, err));
    size_t n = wh_strv_len((const char *const *)names);
    enum wh_status s = WH_OK;
    if (n == 1) {
        s = wh_strdup(out, names[0], err);
    } else {
        wh_fail(err, WH_CONFIG, "could not choose a table of \"%s\": it has %zu tables and views", db->path,
                n);
        s = wh_hint(err, "name one behind the path: %s#TABLE", db->path);
    }
    wh_strv_free(names);
    return s;
}

/* Keeps only the wanted columns, in their order. */
static enum wh_status project(struct wh_sqlite_relation *r, const char *const *wanted, struct wh_error *err)
{
    size_t n = wh_strv_len(wanted);
    for (size_t i = 0; i < n; i++) {
        int64_t at = wh_sqlite_find_column(r, wanted[i]);
        if (at < (int64_t)i)
            return wh_fail(err, WH_CONFIG, "could not select column \"%s\" of \"%.100s\": %s", wanted[i],
                           r->name, at < 0 ? "there is none" : "it is named twice");
        struct wh_sqlite_column moved = r->columns[i];
        r->columns[i] = r->columns[at];
        r->columns[at] = moved;
    }
    while (n > 0 && r->n_columns > n) {
        r->n_columns--;
        free(r->columns[r->n_columns].name);
        free(r->columns[r->n_columns].declared);
    }
    return WH_OK;
}

/* Compiles the condition without brackets around it, so that it cannot close those that it gets later, and
 * without SQLite's habit to take a "name" that no column has for a text. */
static enum wh_status check_where(struct wh_sqlite_db *db, const char *from, const char *where,
                                  struct wh_error *err)
{
    sqlite3_stmt *probe WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    enum wh_status s = wh_sqlite_prepare(db, &probe, err, "SELECT 1 FROM %s WHERE %s", from, where);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 1, NULL);
    if (s == WH_OK && (sqlite3_bind_parameter_count(probe) != 0 || strchr(where, ';') != NULL))
        s = wh_fail(err, WH_CONFIG, "it must be one condition without parameters");
    return s == WH_OK ? s : wh_wrap(err, "could not use the condition \"%.100s\"", where);
}

/* The statements that read the stream. */
static enum wh_status make_sql(struct wh_sqlite_stream *s, struct wh_sqlite_db *db, const char *where,
                               struct wh_error *err)
{
    const struct wh_sqlite_relation *r = &s->relation;
    char *list WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_select_list(r);
    char *from WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_select_from(r);
    if (list == NULL || from == NULL)
        return wh_nomem(err);
    if (where != NULL)
        WH_TRY(check_where(db, from, where, err));
    bool ranges = wh_sqlite_has_ranges(s);
    s->sql_all = sqlite3_mprintf("SELECT %s FROM %s%s%s%s", list, from, where == NULL ? "" : " WHERE (",
                                 where == NULL ? "" : where, where == NULL ? "" : "\n)");
    /* NOT INDEXED: rows come in the order of rowids without being sorted. */
    s->sql =
        !ranges
            ? sqlite3_mprintf("%s", s->sql_all)
            : sqlite3_mprintf("SELECT %s FROM %s NOT INDEXED WHERE %s BETWEEN ?1 AND ?2%s%s%s ORDER BY %s",
                              list, from, r->rowid, where == NULL ? "" : " AND (", where == NULL ? "" : where,
                              where == NULL ? "" : "\n)", r->rowid);
    if (s->sql == NULL || s->sql_all == NULL)
        return wh_nomem(err);
    sqlite3_stmt *check WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    return wh_sqlite_prepare(db, &check, err, "%s", s->sql);
}

/* ---- types ------------------------------------------------------------------------------------ */

/* Gives column i a type, keeping its name and whether it can be null. */
static enum wh_status set_type(struct wh_sqlite_stream *s, const struct wh_field *type, size_t i,
                               struct wh_error *err)
{
    struct wh_field f, *field = &s->base.schema.fields[i];
    WH_TRY(wh_field_copy(&f, type, err));
    free(f.name);
    f.name = field->name;
    f.nullable = field->nullable;
    field->name = NULL;
    wh_field_release(field);
    *field = f;
    return WH_OK;
}

/* The user's types must be of columns that there are, be they read or not. */
static enum wh_status check_declared(const struct wh_sqlite_relation *r, const struct wh_schema *declared,
                                     struct wh_error *err)
{
    for (size_t k = 0; declared != NULL && k < declared->n_fields; k++)
        if (wh_sqlite_find_column(r, declared->fields[k].name) < 0)
            return wh_fail(err, WH_CONFIG,
                           "could not set the type of column \"%s\": \"%.100s\" has no such column",
                           declared->fields[k].name, r->name);
    return WH_OK;
}

static enum wh_status declare(struct wh_sqlite_stream *s, const struct wh_schema *declared,
                              struct wh_error *err)
{
    for (size_t k = 0; declared != NULL && k < declared->n_fields; k++) {
        int64_t i = wh_sqlite_find_column(&s->relation, declared->fields[k].name);
        if (i < 0)
            continue;
        WH_TRY(set_type(s, &declared->fields[k], (size_t)i, err));
        s->declared[i] = true;
    }
    return WH_OK;
}

/* Takes types that were found before, if they are there for all columns. */
static enum wh_status take_known(struct wh_sqlite_stream *s, const struct wh_schema *known, bool *all,
                                 struct wh_error *err)
{
    *all = known != NULL;
    for (size_t i = 0; *all && i < s->relation.n_columns; i++)
        *all = wh_schema_find(known, s->relation.columns[i].name) >= 0;
    for (size_t i = 0; *all && i < s->relation.n_columns; i++) {
        const struct wh_field *f = &known->fields[wh_schema_find(known, s->relation.columns[i].name)];
        s->base.schema.fields[i].nullable = f->nullable;
        WH_TRY(set_type(s, f, i, err));
    }
    return WH_OK;
}

static enum wh_status init_schema(struct wh_sqlite_stream *s, struct wh_error *err)
{
    size_t n = s->relation.n_columns;
    s->converters = wh_alloc_array(n, sizeof *s->converters);
    s->declared = wh_alloc_array(n, sizeof *s->declared);
    if (s->converters == NULL || s->declared == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++) {
        struct wh_field f;
        WH_TRY(wh_field_init(&f, s->relation.columns[i].name, WH_UTF8, err));
        f.nullable = !s->relation.columns[i].not_null;
        WH_TRY(wh_schema_add(&s->base.schema, &f, err));
    }
    return WH_OK;
}

static void init_converters(struct wh_sqlite_stream *s, const struct wh_sqlite_profile *p)
{
    for (size_t i = 0; i < s->relation.n_columns; i++) {
        bool native = p != NULL && !s->declared[i] && wh_sqlite_profile_type(p, i)->native;
        wh_sqlite_converter_init(&s->converters[i], &s->base.schema.fields[i], native, s->declared[i]);
    }
}

/* Takes the types that the profile found; says which ones differ when `why` is set. */
static enum wh_status take_types(struct wh_sqlite_stream *s, const struct wh_sqlite_profile *p, bool why,
                                 struct wh_error *err)
{
    struct wh_context *ctx = s->source->base.context;
    for (size_t i = 0; i < s->relation.n_columns; i++) {
        struct wh_field *f = &s->base.schema.fields[i];
        if (p->columns[i].has_null)
            f->nullable = true;
        if (s->declared[i])
            continue;
        const struct wh_sqlite_candidate *type = wh_sqlite_profile_type(p, i);
        char was[64], is[64];
        wh_type_format(f, was, sizeof was);
        WH_TRY(wh_sqlite_set_type(f, type, err));
        wh_type_format(f, is, sizeof is);
        if (why && strcmp(was, is) != 0)
            ctx->note(ctx, "column \"%s\" of \"%.100s\" is %s instead of %s because of row %lld", f->name,
                      s->relation.name, is, was, (long long)wh_sqlite_profile_why(p, i));
    }
    init_converters(s, p);
    return WH_OK;
}

/* ---- the snapshot as text --------------------------------------------------------------------- */

/* {"state":"file:..","columns":[{"type":"int64","nullable":true},..]} */
static enum wh_status stream_snapshot(struct wh_stream *base, char **out, struct wh_error *err)
{
    struct wh_sqlite_stream *s = stream_of(base);
    json_t *columns = json_array();
    for (size_t i = 0; i < s->base.schema.n_fields; i++) {
        char type[4096];
        wh_type_format(&s->base.schema.fields[i], type, sizeof type);
        json_array_append_new(
            columns, json_pack("{s:s,s:b}", "type", type, "nullable", s->base.schema.fields[i].nullable));
    }
    json_t *doc = json_pack("{s:s,s:o}", "state", s->source->pool.identity, "columns", columns);
    char *text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    if (text == NULL)
        return wh_nomem(err);
    *out = text;
    return WH_OK;
}

static enum wh_status restore_column(struct wh_sqlite_stream *s, size_t i, const json_t *column,
                                     struct wh_error *err)
{
    struct wh_field *f = &s->base.schema.fields[i], type = {0};
    const char *text = json_string_value(json_object_get(column, "type"));
    if (text == NULL || wh_type_parse(&type, text, err) != WH_OK)
        return wh_fail(err, WH_STATE, "could not resume: the kept type of column \"%s\" is not readable",
                       f->name);
    f->nullable = json_is_true(json_object_get(column, "nullable"));
    enum wh_status st = set_type(s, &type, i, err);
    wh_field_release(&type);
    return st;
}

/* Types as they were when the run began, if the database still is in that state. */
static enum wh_status restore(struct wh_sqlite_stream *s, const char *snapshot, struct wh_error *err)
{
    json_t *doc;
    WH_TRY(wh_json_load(&doc, snapshot, err));
    const char *state = json_string_value(json_object_get(doc, "state"));
    const json_t *columns = json_object_get(doc, "columns");
    enum wh_status st = WH_OK;
    if (state == NULL || json_array_size(columns) != s->base.schema.n_fields)
        st = wh_fail(err, WH_STATE,
                     "could not resume reading \"%.100s\": the kept snapshot is of something else",
                     s->relation.name);
    else if (strcmp(state, s->source->pool.identity) != 0)
        st = wh_fail(err, WH_STATE,
                     "could not resume reading \"%s\": the database has changed since the run began",
                     s->source->pool.planner.path);
    for (size_t i = 0; st == WH_OK && i < json_array_size(columns); i++)
        st = restore_column(s, i, json_array_get(columns, i), err);
    json_decref(doc);
    return st;
}

/* ---- chunks ----------------------------------------------------------------------------------- */

static void plan_chunks(struct wh_sqlite_stream *s)
{
    const struct wh_sqlite_extent *e = &s->extent;
    int64_t chunk_bytes = s->source->base.context->chunk_bytes;
    s->chunk_rows = WH_MAX((chunk_bytes > 0 ? chunk_bytes : DEFAULT_CHUNK_BYTES) / e->row_bytes, 1);
    s->next = e->first;
    s->ended = wh_sqlite_has_ranges(s) && e->first > e->last;
    double rowids_a_row = ((double)e->last - (double)e->first + 1) / (double)WH_MAX(e->rows, 1);
    if (wh_sqlite_has_ranges(s) && rowids_a_row <= MOST_SPARSE)
        s->chunk_width = (int64_t)((double)s->chunk_rows * WH_MAX(rowids_a_row, 1));
    else
        s->chunk_width = 0;
}

/* The rowid that a chunk from s->next on ends with. */
static enum wh_status chunk_end(struct wh_sqlite_stream *s, int64_t *to, struct wh_error *err)
{
    const struct wh_sqlite_relation *r = &s->relation;
    *to = s->extent.last;
    if (s->chunk_width > 0) {
        int64_t end;
        if (wh_add(s->next, s->chunk_width - 1, &end))
            *to = WH_MIN(end, s->extent.last);
        return WH_OK;
    }
    struct wh_sqlite_pool *pool = &s->source->pool;
    pthread_mutex_lock(&pool->planner_lock);
    enum wh_status st = wh_sqlite_number(&pool->planner, to, err,
                                         "SELECT %s FROM main.\"%w\" NOT INDEXED WHERE %s >= %lld"
                                         " ORDER BY %s LIMIT 1 OFFSET %lld",
                                         r->rowid, r->name, r->rowid, (long long)s->next, r->rowid,
                                         (long long)s->chunk_rows - 1);
    pthread_mutex_unlock(&pool->planner_lock);
    return st;
}

static enum wh_status stream_next_chunk(struct wh_stream *base, struct wh_chunk *out, struct wh_error *err)
{
    struct wh_sqlite_stream *s = stream_of(base);
    if (s->ended)
        return WH_END;
    struct wh_buffer text = {0};
    int64_t to = 0;
    if (wh_sqlite_has_ranges(s)) {
        WH_TRY(chunk_end(s, &to, err));
        WH_TRY(
            wh_buffer_printf(&text, err, "{\"from\":%lld,\"to\":%lld}", (long long)s->next, (long long)to));
    } else {
        WH_TRY(wh_buffer_append_text(&text, "{\"all\":true}", err));
    }
    WH_TRY(wh_buffer_take_text(&out->position, &text, err));
    int64_t rows = WH_MAX(s->extent.rows, 0);
    if (wh_sqlite_has_ranges(s)) {
        double share =
            ((double)to - (double)s->next + 1) / ((double)s->extent.last - (double)s->extent.first + 1);
        rows = s->chunk_width > 0 ? (int64_t)((double)rows * share) : WH_MIN(rows, s->chunk_rows);
    }
    out->bytes = (uint64_t)rows * (uint64_t)s->extent.row_bytes;
    s->ended = !wh_sqlite_has_ranges(s) || to >= s->extent.last;
    s->next = s->ended ? s->next : to + 1;
    return WH_OK;
}

/* Goes on behind the chunk of a position. */
static enum wh_status go_behind(struct wh_sqlite_stream *s, const char *position, struct wh_error *err)
{
    json_int_t from, to;
    json_t *doc;
    WH_TRY(wh_json_load(&doc, position, err));
    bool is_range = json_unpack(doc, "{s:I,s:I}", "from", &from, "to", &to) == 0;
    bool is_all = json_is_true(json_object_get(doc, "all"));
    json_decref(doc);
    if (is_range ? !wh_sqlite_has_ranges(s) : !is_all || wh_sqlite_has_ranges(s))
        return wh_fail(err, WH_STATE,
                       "could not resume reading \"%.100s\": position %.100s is of something else",
                       s->relation.name, position);
    s->ended = is_all || to >= s->extent.last;
    if (!s->ended)
        s->next = to + 1;
    return WH_OK;
}

/* ---- widening --------------------------------------------------------------------------------- */

static enum wh_status stream_widen(struct wh_stream *base, struct wh_error *err)
{
    struct wh_sqlite_stream *s = stream_of(base);
    struct wh_sqlite_pool *pool = &s->source->pool;
    struct wh_sqlite_profile p;
    WH_TRY(wh_sqlite_profile_init(&p, &s->relation, err));
    pthread_mutex_lock(&pool->planner_lock);
    enum wh_status st = wh_sqlite_scan(&p, &pool->planner, s->sql_all, err);
    pthread_mutex_unlock(&pool->planner_lock);
    if (st == WH_OK)
        st = take_types(s, &p, true, err);
    wh_sqlite_profile_release(&p);
    plan_chunks(s);
    return st;
}

/* All rows came from one snapshot, which nothing can change. */
static enum wh_status stream_finish(struct wh_stream *base, struct wh_error *err)
{
    (void)base;
    (void)err;
    return WH_OK;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static const struct wh_stream_ops stream_ops = {
    .snapshot = stream_snapshot,
    .next_chunk = stream_next_chunk,
    .open_chunk = wh_sqlite_open_chunk,
    .read = wh_sqlite_read,
    .close_reader = wh_sqlite_close_reader,
    .widen = stream_widen,
    .finish = stream_finish,
    .close = stream_close,
};

/* Types and extent, from the rows; types also from what is known of them. */
static enum wh_status look(struct wh_sqlite_stream *s, const struct wh_stream_request *req,
                           struct wh_error *err)
{
    struct wh_sqlite_profile p;
    bool is_known = req->snapshot != NULL;
    WH_TRY(wh_sqlite_profile_init(&p, &s->relation, err));
    enum wh_status st = wh_sqlite_sample(&p, &s->extent, &s->source->pool.planner, &s->relation, err);
    if (st == WH_OK)
        st = is_known ? restore(s, req->snapshot, err) : take_known(s, req->known, &is_known, err);
    if (st == WH_OK)
        st = declare(s, req->declared, err);
    if (st == WH_OK && !is_known)
        st = take_types(s, &p, false, err);
    else if (st == WH_OK)
        init_converters(s, NULL);
    wh_sqlite_profile_release(&p);
    return st;
}

static enum wh_status open_stream(struct wh_sqlite_stream *s, const struct wh_stream_request *req,
                                  struct wh_error *err)
{
    struct wh_sqlite_source *src = s->source;
    struct wh_sqlite_db *db = &src->pool.planner;
    size_t jobs = (size_t)WH_MAX(src->base.context->jobs, 1);
    char *name WH_CLEANUP(wh_freep) = NULL;
    WH_TRY(wh_sqlite_pool_begin(&src->pool, &src->open, jobs, err));
    WH_TRY(req->name == NULL ? only_name(&name, db, err) : wh_strdup(&name, req->name, err));
    WH_TRY(wh_sqlite_describe(&s->relation, db, name, err));
    WH_TRY(check_declared(&s->relation, req->declared, err));
    WH_TRY(project(&s->relation, req->columns, err));
    WH_TRY(make_sql(s, db, req->where, err));
    WH_TRY(init_schema(s, err));
    WH_TRY(look(s, req, err));
    s->base.rows = req->where == NULL ? s->extent.rows : -1;
    s->base.bytes = s->extent.rows < 0 ? -1 : s->extent.rows * s->extent.row_bytes;
    plan_chunks(s);
    return req->after == NULL ? WH_OK : go_behind(s, req->after, err);
}

enum wh_status wh_sqlite_open_stream(struct wh_stream **out, struct wh_source *src,
                                     const struct wh_stream_request *req, struct wh_error *err)
{
    struct wh_sqlite_stream *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->base.ops = &stream_ops;
    s->source = (struct wh_sqlite_source *)src;
    pthread_mutex_lock(&s->source->pool.planner_lock);
    enum wh_status st = open_stream(s, req, err);
    pthread_mutex_unlock(&s->source->pool.planner_lock);
    if (st != WH_OK) {
        stream_close(&s->base);
        return st;
    }
    *out = &s->base;
    return WH_OK;
}
