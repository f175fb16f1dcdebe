/* format/csv/index.c - see format/csv/index.h.
 *
 * Two passes a block. The first turns masks into a list of separator positions. The second forms rows: when
 * the newlines are every n-th separator and no byte needs a closer look, the list is used as it is; else
 * the records are walked one by one, checked, and the sound ones copied. */
#include "format/csv/index.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text.h"

enum { BLOCK_BYTES = 128 * 1024, MAX_BLOCK_BYTES = 2 * 1024 * 1024, BLOCK_ROWS = 4096 };

void wh_csv_index_init(struct wh_csv_index *x, const struct wh_csv_dialect *d, size_t n_columns,
                       struct wh_budget *budget)
{
    x->dialect = d;
    x->level = wh_csv_best_level();
    x->n_columns = n_columns;
    x->separators.budget = x->ends.budget = x->starts.budget = x->stops.budget = x->bad.budget = budget;
}

void wh_csv_index_begin(struct wh_csv_index *x, uint8_t *text, size_t size)
{
    x->text = text;
    x->size = (uint32_t)size;
    if (text != NULL)
        text[size] = x->dialect->newline;
    x->pos = x->record = x->strays = 0;
    x->state = WH_CSV_RECORD_START;
    x->used = 0;
    x->newlines = 0;
    x->loose_end = x->nul_end = x->high_end = x->quoted_end = 0;
    x->separators.size = 0;
}

void wh_csv_index_release(struct wh_csv_index *x)
{
    wh_buffer_release(&x->separators);
    wh_buffer_release(&x->ends);
    wh_buffer_release(&x->starts);
    wh_buffer_release(&x->stops);
    wh_buffer_release(&x->bad);
}

static const uint32_t *positions(const struct wh_buffer *b)
{
    return (const uint32_t *)(const void *)b->data;
}
static uint32_t *positions_mut(struct wh_buffer *b)
{
    return (uint32_t *)(void *)b->data;
}

/* ---- separators --------------------------------------------------------------------------------- */

/* A '\r' before '\n' may stand between a closing quote and the end of its field. */
static void note_loose(struct wh_csv_index *x, uint64_t loose, uint32_t base)
{
    for (; loose != 0; loose &= loose - 1) {
        uint32_t at = base + (uint32_t)__builtin_ctzll(loose);
        if (x->text[at] != '\r' || x->text[at + 1] != '\n')
            x->loose_end = at + 1;
    }
}

/* Clears the separators of a span that stand inside of quotes. */
static void resolve_words(struct wh_csv_index *x, struct wh_csv_span *span, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++) {
        struct wh_csv_word w = {.quote = span->quote[i], .sep = span->sep[i], .newline = span->newline[i]};
        uint32_t base = x->pos + (uint32_t)(i * 64);
        x->state = wh_csv_resolve(x->dialect, x->state, x->text + base, &w);
        if (w.loose != 0)
            note_loose(x, w.loose, base);
        span->sep[i] = w.sep;
        span->newline[i] = w.newline;
    }
}

/* The same for n < 64 bytes at the text's end. */
static void resolve_tail(struct wh_csv_index *x, struct wh_csv_span *span, size_t n)
{
    struct wh_csv_word w = {0};
    x->state = wh_csv_resolve_bytes(x->dialect, x->state, x->text + x->pos, n, &w);
    note_loose(x, w.loose, x->pos);
    span->sep[0] = w.sep;
    span->newline[0] = w.newline;
}

/* True when a span that has no quote has nothing to resolve. */
static bool is_outside(const struct wh_csv_index *x)
{
    return x->dialect->comment == WH_CSV_NONE &&
           (x->state == WH_CSV_RECORD_START || x->state == WH_CSV_FIELD_START || x->state == WH_CSV_UNQUOTED);
}

static void note_traits(struct wh_csv_index *x, const struct wh_csv_span *span, uint32_t end)
{
    x->strays += span->strays;
    x->nul_end = span->nul ? end : x->nul_end;
    x->high_end = span->high ? end : x->high_end;
    x->quoted_end = span->quoted ? end : x->quoted_end;
}

