/* format/parquet/entry.h - row groups on their way into the footer: serialised with holes where offsets
 * belong, which are filled once the place of the part, and at last that of the page index, is known.
 *
 *   meta of a part     le32 row groups, marks, offset indexes, pages; marks; pages of each offset index
 *                      (le32); pages; RowGroups with holes
 *   entry of the file  le32 row groups, marks, 0, bytes of the RowGroups; marks; RowGroups with holes for
 *                      the offset indexes only; the offset indexes as they will stand in the file
 *
 * A mark is le64 position, le64 value, le32 kind; a page is le64 offset in the part, le64 first row, le32
 * bytes. Serial. */
#pragma once
#include "format/parquet/thrift_write.h"

/* What a part collects; all-zero is empty. */
struct wh_pq_part_meta {
    uint32_t n_groups;
    struct wh_buffer groups;  /* RowGroups with holes */
    struct wh_buffer marks;   /* struct wh_pq_mark, positions in groups */
    struct wh_buffer indexes; /* uint32_t: pages of each offset index */
    struct wh_buffer pages;   /* struct wh_pq_page_location, offsets in the part */
};
void wh_pq_part_meta_release(struct wh_pq_part_meta *m);
enum wh_status wh_pq_part_meta_write(struct wh_buffer *out, const struct wh_pq_part_meta *m,
                                     struct wh_error *err);

/* Makes the entry of a part that starts at `base`. Fails with WH_STATE when meta is damaged. */
enum wh_status wh_pq_entry_make(struct wh_buffer *entry, const struct wh_buffer *meta, uint64_t base,
                                struct wh_error *err);

/* An entry taken apart; slices point into it. Fails with WH_STATE when it is damaged. */
struct wh_pq_entry {
    uint32_t n_groups;
    size_t n_marks;
    struct wh_slice marks, groups, indexes;
};
enum wh_status wh_pq_entry_parse(struct wh_pq_entry *out, const struct wh_buffer *entry,
                                 struct wh_error *err);
/* Appends the RowGroups for offset indexes that start at `indexes_at`. */
enum wh_status wh_pq_entry_put_groups(struct wh_buffer *out, const struct wh_pq_entry *e, uint64_t indexes_at,
                                      struct wh_error *err);
