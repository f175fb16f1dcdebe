/* connector/sqlite/catalog.c - what tables, views and queries look like; see catalog.h.
 *
 * Read from the table-valued forms of PRAGMA table_list, table_xinfo, index_list and index_info (SQLite
 * 3.37 and later), where names are bound and need no quoting. */
#include "connector/sqlite/catalog.h"

#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "connector/stream.h"

/* ---- lists ------------------------------------------------------------------------------------ */

/* Adds a copy of text to a NULL-ended list of n. */
static enum wh_status list_add(char ***list, size_t n, const char *text, struct wh_error *err)
{
    char **longer = wh_realloc_array(*list, n + 2, sizeof *longer);
    if (longer == NULL)
        return wh_nomem(err);
    *list = longer;
    longer[n] = longer[n + 1] = NULL;
    return wh_strdup(&longer[n], text, err);
}

/* Puts the first column of all rows into a NULL-ended list. */
static enum wh_status list_all(char ***out, struct wh_sqlite_db *db, sqlite3_stmt *stmt, struct wh_error *err)
{
    char **list = wh_alloc_array(1, sizeof *list);
    enum wh_status s = list == NULL ? wh_nomem(err) : WH_OK;
    for (size_t n = 0; s == WH_OK; n++) {
        s = wh_sqlite_step(db, stmt, err);
        if (s == WH_OK)
            s = list_add(&list, n, wh_sqlite_text(stmt, 0), err);
    }
    if (s != WH_END) {
        wh_strv_free(list);
        return s;
    }
    *out = list;
    return WH_OK;
}

enum wh_status wh_sqlite_list(struct wh_sqlite_db *db, char ***out, struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow'"
                             " AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\' AND name <> %Q"
                             " AND instr(name, %Q) = 0 ORDER BY name",
                             WH_SQLITE_LEDGER, WH_SQLITE_STAGING));
    return list_all(out, db, stmt, err);
}

/* ---- one relation ----------------------------------------------------------------------------- */

void wh_sqlite_relation_release(struct wh_sqlite_relation *r)
{
    for (size_t i = 0; i < r->n_columns; i++) {
        free(r->columns[i].name);
        free(r->columns[i].declared);
    }
    free(r->columns);
    free(r->name);
    *r = (struct wh_sqlite_relation){0};
}

int64_t wh_sqlite_find_column(const struct wh_sqlite_relation *r, const char *name)
{
    int64_t found = -1;
    for (size_t i = 0; i < r->n_columns; i++) {
        if (strcmp(r->columns[i].name, name) == 0)
            return (int64_t)i;
        if (found < 0 && strcasecmp(r->columns[i].name, name) == 0)
            found = (int64_t)i;
    }
    return found;
}

static enum wh_status add_column(struct wh_sqlite_relation *r, const struct wh_sqlite_column *lent,
                                 struct wh_error *err)
{
    struct wh_sqlite_column *more = wh_realloc_array(r->columns, r->n_columns + 1, sizeof *more);
    if (more == NULL)
        return wh_nomem(err);
    r->columns = more;
    struct wh_sqlite_column *c = &more[r->n_columns++];
    *c = *lent;
    c->name = c->declared = NULL;
    WH_TRY(wh_strdup(&c->name, lent->name, err));
    return wh_strdup(&c->declared, lent->declared, err);
}

/* Names of one statement's result columns with their declared types. */
static enum wh_status describe_query(struct wh_sqlite_relation *r, struct wh_sqlite_db *db,
                                     struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    const char *rest;
    if (sqlite3_prepare_v2(db->handle, r->name, -1, &stmt, &rest) != SQLITE_OK)
        return wh_sqlite_fail(db, err, "read query \"%.100s\"", r->name);
    while (*rest == ' ' || *rest == '\n' || *rest == '\t' || *rest == ';')
        rest++;
    if (stmt == NULL || *rest != '\0' || !sqlite3_stmt_readonly(stmt) || sqlite3_column_count(stmt) == 0 ||
        sqlite3_bind_parameter_count(stmt) != 0)
        return wh_fail(err, WH_CONFIG,
                       "could not read query \"%.100s\": it must be one SELECT without parameters", r->name);
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        const char *name = sqlite3_column_name(stmt, i), *declared = sqlite3_column_decltype(stmt, i);
        if (name == NULL)
            return wh_nomem(err);
        if (wh_sqlite_find_column(r, name) >= 0) {
            wh_fail(err, WH_CONFIG, "could not read query \"%.100s\": two columns are named \"%s\"", r->name,
                    name);
            return wh_hint(err, "name one of them with AS");
        }
        char *copy WH_CLEANUP(wh_freep) = NULL, *type WH_CLEANUP(wh_freep) = NULL;
        WH_TRY(wh_strdup(&copy, name, err));
        WH_TRY(wh_strdup(&type, declared == NULL ? "" : declared, err));
        WH_TRY(add_column(r, &(struct wh_sqlite_column){.name = copy, .declared = type}, err));
    }
    /* What ends the text must not end the subquery that it becomes. */
    for (size_t len = strlen(r->name); len > 0 && strchr("; \t\n", r->name[len - 1]) != NULL; len--)
        r->name[len - 1] = '\0';
    return WH_OK;
}

