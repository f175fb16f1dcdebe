/* format/csv/cells.h - the text of fields: quotes taken off, nulls told from values. */
#pragma once
#include "format/csv/index.h"
#include "format/csv/settings.h"

/* Takes the quotes off a field that begins with one; the text is lent by the field or by scratch, with 8
 * readable bytes behind it. False: the quotes are not well-formed. */
enum wh_status wh_csv_unquote(struct wh_slice *out, bool *well_formed, struct wh_slice field,
                              const struct wh_csv_dialect *d, struct wh_buffer *scratch,
                              struct wh_error *err);

/* The user's null words, quick to be ruled out. */
struct wh_csv_words {
    char **words; /* lent, NULL-ended; NULL: none */
    size_t shortest, longest;
    bool first[256]; /* bytes that words begin with */
};
void wh_csv_words_init(struct wh_csv_words *out, char **words);
bool wh_csv_words_find(const struct wh_csv_words *w, const char *p, size_t len);

/* True for a word that is not empty. */
static inline bool wh_csv_words_match(const struct wh_csv_words *w, const char *p, size_t len)
{
    return len - w->shortest <= w->longest - w->shortest && w->first[(uint8_t)p[0]] &&
           wh_csv_words_find(w, p, len);
}
