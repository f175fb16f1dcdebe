/* connector/file/stage.c - see connector/file/stage.h. */
#include "connector/file/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define COPY_BYTES ((uint64_t)1 << 20)

static const char *shown(const struct wh_stage_file *f)
{
    return f->path == NULL ? "standard output" : f->path;
}

static enum wh_status ensure_open(struct wh_stage_file *f, struct wh_error *err)
{
    if (f->fd >= 0)
        return WH_OK;
    f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
    return f->fd >= 0 ? WH_OK : wh_fail_errno(err, errno, "could not open \"%s\"", f->path);
}

/* The disk gets each part at once, in the background: the sync at the end waits for the rest only. */
static enum wh_status write_bytes(struct wh_stage_file *f, const struct wh_buffer *b, struct wh_error *err)
{
    WH_TRY(ensure_open(f, err));
    if (f->path == NULL) {
        WH_TRY(wh_write_all(f->fd, shown(f), b->data, b->size, err));
    } else {
        WH_TRY(wh_pwrite_all(f->fd, f->path, b->data, b->size, f->bytes, err));
        (void)sync_file_range(f->fd, (off_t)f->bytes, (off_t)b->size, SYNC_FILE_RANGE_WRITE);
        f->dirty = true;
    }
    f->bytes += b->size;
    return WH_OK;
}

/* Writes what the encoder gives outside of parts, compressed like them. */
static enum wh_status write_framed(struct wh_stage_file *f, const struct wh_stage_setup *s,
                                   const struct wh_buffer *b, struct wh_error *err)
{
    if (s->compression == WH_PLAIN || b->size == 0)
        return write_bytes(f, b, err);
    WH_CLEANUP(wh_buffer_release) struct wh_buffer framed = {.budget = s->budget};
    WH_TRY(wh_compress_frame(s->compression, s->level, b->data, b->size, &framed, err));
    return write_bytes(f, &framed, err);
}

static enum wh_status create(struct wh_stage_file *f, char *path, struct wh_error *err)
{
    f->path = path;
    f->fd = STDOUT_FILENO;
    if (path == NULL)
        return WH_OK;
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, path, err));
    WH_TRY(wh_make_dirs(dir, err));
    f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct stat st;
    if (f->fd < 0 || fstat(f->fd, &st) != 0)
        return wh_fail_errno(err, errno, "could not create \"%s\"", path);
    f->inode = st.st_ino;
    return WH_OK;
}

enum wh_status wh_stage_create(struct wh_stage_file *f, const struct wh_stage_setup *s, char *path,
                               struct wh_error *err)
{
    WH_TRY(create(f, path, err));
    WH_CLEANUP(wh_buffer_release) struct wh_buffer start = {.budget = s->budget};
    WH_TRY(s->encoder->ops->begin_file(s->encoder, &start, err));
    return write_framed(f, s, &start, err);
}

/* ---- going on behind an existing file ---- */

static int first_line_bytes(const struct wh_buffer *text)
{
    size_t n = 0;
    while (n < text->size && text->data[n] != '\r' && text->data[n] != '\n')
        n++;
    return (int)n;
}

static enum wh_status check_start(const struct wh_stage_setup *s, const struct wh_file *existing,
                                  const struct wh_context *ctx, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release)
    struct wh_buffer start = {.budget = s->budget}, found = {.budget = s->budget};
    WH_TRY(s->encoder->ops->begin_file(s->encoder, &start, err));
    WH_TRY(wh_buffer_reserve(&found, start.size, err));
    struct wh_input *in;
    WH_TRY(wh_input_open(&in, existing, ctx, err));
    enum wh_status st = WH_OK;
    for (size_t got = 1; st == WH_OK && got > 0 && found.size < start.size; found.size += got) {
        got = 0;
        st = wh_input_read(in, found.data + found.size, start.size - found.size, &got, err);
    }
    wh_input_close(in);
    WH_TRY(st);
    if (wh_slice_eq(wh_slice((char *)start.data, start.size), wh_slice((char *)found.data, found.size)))
        return WH_OK;
    wh_fail(err, WH_CONFIG, "could not append to \"%s\": it does not start with the header \"%.*s\"",
            existing->path, first_line_bytes(&start), (char *)start.data);
    return wh_hint(err, "write the same columns in the same order, or use --mode replace");
}

