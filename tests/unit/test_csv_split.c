/* tests/unit/test_csv_split.c - splitting and indexing against a plain state machine, on random texts made of
 * the bytes that matter, for all dialects, instruction sets and chunk sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/csv/cutter.h"
#include "format/csv/index.h"
#include "support/csv_reading.h"
#include "support/random_batch.h"

enum { MAX_TEXT = 1200, ROUNDS = 6000 };

#if defined(__x86_64__)
enum { LEVELS = WH_CSV_AVX2 };
#else
enum { LEVELS = WH_CSV_PORTABLE };
#endif

/* ---- the plain state machine -------------------------------------------------------------------- */

static bool is_newline(const struct wh_csv_dialect *d, const char *text, size_t size, size_t i)
{
    return i == size || (uint8_t)text[i] == d->newline;
}

/* Where the record at start ends (its newline or size); *open: the quote of a field that has no end, or -1.
 */
static size_t record_end(const struct wh_csv_dialect *d, const char *text, size_t size, size_t start,
                         long *open)
{
    enum wh_csv_state s = WH_CSV_RECORD_START;
    size_t quote = 0;
    *open = -1;
    for (size_t i = start; i < size; i++) {
        enum wh_csv_state before = s;
        s = wh_csv_step(d, s, (uint8_t)text[i]);
        if (s == WH_CSV_QUOTED && (before == WH_CSV_RECORD_START || before == WH_CSV_FIELD_START))
            quote = i;
        if (wh_csv_inside(s) && i - start >= d->max_record_bytes) {
            *open = (long)quote;
            break;
        }
        if (s == WH_CSV_RECORD_START)
            return i;
    }
    if (*open < 0 && wh_csv_inside(s))
        *open = (long)quote;
    size_t end = *open < 0 ? size : (size_t)*open;
    while (!is_newline(d, text, size, end))
        end++;
    return end;
}

static bool quotes_are_sound(const struct wh_csv_dialect *d, struct wh_slice f)
{
    size_t i = 1;
    for (; i < f.len; i++) {
        if (f.ptr[i] == d->escape)
            i++;
        else if (f.ptr[i] == d->quote && i + 1 < f.len && f.ptr[i + 1] == d->quote)
            i++;
        else if (f.ptr[i] == d->quote)
            break;
    }
    return i + 1 == f.len;
}

static enum wh_csv_fault field_fault(const struct wh_csv_dialect *d, struct wh_slice f)
{
    if (memchr(f.ptr, 0, f.len) != NULL)
        return WH_CSV_NUL;
    if (!wh_utf8_valid(f))
        return WH_CSV_NOT_UTF_8;
    if (f.len > 0 && f.ptr[0] == d->quote)
        return quotes_are_sound(d, f) ? WH_CSV_SOUND : WH_CSV_LOOSE_QUOTE;
    return memchr(f.ptr, wh_csv_stray(d), f.len) != NULL ? WH_CSV_LOOSE_LINE_END : WH_CSV_SOUND;
}

/* Writes down the record between start and end. */
static void plain_record(struct wh_buffer *out, const struct wh_csv_dialect *d, const char *text,
                         size_t start, size_t end, bool open, size_t n_columns)
{
    struct wh_error err;
    struct wh_slice fields[MAX_TEXT + 1];
    size_t n = 0, from = start, stop = end - (end > start && text[end - 1] == '\r' && d->newline == '\n');
    enum wh_csv_state s = WH_CSV_RECORD_START;
    enum wh_csv_fault fault = WH_CSV_SOUND;
    if ((start == stop && n_columns > 1 && !open) || (start < stop && text[start] == d->comment))
        return;
    for (size_t i = start; i < end; i++) {
        s = wh_csv_step(d, s, (uint8_t)text[i]);
        if (s == WH_CSV_FIELD_START) {
            fields[n++] = wh_slice(text + from, i - from);
            from = i + 1;
        }
    }
    fields[n++] = wh_slice(text + from, stop - from);
    if (stop - start > d->max_record_bytes)
        fault = WH_CSV_LONG;
    else if (open)
        fault = WH_CSV_UNTERMINATED;
    else if (n != n_columns && !(n < n_columns && d->fill))
        fault = n < n_columns ? WH_CSV_TOO_FEW : WH_CSV_TOO_MANY;
    for (size_t c = 0; fault == WH_CSV_SOUND && c < n; c++)
        fault = field_fault(d, fields[c]);
    if (fault != WH_CSV_SOUND) {
        csv_must(wh_buffer_printf(out, &err, "%zu bad %d\n", start, (int)fault), &err);
        return;
    }
    csv_must(wh_buffer_printf(out, &err, "%zu", start), &err);
    for (size_t c = 0; c < n_columns; c++) {
        csv_must(wh_buffer_append(out, "|", 1, &err), &err);
        if (c < n)
            csv_must(wh_buffer_append(out, fields[c].ptr, fields[c].len, &err), &err);
    }
    csv_must(wh_buffer_append(out, "\n", 1, &err), &err);
}

