/* format/jsonl/shape.h - what has been seen at one place of the records: the base of inferred types.
 *
 * A tree: members of objects, elements of arrays. Shapes only ever grow, so the type of a place only
 * widens. Serial. */
#pragma once
#include "format/jsonl/form.h"
#include "format/jsonl/keys.h"
#include "format/jsonl/number.h"
#include "format/jsonl/records.h"

/* Containers deeper than this stay JSON text; leaves room below WH_MAX_DEPTH. */
#define WH_JSONL_MAX_NESTED 60
/* Keys of a nested object, columns of a row, and places in all, beyond which the object stays JSON text. */
#define WH_JSONL_MAX_MEMBERS 1000
#define WH_JSONL_MAX_COLUMNS 65536
#define WH_JSONL_MAX_SHAPES 100000

enum wh_jsonl_seen {
    WH_JSONL_NULL = 1,
    WH_JSONL_BOOL = 2,
    WH_JSONL_NUMBER = 4,
    WH_JSONL_TEXT = 8,
    WH_JSONL_OBJECT = 16,
    WH_JSONL_ARRAY = 32,
    WH_JSONL_RAW = 64, /* too deep, too many keys, or asked for as JSON */
};

struct wh_jsonl_shape {
    unsigned seen; /* bits of wh_jsonl_seen */
    struct wh_jsonl_numbers numbers;
    struct wh_jsonl_form form; /* of texts; type NULL: none seen yet */
    struct wh_jsonl_keys keys;
    struct wh_jsonl_shape **members; /* owned, by number of key */
    struct wh_jsonl_shape *element;  /* owned: what all elements of arrays have in common */
    uint32_t follower;               /* key that came behind this one last time */
    uint32_t first;                  /* key that came first last time */
    const char *file;                /* lent: where the type last changed; NULL: nowhere */
    uint64_t line;
};

/* How shapes grow. */
struct wh_jsonl_infer {
    struct wh_jsonl_shape root;
    bool typed_text; /* dates, times and uuids get their types */
    bool nested;     /* objects and arrays become structs and lists */
    uint32_t n_shapes;
    uint64_t n_records, n_bytes; /* looked at */
};

void wh_jsonl_infer_release(struct wh_jsonl_infer *infer);

/* Adds all well-formed records. */
enum wh_status wh_jsonl_infer_add(struct wh_jsonl_infer *infer, struct wh_jsonl_records *records,
                                  struct wh_error *err);

/* True when records are not objects: they make up a single column. */
bool wh_jsonl_rows_are_values(const struct wh_jsonl_infer *infer);
/* The type of a place: nullable, with children. name is copied. */
enum wh_status wh_jsonl_shape_field(struct wh_field *out, const struct wh_jsonl_shape *shape,
                                    const char *name, struct wh_error *err);
