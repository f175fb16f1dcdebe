/* fuzz_text.c - values of every type from text: "type\ntext". Whatever is read is written and read again
 * without a change; what is refused leaves the column as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "batch/text.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_text(struct wh_column *c, struct wh_slice text)
{
    struct wh_error err;
    struct wh_buffer first = {0}, second = {0};
    int64_t before = c->length;
    enum wh_status s = wh_value_parse(c, text, &err);
    must(s == WH_OK || s == WH_DATA);
    must(c->length == before + (s == WH_OK));
    if (s == WH_OK && !wh_column_is_null(c, before) && wh_value_format(&first, c, before, &err) == WH_OK) {
        struct wh_slice written = wh_slice((const char *)first.data, first.size);
        must(wh_value_parse(c, written, &err) == WH_OK);
        must(wh_value_format(&second, c, before + 1, &err) == WH_OK);
        must(wh_slice_eq(written, wh_slice((const char *)second.data, second.size)));
    }
    wh_buffer_release(&first);
    wh_buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_error err;
    struct wh_field field = {0};
    struct wh_column column;
    const uint8_t *line_end = size == 0 ? NULL : memchr(data, '\n', size);
    char *type = NULL;
    if (line_end == NULL || line_end - data > 200 ||
        !wh_utf8_valid(
            wh_slice((const char *)data, (size_t)(line_end - data)))) /* names of members are UTF-8 */
        return 0;
    if (wh_strndup(&type, (const char *)data, (size_t)(line_end - data), &err) == WH_OK &&
        wh_field_init(&field, "c", WH_NULL, &err) == WH_OK && wh_type_parse(&field, type, &err) == WH_OK &&
        wh_column_init(&column, &field, NULL, &err) == WH_OK) {
        struct wh_slice text = wh_slice((const char *)line_end + 1, size - (size_t)(line_end + 1 - data));
        try_text(&column, text);
        try_text(&column, text);
        wh_column_release(&column);
    }
    wh_field_release(&field);
    free(type);
    return 0;
}
