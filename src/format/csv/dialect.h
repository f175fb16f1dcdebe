/* format/csv/dialect.h - how one CSV file is written: RFC 4180 and what the world makes of it. */
#pragma once
#include "format/input.h"

enum wh_csv_encoding {
    WH_CSV_UTF_8,
    WH_CSV_UTF_16LE,
    WH_CSV_UTF_16BE,
    WH_CSV_LATIN_1,
    WH_CSV_WINDOWS_1252,
};

#define WH_CSV_NONE (-1) /* no such byte in this dialect */

/* Bytes of text after it has been brought to UTF-8.
 *
 * A quote opens a quoted field only as the field's first byte; elsewhere it is data. Inside of quotes two
 * quotes stand for one, and the escape byte, if there is one, takes the next byte as it is. */
struct wh_csv_dialect {
    uint8_t delimiter;
    uint8_t newline; /* '\n', also behind '\r'; or '\r' */
    int quote;       /* byte or WH_CSV_NONE */
    int escape;      /* byte or WH_CSV_NONE: quotes are only doubled */
    int comment;     /* first byte of lines that are no records, or WH_CSV_NONE */
    bool fill;       /* records with fields missing at the end are taken, the missing ones are null */
    enum wh_csv_encoding encoding;
    size_t max_record_bytes; /* longer ones are refused: no field takes more memory than this */
};

/* The line end byte that this dialect does not end lines with; it must not stand outside of quotes, but for
 * a '\r' before '\n'. */
static inline uint8_t wh_csv_stray(const struct wh_csv_dialect *d)
{
    return d->newline == '\n' ? '\r' : '\n';
}
