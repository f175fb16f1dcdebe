/* batch/cast.c - columns to other types by a table of rules; see batch/cast.h. */
#include "batch/cast.h"

#include "base/mem.h"
#include "batch/cast_int.h"
#include "batch/column_int.h"
#include "batch/text_int.h"

/* One column on its way. */
struct cast {
    struct wh_column *out;
    const struct wh_column *in;
    uint8_t *bad;
    int64_t n_bad;
    bool by_position; /* members of a map's entries, whatever their names are */
    /* Rules for one value: appends value i, or WH_DATA (out unchanged): it cannot be kept. */
    enum wh_status (*one)(struct cast *x, int64_t i, struct wh_error *err);
};

static void mark_bad(struct cast *x, int64_t i)
{
    x->n_bad += !wh_bit_get(x->bad, i);
    wh_bit_set(x->bad, i);
}

static bool has_nulls(const struct wh_column *c)
{
    return c->null_count > 0;
}

/* Nulls that the target may not have. */
static void refuse_nulls(struct cast *x)
{
    if (x->out->field->nullable || !has_nulls(x->in))
        return;
    for (int64_t i = 0; i < x->in->length; i++)
        if (wh_column_is_null(x->in, i))
            mark_bad(x, i);
}

/* ---- value by position ------------------------------------------------------------------------ */

static void run_one_by_one(struct cast *x, const struct wh_convert *k, int64_t at, size_t n)
{
    size_t width = wh_type_width(x->out->field);
    for (int64_t i = at; i < at + (int64_t)n; i++) {
        if (k->run(k, x->out, x->in, i, 1))
            continue;
        if (width > 0)
            memset(x->out->data.data + (size_t)i * width, 0, width);
        if (!wh_column_is_null(x->in, i))
            mark_bad(x, i);
    }
}

/* Gives out the nulls of in and those of bad values. */
static void finish_nulls(struct cast *x)
{
    struct wh_column *out = x->out;
    int64_t n = x->in->length;
    out->length = n;
    if (has_nulls(x->in)) {
        wh_bits_copy(out->validity.data, 0, x->in->validity.data, 0, n);
        out->validity.size = wh_bitmap_bytes(n);
        out->null_count = x->in->null_count;
    }
    if (x->n_bad == 0)
        return;
    wh_column_start_validity(out);
    for (int64_t i = 0; i < n; i++) {
        if (!wh_bit_get(x->bad, i) || !wh_bit_get(out->validity.data, i))
            continue;
        wh_bit_clear(out->validity.data, i);
        out->null_count++;
    }
}

static enum wh_status cast_fixed(struct cast *x, struct wh_error *err)
{
    struct wh_column *out = x->out;
    struct wh_convert k = wh_convert_find(x->in->field, out->field);
    int64_t n = x->in->length;
    WH_TRY(wh_column_reserve(out, n, 0, err));
    out->data.size = (size_t)n * wh_type_width(out->field);
    if (out->field->type == WH_BOOL) {
        out->data.size = wh_bitmap_bytes(n);
        memset(out->data.data, 0, out->data.size);
    }
    for (int64_t at = 0; at < n; at += WH_CAST_BLOCK) {
        size_t count = (size_t)WH_MIN(n - at, (int64_t)WH_CAST_BLOCK);
        if (!k.run(&k, out, x->in, at, count))
            run_one_by_one(x, &k, at, count);
    }
    finish_nulls(x);
    refuse_nulls(x);
    return WH_OK;
}

static enum wh_status cast_copy(struct cast *x, struct wh_error *err)
{
    WH_TRY(wh_column_append_range(x->out, x->in, 0, x->in->length, err));
    refuse_nulls(x);
    return WH_OK;
}

static enum wh_status append_nulls(struct wh_column *c, int64_t n, struct wh_error *err)
{
    for (int64_t i = 0; i < n; i++)
        WH_TRY(wh_column_append_null(c, err));
    return WH_OK;
}

static enum wh_status cast_nulls(struct cast *x, struct wh_error *err)
{
    WH_TRY(append_nulls(x->out, x->in->length, err));
    refuse_nulls(x);
    return WH_OK;
}

