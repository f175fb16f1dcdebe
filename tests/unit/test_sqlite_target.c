/* Writing SQLite: modes, ledger, fences, resume, rules of existing tables. */
#include "support/sqlite_db.h"

static const struct wh_destination_ops *ops(void)
{
    return wh_connector_sqlite.destination;
}

/* A run of one stream into one table. */
struct run {
    struct fixture *f;
    struct wh_schema schema;
    struct wh_destination *dst;
    struct wh_target *target;
    struct wh_resume resume;
    struct wh_target_request req;
};

static const char *const key_id[] = {"id", NULL};

static struct wh_destination *destination_open(struct fixture *f)
{
    struct wh_destination *dst = NULL;
    struct wh_error err = {0};
    check_ok(ops()->open(&dst, f->path, f->config, &f->context, &err), &err);
    return dst;
}

static void run_init(struct run *r, struct fixture *f, const char *types, enum wh_write_mode mode)
{
    struct wh_error err = {0};
    *r = (struct run){.f = f};
    check_ok(wh_schema_parse(&r->schema, types, &err), &err);
    r->req = (struct wh_target_request){.name = "t",
                                        .schema = &r->schema,
                                        .mode = mode,
                                        .primary_key = mode == WH_MERGE ? key_id : NULL,
                                        .pipeline = "p",
                                        .stream = "s",
                                        .run_id = "r1",
                                        .epoch = 1,
                                        .config = f->config};
}

static enum wh_status run_open(struct run *r, struct wh_error *err)
{
    if (r->dst == NULL)
        r->dst = destination_open(r->f);
    return ops()->open_target(&r->target, &r->resume, r->dst, &r->req, err);
}

static void run_close(struct run *r)
{
    free(r->resume.position);
    ops()->close_target(r->target);
    ops()->close(r->dst);
    r->resume.position = NULL;
    r->target = NULL;
    r->dst = NULL;
}

static void run_end(struct run *r)
{
    run_close(r);
    wh_schema_release(&r->schema);
}

/* Values joined by '|', rows by ';'; "-" is null. */
static void fill_batch(struct wh_batch *b, const char *rows)
{
    struct wh_error err = {0};
    size_t column = 0;
    for (const char *p = rows; *p != '\0';) {
        size_t len = strcspn(p, "|;");
        struct wh_slice value = wh_slice(p, len);
        if (wh_slice_eq(value, wh_slice_of("-")))
            check_ok(wh_column_append_null(&b->columns[column], &err), &err);
        else
            check_ok(wh_value_parse(&b->columns[column], value, &err), &err);
        column++;
        if (p[len] == ';') {
            assert_int_equal(column, b->schema->n_fields);
            column = 0;
            b->rows++;
        }
        p += len + 1;
    }
}

static enum wh_status put_chunk(struct run *r, int64_t seq, const char *rows, struct wh_error *err)
{
    struct test_sink sink = test_sink_of(r->f);
    struct wh_writer *w = NULL;
    struct wh_batch b = {0};
    char position[32];
    snprintf(position, sizeof position, "{\"at\":%lld}", (long long)seq);
    check_ok(ops()->open_writer(&w, r->target, seq, &sink.base, err), err);
    check_ok(wh_batch_init(&b, &r->schema, &r->f->budget, err), err);
    /* Two batches, so that a chunk of several is the common case. */
    const char *half = strchr(rows, ';');
    if (half != NULL) {
        char first[512];
        snprintf(first, sizeof first, "%.*s", (int)(half + 1 - rows), rows);
        fill_batch(&b, first);
        check_ok(ops()->write(w, &b, err), err);
        wh_batch_reset(&b);
        fill_batch(&b, half + 1);
    }
    check_ok(ops()->write(w, &b, err), err);
    wh_batch_release(&b);
    check_ok(ops()->seal(w, err), err);
    return ops()->commit(r->target, w, position, err);
}

static void check_chunk(struct run *r, int64_t seq, const char *rows)
{
    struct wh_error err = {0};
    check_ok(put_chunk(r, seq, rows, &err), &err);
}

static void check_finish(struct run *r, int64_t rows)
{
    struct wh_error err = {0};
    for (int again = 0; again < 2; again++) { /* it may be repeated */
        struct wh_outcome out = {0};
        check_ok(ops()->finish(r->target, &out, &err), &err);
        assert_int_equal(out.rows, rows);
    }
}

