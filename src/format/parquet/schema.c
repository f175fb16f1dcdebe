/* format/parquet/schema.c - from wherry schemas to Parquet schemas (parquet-format, LogicalTypes.md). */
#include "format/parquet/schema.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/schema_int.h"

void wh_pq_tree_release(struct wh_pq_tree *t)
{
    wh_schema_release(&t->schema);
    wh_pq_arena_release(&t->arena);
    *t = (struct wh_pq_tree){0};
}

/* ---- types ------------------------------------------------------------------------------------- */

/* What stands in a SchemaElement for a type without parameters. */
struct leaf_type {
    int32_t type, length, converted, logical, bits;
    bool is_signed;
};

#define NO_TYPE (-1)

static const struct leaf_type leaf_types[WH_TYPE_COUNT] = {
    [WH_NULL] = {WH_PQ_INT32, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_UNKNOWN, 0, false},
    [WH_BOOL] = {WH_PQ_BOOLEAN, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_INT8] = {WH_PQ_INT32, 0, WH_PQ_INT_8, WH_PQ_LOGICAL_INTEGER, 8, true},
    [WH_INT16] = {WH_PQ_INT32, 0, WH_PQ_INT_16, WH_PQ_LOGICAL_INTEGER, 16, true},
    [WH_INT32] = {WH_PQ_INT32, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, true},
    [WH_INT64] = {WH_PQ_INT64, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, true},
    [WH_UINT8] = {WH_PQ_INT32, 0, WH_PQ_UINT_8, WH_PQ_LOGICAL_INTEGER, 8, false},
    [WH_UINT16] = {WH_PQ_INT32, 0, WH_PQ_UINT_16, WH_PQ_LOGICAL_INTEGER, 16, false},
    [WH_UINT32] = {WH_PQ_INT32, 0, WH_PQ_UINT_32, WH_PQ_LOGICAL_INTEGER, 32, false},
    [WH_UINT64] = {WH_PQ_INT64, 0, WH_PQ_UINT_64, WH_PQ_LOGICAL_INTEGER, 64, false},
    [WH_FLOAT32] = {WH_PQ_FLOAT, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_FLOAT64] = {WH_PQ_DOUBLE, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_DECIMAL] = {NO_TYPE, 0, WH_PQ_DECIMAL, WH_PQ_LOGICAL_DECIMAL, 0, true},
    [WH_UTF8] = {WH_PQ_BYTE_ARRAY, 0, WH_PQ_UTF8, WH_PQ_LOGICAL_STRING, 0, false},
    [WH_JSON] = {WH_PQ_BYTE_ARRAY, 0, WH_PQ_JSON, WH_PQ_LOGICAL_JSON, 0, false},
    [WH_BINARY] = {WH_PQ_BYTE_ARRAY, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_UUID] = {WH_PQ_FIXED, 16, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_UUID, 0, false},
    [WH_DATE32] = {WH_PQ_INT32, 0, WH_PQ_DATE, WH_PQ_LOGICAL_DATE, 0, true},
    [WH_TIME64] = {WH_PQ_INT64, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_TIME, 0, true},
    [WH_TIMESTAMP] = {WH_PQ_INT64, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_TIMESTAMP, 0, true},
    [WH_INTERVAL] = {WH_PQ_FIXED, 12, WH_PQ_INTERVAL, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_LIST] = {NO_TYPE, 0, WH_PQ_LIST_GROUP, WH_PQ_LOGICAL_LIST, 0, false},
    [WH_STRUCT] = {NO_TYPE, 0, WH_PQ_CONVERTED_NONE, WH_PQ_LOGICAL_NONE, 0, false},
    [WH_MAP] = {NO_TYPE, 0, WH_PQ_MAP_GROUP, WH_PQ_LOGICAL_MAP, 0, false},
};

/* A column of nulls cannot be required, whatever its field says. */
static bool is_optional(const struct wh_field *f)
{
    return f->nullable || f->type == WH_NULL;
}

