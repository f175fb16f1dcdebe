/* format/csv/split.h - finds where records end, so that a file can be cut there.
 *
 * Scanning starts at a record's first byte and carries the exact state of quoting, so a cut is right
 * wherever the text happens to have been divided. A quoted field that goes on beyond the longest record or
 * the end of the file is broken: the record that holds it ends at the end of the line in which its quote
 * opened, and the next line starts a new record. */
#pragma once
#include "format/csv/masks.h"

/* Positions are bytes from the start of the text. */
struct wh_csv_split {
    const struct wh_csv_dialect *dialect; /* lent */
    enum wh_csv_level level;
    enum wh_csv_state state; /* at pos */
    size_t pos;              /* scanned so far */
    size_t end;              /* behind the last record end found; 0: none yet */
    size_t run;              /* from here to pos records end at every newline; not yet looked for in end */
    size_t open;             /* the quote of the field that is open at pos */
    uint64_t newlines;       /* in [0, pos) */
    bool broken;             /* the field at open never ends; scanning stops */
};

void wh_csv_split_init(struct wh_csv_split *s, const struct wh_csv_dialect *d, enum wh_csv_level level);
/* Goes on to size bytes of text; what was scanned since open or run must still be there. `last`: the file
 * ends there. */
void wh_csv_split_scan(struct wh_csv_split *s, const uint8_t *text, size_t size, bool last);
