/* batch/arrow_import.c - arrays of the Arrow C data interface copied into batches; see batch/arrow.h.
 *
 * The producer is not trusted further than it must be: the interface carries no sizes of buffers, but
 * everything that can be checked is checked before the first value is copied (bind), so that the copying
 * below cannot leave the lengths that the arrays claim. */
#include "base/mem.h"
#include "base/num.h"
#include "batch/arrow_int.h"
#include "batch/column_int.h"
#include "batch/text_int.h"

/* A foreign array that has been checked, beside the column that its values go to. */
struct source {
    const struct ArrowArray *array;
    struct wh_arrow_type type;
    const uint8_t *validity; /* NULL: no nulls */
    const uint8_t *values;   /* offsets, indexes or values */
    const uint8_t *bytes;    /* of offsets */
    struct source *children; /* owned */
    int64_t n_children;
    struct wh_column dictionary; /* owned; decoded values, if there is a dictionary */
};

static enum wh_status bad_array(const struct wh_column *c, const char *why, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not import column \"%.64s\" from an arrow array: %s",
                   c->field->name == NULL ? "" : c->field->name, why);
}

static void release_source(struct source *s)
{
    for (int64_t i = 0; s->children != NULL && i < s->n_children; i++)
        release_source(&s->children[i]);
    free(s->children);
    if (s->dictionary.field != NULL)
        wh_column_release(&s->dictionary);
    *s = (struct source){0};
}

/* ---- reading foreign memory ------------------------------------------------------------------- */

/* Logical index i of the array as index into its buffers. */
static int64_t slot(const struct source *s, int64_t i)
{
    return s->array->offset + i;
}

static bool is_null(const struct source *s, int64_t i)
{
    return s->validity != NULL && !wh_bit_get(s->validity, slot(s, i));
}

static int32_t read_i32(const uint8_t *values, int64_t i)
{
    int32_t v;
    memcpy(&v, values + (size_t)i * sizeof v, sizeof v);
    return v;
}

static int64_t read_i64(const uint8_t *values, int64_t i)
{
    int64_t v;
    memcpy(&v, values + (size_t)i * sizeof v, sizeof v);
    return v;
}

/* Where value i of an array with offsets or of fixed size begins in its bytes or elements. */
static int64_t bound(const struct source *s, int64_t i)
{
    if (s->type.layout == WH_ARROW_FIXED_SIZE)
        return slot(s, i) * s->type.width;
    return s->type.layout == WH_ARROW_OFFSETS32 ? read_i32(s->values, slot(s, i))
                                                : read_i64(s->values, slot(s, i));
}

static int64_t read_index(const struct source *s, int64_t i, bool is_signed)
{
    const uint8_t *p = s->values + (size_t)(slot(s, i) * s->type.width);
    uint64_t v = 0;
    memcpy(&v, p, (size_t)s->type.width); /* little endian */
    int unused = 64 - 8 * (int)s->type.width;
    return is_signed ? (int64_t)(v << unused) >> unused : (int64_t)v;
}

/* ---- binding: the checks ---------------------------------------------------------------------- */

static enum wh_status bind(struct source *s, struct wh_column *c, const struct ArrowArray *a,
                           const struct ArrowSchema *schema, struct wh_error *err);
static enum wh_status import_range(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                   struct wh_error *err);

static enum wh_status check_shape(const struct source *s, const struct wh_column *c,
                                  const struct ArrowSchema *schema, struct wh_error *err)
{
    const struct ArrowArray *a = s->array;
    int64_t end;
    if (a->release == NULL)
        return bad_array(c, "it has been released", err);
    if (a->length < 0 || a->offset < 0 || !wh_add(a->length, a->offset, &end) || end > INT64_MAX / 64)
        return bad_array(c, "its length is impossible", err);
    if (a->n_buffers != s->type.n_buffers || (a->n_buffers > 0 && a->buffers == NULL))
        return bad_array(c, "its number of buffers is wrong", err);
    if ((a->dictionary == NULL) != (schema->dictionary == NULL))
        return bad_array(c, "its dictionary does not go with the schema", err);
    int64_t wanted = schema->dictionary != NULL ? 0 : schema->n_children;
    if (a->n_children != wanted || (wanted > 0 && a->children == NULL))
        return bad_array(c, "its number of children is wrong", err);
    return WH_OK;
}

