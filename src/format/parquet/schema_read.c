/* format/parquet/schema_read.c - from Parquet schemas to wherry schemas (parquet-format, LogicalTypes.md).
 *
 * The elements come from a file: child counts, depths and annotations are checked, an annotation that does
 * not fit its physical type is passed over. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/schema_int.h"

struct walk {
    const struct wh_pq_element *elements;
    size_t n, next;
    struct wh_pq_tree *tree;
};

static enum wh_status malformed(struct wh_error *err, const char *reason)
{
    wh_fail(err, WH_DATA, "could not read the Parquet schema: %s", reason);
    return WH_DATA;
}

static int32_t annotation_of(const struct wh_pq_element *e)
{
    static const int32_t groups[] = {
        [WH_PQ_MAP_GROUP] = WH_PQ_LOGICAL_MAP,
        [WH_PQ_MAP_KEY_VALUE] = WH_PQ_LOGICAL_MAP,
        [WH_PQ_LIST_GROUP] = WH_PQ_LOGICAL_LIST,
    };
    if (e->logical.id != WH_PQ_LOGICAL_NONE)
        return e->logical.id;
    if (e->converted >= 0 && e->converted < (int32_t)WH_COUNT(groups))
        return groups[e->converted];
    return WH_PQ_LOGICAL_NONE;
}

/* ---- leaves ------------------------------------------------------------------------------------ */

/* The logical type that a converted one stands for. */
static struct wh_pq_logical logical_of(const struct wh_pq_element *e)
{
    static const struct wh_pq_logical converted[] = {
        [WH_PQ_UTF8] = {.id = WH_PQ_LOGICAL_STRING},
        [WH_PQ_ENUM] = {.id = WH_PQ_LOGICAL_ENUM},
        [WH_PQ_DECIMAL] = {.id = WH_PQ_LOGICAL_DECIMAL},
        [WH_PQ_DATE] = {.id = WH_PQ_LOGICAL_DATE},
        [WH_PQ_TIME_MILLIS] = {.id = WH_PQ_LOGICAL_TIME, .unit = WH_MILLI, .utc = true},
        [WH_PQ_TIME_MICROS] = {.id = WH_PQ_LOGICAL_TIME, .unit = WH_MICRO, .utc = true},
        [WH_PQ_TIMESTAMP_MILLIS] = {.id = WH_PQ_LOGICAL_TIMESTAMP, .unit = WH_MILLI, .utc = true},
        [WH_PQ_TIMESTAMP_MICROS] = {.id = WH_PQ_LOGICAL_TIMESTAMP, .unit = WH_MICRO, .utc = true},
        [WH_PQ_UINT_8] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 8},
        [WH_PQ_UINT_16] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 16},
        [WH_PQ_UINT_32] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 32},
        [WH_PQ_UINT_64] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 64},
        [WH_PQ_INT_8] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 8, .is_signed = true},
        [WH_PQ_INT_16] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 16, .is_signed = true},
        [WH_PQ_INT_32] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 32, .is_signed = true},
        [WH_PQ_INT_64] = {.id = WH_PQ_LOGICAL_INTEGER, .bits = 64, .is_signed = true},
        [WH_PQ_JSON] = {.id = WH_PQ_LOGICAL_JSON},
        [WH_PQ_BSON] = {.id = WH_PQ_LOGICAL_BSON},
    };
    struct wh_pq_logical l = e->logical;
    if (l.id != WH_PQ_LOGICAL_NONE || e->converted < 0 || e->converted >= (int32_t)WH_COUNT(converted))
        return l;
    l = converted[e->converted];
    l.precision = e->precision;
    l.scale = e->scale;
    return l;
}

/* Types by the physical type alone. */
static enum wh_type plain_type(int32_t physical)
{
    static const enum wh_type types[WH_PQ_TYPE_COUNT] = {
        [WH_PQ_BOOLEAN] = WH_BOOL,      [WH_PQ_INT32] = WH_INT32,   [WH_PQ_INT64] = WH_INT64,
        [WH_PQ_INT96] = WH_TIMESTAMP,   [WH_PQ_FLOAT] = WH_FLOAT32, [WH_PQ_DOUBLE] = WH_FLOAT64,
        [WH_PQ_BYTE_ARRAY] = WH_BINARY, [WH_PQ_FIXED] = WH_BINARY,
    };
    return types[physical];
}

