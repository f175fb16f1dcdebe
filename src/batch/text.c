/* batch/text.c - single values from and to their canonical text; see batch/text.h. */
#include "batch/text.h"

#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text_int.h"

enum {
    UUID_TEXT = 36,
    SHORT_TEXT = 96, /* room for the text of any fixed-width type */
    MAX_WIDTH = 32,
};

/* ---- writing ---------------------------------------------------------------------------------- */

static const char hex_digits[] = "0123456789abcdef";

static size_t format_hex(char *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
    return 2 * n;
}

static size_t format_uuid(char *out, const uint8_t *bytes)
{
    static const size_t groups[] = {4, 2, 2, 2, 6};
    size_t len = 0;
    for (size_t g = 0; g < WH_COUNT(groups); g++) {
        if (g > 0)
            out[len++] = '-';
        len += format_hex(out + len, bytes, groups[g]);
        bytes += groups[g];
    }
    return len;
}

static size_t format_float(char *out, const struct wh_column *c, int64_t i)
{
    if (c->field->type == WH_FLOAT32) {
        float f;
        memcpy(&f, c->data.data + (size_t)i * sizeof f, sizeof f);
        return wh_format_f32(out, f);
    }
    double d;
    memcpy(&d, c->data.data + (size_t)i * sizeof d, sizeof d);
    return wh_format_f64(out, d);
}

/* Text of a fixed-width value in SHORT_TEXT bytes. */
static size_t format_fixed(char *out, const struct wh_column *c, int64_t i)
{
    const struct wh_field *f = c->field;
    const uint8_t *value = c->data.data + (size_t)i * wh_type_width(f);
    switch (f->type) {
    case WH_BOOL: {
        bool b = wh_column_bool(c, i);
        memcpy(out, b ? "true" : "false", b ? 4 : 5);
        return b ? 4 : 5;
    }
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
        return wh_format_i64(out, wh_column_i64(c, i));
    case WH_UINT64:
        return wh_format_u64(out, (uint64_t)wh_column_i64(c, i));
    case WH_FLOAT32:
    case WH_FLOAT64:
        return format_float(out, c, i);
    case WH_DECIMAL:
        return wh_format_decimal(out, value, f->precision, f->scale);
    case WH_UUID:
        return format_uuid(out, value);
    case WH_DATE32:
        return wh_format_date(out, (int32_t)wh_column_i64(c, i));
    case WH_TIME64:
        return wh_format_time(out, wh_column_i64(c, i), f->unit);
    case WH_TIMESTAMP:
        return wh_format_timestamp(out, wh_column_i64(c, i), f->unit, f->zone != NULL);
    case WH_INTERVAL:
        return wh_format_interval(out, value);
    case WH_NULL:
    case WH_UTF8:
    case WH_JSON:
    case WH_BINARY:
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return 0;
    }
    return 0;
}

static enum wh_status format_binary(struct wh_buffer *out, struct wh_slice bytes, struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(out, 2 + 2 * bytes.len, err));
    wh_buffer_put(out, "\\x", 2);
    out->size += format_hex((char *)out->data + out->size, (const uint8_t *)bytes.ptr, bytes.len);
    return WH_OK;
}

