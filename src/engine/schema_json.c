/* engine/schema_json.c - see engine/schema_json.h. */
#include "engine/schema_json.h"

#include "base/mem.h"
#include "batch/schema.h"

#define TYPE_TEXT_MAX ((size_t)64 << 10) /* nested types spell out all their members */

static json_t *field_to_json(const struct wh_field *f, char *scratch)
{
    wh_type_format(f, scratch, TYPE_TEXT_MAX);
    return json_pack("{s:s, s:s, s:b}", "name", f->name, "type", scratch, "nullable", (int)f->nullable);
}

json_t *wh_schema_to_json(const struct wh_schema *s)
{
    char *scratch = malloc(TYPE_TEXT_MAX);
    json_t *a = scratch == NULL ? NULL : json_array();
    for (size_t i = 0; a != NULL && i < s->n_fields; i++)
        json_array_append_new(a, field_to_json(&s->fields[i], scratch));
    free(scratch);
    if (a != NULL && json_array_size(a) != s->n_fields) {
        json_decref(a);
        return NULL;
    }
    return a;
}

enum wh_status wh_schema_text(char **out, const struct wh_schema *s, struct wh_error *err)
{
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
    json_t *a = json_loads(text, 0, NULL);
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
