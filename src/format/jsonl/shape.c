/* format/jsonl/shape.c - growing shapes by records, and the types they stand for; see shape.h. */
#include "format/jsonl/shape.h"

#include "base/mem.h"
#include "batch/schema.h"

/* ---- memory ----------------------------------------------------------------------------------- */

static void release_below(struct wh_jsonl_infer *infer, struct wh_jsonl_shape *s);

static void shape_free(struct wh_jsonl_infer *infer, struct wh_jsonl_shape *s)
{
    if (s == NULL)
        return;
    release_below(infer, s);
    free(s);
    infer->n_shapes--;
}

static void release_below(struct wh_jsonl_infer *infer, struct wh_jsonl_shape *s)
{
    for (uint32_t i = 0; i < s->keys.n; i++)
        shape_free(infer, s->members[i]);
    shape_free(infer, s->element);
    free(s->members);
    wh_jsonl_keys_release(&s->keys);
    s->members = NULL;
    s->element = NULL;
}

void wh_jsonl_infer_release(struct wh_jsonl_infer *infer)
{
    release_below(infer, &infer->root);
    infer->root = (struct wh_jsonl_shape){0};
}

/* What is below a place no longer counts: it stays JSON text. */
static void make_raw(struct wh_jsonl_infer *infer, struct wh_jsonl_shape *s)
{
    release_below(infer, s);
    s->seen |= WH_JSONL_RAW;
}

/* ---- growing ---------------------------------------------------------------------------------- */

/* One walk over a record. */
struct walk {
    struct wh_jsonl_infer *infer;
    struct wh_jsonl_records *records;
    struct wh_jsonl_lexer *x; /* of records */
    const uint8_t *start;     /* of the record */
    struct wh_error *err;
};

static enum wh_status add_value(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, unsigned depth);

static enum wh_status new_shape(struct wh_jsonl_shape **out, struct walk *w)
{
    *out = wh_alloc(sizeof **out);
    if (*out == NULL)
        return wh_nomem(w->err);
    w->infer->n_shapes++;
    return WH_OK;
}

static enum wh_status add_member(struct walk *w, struct wh_jsonl_shape *s, struct wh_slice name)
{
    uint32_t n = s->keys.n;
    if ((n & (n - 1)) == 0) { /* room for the next power of two */
        struct wh_jsonl_shape **members =
            wh_realloc_array(s->members, n == 0 ? 1 : 2 * (size_t)n, sizeof *members);
        if (members == NULL)
            return wh_nomem(w->err);
        s->members = members;
    }
    struct wh_jsonl_shape *member;
    WH_TRY(new_shape(&member, w));
    s->members[n] = member;
    enum wh_status status = wh_jsonl_keys_add(&s->keys, name, w->err);
    if (status != WH_OK) {
        shape_free(w->infer, member);
        return status;
    }
    member->follower = n + 1;
    return WH_OK;
}

static bool is_full(const struct walk *w, const struct wh_jsonl_shape *s)
{
    if (s == &w->infer->root)
        return s->keys.n >= WH_JSONL_MAX_COLUMNS;
    return s->keys.n >= WH_JSONL_MAX_MEMBERS || w->infer->n_shapes >= WH_JSONL_MAX_SHAPES;
}

/* Finds or adds the key at *p; *number is WH_JSONL_NO_KEY when there is no room for it or it has no name
 * that a column can have. */
static enum wh_status find_member(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p,
                                  uint32_t *number)
{
    struct wh_slice name;
    const uint8_t *behind = wh_jsonl_string(w->x, *p, &name);
    if (behind == NULL) {
        *w->err = w->x->err;
        return w->err->code;
    }
    *p = wh_jsonl_space(w->x, behind) + 1;
    *number = wh_jsonl_keys_find(&s->keys, name);
    if (*number != WH_JSONL_NO_KEY || memchr(name.ptr, '\0', name.len) != NULL)
        return WH_OK;
    if (is_full(w, s)) {
        make_raw(w->infer, s);
        return WH_OK;
    }
    *number = s->keys.n;
    return add_member(w, s, name);
}

/* One member of an object, from key to value. *last is the number of the key before it. */
static enum wh_status add_pair(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, uint32_t *last,
                               unsigned depth)
{
    uint32_t *hint = *last == WH_JSONL_NO_KEY ? &s->first : &s->members[*last]->follower;
    uint32_t number = *hint;
    if (number < s->keys.n && wh_jsonl_key_at(&s->keys.items[number], *p)) {
        *p += s->keys.items[number].text_bytes;
    } else {
        WH_TRY(find_member(w, s, p, &number));
        if ((s->seen & WH_JSONL_RAW) == 0 && number != WH_JSONL_NO_KEY)
            *hint = number;
    }
    *p = wh_jsonl_space(w->x, *p);
    if (number == WH_JSONL_NO_KEY) {
        *p = wh_jsonl_skip(w->x, *p);
        return WH_OK;
    }
    *last = number;
    return add_value(w, s->members[number], p, depth + 1);
}

