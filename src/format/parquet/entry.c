/* format/parquet/entry.c - row groups on their way into the footer; see entry.h. */
#include "format/parquet/entry.h"

#include "base/bytes.h"
#include "base/mem.h"

enum { HEADER_BYTES = 16, MARK_BYTES = 20, PAGE_BYTES = 20, COUNT_BYTES = 4 };

void wh_pq_part_meta_release(struct wh_pq_part_meta *m)
{
    wh_buffer_release(&m->groups);
    wh_buffer_release(&m->marks);
    wh_buffer_release(&m->indexes);
    wh_buffer_release(&m->pages);
}

static enum wh_status damaged(struct wh_error *err)
{
    wh_fail(err, WH_STATE, "could not end a Parquet file: what is kept of its row groups is damaged");
    return WH_STATE;
}

/* ---- serialising ------------------------------------------------------------------------------- */

static enum wh_status put_header(struct wh_buffer *out, const uint32_t counts[4], struct wh_error *err)
{
    uint8_t header[HEADER_BYTES];
    for (size_t i = 0; i < 4; i++)
        wh_put_le32(header + 4 * i, counts[i]);
    return wh_buffer_append(out, header, sizeof header, err);
}

static enum wh_status put_marks(struct wh_buffer *out, const struct wh_buffer *marks, struct wh_error *err)
{
    const struct wh_pq_mark *m = (const struct wh_pq_mark *)(const void *)marks->data;
    size_t n = marks->size / sizeof *m;
    WH_TRY(wh_buffer_reserve(out, n * MARK_BYTES, err));
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[MARK_BYTES];
        wh_put_le64(bytes, m[i].position);
        wh_put_le64(bytes + 8, (uint64_t)m[i].value);
        wh_put_le32(bytes + 16, m[i].kind);
        wh_buffer_put(out, bytes, sizeof bytes);
    }
    return WH_OK;
}

static enum wh_status put_pages(struct wh_buffer *out, const struct wh_pq_part_meta *m, struct wh_error *err)
{
    const struct wh_pq_page_location *p = (const struct wh_pq_page_location *)(const void *)m->pages.data;
    size_t n = m->pages.size / sizeof *p;
    WH_TRY(wh_buffer_reserve(out, n * PAGE_BYTES, err));
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[PAGE_BYTES];
        wh_put_le64(bytes, (uint64_t)p[i].offset);
        wh_put_le64(bytes + 8, (uint64_t)p[i].first_row);
        wh_put_le32(bytes + 16, (uint32_t)p[i].bytes);
        wh_buffer_put(out, bytes, sizeof bytes);
    }
    return WH_OK;
}

enum wh_status wh_pq_part_meta_write(struct wh_buffer *out, const struct wh_pq_part_meta *m,
                                     struct wh_error *err)
{
    uint32_t counts[4] = {
        m->n_groups,
        (uint32_t)(m->marks.size / sizeof(struct wh_pq_mark)),
        (uint32_t)(m->indexes.size / sizeof(uint32_t)),
        (uint32_t)(m->pages.size / sizeof(struct wh_pq_page_location)),
    };
    WH_TRY(put_header(out, counts, err));
    WH_TRY(put_marks(out, &m->marks, err));
    WH_TRY(wh_buffer_append(out, m->indexes.data, m->indexes.size, err));
    WH_TRY(put_pages(out, m, err));
    return wh_buffer_append(out, m->groups.data, m->groups.size, err);
}

/* ---- placing ----------------------------------------------------------------------------------- */

/* The next n items of so many bytes; false when there are not that many. */
static bool take(struct wh_slice *rest, size_t n, size_t item_bytes, struct wh_slice *out)
{
    size_t bytes;
    if (!wh_mul(n, item_bytes, &bytes) || bytes > rest->len)
        return false;
    *out = wh_slice(rest->ptr, bytes);
    *rest = wh_slice(rest->ptr + bytes, rest->len - bytes);
    return true;
}

/* Decodes marks and checks them against the bytes and the number of offset indexes that they refer to. */
static enum wh_status get_marks(struct wh_pq_mark **out, struct wh_slice marks, size_t bytes,
                                size_t n_indexes, struct wh_error *err)
{
    size_t n = marks.len / MARK_BYTES;
    struct wh_pq_mark *m = wh_alloc_array(n, sizeof *m);
    if (m == NULL)
        return wh_nomem(err);
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        const char *p = marks.ptr + i * MARK_BYTES;
        m[i] = (struct wh_pq_mark){wh_get_le64(p), (int64_t)wh_get_le64(p + 8), wh_get_le32(p + 16)};
        good = good && m[i].position <= bytes && (i == 0 || m[i].position >= m[i - 1].position) &&
               m[i].kind <= WH_PQ_MARK_INDEX_LENGTH && m[i].value >= 0 &&
               (m[i].kind == WH_PQ_MARK_OFFSET || (uint64_t)m[i].value < n_indexes);
    }
    if (!good) {
        free(m);
        return damaged(err);
    }
    *out = m;
    return WH_OK;
}

struct part_view {
    uint32_t n_groups;
    size_t n_indexes;
    struct wh_slice marks, counts, pages, groups;
};

