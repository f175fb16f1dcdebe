/* format/csv/convert.c - see format/csv/convert.h. */
#include "format/csv/convert.h"

#include "base/mem.h"
#include "batch/text.h"

/* One column of one block. */
struct job {
    struct wh_csv_converter *cv;
    const struct wh_csv_column *column;
    uint32_t index; /* of the column */
    const struct wh_csv_block *block;
    struct wh_csv_fields fields;
    struct wh_column *out;
    struct wh_error *err;
};

/* What the slow path makes of a field. */
enum cell { CELL_VALUE, CELL_NULL, CELL_DONE };

static inline struct wh_slice field_at(const struct job *j, size_t r)
{
    const struct wh_csv_fields *f = &j->fields;
    uint32_t start = f->starts[r * f->start_stride] + f->skip, stop = f->stops[r * f->stop_stride];
    return wh_slice((const char *)j->block->text + start, stop - start);
}

/* ---- the slow path ------------------------------------------------------------------------------ */

static void add_null(struct job *j, size_t row)
{
    uint32_t r = (uint32_t)row;
    wh_buffer_put(&j->cv->nulls, &r, sizeof r);
}

static enum wh_status add_misfit(struct job *j, size_t row)
{
    struct wh_csv_misfit m = {.row = (uint32_t)row, .column = j->index};
    add_null(j, row);
    return wh_buffer_append(&j->cv->misfits, &m, sizeof m, j->err);
}

/* Tells nulls from values and takes the quotes off; CELL_DONE: the row has been dealt with. */
static enum wh_status open_cell(struct job *j, size_t row, struct wh_slice *text, enum cell *out)
{
    const struct wh_csv_converter *cv = j->cv;
    bool is_text = j->column->field->type == WH_UTF8, well_formed = true;
    bool quoted = text->len > 0 && text->ptr[0] == cv->dialect->quote;
    *out = CELL_NULL;
    if (quoted)
        WH_TRY(wh_csv_unquote(text, &well_formed, *text, cv->dialect, &j->cv->scratch, j->err));
    if (!well_formed) {
        *out = CELL_DONE;
        return add_misfit(j, row);
    }
    bool is_null = text->len == 0 && !(quoted && is_text);
    is_null |= !quoted && text->len > 0 && wh_csv_words_match(cv->words, text->ptr, text->len);
    is_null |= j->column->guess.word != WH_CSV_NO_WORD &&
               wh_csv_null_word(text->ptr, text->len) == j->column->guess.word;
    if (is_null)
        add_null(j, row);
    *out = is_null ? CELL_NULL : CELL_VALUE;
    return WH_OK;
}

/* The general parser: any text that stands for a value of the declared type. */
static enum wh_status parse_declared(struct job *j, size_t row, struct wh_slice text, void *out, size_t width)
{
    struct wh_column *v = &j->cv->value;
    struct wh_error why = {0};
    if (v->field != j->column->field) {
        wh_column_release(v);
        WH_TRY(wh_column_init(v, j->column->field, j->cv->budget, j->err));
    }
    wh_column_reset(v);
    enum wh_status s = j->column->declared ? wh_value_parse(v, text, &why) : WH_DATA;
    if (s == WH_OK)
        memcpy(out, v->data.data, width);
    else if (s == WH_DATA)
        return add_misfit(j, row);
    else
        *j->err = why;
    return s;
}

/* ---- loops -------------------------------------------------------------------------------------- */

