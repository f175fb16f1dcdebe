/* format/jsonl/cut.c - files to chunks that start and end between records; see cut.h. */
#include "format/jsonl/cut.h"

#include "base/mem.h"

#define DEFAULT_CHUNK_BYTES ((size_t)16 << 20)
#define PIECE_BYTES ((size_t)256 << 10) /* small enough that lines are counted while it is in the cache */

void wh_jsonl_cutter_init(struct wh_jsonl_cutter *c, const struct wh_file_set *files,
                          const struct wh_context *ctx, size_t max_record_bytes)
{
    *c = (struct wh_jsonl_cutter){.files = files, .ctx = ctx, .max_record_bytes = max_record_bytes};
    c->chunk_bytes = ctx->chunk_bytes > 0 ? (size_t)ctx->chunk_bytes : DEFAULT_CHUNK_BYTES;
    c->rest.budget = ctx->budget;
}

void wh_jsonl_cutter_release(struct wh_jsonl_cutter *c)
{
    wh_input_close(c->input);
    wh_buffer_release(&c->rest);
    c->input = NULL;
}

/* ---- bytes in order ---------------------------------------------------------------------------- */

static size_t rest_bytes(const struct wh_jsonl_cutter *c)
{
    return c->rest.size - c->rest_pos;
}

static bool is_exhausted(const struct wh_jsonl_cutter *c)
{
    return c->at_end && rest_bytes(c) == 0;
}

/* Appends a piece of up to n bytes and counts its lines; nothing at the end of the file. */
static enum wh_status take_piece(struct wh_jsonl_cutter *c, struct wh_buffer *data, size_t n, uint64_t *lines,
                                 struct wh_error *err)
{
    size_t from_rest = WH_MIN(n, rest_bytes(c)), got = from_rest;
    WH_TRY(wh_buffer_reserve(data, n, err));
    uint8_t *to = data->data + data->size;
    if (from_rest > 0) {
        memcpy(to, c->rest.data + c->rest_pos, from_rest);
        c->rest_pos += from_rest;
    } else {
        WH_TRY(wh_input_read(c->input, to, n, &got, err));
        c->at_end = got == 0;
    }
    *lines += wh_jsonl_kernels()->count(to, got, '\n');
    data->size += got;
    return WH_OK;
}

static enum wh_status take(struct wh_jsonl_cutter *c, struct wh_buffer *data, size_t n, uint64_t *lines,
                           struct wh_error *err)
{
    const struct wh_file *file = &c->files->files[c->file];
    size_t wanted = data->size + n;
    /* A plain file says how much will come; one byte more shows its end. */
    if (!file->is_pipe && file->compression == WH_PLAIN)
        WH_TRY(wh_buffer_reserve(data, (size_t)WH_MIN(n, file->size + 1), err));
    while (data->size < wanted && !is_exhausted(c))
        WH_TRY(take_piece(c, data, WH_MIN(wanted - data->size, PIECE_BYTES), lines, err));
    return WH_OK;
}

/* Puts the bytes of data from `cut` on back before the rest. */
static enum wh_status give_back(struct wh_jsonl_cutter *c, const struct wh_buffer *data, size_t cut,
                                struct wh_error *err)
{
    size_t n = data->size - cut;
    if (n <= c->rest_pos) { /* that is where they came from, or at least there is room */
        if (n > 0)
            memcpy(c->rest.data + c->rest_pos - n, data->data + cut, n);
        c->rest_pos -= n;
        return WH_OK;
    }
    struct wh_buffer joined = {.budget = c->rest.budget};
    WH_TRY(wh_buffer_reserve(&joined, n + rest_bytes(c), err));
    wh_buffer_put(&joined, data->data + cut, n);
    if (rest_bytes(c) > 0)
        wh_buffer_put(&joined, c->rest.data + c->rest_pos, rest_bytes(c));
    wh_buffer_move(&c->rest, &joined);
    c->rest_pos = 0;
    return WH_OK;
}

