/* cli/table.h - tables of text on a terminal: aligned by the width that characters take there. */
#pragma once
#include <stdio.h>

#include "wherry/bytes.h"

enum wh_table_align { WH_TABLE_LEFT, WH_TABLE_RIGHT };

/* All-zero but for n_columns and align is an empty table. */
struct wh_table {
    size_t n_columns;
    const enum wh_table_align *align; /* lent, one for each column; NULL: all left */
    size_t n_head;                    /* first rows that stand above a line */
    size_t max_width;                 /* longer cells are cut with an ellipsis; 0: no limit */
    char **cells;                     /* owned */
    size_t n_cells;
};
/* The next cell, row by row. Control characters become visible ("\n"). */
enum wh_status wh_table_add(struct wh_table *t, const char *text, struct wh_error *err);
enum wh_status wh_table_add_slice(struct wh_table *t, struct wh_slice text, struct wh_error *err);
void wh_table_print(const struct wh_table *t, FILE *out);
void wh_table_release(struct wh_table *t);

/* Columns of a terminal that UTF-8 text takes: combining marks none, East Asian wide characters two. Invalid
 * bytes count as one. */
size_t wh_text_width(struct wh_slice text);
