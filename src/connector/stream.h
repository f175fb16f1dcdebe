/* connector/stream.h - life of what discover gives; for connectors and whoever calls them.
 *
 * Inline, because every connector is a library of its own and none links another. */
#pragma once
#include "base/mem.h"
#include "batch/schema.h"
#include "wherry/connector.h"

static inline void wh_index_release(struct wh_index *index)
{
    free(index->name);
    wh_strv_free(index->columns);
    *index = (struct wh_index){0};
}

static inline enum wh_status wh_index_copy(struct wh_index *out, const struct wh_index *index,
                                           struct wh_error *err)
{
    struct wh_index made = {.unique = index->unique};
    enum wh_status s = wh_strdup(&made.name, index->name, err);
    if (s == WH_OK)
        s = wh_strv_dup(&made.columns, (const char *const *)index->columns, err);
    if (s != WH_OK)
        wh_index_release(&made);
    else
        *out = made;
    return s;
}

/* Accepts an all-zero or half-built info. */
static inline void wh_stream_info_release(struct wh_stream_info *info)
{
    for (size_t i = 0; i < info->n_indexes; i++)
        wh_index_release(&info->indexes[i]);
    free(info->indexes);
    wh_strv_free(info->primary_key);
    wh_schema_release(&info->schema);
    free(info->name);
    *info = (struct wh_stream_info){0};
}

/* Releases all infos and frees the array. */
static inline void wh_stream_infos_free(struct wh_stream_info *infos, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wh_stream_info_release(&infos[i]);
    free(infos);
}
