/* format/parquet/page_reader.c - pages of a column chunk; see page_reader.h. */
#include "format/parquet/page_reader.h"

#include <inttypes.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/parquet/thrift_read.h"

/* Read-ahead of all columns together, and of one. */
#define AHEAD_BYTES ((size_t)4 << 20)
#define MIN_AHEAD_BYTES ((size_t)16 << 10)
#define MAX_AHEAD_BYTES ((size_t)256 << 10)
#define MAX_IDLE_BYTES ((size_t)2 << 20) /* of a buffer that is kept for the next page */
#define HEADER_BYTES ((size_t)1024)      /* first try; statistics can make headers longer */
#define MAX_HEADER_BYTES ((size_t)16 << 20)
/* Beyond the first size a page may not be compressed better than by the ratio. */
#define BOMB_BYTES (INT64_C(64) << 20)
#define BOMB_RATIO 100

/* ---- life --------------------------------------------------------------------------------------- */

void wh_pq_page_context_init(struct wh_pq_page_context *c, struct wh_pq_bodies *bodies,
                             struct wh_budget *budget, size_t n_columns)
{
    c->codec.scratch.budget = c->large.budget = c->spare.budget = budget;
    c->bodies = bodies;
    c->ahead_bytes = WH_MIN(WH_MAX(AHEAD_BYTES / WH_MAX(n_columns, 1), MIN_AHEAD_BYTES), MAX_AHEAD_BYTES);
}

void wh_pq_page_context_release(struct wh_pq_page_context *c)
{
    wh_pq_codec_release(&c->codec);
    wh_buffer_release(&c->large);
    wh_buffer_release(&c->spare);
}

void wh_pq_pages_drop(struct wh_pq_pages *p)
{
    struct wh_pq_page_context *c = p->context;
    if (p->body == NULL)
        return;
    wh_pq_body_put(c->bodies, WH_TAKE(p->body), &c->spare);
    if (c->spare.capacity > MAX_IDLE_BYTES)
        wh_buffer_release(&c->spare);
}

void wh_pq_pages_open(struct wh_pq_pages *p, const struct wh_pq_file *file, const struct wh_pq_chunk *chunk,
                      struct wh_pq_page_context *context)
{
    wh_pq_pages_drop(p);
    struct wh_buffer window = p->window;
    window.size = 0;
    window.budget = file->budget;
    *p = (struct wh_pq_pages){.file = file, .chunk = chunk, .context = context, .window = window};
    p->next = wh_pq_chunk_start(chunk);
    p->chunk_end = p->next + (uint64_t)chunk->total_compressed_bytes;
}

void wh_pq_pages_close(struct wh_pq_pages *p)
{
    wh_pq_pages_drop(p);
    wh_buffer_release(&p->window);
}

/* ---- bytes -------------------------------------------------------------------------------------- */

/* Makes at least n bytes of the window available from `at`, or all there are before the footer: some
 * writers state the length of a column too short, so that only the footer is a hard end. */
static enum wh_status fill(struct wh_pq_pages *p, size_t n, size_t ahead_bytes, struct wh_error *err)
{
    size_t have = p->window.size - p->at;
    if (have >= n)
        return WH_OK;
    uint64_t ahead = p->chunk_end > p->next ? p->chunk_end - p->next : 0;
    uint64_t want = WH_MAX(n, WH_MIN(have + ahead, ahead_bytes)) - have;
    want = WH_MIN(want, p->file->data_end - p->next);
    if (p->at > 0 && have > 0)
        memmove(p->window.data, p->window.data + p->at, have);
    p->window.size = have;
    p->at = 0;
    WH_TRY(wh_buffer_resize(&p->window, have + (size_t)want, err));
    p->window.size = have;
    WH_TRY(wh_file_pread(p->file->fd, p->file->path, p->window.data + have, (size_t)want, p->next, err));
    p->window.size = have + (size_t)want;
    p->next += want;
    return WH_OK;
}

static enum wh_status too_long(size_t n, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "a page of %zu bytes goes beyond the column's data", n);
}

static enum wh_status check_rest(const struct wh_pq_pages *p, size_t n, struct wh_error *err)
{
    size_t have = p->window.size - p->at;
    return n > have && n - have > p->file->data_end - p->next ? too_long(n, err) : WH_OK;
}

