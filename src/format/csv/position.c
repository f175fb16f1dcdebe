/* format/csv/position.c - a chunk's place as JSON:
 *
 *     {"file":"a.csv","index":0,"offset":120,"length":4096,"line":3,"lines":31}
 *
 * offset and length in bytes of the decoded file; index in the set of files; lines end in the chunk. The
 * start of a record that is too long to be kept has "next", the offset behind that record, too. */
#include "base/bytes.h"
#include "base/mem.h"
#include "base/num.h"
#include "batch/text.h"
#include "format/csv/stream_int.h"

enum wh_status wh_csv_position_format(char **out, const struct wh_csv_stream *s,
                                      const struct wh_csv_position *p, struct wh_error *err)
{
    const struct wh_csv_extent *e = &p->extent;
    struct wh_buffer text = {0};
    enum wh_status status = wh_buffer_append_text(&text, "{\"file\":", err);
    if (status == WH_OK)
        status = wh_json_string(&text, wh_slice_of(s->set->files[p->file].path), err);
    if (status == WH_OK)
        status = wh_buffer_printf(
            &text, err, ",\"index\":%zu,\"offset\":%llu,\"length\":%llu,\"line\":%llu,\"lines\":%llu",
            p->file, (unsigned long long)e->offset, (unsigned long long)e->length,
            (unsigned long long)e->line, (unsigned long long)e->lines);
    if (status == WH_OK && e->cut_off)
        status = wh_buffer_printf(&text, err, ",\"next\":%llu", (unsigned long long)e->next);
    if (status == WH_OK)
        status = wh_buffer_append_text(&text, "}", err);
    if (status == WH_OK)
        status = wh_buffer_take_text(out, &text, err);
    wh_buffer_release(&text);
    return status;
}

/* The number behind a key; -1: there is none. Quotes inside of JSON strings stand behind a backslash, so that
 * no file name is taken for a key. No memory is needed, and none can be missing. */
static int64_t number_of(const char *json, const char *key)
{
    size_t len = strlen(key);
    for (const char *p = json; (p = strchr(p, '"')) != NULL; p++) {
        if ((p > json && p[-1] == '\\') || strncmp(p + 1, key, len) != 0 || p[len + 1] != '"')
            continue;
        p += len + 2;
        p += strspn(p, " :");
        size_t digits = strspn(p, "0123456789");
        int64_t value;
        return wh_parse_i64(wh_slice(p, digits), &value) ? value : -1;
    }
    return -1;
}

enum wh_status wh_csv_position_parse(struct wh_csv_position *out, const struct wh_csv_stream *s,
                                     const char *json, struct wh_error *err)
{
    int64_t file = number_of(json, "index"), offset = number_of(json, "offset"),
            length = number_of(json, "length"), line = number_of(json, "line"),
            lines = number_of(json, "lines"), next = number_of(json, "next");
    if (file < 0 || (uint64_t)file >= s->set->n_files || offset < 0 || length < 0 ||
        length > UINT32_MAX / 2 || offset > INT64_MAX - length || line < 1 || lines < 0)
        return wh_fail(err, WH_STATE, "invalid position of a CSV chunk: %s", json);
    struct wh_csv_extent *e = &out->extent;
    out->file = (size_t)file;
    *e = (struct wh_csv_extent){.offset = (uint64_t)offset, .length = (uint64_t)length};
    e->line = (uint64_t)line;
    e->lines = (uint64_t)lines;
    e->cut_off = next >= 0;
    e->next = next >= 0 ? (uint64_t)next : e->offset + e->length;
    return WH_OK;
}
