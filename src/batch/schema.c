/* batch/schema.c - fields and schemas: making, copying, comparing. */
#include "batch/schema.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/options.h"

enum wh_status wh_field_init(struct wh_field *out, const char *name, enum wh_type type, struct wh_error *err)
{
    char *copy = NULL;
    if (name != NULL)
        WH_TRY(wh_strdup(&copy, name, err));
    *out = (struct wh_field){.name = copy, .type = type, .nullable = true};
    if (type == WH_DECIMAL)
        out->precision = 38;
    if (type == WH_TIME64 || type == WH_TIMESTAMP)
        out->unit = WH_MICRO;
    return WH_OK;
}

void wh_field_release(struct wh_field *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; f->children != NULL && i < f->n_children; i++)
        wh_field_release(&f->children[i]);
    free(f->children);
    free(f->zone);
    free(f->name);
    *f = (struct wh_field){0};
}

static enum wh_status copy_into(struct wh_field *out, const struct wh_field *f, struct wh_error *err)
{
    if (f->name != NULL)
        WH_TRY(wh_strdup(&out->name, f->name, err));
    if (f->zone != NULL)
        WH_TRY(wh_strdup(&out->zone, f->zone, err));
    if (f->n_children == 0)
        return WH_OK;
    out->children = wh_alloc_array(f->n_children, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    out->n_children = f->n_children;
    for (size_t i = 0; i < f->n_children; i++)
        WH_TRY(wh_field_copy(&out->children[i], &f->children[i], err));
    return WH_OK;
}

enum wh_status wh_field_copy(struct wh_field *out, const struct wh_field *f, struct wh_error *err)
{
    struct wh_field copy = {.type = f->type,
                            .nullable = f->nullable,
                            .precision = f->precision,
                            .scale = f->scale,
                            .unit = f->unit};
    enum wh_status s = copy_into(&copy, f, err);
    if (s != WH_OK)
        wh_field_release(&copy);
    else
        *out = copy;
    return s;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Keys are never null and the names inside a map mean nothing. */
static bool same_map(const struct wh_field *a, const struct wh_field *b)
{
    const struct wh_field *x = a->children, *y = b->children;
    return x[1].nullable == y[1].nullable && wh_field_same_type(&x[0], &y[0]) &&
           wh_field_same_type(&x[1], &y[1]);
}

bool wh_field_same_type(const struct wh_field *a, const struct wh_field *b)
{
    if (a->type != b->type || a->n_children != b->n_children)
        return false;
    if (a->type == WH_DECIMAL && (a->precision != b->precision || a->scale != b->scale))
        return false;
    if ((a->type == WH_TIME64 || a->type == WH_TIMESTAMP) && a->unit != b->unit)
        return false;
    if (a->type == WH_TIMESTAMP && !same_text(a->zone, b->zone))
        return false;
    if (a->type == WH_MAP)
        return same_map(&a->children[0], &b->children[0]);
    for (size_t i = 0; i < a->n_children; i++) {
        const struct wh_field *x = &a->children[i], *y = &b->children[i];
        if (a->type == WH_STRUCT && !same_text(x->name, y->name))
            return false;
        if (x->nullable != y->nullable || !wh_field_same_type(x, y))
            return false;
    }
    return true;
}

/* Levels below and with f; stops counting past the limit, so that it ends on any input. */
static int field_depth(const struct wh_field *f, int left)
{
    int deepest = 0;
    for (size_t i = 0; left > 0 && i < f->n_children; i++) {
        int depth = field_depth(&f->children[i], left - 1);
        deepest = WH_MAX(deepest, depth);
    }
    return deepest + 1;
}

enum wh_status wh_schema_add(struct wh_schema *s, struct wh_field *f, struct wh_error *err)
{
    enum wh_status status = WH_OK;
    struct wh_field *fields = NULL;
    if (field_depth(f, WH_MAX_DEPTH) > WH_MAX_DEPTH)
        status =
            wh_fail(err, WH_LIMIT, "could not add column \"%s\": its type is nested deeper than %d levels",
                    f->name == NULL ? "" : f->name, WH_MAX_DEPTH);
    else if ((fields = wh_realloc_array(s->fields, s->n_fields + 1, sizeof *fields)) == NULL)
        status = wh_nomem(err);
    if (status != WH_OK) {
        wh_field_release(f);
        return status;
    }
    s->fields = fields;
    s->fields[s->n_fields++] = *f;
    *f = (struct wh_field){0};
    return WH_OK;
}

void wh_schema_release(struct wh_schema *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; s->fields != NULL && i < s->n_fields; i++)
        wh_field_release(&s->fields[i]);
    free(s->fields);
    *s = (struct wh_schema){0};
}

enum wh_status wh_schema_copy(struct wh_schema *out, const struct wh_schema *s, struct wh_error *err)
{
    struct wh_schema copy = {.fields = wh_alloc_array(s->n_fields, sizeof *copy.fields)};
    if (copy.fields == NULL)
        return wh_nomem(err);
    for (; copy.n_fields < s->n_fields; copy.n_fields++) {
        enum wh_status status = wh_field_copy(&copy.fields[copy.n_fields], &s->fields[copy.n_fields], err);
        if (status != WH_OK) {
            wh_schema_release(&copy);
            return status;
        }
    }
    *out = copy;
    return WH_OK;
}

int64_t wh_schema_find(const struct wh_schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return (int64_t)i;
    return -1;
}

/* "a, b, c ..." as far as there is room. */
static void list_names(char *out, size_t size, const char *const *names)
{
    static const char more[] = " ...";
    size_t len = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *comma = i > 0 ? ", " : "";
        bool fits = len + strlen(comma) + strlen(names[i]) + sizeof more <= size;
        len += (size_t)snprintf(out + len, size - len, "%s%s", fits ? comma : more, fits ? names[i] : "");
        if (!fits)
            return;
    }
}

enum wh_status wh_schema_hint(const struct wh_schema *s, const char *name, struct wh_error *err)
{
    const char **names = wh_alloc_array(s->n_fields + 1, sizeof *names);
    if (names == NULL)
        return err->code;
    for (size_t i = 0; i < s->n_fields; i++)
        names[i] = s->fields[i].name;
    const char *nearest = wh_nearest(name, names);
    char list[160] = "none at all";
    list_names(list, sizeof list, names);
    if (nearest != NULL)
        wh_hint(err, "did you mean \"%s\"?", nearest);
    else
        wh_hint(err, "there are %s", list);
    free(names);
    return err->code;
}

size_t wh_type_width(const struct wh_field *f)
{
    static const uint8_t widths[WH_TYPE_COUNT] = {
        [WH_INT8] = 1,   [WH_INT16] = 2,  [WH_INT32] = 4,  [WH_INT64] = 8,     [WH_UINT8] = 1,
        [WH_UINT16] = 2, [WH_UINT32] = 4, [WH_UINT64] = 8, [WH_FLOAT32] = 4,   [WH_FLOAT64] = 8,
        [WH_UUID] = 16,  [WH_DATE32] = 4, [WH_TIME64] = 8, [WH_TIMESTAMP] = 8, [WH_INTERVAL] = 16,
    };
    if (f->type == WH_DECIMAL)
        return f->precision <= 18 ? 8 : f->precision <= 38 ? 16 : 32;
    return widths[f->type];
}
