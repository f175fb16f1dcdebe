/* base/bytes.c - growable buffers, the byte budget, bit maps, copies of strings. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"

enum wh_status wh_budget_take(struct wh_budget *budget, int64_t bytes, struct wh_error *err)
{
    if (budget == NULL)
        return WH_OK;
    int64_t used = atomic_fetch_add(&budget->used_bytes, bytes) + bytes;
    if (bytes > 0 && budget->limit_bytes > 0 && used > budget->limit_bytes) {
        atomic_fetch_sub(&budget->used_bytes, bytes);
        wh_fail(err, WH_LIMIT,
                "the memory budget of %lld MiB is used up (%lld MiB in use, %lld bytes more wanted)",
                (long long)(budget->limit_bytes >> 20), (long long)((used - bytes) >> 20), (long long)bytes);
        return wh_hint(err, "give more with --memory, or use fewer --jobs");
    }
    int64_t peak = atomic_load(&budget->peak_bytes);
    while (used > peak && !atomic_compare_exchange_weak(&budget->peak_bytes, &peak, used))
        ;
    return WH_OK;
}

static void give_back(struct wh_budget *budget, size_t bytes)
{
    struct wh_error ignored;
    (void)wh_budget_take(budget, -(int64_t)bytes, &ignored);
}

enum wh_status wh_buffer_reserve(struct wh_buffer *b, size_t extra, struct wh_error *err)
{
    size_t need, padded;
    if (!wh_add(b->size, extra, &need) || !wh_add(need, 2 * WH_BUFFER_SLACK + b->capacity / 2, &padded))
        return wh_nomem(err);
    if (need <= b->capacity && b->data != NULL)
        return WH_OK;
    size_t capacity = WH_MAX(need, b->capacity + b->capacity / 2);
    capacity = (capacity + WH_BUFFER_SLACK - 1) / WH_BUFFER_SLACK * WH_BUFFER_SLACK;
    WH_TRY(wh_budget_take(b->budget, (int64_t)(capacity - b->capacity), err));
    uint8_t *data = aligned_alloc(WH_BUFFER_SLACK, capacity + WH_BUFFER_SLACK);
    if (data == NULL) {
        give_back(b->budget, capacity - b->capacity);
        return wh_nomem(err);
    }
    if (b->data != NULL && b->size > 0)
        memcpy(data, b->data, b->size);
    free(b->data);
    b->data = data;
    b->capacity = capacity;
    return WH_OK;
}

enum wh_status wh_buffer_resize(struct wh_buffer *b, size_t size, struct wh_error *err)
{
    if (size > b->size || b->data == NULL)
        WH_TRY(wh_buffer_reserve(b, size > b->size ? size - b->size : 0, err));
    b->size = size;
    return WH_OK;
}

enum wh_status wh_buffer_append(struct wh_buffer *b, const void *bytes, size_t n, struct wh_error *err)
{
    WH_TRY(wh_buffer_reserve(b, n, err));
    if (n > 0)
        wh_buffer_put(b, bytes, n);
    return WH_OK;
}

void wh_buffer_release(struct wh_buffer *b)
{
    give_back(b->budget, b->capacity);
    free(b->data);
    *b = (struct wh_buffer){.budget = b->budget};
}

void wh_buffer_move(struct wh_buffer *to, struct wh_buffer *from)
{
    wh_buffer_release(to);
    *to = *from;
    *from = (struct wh_buffer){.budget = to->budget};
}

enum wh_status wh_buffer_printf(struct wh_buffer *b, struct wh_error *err, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    enum wh_status s = len < 0 ? wh_fail(err, WH_INTERNAL, "could not format a message")
                               : wh_buffer_reserve(b, (size_t)len + 1, err);
    if (s == WH_OK) {
        vsnprintf((char *)b->data + b->size, (size_t)len + 1, fmt, again);
        b->size += (size_t)len;
    }
    va_end(again);
    return s;
}

enum wh_status wh_buffer_take_text(char **out, struct wh_buffer *b, struct wh_error *err)
{
    enum wh_status s = wh_strndup(out, (const char *)b->data, b->size, err);
    wh_buffer_release(b);
    return s;
}

int64_t wh_bitmap_count(const uint8_t *map, int64_t n)
{
    int64_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t word;
        memcpy(&word, map + i / 8, sizeof word);
        count += __builtin_popcountll(word);
    }
    for (; i < n; i++)
        count += wh_bit_get(map, i);
    return count;
}

enum wh_status wh_strndup(char **out, const char *text, size_t len, struct wh_error *err)
{
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return wh_nomem(err);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    *out = copy;
    return WH_OK;
}

enum wh_status wh_strdup(char **out, const char *text, struct wh_error *err)
{
    return wh_strndup(out, text, strlen(text), err);
}

size_t wh_strv_len(const char *const *list)
{
    size_t n = 0;
    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

void wh_strv_free(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

enum wh_status wh_strv_dup(char ***out, const char *const *list, struct wh_error *err)
{
    if (list == NULL) {
        *out = NULL;
        return WH_OK;
    }
    size_t n = wh_strv_len(list);
    char **copy = wh_alloc_array(n + 1, sizeof *copy);
    if (copy == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < n; i++) {
        enum wh_status s = wh_strdup(&copy[i], list[i], err);
        if (s != WH_OK) {
            wh_strv_free(copy);
            return s;
        }
    }
    *out = copy;
    return WH_OK;
}
