/* support/sqlite_db.h - what the tests of the SQLite connector share: a folder with a database, statements,
 * streams read into text, targets loaded from text. Inline, for only those tests link SQLite. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/options.h"
#include "batch/text.h"
#include "connector/sqlite.h"
#include "connector/stream.h"

/* A folder, a database in it, and what the engine would lend. */
struct fixture {
    struct wh_context context; /* first: note finds the fixture by it */
    struct wh_budget budget;
    _Atomic bool cancelled;
    struct wh_config *config;
    struct wh_buffer notes, rejects; /* a line each */
    char dir[64], path[96];
};

__attribute__((format(printf, 2, 3))) static inline void fixture_note(struct wh_context *ctx, const char *fmt,
                                                                      ...)
{
    struct fixture *f = (struct fixture *)ctx;
    struct wh_error err = {0};
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)wh_buffer_printf(&f->notes, &err, "%s\n", text);
}

#define check_ok(status, err) check_ok_at(status, err, __FILE__, __LINE__)
static inline void check_ok_at(enum wh_status status, const struct wh_error *err, const char *file, int line)
{
    if (status == WH_OK)
        return;
    print_error("%s:%d: %s: %s\n", file, line, wh_status_name(status), err->msg);
    fail();
}

static inline void fixture_open(struct fixture *f)
{
    static const struct wh_option *tables[4] = {NULL};
    struct wh_error err = {0};
    tables[0] = wh_connector_sqlite.options;
    tables[1] = wh_connector_sqlite.destination_options[0];
    *f = (struct fixture){.context = {.jobs = 2, .chunk_bytes = 8 << 20, .note = fixture_note}};
    f->context.budget = &f->budget;
    f->context.cancelled = &f->cancelled;
    snprintf(f->dir, sizeof f->dir, "/tmp/wherry-sqlite-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/test.db", f->dir);
    check_ok(wh_config_new(&f->config, tables, &err), &err);
}

static inline void fixture_close(struct fixture *f)
{
    struct wh_error err = {0};
    assert_int_equal(f->budget.used_bytes, 0);
    wh_config_free(f->config);
    wh_buffer_release(&f->notes);
    wh_buffer_release(&f->rejects);
    check_ok(wh_remove_tree(f->dir, &err), &err);
}

static inline void fixture_set(struct fixture *f, const char *option, const char *value)
{
    struct wh_error err = {0};
    check_ok(wh_config_set(f->config, option, value, &err), &err);
}

/* Runs statements on the database with SQLite alone. */
static inline void run_sql(const struct fixture *f, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        print_error("%s: %s\n", sql, message);
        fail();
    }
    sqlite3_close(db);
}

/* The rows of a query: values joined by '|', rows ended by ';'. The caller frees. */
static inline char *ask_sql(const struct fixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct wh_buffer text = {0};
    struct wh_error err = {0};
    char *out = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
        fail();
    }
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const unsigned char *value = sqlite3_column_text(stmt, i);
            (void)wh_buffer_printf(&text, &err, "%s%s", i == 0 ? "" : "|",
                                   value == NULL ? "-" : (const char *)value);
        }
        (void)wh_buffer_append_text(&text, ";", &err);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    check_ok(wh_buffer_take_text(&out, &text, &err), &err);
    return out;
}

static inline void check_sql(const struct fixture *f, const char *sql, const char *expected)
{
    char *got = ask_sql(f, sql);
    if (strcmp(got, expected) != 0)
        print_error("%s\n", sql);
    assert_string_equal(got, expected);
    free(got);
}

/* ---- sink ------------------------------------------------------------------------------------- */

struct test_sink {
    struct wh_reject_sink base;
    struct fixture *fixture;
    int64_t n, limit; /* limit 0: none */
};

static inline enum wh_status test_sink_add(struct wh_reject_sink *base, const struct wh_reject *r,
                                           struct wh_error *err)
{
    struct test_sink *sink = (struct test_sink *)base;
    if (sink->limit > 0 && ++sink->n > sink->limit)
        return wh_fail(err, WH_LIMIT, "too many rejects");
    return wh_buffer_printf(&sink->fixture->rejects, err, "%lld %s: %s: %.*s\n", (long long)r->row,
                            r->column == NULL ? "-" : r->column, r->reason, (int)r->text.len, r->text.ptr);
}

