/* connector/sqlite/catalog.h - what tables, views and queries of a database look like. */
#pragma once
#include "connector/sqlite/db.h"

/* Prefix of a stream name that is a query: "query:SELECT ...". */
#define WH_SQLITE_QUERY "query:"
#define WH_SQLITE_LEDGER "_wherry_ledger"
#define WH_SQLITE_STAGING "__wherry_" /* stands between a table's name and a run's id */

struct wh_sqlite_column {
    char *name;     /* owned */
    char *declared; /* owned; "" when there is no type */
    bool not_null;
    bool is_generated;
    bool has_default;
    int key_part; /* 1-based place in the primary key, 0: none */
};

enum wh_sqlite_kind { WH_SQLITE_TABLE, WH_SQLITE_VIEW, WH_SQLITE_SELECT };

struct wh_sqlite_relation {
    char *name; /* owned; of a query its text */
    enum wh_sqlite_kind kind;
    bool strict;
    const char *rowid;                /* static: a name under which the rowid can be reached, or NULL */
    int64_t rowid_alias;              /* index of the INTEGER PRIMARY KEY column, or -1 */
    struct wh_sqlite_column *columns; /* owned; those that can be read */
    size_t n_columns;
};

/* Names of the tables and views that are streams, NULL-ended, sorted; the caller frees with wh_strv_free. */
enum wh_status wh_sqlite_list(struct wh_sqlite_db *db, char ***out, struct wh_error *err);

/* Describes a table or view (case does not count in its name), or a "query:". Fails: WH_CONFIG when there
 * is none. */
enum wh_status wh_sqlite_describe(struct wh_sqlite_relation *out, struct wh_sqlite_db *db, const char *name,
                                  struct wh_error *err);
void wh_sqlite_relation_release(struct wh_sqlite_relation *r);
/* True when there is a table or view of that name; *is_table tells which. */
enum wh_status wh_sqlite_exists(struct wh_sqlite_db *db, const char *name, bool *exists, bool *is_table,
                                struct wh_error *err);

/* Index of the column of that name (case does not count where no exact one is), or -1. */
int64_t wh_sqlite_find_column(const struct wh_sqlite_relation *r, const char *name);

/* Primary key columns in the order of the key, NULL-ended, or NULL when there is none. */
enum wh_status wh_sqlite_primary_key(char ***out, const struct wh_sqlite_relation *r, struct wh_error *err);
/* Indexes on plain columns; partial ones, those on expressions and that of the primary key are left out. */
enum wh_status wh_sqlite_indexes(struct wh_index **out, size_t *n, struct wh_sqlite_db *db,
                                 const struct wh_sqlite_relation *r, struct wh_error *err);