/* ---- value by value --------------------------------------------------------------------------- */

static enum wh_status cast_each(struct cast *x, struct wh_error *err)
{
    WH_TRY(wh_column_reserve(x->out, x->in->length, 0, err));
    for (int64_t i = 0; i < x->in->length; i++) {
        enum wh_status s = WH_DATA;
        bool null = wh_column_is_null(x->in, i);
        if (!null)
            s = x->one(x, i, err);
        if (s == WH_OK)
            continue;
        if (s != WH_DATA)
            return s;
        WH_TRY(wh_column_append_null(x->out, err));
        if (!null || !x->out->field->nullable)
            mark_bad(x, i);
    }
    return WH_OK;
}

/* Ends a value whose bytes were put behind those of the column. */
static enum wh_status end_bytes(struct wh_column *out, struct wh_error *err)
{
    size_t start = (size_t)wh_column_offsets(out)[out->length];
    if (out->data.size > INT32_MAX) {
        out->data.size = start;
        return wh_column_too_big(out, err);
    }
    wh_column_put_bytes(out, NULL, 0);
    return WH_OK;
}

static enum wh_status one_to_text(struct cast *x, int64_t i, struct wh_error *err)
{
    WH_TRY(wh_value_format(&x->out->data, x->in, i, err));
    return end_bytes(x->out, err);
}

static enum wh_status one_to_json(struct cast *x, int64_t i, struct wh_error *err)
{
    WH_TRY(wh_json_value(&x->out->data, x->in, i, err));
    return end_bytes(x->out, err);
}

static enum wh_status one_from_text(struct cast *x, int64_t i, struct wh_error *err)
{
    uint64_t value[4];
    if (!wh_text_parse_fixed(x->out->field, wh_column_slice(x->in, i), value))
        return WH_DATA;
    return wh_column_append(x->out, value, err);
}

static enum wh_status one_parsed(struct cast *x, int64_t i, struct wh_error *err)
{
    return wh_value_parse(x->out, wh_column_slice(x->in, i), err);
}

static enum wh_status one_valid_utf8(struct cast *x, int64_t i, struct wh_error *err)
{
    struct wh_slice s = wh_column_slice(x->in, i);
    return wh_utf8_valid(s) ? wh_column_append_bytes(x->out, s.ptr, s.len, err) : WH_DATA;
}

static enum wh_status one_uuid_to_binary(struct cast *x, int64_t i, struct wh_error *err)
{
    size_t width = wh_type_width(x->in->field);
    return wh_column_append_bytes(x->out, x->in->data.data + (size_t)i * width, width, err);
}

static enum wh_status one_binary_to_uuid(struct cast *x, int64_t i, struct wh_error *err)
{
    struct wh_slice s = wh_column_slice(x->in, i);
    return s.len == wh_type_width(x->out->field) ? wh_column_append(x->out, s.ptr, err) : WH_DATA;
}

/* ---- nested types ----------------------------------------------------------------------------- */

static enum wh_status cast_any(struct cast *x, struct wh_error *err);

/* Casts a child with a map of its own for bad values in `bad`, which the caller releases. */
static enum wh_status cast_child(struct cast *child, struct wh_buffer *bad, struct wh_error *err)
{
    size_t bytes = wh_bitmap_bytes(child->in->length);
    WH_TRY(wh_buffer_resize(bad, bytes, err));
    memset(bad->data, 0, bytes);
    child->bad = bad->data;
    return cast_any(child, err);
}

/* Replaces bad values, whose children are still there, by plain nulls. */
static enum wh_status clear_bad(struct cast *x, struct wh_error *err)
{
    if (x->n_bad == 0)
        return WH_OK;
    WH_CLEANUP(wh_column_release) struct wh_column clean = {0};
    WH_TRY(wh_column_init(&clean, x->out->field, x->out->validity.budget, err));
    int64_t n = x->out->length;
    for (int64_t i = 0; i < n;) {
        int64_t end = i;
        while (end < n && !wh_bit_get(x->bad, end))
            end++;
        WH_TRY(wh_column_append_range(&clean, x->out, i, end - i, err));
        for (i = end; i < n && wh_bit_get(x->bad, i); i++)
            WH_TRY(wh_column_append_null(&clean, err));
    }
    struct wh_column dirty = *x->out;
    *x->out = clean;
    clean = dirty;
    return WH_OK;
}

