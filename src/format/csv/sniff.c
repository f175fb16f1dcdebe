/* format/csv/sniff.c - see format/csv/sniff.h.
 *
 * Every candidate dialect is tried on the text with the same index that reads it later; the one that gives
 * the most records with one and the same number of fields, more than one, wins. */
#include "format/csv/sniff.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/mem.h"
#include "batch/text.h"
#include "format/csv/cells.h"
#include "format/csv/infer.h"

enum { MAX_RECORDS = 2000 };

/* A dialect on trial. */
struct trial {
    struct wh_csv_dialect dialect;
    size_t n_records, n_columns; /* looked at; most frequent number of fields */
    size_t n_agree;              /* records with n_columns */
    size_t n_many;               /* records with more than one field */
    size_t first;                /* fields of the first record */
    size_t n_quoted, n_loose;    /* fields in quotes, sound and with text behind the closing one */
    bool unterminated;
};

/* The text and where its records begin. */
struct page {
    uint8_t *text;
    size_t size, start;
    bool whole;
    struct wh_csv_index index;
};

/* ---- records ------------------------------------------------------------------------------------ */

static enum wh_status index_page(struct page *p, const struct wh_csv_dialect *d, struct wh_error *err)
{
    wh_csv_index_init(&p->index, d, 1, NULL);
    wh_csv_index_begin(&p->index, p->text + p->start, p->size - p->start);
    return wh_csv_index_all(&p->index, err);
}

/* One record of an indexed page; all-zero before the first. */
struct walk {
    size_t at; /* separators passed */
    uint32_t start, stop, next;
    const uint32_t *ends;
    size_t n; /* fields */
};

/* The next record that is neither blank nor a comment nor cut by the text's end. */
static bool next_record(const struct page *p, struct walk *w)
{
    const struct wh_csv_index *x = &p->index;
    const uint32_t *ends = (const uint32_t *)(const void *)x->separators.data;
    size_t n_ends = x->separators.size / sizeof *ends;
    while (w->at < n_ends) {
        w->start = w->next;
        w->ends = ends + w->at;
        w->n = 0;
        while (w->at < n_ends && x->text[ends[w->at]] != x->dialect->newline) {
            w->at++;
            w->n++;
        }
        if (w->at == n_ends || (ends[w->at] == x->size && !p->whole))
            return false;
        uint32_t newline = ends[w->at++];
        w->n++;
        w->next = newline + 1;
        bool has_return = newline > w->start && x->text[newline - 1] == '\r' && x->dialect->newline == '\n';
        w->stop = newline - has_return;
        if (w->start < w->stop && x->text[w->start] != x->dialect->comment)
            return true;
    }
    return false;
}

static struct wh_slice field_of(const struct page *p, const struct walk *w, size_t c)
{
    uint32_t start = c == 0 ? w->start : w->ends[c - 1] + 1, stop = c + 1 == w->n ? w->stop : w->ends[c];
    return wh_slice((const char *)p->index.text + start, stop - start);
}

/* ---- the delimiter ------------------------------------------------------------------------------ */

static void count_quotes(const struct page *p, const struct walk *w, struct trial *t,
                         struct wh_buffer *scratch)
{
    struct wh_error ignored;
    for (size_t c = 0; c < w->n; c++) {
        struct wh_slice f = field_of(p, w, c);
        bool well_formed;
        if (f.len == 0 || f.ptr[0] != t->dialect.quote)
            continue;
        if (wh_csv_unquote(&f, &well_formed, f, &t->dialect, scratch, &ignored) == WH_OK && well_formed)
            t->n_quoted++;
        else
            t->n_loose++;
    }
}

/* The most frequent number of fields, of several the first one; but a first record that has the most of all,
 * and not alone, is a header with names for fields that are often left out. */
