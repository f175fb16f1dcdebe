/* format/parquet/leaf.h - one column chunk as rows of an Arrow-shaped column.
 *
 * leaf.c              counts rows, reads levels
 * leaf_page.c         opens pages, passes over them
 * leaf_skip.c         passes over rows
 * leaf_values.c       turns the values of a page into those of the column, with nulls between them
 * leaf_dictionary.c   the same by way of a dictionary
 *
 * A read appends a number of rows to a column. It may give fewer, when the column would take too many
 * bytes; the rows that other columns have too many of are handed back (wh_pq_leaf_cut) and come again
 * with the next read. Serial. */
#pragma once
#include "batch/builder.h"
#include "format/parquet/convert.h"
#include "format/parquet/decode_values.h"
#include "format/parquet/page_index.h"
#include "format/parquet/page_reader.h"

/* Level entries are decoded in blocks of this many. */
#define WH_PQ_LEVELS 4096

struct wh_pq_dictionary {
    bool is_loaded;
    uint32_t n;
    struct wh_buffer values;  /* owned. NUMBERS: of our type; TEXT: the bytes, unless they are in body */
    struct wh_pq_body *body;  /* a reference; or NULL */
    const uint8_t *bytes;     /* TEXT: of values or body */
    struct wh_buffer entries; /* owned. TEXT: n struct wh_pq_entry */
    struct wh_buffer flags;   /* owned. One byte an entry, set: does not fit its type; empty: all fit */
};
struct wh_pq_entry {
    uint32_t start, length;
};

/* Levels of nested columns: what is read with the rows of a batch. One byte each, same length. */
struct wh_pq_levels {
    struct wh_buffer reps, defs; /* owned */
};

struct wh_pq_leaf {
    const struct wh_pq_node *node;
    struct wh_pq_convert convert;
    struct wh_pq_pages pages;
    struct wh_pq_dictionary dictionary;
    struct wh_pq_page_index index; /* owned; only of columns whose pages do not tell their rows */
    bool is_flat;                  /* one value a row, null or not: no levels are kept */
    uint8_t slot_def;              /* an entry with at least this def level has a place in the column */
    uint8_t item_defs[256];        /* def level of an item, by repetition level; 0 at level 0 */
    int64_t chunk_left;            /* entries of the column chunk in pages not yet opened */

    /* the current page */
    int64_t page_left; /* entries whose levels have not been read */
    struct wh_pq_rle reps, defs;
    struct wh_pq_decoder values;
    struct wh_buffer last; /* owned; for values.last */
    int64_t page_nulls;    /* data page v2: nulls that are still to come; else -1 */
    int64_t page_rows;     /* rows that start in what is left of the page, by the index; -1: not known */
    /* nested: levels that have been read but not used */
    uint8_t ahead_reps[WH_PQ_LEVELS], ahead_defs[WH_PQ_LEVELS];
    uint32_t ahead_at, ahead_end;
    uint8_t last_def;

    /* the current read */
    struct wh_column *out; /* lent */
    struct wh_pq_levels levels;
    int64_t rows;             /* in out */
    size_t max_bytes;         /* of out */
    struct wh_buffer bad;     /* owned: int64 slots of out whose value did not fit */
    struct wh_buffer scratch; /* owned */
    struct wh_column probe;   /* owned; JSON: what parses is put there */

    /* rows handed back */
    struct wh_column carry;
    struct wh_pq_levels carry_levels;
    struct wh_buffer carry_bad;
    int64_t carry_rows;
};

struct wh_pq_leaf_source {
    const struct wh_pq_file *file;
    size_t group, column;
    struct wh_pq_page_context *context; /* lent until close */
    bool is_part;                       /* other readers may read other rows of the row group */
};

/* Opens a column chunk that wh_pq_file_check_group found good. *leaf is NULL, or the leaf of the same column
 * of another row group of the file, whose memory is used again; it is the caller's also when this fails. */
enum wh_status wh_pq_leaf_open(struct wh_pq_leaf **leaf, const struct wh_pq_leaf_source *source,
                               struct wh_error *err);
void wh_pq_leaf_close(struct wh_pq_leaf *l); /* takes l; NULL is fine */