static enum wh_status finish_nested(struct cast *x, struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(&x->out->validity, wh_bitmap_bytes(x->in->length), err));
    finish_nulls(x);
    refuse_nulls(x);
    return clear_bad(x, err);
}

static int64_t find_member(const struct wh_field *f, const char *name)
{
    for (size_t i = 0; i < f->n_children; i++)
        if (strcmp(f->children[i].name, name) == 0)
            return (int64_t)i;
    return -1;
}

/* Marks values of which a member that the target lacks is not null. */
static void refuse_lost_members(struct cast *x)
{
    for (size_t m = 0; m < x->in->field->n_children; m++) {
        const struct wh_column *member = &x->in->children[m];
        if (find_member(x->out->field, member->field->name) >= 0)
            continue;
        for (int64_t i = 0; i < x->in->length; i++)
            if (!wh_column_is_null(x->in, i) && !wh_column_is_null(member, i))
                mark_bad(x, i);
    }
}

static enum wh_status cast_member(struct cast *x, size_t m, struct wh_buffer *bad, struct wh_error *err)
{
    struct cast member = {.out = &x->out->children[m]};
    int64_t from = x->by_position ? (int64_t)m : find_member(x->in->field, member.out->field->name);
    bool all_bad = from < 0 && !member.out->field->nullable;
    if (from >= 0) {
        member.in = &x->in->children[from];
        WH_TRY(cast_child(&member, bad, err));
    } else {
        WH_TRY(append_nulls(member.out, x->in->length, err));
    }
    if (member.n_bad == 0 && !all_bad)
        return WH_OK;
    for (int64_t i = 0; i < x->in->length; i++)
        if (!wh_column_is_null(x->in, i) && (all_bad || wh_bit_get(bad->data, i)))
            mark_bad(x, i);
    return WH_OK;
}

static enum wh_status cast_struct(struct cast *x, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer bad = {.budget = x->out->validity.budget};
    for (size_t m = 0; m < x->out->field->n_children; m++)
        WH_TRY(cast_member(x, m, &bad, err));
    if (!x->by_position)
        refuse_lost_members(x);
    return finish_nested(x, err);
}

/* LIST and MAP: the elements as one column, offsets as they are. */
static enum wh_status cast_list(struct cast *x, struct wh_error *err)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer bad = {.budget = x->out->validity.budget};
    struct wh_column *out = x->out;
    int64_t n = x->in->length;
    if (n == 0)
        return WH_OK;
    struct cast items = {.out = &out->children[0], .in = &x->in->children[0]};
    items.by_position = x->in->field->type == WH_MAP;
    WH_TRY(cast_child(&items, &bad, err));
    out->offsets.size = 0;
    WH_TRY(wh_buffer_append(&out->offsets, x->in->offsets.data, (size_t)(n + 1) * sizeof(int32_t), err));
    const int32_t *o = wh_column_offsets(out);
    for (int64_t i = 0; items.n_bad > 0 && i < n; i++)
        if (!wh_column_is_null(x->in, i) && wh_bits_count(bad.data, o[i], o[i + 1] - o[i]) > 0)
            mark_bad(x, i);
    return finish_nested(x, err);
}

/* ---- rules ------------------------------------------------------------------------------------ */

#define BIT(type) (1u << (type))
#define INTS                                                                                                 \
    (BIT(WH_INT8) | BIT(WH_INT16) | BIT(WH_INT32) | BIT(WH_INT64) | BIT(WH_UINT8) | BIT(WH_UINT16) |         \
     BIT(WH_UINT32) | BIT(WH_UINT64))
