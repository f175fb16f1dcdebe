/* format/parquet/page_index.c - offset indexes; see page_index.h. */
#include "format/parquet/page_index.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/thrift_in.h"

/* A page has at least a header; what takes more memory than this is not worth it. */
#define MAX_INDEX_BYTES (INT32_C(8) << 20)

void wh_pq_page_index_release(struct wh_pq_page_index *x)
{
    wh_buffer_release(&x->pages);
    x->n_pages = 0;
}

static const struct wh_pq_page_location *page_of(const struct wh_pq_page_index *x, size_t i)
{
    const void *memory = x->pages.data;
    return (const struct wh_pq_page_location *)memory + i;
}

/* ---- loading ------------------------------------------------------------------------------------ */

static struct wh_pq_page_location read_location(struct wh_thrift_in *in)
{
    struct wh_thrift_field f = {0};
    struct wh_pq_page_location page = {.offset = -1};
    while (wh_thrift_next(in, &f)) {
        if (f.id == 1)
            page.offset = wh_thrift_i64(in, &f);
        else if (f.id == 2)
            page.bytes = wh_thrift_i32(in, &f);
        else if (f.id == 3)
            page.first_row = wh_thrift_i64(in, &f);
        else
            wh_thrift_skip(in, &f);
    }
    return page;
}

static enum wh_status read_locations(struct wh_pq_page_index *x, struct wh_slice bytes, struct wh_error *err)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr;
    struct wh_thrift_in in = {.p = start, .end = start + bytes.len};
    struct wh_thrift_field f = {0};
    while (wh_thrift_next(&in, &f)) {
        size_t n = f.id == 1 ? wh_thrift_list(&in, &f, WH_THRIFT_STRUCT) : 0;
        for (size_t i = 0; i < n && in.fault == NULL; i++) {
            struct wh_pq_page_location page = read_location(&in);
            WH_TRY(wh_buffer_append(&x->pages, &page, sizeof page, err));
        }
        if (f.id != 1)
            wh_thrift_skip(&in, &f);
    }
    x->n_pages = in.fault == NULL ? x->pages.size / sizeof(struct wh_pq_page_location) : 0;
    return WH_OK;
}

/* Pages follow each other in the file and by their rows, from the first row on, within the column chunk. */
static bool is_sound(const struct wh_pq_page_index *x, const struct wh_pq_file *file,
                     const struct wh_pq_chunk *chunk)
{
    uint64_t end = (uint64_t)chunk->data_page_offset;
    for (size_t i = 0; i < x->n_pages; i++) {
        const struct wh_pq_page_location *page = page_of(x, i);
        int64_t next_row = i + 1 < x->n_pages ? page_of(x, i + 1)->first_row : x->rows;
        if (page->offset < 0 || (uint64_t)page->offset < end || (uint64_t)page->offset > file->data_end ||
            page->bytes <= 0 || page->first_row >= next_row || (i == 0 && page->first_row != 0))
            return false;
        end = (uint64_t)page->offset + (uint64_t)page->bytes;
    }
    return end <= file->data_end;
}

enum wh_status wh_pq_page_index_load(struct wh_pq_page_index *x, const struct wh_pq_file *file, size_t group,
                                     size_t column, struct wh_error *err)
{
    const struct wh_pq_chunk *chunk = &file->meta.groups[group].chunks[column];
    int64_t offset = chunk->offset_index_offset, n = chunk->offset_index_bytes;
    x->n_pages = x->pages.size = 0;
    x->pages.budget = file->budget;
    x->rows = file->meta.groups[group].rows;
    if (offset <= 0 || n <= 0 || n > MAX_INDEX_BYTES || (uint64_t)offset > file->data_end ||
        (uint64_t)n > file->data_end - (uint64_t)offset)
        return WH_OK;
    struct wh_buffer bytes = {.budget = file->budget};
    enum wh_status s = wh_buffer_resize(&bytes, (size_t)n, err);
    if (s == WH_OK)
        s = wh_file_pread(file->fd, file->path, bytes.data, (size_t)n, (uint64_t)offset, err);
    if (s == WH_OK)
        s = read_locations(x, wh_slice((const char *)bytes.data, (size_t)n), err);
    wh_buffer_release(&bytes);
    if (s == WH_OK && !is_sound(x, file, chunk))
        x->n_pages = 0;
    return s;
}

/* ---- looking up --------------------------------------------------------------------------------- */

int64_t wh_pq_page_index_rows(const struct wh_pq_page_index *x, uint64_t offset)
{
    size_t low = 0, high = x->n_pages;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)page_of(x, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == x->n_pages || (uint64_t)page_of(x, low)->offset != offset)
        return -1;
    return (low + 1 < x->n_pages ? page_of(x, low + 1)->first_row : x->rows) - page_of(x, low)->first_row;
}

int64_t wh_pq_page_index_border(const struct wh_pq_page_index *x, int64_t least, int64_t row, int64_t most)
{
    size_t low = 0, high = x->n_pages; /* to the first page that starts at row or behind */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (page_of(x, middle)->first_row < row)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t before = low > 0 ? page_of(x, low - 1)->first_row : -1,
            behind = low < x->n_pages ? page_of(x, low)->first_row : -1;
    bool may_before = before >= least && before <= most, may_behind = behind >= least && behind <= most;
    if (may_before && (!may_behind || row - before < behind - row))
        return before;
    return may_behind ? behind : row;
}
