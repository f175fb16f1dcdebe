/* engine/filter_eval.c - a compiled condition over the rows of a batch, column by column.
 *
 * Every node fills a bit map with the rows for which it is true, 64 rows a word. */
#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/builder.h"
#include "engine/filter_int.h"

enum { BLOCK = 64 };

struct eval {
    const struct wh_filter *f;
    const struct wh_column **columns; /* of the batch, in the order of f->names */
    int64_t rows;
    size_t n_words;
    uint64_t *slots; /* n_words each */
};

/* One bit for each of 64 bytes that are 0 or 1: the product moves bit 0 of byte k to bit 56 + k. */
static inline uint64_t pack_block(const uint8_t *flags)
{
    uint64_t word = 0;
    for (size_t i = 0; i < BLOCK / 8; i++) {
        uint64_t eight;
        memcpy(&eight, flags + 8 * i, sizeof eight);
        word |= (eight * 0x0102040810204080u >> 56) << 8 * i;
    }
    return word;
}

/* ---- ranges ----------------------------------------------------------------------------------- */

/* low <= value <= high as one unsigned comparison, signed or not: (value - low) <= (high - low). */
#define RANGE_KERNEL(name, type)                                                                             \
    static void name(const uint8_t *data, int64_t rows, const struct node *n, uint64_t *out)                 \
    {                                                                                                        \
        type low, high;                                                                                      \
        memcpy(&low, &n->low, sizeof low);                                                                   \
        memcpy(&high, &n->high, sizeof high);                                                                \
        const type span = (type)(high - low);                                                                \
        for (int64_t at = 0; at < rows; at += BLOCK) {                                                       \
            uint8_t flags[BLOCK] = {0};                                                                      \
            type values[BLOCK] = {0};                                                                        \
            size_t count = (size_t)WH_MIN(rows - at, (int64_t)BLOCK);                                        \
            memcpy(values, data + (size_t)at * sizeof(type), count * sizeof(type));                          \
            for (size_t i = 0; i < BLOCK; i++)                                                               \
                flags[i] = (type)(values[i] - low) <= span;                                                  \
            out[at / BLOCK] = pack_block(flags);                                                             \
        }                                                                                                    \
    }
RANGE_KERNEL(range_1, uint8_t)
RANGE_KERNEL(range_2, uint16_t)
RANGE_KERNEL(range_4, uint32_t)
RANGE_KERNEL(range_8, uint64_t)
RANGE_KERNEL(range_16, wh_u128)

#define FLOAT_KERNEL(name, type)                                                                             \
    static void name(const uint8_t *data, int64_t rows, const struct node *n, uint64_t *out)                 \
    {                                                                                                        \
        type low, high;                                                                                      \
        memcpy(&low, &n->low, sizeof low);                                                                   \
        memcpy(&high, &n->high, sizeof high);                                                                \
        for (int64_t at = 0; at < rows; at += BLOCK) {                                                       \
            uint8_t flags[BLOCK] = {0};                                                                      \
            type values[BLOCK] = {0};                                                                        \
            size_t count = (size_t)WH_MIN(rows - at, (int64_t)BLOCK);                                        \
            memcpy(values, data + (size_t)at * sizeof(type), count * sizeof(type));                          \
            for (size_t i = 0; i < BLOCK; i++)                                                               \
                flags[i] = (values[i] >= low) & (values[i] <= high);                                         \
            out[at / BLOCK] = pack_block(flags);                                                             \
        }                                                                                                    \
    }
FLOAT_KERNEL(range_float, float)
FLOAT_KERNEL(range_double, double)

static void range_32(const uint8_t *data, int64_t rows, const struct node *n, uint64_t *out)
{
    for (int64_t i = 0; i < rows; i++) {
        struct wide value;
        memcpy(&value, data + (size_t)i * sizeof value, sizeof value);
        uint64_t inside =
            filter_compare_wide(&value, &n->low) >= 0 && filter_compare_wide(&value, &n->high) <= 0;
        out[i / BLOCK] |= inside << i % BLOCK;
    }
}

static void eval_range(const struct eval *e, const struct node *n, uint64_t *out)
{
    const struct wh_column *c = e->columns[n->column];
    const uint8_t *data = c->data.data;
    if (c->field->type == WH_FLOAT32) {
        range_float(data, e->rows, n, out);
        return;
    }
    if (c->field->type == WH_FLOAT64) {
        range_double(data, e->rows, n, out);
        return;
    }
    switch (wh_type_width(c->field)) {
    case 1:
        range_1(data, e->rows, n, out);
        break;
    case 2:
        range_2(data, e->rows, n, out);
        break;
    case 4:
        range_4(data, e->rows, n, out);
        break;
    case 8:
        range_8(data, e->rows, n, out);
        break;
    case 16:
        range_16(data, e->rows, n, out);
        break;
    default:
        range_32(data, e->rows, n, out);
        break;
    }
}