/* Classifies the next span and lists its separators. */
static enum wh_status list_span(struct wh_csv_index *x, struct wh_error *err)
{
    struct wh_csv_span span;
    size_t left = x->size - x->pos, n_words = WH_MIN(left / 64, (size_t)WH_CSV_SPAN_WORDS);
    size_t tail = n_words == 0 ? left : 0, n_masks = WH_MAX(n_words, 1);
    uint32_t end = x->pos + (uint32_t)(tail > 0 ? tail : n_words * 64);
    WH_TRY(wh_buffer_reserve(&x->separators, (n_masks * 64 + 8) * sizeof(uint32_t), err));
    if (tail > 0) {
        wh_csv_classify_tail(x->level, x->dialect, x->text + x->pos, tail, &span);
        resolve_tail(x, &span, tail);
    } else {
        wh_csv_classify(x->level, x->dialect, x->text + x->pos, n_words, &span);
        if (span.quoted || !is_outside(x))
            resolve_words(x, &span, n_words);
        else
            x->state = wh_csv_step_outside(x->dialect, x->text[end - 1]);
    }
    note_traits(x, &span, end);
    uint32_t *out = positions_mut(&x->separators) + x->separators.size / sizeof *out;
    out = wh_csv_positions(x->level, span.sep, n_masks, x->pos, out);
    x->newlines += wh_csv_count_bits(x->level, span.newline, n_masks);
    x->separators.size = (size_t)((uint8_t *)out - x->separators.data);
    x->pos = end;
    return WH_OK;
}

/* The text's end ends the last record, if that has any byte. */
static enum wh_status list_end(struct wh_csv_index *x, struct wh_error *err)
{
    if (x->state == WH_CSV_RECORD_START || wh_csv_inside(x->state))
        return WH_OK;
    WH_TRY(wh_buffer_append(&x->separators, &x->size, sizeof x->size, err));
    x->newlines++;
    x->state = WH_CSV_RECORD_START;
    return WH_OK;
}

enum wh_status wh_csv_index_all(struct wh_csv_index *x, struct wh_error *err)
{
    while (x->pos < x->size)
        WH_TRY(list_span(x, err));
    return list_end(x, err);
}

/* ---- rows, the fast way ------------------------------------------------------------------------- */

static enum wh_status reserve_rows(struct wh_csv_index *x, size_t n, struct wh_error *err)
{
    x->starts.size = x->stops.size = 0;
    WH_TRY(wh_buffer_reserve(&x->starts, n * sizeof(uint32_t), err));
    return wh_buffer_reserve(&x->stops, n * sizeof(uint32_t), err);
}

/* The '\r' of a line end "\r\n" whose newline is at `end`. */
static inline uint32_t has_return(const struct wh_csv_index *x, uint32_t start, uint32_t end)
{
    return end > start && x->text[end - 1] == '\r' && x->dialect->newline == '\n';
}

/* Takes the separators as the field ends of n rows; false when they are not regular. */
static bool take_regular(struct wh_csv_index *x, const uint32_t *ends, size_t n)
{
    uint32_t *starts = positions_mut(&x->starts), *stops = positions_mut(&x->stops);
    uint32_t start = x->record, returns = 0, longest = 0;
    for (size_t r = 0; r < n; r++) {
        uint32_t end = ends[r * x->n_columns + x->n_columns - 1];
        if (x->text[end] != x->dialect->newline)
            return false;
        uint32_t cut = has_return(x, start, end);
        starts[r] = start;
        stops[r] = end - cut;
        returns += cut;
        longest = WH_MAX(longest, end - start);
        start = end + 1;
    }
    if (longest > x->dialect->max_record_bytes)
        return false;
    if (x->strays > 0 && start < x->pos)
        returns += (uint32_t)wh_csv_count(x->text + start, x->pos - start, wh_csv_stray(x->dialect));
    if (returns != x->strays)
        return false;
    x->block = (struct wh_csv_block){.ends = ends, .n_rows = n};
    return true;
}

/* Some byte since the first record needs a closer look. */
static bool seen_since(const struct wh_csv_index *x, uint32_t end)
{
    return end > x->record;
}

/* ---- rows, one by one --------------------------------------------------------------------------- */

/* A record on its walk. */
struct record {
    uint32_t start, stop;
    const uint32_t *ends;
    size_t n; /* fields */
};

static void field_of(const struct record *r, size_t c, uint32_t *start, uint32_t *stop)
{
    *start = c == 0 ? r->start : r->ends[c - 1] + 1;
    *stop = c + 1 == r->n ? r->stop : r->ends[c];
}

/* The closing quote of a field that begins with a quote is its last byte. */
static bool quotes_close(const struct wh_csv_dialect *d, const uint8_t *text, uint32_t start, uint32_t stop)
{
    enum wh_csv_state s = WH_CSV_FIELD_START;
    for (uint32_t i = start; i < stop; i++) {
        bool ended = s == WH_CSV_QUOTE_END;
        s = wh_csv_step(d, s, text[i]);
        if (ended && s != WH_CSV_QUOTED)
            return false;
    }
    return s == WH_CSV_QUOTE_END;
}

