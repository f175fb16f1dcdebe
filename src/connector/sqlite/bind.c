/* connector/sqlite/bind.c - columns of a batch as the parameters of an INSERT; see bind.h. */
#include "connector/sqlite/bind.h"

#include <math.h>

#include "base/mem.h"
#include "base/num.h"
#include "batch/text.h"

#define EXACT_INTEGER 9007199254740992 /* 2^53: every integer up to it is a double */
enum { EXACT_DIGITS = 15 };            /* decimal digits that every double keeps */

/* ---- choosing a form -------------------------------------------------------------------------- */

static bool keeps_numbers(enum wh_sqlite_affinity affinity)
{
    return affinity == WH_AFF_NUMERIC || affinity == WH_AFF_INTEGER || affinity == WH_AFF_REAL;
}

static void init_decimal(struct wh_sqlite_binding *b, enum wh_sqlite_affinity affinity)
{
    b->form = WH_FORM_RENDERED_TEXT;
    if (!keeps_numbers(affinity))
        return;
    if (b->field->precision > EXACT_DIGITS) {
        b->form = WH_FORM_RENDERED_REAL;
        b->check = WH_CHECK_DIGITS;
        return;
    }
    b->form = WH_FORM_UNITS;
    for (int i = 0; i < b->field->scale; i++) {
        b->scale_units *= 10;
        b->scale_factor *= 10;
    }
}

static void init_uint64(struct wh_sqlite_binding *b, enum wh_sqlite_affinity affinity)
{
    b->form = affinity == WH_AFF_TEXT ? WH_FORM_RENDERED_TEXT : WH_FORM_INT;
    if (affinity != WH_AFF_TEXT)
        b->check = affinity == WH_AFF_REAL ? WH_CHECK_DOUBLE : WH_CHECK_INT64;
}

void wh_sqlite_binding_init(struct wh_sqlite_binding *b, const struct wh_field *field, const char *declared,
                            bool strict)
{
    static const enum wh_sqlite_form forms[WH_TYPE_COUNT] = {
        [WH_NULL] = WH_FORM_NULL,
        [WH_BOOL] = WH_FORM_BOOL,
        [WH_INT8] = WH_FORM_INT,
        [WH_INT16] = WH_FORM_INT,
        [WH_INT32] = WH_FORM_INT,
        [WH_INT64] = WH_FORM_INT,
        [WH_UINT8] = WH_FORM_INT,
        [WH_UINT16] = WH_FORM_INT,
        [WH_UINT32] = WH_FORM_INT,
        [WH_UINT64] = WH_FORM_INT,
        [WH_FLOAT32] = WH_FORM_FLOAT,
        [WH_FLOAT64] = WH_FORM_FLOAT,
        [WH_DECIMAL] = WH_FORM_RENDERED_TEXT,
        [WH_UTF8] = WH_FORM_TEXT,
        [WH_JSON] = WH_FORM_TEXT,
        [WH_BINARY] = WH_FORM_BLOB,
        [WH_UUID] = WH_FORM_RENDERED_TEXT,
        [WH_DATE32] = WH_FORM_RENDERED_TEXT,
        [WH_TIME64] = WH_FORM_RENDERED_TEXT,
        [WH_TIMESTAMP] = WH_FORM_RENDERED_TEXT,
        [WH_INTERVAL] = WH_FORM_RENDERED_TEXT,
        [WH_LIST] = WH_FORM_RENDERED_TEXT,
        [WH_STRUCT] = WH_FORM_RENDERED_TEXT,
        [WH_MAP] = WH_FORM_RENDERED_TEXT,
    };
    enum wh_sqlite_affinity affinity = wh_sqlite_affinity_of(declared, strict);
    *b = (struct wh_sqlite_binding){
        .field = field, .form = forms[field->type], .scale_factor = 1, .scale_units = 1};
    if (b->form == WH_FORM_FLOAT) {
        if (affinity == WH_AFF_TEXT) /* SQLite's own text of a double has 15 digits only */
            b->form = WH_FORM_RENDERED_TEXT;
        else
            b->check = WH_CHECK_NAN;
    } else if (b->form == WH_FORM_BOOL && affinity == WH_AFF_TEXT) {
        b->form = WH_FORM_RENDERED_TEXT;
    } else if (field->type == WH_UINT64) {
        init_uint64(b, affinity);
    } else if (b->form == WH_FORM_INT && affinity == WH_AFF_REAL) {
        b->check = WH_CHECK_DOUBLE;
    } else if (field->type == WH_DECIMAL) {
        init_decimal(b, affinity);
    } else if (b->form == WH_FORM_TEXT && keeps_numbers(affinity)) {
        b->check = WH_CHECK_TEXT;
    }
}

/* ---- checks ----------------------------------------------------------------------------------- */

