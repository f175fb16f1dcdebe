/* format/parquet/schema.h - wherry schemas and Parquet schemas, each from the other.
 *
 * A Parquet schema is a tree with the columns as leaves; a wherry schema is a tree of fields. Both are
 * joined in a tree of nodes, one for each field: what stands between (the repeated groups of lists and
 * maps, see LogicalTypes.md "Nested Types") shows only in the levels.
 *
 *   optional group tags (LIST) {        node LIST    present_def 1, item_def 2, item_rep 1
 *     repeated group list {
 *       optional binary element (UTF8)  node UTF8    present_def 3, leaf: max_def 3, max_rep 1
 *
 * For an entry (rep, def) of a leaf below a node: the node's value is not null when def >= present_def. Of
 * a LIST or MAP node: it has an item when def >= item_def; the entry starts a further item of the same
 * list when rep == item_rep, it belongs to an inner list when rep > item_rep. A node that is not nullable
 * has present_def equal to the level that its parent's item (or value) has. */
#pragma once
#include "format/parquet/meta.h"

struct wh_pq_node {
    const struct wh_field *field;        /* lent by the wherry schema of the tree */
    const struct wh_pq_element *element; /* lent: leaf or the outer group of the field; NULL when writing */
    int16_t present_def;                 /* leaves: also the column's max_def */
    int16_t item_def;                    /* LIST, MAP */
    int16_t item_rep;                    /* LIST, MAP */
    int16_t max_rep;    /* repetition level of the node's own values; leaves: the column's max_rep */
    int32_t first_leaf; /* columns [first_leaf, first_leaf + n_leaves) lie below; a leaf has one: itself */
    int32_t n_leaves;
    /* Leaves */
    int32_t type;   /* enum wh_pq_type */
    int32_t length; /* bytes of a value of FIXED, else 0 */
    /* Groups: as many as the field has */
    struct wh_pq_node *children; /* in the tree's arena */
};

struct wh_pq_tree {
    struct wh_schema schema;  /* owned; only of trees made by wh_pq_tree_read */
    struct wh_pq_node *nodes; /* top-level fields, in order */
    size_t n_nodes;
    struct wh_pq_node **leaves; /* by column number */
    size_t n_leaves;
    struct wh_pq_arena arena; /* owned */
};
void wh_pq_tree_release(struct wh_pq_tree *t);

/* From a file's schema (elements lent while the tree lives). Understands three-level and the old two-level
 * lists, repeated fields without annotation, MAP and MAP_KEY_VALUE, logical and converted types. Fields of
 * types that have no counterpart are read by their physical type; docs/formats/parquet.md has the table.
 * Fails with WH_DATA when the schema is malformed (child counts, depth, lengths, decimals beyond 76
 * digits). A tree without columns is fine. */
enum wh_status wh_pq_tree_read(struct wh_pq_tree *out, const struct wh_pq_element *elements,
                               size_t n_elements, struct wh_error *err);

/* For writing: the schema is lent while the tree lives. Fails with WH_CONFIG for a type that Parquet does
 * not have (a struct without members). */
enum wh_status wh_pq_tree_write(struct wh_pq_tree *out, const struct wh_schema *schema, struct wh_error *err);

/* The SchemaElements of a schema, root first, in the arena; names point into the schema. */
enum wh_status wh_pq_elements(struct wh_pq_element **out, size_t *n, const struct wh_schema *schema,
                              struct wh_pq_arena *arena, struct wh_error *err);
/* path_in_schema of every column, in order, in the arena. */
struct wh_pq_path {
    struct wh_slice *parts;
    size_t n_parts;
};
enum wh_status wh_pq_paths(struct wh_pq_path **out, size_t *n, const struct wh_pq_element *elements,
                           size_t n_elements, struct wh_pq_arena *arena, struct wh_error *err);