static inline struct test_sink test_sink_of(struct fixture *f)
{
    return (struct test_sink){.base = {.add = test_sink_add}, .fixture = f};
}

/* ---- reading ---------------------------------------------------------------------------------- */

static inline void append_rows(struct wh_buffer *text, const struct wh_batch *b)
{
    struct wh_error err = {0};
    for (int64_t i = 0; i < b->rows; i++) {
        for (size_t c = 0; c < b->schema->n_fields; c++) {
            check_ok(wh_buffer_append_text(text, c == 0 ? "" : "|", &err), &err);
            if (wh_column_is_null(&b->columns[c], i))
                check_ok(wh_buffer_append_text(text, "-", &err), &err);
            else
                check_ok(wh_value_format(text, &b->columns[c], i, &err), &err);
        }
        check_ok(wh_buffer_append_text(text, ";", &err), &err);
    }
}

/* Reads one chunk; text may be NULL. Returns the status that ended it: WH_END when all is well. */
static inline enum wh_status read_chunk(struct fixture *f, struct wh_stream *s, struct wh_chunk *chunk,
                                        struct wh_buffer *text, struct wh_error *err)
{
    struct test_sink sink = test_sink_of(f);
    struct wh_reader *r = NULL;
    struct wh_batch b = {0};
    enum wh_status st = s->ops->open_chunk(&r, s, chunk, &sink.base, err);
    if (st != WH_OK)
        return st;
    check_ok(wh_batch_init(&b, &s->schema, &f->budget, err), err);
    while ((st = s->ops->read(r, &b, err)) == WH_OK) {
        assert_true(b.rows > 0);
        check_ok(wh_batch_check(&b, err), err);
        if (text != NULL)
            append_rows(text, &b);
    }
    wh_batch_release(&b);
    s->ops->close_reader(r);
    return st;
}

static inline void schema_text(const struct wh_schema *schema, struct wh_buffer *out)
{
    struct wh_error err = {0};
    for (size_t i = 0; i < schema->n_fields; i++) {
        char type[128];
        wh_type_format(&schema->fields[i], type, sizeof type);
        check_ok(wh_buffer_printf(out, &err, "%s%s %s%s", i == 0 ? "" : ", ", schema->fields[i].name, type,
                                  schema->fields[i].nullable ? "" : "!"),
                 &err);
    }
}

/* All chunks, widening as often as it is wanted. The stream's schema and rows as text, owned. */
static inline void read_stream(struct fixture *f, struct wh_stream *s, char **schema, char **rows)
{
    struct wh_error err = {0};
    struct wh_buffer text = {0}, types = {0};
    s->may_widen = true;
    for (;;) {
        struct wh_chunk chunk = {0};
        enum wh_status st = s->ops->next_chunk(s, &chunk, &err);
        if (st == WH_END)
            break;
        check_ok(st, &err);
        st = read_chunk(f, s, &chunk, &text, &err);
        free(chunk.position);
        if (st == WH_WIDEN) {
            text.size = 0;
            check_ok(s->ops->widen(s, &err), &err);
            continue;
        }
        if (st != WH_END)
            check_ok(st, &err);
    }
    check_ok(s->ops->finish(s, &err), &err);
    schema_text(&s->schema, &types);
    check_ok(wh_buffer_take_text(schema, &types, &err), &err);
    check_ok(wh_buffer_take_text(rows, &text, &err), &err);
}

static inline struct wh_source *source_open(struct fixture *f)
{
    struct wh_source *src = NULL;
    struct wh_error err = {0};
    check_ok(wh_connector_sqlite.source->open(&src, f->path, f->config, &f->context, &err), &err);
    return src;
}

/* Opens the stream, reads it and compares schema and rows (NULL: not compared). */
static inline void check_stream(struct fixture *f, const struct wh_stream_request *req, const char *schema,
                                const char *rows)
{
    struct wh_source *src = source_open(f);
    struct wh_stream *s = NULL;
    struct wh_error err = {0};
    char *got_schema = NULL, *got_rows = NULL;
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, req, &err), &err);
    read_stream(f, s, &got_schema, &got_rows);
    if (schema != NULL)
        assert_string_equal(got_schema, schema);
    if (rows != NULL)
        assert_string_equal(got_rows, rows);
    free(got_schema);
    free(got_rows);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);
}