static void set_integer(struct wh_field *f, int32_t physical, const struct wh_pq_logical *l)
{
    static const struct {
        int32_t physical, bits;
        enum wh_type with_sign, without_sign;
    } kinds[] = {
        {WH_PQ_INT32, 8, WH_INT8, WH_UINT8},
        {WH_PQ_INT32, 16, WH_INT16, WH_UINT16},
        {WH_PQ_INT32, 32, WH_INT32, WH_UINT32},
        {WH_PQ_INT64, 64, WH_INT64, WH_UINT64},
    };
    for (size_t i = 0; i < WH_COUNT(kinds); i++) {
        if (kinds[i].physical == physical && kinds[i].bits == l->bits)
            f->type = l->is_signed ? kinds[i].with_sign : kinds[i].without_sign;
    }
}

static enum wh_status set_decimal(struct wh_field *f, int32_t physical, const struct wh_pq_logical *l,
                                  struct wh_error *err)
{
    if (physical != WH_PQ_INT32 && physical != WH_PQ_INT64 && physical != WH_PQ_BYTE_ARRAY &&
        physical != WH_PQ_FIXED)
        return WH_OK;
    if (l->precision < 1 || l->scale < 0 || l->scale > l->precision)
        return wh_fail(err, WH_DATA, "could not read column \"%s\": decimal(%d,%d) is no valid type", f->name,
                       (int)l->precision, (int)l->scale);
    if (l->precision > WH_DECIMAL_MAX_DIGITS)
        return wh_fail(err, WH_DATA, "could not read column \"%s\": a decimal of %d digits, the most are %d",
                       f->name, (int)l->precision, WH_DECIMAL_MAX_DIGITS);
    f->type = WH_DECIMAL;
    f->precision = (uint8_t)l->precision;
    f->scale = (int8_t)l->scale;
    return WH_OK;
}

static enum wh_status set_time(struct wh_field *f, int32_t physical, const struct wh_pq_logical *l,
                               struct wh_error *err)
{
    if (l->id == WH_PQ_LOGICAL_TIME) {
        if (physical != (l->unit == WH_MILLI ? WH_PQ_INT32 : WH_PQ_INT64))
            return WH_OK;
        f->type = WH_TIME64;
        f->unit = l->unit == WH_NANO ? WH_NANO : WH_MICRO;
        return WH_OK;
    }
    if (physical != WH_PQ_INT64)
        return WH_OK;
    f->type = WH_TIMESTAMP;
    f->unit = l->unit;
    return l->utc ? wh_strdup(&f->zone, "UTC", err) : WH_OK;
}

static void set_bytes(struct wh_field *f, const struct wh_pq_element *e, int32_t logical)
{
    bool is_bytes = e->type == WH_PQ_BYTE_ARRAY;
    if (is_bytes && (logical == WH_PQ_LOGICAL_STRING || logical == WH_PQ_LOGICAL_ENUM))
        f->type = WH_UTF8;
    else if (is_bytes && logical == WH_PQ_LOGICAL_JSON)
        f->type = WH_JSON;
    else if (e->type == WH_PQ_FIXED && e->length == 16 && logical == WH_PQ_LOGICAL_UUID)
        f->type = WH_UUID;
    else if (e->type == WH_PQ_FIXED && e->length == 2 && logical == WH_PQ_LOGICAL_FLOAT16)
        f->type = WH_FLOAT32;
    else if (e->type == WH_PQ_FIXED && e->length == 12 && e->converted == WH_PQ_INTERVAL)
        f->type = WH_INTERVAL;
}

static enum wh_status set_leaf_type(struct wh_field *f, const struct wh_pq_element *e, struct wh_error *err)
{
    if (e->type < 0 || e->type >= WH_PQ_TYPE_COUNT || (e->type == WH_PQ_FIXED && e->length < 1))
        return wh_fail(err, WH_DATA, "could not read column \"%s\": physical type %d of length %d", f->name,
                       (int)e->type, (int)e->length);
    struct wh_pq_logical l = logical_of(e);
    f->type = plain_type(e->type);
    if (e->type == WH_PQ_INT96)
        f->unit = WH_NANO;
    if (l.id == WH_PQ_LOGICAL_UNKNOWN)
        f->type = WH_NULL;
    else if (l.id == WH_PQ_LOGICAL_INTEGER)
        set_integer(f, e->type, &l);
    else if (l.id == WH_PQ_LOGICAL_DECIMAL)
        return set_decimal(f, e->type, &l, err);
    else if (l.id == WH_PQ_LOGICAL_DATE && e->type == WH_PQ_INT32)
        f->type = WH_DATE32;
    else if (l.id == WH_PQ_LOGICAL_TIME || l.id == WH_PQ_LOGICAL_TIMESTAMP)
        return set_time(f, e->type, &l, err);
    else
        set_bytes(f, e, l.id);
    return WH_OK;
}

