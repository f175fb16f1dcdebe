/* batch/json_text.c - values and rows as JSON (RFC 8259); see batch/text.h. */
#include <math.h>

#include "base/mem.h"
#include "batch/text_int.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* ---- UTF-8 ------------------------------------------------------------------------------------ */

size_t wh_utf8_sequence(const uint8_t *p, const uint8_t *end)
{
    /* Bounds of the second byte shut out overlong forms, surrogates and what is above U+10FFFF. */
    uint8_t low = 0x80, high = 0xBF, first = p[0];
    size_t n;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF) {
        n = 2;
    } else if ((first & 0xF0) == 0xE0) {
        n = 3;
        low = first == 0xE0 ? 0xA0 : 0x80;
        high = first == 0xED ? 0x9F : 0xBF;
    } else if (first >= 0xF0 && first <= 0xF4) {
        n = 4;
        low = first == 0xF0 ? 0x90 : 0x80;
        high = first == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if ((size_t)(end - p) < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

bool wh_utf8_valid(struct wh_slice text)
{
    if (text.len == 0)
        return true;
    const uint8_t *p = (const uint8_t *)text.ptr, *end = p + text.len;
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, sizeof eight), (eight & 0x8080808080808080u) == 0)) {
            p += 8;
            continue;
        }
        size_t n = wh_utf8_sequence(p, end);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

/* ---- strings ---------------------------------------------------------------------------------- */

static inline bool is_plain(uint8_t byte)
{
    return byte >= ' ' && byte != '"' && byte != '\\' && byte < 0x80;
}

/* Length of the run of bytes that need no look: ASCII without control characters, quote and backslash. */
static size_t plain_run(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *first = p;
#if defined(__x86_64__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* A signed comparison finds control characters and all bytes from 0x80 at once. */
        __m128i special =
            _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                         _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        if (mask != 0)
            return (size_t)(p - first) + (size_t)__builtin_ctz(mask);
    }
#endif
    while (p < end && is_plain(*p))
        p++;
    return (size_t)(p - first);
}

/* Writes the escape of a byte below 0x80 that is not plain; at most 6 bytes. */
static size_t escape(char *out, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    out[0] = '\\';
    if (byte < sizeof letters && letters[byte] != '\0') {
        out[1] = letters[byte];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[byte >> 4];
    out[5] = hex[byte & 15];
    return 6;
}

enum wh_status wh_json_string(struct wh_buffer *out, struct wh_slice text, struct wh_error *err)
{
    if (text.len == 0)
        return wh_buffer_append(out, "\"\"", 2, err);
    const uint8_t *p = (const uint8_t *)text.ptr, *end = p + text.len;
    WH_TRY(wh_buffer_reserve(out, text.len + 2, err));
    out->data[out->size++] = '"';
    while (p < end) {
        size_t run = plain_run(p, end);
        wh_buffer_put(out, p, run);
        p += run;
        if (p == end)
            break;
        /* Room for the longest escape, the rest of the text and the closing quote. */
        WH_TRY(wh_buffer_reserve(out, 6 + (size_t)(end - p) + 1, err));
        size_t sequence = *p < 0x80 ? 0 : wh_utf8_sequence(p, end);
        if (sequence > 0) {
            wh_buffer_put(out, p, sequence);
        } else if (*p < 0x80) {
            out->size += escape((char *)out->data + out->size, *p);
            sequence = 1;
        } else {
            wh_buffer_put(out, "\\ufffd", 6);
            sequence = 1;
        }
        p += sequence;
    }
    out->data[out->size++] = '"';
    return WH_OK;
}

/* ---- base64 ----------------------------------------------------------------------------------- */

enum wh_status wh_base64_encode(struct wh_buffer *out, struct wh_slice bytes, struct wh_error *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    WH_TRY(wh_buffer_reserve(out, (bytes.len + 2) / 3 * 4, err));
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = WH_MIN(bytes.len - i, (size_t)3);
        unsigned group =
            (unsigned)in[i] << 16 | (n > 1 ? (unsigned)in[i + 1] << 8 : 0) | (n > 2 ? in[i + 2] : 0u);
        char text[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                        digits[group & 63]};
        for (size_t pad = n + 1; pad < 4; pad++)
            text[pad] = '=';
        wh_buffer_put(out, text, sizeof text);
    }
    return WH_OK;
}

/* 0..63, or 64 for another character. */
static unsigned base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool wh_base64_decode(struct wh_buffer *out, struct wh_slice text)
{
    if (text.len % 4 != 0)
        return false;
    size_t size = out->size;
    for (size_t i = 0; i < text.len; i += 4) {
        const char *p = text.ptr + i;
        size_t n = 4;
        while (i + 4 == text.len && n > 2 && p[n - 1] == '=')
            n--;
        unsigned group = 0;
        for (size_t k = 0; k < 4; k++) {
            unsigned value = k < n ? base64_value(p[k]) : 0;
            if (value > 63)
                return false;
            group = group << 6 | value;
        }
        /* bits that fall off must be zero, else two texts would stand for the same bytes */
        if ((n == 2 && (group & 0xFFFF) != 0) || (n == 3 && (group & 0xFF) != 0))
            return false;
        uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
        memcpy(out->data + size, bytes, n - 1);
        size += n - 1;
    }
    out->size = size;
    return true;
}

/* ---- values ----------------------------------------------------------------------------------- */

static enum wh_status put_text(struct wh_buffer *out, const char *text, struct wh_error *err)
{
    return wh_buffer_append(out, text, strlen(text), err);
}