static void find_columns(struct trial *t, const size_t *counts)
{
    size_t most = 0, like_first = 0;
    t->n_agree = t->n_many = 0;
    for (size_t i = 0; i < t->n_records; i++) {
        most = WH_MAX(most, counts[i]);
        like_first += counts[i] == t->first;
        t->n_many += counts[i] > 1;
    }
    for (size_t i = 0; i < t->n_records && t->n_agree * 2 <= t->n_records; i++) {
        size_t agree = 0;
        for (size_t k = 0; k < t->n_records; k++)
            agree += counts[k] == counts[i];
        if (agree > t->n_agree) {
            t->n_agree = agree;
            t->n_columns = counts[i];
        }
    }
    if (t->first == most && like_first > 1) {
        t->n_columns = t->first;
        t->n_agree = like_first;
    }
}

/* The first record has all columns, the others may have fewer. */
static void count_short_records(struct trial *t, const size_t *counts)
{
    t->n_columns = t->first;
    t->n_agree = 0;
    for (size_t i = 0; i < t->n_records; i++)
        t->n_agree += counts[i] <= t->first && (counts[i] > 1 || t->first == 1);
}

static void count_records(struct page *p, struct trial *t)
{
    size_t counts[MAX_RECORDS] = {1}; /* what a page without records counts as */
    struct walk w = {0};
    struct wh_buffer scratch = {0};
    t->n_records = t->n_quoted = t->n_loose = 0;
    while (t->n_records < MAX_RECORDS && next_record(p, &w)) {
        counts[t->n_records++] = w.n;
        count_quotes(p, &w, t, &scratch);
    }
    wh_buffer_release(&scratch);
    t->first = counts[0];
    t->n_columns = t->first;
    find_columns(t, counts);
    t->unterminated = wh_csv_inside(p->index.state) && p->whole;
    if (t->dialect.fill)
        count_short_records(t, counts);
}

static enum wh_status try_dialect(struct page *p, struct trial *t, struct wh_error *err)
{
    WH_TRY(index_page(p, &t->dialect, err));
    count_records(p, t);
    return WH_OK;
}

static double agreement(const struct trial *t)
{
    return t->n_records == 0 ? 0 : (double)t->n_agree / (double)t->n_records;
}

/* "1,5": digits on both sides of every comma, as in numbers written with a decimal comma. */
static bool commas_are_decimal(const struct page *p)
{
    size_t commas = 0;
    for (size_t i = p->start; i < p->size; i++) {
        if (p->text[i] != ',')
            continue;
        bool between = i > p->start && i + 1 < p->size && (unsigned)(p->text[i - 1] - '0') < 10 &&
                       (unsigned)(p->text[i + 1] - '0') < 10;
        if (!between)
            return false;
        commas++;
    }
    return commas > 0;
}

/* The delimiter makes more than one column, in most records or at least somewhere in each of them. */
static bool has_columns(const struct trial *t)
{
    bool everywhere = t->n_records > 1 && t->n_many == t->n_records && t->first == t->n_columns;
    return t->n_columns > 1 && (agreement(t) >= 0.6 || everywhere);
}

/* True when a is the better explanation of the text. */
static bool is_better(const struct trial *a, const struct trial *b)
{
    double x = agreement(a), y = agreement(b);
    if (has_columns(a) != has_columns(b))
        return has_columns(a);
    bool a_first = a->first == a->n_columns, b_first = b->first == b->n_columns;
    if (a_first != b_first)
        return a_first;
    if (x > y + 0.1 || y > x + 0.1)
        return x > y;
    return a->n_columns > b->n_columns;
}

static enum wh_status find_delimiter(struct page *p, struct trial *best, struct wh_error *err)
{
    static const char candidates[] = {',', '\t', ';', '|'};
    bool decimal = commas_are_decimal(p);
    struct trial t = *best;
    for (size_t i = 0; i < WH_COUNT(candidates); i++) {
        t.dialect.delimiter = (uint8_t)candidates[i];
        if (candidates[i] == t.dialect.quote || candidates[i] == t.dialect.comment ||
            candidates[i] == t.dialect.escape)
            continue;
        WH_TRY(try_dialect(p, &t, err));
        bool over_decimal =
            decimal && best->dialect.delimiter == ',' && t.n_columns > 1 && agreement(&t) > 0.9;
        if (best->n_records == 0 || over_decimal || is_better(&t, best))
            *best = t;
    }
    return WH_OK;
}

