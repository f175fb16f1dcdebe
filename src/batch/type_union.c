/* batch/type_union.c - the narrowest type that holds the values of two types; see batch/schema.h. */
#include "base/mem.h"
#include "batch/schema.h"

/* Integer types by size and sign; digits is what a decimal needs. */
static const struct int_type {
    uint8_t bits, digits;
    bool is_signed;
} int_types[WH_TYPE_COUNT] = {
    [WH_INT8] = {8, 3, true},      [WH_INT16] = {16, 5, true},    [WH_INT32] = {32, 10, true},
    [WH_INT64] = {64, 19, true},   [WH_UINT8] = {8, 3, false},    [WH_UINT16] = {16, 5, false},
    [WH_UINT32] = {32, 10, false}, [WH_UINT64] = {64, 20, false},
};

static bool is_int(const struct wh_field *f)
{
    return int_types[f->type].bits != 0;
}

static bool is_float(const struct wh_field *f)
{
    return f->type == WH_FLOAT32 || f->type == WH_FLOAT64;
}

static enum wh_type signed_type(int bits)
{
    return bits <= 8 ? WH_INT8 : bits <= 16 ? WH_INT16 : bits <= 32 ? WH_INT32 : WH_INT64;
}

static void set_text(struct wh_field *out)
{
    out->type = WH_UTF8;
}

static void union_decimals(struct wh_field *out, const struct wh_field *a, const struct wh_field *b)
{
    int a_scale = is_int(a) ? 0 : a->scale, b_scale = is_int(b) ? 0 : b->scale;
    int a_whole = is_int(a) ? int_types[a->type].digits : a->precision - a_scale;
    int b_whole = is_int(b) ? int_types[b->type].digits : b->precision - b_scale;
    int scale = WH_MAX(a_scale, b_scale), precision = WH_MAX(a_whole, b_whole) + scale;
    if (precision > WH_DECIMAL_MAX_DIGITS) {
        set_text(out);
        return;
    }
    out->type = WH_DECIMAL;
    out->precision = (uint8_t)precision;
    out->scale = (int8_t)scale;
}

static void union_ints(struct wh_field *out, const struct wh_field *a, const struct wh_field *b)
{
    struct int_type x = int_types[a->type], y = int_types[b->type];
    if (x.is_signed == y.is_signed) {
        out->type = x.bits >= y.bits ? a->type : b->type;
        return;
    }
    int bits = x.is_signed ? WH_MAX(x.bits, 2 * y.bits) : WH_MAX(2 * x.bits, y.bits);
    if (bits > 64)
        union_decimals(out, a, b);
    else
        out->type = signed_type(bits);
}

/* Integers whose bits fit the significand of a float are exact in it. */
static void union_floats(struct wh_field *out, const struct wh_field *a, const struct wh_field *b)
{
    int int_bits = WH_MAX(int_types[a->type].bits, int_types[b->type].bits);
    if (int_bits > 32)
        set_text(out);
    else if (a->type == WH_FLOAT64 || b->type == WH_FLOAT64 || int_bits > 16)
        out->type = WH_FLOAT64;
    else
        out->type = WH_FLOAT32;
}

static enum wh_status union_timestamps(struct wh_field *out, const struct wh_field *a,
                                       const struct wh_field *b, struct wh_error *err)
{
    if ((a->zone == NULL) != (b->zone == NULL)) {
        set_text(out);
        return WH_OK;
    }
    out->type = WH_TIMESTAMP;
    out->unit = WH_MAX(a->unit, b->unit);
    if (a->zone == NULL)
        return WH_OK;
    return wh_strdup(&out->zone, strcmp(a->zone, b->zone) == 0 ? a->zone : "UTC", err);
}

static const struct wh_field *find_child(const struct wh_field *f, const char *name)
{
    for (size_t i = 0; i < f->n_children; i++)
        if (strcmp(f->children[i].name, name) == 0)
            return &f->children[i];
    return NULL;
}

/* Members of a in their order, then those that only b has. */
static enum wh_status union_structs(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                                    struct wh_error *err)
{
    out->type = WH_STRUCT;
    out->children = wh_alloc_array(a->n_children + b->n_children, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < a->n_children; i++) {
        struct wh_field *child = &out->children[out->n_children++];
        const struct wh_field *other = find_child(b, a->children[i].name);
        if (other != NULL)
            WH_TRY(wh_type_union(child, &a->children[i], other, err));
        else
            WH_TRY(wh_field_copy(child, &a->children[i], err));
        child->nullable |= other == NULL;
    }
    for (size_t i = 0; i < b->n_children; i++) {
        if (find_child(a, b->children[i].name) != NULL)
            continue;
        struct wh_field *child = &out->children[out->n_children++];
        WH_TRY(wh_field_copy(child, &b->children[i], err));
        child->nullable = true;
    }
    return WH_OK;
}

/* A list's element or a map's entries. Keys that do not meet stay text, as all keys can be. */
static enum wh_status union_child(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                                  struct wh_error *err)
{
    out->type = a->type;
    out->children = wh_alloc_array(1, sizeof *out->children);
    if (out->children == NULL)
        return wh_nomem(err);
    out->n_children = 1;
    if (a->type == WH_LIST)
        return wh_type_union(&out->children[0], &a->children[0], &b->children[0], err);
    const struct wh_field *x = &a->children[0], *y = &b->children[0];
    struct wh_field *entries = &out->children[0];
    WH_TRY(wh_field_init(entries, x->name, WH_STRUCT, err));
    entries->nullable = x->nullable;
    entries->children = wh_alloc_array(2, sizeof *entries->children);
    if (entries->children == NULL)
        return wh_nomem(err);
    entries->n_children = 2;
    for (size_t i = 0; i < 2; i++)
        WH_TRY(wh_type_union(&entries->children[i], &x->children[i], &y->children[i], err));
    return WH_OK;
}

static enum wh_status union_types(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                                  struct wh_error *err)
{
    if (is_int(a) && is_int(b))
        union_ints(out, a, b);
    else if ((a->type == WH_DECIMAL || is_int(a)) && (b->type == WH_DECIMAL || is_int(b)))
        union_decimals(out, a, b);
    else if ((is_float(a) || is_int(a)) && (is_float(b) || is_int(b)))
        union_floats(out, a, b);
    else if (a->type != b->type)
        set_text(out);
    else if (a->type == WH_TIMESTAMP)
        return union_timestamps(out, a, b, err);
    else if (a->type == WH_STRUCT)
        return union_structs(out, a, b, err);
    else if (a->type == WH_LIST || a->type == WH_MAP)
        return union_child(out, a, b, err);
    else {
        out->type = a->type;
        out->unit = WH_MAX(a->unit, b->unit);
    }
    return WH_OK;
}

enum wh_status wh_type_union(struct wh_field *out, const struct wh_field *a, const struct wh_field *b,
                             struct wh_error *err)
{
    struct wh_field f = {0};
    enum wh_status s;
    if (a->type == WH_NULL || b->type == WH_NULL || wh_field_same_type(a, b)) {
        s = wh_field_copy(&f, a->type == WH_NULL ? b : a, err);
        free(WH_TAKE(f.name));
    } else {
        s = union_types(&f, a, b, err);
    }
    if (s == WH_OK && a->name != NULL)
        s = wh_strdup(&f.name, a->name, err);
    if (s != WH_OK) {
        wh_field_release(&f);
        return s;
    }
    f.nullable = a->nullable || b->nullable || a->type == WH_NULL || b->type == WH_NULL;
    *out = f;
    return WH_OK;
}
