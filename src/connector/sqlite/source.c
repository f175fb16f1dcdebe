/* connector/sqlite/source.c - a database as a source: opening it, and what streams it has. */
#include "base/mem.h"
#include "base/time.h"
#include "connector/sqlite.h"
#include "connector/sqlite/source_int.h"
#include "connector/stream.h"

enum {
    CACHE_KIB = 1024,           /* of each connection; a scan needs little */
    VIEW_LOOK_US = 2 * 1000000, /* how long discover waits for the rows of one view */
};

static void source_close(struct wh_source *base)
{
    struct wh_sqlite_source *src = (struct wh_sqlite_source *)base;
    if (src == NULL)
        return;
    wh_sqlite_pool_close(&src->pool);
    free(src);
}

static enum wh_status source_open(struct wh_source **out, const char *location, const struct wh_config *cfg,
                                  struct wh_context *ctx, struct wh_error *err)
{
    struct wh_sqlite_source *src = wh_alloc(sizeof *src);
    if (src == NULL)
        return wh_nomem(err);
    src->base.type = &wh_connector_sqlite;
    src->base.context = ctx;
    src->open = (struct wh_sqlite_open){.path = location,
                                        .context = ctx,
                                        .timeout_ms = wh_config_int(cfg, "sqlite-busy-timeout"),
                                        .flags = SQLITE_OPEN_READONLY,
                                        .cache_kib = CACHE_KIB};
    enum wh_status s = wh_sqlite_pool_open(&src->pool, &src->open, err);
    if (s != WH_OK) {
        free(src);
        return s;
    }
    src->open.path = src->pool.planner.path;
    *out = &src->base;
    return WH_OK;
}

static unsigned source_flags(const struct wh_source *src)
{
    (void)src;
    return WH_CAN_FILTER;
}

/* ---- discover --------------------------------------------------------------------------------- */

static enum wh_status add_field(struct wh_stream_info *info, const struct wh_sqlite_relation *r, size_t i,
                                const struct wh_sqlite_candidate *type, struct wh_error *err)
{
    struct wh_field f;
    WH_TRY(wh_field_init(&f, r->columns[i].name, WH_UTF8, err));
    f.nullable = !r->columns[i].not_null;
    enum wh_status s = wh_sqlite_set_type(&f, type, err);
    if (s != WH_OK) {
        wh_field_release(&f);
        return s;
    }
    return wh_schema_add(&info->schema, &f, err);
}

/* Looks at rows, but no longer at those of a view than VIEW_LOOK_US. */
static enum wh_status look(struct wh_sqlite_profile *p, struct wh_sqlite_extent *extent,
                           struct wh_sqlite_db *db, const struct wh_sqlite_relation *r, struct wh_error *err)
{
    if (r->kind != WH_SQLITE_TABLE)
        db->deadline_us = wh_monotonic_us() + VIEW_LOOK_US;
    enum wh_status s = wh_sqlite_sample(p, extent, db, r, err);
    bool late = db->deadline_us != 0 && wh_monotonic_us() > db->deadline_us;
    db->deadline_us = 0;
    return s == WH_CANCELLED && late ? WH_OK : s;
}

static enum wh_status fill_info(struct wh_stream_info *info, struct wh_sqlite_db *db,
                                const struct wh_sqlite_relation *r, struct wh_error *err)
{
    struct wh_sqlite_profile p;
    struct wh_sqlite_extent extent = {.rows = -1};
    WH_TRY(wh_sqlite_profile_init(&p, r, err));
    enum wh_status s = look(&p, &extent, db, r, err);
    for (size_t i = 0; s == WH_OK && i < r->n_columns; i++)
        s = add_field(info, r, i, wh_sqlite_profile_type(&p, i), err);
    wh_sqlite_profile_release(&p);
    info->rows = extent.rows;
    info->bytes = extent.rows < 0 ? -1 : extent.rows * extent.row_bytes;
    if (s == WH_OK)
        s = wh_strdup(&info->name, r->name, err);
    if (s == WH_OK)
        s = wh_sqlite_primary_key(&info->primary_key, r, err);
    if (s == WH_OK)
        s = wh_sqlite_indexes(&info->indexes, &info->n_indexes, db, r, err);
    return s;
}

static enum wh_status discover_one(struct wh_stream_info *info, struct wh_sqlite_source *src,
                                   const char *name, struct wh_error *err)
{
    struct wh_sqlite_relation r;
    WH_TRY(wh_sqlite_describe(&r, &src->pool.planner, name, err));
    enum wh_status s = fill_info(info, &src->pool.planner, &r, err);
    wh_sqlite_relation_release(&r);
    if (s != WH_OK)
        wh_stream_info_release(info);
    return s;
}

/* A view that does not work (a table of it is gone) is left out with a note. */
static enum wh_status discover_all(struct wh_stream_info *list, size_t *n, struct wh_sqlite_source *src,
                                   char **names, struct wh_error *err)
{
    struct wh_context *ctx = src->base.context;
    for (size_t i = 0; names[i] != NULL; i++) {
        enum wh_status s = discover_one(&list[*n], src, names[i], err);
        if (s == WH_OK)
            (*n)++;
        else if (s == WH_CONFIG)
            ctx->note(ctx, "\"%s\" is left out: %s", names[i], err->msg);
        else
            return s;
    }
    *err = (struct wh_error){0};
    return WH_OK;
}

static enum wh_status source_discover(struct wh_source *base, struct wh_stream_info **out, size_t *n,
                                      struct wh_error *err)
{
    struct wh_sqlite_source *src = (struct wh_sqlite_source *)base;
    struct wh_stream_info *list = NULL;
    char **names = NULL;
    size_t found = 0;
    pthread_mutex_lock(&src->pool.planner_lock);
    enum wh_status s = wh_sqlite_list(&src->pool.planner, &names, err);
    if (s == WH_OK) {
        list = wh_alloc_array(wh_strv_len((const char *const *)names), sizeof *list);
        s = list == NULL ? wh_nomem(err) : discover_all(list, &found, src, names, err);
    }
    pthread_mutex_unlock(&src->pool.planner_lock);
    wh_strv_free(names);
    if (s != WH_OK) {
        wh_stream_infos_free(list, found);
        return s;
    }
    *out = list;
    *n = found;
    return WH_OK;
}

const struct wh_source_ops wh_sqlite_source_ops = {
    .open = source_open,
    .discover = source_discover,
    .open_stream = wh_sqlite_open_stream,
    .flags = source_flags,
    .close = source_close,
};
