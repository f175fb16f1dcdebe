/* Reading SQLite: types, values that break them, chunks, resume, snapshots. */
#include "support/sqlite_db.h"

/* ---- types and values ------------------------------------------------------------------------- */

static const struct reading {
    const char *label, *sql, *stream, *schema, *rows;
} readings[] = {
    {"declared types",
     "CREATE TABLE t(a INTEGER NOT NULL, b SMALLINT, c BOOLEAN, d REAL, e DECIMAL(10,2), f TEXT, g BLOB, h "
     "DATE,"
     " i DATETIME, j TIME, k JSON, l UUID);"
     "INSERT INTO t VALUES(1, -5, 1, 1.5, 12.30, 'x', x'00ff', '2024-02-29', '2024-02-29 10:00:00.5', "
     "'23:59:59',"
     " '{\"a\":1}', '123e4567-e89b-12d3-a456-426614174000'), "
     "(2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
     "NULL)",
     "t",
     "a int64!, b int16, c bool, d float64, e decimal(10,2), f text, g binary, h date, i timestamp, j time, "
     "k json,"
     " l uuid",
     "1|-5|true|1.5|12.30|x|\\x00ff|2024-02-29|2024-02-29T10:00:00.500|23:59:59|{\"a\":1}|"
     "123e4567-e89b-12d3-a456-426614174000;2|-|-|-|-|-|-|-|-|-|-|-;"},
    {"no types: by content",
     "CREATE TABLE t(a, b, c, d, e, f); INSERT INTO t VALUES(1, 1.5, 'x', x'01', 2, NULL), (2, 2, 'y', "
     "x'02', 2.5, NULL)",
     "t", "a int64, b float64, c text, d binary, e float64, f text", "1|1.5|x|\\x01|2|-;2|2|y|\\x02|2.5|-;"},
    {"mixed values become text",
     "CREATE TABLE t(a, b, c INTEGER); INSERT INTO t VALUES(1, 9007199254740993, 7),('x', 0.5, "
     "'seven'),(2.0, 1, 8)",
     "t", "a text, b text, c text", "1|9007199254740993|7;x|0.5|seven;2.0|1|8;"},
    {"blobs among texts become binary",
     "CREATE TABLE t(a, b TEXT); INSERT INTO t VALUES(1, 'a'),(x'ff', x'fe'),('x', 'c')", "t",
     "a binary, b binary", "\\x31|\\x61;\\xff|\\xfe;\\x78|\\x63;"},
    {"blob column with texts only", "CREATE TABLE t(a BLOB); INSERT INTO t VALUES('x'),('y')", "t", "a text",
     "x;y;"},
    {"decimals of every storage",
     "CREATE TABLE t(a DECIMAL(10,2), b DECIMAL_TEXT(38,10), c NUMERIC(5,2), d DECIMAL(20,2));"
     "INSERT INTO t VALUES(5, '1234567890123456789012345678.0123456789', 0.1, 1e14), (-0.07, "
     "'-0.0000000001', 999.99, 0.25)",
     "t", "a decimal(10,2), b decimal(38,10), c decimal(5,2), d decimal(20,2)",
     "5.00|1234567890123456789012345678.0123456789|0.10|100000000000000.00;-0.07|-0.0000000001|999.99|0.25;"},
    {"decimals that do not fit",
     "CREATE TABLE t(a DECIMAL(4,2), b DECIMAL(4,2), c DECIMAL(17,2)); INSERT INTO t VALUES(1.234, 'n/a', "
     "0.5),(1, 1, 123456789012345.67)",
     "t", "a float64, b text, c float64", "1.234|n/a|0.5;1|1|123456789012345.67;"},
    {"dates that are none",
     "CREATE TABLE t(a DATE, b DATE, c DATETIME, d TIMESTAMP, e TIME); INSERT INTO t VALUES"
     "(1700000000, '2024-01-01 00:00:00', '2024-01-01', '2024-01-01T00:00:00Z', '12:00'),"
     "(1800000000, '2024-01-02 00:00:00', '2024-01-02', '2024-01-01T02:00:00+02:00', 'noon')",
     "t", "a int64, b timestamp, c date, d timestamptz, e text",
     "1700000000|2024-01-01T00:00:00|2024-01-01|2024-01-01T00:00:00Z|12:00;"
     "1800000000|2024-01-02T00:00:00|2024-01-02|2024-01-01T00:00:00Z|noon;"},
    {"nanoseconds",
     "CREATE TABLE t(a TIMESTAMP, b TIME); INSERT INTO t VALUES('2024-01-01 "
     "00:00:00.123456789','01:02:03.000000001')",
     "t", "a timestamp(ns), b time(ns)", "2024-01-01T00:00:00.123456789|01:02:03.000000001;"},
    {"numbers in JSON columns", "CREATE TABLE t(a JSON); INSERT INTO t VALUES('5'),('\"x\"'),('1.5'),('[1]')",
     "t", "a json", "5;\"x\";1.5;[1];"},
    {"empty table", "CREATE TABLE t(a INTEGER, b VARCHAR(3), c, d DECIMAL(5,1))", "t",
     "a int64, b text, c text, d decimal(5,1)", ""},
    {"rowid in use as a name",
     "CREATE TABLE t(rowid TEXT, oid TEXT); INSERT INTO t VALUES('a','b'),('c','d')", "t",
     "rowid text, oid text", "a|b;c|d;"},
    {"all names of the rowid in use",
     "CREATE TABLE t(rowid TEXT, oid TEXT, _rowid_ TEXT); INSERT INTO t VALUES('a','b','c')", "t",
     "rowid text, oid text, _rowid_ text", "a|b|c;"},
    {"without rowid",
     "CREATE TABLE t(k TEXT PRIMARY KEY, v INT) WITHOUT ROWID; INSERT INTO t VALUES('b',2),('a',1)", "t",
     "k text!, v int64", "a|1;b|2;"},
    {"rowid as key",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, v INT); INSERT INTO t "
     "VALUES(9223372036854775807,1),(-9223372036854775808,2)",
     "t", "id int64!, v int64", "-9223372036854775808|2;9223372036854775807|1;"},
    {"view",
     "CREATE TABLE t(a INT, b DATE); INSERT INTO t VALUES(1,'2024-01-01'),(2,'2024-01-02'); CREATE VIEW v AS "
     "SELECT a+1 AS n, b, 'x'||a AS s FROM t",
     "v", "n int64, b date, s text", "2|2024-01-01|x1;3|2024-01-02|x2;"},
    {"query", "CREATE TABLE t(a INT, b DATE); INSERT INTO t VALUES(1,'2024-01-01'),(2,'2024-01-02')",
     "query:SELECT b, count(*) AS n FROM t GROUP BY b ORDER BY b DESC; ", "b date, n int64",
     "2024-01-02|1;2024-01-01|1;"},
    {"query that ends in a comment", "CREATE TABLE t(a INT); INSERT INTO t VALUES(1)",
     "query:SELECT a FROM t -- all", "a int64", "1;"},
    {"generated columns",
     "CREATE TABLE t(a INT, b INT GENERATED ALWAYS AS (a*2) STORED, c TEXT AS ('v'||a)); INSERT INTO t(a) "
     "VALUES(1),(2)",
     "t", "a int64, b int64, c text", "1|2|v1;2|4|v2;"},
    {"strict",
     "CREATE TABLE t(a INT, b ANY, c TEXT, d BLOB, e REAL) STRICT; INSERT INTO t "
     "VALUES(1,'007','007',x'00',1)",
     "t", "a int64, b text, c text, d binary, e float64", "1|007|007|\\x00|1;"},
    {"virtual table", "CREATE VIRTUAL TABLE t USING fts5(a, b); INSERT INTO t VALUES('x y','z')", "t",
     "a text, b text", "x y|z;"},
    {"names that need quotes",
     "CREATE TABLE \"a \"\"b; DROP\"(\"c\"\"d\" INT, [select] TEXT, \"\" INT); INSERT INTO \"a \"\"b; DROP\" "
     "VALUES(1,'x',2)",
     "a \"b; DROP", "c\"d int64, select text,  int64", "1|x|2;"},
    {"table found whatever the case", "CREATE TABLE Orders(a INT); INSERT INTO Orders VALUES(1)", "ORDERS",
     "a int64", "1;"},
    {"infinity, least and greatest",
     "CREATE TABLE t(a REAL, b INT); INSERT INTO t VALUES(9e999, 9223372036854775807),(-9e999, "
     "-9223372036854775808),(5e-324,0)",
     "t", "a float64, b int64", "Infinity|9223372036854775807;-Infinity|-9223372036854775808;5e-324|0;"},
    {"UTF-16",
     "PRAGMA encoding='UTF-16le'; CREATE TABLE t(a TEXT); INSERT INTO t VALUES('h\xc3\xa9llo "
     "\xf0\x9f\x98\x80')",
     "t", "a text", "h\xc3\xa9llo \xf0\x9f\x98\x80;"},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < WH_COUNT(readings); i++) {
        struct fixture f;
        fixture_open(&f);
        print_message("    %s\n", readings[i].label);
        run_sql(&f, readings[i].sql);
        check_stream(&f, &(struct wh_stream_request){.name = readings[i].stream}, readings[i].schema,
                     readings[i].rows);
        assert_int_equal(f.rejects.size, 0);
        fixture_close(&f);
    }
}