#define NUMBERS (INTS | BIT(WH_FLOAT32) | BIT(WH_FLOAT64) | BIT(WH_DECIMAL))
#define NESTED (BIT(WH_LIST) | BIT(WH_STRUCT) | BIT(WH_MAP))
#define ANY ((BIT(WH_TYPE_COUNT) - 1) & ~BIT(WH_NULL))

typedef enum wh_cast_class class_fn(const struct wh_field *from, const struct wh_field *to);

static enum wh_cast_class class_of_dates(const struct wh_field *from, const struct wh_field *to)
{
    (void)from;
    return to->unit <= WH_MILLI && to->zone == NULL ? WH_CAST_EXACT : WH_CAST_CHECKED;
}

static enum wh_cast_class class_of_times(const struct wh_field *from, const struct wh_field *to)
{
    return from->unit <= to->unit ? WH_CAST_EXACT : WH_CAST_CHECKED;
}

static enum wh_cast_class class_of_timestamps(const struct wh_field *from, const struct wh_field *to)
{
    bool same = from->unit == to->unit && (from->zone == NULL) == (to->zone == NULL);
    return same ? WH_CAST_EXACT : WH_CAST_CHECKED;
}

static enum wh_cast_class class_of_lists(const struct wh_field *from, const struct wh_field *to)
{
    enum wh_cast_class c = wh_cast_class(&from->children[0], &to->children[0]);
    return WH_MAX(c, WH_CAST_EXACT);
}

static enum wh_cast_class class_of_maps(const struct wh_field *from, const struct wh_field *to)
{
    const struct wh_field *x = from->children[0].children, *y = to->children[0].children;
    enum wh_cast_class key = wh_cast_class(&x[0], &y[0]), value = wh_cast_class(&x[1], &y[1]);
    return WH_MAX(WH_CAST_EXACT, WH_MAX(key, value));
}

static enum wh_cast_class class_of_structs(const struct wh_field *from, const struct wh_field *to)
{
    enum wh_cast_class worst = WH_CAST_EXACT;
    for (size_t m = 0; m < to->n_children; m++) {
        int64_t k = find_member(from, to->children[m].name);
        enum wh_cast_class c = to->children[m].nullable ? WH_CAST_EXACT : WH_CAST_CHECKED;
        if (k >= 0)
            c = wh_cast_class(&from->children[k], &to->children[m]);
        worst = WH_MAX(worst, c);
    }
    for (size_t m = 0; m < from->n_children; m++)
        if (find_member(to, from->children[m].name) < 0)
            worst = WH_MAX(worst, WH_CAST_CHECKED);
    return worst;
}