static enum wh_status view_part(struct part_view *out, const struct wh_buffer *meta, struct wh_error *err)
{
    struct wh_slice rest = wh_slice((const char *)meta->data, meta->size), header;
    if (!take(&rest, 1, HEADER_BYTES, &header))
        return damaged(err);
    out->n_groups = wh_get_le32(header.ptr);
    out->n_indexes = wh_get_le32(header.ptr + 8);
    if (!take(&rest, wh_get_le32(header.ptr + 4), MARK_BYTES, &out->marks) ||
        !take(&rest, out->n_indexes, COUNT_BYTES, &out->counts) ||
        !take(&rest, wh_get_le32(header.ptr + 12), PAGE_BYTES, &out->pages))
        return damaged(err);
    out->groups = rest;
    return WH_OK;
}

/* Working memory of wh_pq_entry_make. */
struct placing {
    struct wh_pq_page_location *pages;
    struct wh_pq_extent *extents;
    struct wh_pq_mark *marks;
    struct wh_buffer indexes, groups, later;
};

static enum wh_status write_indexes(struct placing *w, const struct part_view *v, uint64_t base,
                                    struct wh_error *err)
{
    size_t n_pages = v->pages.len / PAGE_BYTES, at = 0;
    w->pages = wh_alloc_array(n_pages, sizeof *w->pages);
    w->extents = wh_alloc_array(v->n_indexes, sizeof *w->extents);
    if (w->pages == NULL || w->extents == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n_pages; i++) {
        const char *p = v->pages.ptr + i * PAGE_BYTES;
        w->pages[i] = (struct wh_pq_page_location){
            .offset = (int64_t)(wh_get_le64(p) + base),
            .first_row = (int64_t)wh_get_le64(p + 8),
            .bytes = (int32_t)wh_get_le32(p + 16),
        };
    }
    for (size_t i = 0; i < v->n_indexes; i++) {
        size_t n = wh_get_le32(v->counts.ptr + i * COUNT_BYTES), start = w->indexes.size;
        struct wh_pq_offset_index ix = {n, w->pages + at};
        if (n > n_pages - at)
            return damaged(err);
        WH_TRY(wh_pq_write_offset_index(&w->indexes, &ix, err));
        w->extents[i] = (struct wh_pq_extent){start, w->indexes.size - start};
        at += n;
    }
    return WH_OK;
}

static enum wh_status make_entry(struct placing *w, struct wh_buffer *entry, const struct wh_buffer *meta,
                                 uint64_t base, struct wh_error *err)
{
    struct part_view v = {0};
    WH_TRY(view_part(&v, meta, err));
    WH_TRY(write_indexes(w, &v, base, err));
    WH_TRY(get_marks(&w->marks, v.marks, v.groups.len, v.n_indexes, err));
    struct wh_pq_placing p = {
        .bytes = v.groups,
        .marks = w->marks,
        .n_marks = v.marks.len / MARK_BYTES,
        .base = base,
        .indexes = w->extents,
        .later = &w->later,
    };
    WH_TRY(wh_pq_place_marks(&w->groups, &p, err));
    uint32_t counts[4] = {v.n_groups, (uint32_t)(w->later.size / sizeof(struct wh_pq_mark)), 0,
                          (uint32_t)w->groups.size};
    WH_TRY(put_header(entry, counts, err));
    WH_TRY(put_marks(entry, &w->later, err));
    WH_TRY(wh_buffer_append(entry, w->groups.data, w->groups.size, err));
    return wh_buffer_append(entry, w->indexes.data, w->indexes.size, err);
}

enum wh_status wh_pq_entry_make(struct wh_buffer *entry, const struct wh_buffer *meta, uint64_t base,
                                struct wh_error *err)
{
    struct placing w = {0};
    enum wh_status s = make_entry(&w, entry, meta, base, err);
    free(w.pages);
    free(w.extents);
    free(w.marks);
    wh_buffer_release(&w.indexes);
    wh_buffer_release(&w.groups);
    wh_buffer_release(&w.later);
    return s;
}

/* ---- the footer -------------------------------------------------------------------------------- */

enum wh_status wh_pq_entry_parse(struct wh_pq_entry *out, const struct wh_buffer *entry, struct wh_error *err)
{
    struct wh_slice rest = wh_slice((const char *)entry->data, entry->size), header;
    if (!take(&rest, 1, HEADER_BYTES, &header))
        return damaged(err);
    out->n_groups = wh_get_le32(header.ptr);
    out->n_marks = wh_get_le32(header.ptr + 4);
    if (!take(&rest, out->n_marks, MARK_BYTES, &out->marks) ||
        !take(&rest, wh_get_le32(header.ptr + 12), 1, &out->groups))
        return damaged(err);
    out->indexes = rest;
    return WH_OK;
}

enum wh_status wh_pq_entry_put_groups(struct wh_buffer *out, const struct wh_pq_entry *e, uint64_t indexes_at,
                                      struct wh_error *err)
{
    struct wh_pq_mark *marks = NULL;
    WH_TRY(get_marks(&marks, e->marks, e->groups.len, 0, err));
    struct wh_pq_placing p = {.bytes = e->groups, .marks = marks, .n_marks = e->n_marks, .base = indexes_at};
    enum wh_status s = wh_pq_place_marks(out, &p, err);
    free(marks);
    return s;
}