static void selects_and_filters(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, total REAL);"
                "INSERT INTO t VALUES(1,'a',5),(2,'b',50),(3,'c',500); CREATE INDEX t_total ON t(total)");
    static const char *const columns[] = {"total", "id", NULL};
    check_stream(&f, &(struct wh_stream_request){.columns = columns, .where = "total > 10 -- much"},
                 "total float64, id int64!", "50|2;500|3;");
    check_stream(
        &f, &(struct wh_stream_request){.name = "query:SELECT * FROM t", .where = "name = 'b' OR id = 3"},
        NULL, "2|b|50;3|c|500;");
    check_stream(&f, &(struct wh_stream_request){.name = "t", .where = "1 OR 1"}, NULL,
                 "1|a|5;2|b|50;3|c|500;");
    fixture_close(&f);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const char *const none[] = {"nope", NULL}, *const twice[] = {"a", "A", NULL};
    static const struct {
        struct wh_stream_request req;
        const char *error;
    } cases[] = {
        {{.name = "x"}, "could not find \"x\" in \"%s\": no such table or view"},
        {{.name = NULL}, "could not choose a table of \"%s\": it has 2 tables and views"},
        {{.name = "t", .columns = none}, "could not select column \"nope\" of \"t\": there is none"},
        {{.name = "t", .columns = twice}, "could not select column \"A\" of \"t\": it is named twice"},
        {{.name = "t", .where = "b >"}, NULL},
        {{.name = "t", .where = "\"nope\" = 1"}, NULL},
        {{.name = "t", .where = "1) OR (1"}, NULL},
        {{.name = "t", .where = "1 LIMIT 1"}, NULL},
        {{.name = "t", .where = "a = ?"},
         "could not use the condition \"a = ?\": it must be one condition without parameters"},
        {{.name = "query:SELECT"}, NULL},
        {{.name = "query:SELECT 1 AS a, 2 AS a"},
         "could not read query \"SELECT 1 AS a, 2 AS a\": two columns are named \"a\""},
        {{.name = "query:SELECT 1; SELECT 2"},
         "could not read query \"SELECT 1; SELECT 2\": it must be one SELECT without parameters"},
        {{.name = "query:SELECT ?"},
         "could not read query \"SELECT ?\": it must be one SELECT without parameters"},
        {{.name = "query:DELETE FROM t"}, NULL},
        {{.name = "query:ATTACH 'x' AS y"}, NULL},
        {{.name = "query:"}, NULL},
    };
    struct fixture f;
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(a INT, b INT); CREATE TABLE u(a)");
    struct wh_source *src = source_open(&f);
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_stream *s = NULL;
        struct wh_error err = {0};
        char expected[512];
        if (wh_connector_sqlite.source->open_stream(&s, src, &cases[i].req, &err) != WH_CONFIG) {
            print_error("case %zu: %s\n", i, err.msg);
            fail();
        }
        if (cases[i].error != NULL) {
            struct wh_buffer text = {0};
            struct wh_error ignored;
            const char *mark = strstr(cases[i].error, "%s");
            if (mark == NULL)
                check_ok(wh_buffer_append_text(&text, cases[i].error, &ignored), &ignored);
            else
                check_ok(wh_buffer_printf(&text, &ignored, "%.*s%s%s", (int)(mark - cases[i].error),
                                          cases[i].error, f.path, mark + 2),
                         &ignored);
            snprintf(expected, sizeof expected, "%.*s", (int)text.size, (char *)text.data);
            wh_buffer_release(&text);
            assert_string_equal(err.msg, expected);
        }
    }
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

