/* batch/schema.h - making, copying and comparing schemas; names of types.
 *
 * Type names, as users write and read them (aliases in parentheses): null, bool (boolean), int8, int16
 * (smallint), int32 (int, integer), int64 (bigint), uint8..uint64, float32 (real), float64 (double,
 * float), decimal(p,s) (numeric), text (utf8, string, varchar), json, binary (bytes, blob), uuid, date,
 * time(us|ns), timestamp(s|ms|us|ns) and timestamptz(..) (default us), interval, list<T>,
 * struct<name:T,...>, map<K,V>. */
#pragma once
#include "wherry/batch.h"

/* Sets a field of a plain type: nullable, no children. The name is copied. */
enum wh_status wh_field_init(struct wh_field *out, const char *name, enum wh_type type, struct wh_error *err);
enum wh_status wh_field_copy(struct wh_field *out, const struct wh_field *f, struct wh_error *err);
void wh_field_release(struct wh_field *f);
/* Same type with all parameters and children; names and nullability of the top are not compared. */
bool wh_field_same_type(const struct wh_field *a, const struct wh_field *b);

/* Appends a field and takes its content (*f is empty afterwards, also on failure). */
enum wh_status wh_schema_add(struct wh_schema *s, struct wh_field *f, struct wh_error *err);
enum wh_status wh_schema_copy(struct wh_schema *out, const struct wh_schema *s, struct wh_error *err);
void wh_schema_release(struct wh_schema *s);
/* Index of the field of that name or -1. Linear; keep a wh_map for many look-ups. */
int64_t wh_schema_find(const struct wh_schema *s, const char *name);

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

/* The narrowest type that holds every value of both exactly: integers with integers (or decimal),
 * decimals with decimals and integers, float32 with float64, date with timestamp never, same with same;
 * structs by the union of their fields; everything else becomes text. */
enum wh_status wh_type_union(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                             struct wh_error *err);
