/* connector/sqlite/ddl.c - statements that make tables and indexes and fill them; see ddl.h. */
#include "connector/sqlite/ddl.h"

#include <strings.h>

#include "base/mem.h"
#include "connector/sqlite/types.h"

static void append_names(sqlite3_str *sql, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 0 ? "" : ", ", names[i]);
}

static bool is_key(const char *name, const char *const *key)
{
    for (size_t i = 0; key != NULL && key[i] != NULL; i++)
        if (strcasecmp(key[i], name) == 0)
            return true;
    return false;
}

bool wh_sqlite_is_rowid_key(const struct wh_field *field, const char *const *key)
{
    bool is_int = field->type >= WH_INT8 && field->type <= WH_UINT32;
    return is_int && key != NULL && key[0] != NULL && key[1] == NULL && is_key(field->name, key);
}

char *wh_sqlite_create_sql(const char *table, const struct wh_schema *schema, const char *const *key)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    bool key_done = key == NULL || key[0] == NULL;
    sqlite3_str_appendf(sql, "CREATE TABLE \"%w\" (", table);
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct wh_field *f = &schema->fields[i];
        char type[64];
        wh_sqlite_declare(f, type, sizeof type);
        sqlite3_str_appendf(sql, "%s\"%w\" ", i == 0 ? "" : ", ", f->name);
        if (wh_sqlite_is_rowid_key(f, key)) {
            sqlite3_str_appendall(sql, "INTEGER PRIMARY KEY");
            key_done = true;
        } else {
            sqlite3_str_appendf(sql, "%s%s", type, f->nullable ? "" : " NOT NULL");
        }
    }
    if (!key_done) {
        sqlite3_str_appendall(sql, ", PRIMARY KEY (");
        append_names(sql, key);
        sqlite3_str_appendall(sql, ")");
    }
    sqlite3_str_appendall(sql, ")");
    return sqlite3_str_finish(sql);
}

char *wh_sqlite_insert_sql(const char *table, const struct wh_schema *schema, const char *const *merge_key)
{
    /* OR ABORT: no ON CONFLICT clause of the table drops rows silently or ends the transaction. */
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "INSERT OR ABORT INTO main.\"%w\" (", table);
    for (size_t i = 0; i < schema->n_fields; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 0 ? "" : ", ", schema->fields[i].name);
    sqlite3_str_appendall(sql, ") VALUES (");
    for (size_t i = 0; i < schema->n_fields; i++)
        sqlite3_str_appendall(sql, i == 0 ? "?" : ",?");
    sqlite3_str_appendall(sql, ")");
    if (merge_key != NULL) {
        sqlite3_str_appendall(sql, " ON CONFLICT (");
        append_names(sql, merge_key);
        sqlite3_str_appendall(sql, ") DO ");
        bool any = false;
        for (size_t i = 0; i < schema->n_fields; i++) {
            const char *name = schema->fields[i].name;
            if (is_key(name, merge_key))
                continue;
            sqlite3_str_appendf(sql, "%s\"%w\" = excluded.\"%w\"", any ? ", " : "UPDATE SET ", name, name);
            any = true;
        }
        if (!any)
            sqlite3_str_appendall(sql, "NOTHING");
    }
    return sqlite3_str_finish(sql);
}

char *wh_sqlite_index_sql(const char *name, const char *table, const struct wh_index *index)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CREATE %sINDEX \"%w\" ON \"%w\" (", index->unique ? "UNIQUE " : "", name,
                        table);
    append_names(sql, (const char *const *)index->columns);
    sqlite3_str_appendall(sql, ")");
    return sqlite3_str_finish(sql);
}

/* The end of the name that stands at the start of text. */
static const char *name_end(const char *text)
{
    char quote = text[0] == '[' ? ']' : text[0];
    if (quote != '"' && quote != '`' && quote != '\'' && quote != ']')
        return text + strcspn(text, " \t\r\n(");
    const char *p = text + 1;
    while (*p != '\0' && (*p != quote || (quote != ']' && p[1] == quote)))
        p += *p == quote ? 2 : 1;
    return *p == '\0' ? p : p + 1;
}

char *wh_sqlite_renamed_sql(const char *sql, const char *table)
{
    static const char start[] = "CREATE TABLE ";
    if (strncasecmp(sql, start, sizeof start - 1) != 0)
        return NULL;
    const char *name = sql + sizeof start - 1;
    while (*name == ' ' || *name == '\n' || *name == '\t' || *name == '\r')
        name++;
    return sqlite3_mprintf("CREATE TABLE \"%w\" %s", table, name_end(name));
}

enum wh_status wh_sqlite_create_index(struct wh_sqlite_db *db, const char *table,
                                      const struct wh_index *index, struct wh_error *err)
{
    char *long_name WH_CLEANUP(wh_sqlite_freep) = sqlite3_mprintf("%s_%s", table, index->name);
    int64_t taken = 0;
    if (long_name == NULL)
        return wh_nomem(err);
    WH_TRY(wh_sqlite_number(db, &taken, err, "SELECT 1 FROM main.sqlite_schema WHERE lower(name) = lower(%Q)",
                            index->name));
    bool reserved = strncasecmp(index->name, "sqlite_", 7) == 0;
    char *sql WH_CLEANUP(wh_sqlite_freep) =
        wh_sqlite_index_sql(taken != 0 || reserved ? long_name : index->name, table, index);
    if (sql == NULL)
        return wh_nomem(err);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return wh_sqlite_fail(db, err, "create index \"%s\" of table \"%s\"", index->name, table);
    return WH_OK;
}
