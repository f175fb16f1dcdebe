/* format/jsonl/sample.c - which records are looked at to find the types. */
#include <unistd.h>

#include "base/mem.h"
#include "format/jsonl/jsonl_int.h"

#define ALL_BYTES ((uint64_t)32 << 20)    /* files of this size together are looked at in full */
#define SAMPLE_BYTES ((uint64_t)16 << 20) /* else so much of all files together */
#define WINDOW_BYTES ((uint64_t)64 << 10) /* at least so much of each file, and at each place */
#define MAX_WINDOWS ((uint64_t)32)        /* places in a file */
#define PIECE_BYTES ((size_t)1 << 20)     /* chunks of the sample */
#define MAX_KEPT ((size_t)4096)           /* chunks of a pipe that are kept */

static enum wh_status look_at(struct wh_jsonl_stream *s, struct wh_buffer *data,
                              const struct wh_jsonl_span *span, struct wh_error *err)
{
    if (span->is_oversize)
        return WH_OK;
    struct wh_jsonl_place place = {s->files->files[span->file].path, span->line, span->layout, span->is_last};
    struct wh_jsonl_records records;
    wh_jsonl_records_init(&records, &place, data->data, data->size, s->ctx->budget);
    enum wh_status status = wh_jsonl_infer_add(&s->infer, &records, err);
    wh_jsonl_records_release(&records);
    return status;
}

/* ---- plain files of lines: windows all over the file --------------------------------------------- */

/* The whole lines among the bytes of a window. */
static struct wh_slice whole_lines(const struct wh_buffer *data, bool at_start, bool at_end)
{
    const char *from = (const char *)data->data, *end = from + data->size;
    if (!at_start) {
        const char *first = memchr(from, '\n', data->size);
        from = first == NULL ? end : first + 1;
    }
    if (!at_end && from < end) {
        const char *last = memrchr(from, '\n', (size_t)(end - from));
        end = last == NULL ? from : last + 1;
    }
    return wh_slice(from, (size_t)(end - from));
}

static enum wh_status look_at_window(struct wh_jsonl_stream *s, int fd, const struct wh_jsonl_span *window,
                                     struct wh_buffer *data, struct wh_error *err)
{
    const struct wh_file *file = &s->files->files[window->file];
    data->size = 0;
    WH_TRY(wh_buffer_resize(data, (size_t)window->bytes, err));
    WH_TRY(wh_file_pread(fd, file->path, data->data, data->size, window->offset, err));
    struct wh_slice lines =
        whole_lines(data, window->offset == s->cutter.start, window->offset + window->bytes >= file->size);
    data->size = lines.len;
    if (lines.len == 0)
        return WH_OK;
    memmove(data->data, lines.ptr, lines.len);
    return look_at(s, data, window, err);
}

static enum wh_status look_at_windows(struct wh_jsonl_stream *s, size_t n, uint64_t bytes,
                                      struct wh_error *err)
{
    const struct wh_file *file = &s->files->files[n];
    uint64_t start = s->cutter.start, windows = WH_MIN(WH_MAX(bytes / WINDOW_BYTES, 2u), MAX_WINDOWS);
    struct wh_jsonl_span window = {.file = n, .bytes = bytes / windows, .layout = WH_JSONL_LINES};
    struct wh_buffer data = {.budget = s->ctx->budget};
    uint64_t room = file->size - start - window.bytes;
    int fd;
    WH_TRY(wh_file_open(&fd, file->path, err));
    enum wh_status status = WH_OK;
    for (uint64_t i = 0; status == WH_OK && i < windows; i++) {
        window.offset = start + room / (windows - 1) * i;
        status = look_at_window(s, fd, &window, &data, err);
    }
    close(fd);
    wh_buffer_release(&data);
    return status;
}

/* ---- all others: from the start -------------------------------------------------------------------- */