static void plain_records(struct wh_buffer *out, const struct wh_csv_dialect *d, const char *text,
                          size_t size, size_t n_columns)
{
    for (size_t start = 0; start < size;) {
        long open;
        size_t end = record_end(d, text, size, start, &open);
        plain_record(out, d, text, start, end, open >= 0, n_columns);
        start = end + 1;
    }
}

/* ---- ours --------------------------------------------------------------------------------------- */

static void put_block(struct wh_buffer *out, const struct wh_csv_block *b, uint64_t offset)
{
    struct wh_error err;
    size_t bad = 0;
    for (size_t r = 0; r <= b->n_rows; r++) {
        for (; bad < b->n_bad && (r == b->n_rows || b->bad[bad].start < b->starts[r]); bad++)
            csv_must(wh_buffer_printf(out, &err, "%llu bad %d\n",
                                      (unsigned long long)offset + b->bad[bad].start, (int)b->bad[bad].fault),
                     &err);
        if (r == b->n_rows)
            break;
        csv_must(wh_buffer_printf(out, &err, "%llu", (unsigned long long)offset + b->starts[r]), &err);
        for (size_t c = 0; c < b->n_columns; c++) {
            struct wh_csv_fields f = wh_csv_block_column(b, c);
            uint32_t start = f.starts[r * f.start_stride] + f.skip, stop = f.stops[r * f.stop_stride];
            assert_true(start <= stop);
            csv_must(wh_buffer_append(out, "|", 1, &err), &err);
            if (start < stop)
                csv_must(wh_buffer_append(out, b->text + start, stop - start, &err), &err);
        }
        csv_must(wh_buffer_append(out, "\n", 1, &err), &err);
    }
}

static void index_chunk(struct wh_buffer *out, struct wh_csv_index *x, struct wh_buffer *data,
                        uint64_t offset)
{
    struct wh_error err;
    wh_csv_index_begin(x, data->data, data->size);
    enum wh_status s;
    while ((s = wh_csv_index_next(x, &err)) == WH_OK)
        put_block(out, &x->block, offset);
    assert_int_equal(s, WH_END);
}

static void our_records(struct wh_buffer *out, const struct wh_csv_dialect *d, const struct wh_file *file,
                        size_t n_columns, size_t chunk_bytes, enum wh_csv_level level)
{
    static _Atomic bool cancelled;
    const struct wh_context ctx = {.cancelled = &cancelled};
    struct wh_csv_cutter cutter;
    struct wh_csv_extent e;
    struct wh_csv_source *source;
    struct wh_buffer data = {0};
    struct wh_csv_index index = {0};
    struct wh_error err;
    uint64_t offset = 0;
    csv_must(wh_csv_source_open(&source, file, &ctx, &err), &err);
    wh_csv_cutter_init(&cutter, source, d, &ctx, 0, 1);
    wh_csv_index_init(&index, d, n_columns, NULL);
    index.level = level;
    enum wh_status s;
    while ((s = wh_csv_cutter_next(&cutter, chunk_bytes, &data, &e, &err)) == WH_OK) {
        assert_int_equal(e.offset, offset);
        if (e.cut_off)
            csv_must(wh_buffer_printf(out, &err, "%llu bad %d\n", (unsigned long long)e.offset, WH_CSV_LONG),
                     &err);
        else
            index_chunk(out, &index, &data, e.offset);
        offset = e.next;
    }
    assert_int_equal(s, WH_END);
    wh_csv_cutter_close(&cutter);
    wh_csv_index_release(&index);
    wh_buffer_release(&data);
}

/* ---- trials ------------------------------------------------------------------------------------- */

static void random_dialect(struct wh_csv_dialect *d, uint64_t *seed)
{
    *d = (struct wh_csv_dialect){.delimiter = ',', .newline = '\n', .quote = '"'};
    d->escape = random_below(seed, 4) == 0 ? '\\' : WH_CSV_NONE;
    d->comment = random_below(seed, 4) == 0 ? '#' : WH_CSV_NONE;
    d->quote = random_below(seed, 8) == 0 ? WH_CSV_NONE : '"';
    d->newline = random_below(seed, 8) == 0 ? '\r' : '\n';
    d->fill = random_below(seed, 4) == 0;
    d->max_record_bytes = random_below(seed, 3) == 0 ? 64 + random_below(seed, 60) : 1 << 20;
}