static enum wh_status add_object(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, unsigned depth)
{
    const uint8_t *start = *p;
    uint32_t last = WH_JSONL_NO_KEY;
    *p = wh_jsonl_space(w->x, *p + 1);
    while (**p != '}') {
        WH_TRY(add_pair(w, s, p, &last, depth));
        if ((s->seen & WH_JSONL_RAW) != 0) {
            *p = wh_jsonl_skip(w->x, start);
            return WH_OK;
        }
        *p = wh_jsonl_space(w->x, *p);
        if (**p == ',')
            *p = wh_jsonl_space(w->x, *p + 1);
    }
    ++*p;
    return WH_OK;
}

static enum wh_status add_array(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, unsigned depth)
{
    if (s->element == NULL)
        WH_TRY(new_shape(&s->element, w));
    *p = wh_jsonl_space(w->x, *p + 1);
    while (**p != ']') {
        WH_TRY(add_value(w, s->element, p, depth + 1));
        *p = wh_jsonl_space(w->x, *p);
        if (**p == ',')
            *p = wh_jsonl_space(w->x, *p + 1);
    }
    ++*p;
    return WH_OK;
}

/* Records that are objects go their own way: other ones beside them are rejected later. */
static enum wh_status add_root(struct walk *w, const uint8_t **p)
{
    struct wh_jsonl_shape *s = &w->infer->root;
    bool object = **p == '{';
    s->seen |= object ? WH_JSONL_OBJECT : WH_JSONL_ARRAY;
    bool kept = object || (w->infer->nested && (s->seen & WH_JSONL_OBJECT) == 0);
    if ((s->seen & WH_JSONL_RAW) == 0 && kept)
        return object ? add_object(w, s, p, 0) : add_array(w, s, p, 0);
    *p = wh_jsonl_skip(w->x, *p);
    return WH_OK;
}

static enum wh_status add_container(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p,
                                    unsigned depth)
{
    if (depth == 0)
        return add_root(w, p);
    bool object = **p == '{';
    s->seen |= object ? WH_JSONL_OBJECT : WH_JSONL_ARRAY;
    bool conflict =
        (s->seen & ~(unsigned)(object ? WH_JSONL_OBJECT : WH_JSONL_ARRAY) & ~(unsigned)WH_JSONL_NULL) != 0;
    if ((s->seen & WH_JSONL_RAW) == 0 && (conflict || !w->infer->nested || depth > WH_JSONL_MAX_NESTED))
        make_raw(w->infer, s);
    if ((s->seen & WH_JSONL_RAW) == 0)
        return object ? add_object(w, s, p, depth) : add_array(w, s, p, depth);
    *p = wh_jsonl_skip(w->x, *p);
    return WH_OK;
}

static enum wh_status add_text(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p)
{
    struct wh_slice text;
    s->seen |= WH_JSONL_TEXT;
    if (s->form.type == WH_UTF8 || !w->infer->typed_text) {
        s->form.type = WH_UTF8;
        *p = wh_jsonl_skip_string(w->x, *p);
        return WH_OK;
    }
    const uint8_t *behind = wh_jsonl_string(w->x, *p, &text);
    if (behind == NULL) {
        *w->err = w->x->err;
        return w->err->code;
    }
    struct wh_jsonl_form form = wh_jsonl_form_of(text);
    s->form = s->form.type == WH_NULL ? form : wh_jsonl_form_join(s->form, form);
    *p = behind;
    return WH_OK;
}

static void add_number(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p)
{
    struct wh_jsonl_number number;
    const uint8_t *start = *p;
    s->seen |= WH_JSONL_NUMBER;
    *p = wh_jsonl_number(w->x, start, &number);
    wh_jsonl_numbers_add(&s->numbers, &number, wh_slice((const char *)start, (size_t)(*p - start)));
}

static enum wh_status add_any(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, unsigned depth)
{
    switch (**p) {
    case '{':
    case '[':
        return add_container(w, s, p, depth);
    case '"':
        return add_text(w, s, p);
    case 'n':
        s->seen |= WH_JSONL_NULL;
        *p += strlen("null");
        return WH_OK;
    case 't':
    case 'f':
        s->seen |= WH_JSONL_BOOL;
        *p += **p == 't' ? strlen("true") : strlen("false");
        return WH_OK;
    default:
        add_number(w, s, p);
        return WH_OK;
    }
}