bool wh_pq_is_group(enum wh_type t)
{
    return t == WH_LIST || t == WH_STRUCT || t == WH_MAP;
}

/* Bytes of two's complement that hold every number of so many digits: the least n with
 * 10^digits <= 2^(8n - 1). */
int32_t wh_pq_decimal_bytes(int precision)
{
    static const uint8_t most_digits[] = {0,  2,  4,  6,  9,  11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38,
                                          40, 43, 45, 47, 50, 52, 55, 57, 59, 62, 64, 67, 69, 71, 74, 76};
    int32_t n = 1;
    while (n < (int32_t)WH_COUNT(most_digits) - 1 && most_digits[n] < precision)
        n++;
    return n;
}

static void physical_type(const struct wh_field *f, int32_t *type, int32_t *length)
{
    *type = leaf_types[f->type].type;
    *length = leaf_types[f->type].length;
    if (f->type != WH_DECIMAL)
        return;
    *type = f->precision <= 9 ? WH_PQ_INT32 : f->precision <= 18 ? WH_PQ_INT64 : WH_PQ_FIXED;
    *length = *type == WH_PQ_FIXED ? wh_pq_decimal_bytes(f->precision) : 0;
}

/* Parquet has no seconds; milliseconds hold them. */
static enum wh_time_unit stored_unit(enum wh_time_unit unit)
{
    return unit == WH_SECOND ? WH_MILLI : unit;
}

static int32_t converted_time(const struct wh_field *f)
{
    enum wh_time_unit unit = stored_unit(f->unit);
    if (f->type == WH_TIME64)
        return unit == WH_MICRO ? WH_PQ_TIME_MICROS : WH_PQ_CONVERTED_NONE;
    /* The old annotation means an instant; on local times it would be a lie. */
    if (f->zone == NULL || unit == WH_NANO)
        return WH_PQ_CONVERTED_NONE;
    return unit == WH_MILLI ? WH_PQ_TIMESTAMP_MILLIS : WH_PQ_TIMESTAMP_MICROS;
}

static void annotate(struct wh_pq_element *e, const struct wh_field *f)
{
    const struct leaf_type *t = &leaf_types[f->type];
    e->converted = t->converted;
    e->logical = (struct wh_pq_logical){.id = t->logical, .bits = t->bits, .is_signed = t->is_signed};
    if (f->type == WH_DECIMAL) {
        e->precision = e->logical.precision = f->precision;
        e->scale = e->logical.scale = f->scale;
    } else if (f->type == WH_TIME64 || f->type == WH_TIMESTAMP) {
        e->converted = converted_time(f);
        e->logical.unit = stored_unit(f->unit);
        e->logical.utc = f->type == WH_TIMESTAMP && f->zone != NULL;
    }
}

/* ---- elements ---------------------------------------------------------------------------------- */

/* Elements that a field becomes, itself included. */
static size_t count_elements(const struct wh_field *f)
{
    size_t n = f->type == WH_LIST ? 2 : 1;
    /* A map's struct is its repeated group. */
    for (size_t i = 0; i < f->n_children; i++)
        n += count_elements(&f->children[i]);
    return n;
}

struct element_sink {
    struct wh_pq_element *next;
};

static struct wh_pq_element *add_element(struct element_sink *sink, struct wh_slice name, bool nullable)
{
    struct wh_pq_element *e = sink->next++;
    *e = (struct wh_pq_element){
        .name = name,
        .repetition = nullable ? WH_PQ_OPTIONAL : WH_PQ_REQUIRED,
        .converted = WH_PQ_CONVERTED_NONE,
        .field_id = -1,
    };
    return e;
}

static struct wh_pq_element *add_repeated(struct element_sink *sink, const char *name, size_t n_children)
{
    struct wh_pq_element *e = add_element(sink, wh_slice_of(name), false);
    e->repetition = WH_PQ_REPEATED;
    e->n_children = (int32_t)n_children;
    return e;
}

