/* format/csv/format_cell.c - see format/csv/format_cell.h. */
#include "format/csv/format_cell.h"

#include "base/digits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

enum { FIXED_TEXT = 96 }; /* longest text of a fixed-width value, with quotes and delimiter */

/* ---- text --------------------------------------------------------------------------------------- */

/* What a text has in it. */
enum trait { TRAIT_SPECIAL = 1, TRAIT_NUL = 2 };

static unsigned byte_traits(const struct wh_csv_style *s, uint8_t b)
{
    bool special = b == s->delimiter || b == s->quote || b == '\n' || b == '\r';
    return (special ? TRAIT_SPECIAL : 0u) | (b == 0 ? TRAIT_NUL : 0u);
}

static unsigned copy_portable(char *out, const struct wh_csv_style *s, const char *p, size_t len)
{
    unsigned traits = 0;
    for (size_t i = 0; i < len; i++) {
        out[i] = p[i];
        traits |= byte_traits(s, (uint8_t)p[i]);
    }
    return traits;
}

#if defined(__x86_64__)
/* Copies 16 bytes at a time, over the end of both: buffers have slack. */
static unsigned copy_sse2(char *out, const struct wh_csv_style *s, const char *p, size_t len)
{
    const __m128i delimiter = _mm_set1_epi8((char)s->delimiter), quote = _mm_set1_epi8((char)s->quote),
                  lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r'), zero = _mm_setzero_si128();
    unsigned special = 0, nul = 0;
    for (size_t i = 0; i < len; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        _mm_storeu_si128((__m128i *)(void *)(out + i), v);
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, quote)),
                                     _mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)));
        unsigned there = len - i >= 16 ? 0xffffu : (1u << (len - i)) - 1;
        special |= (unsigned)_mm_movemask_epi8(found) & there;
        nul |= (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, zero)) & there;
    }
    return (special != 0 ? TRAIT_SPECIAL : 0u) | (nul != 0 ? TRAIT_NUL : 0u);
}
#endif

/* Copies the text and says what it holds. */
static inline unsigned copy_text(char *out, const struct wh_csv_style *s, const char *p, size_t len)
{
#if defined(__x86_64__)
    if (s->level != WH_CSV_PORTABLE)
        return copy_sse2(out, s, p, len);
#endif
    return copy_portable(out, s, p, len);
}

static char *put_quoted(char *out, const struct wh_csv_style *s, const char *p, size_t len)
{
    *out++ = (char)s->quote;
    while (len > 0) {
        const char *quote = memchr(p, s->quote, len);
        size_t n = quote == NULL ? len : (size_t)(quote - p) + 1;
        memcpy(out, p, n);
        out += n;
        if (quote != NULL)
            *out++ = (char)s->quote;
        p += n;
        len -= n;
    }
    *out++ = (char)s->quote;
    return out;
}

static bool is_formula(struct wh_slice text)
{
    return text.len > 0 && memchr("=+-@\t\r", text.ptr[0], 6) != NULL;
}

/* Text with an apostrophe before it. */
static char *put_safe(char *out, const struct wh_csv_style *s, struct wh_slice text)
{
    unsigned traits = copy_text(out + 1, s, text.ptr, text.len);
    if ((traits & TRAIT_NUL) != 0)
        return NULL;
    if (traits == 0 && !s->quote_text) {
        *out = '\'';
        return out + 1 + text.len;
    }
    char *end = put_quoted(out + 1, s, text.ptr, text.len);
    out[0] = out[1];
    out[1] = '\'';
    return end;
}

char *wh_csv_put_text(char *out, const struct wh_csv_style *s, struct wh_slice text)
{
    if (s->safe && is_formula(text))
        return put_safe(out, s, text);
    unsigned traits = copy_text(out, s, text.ptr, text.len);
    bool like_null = text.len == s->null.len && memcmp(text.ptr, s->null.ptr, text.len) == 0;
    if (__builtin_expect(traits == 0 && !like_null && !s->quote_text, 1))
        return out + text.len;
    return (traits & TRAIT_NUL) != 0 ? NULL : put_quoted(out, s, text.ptr, text.len);
}

