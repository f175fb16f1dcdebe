/* connector/sqlite/profile.c - the types that the values of a relation's columns have; see profile.h. */
#include "connector/sqlite/profile.h"

#include "base/mem.h"

enum {
    SAMPLE_PLACES = 32,
    SAMPLE_ROWS = 32,         /* at each place */
    SAMPLE_FIRST_ROWS = 1000, /* of a relation without rowids */
    COUNT_BYTES = 64 << 20,   /* up to this size of the database rows are counted, not estimated */
};

#define MOST_ROWS 1e15 /* more than a file can hold; keeps estimates within int64 */

/* ---- what is selected ------------------------------------------------------------------------- */

char *wh_sqlite_select_list(const struct wh_sqlite_relation *r)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    for (size_t i = 0; i < r->n_columns; i++)
        sqlite3_str_appendf(text, "%s\"%w\"", i == 0 ? "" : ",", r->columns[i].name);
    if (r->rowid != NULL)
        sqlite3_str_appendf(text, ",%s", r->rowid);
    return sqlite3_str_finish(text);
}

char *wh_sqlite_select_from(const struct wh_sqlite_relation *r)
{
    return r->kind == WH_SQLITE_SELECT ? sqlite3_mprintf("(%s\n)", r->name)
                                       : sqlite3_mprintf("main.\"%w\"", r->name);
}

/* ---- the profile ------------------------------------------------------------------------------ */

static enum wh_status init_column(struct wh_sqlite_profiled *c, const struct wh_sqlite_column *column,
                                  struct wh_error *err)
{
    c->n_candidates = wh_sqlite_candidates(c->candidates, column->declared);
    c->fits = (1u << c->n_candidates) - 1;
    for (size_t i = 0; i < c->n_candidates; i++) {
        c->fields[i] = (struct wh_field){.nullable = true};
        WH_TRY(wh_sqlite_set_type(&c->fields[i], &c->candidates[i], err));
        WH_TRY(wh_column_init(&c->scratch[i], &c->fields[i], NULL, err));
        wh_sqlite_converter_init(&c->converters[i], &c->fields[i], c->candidates[i].native, false);
    }
    return WH_OK;
}

enum wh_status wh_sqlite_profile_init(struct wh_sqlite_profile *p, const struct wh_sqlite_relation *r,
                                      struct wh_error *err)
{
    *p = (struct wh_sqlite_profile){.n_columns = r->n_columns};
    p->columns = wh_alloc_array(r->n_columns, sizeof *p->columns);
    enum wh_status s = p->columns == NULL ? wh_nomem(err) : WH_OK;
    for (size_t i = 0; s == WH_OK && i < r->n_columns; i++)
        s = init_column(&p->columns[i], &r->columns[i], err);
    if (s != WH_OK)
        wh_sqlite_profile_release(p);
    return s;
}

void wh_sqlite_profile_release(struct wh_sqlite_profile *p)
{
    for (size_t i = 0; p->columns != NULL && i < p->n_columns; i++)
        for (size_t k = 0; k < p->columns[i].n_candidates; k++) {
            if (p->columns[i].scratch[k].field != NULL)
                wh_column_release(&p->columns[i].scratch[k]);
            wh_field_release(&p->columns[i].fields[k]);
        }
    free(p->columns);
    *p = (struct wh_sqlite_profile){0};
}

/* Shows a value that is not null to the candidates that are left. */
static enum wh_status show(struct wh_sqlite_profiled *c, sqlite3_value *value, int64_t row,
                           struct wh_error *err)
{
    c->has_value = true;
    for (size_t k = 0; k < c->n_candidates; k++) {
        if ((c->fits & 1u << k) == 0)
            continue;
        wh_column_reset(&c->scratch[k]);
        enum wh_status s = wh_sqlite_convert(&c->converters[k], &c->scratch[k], value, err);
        if (s != WH_OK && s != WH_WIDEN)
            return s;
        if (s == WH_WIDEN) {
            c->fits &= ~(1u << k);
            c->dropped_by[k] = row;
        }
    }
    return WH_OK;
}