static double float_at(const struct wh_column *c, int64_t i)
{
    if (c->field->type == WH_FLOAT32) {
        float narrow;
        memcpy(&narrow, c->data.data + (size_t)i * sizeof narrow, sizeof narrow);
        return (double)narrow;
    }
    double wide;
    memcpy(&wide, c->data.data + (size_t)i * sizeof wide, sizeof wide);
    return wide;
}

static size_t skip(struct wh_slice s, size_t at, const char *set)
{
    while (at < s.len && s.ptr[at] != '\0' && strchr(set, s.ptr[at]) != NULL)
        at++;
    return at;
}

/* True for what SQLite takes for a number: white space, sign, digits with a point, exponent, white space. */
static bool looks_numeric(struct wh_slice s)
{
    static const char digits[] = "0123456789", space[] = " \t\n\v\f\r";
    size_t at = skip(s, 0, space);
    if (at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-'))
        at++;
    size_t whole = skip(s, at, digits);
    size_t n = whole - at;
    at = whole;
    if (at < s.len && s.ptr[at] == '.') {
        size_t end = skip(s, at + 1, digits);
        n += end - at - 1;
        at = end;
    }
    if (n == 0)
        return false;
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        size_t sign = at + 1 < s.len && (s.ptr[at + 1] == '+' || s.ptr[at + 1] == '-') ? 1 : 0;
        size_t end = skip(s, at + 1 + sign, digits);
        if (end == at + 1 + sign)
            return false;
        at = end;
    }
    return skip(s, at, space) == s.len;
}

/* A text that looks like a number becomes one; that is fine when the number's text is the same. */
static bool text_survives(struct wh_slice s)
{
    char again[WH_F64_TEXT];
    int64_t integer;
    double real;
    if (!looks_numeric(s))
        return true;
    if (wh_parse_i64(s, &integer))
        return wh_slice_eq(wh_slice(again, wh_format_i64(again, integer)), s);
    return wh_parse_f64(s, &real) && wh_slice_eq(wh_slice(again, wh_format_f64(again, real)), s);
}

/* Digits between the first and the last that is not zero. */
static int significant_digits(const char *text, size_t len)
{
    int n = 0, zeros = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '0') {
            zeros += n > 0;
        } else if (text[i] >= '1' && text[i] <= '9') {
            n += zeros + 1;
            zeros = 0;
        }
    }
    return n;
}

static bool value_fits(const struct wh_sqlite_binding *b, const struct wh_column *c, int64_t i)
{
    switch (b->check) {
    case WH_CHECK_NONE:
        return true;
    case WH_CHECK_NAN:
        return b->nan_is_null || !isnan(float_at(c, i));
    case WH_CHECK_INT64:
        return wh_column_i64(c, i) >= 0;
    case WH_CHECK_DOUBLE: {
        int64_t v = wh_column_i64(c, i);
        return v <= EXACT_INTEGER && v >= (c->field->type == WH_UINT64 ? 0 : -EXACT_INTEGER);
    }
    case WH_CHECK_TEXT:
        return text_survives(wh_column_slice(c, i));
    case WH_CHECK_DIGITS: {
        char text[WH_DECIMAL_TEXT];
        size_t width = wh_decimal_width(c->field->precision);
        size_t len =
            wh_format_decimal(text, c->data.data + (size_t)i * width, c->field->precision, c->field->scale);
        return significant_digits(text, len) <= EXACT_DIGITS;
    }
    }
    return true;
}

const char *wh_sqlite_bad_reason(const struct wh_sqlite_binding *b, const struct wh_column *c, int64_t i)
{
    static const char *const reasons[] = {
        [WH_CHECK_NONE] = "the value cannot be written",
        [WH_CHECK_NAN] = "SQLite has no NaN; --sqlite-nan null writes NULL for it",
        [WH_CHECK_INT64] = "the number is greater than SQLite's greatest integer",
        [WH_CHECK_DOUBLE] = "the column's type REAL would change the number",
        [WH_CHECK_TEXT] = "the column's type would change the text into a number",
        [WH_CHECK_DIGITS] = "the column's type would keep only 15 digits of the number",
    };
    if (wh_column_is_null(c, i))
        return "a key column is null";
    return reasons[b->check];
}

static void check(const struct wh_sqlite_binding *b, const struct wh_column *c, struct wh_sqlite_bad *bad)
{
    if (b->check == WH_CHECK_NONE && !(b->needs_value && c->null_count > 0))
        return;
    for (int64_t i = 0; i < c->length; i++) {
        bool fits = wh_column_is_null(c, i) ? !b->needs_value : value_fits(b, c, i);
        if (fits)
            continue;
        wh_bit_set(bad->map, i);
        bad->n++;
    }
}

/* ---- rendering -------------------------------------------------------------------------------- */