/* ---- quotes and escapes ------------------------------------------------------------------------- */

static enum wh_status find_fields(struct page *p, const struct wh_csv_settings *s, struct trial *t,
                                  struct wh_error *err)
{
    if (s->delimiter == WH_CSV_AUTO)
        return find_delimiter(p, t, err);
    t->dialect.delimiter = (uint8_t)s->delimiter;
    return try_dialect(p, t, err);
}

static bool sounder(const struct trial *a, const struct trial *b)
{
    return a->n_loose + a->unterminated < b->n_loose + b->unterminated && a->n_quoted > 0;
}

static enum wh_status find_dialect(struct page *p, const struct wh_csv_settings *s, struct trial *best,
                                   struct wh_error *err)
{
    struct wh_csv_dialect d = best->dialect;
    d.quote = s->quote == WH_CSV_AUTO ? '"' : s->quote;
    d.escape = s->escape == WH_CSV_AUTO ? WH_CSV_NONE : s->escape;
    if (d.escape == d.quote)
        d.escape = WH_CSV_NONE;
    *best = (struct trial){.dialect = d};
    WH_TRY(find_fields(p, s, best, err));
    if (s->escape == WH_CSV_AUTO && best->n_loose + best->unterminated > 0) {
        struct trial t = {.dialect = d};
        t.dialect.escape = '\\';
        WH_TRY(find_fields(p, s, &t, err));
        if (sounder(&t, best))
            *best = t;
    }
    if (s->quote == WH_CSV_AUTO && best->n_quoted == 0) {
        struct trial t = {.dialect = d};
        t.dialect.quote = '\'';
        WH_TRY(find_fields(p, s, &t, err));
        if (t.n_quoted > 1 && t.n_loose == 0 && !t.unterminated && t.n_columns > 1 &&
            agreement(&t) >= agreement(best))
            *best = t;
    }
    return WH_OK;
}

/* ---- the top of the file ------------------------------------------------------------------------ */

static int find_newline(const struct page *p)
{
    if (p->size > p->start && memchr(p->text + p->start, '\n', p->size - p->start) != NULL)
        return '\n';
    return p->size > p->start && memchr(p->text + p->start, '\r', p->size - p->start) != NULL ? '\r' : '\n';
}

/* Moves the page's start over one line; false when its end is not there. */
static bool pass_line(struct page *p, uint8_t newline)
{
    const uint8_t *end = memchr(p->text + p->start, newline, p->size - p->start);
    if (end == NULL && !p->whole)
        return false;
    p->start = end == NULL ? p->size : (size_t)(end - p->text) + 1;
    return true;
}

/* Lines of '#' at the top are comments unless the last of them has the fields of the records behind it:
 * then it is the header. */
static enum wh_status pass_comments(struct page *p, const struct wh_csv_settings *s, struct trial *t,
                                    size_t *n_lines, struct wh_error *err)
{
    size_t before = p->start, last = p->start, n = 0;
    while (p->start < p->size && p->text[p->start] == '#') {
        last = p->start;
        n++;
        if (!pass_line(p, t->dialect.newline))
            break;
    }
    *n_lines = n;
    WH_TRY(find_dialect(p, s, t, err));
    if (n == 0)
        return WH_OK;
    if (t->n_columns <= 1) { /* nothing tells comments from values */
        p->start = before;
        *n_lines = 0;
        return find_dialect(p, s, t, err);
    }
    size_t behind = p->start, columns = t->n_columns;
    p->start = last;
    struct trial with = *t;
    WH_TRY(try_dialect(p, &with, err));
    if (with.first == columns) {
        *t = with;
        *n_lines = n - 1;
        return WH_OK;
    }
    p->start = behind;
    return try_dialect(p, t, err);
}

/* ---- the header --------------------------------------------------------------------------------- */

