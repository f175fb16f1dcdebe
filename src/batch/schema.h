/* batch/schema.h - making, copying and comparing schemas; names of types.
 *
 * Type names, as users write and read them (aliases in parentheses): null, bool (boolean), int8, int16
 * (smallint), int32 (int, integer), int64 (bigint), uint8..uint64, float32 (real), float64 (double,
 * float), decimal(p,s) (numeric), text (utf8, string, varchar), json, binary (bytes, blob), uuid, date,
 * time(us|ns), timestamp(s|ms|us|ns) and timestamptz(..) (default us), interval, list<T>,
 * struct<name:T,...>, map<K,V>. Case does not matter. An instant of another zone than UTC is
 * timestamptz(us,Europe/Berlin); "not null" may stand behind the type of a column, member, element or map
 * value; names with spaces or any of ,:<>()" stand in double quotes, doubled inside. */
#pragma once
#include "wherry/batch.h"

/* Sets a field of a plain type: nullable, no children. The name is copied. */
enum wh_status wh_field_init(struct wh_field *out, const char *name, enum wh_type type, struct wh_error *err);
enum wh_status wh_field_copy(struct wh_field *out, const struct wh_field *f, struct wh_error *err);
void wh_field_release(struct wh_field *f);
/* Same type with all parameters and children; names and nullability of the top are not compared, nor names of
 * list elements and inside maps. */
bool wh_field_same_type(const struct wh_field *a, const struct wh_field *b);

/* Appends a field and takes its content (*f is empty afterwards, also on failure). Fails: WH_LIMIT when its
 * type is nested deeper than WH_MAX_DEPTH. */
enum wh_status wh_schema_add(struct wh_schema *s, struct wh_field *f, struct wh_error *err);
enum wh_status wh_schema_copy(struct wh_schema *out, const struct wh_schema *s, struct wh_error *err);
void wh_schema_release(struct wh_schema *s);
/* Index of the field of that name or -1. Linear; keep a wh_map for many look-ups. */
int64_t wh_schema_find(const struct wh_schema *s, const char *name);
/* Says in err's hint which field the user may have meant by name, or which there are. Returns err->code. */
enum wh_status wh_schema_hint(const struct wh_schema *s, const char *name, struct wh_error *err);

/* Writes the type's name ("decimal(15,2)") into buf, cut at size. */
void wh_type_format(const struct wh_field *f, char *buf, size_t size);
/* Parses a type's name into *out (name untouched, children owned). Fails: WH_CONFIG with the nearest
 * name as hint. */
enum wh_status wh_type_parse(struct wh_field *out, const char *text, struct wh_error *err);
/* Parses "id:int64,price:decimal(15,2)" (commas inside brackets belong to the type) and appends. */
enum wh_status wh_schema_parse(struct wh_schema *out, const char *text, struct wh_error *err);

/* Bytes of one value of a fixed-width type (DECIMAL by precision); 0 for BOOL, NULL, variable-width and
 * nested ones. */
size_t wh_type_width(const struct wh_field *f);
static inline bool wh_type_has_offsets(enum wh_type t)
{
    return t == WH_UTF8 || t == WH_JSON || t == WH_BINARY || t == WH_LIST || t == WH_MAP;
}
static inline bool wh_type_is_bytes(enum wh_type t)
{
    return t == WH_UTF8 || t == WH_JSON || t == WH_BINARY;
}

/* The narrowest type that holds every value of both exactly: integers with integers (or decimal), decimals
 * with decimals and integers, floats with floats and integers that fit their significand, null with all, same
 * with same; times and timestamps by the finer unit (a cast checks the range), instants of two zones as UTC;
 * lists and maps by their elements, structs by the union of their members; everything else becomes text. The
 * name is that of a. */
enum wh_status wh_type_union(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                             struct wh_error *err);
