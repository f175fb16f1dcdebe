/* format/csv/format_cell.h - values as the text of fields. */
#pragma once
#include "batch/builder.h"
#include "format/csv/masks.h"

/* How fields are written; the same for all columns. */
struct wh_csv_style {
    uint8_t delimiter, quote;
    bool quote_text, quote_all;
    bool safe;            /* neutralise formulas */
    struct wh_slice null; /* lent: the word for null */
    char newline[2];
    size_t newline_len;
    enum wh_csv_level level;
};

/* One column of the batch at hand. */
struct wh_csv_cell {
    const struct wh_csv_style *style; /* lent */
    const struct wh_column *column;   /* lent */
    const uint8_t *data;
    const int32_t *offsets;  /* of bytes */
    const uint8_t *validity; /* NULL: none is null */
    /* Writes value i, not null, and gives the end; NULL: it cannot be written. Room is there. */
    char *(*put)(char *out, const struct wh_csv_cell *c, int64_t i);
};

/* Finds put and the buffers; false for types whose values go through wh_csv_put_slow. */
bool wh_csv_cell_init(struct wh_csv_cell *c, const struct wh_column *column,
                      const struct wh_csv_style *style);
/* An upper bound of the text of rows [from, to), each with a delimiter. */
size_t wh_csv_cell_bound(const struct wh_csv_cell *c, int64_t from, int64_t to);

/* Writes text, quoted if need be; up to 2 * len + 3 bytes, and 16 more may be overwritten, as 16 behind the
 * text may be read. NULL: it holds a NUL byte. */
char *wh_csv_put_text(char *out, const struct wh_csv_style *s, struct wh_slice text);