static enum wh_csv_fault check_field(const struct wh_csv_index *x, uint32_t start, uint32_t stop)
{
    const struct wh_csv_dialect *d = x->dialect;
    const uint8_t *p = x->text + start;
    size_t len = stop - start;
    if (seen_since(x, x->nul_end) && memchr(p, 0, len) != NULL)
        return WH_CSV_NUL;
    if (seen_since(x, x->high_end) && !wh_utf8_valid(wh_slice((const char *)p, len)))
        return WH_CSV_NOT_UTF_8;
    if (len > 0 && p[0] == d->quote)
        return seen_since(x, x->loose_end) && !quotes_close(d, x->text, start, stop) ? WH_CSV_LOOSE_QUOTE
                                                                                     : WH_CSV_SOUND;
    return x->strays > 0 && memchr(p, wh_csv_stray(d), len) != NULL ? WH_CSV_LOOSE_LINE_END : WH_CSV_SOUND;
}

static enum wh_csv_fault check_record(const struct wh_csv_index *x, const struct record *r, size_t *column)
{
    *column = WH_CSV_NO_COLUMN;
    if (r->stop - r->start > x->dialect->max_record_bytes)
        return WH_CSV_LONG;
    if (r->n > x->n_columns)
        return WH_CSV_TOO_MANY;
    if (r->n < x->n_columns && !x->dialect->fill)
        return WH_CSV_TOO_FEW;
    bool close_look = seen_since(x, WH_MAX(WH_MAX(x->nul_end, x->high_end), x->loose_end)) || x->strays > 0;
    for (size_t c = 0; close_look && c < r->n; c++) {
        uint32_t start, stop;
        field_of(r, c, &start, &stop);
        enum wh_csv_fault fault = check_field(x, start, stop);
        if (fault != WH_CSV_SOUND) {
            *column = c;
            return fault;
        }
    }
    return WH_CSV_SOUND;
}

static enum wh_status add_bad(struct wh_csv_index *x, const struct record *r, enum wh_csv_fault fault,
                              size_t column, struct wh_error *err)
{
    struct wh_csv_bad bad = {
        .start = r->start, .end = r->stop, .fault = fault, .column = column, .fields = r->n};
    return wh_buffer_append(&x->bad, &bad, sizeof bad, err);
}

/* Adds a sound record; missing fields are empty ones at its end. */
static enum wh_status add_row(struct wh_csv_index *x, const struct record *r, struct wh_error *err)
{
    size_t n = x->n_columns;
    WH_TRY(wh_buffer_reserve(&x->ends, n * sizeof(uint32_t), err));
    uint32_t *out = positions_mut(&x->ends) + x->ends.size / sizeof *out;
    memcpy(out, r->ends, WH_MIN(r->n, n) * sizeof *out);
    uint32_t stop = r->stop;
    for (size_t c = r->n - 1; r->n < n && c < n; c++)
        out[c] = stop + (uint32_t)(c + 1 - r->n);
    if (r->n < n)
        stop = out[n - 1];
    x->ends.size += n * sizeof *out;
    wh_buffer_put(&x->starts, &r->start, sizeof r->start);
    wh_buffer_put(&x->stops, &stop, sizeof stop);
    return WH_OK;
}

static bool is_no_record(const struct wh_csv_index *x, const struct record *r)
{
    if (r->start == r->stop)
        return x->n_columns > 1;
    return x->text[r->start] == x->dialect->comment;
}

/* Walks records until n newlines have been passed; gives the number of separators they have. */
static enum wh_status walk(struct wh_csv_index *x, const uint32_t *ends, uint64_t n, size_t *n_ends,
                           struct wh_error *err)
{
    struct record r = {.start = x->record, .ends = ends};
    size_t rows = 0;
    x->ends.size = 0;
    while (n-- > 0) {
        uint32_t newline;
        r.n = 0;
        do {
            newline = r.ends[r.n++];
        } while (x->text[newline] != x->dialect->newline);
        r.stop = newline - has_return(x, r.start, newline);
        size_t column;
        enum wh_csv_fault fault = is_no_record(x, &r) ? WH_CSV_SOUND : check_record(x, &r, &column);
        if (fault != WH_CSV_SOUND) {
            WH_TRY(add_bad(x, &r, fault, column, err));
        } else if (!is_no_record(x, &r)) {
            WH_TRY(add_row(x, &r, err));
            rows++;
        }
        r.start = newline + 1;
        r.ends += r.n;
    }
    *n_ends = (size_t)(r.ends - ends);
    x->record = r.start;
    x->block = (struct wh_csv_block){.ends = positions(&x->ends), .n_rows = rows};
    return WH_OK;
}

/* ---- blocks ------------------------------------------------------------------------------------- */

/* Forgets what the last block gave out. */
static void drop_used(struct wh_csv_index *x)
{
    size_t bytes = x->used * sizeof(uint32_t);
    if (bytes > 0)
        memmove(x->separators.data, x->separators.data + bytes, x->separators.size - bytes);
    x->separators.size -= bytes;
    x->used = 0;
    x->bad.size = 0;
}