/* Passes over n bytes. */
static enum wh_status pass(struct wh_pq_pages *p, size_t n, struct wh_error *err)
{
    size_t have = WH_MIN(p->window.size - p->at, n);
    WH_TRY(check_rest(p, n, err));
    p->at += have;
    p->next += n - have;
    if (n > have)
        p->window.size = p->at = 0;
    return WH_OK;
}

/* Reads n bytes past the window, but for those that are already there. */
static enum wh_status read_past(struct wh_pq_pages *p, size_t n, struct wh_buffer *out, struct wh_error *err)
{
    size_t have = WH_MIN(p->window.size - p->at, n);
    WH_TRY(check_rest(p, n, err));
    out->size = 0;
    if (n > out->capacity) /* its growth would be by half, for bytes that nobody needs */
        wh_buffer_release(out);
    WH_TRY(wh_buffer_resize(out, n, err));
    if (have > 0)
        memcpy(out->data, p->window.data + p->at, have);
    if (n > have)
        WH_TRY(wh_file_pread(p->file->fd, p->file->path, out->data + have, n - have, p->next, err));
    return pass(p, n, err);
}

/* The same by way of the window; lent until it is filled again. */
static enum wh_status read_window(struct wh_pq_pages *p, size_t n, struct wh_slice *out, struct wh_error *err)
{
    WH_TRY(check_rest(p, n, err));
    WH_TRY(fill(p, n, p->context->ahead_bytes, err));
    *out = wh_slice((const char *)p->window.data + p->at, n);
    p->at += n;
    return WH_OK;
}

/* ---- headers ------------------------------------------------------------------------------------ */

static enum wh_status read_header(struct wh_pq_pages *p, size_t ahead_bytes, struct wh_error *err)
{
    size_t used;
    for (size_t n = HEADER_BYTES; n <= MAX_HEADER_BYTES; n *= 8) {
        WH_TRY(fill(p, n, ahead_bytes, err));
        size_t have = p->window.size - p->at;
        struct wh_slice bytes = {(const char *)p->window.data + p->at, WH_MIN(have, n)};
        enum wh_status s = have == 0 ? WH_END : wh_pq_read_page_header(&p->header, bytes, &used, err);
        if (s == WH_OK) {
            p->header_offset = p->next - have;
            p->at += used;
        }
        if (s != WH_END)
            return s;
        if (have < n)
            return wh_fail(err, WH_DATA, "the pages end before the values do");
    }
    return wh_fail(err, WH_DATA, "a page header is longer than %zu bytes", MAX_HEADER_BYTES);
}

