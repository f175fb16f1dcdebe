/* format/csv/convert.h - a block's fields to columns, column by column.
 *
 * Each kind has a loop that parses the plain fields and leaves empty, quoted and odd ones to one shared slow
 * path. Nothing is allocated per value. */
#pragma once
#include "format/csv/cells.h"
#include "format/csv/infer.h"

/* A column of the stream. */
struct wh_csv_column {
    const struct wh_field *field; /* lent by the stream's schema */
    struct wh_csv_guess guess;    /* kind, spelling and null word; of declared columns kind and spelling say
                                   * what is tried first */
    bool declared;
};
/* For a declared type: what is tried before the general parser. */
void wh_csv_column_declare(struct wh_csv_column *c);

/* A field whose text is no value of its column's type. */
struct wh_csv_misfit {
    uint32_t row;
    uint32_t column; /* of the stream */
};

/* State of one reader; all-zero but for the settings at first. Serial. */
struct wh_csv_converter {
    const struct wh_csv_dialect *dialect; /* lent */
    const struct wh_csv_words *words;     /* lent: the user's null words */
    struct wh_budget *budget;             /* lent */
    struct wh_buffer nulls;               /* rows of the column at hand */
    struct wh_buffer misfits;             /* struct wh_csv_misfit of the block */
    struct wh_buffer scratch;             /* text without its quotes */
    struct wh_column value;               /* of the general parser */
};
void wh_csv_converter_release(struct wh_csv_converter *cv);

/* Appends field `source` of all rows of the block to out, column `column` of the stream; source < 0: nulls.
 * Misfits become nulls and are listed. */
enum wh_status wh_csv_convert(struct wh_csv_converter *cv, const struct wh_csv_column *c, uint32_t column,
                              const struct wh_csv_block *b, int32_t source, struct wh_column *out,
                              struct wh_error *err);

/* True when the text is a value of an inferred column. */
bool wh_csv_fits(const struct wh_csv_guess *g, const char *p, size_t len);
