/* format/csv/position.c - a chunk's place as JSON:
 *
 *     {"file":"a.csv","index":0,"offset":120,"length":4096,"line":3,"lines":31}
 *
 * offset and length in bytes of the decoded file; index in the set of files; lines end in the chunk. The
 * start of a record that is too long to be kept has "next", the offset behind that record, too. */
#include <jansson.h>

#include "base/bytes.h"
#include "base/mem.h"
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

enum wh_status wh_csv_position_parse(struct wh_csv_position *out, const struct wh_csv_stream *s,
                                     const char *json, struct wh_error *err)
{
    json_int_t file = -1, offset = -1, length = -1, line = -1, lines = -1, next = -1;
    json_t *root = json_loads(json, 0, NULL);
    int bad = json_unpack(root, "{s:I,s:I,s:I,s:I,s:I,s?I}", "index", &file, "offset", &offset, "length",
                          &length, "line", &line, "lines", &lines, "next", &next);
    json_decref(root);
    if (bad != 0 || file < 0 || (uint64_t)file >= s->set->n_files || offset < 0 || length < 0 ||
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