static char *put_text(char *out, const struct wh_csv_cell *c, int64_t i)
{
    int32_t start = c->offsets[i], end = c->offsets[i + 1];
    return wh_csv_put_text(out, c->style, wh_slice((const char *)c->data + start, (size_t)(end - start)));
}

/* ---- numbers ------------------------------------------------------------------------------------ */

static inline size_t count_digits(uint64_t v)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1), n = bits * 1233 >> 12; /* log10(2) */
    return n + 1 - (v < wh_pow10_u64[n]) + (v == 0);
}

/* At least `least` digits. */
static inline char *put_digits(char *out, uint64_t v, size_t least)
{
    size_t n = WH_MAX(count_digits(v), least);
    char *p = out + n;
    while (v >= 100) {
        p -= 2;
        wh_put_pair(p, (unsigned)(v % 100));
        v /= 100;
    }
    if (p - out >= 2) {
        p -= 2;
        wh_put_pair(p, (unsigned)v);
    } else if (p > out) {
        *--p = (char)('0' + v);
    }
    while (p > out)
        *--p = '0';
    return out + n;
}

static inline char *put_sign(char *out, int64_t v, uint64_t *magnitude)
{
    *out = '-';
    *magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    return out + (v < 0);
}

#define DEFINE_PUT_INT(name, ctype)                                                                          \
    static char *name(char *out, const struct wh_csv_cell *c, int64_t i)                                     \
    {                                                                                                        \
        ctype value;                                                                                         \
        uint64_t magnitude;                                                                                  \
        memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);                                    \
        out = put_sign(out, (int64_t)value, &magnitude);                                                     \
        return put_digits(out, magnitude, 1);                                                                \
    }
DEFINE_PUT_INT(put_int8, int8_t)
DEFINE_PUT_INT(put_int16, int16_t)
DEFINE_PUT_INT(put_int32, int32_t)
DEFINE_PUT_INT(put_int64, int64_t)
DEFINE_PUT_INT(put_uint8, uint8_t)
DEFINE_PUT_INT(put_uint16, uint16_t)
DEFINE_PUT_INT(put_uint32, uint32_t)

static char *put_uint64(char *out, const struct wh_csv_cell *c, int64_t i)
{
    uint64_t value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    return put_digits(out, value, 1);
}

/* Decimal of up to 18 digits: as an integer, then the last digits make room for the point. */
static char *put_decimal(char *out, const struct wh_csv_cell *c, int64_t i)
{
    int64_t value;
    uint64_t magnitude;
    size_t scale = (size_t)c->column->field->scale;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    out = put_sign(out, value, &magnitude);
    char *end = put_digits(out, magnitude, scale + 1);
    if (scale == 0)
        return end;
    for (size_t k = 0; k < scale; k++)
        end[-(ptrdiff_t)k] = end[-(ptrdiff_t)k - 1];
    end[-(ptrdiff_t)scale] = '.';
    return end + 1;
}

static char *put_wide_decimal(char *out, const struct wh_csv_cell *c, int64_t i)
{
    const struct wh_field *f = c->column->field;
    const uint8_t *value = c->data + (size_t)i * wh_decimal_width(f->precision);
    return out + wh_format_decimal(out, value, f->precision, f->scale);
}

static char *put_float32(char *out, const struct wh_csv_cell *c, int64_t i)
{
    float value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    return out + wh_format_f32(out, value);
}

static char *put_float64(char *out, const struct wh_csv_cell *c, int64_t i)
{
    double value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    return out + wh_format_f64(out, value);
}

/* ---- the rest ----------------------------------------------------------------------------------- */

static char *put_bool(char *out, const struct wh_csv_cell *c, int64_t i)
{
    bool value = wh_bit_get(c->data, i);
    memcpy(out, value ? "true" : "false", 5);
    return out + (value ? 4 : 5);
}

/* Years 0 to 9999, counted from March 1 of the year 0 so that leap days end a year: Neri and Schneider,
 * "Euclidean affine functions and their application to calendar algorithms" (2022). */