static void check_rejects(struct fixture *f, const char *expected)
{
    struct wh_error err = {0};
    check_ok(wh_buffer_append(&f->rejects, "", 1, &err), &err);
    assert_string_equal((char *)f->rejects.data, expected);
    f->rejects.size = 0;
}

/* Opens, writes two chunks, finishes. */
static void load(struct fixture *f, const char *types, enum wh_write_mode mode, const char *run_id,
                 const char *one, const char *two, int64_t rows)
{
    struct run r;
    struct wh_error err = {0};
    run_init(&r, f, types, mode);
    r.req.run_id = run_id;
    check_ok(run_open(&r, &err), &err);
    assert_int_equal(r.resume.next_seq, 0);
    assert_null(r.resume.position);
    check_chunk(&r, 0, one);
    check_chunk(&r, 1, two);
    check_finish(&r, rows);
    run_end(&r);
}

#define ALL "SELECT * FROM t ORDER BY rowid"
#define LEDGER                                                                                               \
    "SELECT pipeline, stream, run_id, seq, epoch, position, rows, length(hash), run_rows, finished FROM "    \
    "_wherry_ledger"
#define LEFT_OVER                                                                                            \
    "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%__wherry_%' AND name <> '_wherry_ledger'"

static int count_files(const struct fixture *f)
{
    char command[128], line[16] = "";
    snprintf(command, sizeof command, "ls %s | wc -l", f->dir);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(fgets(line, sizeof line, p));
    pclose(p);
    int n = -1;
    (void)sscanf(line, "%d", &n);
    return n;
}

/* ---- modes ------------------------------------------------------------------------------------ */

static void replaces(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    load(&f, "id:int64,name:text", WH_REPLACE, "r1", "1|a;2|b;", "3|-;", 3);
    check_sql(&f, ALL, "1|a;2|b;3|-;");
    check_sql(&f, "SELECT sql FROM sqlite_schema WHERE name = 't'",
              "CREATE TABLE \"t\" (\"id\" INTEGER, \"name\" TEXT);");
    check_sql(&f, LEDGER, "p|s|r1|1|1|{\"at\":1}|1|16|3|1;");
    load(&f, "id:int64,name:text,more:float64", WH_REPLACE, "r2", "7|x|0.5;", "8|y|1e300;", 2);
    check_sql(&f, ALL, "7|x|0.5;8|y|1.0e+300;");
    check_sql(&f, LEDGER, "p|s|r2|1|1|{\"at\":1}|1|16|2|1;");
    check_sql(&f, LEFT_OVER, "0;");
    check_sql(&f, "PRAGMA journal_mode", "delete;");
    check_sql(&f, "PRAGMA integrity_check", "ok;");
    assert_int_equal(count_files(&f), 1); /* no lock, no journal */
    fixture_close(&f);
}

/* Nothing is seen of a replacement before finish, and what hangs on the table stays. */
static void replaces_in_one_step(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(
        &f,
        "CREATE TABLE t(id INTEGER, name TEXT, gone INT); INSERT INTO t VALUES(0,'old',0); CREATE TABLE "
        "log(x);"
        "CREATE INDEX t_name ON t(name); CREATE INDEX t_gone ON t(gone); CREATE VIEW v AS SELECT name FROM t;"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES(new.id); END;"
        "CREATE TABLE child(t INT REFERENCES t(id));");
    run_init(&r, &f, "id:int64,name:text", WH_REPLACE);
    check_ok(run_open(&r, &err), &err);
    char *plan = NULL;
    enum wh_guarantee guarantee;
    check_ok(ops()->describe(r.target, &plan, &guarantee, &err), &err);
    assert_int_equal(guarantee, WH_G3);
    char *behind = strchr(plan, '\n');
    assert_string_equal(behind, "\nCREATE TABLE \"t\" (\"id\" INTEGER, \"name\" TEXT)\n"
                                "index \"t_gone\" of the table is made again\n"
                                "index \"t_name\" of the table is made again\n"
                                "trigger \"g\" of the table is made again\n"
                                "view \"v\" may read the table; it stays as it is");
    free(plan);
    check_chunk(&r, 0, "1|a;");
    check_sql(&f, "SELECT * FROM v", "old;");
    check_chunk(&r, 1, "2|b;");
    check_sql(&f, ALL, "0|old|0;");
    check_finish(&r, 2);
    check_sql(&f, "SELECT * FROM v", "a;b;");
    check_sql(&f, "SELECT count(*) FROM log", "0;");
    check_sql(&f, "SELECT name FROM sqlite_schema WHERE tbl_name = 't' ORDER BY 1", "g;t;t_name;");
    check_sql(&f, "SELECT sql FROM sqlite_schema WHERE name = 'child'",
              "CREATE TABLE child(t INT REFERENCES t(id));");
    check_ok(wh_buffer_append(&f.notes, "", 1, &err), &err);
    assert_non_null(strstr((char *)f.notes.data, "could not make \"t_gone\" of table \"t\" again: "));
    run_sql(&f, "INSERT INTO t VALUES(9,'z')");
    check_sql(&f, "SELECT * FROM log", "9;");
    run_end(&r);
    fixture_close(&f);
}

