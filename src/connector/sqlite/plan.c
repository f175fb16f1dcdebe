/* connector/sqlite/plan.c - the columns of a stream against those of the table, and the plan in words. */
#include <strings.h>

#include "base/mem.h"
#include "connector/sqlite/destination_int.h"

/* ---- columns ---------------------------------------------------------------------------------- */

bool wh_sqlite_has_columns(const struct wh_sqlite_target *t, const struct wh_index *index)
{
    for (size_t i = 0; index->columns[i] != NULL; i++)
        if (wh_schema_find(t->schema, index->columns[i]) < 0)
            return false;
    return true;
}

static bool is_key(const struct wh_sqlite_target *t, const char *name)
{
    for (size_t i = 0; t->key != NULL && t->key[i] != NULL; i++)
        if (strcasecmp(t->key[i], name) == 0)
            return true;
    return false;
}

/* True when one of the first n columns of the stream goes to that column of the table. */
static bool is_used(const struct wh_sqlite_target *t, size_t n, int64_t column)
{
    for (size_t i = 0; i < n; i++)
        if (t->bindings[i].column == column)
            return true;
    return false;
}

static enum wh_status match_one(struct wh_sqlite_target *t, const struct wh_sqlite_relation *r, size_t i,
                                struct wh_error *err)
{
    const struct wh_field *f = &t->schema->fields[i];
    int64_t at = wh_sqlite_find_column(r, f->name);
    if (at < 0 || r->columns[at].is_generated) {
        wh_fail(err, WH_CONFIG, "could not write to table \"%s\": %s column \"%s\"", t->table,
                at < 0 ? "it has no" : "nothing can be written to its generated", f->name);
        return wh_hint(err, "leave the column out with --select");
    }
    if (is_used(t, i, at))
        return wh_fail(err, WH_CONFIG, "could not write to table \"%s\": two columns would go to \"%s\"",
                       t->table, r->columns[at].name);
    struct wh_sqlite_binding *b = &t->bindings[i];
    wh_sqlite_binding_init(b, f, r->columns[at].declared, r->strict);
    b->column = at;
    b->nan_is_null = t->destination->nan_is_null;
    b->needs_value = at == r->rowid_alias || (t->mode == WH_MERGE && is_key(t, f->name));
    return WH_OK;
}

enum wh_status wh_sqlite_match_columns(struct wh_sqlite_target *t, const struct wh_sqlite_relation *r,
                                       struct wh_error *err)
{
    free(t->bindings);
    t->bindings = wh_alloc_array(t->schema->n_fields, sizeof *t->bindings);
    if (t->bindings == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < t->schema->n_fields; i++)
        WH_TRY(match_one(t, r, i, err));
    for (size_t i = 0; i < r->n_columns; i++) {
        const struct wh_sqlite_column *c = &r->columns[i];
        bool must = c->not_null && !c->has_default && !c->is_generated && (int64_t)i != r->rowid_alias;
        if (must && !is_used(t, t->schema->n_fields, (int64_t)i))
            return wh_fail(
                err, WH_CONFIG,
                "could not write to table \"%s\": its column \"%s\" is NOT NULL without a default, and "
                "the stream has none of that name",
                t->table, c->name);
    }
    return WH_OK;
}

/* ---- the plan --------------------------------------------------------------------------------- */

/* What hangs on the table that is going to be replaced. */
static enum wh_status plan_old(struct wh_buffer *out, struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_sqlite_db *db = &t->destination->db;
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err,
                             "SELECT type, name FROM main.sqlite_schema WHERE sql IS NOT NULL AND"
                             " (type IN ('index', 'trigger') AND lower(tbl_name) = lower(%Q)"
                             " OR type = 'view' AND instr(lower(sql), lower(%Q))) ORDER BY type, name",
                             t->table, t->table));
    enum wh_status s;
    while ((s = wh_sqlite_step(db, stmt, err)) == WH_OK) {
        const char *type = wh_sqlite_text(stmt, 0), *name = wh_sqlite_text(stmt, 1);
        bool is_view = strcmp(type, "view") == 0;
        WH_TRY(wh_buffer_printf(out, err,
                                is_view ? "%s \"%s\" may read the table; it stays as it is\n"
                                        : "%s \"%s\" of the table is made again\n",
                                type, name));
    }
    return s == WH_END ? WH_OK : s;
}

static enum wh_status plan_create(struct wh_buffer *out, const struct wh_sqlite_target *t,
                                  struct wh_error *err)
{
    char *sql WH_CLEANUP(wh_sqlite_freep) =
        wh_sqlite_create_sql(t->table, t->schema, (const char *const *)t->key);
    if (sql == NULL)
        return wh_nomem(err);
    WH_TRY(wh_buffer_printf(out, err, "%s\n", sql));
    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct wh_index *index = &t->indexes[i];
        char *text WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_index_sql(index->name, t->table, index);
        if (text == NULL)
            return wh_nomem(err);
        WH_TRY(wh_buffer_printf(
            out, err, wh_sqlite_has_columns(t, index) ? "%s\n" : "not made, for lack of columns: %s\n",
            text));
    }
    return WH_OK;
}

static enum wh_status write_plan(struct wh_buffer *out, struct wh_sqlite_target *t, struct wh_error *err)
{
    static const char *const verbs[] = {
        [WH_REPLACE] = "replaced in one step at the end",
        [WH_TRUNCATE] = "emptied and filled in one step at the end",
        [WH_APPEND] = "added to, chunk by chunk",
        [WH_MERGE] = "merged into by its key, chunk by chunk",
    };
    WH_TRY(wh_buffer_printf(out, err, "table \"%s\" of \"%s\" is %s\n", t->table, t->destination->path,
                            t->exists ? verbs[t->mode] : "created"));
    if (!t->exists || t->mode == WH_REPLACE)
        WH_TRY(plan_create(out, t, err));
    if (t->exists && t->mode == WH_REPLACE)
        WH_TRY(plan_old(out, t, err));
    out->size--; /* the last line needs no end */
    return WH_OK;
}

enum wh_status wh_sqlite_write_plan(struct wh_sqlite_target *t, struct wh_error *err)
{
    struct wh_buffer out = {0};
    enum wh_status s = write_plan(&out, t, err);
    if (s == WH_OK)
        s = wh_buffer_take_text(&t->plan, &out, err);
    wh_buffer_release(&out);
    return s;
}