/* The next piece, by the kernel alone where the file system can. */
static enum wh_status copy_piece(struct wh_stage_file *f, int fd, const struct wh_file *existing,
                                 struct wh_buffer *scratch, struct wh_error *err)
{
    off_t to = (off_t)f->bytes, from = to;
    uint64_t left = existing->size - f->bytes;
    ssize_t n = copy_file_range(fd, &from, f->fd, &to, left, 0);
    if (n > 0) {
        f->bytes += (uint64_t)n;
        return WH_OK;
    }
    WH_TRY(wh_buffer_resize(scratch, (size_t)WH_MIN(left, COPY_BYTES), err));
    WH_TRY(wh_file_pread(fd, existing->path, scratch->data, scratch->size, f->bytes, err));
    return write_bytes(f, scratch, err);
}

static enum wh_status copy_bytes(struct wh_stage_file *f, const struct wh_file *existing,
                                 const struct wh_context *ctx, struct wh_error *err)
{
    int fd = -1;
    WH_TRY(wh_file_open(&fd, existing->path, err));
    struct wh_buffer scratch = {.budget = ctx->budget};
    enum wh_status st = WH_OK;
    while (st == WH_OK && f->bytes < existing->size) {
        st = copy_piece(f, fd, existing, &scratch, err);
        if (st == WH_OK && atomic_load(ctx->cancelled))
            st = wh_fail(err, WH_CANCELLED, "cancelled");
    }
    wh_buffer_release(&scratch);
    close(fd);
    return st;
}

static enum wh_status end_last_line(struct wh_stage_file *f, const struct wh_stage_setup *s,
                                    struct wh_error *err)
{
    char last = '\n';
    if (s->compression == WH_PLAIN && f->bytes > 0 && pread(f->fd, &last, 1, (off_t)f->bytes - 1) != 1)
        return wh_fail_errno(err, errno, "could not read \"%s\"", f->path);
    if (last == '\n')
        return WH_OK;
    struct wh_buffer newline = {0};
    enum wh_status st = wh_buffer_append(&newline, "\n", 1, err);
    if (st == WH_OK)
        st = write_bytes(f, &newline, err);
    wh_buffer_release(&newline);
    return st;
}

enum wh_status wh_stage_create_copy(struct wh_stage_file *f, const struct wh_stage_setup *s, char *path,
                                    const char *existing, const struct wh_context *ctx, struct wh_error *err)
{
    WH_TRY(create(f, path, err));
    struct wh_file old = {0};
    WH_TRY(wh_file_init(&old, existing, err));
    enum wh_status st = check_start(s, &old, ctx, err);
    if (st == WH_OK && old.compression != s->compression)
        st = wh_fail(err, WH_CONFIG, "could not append to \"%s\": its compression is %s, not %s", existing,
                     wh_compression_name(old.compression), wh_compression_name(s->compression));
    if (st == WH_OK)
        st = copy_bytes(f, &old, ctx, err);
    wh_file_release(&old);
    WH_TRY(st);
    f->dirty = true;
    return end_last_line(f, s, err);
}

static enum wh_status add_entry(struct wh_stage_file *f, const struct wh_stage_setup *s, struct wh_part *part,
                                struct wh_error *err)
{
    if (s->encoder->ops->place == NULL)
        return WH_OK;
    struct wh_buffer *entries = wh_realloc_array(f->entries, f->n_entries + 1, sizeof *entries);
    if (entries == NULL)
        return wh_nomem(err);
    f->entries = entries;
    entries[f->n_entries] = (struct wh_buffer){.budget = s->budget};
    f->n_entries++;
    return s->encoder->ops->place(part, f->bytes, &entries[f->n_entries - 1], err);
}

enum wh_status wh_stage_append(struct wh_stage_file *f, const struct wh_stage_setup *s, struct wh_part *part,
                               struct wh_error *err)
{
    WH_TRY(add_entry(f, s, part, err));
    WH_TRY(write_bytes(f, &part->bytes, err));
    f->rows += part->rows;
    return WH_OK;
}

static void drop_entries(struct wh_stage_file *f)
{
    for (size_t i = 0; i < f->n_entries; i++)
        wh_buffer_release(&f->entries[i]);
    free(f->entries);
    f->entries = NULL;
    f->n_entries = 0;
}

enum wh_status wh_stage_end(struct wh_stage_file *f, const struct wh_stage_setup *s, struct wh_error *err)
{
    if (f->ended)
        return WH_OK;
    WH_CLEANUP(wh_buffer_release) struct wh_buffer end = {.budget = s->budget};
    WH_TRY(s->encoder->ops->end_file(s->encoder, f->entries, f->n_entries, f->bytes, f->rows, &end, err));
    WH_TRY(write_framed(f, s, &end, err));
    f->ended = true;
    drop_entries(f); /* they are in the file now */
    return WH_OK;
}