static void makes_keys_and_indexes(void **state)
{
    (void)state;
    char name[] = "name", gone[] = "gone", taken[] = "taken", lost[] = "lost";
    char *a[] = {name, NULL}, *b[] = {gone, NULL};
    const struct wh_index indexes[] = {
        {.name = taken, .columns = a, .unique = true},
        {.name = lost, .columns = b},
    };
    static const char *const two[] = {"name", "id", NULL};
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE other(x); CREATE INDEX taken ON other(x)");
    for (int mode = WH_REPLACE; mode <= WH_MERGE; mode++) {
        run_sql(&f, "DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS _wherry_ledger");
        run_init(&r, &f, "id:int32,name:text", (enum wh_write_mode)mode);
        r.req.indexes = indexes;
        r.req.n_indexes = 2;
        r.req.primary_key = mode == WH_TRUNCATE ? two : key_id;
        check_ok(run_open(&r, &err), &err);
        check_chunk(&r, 0, "1|a;2|b;");
        check_finish(&r, 2);
        run_end(&r);
        check_sql(&f, "SELECT sql FROM sqlite_schema WHERE tbl_name = 't' AND sql IS NOT NULL",
                  mode == WH_TRUNCATE
                      ? "CREATE TABLE \"t\" (\"id\" INT4, \"name\" TEXT, PRIMARY KEY (\"name\", \"id\"));"
                        "CREATE UNIQUE INDEX \"t_taken\" ON \"t\" (\"name\");"
                      : "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT);"
                        "CREATE UNIQUE INDEX \"t_taken\" ON \"t\" (\"name\");");
    }
    fixture_close(&f);
}

static void truncates(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(
        &f,
        "CREATE TABLE [t] (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n INT DEFAULT 7, g AS (id*2),"
        " CHECK (id < 100)); INSERT INTO t VALUES(50,'old',1)");
    run_init(&r, &f, "name:text,id:int64", WH_TRUNCATE);
    check_ok(run_open(&r, &err), &err);
    check_chunk(&r, 0, "a|1;b|2;");
    check_chunk(&r, 1, "c|100;a|3;-|4;d|5;");
    check_sql(&f, ALL, "50|old|1|100;");
    check_finish(&r, 3);
    check_sql(&f, ALL, "1|a|7|2;2|b|7|4;5|d|7|10;");
    check_sql(&f, LEFT_OVER, "0;");
    check_rejects(&f, "0 -: CHECK constraint failed: id < 100: {\"name\":\"c\",\"id\":100}\n"
                      "1 -: UNIQUE constraint failed: t.name: {\"name\":\"a\",\"id\":3}\n"
                      "2 -: NOT NULL constraint failed: t.name: {\"name\":null,\"id\":4}\n");
    run_end(&r);
    fixture_close(&f);
}

static void appends(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    load(&f, "id:int64,name:text", WH_APPEND, "r1", "1|a;2|b;", "3|c;", 3);
    load(&f, "name:text,id:int64", WH_APPEND, "r2", "x|1;", "y|9;", 2);
    check_sql(&f, ALL, "1|a;2|b;3|c;1|x;9|y;");
    check_sql(&f, LEDGER, "p|s|r2|1|1|{\"at\":1}|1|16|2|1;");
    fixture_close(&f);
}

static void merges(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    load(&f, "id:int64,name:text", WH_MERGE, "r1", "1|a;2|b;1|a2;", "3|c;2|b2;", 5);
    check_sql(&f, ALL, "1|a2;2|b2;3|c;");
    load(&f, "name:text,id:int64", WH_MERGE, "r2", "z|3;", "-|1;", 2);
    check_sql(&f, ALL, "1|-;2|b2;3|z;");
    load(&f, "id:int64", WH_MERGE, "r3", "3;", "4;", 2); /* only keys: what is there stays */
    check_sql(&f, ALL, "1|-;2|b2;3|z;4|-;");
    fixture_close(&f);
}

