/* support/random_batch.c - see support/random_batch.h. */
#include "support/random_batch.h"

#include <stdio.h>

#include "base/mem.h"

enum { MAX_NESTING = 3 };

uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

uint64_t random_below(uint64_t *seed, uint64_t n)
{
    return (random_next(seed) >> 16) % n;
}

static bool one_in(uint64_t *seed, uint64_t n)
{
    return random_below(seed, n) == 0;
}

/* ---- schemas ---------------------------------------------------------------------------------- */

struct types {
    uint64_t *seed;
    unsigned flags;
};

static enum wh_status random_field(struct wh_field *out, const char *name, enum wh_type type, int depth,
                                   struct types *t, struct wh_error *err);

static enum wh_type random_type(struct types *t, int depth)
{
    for (;;) {
        enum wh_type type = (enum wh_type)random_below(t->seed, WH_TYPE_COUNT);
        bool nested = type == WH_LIST || type == WH_STRUCT || type == WH_MAP;
        if ((t->flags & RANDOM_WITHOUT(type)) == 0 && !(nested && depth >= MAX_NESTING))
            return type;
    }
}

static enum wh_status make_children(struct wh_field *f, size_t n, struct wh_error *err)
{
    f->children = wh_alloc_array(n, sizeof *f->children);
    if (f->children == NULL)
        return wh_nomem(err);
    f->n_children = n;
    return WH_OK;
}

static enum wh_status random_map(struct wh_field *f, int depth, struct types *t, struct wh_error *err)
{
    WH_TRY(make_children(f, 1, err));
    struct wh_field *entries = &f->children[0];
    WH_TRY(wh_field_init(entries, "entries", WH_STRUCT, err));
    entries->nullable = false;
    WH_TRY(make_children(entries, 2, err));
    bool text_keys = (t->flags & RANDOM_WITHOUT(WH_INT32)) != 0 || one_in(t->seed, 2);
    WH_TRY(wh_field_init(&entries->children[0], "key", text_keys ? WH_UTF8 : WH_INT32, err));
    entries->children[0].nullable = false;
    return random_field(&entries->children[1], "value", random_type(t, depth + 1), depth + 1, t, err);
}

static enum wh_status random_nested(struct wh_field *f, int depth, struct types *t, struct wh_error *err)
{
    if (f->type == WH_MAP)
        return random_map(f, depth, t, err);
    WH_TRY(make_children(f, f->type == WH_LIST ? 1 : 1 + random_below(t->seed, 3), err));
    for (size_t i = 0; i < f->n_children; i++) {
        char name[24] = "item";
        if (f->type == WH_STRUCT)
            snprintf(name, sizeof name, "m%zu", i);
        WH_TRY(random_field(&f->children[i], name, random_type(t, depth + 1), depth + 1, t, err));
    }
    return WH_OK;
}

static enum wh_status random_field(struct wh_field *out, const char *name, enum wh_type type, int depth,
                                   struct types *t, struct wh_error *err)
{
    WH_TRY(wh_field_init(out, name, type, err));
    out->nullable = type == WH_NULL || !one_in(t->seed, 5);
    if (type == WH_DECIMAL) {
        static const uint8_t digits[] = {1, 9, 18, 19, 38, 39, 76};
        out->precision = one_in(t->seed, 3) ? digits[random_below(t->seed, sizeof digits)]
                                            : (uint8_t)(1 + random_below(t->seed, WH_DECIMAL_MAX_DIGITS));
        out->scale = (int8_t)random_below(t->seed, (uint64_t)out->precision + 1);
    }
    if (type == WH_TIME64)
        out->unit = one_in(t->seed, 2) ? WH_MICRO : WH_NANO;
    if (type == WH_TIMESTAMP) {
        out->unit = (enum wh_time_unit)random_below(t->seed, 4);
        if (one_in(t->seed, 2))
            WH_TRY(wh_strdup(&out->zone, "UTC", err));
    }
    if (type == WH_LIST || type == WH_STRUCT || type == WH_MAP)
        return random_nested(out, depth, t, err);
    return WH_OK;
}