static void refuses_what_is_no_database(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    struct wh_source *src = NULL;
    fixture_open(&f);
    assert_int_equal(wh_connector_sqlite.source->open(&src, f.path, f.config, &f.context, &err), WH_CONFIG);
    assert_non_null(strstr(err.msg, "no such file"));
    assert_int_equal(wh_connector_sqlite.source->open(&src, "", f.config, &f.context, &err), WH_CONFIG);
    check_ok(wh_publish_file(f.path,
                             "id,name\n1,x\n this is a CSV file and no database at all, of some length\n", 66,
                             &err),
             &err);
    assert_int_equal(wh_connector_sqlite.source->open(&src, f.path, f.config, &f.context, &err), WH_DATA);
    assert_non_null(strstr(err.msg, "file is not a database"));
    fixture_close(&f);
}

/* ---- values that break types ------------------------------------------------------------------ */

/* A table of n rows, the odd one of which the sample does not see. */
static void make_big(struct fixture *f, const char *types, const char *odd)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "CREATE TABLE t(%s); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 20000)"
             " INSERT INTO t SELECT i, i FROM n; UPDATE t SET %s WHERE rowid = 12345;",
             types, odd);
    run_sql(f, sql);
}

static void widens(void **state)
{
    (void)state;
    static const struct {
        const char *types, *odd, *schema, *note;
    } cases[] = {
        {"a INTEGER, b", "b = 'x'", "a int64, b text",
         "column \"b\" of \"t\" is text instead of int64 because of row 12345\n"},
        {"a INTEGER, b", "b = 0.5", "a int64, b float64",
         "column \"b\" of \"t\" is float64 instead of int64 because of row 12345\n"},
        {"a INTEGER, b", "b = x'00'", "a int64, b binary",
         "column \"b\" of \"t\" is binary instead of int64 because of row 12345\n"},
        {"a INTEGER, b SMALLINT", "b = 1000000", "a int64, b int64", NULL},
        {"a INTEGER, b INTEGER NOT NULL", "b = 'z'", "a int64, b text!", NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct fixture f;
        fixture_open(&f);
        make_big(&f, cases[i].types, cases[i].odd);
        f.context.chunk_bytes = 20000;
        check_stream(&f, &(struct wh_stream_request){.name = "t"}, cases[i].schema, NULL);
        if (cases[i].note != NULL) {
            assert_int_equal(f.notes.size, strlen(cases[i].note));
            assert_memory_equal(f.notes.data, cases[i].note, f.notes.size);
        }
        assert_int_equal(f.rejects.size, 0);
        fixture_close(&f);
    }
}

/* Once rows are visible nothing can widen: the odd row alone is rejected. */
static void rejects_when_it_may_not_widen(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    make_big(&f, "a INTEGER, b", "b = 'x'");
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    struct wh_chunk chunk = {0};
    struct wh_buffer text = {0};
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
             &err);
    check_ok(s->ops->next_chunk(s, &chunk, &err), &err);
    assert_int_equal(read_chunk(&f, s, &chunk, &text, &err), WH_END);
    char *expected = ask_sql(&f, "SELECT a, b FROM t WHERE rowid <> 12345 ORDER BY rowid");
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
    free(expected);
    wh_buffer_release(&text);
    free(chunk.position);
    check_ok(wh_buffer_append(&f.rejects, "", 1, &err), &err);
    assert_string_equal((char *)f.rejects.data,
                        "12344 b: value at rowid 12345 is no int64: {\"a\":12345,\"b\":\"x\"}\n");
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

/* Types found before are used, whatever the values say, but may still widen. */
static void uses_known_types(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_schema known = {0};
    struct wh_error err = {0};
    static const char *const columns[] = {"b", NULL};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(a, b, c); INSERT INTO t VALUES(1,2,3),(4,5,6)");
    check_ok(wh_schema_parse(&known, "a:text,b:float64,c:date", &err), &err);
    check_stream(&f, &(struct wh_stream_request){.name = "t", .known = &known, .columns = columns},
                 "b float64", "2;5;");
    check_stream(&f, &(struct wh_stream_request){.name = "t", .known = &known}, "a int64, b int64, c int64",
                 "1|2|3;4|5|6;");
    wh_schema_release(&known);
    fixture_close(&f);
}

static void rejects_what_breaks_declared_types(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_schema declared = {0};
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(a, b, c, d); INSERT INTO t VALUES('1', 2.0, '1.50', 'true'), ('x', 3, 2, 0), "
                "(3, 2.5, x'00', 1),"
                " (4, 4, '1.555', 'maybe'), ('5', 5, 5, NULL)");
    check_ok(wh_schema_parse(&declared, "a:int32,b:int64,c:decimal(10,2),d:bool", &err), &err);
    check_stream(&f, &(struct wh_stream_request){.name = "t", .declared = &declared},
                 "a int32, b int64, c decimal(10,2), d bool", "1|2|1.50|true;5|5|5.00|-;");
    check_ok(wh_buffer_append(&f.rejects, "", 1, &err), &err);
    assert_string_equal(
        (char *)f.rejects.data,
        "1 a: value at rowid 2 is no int32: {\"a\":\"x\",\"b\":3,\"c\":2,\"d\":0}\n"
        "2 b: value at rowid 3 is no int64: {\"a\":3,\"b\":2.5,\"c\":\"\\\\x00\",\"d\":1}\n"
        "3 c: value at rowid 4 is no decimal(10,2): {\"a\":4,\"b\":4,\"c\":\"1.555\",\"d\":\"maybe\"}\n");
    wh_schema_release(&declared);
    check_ok(wh_schema_parse(&declared, "zzz:int32", &err), &err);
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    assert_int_equal(wh_connector_sqlite.source->open_stream(
                         &s, src, &(struct wh_stream_request){.name = "t", .declared = &declared}, &err),
                     WH_CONFIG);
    wh_connector_sqlite.source->close(src);
    wh_schema_release(&declared);
    fixture_close(&f);
}

