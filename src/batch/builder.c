/* batch/builder.c - filling batches value by value; see batch/builder.h. */
#include "batch/builder.h"

#include "base/mem.h"
#include "batch/column_int.h"

enum { FIRST_ROWS = 64 }; /* room that the first append makes */

/* ---- life of a column ------------------------------------------------------------------------- */

enum wh_status wh_column_init(struct wh_column *c, const struct wh_field *field, struct wh_budget *budget,
                              struct wh_error *err)
{
    struct wh_column made = {.field = field};
    made.validity.budget = made.offsets.budget = made.data.budget = budget;
    enum wh_status s = WH_OK;
    if (field->n_children > 0) {
        made.children = wh_alloc_array(field->n_children, sizeof *made.children);
        if (made.children == NULL)
            return wh_nomem(err);
    }
    for (size_t i = 0; s == WH_OK && i < field->n_children; i++)
        s = wh_column_init(&made.children[i], &field->children[i], budget, err);
    if (s == WH_OK && wh_type_has_offsets(field->type))
        s = wh_column_start_offsets(&made, err);
    if (s != WH_OK)
        wh_column_release(&made);
    else
        *c = made;
    return s;
}

void wh_column_reset(struct wh_column *c)
{
    c->length = c->null_count = 0;
    c->validity.size = c->data.size = c->offsets.size = 0;
    if (wh_type_has_offsets(c->field->type) && c->offsets.data != NULL)
        wh_buffer_put(&c->offsets, &(int32_t){0}, sizeof(int32_t));
    for (size_t i = 0; i < c->field->n_children; i++)
        wh_column_reset(&c->children[i]);
}

void wh_column_release(struct wh_column *c)
{
    if (c == NULL)
        return;
    /* A half-built column has children without a field behind the one that failed. */
    for (size_t i = 0; c->children != NULL && i < c->field->n_children; i++)
        if (c->children[i].field != NULL)
            wh_column_release(&c->children[i]);
    free(c->children);
    wh_buffer_release(&c->validity);
    wh_buffer_release(&c->offsets);
    wh_buffer_release(&c->data);
    *c = (struct wh_column){0};
}

size_t wh_column_bytes(const struct wh_column *c)
{
    size_t bytes = c->validity.capacity + c->offsets.capacity + c->data.capacity;
    for (size_t i = 0; i < c->field->n_children; i++)
        bytes += wh_column_bytes(&c->children[i]);
    return bytes;
}

/* ---- room ------------------------------------------------------------------------------------- */

enum wh_status wh_column_start_offsets(struct wh_column *c, struct wh_error *err)
{
    return c->offsets.size > 0 ? WH_OK : wh_buffer_append(&c->offsets, &(int32_t){0}, sizeof(int32_t), err);
}

enum wh_status wh_column_too_big(const struct wh_column *c, struct wh_error *err)
{
    wh_fail(err, WH_LIMIT, "could not add to column \"%s\": one batch holds less than 2 GiB of it",
            c->field->name == NULL ? "" : c->field->name);
    return wh_hint(err, "use smaller chunks with --chunk-size");
}

/* Bytes that n more values take in data, apart from those of UTF8, JSON and BINARY. */
static bool data_bytes(const struct wh_column *c, int64_t n, size_t *out)
{
    int64_t values;
    if (!wh_add(c->length, n, &values) || values < c->length)
        return false;
    if (c->field->type == WH_BOOL)
        *out = wh_bitmap_bytes(values) - c->data.size;
    else if (!wh_mul((size_t)n, wh_type_width(c->field), out))
        return false;
    return true;
}

enum wh_status wh_column_reserve(struct wh_column *c, int64_t n, size_t bytes, struct wh_error *err)
{
    enum wh_type type = c->field->type;
    size_t fixed;
    if (n < 0 || n > INT64_MAX / 64 || !data_bytes(c, n, &fixed))
        return wh_nomem(err);
    if (type == WH_NULL)
        return WH_OK;
    WH_TRY(wh_buffer_reserve(&c->validity, wh_bitmap_bytes(c->length + n) - c->validity.size, err));
    if (type == WH_STRUCT) {
        for (size_t i = 0; i < c->field->n_children; i++)
            WH_TRY(wh_column_reserve(&c->children[i], n, 0, err));
        return WH_OK;
    }
    if (!wh_type_has_offsets(type))
        return wh_buffer_reserve(&c->data, fixed, err);
    WH_TRY(wh_column_start_offsets(c, err));
    WH_TRY(wh_buffer_reserve(&c->offsets, (size_t)n * sizeof(int32_t), err));
    if (!wh_type_is_bytes(type))
        return WH_OK;
    if (bytes > INT32_MAX - c->data.size)
        return wh_column_too_big(c, err);
    return wh_buffer_reserve(&c->data, bytes, err);
}

