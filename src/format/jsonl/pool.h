/* format/jsonl/pool.h - a few large buffers that are used again and again: new memory from the system costs
 * a page fault every 4 KiB, about as much as parsing it. Any thread. */
#pragma once
#include <pthread.h>

#include "wherry/bytes.h"

enum { WH_JSONL_POOL_BUFFERS = 8 };

struct wh_jsonl_pool {
    struct wh_budget *budget;                        /* lent: of all buffers */
    pthread_mutex_t lock;                            /* guards buffers */
    struct wh_buffer buffers[WH_JSONL_POOL_BUFFERS]; /* owned */
};

void wh_jsonl_pool_init(struct wh_jsonl_pool *pool, struct wh_budget *budget);
void wh_jsonl_pool_release(struct wh_jsonl_pool *pool);
/* An empty buffer, with memory if there is some. *out is released first. */
void wh_jsonl_pool_take(struct wh_jsonl_pool *pool, struct wh_buffer *out);
/* Takes the memory of b, which is empty afterwards. */
void wh_jsonl_pool_give(struct wh_jsonl_pool *pool, struct wh_buffer *b);
