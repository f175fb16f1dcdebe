/* format/jsonl/decode_value.c - single values to columns: numbers, text, words, JSON; see decode.h. */
#include "base/mem.h"
#include "batch/text.h"
#include "format/jsonl/decode_int.h"

/* ---- what does not go the fast way ---------------------------------------------------------------- */

/* A well-formed value that the type cannot hold. */
static const uint8_t *misfit(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node, const uint8_t *p)
{
    if (wh_jsonl_skip(d->x, p) == NULL)
        return NULL;
    enum wh_status status = node->is_declared ? WH_DATA : WH_WIDEN;
    d->x->fault = (struct wh_jsonl_fault){status, p, "value does not fit the type"};
    d->node = node;
    return NULL;
}

static const uint8_t *put_null(struct wh_jsonl_decoder *d, struct wh_column *c, const uint8_t *p)
{
    const uint8_t *behind = wh_jsonl_literal(d->x, p, "null");
    if (behind == NULL)
        return NULL;
    return wh_jsonl_put_nulls(c, 1, &d->x->err) ? behind : wh_jsonl_fatal(d->x, p);
}

/* A value for a declared type, by its text: that of a string, else as it stands in the file. */
static const uint8_t *parse_text(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                 struct wh_column *c, const uint8_t *p)
{
    bool is_text = *p == '"' && node->field->n_children == 0;
    struct wh_slice text;
    const uint8_t *behind = is_text ? wh_jsonl_string(d->x, p, &text) : wh_jsonl_skip(d->x, p);
    if (behind == NULL)
        return NULL;
    if (!is_text)
        text = wh_slice((const char *)p, (size_t)(behind - p));
    if (!wh_jsonl_settle(c, c->length, &d->x->err)) /* members must not lag behind for the parser */
        return wh_jsonl_fatal(d->x, p);
    enum wh_status s = wh_value_parse(c, text, &d->x->err);
    if (s == WH_OK)
        return behind;
    return s == WH_DATA ? misfit(d, node, p) : wh_jsonl_fatal(d->x, p);
}

/* Null, a value of another kind, or one that the fast way does not understand. */
static const uint8_t *other_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                  struct wh_column *c, const uint8_t *p)
{
    if (*p == 'n')
        return put_null(d, c, p);
    return node->is_declared ? parse_text(d, node, c, p) : misfit(d, node, p);
}

static bool starts_number(uint8_t c)
{
    return wh_is_digit((char)c) || c == '-';
}

/* Behind a value that was put, or NULL when there was no memory for it. */
static inline const uint8_t *behind_put(struct wh_jsonl_decoder *d, bool ok, const uint8_t *behind)
{
    return ok ? behind : wh_jsonl_fatal(d->x, behind);
}

/* ---- numbers --------------------------------------------------------------------------------------- */

static inline const uint8_t *int64_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                         struct wh_column *c, const uint8_t *p)
{
    struct wh_jsonl_number n;
    if (!starts_number(*p))
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_number(d->x, p, &n);
    if (behind == NULL)
        return NULL;
    bool fits = n.digits <= 19 && n.fraction == 0 && !n.has_exponent &&
                n.mantissa <= (uint64_t)INT64_MAX + n.negative && !(n.negative && n.mantissa == 0);
    if (!fits)
        return other_value(d, node, c, p);
    uint64_t value = n.negative ? 0 - n.mantissa : n.mantissa;
    return behind_put(d, wh_jsonl_put_fixed(c, &value, sizeof value, &d->x->err), behind);
}

static const uint8_t *uint64_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                   struct wh_column *c, const uint8_t *p)
{
    struct wh_jsonl_number n;
    uint64_t value;
    if (!wh_is_digit((char)*p))
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_number(d->x, p, &n);
    if (behind == NULL)
        return NULL;
    if (n.fraction != 0 || n.has_exponent ||
        !wh_parse_u64(wh_slice((const char *)p, (size_t)(behind - p)), &value))
        return other_value(d, node, c, p);
    return behind_put(d, wh_jsonl_put_fixed(c, &value, sizeof value, &d->x->err), behind);
}

/* Numbers that one division makes exact: up to 15 digits stay what they are as a double. */
static inline bool small_double(const struct wh_jsonl_number *n, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    static const uint64_t limit = 1000000000000000;
    if (n->mantissa >= limit || n->digits > 19 || n->fraction >= WH_COUNT(powers) || n->has_exponent)
        return false;
    double magnitude = (double)n->mantissa / powers[n->fraction];
    *out = n->negative ? -magnitude : magnitude;
    return true;
}

