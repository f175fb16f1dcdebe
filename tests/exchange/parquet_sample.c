/* parquet_sample.c - writes a Parquet file of made-up rows and what they are, for parquet_write.py.
 *
 *   parquet_sample OUT.parquet EXPECTED.jsonl SCHEMA [name=value ...]
 *
 * SCHEMA as wh_schema_parse takes it ("!" behind a top-level name: not nullable). Names: rows, seed, nulls
 * (percent), distinct (0: any), sorted (0, 1), batch (rows), part (rows), text (longest text), and the
 * options of the format ("parquet-level=3"). A line of EXPECTED is one row as a JSON array; floats are bit
 * patterns in hexadecimal, decimals, binary and uuid strings, dates and times the stored numbers, intervals
 * [months, days, ns], maps lists of pairs. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/options.h"
#include "batch/builder.h"
#include "format/format.h"

struct sample {
    int64_t rows, seed, nulls, distinct, sorted, batch, part, text;
    int64_t entry; /* number of the map entry that is made next, or -1 */
    int64_t key;   /* the same while its key is made */
    uint64_t state;
    FILE *file, *expected;
    struct wh_schema schema;
    struct wh_config *cfg;
    struct wh_encoder *encoder;
    struct wh_batch rows_of_batch;
    struct wh_buffer out, *entries; /* MAX_PARTS of them */
};
#define MAX_PARTS 1000

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* The number that a value is made from. */
static uint64_t seed_of_value(struct sample *s, int64_t row)
{
    uint64_t v = s->distinct > 0 ? next_random(&s->state) % (uint64_t)s->distinct : next_random(&s->state);
    if (s->sorted != 0)
        v = (uint64_t)row / (uint64_t)WH_MAX(s->distinct, 1);
    /* Readers differ about keys that come twice. */
    return s->key < 0 ? v : (v & ~UINT64_C(7)) | (uint64_t)s->key;
}

static enum wh_status add_value(struct sample *s, struct wh_column *c, int64_t row, struct wh_error *err);

static enum wh_status add_number(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    size_t width = wh_type_width(c->field);
    uint64_t shown = v;
    bool is_signed = c->field->type <= WH_INT64 || c->field->type >= WH_DATE32;
    if (c->field->type == WH_TIME64) {
        shown = v % (uint64_t)(c->field->unit == WH_NANO ? INT64_C(86400000000000) : INT64_C(86400000000));
    } else if (c->field->type == WH_DATE32) {
        shown = (uint64_t)((int64_t)(v % 3652059) - 719162);
    } else if (c->field->type == WH_TIMESTAMP) {
        /* The years 1700 to 2260 are what all readers hold in nanoseconds. */
        static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};
        shown = (uint64_t)((int64_t)(v % UINT64_C(17000000000)) - INT64_C(8500000000));
        shown =
            (uint64_t)((int64_t)shown * per_second[c->field->unit] + (c->field->unit == WH_SECOND ? 0 : 7));
    } else if (width < 8 && is_signed) {
        int shift = 64 - 8 * (int)width;
        shown = (uint64_t)((int64_t)(v << shift) >> shift);
    } else if (width < 8) {
        shown = v & ((UINT64_C(1) << 8 * width) - 1);
    }
    uint8_t bytes[8];
    wh_put_le64(bytes, shown);
    int64_t scale = c->field->type == WH_TIMESTAMP && c->field->unit == WH_SECOND ? 1000 : 1;
    if (is_signed)
        fprintf(s->expected, "%" PRId64, (int64_t)shown * scale);
    else
        fprintf(s->expected, "%" PRIu64, shown);
    return wh_column_append(c, bytes, err);
}

static enum wh_status add_float(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    static const double special[] = {0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, 3.25e10};
    double d = v % 5 == 0 ? special[v / 5 % WH_COUNT(special)] : (double)(int64_t)v / 1024.0;
    uint8_t bytes[8];
    if (v % 61 == 0)
        d = __builtin_nan("");
    if (v % 67 == 0)
        d = __builtin_inf();
    if (c->field->type == WH_FLOAT32) {
        float f = (float)d;
        memcpy(bytes, &f, sizeof f);
        fprintf(s->expected, "\"%08" PRIx32 "\"", wh_get_le32(bytes));
    } else {
        memcpy(bytes, &d, sizeof d);
        fprintf(s->expected, "\"%016" PRIx64 "\"", wh_get_le64(bytes));
    }
    return wh_column_append(c, bytes, err);
}