static void add_field(struct element_sink *sink, const struct wh_field *f, struct wh_slice name,
                      bool nullable)
{
    struct wh_pq_element *e = add_element(sink, name, nullable);
    annotate(e, f);
    if (!wh_pq_is_group(f->type)) {
        e->is_leaf = true;
        physical_type(f, &e->type, &e->length);
    } else if (f->type == WH_LIST) {
        e->n_children = 1;
        add_repeated(sink, "list", 1);
        add_field(sink, &f->children[0], wh_slice_of("element"), is_optional(&f->children[0]));
    } else if (f->type == WH_MAP) {
        const struct wh_field *entry = &f->children[0];
        e->n_children = 1;
        add_repeated(sink, "key_value", 2);
        add_field(sink, &entry->children[0], wh_slice_of("key"), false);
        add_field(sink, &entry->children[1], wh_slice_of("value"), is_optional(&entry->children[1]));
    } else {
        e->n_children = (int32_t)f->n_children;
        for (size_t i = 0; i < f->n_children; i++) {
            const struct wh_field *member = &f->children[i];
            add_field(sink, member, wh_slice_of(member->name), is_optional(member));
        }
    }
}

enum wh_status wh_pq_elements(struct wh_pq_element **out, size_t *n, const struct wh_schema *schema,
                              struct wh_pq_arena *arena, struct wh_error *err)
{
    size_t count = 1;
    for (size_t i = 0; i < schema->n_fields; i++)
        count += count_elements(&schema->fields[i]);
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, arena, count, sizeof **out, err));
    *out = memory;
    struct element_sink sink = {*out};
    struct wh_pq_element *root = add_element(&sink, wh_slice_of("schema"), false);
    root->n_children = (int32_t)schema->n_fields;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct wh_field *f = &schema->fields[i];
        add_field(&sink, f, wh_slice_of(f->name), is_optional(f));
    }
    *n = (size_t)(sink.next - *out);
    return WH_OK;
}

struct path_walk {
    const struct wh_pq_element *elements;
    size_t next;                             /* element */
    struct wh_slice parts[3 * WH_MAX_DEPTH]; /* a list is three levels of elements */
    struct wh_pq_path *paths;
    size_t n_paths;
    struct wh_pq_arena *arena;
};

static enum wh_status walk_paths(struct path_walk *w, size_t depth, struct wh_error *err)
{
    const struct wh_pq_element *e = &w->elements[w->next++];
    if (depth >= WH_COUNT(w->parts))
        return wh_fail(err, WH_CONFIG, "could not write the schema: it is nested too deeply");
    w->parts[depth] = e->name;
    for (int32_t i = 0; i < e->n_children; i++)
        WH_TRY(walk_paths(w, depth + 1, err));
    if (!e->is_leaf)
        return WH_OK;
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, w->arena, depth + 1, sizeof w->parts[0], err));
    memcpy(memory, w->parts, (depth + 1) * sizeof w->parts[0]);
    w->paths[w->n_paths++] = (struct wh_pq_path){memory, depth + 1};
    return WH_OK;
}

enum wh_status wh_pq_paths(struct wh_pq_path **out, size_t *n, const struct wh_pq_element *elements,
                           size_t n_elements, struct wh_pq_arena *arena, struct wh_error *err)
{
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, arena, n_elements, sizeof **out, err));
    struct path_walk w = {.elements = elements, .next = 1, .paths = memory, .arena = arena};
    for (int32_t i = 0; i < elements[0].n_children; i++)
        WH_TRY(walk_paths(&w, 0, err));
    *out = w.paths;
    *n = w.n_paths;
    return WH_OK;
}

/* ---- the tree ---------------------------------------------------------------------------------- */