static void rejects_invalid_utf8(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    /* 3 and 4 are valid only when put together; 5 has a NUL in it, which is fine */
    run_sql(&f,
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES(1,'ok'), (2, CAST(x'ff' AS "
            "TEXT)),"
            "(3, CAST(x'61c3' AS TEXT)), (4, CAST(x'a962' AS TEXT)), (5, CAST(x'610062' AS TEXT)), (6, '')");
    check_stream(&f, &(struct wh_stream_request){.name = "t"}, "a int64!, b text", NULL);
    check_ok(wh_buffer_append(&f.rejects, "", 1, &err), &err);
    assert_string_equal((char *)f.rejects.data,
                        "1 b: text at rowid 2 is not valid UTF-8: {\"a\":2,\"b\":\"\\ufffd\"}\n"
                        "2 b: text at rowid 3 is not valid UTF-8: {\"a\":3,\"b\":\"a\\ufffd\"}\n"
                        "3 b: text at rowid 4 is not valid UTF-8: {\"a\":4,\"b\":\"\\ufffdb\"}\n");
    fixture_close(&f);
}

/* ---- chunks ----------------------------------------------------------------------------------- */

/* Whatever the rowids, chunks together give all rows once and in order, and no chunk is far too big. */
static void cuts_chunks(void **state)
{
    (void)state;
    static const struct {
        const char *label, *rowid;
    } cases[] = {
        {"dense", "i"},
        {"every third", "i*3"},
        {"every tenth", "i*10"},
        {"far apart", "i*1000003"},
        {"two clusters", "CASE WHEN i < 10000 THEN i ELSE i + 1000000000000 END"},
        {"one row, then a cluster", "CASE WHEN i = 1 THEN -4611686018427387904 ELSE i END"},
        {"at the ends",
         "CASE WHEN i < 10000 THEN i - 9223372036854775807 ELSE 9223372036854775807 - 20000 + i END"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct fixture f;
        struct wh_error err = {0};
        char sql[512], *rows = NULL;
        fixture_open(&f);
        print_message("    %s\n", cases[i].label);
        snprintf(sql, sizeof sql,
                 "CREATE TABLE t(id INTEGER PRIMARY KEY, v INT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                 "SELECT i+1"
                 " FROM n LIMIT 20000) INSERT INTO t SELECT %s, i FROM n",
                 cases[i].rowid);
        run_sql(&f, sql);
        f.context.chunk_bytes = 16 * 500; /* rows of 16 bytes */
        struct wh_source *src = source_open(&f);
        struct wh_stream *s = NULL;
        check_ok(
            wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
            &err);
        assert_int_equal(s->rows, 20000);
        struct wh_buffer text = {0};
        int64_t n_chunks = 0;
        for (;; n_chunks++) {
            struct wh_chunk chunk = {0};
            enum wh_status st = s->ops->next_chunk(s, &chunk, &err);
            if (st == WH_END)
                break;
            check_ok(st, &err);
            size_t before = text.size, n = 0;
            assert_int_equal(read_chunk(&f, s, &chunk, &text, &err), WH_END);
            for (size_t k = before; k < text.size; k++)
                n += text.data[k] == ';';
            assert_true(n <= 500 * 4);
            free(chunk.position);
        }
        assert_in_range(n_chunks, 10, 170);
        char *expected = ask_sql(&f, "SELECT id, v FROM t ORDER BY id");
        check_ok(wh_buffer_take_text(&rows, &text, &err), &err);
        assert_string_equal(rows, expected);
        free(rows);
        free(expected);
        s->ops->close(s);
        wh_connector_sqlite.source->close(src);
        fixture_close(&f);
    }
}

/* After any chunk the stream can be opened again, in another process or order, and goes on behind it. */
static void resumes(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    make_big(&f, "a INTEGER, b", "b = 'x'");
    f.context.chunk_bytes = 16 * 3000;
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    struct wh_buffer text = {0};
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
             &err);
    check_ok(s->ops->widen(s, &err), &err); /* the resumed stream must keep the wider type */
    struct wh_chunk chunk = {0};
    check_ok(s->ops->next_chunk(s, &chunk, &err), &err);
    assert_int_equal(read_chunk(&f, s, &chunk, &text, &err), WH_END);
    char *snapshot = NULL;
    check_ok(s->ops->snapshot(s, &snapshot, &err), &err);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);

    struct wh_stream_request req = {.name = "t", .snapshot = snapshot, .after = chunk.position};
    char *schema, *rows, *first;
    src = source_open(&f);
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &req, &err), &err);
    read_stream(&f, s, &schema, &rows);
    assert_string_equal(schema, "a int64, b text");
    check_ok(wh_buffer_take_text(&first, &text, &err), &err);
    char *all = ask_sql(&f, "SELECT a, b FROM t ORDER BY rowid");
    assert_int_equal(strlen(first) + strlen(rows), strlen(all));
    assert_memory_equal(all, first, strlen(first));
    assert_string_equal(all + strlen(first), rows);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);

    run_sql(&f, "UPDATE t SET b = 'changed' WHERE rowid = 20000");
    src = source_open(&f);
    assert_int_equal(wh_connector_sqlite.source->open_stream(&s, src, &req, &err), WH_STATE);
    assert_non_null(strstr(err.msg, "has changed since the run began"));
    wh_connector_sqlite.source->close(src);
    free(schema);
    free(rows);
    free(first);
    free(all);
    free(snapshot);
    free(chunk.position);
    fixture_close(&f);
}