/* A number that differs when the type of the place, apart from what is below, does. */
static uint64_t type_code(const struct wh_jsonl_shape *s)
{
    uint8_t precision = 0, scale = 0;
    uint64_t number = wh_jsonl_numbers_type(&s->numbers, &precision, &scale);
    return (s->seen & ~(unsigned)WH_JSONL_NULL) | number << 8 | (uint64_t)precision << 16 |
           (uint64_t)scale << 24 | (uint64_t)s->form.type << 32 |
           (uint64_t)wh_jsonl_form_unit(&s->form) << 40;
}

static enum wh_status add_value(struct walk *w, struct wh_jsonl_shape *s, const uint8_t **p, unsigned depth)
{
    uint64_t before = type_code(s);
    WH_TRY(add_any(w, s, p, depth));
    if (type_code(s) != before) {
        s->file = w->records->place.file;
        s->line = wh_jsonl_line_of(w->records, w->start);
    }
    return WH_OK;
}

enum wh_status wh_jsonl_infer_add(struct wh_jsonl_infer *infer, struct wh_jsonl_records *records,
                                  struct wh_error *err)
{
    struct walk w = {.infer = infer, .records = records, .x = &records->lexer, .err = err};
    while (wh_jsonl_record_next(records, &w.start)) {
        const uint8_t *p = w.start, *end = wh_jsonl_skip(w.x, p);
        if (end == NULL || !wh_jsonl_record_close(records, end)) {
            wh_jsonl_record_reject(records, p);
            continue;
        }
        infer->n_records++;
        WH_TRY(add_value(&w, &infer->root, &p, 0));
    }
    infer->n_bytes += (uint64_t)(records->lexer.end - records->start);
    return WH_OK;
}

/* ---- types ------------------------------------------------------------------------------------- */

bool wh_jsonl_rows_are_values(const struct wh_jsonl_infer *infer)
{
    static const unsigned values =
        WH_JSONL_RAW | WH_JSONL_ARRAY | WH_JSONL_BOOL | WH_JSONL_NUMBER | WH_JSONL_TEXT;
    unsigned seen = infer->root.seen;
    return (seen & WH_JSONL_RAW) != 0 || ((seen & WH_JSONL_OBJECT) == 0 && (seen & values) != 0);
}

static enum wh_status struct_children(struct wh_field *out, const struct wh_jsonl_shape *s,
                                      struct wh_error *err)
{
    out->children = wh_alloc_array(s->keys.n, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    for (uint32_t i = 0; i < s->keys.n; i++) {
        WH_TRY(wh_jsonl_shape_field(&out->children[i], s->members[i], s->keys.items[i].name, err));
        out->n_children = i + 1;
    }
    return WH_OK;
}

static enum wh_status list_child(struct wh_field *out, const struct wh_jsonl_shape *s, struct wh_error *err)
{
    out->children = wh_alloc_array(1, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    WH_TRY(wh_jsonl_shape_field(&out->children[0], s->element, "element", err));
    out->n_children = 1;
    return WH_OK;
}

static void set_number_type(struct wh_field *out, const struct wh_jsonl_shape *s)
{
    uint8_t precision = 0, scale = 0;
    out->type = wh_jsonl_numbers_type(&s->numbers, &precision, &scale);
    if (out->type == WH_DECIMAL) {
        out->precision = precision;
        out->scale = (int8_t)scale;
    }
}

static enum wh_status set_text_type(struct wh_field *out, const struct wh_jsonl_shape *s,
                                    struct wh_error *err)
{
    out->type = s->form.type;
    if (out->type == WH_TIME64 || out->type == WH_TIMESTAMP)
        out->unit = wh_jsonl_form_unit(&s->form);
    return s->form.zoned ? wh_strdup(&out->zone, "UTC", err) : WH_OK;
}

enum wh_status wh_jsonl_shape_field(struct wh_field *out, const struct wh_jsonl_shape *shape,
                                    const char *name, struct wh_error *err)
{
    struct wh_field field;
    enum wh_status s = wh_field_init(&field, name, WH_JSON, err);
    if (s != WH_OK)
        return s;
    switch (shape->seen & ~(unsigned)WH_JSONL_NULL) {
    case 0:
        field.type = WH_NULL;
        break;
    case WH_JSONL_BOOL:
        field.type = WH_BOOL;
        break;
    case WH_JSONL_NUMBER:
        set_number_type(&field, shape);
        break;
    case WH_JSONL_TEXT:
        s = set_text_type(&field, shape, err);
        break;
    case WH_JSONL_OBJECT:
        if (shape->keys.n > 0) { /* a struct without members exists in few places only */
            field.type = WH_STRUCT;
            s = struct_children(&field, shape, err);
        }
        break;
    case WH_JSONL_ARRAY:
        if (shape->element != NULL) {
            field.type = WH_LIST;
            s = list_child(&field, shape, err);
        }
        break;
    default: /* several kinds at one place: JSON text keeps them apart */
        break;
    }
    if (s != WH_OK)
        wh_field_release(&field);
    else
        *out = field;
    return s;
}
