/* engine/schema_json.c - see engine/schema_json.h. */
#include "engine/schema_json.h"

#include "base/json.h"
#include "base/mem.h"
#include "batch/schema.h"
#include "batch/text.h"

#define FIRST_TEXT_BYTES ((size_t)256) /* of a type; nested ones spell out all their members */

/* The type's name, however long; owned, NULL without memory. */
static char *type_text(const struct wh_field *f)
{
    char *text = NULL;
    for (size_t size = FIRST_TEXT_BYTES;; size *= 2) {
        char *more = realloc(text, size);
        if (more == NULL) {
            free(text);
            return NULL;
        }
        text = more;
        wh_type_format(f, text, size);
        if (strlen(text) + 1 < size) /* else it may be cut */
            return text;
    }
}

static json_t *field_to_json(const struct wh_field *f)
{
    char *type = type_text(f);
    json_t *j = type == NULL ? NULL
                             : json_pack("{s:s, s:s, s:b}", "name", f->name, "type", type, "nullable",
                                         (int)f->nullable);
    free(type);
    return j;
}

json_t *wh_schema_to_json(const struct wh_schema *s)
{
    json_t *a = json_array();
    for (size_t i = 0; a != NULL && i < s->n_fields; i++)
        json_array_append_new(a, field_to_json(&s->fields[i]));
    if (a != NULL && json_array_size(a) != s->n_fields) {
        json_decref(a);
        return NULL;
    }
    return a;
}

enum wh_status wh_schema_text(char **out, const struct wh_schema *s, struct wh_error *err)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (!wh_utf8_valid(wh_slice_of(s->fields[i].name)))
            return wh_fail(err, WH_DATA, "the name of column %zu is not valid UTF-8", i + 1);
    json_t *a = wh_schema_to_json(s);
    *out = a == NULL ? NULL : json_dumps(a, JSON_COMPACT);
    json_decref(a);
    return *out == NULL ? wh_nomem(err) : WH_OK;
}

static enum wh_status add_field(struct wh_schema *out, const json_t *item, struct wh_error *err)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *type = json_string_value(json_object_get(item, "type"));
    if (name == NULL || type == NULL)
        return wh_fail(err, WH_STATE, "damaged schema in the store");
    struct wh_field f = {0};
    WH_TRY(wh_field_init(&f, name, WH_NULL, err));
    enum wh_status s = wh_type_parse(&f, type, err);
    f.nullable = json_is_true(json_object_get(item, "nullable"));
    if (s != WH_OK) {
        wh_field_release(&f);
        return s;
    }
    return wh_schema_add(out, &f, err);
}

enum wh_status wh_schema_from_text(struct wh_schema *out, const char *text, struct wh_error *err)
{
    json_t *a;
    WH_TRY(wh_json_load(&a, text, err));
    struct wh_schema made = {0};
    enum wh_status s = json_is_array(a) ? WH_OK : wh_fail(err, WH_STATE, "damaged schema in the store");
    for (size_t i = 0; s == WH_OK && i < json_array_size(a); i++)
        s = add_field(&made, json_array_get(a, i), err);
    json_decref(a);
    if (s != WH_OK) {
        wh_schema_release(&made);
        err->code = WH_STATE;
        return WH_STATE;
    }
    *out = made;
    return WH_OK;
}

bool wh_schema_same(const struct wh_schema *a, const struct wh_schema *b)
{
    if (a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->n_fields; i++)
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
            !wh_field_same_type(&a->fields[i], &b->fields[i]))
            return false;
    return true;
}
