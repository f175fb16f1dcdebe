/* tests/fuzz/fuzz_sniffer.c - any bytes to the CSV sniffer: decided in bounded time, names are valid text. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/csv/encoding.h"
#include "format/csv/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct wh_csv_sniffed *s)
{
    for (size_t c = 0; s->names != NULL && c < s->n_columns; c++)
        if (!wh_utf8_valid(wh_slice_of(s->names[c])))
            abort();
}

static void sniff(const struct wh_csv_settings *settings, struct wh_slice text, bool whole)
{
    struct wh_buffer copy = {0};
    struct wh_csv_sniffed found;
    struct wh_error err;
    if (wh_buffer_append(&copy, text.ptr, text.len, &err) != WH_OK)
        abort();
    if (wh_csv_sniff(&found, settings, &copy, whole, &err) == WH_OK) {
        if (found.body > text.len || found.body_line < 1)
            abort();
        check_names(&found);
        wh_csv_sniffed_release(&found);
    }
    wh_buffer_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_slice text = wh_slice((const char *)data, size);
    struct wh_csv_encoding_clues clues = {0};
    struct wh_buffer decoded = {0};
    struct wh_error err;
    size_t used;
    if (size == 0 || size > 64 * 1024)
        return 0;
    int sure = wh_format_csv.sniff(text);
    if (sure < 0 || sure > 100)
        abort();
    wh_csv_encoding_look(&clues, text, 0);
    if (wh_csv_decode(wh_csv_encoding_guess(&clues), text, true, &decoded, &used, &err) != WH_OK ||
        used != size)
        abort();
    struct wh_csv_settings settings = {.delimiter = WH_CSV_AUTO,
                                       .quote = WH_CSV_AUTO,
                                       .escape = WH_CSV_AUTO,
                                       .comment = WH_CSV_AUTO,
                                       .newline = WH_CSV_AUTO,
                                       .header = WH_CSV_AUTO,
                                       .skip_lines = data[0] % 4,
                                       .fill = data[0] % 2 == 1,
                                       .max_record_bytes = 1 << 20};
    sniff(&settings, wh_slice((const char *)decoded.data, decoded.size), true);
    sniff(&settings, wh_slice((const char *)decoded.data, decoded.size), false);
    wh_buffer_release(&decoded);
    return 0;
}
