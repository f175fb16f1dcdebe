/* format/parquet/page_reader.c - pages of a column chunk; see page_reader.h. */
#include "format/parquet/page_reader.h"

#include <inttypes.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/thrift_read.h"

#define READ_AHEAD_BYTES ((size_t)256 * 1024)
#define HEADER_BYTES ((size_t)1024) /* first try; statistics can make headers longer */
#define MAX_HEADER_BYTES ((size_t)16 << 20)
/* Beyond the first size a page may not be compressed better than by the ratio. */
#define BOMB_BYTES (INT64_C(64) << 20)
#define BOMB_RATIO 100

void wh_pq_pages_open(struct wh_pq_pages *p, const struct wh_pq_file *file, const struct wh_pq_chunk *chunk,
                      struct wh_pq_codec_state *codec, bool verify)
{
    struct wh_buffer window = p->window, body = p->body, dictionary = p->dictionary;
    window.size = body.size = dictionary.size = 0;
    window.budget = body.budget = dictionary.budget = file->budget;
    *p = (struct wh_pq_pages){
        .file = file,
        .chunk = chunk,
        .codec = codec,
        .verify = verify,
        .window = window,
        .body = body,
        .dictionary = dictionary,
    };
    p->next = wh_pq_chunk_start(chunk);
    p->chunk_end = p->next + (uint64_t)chunk->total_compressed_bytes;
}

void wh_pq_pages_close(struct wh_pq_pages *p)
{
    wh_buffer_release(&p->window);
    wh_buffer_release(&p->body);
    wh_buffer_release(&p->dictionary);
}

/* Makes at least n bytes of the window available from `at`, or all there are before the footer: some
 * writers state the length of a column too short, so that only the footer is a hard end. */
static enum wh_status fill(struct wh_pq_pages *p, size_t n, size_t *have, struct wh_error *err)
{
    *have = p->window.size - p->at;
    if (*have >= n)
        return WH_OK;
    uint64_t ahead = p->chunk_end > p->next ? p->chunk_end - p->next : 0;
    uint64_t want = WH_MAX((uint64_t)(n - *have), WH_MIN(ahead, READ_AHEAD_BYTES));
    want = WH_MIN(want, p->file->data_end - p->next);
    if (p->at > 0 && *have > 0)
        memmove(p->window.data, p->window.data + p->at, *have);
    p->window.size = *have;
    p->at = 0;
    WH_TRY(wh_buffer_resize(&p->window, *have + (size_t)want, err));
    WH_TRY(wh_file_pread(p->file->fd, p->file->path, p->window.data + *have, (size_t)want, p->next, err));
    p->next += want;
    *have += (size_t)want;
    return WH_OK;
}

static enum wh_status next_header(struct wh_pq_pages *p, struct wh_pq_page_header *h, struct wh_error *err)
{
    size_t have, used;
    for (size_t n = HEADER_BYTES; n <= MAX_HEADER_BYTES; n *= 8) {
        WH_TRY(fill(p, n, &have, err));
        struct wh_slice bytes = {(const char *)p->window.data + p->at, WH_MIN(have, n)};
        enum wh_status s = have == 0 ? WH_END : wh_pq_read_page_header(h, bytes, &used, err);
        if (s == WH_OK)
            p->at += used;
        if (s != WH_END)
            return s;
        if (have < n)
            return wh_fail(err, WH_DATA, "the pages end before the values do");
    }
    return wh_fail(err, WH_DATA, "a page header is longer than %zu bytes", MAX_HEADER_BYTES);
}