/* The first rule that has both types counts. */
static const struct rule {
    uint32_t from, to;
    enum wh_cast_class fixed_class; /* unless class_of is set */
    class_fn *class_of;
    enum wh_status (*run)(struct cast *x, struct wh_error *err);
    enum wh_status (*one)(struct cast *x, int64_t i, struct wh_error *err); /* of cast_each */
} rules[] = {
    {BIT(WH_NULL), ANY, WH_CAST_EXACT, NULL, cast_nulls, NULL},
    {NUMBERS, NUMBERS, WH_CAST_NONE, wh_convert_number_class, cast_fixed, NULL},
    {BIT(WH_BOOL), INTS, WH_CAST_EXACT, NULL, cast_fixed, NULL},
    {INTS, BIT(WH_BOOL), WH_CAST_CHECKED, NULL, cast_fixed, NULL},
    {BIT(WH_DATE32), BIT(WH_TIMESTAMP), WH_CAST_NONE, class_of_dates, cast_fixed, NULL},
    {BIT(WH_TIMESTAMP), BIT(WH_DATE32), WH_CAST_CHECKED, NULL, cast_fixed, NULL},
    {BIT(WH_TIMESTAMP), BIT(WH_TIMESTAMP), WH_CAST_NONE, class_of_timestamps, cast_fixed, NULL},
    {BIT(WH_TIME64), BIT(WH_TIME64), WH_CAST_NONE, class_of_times, cast_fixed, NULL},
    {BIT(WH_BINARY), BIT(WH_UTF8), WH_CAST_CHECKED, NULL, cast_each, one_valid_utf8},
    {BIT(WH_UTF8) | BIT(WH_JSON), BIT(WH_BINARY), WH_CAST_EXACT, NULL, cast_copy, NULL},
    {BIT(WH_JSON), BIT(WH_UTF8), WH_CAST_EXACT, NULL, cast_copy, NULL},
    {BIT(WH_UUID), BIT(WH_BINARY), WH_CAST_EXACT, NULL, cast_each, one_uuid_to_binary},
    {BIT(WH_BINARY), BIT(WH_UUID), WH_CAST_CHECKED, NULL, cast_each, one_binary_to_uuid},
    {BIT(WH_LIST), BIT(WH_LIST), WH_CAST_NONE, class_of_lists, cast_list, NULL},
    {BIT(WH_MAP), BIT(WH_MAP), WH_CAST_NONE, class_of_maps, cast_list, NULL},
    {BIT(WH_STRUCT), BIT(WH_STRUCT), WH_CAST_NONE, class_of_structs, cast_struct, NULL},
    {BIT(WH_BINARY), BIT(WH_JSON), WH_CAST_CHECKED, NULL, cast_each, one_parsed},
    {BIT(WH_UTF8), BIT(WH_JSON) | NESTED, WH_CAST_CHECKED, NULL, cast_each, one_parsed},
    {BIT(WH_JSON), NESTED, WH_CAST_CHECKED, NULL, cast_each, one_parsed},
    {BIT(WH_UTF8), ANY, WH_CAST_CHECKED, NULL, cast_each, one_from_text},
    {ANY, BIT(WH_UTF8), WH_CAST_EXACT, NULL, cast_each, one_to_text},
    {ANY, BIT(WH_JSON), WH_CAST_EXACT, NULL, cast_each, one_to_json},
};

static const struct rule *find_rule(const struct wh_field *from, const struct wh_field *to)
{
    for (size_t i = 0; i < WH_COUNT(rules); i++)
        if ((rules[i].from & BIT(from->type)) != 0 && (rules[i].to & BIT(to->type)) != 0)
            return &rules[i];
    return NULL;
}

enum wh_cast_class wh_cast_class(const struct wh_field *from, const struct wh_field *to)
{
    enum wh_cast_class c = WH_CAST_NONE;
    const struct rule *rule;
    if (wh_field_same_type(from, to))
        c = WH_CAST_SAME;
    else if ((rule = find_rule(from, to)) != NULL)
        c = rule->class_of != NULL ? rule->class_of(from, to) : rule->fixed_class;
    bool may_meet_null = (from->nullable || from->type == WH_NULL) && !to->nullable;
    return may_meet_null ? WH_MAX(c, WH_CAST_CHECKED) : c;
}

static enum wh_status cast_any(struct cast *x, struct wh_error *err)
{
    if (wh_field_same_type(x->in->field, x->out->field))
        return cast_copy(x, err);
    const struct rule *rule = find_rule(x->in->field, x->out->field);
    if (rule == NULL)
        return wh_fail(err, WH_INTERNAL, "could not cast a column: no rule for its types");
    x->one = rule->one;
    return rule->run(x, err);
}

enum wh_status wh_cast_column(struct wh_column *out, const struct wh_column *in, uint8_t *bad, int64_t *n_bad,
                              struct wh_error *err)
{
    if (wh_cast_class(in->field, out->field) == WH_CAST_NONE) {
        char from[120], to[120];
        wh_type_format(in->field, from, sizeof from);
        wh_type_format(out->field, to, sizeof to);
        return wh_fail(err, WH_CONFIG,
                       "could not cast column \"%s\" from %s to %s: the types have no value in common",
                       in->field->name == NULL ? "" : in->field->name, from, to);
    }
    struct cast x = {.out = out, .in = in, .bad = bad};
    enum wh_status s = cast_any(&x, err);
    if (s != WH_OK)
        wh_column_reset(out);
    else
        *n_bad = x.n_bad;
    return s;
}