/* ---- files ------------------------------------------------------------------------------------- */

void wh_jsonl_cutter_skip_file(struct wh_jsonl_cutter *c)
{
    wh_jsonl_cutter_release(c);
    c->rest_pos = 0;
    c->file++;
}

/* Passes over a byte order mark; other encodings than UTF-8 are refused (RFC 8259, 8.1). */
static enum wh_status check_encoding(struct wh_jsonl_cutter *c, struct wh_error *err)
{
    const uint8_t *p = c->rest.data;
    size_t n = c->rest.size;
    if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
        wh_fail(err, WH_DATA, "could not read \"%s\": it is UTF-16, JSON is UTF-8",
                c->files->files[c->file].path);
        return wh_hint(err, "convert it with iconv -f UTF-16 -t UTF-8");
    }
    c->start = n >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
    return WH_OK;
}

static enum wh_status open_file(struct wh_jsonl_cutter *c, struct wh_error *err)
{
    uint64_t ignored = 0;
    c->rest.size = c->rest_pos = 0;
    c->at_end = false;
    c->consumed = 0;
    WH_TRY(wh_input_open(&c->input, &c->files->files[c->file], c->ctx, err));
    struct wh_buffer head = {.budget = c->ctx->budget};
    enum wh_status s = take(c, &head, WH_JSONL_HEAD_BYTES, &ignored, err);
    wh_buffer_move(&c->rest, &head);
    WH_TRY(s);
    WH_TRY(check_encoding(c, err));
    c->rest_pos = (size_t)c->start;
    c->at = (struct wh_jsonl_span){.file = c->file, .offset = c->start, .line = 1};
    c->at.layout = wh_jsonl_layout_of(c->rest.data + c->rest_pos, rest_bytes(c), c->at_end);
    return WH_OK;
}

enum wh_status wh_jsonl_cutter_open(struct wh_jsonl_cutter *c, struct wh_error *err)
{
    if (c->input != NULL)
        return WH_OK;
    if (c->file >= c->files->n_files)
        return WH_END;
    enum wh_status s = open_file(c, err);
    if (s != WH_OK)
        wh_jsonl_cutter_release(c);
    return s;
}

enum wh_status wh_jsonl_cutter_seek(struct wh_jsonl_cutter *c, const struct wh_jsonl_span *after,
                                    struct wh_error *err)
{
    wh_jsonl_cutter_release(c);
    c->file = after == NULL ? 0 : after->file;
    if (after == NULL)
        return WH_OK;
    WH_TRY(wh_jsonl_cutter_open(c, err));
    WH_CLEANUP(wh_buffer_release) struct wh_buffer passed = {.budget = c->ctx->budget};
    uint64_t left = after->offset + after->bytes - c->start, lines = 0;
    while (left > 0) {
        passed.size = 0;
        WH_TRY(take_piece(c, &passed, (size_t)WH_MIN(left, PIECE_BYTES), &lines, err));
        if (passed.size == 0)
            return wh_fail(err, WH_STATE,
                           "could not go on in \"%s\": it is shorter than what was read before",
                           c->files->files[c->file].path);
        left -= passed.size;
    }
    c->at.offset = after->offset + after->bytes;
    c->at.line = after->line + after->lines;
    return WH_OK;
}

/* ---- chunks ------------------------------------------------------------------------------------ */

/* Looks on for a place to cut; bytes before b->scanned need not be seen again. */
static void find_cut(struct wh_jsonl_border *b, enum wh_jsonl_layout layout, const uint8_t *data, size_t size)
{
    if (layout != WH_JSONL_LINES) {
        wh_jsonl_border_scan(b, data, size);
        return;
    }
    const uint8_t *from = data + b->scanned;
    const uint8_t *line_end =
        b->wants_first ? memchr(from, '\n', size - b->scanned) : memrchr(from, '\n', size - b->scanned);
    b->scanned = size;
    if (line_end != NULL)
        b->cut = (size_t)(line_end - data) + 1;
}

