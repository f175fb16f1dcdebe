/* format/jsonl/layout.h - how records stand in a file, and where a file may be cut between them. */
#pragma once
#include "format/jsonl/records.h"

/* Bytes of a file that are enough to tell its layout. */
#define WH_JSONL_HEAD_BYTES ((size_t)64 << 10)

/* The layout of a file that begins so, after a byte order mark. head[size .. size + WH_JSONL_SLACK) is
 * writable and becomes zero; is_whole: the file has no more bytes. */
enum wh_jsonl_layout wh_jsonl_layout_of(uint8_t *head, size_t size, bool is_whole);

/* How likely the text is JSON of any of these layouts, 0 to 100. */
int wh_jsonl_sniff(struct wh_slice head);

/* Looks for places between records, going by quotes and brackets. */
struct wh_jsonl_border {
    uint8_t separator; /* what stands between records: ',' or a line end */
    bool cuts_behind;  /* a record ends behind the separator or the last bracket, not before it */
    bool wants_first;  /* stop at the first place, not the last */
    bool in_string;
    bool is_escaped;     /* a backslash stands before the next byte */
    int64_t depth, base; /* brackets that are open; those open between records */
    size_t scanned;      /* bytes, a multiple of 64 */
    size_t cut;          /* bytes up to the place found, 0: none */
};
void wh_jsonl_border_init(struct wh_jsonl_border *b, enum wh_jsonl_layout layout, bool is_first_chunk);
/* Goes on at `scanned`, in steps of 64 bytes; what remains is left for the next call with more data. */
void wh_jsonl_border_scan(struct wh_jsonl_border *b, const uint8_t *data, size_t size);