static enum wh_status end_text(struct wh_column *out, struct wh_error *err)
{
    if (out->data.size > INT32_MAX)
        return wh_fail(err, WH_LIMIT, "could not write a batch of more than 2 GiB of text");
    int32_t end = (int32_t)out->data.size;
    out->length++;
    return wh_buffer_append(&out->offsets, &end, sizeof end, err);
}

/* Texts as wh_value_format gives them, with a blank between date and time as SQLite's functions write it. */
static enum wh_status render_texts(const struct wh_column *c, struct wh_column *out, struct wh_error *err)
{
    static const struct wh_field text_field = {.type = WH_UTF8, .nullable = true};
    bool is_timestamp = c->field->type == WH_TIMESTAMP;
    WH_TRY(wh_column_init(out, &text_field, c->offsets.budget, err));
    WH_TRY(wh_column_reserve(out, c->length, (size_t)c->length * 16, err));
    for (int64_t i = 0; i < c->length; i++) {
        size_t start = out->data.size;
        if (!wh_column_is_null(c, i))
            WH_TRY(wh_value_format(&out->data, c, i, err));
        char *t = !is_timestamp || out->data.size == start
                      ? NULL
                      : memchr(out->data.data + start, 'T', out->data.size - start);
        if (t != NULL)
            *t = ' ';
        WH_TRY(end_text(out, err));
    }
    return WH_OK;
}

/* Decimals as the doubles nearest to them; only those of few digits are bound. */
static enum wh_status render_reals(const struct wh_column *c, struct wh_column *out, struct wh_error *err)
{
    static const struct wh_field real_field = {.type = WH_FLOAT64, .nullable = true};
    size_t width = wh_decimal_width(c->field->precision);
    WH_TRY(wh_column_init(out, &real_field, c->data.budget, err));
    WH_TRY(wh_column_reserve(out, c->length, 0, err));
    for (int64_t i = 0; i < c->length; i++) {
        char text[WH_DECIMAL_TEXT];
        double real = 0;
        if (!wh_column_is_null(c, i)) {
            size_t len = wh_format_decimal(text, c->data.data + (size_t)i * width, c->field->precision,
                                           c->field->scale);
            (void)wh_parse_f64(wh_slice(text, len), &real);
        }
        WH_COLUMN_PUT(out, double, real);
    }
    return WH_OK;
}

enum wh_status wh_sqlite_render(const struct wh_sqlite_binding *b, const struct wh_column *c,
                                struct wh_column *rendered, struct wh_sqlite_bad *bad, struct wh_error *err)
{
    check(b, c, bad);
    if (b->form == WH_FORM_RENDERED_TEXT)
        return render_texts(c, rendered, err);
    return b->form == WH_FORM_RENDERED_REAL ? render_reals(c, rendered, err) : WH_OK;
}

/* ---- binding ---------------------------------------------------------------------------------- */

static int bind_text(sqlite3_stmt *stmt, int at, const struct wh_column *c, int64_t i)
{
    struct wh_slice s = wh_column_slice(c, i);
    return sqlite3_bind_text64(stmt, at, s.ptr == NULL ? "" : s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_units(sqlite3_stmt *stmt, int at, const struct wh_sqlite_binding *b,
                      const struct wh_column *c, int64_t i)
{
    int64_t units = wh_column_i64(c, i);
    if (units % b->scale_units == 0)
        return sqlite3_bind_int64(stmt, at, units / b->scale_units);
    return sqlite3_bind_double(stmt, at, (double)units / b->scale_factor);
}

int wh_sqlite_bind(sqlite3_stmt *stmt, int at, const struct wh_sqlite_binding *b, const struct wh_column *c,
                   const struct wh_column *rendered, int64_t i)
{
    if (wh_column_is_null(c, i))
        return sqlite3_bind_null(stmt, at);
    switch (b->form) {
    case WH_FORM_NULL:
        return sqlite3_bind_null(stmt, at);
    case WH_FORM_BOOL:
        return sqlite3_bind_int(stmt, at, wh_column_bool(c, i));
    case WH_FORM_INT:
        return sqlite3_bind_int64(stmt, at, wh_column_i64(c, i));
    case WH_FORM_FLOAT:
        return sqlite3_bind_double(stmt, at, float_at(c, i)); /* NaN is bound as NULL */
    case WH_FORM_UNITS:
        return bind_units(stmt, at, b, c, i);
    case WH_FORM_TEXT:
        return bind_text(stmt, at, c, i);
    case WH_FORM_BLOB: {
        struct wh_slice s = wh_column_slice(c, i);
        return sqlite3_bind_blob64(stmt, at, s.ptr == NULL ? "" : s.ptr, s.len, SQLITE_STATIC);
    }
    case WH_FORM_RENDERED_TEXT:
        return bind_text(stmt, at, rendered, i);
    case WH_FORM_RENDERED_REAL:
        return sqlite3_bind_double(stmt, at, float_at(rendered, i));
    }
    return SQLITE_MISUSE;
}