enum wh_status wh_stage_sync(struct wh_stage_file *f, struct wh_error *err)
{
    if (!f->dirty || f->path == NULL)
        return WH_OK;
    WH_TRY(ensure_open(f, err));
    WH_TRY(wh_sync_fd(f->fd, f->path, err));
    f->dirty = false;
    return WH_OK;
}

void wh_stage_close_fd(struct wh_stage_file *f)
{
    if (f->path != NULL && f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

void wh_stage_release(struct wh_stage_file *f)
{
    wh_stage_close_fd(f);
    drop_entries(f);
    free(f->path);
    free(f->folder);
    free(f->name);
    *f = (struct wh_stage_file){.fd = -1};
}

/* ---- checkpoints ---- */

static json_t *to_hex(const struct wh_buffer *b)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * b->size + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < b->size; i++) {
        text[2 * i] = digits[b->data[i] >> 4];
        text[2 * i + 1] = digits[b->data[i] & 15];
    }
    json_t *j = json_stringn_nocheck(text, 2 * b->size);
    free(text);
    return j;
}

json_t *wh_stage_save(const struct wh_stage_file *f)
{
    json_t *entries = json_array();
    for (size_t i = 0; i < f->n_entries; i++)
        json_array_append_new(entries, to_hex(&f->entries[i]));
    if (json_array_size(entries) != f->n_entries) {
        json_decref(entries);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "path", f->path, "folder", f->folder, "name",
                     f->name, "ended", (int)f->ended, "bytes", (json_int_t)f->bytes, "inode",
                     (json_int_t)f->inode, "rows", (json_int_t)f->rows, "entries", entries);
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum wh_status from_hex(struct wh_buffer *b, const json_t *j, struct wh_error *err)
{
    const char *text = json_string_value(j);
    size_t len = json_string_length(j);
    if (text == NULL || len % 2 != 0)
        return wh_fail(err, WH_STATE, "damaged checkpoint");
    WH_TRY(wh_buffer_reserve(b, len / 2, err));
    for (size_t i = 0; i < len; i += 2) {
        int hi = nibble(text[i]), lo = nibble(text[i + 1]);
        if (hi < 0 || lo < 0)
            return wh_fail(err, WH_STATE, "damaged checkpoint");
        b->data[b->size++] = (uint8_t)(hi << 4 | lo);
    }
    return WH_OK;
}

enum wh_status wh_stage_load(struct wh_stage_file *f, const json_t *saved, struct wh_error *err)
{
    const char *path, *folder, *name;
    json_int_t bytes, inode, rows;
    json_t *entries;
    int ended;
    if (json_unpack((json_t *)(uintptr_t)saved, "{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "path", &path,
                    "folder", &folder, "name", &name, "ended", &ended, "bytes", &bytes, "inode", &inode,
                    "rows", &rows, "entries", &entries) != 0)
        return wh_fail(err, WH_STATE, "damaged checkpoint");
    *f = (struct wh_stage_file){
        .fd = -1, .ended = ended != 0, .bytes = (uint64_t)bytes, .inode = (uint64_t)inode, .rows = rows};
    WH_TRY(wh_strdup(&f->path, path, err));
    WH_TRY(wh_strdup(&f->folder, folder, err));
    WH_TRY(wh_strdup(&f->name, name, err));
    size_t n = json_array_size(entries);
    f->entries = wh_alloc_array(n, sizeof *f->entries);
    if (f->entries == NULL)
        return wh_nomem(err);
    for (; f->n_entries < n; f->n_entries++)
        WH_TRY(from_hex(&f->entries[f->n_entries], json_array_get(entries, f->n_entries), err));
    return WH_OK;
}

enum wh_status wh_stage_reopen(struct wh_stage_file *f, bool *gone, struct wh_error *err)
{
    struct stat st;
    *gone = stat(f->path, &st) != 0;
    if (*gone)
        return WH_OK;
    if ((uint64_t)st.st_size < f->bytes || st.st_ino != f->inode)
        return wh_fail(err, WH_STATE, "\"%s\" is not the file that this run wrote", f->path);
    WH_TRY(ensure_open(f, err));
    if (!f->ended && ftruncate(f->fd, (off_t)f->bytes) != 0)
        return wh_fail_errno(err, errno, "could not cut \"%s\" back", f->path);
    f->dirty = true;
    return WH_OK;
}