static inline bool parse_timestamp(const char *p, size_t len, const struct wh_csv_spelling *s, int64_t *out)
{
    struct wh_csv_moment m;
    return wh_csv_parse_timestamp(p, len, &m) && wh_csv_timestamp_value(&m, s, out);
}
static inline bool parse_time(const char *p, size_t len, const struct wh_csv_spelling *s, int64_t *out)
{
    struct wh_csv_moment m;
    return wh_csv_parse_time(p, len, &m) && wh_csv_time_value(&m, s, out);
}
static inline bool parse_int(const char *p, size_t len, const struct wh_csv_spelling *s, int64_t *out)
{
    (void)s;
    return wh_csv_parse_int(p, len, out);
}
static inline bool parse_date(const char *p, size_t len, const struct wh_csv_spelling *s, int32_t *out)
{
    (void)s;
    return wh_csv_parse_date(p, len, out);
}
static inline bool parse_float(const char *p, size_t len, const struct wh_csv_spelling *s, double *out)
{
    (void)s;
    return wh_csv_parse_float(p, len, out);
}
static inline bool parse_bool(const char *p, size_t len, const struct wh_csv_spelling *s, uint8_t *out)
{
    const char *const *words = wh_csv_bools[s->bools];
    *out = len == 4;
    return (len == 4 && memcmp(p, words[1], 4) == 0) || (len == 5 && memcmp(p, words[0], 5) == 0);
}
struct uuid {
    uint8_t bytes[16];
};
static inline bool parse_uuid(const char *p, size_t len, const struct wh_csv_spelling *s, struct uuid *out)
{
    (void)s;
    return wh_csv_parse_uuid(p, len, out->bytes);
}