static void rejects_rows_that_break_rules(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(
        &f,
        "CREATE TABLE t(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, name TEXT NOT NULL ON CONFLICT IGNORE,"
        " u INT UNIQUE ON CONFLICT ROLLBACK); INSERT INTO t VALUES(1,'old',1);"
        "CREATE TRIGGER skip BEFORE INSERT ON t WHEN new.name = 'skip' BEGIN SELECT RAISE(IGNORE); END;"
        "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.name = 'no' BEGIN SELECT RAISE(ABORT, 'not today'); "
        "END");
    run_init(&r, &f, "id:int64,name:text,u:int64", WH_APPEND);
    check_ok(run_open(&r, &err), &err);
    check_chunk(&r, 0, "1|x|2;2|-|3;3|y|1;4|skip|4;5|no|5;-|z|6;7|fine|7;");
    check_finish(&r, 1);
    check_sql(&f, ALL, "1|old|1;7|fine|7;");
    check_rejects(&f, "5 id: a key column is null: {\"id\":null,\"name\":\"z\",\"u\":6}\n"
                      "0 -: UNIQUE constraint failed: t.id: {\"id\":1,\"name\":\"x\",\"u\":2}\n"
                      "1 -: NOT NULL constraint failed: t.name: {\"id\":2,\"name\":null,\"u\":3}\n"
                      "2 -: UNIQUE constraint failed: t.u: {\"id\":3,\"name\":\"y\",\"u\":1}\n"
                      "3 -: a trigger of the table left the row out: {\"id\":4,\"name\":\"skip\",\"u\":4}\n"
                      "4 -: not today: {\"id\":5,\"name\":\"no\",\"u\":5}\n");
    run_end(&r);
    fixture_close(&f);
}

/* ---- affinity --------------------------------------------------------------------------------- */

