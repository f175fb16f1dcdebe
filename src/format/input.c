/* format/input.c - planned files and their bytes in order; see format/input.h. */
#include "format/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "format/decompress.h"

#define RAW_BYTES ((size_t)256 << 10)        /* one read of the file */
#define PIPE_WAIT_MS 200                     /* between looks for a cancelled job */
#define BOMB_FREE_BYTES ((uint64_t)64 << 20) /* output that is never suspicious */
#define BOMB_RATIO 250                       /* real text reaches 100:1 at times */

struct wh_input {
    const struct wh_context *context; /* lent */
    char *path;                       /* owned; for messages */
    int fd;
    bool owns_fd;
    bool is_pipe;
    bool eof;                                   /* the file has no more bytes */
    bool detected;                              /* compression is known */
    const struct wh_decompressor *decompressor; /* NULL: plain */
    void *state;
    bool at_end;                 /* a compressed frame is complete */
    uint64_t consumed, produced; /* bytes */
    struct wh_buffer raw;        /* bytes of the file not yet decompressed: [raw_pos, raw.size) */
    size_t raw_pos;
    struct wh_buffer unread; /* bytes put back: [unread_pos, unread.size) */
    size_t unread_pos;
};

enum wh_status wh_file_open(int *fd, const char *path, struct wh_error *err)
{
    int got = open(path, O_RDONLY | O_CLOEXEC);
    if (got < 0) {
        wh_fail_errno(err, errno, "could not open file \"%s\"", path);
        if (err->os_errno == ENOENT || err->os_errno == ENOTDIR)
            err->code = WH_DATA; /* it was there when the plan was made */
        return err->code;
    }
    *fd = got;
    return WH_OK;
}

static enum wh_status read_once(int fd, const char *path, void *out, size_t n, size_t *got,
                                struct wh_error *err)
{
    for (;;) {
        ssize_t r = read(fd, out, n);
        if (r >= 0) {
            *got = (size_t)r;
            return WH_OK;
        }
        if (errno != EINTR)
            return wh_fail_errno(err, errno, "could not read \"%s\"", path);
    }
}