/* Gives back what is not needed for further rows. */
void wh_pq_leaf_rest(struct wh_pq_leaf *l);
/* Passes over n rows, of which none has been handed back; cheaply, where they fill whole pages. Fails as
 * wh_pq_leaf_read, also when there are fewer. */
enum wh_status wh_pq_leaf_skip(struct wh_pq_leaf *l, int64_t n, struct wh_error *err);
/* Appends up to n rows, at least one unless none is left, to out, which is empty and lent until the next
 * read; l->rows says how many. Fails: WH_DATA, WH_LIMIT, WH_IO, WH_NOMEM. */
enum wh_status wh_pq_leaf_read(struct wh_pq_leaf *l, struct wh_column *out, int64_t n, struct wh_error *err);
/* Takes all rows but the first n out of the column again. */
enum wh_status wh_pq_leaf_cut(struct wh_pq_leaf *l, int64_t n, struct wh_error *err);
/* Row of the batch that slot i of the column belongs to. */
int64_t wh_pq_leaf_row_of(const struct wh_pq_leaf *l, int64_t slot);

/* True when all entries of the column chunk have been given. */
bool wh_pq_leaf_at_end(const struct wh_pq_leaf *l);

/* ---- between the files of a leaf ------------------------------------------------------------------ */

/* Opens the next data page that has entries; page_left is above 0 afterwards. */
enum wh_status wh_pq_leaf_next_page(struct wh_pq_leaf *l, struct wh_error *err);
/* Passes over data pages as long as their rows are known to be among the next *rows, of which it takes
 * them; then opens the next one, if there is any. */
enum wh_status wh_pq_leaf_pass_pages(struct wh_pq_leaf *l, int64_t *rows, struct wh_error *err);
/* Flat columns: n rows of the page, `present` of them no nulls, are used up. */
enum wh_status wh_pq_leaf_took(struct wh_pq_leaf *l, int64_t n, int64_t present, struct wh_error *err);
/* Reads levels ahead, of which none is left; none at the end of the column chunk. */
enum wh_status wh_pq_leaf_read_ahead(struct wh_pq_leaf *l, struct wh_error *err);
/* Entries ahead that belong to the first n rows, of which `started` have begun. */
uint32_t wh_pq_leaf_count_entries(const struct wh_pq_leaf *l, int64_t n, int64_t *started);
/* Appends n slots, of which `present` have a value in the page: those whose bits are set in out's validity
 * from out->length on. Counts them in out->length. *taken is less than n only because of max_bytes. */
enum wh_status wh_pq_leaf_append(struct wh_pq_leaf *l, int64_t n, int64_t present, int64_t *taken,
                                 struct wh_error *err);
/* Reads n values as numbers of our type; appends those that do not fit to bad, counted from 0. */
enum wh_status wh_pq_leaf_numbers(struct wh_pq_leaf *l, struct wh_pq_decoder *values, uint8_t *out, size_t n,
                                  struct wh_buffer *bad, struct wh_error *err);
/* Whether a text is what convert.is_utf8 and is_json ask for. */
enum wh_status wh_pq_leaf_check_text(struct wh_pq_leaf *l, struct wh_slice text, bool *is_good,
                                     struct wh_error *err);
enum wh_status wh_pq_add_bad(struct wh_buffer *bad, int64_t at, struct wh_error *err);

enum wh_status wh_pq_dictionary_load(struct wh_pq_leaf *l, const struct wh_pq_page *page,
                                     struct wh_error *err);
/* Forgets the dictionary, keeps memory. */
void wh_pq_dictionary_reset(struct wh_pq_leaf *l);
void wh_pq_dictionary_release(struct wh_pq_leaf *l);
/* As wh_pq_leaf_numbers and wh_pq_decode_bytes, for values that are indexes into the dictionary. */
enum wh_status wh_pq_dictionary_numbers(struct wh_pq_leaf *l, uint8_t *out, size_t n, struct wh_buffer *bad,
                                        struct wh_error *err);
enum wh_status wh_pq_dictionary_texts(struct wh_pq_leaf *l, const struct wh_pq_bytes_out *out, size_t n,
                                      size_t *done, struct wh_buffer *bad, struct wh_error *err);