static enum wh_status add_decimal(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    char text[WH_DECIMAL_TEXT + 1];
    uint8_t value[32];
    int digits = 1 + (int)(v % c->field->precision), scale = c->field->scale, n = 0;
    if (v & 1 << 20)
        text[n++] = '-';
    for (int i = 0; i < c->field->precision - scale; i++)
        text[n++] = (char)('0' + (i < c->field->precision - digits ? 0 : v >> (i % 40) & 7));
    if (n == 0 || text[n - 1] == '-')
        text[n++] = '0';
    if (scale > 0)
        text[n++] = '.';
    for (int i = 0; i < scale; i++)
        text[n++] = (char)('0' + (v >> (i % 50 + 3) & 7));
    if (!wh_parse_decimal(wh_slice(text, (size_t)n), c->field->precision, scale, value))
        return wh_fail(err, WH_INTERNAL, "could not make decimal %.*s", n, text);
    fprintf(s->expected, "\"%.*s\"", n, text);
    return wh_column_append(c, value, err);
}

static enum wh_status add_bytes(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    static const char *const words[] = {"quick", "fox",  "\xc3\xa9t\xc3\xa9", "jumps",
                                        "over",  "lazy", "\xf0\x9f\xa6\x8a",  "dogs"};
    char text[4096];
    size_t n = 0, want = (size_t)(v >> 7) % (size_t)(s->text + 1);
    bool is_binary = c->field->type == WH_BINARY;
    if (s->key >= 0)
        text[n++] = (char)('a' + s->key);
    if (c->field->type == WH_JSON)
        n = (size_t)snprintf(text, sizeof text, "{\"k\":%" PRIu64 "}", v);
    else if (s->sorted != 0)
        n = (size_t)snprintf(text, sizeof text, "prefix/of/all/%012" PRIu64, v);
    while (n < want && n < sizeof text - 16 && c->field->type != WH_JSON) {
        const char *word = words[(v >> n % 50) % WH_COUNT(words)];
        memcpy(text + n, word, strlen(word));
        n += strlen(word);
        if (is_binary) {
            text[n] = (char)(v >> n % 56);
            n++;
        }
    }
    fputc('"', s->expected);
    for (size_t i = 0; i < n; i++) {
        if (is_binary)
            fprintf(s->expected, "%02x", (unsigned)(uint8_t)text[i]);
        else if (text[i] == '"')
            fputs("\\\"", s->expected);
        else
            fputc(text[i], s->expected);
    }
    fputc('"', s->expected);
    return wh_column_append_bytes(c, text, n, err);
}

static enum wh_status add_uuid(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    uint8_t bytes[16];
    fputc('"', s->expected);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(v >> (i % 8) * 8 ^ i * 37);
        fprintf(s->expected, "%02x", bytes[i]);
    }
    fputc('"', s->expected);
    return wh_column_append(c, bytes, err);
}

static enum wh_status add_interval(struct sample *s, struct wh_column *c, uint64_t v, struct wh_error *err)
{
    uint8_t bytes[16];
    uint32_t months = (uint32_t)(v % 1200), days = (uint32_t)(v >> 20) % 1000;
    uint64_t ns = (v >> 30) % 86400000 * 1000000;
    wh_put_le32(bytes, months);
    wh_put_le32(bytes + 4, days);
    wh_put_le64(bytes + 8, ns);
    fprintf(s->expected, "[%u,%u,%" PRIu64 "]", months, days, ns);
    return wh_column_append(c, bytes, err);
}

