/* format/csv/csv.c - the table of the CSV format: RFC 4180 and what the world makes of it. */
#include "base/bytes.h"
#include "base/mem.h"
#include "format/csv/encoding.h"
#include "format/csv/stream_int.h"
#include "format/csv/writer.h"

/* A few bytes that no text has say more than any guess about delimiters. */
static bool is_binary(const struct wh_buffer *text)
{
    size_t controls = 0;
    for (size_t i = 0; i < text->size; i++)
        controls += text->data[i] < 0x20 && memchr("\t\n\r\f", text->data[i], 4) == NULL;
    return controls * 100 > text->size;
}

static int score(struct wh_buffer *text)
{
    static const struct wh_csv_settings settings = {
        .delimiter = WH_CSV_AUTO,
        .quote = WH_CSV_AUTO,
        .escape = WH_CSV_AUTO,
        .comment = WH_CSV_AUTO,
        .newline = WH_CSV_AUTO,
        .header = WH_CSV_AUTO,
        .max_record_bytes = 64 * 1024 * 1024,
    };
    struct wh_csv_sniffed found;
    struct wh_error ignored;
    size_t first = 0;
    while (first < text->size && memchr(" \t\r\n", text->data[first], 4) != NULL)
        first++;
    if (is_binary(text))
        return 0;
    if (first == text->size)
        return 1;
    if (text->data[first] == '{' || text->data[first] == '[')
        return 2;
    if (wh_csv_sniff(&found, &settings, text, false, &ignored) != WH_OK)
        return 5;
    wh_csv_sniffed_release(&found);
    return found.n_columns > 1 && found.consistency > 0.9 ? 60 : 10;
}

static int sniff(struct wh_slice head)
{
    enum wh_csv_encoding encoding;
    struct wh_csv_encoding_clues clues = {0};
    struct wh_buffer text = {0};
    struct wh_error ignored;
    size_t used;
    if (!wh_csv_encoding_of_mark(head, &encoding)) {
        wh_csv_encoding_look(&clues, head, 0);
        encoding = wh_csv_encoding_guess(&clues);
    }
    int result = 0;
    if (head.len == 0)
        result = 1;
    else if (wh_csv_decode(encoding, head, true, &text, &used, &ignored) == WH_OK)
        result = score(&text);
    wh_buffer_release(&text);
    return result;
}

static const char *const suffixes[] = {".csv", ".tsv", ".tab", NULL};

const struct wh_format wh_format_csv = {
    .name = "csv",
    .suffixes = suffixes,
    .read_options = wh_csv_read_options,
    .write_options = wh_csv_write_options,
    .sniff = sniff,
    .open_stream = wh_csv_open_stream,
    .encoder = &wh_csv_encoder_ops,
};
