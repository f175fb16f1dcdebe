/* format/jsonl/span.c - a chunk's place as text, and its bytes from there; see cut.h.
 *
 * {"file":"a.jsonl","index":0,"offset":0,"length":9,"line":1,"lines":1,"layout":"lines","last":true,"oversize":false}
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/jsonl/cut.h"

static const char *const layout_names[] = {
    [WH_JSONL_LINES] = "lines", [WH_JSONL_IN_ARRAY] = "array", [WH_JSONL_IN_SERIES] = "series"};

/* ---- as text ----------------------------------------------------------------------------------- */

enum wh_status wh_jsonl_span_format(char **out, const struct wh_jsonl_span *span,
                                    const struct wh_file_set *files, struct wh_error *err)
{
    struct wh_buffer text = {0};
    enum wh_status s = wh_buffer_append_text(&text, "{\"file\":", err);
    if (s == WH_OK)
        s = wh_json_string(&text, wh_slice_of(files->files[span->file].path), err);
    if (s == WH_OK)
        s = wh_buffer_printf(&text, err,
                             ",\"index\":%zu,\"offset\":%" PRIu64 ",\"length\":%" PRIu64 ",\"line\":%" PRIu64
                             ",\"lines\":%" PRIu64 ",\"layout\":\"%s\",\"last\":%s,\"oversize\":%s}",
                             span->file, span->offset, span->bytes, span->line, span->lines,
                             layout_names[span->layout], span->is_last ? "true" : "false",
                             span->is_oversize ? "true" : "false");
    if (s == WH_OK)
        s = wh_buffer_take_text(out, &text, err);
    wh_buffer_release(&text);
    return s;
}

static bool get_count(const json_t *position, const char *name, uint64_t *out)
{
    const json_t *value = json_object_get(position, name);
    json_int_t number = json_integer_value(value);
    *out = (uint64_t)number;
    return json_is_integer(value) && number >= 0;
}

static bool get_layout(const json_t *position, enum wh_jsonl_layout *out)
{
    const char *name = json_string_value(json_object_get(position, "layout"));
    for (size_t i = 0; name != NULL && i < WH_COUNT(layout_names); i++)
        if (strcmp(name, layout_names[i]) == 0) {
            *out = (enum wh_jsonl_layout)i;
            return true;
        }
    return false;
}

static bool get_span(const json_t *position, struct wh_jsonl_span *out)
{
    uint64_t file = 0, end;
    bool ok = get_count(position, "index", &file) && get_count(position, "offset", &out->offset) &&
              get_count(position, "length", &out->bytes) && get_count(position, "line", &out->line) &&
              get_count(position, "lines", &out->lines) && get_layout(position, &out->layout);
    out->file = (size_t)file;
    out->is_last = json_is_true(json_object_get(position, "last"));
    out->is_oversize = json_is_true(json_object_get(position, "oversize"));
    return ok && wh_add(out->offset, out->bytes, &end) && end <= INT64_MAX;
}

enum wh_status wh_jsonl_span_parse(struct wh_jsonl_span *out, const char *text,
                                   const struct wh_file_set *files, struct wh_error *err)
{
    struct wh_jsonl_span span = {.file = 0};
    json_t *position;
    WH_TRY(wh_json_load(&position, text, err));
    bool ok = position != NULL && get_span(position, &span) && span.file < files->n_files;
    json_decref(position);
    if (!ok)
        return wh_fail(err, WH_STATE, "could not go to the position \"%s\": it is in none of these files",
                       text);
    *out = span;
    return WH_OK;
}

/* ---- its bytes --------------------------------------------------------------------------------- */

static enum wh_status read_plain(struct wh_buffer *data, const struct wh_jsonl_span *span, const char *path,
                                 size_t n, struct wh_error *err)
{
    int fd;
    WH_TRY(wh_file_open(&fd, path, err));
    enum wh_status s = wh_file_pread(fd, path, data->data, n, span->offset, err);
    close(fd);
    return s;
}

/* Reads exactly n bytes to `to`. */
static enum wh_status read_all(struct wh_input *in, uint8_t *to, size_t n, const char *path,
                               struct wh_error *err)
{
    for (size_t got = 0; n > 0; n -= got, to += got) {
        WH_TRY(wh_input_read(in, to, n, &got, err));
        if (got == 0)
            return wh_fail(err, WH_DATA, "could not read \"%s\": it is shorter than before", path);
    }
    return WH_OK;
}

/* Passes over the first bytes. */
static enum wh_status pass(struct wh_input *in, struct wh_buffer *data, uint64_t left, const char *path,
                           struct wh_error *err)
{
    while (left > 0) {
        size_t n = (size_t)WH_MIN(left, data->capacity);
        WH_TRY(read_all(in, data->data, n, path, err));
        left -= n;
    }
    return WH_OK;
}

enum wh_status wh_jsonl_span_read(struct wh_buffer *data, const struct wh_jsonl_span *span,
                                  const struct wh_file_set *files, const struct wh_context *ctx,
                                  struct wh_error *err)
{
    const struct wh_file *file = &files->files[span->file];
    size_t n = (size_t)(span->is_oversize ? WH_MIN(span->bytes, WH_JSONL_PREVIEW_BYTES) : span->bytes);
    if (file->is_pipe)
        return wh_fail(err, WH_STATE, "could not read \"%s\" again: it is a pipe", file->path);
    data->size = 0;
    WH_TRY(wh_buffer_reserve(data, WH_MAX(n, WH_JSONL_PREVIEW_BYTES), err));
    enum wh_status s;
    if (file->compression == WH_PLAIN) {
        s = read_plain(data, span, file->path, n, err);
    } else {
        struct wh_input *in;
        WH_TRY(wh_input_open(&in, file, ctx, err));
        s = pass(in, data, span->offset, file->path, err);
        if (s == WH_OK)
            s = read_all(in, data->data, n, file->path, err);
        wh_input_close(in);
    }
    if (s == WH_OK)
        data->size = n;
    return s;
}
