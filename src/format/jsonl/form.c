/* format/jsonl/form.c - recognising dates, times, timestamps and uuids; see form.h. */
#include "format/jsonl/form.h"

#include <string.h>

#include "base/digits.h"
#include "base/time.h"

static const struct wh_jsonl_form any_text = {.type = WH_UTF8};

/* True when the text begins like the pattern, in which 0 stands for any digit and x for any lower-case
 * hexadecimal one. */
static bool begins_like(struct wh_slice text, const char *pattern)
{
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        if (i >= text.len)
            return false;
        char c = text.ptr[i];
        bool fits = pattern[i] == '0'   ? wh_is_digit(c)
                    : pattern[i] == 'x' ? wh_is_digit(c) || (c >= 'a' && c <= 'f')
                                        : c == pattern[i];
        if (!fits)
            return false;
    }
    return true;
}

static bool is_uuid(struct wh_slice text)
{
    return text.len == 36 && begins_like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

/* A time with its fraction and zone, without checking the value. */
static bool time_form(struct wh_slice text, struct wh_jsonl_form *out)
{
    if (!begins_like(text, "00:00:00"))
        return false;
    size_t i = 8, last = 8; /* last: behind the last digit that is not zero */
    if (i < text.len && text.ptr[i] == '.') {
        for (i++; i < text.len && wh_is_digit(text.ptr[i]); i++)
            last = text.ptr[i] == '0' ? last : i + 1;
        if (i == 9 || i > 18)
            return false;
        out->fraction = (uint8_t)(i - 9);
    }
    size_t needed = last == 8 ? 0 : last - 9;
    out->styles = (out->fraction == (needed + 2) / 3 * 3 ? WH_JSONL_GROUPS : 0u) |
                  (out->fraction == needed ? WH_JSONL_TRIMMED : 0u);
    out->zoned = i + 1 == text.len && text.ptr[i] == 'Z';
    return out->zoned || i == text.len;
}

static struct wh_jsonl_form shape_of(struct wh_slice text)
{
    struct wh_jsonl_form form = any_text;
    if (text.len < 8 || text.len > 36)
        return any_text;
    if (is_uuid(text))
        return (struct wh_jsonl_form){.type = WH_UUID};
    if (text.ptr[2] == ':') {
        form.type = WH_TIME64;
        return time_form(text, &form) && !form.zoned ? form : any_text;
    }
    if (!begins_like(text, "0000-00-00"))
        return any_text;
    if (text.len == 10)
        return (struct wh_jsonl_form){.type = WH_DATE32};
    form.type = WH_TIMESTAMP;
    form.separator = text.ptr[10];
    bool fits = (form.separator == 'T' || form.separator == ' ') &&
                time_form((struct wh_slice){text.ptr + 11, text.len - 11}, &form);
    return fits ? form : any_text;
}

enum wh_time_unit wh_jsonl_form_unit(const struct wh_jsonl_form *form)
{
    return form->fraction > 6 ? WH_NANO : WH_MICRO;
}

static bool is_same_form(const struct wh_jsonl_form *a, const struct wh_jsonl_form *b)
{
    bool same_length = a->fraction == b->fraction && !a->is_mixed && !b->is_mixed;
    return a->type == b->type && a->separator == b->separator && a->zoned == b->zoned &&
           (same_length || (a->styles & b->styles) != 0);
}

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void parse_uuid(const char *text, uint8_t *out)
{
    for (size_t i = 0; i < 16; i++) {
        text += *text == '-';
        out[i] = (uint8_t)(hex_value(text[0]) << 4 | hex_value(text[1]));
        text += 2;
    }
}

/* The value of a text that has the form's shape. */
static bool parse_shaped(const struct wh_jsonl_form *form, struct wh_slice text, void *out)
{
    int64_t value = 0;
    int32_t days = 0;
    bool zoned;
    enum wh_time_unit unit = wh_jsonl_form_unit(form);
    if (form->type == WH_UUID) {
        parse_uuid(text.ptr, out);
        return true;
    }
    if (form->type == WH_DATE32) {
        bool ok = wh_parse_date(text, &days);
        memcpy(out, &days, sizeof days);
        return ok;
    }
    bool ok = form->type == WH_TIME64 ? wh_parse_time(text, unit, &value)
                                      : wh_parse_timestamp(text, unit, &value, &zoned);
    memcpy(out, &value, sizeof value);
    return ok;
}

struct wh_jsonl_form wh_jsonl_form_of(struct wh_slice text)
{
    uint8_t value[16];
    struct wh_jsonl_form form = shape_of(text);
    if (form.type == WH_UTF8 || !parse_shaped(&form, text, value))
        return any_text;
    int64_t nanoseconds;
    bool zoned;
    form.fits_nano = form.type != WH_TIMESTAMP || wh_parse_timestamp(text, WH_NANO, &nanoseconds, &zoned);
    return form;
}

struct wh_jsonl_form wh_jsonl_form_join(struct wh_jsonl_form a, struct wh_jsonl_form b)
{
    if (!is_same_form(&a, &b))
        return any_text;
    a.styles &= b.styles;
    a.is_mixed = a.is_mixed || b.is_mixed || a.fraction != b.fraction;
    a.fits_nano = a.fits_nano && b.fits_nano;
    a.fraction = a.fraction > b.fraction ? a.fraction : b.fraction;
    return a.fits_nano || wh_jsonl_form_unit(&a) != WH_NANO ? a : any_text;
}

bool wh_jsonl_form_parse(const struct wh_jsonl_form *form, struct wh_slice text, void *out)
{
    if (form->type == WH_DATE32) /* the parser would also take years of more digits */
        return text.len == 10 && parse_shaped(form, text, out);
    struct wh_jsonl_form got = shape_of(text);
    return is_same_form(form, &got) && got.fraction <= (form->fraction > 6 ? 9 : 6) &&
           parse_shaped(form, text, out);
}
