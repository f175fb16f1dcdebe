/* batch/select.c - ranges and selections of rows copied from batch to batch, and the check of batches. */
#include "base/mem.h"
#include "batch/column_int.h"

/* ---- ranges of bits --------------------------------------------------------------------------- */

int64_t wh_bits_count(const uint8_t *map, int64_t from, int64_t n)
{
    int64_t count = 0, i = from, end = from + n;
    for (; i < end && (i & 7) != 0; i++)
        count += wh_bit_get(map, i);
    return i < end ? count + wh_bitmap_count(map + i / 8, end - i) : count;
}

void wh_bits_copy(uint8_t *dst, int64_t at, const uint8_t *src, int64_t from, int64_t n)
{
    int64_t i = 0;
    for (; i < n && ((at + i) & 7) != 0; i++)
        if (wh_bit_get(src, from + i))
            wh_bit_set(dst, at + i);
    int shift = (int)((from + i) & 7);
    for (; n - i >= 8; i += 8) {
        const uint8_t *s = src + ((from + i) >> 3);
        dst[(at + i) >> 3] = (uint8_t)(shift == 0 ? s[0] : s[0] >> shift | s[1] << (8 - shift));
    }
    if (i < n && ((at + i) & 7) == 0)
        dst[(at + i) >> 3] = 0;
    for (; i < n; i++)
        if (wh_bit_get(src, from + i))
            wh_bit_set(dst, at + i);
}

void wh_bits_fill(uint8_t *dst, int64_t at, int64_t n)
{
    int64_t i = at, end = at + n;
    for (; i < end && (i & 7) != 0; i++)
        wh_bit_set(dst, i);
    if (i >= end)
        return;
    memset(dst + i / 8, 0xff, wh_bitmap_bytes(end - i));
    if ((end & 7) != 0)
        dst[end / 8] = (uint8_t)((1u << (end & 7)) - 1);
}

/* ---- validity --------------------------------------------------------------------------------- */

static void add_bits(struct wh_buffer *map, int64_t at, const uint8_t *src, int64_t from, int64_t n)
{
    wh_bits_copy(map->data, at, src, from, n);
    map->size = wh_bitmap_bytes(at + n);
}

/* Extends the bitmap for n values of c from index `from`; room is reserved, length is still the old one. */
static void add_validity(struct wh_column *out, const struct wh_column *c, int64_t from, int64_t n)
{
    int64_t nulls = 0;
    if (out->field->type == WH_NULL) {
        out->null_count += n;
        return;
    }
    if (c->validity.size != 0)
        nulls = n - wh_bits_count(c->validity.data, from, n);
    if (nulls == 0 && out->validity.size == 0)
        return;
    wh_column_start_validity(out);
    if (nulls == 0)
        wh_bits_fill(out->validity.data, out->length, n);
    else
        wh_bits_copy(out->validity.data, out->length, c->validity.data, from, n);
    out->validity.size = wh_bitmap_bytes(out->length + n);
    out->null_count += nulls;
}

/* ---- ranges ----------------------------------------------------------------------------------- */

/* Offsets of n values, moved so that they go on behind the last one. */
static void add_offsets(struct wh_column *out, const int32_t *src, int64_t n)
{
    const int32_t *last = wh_column_offsets(out) + out->length;
    int32_t delta = *last - src[0];
    int32_t *dst = (int32_t *)(void *)out->offsets.data + out->length + 1;
    for (int64_t i = 0; i < n; i++)
        dst[i] = src[i + 1] + delta;
    out->offsets.size += (size_t)n * sizeof(int32_t);
}

static enum wh_status append_offset_range(struct wh_column *out, const struct wh_column *c, int64_t from,
                                          int64_t n, struct wh_error *err)
{
    const int32_t *o = wh_column_offsets(c) + from;
    int32_t bytes = o[n] - o[0];
    WH_TRY(wh_column_reserve(out, n, (size_t)bytes, err));
    if (wh_type_is_bytes(c->field->type)) {
        if (bytes > 0)
            wh_buffer_put(&out->data, c->data.data + o[0], (size_t)bytes);
    } else {
        if (bytes > INT32_MAX - out->children[0].length)
            return wh_column_too_big(out, err);
        WH_TRY(wh_column_append_range(&out->children[0], &c->children[0], o[0], bytes, err));
    }
    add_offsets(out, o, n);
    return WH_OK;
}

enum wh_status wh_column_append_range(struct wh_column *out, const struct wh_column *c, int64_t from,
                                      int64_t n, struct wh_error *err)
{
    if (n == 0)
        return WH_OK;
    enum wh_type type = c->field->type;
    if (wh_type_has_offsets(type)) {
        WH_TRY(append_offset_range(out, c, from, n, err));
    } else {
        WH_TRY(wh_column_reserve(out, n, 0, err));
        size_t width = wh_type_width(c->field);
        if (type == WH_STRUCT)
            for (size_t i = 0; i < c->field->n_children; i++)
                WH_TRY(wh_column_append_range(&out->children[i], &c->children[i], from, n, err));
        else if (type == WH_BOOL)
            add_bits(&out->data, out->length, c->data.data, from, n);
        else if (width > 0)
            wh_buffer_put(&out->data, c->data.data + (size_t)from * width, (size_t)n * width);
    }
    add_validity(out, c, from, n);
    out->length += n;
    return WH_OK;
}

