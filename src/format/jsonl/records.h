/* format/jsonl/records.h - the records of a chunk, one by one.
 *
 * Three layouts of a file: one record a line; one array around all records; records one behind the other,
 * over any number of lines. A chunk starts and ends between records. Serial. */
#pragma once
#include "format/jsonl/lex.h"

enum wh_jsonl_layout {
    WH_JSONL_LINES,
    WH_JSONL_IN_ARRAY, /* the first chunk starts with '[', the others with ',' */
    WH_JSONL_IN_SERIES,
};

/* Where a chunk lies. */
struct wh_jsonl_place {
    const char *file; /* lent: its path */
    uint64_t line;    /* of the chunk's first byte, from 1 */
    enum wh_jsonl_layout layout;
    bool is_last; /* in its file */
};

struct wh_jsonl_records {
    struct wh_jsonl_lexer lexer;
    struct wh_jsonl_place place;
    const uint8_t *next;    /* lent: behind the last record */
    const uint8_t *start;   /* lent: of the chunk */
    const uint8_t *counted; /* up to here line ends have been counted */
    uint64_t line;          /* of counted */
    bool is_closed;         /* the array has ended */
};

/* data[size .. size + WH_JSONL_SLACK) is writable and becomes zero. */
void wh_jsonl_records_init(struct wh_jsonl_records *r, const struct wh_jsonl_place *place, uint8_t *data,
                           size_t size, struct wh_budget *budget);
void wh_jsonl_records_release(struct wh_jsonl_records *r);

/* Finds the start of the next record; false when there is none. What follows there may be no value. */
bool wh_jsonl_record_next(struct wh_jsonl_records *r, const uint8_t **start);
/* After a value that ends at `end`: checks that the record ends too and moves on; false after filling
 * lexer.fault. */
bool wh_jsonl_record_close(struct wh_jsonl_records *r, const uint8_t *end);
/* After a fault: moves behind the record and gives its text. */
struct wh_slice wh_jsonl_record_reject(struct wh_jsonl_records *r, const uint8_t *start);
/* Line of a place in the chunk. */
uint64_t wh_jsonl_line_of(struct wh_jsonl_records *r, const uint8_t *p);
