/* fuzz_cast.c - casts of values of any type to any type: "from\nto\nvalue\nvalue...", an empty line is null.
 * What a cast keeps, it keeps when it goes back and forth once more. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "batch/cast.h"
#include "batch/text.h"

enum { MAX_TYPE = 200 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The next line of *rest; false at its end. */
static bool next_line(struct wh_slice *rest, struct wh_slice *out)
{
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->ptr, '\n', rest->len);
    *out = wh_slice(rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr));
    size_t taken = out->len + (end != NULL);
    *rest = wh_slice(rest->ptr + taken, rest->len - taken);
    return true;
}

static bool read_type(struct wh_field *out, struct wh_slice *rest)
{
    struct wh_error err;
    struct wh_slice line;
    char text[MAX_TYPE + 1];
    if (!next_line(rest, &line) || line.len > MAX_TYPE)
        return false;
    memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    return wh_type_parse(out, text, &err) == WH_OK;
}

static void check(const struct wh_column *c)
{
    struct wh_error err;
    struct wh_field f = *c->field;
    struct wh_column column = *c;
    struct wh_schema s = {&f, 1};
    struct wh_batch b = {.schema = &s, .rows = c->length, .columns = &column};
    must(wh_batch_check(&b, &err) == WH_OK);
}

/* Casts into *out (initialised here); bad has room. False: the types do not go together. */
static bool cast(struct wh_column *out, const struct wh_field *to, const struct wh_column *in, uint8_t *bad)
{
    struct wh_error err;
    int64_t n_bad = 0;
    must(wh_column_init(out, to, NULL, &err) == WH_OK);
    memset(bad, 0, wh_bitmap_bytes(in->length));
    enum wh_status s = wh_cast_column(out, in, bad, &n_bad, &err);
    enum wh_cast_class class = wh_cast_class(in->field, to);
    must(s == (class == WH_CAST_NONE ? WH_CONFIG : WH_OK));
    if (s != WH_OK)
        return false;
    check(out);
    must(out->length == in->length);
    must(n_bad == wh_bitmap_count(bad, in->length));
    must(n_bad == 0 || class == WH_CAST_CHECKED);
    for (int64_t i = 0; i < in->length; i++)
        must(wh_bit_get(bad, i)
                 ? wh_column_is_null(out, i)
                 : wh_column_is_null(out, i) == wh_column_is_null(in, i) || in->field->type == WH_JSON);
    return true;
}

static void must_equal(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    struct wh_error err;
    struct wh_buffer x = {0}, y = {0};
    must(wh_value_format(&x, a, i, &err) == WH_OK && wh_value_format(&y, b, i, &err) == WH_OK);
    must(wh_slice_eq(wh_slice((const char *)x.data, x.size), wh_slice((const char *)y.data, y.size)));
    wh_buffer_release(&x);
    wh_buffer_release(&y);
}

static void try_casts(const struct wh_column *in, const struct wh_field *to)
{
    uint8_t *bad = wh_alloc(wh_bitmap_bytes(in->length));
    struct wh_column there = {0}, back = {0}, again = {0};
    must(bad != NULL);
    if (cast(&there, to, in, bad) && cast(&back, in->field, &there, bad) && cast(&again, to, &back, bad))
        for (int64_t i = 0; i < in->length; i++)
            if (!wh_column_is_null(&there, i) && !wh_column_is_null(&back, i) &&
                !wh_column_is_null(&again, i))
                must_equal(&there, &again, i);
    wh_column_release(&there);
    wh_column_release(&back);
    wh_column_release(&again);
    free(bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_error err;
    struct wh_field from = {0}, to = {0};
    struct wh_slice rest = wh_slice((const char *)data, size), line;
    struct wh_column in;
    if (read_type(&from, &rest) && read_type(&to, &rest) && wh_column_init(&in, &from, NULL, &err) == WH_OK) {
        while (next_line(&rest, &line))
            if (line.len == 0 || wh_value_parse(&in, line, &err) != WH_OK)
                must(wh_column_append_null(&in, &err) == WH_OK);
        try_casts(&in, &to);
        wh_column_release(&in);
    }
    wh_field_release(&from);
    wh_field_release(&to);
    return 0;
}