static void refuses_foreign_positions(void **state)
{
    (void)state;
    static const char *const positions[] = {"{\"all\":true}", "{\"from\":1}", "nonsense", ""};
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(a INT); INSERT INTO t VALUES(1)");
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    for (size_t i = 0; i < WH_COUNT(positions); i++) {
        struct wh_stream_request req = {.name = "t", .after = positions[i]};
        assert_int_equal(wh_connector_sqlite.source->open_stream(&s, src, &req, &err), WH_STATE);
    }
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

/* ---- writers beside us ------------------------------------------------------------------------ */

static void reads_one_snapshot_while_others_write(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(&f, "PRAGMA journal_mode=WAL");
    make_big(&f, "a INTEGER, b", "b = 0");
    f.context.chunk_bytes = 16 * 1000;
    char *before = ask_sql(&f, "SELECT a, b FROM t ORDER BY rowid");
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    struct wh_buffer text = {0};
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
             &err);
    for (;;) {
        struct wh_chunk chunk = {0};
        if (s->ops->next_chunk(s, &chunk, &err) != WH_OK)
            break;
        run_sql(&f, "UPDATE t SET b = b + 1; DELETE FROM t WHERE rowid = (SELECT max(rowid) FROM t)");
        assert_int_equal(read_chunk(&f, s, &chunk, &text, &err), WH_END);
        free(chunk.position);
    }
    char *rows;
    check_ok(wh_buffer_take_text(&rows, &text, &err), &err);
    assert_string_equal(rows, before);
    free(rows);
    free(before);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

static char *snapshot_of(struct fixture *f)
{
    struct wh_error err = {0};
    struct wh_source *src = source_open(f);
    struct wh_stream *s = NULL;
    char *text = NULL;
    check_ok(wh_connector_sqlite.source->open_stream(&s, src, &(struct wh_stream_request){.name = "t"}, &err),
             &err);
    check_ok(s->ops->snapshot(s, &text, &err), &err);
    s->ops->close(s);
    wh_connector_sqlite.source->close(src);
    return text;
}

/* The state is the same until somebody commits, in both journal modes. */
static void tells_states_apart(void **state)
{
    (void)state;
    static const char *const modes[] = {"PRAGMA journal_mode=DELETE", "PRAGMA journal_mode=WAL"};
    for (size_t i = 0; i < WH_COUNT(modes); i++) {
        struct fixture f;
        sqlite3 *writer;
        fixture_open(&f);
        run_sql(&f, modes[i]);
        run_sql(&f, "CREATE TABLE t(a INT); INSERT INTO t VALUES(1),(2)");
        assert_int_equal(sqlite3_open(f.path, &writer), SQLITE_OK); /* keeps the log alive */
        assert_int_equal(sqlite3_exec(writer, "INSERT INTO t VALUES(3)", NULL, NULL, NULL), SQLITE_OK);
        char *one = snapshot_of(&f), *two = snapshot_of(&f);
        assert_string_equal(one, two);
        assert_int_equal(sqlite3_exec(writer, "UPDATE t SET a = 5 WHERE a = 3", NULL, NULL, NULL), SQLITE_OK);
        char *three = snapshot_of(&f);
        assert_string_not_equal(two, three);
        sqlite3_close(writer);
        free(one);
        free(two);
        free(three);
        fixture_close(&f);
    }
}

/* ---- discover --------------------------------------------------------------------------------- */

static void discovers(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    struct wh_stream_info *list = NULL;
    size_t n = 0;
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE orders(id INTEGER PRIMARY KEY, a TEXT, b TEXT UNIQUE, c INT);"
                "CREATE INDEX orders_a ON orders(a, c DESC); CREATE INDEX part ON orders(c) WHERE c > 0;"
                "CREATE INDEX expr ON orders(lower(a)); CREATE UNIQUE INDEX orders_c ON orders(c);"
                "INSERT INTO orders VALUES(1,'x','y',1),(2,'x','z',2);"
                "CREATE TABLE lines(a INT, b INT, v DATE, PRIMARY KEY(b, a)) WITHOUT ROWID;"
                "CREATE VIEW v AS SELECT id FROM orders; CREATE TABLE gone(a); CREATE VIEW broken AS SELECT "
                "a FROM gone;"
                "DROP TABLE gone; CREATE TABLE _wherry_ledger(a); CREATE TABLE orders__wherry_7(a)");
    struct wh_source *src = source_open(&f);
    check_ok(wh_connector_sqlite.source->discover(src, &list, &n, &err), &err);
    assert_int_equal(n, 3);
    struct wh_buffer text = {0};
    for (size_t i = 0; i < n; i++) {
        check_ok(wh_buffer_printf(&text, &err, "%s(%lld): ", list[i].name, (long long)list[i].rows), &err);
        schema_text(&list[i].schema, &text);
        for (size_t k = 0; list[i].primary_key != NULL && list[i].primary_key[k] != NULL; k++)
            check_ok(wh_buffer_printf(&text, &err, " key %s", list[i].primary_key[k]), &err);
        for (size_t k = 0; k < list[i].n_indexes; k++) {
            const struct wh_index *x = &list[i].indexes[k];
            check_ok(wh_buffer_printf(&text, &err, "; %s%s:", x->name, x->unique ? " unique" : ""), &err);
            for (size_t c = 0; x->columns[c] != NULL; c++)
                check_ok(wh_buffer_printf(&text, &err, " %s", x->columns[c]), &err);
        }
        check_ok(wh_buffer_append_text(&text, "\n", &err), &err);
    }
    check_ok(wh_buffer_append(&text, "", 1, &err), &err);
    assert_string_equal((char *)text.data,
                        "lines(0): a int64!, b int64!, v date key b key a\n"
                        "orders(2): id int64!, a text, b text, c int64 key id; orders_unique_1 unique: b;"
                        " orders_a: a c; orders_c unique: c\n"
                        "v(2): id int64\n");
    wh_buffer_release(&text);
    check_ok(wh_buffer_append(&f.notes, "", 1, &err), &err);
    assert_non_null(strstr((char *)f.notes.data, "\"broken\" is left out: "));
    wh_stream_infos_free(list, n);
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

static void stops_when_cancelled(void **state)
{
    (void)state;
    struct fixture f;
    struct wh_error err = {0};
    fixture_open(&f);
    run_sql(&f, "CREATE TABLE t(a INT)");
    struct wh_source *src = source_open(&f);
    struct wh_stream *s = NULL;
    f.cancelled = true;
    struct wh_stream_request req = {.name = "query:WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 "
                                            "FROM n) SELECT count(*) AS n FROM n"};
    assert_int_equal(wh_connector_sqlite.source->open_stream(&s, src, &req, &err), WH_CANCELLED);
    wh_connector_sqlite.source->close(src);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(selects_and_filters),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(refuses_what_is_no_database),
        cmocka_unit_test(widens),
        cmocka_unit_test(rejects_when_it_may_not_widen),
        cmocka_unit_test(uses_known_types),
        cmocka_unit_test(rejects_what_breaks_declared_types),
        cmocka_unit_test(rejects_invalid_utf8),
        cmocka_unit_test(cuts_chunks),
        cmocka_unit_test(resumes),
        cmocka_unit_test(refuses_foreign_positions),
        cmocka_unit_test(reads_one_snapshot_while_others_write),
        cmocka_unit_test(tells_states_apart),
        cmocka_unit_test(discovers),
        cmocka_unit_test(stops_when_cancelled),
    };
    return cmocka_run_group_tests_name("sqlite/source", tests, NULL, NULL);
}
