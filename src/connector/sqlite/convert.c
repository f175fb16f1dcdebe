/* connector/sqlite/convert.c - single values of SQLite into columns; see convert.h. */
#include "connector/sqlite/convert.h"

#include <math.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text.h"

#define EXACT_INTEGER 9007199254740992 /* 2^53: every integer up to it is a double */
#define EXACT_DECIMAL 1e15             /* every number of up to 15 digits is found again in a double */

void wh_sqlite_converter_init(struct wh_sqlite_converter *v, const struct wh_field *field, bool native,
                              bool text_parsed)
{
    *v = (struct wh_sqlite_converter){
        .field = field, .native = native, .text_parsed = text_parsed, .scale_factor = 1, .scale_units = 1};
    if (field->type != WH_DECIMAL)
        return;
    int64_t limit = 1;
    for (int i = 0; i < field->scale; i++) {
        v->scale_factor *= 10; /* exact up to 10^22; beyond, decimal_of_real refuses */
        if (!wh_mul(v->scale_units, 10, &v->scale_units))
            v->scale_units = 0;
    }
    for (int i = 0; i < field->precision; i++)
        if (!wh_mul(limit, 10, &limit))
            limit = 0;
    v->limit = limit;
}

static struct wh_slice text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    return wh_slice(text, (size_t)sqlite3_value_bytes(value));
}

size_t wh_sqlite_number_text(char *out, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_INTEGER)
        return wh_format_i64(out, sqlite3_value_int64(value));
    double real = sqlite3_value_double(value);
    size_t len = wh_format_f64(out, real);
    if (isfinite(real) && memchr(out, '.', len) == NULL && memchr(out, 'e', len) == NULL) {
        memcpy(out + len, ".0", 2);
        len += 2;
    }
    return len;
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static enum wh_status put_int(const struct wh_field *field, struct wh_column *out, int64_t value,
                              struct wh_error *err)
{
    static const struct {
        int64_t min, max;
    } ranges[WH_TYPE_COUNT] = {
        [WH_INT8] = {INT8_MIN, INT8_MAX},    [WH_INT16] = {INT16_MIN, INT16_MAX},
        [WH_INT32] = {INT32_MIN, INT32_MAX}, [WH_INT64] = {INT64_MIN, INT64_MAX},
        [WH_UINT8] = {0, UINT8_MAX},         [WH_UINT16] = {0, UINT16_MAX},
        [WH_UINT32] = {0, UINT32_MAX},       [WH_UINT64] = {0, INT64_MAX},
    };
    if (value < ranges[field->type].min || value > ranges[field->type].max)
        return WH_WIDEN;
    return wh_column_append(out, &value, err); /* little endian: the low bytes come first */
}

static enum wh_status put_float(struct wh_column *out, sqlite3_value *value, struct wh_error *err)
{
    double real;
    if (sqlite3_value_type(value) == SQLITE_FLOAT) {
        real = sqlite3_value_double(value);
    } else {
        int64_t integer = sqlite3_value_int64(value);
        if (integer > EXACT_INTEGER || integer < -EXACT_INTEGER)
            return WH_WIDEN;
        real = (double)integer;
    }
    if (out->field->type == WH_FLOAT64)
        return wh_column_append(out, &real, err);
    float narrow = (float)real;
    if ((double)narrow != real)
        return WH_WIDEN;
    return wh_column_append(out, &narrow, err);
}

/* The decimal that a REAL stands for: the only one of at most 15 digits that is nearest to it. */
static bool decimal_of_real(const struct wh_sqlite_converter *v, double real, int64_t *out)
{
    double units = rint(real * v->scale_factor);
    if (!(fabs(units) < EXACT_DECIMAL) || v->field->scale > 22 || units / v->scale_factor != real)
        return false;
    *out = (int64_t)units;
    return v->limit == 0 || (*out<v->limit && * out> - v->limit);
}

static enum wh_status put_decimal_units(struct wh_column *out, int64_t units, struct wh_error *err)
{
    uint8_t wide[32];
    memset(wide, units < 0 ? 0xff : 0, sizeof wide);
    memcpy(wide, &units, sizeof units);
    return wh_column_append(out, wide, err);
}

static enum wh_status put_decimal_text(struct wh_column *out, struct wh_slice text, struct wh_error *err)
{
    uint8_t wide[32];
    if (!wh_parse_decimal(text, out->field->precision, out->field->scale, wide))
        return WH_WIDEN;
    return wh_column_append(out, wide, err);
}

static enum wh_status put_decimal(const struct wh_sqlite_converter *v, struct wh_column *out,
                                  sqlite3_value *value, struct wh_error *err)
{
    char digits[WH_SQLITE_NUMBER_TEXT];
    int64_t units;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        if (v->scale_units != 0 && wh_mul(sqlite3_value_int64(value), v->scale_units, &units)) {
            if (v->limit != 0 && (units >= v->limit || units <= -v->limit))
                return WH_WIDEN;
            return put_decimal_units(out, units, err);
        }
        return put_decimal_text(out, wh_slice(digits, wh_sqlite_number_text(digits, value)), err);
    case SQLITE_FLOAT:
        if (!decimal_of_real(v, sqlite3_value_double(value), &units))
            return WH_WIDEN;
        return put_decimal_units(out, units, err);
    case SQLITE_TEXT:
        return put_decimal_text(out, text_of(value), err);
    default:
        return WH_WIDEN;
    }
}

/* ---- dates and times, from their text --------------------------------------------------------- */

static enum wh_status put_date(struct wh_column *out, struct wh_slice text, struct wh_error *err)
{
    int32_t days;
    if (!wh_parse_date(text, &days))
        return WH_WIDEN;
    return wh_column_append(out, &days, err);
}