static char *put_date(char *out, const struct wh_csv_cell *c, int64_t i)
{
    int32_t value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    if (value < -719528 || value > 2932896)
        return out + wh_format_date(out, value);
    uint32_t n1 = 4 * (uint32_t)(value + 719468 + 146097) + 3; /* one era of 400 years more */
    uint32_t century = n1 / 146097, n2 = n1 % 146097 | 3;
    uint64_t p2 = UINT64_C(2939745) * n2;
    uint32_t z = (uint32_t)(p2 >> 32), day_of_year = (uint32_t)p2 / 2939745 / 4;
    uint32_t n3 = 2141 * day_of_year + 197913;
    uint32_t month = n3 >> 16, day = (n3 & 0xffff) / 2141 + 1;
    bool next_year = day_of_year >= 306;
    uint32_t year = 100 * century + z - 400 + next_year;
    wh_put_digits4(out, year);
    out[4] = '-';
    wh_put_pair(out + 5, next_year ? month - 12 : month);
    out[7] = '-';
    wh_put_pair(out + 8, day);
    return out + 10;
}

static char *put_time(char *out, const struct wh_csv_cell *c, int64_t i)
{
    int64_t value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    return out + wh_format_time(out, value, c->column->field->unit);
}

static char *put_timestamp(char *out, const struct wh_csv_cell *c, int64_t i)
{
    const struct wh_field *f = c->column->field;
    int64_t value;
    memcpy(&value, c->data + (size_t)i * sizeof value, sizeof value);
    return out + wh_format_timestamp(out, value, f->unit, f->zone != NULL);
}

/* ---- choice ------------------------------------------------------------------------------------- */

/* Values whose text is made by put and then quoted: when all are, or when it may look like the null word. */
static char *put_then_quote(char *out, const struct wh_csv_cell *c, int64_t i);

static char *(*const puts_by_type[WH_TYPE_COUNT])(char *, const struct wh_csv_cell *, int64_t) = {
    [WH_BOOL] = put_bool,       [WH_INT8] = put_int8,           [WH_INT16] = put_int16,
    [WH_INT32] = put_int32,     [WH_INT64] = put_int64,         [WH_UINT8] = put_uint8,
    [WH_UINT16] = put_uint16,   [WH_UINT32] = put_uint32,       [WH_UINT64] = put_uint64,
    [WH_FLOAT32] = put_float32, [WH_FLOAT64] = put_float64,     [WH_DATE32] = put_date,
    [WH_TIME64] = put_time,     [WH_TIMESTAMP] = put_timestamp, [WH_UTF8] = put_text,
    [WH_JSON] = put_text,
};

static char *(*find_put(const struct wh_field *f))(char *, const struct wh_csv_cell *, int64_t)
{
    if (f->type == WH_DECIMAL)
        return f->precision <= 18 ? put_decimal : put_wide_decimal;
    return puts_by_type[f->type];
}

static char *put_then_quote(char *out, const struct wh_csv_cell *c, int64_t i)
{
    const struct wh_csv_style *s = c->style;
    char text[WH_DECIMAL_TEXT + FIXED_TEXT] = {0};
    size_t len = (size_t)(find_put(c->column->field)(text, c, i) - text);
    if (!s->quote_all)
        return wh_csv_put_text(out, s, wh_slice(text, len));
    return put_quoted(out, s, text, len);
}

bool wh_csv_cell_init(struct wh_csv_cell *c, const struct wh_column *column, const struct wh_csv_style *style)
{
    *c = (struct wh_csv_cell){.style = style, .column = column, .data = column->data.data};
    enum wh_type type = column->field->type;
    if (wh_type_is_bytes(type))
        c->offsets = wh_column_offsets(column);
    c->validity = column->validity.size > 0 ? column->validity.data : NULL;
    c->put = find_put(column->field);
    /* Digits, signs and colons are ordinary delimiters to nobody but the user who asked for them. */
    bool plain = style->null.len == 0 && !style->quote_all && strchr(",;\t|", style->delimiter) != NULL;
    if (c->put != NULL && c->put != put_text && !plain)
        c->put = put_then_quote;
    return c->put != NULL;
}

size_t wh_csv_cell_bound(const struct wh_csv_cell *c, int64_t from, int64_t to)
{
    size_t rows = (size_t)(to - from), fixed = c->put == put_then_quote ? 2 * FIXED_TEXT : FIXED_TEXT;
    if (c->offsets == NULL)
        return rows * (fixed + c->style->null.len);
    return rows * (4 + c->style->null.len) + 2 * (size_t)(c->offsets[to] - c->offsets[from]);
}
