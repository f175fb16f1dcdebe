/* connector/sqlite/types.h - declared types of SQLite columns against ours, in both directions.
 *
 * SQLite gives a column an affinity by its declared type ("Datatypes In SQLite", section 3.1) and may
 * change a value for it: the text '007' becomes 7 in a NUMERIC column. Types for new tables are chosen so
 * that no value of ours changes. */
#pragma once
#include "wherry/batch.h"

enum wh_sqlite_affinity { WH_AFF_BLOB, WH_AFF_TEXT, WH_AFF_NUMERIC, WH_AFF_INTEGER, WH_AFF_REAL };

/* Affinity of a declared type (NULL: none). strict: the type belongs to a STRICT table. */
enum wh_sqlite_affinity wh_sqlite_affinity_of(const char *declared, bool strict);

/* A type that a column may turn out to have. */
struct wh_sqlite_candidate {
    enum wh_type type;
    uint8_t precision;
    int8_t scale;
    enum wh_time_unit unit;
    bool zoned;
    bool native; /* takes only values stored as that type: blobs for binary */
};
#define WH_SQLITE_CANDIDATES 12
#define WH_SQLITE_BY_CONTENT 4      /* the last ones of every list: they follow from no declared type */
#define WH_SQLITE_TEXT_BY_CONTENT 2 /* which of them is text */

/* Types for a column of that declared type, best first; the last one takes every value. Returns their
 * number. */
size_t wh_sqlite_candidates(struct wh_sqlite_candidate *out, const char *declared);
/* Sets the type of a field that has its name; what it had of a type is released. */
enum wh_status wh_sqlite_set_type(struct wh_field *field, const struct wh_sqlite_candidate *type,
                                  struct wh_error *err);

/* Writes the declared type that a new column of that field gets, cut at size. */
void wh_sqlite_declare(const struct wh_field *field, char *buf, size_t size);
