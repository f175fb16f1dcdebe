/* format/csv/cutter.c - see format/csv/cutter.h.
 *
 * Bytes are read in pieces that stay in the cache until the splitter has scanned them. What stands behind
 * the last record end is carried over to the next chunk and scanned again with it. */
#include "format/csv/cutter.h"

#include "base/bytes.h"
#include "base/mem.h"

enum { PIECE_BYTES = 256 * 1024 };

void wh_csv_cutter_init(struct wh_csv_cutter *c, struct wh_csv_source *source, const struct wh_csv_dialect *d,
                        const struct wh_context *ctx, uint64_t offset, uint64_t line)
{
    *c = (struct wh_csv_cutter){.source = source, .dialect = d, .ctx = ctx, .offset = offset, .line = line};
    c->carry.budget = ctx->budget;
}

enum wh_status wh_csv_cutter_unread(struct wh_csv_cutter *c, const void *bytes, size_t n,
                                    struct wh_error *err)
{
    return n == 0 ? WH_OK : wh_buffer_append(&c->carry, bytes, n, err);
}

void wh_csv_cutter_close(struct wh_csv_cutter *c)
{
    wh_csv_source_close(c->source);
    c->source = NULL;
    wh_buffer_release(&c->carry);
}

/* Adds up to n bytes to data. */
static enum wh_status read_piece(struct wh_csv_cutter *c, size_t n, struct wh_buffer *data,
                                 struct wh_error *err)
{
    if (c->ctx->cancelled != NULL && *c->ctx->cancelled)
        return wh_fail(err, WH_CANCELLED, "cancelled");
    size_t got = WH_MIN(n, c->carry.size - c->carry_pos);
    if (got > 0) {
        WH_TRY(wh_buffer_append(data, c->carry.data + c->carry_pos, got, err));
        c->carry_pos += got;
        return WH_OK;
    }
    c->read_source = true;
    if (c->source != NULL)
        WH_TRY(wh_csv_source_read(c->source, data, n, &got, err));
    c->ended = got == 0;
    return WH_OK;
}

/* Gives back the last n bytes that were read for this chunk. */
static enum wh_status carry_over(struct wh_csv_cutter *c, const struct wh_buffer *data, size_t n,
                                 struct wh_error *err)
{
    if (!c->read_source) {
        c->carry_pos -= n;
        return WH_OK;
    }
    c->carry.size = c->carry_pos = 0;
    return n == 0 ? WH_OK : wh_buffer_append(&c->carry, data->data + data->size - n, n, err);
}

/* Lines that end in the first n bytes of data, of which the splitter has counted up to its pos. */
static uint64_t lines_in(const struct wh_csv_split *s, const struct wh_buffer *data, size_t n)
{
    uint8_t newline = s->dialect->newline;
    if (n <= s->pos)
        return s->newlines - wh_csv_count(data->data + n, s->pos - n, newline);
    return s->newlines + wh_csv_count(data->data + s->pos, n - s->pos, newline);
}

/* Behind the first line end at `from` or later; 0: it has not been read yet. */
static size_t line_end(const struct wh_csv_cutter *c, const struct wh_buffer *data, size_t from)
{
    const uint8_t *newline = memchr(data->data + from, c->dialect->newline, data->size - from);
    return newline == NULL ? 0 : (size_t)(newline - data->data) + 1;
}

/* The chunk ends before `next`; cut_off: it holds only the start of what lies before. */
static void take(struct wh_csv_cutter *c, struct wh_buffer *data, size_t length, uint64_t next,
                 uint64_t lines, struct wh_csv_extent *out)
{
    *out = (struct wh_csv_extent){.offset = c->offset, .length = length, .line = c->line, .next = next};
    out->lines = lines;
    out->cut_off = next != c->offset + length;
    data->size = length;
    c->offset = next;
    c->line += lines;
}

/* The record at the start of data is too long to be kept: passes over the rest of it. */
static enum wh_status take_start(struct wh_csv_cutter *c, const struct wh_csv_split *s,
                                 struct wh_buffer *data, struct wh_csv_extent *out, struct wh_error *err)
{
    uint64_t dropped = 0, lines = lines_in(s, data, data->size);
    size_t end = 0, keep = WH_CSV_CUT_OFF_BYTES;
    while (end == 0 && !c->ended) {
        size_t from = data->size;
        if (from > keep) {
            dropped += from - keep;
            data->size = from = keep;
        }
        WH_TRY(read_piece(c, PIECE_BYTES, data, err));
        end = line_end(c, data, from);
    }
    lines += end > 0;
    end = end > 0 ? end : data->size;
    WH_TRY(carry_over(c, data, data->size - end, err));
    take(c, data, WH_MIN(end, keep), c->offset + dropped + end, lines, out);
    return WH_OK;
}

/* Where the chunk can be cut now; 0: nowhere yet. */
static size_t cut_of(const struct wh_csv_cutter *c, const struct wh_csv_split *s,
                     const struct wh_buffer *data, size_t want)
{
    if (s->broken) {
        size_t end = line_end(c, data, s->open);
        if (end > 0)
            return end;
        return c->ended ? data->size : data->size > c->dialect->max_record_bytes ? s->end : 0;
    }
    if (c->ended)
        return data->size;
    return data->size >= want ? s->end : 0;
}

enum wh_status wh_csv_cutter_next(struct wh_csv_cutter *c, size_t want, struct wh_buffer *data,
                                  struct wh_csv_extent *out, struct wh_error *err)
{
    struct wh_csv_split s;
    wh_csv_split_init(&s, c->dialect, wh_csv_best_level());
    data->size = 0;
    c->read_source = c->ended = false;
    WH_TRY(wh_buffer_reserve(data, want + WH_BUFFER_SLACK, err));
    for (;;) {
        size_t piece = data->size < want ? want - data->size : WH_MAX(data->size, 64);
        WH_TRY(read_piece(c, WH_MIN(piece, (size_t)PIECE_BYTES), data, err));
        if (c->ended && data->size == 0)
            return WH_END;
        wh_csv_split_scan(&s, data->data, data->size, c->ended);
        size_t end = cut_of(c, &s, data, want);
        if (end > 0) {
            uint64_t lines = lines_in(&s, data, end);
            WH_TRY(carry_over(c, data, data->size - end, err));
            take(c, data, end, c->offset + end, lines, out);
            return WH_OK;
        }
        if (s.end == 0 && data->size > c->dialect->max_record_bytes)
            return take_start(c, &s, data, out, err);
    }
}
