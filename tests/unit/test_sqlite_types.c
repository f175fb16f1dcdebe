/* Declared types of SQLite against ours. */
#include "connector/sqlite/types.h"

#include "connector/sqlite/ddl.h"
#include "support/sqlite_db.h"

static void affinity(void **state)
{
    (void)state;
    static const struct {
        const char *declared;
        bool strict;
        enum wh_sqlite_affinity affinity;
    } cases[] = {
        {"INTEGER", false, WH_AFF_INTEGER},
        {"UNSIGNED BIG INT", false, WH_AFF_INTEGER},
        {"CHARINT", false, WH_AFF_INTEGER}, /* the first rule wins */
        {"varchar(255)", false, WH_AFF_TEXT},
        {"CLOB", false, WH_AFF_TEXT},
        {"DECIMAL_TEXT(38,10)", false, WH_AFF_TEXT},
        {"UNSIGNED_TEXT", false, WH_AFF_TEXT},
        {"JSON_TEXT", false, WH_AFF_TEXT},
        {"DURATION_TEXT", false, WH_AFF_TEXT},
        {"BLOB", false, WH_AFF_BLOB},
        {"", false, WH_AFF_BLOB},
        {NULL, false, WH_AFF_BLOB},
        {"double precision", false, WH_AFF_REAL},
        {"FLOAT4", false, WH_AFF_REAL},
        {"FLOATING POINT", false, WH_AFF_INTEGER}, /* POINT has an INT in it */
        {"DECIMAL(10,5)", false, WH_AFF_NUMERIC},
        {"DATE", false, WH_AFF_NUMERIC},
        {"TIMESTAMPTZ", false, WH_AFF_NUMERIC},
        {"UUID", false, WH_AFF_NUMERIC},
        {"ANY", false, WH_AFF_NUMERIC},
        {"ANY", true, WH_AFF_BLOB},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++)
        assert_int_equal(wh_sqlite_affinity_of(cases[i].declared, cases[i].strict), cases[i].affinity);
}

static void best_types(void **state)
{
    (void)state;
    static const struct {
        const char *declared, *best;
    } cases[] = {
        {"INTEGER", "int64"},
        {"integer", "int64"},
        {"BigInt", "int64"},
        {"SMALLINT", "int16"},
        {"TINYINT UNSIGNED", "uint8"},
        {"BOOLEAN", "bool"},
        {"DOUBLE  PRECISION", "float64"},
        {"FLOAT4", "float32"},
        {"DECIMAL(10,2)", "decimal(10,2)"},
        {"NUMERIC ( 12 , 4 )", "decimal(12,4)"},
        {"DECIMAL(5)", "decimal(5,0)"},
        {"DECIMAL_TEXT(76,76)", "decimal(76,76)"},
        {"DECIMAL(77,2)", "int64"}, /* by content */
        {"DECIMAL(5,6)", "int64"},
        {"DECIMAL", "int64"},
        {"VARCHAR(20)", "text"},
        {"BLOB", "binary"},
        {"JSON", "json"},
        {"UUID", "uuid"},
        {"DATE", "date"},
        {"TIME", "time"},
        {"TIME(9)", "time(ns)"},
        {"DATETIME", "timestamp"},
        {"TIMESTAMP(0)", "timestamp(s)"},
        {"TIMESTAMP(3)", "timestamp(ms)"},
        {"TIMESTAMPTZ(9)", "timestamptz(ns)"},
        {"timestamp with time zone", "timestamptz"},
        {"DURATION_TEXT", "interval"},
        {"", "int64"},
        {"no such type", "int64"},
        {"a very long type name that nobody has ever written in a table(1,2,3", "int64"},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        struct wh_sqlite_candidate list[WH_SQLITE_CANDIDATES];
        struct wh_field f = {0};
        struct wh_error err = {0};
        char type[64];
        size_t n = wh_sqlite_candidates(list, cases[i].declared);
        assert_in_range(n, WH_SQLITE_BY_CONTENT, WH_SQLITE_CANDIDATES);
        assert_int_equal(list[n - 1].type, WH_BINARY);
        assert_false(list[n - 1].native);
        check_ok(wh_sqlite_set_type(&f, &list[0], &err), &err);
        wh_type_format(&f, type, sizeof type);
        assert_string_equal(type, cases[i].best);
        wh_field_release(&f);
    }
}

/* Every type that a new column gets is read back as the type that it was made for. */
static void declared_and_back(void **state)
{
    (void)state;
    static const char *const same[] = {
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "decimal(1,0)",
        "decimal(15,2)",
        "decimal(16,2)",
        "decimal(76,38)",
        "text",
        "json",
        "binary",
        "uuid",
        "date",
        "time",
        "time(ns)",
        "timestamp(s)",
        "timestamp(ms)",
        "timestamp",
        "timestamp(ns)",
        "timestamptz(s)",
        "timestamptz",
        "timestamptz(ns)",
        "interval",
    };
    for (size_t i = 0; i < WH_COUNT(same); i++) {
        struct wh_sqlite_candidate list[WH_SQLITE_CANDIDATES];
        struct wh_field f = {0}, back = {0};
        struct wh_error err = {0};
        char declared[64], type[64];
        check_ok(wh_type_parse(&f, same[i], &err), &err);
        wh_sqlite_declare(&f, declared, sizeof declared);
        (void)wh_sqlite_candidates(list, declared);
        check_ok(wh_sqlite_set_type(&back, &list[0], &err), &err);
        wh_type_format(&back, type, sizeof type);
        assert_string_equal(type, same[i]);
        wh_field_release(&f);
        wh_field_release(&back);
    }
}

static void renames(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *renamed;
    } cases[] = {
        {"CREATE TABLE t(a)", "CREATE TABLE \"n\"\"w\" (a)"},
        {"CREATE TABLE t (a, b)", "CREATE TABLE \"n\"\"w\"  (a, b)"},
        {"CREATE TABLE \"a \"\" (\"(a)", "CREATE TABLE \"n\"\"w\" (a)"},
        {"CREATE TABLE [a (b](a)", "CREATE TABLE \"n\"\"w\" (a)"},
        {"CREATE TABLE `a``b` (a)", "CREATE TABLE \"n\"\"w\"  (a)"},
        {"CREATE TABLE 'x y'(a)", "CREATE TABLE \"n\"\"w\" (a)"},
        {"CREATE VIRTUAL TABLE t USING x", NULL},
    };
    for (size_t i = 0; i < WH_COUNT(cases); i++) {
        char *got = wh_sqlite_renamed_sql(cases[i].sql, "n\"w");
        if (cases[i].renamed == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].renamed);
        sqlite3_free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(affinity),
        cmocka_unit_test(best_types),
        cmocka_unit_test(declared_and_back),
        cmocka_unit_test(renames),
    };
    return cmocka_run_group_tests_name("sqlite/types", tests, NULL, NULL);
}