static enum wh_status add_evidence(const struct page *p, const struct walk *w, struct wh_csv_evidence *e,
                                   size_t n, struct wh_buffer *scratch, struct wh_error *err)
{
    for (size_t c = 0; c < w->n && c < n; c++) {
        struct wh_slice f = field_of(p, w, c);
        bool well_formed = true;
        if (f.len > 0 && f.ptr[0] == p->index.dialect->quote)
            WH_TRY(wh_csv_unquote(&f, &well_formed, f, p->index.dialect, scratch, err));
        if (well_formed && f.len > 0)
            wh_csv_evidence_add(&e[c], f.ptr, f.len, true);
    }
    return WH_OK;
}

/* The first record is a header when some column has a type that its cell there does not have, or when all
 * columns and cells are text and the cells may be names. */
static bool looks_like_header(const struct wh_csv_evidence *first, const struct wh_csv_evidence *rest,
                              size_t n, bool like_names)
{
    bool all_text = true, contrast = false;
    for (size_t c = 0; c < n; c++) {
        struct wh_csv_guess a, b;
        wh_csv_evidence_guess(&first[c], &a);
        wh_csv_evidence_guess(&rest[c], &b);
        all_text &= first[c].values > 0 && a.kind == WH_CSV_TEXT;
        contrast |=
            first[c].values > 0 && a.kind == WH_CSV_TEXT && rest[c].values > 0 && b.kind != WH_CSV_TEXT;
    }
    return contrast || (all_text && like_names);
}

/* Names differ from each other, and hardly all of them begin with a digit. */
static enum wh_status check_names(const struct page *p, const struct walk *w, bool *like_names,
                                  struct wh_error *err)
{
    struct wh_map seen = {0};
    enum wh_status s = WH_OK;
    bool distinct = true, digits = true;
    for (size_t c = 0; s == WH_OK && distinct && c < w->n; c++) {
        struct wh_slice name = field_of(p, w, c);
        int64_t value = 0;
        bool found;
        s = wh_map_add(&seen, name, &value, &found, err);
        distinct = !found;
        digits &= name.len > 0 && wh_is_digit(name.ptr[name.ptr[0] == '-' && name.len > 1]);
    }
    wh_map_release(&seen);
    *like_names = distinct && !digits;
    return s;
}

static enum wh_status decide_header(const struct page *p, struct wh_csv_sniffed *out, struct wh_error *err)
{
    size_t n = out->n_columns;
    struct wh_csv_evidence *first = wh_alloc_array(n, 2 * sizeof *first);
    if (first == NULL)
        return wh_nomem(err);
    struct wh_csv_evidence *rest = first + n;
    struct walk w = {0};
    struct wh_buffer scratch = {0};
    bool like_names = false;
    enum wh_status s = WH_OK;
    if (next_record(p, &w)) {
        s = check_names(p, &w, &like_names, err);
        if (s == WH_OK)
            s = add_evidence(p, &w, first, n, &scratch, err);
    }
    for (size_t i = 0; s == WH_OK && i < MAX_RECORDS && next_record(p, &w); i++)
        s = add_evidence(p, &w, rest, n, &scratch, err);
    out->has_header = s == WH_OK && looks_like_header(first, rest, n, like_names);
    wh_buffer_release(&scratch);
    free(first);
    return s;
}

static enum wh_status copy_name(char **out, const struct page *p, struct wh_slice cell, size_t c,
                                struct wh_buffer *scratch, struct wh_error *err)
{
    bool well_formed = true;
    if (cell.len > 0 && cell.ptr[0] == p->index.dialect->quote)
        WH_TRY(wh_csv_unquote(&cell, &well_formed, cell, p->index.dialect, scratch, err));
    if (!well_formed || memchr(cell.ptr, 0, cell.len) != NULL || !wh_utf8_valid(cell))
        return wh_fail(err, WH_DATA, "could not read the header: the name of column %zu is not valid text",
                       c + 1);
    return wh_strndup(out, cell.ptr, cell.len, err);
}

