/* format/jsonl/encode_value.c - values as JSON text (RFC 8259); see encode_int.h. */
#include <math.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text.h"
#include "format/jsonl/encode_int.h"
#include "format/jsonl/scan.h"

static inline bool make_room(struct wh_jsonl_output *o, size_t n)
{
    return o->out->capacity - o->out->size >= n || wh_buffer_reserve(o->out, n, o->err) == WH_OK;
}

static inline char *end_of(const struct wh_jsonl_output *o)
{
    return (char *)o->out->data + o->out->size;
}

bool wh_jsonl_put_text(struct wh_jsonl_output *o, const char *text, size_t n)
{
    if (!make_room(o, n))
        return false;
    wh_buffer_put(o->out, text, n);
    return true;
}

static bool refuse(struct wh_jsonl_output *o, const struct wh_column *c, const char *reason)
{
    o->reason = reason;
    o->column = c->field->name;
    return false;
}

/* ---- text ------------------------------------------------------------------------------------------ */

/* Letters behind the backslash; 'u' for the long form. */
static const char escape_letters[32] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

static size_t put_escape(char *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = c < 32 ? escape_letters[c] : (char)c;
    if (out[1] != 'u' || c >= 32)
        return 2;
    out[2] = out[3] = '0';
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

/* Text in quotes; 64 bytes behind it must be readable. */
static bool put_quoted(struct wh_jsonl_output *o, const struct wh_column *c, struct wh_slice text)
{
    const uint8_t *from = (const uint8_t *)text.ptr;
    size_t left = text.len;
    unsigned any_high = 0;
    if (!make_room(o, left + 2 + 16))
        return false;
    uint8_t *to = o->out->data + o->out->size;
    *to++ = '"';
    while (left > 0) {
        unsigned high, n = (unsigned)WH_MIN(left, 16u), mask = (1u << n) - 1;
        unsigned stops = wh_jsonl_stops_copy(to, from, &high) & mask;
        any_high |= high & mask;
        n = stops == 0 ? n : (unsigned)__builtin_ctz(stops);
        to += n;
        from += n;
        left -= n;
        if (stops == 0)
            continue;
        o->out->size = (size_t)(to - o->out->data);
        if (!make_room(o, left + 6 + 2 + 16))
            return false;
        to = o->out->data + o->out->size;
        to += put_escape((char *)to, *from++);
        left--;
    }
    *to++ = '"';
    o->out->size = (size_t)(to - o->out->data);
    if (any_high != 0 && !wh_utf8_valid(text))
        return refuse(o, c, "text is not valid UTF-8");
    return true;
}

/* JSON text on one line: line ends can only stand between its tokens. */
static bool put_json(struct wh_jsonl_output *o, struct wh_slice json)
{
    size_t start = o->out->size;
    if (!wh_jsonl_put_text(o, json.ptr, json.len))
        return false;
    for (size_t i = start; i < o->out->size; i++)
        if (o->out->data[i] == '\n' || o->out->data[i] == '\r')
            o->out->data[i] = ' ';
    return true;
}

/* ---- numbers and times ------------------------------------------------------------------------------- */

/* A finite number keeps a point or exponent, so that it is read as a float again. */
static bool put_float(struct wh_jsonl_output *o, const struct wh_column *c, int64_t i)
{
    double value;
    float single = 0;
    bool is_single = c->field->type == WH_FLOAT32;
    if (is_single) {
        memcpy(&single, c->data.data + (size_t)i * sizeof single, sizeof single);
        value = single;
    } else {
        memcpy(&value, c->data.data + (size_t)i * sizeof value, sizeof value);
    }
    bool finite = isfinite(value);
    if (!finite && o->style->nonfinite == WH_JSONL_REJECT)
        return refuse(o, c, "JSON has no NaN and no infinity");
    if (!finite && o->style->nonfinite == WH_JSONL_AS_NULL)
        return wh_jsonl_put_text(o, "null", 4);
    if (!make_room(o, WH_F64_TEXT + 2))
        return false;
    char *out = end_of(o);
    size_t n = !finite;
    n += is_single ? wh_format_f32(out + n, single) : wh_format_f64(out + n, value);
    if (!finite) {
        out[0] = out[n++] = '"';
    } else if (memchr(out, '.', n) == NULL && memchr(out, 'e', n) == NULL) {
        out[n++] = '.';
        out[n++] = '0';
    }
    o->out->size += n;
    return true;
}

static bool put_integer(struct wh_jsonl_output *o, const struct wh_column *c, int64_t i)
{
    if (!make_room(o, WH_I64_TEXT))
        return false;
    int64_t value = wh_column_i64(c, i);
    o->out->size += c->field->type == WH_UINT64 ? wh_format_u64(end_of(o), (uint64_t)value)
                                                : wh_format_i64(end_of(o), value);
    return true;
}

static bool put_decimal(struct wh_jsonl_output *o, const struct wh_column *c, int64_t i)
{
    const struct wh_field *f = c->field;
    if (!make_room(o, WH_DECIMAL_TEXT))
        return false;
    o->out->size += wh_format_decimal(end_of(o), c->data.data + (size_t)i * wh_decimal_width(f->precision),
                                      f->precision, f->scale);
    return true;
}

static bool put_time(struct wh_jsonl_output *o, const struct wh_column *c, int64_t i)
{
    const struct wh_field *f = c->field;
    int64_t value = wh_column_i64(c, i);
    if (!make_room(o, WH_TIME_TEXT + 2))
        return false;
    char *out = end_of(o) + 1;
    size_t n = f->type == WH_DATE32   ? wh_format_date(out, (int32_t)value)
               : f->type == WH_TIME64 ? wh_format_time(out, value, f->unit)
                                      : wh_format_timestamp(out, value, f->unit, f->zone != NULL);
    out[-1] = out[n] = '"';
    o->out->size += n + 2;
    return true;
}

/* ---- nested values ----------------------------------------------------------------------------------- */

static bool put_value(struct wh_jsonl_output *o, const struct wh_column *c,
                      const struct wh_jsonl_names *names, int64_t i);

bool wh_jsonl_put_object(struct wh_jsonl_output *o, const struct wh_column *columns,
                         const struct wh_jsonl_names *names, int64_t i)
{
    char before = '{';
    for (size_t k = 0; k < names->n; k++) {
        const struct wh_jsonl_names *name = &names->children[k];
        if (o->style->omits_nulls && wh_column_is_null(&columns[k], i))
            continue;
        if (!make_room(o, 1 + name->key_bytes))
            return false;
        o->out->data[o->out->size++] = (uint8_t)before;
        wh_buffer_put(o->out, name->key, name->key_bytes);
        before = ',';
        if (!put_value(o, &columns[k], name, i))
            return false;
    }
    return before == '{' ? wh_jsonl_put_text(o, "{}", 2) : wh_jsonl_put_text(o, "}", 1);
}

static bool put_list(struct wh_jsonl_output *o, const struct wh_column *c, const struct wh_jsonl_names *names,
                     int64_t i)
{
    const int32_t *offsets = wh_column_offsets(c);
    if (!wh_jsonl_put_text(o, "[", 1))
        return false;
    for (int32_t k = offsets[i]; k < offsets[i + 1]; k++) {
        if (k > offsets[i] && !wh_jsonl_put_text(o, ",", 1))
            return false;
        if (!put_value(o, &c->children[0], &names->children[0], k))
            return false;
    }
    return wh_jsonl_put_text(o, "]", 1);
}

/* The text of a map's key as the key of an object. */
static bool put_map_key(struct wh_jsonl_output *o, const struct wh_column *keys, int64_t i)
{
    struct wh_buffer text = {0};
    if (wh_column_is_null(keys, i))
        return refuse(o, keys, "a key of a map is null");
    if (keys->field->type == WH_UTF8)
        return put_quoted(o, keys, wh_column_slice(keys, i));
    bool ok = wh_value_format(&text, keys, i, o->err) == WH_OK &&
              wh_buffer_reserve(&text, 1, o->err) == WH_OK &&
              put_quoted(o, keys, wh_slice((const char *)text.data, text.size));
    wh_buffer_release(&text);
    return ok;
}

static bool put_map(struct wh_jsonl_output *o, const struct wh_column *c, const struct wh_jsonl_names *names,
                    int64_t i)
{
    const int32_t *offsets = wh_column_offsets(c);
    const struct wh_column *entries = &c->children[0];
    const struct wh_jsonl_names *value_names = &names->children[0].children[1];
    if (!wh_jsonl_put_text(o, "{", 1))
        return false;
    for (int32_t k = offsets[i]; k < offsets[i + 1]; k++) {
        if (k > offsets[i] && !wh_jsonl_put_text(o, ",", 1))
            return false;
        if (!put_map_key(o, &entries->children[0], k) || !wh_jsonl_put_text(o, ":", 1) ||
            !put_value(o, &entries->children[1], value_names, k))
            return false;
    }
    return wh_jsonl_put_text(o, "}", 1);
}

static bool put_bool(struct wh_jsonl_output *o, bool value)
{
    return value ? wh_jsonl_put_text(o, "true", 4) : wh_jsonl_put_text(o, "false", 5);
}

static bool put_value(struct wh_jsonl_output *o, const struct wh_column *c,
                      const struct wh_jsonl_names *names, int64_t i)
{
    if (wh_column_is_null(c, i))
        return wh_jsonl_put_text(o, "null", 4);
    switch (c->field->type) {
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
    case WH_UINT64:
        return put_integer(o, c, i);
    case WH_FLOAT32:
    case WH_FLOAT64:
        return put_float(o, c, i);
    case WH_UTF8:
        return put_quoted(o, c, wh_column_slice(c, i));
    case WH_DECIMAL:
        return put_decimal(o, c, i);
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
        return put_time(o, c, i);
    case WH_BOOL:
        return put_bool(o, wh_column_bool(c, i));
    case WH_JSON:
        return put_json(o, wh_column_slice(c, i));
    case WH_LIST:
        return put_list(o, c, names, i);
    case WH_STRUCT:
        return wh_jsonl_put_object(o, c->children, names, i);
    case WH_MAP:
        return put_map(o, c, names, i);
    case WH_NULL:
    case WH_BINARY:
    case WH_UUID:
    case WH_INTERVAL:
        break;
    }
    return wh_json_value(o->out, c, i, o->err) == WH_OK;
}