enum wh_status wh_batch_append(struct wh_batch *out, const struct wh_batch *b, int64_t from, int64_t n,
                               struct wh_error *err)
{
    for (size_t i = 0; i < b->schema->n_fields; i++) {
        enum wh_status s = wh_column_append_range(&out->columns[i], &b->columns[i], from, n, err);
        if (s != WH_OK) {
            for (size_t k = 0; k <= i; k++)
                wh_column_truncate(&out->columns[k], out->rows);
            return s;
        }
    }
    out->rows += n;
    return WH_OK;
}

/* ---- selections ------------------------------------------------------------------------------- */

#define TAKE_LOOP(ctype)                                                                                     \
    do {                                                                                                     \
        const ctype *restrict from = (const void *)c->data.data;                                             \
        ctype *restrict to = (void *)out->data.data;                                                         \
        for (size_t i = 0; i < n; i++)                                                                       \
            to[i] = from[rows[i]];                                                                           \
    } while (0)

struct wide16 {
    uint64_t v[2];
};
struct wide32 {
    uint64_t v[4];
};

static void take_fixed(struct wh_column *out, const struct wh_column *c, const int64_t *rows, size_t n)
{
    size_t width = wh_type_width(c->field);
    switch (width) {
    case 1:
        TAKE_LOOP(uint8_t);
        break;
    case 2:
        TAKE_LOOP(uint16_t);
        break;
    case 4:
        TAKE_LOOP(uint32_t);
        break;
    case 8:
        TAKE_LOOP(uint64_t);
        break;
    case 16:
        TAKE_LOOP(struct wide16);
        break;
    case 32:
        TAKE_LOOP(struct wide32);
        break;
    default: /* NULL and STRUCT have no data */
        break;
    }
    out->data.size = n * width;
}

static int64_t take_bits(struct wh_buffer *map, const uint8_t *src, const int64_t *rows, size_t n)
{
    int64_t count = 0;
    memset(map->data, 0, wh_bitmap_bytes((int64_t)n));
    for (size_t i = 0; i < n; i++) {
        uint8_t bit = (uint8_t)(src[rows[i] >> 3] >> (rows[i] & 7) & 1);
        map->data[i >> 3] = (uint8_t)(map->data[i >> 3] | bit << (i & 7));
        count += bit;
    }
    map->size = wh_bitmap_bytes((int64_t)n);
    return count;
}

/* Values up to this many bytes are copied in one step of that size, over the end into the slack. */
enum { SHORT_BYTES = 16 };

static enum wh_status take_bytes(struct wh_column *out, const struct wh_column *c, const int64_t *rows,
                                 size_t n, struct wh_error *err)
{
    const int32_t *from = wh_column_offsets(c);
    int32_t *to = (int32_t *)(void *)out->offsets.data;
    int64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += from[rows[i] + 1] - from[rows[i]];
        if (total > INT32_MAX)
            return wh_column_too_big(out, err);
        to[i + 1] = (int32_t)total;
    }
    WH_TRY(wh_buffer_resize(&out->data, (size_t)total, err));
    out->offsets.size = (n + 1) * sizeof(int32_t);
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)(to[i + 1] - to[i]);
        const uint8_t *value = c->data.data + from[rows[i]];
        if (len <= SHORT_BYTES && len > 0)
            memcpy(out->data.data + to[i], value, SHORT_BYTES);
        else if (len > 0)
            memcpy(out->data.data + to[i], value, len);
    }
    return WH_OK;
}

static enum wh_status take_column(struct wh_column *out, const struct wh_column *c, const int64_t *rows,
                                  size_t n, struct wh_error *err);

/* Elements of a LIST or MAP: runs of neighbouring rows at once. */
static enum wh_status take_lists(struct wh_column *out, const struct wh_column *c, const int64_t *rows,
                                 size_t n, struct wh_error *err)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && rows[end] == rows[end - 1] + 1)
            end++;
        const int32_t *o = wh_column_offsets(c) + rows[i];
        int32_t count = o[end - i] - o[0];
        if (count > INT32_MAX - out->children[0].length)
            return wh_column_too_big(out, err);
        WH_TRY(wh_column_append_range(&out->children[0], &c->children[0], o[0], count, err));
        add_offsets(out, o, (int64_t)(end - i));
        out->length += (int64_t)(end - i);
        i = end;
    }
    return WH_OK;
}

