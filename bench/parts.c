/* parts.c - times the parts of a copy alone, on one core: CSV tokens, numbers and dates from and to text,
 * Parquet encodings, zstd. Tells where the next bottleneck lies; `make bench` prints it behind the whole
 * jobs.
 *
 * usage: parts LINEITEM.csv; reads at most 64 MiB of it. Prints for each part the best of several runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "batch/text.h"
#include "format/csv/index.h"
#include "format/parquet/codec.h"
#include "format/parquet/encode.h"

enum {
    TEXT_MAX_BYTES = 64 * 1024 * 1024,
    N_COLUMNS = 16,
    PAGE_ROWS = 20000,
    RUNS = 7,
    PRICE_PRECISION = 15,
    PRICE_SCALE = 2,
    MODE_BITS = 3, /* seven ship modes */
};
/* Columns of lineitem that stand for their kind. */
enum { KEY = 0, PRICE = 5, DATE = 10, MODE = 14, COMMENT = 15 };

/* A column's values, and the same cut into pages. */
struct values {
    struct wh_buffer data, offsets, pages; /* offsets: page by page; pages: struct wh_pq_values */
};

struct parts {
    struct wh_buffer text;
    struct wh_csv_dialect dialect;
    struct wh_csv_index index;
    size_t rows;
    struct wh_buffer fields[N_COLUMNS]; /* struct wh_slice of those above */
    struct values keys, prices, decimals, dates, comments;
    struct wh_buffer modes; /* uint32, and room for 8 more */
    struct wh_buffer out, scratch, packed;
    struct wh_pq_codec_state codec;
    double check;         /* depends on all results, so that none is left out */
    size_t values, bytes; /* that the last part worked through */
};

struct part {
    const char *name;
    enum wh_status (*run)(struct parts *p, struct wh_error *err);
};

static const struct wh_slice *fields_of(const struct parts *p, int column)
{
    return (const struct wh_slice *)(const void *)p->fields[column].data;
}

static size_t text_bytes(const struct parts *p, int column)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->rows; i++)
        bytes += fields_of(p, column)[i].len;
    return bytes;
}

static enum wh_status csv_tokens(struct parts *p, struct wh_error *err)
{
    wh_csv_index_begin(&p->index, p->text.data, p->text.size);
    p->values = 0;
    p->bytes = p->text.size;
    for (enum wh_status s; (s = wh_csv_index_next(&p->index, err)) != WH_END;) {
        if (s != WH_OK)
            return s;
        p->values += p->index.block.n_rows * N_COLUMNS;
    }
    return WH_OK;
}

static enum wh_status utf8_check(struct parts *p, struct wh_error *err)
{
    (void)err;
    p->values = p->rows;
    p->bytes = text_bytes(p, COMMENT);
    for (size_t i = 0; i < p->rows; i++)
        p->check += wh_utf8_valid(fields_of(p, COMMENT)[i]);
    return WH_OK;
}

static enum wh_status bad_field(const struct wh_slice *field, struct wh_error *err)
{
    return wh_fail(err, WH_DATA, "could not read \"%.*s\": not what lineitem has there", (int)field->len,
                   field->ptr);
}

/* A part that turns the text of a column into values: parse is an expression of the slice f that writes *to.
 */
#define PARSE_PART(name, column, ctype, target, parse)                                                       \
    static enum wh_status name(struct parts *p, struct wh_error *err)                                        \
    {                                                                                                        \
        const struct wh_slice *fields = fields_of(p, column);                                                \
        ctype *values = (ctype *)(void *)p->target.data.data;                                                \
        p->values = p->rows;                                                                                 \
        p->bytes = text_bytes(p, column);                                                                    \
        for (size_t i = 0; i < p->rows; i++) {                                                               \
            struct wh_slice f = fields[i];                                                                   \
            ctype *to = &values[i];                                                                          \
            if (!(parse))                                                                                    \
                return bad_field(&f, err);                                                                   \
        }                                                                                                    \
        return WH_OK;                                                                                        \
    }