/* An open quote at the end of the text: the splitter found that it has no end. */
static enum wh_status add_unterminated(struct wh_csv_index *x, struct wh_error *err)
{
    uint32_t end = x->size - (x->text[x->size - 1] == x->dialect->newline);
    struct record r = {.start = x->record, .stop = end - has_return(x, x->record, end)};
    bool too_long = r.stop - r.start > x->dialect->max_record_bytes;
    size_t column = (x->separators.size / sizeof(uint32_t)) - x->used;
    x->record = x->size;
    x->state = WH_CSV_RECORD_START;
    return add_bad(x, &r, too_long ? WH_CSV_LONG : WH_CSV_UNTERMINATED,
                   column < x->n_columns && !too_long ? column : WH_CSV_NO_COLUMN, err);
}

/* True when no record has a byte that must be looked at more closely. */
static bool is_plain(const struct wh_csv_index *x, const uint32_t *ends, size_t rows)
{
    if (seen_since(x, x->loose_end) || seen_since(x, x->nul_end) || x->dialect->comment != WH_CSV_NONE)
        return false;
    if (!seen_since(x, x->high_end))
        return true;
    uint32_t stop = ends[rows * x->n_columns - 1];
    return wh_utf8_valid(wh_slice((const char *)x->text + x->record, stop - x->record));
}

static enum wh_status form_rows(struct wh_csv_index *x, struct wh_error *err)
{
    const uint32_t *ends = positions(&x->separators);
    size_t n_ends = x->separators.size / sizeof(uint32_t), rows = x->newlines;
    WH_TRY(reserve_rows(x, rows, err));
    bool quoted = seen_since(x, x->quoted_end);
    if (rows > 0 && rows <= n_ends / x->n_columns && is_plain(x, ends, rows) && take_regular(x, ends, rows)) {
        x->used = rows * x->n_columns;
        x->record = ends[x->used - 1] + 1;
    } else {
        WH_TRY(walk(x, ends, rows, &x->used, err));
    }
    x->block.quoted = quoted;
    x->newlines = 0;
    if (x->strays > 0)
        x->strays = x->record < x->pos ? (uint32_t)wh_csv_count(x->text + x->record, x->pos - x->record,
                                                                wh_csv_stray(x->dialect))
                                       : 0;
    return WH_OK;
}

enum wh_status wh_csv_index_next(struct wh_csv_index *x, struct wh_error *err)
{
    size_t block_bytes = WH_MIN(WH_MAX(x->n_columns * 512, (size_t)BLOCK_BYTES), (size_t)MAX_BLOCK_BYTES);
    drop_used(x);
    if (x->pos == x->size && x->record >= x->size)
        return WH_END;
    uint32_t from = x->pos;
    while (x->pos < x->size &&
           (x->newlines == 0 || (x->pos - from < block_bytes && x->newlines < BLOCK_ROWS)))
        WH_TRY(list_span(x, err));
    if (x->pos == x->size)
        WH_TRY(list_end(x, err));
    WH_TRY(form_rows(x, err));
    if (x->pos == x->size && wh_csv_inside(x->state))
        WH_TRY(add_unterminated(x, err));
    x->block.text = x->text;
    x->block.n_columns = x->n_columns;
    x->block.starts = positions(&x->starts);
    x->block.stops = positions(&x->stops);
    x->block.bad = (const struct wh_csv_bad *)(const void *)x->bad.data;
    x->block.n_bad = x->bad.size / sizeof(struct wh_csv_bad);
    return WH_OK;
}

void wh_csv_index_drop_rows(struct wh_csv_index *x, const uint32_t *rows, size_t n)
{
    struct wh_csv_block *b = &x->block;
    bool is_list = b->ends == positions(&x->separators);
    uint32_t *ends = positions_mut(is_list ? &x->separators : &x->ends);
    uint32_t *starts = positions_mut(&x->starts), *stops = positions_mut(&x->stops);
    size_t kept = 0, dropped = 0;
    for (size_t r = 0; r < b->n_rows; r++) {
        if (dropped < n && rows[dropped] == r) {
            dropped++;
            continue;
        }
        if (kept < r) {
            starts[kept] = starts[r];
            stops[kept] = stops[r];
            memcpy(ends + kept * x->n_columns, ends + r * x->n_columns, x->n_columns * sizeof *ends);
        }
        kept++;
    }
    b->n_rows = kept;
}

uint32_t wh_csv_row_end(const struct wh_csv_index *x, size_t r)
{
    enum wh_csv_state s = WH_CSV_RECORD_START;
    uint32_t start = x->block.starts[r], end = start;
    while (end < x->size && (s = wh_csv_step(x->dialect, s, x->text[end])) != WH_CSV_RECORD_START)
        end++;
    return end - has_return(x, start, end);
}