static enum wh_status put_time(struct wh_column *out, struct wh_slice text, struct wh_error *err)
{
    int64_t time;
    if (!wh_parse_time(text, out->field->unit, &time))
        return WH_WIDEN;
    return wh_column_append(out, &time, err);
}

static enum wh_status put_timestamp(struct wh_column *out, struct wh_slice text, struct wh_error *err)
{
    int64_t time;
    bool has_zone;
    if (!wh_parse_timestamp(text, out->field->unit, &time, &has_zone) ||
        has_zone != (out->field->zone != NULL))
        return WH_WIDEN;
    return wh_column_append(out, &time, err);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static enum wh_status put_bytes(struct wh_column *out, sqlite3_value *value, struct wh_error *err)
{
    char digits[WH_SQLITE_NUMBER_TEXT];
    switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT: {
        struct wh_slice text = text_of(value);
        return text.ptr == NULL ? wh_nomem(err) : wh_column_append_bytes(out, text.ptr, text.len, err);
    }
    case SQLITE_BLOB: {
        const void *blob = sqlite3_value_blob(value); /* NULL when empty */
        return wh_column_append_bytes(out, blob, (size_t)sqlite3_value_bytes(value), err);
    }
    default:
        return wh_column_append_bytes(out, digits, wh_sqlite_number_text(digits, value), err);
    }
}

/* A type without a way of its own: by its text. */
static enum wh_status put_parsed(struct wh_column *out, sqlite3_value *value, struct wh_error *err)
{
    char digits[WH_SQLITE_NUMBER_TEXT];
    struct wh_slice text;
    if (sqlite3_value_type(value) == SQLITE_BLOB)
        return WH_WIDEN;
    if (sqlite3_value_type(value) == SQLITE_TEXT)
        text = text_of(value);
    else
        text = wh_slice(digits, wh_sqlite_number_text(digits, value));
    struct wh_error no = {0};
    enum wh_status s = wh_value_parse(out, text, &no);
    if (s == WH_DATA)
        return WH_WIDEN;
    if (s != WH_OK)
        *err = no;
    return s;
}

/* ---- by type ---------------------------------------------------------------------------------- */

/* A REAL is an integer only where the user says so. */
static bool integer_of(const struct wh_sqlite_converter *v, sqlite3_value *value, int64_t *out)
{
    if (sqlite3_value_type(value) == SQLITE_FLOAT) {
        double real = sqlite3_value_double(value);
        if (!v->text_parsed || rint(real) != real || fabs(real) > (double)EXACT_INTEGER)
            return false;
    }
    *out = sqlite3_value_int64(value);
    return true;
}

/* TEXT into a type that is not made of bytes. */
static enum wh_status convert_text(const struct wh_sqlite_converter *v, struct wh_column *out,
                                   sqlite3_value *value, struct wh_error *err)
{
    struct wh_slice text = text_of(value);
    enum wh_type type = v->field->type;
    if (text.ptr == NULL)
        return wh_nomem(err);
    enum wh_status s = WH_WIDEN;
    if (type == WH_DATE32)
        s = put_date(out, text, err);
    else if (type == WH_TIME64)
        s = put_time(out, text, err);
    else if (type == WH_TIMESTAMP)
        s = put_timestamp(out, text, err);
    else if (type == WH_DECIMAL)
        s = put_decimal(v, out, value, err);
    bool is_text_type = type == WH_UUID || type == WH_INTERVAL || type == WH_UINT64;
    if (s == WH_WIDEN && (v->text_parsed || is_text_type))
        return put_parsed(out, value, err);
    return s;
}

static enum wh_status convert_number(const struct wh_sqlite_converter *v, struct wh_column *out,
                                     sqlite3_value *value, struct wh_error *err)
{
    enum wh_type type = v->field->type;
    bool is_integer = sqlite3_value_type(value) == SQLITE_INTEGER;
    if (type == WH_FLOAT64 || type == WH_FLOAT32)
        return put_float(out, value, err);
    if (type == WH_DECIMAL)
        return put_decimal(v, out, value, err);
    if (type >= WH_INT8 && type <= WH_UINT64) {
        int64_t integer;
        if (!integer_of(v, value, &integer))
            return WH_WIDEN;
        return put_int(v->field, out, integer, err);
    }
    if (is_integer && type == WH_BOOL) {
        int64_t bit = sqlite3_value_int64(value);
        return bit != 0 && bit != 1 ? WH_WIDEN : wh_column_append(out, &(uint8_t){(uint8_t)bit}, err);
    }
    return WH_WIDEN;
}

enum wh_status wh_sqlite_convert(const struct wh_sqlite_converter *v, struct wh_column *out,
                                 sqlite3_value *value, struct wh_error *err)
{
    enum wh_type type = v->field->type;
    int stored = sqlite3_value_type(value);
    if (stored == SQLITE_NULL)
        return v->field->nullable ? wh_column_append_null(out, err) : WH_WIDEN;
    if (type == WH_UTF8)
        return stored == SQLITE_BLOB || (v->native && stored != SQLITE_TEXT) ? WH_WIDEN
                                                                             : put_bytes(out, value, err);
    if (type == WH_BINARY)
        return v->native && stored != SQLITE_BLOB ? WH_WIDEN : put_bytes(out, value, err);
    if (type == WH_JSON || wh_type_has_offsets(type) || type == WH_STRUCT)
        return put_parsed(out, value, err);
    if (stored == SQLITE_TEXT)
        return convert_text(v, out, value, err);
    return stored == SQLITE_BLOB ? WH_WIDEN : convert_number(v, out, value, err);
}