/* What a value of ours becomes in a column of theirs: typeof and quote, or the reason of the reject. */
static void keeps_values_in_foreign_columns(void **state)
{
    (void)state;
    static const struct {
        const char *type, *value, *column, *stored;
    } cases[] = {
        {"text", "007", "INT", "!the column's type would change the text into a number"},
        {"text", "7", "INT", "integer 7"},
        {"text", " 7", "NUMERIC", "!the column's type would change the text into a number"},
        {"text", "7e3", "REAL", "!the column's type would change the text into a number"},
        {"text", "1.5", "NUMERIC", "real 1.5"},
        {"text", "1.50", "NUMERIC", "!the column's type would change the text into a number"},
        {"text", "9223372036854775808", "INT", "!the column's type would change the text into a number"},
        {"text", "7 apples", "INT", "text '7 apples'"},
        {"text", "0x10", "INT", "text '0x10'"},
        {"text", "e5", "INT", "text 'e5'"},
        {"text", ".", "INT", "text '.'"},
        {"text", "007", "VARCHAR(3)", "text '007'"},
        {"text", "007", "", "text '007'"},
        {"int64", "9007199254740993", "REAL", "!the column's type REAL would change the number"},
        {"int64", "9007199254740992", "REAL", "real 9.00719925474099e+15"},
        {"int64", "-5", "TEXT", "text '-5'"},
        {"int64", "9007199254740993", "TEXT", "text '9007199254740993'"},
        {"uint64", "18446744073709551615", "INT", "!the number is greater than SQLite's greatest integer"},
        {"uint64", "18446744073709551615", "TEXT", "text '18446744073709551615'"},
        {"uint64", "5", "BIGINT", "integer 5"},
        {"float64", "0.1", "TEXT", "text '0.1'"},
        {"float64", "0.30000000000000004", "TEXT", "text '0.30000000000000004'"},
        {"float64", "3", "INT", "integer 3"},
        {"float64", "0.5", "INT", "real 0.5"},
        {"float64", "NaN", "REAL", "!SQLite has no NaN; --sqlite-nan null writes NULL for it"},
        {"float64", "NaN", "TEXT", "text 'NaN'"},
        {"float64", "Infinity", "REAL", "real Inf"},
        {"decimal(10,2)", "12.30", "DECIMAL(10,2)", "real 12.3"},
        {"decimal(10,2)", "12.00", "DECIMAL(10,2)", "integer 12"},
        {"decimal(10,2)", "12.30", "TEXT", "text '12.30'"},
        {"decimal(10,2)", "12.30", "", "text '12.30'"},
        {"decimal(38,2)", "123456789012345678.12", "NUMERIC",
         "!the column's type would keep only 15 digits of the number"},
        {"decimal(38,2)", "1234567890123.12", "NUMERIC", "real 1234567890123.12"},
        {"decimal(38,2)", "123456789012345000000.00", "REAL", "real 1.23456789012345e+20"},
        {"decimal(38,2)", "123456789012345678.12", "TEXT", "text '123456789012345678.12'"},
        {"bool", "true", "TEXT", "text 'true'"},
        {"bool", "true", "INT", "integer 1"},
        {"date", "2024-02-29", "NUMERIC", "text '2024-02-29'"},
        {"date", "2024-02-29", "INT", "text '2024-02-29'"},
        {"timestamptz", "2024-02-29T10:00:00Z", "DATETIME", "text '2024-02-29 10:00:00Z'"},
        {"json", "5", "JSON", "integer 5"},
        {"json", "5.0", "JSON", "!the column's type would change the text into a number"},
        {"json", "[5]", "JSON", "text '[5]'"},
        {"binary", "\\x00ff", "INT", "blob X'00FF'"},
        {"text", "x", "INT STRICT", "!cannot store TEXT value in INT column t.id"},
        {"text", "007", "ANY STRICT", "text '007'"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct fixture f;
        struct run r;
        struct wh_error err = {0};
        char sql[128], types[64], row[64], expected[256];
        fixture_open(&f);
        size_t len = strlen(cases[i].column), strict = strstr(cases[i].column, " STRICT") != NULL ? 7 : 0;
        snprintf(sql, sizeof sql, "CREATE TABLE t(id %.*s) %s", (int)(len - strict), cases[i].column,
                 strict > 0 ? "STRICT" : "");
        run_sql(&f, sql);
        snprintf(types, sizeof types, "id:%s", cases[i].type);
        snprintf(row, sizeof row, "%s;", cases[i].value);
        run_init(&r, &f, types, WH_APPEND);
        check_ok(run_open(&r, &err), &err);
        check_chunk(&r, 0, row);
        if (cases[i].stored[0] == '!') {
            check_sql(&f, "SELECT count(*) FROM t", "0;");
            check_ok(wh_buffer_append(&f.rejects, "", 1, &err), &err);
            if (strstr((char *)f.rejects.data, cases[i].stored + 1) == NULL)
                assert_string_equal((char *)f.rejects.data, cases[i].stored);
        } else {
            snprintf(expected, sizeof expected, "%s;", cases[i].stored);
            check_sql(&f,
                      "SELECT typeof(id) || ' ' || CASE typeof(id) WHEN 'real' THEN CAST(id AS TEXT) ELSE "
                      "quote(id) END FROM t",
                      expected);
            assert_int_equal(f.rejects.size, 0);
        }
        run_end(&r);
        fixture_close(&f);
    }
}

/* ---- mistakes of the user --------------------------------------------------------------------- */

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *types;
        enum wh_write_mode mode;
        const char *error, *hint;
    } cases[] = {
        {"CREATE TABLE t(id INT)", "id:int64,x:text", WH_APPEND,
         "could not write to table \"t\": it has no column \"x\"", "leave the column out with --select"},
        {"CREATE TABLE t(id INT, x AS (id))", "id:int64,x:text", WH_APPEND,
         "could not write to table \"t\": nothing can be written to its generated column \"x\"",
         "leave the column out with --select"},
        {"CREATE TABLE t(id INT, x INT NOT NULL)", "id:int64", WH_TRUNCATE,
         "could not write to table \"t\": its column \"x\" is NOT NULL without a default, and the stream has "
         "none of that name",
         ""},
        {"CREATE VIEW t AS SELECT 1 AS id", "id:int64", WH_REPLACE, NULL, ""},
        {"CREATE TABLE t(id INT)", "id:int64,x:text", WH_MERGE,
         "could not write to table \"t\": it has no column \"x\"", NULL},
        {"CREATE TABLE t(id INT, x TEXT)", "id:int64,x:text", WH_MERGE, NULL,
         "the columns of --primary-key need a primary key or unique index"},
        {"", "ID:int64,id:text", WH_REPLACE, NULL,
         "names of columns must differ by more than case; leave one out with --select"},
        {"", "x:int64", WH_MERGE, "could not merge into \"t\": the stream has no key column \"id\"", ""},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct fixture f;
        struct run r;
        struct wh_error err = {0};
        fixture_open(&f);
        run_sql(&f, cases[i].sql);
        run_init(&r, &f, cases[i].types, cases[i].mode);
        assert_int_equal(run_open(&r, &err), WH_CONFIG);
        if (cases[i].error != NULL)
            assert_string_equal(err.msg, cases[i].error);
        if (cases[i].hint != NULL)
            assert_string_equal(err.hint, cases[i].hint);
        run_end(&r);
        assert_int_equal(count_files(&f), 1);
        fixture_close(&f);
    }
}

