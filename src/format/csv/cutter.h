/* format/csv/cutter.h - cuts one file into chunks of whole records. */
#pragma once
#include "format/csv/source.h"
#include "format/csv/split.h"

/* Where a chunk lies, in decoded bytes of its file. */
struct wh_csv_extent {
    uint64_t offset;
    uint64_t length;
    uint64_t line;  /* of its first byte, from 1 */
    uint64_t next;  /* offset of the next chunk */
    uint64_t lines; /* that end before the next chunk */
    bool cut_off;   /* the start of one record that is longer than the dialect allows */
};
enum { WH_CSV_CUT_OFF_BYTES = 512 };

/* All-zero is a closed cutter. Serial. */
struct wh_csv_cutter {
    struct wh_csv_source *source;         /* owned; NULL: there is only what has been unread */
    const struct wh_csv_dialect *dialect; /* lent */
    const struct wh_context *ctx;         /* lent */
    struct wh_buffer carry;               /* read before but not part of a chunk yet, from carry_pos on */
    size_t carry_pos;
    bool read_source;      /* for the chunk at hand, so that carry is used up */
    uint64_t offset, line; /* of the next chunk */
    bool ended;            /* nothing behind carry */
};

/* Goes on at an offset where a record starts; takes the source, which stands there, also on failure. */
void wh_csv_cutter_init(struct wh_csv_cutter *c, struct wh_csv_source *source, const struct wh_csv_dialect *d,
                        const struct wh_context *ctx, uint64_t offset, uint64_t line);
/* Puts decoded bytes that have been read from the source in front of it. */
enum wh_status wh_csv_cutter_unread(struct wh_csv_cutter *c, const void *bytes, size_t n,
                                    struct wh_error *err);
/* Fills data with the next chunk: about `want` bytes, more when a record is longer. A record longer than the
 * dialect allows ends at the first line end behind that many bytes; when it does not fit into a chunk, it
 * comes cut off, as the only one of its chunk. WH_END: none left. */
enum wh_status wh_csv_cutter_next(struct wh_csv_cutter *c, size_t want, struct wh_buffer *data,
                                  struct wh_csv_extent *out, struct wh_error *err);
void wh_csv_cutter_close(struct wh_csv_cutter *c);