PARSE_PART(parse_i64, KEY, int64_t, keys, wh_parse_i64(f, to))
PARSE_PART(parse_f64, PRICE, double, prices, wh_parse_f64(f, to))
PARSE_PART(parse_decimal, PRICE, int64_t, decimals, wh_parse_decimal(f, PRICE_PRECISION, PRICE_SCALE, to))
PARSE_PART(parse_date, DATE, int32_t, dates, wh_parse_date(f, to))

/* A part that turns values into text: format is an expression of v that writes at `at` and gives the length.
 */
#define FORMAT_PART(name, ctype, source, format)                                                             \
    static enum wh_status name(struct parts *p, struct wh_error *err)                                        \
    {                                                                                                        \
        const ctype *values = (const ctype *)(const void *)p->source.data.data;                              \
        p->out.size = 0;                                                                                     \
        WH_TRY(wh_buffer_reserve(&p->out, p->rows *WH_DECIMAL_TEXT, err));                                   \
        char *at = (char *)p->out.data;                                                                      \
        for (size_t i = 0; i < p->rows; i++) {                                                               \
            ctype v = values[i];                                                                             \
            at += (format);                                                                                  \
        }                                                                                                    \
        p->values = p->rows;                                                                                 \
        p->bytes = (size_t)(at - (char *)p->out.data);                                                       \
        return WH_OK;                                                                                        \
    }

FORMAT_PART(format_i64, int64_t, keys, wh_format_i64(at, v))
FORMAT_PART(format_f64, double, prices, wh_format_f64(at, v))
FORMAT_PART(format_decimal, int64_t, decimals, wh_format_decimal(at, &v, PRICE_PRECISION, PRICE_SCALE))
FORMAT_PART(format_date, int32_t, dates, wh_format_date(at, v))

typedef enum wh_status encode_page(struct parts *p, const struct wh_pq_values *page, struct wh_error *err);

static enum wh_status encode_pages(struct parts *p, const struct values *v, encode_page *encode,
                                   struct wh_error *err)
{
    const struct wh_pq_values *pages = (const struct wh_pq_values *)(const void *)v->pages.data;
    p->out.size = 0;
    p->values = p->rows;
    p->bytes = v->data.size;
    for (size_t i = 0; i < v->pages.size / sizeof(*pages); i++)
        WH_TRY(encode(p, &pages[i], err));
    return WH_OK;
}

static enum wh_status page_plain(struct parts *p, const struct wh_pq_values *page, struct wh_error *err)
{
    return wh_pq_encode_plain(&p->out, page, err);
}

static enum wh_status page_delta(struct parts *p, const struct wh_pq_values *page, struct wh_error *err)
{
    return wh_pq_encode_delta(&p->out, page, err);
}

static enum wh_status page_split(struct parts *p, const struct wh_pq_values *page, struct wh_error *err)
{
    return wh_pq_encode_split(&p->out, page, err);
}

static enum wh_status page_delta_length(struct parts *p, const struct wh_pq_values *page,
                                        struct wh_error *err)
{
    return wh_pq_encode_delta_length(&p->out, page, &p->scratch, err);
}

static enum wh_status page_delta_bytes(struct parts *p, const struct wh_pq_values *page, struct wh_error *err)
{
    return wh_pq_encode_delta_bytes(&p->out, page, &p->scratch, err);
}

/* A part that encodes the pages of a column. */
#define ENCODE_PART(name, source, encode)                                                                    \
    static enum wh_status name(struct parts *p, struct wh_error *err)                                        \
    {                                                                                                        \
        return encode_pages(p, &p->source, encode, err);                                                     \
    }

ENCODE_PART(plain_i64, keys, page_plain)
ENCODE_PART(delta_i64, keys, page_delta)
ENCODE_PART(delta_i32, dates, page_delta)
ENCODE_PART(split_f64, prices, page_split)
ENCODE_PART(plain_text, comments, page_plain)
ENCODE_PART(delta_length_text, comments, page_delta_length)
ENCODE_PART(delta_bytes_text, comments, page_delta_bytes)