enum wh_status wh_value_format(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                               struct wh_error *err)
{
    enum wh_type type = c->field->type;
    if (type == WH_UTF8 || type == WH_JSON) {
        struct wh_slice text = wh_column_slice(c, i);
        return wh_buffer_append(out, text.ptr, text.len, err);
    }
    if (type == WH_BINARY)
        return format_binary(out, wh_column_slice(c, i), err);
    if (type == WH_LIST || type == WH_STRUCT || type == WH_MAP)
        return wh_json_value(out, c, i, err);
    WH_TRY(wh_buffer_reserve(out, SHORT_TEXT, err));
    out->size += format_fixed((char *)out->data + out->size, c, i);
    return WH_OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static bool parse_bool(struct wh_slice text, uint8_t *out)
{
    static const struct {
        const char *word;
        uint8_t value;
    } words[] = {{"true", 1}, {"false", 0}, {"t", 1}, {"f", 0}, {"1", 1},  {"0", 0},
                 {"yes", 1},  {"no", 0},    {"y", 1}, {"n", 0}, {"on", 1}, {"off", 0}};
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (strlen(words[i].word) == text.len && strncasecmp(words[i].word, text.ptr, text.len) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_integer(enum wh_type type, struct wh_slice text, void *out)
{
    static const struct {
        int64_t min, max;
    } ranges[] = {
        [WH_INT8] = {INT8_MIN, INT8_MAX},    [WH_INT16] = {INT16_MIN, INT16_MAX},
        [WH_INT32] = {INT32_MIN, INT32_MAX}, [WH_INT64] = {INT64_MIN, INT64_MAX},
        [WH_UINT8] = {0, UINT8_MAX},         [WH_UINT16] = {0, UINT16_MAX},
        [WH_UINT32] = {0, UINT32_MAX},
    };
    int64_t v;
    if (!wh_parse_i64(text, &v) || v < ranges[type].min || v > ranges[type].max)
        return false;
    wh_put_le64(out, (uint64_t)v); /* the column takes as many bytes as its type has */
    return true;
}

/* The words for what is no number, in any case and with the short forms that programs write. */
static bool parse_special(struct wh_slice text, double *out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", (double)__builtin_nanf("")},
                 {"infinity", (double)__builtin_inff()},
                 {"-infinity", -(double)__builtin_inff()},
                 {"inf", (double)__builtin_inff()},
                 {"-inf", -(double)__builtin_inff()}};
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (strlen(words[i].word) == text.len && strncasecmp(words[i].word, text.ptr, text.len) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_float(enum wh_type type, struct wh_slice text, void *out)
{
    double d;
    float f;
    if (type == WH_FLOAT32) {
        if (!wh_parse_f32(text, &f)) {
            if (!parse_special(text, &d))
                return false;
            f = (float)d;
        }
        memcpy(out, &f, sizeof f);
        return true;
    }
    if (!wh_parse_f64(text, &d) && !parse_special(text, &d))
        return false;
    memcpy(out, &d, sizeof d);
    return true;
}

/* 0..15, or 16 for no hexadecimal digit. */
static unsigned hex_value(char c)
{
    unsigned digit = (unsigned char)c - (unsigned)'0', letter = ((unsigned char)c | 32u) - (unsigned)'a';
    return digit <= 9 ? digit : letter <= 5 ? letter + 10 : 16;
}

static bool parse_hex(uint8_t *out, const char *text, size_t n_bytes)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        wrong |= high | low;
        out[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return wrong < 16;
}

static bool parse_uuid(struct wh_slice text, uint8_t *out)
{
    const char *p = text.ptr;
    if (text.len != UUID_TEXT || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    return parse_hex(out, p, 4) && parse_hex(out + 4, p + 9, 2) && parse_hex(out + 6, p + 14, 2) &&
           parse_hex(out + 8, p + 19, 2) && parse_hex(out + 10, p + 24, 6);
}

/* An instant needs a zone in the text and local time must have none: anything else would be a guess. */
static bool parse_timestamp(const struct wh_field *f, struct wh_slice text, void *out)
{
    int64_t v;
    bool has_zone;
    if (!wh_parse_timestamp(text, f->unit, &v, &has_zone) || has_zone != (f->zone != NULL))
        return false;
    memcpy(out, &v, sizeof v);
    return true;
}

bool wh_text_parse_fixed(const struct wh_field *f, struct wh_slice text, void *value)
{
    switch (f->type) {
    case WH_BOOL:
        return parse_bool(text, value);
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
        return parse_integer(f->type, text, value);
    case WH_UINT64:
        return wh_parse_u64(text, value);
    case WH_FLOAT32:
    case WH_FLOAT64:
        return parse_float(f->type, text, value);
    case WH_DECIMAL:
        return wh_parse_decimal(text, f->precision, f->scale, value);
    case WH_UUID:
        return parse_uuid(text, value);
    case WH_DATE32:
        return wh_parse_date(text, value);
    case WH_TIME64:
        return wh_parse_time(text, f->unit, value);
    case WH_TIMESTAMP:
        return parse_timestamp(f, text, value);
    case WH_INTERVAL:
        return wh_parse_interval(text, value);
    case WH_NULL:
    case WH_UTF8:
    case WH_JSON:
    case WH_BINARY:
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return false;
    }
    return false;
}

/* The failure of wh_value_parse; why may be NULL. */
static enum wh_status no_value(const struct wh_column *c, struct wh_slice text, const char *why,
                               struct wh_error *err)
{
    char shown[64], type[96];
    size_t n = WH_MIN(text.len, sizeof shown - 4);
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        shown[i] = (char)(byte < ' ' || byte > '~' ? '?' : byte);
    }
    memcpy(shown + n, n < text.len ? "..." : "", n < text.len ? 4 : 1);
    wh_type_format(c->field, type, sizeof type);
    return wh_fail(err, WH_DATA, "could not read \"%s\" as %s: %s", shown, type,
                   why != NULL ? why : "it is no value of that type");
}

static enum wh_status parse_binary(struct wh_column *c, struct wh_slice text, struct wh_error *err)
{
    if (text.len < 2 || text.len % 2 != 0 || text.ptr[0] != '\\' || text.ptr[1] != 'x')
        return no_value(c, text, "bytes are written as \\x and pairs of hexadecimal digits", err);
    size_t n = text.len / 2 - 1;
    WH_TRY(wh_column_reserve(c, 1, n, err));
    if (!parse_hex(c->data.data + c->data.size, text.ptr + 2, n))
        return no_value(c, text, "bytes are written as \\x and pairs of hexadecimal digits", err);
    c->data.size += n;
    wh_column_put_bytes(c, NULL, 0); /* they are in place: ends the value */
    return WH_OK;
}

static enum wh_status parse_nested(struct wh_column *c, struct wh_slice text, struct wh_error *err)
{
    const char *why = NULL;
    enum wh_status s = wh_json_parse(c, text, &why, err);
    return s == WH_DATA ? no_value(c, text, why, err) : s;
}

enum wh_status wh_value_parse(struct wh_column *c, struct wh_slice text, struct wh_error *err)
{
    uint64_t value[MAX_WIDTH / sizeof(uint64_t)];
    switch (c->field->type) {
    case WH_UTF8:
        if (!wh_utf8_valid(text))
            return no_value(c, text, "it is not valid UTF-8", err);
        return wh_column_append_bytes(c, text.ptr, text.len, err);
    case WH_JSON:
        if (!wh_json_valid(text))
            return no_value(c, text, "it is not valid JSON", err);
        return wh_column_append_bytes(c, text.ptr, text.len, err);
    case WH_BINARY:
        return parse_binary(c, text, err);
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return parse_nested(c, text, err);
    case WH_NULL:
    case WH_BOOL:
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
    case WH_UINT64:
    case WH_FLOAT32:
    case WH_FLOAT64:
    case WH_DECIMAL:
    case WH_UUID:
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
    case WH_INTERVAL:
        if (!wh_text_parse_fixed(c->field, text, value))
            return no_value(c, text, NULL, err);
        return wh_column_append(c, value, err);
    }
    return wh_fail(err, WH_INTERNAL, "could not read a value: unknown type");
}