/* Result columns of PRAGMA table_xinfo. */
enum { X_NAME, X_TYPE, X_NOT_NULL, X_DEFAULT, X_KEY, X_HIDDEN };
enum { HIDDEN_BY_MODULE = 1, GENERATED_VIRTUAL = 2, GENERATED_STORED = 3 };

static enum wh_status describe_columns(struct wh_sqlite_relation *r, struct wh_sqlite_db *db,
                                       struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden"
                             " FROM pragma_table_xinfo(%Q, 'main') ORDER BY cid",
                             r->name));
    enum wh_status s;
    while ((s = wh_sqlite_step(db, stmt, err)) == WH_OK) {
        int hidden = sqlite3_column_int(stmt, X_HIDDEN);
        if (hidden == HIDDEN_BY_MODULE)
            continue;
        char *name WH_CLEANUP(wh_freep) = NULL, *type WH_CLEANUP(wh_freep) = NULL;
        WH_TRY(wh_strdup(&name, wh_sqlite_text(stmt, X_NAME), err));
        WH_TRY(wh_strdup(&type, wh_sqlite_text(stmt, X_TYPE), err));
        struct wh_sqlite_column c = {.name = name,
                                     .declared = type,
                                     .not_null = sqlite3_column_int(stmt, X_NOT_NULL) != 0,
                                     .has_default = sqlite3_column_int(stmt, X_DEFAULT) != 0,
                                     .key_part = sqlite3_column_int(stmt, X_KEY),
                                     .is_generated =
                                         hidden == GENERATED_VIRTUAL || hidden == GENERATED_STORED};
        WH_TRY(add_column(r, &c, err));
    }
    return s == WH_END ? WH_OK : s;
}

/* Finds a name for the rowid that no column has, and the column that is the rowid. A table is without
 * rowid when selecting one does not compile. */
static enum wh_status find_rowid(struct wh_sqlite_relation *r, struct wh_sqlite_db *db, bool without_rowid)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    r->rowid_alias = -1;
    if (without_rowid)
        return WH_OK;
    for (size_t i = 0; i < WH_COUNT(names) && r->rowid == NULL; i++)
        if (wh_sqlite_find_column(r, names[i]) < 0)
            r->rowid = names[i];
    size_t n_keys = 0;
    for (size_t i = 0; i < r->n_columns; i++) {
        n_keys += r->columns[i].key_part > 0;
        if (r->columns[i].key_part == 1 && strcasecmp(r->columns[i].declared, "INTEGER") == 0)
            r->rowid_alias = (int64_t)i;
    }
    if (n_keys != 1)
        r->rowid_alias = -1;
    /* "INTEGER PRIMARY KEY DESC" is no alias: then the key has an index of its own. */
    struct wh_error ignored = {0};
    int64_t own_index = 0;
    (void)wh_sqlite_number(db, &own_index, &ignored,
                           "SELECT count(*) FROM pragma_index_list(%Q, 'main') WHERE origin = 'pk'", r->name);
    if (own_index > 0)
        r->rowid_alias = -1;
    if (r->rowid_alias >= 0)
        r->columns[r->rowid_alias].not_null = true;
    return WH_OK;
}

static enum wh_status describe_table(struct wh_sqlite_relation *r, struct wh_sqlite_db *db,
                                     struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
                             " AND lower(name) = lower(%Q) ORDER BY name = %Q DESC",
                             r->name, r->name));
    enum wh_status s = wh_sqlite_step(db, stmt, err);
    if (s == WH_END) {
        wh_fail(err, WH_CONFIG, "could not find \"%s\" in \"%s\": no such table or view", r->name, db->path);
        return wh_hint(err, "list what there is with: wherry discover");
    }
    if (s != WH_OK)
        return s;
    free(r->name);
    r->name = NULL;
    WH_TRY(wh_strdup(&r->name, wh_sqlite_text(stmt, 0), err));
    bool is_table = strcmp(wh_sqlite_text(stmt, 1), "table") == 0;
    bool without_rowid = !is_table || sqlite3_column_int(stmt, 2) != 0;
    r->kind = is_table ? WH_SQLITE_TABLE : WH_SQLITE_VIEW;
    r->strict = sqlite3_column_int(stmt, 3) != 0;
    WH_TRY(describe_columns(r, db, err));
    if (r->n_columns == 0)
        return wh_fail(err, WH_CONFIG, "could not read \"%s\": SQLite cannot tell its columns", r->name);
    return find_rowid(r, db, without_rowid);
}