static inline const uint8_t *float64_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                           struct wh_column *c, const uint8_t *p)
{
    struct wh_jsonl_number n;
    double value;
    if (!starts_number(*p))
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_number(d->x, p, &n);
    if (behind == NULL)
        return NULL;
    bool fits = small_double(&n, &value) ||
                (n.digits <= 19 && n.fraction == 0 && !n.has_exponent && n.mantissa <= (uint64_t)1 << 53);
    if (fits && n.mantissa >= 1000000000000000)
        value = n.negative ? -(double)n.mantissa : (double)n.mantissa;
    if (!fits && !wh_jsonl_number_double(wh_slice((const char *)p, (size_t)(behind - p)), &value))
        return other_value(d, node, c, p);
    return behind_put(d, wh_jsonl_put_fixed(c, &value, sizeof value, &d->x->err), behind);
}

static const uint8_t *decimal_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                    struct wh_column *c, const uint8_t *p)
{
    struct wh_jsonl_number n;
    uint8_t value[32];
    if (!starts_number(*p))
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_number(d->x, p, &n);
    if (behind == NULL)
        return NULL;
    const struct wh_field *f = node->field;
    bool is_minus_zero = n.negative && n.mantissa == 0 && n.digits <= 19 && !node->is_declared;
    if (is_minus_zero ||
        !wh_parse_decimal(wh_slice((const char *)p, (size_t)(behind - p)), f->precision, f->scale, value))
        return other_value(d, node, c, p);
    return behind_put(d, wh_jsonl_put_fixed(c, value, wh_decimal_width(f->precision), &d->x->err), behind);
}

static const uint8_t *number_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                   struct wh_column *c, const uint8_t *p)
{
    struct wh_jsonl_number n;
    if (!starts_number(*p))
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_number(d->x, p, &n);
    if (behind == NULL)
        return NULL;
    return behind_put(d, wh_jsonl_put_bytes(c, p, (size_t)(behind - p), &d->x->err), behind);
}

/* ---- text ------------------------------------------------------------------------------------------ */

/* A string with escapes. */
static const uint8_t *escaped_text(struct wh_jsonl_decoder *d, struct wh_column *c, const uint8_t *p)
{
    const uint8_t *behind = wh_jsonl_skip_string(d->x, p);
    if (behind == NULL)
        return NULL;
    if (!wh_jsonl_make_room(&c->data, (size_t)(behind - p), &d->x->err))
        return wh_jsonl_fatal(d->x, p);
    size_t n = wh_jsonl_unescape(c->data.data + c->data.size, p + 1, behind - 1);
    c->data.size += n;
    return behind_put(d, wh_jsonl_put_end(c, c->data.size, &d->x->err), behind);
}

/* Copies 16 bytes at a time while it looks for the closing quote; what it copies too much is overwritten by
 * the next value. */
static inline const uint8_t *text_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                        struct wh_column *c, const uint8_t *p)
{
    if (*p != '"')
        return other_value(d, node, c, p);
    const uint8_t *text = p + 1;
    size_t n = 0;
    unsigned any_high = 0;
    for (;;) {
        unsigned high, stops;
        if (!wh_jsonl_make_room(&c->data, n + 16, &d->x->err))
            return wh_jsonl_fatal(d->x, p);
        stops = wh_jsonl_stops_copy(c->data.data + c->data.size + n, text + n, &high);
        if (stops == 0) {
            any_high |= high;
            n += 16;
            /* growing keeps what lies within size only */
            if (c->data.capacity - c->data.size < n + 16)
                return escaped_text(d, c, p);
            continue;
        }
        unsigned more = (unsigned)__builtin_ctz(stops);
        any_high |= high & ((1u << more) - 1);
        n += more;
        break;
    }
    if (text[n] != '"')
        return escaped_text(d, c, p); /* or a fault, which it tells */
    if (any_high != 0 && !wh_utf8_valid(wh_slice((const char *)text, n)))
        return wh_jsonl_malformed(d->x, text, "invalid UTF-8 in a string");
    c->data.size += n;
    return behind_put(d, wh_jsonl_put_end(c, c->data.size, &d->x->err), text + n + 1);
}

static const uint8_t *form_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                 struct wh_column *c, const uint8_t *p)
{
    struct wh_slice text;
    uint8_t value[16];
    if (*p != '"')
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_string(d->x, p, &text);
    if (behind == NULL)
        return NULL;
    if (!wh_jsonl_form_parse(&node->form, text, value))
        return other_value(d, node, c, p);
    return behind_put(d, wh_jsonl_put_fixed(c, value, wh_type_width(node->field), &d->x->err), behind);
}