static enum wh_status add_nested(struct sample *s, struct wh_column *c, uint64_t v, int64_t row,
                                 struct wh_error *err)
{
    bool is_struct = c->field->type == WH_STRUCT;
    size_t n = is_struct ? c->field->n_children : (size_t)(v % 5);
    int64_t entry = s->entry;
    s->entry = -1;
    fputc('[', s->expected);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            fputc(',', s->expected);
        s->key = is_struct && i == 0 ? entry : -1;
        if (c->field->type == WH_MAP)
            s->entry = (int64_t)i;
        WH_TRY(add_value(s, &c->children[is_struct ? i : 0], row, err));
    }
    fputc(']', s->expected);
    return wh_column_append_end(c, err);
}

static enum wh_status add_value(struct sample *s, struct wh_column *c, int64_t row, struct wh_error *err)
{
    uint64_t v = seed_of_value(s, row);
    if ((c->field->nullable && (int64_t)(next_random(&s->state) % 100) < s->nulls) ||
        c->field->type == WH_NULL) {
        fputs("null", s->expected);
        return wh_column_append_null(c, err);
    }
    switch (c->field->type) {
    case WH_BOOL: {
        uint8_t b = v >> 3 & 1;
        fputs(b ? "true" : "false", s->expected);
        return wh_column_append(c, &b, err);
    }
    case WH_FLOAT32:
    case WH_FLOAT64:
        return add_float(s, c, v, err);
    case WH_DECIMAL:
        return add_decimal(s, c, v, err);
    case WH_UTF8:
    case WH_JSON:
    case WH_BINARY:
        return add_bytes(s, c, v, err);
    case WH_UUID:
        return add_uuid(s, c, v, err);
    case WH_INTERVAL:
        return add_interval(s, c, v, err);
    case WH_LIST:
    case WH_STRUCT:
    case WH_MAP:
        return add_nested(s, c, v, row, err);
    case WH_NULL:
    case WH_INT8:
    case WH_INT16:
    case WH_INT32:
    case WH_INT64:
    case WH_UINT8:
    case WH_UINT16:
    case WH_UINT32:
    case WH_UINT64:
    case WH_DATE32:
    case WH_TIME64:
    case WH_TIMESTAMP:
        return add_number(s, c, v, err);
    }
    return wh_fail(err, WH_INTERNAL, "unknown type");
}

static enum wh_status fill_batch(struct sample *s, struct wh_batch *b, int64_t row, int64_t n,
                                 struct wh_error *err)
{
    wh_batch_reset(b);
    for (int64_t i = 0; i < n; i++) {
        fputc('[', s->expected);
        for (size_t k = 0; k < s->schema.n_fields; k++) {
            if (k > 0)
                fputc(',', s->expected);
            WH_TRY(add_value(s, &b->columns[k], row + i, err));
        }
        fputs("]\n", s->expected);
        b->rows++;
    }
    return WH_OK;
}

static enum wh_status append_part(struct sample *s, int64_t *row, struct wh_buffer *entry,
                                  struct wh_error *err)
{
    const struct wh_encoder_ops *ops = s->encoder->ops;
    struct wh_part *part;
    int64_t end = WH_MIN(s->rows, *row + s->part);
    WH_TRY(ops->open_part(&part, s->encoder, NULL, err));
    enum wh_status st = WH_OK;
    while (*row < end && st == WH_OK) {
        int64_t n = WH_MIN(s->batch, end - *row);
        st = fill_batch(s, &s->rows_of_batch, *row, n, err);
        if (st == WH_OK)
            st = ops->write(part, &s->rows_of_batch, err);
        *row += n;
    }
    if (st == WH_OK)
        st = ops->seal(part, err);
    if (st == WH_OK)
        st = ops->place(part, (uint64_t)ftell(s->file), entry, err);
    if (st == WH_OK && fwrite(part->bytes.data, 1, part->bytes.size, s->file) != part->bytes.size)
        st = wh_fail(err, WH_IO, "could not write the file");
    ops->close_part(part);
    return st;
}