/* ---- the tree ---------------------------------------------------------------------------------- */

/* The element that many ahead, or NULL with *err filled. */
static const struct wh_pq_element *peek(const struct walk *w, size_t ahead, struct wh_error *err)
{
    if (ahead >= w->n - w->next) {
        malformed(err, "it ends within a group");
        return NULL;
    }
    const struct wh_pq_element *e = &w->elements[w->next + ahead];
    if (e->repetition >= WH_PQ_REQUIRED && e->repetition <= WH_PQ_REPEATED)
        return e;
    malformed(err, "an element has an unknown repetition");
    return NULL;
}

static enum wh_status name_field(struct wh_field *f, struct wh_slice name, struct wh_error *err)
{
    if (name.len > 0 && memchr(name.ptr, '\0', name.len) != NULL)
        return malformed(err, "a column's name contains a NUL");
    return wh_strndup(&f->name, name.ptr, name.len, err);
}

static enum wh_status make_children(struct walk *w, struct wh_pq_node *node, struct wh_field *f, size_t n,
                                    struct wh_error *err)
{
    void *memory;
    if (n == 0)
        return wh_fail(err, WH_DATA, "could not read column \"%s\": a group without members", f->name);
    if (n > w->n - w->next + 1)
        return malformed(err, "a group has more members than there are elements");
    WH_TRY(wh_pq_arena_alloc(&memory, &w->tree->arena, n, sizeof *node, err));
    node->children = memory;
    f->children = wh_alloc_array(n, sizeof *f);
    if (f->children == NULL)
        return wh_nomem(err);
    f->n_children = n;
    return WH_OK;
}

static enum wh_status read_node(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                const struct wh_pq_level *above, struct wh_error *err);
static enum wh_status read_value(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                 const struct wh_pq_level *level, struct wh_error *err);

/* The members of a struct; its own element is consumed. */
static enum wh_status read_struct(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                  const struct wh_pq_level *level, struct wh_error *err)
{
    f->type = WH_STRUCT;
    WH_TRY(make_children(w, node, f, (size_t)node->element->n_children, err));
    for (size_t i = 0; i < f->n_children; i++)
        WH_TRY(read_node(w, &node->children[i], &f->children[i], level, err));
    return WH_OK;
}

/* True when the repeated group is a list's element itself and not only a wrapper around it
 * (LogicalTypes.md, "Backward-compatibility rules"). */
static bool is_old_list(const struct wh_pq_element *list, const struct wh_pq_element *repeated,
                        const struct wh_pq_element *inner)
{
    if (repeated->is_leaf || repeated->n_children != 1 || inner->repetition == WH_PQ_REPEATED)
        return true;
    size_t len = list->name.len;
    bool tuple = repeated->name.len == len + strlen("_tuple") &&
                 (len == 0 || memcmp(repeated->name.ptr, list->name.ptr, len) == 0) &&
                 memcmp(repeated->name.ptr + len, "_tuple", strlen("_tuple")) == 0;
    return tuple || wh_slice_eq(repeated->name, wh_slice_of("array")) ||
           annotation_of(repeated) != WH_PQ_LOGICAL_NONE;
}

static struct wh_pq_level enter_items(struct wh_pq_node *node, const struct wh_pq_level *level)
{
    struct wh_pq_level items = *level;
    node->item_def = ++items.def;
    node->item_rep = ++items.rep;
    items.forced_present = false;
    return items;
}

/* The list's own element is consumed, the repeated one is next. */
static enum wh_status read_list(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                const struct wh_pq_level *level, struct wh_error *err)
{
    const struct wh_pq_element *repeated = peek(w, 0, err);
    if (repeated == NULL)
        return err->code;
    const struct wh_pq_element *inner = repeated->is_leaf ? repeated : peek(w, 1, err);
    if (inner == NULL)
        return err->code;
    struct wh_pq_level items = enter_items(node, level);
    f->type = WH_LIST;
    WH_TRY(make_children(w, node, f, 1, err));
    if (is_old_list(node->element, repeated, inner))
        items.forced_present = true;
    else
        w->next++;
    return read_node(w, &node->children[0], &f->children[0], &items, err);
}