static enum wh_status bind_buffers(struct source *s, const struct wh_column *c, struct wh_error *err)
{
    const struct ArrowArray *a = s->array;
    s->validity = a->n_buffers > 0 ? a->buffers[0] : NULL;
    s->values = a->n_buffers > 1 ? a->buffers[1] : NULL;
    s->bytes = a->n_buffers > 2 ? a->buffers[2] : NULL;
    if (a->length == 0)
        return WH_OK;
    if (s->validity == NULL && a->null_count > 0 && c->field->type != WH_NULL)
        return bad_array(c, "it has nulls but no validity bitmap", err);
    if (a->n_buffers > 1 && s->values == NULL && s->type.width > 0)
        return bad_array(c, "a buffer is missing", err);
    bool has_offsets = s->type.layout == WH_ARROW_OFFSETS32 || s->type.layout == WH_ARROW_OFFSETS64;
    if (!has_offsets)
        return WH_OK;
    if (s->values == NULL)
        return bad_array(c, "a buffer is missing", err);
    int64_t last = bound(s, 0);
    bool ascending = last >= 0;
    for (int64_t i = 1; i <= a->length; i++) {
        int64_t next = bound(s, i);
        ascending &= last <= next;
        last = next;
    }
    if (!ascending)
        return bad_array(c, "its offsets do not ascend", err);
    if (a->n_buffers > 2 && s->bytes == NULL && last > bound(s, 0))
        return bad_array(c, "a buffer is missing", err);
    return WH_OK;
}

/* Elements, members or, of FIXED_SIZE, also bytes that the array needs of what lies below it. */
static bool content_needed(const struct source *s, int64_t *out)
{
    const struct ArrowArray *a = s->array;
    *out = 0;
    if (s->type.layout == WH_ARROW_FIXED_SIZE)
        return wh_mul(a->offset + a->length, s->type.width, out);
    if (s->type.layout == WH_ARROW_STRUCT)
        *out = a->offset + a->length;
    else if (a->n_children > 0 && a->length > 0)
        *out = bound(s, a->length);
    return true;
}

static enum wh_status bind_children(struct source *s, struct wh_column *c, const struct ArrowSchema *schema,
                                    struct wh_error *err)
{
    const struct ArrowArray *a = s->array;
    int64_t needed;
    if (!content_needed(s, &needed))
        return bad_array(c, "its length is impossible", err);
    if (a->n_children == 0)
        return WH_OK;
    s->children = wh_alloc_array((size_t)a->n_children, sizeof *s->children);
    if (s->children == NULL)
        return wh_nomem(err);
    s->n_children = a->n_children;
    for (int64_t i = 0; i < a->n_children; i++) {
        if (a->children[i] == NULL)
            return bad_array(c, "a child is missing", err);
        WH_TRY(bind(&s->children[i], &c->children[i], a->children[i], schema->children[i], err));
        if (a->children[i]->length < needed)
            return bad_array(c, "a child is too short", err);
    }
    return WH_OK;
}

/* Decodes the values of a dictionary and checks the indexes. */
static enum wh_status bind_dictionary(struct source *s, const struct wh_column *c,
                                      const struct ArrowSchema *schema, struct wh_error *err)
{
    struct source values = {0};
    WH_TRY(wh_column_init(&s->dictionary, c->field, c->validity.budget, err));
    enum wh_status status = bind(&values, &s->dictionary, s->array->dictionary, schema->dictionary, err);
    if (status == WH_OK)
        status = import_range(&s->dictionary, &values, 0, s->array->dictionary->length, err);
    release_source(&values);
    if (status != WH_OK)
        return status;
    bool is_signed = strchr("csil", schema->format[0]) != NULL;
    for (int64_t i = 0; i < s->array->length; i++) {
        int64_t index = is_null(s, i) ? 0 : read_index(s, i, is_signed);
        if (!is_null(s, i) && (index < 0 || index >= s->dictionary.length))
            return bad_array(c, "an index points behind the dictionary", err);
    }
    return WH_OK;
}

/* Fills *s (zeroed), which the caller releases, also on failure. The depth is bounded by the column's, as the
 * shapes must agree. */
