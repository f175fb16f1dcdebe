/* connector/sqlite/convert.h - single values of SQLite into columns, exactly or not at all.
 *
 *  stored as   becomes
 *  INTEGER     integers within range; float64 and decimal that hold it exactly; bool 0 and 1; text
 *  REAL        float64; decimal of at most 15 digits in all and `scale` behind the point; text
 *  TEXT        text; decimal, date, time, timestamp and others that the text is the form of
 *  BLOB        binary
 *  anything    binary, as the bytes of its text, unless only native values are wanted */
#pragma once
#include <sqlite3.h>

#include "batch/builder.h"

/* How values get into one column. */
struct wh_sqlite_converter {
    const struct wh_field *field; /* lent */
    bool native;                  /* as in wh_sqlite_candidate */
    bool text_parsed;             /* the user declared the type: any text form of it will do */
    double scale_factor;          /* DECIMAL: 10^scale */
    int64_t scale_units;          /* the same, 0 beyond int64 */
    int64_t limit;                /* DECIMAL: 10^precision, 0 beyond int64 */
};

void wh_sqlite_converter_init(struct wh_sqlite_converter *v, const struct wh_field *field, bool native,
                              bool text_parsed);

/* Appends the value. WH_WIDEN: the column cannot hold it exactly and is as before. That bytes are UTF-8 is
 * not checked but for JSON. Fails: WH_NOMEM, WH_LIMIT. */
enum wh_status wh_sqlite_convert(const struct wh_sqlite_converter *v, struct wh_column *out,
                                 sqlite3_value *value, struct wh_error *err);

#define WH_SQLITE_NUMBER_TEXT 40
/* Text of an INTEGER or REAL value: all digits that it needs; a REAL always has a point or an exponent.
 * Returns the length. */
size_t wh_sqlite_number_text(char *out, sqlite3_value *value);