static void creates_only_when_allowed(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    fixture_set(&f, "sqlite-create", "never");
    run_init(&r, &f, "id:int64", WH_APPEND);
    assert_int_equal(run_open(&r, &err), WH_CONFIG);
    assert_non_null(strstr(err.msg, "no such file"));
    assert_int_equal(ops()->check(r.dst, &err), WH_CONFIG);
    run_close(&r);
    assert_int_equal(count_files(&f), 0);
    run_sql(&f, "CREATE TABLE u(id)");
    assert_int_equal(run_open(&r, &err), WH_CONFIG);
    assert_non_null(strstr(err.msg, "there is none"));
    check_ok(ops()->check(r.dst, &err), &err);
    run_end(&r);
    fixture_close(&f);
}

static void dry_run_touches_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_init(&r, &f, "id:int64,d:decimal(20,2)", WH_REPLACE);
    r.req.dry_run = true;
    r.req.primary_key = key_id;
    check_ok(run_open(&r, &err), &err);
    char *plan = NULL, expected[256];
    enum wh_guarantee guarantee;
    check_ok(ops()->describe(r.target, &plan, &guarantee, &err), &err);
    snprintf(expected, sizeof expected,
             "table \"t\" of \"%s\" is created\nCREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"d\" "
             "DECIMAL_TEXT(20,2))",
             f.path);
    assert_string_equal(plan, expected);
    free(plan);
    check_ok(ops()->check(r.dst, &err), &err);
    run_close(&r);
    assert_int_equal(count_files(&f), 0);
    run_sql(&f, "CREATE TABLE t(id INT, d)");
    r.req.mode = WH_APPEND;
    check_ok(run_open(&r, &err), &err);
    check_ok(ops()->describe(r.target, &plan, &guarantee, &err), &err);
    snprintf(expected, sizeof expected, "table \"t\" of \"%s\" is added to, chunk by chunk", f.path);
    assert_string_equal(plan, expected);
    free(plan);
    run_end(&r);
    check_sql(&f, "SELECT name FROM sqlite_schema", "t;");
    fixture_close(&f);
}

static void writes_nan_as_null_when_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_set(&f, "sqlite-nan", "null");
    load(&f, "id:int64,x:float32", WH_REPLACE, "r1", "1|NaN;", "2|0.5;", 2);
    check_sql(&f, ALL, "1|-;2|0.5;");
    fixture_close(&f);
}

/* ---- resume, fences --------------------------------------------------------------------------- */