/* Room for one more value. */
static enum wh_status grow(struct wh_column *c, size_t bytes, struct wh_error *err)
{
    bool validity_ok = wh_bitmap_bytes(c->length + 1) <= c->validity.capacity;
    bool offsets_ok = !wh_type_has_offsets(c->field->type) ||
                      (c->offsets.size > 0 && c->offsets.capacity - c->offsets.size >= sizeof(int32_t));
    size_t more = bytes;
    if (c->field->type == WH_BOOL)
        more = wh_bitmap_bytes(c->length + 1) - c->data.size;
    else if (!wh_type_is_bytes(c->field->type))
        more = wh_type_width(c->field);
    if (validity_ok && offsets_ok && more <= c->data.capacity - c->data.size)
        return WH_OK;
    WH_TRY(wh_column_reserve(c, WH_MAX(c->length, FIRST_ROWS), 0, err));
    return bytes == 0 ? WH_OK : wh_buffer_reserve(&c->data, bytes, err);
}

/* ---- validity --------------------------------------------------------------------------------- */

/* Makes the bitmap with all values so far present; room is reserved. */
void wh_column_start_validity(struct wh_column *c)
{
    if (c->validity.size != 0 || c->length == 0)
        return;
    c->validity.size = wh_bitmap_bytes(c->length);
    memset(c->validity.data, 0xff, c->validity.size);
    if ((c->length & 7) != 0)
        c->validity.data[c->validity.size - 1] = (uint8_t)((1u << (c->length & 7)) - 1);
}

/* Puts a bit at index i = number of bits so far. */
static void put_bit(struct wh_buffer *map, int64_t i, bool bit)
{
    if ((i & 7) == 0)
        map->data[map->size++] = bit;
    else if (bit)
        wh_bit_set(map->data, i);
}

void wh_column_mark_valid(struct wh_column *c)
{
    put_bit(&c->validity, c->length, true);
}

static void count_value(struct wh_column *c)
{
    if (c->validity.size != 0)
        wh_column_mark_valid(c);
    c->length++;
}

static void mark_null(struct wh_column *c)
{
    wh_column_start_validity(c);
    put_bit(&c->validity, c->length, false);
    c->length++;
    c->null_count++;
}

/* ---- values ----------------------------------------------------------------------------------- */

void wh_column_put_bool(struct wh_column *c, bool value)
{
    put_bit(&c->data, c->length, value);
    count_value(c);
}

void wh_column_put_bytes(struct wh_column *c, const void *bytes, size_t n)
{
    if (n > 0)
        wh_buffer_put(&c->data, bytes, n);
    wh_buffer_put(&c->offsets, &(int32_t){(int32_t)c->data.size}, sizeof(int32_t));
    count_value(c);
}

/* The value that stands behind a null: zero, empty. */
static void put_zero(struct wh_column *c)
{
    enum wh_type type = c->field->type;
    if (type == WH_BOOL) {
        put_bit(&c->data, c->length, false);
    } else if (wh_type_has_offsets(type)) {
        int32_t last;
        memcpy(&last, c->offsets.data + c->offsets.size - sizeof last, sizeof last);
        wh_buffer_put(&c->offsets, &last, sizeof last);
    } else {
        size_t width = wh_type_width(c->field);
        if (width > 0)
            memset(c->data.data + c->data.size, 0, width);
        c->data.size += width;
    }
}

void wh_column_put_null(struct wh_column *c)
{
    if (c->field->type == WH_NULL) {
        c->length++;
        c->null_count++;
        return;
    }
    put_zero(c);
    mark_null(c);
}

enum wh_status wh_column_append_null(struct wh_column *c, struct wh_error *err)
{
    if (c->field->type != WH_NULL)
        WH_TRY(grow(c, 0, err));
    if (c->field->type == WH_STRUCT) {
        for (size_t i = 0; i < c->field->n_children; i++) {
            enum wh_status s = wh_column_append_null(&c->children[i], err);
            if (s != WH_OK) {
                while (i-- > 0)
                    wh_column_truncate(&c->children[i], c->length);
                return s;
            }
        }
    }
    wh_column_put_null(c);
    return WH_OK;
}

enum wh_status wh_column_append(struct wh_column *c, const void *value, struct wh_error *err)
{
    WH_TRY(grow(c, 0, err));
    if (c->field->type == WH_BOOL) {
        wh_column_put_bool(c, *(const uint8_t *)value != 0);
        return WH_OK;
    }
    wh_buffer_put(&c->data, value, wh_type_width(c->field));
    count_value(c);
    return WH_OK;
}

enum wh_status wh_column_append_bytes(struct wh_column *c, const void *bytes, size_t n, struct wh_error *err)
{
    if (n > INT32_MAX - c->data.size)
        return wh_column_too_big(c, err);
    WH_TRY(grow(c, n, err));
    wh_column_put_bytes(c, bytes, n);
    return WH_OK;
}