static enum wh_status write_file(struct sample *s, struct wh_error *err)
{
    const struct wh_encoder_ops *ops = s->encoder->ops;
    size_t n_entries = 0;
    int64_t row = 0;
    s->entries = wh_alloc_array(MAX_PARTS, sizeof *s->entries);
    if (s->entries == NULL)
        return wh_nomem(err);
    WH_TRY(wh_batch_init(&s->rows_of_batch, &s->schema, NULL, err));
    WH_TRY(ops->begin_file(s->encoder, &s->out, err));
    fwrite(s->out.data, 1, s->out.size, s->file);
    while (row < s->rows && n_entries < MAX_PARTS)
        WH_TRY(append_part(s, &row, &s->entries[n_entries++], err));
    s->out.size = 0;
    WH_TRY(ops->end_file(s->encoder, s->entries, n_entries, (uint64_t)ftell(s->file), s->rows, &s->out, err));
    fwrite(s->out.data, 1, s->out.size, s->file);
    if (fflush(s->file) != 0 || fflush(s->expected) != 0)
        return wh_fail(err, WH_IO, "could not write the files");
    return WH_OK;
}

static void release(struct sample *s)
{
    for (size_t i = 0; s->entries != NULL && i < MAX_PARTS; i++)
        wh_buffer_release(&s->entries[i]);
    free(s->entries);
    wh_buffer_release(&s->out);
    wh_batch_release(&s->rows_of_batch);
    if (s->encoder != NULL)
        s->encoder->ops->close(s->encoder);
    wh_schema_release(&s->schema);
    wh_config_free(s->cfg);
    if (s->file != NULL)
        fclose(s->file);
    if (s->expected != NULL)
        fclose(s->expected);
}

static enum wh_status read_schema(struct sample *s, char *text, struct wh_error *err)
{
    WH_TRY(wh_schema_parse(&s->schema, text, err));
    for (size_t i = 0; i < s->schema.n_fields; i++) {
        struct wh_field *f = &s->schema.fields[i];
        char *mark = strchr(f->name, '!');
        if (mark != NULL) {
            *mark = '\0';
            f->nullable = false;
        }
    }
    return WH_OK;
}

static enum wh_status read_setting(struct sample *s, char *text, struct wh_error *err)
{
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {
        {"rows", &s->rows},     {"seed", &s->seed},   {"nulls", &s->nulls}, {"distinct", &s->distinct},
        {"sorted", &s->sorted}, {"batch", &s->batch}, {"part", &s->part},   {"text", &s->text},
    };
    char *value = strchr(text, '=');
    if (value == NULL)
        return wh_fail(err, WH_CONFIG, "\"%s\" is no setting", text);
    *value++ = '\0';
    for (size_t i = 0; i < WH_COUNT(numbers); i++) {
        if (strcmp(numbers[i].name, text) == 0)
            return wh_parse_i64(wh_slice_of(value), numbers[i].value) ? WH_OK
                                                                      : wh_fail(err, WH_CONFIG, "no number");
    }
    return wh_config_set(s->cfg, text, value, err);
}

static enum wh_status run(struct sample *s, int argc, char **argv, struct wh_error *err)
{
    const struct wh_option *tables[] = {wh_format_parquet.write_options, NULL};
    struct wh_context ctx = {.jobs = 1};
    WH_TRY(wh_config_new(&s->cfg, tables, err));
    for (int i = 4; i < argc; i++)
        WH_TRY(read_setting(s, argv[i], err));
    s->state = (uint64_t)s->seed;
    WH_TRY(read_schema(s, argv[3], err));
    WH_TRY(wh_format_parquet.encoder->open(&s->encoder, &s->schema, s->cfg, &ctx, err));
    s->file = fopen(argv[1], "wb");
    s->expected = fopen(argv[2], "w");
    if (s->file == NULL || s->expected == NULL)
        return wh_fail(err, WH_IO, "could not open the files");
    return write_file(s, err);
}

int main(int argc, char **argv)
{
    struct sample s = {
        .rows = 100, .nulls = 20, .batch = 1000, .part = INT64_MAX / 2, .text = 40, .entry = -1, .key = -1};
    struct wh_error err = {0};
    if (argc < 4) {
        fputs("usage: parquet_sample OUT.parquet EXPECTED.jsonl SCHEMA [name=value ...]\n", stderr);
        return 2;
    }
    if (run(&s, argc, argv, &err) != WH_OK)
        fprintf(stderr, "parquet_sample: %s: %s\n", wh_status_name(err.code), err.msg);
    release(&s);
    return err.code == WH_OK ? 0 : 1;
}