/* The numbers of dictionary entries; copied first, as the encoder overwrites what is behind them. */
static enum wh_status rle_codes(struct parts *p, struct wh_error *err)
{
    p->out.size = 0;
    p->values = p->rows;
    p->bytes = p->rows * sizeof(uint32_t);
    for (size_t from = 0; from < p->rows; from += PAGE_ROWS) {
        size_t n = p->rows - from < PAGE_ROWS ? p->rows - from : PAGE_ROWS;
        WH_TRY(wh_buffer_resize(&p->scratch, (n + 8) * sizeof(uint32_t), err));
        memcpy(p->scratch.data, p->modes.data + from * sizeof(uint32_t), n * sizeof(uint32_t));
        WH_TRY(wh_pq_encode_rle(&p->out, (uint32_t *)(void *)p->scratch.data, n, MODE_BITS, err));
    }
    return WH_OK;
}

/* Compresses a column's plain values, each page for itself. */
static enum wh_status compress_pages(struct parts *p, const struct values *v, int32_t codec,
                                     struct wh_error *err)
{
    const struct wh_pq_values *pages = (const struct wh_pq_values *)(const void *)v->pages.data;
    size_t plain_bytes = 0;
    p->out.size = 0;
    p->values = p->rows;
    for (size_t i = 0; i < v->pages.size / sizeof(*pages); i++) {
        size_t n =
            pages[i].offsets != NULL ? pages[i].offsets[pages[i].n] : pages[i].n * (size_t)pages[i].width;
        WH_TRY(wh_pq_compress(&p->codec, codec, WH_PQ_LEVEL_DEFAULT,
                              (struct wh_slice){(const char *)pages[i].data, n}, &p->out, err));
        plain_bytes += n;
    }
    p->bytes = plain_bytes;
    return WH_OK;
}

static enum wh_status zstd_text(struct parts *p, struct wh_error *err)
{
    return compress_pages(p, &p->comments, WH_PQ_ZSTD, err);
}

static enum wh_status zstd_f64(struct parts *p, struct wh_error *err)
{
    return compress_pages(p, &p->prices, WH_PQ_ZSTD, err);
}

static enum wh_status snappy_text(struct parts *p, struct wh_error *err)
{
    return compress_pages(p, &p->comments, WH_PQ_SNAPPY, err);
}

/* All comments as one frame, compressed by the first run. */
static enum wh_status unzstd_text(struct parts *p, struct wh_error *err)
{
    struct wh_slice plain = {(const char *)p->comments.data.data, p->comments.data.size};
    if (p->packed.size == 0)
        WH_TRY(wh_pq_compress(&p->codec, WH_PQ_ZSTD, WH_PQ_LEVEL_DEFAULT, plain, &p->packed, err));
    WH_TRY(wh_buffer_resize(&p->scratch, plain.len, err));
    p->values = p->rows;
    p->bytes = plain.len;
    return wh_pq_decompress(&p->codec, WH_PQ_ZSTD,
                            (struct wh_slice){(const char *)p->packed.data, p->packed.size}, p->scratch.data,
                            plain.len, err);
}

static const struct part all_parts[] = {
    {"CSV tokens, all fields", csv_tokens},
    {"UTF-8 check of comments", utf8_check},
    {"parse int64", parse_i64},
    {"parse double", parse_f64},
    {"parse decimal(15,2)", parse_decimal},
    {"parse date", parse_date},
    {"format int64", format_i64},
    {"format double", format_f64},
    {"format decimal(15,2)", format_decimal},
    {"format date", format_date},
    {"PLAIN int64", plain_i64},
    {"PLAIN text", plain_text},
    {"RLE of dictionary codes", rle_codes},
    {"DELTA_BINARY_PACKED int64", delta_i64},
    {"DELTA_BINARY_PACKED int32", delta_i32},
    {"DELTA_LENGTH_BYTE_ARRAY", delta_length_text},
    {"DELTA_BYTE_ARRAY", delta_bytes_text},
    {"BYTE_STREAM_SPLIT double", split_f64},
    {"zstd text", zstd_text},
    {"zstd double", zstd_f64},
    {"snappy text", snappy_text},
    {"zstd text, decompress", unzstd_text},
};

