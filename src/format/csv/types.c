/* format/csv/types.c - types of the columns from evidence in the files.
 *
 * Sets of less than SMALL_BYTES are looked at as a whole. Of larger ones each plain UTF-8 file gives its
 * head and windows spread evenly up to its tail, a number that is its share of all windows; a window's
 * first line is passed over, and windows whose records do not have the columns of the file (they began
 * inside of quotes) do not count. What can only be read in order gives its first HEAD_BYTES. */
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/csv/stream_int.h"

enum {
    SMALL_BYTES = 32 * 1024 * 1024,
    HEAD_BYTES = 16 * 1024 * 1024, /* of pipes and of compressed or transcoded files, in all */
    SCAN_BYTES = 1024 * 1024,      /* a chunk when everything is looked at */
    WINDOW_BYTES = 64 * 1024,
    N_WINDOWS = 64,   /* in all files together, and at least one a file */
    MAX_FILES = 1024, /* that are sampled: every k-th of more */
};

/* Where a column first had a value that its old type does not take. */
struct first_misfit {
    bool found;
    size_t file;
    uint64_t line;
};

struct look {
    struct wh_csv_stream *stream;
    struct wh_csv_evidence *evidence; /* owned, one a column */
    struct first_misfit *misfits; /* owned, one a column, when everything is looked at for a second time */
    struct wh_csv_index index;
    struct wh_buffer scratch;
    uint64_t bytes, rows; /* looked at */
    size_t file;
    uint64_t line; /* of the text at hand */
};

static enum wh_status look_init(struct look *l, struct wh_csv_stream *s, bool with_misfits,
                                struct wh_error *err)
{
    size_t n = s->base.schema.n_fields;
    *l = (struct look){.stream = s};
    l->scratch.budget = s->ctx->budget;
    l->evidence = wh_alloc_array(n, sizeof *l->evidence);
    l->misfits = with_misfits ? wh_alloc_array(n, sizeof *l->misfits) : NULL;
    return l->evidence == NULL || (with_misfits && l->misfits == NULL) ? wh_nomem(err) : WH_OK;
}