static enum wh_status take_values(struct wh_column *out, const struct wh_column *c, const int64_t *rows,
                                  size_t n, struct wh_error *err)
{
    switch ((int)c->field->type) {
    case WH_BOOL:
        take_bits(&out->data, c->data.data, rows, n);
        return WH_OK;
    case WH_UTF8:
    case WH_JSON:
    case WH_BINARY:
        return take_bytes(out, c, rows, n, err);
    case WH_LIST:
    case WH_MAP:
        return take_lists(out, c, rows, n, err);
    case WH_STRUCT:
        for (size_t i = 0; i < c->field->n_children; i++)
            WH_TRY(take_column(&out->children[i], &c->children[i], rows, n, err));
        return WH_OK;
    default:
        take_fixed(out, c, rows, n);
        return WH_OK;
    }
}

static enum wh_status take_column(struct wh_column *out, const struct wh_column *c, const int64_t *rows,
                                  size_t n, struct wh_error *err)
{
    wh_column_reset(out);
    if (n == 0)
        return WH_OK;
    WH_TRY(wh_column_reserve(out, (int64_t)n, 0, err));
    WH_TRY(take_values(out, c, rows, n, err));
    out->length = (int64_t)n;
    if (c->field->type == WH_NULL) {
        out->null_count = (int64_t)n;
        return WH_OK;
    }
    if (c->validity.size == 0 || c->null_count == 0)
        return WH_OK;
    out->null_count = (int64_t)n - take_bits(&out->validity, c->validity.data, rows, n);
    if (out->null_count == 0)
        out->validity.size = 0;
    return WH_OK;
}

enum wh_status wh_batch_take(struct wh_batch *out, const struct wh_batch *b, const int64_t *rows, size_t n,
                             struct wh_error *err)
{
    out->rows = 0;
    for (size_t i = 0; i < b->schema->n_fields; i++) {
        enum wh_status s = take_column(&out->columns[i], &b->columns[i], rows, n, err);
        if (s != WH_OK) {
            wh_batch_reset(out);
            return s;
        }
    }
    out->rows = (int64_t)n;
    return WH_OK;
}

/* ---- check ------------------------------------------------------------------------------------ */

static enum wh_status broken(const struct wh_column *c, const char *what, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not use column \"%s\" of a batch: %s",
                   c->field->name == NULL ? "" : c->field->name, what);
}

static enum wh_status check_offsets(const struct wh_column *c, struct wh_error *err)
{
    size_t need;
    if (c->length == 0 && c->offsets.size == 0) /* moved out and reset */
        return WH_OK;
    if (!wh_mul((size_t)c->length + 1, sizeof(int32_t), &need) || c->offsets.size < need)
        return broken(c, "its offsets are too short", err);
    const int32_t *o = wh_column_offsets(c);
    int64_t end = wh_type_is_bytes(c->field->type) ? (int64_t)c->data.size : c->children[0].length;
    bool ascending = o[0] >= 0;
    for (int64_t i = 0; i < c->length; i++)
        ascending &= o[i] <= o[i + 1];
    if (!ascending)
        return broken(c, "its offsets do not ascend", err);
    if (o[c->length] > end)
        return broken(c, "its offsets point behind the data", err);
    return WH_OK;
}

static enum wh_status check_nulls(const struct wh_column *c, struct wh_error *err)
{
    if (c->field->type == WH_NULL)
        return c->null_count == c->length ? WH_OK : broken(c, "its count of nulls is wrong", err);
    if (c->validity.size != 0 && c->validity.size < wh_bitmap_bytes(c->length))
        return broken(c, "its validity bitmap is too short", err);
    int64_t nulls = c->validity.size == 0 ? 0 : c->length - wh_bitmap_count(c->validity.data, c->length);
    return c->null_count == nulls ? WH_OK : broken(c, "its count of nulls is wrong", err);
}

static enum wh_status check_column(const struct wh_column *c, int64_t length, int depth, struct wh_error *err)
{
    if (depth > WH_MAX_DEPTH)
        return broken(c, "it is nested too deep", err);
    if (c->length < 0 || c->length > INT64_MAX / 64 || (length >= 0 && c->length != length))
        return broken(c, "its length is wrong", err);
    WH_TRY(check_nulls(c, err));
    size_t need = wh_bitmap_bytes(c->length), width = wh_type_width(c->field);
    if (c->field->type != WH_BOOL && !wh_mul((size_t)c->length, width, &need))
        return broken(c, "its length is wrong", err);
    if (c->data.size < need)
        return broken(c, "its data are too short", err);
    int64_t child_length = c->field->type == WH_STRUCT ? c->length : -1;
    for (size_t i = 0; i < c->field->n_children; i++)
        WH_TRY(check_column(&c->children[i], child_length, depth + 1, err));
    return wh_type_has_offsets(c->field->type) ? check_offsets(c, err) : WH_OK;
}

enum wh_status wh_batch_check(const struct wh_batch *b, struct wh_error *err)
{
    for (size_t i = 0; i < b->schema->n_fields; i++)
        WH_TRY(check_column(&b->columns[i], b->rows, 1, err));
    return WH_OK;
}
