/* format/jsonl/layout.c - lines, array or series of records, and places to cut; see layout.h. */
#include "format/jsonl/layout.h"

#include "base/mem.h"

/* ---- layout ----------------------------------------------------------------------------------- */

/* A file whose first value lies at p and ends at `behind`. */
static enum wh_jsonl_layout layout_of_value(const struct wh_jsonl_lexer *x, const uint8_t *p,
                                            const uint8_t *behind, bool is_whole)
{
    bool on_one_line = memchr(p, '\n', (size_t)(behind - p)) == NULL;
    const uint8_t *next = behind;
    while (*next == ' ' || *next == '\t' || *next == '\r')
        next++;
    const uint8_t *other = wh_jsonl_space(x, behind);
    if (*p == '[' && other == x->end)
        return is_whole || !on_one_line ? WH_JSONL_IN_ARRAY : WH_JSONL_LINES;
    return on_one_line && (next == x->end || *next == '\n' || (*next != '{' && *next != '['))
               ? WH_JSONL_LINES
               : WH_JSONL_IN_SERIES;
}

/* A file whose first value, at p, does not end in its head or is malformed. */
static enum wh_jsonl_layout layout_of_part(const struct wh_jsonl_lexer *x, const uint8_t *p)
{
    bool is_cut_off = x->fault.at >= x->end;
    if (*p == '{') {
        bool has_lines = memchr(p, '\n', (size_t)(x->end - p)) != NULL;
        return is_cut_off && has_lines ? WH_JSONL_IN_SERIES : WH_JSONL_LINES;
    }
    const uint8_t *first = wh_jsonl_space(x, p + 1);
    bool around_objects = *first == '{' || memchr(p, '\n', (size_t)(first - p)) != NULL;
    return is_cut_off || around_objects ? WH_JSONL_IN_ARRAY : WH_JSONL_LINES;
}

enum wh_jsonl_layout wh_jsonl_layout_of(uint8_t *head, size_t size, bool is_whole)
{
    struct wh_jsonl_lexer x;
    memset(head + size, 0, WH_JSONL_SLACK);
    wh_jsonl_lexer_init(&x, head + size, true, NULL);
    const uint8_t *p = wh_jsonl_space(&x, head);
    if (*p != '{' && *p != '[')
        return WH_JSONL_LINES;
    const uint8_t *behind = wh_jsonl_skip(&x, p);
    return behind != NULL ? layout_of_value(&x, p, behind, is_whole) : layout_of_part(&x, p);
}

/* Share of sure signs: a whole value, or one that goes on behind the text. */
static int score(struct wh_jsonl_lexer *x, const uint8_t *p)
{
    enum { WHOLE = 95, PART = 85, DAMAGED = 40 };
    if (*p != '{' && *p != '[')
        return 0;
    if (wh_jsonl_skip(x, p) != NULL)
        return WHOLE;
    if (x->fault.at >= x->end)
        return PART;
    const uint8_t *first = wh_jsonl_space(x, p + 1);
    return *p == '{' && *first == '"' ? DAMAGED : 0;
}

int wh_jsonl_sniff(struct wh_slice head)
{
    WH_CLEANUP(wh_buffer_release) struct wh_buffer copy = {0};
    struct wh_error ignored;
    struct wh_jsonl_lexer x;
    if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0)
        head = wh_slice(head.ptr + 3, head.len - 3);
    if (wh_buffer_append(&copy, head.ptr, head.len, &ignored) != WH_OK)
        return 0;
    memset(copy.data + copy.size, 0, WH_JSONL_SLACK);
    wh_jsonl_lexer_init(&x, copy.data + copy.size, true, NULL);
    return score(&x, wh_jsonl_space(&x, copy.data));
}

/* ---- places to cut ----------------------------------------------------------------------------- */

void wh_jsonl_border_init(struct wh_jsonl_border *b, enum wh_jsonl_layout layout, bool is_first_chunk)
{
    bool in_array = layout == WH_JSONL_IN_ARRAY;
    *b = (struct wh_jsonl_border){.separator = in_array ? ',' : '\n',
                                  .cuts_behind = !in_array,
                                  .base = in_array,
                                  .depth = in_array && !is_first_chunk};
}

/* Quotes that start or end a string: those without a backslash that counts before them. */
static uint64_t real_quotes(struct wh_jsonl_border *b, const struct wh_jsonl_masks *m)
{
    uint64_t escaped = b->is_escaped;
    b->is_escaped = false;
    for (uint64_t left = m->backslash & ~escaped; left != 0;) {
        unsigned at = (unsigned)__builtin_ctzll(left);
        left &= left - 1;
        if (at == 63) {
            b->is_escaped = true;
        } else {
            escaped |= (uint64_t)2 << at;
            left &= ~((uint64_t)2 << at);
        }
    }
    return m->quote & ~escaped;
}

/* Bits that have an odd count of set bits at or below them. */
static uint64_t odd_prefixes(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static bool is_found(const struct wh_jsonl_border *b)
{
    return b->wants_first && b->cut != 0;
}

/* Takes one of the separators between records that are set in bits; block is where they start. */
static void take_separator(struct wh_jsonl_border *b, uint64_t bits, size_t block)
{
    if (bits == 0 || b->depth != b->base || is_found(b))
        return;
    unsigned at = (unsigned)(b->wants_first ? __builtin_ctzll(bits) : 63 - __builtin_clzll(bits));
    size_t cut = block + at + b->cuts_behind;
    if (cut != 0)
        b->cut = cut;
}

static void scan_block(struct wh_jsonl_border *b, const struct wh_jsonl_masks *m, size_t block)
{
    uint64_t strings = odd_prefixes(real_quotes(b, m)) ^ (b->in_string ? UINT64_MAX : 0);
    b->in_string = strings >> 63 != 0;
    uint64_t separators = m->separator & ~strings;
    for (uint64_t brackets = (m->open | m->close) & ~strings; brackets != 0; brackets &= brackets - 1) {
        uint64_t bracket = brackets & (0 - brackets), before = bracket - 1;
        take_separator(b, separators & before, block);
        separators &= ~before;
        if ((m->open & bracket) != 0) {
            b->depth++;
            continue;
        }
        b->depth -= b->depth > 0;
        if (b->cuts_behind && b->depth == b->base && !is_found(b))
            b->cut = block + (size_t)__builtin_ctzll(bracket) + 1;
    }
    take_separator(b, separators, block);
}

void wh_jsonl_border_scan(struct wh_jsonl_border *b, const uint8_t *data, size_t size)
{
    const struct wh_jsonl_kernels *kernels = wh_jsonl_kernels();
    for (; size - b->scanned >= 64 && !is_found(b); b->scanned += 64) {
        struct wh_jsonl_masks masks;
        kernels->classify(&masks, data + b->scanned, b->separator);
        scan_block(b, &masks, b->scanned);
    }
}