/* Many plain rows, or a soup of special bytes. */
static size_t random_text(char *text, const struct wh_csv_dialect *d, size_t n_columns, uint64_t *seed)
{
    static const char soup[] = "aaaa,,\"\"\n\n\r\\#1;\0\xc3\xa9";
    size_t n = random_below(seed, MAX_TEXT - 200), size = 0, rare = random_below(seed, 40) + 1;
    while (size < n) {
        if (random_below(seed, 3) == 0) {
            for (size_t i = random_below(seed, 90); i > 0; i--)
                text[size++] =
                    random_below(seed, rare) == 0 ? soup[random_below(seed, sizeof soup - 1)] : 'x';
            continue;
        }
        for (size_t c = 0; c < n_columns; c++) {
            bool quoted = random_below(seed, 4) == 0;
            if (quoted)
                text[size++] = '"';
            for (size_t i = random_below(seed, 12); i > 0; i--)
                text[size++] = quoted && random_below(seed, 9) == 0 ? ',' : 'b';
            if (quoted)
                text[size++] = '"';
            text[size++] = c + 1 < n_columns ? ',' : (char)d->newline;
        }
    }
    return size;
}

static void same_as_plain(void **state)
{
    (void)state;
    char text[MAX_TEXT * 2], path[] = "/tmp/wherry-split-XXXXXX";
    uint64_t seed = 7;
    struct wh_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct wh_csv_dialect d;
        struct wh_buffer expected = {0};
        struct wh_file file;
        size_t n_columns = 1 + random_below(&seed, 4);
        random_dialect(&d, &seed);
        size_t size = random_text(text, &d, n_columns, &seed);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, text, size, 0), (ssize_t)size);
        csv_must(wh_file_init(&file, path, &err), &err);
        plain_records(&expected, &d, text, size, n_columns);
        for (size_t i = 0; i < 4; i++) {
            size_t chunk_bytes = i == 0 ? 1 << 20 : 1 + random_below(&seed, size + 1);
            enum wh_csv_level level = (enum wh_csv_level)random_below(&seed, LEVELS + 1);
            struct wh_buffer got = {0};
            our_records(&got, &d, &file, n_columns, chunk_bytes, level);
            if (got.size != expected.size || (got.size > 0 && memcmp(got.data, expected.data, got.size) != 0))
                fail_msg("round %zu, %zu columns, chunks of %zu, level %d, quote %d escape %d comment %d "
                         "newline %d "
                         "longest %zu: of\n%.*s\n--- got\n%.*s\n--- instead of\n%.*s",
                         round, n_columns, chunk_bytes, (int)level, d.quote, d.escape, d.comment, d.newline,
                         d.max_record_bytes, (int)size, text, (int)got.size, (char *)got.data,
                         (int)expected.size, (char *)expected.data);
            wh_buffer_release(&got);
        }
        wh_buffer_release(&expected);
        wh_file_release(&file);
    }
    close(fd);
    unlink(path);
}

/* All levels give the same masks. */
static void same_masks(void **state)
{
    (void)state;
    uint8_t text[WH_CSV_SPAN_BYTES + 64];
    uint64_t seed = 3;
    for (size_t round = 0; round < 500; round++) {
        struct wh_csv_dialect d;
        struct wh_csv_span spans[3];
        random_dialect(&d, &seed);
        size_t n_words = 1 + random_below(&seed, WH_CSV_SPAN_WORDS), rare = 1 + random_below(&seed, 300);
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = random_below(&seed, rare) == 0 ? (uint8_t)random_next(&seed) : 'x';
        for (int level = 0; level <= LEVELS; level++) {
            struct wh_csv_span *s = &spans[level];
            uint64_t newlines[2] = {0, 0};
            wh_csv_classify((enum wh_csv_level)level, &d, text, n_words, s);
            assert_memory_equal(s->quote, spans[0].quote, n_words * sizeof s->quote[0]);
            assert_memory_equal(s->sep, spans[0].sep, n_words * sizeof s->sep[0]);
            assert_memory_equal(s->newline, spans[0].newline, n_words * sizeof s->newline[0]);
            assert_int_equal(s->strays, spans[0].strays);
            assert_int_equal(s->strays, wh_csv_count(text, n_words * 64, wh_csv_stray(&d)));
            assert_true(s->quoted == spans[0].quoted && s->high == spans[0].high && s->nul == spans[0].nul);
            size_t run = wh_csv_plain_run((enum wh_csv_level)level, &d, text, n_words * 64 + 7, &newlines[0]);
            newlines[1] = wh_csv_count(text, run, d.newline);
            assert_int_equal(newlines[0], newlines[1]);
            assert_true(run == n_words * 64 || s->quote[run / 64] != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_masks), cmocka_unit_test(same_as_plain)};
    return cmocka_run_group_tests_name("csv/split", tests, NULL, NULL);
}