enum wh_status wh_column_append_end(struct wh_column *c, struct wh_error *err)
{
    WH_TRY(grow(c, 0, err));
    if (c->field->type == WH_STRUCT) {
        for (size_t i = 0; i < c->field->n_children; i++)
            if (c->children[i].length != c->length + 1)
                return wh_fail(err, WH_INTERNAL,
                               "could not end a value of column \"%s\": member \"%s\" is missing",
                               c->field->name, c->field->children[i].name);
    } else {
        if (c->children[0].length > INT32_MAX)
            return wh_column_too_big(c, err);
        wh_buffer_put(&c->offsets, &(int32_t){(int32_t)c->children[0].length}, sizeof(int32_t));
    }
    count_value(c);
    return WH_OK;
}

/* ---- dropping --------------------------------------------------------------------------------- */

/* Cuts a bit map; bits behind its end stay clear. */
static void cut_bits(struct wh_buffer *map, int64_t n)
{
    map->size = wh_bitmap_bytes(n);
    if ((n & 7) != 0)
        map->data[map->size - 1] &= (uint8_t)((1u << (n & 7)) - 1);
}

void wh_column_truncate(struct wh_column *c, int64_t length)
{
    if (length > c->length)
        return;
    if (length == 0) {
        wh_column_reset(c);
        return;
    }
    enum wh_type type = c->field->type;
    if (type == WH_NULL)
        c->null_count = length;
    if (c->validity.size != 0) {
        c->null_count -= c->length - length - wh_bits_count(c->validity.data, length, c->length - length);
        cut_bits(&c->validity, length);
    }
    c->length = length;
    if (type == WH_BOOL)
        cut_bits(&c->data, length);
    else if (!wh_type_has_offsets(type))
        c->data.size = (size_t)length * wh_type_width(c->field);
    if (type == WH_STRUCT)
        for (size_t i = 0; i < c->field->n_children; i++)
            wh_column_truncate(&c->children[i], length);
    if (!wh_type_has_offsets(type))
        return;
    c->offsets.size = (size_t)(length + 1) * sizeof(int32_t);
    int32_t end = wh_column_offsets(c)[length];
    if (wh_type_is_bytes(type))
        c->data.size = (size_t)end;
    else
        wh_column_truncate(&c->children[0], end);
}

/* ---- batches ---------------------------------------------------------------------------------- */

enum wh_status wh_batch_init(struct wh_batch *b, const struct wh_schema *schema, struct wh_budget *budget,
                             struct wh_error *err)
{
    struct wh_batch made = {.schema = schema, .budget = budget};
    made.columns = wh_alloc_array(schema->n_fields, sizeof *made.columns);
    if (made.columns == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < schema->n_fields; i++) {
        enum wh_status s = wh_column_init(&made.columns[i], &schema->fields[i], budget, err);
        if (s != WH_OK) {
            while (i-- > 0)
                wh_column_release(&made.columns[i]);
            free(made.columns);
            return s;
        }
    }
    *b = made;
    return WH_OK;
}

void wh_batch_reset(struct wh_batch *b)
{
    b->rows = 0;
    for (size_t i = 0; i < b->schema->n_fields; i++)
        wh_column_reset(&b->columns[i]);
}

void wh_batch_release(struct wh_batch *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; b->columns != NULL && i < b->schema->n_fields; i++)
        wh_column_release(&b->columns[i]);
    free(b->columns);
    *b = (struct wh_batch){0};
}

void wh_batch_move(struct wh_batch *to, struct wh_batch *from)
{
    wh_batch_release(to);
    *to = *from;
    *from = (struct wh_batch){0};
}

size_t wh_batch_bytes(const struct wh_batch *b)
{
    size_t bytes = 0;
    for (size_t i = 0; b->columns != NULL && i < b->schema->n_fields; i++)
        bytes += wh_column_bytes(&b->columns[i]);
    return bytes;
}

int64_t wh_column_i64(const struct wh_column *c, int64_t i)
{
    const uint8_t *data = c->data.data;
    bool is_signed = c->field->type != WH_UINT8 && c->field->type != WH_UINT16 && c->field->type != WH_UINT32;
    switch (wh_type_width(c->field)) {
    case 1:
        return is_signed ? ((const int8_t *)data)[i] : data[i];
    case 2: {
        uint16_t v;
        memcpy(&v, data + i * 2, sizeof v);
        return is_signed ? (int16_t)v : v;
    }
    case 4: {
        uint32_t v;
        memcpy(&v, data + i * 4, sizeof v);
        return is_signed ? (int32_t)v : (int64_t)v;
    }
    default: {
        int64_t v;
        memcpy(&v, data + i * 8, sizeof v);
        return v;
    }
    }
}
