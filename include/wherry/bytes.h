/* wherry/bytes.h - slices, growable buffers and the byte budget of a job. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "wherry/error.h"

/* Bytes that somebody else owns; lent. Not NUL-ended. */
struct wh_slice {
    const char *ptr;
    size_t len;
};

/* What a job may hold in large allocations. Shared by all threads of the job; every buffer with a
 * budget draws from it when it grows and gives back when released. */
struct wh_budget {
    _Atomic int64_t used_bytes;
    _Atomic int64_t peak_bytes;
    int64_t limit_bytes; /* 0: no limit */
};

/* A growable array of bytes, aligned to 64. Behind data[capacity] there are always
 * WH_BUFFER_SLACK readable and writable bytes, so that vector code may run over the end.
 * An all-zero struct is an empty buffer without budget. */
struct wh_buffer {
    uint8_t *data; /* owned; NULL while capacity is 0 */
    size_t size;
    size_t capacity;
    struct wh_budget *budget; /* lent until release, or NULL */
};
#define WH_BUFFER_SLACK ((size_t)64)

/* Makes room for `extra` more bytes behind size; grows by at least half. Fails: WH_NOMEM, or
 * WH_LIMIT when the budget is used up. Contents and size stay as they were. */
enum wh_status wh_buffer_reserve(struct wh_buffer *b, size_t extra, struct wh_error *err);
/* Sets size; new bytes are not initialised. */
enum wh_status wh_buffer_resize(struct wh_buffer *b, size_t size, struct wh_error *err);
enum wh_status wh_buffer_append(struct wh_buffer *b, const void *bytes, size_t n, struct wh_error *err);
/* Frees the bytes, keeps the budget: the buffer can be used again. */
void wh_buffer_release(struct wh_buffer *b);
/* Hands the bytes over: *to is released first, *from is empty afterwards and keeps its budget. */
void wh_buffer_move(struct wh_buffer *to, struct wh_buffer *from);

/* Draws n bytes (gives back when negative). Fails: WH_LIMIT. */
enum wh_status wh_budget_take(struct wh_budget *budget, int64_t bytes, struct wh_error *err);
