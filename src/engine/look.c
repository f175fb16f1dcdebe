/* engine/look.c - see engine/look.h. */
#include "engine/look.h"

#include "base/mem.h"
#include "batch/schema.h"
#include "connector/stream.h"

static bool source_filters(const struct wh_look *l)
{
    return (l->source->type->source->flags(l->source) & WH_CAN_FILTER) != 0;
}

static const struct wh_schema *declared(const struct wh_look *l)
{
    const struct wh_schema *s = l->request.declared;
    return s != NULL && s->n_fields > 0 ? s : NULL;
}

static void close_stream(struct wh_look *l)
{
    if (l->stream != NULL)
        l->stream->ops->close(l->stream);
    l->stream = NULL;
}

static enum wh_status open_stream(struct wh_look *l, struct wh_error *err)
{
    const struct wh_look_request *r = &l->request;
    struct wh_stream_request req = {
        .name = r->name,
        .columns = (const char *const *)l->columns,
        .declared = declared(l),
        .known = l->known.n_fields > 0 ? &l->known : NULL,
        .where = source_filters(l) ? r->where : NULL,
        .config = r->config,
        .snapshot = r->snapshot,
    };
    if (l->prune != NULL)
        wh_filter_predicates(l->prune, &req.prune, &req.n_prune);
    close_stream(l);
    return l->source->type->source->open_stream(&l->stream, l->source, &req, err);
}

static enum wh_status find_columns(struct wh_look *l, struct wh_error *err)
{
    l->shape = (struct wh_shape){.select = l->request.select, .types = declared(l)};
    if (!source_filters(l))
        l->shape.where = l->request.where;
    if (l->shape.select == NULL && l->shape.where == NULL)
        return WH_OK;
    size_t n_selected = 0;
    WH_TRY(wh_shape_columns(&l->columns, &n_selected, &l->shape, &l->known, err));
    if (l->shape.where != NULL)
        WH_TRY(wh_filter_parse(&l->prune, l->shape.where, &l->known, err));
    l->selected = wh_alloc_array(n_selected + 1, sizeof *l->selected);
    if (l->selected == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n_selected; i++)
        l->selected[i] = l->columns[i];
    l->shape.select = l->selected;
    return WH_OK;
}

enum wh_status wh_look_open(struct wh_look *l, struct wh_source *src, const struct wh_look_request *req,
                            struct wh_error *err)
{
    *l = (struct wh_look){.request = *req, .source = src};
    if (req->known != NULL) {
        WH_TRY(wh_schema_copy(&l->known, req->known, err));
    } else { /* all columns first, for their types; then only those that are needed */
        WH_TRY(open_stream(l, err));
        WH_TRY(wh_schema_copy(&l->known, &l->stream->schema, err));
    }
    WH_TRY(find_columns(l, err));
    if (l->stream == NULL || l->columns != NULL)
        WH_TRY(open_stream(l, err));
    return wh_transform_init(&l->transform, &l->shape, &l->stream->schema, err);
}

static enum wh_status learn_types(struct wh_look *l, struct wh_error *err)
{
    for (size_t i = 0; i < l->stream->schema.n_fields; i++) {
        int64_t at = wh_schema_find(&l->known, l->stream->schema.fields[i].name);
        if (at < 0)
            continue;
        struct wh_field f = {0};
        WH_TRY(wh_field_copy(&f, &l->stream->schema.fields[i], err));
        wh_field_release(&l->known.fields[at]);
        l->known.fields[at] = f;
    }
    return WH_OK;
}

enum wh_status wh_look_widen(struct wh_look *l, struct wh_error *err)
{
    if (l->stream->ops->widen == NULL)
        return WH_OK;
    WH_TRY(l->stream->ops->widen(l->stream, err));
    WH_TRY(learn_types(l, err));
    wh_transform_release(&l->transform);
    return wh_transform_init(&l->transform, &l->shape, &l->stream->schema, err);
}

static enum wh_status choose_found(const struct wh_stream_info *infos, size_t n, char **name,
                                   struct wh_error *err)
{
    if (n == 1)
        return wh_strdup(name, infos[0].name, err);
    if (n == 0)
        return wh_fail(err, WH_CONFIG, "the source has no streams");
    wh_fail(err, WH_CONFIG, "the source has %zu streams: name one of them", n);
    return wh_hint(err, "write #%s behind the URI; `wherry discover` lists all", infos[0].name);
}

enum wh_status wh_look_choose(struct wh_ends *e, char **name, struct wh_error *err)
{
    const struct wh_source_ops *ops = e->source->type->source;
    const char *wanted = e->source_at.stream;
    const char *only = ops->only_stream == NULL ? NULL : ops->only_stream(e->source);
    *name = NULL;
    if (only != NULL)
        return wanted == NULL || strcmp(wanted, only) == 0
                   ? WH_OK
                   : wh_fail(err, WH_CONFIG, "the source has no stream \"%s\", only \"%s\"", wanted, only);
    if (wanted != NULL)
        return wh_strdup(name, wanted, err);
    struct wh_stream_info *infos = NULL;
    size_t n = 0;
    WH_TRY(ops->discover(e->source, &infos, &n, err));
    enum wh_status s = choose_found(infos, n, name, err);
    wh_stream_infos_free(infos, n);
    return s;
}

void wh_look_close(struct wh_look *l)
{
    close_stream(l);
    wh_transform_release(&l->transform);
    wh_schema_release(&l->known);
    wh_filter_free(l->prune);
    wh_strv_free(l->columns);
    free(l->selected);
    *l = (struct wh_look){0};
}
