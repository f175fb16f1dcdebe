/* engine/spec.c - see engine/spec.h. */
#include "engine/spec.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "batch/text.h"

#define SPEC_VERSION 1

const struct wh_job_spec wh_job_spec_default = {
    .mode = WH_REPLACE,
    .max_rejects = "0",
    .checkpoint_ms = 5000,
};

const char *const wh_write_mode_names[] = {
    [WH_REPLACE] = "replace", [WH_TRUNCATE] = "truncate", [WH_APPEND] = "append", [WH_MERGE] = "merge", NULL};

static json_t *list_json(const char *const *list)
{
    json_t *a = list == NULL ? json_null() : json_array();
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        json_array_append_new(a, json_string(list[i]));
    return a;
}

/* JSON holds UTF-8 only. */
static enum wh_status check_text(const char *text, struct wh_error *err)
{
    if (text == NULL || wh_utf8_valid(wh_slice_of(text)))
        return WH_OK;
    return wh_fail(err, WH_CONFIG, "\"%s\" is not valid UTF-8", text);
}

static enum wh_status check_texts(const struct wh_job_spec *spec, const char *folder, struct wh_error *err)
{
    const char *const texts[] = {folder,
                                 spec->source,
                                 spec->destination,
                                 spec->source_stream,
                                 spec->where,
                                 spec->destination_stream,
                                 spec->columns};
    const char *const *const lists[] = {spec->primary_key, spec->select, spec->source_options,
                                        spec->destination_options};
    for (size_t i = 0; i < WH_COUNT(texts); i++)
        WH_TRY(check_text(texts[i], err));
    for (size_t i = 0; i < WH_COUNT(lists); i++)
        for (size_t k = 0; lists[i] != NULL && lists[i][k] != NULL; k++)
            WH_TRY(check_text(lists[i][k], err));
    return WH_OK;
}

static enum wh_status spec_text(char **out, const struct wh_job_spec *spec, const char *folder,
                                struct wh_error *err)
{
    WH_TRY(check_texts(spec, folder, err));
    json_t *j = json_pack(
        "{s:i, s:s, s:s, s:s, s:s?, s:s?, s:s, s:o, s:s?, s:o, s:s?, s:I, s:s, s:o, s:o}", "version",
        SPEC_VERSION, "folder", folder, "source", spec->source, "destination", spec->destination,
        "source_stream", spec->source_stream, "destination_stream", spec->destination_stream, "mode",
        wh_write_mode_names[spec->mode], "primary_key", list_json(spec->primary_key), "where", spec->where,
        "select", list_json(spec->select), "columns", spec->columns, "limit", (json_int_t)spec->limit_rows,
        "max_rejects", spec->max_rejects, "source_options", list_json(spec->source_options),
        "destination_options", list_json(spec->destination_options));
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    if (text == NULL)
        return wh_nomem(err);
    *out = text;
    return WH_OK;
}

enum wh_status wh_job_spec_text(char **out, const struct wh_job_spec *spec, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *folder = getcwd(NULL, 0);
    if (folder == NULL)
        return wh_fail_errno(err, errno, "could not find the working folder");
    return spec_text(out, spec, folder, err);
}

static enum wh_status load_list(struct wh_saved_spec *s, size_t slot, const json_t *j,
                                const char *const **out, struct wh_error *err)
{
    *out = NULL;
    if (!json_is_array(j))
        return WH_OK;
    s->lists[slot] = wh_alloc_array(json_array_size(j) + 1, sizeof *s->lists[slot]);
    if (s->lists[slot] == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < json_array_size(j); i++) {
        const char *text = json_string_value(json_array_get(j, i));
        if (text == NULL)
            return wh_fail(err, WH_STATE, "damaged specification of a run");
        WH_TRY(wh_strdup(&s->lists[slot][i], text, err));
    }
    *out = (const char *const *)s->lists[slot];
    return WH_OK;
}

static enum wh_status load(struct wh_saved_spec *s, struct wh_error *err)
{
    const json_t *j = s->document;
    struct wh_job_spec *spec = &s->spec;
    if (json_integer_value(json_object_get(j, "version")) != SPEC_VERSION)
        return wh_fail(err, WH_STATE, "the run was started by another version of wherry");
    const struct {
        const char *name, **to;
    } texts[] = {{"source", &spec->source},
                 {"destination", &spec->destination},
                 {"source_stream", &spec->source_stream},
                 {"destination_stream", &spec->destination_stream},
                 {"where", &spec->where},
                 {"columns", &spec->columns},
                 {"max_rejects", &spec->max_rejects}};
    for (size_t i = 0; i < WH_COUNT(texts); i++)
        *texts[i].to = json_string_value(json_object_get(j, texts[i].name));
    const char *mode = json_string_value(json_object_get(j, "mode"));
    for (size_t i = 0; mode != NULL && wh_write_mode_names[i] != NULL; i++)
        if (strcmp(mode, wh_write_mode_names[i]) == 0)
            spec->mode = (enum wh_write_mode)i;
    spec->limit_rows = json_integer_value(json_object_get(j, "limit"));
    WH_TRY(load_list(s, 0, json_object_get(j, "primary_key"), &spec->primary_key, err));
    WH_TRY(load_list(s, 1, json_object_get(j, "select"), &spec->select, err));
    WH_TRY(load_list(s, 2, json_object_get(j, "source_options"), &spec->source_options, err));
    WH_TRY(load_list(s, 3, json_object_get(j, "destination_options"), &spec->destination_options, err));
    return spec->source != NULL && spec->destination != NULL && spec->max_rejects != NULL
               ? WH_OK
               : wh_fail(err, WH_STATE, "damaged specification of a run");
}

enum wh_status wh_job_spec_load(struct wh_saved_spec *out, const char *text, struct wh_error *err)
{
    struct wh_saved_spec s = {.spec = wh_job_spec_default};
    json_t *document;
    WH_TRY(wh_json_load(&document, text, err));
    s.document = document;
    enum wh_status st =
        s.document == NULL ? wh_fail(err, WH_STATE, "damaged specification of a run") : load(&s, err);
    if (st != WH_OK) {
        wh_saved_spec_release(&s);
        return st;
    }
    *out = s;
    return WH_OK;
}

void wh_saved_spec_release(struct wh_saved_spec *s)
{
    json_decref(s->document);
    for (size_t i = 0; i < WH_COUNT(s->lists); i++)
        wh_strv_free(s->lists[i]);
    *s = (struct wh_saved_spec){0};
}

const char *wh_saved_spec_folder(const struct wh_saved_spec *s)
{
    return json_string_value(json_object_get(s->document, "folder"));
}