static void look_release(struct look *l)
{
    free(l->evidence);
    free(l->misfits);
    wh_csv_index_release(&l->index);
    wh_buffer_release(&l->scratch);
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static void note_misfit(struct look *l, size_t column, uint32_t at)
{
    struct first_misfit *m = &l->misfits[column];
    uint8_t newline = l->index.dialect->newline;
    *m = (struct first_misfit){
        .found = true, .file = l->file, .line = l->line + wh_csv_count(l->index.text, at, newline)};
}

/* Adds one column of a block. */
static enum wh_status look_at_column(struct look *l, const struct wh_csv_block *b, size_t column,
                                     size_t source, struct wh_error *err)
{
    struct wh_csv_stream *s = l->stream;
    struct wh_csv_evidence *e = &l->evidence[column];
    const struct wh_csv_dialect *d = l->index.dialect;
    struct wh_csv_fields f = wh_csv_block_column(b, source);
    bool watch = l->misfits != NULL && !l->misfits[column].found;
    for (size_t r = 0; r < b->n_rows; r++) {
        uint32_t start = f.starts[r * f.start_stride] + f.skip, stop = f.stops[r * f.stop_stride];
        struct wh_slice text = wh_slice((const char *)b->text + start, stop - start);
        bool well_formed = true;
        if (text.len == 0)
            continue;
        if (text.ptr[0] == d->quote)
            WH_TRY(wh_csv_unquote(&text, &well_formed, text, d, &l->scratch, err));
        else if (wh_csv_words_match(&s->words, text.ptr, text.len))
            continue;
        if (!well_formed || text.len == 0)
            continue;
        bool changed = wh_csv_evidence_add(e, text.ptr, text.len, s->settings.auto_words);
        if (watch && changed && !wh_csv_fits(&s->columns[column].guess, text.ptr, text.len)) {
            note_misfit(l, column, b->starts[r]);
            watch = false;
        }
    }
    return WH_OK;
}

static enum wh_status look_at_block(struct look *l, const struct wh_csv_block *b, struct wh_error *err)
{
    const struct wh_csv_stream *s = l->stream;
    const int32_t *sources = s->files[l->file].sources;
    l->rows += b->n_rows;
    for (size_t c = 0; c < s->base.schema.n_fields; c++)
        if (!s->columns[c].declared && sources[c] >= 0)
            WH_TRY(look_at_column(l, b, c, (size_t)sources[c], err));
    return WH_OK;
}

/* All records of a text that begins with one; the buffer has room behind it. strict: none counts unless
 * nearly all are sound. */
static enum wh_status look_at_text(struct look *l, uint8_t *text, size_t size, bool strict,
                                   struct wh_error *err)
{
    const struct wh_csv_file *f = &l->stream->files[l->file];
    enum wh_status status = WH_OK;
    wh_csv_index_init(&l->index, &f->dialect, f->n_columns, l->stream->ctx->budget);
    wh_csv_index_begin(&l->index, text, size);
    while (status == WH_OK && (status = wh_csv_index_next(&l->index, err)) == WH_OK) {
        const struct wh_csv_block *b = &l->index.block;
        if (strict && b->n_bad * 10 > b->n_rows + b->n_bad)
            return WH_OK;
        status = look_at_block(l, b, err);
    }
    l->bytes += size;
    return status == WH_END ? WH_OK : status;
}

/* ---- everything --------------------------------------------------------------------------------- */

/* Chunks of file i until they have `most` bytes; takes the cutter. */
static enum wh_status look_at_chunks(struct look *l, size_t i, struct wh_csv_cutter *cutter, uint64_t most,
                                     struct wh_error *err)
{
    struct wh_csv_extent extent = {0};
    struct wh_buffer data = {.budget = l->stream->ctx->budget};
    enum wh_status status = WH_OK;
    size_t want = (size_t)WH_MIN(most, (uint64_t)SCAN_BYTES);
    uint64_t start = cutter->offset;
    l->file = i;
    while (status == WH_OK && cutter->offset - start < most &&
           (status = wh_csv_cutter_next(cutter, want, &data, &extent, err)) == WH_OK) {
        l->line = extent.line;
        status = extent.cut_off ? WH_OK : look_at_text(l, data.data, data.size, false, err);
    }
    wh_csv_cutter_close(cutter);
    wh_buffer_release(&data);
    return status == WH_END ? WH_OK : status;
}

static enum wh_status look_at_head(struct look *l, size_t i, uint64_t most, struct wh_error *err)
{
    struct wh_csv_cutter cutter;
    if (l->stream->files[i].n_columns == 0)
        return WH_OK;
    WH_TRY(wh_csv_open_file(l->stream, i, &cutter, err));
    return look_at_chunks(l, i, &cutter, most, err);
}

static enum wh_status look_at_all(struct look *l, struct wh_error *err)
{
    for (size_t i = 0; i < l->stream->set->n_files; i++)
        WH_TRY(look_at_head(l, i, UINT64_MAX, err));
    return WH_OK;
}

/* ---- a sample ----------------------------------------------------------------------------------- */

static bool is_flat(const struct wh_csv_stream *s, size_t i)
{
    const struct wh_file *f = &s->set->files[i];
    return f->compression == WH_PLAIN && !f->is_pipe && s->files[i].dialect.encoding == WH_CSV_UTF_8;
}

/* Whole lines of n bytes at an offset: as if these began and ended outside of quotes. */
static enum wh_status look_at_window(struct look *l, int fd, uint64_t at, size_t n, struct wh_buffer *data,
                                     struct wh_error *err)
{
    const struct wh_file *f = &l->stream->set->files[l->file];
    uint8_t newline = l->stream->files[l->file].dialect.newline;
    WH_TRY(wh_buffer_resize(data, n, err));
    WH_TRY(wh_file_pread(fd, f->path, data->data, n, at, err));
    const uint8_t *first = memchr(data->data, newline, n), *last = memrchr(data->data, newline, n);
    if (first == NULL || first == last)
        return WH_OK;
    return look_at_text(l, data->data + (first + 1 - data->data), (size_t)(last - first), true, err);
}

static enum wh_status look_at_windows(struct look *l, size_t i, size_t n_windows, struct wh_error *err)
{
    const struct wh_csv_file *f = &l->stream->files[i];
    uint64_t size = l->stream->set->files[i].size;
    struct wh_buffer data = {.budget = l->stream->ctx->budget};
    int fd;
    WH_TRY(look_at_head(l, i, WINDOW_BYTES, err));
    if (size < f->body + 2 * WINDOW_BYTES)
        return WH_OK;
    WH_TRY(wh_file_open(&fd, l->stream->set->files[i].path, err));
    uint64_t room = size - f->body - WINDOW_BYTES;
    enum wh_status status = WH_OK;
    for (size_t w = 1; status == WH_OK && w <= n_windows; w++)
        status = look_at_window(l, fd, f->body + room / n_windows * w, WINDOW_BYTES, &data, err);
    close(fd);
    wh_buffer_release(&data);
    return status;
}

/* A pipe is read into pipe_head, from which the stream goes on; its last line may be cut. */
static enum wh_status look_at_pipe(struct look *l, size_t i, struct wh_error *err)
{
    struct wh_csv_stream *s = l->stream;
    const struct wh_csv_file *f = &s->files[i];
    struct wh_buffer *head = &s->pipe_head;
    size_t got = 1, body = (size_t)f->body;
    while (head->size < HEAD_BYTES && got > 0)
        WH_TRY(wh_csv_source_read(s->pipe, head, HEAD_BYTES - head->size, &got, err));
    const uint8_t *start = head->data + body, *end = head->data + head->size;
    const uint8_t *newline = got == 0 ? NULL : memrchr(start, f->dialect.newline, (size_t)(end - start));
    struct wh_csv_cutter cutter;
    wh_csv_cutter_init(&cutter, NULL, &f->dialect, s->ctx, f->body, f->body_line);
    enum wh_status status =
        wh_csv_cutter_unread(&cutter, start, (size_t)((newline == NULL ? end : newline + 1) - start), err);
    if (status == WH_OK)
        return look_at_chunks(l, i, &cutter, UINT64_MAX, err);
    wh_csv_cutter_close(&cutter);
    return status;
}

static enum wh_status look_at_sample(struct look *l, uint64_t total, struct wh_error *err)
{
    struct wh_csv_stream *s = l->stream;
    size_t n = s->set->n_files, step = (n + MAX_FILES - 1) / MAX_FILES;
    for (size_t i = 0; i < n; i += step) {
        uint64_t size = s->set->files[i].size;
        if (s->files[i].n_columns == 0)
            continue;
        l->file = i;
        if (s->set->files[i].is_pipe)
            WH_TRY(look_at_pipe(l, i, err));
        else if (is_flat(s, i))
            WH_TRY(look_at_windows(l, i, (size_t)(size * N_WINDOWS / total) + 1, err));
        else
            WH_TRY(look_at_head(l, i, WH_MAX(HEAD_BYTES / n, (size_t)WINDOW_BYTES), err));
    }
    return WH_OK;
}

/* ---- types -------------------------------------------------------------------------------------- */

/* Sets the type of every column that is not declared, or only of those that had a misfit. */
static enum wh_status set_types(struct look *l, struct wh_error *err)
{
    struct wh_csv_stream *s = l->stream;
    for (size_t c = 0; c < s->base.schema.n_fields; c++) {
        struct wh_csv_column *column = &s->columns[c];
        if (column->declared || (l->misfits != NULL && !l->misfits[c].found))
            continue;
        wh_csv_evidence_guess(&l->evidence[c], &column->guess);
        WH_TRY(wh_csv_guess_type(&column->guess, &s->base.schema.fields[c], err));
        if (column->guess.word != WH_CSV_NO_WORD)
            s->ctx->note(s->ctx, "column \"%s\": \"%s\" is read as null", s->base.schema.fields[c].name,
                         wh_csv_null_words[column->guess.word]);
    }
    return WH_OK;
}

enum wh_status wh_csv_infer(struct wh_csv_stream *s, struct wh_error *err)
{
    struct look l;
    uint64_t total = 1;
    bool can_scan = true, flat = true;
    for (size_t i = 0; i < s->set->n_files; i++) {
        total += s->set->files[i].size;
        can_scan &= !s->set->files[i].is_pipe;
        flat &= is_flat(s, i);
    }
    enum wh_status status = look_init(&l, s, false, err);
    if (status == WH_OK)
        status =
            can_scan && flat && total < SMALL_BYTES ? look_at_all(&l, err) : look_at_sample(&l, total, err);
    if (status == WH_OK)
        status = set_types(&l, err);
    if (status == WH_OK && flat && can_scan) {
        s->base.bytes = (int64_t)(total - 1);
        s->base.rows = l.bytes == 0 ? 0 : (int64_t)((double)l.rows * (double)(total - 1) / (double)l.bytes);
    }
    look_release(&l);
    return status;
}

static void note_change(struct wh_csv_stream *s, size_t c, const struct first_misfit *m, const char *before)
{
    char after[64];
    const struct wh_field *f = &s->base.schema.fields[c];
    wh_type_format(f, after, sizeof after);
    if (strcmp(before, after) == 0) /* as dates written in another way */
        s->ctx->note(s->ctx, "column \"%s\" is read anew because of line %llu of \"%s\"", f->name,
                     (unsigned long long)m->line, s->set->files[m->file].path);
    else
        s->ctx->note(s->ctx, "column \"%s\" is %s instead of %s because of line %llu of \"%s\"", f->name,
                     after, before, (unsigned long long)m->line, s->set->files[m->file].path);
}

enum wh_status wh_csv_widen(struct wh_csv_stream *s, struct wh_error *err)
{
    size_t n = s->base.schema.n_fields;
    struct look l;
    char(*before)[64] = wh_alloc_array(n, sizeof *before);
    enum wh_status status = look_init(&l, s, true, err);
    if (before == NULL)
        status = wh_nomem(err);
    for (size_t c = 0; status == WH_OK && c < n; c++)
        wh_type_format(&s->base.schema.fields[c], before[c], sizeof before[c]);
    if (status == WH_OK)
        status = look_at_all(&l, err);
    if (status == WH_OK)
        status = set_types(&l, err);
    for (size_t c = 0; status == WH_OK && c < n; c++)
        if (l.misfits[c].found)
            note_change(s, c, &l.misfits[c], before[c]);
    look_release(&l);
    free(before);
    return status;
}