enum wh_status wh_sqlite_describe(struct wh_sqlite_relation *out, struct wh_sqlite_db *db, const char *name,
                                  struct wh_error *err)
{
    struct wh_sqlite_relation r = {.rowid_alias = -1};
    bool is_query = strncmp(name, WH_SQLITE_QUERY, strlen(WH_SQLITE_QUERY)) == 0;
    enum wh_status s = wh_strdup(&r.name, is_query ? name + strlen(WH_SQLITE_QUERY) : name, err);
    if (is_query)
        r.kind = WH_SQLITE_SELECT;
    if (s == WH_OK)
        s = is_query ? describe_query(&r, db, err) : describe_table(&r, db, err);
    if (s != WH_OK)
        wh_sqlite_relation_release(&r);
    else
        *out = r;
    return s;
}

enum wh_status wh_sqlite_exists(struct wh_sqlite_db *db, const char *name, bool *exists, bool *is_table,
                                struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT type FROM pragma_table_list WHERE schema = 'main'"
                             " AND lower(name) = lower(%Q)",
                             name));
    enum wh_status s = wh_sqlite_step(db, stmt, err);
    *exists = s == WH_OK;
    *is_table = s == WH_OK && strcmp(wh_sqlite_text(stmt, 0), "table") == 0;
    return s == WH_END ? WH_OK : s;
}

/* ---- keys and indexes ------------------------------------------------------------------------- */

enum wh_status wh_sqlite_primary_key(char ***out, const struct wh_sqlite_relation *r, struct wh_error *err)
{
    char **list = NULL;
    size_t n = 0;
    for (size_t part = 1; part <= r->n_columns; part++)
        for (size_t i = 0; i < r->n_columns; i++)
            if (r->columns[i].key_part == (int)part) {
                enum wh_status s = list_add(&list, n++, r->columns[i].name, err);
                if (s != WH_OK) {
                    wh_strv_free(list);
                    return s;
                }
            }
    *out = list;
    return WH_OK;
}

/* The name of an index; those that SQLite made for UNIQUE have names that cannot be used again. */
static enum wh_status index_name(struct wh_index *index, const struct wh_sqlite_relation *r, const char *name,
                                 struct wh_error *err)
{
    if (strncmp(name, "sqlite_", 7) != 0)
        return wh_strdup(&index->name, name, err);
    const char *number = strrchr(name, '_');
    char own[300];
    snprintf(own, sizeof own, "%.200s_unique%s", r->name, number);
    return wh_strdup(&index->name, own, err);
}

static enum wh_status read_index(struct wh_index *out, struct wh_sqlite_db *db,
                                 const struct wh_sqlite_relation *r, const char *name, struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err, "SELECT name FROM pragma_index_info(%Q, 'main') ORDER BY seqno",
                             name));
    WH_TRY(list_all(&out->columns, db, stmt, err));
    return index_name(out, r, name, err);
}

static enum wh_status add_index(struct wh_index **list, size_t *n, struct wh_index *taken,
                                struct wh_error *err)
{
    struct wh_index *longer = wh_realloc_array(*list, *n + 1, sizeof *longer);
    if (longer == NULL) {
        wh_index_release(taken);
        return wh_nomem(err);
    }
    *list = longer;
    longer[(*n)++] = *taken;
    return WH_OK;
}

static enum wh_status list_indexes(struct wh_index **list, size_t *n, struct wh_sqlite_db *db,
                                   const struct wh_sqlite_relation *r, struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT l.name, l.\"unique\" FROM pragma_index_list(%Q, 'main') l"
                             " WHERE l.origin <> 'pk' AND NOT l.partial AND NOT EXISTS"
                             " (SELECT 1 FROM pragma_index_info(l.name, 'main') WHERE name IS NULL)"
                             " ORDER BY l.seq DESC",
                             r->name));
    enum wh_status s;
    while ((s = wh_sqlite_step(db, stmt, err)) == WH_OK) {
        struct wh_index index = {.unique = sqlite3_column_int(stmt, 1) != 0};
        s = read_index(&index, db, r, wh_sqlite_text(stmt, 0), err);
        if (s != WH_OK) {
            wh_index_release(&index);
            return s;
        }
        WH_TRY(add_index(list, n, &index, err));
    }
    return s == WH_END ? WH_OK : s;
}

enum wh_status wh_sqlite_indexes(struct wh_index **out, size_t *n, struct wh_sqlite_db *db,
                                 const struct wh_sqlite_relation *r, struct wh_error *err)
{
    struct wh_index *list = NULL;
    size_t count = 0;
    enum wh_status s = r->kind == WH_SQLITE_TABLE ? list_indexes(&list, &count, db, r, err) : WH_OK;
    if (s != WH_OK) {
        for (size_t i = 0; i < count; i++)
            wh_index_release(&list[i]);
        free(list);
        return s;
    }
    *out = list;
    *n = count;
    return WH_OK;
}
