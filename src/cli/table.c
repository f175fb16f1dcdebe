/* cli/table.c - see cli/table.h. */
#include "cli/table.h"

#include "base/bytes.h"
#include "base/mem.h"

#define GAP 2 /* spaces between columns */

/* ---- widths ---- */

struct range {
    uint32_t first, last;
};

/* Unicode 15: general category Mn and Me and format characters, joined to ranges where it does no harm. */
static const struct range zero_width[] = {
    {0x0300, 0x036f},   {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x06d6, 0x06dc},   {0x06df, 0x06e4},   {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x0730, 0x074a},
    {0x07a6, 0x07b0},   {0x0816, 0x082d},   {0x0859, 0x085b}, {0x08d3, 0x0902}, {0x093a, 0x093a},
    {0x093c, 0x093c},   {0x0941, 0x0948},   {0x094d, 0x094d}, {0x0951, 0x0957}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a},   {0x0e47, 0x0e4e},   {0x0eb1, 0x0eb1}, {0x0eb4, 0x0ebc}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},   {0x200b, 0x200f},   {0x202a, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0},
    {0x302a, 0x302d},   {0x3099, 0x309a},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
    {0x1d167, 0x1d169}, {0xe0100, 0xe01ef},
};
/* EastAsianWidth.txt: W and F. */
static const struct range two_wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x2614, 0x2615},
    {0x26aa, 0x26ab},   {0x2705, 0x2705},   {0x2728, 0x2728},   {0x274c, 0x274c},   {0x2753, 0x2755},
    {0x2795, 0x2797},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f7e0, 0x1f7eb}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t n, uint32_t code)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > ranges[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && code >= ranges[low].first;
}

/* The code point at p, *n its bytes; an invalid byte is one of its own. */
static uint32_t decode(const unsigned char *p, size_t left, size_t *n)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < WH_COUNT(forms) && i < left; i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t code = p[0] & (unsigned char)~forms[i].mask;
        size_t k = 1;
        for (; k <= i && (p[k] & 0xc0) == 0x80; k++)
            code = code << 6 | (p[k] & 0x3fu);
        if (k <= i || code < forms[i].least)
            break;
        *n = i + 1;
        return code;
    }
    *n = 1;
    return 0xfffd;
}

static size_t code_width(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (is_in(zero_width, WH_COUNT(zero_width), code))
        return 0;
    return is_in(two_wide, WH_COUNT(two_wide), code) ? 2 : 1;
}

/* Width of text, but no more bytes than fit into `most` columns: their number is *n. */
static size_t measure(struct wh_slice text, size_t most, size_t *n)
{
    size_t width = 0, at = 0;
    while (at < text.len) {
        size_t bytes;
        uint32_t code = decode((const unsigned char *)text.ptr + at, text.len - at, &bytes);
        size_t w = code_width(code);
        if (width + w > most)
            break;
        width += w;
        at += bytes;
    }
    *n = at;
    return width;
}

size_t wh_text_width(struct wh_slice text)
{
    size_t n;
    return measure(text, SIZE_MAX, &n);
}

/* ---- cells ---- */

static enum wh_status add_clean_byte(struct wh_buffer *b, unsigned char c, struct wh_error *err)
{
    static const char names[] = "abtnvfr"; /* of 7 to 13 */
    if (c >= 7 && c <= 13)
        return wh_buffer_printf(b, err, "\\%c", names[c - 7]);
    if (c < 0x20 || c == 0x7f)
        return wh_buffer_printf(b, err, "\\x%02x", c);
    return wh_buffer_append(b, &c, 1, err);
}