enum wh_status random_schema(struct wh_schema *out, uint64_t *seed, unsigned flags, struct wh_error *err)
{
    struct types t = {seed, flags};
    struct wh_schema s = {0};
    size_t n = (flags & RANDOM_ALL_TYPES) != 0 ? WH_TYPE_COUNT : 1 + random_below(seed, 8);
    enum wh_status status = WH_OK;
    for (size_t i = 0; status == WH_OK && i < n; i++) {
        enum wh_type type = (flags & RANDOM_ALL_TYPES) != 0 ? (enum wh_type)i : random_type(&t, 1);
        if ((flags & RANDOM_WITHOUT(type)) != 0)
            continue;
        char name[24];
        snprintf(name, sizeof name, "c%zu", i);
        struct wh_field f = {0};
        status = random_field(&f, name, type, 1, &t, err);
        if (status == WH_OK)
            status = wh_schema_add(&s, &f, err);
        wh_field_release(&f);
    }
    if (status != WH_OK)
        wh_schema_release(&s);
    else
        *out = s;
    return status;
}

/* ---- values ----------------------------------------------------------------------------------- */

static int64_t between(uint64_t *seed, int64_t least, int64_t greatest)
{
    uint64_t range = (uint64_t)greatest - (uint64_t)least + 1;
    uint64_t v = range == 0 ? random_next(seed) : random_next(seed) % range;
    return (int64_t)((uint64_t)least + v);
}

/* The least, the greatest, one near zero, or any. */
static int64_t edgy(uint64_t *seed, int64_t least, int64_t greatest)
{
    int64_t small = between(seed, -9, 9);
    switch (random_below(seed, 8)) {
    case 0:
        return least;
    case 1:
        return greatest;
    case 2:
    case 3:
        return small < least ? least : WH_MIN(small, greatest);
    default:
        return between(seed, least, greatest);
    }
}

static uint64_t random_int_bytes(uint64_t *seed, int bits, bool is_signed)
{
    if (is_signed)
        return (uint64_t)edgy(seed, bits == 64 ? INT64_MIN : -(INT64_C(1) << (bits - 1)),
                              bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1);
    if (bits == 64)
        return one_in(seed, 4) ? UINT64_MAX : random_next(seed);
    return (uint64_t)edgy(seed, 0, (INT64_C(1) << bits) - 1);
}