static enum wh_status load_text(struct parts *p, const char *path, struct wh_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return wh_fail_errno(err, errno, "could not open \"%s\"", path);
    enum wh_status s = wh_buffer_reserve(&p->text, TEXT_MAX_BYTES, err);
    if (s == WH_OK)
        p->text.size = fread(p->text.data, 1, TEXT_MAX_BYTES, file);
    (void)fclose(file);
    WH_TRY(s);
    const char *text = (const char *)p->text.data;
    const char *end = memrchr(text, '\n', p->text.size), *header_end = memchr(text, '\n', p->text.size);
    if (end == header_end)
        return wh_fail(err, WH_DATA, "could not read \"%s\": no rows", path);
    size_t header_bytes = (size_t)(header_end + 1 - text);
    p->text.size = (size_t)(end + 1 - text) - header_bytes;
    memmove(p->text.data, p->text.data + header_bytes, p->text.size);
    return WH_OK;
}

/* Keeps the fields of the block that the index has just found. */
static enum wh_status keep_fields(struct parts *p, int column, struct wh_error *err)
{
    const struct wh_csv_block *b = &p->index.block;
    struct wh_csv_fields f = wh_csv_block_column(b, (size_t)column);
    for (size_t r = 0; r < b->n_rows; r++) {
        const char *start = (const char *)b->text + f.starts[r * f.start_stride] + f.skip;
        const char *stop = (const char *)b->text + f.stops[r * f.stop_stride];
        bool quoted = *start == '"'; /* comments with a comma; they hold no quotes */
        struct wh_slice field = {start + quoted, (size_t)(stop - start) - 2u * quoted};
        WH_TRY(wh_buffer_append(&p->fields[column], &field, sizeof(field), err));
    }
    return WH_OK;
}

static enum wh_status split_fields(struct parts *p, struct wh_error *err)
{
    static const int columns[] = {KEY, PRICE, DATE, MODE, COMMENT};
    wh_csv_index_begin(&p->index, p->text.data, p->text.size);
    for (enum wh_status s; (s = wh_csv_index_next(&p->index, err)) != WH_END;) {
        WH_TRY(s);
        if (p->index.block.n_bad > 0)
            return wh_fail(err, WH_DATA, "could not read the rows: not those of lineitem");
        for (size_t i = 0; i < WH_COUNT(columns); i++)
            WH_TRY(keep_fields(p, columns[i], err));
        p->rows += p->index.block.n_rows;
    }
    return WH_OK;
}

/* Room for the values of a column, and its pages. */
static enum wh_status cut_pages(struct parts *p, struct values *v, int32_t type, int32_t width,
                                struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(&v->data, p->rows * (size_t)width, err));
    for (size_t from = 0; from < p->rows; from += PAGE_ROWS) {
        size_t n = p->rows - from < PAGE_ROWS ? p->rows - from : PAGE_ROWS;
        struct wh_pq_values page = {.type = type, .width = width, .n = n};
        page.data = v->data.data + from * (size_t)width;
        WH_TRY(wh_buffer_append(&v->pages, &page, sizeof(page), err));
    }
    return WH_OK;
}

static enum wh_status fill_comments(struct parts *p, struct wh_error *err)
{
    struct values *v = &p->comments;
    const struct wh_slice *fields = fields_of(p, COMMENT);
    size_t n_pages = (p->rows + PAGE_ROWS - 1) / PAGE_ROWS, page_start = 0;
    WH_TRY(wh_buffer_reserve(&v->data, text_bytes(p, COMMENT), err));
    WH_TRY(wh_buffer_reserve(&v->offsets, (p->rows + n_pages) * sizeof(uint32_t), err));
    for (size_t from = 0; from < p->rows; from += PAGE_ROWS, page_start = v->data.size) {
        size_t n = p->rows - from < PAGE_ROWS ? p->rows - from : PAGE_ROWS;
        struct wh_pq_values page = {.type = WH_PQ_BYTE_ARRAY, .n = n, .data = v->data.data + page_start};
        page.offsets = (const uint32_t *)(const void *)(v->offsets.data + v->offsets.size);
        WH_TRY(wh_buffer_append(&v->offsets, &(uint32_t){0}, sizeof(uint32_t), err));
        for (size_t i = from; i < from + n; i++) {
            WH_TRY(wh_buffer_append(&v->data, fields[i].ptr, fields[i].len, err));
            uint32_t offset = (uint32_t)(v->data.size - page_start);
            WH_TRY(wh_buffer_append(&v->offsets, &offset, sizeof(offset), err));
        }
        WH_TRY(wh_buffer_append(&v->pages, &page, sizeof(page), err));
    }
    return WH_OK;
}

