/* connector/sqlite/profile.h - the types that the values of a relation's columns have.
 *
 * A declared type is a wish: SQLite keeps other values too. Each column has a list of candidates
 * (types.h), from the declared type down to binary, which takes everything. Rows are shown to the profile,
 * and the first candidate that took all of them is the column's type. */
#pragma once
#include "connector/sqlite/catalog.h"
#include "connector/sqlite/convert.h"
#include "connector/sqlite/types.h"

struct wh_sqlite_profiled {
    struct wh_sqlite_candidate candidates[WH_SQLITE_CANDIDATES];
    size_t n_candidates;
    unsigned fits;                            /* bit i: candidate i took every value so far */
    int64_t dropped_by[WH_SQLITE_CANDIDATES]; /* the row (rowid or 1-based number) that candidate i did not
                                                 take */
    bool has_null, has_value;
    struct wh_field fields[WH_SQLITE_CANDIDATES]; /* of the scratch columns */
    struct wh_column scratch[WH_SQLITE_CANDIDATES];
    struct wh_sqlite_converter converters[WH_SQLITE_CANDIDATES];
};

struct wh_sqlite_profile {
    struct wh_sqlite_profiled *columns; /* owned */
    size_t n_columns;
    int64_t rows;
    int64_t bytes; /* of the values shown */
};

/* A profile of the relation's columns that has seen nothing. */
enum wh_status wh_sqlite_profile_init(struct wh_sqlite_profile *p, const struct wh_sqlite_relation *r,
                                      struct wh_error *err);
void wh_sqlite_profile_release(struct wh_sqlite_profile *p);
/* Shows it every row of a statement whose columns are those of wh_sqlite_select_list. */
enum wh_status wh_sqlite_profile_rows(struct wh_sqlite_profile *p, struct wh_sqlite_db *db,
                                      sqlite3_stmt *stmt, struct wh_error *err);
/* The type of column i; of one without values the best candidate, text when nothing is declared. */
const struct wh_sqlite_candidate *wh_sqlite_profile_type(const struct wh_sqlite_profile *p, size_t i);
/* The row because of which it is not the candidate before; 0 for the best one. */
int64_t wh_sqlite_profile_why(const struct wh_sqlite_profile *p, size_t i);

/* Where a table's rows lie. */
struct wh_sqlite_extent {
    int64_t first, last; /* rowids; first > last: no rows or no rowids */
    int64_t rows;        /* estimate; -1: unknown */
    int64_t row_bytes;   /* of an average row, estimate */
};

/* Looks at some rows: of a table with rowids at places all over it, else the first ones. Fills the extent. */
enum wh_status wh_sqlite_sample(struct wh_sqlite_profile *p, struct wh_sqlite_extent *extent,
                                struct wh_sqlite_db *db, const struct wh_sqlite_relation *r,
                                struct wh_error *err);
/* Looks at all rows of the statement's text. */
enum wh_status wh_sqlite_scan(struct wh_sqlite_profile *p, struct wh_sqlite_db *db, const char *sql,
                              struct wh_error *err);

/* The relation's columns as quoted names, joined by commas, ended by the rowid if there is one; and what to
 * select them from. Both owned, freed with sqlite3_free; NULL without memory. */
char *wh_sqlite_select_list(const struct wh_sqlite_relation *r);
char *wh_sqlite_select_from(const struct wh_sqlite_relation *r);