/* ---- bytes ------------------------------------------------------------------------------------ */

/* Bit order + 1 is set for the orders (-1, 0, 1) that an operator accepts; unordered is bit 3, never set. */
static const unsigned accepted[] = {[WH_LT] = 1, [WH_LE] = 3, [WH_EQ] = 2, [WH_GE] = 6, [WH_GT] = 4};

static struct wh_slice slice_at(const struct wh_column *c, int64_t i)
{
    if (wh_type_is_bytes(c->field->type))
        return wh_column_slice(c, i);
    size_t width = wh_type_width(c->field);
    return wh_slice((const char *)c->data.data + (size_t)i * width, width);
}

static unsigned sign_of(int order)
{
    return (unsigned)((order > 0) - (order < 0) + 1);
}

static void eval_bytes(const struct eval *e, const struct node *n, uint64_t *out)
{
    const struct wh_column *c = e->columns[n->column];
    unsigned wanted = accepted[n->op];
    for (int64_t i = 0; i < e->rows; i++) {
        struct wh_slice value = slice_at(c, i);
        if (n->op == WH_EQ && value.len != n->text.len)
            continue;
        uint64_t bit = wanted >> sign_of(filter_compare_slices(value, n->text)) & 1;
        out[i / BLOCK] |= bit << i % BLOCK;
    }
}

/* ---- sets ------------------------------------------------------------------------------------- */