static enum wh_status fill_modes(struct parts *p, struct wh_error *err)
{
    for (size_t i = 0; i < p->rows; i++) {
        struct wh_slice mode = fields_of(p, MODE)[i];
        uint32_t code =
            (uint32_t)(mode.len + (unsigned char)mode.ptr[0]) % 7; /* which name does not matter */
        WH_TRY(wh_buffer_append(&p->modes, &code, sizeof(code), err));
    }
    return WH_OK;
}

static enum wh_status prepare(struct parts *p, const char *path, struct wh_error *err)
{
    p->dialect = (struct wh_csv_dialect){.delimiter = ',',
                                         .newline = '\n',
                                         .quote = '"',
                                         .escape = WH_CSV_NONE,
                                         .comment = WH_CSV_NONE,
                                         .encoding = WH_CSV_UTF_8,
                                         .max_record_bytes = 1024 * 1024};
    wh_csv_index_init(&p->index, &p->dialect, N_COLUMNS, NULL);
    WH_TRY(load_text(p, path, err));
    WH_TRY(split_fields(p, err));
    WH_TRY(cut_pages(p, &p->keys, WH_PQ_INT64, 8, err));
    WH_TRY(cut_pages(p, &p->prices, WH_PQ_DOUBLE, 8, err));
    WH_TRY(cut_pages(p, &p->decimals, WH_PQ_INT64, 8, err));
    WH_TRY(cut_pages(p, &p->dates, WH_PQ_INT32, 4, err));
    WH_TRY(fill_comments(p, err));
    return fill_modes(p, err);
}

static enum wh_status run_part(struct parts *p, const struct part *part, struct wh_error *err)
{
    int64_t best_us = INT64_MAX;
    for (int run = 0; run < RUNS; run++) {
        int64_t start = wh_monotonic_us();
        WH_TRY(part->run(p, err));
        int64_t took = wh_monotonic_us() - start;
        best_us = took < best_us ? took : best_us;
    }
    double us = best_us > 0 ? (double)best_us : 1;
    (void)printf("%-28s %9.2f ns a value %9.0f MB/s", part->name, us * 1000 / (double)p->values,
                 (double)p->bytes / us);
    if (p->out.size > 0 && p->bytes > 0)
        (void)printf(" %8.3f of the size", (double)p->out.size / (double)p->bytes);
    (void)printf("\n");
    p->out.size = 0;
    return WH_OK;
}

static void release_values(struct values *v)
{
    wh_buffer_release(&v->data);
    wh_buffer_release(&v->offsets);
    wh_buffer_release(&v->pages);
}

static void release(struct parts *p)
{
    wh_csv_index_release(&p->index);
    struct values *values[] = {&p->keys, &p->prices, &p->decimals, &p->dates, &p->comments};
    for (size_t i = 0; i < WH_COUNT(values); i++)
        release_values(values[i]);
    struct wh_buffer *buffers[] = {&p->text, &p->modes, &p->out, &p->scratch, &p->packed};
    for (size_t i = 0; i < WH_COUNT(buffers); i++)
        wh_buffer_release(buffers[i]);
    for (size_t i = 0; i < N_COLUMNS; i++)
        wh_buffer_release(&p->fields[i]);
    wh_pq_codec_release(&p->codec);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: parts LINEITEM.csv\n");
        return 2;
    }
    struct wh_error err = {0};
    struct parts p = {0};
    enum wh_status s = prepare(&p, argv[1], &err);
    for (size_t i = 0; s == WH_OK && i < WH_COUNT(all_parts); i++)
        s = run_part(&p, &all_parts[i], &err);
    if (s != WH_OK)
        (void)fprintf(stderr, "%s\n", err.msg);
    release(&p);
    return s == WH_OK ? 0 : 1;
}
