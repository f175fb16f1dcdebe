/* format/csv/split.c - see format/csv/split.h.
 *
 * Text without quotes is only compared and counted. Where it stands outside of quotes it forms a run, in
 * whose end the last newline is looked for once the run is over. */
#include "format/csv/split.h"

#include <string.h>

#include "base/mem.h"

void wh_csv_split_init(struct wh_csv_split *s, const struct wh_csv_dialect *d, enum wh_csv_level level)
{
    *s = (struct wh_csv_split){.dialect = d, .level = level, .state = WH_CSV_RECORD_START};
}

/* Takes the last newline of the run, if there is one, as record end. */
static void close_run(struct wh_csv_split *s, const uint8_t *text)
{
    const uint8_t *newline = memrchr(text + s->run, s->dialect->newline, s->pos - s->run);
    if (newline != NULL)
        s->end = (size_t)(newline - text) + 1;
    s->run = s->pos;
}

/* n bytes one by one, with the limit on records. */
static void scan_bytes(struct wh_csv_split *s, const uint8_t *text, size_t n)
{
    const struct wh_csv_dialect *d = s->dialect;
    close_run(s, text);
    for (size_t stop = s->pos + n; s->pos < stop; s->pos++) {
        enum wh_csv_state before = s->state;
        s->state = wh_csv_step(d, before, text[s->pos]);
        if (s->state == WH_CSV_QUOTED && wh_csv_at_start(before))
            s->open = s->pos;
        if (wh_csv_inside(s->state) && s->pos - s->end >= d->max_record_bytes) {
            s->broken = true;
            return;
        }
        s->newlines += text[s->pos] == d->newline;
        if (s->state == WH_CSV_RECORD_START)
            s->end = s->pos + 1;
    }
    s->run = s->pos;
}

/* One word of which the masks are known. */
static void scan_word(struct wh_csv_split *s, const uint8_t *text, struct wh_csv_word *w)
{
    close_run(s, text);
    if (s->pos + 64 - s->end > s->dialect->max_record_bytes) {
        scan_bytes(s, text, 64);
        return;
    }
    s->newlines += (uint64_t)__builtin_popcountll(w->newline);
    s->state = wh_csv_resolve(s->dialect, s->state, text + s->pos, w);
    if (w->open != 0)
        s->open = s->pos + 63 - (size_t)__builtin_clzll(w->open);
    if (w->newline != 0)
        s->end = s->pos + 64 - (size_t)__builtin_clzll(w->newline);
    s->pos += 64;
    s->run = s->pos;
}

/* Some words from one that has a quote on: where there is one, there are more. */
static void scan_words(struct wh_csv_split *s, const uint8_t *text, size_t size)
{
    enum { WORDS = 16 };
    struct wh_csv_span span;
    size_t n = WH_MIN((size - s->pos) / 64, (size_t)WORDS);
    wh_csv_classify(s->level, s->dialect, text + s->pos, n, &span);
    for (size_t i = 0; i < n && !s->broken; i++) {
        struct wh_csv_word w = {.quote = span.quote[i], .sep = span.sep[i], .newline = span.newline[i]};
        scan_word(s, text, &w);
    }
}

/* Passes over words without quotes; false when the next word has one. */
static bool scan_run(struct wh_csv_split *s, const uint8_t *text, size_t size)
{
    bool inside = s->state == WH_CSV_QUOTED;
    size_t stop = inside ? WH_MIN(size, s->end + s->dialect->max_record_bytes) : size;
    if (stop <= s->pos)
        return false;
    size_t n = wh_csv_plain_run(s->level, s->dialect, text + s->pos, stop - s->pos, &s->newlines);
    if (n == 0)
        return false;
    s->pos += n;
    if (inside)
        s->run = s->pos;
    else
        s->state = wh_csv_step_outside(s->dialect, text[s->pos - 1]);
    return true;
}

void wh_csv_split_scan(struct wh_csv_split *s, const uint8_t *text, size_t size, bool last)
{
    bool stepwise = s->dialect->comment != WH_CSV_NONE;
    while (!s->broken && !stepwise && size - s->pos >= 64)
        if (s->state == WH_CSV_ESCAPED || !scan_run(s, text, size))
            scan_words(s, text, size);
    if (!s->broken)
        scan_bytes(s, text, size - s->pos);
    if (last && wh_csv_inside(s->state))
        s->broken = true;
}
