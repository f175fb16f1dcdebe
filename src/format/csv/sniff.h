/* format/csv/sniff.h - finds out how a CSV file is written from its first bytes. */
#pragma once
#include "format/csv/index.h"
#include "format/csv/settings.h"

/* What has been found out; all-zero before. */
struct wh_csv_sniffed {
    struct wh_csv_dialect dialect;
    bool has_header;
    size_t n_columns;   /* 0: there is no record */
    char **names;       /* owned, n_columns of them; of the header, or NULL */
    size_t body;        /* offset of the first record behind the header */
    uint64_t body_line; /* its line, from 1 */
    size_t passed_over; /* comment lines at the top */
    double consistency; /* share of the records that have n_columns */
    bool need_more;     /* the text ends before the header does */
};

/* Text in UTF-8, `whole` when it is all of the file; its buffer has room for one more byte, which is
 * written. The encoding of the dialect is the caller's. Fails: WH_DATA when the first record does not have
 * the columns of the others. */
enum wh_status wh_csv_sniff(struct wh_csv_sniffed *out, const struct wh_csv_settings *settings,
                            struct wh_buffer *text, bool whole, struct wh_error *err);
void wh_csv_sniffed_release(struct wh_csv_sniffed *s);
