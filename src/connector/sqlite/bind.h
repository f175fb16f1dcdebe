/* connector/sqlite/bind.h - columns of a batch as the parameters of an INSERT.
 *
 * A column's affinity may change a value on its way into the table. Each value is brought into a form that
 * the affinity leaves alone; one for which there is none makes its row bad. The work is cut in two: render
 * checks and formats on any thread, bind only hands over. */
#pragma once
#include <sqlite3.h>

#include "batch/builder.h"
#include "connector/sqlite/types.h"

enum wh_sqlite_form {
    WH_FORM_NULL,
    WH_FORM_BOOL,
    WH_FORM_INT,
    WH_FORM_FLOAT,
    WH_FORM_UNITS, /* decimal of 8 bytes: an integer or the nearest double */
    WH_FORM_TEXT,
    WH_FORM_BLOB,
    WH_FORM_RENDERED_TEXT, /* from the rendered column */
    WH_FORM_RENDERED_REAL,
};
enum wh_sqlite_check {
    WH_CHECK_NONE,
    WH_CHECK_NAN,
    WH_CHECK_INT64,  /* uint64 must not be greater */
    WH_CHECK_DOUBLE, /* an integer that a double holds */
    WH_CHECK_TEXT,   /* text that is not taken for a number, or comes back the same */
    WH_CHECK_DIGITS, /* decimal of at most 15 digits */
};

struct wh_sqlite_binding {
    const struct wh_field *field; /* lent */
    int64_t column;               /* of the table; the caller's */
    enum wh_sqlite_form form;
    enum wh_sqlite_check check;
    bool needs_value;    /* a key: null would be given a number, or match nothing */
    bool nan_is_null;    /* else NaN makes its row bad: SQLite has none */
    double scale_factor; /* FORM_UNITS: 10^scale */
    int64_t scale_units;
};

/* declared: the type of the column in the table. */
void wh_sqlite_binding_init(struct wh_sqlite_binding *b, const struct wh_field *field, const char *declared,
                            bool strict);

/* Values of a column that cannot be written. */
struct wh_sqlite_bad {
    uint8_t *map; /* lent; a bit for each, clear at first */
    int64_t n;
};
/* Checks all values of a column. Rendered forms are put into *rendered (all-zero before; released by the
 * caller). */
enum wh_status wh_sqlite_render(const struct wh_sqlite_binding *b, const struct wh_column *c,
                                struct wh_column *rendered, struct wh_sqlite_bad *bad, struct wh_error *err);
/* Why value i is bad; static. */
const char *wh_sqlite_bad_reason(const struct wh_sqlite_binding *b, const struct wh_column *c, int64_t i);

/* Binds value i as parameter `at`; texts are lent until the next reset. Returns SQLite's code. */
int wh_sqlite_bind(sqlite3_stmt *stmt, int at, const struct wh_sqlite_binding *b, const struct wh_column *c,
                   const struct wh_column *rendered, int64_t i);
