/* format/jsonl/note.c - telling the user how widening has changed the columns, and why. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "format/jsonl/jsonl_int.h"

enum { MAX_NOTES = 20, PATH_BYTES = 256, TYPE_BYTES = 96 };

/* One comparison of schemas. */
struct compare {
    struct wh_context *ctx;
    size_t n_changes;
};

static void note_place(struct compare *c, const char *text, const struct wh_jsonl_shape *shape)
{
    if (++c->n_changes > MAX_NOTES)
        return;
    if (shape != NULL && shape->file != NULL && shape->line > 0)
        c->ctx->note(c->ctx, "%s because of line %" PRIu64 " of \"%s\"", text, shape->line, shape->file);
    else
        c->ctx->note(c->ctx, "%s", text);
}

/* One place of the records; the path is cut where it does not fit. */
static void compare_fields(struct compare *c, const char *path, const struct wh_field *old,
                           const struct wh_field *new, const struct wh_jsonl_shape *shape)
{
    char child[PATH_BYTES], text[PATH_BYTES + 2 * TYPE_BYTES + 64], was[TYPE_BYTES], is[TYPE_BYTES];
    if (wh_field_same_type(old, new))
        return;
    if (old->type == WH_LIST && new->type == WH_LIST) {
        snprintf(child, sizeof child, "%s[]", path);
        compare_fields(c, child, &old->children[0], &new->children[0], shape == NULL ? NULL : shape->element);
        return;
    }
    if (old->type == WH_STRUCT && new->type == WH_STRUCT) {
        for (size_t i = 0; i < new->n_children; i++) { /* members keep their order, new ones come behind */
            const struct wh_jsonl_shape *member = shape == NULL ? NULL : shape->members[i];
            snprintf(child, sizeof child, "%s.%s", path, new->children[i].name);
            snprintf(text, sizeof text, "column \"%s\" was added", child);
            if (i < old->n_children)
                compare_fields(c, child, &old->children[i], &new->children[i], member);
            else
                note_place(c, text, member);
        }
        return;
    }
    wh_type_format(old, was, sizeof was);
    wh_type_format(new, is, sizeof is);
    snprintf(text, sizeof text, "column \"%s\" is %s, not %s,", path, is, was);
    note_place(c, text, shape);
}

static const struct wh_jsonl_shape *shape_of(const struct wh_jsonl_stream *s, const char *name)
{
    if (s->plan.rows_are_values)
        return &s->infer.root;
    uint32_t number = wh_jsonl_keys_find(&s->infer.root.keys, wh_slice_of(name));
    return number == WH_JSONL_NO_KEY ? NULL : s->infer.root.members[number];
}

bool wh_jsonl_note_changes(struct wh_jsonl_stream *s, const struct wh_schema *old)
{
    struct compare c = {.ctx = s->ctx};
    const struct wh_schema *new = &s->plan.schema;
    size_t from = 0; /* columns keep their order: each search goes on where the last one ended */
    for (size_t i = 0; i < new->n_fields; i++) {
        const struct wh_field *field = &new->fields[i];
        char text[PATH_BYTES];
        size_t at = from;
        while (at < old->n_fields && strcmp(old->fields[at].name, field->name) != 0)
            at++;
        snprintf(text, sizeof text, "column \"%s\" was added", field->name);
        if (at == old->n_fields) {
            note_place(&c, text, shape_of(s, field->name));
            continue;
        }
        compare_fields(&c, field->name, &old->fields[at], field, shape_of(s, field->name));
        from = at + 1;
    }
    if (c.n_changes > MAX_NOTES)
        s->ctx->note(s->ctx, "%zu more columns have changed", c.n_changes - MAX_NOTES);
    return c.n_changes > 0;
}