static enum wh_status read_map(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                               const struct wh_pq_level *level, struct wh_error *err)
{
    struct wh_pq_level items = enter_items(node, level);
    items.forced_present = true;
    f->type = WH_MAP;
    WH_TRY(make_children(w, node, f, 1, err));
    return read_node(w, &node->children[0], &f->children[0], &items, err);
}

/* A repeated element without a list around it: a list that is never null. */
static enum wh_status read_repeated(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                    const struct wh_pq_level *level, struct wh_error *err)
{
    struct wh_pq_level items = enter_items(node, level);
    items.forced_present = true;
    f->type = WH_LIST;
    f->nullable = false;
    WH_TRY(make_children(w, node, f, 1, err));
    return read_node(w, &node->children[0], &f->children[0], &items, err);
}

/* The value behind an element that has been consumed. */
static enum wh_status read_value(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                 const struct wh_pq_level *level, struct wh_error *err)
{
    const struct wh_pq_element *e = node->element;
    if (e->is_leaf) {
        node->type = e->type;
        node->length = e->type == WH_PQ_FIXED ? e->length : 0;
        w->tree->n_leaves++;
        return set_leaf_type(f, e, err);
    }
    int32_t annotation = annotation_of(e);
    if (e->n_children == 1 && (annotation == WH_PQ_LOGICAL_LIST || annotation == WH_PQ_LOGICAL_MAP)) {
        const struct wh_pq_element *child = peek(w, 0, err);
        if (child == NULL)
            return err->code;
        bool repeated = child->repetition == WH_PQ_REPEATED;
        if (repeated && annotation == WH_PQ_LOGICAL_MAP && !child->is_leaf && child->n_children == 2)
            return read_map(w, node, f, level, err);
        if (repeated)
            return read_list(w, node, f, level, err);
    }
    return read_struct(w, node, f, level, err);
}

static enum wh_status read_node(struct walk *w, struct wh_pq_node *node, struct wh_field *f,
                                const struct wh_pq_level *above, struct wh_error *err)
{
    const struct wh_pq_element *e = peek(w, 0, err);
    if (e == NULL)
        return err->code;
    if (above->depth > WH_MAX_DEPTH)
        return malformed(err, "it is nested too deeply");
    WH_TRY(name_field(f, e->name, err));
    struct wh_pq_level level = {.def = above->def, .rep = above->rep, .depth = above->depth + 1};
    bool optional = e->repetition == WH_PQ_OPTIONAL && !above->forced_present;
    level.def = (int16_t)(level.def + optional);
    f->nullable = optional;
    *node = (struct wh_pq_node){
        .field = f,
        .element = e,
        .present_def = level.def,
        .max_rep = level.rep,
        .first_leaf = (int32_t)w->tree->n_leaves,
    };
    enum wh_status s;
    if (e->repetition == WH_PQ_REPEATED && !above->forced_present) {
        s = read_repeated(w, node, f, &level, err);
    } else {
        w->next++;
        s = read_value(w, node, f, &level, err);
    }
    node->n_leaves = (int32_t)w->tree->n_leaves - node->first_leaf;
    return s;
}

static enum wh_status fill_tree(struct walk *w, struct wh_error *err)
{
    struct wh_pq_tree *t = w->tree;
    if (w->n == 0 || w->elements[0].is_leaf || w->elements[0].n_children < 0)
        return malformed(err, "it has no root");
    size_t n = (size_t)w->elements[0].n_children;
    if (n > w->n - 1)
        return malformed(err, "the root has more members than there are elements");
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, &t->arena, n, sizeof *t->nodes, err));
    t->nodes = memory;
    t->n_nodes = n;
    t->schema.fields = wh_alloc_array(n, sizeof *t->schema.fields);
    if (t->schema.fields == NULL)
        return wh_nomem(err);
    t->schema.n_fields = n;
    w->next = 1;
    for (size_t i = 0; i < n; i++) {
        struct wh_pq_level top = {0};
        WH_TRY(read_node(w, &t->nodes[i], &t->schema.fields[i], &top, err));
    }
    if (w->next != w->n)
        return malformed(err, "it has more elements than the root has members");
    return wh_pq_tree_collect(t, err);
}

enum wh_status wh_pq_tree_read(struct wh_pq_tree *out, const struct wh_pq_element *elements,
                               size_t n_elements, struct wh_error *err)
{
    struct wh_pq_tree t = {0};
    struct walk w = {.elements = elements, .n = n_elements, .tree = &t};
    enum wh_status s = fill_tree(&w, err);
    if (s == WH_OK)
        *out = t;
    else
        wh_pq_tree_release(&t);
    return s;
}
