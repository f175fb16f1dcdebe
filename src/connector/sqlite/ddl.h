/* connector/sqlite/ddl.h - statements that make tables and indexes and fill them. */
#pragma once
#include "connector/sqlite/db.h"

/* CREATE TABLE for a schema, with the primary key (NULL-ended; NULL or empty: none). Freed with
 * sqlite3_free; NULL without memory. */
char *wh_sqlite_create_sql(const char *table, const struct wh_schema *schema, const char *const *key);
/* INSERT of one row with a parameter for each column. merge_key (NULL-ended): a row with that key is
 * replaced in the columns of the schema; NULL: rows are only added. */
char *wh_sqlite_insert_sql(const char *table, const struct wh_schema *schema, const char *const *merge_key);
/* CREATE INDEX under a name. */
char *wh_sqlite_index_sql(const char *name, const char *table, const struct wh_index *index);
/* A CREATE TABLE statement as SQLite keeps it (sqlite_schema.sql), for a table of another name. */
char *wh_sqlite_renamed_sql(const char *sql, const char *table);

/* True when the field is the only one of the key and of a type that makes it the rowid. */
bool wh_sqlite_is_rowid_key(const struct wh_field *field, const char *const *key);
/* Makes the index, under a name made of the table's and its own when its own is taken. */
enum wh_status wh_sqlite_create_index(struct wh_sqlite_db *db, const char *table,
                                      const struct wh_index *index, struct wh_error *err);