static bool has_text(const struct node *n, struct wh_slice text)
{
    size_t low = 0, high = n->n_set;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = filter_compare_slices(n->texts[middle], text);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool has_value(const struct node *n, uint64_t value)
{
    const uint64_t *first = n->values;
    for (size_t count = n->n_set; count > 1; count -= count / 2)
        first += first[count / 2] <= value ? count / 2 : 0;
    return *first == value;
}

static void eval_set(const struct eval *e, const struct node *n, uint64_t *out)
{
    const struct wh_column *c = e->columns[n->column];
    uint64_t bias = filter_order_bias(c->field->type);
    for (int64_t i = 0; i < e->rows; i++) {
        uint64_t bit = n->texts != NULL ? has_text(n, wh_column_slice(c, i))
                                        : has_value(n, (uint64_t)wh_column_i64(c, i) ^ bias);
        out[i / BLOCK] |= bit << i % BLOCK;
    }
}

/* ---- like ------------------------------------------------------------------------------------- */

static const char *next_character(const char *p, const char *end)
{
    do
        p++;
    while (p < end && ((unsigned char)*p & 0xC0) == 0x80);
    return p;
}

bool filter_like(struct wh_slice text, struct wh_slice pattern)
{
    const char *t = text.ptr, *t_end = t + text.len, *p = pattern.ptr, *p_end = p + pattern.len;
    const char *retry_p = NULL, *retry_t = NULL; /* behind the last %, and where it may end next */
    while (t < t_end) {
        if (p < p_end && *p == '%') {
            retry_p = ++p;
            retry_t = t;
            continue;
        }
        const char *literal = p < p_end && *p == '\\' && p + 1 < p_end ? p + 1 : p;
        if (literal == p && p < p_end && *p == '_') {
            t = next_character(t, t_end);
            p++;
        } else if (p < p_end && *literal == *t) {
            t++;
            p = literal + 1;
        } else if (retry_p != NULL) {
            t = ++retry_t;
            p = retry_p;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '%')
        p++;
    return p == p_end;
}

/* The middle of "%text%", or false for another pattern. */
static bool is_contains(struct wh_slice pattern, struct wh_slice *needle)
{
    if (pattern.len < 3 || pattern.ptr[0] != '%' || pattern.ptr[pattern.len - 1] != '%')
        return false;
    *needle = wh_slice(pattern.ptr + 1, pattern.len - 2);
    for (size_t i = 0; i < needle->len; i++)
        if (needle->ptr[i] == '%' || needle->ptr[i] == '_' || needle->ptr[i] == '\\')
            return false;
    return true;
}

static void eval_like(const struct eval *e, const struct node *n, uint64_t *out)
{
    const struct wh_column *c = e->columns[n->column];
    struct wh_slice needle;
    bool contains = is_contains(n->text, &needle);
    for (int64_t i = 0; i < e->rows; i++) {
        struct wh_slice text = wh_column_slice(c, i);
        uint64_t bit = contains ? memmem(text.ptr, text.len, needle.ptr, needle.len) != NULL
                                : filter_like(text, n->text);
        out[i / BLOCK] |= bit << i % BLOCK;
    }
}

/* ---- two columns ------------------------------------------------------------------------------ */

enum { UNORDERED = 2 };

static int order_of(wh_i128 a, wh_i128 b)
{
    return (a > b) - (a < b);
}

static wh_i128 whole_at(const struct wh_column *c, int64_t i)
{
    int64_t v = wh_column_i64(c, i);
    return c->field->type == WH_UINT64 ? (wh_i128)(uint64_t)v : (wh_i128)v;
}

static int compare_integers(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    return order_of(whole_at(a, i), whole_at(b, i));
}

/* Value i times 10^scale; false when that has more than 76 digits. */
static bool scaled_at(const struct wh_column *c, int64_t i, int scale, struct wide *out, bool *negative)
{
    const struct wh_field *f = c->field;
    if (f->type != WH_DECIMAL) {
        wh_i128 v = whole_at(c, i);
        *negative = v < 0;
        return wh_decimal_rescale(&v, 38, 0, out, WH_DECIMAL_MAX_DIGITS, scale);
    }
    size_t width = wh_type_width(f);
    const uint8_t *value = c->data.data + (size_t)i * width;
    *negative = value[width - 1] >> 7 != 0;
    return wh_decimal_rescale(value, f->precision, f->scale, out, WH_DECIMAL_MAX_DIGITS, scale);
}

static int compare_decimals(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    int scale = WH_MAX(a->field->scale, b->field->scale);
    struct wide x, y;
    bool x_negative, y_negative;
    /* Only the one with the smaller scale can grow too large: then it decides. */
    if (!scaled_at(a, i, scale, &x, &x_negative))
        return x_negative ? -1 : 1;
    if (!scaled_at(b, i, scale, &y, &y_negative))
        return y_negative ? 1 : -1;
    return filter_compare_wide(&x, &y);
}

static double float_at(const struct wh_column *c, int64_t i)
{
    float single;
    double v;
    if (c->field->type == WH_FLOAT32) {
        memcpy(&single, c->data.data + (size_t)i * sizeof single, sizeof single);
        return (double)single;
    }
    memcpy(&v, c->data.data + (size_t)i * sizeof v, sizeof v);
    return v;
}

static int compare_floats(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    double x = float_at(a, i), y = float_at(b, i);
    return x < y ? -1 : x > y ? 1 : x >= y ? 0 : UNORDERED;
}

static int compare_bools(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    return wh_column_bool(a, i) - wh_column_bool(b, i);
}

static int compare_bytes(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    int order = filter_compare_slices(slice_at(a, i), slice_at(b, i));
    return (order > 0) - (order < 0);
}

static int compare_times(const struct wh_column *a, const struct wh_column *b, int64_t i)
{
    int64_t nano = wh_units_per_second(WH_NANO);
    return order_of((wh_i128)wh_column_i64(a, i) * (nano / wh_units_per_second(a->field->unit)),
                    (wh_i128)wh_column_i64(b, i) * (nano / wh_units_per_second(b->field->unit)));
}

typedef int compare_rows(const struct wh_column *a, const struct wh_column *b, int64_t i);

static compare_rows *comparison_of(enum wh_type a, enum wh_type b)
{
    static compare_rows *const comparisons[WH_TYPE_COUNT] = {
        [WH_BOOL] = compare_bools,       [WH_INT8] = compare_integers,   [WH_INT16] = compare_integers,
        [WH_INT32] = compare_integers,   [WH_INT64] = compare_integers,  [WH_UINT8] = compare_integers,
        [WH_UINT16] = compare_integers,  [WH_UINT32] = compare_integers, [WH_UINT64] = compare_integers,
        [WH_DECIMAL] = compare_decimals, [WH_FLOAT32] = compare_floats,  [WH_FLOAT64] = compare_floats,
        [WH_UTF8] = compare_bytes,       [WH_JSON] = compare_bytes,      [WH_BINARY] = compare_bytes,
        [WH_UUID] = compare_bytes,       [WH_DATE32] = compare_integers, [WH_TIME64] = compare_times,
        [WH_TIMESTAMP] = compare_times,  [WH_INTERVAL] = compare_bytes,
    };
    return b == WH_DECIMAL ? compare_decimals : comparisons[a];
}

static void eval_columns(const struct eval *e, const struct node *n, uint64_t *out)
{
    const struct wh_column *a = e->columns[n->column], *b = e->columns[n->other];
    compare_rows *compare = comparison_of(a->field->type, b->field->type);
    unsigned wanted = accepted[n->op];
    for (int64_t i = 0; i < e->rows; i++) {
        uint64_t bit = wanted >> (unsigned)(compare(a, b, i) + 1) & 1;
        out[i / BLOCK] |= bit << i % BLOCK;
    }
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static void and_validity(const struct eval *e, size_t column, uint64_t *out)
{
    const struct wh_column *c = e->columns[column];
    if (c->validity.size == 0)
        return;
    const uint8_t *map = c->validity.data;
    size_t n_bytes = wh_bitmap_bytes(e->rows);
    for (size_t w = 0; w < e->n_words; w++) {
        uint64_t valid = 0;
        memcpy(&valid, map + 8 * w, WH_MIN(n_bytes - 8 * w, sizeof valid));
        out[w] &= valid;
    }
}

/* out := negate ? not out : out, where the columns of the node are present. */
static void finish_leaf(const struct eval *e, const struct node *n, uint64_t *out)
{
    for (size_t w = 0; n->negate && w < e->n_words; w++)
        out[w] = ~out[w];
    and_validity(e, n->column, out);
    if (n->kind == NODE_COLUMNS)
        and_validity(e, n->other, out);
}

static void eval_is_null(const struct eval *e, const struct node *n, uint64_t *out)
{
    if (e->columns[n->column]->field->type != WH_NULL) {
        memset(out, 0xFF, e->n_words * sizeof *out);
        and_validity(e, n->column, out);
    }
    for (size_t w = 0; !n->negate && w < e->n_words; w++)
        out[w] = ~out[w];
}

static void eval_node(const struct eval *e, const struct node *n, uint64_t *out, uint64_t *slots);

static void eval_children(const struct eval *e, const struct node *n, uint64_t *out, uint64_t *slots)
{
    eval_node(e, n->child, out, slots);
    for (const struct node *child = n->child->next; child != NULL; child = child->next) {
        eval_node(e, child, slots, slots + e->n_words);
        for (size_t w = 0; w < e->n_words; w++)
            out[w] = n->kind == NODE_AND ? out[w] & slots[w] : out[w] | slots[w];
    }
}

/* Fills out; slots has room for n->n_slots bit maps. */
static void eval_node(const struct eval *e, const struct node *n, uint64_t *out, uint64_t *slots)
{
    memset(out, 0, e->n_words * sizeof *out);
    switch (n->kind) {
    case NODE_AND:
    case NODE_OR:
        eval_children(e, n, out, slots);
        return;
    case NODE_CONSTANT:
        if (!n->unknown && n->truth != n->negate)
            memset(out, 0xFF, e->n_words * sizeof *out);
        return;
    case NODE_IS_NULL:
        eval_is_null(e, n, out);
        return;
    case NODE_NEVER:
        break;
    case NODE_BOOL:
        memcpy(out, e->columns[n->column]->data.data, wh_bitmap_bytes(e->rows));
        break;
    case NODE_RANGE:
        eval_range(e, n, out);
        break;
    case NODE_SET:
        eval_set(e, n, out);
        break;
    case NODE_BYTES:
        eval_bytes(e, n, out);
        break;
    case NODE_LIKE:
        eval_like(e, n, out);
        break;
    case NODE_COLUMNS:
        eval_columns(e, n, out);
        break;
    }
    finish_leaf(e, n, out);
}

/* ---- batches ---------------------------------------------------------------------------------- */

static enum wh_status find_columns(const struct wh_filter *f, const struct wh_batch *b,
                                   const struct wh_column **columns, struct wh_error *err)
{
    for (size_t i = 0; i < f->n_names; i++) {
        int64_t at = wh_schema_find(b->schema, f->names[i]);
        if (at < 0 || !wh_field_same_type(&b->schema->fields[at], filter_field(f, i)))
            return wh_fail(err, WH_INTERNAL,
                           "could not filter rows: column \"%s\" is not as the condition knows it",
                           f->names[i]);
        columns[i] = &b->columns[at];
    }
    return WH_OK;
}

enum wh_status wh_filter_apply(const struct wh_filter *f, const struct wh_batch *b, uint8_t *keep,
                               int64_t *n_kept, struct wh_buffer *scratch, struct wh_error *err)
{
    struct eval e = {.f = f, .rows = b->rows, .n_words = (size_t)((b->rows + BLOCK - 1) / BLOCK)};
    size_t columns_bytes = (f->n_names * sizeof *e.columns + 63) / 64 * 64;
    WH_TRY(
        wh_buffer_resize(scratch, columns_bytes + (f->root->n_slots + 1) * e.n_words * sizeof *e.slots, err));
    e.columns = (const struct wh_column **)(void *)scratch->data;
    WH_TRY(find_columns(f, b, e.columns, err));
    uint64_t *out = (uint64_t *)(void *)(scratch->data + columns_bytes);
    if (b->rows > 0) {
        eval_node(&e, f->root, out, out + e.n_words);
        if (e.rows % BLOCK != 0)
            out[e.n_words - 1] &= ((uint64_t)1 << e.rows % BLOCK) - 1;
    }
    size_t n_bytes = wh_bitmap_bytes(b->rows);
    if (n_bytes > 0)
        memcpy(keep, out, n_bytes);
    *n_kept = wh_bitmap_count(keep, b->rows);
    return WH_OK;
}