/* At the end of the file: looks at the last bytes too, which fill no block; what has no place to cut is cut
 * behind them. */
static void find_last_cut(struct wh_jsonl_border *b, enum wh_jsonl_layout layout,
                          const struct wh_buffer *data)
{
    memset(data->data + data->size, 0, WH_JSONL_SLACK);
    if (layout != WH_JSONL_LINES)
        find_cut(b, layout, data->data, data->size + WH_JSONL_SLACK - 1);
    if (b->cut == 0)
        b->cut = data->size;
}

/* A record beyond the limit: passes over it, bounded in memory, and keeps its start in data. */
static enum wh_status pass_oversize(struct wh_jsonl_cutter *c, struct wh_buffer *data,
                                    struct wh_jsonl_border *b, struct wh_jsonl_span *span,
                                    struct wh_error *err)
{
    uint8_t preview[WH_JSONL_PREVIEW_BYTES];
    uint64_t passed = 0;
    size_t n_preview = WH_MIN(data->size, sizeof preview);
    memcpy(preview, data->data, n_preview);
    b->wants_first = true;
    while (b->cut == 0) {
        passed += b->scanned;
        data->size -= b->scanned;
        memmove(data->data, data->data + b->scanned, data->size);
        b->scanned = 0;
        WH_TRY(take(c, data, PIECE_BYTES, &span->lines, err));
        find_cut(b, c->at.layout, data->data, data->size);
        if (b->cut == 0 && is_exhausted(c))
            find_last_cut(b, c->at.layout, data);
    }
    span->is_oversize = true;
    span->bytes = passed + b->cut;
    span->lines -= wh_jsonl_kernels()->count(data->data + b->cut, data->size - b->cut, '\n');
    WH_TRY(give_back(c, data, b->cut, err));
    memcpy(data->data, preview, n_preview);
    data->size = n_preview;
    return WH_OK;
}

/* Fills data with one chunk of the open file. */
static enum wh_status cut_chunk(struct wh_jsonl_cutter *c, struct wh_buffer *data, struct wh_jsonl_span *span,
                                struct wh_error *err)
{
    struct wh_jsonl_border b;
    size_t more = c->chunk_bytes;
    wh_jsonl_border_init(&b, span->layout, span->offset == c->start);
    while (b.cut == 0) {
        if (b.scanned > c->max_record_bytes)
            return pass_oversize(c, data, &b, span, err);
        WH_TRY(take(c, data, more, &span->lines, err));
        if (is_exhausted(c)) { /* perhaps without a byte: the last chunk ended where the file does */
            b.cut = data->size;
            break;
        }
        find_cut(&b, span->layout, data->data, data->size);
        more = data->size;
    }
    span->bytes = b.cut;
    span->lines -= wh_jsonl_kernels()->count(data->data + b.cut, data->size - b.cut, '\n');
    WH_TRY(give_back(c, data, b.cut, err));
    data->size = b.cut;
    return WH_OK;
}

enum wh_status wh_jsonl_cutter_next(struct wh_jsonl_cutter *c, struct wh_buffer *data,
                                    struct wh_jsonl_span *span, struct wh_error *err)
{
    for (;;) {
        WH_TRY(wh_jsonl_cutter_open(c, err));
        if (!is_exhausted(c)) {
            struct wh_jsonl_span cut = c->at;
            data->size = 0;
            WH_TRY(cut_chunk(c, data, &cut, err));
            if (cut.bytes > 0) {
                cut.is_last = is_exhausted(c);
                cut.source_bytes = wh_input_consumed(c->input) - c->consumed;
                c->consumed += cut.source_bytes;
                c->at.offset += cut.bytes;
                c->at.line += cut.lines;
                *span = cut;
                return WH_OK;
            }
        }
        wh_jsonl_cutter_skip_file(c);
    }
}
