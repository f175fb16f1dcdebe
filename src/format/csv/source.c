/* format/csv/source.c - see format/csv/source.h. Plain UTF-8 files go by pread straight into the reader's
 * buffer; everything else is read through wh_input and, unless it is UTF-8, decoded piece by piece. */
#include "format/csv/source.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "format/csv/encoding.h"

enum { HEAD_BYTES = 64 * 1024, DECODE_BYTES = 256 * 1024 };

struct wh_csv_source {
    const struct wh_file *file; /* lent */
    int fd;                     /* plain file, else -1 */
    struct wh_input *in;        /* everything else, owned */
    enum wh_csv_encoding encoding;
    uint64_t offset;      /* plain file: of the next byte that is not in raw */
    struct wh_buffer raw; /* read, not yet given out */
    size_t raw_pos;
    struct wh_buffer text; /* decoded, not yet given out; empty for UTF-8 */
    size_t text_pos;
    bool ended; /* nothing behind raw */
};

enum wh_status wh_csv_source_open(struct wh_csv_source **out, const struct wh_file *file,
                                  const struct wh_context *ctx, struct wh_error *err)
{
    struct wh_csv_source *s = wh_alloc(sizeof *s);
    if (s == NULL)
        return wh_nomem(err);
    s->file = file;
    s->fd = -1;
    s->raw.budget = s->text.budget = ctx->budget;
    enum wh_status status;
    if (file->compression == WH_PLAIN && !file->is_pipe) {
        status = wh_file_open(&s->fd, file->path, err);
        if (status == WH_OK)
            (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only advice */
    } else {
        status = wh_input_open(&s->in, file, ctx, err);
    }
    if (status != WH_OK) {
        wh_csv_source_close(s);
        return status;
    }
    *out = s;
    return WH_OK;
}

/* Up to n bytes as they stand in the file. */
static enum wh_status read_raw(struct wh_csv_source *s, uint8_t *out, size_t n, size_t *got,
                               struct wh_error *err)
{
    if (s->in != NULL)
        return wh_input_read(s->in, out, n, got, err);
    uint64_t left = s->file->size > s->offset ? s->file->size - s->offset : 0;
    n = left < n ? (size_t)left : n;
    *got = 0;
    if (n == 0)
        return WH_OK;
    WH_TRY(wh_file_pread(s->fd, s->file->path, out, n, s->offset, err));
    s->offset += n;
    *got = n;
    return WH_OK;
}

/* Adds up to n bytes to raw. */
static enum wh_status fill(struct wh_csv_source *s, size_t n, struct wh_error *err)
{
    if (s->raw_pos > 0) {
        memmove(s->raw.data, s->raw.data + s->raw_pos, s->raw.size - s->raw_pos);
        s->raw.size -= s->raw_pos;
        s->raw_pos = 0;
    }
    WH_TRY(wh_buffer_reserve(&s->raw, n, err));
    size_t got;
    WH_TRY(read_raw(s, s->raw.data + s->raw.size, n, &got, err));
    s->raw.size += got;
    s->ended = got == 0;
    return WH_OK;
}

enum wh_status wh_csv_source_head(struct wh_csv_source *s, struct wh_slice *out, struct wh_error *err)
{
    while (!s->ended && s->raw.size < HEAD_BYTES)
        WH_TRY(fill(s, HEAD_BYTES - s->raw.size, err));
    *out = wh_slice((const char *)s->raw.data, s->raw.size);
    return WH_OK;
}

void wh_csv_source_decode(struct wh_csv_source *s, enum wh_csv_encoding encoding)
{
    s->encoding = encoding;
}

bool wh_csv_source_is_flat(const struct wh_csv_source *s)
{
    return s->fd >= 0 && s->encoding == WH_CSV_UTF_8;
}

static enum wh_status too_short(const struct wh_csv_source *s, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not read \"%s\": the file has become shorter", s->file->path);
}

enum wh_status wh_csv_source_skip(struct wh_csv_source *s, uint64_t n, struct wh_error *err)
{
    if (wh_csv_source_is_flat(s)) {
        uint64_t at = s->offset - (s->raw.size - s->raw_pos);
        if (s->file->size < at || s->file->size - at < n)
            return too_short(s, err);
        s->offset = at + n;
        s->raw.size = s->raw_pos = 0;
        return WH_OK;
    }
    struct wh_buffer drop = {.budget = s->raw.budget};
    enum wh_status status = WH_OK;
    while (status == WH_OK && n > 0) {
        size_t got = 0;
        drop.size = 0;
        status = wh_csv_source_read(s, &drop, (size_t)WH_MIN(n, (uint64_t)DECODE_BYTES), &got, err);
        if (status == WH_OK && got == 0)
            status = too_short(s, err);
        n -= got;
    }
    wh_buffer_release(&drop);
    return status;
}

/* Makes sure that text holds something unless the file is at its end. */
static enum wh_status decode_more(struct wh_csv_source *s, struct wh_error *err)
{
    while (s->text_pos == s->text.size) {
        if (s->raw.size - s->raw_pos < 4 && !s->ended) {
            WH_TRY(fill(s, DECODE_BYTES, err));
            continue;
        }
        size_t used = 0;
        struct wh_slice raw = wh_slice((const char *)s->raw.data + s->raw_pos, s->raw.size - s->raw_pos);
        if (raw.len == 0)
            break;
        s->text.size = s->text_pos = 0;
        WH_TRY(wh_csv_decode(s->encoding, raw, s->ended, &s->text, &used, err));
        s->raw_pos += used;
    }
    return WH_OK;
}

/* Gives up to n of the bytes that stand in `from`. */
static enum wh_status give(const struct wh_buffer *from, size_t *pos, struct wh_buffer *out, size_t n,
                           size_t *got, struct wh_error *err)
{
    *got = WH_MIN(n, from->size - *pos);
    if (*got == 0)
        return WH_OK;
    WH_TRY(wh_buffer_append(out, from->data + *pos, *got, err));
    *pos += *got;
    return WH_OK;
}

enum wh_status wh_csv_source_read(struct wh_csv_source *s, struct wh_buffer *out, size_t n, size_t *got,
                                  struct wh_error *err)
{
    if (s->encoding != WH_CSV_UTF_8) {
        WH_TRY(decode_more(s, err));
        return give(&s->text, &s->text_pos, out, n, got, err);
    }
    if (s->raw_pos < s->raw.size)
        return give(&s->raw, &s->raw_pos, out, n, got, err);
    WH_TRY(wh_buffer_reserve(out, n, err));
    WH_TRY(read_raw(s, out->data + out->size, n, got, err));
    out->size += *got;
    return WH_OK;
}

uint64_t wh_csv_source_consumed(const struct wh_csv_source *s)
{
    return s->in != NULL ? wh_input_consumed(s->in) : s->offset;
}

void wh_csv_source_close(struct wh_csv_source *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd);
    wh_input_close(s->in);
    wh_buffer_release(&s->raw);
    wh_buffer_release(&s->text);
    free(s);
}
