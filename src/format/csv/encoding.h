/* format/csv/encoding.h - finding the encoding of a text and bringing it to UTF-8. */
#pragma once
#include "format/csv/dialect.h"

/* The user's word for an encoding, and back; false when there is none. */
bool wh_csv_encoding_find(const char *name, enum wh_csv_encoding *out);
const char *wh_csv_encoding_name(enum wh_csv_encoding e);

/* What the bytes of a text look like; adds up over pieces of a file. */
struct wh_csv_encoding_clues {
    uint64_t bytes;
    uint64_t even_zeros, odd_zeros; /* by the offset in the file */
    uint64_t sequences;             /* of two bytes and more, valid as UTF-8 */
    uint64_t invalid;               /* bytes that cannot stand in UTF-8 */
    uint64_t controls;              /* of these, 0x80 to 0x9f: letters in Windows-1252 only */
};
/* Looks at a piece that starts at an offset of the file; a sequence cut by its ends does not count. */
void wh_csv_encoding_look(struct wh_csv_encoding_clues *c, struct wh_slice piece, uint64_t offset);
enum wh_csv_encoding wh_csv_encoding_guess(const struct wh_csv_encoding_clues *c);
/* By a byte order mark; false: there is none. */
bool wh_csv_encoding_of_mark(struct wh_slice head, enum wh_csv_encoding *out);

/* Appends text as UTF-8, a prefix of it that holds whole characters; *used is its length. At the end of the
 * file (`last`) all of it is used. No encoding takes more than three times its bytes. */
enum wh_status wh_csv_decode(enum wh_csv_encoding e, struct wh_slice text, bool last, struct wh_buffer *out,
                             size_t *used, struct wh_error *err);