/* Text as it may be shown: no control characters, no bytes that are not UTF-8. */
static enum wh_status clean(struct wh_buffer *b, struct wh_slice text, struct wh_error *err)
{
    for (size_t at = 0, n; at < text.len; at += n) {
        const unsigned char *p = (const unsigned char *)text.ptr + at;
        uint32_t code = decode(p, text.len - at, &n);
        bool invalid = n == 1 && p[0] >= 0x80, control = code >= 0x80 && code < 0xa0;
        if (invalid || control)
            WH_TRY(wh_buffer_printf(b, err, "\\x%02x", invalid ? p[0] : code));
        else if (n == 1)
            WH_TRY(add_clean_byte(b, p[0], err));
        else
            WH_TRY(wh_buffer_append(b, p, n, err));
    }
    return WH_OK;
}

static enum wh_status make_cell(const struct wh_table *t, struct wh_slice text, struct wh_buffer *cell,
                                struct wh_error *err)
{
    if (t->max_width > 0) /* the rest would be cut off anyway */
        text.len = WH_MIN(text.len, 8 * t->max_width);
    WH_TRY(clean(cell, text, err));
    size_t n;
    struct wh_slice shown = wh_slice((char *)cell->data, cell->size);
    if (t->max_width == 0 || wh_text_width(shown) <= t->max_width)
        return WH_OK;
    measure(shown, t->max_width - 1, &n);
    cell->size = n;
    return wh_buffer_append_text(cell, "…", err);
}

enum wh_status wh_table_add_slice(struct wh_table *t, struct wh_slice text, struct wh_error *err)
{
    if ((t->n_cells & (t->n_cells - 1)) == 0) { /* a power of two: full */
        char **cells = wh_realloc_array(t->cells, t->n_cells == 0 ? 1 : 2 * t->n_cells, sizeof *cells);
        if (cells == NULL)
            return wh_nomem(err);
        t->cells = cells;
    }
    WH_CLEANUP(wh_buffer_release) struct wh_buffer cell = {0};
    WH_TRY(make_cell(t, text, &cell, err));
    WH_TRY(wh_buffer_take_text(&t->cells[t->n_cells], &cell, err));
    t->n_cells++;
    return WH_OK;
}

enum wh_status wh_table_add(struct wh_table *t, const char *text, struct wh_error *err)
{
    return wh_table_add_slice(t, wh_slice_of(text), err);
}

void wh_table_release(struct wh_table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    free(t->cells);
    t->cells = NULL;
    t->n_cells = 0;
}

/* ---- printing ---- */

static void repeat(FILE *out, const char *text, size_t n)
{
    for (; n > 0; n--)
        fputs(text, out);
}

static void print_row(const struct wh_table *t, size_t row, const size_t *widths, FILE *out)
{
    size_t n = t->n_columns;
    while (n > 0 && t->cells[row * t->n_columns + n - 1][0] == '\0') /* no spaces at the end of a line */
        n--;
    for (size_t c = 0; c < n; c++) {
        const char *cell = t->cells[row * t->n_columns + c];
        size_t pad = widths[c] - wh_text_width(wh_slice_of(cell));
        bool right = t->align != NULL && t->align[c] == WH_TABLE_RIGHT, last = c + 1 == n;
        repeat(out, " ", (c > 0 ? GAP : 0) + (right ? pad : 0));
        fputs(cell, out);
        repeat(out, " ", right || last ? 0 : pad);
    }
    putc('\n', out);
}

void wh_table_print(const struct wh_table *t, FILE *out)
{
    size_t rows = t->n_columns == 0 ? 0 : t->n_cells / t->n_columns;
    size_t *widths = wh_alloc_array(t->n_columns, sizeof *widths);
    if (widths == NULL)
        return;
    for (size_t i = 0; i < rows * t->n_columns; i++) {
        size_t w = wh_text_width(wh_slice_of(t->cells[i]));
        widths[i % t->n_columns] = WH_MAX(widths[i % t->n_columns], w);
    }
    for (size_t r = 0; r < rows; r++) {
        print_row(t, r, widths, out);
        for (size_t c = 0; r + 1 == t->n_head && c < t->n_columns; c++) {
            repeat(out, " ", c > 0 ? GAP : 0);
            repeat(out, "─", widths[c]);
            if (c + 1 == t->n_columns)
                putc('\n', out);
        }
    }
    free(widths);
}