enum wh_status wh_sqlite_profile_rows(struct wh_sqlite_profile *p, struct wh_sqlite_db *db,
                                      sqlite3_stmt *stmt, struct wh_error *err)
{
    enum wh_status s;
    while ((s = wh_sqlite_step(db, stmt, err)) == WH_OK) {
        p->rows++;
        bool has_rowid = sqlite3_column_count(stmt) > (int)p->n_columns;
        int64_t row = has_rowid ? sqlite3_column_int64(stmt, (int)p->n_columns) : p->rows;
        for (size_t i = 0; i < p->n_columns; i++) {
            sqlite3_value *value = sqlite3_column_value(stmt, (int)i);
            int type = sqlite3_value_type(value);
            if (type == SQLITE_NULL) {
                p->columns[i].has_null = true;
                continue;
            }
            WH_TRY(show(&p->columns[i], value, row, err));
            bool sized = type == SQLITE_TEXT || type == SQLITE_BLOB;
            p->bytes += sized ? sqlite3_value_bytes(value) : 8;
        }
    }
    return s == WH_END ? WH_OK : s;
}

const struct wh_sqlite_candidate *wh_sqlite_profile_type(const struct wh_sqlite_profile *p, size_t i)
{
    const struct wh_sqlite_profiled *c = &p->columns[i];
    if (!c->has_value && c->n_candidates == WH_SQLITE_BY_CONTENT)
        return &c->candidates[WH_SQLITE_TEXT_BY_CONTENT];
    for (size_t k = 0; k + 1 < c->n_candidates; k++)
        if ((c->fits & 1u << k) != 0)
            return &c->candidates[k];
    return &c->candidates[c->n_candidates - 1];
}

int64_t wh_sqlite_profile_why(const struct wh_sqlite_profile *p, size_t i)
{
    const struct wh_sqlite_candidate *type = wh_sqlite_profile_type(p, i);
    const struct wh_sqlite_profiled *c = &p->columns[i];
    return type == c->candidates ? 0 : c->dropped_by[type - c->candidates - 1];
}

/* ---- looking at rows -------------------------------------------------------------------------- */

enum wh_status wh_sqlite_scan(struct wh_sqlite_profile *p, struct wh_sqlite_db *db, const char *sql,
                              struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err, "%s", sql));
    return wh_sqlite_profile_rows(p, db, stmt, err);
}

static enum wh_status sample_first(struct wh_sqlite_profile *p, struct wh_sqlite_db *db, const char *list,
                                   const char *from, struct wh_error *err)
{
    sqlite3_stmt *stmt WH_CLEANUP(wh_sqlite_finalizep) = NULL;
    WH_TRY(wh_sqlite_prepare(db, &stmt, err, "SELECT %s FROM %s LIMIT %d", list, from, SAMPLE_FIRST_ROWS));
    return wh_sqlite_profile_rows(p, db, stmt, err);
}

/* The statements that look at one place: its rows, and their last rowid with their number. Both have the
 * rowid to begin with as ?1. */
struct place {
    sqlite3_stmt *rows, *end;
};

static void place_releasep(struct place *place)
{
    sqlite3_finalize(place->rows);
    sqlite3_finalize(place->end);
}

static enum wh_status place_prepare(struct place *place, struct wh_sqlite_db *db,
                                    const struct wh_sqlite_relation *r, struct wh_error *err)
{
    char *list WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_select_list(r);
    if (list == NULL)
        return wh_nomem(err);
    WH_TRY(wh_sqlite_prepare(db, &place->rows, err,
                             "SELECT %s FROM main.\"%w\" NOT INDEXED WHERE %s >= ?1 ORDER BY %s LIMIT %d",
                             list, r->name, r->rowid, r->rowid, SAMPLE_ROWS));
    return wh_sqlite_prepare(db, &place->end, err,
                             "SELECT max(x), count(*) FROM (SELECT %s AS x FROM main.\"%w\" NOT INDEXED"
                             " WHERE %s >= ?1 ORDER BY %s LIMIT %d)",
                             r->rowid, r->name, r->rowid, r->rowid, SAMPLE_ROWS);
}

static enum wh_status place_look(struct place *place, int64_t from, struct wh_sqlite_profile *p,
                                 struct wh_sqlite_db *db, struct wh_error *err)
{
    sqlite3_reset(place->rows);
    sqlite3_reset(place->end);
    sqlite3_bind_int64(place->rows, 1, from);
    sqlite3_bind_int64(place->end, 1, from);
    WH_TRY(wh_sqlite_profile_rows(p, db, place->rows, err));
    enum wh_status s = wh_sqlite_step(db, place->end, err);
    return s == WH_END ? WH_OK : s;
}

