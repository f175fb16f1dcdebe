/* format/csv/index.h - finds the fields of a chunk's records, block by block.
 *
 * A block is a run of sound records, all with the same number of fields, described by the positions where
 * their fields end; records that are not sound are listed beside it. Nothing is copied: positions point
 * into the chunk. */
#pragma once
#include "format/csv/masks.h"

enum wh_csv_fault {
    WH_CSV_SOUND,
    WH_CSV_TOO_FEW,      /* fields */
    WH_CSV_TOO_MANY,     /* fields */
    WH_CSV_UNTERMINATED, /* a quoted field has no end */
    WH_CSV_LOOSE_QUOTE,  /* text behind a closing quote */
    WH_CSV_NUL,          /* a byte 0 */
    WH_CSV_NOT_UTF_8,
    WH_CSV_LOOSE_LINE_END, /* half a line end, outside of quotes */
    WH_CSV_LONG,
};

#define WH_CSV_NO_COLUMN SIZE_MAX

/* A record that cannot become a row. */
struct wh_csv_bad {
    uint32_t start, end; /* without its newline */
    enum wh_csv_fault fault;
    size_t column; /* in which field of the file, or WH_CSV_NO_COLUMN */
    size_t fields; /* that it has, for TOO_FEW and TOO_MANY */
};

/* Lent by the index until its next call. Field c of row r lies in text between
 *     c == 0 ? starts[r] : ends[r * n_columns + c - 1] + 1    and
 *     c == n_columns - 1 ? stops[r] : ends[r * n_columns + c]
 * Positions of empty fields may lie outside of the record. */
struct wh_csv_block {
    const uint8_t *text;
    size_t n_columns;
    size_t n_rows;
    const uint32_t *ends;
    const uint32_t *starts;
    const uint32_t *stops;
    bool quoted; /* some field may begin with a quote */
    const struct wh_csv_bad *bad;
    size_t n_bad;
};

/* All bytes of a column of a block: first and behind-last position by row. */
struct wh_csv_fields {
    const uint32_t *starts, *stops;
    size_t start_stride, stop_stride;
    uint32_t skip; /* from starts to the first byte */
};
static inline struct wh_csv_fields wh_csv_block_column(const struct wh_csv_block *b, size_t c)
{
    struct wh_csv_fields f = {.starts = b->starts, .stops = b->stops, .start_stride = 1, .stop_stride = 1};
    if (b->n_rows == 0)
        return f;
    if (c > 0) {
        f.starts = b->ends + c - 1;
        f.start_stride = b->n_columns;
        f.skip = 1;
    }
    if (c + 1 < b->n_columns) {
        f.stops = b->ends + c;
        f.stop_stride = b->n_columns;
    }
    return f;
}

struct wh_csv_index {
    const struct wh_csv_dialect *dialect; /* lent */
    enum wh_csv_level level;
    size_t n_columns;
    uint8_t *text; /* lent; text[size] is writable and becomes a newline */
    uint32_t size;
    uint32_t pos; /* classified so far */
    enum wh_csv_state state;
    uint32_t record;   /* start of the first record that is not in a block yet */
    size_t used;       /* of separators: given out with the last block */
    uint64_t newlines; /* among the separators behind used */
    uint32_t strays;   /* between record and pos */
    /* Behind the last loose quote, or the last span that has such a byte. */
    uint32_t loose_end, nul_end, high_end, quoted_end;
    struct wh_buffer separators; /* uint32 positions */
    struct wh_buffer ends, starts, stops;
    struct wh_buffer bad;
    struct wh_csv_block block;
};

/* All-zero before; buffers draw from budget. May be called again for other text. */
void wh_csv_index_init(struct wh_csv_index *x, const struct wh_csv_dialect *d, size_t n_columns,
                       struct wh_budget *budget);
/* Begins with text of size < 4 GiB, a whole number of records but for the last one, which the end of the
 * text ends; 64 bytes behind it may be read and text[size] is overwritten. */
void wh_csv_index_begin(struct wh_csv_index *x, uint8_t *text, size_t size);
/* The next block in x->block; WH_END: none left. */
enum wh_status wh_csv_index_next(struct wh_csv_index *x, struct wh_error *err);
void wh_csv_index_release(struct wh_csv_index *x);

/* Takes rows, given in ascending order, out of the block. */
void wh_csv_index_drop_rows(struct wh_csv_index *x, const uint32_t *rows, size_t n);
/* Behind the last byte of row r of a block, without its line end. */
uint32_t wh_csv_row_end(const struct wh_csv_index *x, size_t r);

/* Gives the separators of text[0, size) as they come, ends of records being those that are the dialect's
 * newline, without any check; for the sniffer. */
enum wh_status wh_csv_index_all(struct wh_csv_index *x, struct wh_error *err);
