/* format/parquet/thrift_write.h - Parquet metadata to bytes (Thrift compact protocol).
 *
 * All functions append to `out` and fail with WH_NOMEM or WH_LIMIT only. */
#pragma once
#include "format/parquet/schema.h"

enum wh_status wh_pq_write_page_header(struct wh_buffer *out, const struct wh_pq_page_header *h,
                                       struct wh_error *err);
enum wh_status wh_pq_write_column_index(struct wh_buffer *out, const struct wh_pq_column_index *ix,
                                        struct wh_error *err);
enum wh_status wh_pq_write_offset_index(struct wh_buffer *out, const struct wh_pq_offset_index *ix,
                                        struct wh_error *err);
enum wh_status wh_pq_write_bloom_header(struct wh_buffer *out, const struct wh_pq_bloom_header *h,
                                        struct wh_error *err);

/* What belongs into a place in serialised metadata whose number is not known yet. */
enum wh_pq_mark_kind {
    WH_PQ_MARK_OFFSET,       /* offset in the file: value + base */
    WH_PQ_MARK_INDEX_OFFSET, /* offset of offset index number `value` */
    WH_PQ_MARK_INDEX_LENGTH, /* its bytes */
};
struct wh_pq_mark {
    uint64_t position; /* in the bytes; the number is not there */
    int64_t value;
    uint32_t kind; /* enum wh_pq_mark_kind */
};
/* Writes a RowGroup whose offsets count from the start of its part: appends its bytes without them to out
 * and a struct wh_pq_mark for each to marks, with positions in out. Of chunks with an offset index,
 * offset_index_offset is its number. */
enum wh_status wh_pq_write_row_group(struct wh_buffer *out, struct wh_buffer *marks,
                                     const struct wh_pq_row_group *g, struct wh_error *err);

struct wh_pq_extent {
    uint64_t offset, bytes;
};
struct wh_pq_placing {
    struct wh_slice bytes;
    const struct wh_pq_mark *marks; /* in ascending order of position, inside bytes */
    size_t n_marks;
    uint64_t base;
    const struct wh_pq_extent *indexes; /* by number; offsets count from a place not known yet */
    struct wh_buffer *later;            /* struct wh_pq_mark of those offsets, with positions in out */
};
/* Appends the bytes with numbers put in. */
enum wh_status wh_pq_place_marks(struct wh_buffer *out, const struct wh_pq_placing *p, struct wh_error *err);

/* FileMetaData without its row groups: call start, then append the serialised RowGroups, then end. */
struct wh_pq_footer {
    const struct wh_pq_element *elements;
    size_t n_elements;
    size_t n_leaves; /* all get TYPE_ORDER */
    int64_t rows;
    size_t n_groups;
    const char *created_by;
};
enum wh_status wh_pq_write_footer_start(struct wh_buffer *out, const struct wh_pq_footer *f,
                                        struct wh_error *err);
enum wh_status wh_pq_write_footer_end(struct wh_buffer *out, const struct wh_pq_footer *f,
                                      struct wh_error *err);