/* Shows rows at SAMPLE_PLACES places of the table, evenly spread over the rowids, and adds up what the
 * density there says about the number of rows. */
static enum wh_status sample_places(struct wh_sqlite_profile *p, struct wh_sqlite_extent *e,
                                    struct wh_sqlite_db *db, const struct wh_sqlite_relation *r,
                                    struct wh_error *err)
{
    struct place place WH_CLEANUP(place_releasep) = {0};
    WH_TRY(place_prepare(&place, db, r, err));
    uint64_t span = (uint64_t)e->last - (uint64_t)e->first;
    double estimate = 0;
    int64_t next = e->first;
    for (uint64_t i = 0; i < SAMPLE_PLACES && next <= e->last; i++) {
        int64_t from = (int64_t)((uint64_t)e->first + span / SAMPLE_PLACES * i);
        from = WH_MAX(from, next); /* the same row is not shown twice */
        WH_TRY(place_look(&place, from, p, db, err));
        int64_t last = sqlite3_column_int64(place.end, 0), n = sqlite3_column_int64(place.end, 1);
        if (n == 0)
            break;
        estimate += (double)n / ((double)last - (double)from + 1) * ((double)span + 1) / SAMPLE_PLACES;
        if (!wh_add(last, 1, &next))
            break;
    }
    e->rows = WH_MAX((int64_t)WH_MIN(estimate, MOST_ROWS), p->rows);
    return WH_OK;
}

/* Rowids are found from both ends; one query for both would read the whole table. */
static enum wh_status find_extent(struct wh_sqlite_extent *e, struct wh_sqlite_db *db,
                                  const struct wh_sqlite_relation *r, struct wh_error *err)
{
    int64_t first = 1, last = 0;
    WH_TRY(wh_sqlite_number(db, &first, err, "SELECT min(%s) FROM main.\"%w\"", r->rowid, r->name));
    WH_TRY(wh_sqlite_number(db, &last, err, "SELECT max(%s) FROM main.\"%w\"", r->rowid, r->name));
    e->first = first;
    e->last = last;
    return WH_OK;
}

/* The number of rows, where it can be had for little: ANALYZE kept it, or the database is small. */
static enum wh_status count_rows(struct wh_sqlite_extent *e, struct wh_sqlite_db *db,
                                 const struct wh_sqlite_relation *r, struct wh_error *err)
{
    int64_t pages = 0, page_bytes = 0;
    WH_TRY(wh_sqlite_number(db, &pages, err, "PRAGMA page_count"));
    WH_TRY(wh_sqlite_number(db, &page_bytes, err, "PRAGMA page_size"));
    if (pages * page_bytes <= COUNT_BYTES)
        return wh_sqlite_number(db, &e->rows, err, "SELECT count(*) FROM main.\"%w\"", r->name);
    int64_t has_stat = 0;
    WH_TRY(wh_sqlite_number(db, &has_stat, err, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'"));
    if (has_stat == 0)
        return WH_OK;
    return wh_sqlite_number(
        db, &e->rows, err, "SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE lower(tbl) = lower(%Q)",
        r->name);
}

enum wh_status wh_sqlite_sample(struct wh_sqlite_profile *p, struct wh_sqlite_extent *extent,
                                struct wh_sqlite_db *db, const struct wh_sqlite_relation *r,
                                struct wh_error *err)
{
    struct wh_sqlite_extent e = {.first = 1, .last = 0, .rows = -1};
    if (r->rowid != NULL) {
        WH_TRY(find_extent(&e, db, r, err));
        if (e.first <= e.last)
            WH_TRY(sample_places(p, &e, db, r, err));
        else
            e.rows = 0;
    } else {
        char *list WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_select_list(r);
        char *from WH_CLEANUP(wh_sqlite_freep) = wh_sqlite_select_from(r);
        if (list == NULL || from == NULL)
            return wh_nomem(err);
        WH_TRY(sample_first(p, db, list, from, err));
        if (p->rows < SAMPLE_FIRST_ROWS)
            e.rows = p->rows;
    }
    if (r->kind == WH_SQLITE_TABLE)
        WH_TRY(count_rows(&e, db, r, err));
    e.row_bytes = p->rows == 0 ? 1 : WH_MAX(p->bytes / p->rows, 1);
    *extent = e;
    return WH_OK;
}
