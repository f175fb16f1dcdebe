/* engine/rejects.c - see engine/rejects.h. */
#include "engine/rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "batch/text.h"

#define MAX_TEXT_BYTES ((size_t)1 << 20) /* of an original row that is kept */
#define MAX_NAME_BYTES ((size_t)200)     /* of a stream's name in the name of its file */

enum wh_status wh_reject_limit_parse(struct wh_reject_limit *out, const char *text, struct wh_error *err)
{
    struct wh_slice s = wh_slice_of(text);
    struct wh_reject_limit l = {.rows = -1, .percent = -1};
    bool percent = s.len > 1 && s.ptr[s.len - 1] == '%';
    s.len -= percent;
    bool ok = percent ? wh_parse_f64(s, &l.percent) && l.percent >= 0 && l.percent <= 100
                      : wh_parse_i64(s, &l.rows) && l.rows >= 0;
    if (!ok) {
        wh_fail(err, WH_CONFIG, "invalid --max-rejects \"%s\"", text);
        return wh_hint(err, "write a number of rows (100) or a share of the rows read (0.5%%)");
    }
    *out = l;
    return WH_OK;
}

/* ---- a chunk's sink ---- */

static enum wh_status append_member(struct wh_buffer *b, const char *name, struct wh_slice text,
                                    struct wh_error *err)
{
    if (text.ptr == NULL)
        return WH_OK;
    WH_TRY(wh_buffer_printf(b, err, ",\"%s\":", name));
    return wh_json_string(b, text, err);
}

static struct wh_slice optional(const char *text)
{
    return text == NULL ? (struct wh_slice){0} : wh_slice_of(text);
}

static enum wh_status append_line(struct wh_chunk_rejects *c, const struct wh_reject *r, struct wh_error *err)
{
    WH_TRY(wh_buffer_printf(&c->lines, err, "{\"seq\":%lld", (long long)c->seq));
    WH_TRY(append_member(&c->lines, "file", optional(r->file), err));
    if (r->line > 0)
        WH_TRY(wh_buffer_printf(&c->lines, err, ",\"line\":%llu", (unsigned long long)r->line));
    if (r->row >= 0)
        WH_TRY(wh_buffer_printf(&c->lines, err, ",\"row\":%lld", (long long)r->row));
    WH_TRY(append_member(&c->lines, "column", optional(r->column), err));
    WH_TRY(append_member(&c->lines, "reason", optional(r->reason), err));
    WH_TRY(append_member(&c->lines, "text", wh_slice(r->text.ptr, WH_MIN(r->text.len, MAX_TEXT_BYTES)), err));
    if (r->text.len > MAX_TEXT_BYTES)
        WH_TRY(wh_buffer_printf(&c->lines, err, ",\"text_bytes\":%zu", r->text.len));
    return wh_buffer_append_text(&c->lines, "}\n", err);
}

static enum wh_status write_lines(struct wh_quarantine *q, struct wh_chunk_rejects *c, struct wh_error *err);

/* The first reject over the limit is what the user reads: it says where and why. */
static enum wh_status over_budget(struct wh_quarantine *q, const struct wh_reject *r, struct wh_error *err)
{
    atomic_store(&q->over_budget, true);
    wh_fail(err, WH_DATA, "row rejected: %s", r->reason);
    if (r->column != NULL)
        wh_wrap(err, "column \"%s\"", r->column);
    if (r->line > 0)
        wh_wrap(err, "line %llu", (unsigned long long)r->line);
    else if (r->row >= 0)
        wh_wrap(err, "row %lld", (long long)r->row);
    if (r->file != NULL)
        wh_wrap(err, "file \"%s\"", r->file);
    return wh_hint(
        err, "mend the row, declare the column's type with --columns, or allow rejects with --max-rejects");
}

static enum wh_status sink_add(struct wh_reject_sink *sink, const struct wh_reject *r, struct wh_error *err)
{
    struct wh_chunk_rejects *c = (struct wh_chunk_rejects *)sink;
    WH_TRY(append_line(c, r, err));
    c->n_rows++;
    struct wh_quarantine *q = c->quarantine;
    if (c->committing)
        WH_TRY(write_lines(q, c, err));
    int64_t n = atomic_fetch_add(&q->n_rows, 1) + 1;
    return q->limit.rows >= 0 && n > q->limit.rows ? over_budget(q, r, err) : WH_OK;
}

enum wh_status wh_chunk_rejects_new(struct wh_chunk_rejects **out, struct wh_quarantine *q, int64_t seq,
                                    struct wh_budget *budget, struct wh_error *err)
{
    struct wh_chunk_rejects *c = wh_alloc(sizeof *c);
    if (c == NULL)
        return wh_nomem(err);
    *c = (struct wh_chunk_rejects){
        .base = {.add = sink_add}, .quarantine = q, .seq = seq, .lines = {.budget = budget}};
    *out = c;
    return WH_OK;
}