static enum wh_status bind(struct source *s, struct wh_column *c, const struct ArrowArray *a,
                           const struct ArrowSchema *schema, struct wh_error *err)
{
    struct wh_field f = {0};
    s->array = a;
    enum wh_status status = wh_arrow_read_type(&s->type, &f, schema, err);
    wh_field_release(&f);
    WH_TRY(status);
    WH_TRY(check_shape(s, c, schema, err));
    WH_TRY(bind_buffers(s, c, err));
    if (schema->dictionary != NULL)
        return bind_dictionary(s, c, schema, err);
    return bind_children(s, c, schema, err);
}

/* ---- values of fixed width -------------------------------------------------------------------- */

static float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    if (exponent == 0) {
        float small = (float)fraction / 16777216.0f; /* subnormal: fraction * 2^-24 */
        return sign != 0 ? -small : small;
    }
    uint32_t bits = sign | (exponent == 0x1f ? 0xffu : exponent + 112) << 23 | fraction << 13;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* A decimal of 4, 8, 16 or 32 bytes. */
static bool read_decimal(const struct source *s, const uint8_t *p, const struct wh_field *f, void *out)
{
    uint64_t value[4] = {0};
    memcpy(value, p, (size_t)s->type.width);
    if (s->type.width == 4)
        value[0] = (uint64_t)(int64_t)(int32_t)(uint32_t)value[0];
    int digits = s->type.width <= 8 ? 18 : s->type.width == 16 ? 38 : 76;
    return wh_decimal_rescale(value, digits, f->scale, out, f->precision, f->scale);
}

static void put_interval(uint8_t *out, int32_t months, int32_t days, int64_t ns)
{
    wh_put_le32(out, (uint32_t)months);
    wh_put_le32(out + 4, (uint32_t)days);
    wh_put_le64(out + 8, (uint64_t)ns);
}

/* Value i, which is not null, as the bytes of our type. False: it has none. */
static bool read_value(const struct source *s, int64_t i, const struct wh_field *f, void *out)
{
    enum { DAY_MS = 86400000 };
    const uint8_t *p = s->values + (size_t)(slot(s, i) * s->type.width);
    switch ((int)s->type.layout) {
    case WH_ARROW_HALF: {
        float v = half_to_float((uint16_t)(p[0] | p[1] << 8));
        memcpy(out, &v, sizeof v);
        return true;
    }
    case WH_ARROW_DECIMAL:
        return read_decimal(s, p, f, out);
    case WH_ARROW_DATE64: {
        int64_t ms = read_i64(p, 0), days = ms / DAY_MS;
        memcpy(out, &(int32_t){(int32_t)days}, sizeof(int32_t));
        return ms % DAY_MS == 0 && days >= INT32_MIN && days <= INT32_MAX;
    }
    case WH_ARROW_TIME32:
        memcpy(out, &(int64_t){read_i32(p, 0) * s->type.factor}, sizeof(int64_t));
        return true;
    case WH_ARROW_MONTHS:
        put_interval(out, read_i32(p, 0), 0, 0);
        return true;
    case WH_ARROW_DAY_TIME:
        put_interval(out, 0, read_i32(p, 0), read_i32(p, 1) * INT64_C(1000000));
        return true;
    default:
        return false;
    }
}

static enum wh_status import_converted(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                       struct wh_error *err)
{
    size_t width = wh_type_width(out->field);
    uint8_t *to = out->data.data + out->data.size;
    memset(to, 0, (size_t)n * width);
    for (int64_t i = 0; i < n; i++)
        if (!is_null(s, from + i) && !read_value(s, from + i, out->field, to + (size_t)i * width))
            return bad_array(out, "a value does not fit the type", err);
    out->data.size += (size_t)n * width;
    return WH_OK;
}

static void import_same(struct wh_column *out, const struct source *s, int64_t from, int64_t n)
{
    size_t width = (size_t)s->type.width;
    uint8_t *to = out->data.data + out->data.size;
    memcpy(to, s->values + (size_t)slot(s, from) * width, (size_t)n * width);
    for (int64_t i = 0; s->validity != NULL && i < n; i++)
        if (is_null(s, from + i))
            memset(to + (size_t)i * width, 0, width);
    out->data.size += (size_t)n * width;
}