/* convert_<name>: fixed-width values; parse(p, len, spelling, out) takes non-empty text. */
#define DEFINE_CONVERT(name, ctype, parse)                                                                   \
    static enum wh_status name##_slow(struct job *j, size_t row, struct wh_slice text, ctype *out)           \
    {                                                                                                        \
        enum cell cell;                                                                                      \
        memset(out, 0, sizeof *out);                                                                         \
        WH_TRY(open_cell(j, row, &text, &cell));                                                             \
        if (cell != CELL_VALUE || parse(text.ptr, text.len, &j->column->guess.spelling, out))                \
            return WH_OK;                                                                                    \
        memset(out, 0, sizeof *out);                                                                         \
        return parse_declared(j, row, text, out, sizeof *out);                                               \
    }                                                                                                        \
    static enum wh_status name(struct job *j)                                                                \
    {                                                                                                        \
        const struct wh_csv_spelling spelling = j->column->guess.spelling;                                   \
        ctype *out = (ctype *)(void *)(j->out->data.data + j->out->data.size);                               \
        size_t n = j->block->n_rows;                                                                         \
        for (size_t r = 0; r < n; r++) {                                                                     \
            struct wh_slice text = field_at(j, r);                                                           \
            if (__builtin_expect(text.len == 0 || !parse(text.ptr, text.len, &spelling, &out[r]), 0))        \
                WH_TRY(name##_slow(j, r, text, &out[r]));                                                    \
        }                                                                                                    \
        j->out->data.size += n * sizeof *out;                                                                \
        return WH_OK;                                                                                        \
    }

DEFINE_CONVERT(convert_int, int64_t, parse_int)
DEFINE_CONVERT(convert_decimal, int64_t, wh_csv_parse_decimal)
DEFINE_CONVERT(convert_wide, wh_i128, wh_csv_parse_wide)
DEFINE_CONVERT(convert_float, double, parse_float)
DEFINE_CONVERT(convert_date, int32_t, parse_date)
DEFINE_CONVERT(convert_time, int64_t, parse_time)
DEFINE_CONVERT(convert_timestamp, int64_t, parse_timestamp)
DEFINE_CONVERT(convert_uuid, struct uuid, parse_uuid)

/* Integers of 1 to 4 bytes: the low bytes of a larger one that is within the type's range. */
static enum wh_status convert_narrow(struct job *j)
{
    static const struct {
        int64_t min, max;
    } ranges[WH_TYPE_COUNT] = {
        [WH_INT8] = {INT8_MIN, INT8_MAX},    [WH_INT16] = {INT16_MIN, INT16_MAX},
        [WH_INT32] = {INT32_MIN, INT32_MAX}, [WH_UINT8] = {0, UINT8_MAX},
        [WH_UINT16] = {0, UINT16_MAX},       [WH_UINT32] = {0, UINT32_MAX},
    };
    int64_t min = ranges[j->column->field->type].min, max = ranges[j->column->field->type].max;
    size_t width = wh_type_width(j->column->field), n = j->block->n_rows;
    uint8_t *out = j->out->data.data + j->out->data.size;
    for (size_t r = 0; r < n; r++, out += width) {
        struct wh_slice text = field_at(j, r);
        int64_t value;
        uint8_t bytes[8];
        if (text.len > 0 && wh_csv_parse_int(text.ptr, text.len, &value) && value >= min && value <= max) {
            wh_put_le64(bytes, (uint64_t)value);
            memcpy(out, bytes, width);
            continue;
        }
        enum cell cell;
        memset(out, 0, width);
        WH_TRY(open_cell(j, r, &text, &cell));
        if (cell == CELL_VALUE)
            WH_TRY(parse_declared(j, r, text, out, width));
    }
    j->out->data.size += n * width;
    return WH_OK;
}

static enum wh_status convert_bool(struct job *j)
{
    struct wh_column *c = j->out;
    size_t n = j->block->n_rows, bytes = wh_bitmap_bytes(c->length + (int64_t)n);
    memset(c->data.data + c->data.size, 0, bytes - c->data.size);
    c->data.size = bytes;
    for (size_t r = 0; r < n; r++) {
        struct wh_slice text = field_at(j, r);
        uint8_t value = 0;
        if (text.len == 0 || !parse_bool(text.ptr, text.len, &j->column->guess.spelling, &value)) {
            enum cell cell;
            value = 0;
            WH_TRY(open_cell(j, r, &text, &cell));
            if (cell == CELL_VALUE && !parse_bool(text.ptr, text.len, &j->column->guess.spelling, &value)) {
                value = 0;
                WH_TRY(parse_declared(j, r, text, &value, 1));
            }
        }
        if (value != 0)
            wh_bit_set(c->data.data, c->length + (int64_t)r);
    }
    return WH_OK;
}

/* ---- text --------------------------------------------------------------------------------------- */

/* Copies 32 bytes and the rest, if any: source and destination have slack. */
static inline void copy_text(uint8_t *to, const char *from, size_t len)
{
    memcpy(to, from, 32);
    if (__builtin_expect(len > 32, 0))
        memcpy(to + 32, from + 32, len - 32);
}

static enum wh_status convert_text(struct job *j)
{
    struct wh_column *c = j->out;
    const struct wh_csv_words *words = j->cv->words;
    const char quote = (char)j->cv->dialect->quote;
    bool has_quote = j->block->quoted && j->cv->dialect->quote != WH_CSV_NONE;
    int32_t *ends = (int32_t *)(void *)(c->offsets.data + c->offsets.size);
    uint8_t *start = c->data.data, *to = start + c->data.size;
    size_t n = j->block->n_rows;
    for (size_t r = 0; r < n; r++) {
        struct wh_slice text = field_at(j, r);
        bool odd = text.len == 0 || (has_quote && text.ptr[0] == quote) ||
                   wh_csv_words_match(words, text.ptr, text.len);
        if (__builtin_expect(odd, 0)) {
            enum cell cell;
            WH_TRY(open_cell(j, r, &text, &cell));
            if (cell != CELL_VALUE)
                text.len = 0;
            else
                memcpy(to, text.ptr, text.len);
        } else {
            copy_text(to, text.ptr, text.len);
        }
        to += text.len;
        ends[r] = (int32_t)(to - start);
    }
    c->offsets.size += n * sizeof *ends;
    c->data.size = (size_t)(to - start);
    return WH_OK;
}

/* ---- everything else ---------------------------------------------------------------------------- */

/* Value by value through the general parser; nulls and misfits are appended at once. */
static enum wh_status convert_other(struct job *j)
{
    for (size_t r = 0; r < j->block->n_rows; r++) {
        struct wh_slice text = field_at(j, r);
        struct wh_error why = {0};
        enum cell cell;
        enum wh_status s = WH_DATA;
        WH_TRY(open_cell(j, r, &text, &cell));
        if (cell == CELL_VALUE)
            s = wh_value_parse(j->out, text, &why);
        if (s == WH_DATA) {
            if (cell == CELL_VALUE)
                WH_TRY(add_misfit(j, r));
            WH_TRY(wh_column_append_null(j->out, j->err));
        } else if (s != WH_OK) {
            *j->err = why;
            return s;
        }
    }
    return WH_OK;
}

static enum wh_status append_nulls(struct wh_column *out, size_t n, struct wh_error *err)
{
    WH_TRY(wh_column_reserve(out, (int64_t)n, 0, err));
    for (size_t i = 0; i < n; i++)
        WH_TRY(wh_column_append_null(out, err));
    return WH_OK;
}

/* ---- validity ----------------------------------------------------------------------------------- */

static void set_bits(struct wh_buffer *map, int64_t from, int64_t n)
{
    size_t bytes = wh_bitmap_bytes(from + n);
    if ((from & 7) != 0)
        map->data[from >> 3] = (uint8_t)(map->data[from >> 3] | 0xffu << (from & 7));
    size_t first = wh_bitmap_bytes(from);
    if (bytes > first)
        memset(map->data + first, 0xff, bytes - first);
    if (((from + n) & 7) != 0)
        map->data[bytes - 1] &= (uint8_t)((1u << ((from + n) & 7)) - 1);
    map->size = bytes;
}

/* Counts n more values of which some are null. */
static void end_column(struct wh_column *c, int64_t n, const struct wh_buffer *nulls)
{
    const uint32_t *rows = (const uint32_t *)(const void *)nulls->data;
    size_t n_nulls = nulls->size / sizeof *rows;
    if (n_nulls > 0 && c->validity.size == 0)
        set_bits(&c->validity, 0, c->length);
    if (n > 0 && (n_nulls > 0 || c->validity.size > 0))
        set_bits(&c->validity, c->length, n);
    for (size_t i = 0; i < n_nulls; i++)
        wh_bit_clear(c->validity.data, c->length + rows[i]);
    c->null_count += (int64_t)n_nulls;
    c->length += n;
}

/* ---- choice ------------------------------------------------------------------------------------- */

static size_t text_bytes(const struct job *j)
{
    size_t bytes = 0;
    for (size_t r = 0; r < j->block->n_rows; r++)
        bytes += field_at(j, r).len;
    return bytes;
}

enum wh_status wh_csv_convert(struct wh_csv_converter *cv, const struct wh_csv_column *c, uint32_t column,
                              const struct wh_csv_block *b, int32_t source, struct wh_column *out,
                              struct wh_error *err)
{
    static enum wh_status (*const loops[])(struct job *) = {
        [WH_CSV_INT] = convert_int,           [WH_CSV_DECIMAL] = convert_decimal,
        [WH_CSV_DECIMAL_WIDE] = convert_wide, [WH_CSV_FLOAT] = convert_float,
        [WH_CSV_BOOL] = convert_bool,         [WH_CSV_DATE] = convert_date,
        [WH_CSV_TIME] = convert_time,         [WH_CSV_TIMESTAMP] = convert_timestamp,
        [WH_CSV_UUID] = convert_uuid,         [WH_CSV_TEXT] = convert_text,
        [WH_CSV_NARROW] = convert_narrow,
    };
    if (source < 0)
        return append_nulls(out, b->n_rows, err);
    struct job j = {.cv = cv, .column = c, .index = column, .block = b, .out = out, .err = err};
    j.fields = wh_csv_block_column(b, (size_t)source);
    cv->nulls.size = 0;
    WH_TRY(wh_buffer_reserve(&cv->nulls, b->n_rows * sizeof(uint32_t), err));
    if (c->guess.kind == WH_CSV_OTHER)
        return convert_other(&j);
    bool is_text = c->guess.kind == WH_CSV_TEXT;
    WH_TRY(wh_column_reserve(out, (int64_t)b->n_rows, is_text ? text_bytes(&j) : 0, err));
    WH_TRY(loops[c->guess.kind](&j));
    end_column(out, (int64_t)b->n_rows, &cv->nulls);
    return WH_OK;
}

void wh_csv_column_declare(struct wh_csv_column *c)
{
    static const struct {
        enum wh_type type;
        enum wh_csv_kind kind;
    } kinds[] = {
        {WH_INT64, WH_CSV_INT},    {WH_FLOAT64, WH_CSV_FLOAT},       {WH_BOOL, WH_CSV_BOOL},
        {WH_DATE32, WH_CSV_DATE},  {WH_UTF8, WH_CSV_TEXT},           {WH_UUID, WH_CSV_UUID},
        {WH_INT8, WH_CSV_NARROW},  {WH_INT16, WH_CSV_NARROW},        {WH_INT32, WH_CSV_NARROW},
        {WH_UINT8, WH_CSV_NARROW}, {WH_UINT16, WH_CSV_NARROW},       {WH_UINT32, WH_CSV_NARROW},
        {WH_TIME64, WH_CSV_TIME},  {WH_TIMESTAMP, WH_CSV_TIMESTAMP}, {WH_DECIMAL, WH_CSV_DECIMAL},
    };
    const struct wh_field *f = c->field;
    bool fits = f->type != WH_DECIMAL || (f->precision <= 18 && f->scale > 0);
    fits &= (f->type != WH_TIME64 && f->type != WH_TIMESTAMP) || f->unit == WH_MICRO || f->unit == WH_NANO;
    c->declared = true;
    c->guess = (struct wh_csv_guess){.kind = WH_CSV_OTHER, .word = WH_CSV_NO_WORD};
    for (size_t i = 0; fits && i < WH_COUNT(kinds); i++)
        if (kinds[i].type == f->type)
            c->guess.kind = kinds[i].kind;
    c->guess.spelling = (struct wh_csv_spelling){
        .precision = f->precision,
        .scale = (uint8_t)f->scale,
        .zone = f->zone == NULL ? WH_CSV_ZONE_NONE : WH_CSV_ZONE_Z,
        .nanos = f->unit == WH_NANO,
    };
}

bool wh_csv_fits(const struct wh_csv_guess *g, const char *p, size_t len)
{
    const struct wh_csv_spelling *s = &g->spelling;
    union {
        int64_t i;
        int32_t days;
        wh_i128 wide;
        double f;
        uint8_t b;
        struct uuid u;
    } v;
    switch (g->kind) {
    case WH_CSV_INT:
        return parse_int(p, len, s, &v.i);
    case WH_CSV_DECIMAL:
        return wh_csv_parse_decimal(p, len, s, &v.i);
    case WH_CSV_DECIMAL_WIDE:
        return wh_csv_parse_wide(p, len, s, &v.wide);
    case WH_CSV_FLOAT:
        return parse_float(p, len, s, &v.f);
    case WH_CSV_BOOL:
        return parse_bool(p, len, s, &v.b);
    case WH_CSV_DATE:
        return parse_date(p, len, s, &v.days);
    case WH_CSV_TIME:
        return parse_time(p, len, s, &v.i);
    case WH_CSV_TIMESTAMP:
        return parse_timestamp(p, len, s, &v.i);
    case WH_CSV_UUID:
        return parse_uuid(p, len, s, &v.u);
    case WH_CSV_TEXT:
    case WH_CSV_NARROW:
    case WH_CSV_OTHER:
        return true;
    }
    return true;
}

void wh_csv_converter_release(struct wh_csv_converter *cv)
{
    wh_buffer_release(&cv->nulls);
    wh_buffer_release(&cv->misfits);
    wh_buffer_release(&cv->scratch);
    if (cv->value.field != NULL)
        wh_column_release(&cv->value);
}