static void resumes(void **state)
{
    (void)state;
    for (int mode = WH_REPLACE; mode <= WH_MERGE; mode++) {
        struct fixture f;
        struct run r;
        struct wh_error err = {0};
        fixture_open(&f);
        run_sql(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES(0,'old')");
        bool keeps = mode == WH_APPEND || mode == WH_MERGE;
        run_init(&r, &f, "id:int64,name:text", (enum wh_write_mode)mode);
        check_ok(run_open(&r, &err), &err);
        check_chunk(&r, 0, "1|a;");
        check_chunk(&r, 1, "2|b;");
        char *marker = NULL;
        int64_t next = 0;
        check_ok(ops()->checkpoint(r.target, &marker, &next, &err), &err);
        assert_int_equal(next, 2);
        run_close(&r);
        check_sql(&f, ALL, keeps ? "0|old;1|a;2|b;" : "0|old;");

        r.req.epoch = 2;
        r.req.marker = marker;
        check_ok(run_open(&r, &err), &err);
        assert_int_equal(r.resume.next_seq, 2);
        assert_string_equal(r.resume.position, "{\"at\":1}");
        check_chunk(&r, 2, "3|c;");
        check_finish(&r, 3);
        run_close(&r);
        check_sql(&f, ALL, keeps ? "0|old;1|a;2|b;3|c;" : "1|a;2|b;3|c;");

        check_ok(run_open(&r, &err), &err); /* the engine died before it could note the end */
        assert_int_equal(r.resume.next_seq, 3);
        check_finish(&r, 3);
        run_close(&r);
        check_sql(&f, "SELECT count(*) FROM t", keeps ? "4;" : "3;");
        check_sql(&f, LEFT_OVER, "0;");

        r.req.run_id = "r2"; /* another run takes over; the first one cannot come back */
        r.req.marker = NULL;
        check_ok(run_open(&r, &err), &err);
        assert_int_equal(r.resume.next_seq, 0);
        run_close(&r);
        r.req.run_id = "r1";
        r.req.marker = marker;
        assert_int_equal(run_open(&r, &err), WH_STATE);
        assert_string_equal(err.msg, "could not resume stream \"s\": run r2 has written it since");
        free(marker);
        run_end(&r);
        fixture_close(&f);
    }
}

/* A run that was given up before its first checkpoint does not come back as if it were new. */
static void keeps_out_overtaken_runs(void **state)
{
    (void)state;
    static const char *const runs[] = {"r1", "r2", "r12"};
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_init(&r, &f, "id:int64", WH_APPEND);
    for (size_t i = 0; i < WH_COUNT(runs); i++) {
        r.req.run_id = runs[i];
        check_ok(run_open(&r, &err), &err);
        check_chunk(&r, 0, "1;");
        run_close(&r);
    }
    for (size_t i = 0; i < 2; i++) {
        r.req.run_id = runs[i];
        r.req.epoch = 2;
        assert_int_equal(run_open(&r, &err), WH_STATE);
        run_close(&r);
    }
    r.req.run_id = "r12";
    check_ok(run_open(&r, &err), &err);
    assert_int_equal(r.resume.next_seq, 1);
    run_end(&r);
    check_sql(&f, "SELECT overtaken FROM _wherry_ledger", "r1 r2;");
    fixture_close(&f);
}

/* A writer that was taken for dead wakes up: its commit must fail, with nothing of it in the table. */
static void fences_predecessors(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_init(&r, &f, "id:int64,name:text", WH_APPEND);
    check_ok(run_open(&r, &err), &err);
    check_chunk(&r, 0, "1|a;");
    run_sql(&f, "UPDATE _wherry_ledger SET epoch = 2"); /* what a successor on another machine does */
    assert_int_equal(put_chunk(&r, 1, "2|b;", &err), WH_STATE);
    assert_string_equal(
        err.msg, "table \"t\": chunk 1: could not commit to stream \"s\": another writer has taken it over");
    struct wh_outcome out;
    assert_int_equal(ops()->finish(r.target, &out, &err), WH_STATE);
    run_close(&r);
    assert_int_equal(run_open(&r, &err), WH_STATE);
    assert_string_equal(err.msg,
                        "could not write stream \"s\": attempt 1 of the run has been followed by attempt 2");
    check_sql(&f, ALL, "1|a;");
    run_sql(&f, "UPDATE _wherry_ledger SET epoch = 1, seq = 5");
    run_end(&r);
    fixture_close(&f);
}

static void refuses_a_second_run_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct run a, b;
    struct wh_error err = {0};
    fixture_open(&f);
    run_init(&a, &f, "id:int64", WH_APPEND);
    run_init(&b, &f, "id:int64", WH_REPLACE);
    check_ok(run_open(&a, &err), &err);
    b.req.run_id = "r2";
    b.req.name = "T"; /* the same table */
    assert_int_equal(run_open(&b, &err), WH_STATE);
    b.req.name = b.req.stream = "another";
    check_ok(run_open(&b, &err), &err);
    run_end(&a);
    run_end(&b);
    fixture_close(&f);
}

static void discards(void **state)
{
    (void)state;
    for (int mode = WH_REPLACE; mode <= WH_MERGE; mode++) {
        struct fixture f;
        struct run r;
        struct wh_error err = {0};
        fixture_open(&f);
        run_init(&r, &f, "id:int64,name:text", (enum wh_write_mode)mode);
        r.req.primary_key = key_id;
        check_ok(run_open(&r, &err), &err);
        f.cancelled = true; /* as after SIGINT */
        ops()->discard(r.target);
        f.cancelled = false;
        run_close(&r);
        check_sql(&f, "SELECT name FROM sqlite_schema WHERE type = 'table'", "_wherry_ledger;");
        check_sql(&f, LEDGER, "");

        check_ok(run_open(&r, &err), &err); /* the same run may begin again, as after widening */
        assert_int_equal(r.resume.next_seq, 0);
        check_chunk(&r, 0, "1|a;");
        ops()->discard(r.target);
        run_end(&r);
        bool keeps = mode == WH_APPEND || mode == WH_MERGE;
        check_sql(&f, LEFT_OVER, "0;");
        check_sql(&f, LEDGER, keeps ? "p|s|r1|0|1|{\"at\":0}|1|16|1|0;" : "");
        fixture_close(&f);
    }
}

