/* format/csv/cells.c - see format/csv/cells.h. */
#include "format/csv/cells.h"

#include "base/bytes.h"
#include "base/mem.h"

enum wh_status wh_csv_unquote(struct wh_slice *out, bool *well_formed, struct wh_slice field,
                              const struct wh_csv_dialect *d, struct wh_buffer *scratch, struct wh_error *err)
{
    const char *p = field.ptr + 1, *end = field.ptr + field.len - 1;
    *well_formed = field.len >= 2 && *end == d->quote;
    if (!*well_formed)
        return WH_OK;
    size_t len = (size_t)(end - p);
    bool escaped = d->escape != WH_CSV_NONE && memchr(p, d->escape, len) != NULL;
    if (!escaped && memchr(p, d->quote, len) == NULL) {
        *out = wh_slice(p, len);
        return WH_OK;
    }
    scratch->size = 0;
    WH_TRY(wh_buffer_reserve(scratch, len + 8, err));
    char *to = (char *)scratch->data;
    for (; p < end; p++) {
        bool special = *p == d->quote || *p == d->escape;
        if (special && (++p == end || (p[-1] == d->quote && *p != d->quote))) {
            *well_formed = false; /* a quote that stands alone */
            return WH_OK;
        }
        *to++ = *p;
    }
    *out = wh_slice((char *)scratch->data, (size_t)(to - (char *)scratch->data));
    return WH_OK;
}

void wh_csv_words_init(struct wh_csv_words *out, char **words)
{
    *out = (struct wh_csv_words){.words = words, .shortest = SIZE_MAX, .longest = SIZE_MAX};
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        size_t len = strlen(words[i]);
        if (len == 0)
            continue;
        out->longest = out->shortest == SIZE_MAX ? len : WH_MAX(out->longest, len);
        out->shortest = WH_MIN(out->shortest, len);
        out->first[(uint8_t)words[i][0]] = true;
    }
}

bool wh_csv_words_find(const struct wh_csv_words *w, const char *p, size_t len)
{
    for (size_t i = 0; w->words[i] != NULL; i++)
        if (strlen(w->words[i]) == len && memcmp(w->words[i], p, len) == 0)
            return true;
    return false;
}