static void import_bits(struct wh_column *out, const struct source *s, int64_t from, int64_t n)
{
    wh_bits_copy(out->data.data, out->length, s->values, slot(s, from), n);
    for (int64_t i = 0; s->validity != NULL && i < n; i++)
        if (is_null(s, from + i))
            wh_bit_clear(out->data.data, out->length + i);
    out->data.size = wh_bitmap_bytes(out->length + n);
}

/* ---- values of other kinds -------------------------------------------------------------------- */

/* Appends bytes or elements [first, last). */
static enum wh_status import_content(struct wh_column *out, const struct source *s, int64_t first,
                                     int64_t last, struct wh_error *err)
{
    int64_t n = last - first;
    if (!wh_type_is_bytes(out->field->type)) {
        if (n > INT32_MAX - out->children[0].length)
            return wh_column_too_big(out, err);
        return import_range(&out->children[0], &s->children[0], first, n, err);
    }
    if (n > INT32_MAX - (int64_t)out->data.size)
        return wh_column_too_big(out, err);
    const uint8_t *bytes = s->type.layout == WH_ARROW_FIXED_SIZE ? s->values : s->bytes;
    return n == 0 ? WH_OK : wh_buffer_append(&out->data, bytes + first, (size_t)n, err);
}

/* Runs of values between which no null has content of its own are copied at once. */
static enum wh_status import_spans(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                   struct wh_error *err)
{
    int64_t end = from + n;
    for (int64_t i = from; i < end;) {
        int64_t stop = i, first = bound(s, i);
        int64_t base = wh_type_is_bytes(out->field->type) ? (int64_t)out->data.size : out->children[0].length;
        while (stop < end && !(is_null(s, stop) && bound(s, stop) != bound(s, stop + 1)))
            stop++;
        WH_TRY(import_content(out, s, first, bound(s, stop), err));
        for (; i < stop; i++)
            wh_buffer_put(&out->offsets, &(int32_t){(int32_t)(base + bound(s, i + 1) - first)},
                          sizeof(int32_t));
        base += bound(s, stop) - first;
        for (; i < end && is_null(s, i); i++)
            wh_buffer_put(&out->offsets, &(int32_t){(int32_t)base}, sizeof(int32_t));
    }
    return WH_OK;
}

/* Members of structs: runs of present values; nulls get null members whatever lies behind them. */
static enum wh_status import_members(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                     struct wh_error *err)
{
    int64_t end = from + n;
    for (int64_t i = from; i < end;) {
        int64_t stop = i;
        while (stop < end && !is_null(s, stop))
            stop++;
        for (int64_t m = 0; m < s->n_children; m++)
            WH_TRY(import_range(&out->children[m], &s->children[m], slot(s, i), stop - i, err));
        for (i = stop; i < end && is_null(s, i); i++)
            for (int64_t m = 0; m < s->n_children; m++)
                WH_TRY(wh_column_append_null(&out->children[m], err));
    }
    return WH_OK;
}

static enum wh_status import_encoded(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                     struct wh_error *err)
{
    for (int64_t i = from; i < from + n; i++) {
        if (is_null(s, i))
            WH_TRY(wh_column_append_null(out, err));
        else /* bind has looked at the sign */
            WH_TRY(wh_column_append_range(out, &s->dictionary, read_index(s, i, false), 1, err));
    }
    return WH_OK;
}

/* Text must be UTF-8 and JSON must be JSON, or whoever reads the column later trusts in vain. */
static enum wh_status check_text(const struct wh_column *c, int64_t from, int64_t n, struct wh_error *err)
{
    enum wh_type type = c->field->type;
    if (type != WH_UTF8 && type != WH_JSON)
        return WH_OK;
    for (int64_t i = from; i < from + n; i++) {
        struct wh_slice text = wh_column_slice(c, i);
        if (type == WH_UTF8 && !wh_utf8_valid(text))
            return bad_array(c, "a text is not valid UTF-8", err);
        if (type == WH_JSON && !wh_column_is_null(c, i) && !wh_json_valid(text))
            return bad_array(c, "a text is not valid JSON", err);
    }
    return WH_OK;
}

/* ---- ranges ----------------------------------------------------------------------------------- */