static enum wh_status put_base64(struct wh_buffer *out, struct wh_slice bytes, struct wh_error *err)
{
    WH_TRY(put_text(out, "\"", err));
    WH_TRY(wh_base64_encode(out, bytes, err));
    return put_text(out, "\"", err);
}

/* The text of value i as a JSON string; bytes as base64. */
static enum wh_status put_quoted(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                                 struct wh_error *err)
{
    enum wh_type type = c->field->type;
    if (type == WH_UTF8 || type == WH_JSON)
        return wh_json_string(out, wh_column_slice(c, i), err);
    if (type == WH_BINARY)
        return put_base64(out, wh_column_slice(c, i), err);
    if (type == WH_LIST || type == WH_STRUCT || type == WH_MAP) {
        struct wh_buffer text = {.budget = out->budget};
        enum wh_status s = wh_json_value(&text, c, i, err);
        if (s == WH_OK)
            s = wh_json_string(out, wh_slice((const char *)text.data, text.size), err);
        wh_buffer_release(&text);
        return s;
    }
    WH_TRY(put_text(out, "\"", err));
    WH_TRY(wh_value_format(out, c, i, err)); /* nothing in it to escape */
    return put_text(out, "\"", err);
}

static bool is_finite(const struct wh_column *c, int64_t i)
{
    if (c->field->type == WH_FLOAT32) {
        float f;
        memcpy(&f, c->data.data + (size_t)i * sizeof f, sizeof f);
        return isfinite(f);
    }
    double d;
    memcpy(&d, c->data.data + (size_t)i * sizeof d, sizeof d);
    return isfinite(d);
}

/* JSON as it is, but for line ends between its tokens: a row stays on its line. */
static enum wh_status put_json(struct wh_buffer *out, struct wh_slice json, struct wh_error *err)
{
    size_t first = out->size;
    WH_TRY(wh_buffer_append(out, json.ptr, json.len, err));
    for (size_t i = first; i < out->size; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    return WH_OK;
}

static enum wh_status put_list(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                               struct wh_error *err)
{
    const int32_t *offsets = wh_column_offsets(c);
    WH_TRY(put_text(out, "[", err));
    for (int32_t k = offsets[i]; k < offsets[i + 1]; k++) {
        if (k > offsets[i])
            WH_TRY(put_text(out, ",", err));
        WH_TRY(wh_json_value(out, &c->children[0], k, err));
    }
    return put_text(out, "]", err);
}

static enum wh_status put_member(struct wh_buffer *out, const struct wh_column *c, int64_t i, bool first,
                                 struct wh_error *err)
{
    const char *name = c->field->name != NULL ? c->field->name : "";
    if (!first)
        WH_TRY(put_text(out, ",", err));
    WH_TRY(wh_json_string(out, wh_slice_of(name), err));
    WH_TRY(put_text(out, ":", err));
    return wh_json_value(out, c, i, err);
}

static enum wh_status put_struct(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                                 struct wh_error *err)
{
    WH_TRY(put_text(out, "{", err));
    for (size_t k = 0; k < c->field->n_children; k++)
        WH_TRY(put_member(out, &c->children[k], i, k == 0, err));
    return put_text(out, "}", err);
}

/* An object whose names are the texts of the keys. */
static enum wh_status put_map(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                              struct wh_error *err)
{
    const int32_t *offsets = wh_column_offsets(c);
    const struct wh_column *keys = &c->children[0].children[0], *values = &c->children[0].children[1];
    WH_TRY(put_text(out, "{", err));
    for (int32_t k = offsets[i]; k < offsets[i + 1]; k++) {
        if (k > offsets[i])
            WH_TRY(put_text(out, ",", err));
        if (wh_column_is_null(keys, k))
            return wh_fail(err, WH_DATA, "could not write column \"%s\" as JSON: a key is null",
                           c->field->name);
        WH_TRY(put_quoted(out, keys, k, err));
        WH_TRY(put_text(out, ":", err));
        WH_TRY(wh_json_value(out, values, k, err));
    }
    return put_text(out, "}", err);
}

enum wh_status wh_json_value(struct wh_buffer *out, const struct wh_column *c, int64_t i,
                             struct wh_error *err)
{
    if (wh_column_is_null(c, i))
        return put_text(out, "null", err);
    switch (c->field->type) {
    case WH_FLOAT32:
    case WH_FLOAT64:
        return is_finite(c, i) ? wh_value_format(out, c, i, err) : put_quoted(out, c, i, err);
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
    case WH_DECIMAL:
        return wh_value_format(out, c, i, err);
    case WH_UTF8:
    case WH_BINARY:
    case WH_UUID:
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
    case WH_INTERVAL:
        return put_quoted(out, c, i, err);
    case WH_JSON:
        return put_json(out, wh_column_slice(c, i), err);
    case WH_LIST:
        return put_list(out, c, i, err);
    case WH_STRUCT:
        return put_struct(out, c, i, err);
    case WH_MAP:
        return put_map(out, c, i, err);
    }
    return wh_fail(err, WH_INTERNAL, "could not write a value: unknown type");
}

enum wh_status wh_json_row(struct wh_buffer *out, const struct wh_batch *b, int64_t i, struct wh_error *err)
{
    WH_TRY(put_text(out, "{", err));
    for (size_t k = 0; k < b->schema->n_fields; k++)
        WH_TRY(put_member(out, &b->columns[k], i, k == 0, err));
    return put_text(out, "}", err);
}
