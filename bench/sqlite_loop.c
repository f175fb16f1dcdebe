/* sqlite_loop.c - the least that reading a table of SQLite takes: one loop over sqlite3_step, and
 * sqlite3_column_* by each value's own type, over all rows and columns. What wherry reads from SQLite is
 * measured against it.
 *
 * usage: sqlite_loop DATABASE TABLE; prints rows, bytes of text and blobs, and a sum of the numbers, so that
 * no value is left unread. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

struct totals {
    int64_t rows, text_bytes;
    double numbers;
};

static void read_row(sqlite3_stmt *statement, int n_columns, struct totals *t)
{
    for (int i = 0; i < n_columns; i++) {
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
            t->numbers += (double)sqlite3_column_int64(statement, i);
            break;
        case SQLITE_FLOAT:
            t->numbers += sqlite3_column_double(statement, i);
            break;
        case SQLITE_TEXT:
            t->text_bytes +=
                sqlite3_column_text(statement, i) != NULL ? sqlite3_column_bytes(statement, i) : 0;
            break;
        case SQLITE_BLOB:
            t->text_bytes +=
                sqlite3_column_blob(statement, i) != NULL ? sqlite3_column_bytes(statement, i) : 0;
            break;
        }
    }
    t->rows++;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: sqlite_loop DATABASE TABLE\n");
        return 2;
    }
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char *query = sqlite3_mprintf("SELECT * FROM \"%w\"", argv[2]);
    int code = query == NULL ? SQLITE_NOMEM : sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(database, query, -1, &statement, NULL);
    struct totals totals = {0};
    if (code == SQLITE_OK) {
        int n_columns = sqlite3_column_count(statement);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW)
            read_row(statement, n_columns, &totals);
    }
    if (code == SQLITE_DONE)
        (void)printf("%lld rows, %lld bytes of text, sum %g\n", (long long)totals.rows,
                     (long long)totals.text_bytes, totals.numbers);
    else
        (void)fprintf(stderr, "could not read \"%s\": %s\n", argv[1], sqlite3_errstr(code));
    sqlite3_free(query);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return code == SQLITE_DONE ? 0 : 1;
}