static void import_validity(struct wh_column *out, const struct source *s, int64_t from, int64_t n)
{
    int64_t nulls = s->validity == NULL ? 0 : n - wh_bits_count(s->validity, slot(s, from), n);
    if (nulls == 0 && out->validity.size == 0)
        return;
    wh_column_start_validity(out);
    if (nulls == 0)
        wh_bits_fill(out->validity.data, out->length, n);
    else
        wh_bits_copy(out->validity.data, out->length, s->validity, slot(s, from), n);
    out->validity.size = wh_bitmap_bytes(out->length + n);
    out->null_count += nulls;
}

static enum wh_status import_values(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                    struct wh_error *err)
{
    switch ((int)s->type.layout) {
    case WH_ARROW_BITS:
        import_bits(out, s, from, n);
        return WH_OK;
    case WH_ARROW_SAME:
        import_same(out, s, from, n);
        return WH_OK;
    case WH_ARROW_STRUCT:
        return import_members(out, s, from, n, err);
    case WH_ARROW_OFFSETS32:
    case WH_ARROW_OFFSETS64:
    case WH_ARROW_FIXED_SIZE:
        return import_spans(out, s, from, n, err);
    default:
        return import_converted(out, s, from, n, err);
    }
}

/* Appends values [from, from + n) of the array. */
static enum wh_status import_range(struct wh_column *out, const struct source *s, int64_t from, int64_t n,
                                   struct wh_error *err)
{
    if (n == 0)
        return WH_OK;
    if (s->type.layout == WH_ARROW_NONE) {
        out->length += n;
        out->null_count += n;
        return WH_OK;
    }
    int64_t first = out->length, nulls = out->null_count;
    WH_TRY(wh_column_reserve(out, n, 0, err));
    if (s->dictionary.field != NULL) {
        WH_TRY(import_encoded(out, s, from, n, err));
    } else {
        WH_TRY(import_values(out, s, from, n, err));
        import_validity(out, s, from, n);
        out->length += n;
        WH_TRY(check_text(out, first, n, err));
    }
    if (!out->field->nullable && out->null_count > nulls)
        return bad_array(out, "it has nulls where the schema allows none", err);
    return WH_OK;
}

/* The array's type must be that of the batch. */
static enum wh_status check_schema(const struct wh_batch *out, const struct ArrowSchema *schema,
                                   struct wh_error *err)
{
    struct wh_schema s = {0};
    WH_TRY(wh_arrow_import_schema(&s, schema, err));
    bool same = s.n_fields == out->schema->n_fields;
    for (size_t i = 0; same && i < s.n_fields; i++)
        same = wh_field_same_type(&s.fields[i], &out->schema->fields[i]);
    wh_schema_release(&s);
    return same ? WH_OK
                : wh_fail(err, WH_DATA,
                          "could not import an arrow array: its schema is not that of the batch");
}

static enum wh_status import_rows(struct wh_batch *out, struct source *s, const struct ArrowArray *array,
                                  const struct ArrowSchema *schema, struct wh_error *err)
{
    struct wh_field top_field = {.name = NULL,
                                 .type = WH_STRUCT,
                                 .children = out->schema->fields,
                                 .n_children = out->schema->n_fields};
    struct wh_column top = {.field = &top_field, .children = out->columns};
    WH_TRY(bind(s, &top, array, schema, err));
    if (s->validity != NULL && wh_bits_count(s->validity, array->offset, array->length) < array->length)
        return bad_array(&top, "a row is null as a whole", err);
    for (int64_t i = 0; i < s->n_children; i++)
        WH_TRY(import_range(&out->columns[i], &s->children[i], array->offset, array->length, err));
    return WH_OK;
}

enum wh_status wh_arrow_import_batch(struct wh_batch *out, const struct ArrowArray *array,
                                     const struct ArrowSchema *schema, struct wh_error *err)
{
    struct source s = {0};
    WH_TRY(check_schema(out, schema, err));
    enum wh_status status = import_rows(out, &s, array, schema, err);
    release_source(&s);
    if (status == WH_OK)
        out->rows += array->length;
    for (size_t i = 0; status != WH_OK && i < out->schema->n_fields; i++)
        wh_column_truncate(&out->columns[i], out->rows);
    return status;
}