/* Looks at up to `bytes` of the file that the cutter has open, or of all files from there on. */
static enum wh_status look_from_start(struct wh_jsonl_stream *s, uint64_t bytes, bool all_files,
                                      struct wh_error *err)
{
    struct wh_jsonl_cutter *c = &s->cutter;
    struct wh_buffer data = {.budget = s->ctx->budget};
    size_t file = c->file;
    enum wh_status status = WH_OK;
    for (uint64_t seen = 0; status == WH_OK && seen < bytes;) {
        struct wh_jsonl_span span;
        status = wh_jsonl_cutter_next(c, &data, &span, err);
        if (status != WH_OK || (!all_files && span.file != file))
            break;
        seen += span.bytes;
        status = look_at(s, &data, &span, err);
        if (!all_files && span.is_last)
            break;
    }
    wh_buffer_release(&data);
    return status == WH_END ? WH_OK : status;
}

static enum wh_status sample_file(struct wh_jsonl_stream *s, size_t n, uint64_t bytes, struct wh_error *err)
{
    const struct wh_file *file = &s->files->files[n];
    wh_jsonl_cutter_release(&s->cutter);
    s->cutter.file = n;
    WH_TRY(wh_jsonl_cutter_open(&s->cutter, err));
    bool is_plain = file->compression == WH_PLAIN && s->cutter.at.layout == WH_JSONL_LINES;
    if (is_plain && file->size > bytes && file->size > 2 * WINDOW_BYTES)
        return look_at_windows(s, n, bytes, err);
    return look_from_start(s, bytes, false, err);
}

static enum wh_status sample_pipe(struct wh_jsonl_stream *s, struct wh_error *err)
{
    s->kept = wh_alloc_array(MAX_KEPT, sizeof *s->kept);
    if (s->kept == NULL)
        return wh_nomem(err);
    /* Chunks end a little before their size: a second large one would not be needed. */
    for (uint64_t seen = 0;
         s->n_kept == 0 || (seen + s->cutter.chunk_bytes <= SAMPLE_BYTES && s->n_kept < MAX_KEPT);) {
        struct wh_jsonl_kept *kept = &s->kept[s->n_kept];
        kept->data.budget = s->ctx->budget;
        enum wh_status status = wh_jsonl_cutter_next(&s->cutter, &kept->data, &kept->span, err);
        if (status != WH_OK) {
            wh_buffer_release(&kept->data);
            return status == WH_END ? WH_OK : status;
        }
        s->n_kept++;
        seen += kept->span.bytes;
        WH_TRY(look_at(s, &kept->data, &kept->span, err));
    }
    return WH_OK;
}

/* ---- */

enum wh_status wh_jsonl_sample(struct wh_jsonl_stream *s, struct wh_error *err)
{
    uint64_t total = 0, share = SAMPLE_BYTES / WH_MAX(s->files->n_files, 1u);
    bool is_plain = true;
    if (s->is_one_pass)
        return sample_pipe(s, err);
    for (size_t i = 0; i < s->files->n_files; i++) {
        total += s->files->files[i].size;
        is_plain &= s->files->files[i].compression == WH_PLAIN;
    }
    size_t chunk_bytes = s->cutter.chunk_bytes;
    s->cutter.chunk_bytes = PIECE_BYTES;
    enum wh_status status = WH_OK;
    if (is_plain && total <= ALL_BYTES)
        status = look_from_start(s, UINT64_MAX, true, err);
    else
        for (size_t i = 0; status == WH_OK && i < s->files->n_files; i++)
            status = sample_file(s, i, WH_MAX(share, WINDOW_BYTES), err);
    s->cutter.chunk_bytes = chunk_bytes;
    if (status == WH_OK)
        status = wh_jsonl_cutter_seek(&s->cutter, NULL, err);
    return status;
}

enum wh_status wh_jsonl_scan_all(struct wh_jsonl_stream *s, struct wh_error *err)
{
    WH_TRY(wh_jsonl_cutter_seek(&s->cutter, NULL, err));
    WH_TRY(look_from_start(s, UINT64_MAX, true, err));
    return wh_jsonl_cutter_seek(&s->cutter, NULL, err);
}