void wh_chunk_rejects_free(struct wh_chunk_rejects *c)
{
    if (c == NULL)
        return;
    wh_buffer_release(&c->lines);
    free(c);
}

/* ---- the quarantine ---- */

/* Length of the file's lines that belong to chunks before next_seq, and how many they are. */
static enum wh_status find_cut(const char *path, int64_t next_seq, off_t *length, int64_t *rows,
                               struct wh_error *err)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return wh_fail_errno(err, errno, "could not open \"%s\"", path);
    char *line = NULL;
    size_t capacity = 0;
    *length = 0;
    *rows = 0;
    for (ssize_t n; (n = getline(&line, &capacity, f)) > 0 && line[n - 1] == '\n';) {
        long long seq;
        if (sscanf(line, "{\"seq\":%lld", &seq) != 1 || seq >= next_seq)
            break;
        *length += n;
        ++*rows;
    }
    free(line);
    fclose(f);
    return WH_OK;
}

/* The stream's name where it can be that of a file, else one with a hash behind: no two streams share it. */
static void make_name(char *out, size_t size, const char *stream)
{
    size_t len = strlen(stream);
    bool plain = len <= MAX_NAME_BYTES && strchr(stream, '/') == NULL;
    int n = snprintf(out, size, "%.*s", (int)WH_MIN(len, MAX_NAME_BYTES), stream);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '/')
            *c = '_';
    if (plain)
        snprintf(out + n, size - (size_t)n, ".jsonl");
    else
        snprintf(out + n, size - (size_t)n, "-%016llx.jsonl", (unsigned long long)XXH3_64bits(stream, len));
}

enum wh_status wh_quarantine_open(struct wh_quarantine *q, const char *folder, const char *stream,
                                  int64_t next_seq, struct wh_error *err)
{
    q->fd = -1;
    free(q->path);
    q->path = NULL;
    char name[MAX_NAME_BYTES + 32];
    make_name(name, sizeof name, stream);
    WH_TRY(wh_path_join(&q->path, folder, name, err));
    atomic_store(&q->n_rows, 0);
    atomic_store(&q->over_budget, false);
    if (!wh_exists(q->path))
        return WH_OK;
    off_t length = 0;
    int64_t rows = 0;
    WH_TRY(find_cut(q->path, next_seq, &length, &rows, err));
    if (truncate(q->path, length) != 0)
        return wh_fail_errno(err, errno, "could not cut \"%s\"", q->path);
    atomic_store(&q->n_rows, rows);
    return WH_OK;
}

static enum wh_status open_file(struct wh_quarantine *q, struct wh_error *err)
{
    if (q->fd >= 0)
        return WH_OK;
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, q->path, err));
    WH_TRY(wh_make_dirs(dir, err));
    q->fd = open(q->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return q->fd >= 0 ? WH_OK : wh_fail_errno(err, errno, "could not create \"%s\"", q->path);
}

static enum wh_status write_lines(struct wh_quarantine *q, struct wh_chunk_rejects *c, struct wh_error *err)
{
    WH_TRY(open_file(q, err));
    WH_TRY(wh_write_all(q->fd, q->path, c->lines.data, c->lines.size, err));
    c->lines.size = 0;
    return WH_OK;
}

enum wh_status wh_quarantine_append(struct wh_quarantine *q, struct wh_chunk_rejects *c, struct wh_error *err)
{
    c->committing = true;
    if (c->lines.size == 0)
        return WH_OK;
    WH_TRY(write_lines(q, c, err));
    return wh_sync_fd(q->fd, q->path, err);
}

enum wh_status wh_quarantine_finish(struct wh_quarantine *q, int64_t rows_read, struct wh_error *err)
{
    if (q->fd >= 0)
        WH_TRY(wh_sync_fd(q->fd, q->path, err));
    int64_t n = atomic_load(&q->n_rows);
    if (q->limit.percent < 0 || n == 0 || (double)n * 100 <= q->limit.percent * (double)rows_read)
        return WH_OK;
    atomic_store(&q->over_budget, true);
    wh_fail(err, WH_DATA, "%lld of %lld rows were rejected, more than %g%%", (long long)n,
            (long long)rows_read, q->limit.percent);
    return wh_hint(err, "the rows and reasons are in \"%s\"", q->path);
}

void wh_quarantine_close(struct wh_quarantine *q)
{
    if (q->fd >= 0)
        close(q->fd);
    q->fd = -1;
    free(q->path);
    q->path = NULL;
}