static enum wh_status check_header(const struct wh_pq_pages *p, struct wh_error *err)
{
    const struct wh_pq_page_header *h = &p->header;
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

enum wh_status wh_pq_pages_header(struct wh_pq_pages *p, size_t ahead_bytes, struct wh_error *err)
{
    for (;;) {
        WH_TRY(read_header(p, ahead_bytes, err));
        WH_TRY(check_header(p, err));
        if (p->header.type != WH_PQ_INDEX_PAGE)
            return WH_OK;
        WH_TRY(wh_pq_pages_pass(p, err));
    }
}

enum wh_status wh_pq_pages_pass(struct wh_pq_pages *p, struct wh_error *err)
{
    return pass(p, (size_t)p->header.compressed_bytes, err);
}

enum wh_status wh_pq_pages_levels(struct wh_pq_pages *p, struct wh_slice *reps, struct wh_error *err)
{
    size_t n = (size_t)p->header.rep_bytes;
    WH_TRY(check_rest(p, n, err));
    WH_TRY(fill(p, n, 0, err));
    *reps = wh_slice((const char *)p->window.data + p->at, n);
    return WH_OK;
}

/* ---- bodies ------------------------------------------------------------------------------------- */

/* Levels of a data page v2, which are never compressed. */
static size_t level_bytes(const struct wh_pq_page_header *h)
{
    return h->type == WH_PQ_DATA_PAGE_V2 ? (size_t)h->rep_bytes + (size_t)h->def_bytes : 0;
}

static enum wh_status verify(const struct wh_pq_pages *p, struct wh_slice page, struct wh_error *err)
{
    const struct wh_pq_page_header *h = &p->header;
    if (!p->context->verify || !h->has_crc ||
        (uint32_t)crc32_z(0, (const uint8_t *)page.ptr, page.len) == h->crc)
        return WH_OK;
    wh_fail(err, WH_DATA, "the checksum of a page does not agree with its %zu bytes", page.len);
    return wh_hint(err, "the file is damaged; --parquet-checksum ignore reads it as it is");
}

/* The page as it is in the file: in the window, or in `large` when it does not go there. */
static enum wh_status read_stored(struct wh_pq_pages *p, struct wh_buffer *large, struct wh_slice *out,
                                  struct wh_error *err)
{
    size_t n = (size_t)p->header.compressed_bytes;
    if (large == NULL || n <= p->context->ahead_bytes) {
        WH_TRY(read_window(p, n, out, err));
    } else {
        WH_TRY(read_past(p, n, large, err));
        *out = wh_slice((const char *)large->data, n);
    }
    return verify(p, *out, err);
}

/* Levels as they are, values decompressed. */
static enum wh_status decompress(struct wh_pq_pages *p, struct wh_slice in, struct wh_buffer *out,
                                 struct wh_error *err)
{
    size_t size = (size_t)p->header.uncompressed_bytes, levels = level_bytes(&p->header);
    WH_TRY(wh_buffer_resize(out, size, err));
    if (levels > 0)
        memcpy(out->data, in.ptr, levels);
    if (size == levels)
        return WH_OK;
    struct wh_slice values = wh_slice(in.ptr + levels, in.len - levels);
    return wh_pq_decompress(&p->context->codec, p->chunk->codec, values, out->data + levels, size - levels,
                            err);
}

static enum wh_status load_body(struct wh_pq_pages *p, bool is_stored, struct wh_buffer *out,
                                struct wh_error *err)
{
    struct wh_slice in;
    struct wh_buffer *large = &p->context->large, *spare = &p->context->spare;
    size_t n = (size_t)p->header.uncompressed_bytes;
    if (n <= spare->capacity && spare->capacity / 2 <= n)
        wh_buffer_move(out, spare);
    out->size = 0;
    if (is_stored)
        return read_stored(p, out, &in, err);
    WH_TRY(read_stored(p, large, &in, err));
    enum wh_status s = decompress(p, in, out, err);
    if (large->capacity > MAX_IDLE_BYTES)
        wh_buffer_release(large);
    return s;
}

/* The bytes of the page in a body, which somebody else may have loaded. */
static enum wh_status get_body(struct wh_pq_pages *p, bool is_stored, struct wh_slice *out,
                               struct wh_error *err)
{
    bool is_mine;
    struct wh_pq_bodies *bodies = p->context->bodies;
    WH_TRY(wh_pq_body_get(&p->body, bodies, p->file, p->header_offset, &is_mine, err));
    if (is_mine) {
        enum wh_status s = load_body(p, is_stored, &p->body->bytes, err);
        wh_pq_body_loaded(bodies, p->body, s == WH_OK);
        WH_TRY(s);
    } else {
        WH_TRY(wh_pq_pages_pass(p, err));
    }
    *out = wh_slice((const char *)p->body->bytes.data, p->body->bytes.size);
    return WH_OK;
}

enum wh_status wh_pq_pages_take(struct wh_pq_pages *p, struct wh_pq_page *out, struct wh_error *err)
{
    const struct wh_pq_page_header *h = &p->header;
    size_t n = (size_t)h->compressed_bytes, levels = level_bytes(h);
    bool is_stored = p->chunk->codec == WH_PQ_UNCOMPRESSED || !h->is_compressed;
    struct wh_slice bytes;
    wh_pq_pages_drop(p);
    if (is_stored && h->compressed_bytes != h->uncompressed_bytes)
        return wh_fail(err, WH_DATA, "a page of %zu bytes says it has %zu", n - levels,
                       (size_t)h->uncompressed_bytes - levels);
    if (is_stored && n <= p->context->ahead_bytes)
        WH_TRY(read_stored(p, NULL, &bytes, err));
    else
        WH_TRY(get_body(p, is_stored, &bytes, err));
    size_t reps = levels == 0 ? 0 : (size_t)h->rep_bytes;
    *out = (struct wh_pq_page){.header = *h,
                               .reps = wh_slice(bytes.ptr, reps),
                               .defs = wh_slice(bytes.ptr + reps, levels - reps),
                               .values = wh_slice(bytes.ptr + levels, bytes.len - levels),
                               .body = p->body};
    return WH_OK;
}
