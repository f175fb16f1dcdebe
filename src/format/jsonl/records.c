/* format/jsonl/records.c - the records of a chunk; see records.h. */
#include "format/jsonl/records.h"

void wh_jsonl_records_init(struct wh_jsonl_records *r, const struct wh_jsonl_place *place, uint8_t *data,
                           size_t size, struct wh_budget *budget)
{
    memset(data + size, 0, WH_JSONL_SLACK);
    *r = (struct wh_jsonl_records){
        .place = *place, .next = data, .start = data, .counted = data, .line = place->line};
    wh_jsonl_lexer_init(&r->lexer, data + size, place->layout != WH_JSONL_LINES, budget);
}

void wh_jsonl_records_release(struct wh_jsonl_records *r)
{
    wh_jsonl_lexer_release(&r->lexer);
}

/* Goes over what separates the elements of an array. A missing ']' and text behind it are reported as a
 * record that is no value. */
static const uint8_t *next_element(struct wh_jsonl_records *r)
{
    const uint8_t *p = wh_jsonl_space(&r->lexer, r->next);
    if (r->next == r->start && *p == '[') {
        p = wh_jsonl_space(&r->lexer, p + 1);
        if (*p != ']')
            return p;
    }
    if (!r->is_closed && *p == ',')
        return wh_jsonl_space(&r->lexer, p + 1);
    if (!r->is_closed && *p == ']') {
        r->is_closed = true;
        p = wh_jsonl_space(&r->lexer, p + 1);
    }
    return p;
}

bool wh_jsonl_record_next(struct wh_jsonl_records *r, const uint8_t **start)
{
    const uint8_t *p = r->next;
    if (r->place.layout == WH_JSONL_IN_ARRAY)
        p = next_element(r);
    else
        while (r->lexer.space[*p] || *p == '\n')
            p++;
    *start = r->next = p;
    if (p < r->lexer.end)
        return true;
    if (r->place.layout != WH_JSONL_IN_ARRAY || !r->place.is_last || r->is_closed)
        return false;
    r->is_closed = true; /* told once */
    return true;
}

static const uint8_t *line_end(const struct wh_jsonl_records *r, const uint8_t *p)
{
    const uint8_t *end = memchr(p, '\n', (size_t)(r->lexer.end - p));
    return end == NULL ? r->lexer.end : end;
}

bool wh_jsonl_record_close(struct wh_jsonl_records *r, const uint8_t *end)
{
    const uint8_t *p = wh_jsonl_space(&r->lexer, end);
    switch (r->place.layout) {
    case WH_JSONL_LINES:
        if (*p != '\n' && p < r->lexer.end)
            return wh_jsonl_malformed(&r->lexer, p, "text behind the record") != NULL;
        break;
    case WH_JSONL_IN_ARRAY:
        if (r->is_closed)
            return wh_jsonl_malformed(&r->lexer, end, "text behind the array") != NULL;
        if (*p != ',' && *p != ']' && p < r->lexer.end)
            return wh_jsonl_malformed(&r->lexer, p, "expected ',' or ']'") != NULL;
        break;
    case WH_JSONL_IN_SERIES: /* a bracket ends a record, whatever follows; other values end at a space */
        if (p == end && p < r->lexer.end && end[-1] != '}' && end[-1] != ']')
            return wh_jsonl_malformed(&r->lexer, p, "text behind the record") != NULL;
        break;
    }
    r->next = p;
    return true;
}

/* Behind a string that may be malformed. */
static const uint8_t *pass_string(const struct wh_jsonl_records *r, const uint8_t *p)
{
    for (p++; p < r->lexer.end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < r->lexer.end ? p + 1 : r->lexer.end;
}

/* Where a malformed record probably ends, going by brackets and quotes. */
static const uint8_t *bracket_end(const struct wh_jsonl_records *r, const uint8_t *p)
{
    bool in_array = r->place.layout == WH_JSONL_IN_ARRAY;
    int64_t depth = 0;
    while (p < r->lexer.end) {
        uint8_t c = *p;
        if (c == '"') {
            p = pass_string(r, p);
            continue;
        }
        if (depth == 0 && (in_array ? c == ',' || c == ']' : c == '\n'))
            return p;
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        p++;
        if (!in_array && depth == 0 && (c == '}' || c == ']'))
            return p;
    }
    return r->lexer.end;
}

struct wh_slice wh_jsonl_record_reject(struct wh_jsonl_records *r, const uint8_t *start)
{
    const uint8_t *end = r->place.layout == WH_JSONL_LINES ? line_end(r, start)
                         : r->is_closed                    ? r->lexer.end
                                                           : bracket_end(r, start);
    r->next = end;
    while (end > start && (r->lexer.space[end[-1]] || end[-1] == '\n'))
        end--;
    return wh_slice((const char *)start, (size_t)(end - start));
}

uint64_t wh_jsonl_line_of(struct wh_jsonl_records *r, const uint8_t *p)
{
    if (p > r->counted) {
        r->line += wh_jsonl_kernels()->count(r->counted, (size_t)(p - r->counted), '\n');
        r->counted = p;
    }
    return r->line;
}