static enum wh_status check_header(const struct wh_pq_page_header *h, struct wh_error *err)
{
    if (h->type < WH_PQ_DATA_PAGE || h->type > WH_PQ_DATA_PAGE_V2)
        return wh_fail(err, WH_DATA, "a page has the unknown type %d", (int)h->type);
    if (h->compressed_bytes < 0 || h->uncompressed_bytes < 0 || h->n_values < 0)
        return wh_fail(err, WH_DATA, "a page has a negative size or number of values");
    if (h->uncompressed_bytes > BOMB_BYTES && h->uncompressed_bytes / BOMB_RATIO > h->compressed_bytes)
        return wh_fail(err, WH_LIMIT, "a page of %d bytes would decompress to %d", (int)h->compressed_bytes,
                       (int)h->uncompressed_bytes);
    int64_t levels = h->type == WH_PQ_DATA_PAGE_V2 ? (int64_t)h->def_bytes + h->rep_bytes : 0;
    if (h->def_bytes < 0 || h->rep_bytes < 0 || levels > h->compressed_bytes ||
        levels > h->uncompressed_bytes)
        return wh_fail(err, WH_DATA, "the levels of a page are longer than the page");
    if (h->type == WH_PQ_DATA_PAGE_V2 && (h->n_nulls < 0 || h->n_nulls > h->n_values || h->n_rows < 0))
        return wh_fail(err, WH_DATA, "a page has an impossible number of nulls or rows");
    return WH_OK;
}

/* Decompresses in, the part of the page behind n_levels bytes of levels, into the buffer of its kind. */
static enum wh_status decompress(struct wh_pq_pages *p, struct wh_pq_page *page, struct wh_slice in,
                                 size_t n_levels, struct wh_error *err)
{
    size_t size = (size_t)page->header.uncompressed_bytes - n_levels;
    bool is_stored = p->chunk->codec == WH_PQ_UNCOMPRESSED || !page->header.is_compressed;
    if (is_stored && in.len != size)
        return wh_fail(err, WH_DATA, "a page of %zu bytes says it has %zu", in.len, size);
    page->values = in;
    if (is_stored)
        return WH_OK;
    struct wh_buffer *to = page->header.type == WH_PQ_DICTIONARY_PAGE ? &p->dictionary : &p->body;
    to->size = 0;
    if (size > to->capacity) /* its growth would be by half, for bytes that nobody needs */
        wh_buffer_release(to);
    WH_TRY(wh_buffer_resize(to, size, err));
    if (size > 0)
        WH_TRY(wh_pq_decompress(p->codec, p->chunk->codec, in, to->data, size, err));
    page->values = wh_slice((const char *)to->data, size);
    page->owner = to;
    return WH_OK;
}

static enum wh_status read_body(struct wh_pq_pages *p, struct wh_pq_page *page, struct wh_error *err)
{
    const struct wh_pq_page_header *h = &page->header;
    size_t n = (size_t)h->compressed_bytes, have;
    WH_TRY(fill(p, n, &have, err));
    if (have < n)
        return wh_fail(err, WH_DATA, "a page of %zu bytes goes beyond the column's data", n);
    const uint8_t *bytes = p->window.data + p->at;
    p->at += n;
    if (p->verify && h->has_crc && (uint32_t)crc32_z(0, bytes, n) != h->crc) {
        wh_fail(err, WH_DATA, "the checksum of a page does not agree with its %zu bytes", n);
        return wh_hint(err, "the file is damaged; --parquet-checksum ignore reads it as it is");
    }
    struct wh_slice in = {(const char *)bytes, n};
    if (h->type != WH_PQ_DATA_PAGE_V2)
        return decompress(p, page, in, 0, err);
    size_t reps = (size_t)h->rep_bytes, defs = (size_t)h->def_bytes;
    page->reps = wh_slice(in.ptr, reps);
    page->defs = wh_slice(in.ptr + reps, defs);
    return decompress(p, page, wh_slice(in.ptr + reps + defs, n - reps - defs), reps + defs, err);
}

enum wh_status wh_pq_pages_next(struct wh_pq_pages *p, struct wh_pq_page *out, struct wh_error *err)
{
    do {
        *out = (struct wh_pq_page){0};
        WH_TRY(next_header(p, &out->header, err));
        WH_TRY(check_header(&out->header, err));
        WH_TRY(read_body(p, out, err));
    } while (out->header.type == WH_PQ_INDEX_PAGE);
    return WH_OK;
}