enum wh_status wh_file_pread(int fd, const char *path, void *out, size_t n, uint64_t offset,
                             struct wh_error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t r = pread(fd, (char *)out + done, n - done, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return wh_fail_errno(err, errno, "could not read \"%s\" at byte %llu", path,
                                 (unsigned long long)offset);
        if (r == 0)
            return wh_fail(err, WH_DATA, "file \"%s\" ends at byte %llu, %zu bytes short", path,
                           (unsigned long long)(offset + done), n - done);
        done += (size_t)r;
    }
    return WH_OK;
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static enum wh_status detect_file(struct wh_file *f, struct wh_error *err)
{
    int fd = -1;
    WH_TRY(wh_file_open(&fd, f->path, err));
    char head[16];
    size_t got = 0;
    enum wh_status s = read_once(fd, f->path, head, sizeof head, &got, err);
    close(fd);
    f->compression = wh_compression_detect(wh_slice(head, got));
    return s;
}

static enum wh_status stat_file(struct wh_file *f, struct wh_error *err)
{
    struct stat st;
    if (stat(f->path, &st) != 0) {
        wh_fail_errno(err, errno, "could not open file \"%s\"", f->path);
        if (errno == ENOENT || errno == ENOTDIR)
            err->code = WH_CONFIG;
        return err->code;
    }
    if (S_ISDIR(st.st_mode))
        return wh_fail(err, WH_CONFIG, "could not open file \"%s\": it is a folder", f->path);
    f->size = (uint64_t)st.st_size;
    f->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    f->inode = st.st_ino;
    f->is_pipe = !S_ISREG(st.st_mode);
    return f->is_pipe ? WH_OK : detect_file(f, err);
}

enum wh_status wh_file_init(struct wh_file *out, const char *path, struct wh_error *err)
{
    struct wh_file f = {.is_pipe = is_stdin(path)};
    WH_TRY(wh_strdup(&f.path, path, err));
    enum wh_status s = f.is_pipe ? WH_OK : stat_file(&f, err);
    if (s != WH_OK) {
        wh_file_release(&f);
        return s;
    }
    *out = f;
    return WH_OK;
}

enum wh_status wh_file_unchanged(const struct wh_file *f, struct wh_error *err)
{
    if (f->is_pipe)
        return WH_OK;
    struct stat st;
    if (stat(f->path, &st) != 0)
        return wh_fail(err, WH_DATA, "file \"%s\" vanished while it was read: %s", f->path, strerror(errno));
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if ((uint64_t)st.st_size == f->size && mtime_ns == f->mtime_ns && st.st_ino == f->inode)
        return WH_OK;
    wh_fail(err, WH_DATA, "file \"%s\" changed while it was read", f->path);
    return wh_hint(err, "run again when nothing writes to the file, or copy it first");
}

void wh_file_release(struct wh_file *f)
{
    free(f->path);
    *f = (struct wh_file){0};
}

void wh_file_set_release(struct wh_file_set *set)
{
    for (size_t i = 0; i < set->n_files; i++)
        wh_file_release(&set->files[i]);
    free(set->files);
    *set = (struct wh_file_set){0};
}

/* ---- input ---- */

static void set_compression(struct wh_input *in, enum wh_compression c)
{
    in->decompressor = wh_decompressor_of(c);
    in->detected = true;
}

enum wh_status wh_input_open(struct wh_input **out, const struct wh_file *f, const struct wh_context *ctx,
                             struct wh_error *err)
{
    struct wh_input *in = wh_alloc(sizeof *in);
    if (in == NULL)
        return wh_nomem(err);
    in->context = ctx;
    in->fd = STDIN_FILENO;
    in->is_pipe = f->is_pipe;
    in->raw.budget = in->unread.budget = ctx->budget;
    enum wh_status s = wh_strdup(&in->path, is_stdin(f->path) ? "standard input" : f->path, err);
    if (s == WH_OK && !is_stdin(f->path)) {
        s = wh_file_open(&in->fd, f->path, err);
        in->owns_fd = s == WH_OK;
    }
    if (s == WH_OK)
        s = wh_buffer_reserve(&in->raw, RAW_BYTES, err);
    if (s != WH_OK) {
        wh_input_close(in);
        return s;
    }
    if (!f->is_pipe) {
        set_compression(in, f->compression);
        (void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    *out = in;
    return WH_OK;
}

/* A pipe may stay silent for long: the wish to stop is looked for meanwhile. */
static enum wh_status read_input(struct wh_input *in, void *out, size_t n, size_t *got, struct wh_error *err)
{
    while (in->is_pipe) {
        struct pollfd wait = {.fd = in->fd, .events = POLLIN};
        int ready = poll(&wait, 1, PIPE_WAIT_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            break;
        if (atomic_load_explicit(in->context->cancelled, memory_order_relaxed))
            return wh_fail(err, WH_CANCELLED, "cancelled");
    }
    return read_once(in->fd, in->path, out, n, got, err);
}

/* Refills raw when it is used up. */
static enum wh_status fill_raw(struct wh_input *in, struct wh_error *err)
{
    if (in->raw_pos < in->raw.size || in->eof)
        return WH_OK;
    size_t got = 0;
    WH_TRY(read_input(in, in->raw.data, RAW_BYTES, &got, err));
    in->raw.size = got;
    in->raw_pos = 0;
    in->consumed += got;
    in->eof = got == 0;
    return WH_OK;
}

/* A pipe's compression is only known from its first bytes, which may come one by one. */
static enum wh_status detect_pipe(struct wh_input *in, struct wh_error *err)
{
    while (in->raw.size < 16 && !in->eof) {
        size_t got = 0;
        WH_TRY(read_input(in, in->raw.data + in->raw.size, RAW_BYTES - in->raw.size, &got, err));
        in->raw.size += got;
        in->consumed += got;
        in->eof = got == 0;
    }
    set_compression(in, wh_compression_detect(wh_slice((char *)in->raw.data, in->raw.size)));
    return WH_OK;
}

static enum wh_status read_plain(struct wh_input *in, void *out, size_t n, size_t *got, struct wh_error *err)
{
    size_t left = in->raw.size - in->raw_pos;
    if (left == 0) { /* straight into the caller's memory */
        WH_TRY(read_input(in, out, n, got, err));
        in->consumed += *got;
        return WH_OK;
    }
    *got = WH_MIN(n, left);
    memcpy(out, in->raw.data + in->raw_pos, *got);
    in->raw_pos += *got;
    return WH_OK;
}

static enum wh_status check_bomb(const struct wh_input *in, struct wh_error *err)
{
    if (in->produced <= BOMB_FREE_BYTES || in->produced / BOMB_RATIO <= in->consumed)
        return WH_OK;
    wh_fail(err, WH_LIMIT, "could not decompress \"%s\": more than %d bytes come out of each byte", in->path,
            BOMB_RATIO);
    return wh_hint(err, "this looks like a decompression bomb; decompress the file yourself if it is not");
}

static enum wh_status read_compressed(struct wh_input *in, void *out, size_t n, size_t *got,
                                      struct wh_error *err)
{
    if (in->state == NULL)
        WH_TRY(in->decompressor->open(&in->state, err));
    struct wh_flow flow = {.out = out, .out_len = n};
    while (flow.out_len == n) {
        WH_TRY(fill_raw(in, err));
        if (in->raw_pos == in->raw.size && in->at_end)
            break;
        flow.in = in->raw.data + in->raw_pos;
        flow.in_len = in->raw.size - in->raw_pos;
        size_t before = flow.in_len;
        enum wh_status s = in->decompressor->step(in->state, &flow, &in->at_end, err);
        if (s != WH_OK)
            return wh_wrap(err, "could not decompress \"%s\"", in->path);
        in->raw_pos += before - flow.in_len;
        if (in->eof && before == flow.in_len && flow.out_len == n && !in->at_end)
            return wh_fail(err, WH_DATA, "could not decompress \"%s\": the %s data ends too early", in->path,
                           in->decompressor->name);
    }
    *got = n - flow.out_len;
    in->produced += *got;
    return check_bomb(in, err);
}

enum wh_status wh_input_read(struct wh_input *in, void *out, size_t n, size_t *got, struct wh_error *err)
{
    if (atomic_load_explicit(in->context->cancelled, memory_order_relaxed))
        return wh_fail(err, WH_CANCELLED, "cancelled");
    if (!in->detected)
        WH_TRY(detect_pipe(in, err));
    size_t back = in->unread.size - in->unread_pos;
    if (back > 0) {
        *got = WH_MIN(n, back);
        memcpy(out, in->unread.data + in->unread_pos, *got);
        in->unread_pos += *got;
        if (in->unread_pos == in->unread.size) {
            wh_buffer_release(&in->unread);
            in->unread_pos = 0;
        }
        return WH_OK;
    }
    return in->decompressor == NULL ? read_plain(in, out, n, got, err)
                                    : read_compressed(in, out, n, got, err);
}

uint64_t wh_input_consumed(const struct wh_input *in)
{
    return in->consumed;
}

enum wh_status wh_input_unread(struct wh_input *in, const void *bytes, size_t n, struct wh_error *err)
{
    struct wh_buffer joined = {.budget = in->unread.budget};
    size_t back = in->unread.size - in->unread_pos;
    WH_TRY(wh_buffer_reserve(&joined, n + back, err));
    memcpy(joined.data, bytes, n);
    if (back > 0)
        memcpy(joined.data + n, in->unread.data + in->unread_pos, back);
    joined.size = n + back;
    wh_buffer_move(&in->unread, &joined);
    in->unread_pos = 0;
    return WH_OK;
}

void wh_input_close(struct wh_input *in)
{
    if (in == NULL)
        return;
    if (in->decompressor != NULL)
        in->decompressor->close(in->state);
    if (in->owns_fd)
        close(in->fd);
    wh_buffer_release(&in->raw);
    wh_buffer_release(&in->unread);
    free(in->path);
    free(in);
}