/* Staging that somebody dropped: the run starts over, and says so by next_seq. */
static void starts_over_without_staging(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    fixture_open(&f);
    run_init(&r, &f, "id:int64,name:text", WH_REPLACE);
    check_ok(run_open(&r, &err), &err);
    check_chunk(&r, 0, "1|a;");
    run_close(&r);
    run_sql(&f, "DROP TABLE t__wherry_r1; CREATE TABLE t__wherry_r0(old)");
    check_ok(run_open(&r, &err), &err);
    assert_int_equal(r.resume.next_seq, 0);
    assert_null(r.resume.position);
    check_chunk(&r, 0, "5|b;");
    check_finish(&r, 1);
    run_end(&r);
    check_sql(&f, ALL, "5|b;");
    check_sql(&f, LEFT_OVER, "0;"); /* that of dead runs is swept */
    fixture_close(&f);
}

static void waits_for_locks(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    sqlite3 *other;
    fixture_open(&f);
    fixture_set(&f, "sqlite-busy-timeout", "50");
    run_sql(&f, "CREATE TABLE t(id INT)");
    run_init(&r, &f, "id:int64", WH_APPEND);
    check_ok(run_open(&r, &err), &err);
    assert_int_equal(sqlite3_open(f.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(put_chunk(&r, 0, "1;", &err), WH_IO);
    assert_true(err.retriable);
    assert_non_null(strstr(err.msg, "database is locked"));
    sqlite3_close(other);
    err = (struct wh_error){0};
    check_chunk(&r, 0, "1;");
    check_finish(&r, 1);
    run_end(&r);
    fixture_close(&f);
}

static void keeps_wal_mode(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    run_sql(&f, "PRAGMA journal_mode=WAL; CREATE TABLE t(id INT, name TEXT)");
    load(&f, "id:int64,name:text", WH_APPEND, "r1", "1|a;", "2|b;", 2);
    load(&f, "id:int64,name:text", WH_REPLACE, "r2", "1|a;", "2|b;", 2);
    check_sql(&f, "PRAGMA journal_mode", "wal;");
    check_sql(&f, ALL, "1|a;2|b;");
    fixture_close(&f);
}

static void stops_at_the_reject_limit(void **state)
{
    (void)state;
    struct fixture f;
    struct run r;
    struct wh_error err = {0};
    struct wh_writer *w = NULL;
    struct wh_batch b = {0};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(id INT UNIQUE)");
    run_init(&r, &f, "id:int64", WH_APPEND);
    check_ok(run_open(&r, &err), &err);
    struct test_sink sink = test_sink_of(&f);
    sink.limit = 1;
    check_ok(ops()->open_writer(&w, r.target, 0, &sink.base, &err), &err);
    check_ok(wh_batch_init(&b, &r.schema, &f.budget, &err), &err);
    fill_batch(&b, "1;1;1;2;");
    check_ok(ops()->write(w, &b, &err), &err);
    wh_batch_release(&b);
    check_ok(ops()->seal(w, &err), &err);
    assert_int_equal(ops()->commit(r.target, w, "{}", &err), WH_LIMIT);
    check_sql(&f, "SELECT count(*) FROM t", "0;");
    run_end(&r);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces),
        cmocka_unit_test(replaces_in_one_step),
        cmocka_unit_test(makes_keys_and_indexes),
        cmocka_unit_test(truncates),
        cmocka_unit_test(appends),
        cmocka_unit_test(merges),
        cmocka_unit_test(rejects_rows_that_break_rules),
        cmocka_unit_test(keeps_values_in_foreign_columns),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(creates_only_when_allowed),
        cmocka_unit_test(dry_run_touches_nothing),
        cmocka_unit_test(writes_nan_as_null_when_told),
        cmocka_unit_test(resumes),
        cmocka_unit_test(keeps_out_overtaken_runs),
        cmocka_unit_test(fences_predecessors),
        cmocka_unit_test(refuses_a_second_run_at_once),
        cmocka_unit_test(discards),
        cmocka_unit_test(starts_over_without_staging),
        cmocka_unit_test(waits_for_locks),
        cmocka_unit_test(keeps_wal_mode),
        cmocka_unit_test(stops_at_the_reject_limit),
    };
    return cmocka_run_group_tests_name("sqlite/target", tests, NULL, NULL);
}