static double random_double(uint64_t *seed)
{
    static const double edges[] = {0.0,
                                   -0.0,
                                   0.1,
                                   -1.5,
                                   1e300,
                                   5e-324,
                                   1.7976931348623157e308,
                                   __builtin_inf(),
                                   -__builtin_inf(),
                                   __builtin_nan("")};
    if (one_in(seed, 3))
        return edges[random_below(seed, WH_COUNT(edges))];
    if (one_in(seed, 2))
        return (double)between(seed, -1000000, 1000000) / 100;
    uint64_t bits = random_next(seed);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float random_float(uint64_t *seed)
{
    if (one_in(seed, 2))
        return (float)between(seed, -10000, 10000) / 8;
    uint32_t bits = (uint32_t)random_next(seed);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* limbs := limbs * 10 + digit */
static void push_digit(uint32_t limbs[8], unsigned digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)limbs[i] * 10;
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void random_decimal(uint8_t out[32], const struct wh_field *f, uint64_t *seed)
{
    uint32_t limbs[8] = {0};
    uint64_t digits = one_in(seed, 4) ? f->precision : random_below(seed, (uint64_t)f->precision + 1);
    bool nines = one_in(seed, 6);
    for (uint64_t i = 0; i < digits; i++)
        push_digit(limbs, nines ? 9 : (unsigned)random_below(seed, 10));
    uint64_t carry = one_in(seed, 2);
    uint32_t flip = carry ? UINT32_MAX : 0;
    for (size_t i = 0; i < 8; i++) {
        carry += limbs[i] ^ flip;
        wh_put_le32(out + 4 * i, (uint32_t)carry);
        carry >>= 32;
    }
}

static size_t random_text(char *out, size_t max, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a", "Z", "0", "7",    " ",    ",", "\"", "'",  "\n", "\r", "\t",   "\\",
        ";", "|", "-", "null", "NULL", "é", "ß",  "漢", "😀",  "x",  "\x01", "\x7f",
    };
    size_t n = 0, count = one_in(seed, 12) ? random_below(seed, 60) : random_below(seed, 9);
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[random_below(seed, WH_COUNT(pieces))];
        if (n + strlen(piece) > max)
            break;
        memcpy(out + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

static enum wh_status append_text(struct wh_column *c, int64_t unique, uint64_t *seed, struct wh_error *err)
{
    char text[256];
    size_t n = random_text(text, 200, seed);
    if (unique >= 0)
        n += (size_t)snprintf(text + n, sizeof text - n, "#%lld", (long long)unique);
    return wh_column_append_bytes(c, text, n, err);
}

static enum wh_status append_json(struct wh_column *c, uint64_t *seed, struct wh_error *err)
{
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "false",
                                        "true",
                                        "0",
                                        "-1.5e3",
                                        "{\"a\":[1,{\"b\":null}]}",
                                        "\"\"",
                                        "\"q\\\"\\u00e9\"",
                                        "[1,2,3]"};
    const char *text = texts[random_below(seed, WH_COUNT(texts))];
    return wh_column_append_bytes(c, text, strlen(text), err);
}

static enum wh_status append_binary(struct wh_column *c, uint64_t *seed, struct wh_error *err)
{
    uint8_t bytes[40];
    size_t n = random_below(seed, sizeof bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)random_next(seed);
    return wh_column_append_bytes(c, bytes, n, err);
}

static void random_interval(uint8_t out[16], uint64_t *seed)
{
    wh_put_le32(out, (uint32_t)between(seed, -1200, 1200));
    wh_put_le32(out + 4, (uint32_t)between(seed, -400, 400));
    wh_put_le64(out + 8, (uint64_t)(one_in(seed, 2)
                                        ? between(seed, -86400, 86400) * 1000000000
                                        : between(seed, -INT64_C(86400000000000), INT64_C(86400000000000))));
}

static int64_t random_timestamp(const struct wh_field *f, uint64_t *seed)
{
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};
    const int64_t first = -62135596800, last = 253402300799; /* years 1 to 9999 */
    int64_t units = per_second[f->unit];
    if (f->unit == WH_NANO)
        return one_in(seed, 2) ? between(seed, 0, 2000000000) * units : between(seed, INT64_MIN, INT64_MAX);
    int64_t seconds = edgy(seed, first, last);
    return seconds * units + (one_in(seed, 2) ? 0 : between(seed, 0, units - 1));
}

static int64_t random_int64(const struct wh_field *f, uint64_t *seed)
{
    switch ((int)f->type) {
    case WH_DATE32:
        return edgy(seed, -719162, 2932896); /* years 1 to 9999 */
    case WH_TIME64:
        return edgy(seed, 0, f->unit == WH_MICRO ? INT64_C(86399999999) : INT64_C(86399999999999));
    case WH_TIMESTAMP:
        return random_timestamp(f, seed);
    default: {
        int bits = (int)wh_type_width(f) * 8;
        return (int64_t)random_int_bytes(seed, bits, f->type <= WH_INT64);
    }
    }
}

static enum wh_status append_fixed(struct wh_column *c, uint64_t *seed, struct wh_error *err)
{
    uint8_t bytes[32];
    switch ((int)c->field->type) {
    case WH_BOOL:
        bytes[0] = (uint8_t)random_below(seed, 2);
        break;
    case WH_FLOAT32:
        memcpy(bytes, &(float){random_float(seed)}, sizeof(float));
        break;
    case WH_FLOAT64:
        memcpy(bytes, &(double){random_double(seed)}, sizeof(double));
        break;
    case WH_DECIMAL:
        random_decimal(bytes, c->field, seed);
        break;
    case WH_UUID:
        wh_put_le64(bytes, random_next(seed));
        wh_put_le64(bytes + 8, random_next(seed));
        break;
    case WH_INTERVAL:
        random_interval(bytes, seed);
        break;
    default: /* little endian: the low bytes come first */
        wh_put_le64(bytes, (uint64_t)random_int64(c->field, seed));
        break;
    }
    return wh_column_append(c, bytes, err);
}

static enum wh_status append_value(struct wh_column *c, int64_t unique, uint64_t *seed, struct wh_error *err);

/* unique >= 0: a key that no other one of that number equals. */
static enum wh_status append_plain(struct wh_column *c, int64_t unique, uint64_t *seed, struct wh_error *err)
{
    switch ((int)c->field->type) {
    case WH_UTF8:
        return append_text(c, unique, seed, err);
    case WH_JSON:
        return append_json(c, seed, err);
    case WH_BINARY:
        return append_binary(c, seed, err);
    case WH_INT32:
        if (unique >= 0)
            return wh_column_append(c, &(int32_t){(int32_t)unique}, err);
        return append_fixed(c, seed, err);
    default:
        return append_fixed(c, seed, err);
    }
}

static enum wh_status append_nested(struct wh_column *c, uint64_t *seed, struct wh_error *err)
{
    if (c->field->type == WH_STRUCT) {
        for (size_t i = 0; i < c->field->n_children; i++)
            WH_TRY(append_value(&c->children[i], -1, seed, err));
        return wh_column_append_end(c, err);
    }
    int64_t n = (int64_t)(one_in(seed, 20) ? random_below(seed, 20) : random_below(seed, 4));
    for (int64_t i = 0; i < n; i++) {
        struct wh_column *item = &c->children[0];
        if (c->field->type == WH_LIST) {
            WH_TRY(append_value(item, -1, seed, err));
            continue;
        }
        WH_TRY(append_value(&item->children[0], i, seed, err));
        WH_TRY(append_value(&item->children[1], -1, seed, err));
        WH_TRY(wh_column_append_end(item, err));
    }
    return wh_column_append_end(c, err);
}

static enum wh_status append_value(struct wh_column *c, int64_t unique, uint64_t *seed, struct wh_error *err)
{
    enum wh_type type = c->field->type;
    if (type == WH_NULL || (c->field->nullable && one_in(seed, 6)))
        return wh_column_append_null(c, err);
    if (type == WH_LIST || type == WH_STRUCT || type == WH_MAP)
        return append_nested(c, seed, err);
    return append_plain(c, unique, seed, err);
}

enum wh_status random_rows(struct wh_batch *b, int64_t n, uint64_t *seed, struct wh_error *err)
{
    for (int64_t row = 0; row < n; row++)
        for (size_t i = 0; i < b->schema->n_fields; i++)
            WH_TRY(append_value(&b->columns[i], -1, seed, err));
    b->rows += n;
    return WH_OK;
}

/* ---- comparison ------------------------------------------------------------------------------- */

/* Where the comparison stands and what it says when it fails. */
struct diff {
    char *why;
    size_t size;
    const char *column;
};

static bool differs(struct diff *d, int64_t i, const char *what)
{
    snprintf(d->why, d->size, "column \"%s\", value %lld: %s", d->column, (long long)i, what);
    return false;
}

static bool differ_bytes(struct diff *d, int64_t i, struct wh_slice a, struct wh_slice b)
{
    char text[160];
    size_t at = 0;
    for (int side = 0; side < 2; side++) {
        struct wh_slice s = side == 0 ? a : b;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", side == 0 ? "" : " and ");
        for (size_t k = 0; k < WH_MIN(s.len, (size_t)32); k++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%02x", (unsigned)(uint8_t)s.ptr[k]);
    }
    return differs(d, i, text);
}

static bool both_nan(const struct wh_column *a, struct wh_slice x, struct wh_slice y)
{
    if (a->field->type == WH_FLOAT32) {
        float v, w;
        memcpy(&v, x.ptr, sizeof v);
        memcpy(&w, y.ptr, sizeof w);
        return __builtin_isnan(v) && __builtin_isnan(w);
    }
    if (a->field->type != WH_FLOAT64)
        return false;
    double v, w;
    memcpy(&v, x.ptr, sizeof v);
    memcpy(&w, y.ptr, sizeof w);
    return __builtin_isnan(v) && __builtin_isnan(w);
}

static struct wh_slice value_bytes(const struct wh_column *c, int64_t i)
{
    if (wh_type_is_bytes(c->field->type))
        return wh_column_slice(c, i);
    size_t width = wh_type_width(c->field);
    return wh_slice(width == 0 ? NULL : (const char *)c->data.data + (size_t)i * width, width);
}

/* Value i of a against value k of b. */
static bool value_equal(const struct wh_column *a, int64_t i, const struct wh_column *b, int64_t k,
                        struct diff *d)
{
    if (wh_column_is_null(a, i) != wh_column_is_null(b, k))
        return differs(d, i, wh_column_is_null(a, i) ? "null and a value" : "a value and null");
    if (wh_column_is_null(a, i))
        return true;
    enum wh_type type = a->field->type;
    if (type == WH_BOOL)
        return wh_column_bool(a, i) == wh_column_bool(b, k) || differs(d, i, "true against false");
    if (type == WH_STRUCT) {
        for (size_t m = 0; m < a->field->n_children; m++)
            if (!value_equal(&a->children[m], i, &b->children[m], k, d))
                return false;
        return true;
    }
    if (type == WH_LIST || type == WH_MAP) {
        const int32_t *x = wh_column_offsets(a) + i, *y = wh_column_offsets(b) + k;
        if (x[1] - x[0] != y[1] - y[0])
            return differs(d, i, "different number of elements");
        for (int32_t e = 0; e < x[1] - x[0]; e++)
            if (!value_equal(&a->children[0], x[0] + e, &b->children[0], y[0] + e, d))
                return false;
        return true;
    }
    struct wh_slice x = value_bytes(a, i), y = value_bytes(b, k);
    return wh_slice_eq(x, y) || both_nan(a, x, y) || differ_bytes(d, i, x, y);
}

bool columns_equal(const struct wh_column *a, const struct wh_column *b, char *why, size_t n)
{
    struct diff d = {why, n, a->field->name == NULL ? "" : a->field->name};
    if (!wh_field_same_type(a->field, b->field)) {
        char x[200], y[200], text[440];
        wh_type_format(a->field, x, sizeof x);
        wh_type_format(b->field, y, sizeof y);
        snprintf(text, sizeof text, "types %s and %s", x, y);
        return differs(&d, -1, text);
    }
    if (a->length != b->length)
        return differs(&d, WH_MIN(a->length, b->length), "different lengths");
    if (a->null_count != b->null_count)
        return differs(&d, -1, "different counts of nulls");
    for (int64_t i = 0; i < a->length; i++)
        if (!value_equal(a, i, b, i, &d))
            return false;
    return true;
}

bool batches_equal(const struct wh_batch *a, const struct wh_batch *b, char *why, size_t n)
{
    if (a->rows != b->rows || a->schema->n_fields != b->schema->n_fields) {
        snprintf(why, n, "%lld rows of %zu columns and %lld of %zu", (long long)a->rows, a->schema->n_fields,
                 (long long)b->rows, b->schema->n_fields);
        return false;
    }
    for (size_t i = 0; i < a->schema->n_fields; i++)
        if (!columns_equal(&a->columns[i], &b->columns[i], why, n))
            return false;
    return true;
}