static enum wh_status check_group(const struct wh_field *f, int depth, struct wh_error *err)
{
    if (depth > WH_MAX_DEPTH)
        return wh_fail(err, WH_CONFIG, "could not write column \"%s\": it is nested too deeply", f->name);
    if (f->type == WH_STRUCT && f->n_children == 0) {
        wh_fail(err, WH_CONFIG, "could not write column \"%s\": Parquet has no struct without members",
                f->name);
        return wh_hint(err, "leave the column out, or read it as json");
    }
    if (f->type == WH_DECIMAL && (f->precision < 1 || f->precision > WH_DECIMAL_MAX_DIGITS || f->scale < 0))
        return wh_fail(err, WH_INTERNAL, "could not write column \"%s\": decimal(%d,%d)", f->name,
                       f->precision, f->scale);
    return WH_OK;
}

static enum wh_status build_node(struct wh_pq_tree *t, struct wh_pq_node *node, const struct wh_field *f,
                                 const struct wh_pq_level *above, struct wh_error *err)
{
    WH_TRY(check_group(f, above->depth, err));
    struct wh_pq_level below = {
        .def = (int16_t)(above->def + (above->forced_present ? 0 : is_optional(f))),
        .rep = above->rep,
        .depth = above->depth + 1,
    };
    node->field = f;
    node->present_def = below.def;
    node->max_rep = above->rep;
    node->first_leaf = (int32_t)t->n_leaves;
    if (!wh_pq_is_group(f->type)) {
        physical_type(f, &node->type, &node->length);
        node->n_leaves = 1;
        t->n_leaves++;
        return WH_OK;
    }
    if (f->type != WH_STRUCT) {
        node->item_def = ++below.def;
        node->item_rep = ++below.rep;
    }
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, &t->arena, f->n_children, sizeof *node, err));
    node->children = memory;
    for (size_t i = 0; i < f->n_children; i++) {
        /* The entries of a map and their keys are always there, whatever their fields say. */
        below.forced_present = f->type == WH_MAP || (above->is_map_entry && i == 0);
        below.is_map_entry = f->type == WH_MAP;
        WH_TRY(build_node(t, &node->children[i], &f->children[i], &below, err));
    }
    node->n_leaves = (int32_t)t->n_leaves - node->first_leaf;
    return WH_OK;
}

static void collect_leaves(struct wh_pq_tree *t, struct wh_pq_node *node)
{
    if (!wh_pq_is_group(node->field->type)) {
        t->leaves[node->first_leaf] = node;
        return;
    }
    for (size_t i = 0; i < node->field->n_children; i++)
        collect_leaves(t, &node->children[i]);
}

enum wh_status wh_pq_tree_collect(struct wh_pq_tree *t, struct wh_error *err)
{
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, &t->arena, t->n_leaves, sizeof(struct wh_pq_node *), err));
    t->leaves = memory;
    for (size_t i = 0; i < t->n_nodes; i++)
        collect_leaves(t, &t->nodes[i]);
    return WH_OK;
}

static enum wh_status fill_tree(struct wh_pq_tree *t, const struct wh_schema *schema, struct wh_error *err)
{
    void *memory;
    WH_TRY(wh_pq_arena_alloc(&memory, &t->arena, schema->n_fields, sizeof *t->nodes, err));
    t->nodes = memory;
    t->n_nodes = schema->n_fields;
    for (size_t i = 0; i < schema->n_fields; i++) {
        struct wh_pq_level top = {0};
        WH_TRY(build_node(t, &t->nodes[i], &schema->fields[i], &top, err));
    }
    return wh_pq_tree_collect(t, err);
}

enum wh_status wh_pq_tree_write(struct wh_pq_tree *out, const struct wh_schema *schema, struct wh_error *err)
{
    struct wh_pq_tree t = {0};
    enum wh_status s = fill_tree(&t, schema, err);
    if (s == WH_OK)
        *out = t;
    else
        wh_pq_tree_release(&t);
    return s;
}