static inline const uint8_t *date_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                        struct wh_column *c, const uint8_t *p)
{
    enum { DATE_BYTES = 10 };
    int32_t days;
    bool is_plain = p[0] == '"' && p[DATE_BYTES + 1] == '"' &&
                    wh_jsonl_form_parse(&node->form, wh_slice((const char *)p + 1, DATE_BYTES), &days);
    if (!is_plain)
        return form_value(d, node, c, p);
    return behind_put(d, wh_jsonl_put_fixed(c, &days, sizeof days, &d->x->err), p + DATE_BYTES + 2);
}

/* ---- the others ------------------------------------------------------------------------------------ */

static const uint8_t *bool_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                 struct wh_column *c, const uint8_t *p)
{
    if (*p != 't' && *p != 'f')
        return other_value(d, node, c, p);
    const uint8_t *behind = wh_jsonl_literal(d->x, p, *p == 't' ? "true" : "false");
    if (behind == NULL)
        return NULL;
    return behind_put(d, wh_jsonl_put_bool(c, *p == 't', &d->x->err), behind);
}

static const uint8_t *json_value(struct wh_jsonl_decoder *d, struct wh_column *c, const uint8_t *p)
{
    if (*p == 'n')
        return put_null(d, c, p);
    const uint8_t *behind = wh_jsonl_skip(d->x, p);
    if (behind == NULL)
        return NULL;
    return behind_put(d, wh_jsonl_put_bytes(c, p, (size_t)(behind - p), &d->x->err), behind);
}

/* Value of a base64 digit plus one (RFC 4648, section 4). */
static unsigned base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? 0 : (unsigned)(at - digits) + 1;
}

/* Appends the bytes that the text stands for; false when it is no base64 with padding. Room is made. */
static bool put_base64(struct wh_buffer *out, struct wh_slice text)
{
    size_t padding = 0, size = out->size;
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
        padding++;
    if (text.len % 4 != 0)
        return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.len - padding; i++) {
        unsigned digit = base64_digit(text.ptr[i]);
        if (digit == 0)
            return false;
        bits = bits << 6 | (digit - 1);
        if (i % 4 != 0)
            out->data[size++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (padding > 0 && (bits & (padding == 1 ? 3 : 15)) != 0)
        return false;
    out->size = size;
    return true;
}

static const uint8_t *binary_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                   struct wh_column *c, const uint8_t *p)
{
    struct wh_slice text;
    if (*p != '"')
        return *p == 'n' ? put_null(d, c, p) : misfit(d, node, p);
    const uint8_t *behind = wh_jsonl_string(d->x, p, &text);
    if (behind == NULL)
        return NULL;
    if (!wh_jsonl_make_room(&c->data, text.len, &d->x->err))
        return wh_jsonl_fatal(d->x, p);
    if (!put_base64(&c->data, text))
        return misfit(d, node, p);
    return behind_put(d, wh_jsonl_put_end(c, c->data.size, &d->x->err), behind);
}

const uint8_t *wh_jsonl_decode_value(struct wh_jsonl_decoder *d, const struct wh_jsonl_node *node,
                                     struct wh_column *c, const uint8_t *p)
{
    switch (node->op) {
    case WH_JSONL_OP_INT64:
        return int64_value(d, node, c, p);
    case WH_JSONL_OP_FLOAT64:
        return float64_value(d, node, c, p);
    case WH_JSONL_OP_TEXT:
        return text_value(d, node, c, p);
    case WH_JSONL_OP_DATE:
        return date_value(d, node, c, p);
    case WH_JSONL_OP_BOOL:
        return bool_value(d, node, c, p);
    case WH_JSONL_OP_UINT64:
        return uint64_value(d, node, c, p);
    case WH_JSONL_OP_DECIMAL:
        return decimal_value(d, node, c, p);
    case WH_JSONL_OP_NUMBER:
        return number_value(d, node, c, p);
    case WH_JSONL_OP_FORM:
        return form_value(d, node, c, p);
    case WH_JSONL_OP_JSON:
        return json_value(d, c, p);
    case WH_JSONL_OP_LIST:
        return *p == '[' ? wh_jsonl_decode_list(d, node, c, p) : other_value(d, node, c, p);
    case WH_JSONL_OP_STRUCT:
        return *p == '{' ? wh_jsonl_decode_struct(d, node, c, p) : other_value(d, node, c, p);
    case WH_JSONL_OP_BINARY:
        return binary_value(d, node, c, p);
    case WH_JSONL_OP_NULL:
    case WH_JSONL_OP_PARSE:
        return other_value(d, node, c, p);
    case WH_JSONL_OP_SKIP:
        break;
    }
    return wh_jsonl_skip(d->x, p);
}