static enum wh_status read_names(struct page *p, struct wh_csv_sniffed *out, struct wh_error *err)
{
    struct walk w = {0};
    struct wh_buffer scratch = {0};
    enum wh_status s = WH_OK;
    if (!next_record(p, &w)) {
        out->need_more = !p->whole;
        out->has_header = false;
        return WH_OK;
    }
    out->n_columns = WH_MAX(out->n_columns, w.n);
    out->names = wh_alloc_array(out->n_columns + 1, sizeof *out->names);
    if (out->names == NULL)
        return wh_nomem(err);
    for (size_t c = 0; s == WH_OK && c < out->n_columns; c++)
        s = copy_name(&out->names[c], p, c < w.n ? field_of(p, &w, c) : wh_slice("", 0), c, &scratch, err);
    wh_buffer_release(&scratch);
    p->start = WH_MIN(p->start + w.next, p->size);
    return s;
}

static enum wh_status first_is_ragged(const struct page *p, const struct trial *t, struct wh_error *err)
{
    uint64_t line = wh_csv_count(p->text, p->start, t->dialect.newline) + 1;
    wh_fail(err, WH_DATA, "line %llu has %zu field%s, but most of the records behind it have %zu",
            (unsigned long long)line, t->first, t->first == 1 ? "" : "s", t->n_columns);
    return wh_hint(err,
                   "pass over lines at the top with --csv-skip %llu, or take short records with "
                   "--csv-ragged fill",
                   (unsigned long long)line);
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static enum wh_status sniff_page(struct wh_csv_sniffed *out, const struct wh_csv_settings *s, struct page *p,
                                 struct wh_error *err)
{
    struct trial t = {.dialect = {.fill = s->fill, .max_record_bytes = s->max_record_bytes}};
    t.dialect.comment = s->comment == WH_CSV_AUTO ? WH_CSV_NONE : s->comment;
    t.dialect.newline = (uint8_t)(s->newline == WH_CSV_AUTO ? find_newline(p) : s->newline);
    for (uint64_t i = 0; i < s->skip_lines && p->start < p->size; i++) {
        if (!pass_line(p, t.dialect.newline)) {
            out->need_more = true;
            return WH_OK;
        }
    }
    WH_TRY(s->comment == WH_CSV_AUTO ? pass_comments(p, s, &t, &out->passed_over, err)
                                     : find_dialect(p, s, &t, err));
    out->dialect = t.dialect;
    out->n_columns = t.n_columns;
    out->consistency = agreement(&t);
    if (t.n_records == 0) {
        out->need_more = !p->whole;
        out->n_columns = 0;
        out->body = p->size;
        return WH_OK;
    }
    if (t.first != t.n_columns && s->header != 0 && !(s->fill && t.first < t.n_columns))
        return first_is_ragged(p, &t, err);
    WH_TRY(index_page(p, &out->dialect, err));
    out->has_header = s->header == 1;
    if (s->header == WH_CSV_AUTO)
        WH_TRY(decide_header(p, out, err));
    if (out->has_header)
        WH_TRY(read_names(p, out, err));
    out->body = p->start;
    out->body_line = wh_csv_count(p->text, p->start, out->dialect.newline) + 1;
    return WH_OK;
}

enum wh_status wh_csv_sniff(struct wh_csv_sniffed *out, const struct wh_csv_settings *settings,
                            struct wh_buffer *text, bool whole, struct wh_error *err)
{
    *out = (struct wh_csv_sniffed){.body_line = 1};
    WH_TRY(wh_buffer_reserve(text, 1, err));
    struct page p = {.text = text->data, .size = text->size, .whole = whole};
    if (text->size >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
        p.start = 3;
    enum wh_status s = sniff_page(out, settings, &p, err);
    wh_csv_index_release(&p.index);
    if (s != WH_OK)
        wh_csv_sniffed_release(out);
    return s;
}

void wh_csv_sniffed_release(struct wh_csv_sniffed *s)
{
    for (size_t c = 0; s->names != NULL && c < s->n_columns; c++)
        free(s->names[c]);
    free(s->names);
    s->names = NULL;
}
