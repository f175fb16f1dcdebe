/* format/jsonl/pool.c - buffers to be used again; see pool.h. */
#include "format/jsonl/pool.h"

#include "base/mem.h"

/* Larger ones come from a few long records and would only be held. */
#define MAX_KEPT_BYTES ((size_t)32 << 20)

void wh_jsonl_pool_init(struct wh_jsonl_pool *pool, struct wh_budget *budget)
{
    *pool = (struct wh_jsonl_pool){.budget = budget};
    pthread_mutex_init(&pool->lock, NULL);
    for (size_t i = 0; i < WH_JSONL_POOL_BUFFERS; i++)
        pool->buffers[i].budget = budget;
}

void wh_jsonl_pool_release(struct wh_jsonl_pool *pool)
{
    for (size_t i = 0; i < WH_JSONL_POOL_BUFFERS; i++)
        wh_buffer_release(&pool->buffers[i]);
    pthread_mutex_destroy(&pool->lock);
}

void wh_jsonl_pool_take(struct wh_jsonl_pool *pool, struct wh_buffer *out)
{
    wh_buffer_release(out);
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < WH_JSONL_POOL_BUFFERS && out->capacity == 0; i++)
        if (pool->buffers[i].capacity > 0)
            wh_buffer_move(out, &pool->buffers[i]);
    pthread_mutex_unlock(&pool->lock);
    out->size = 0;
    out->budget = pool->budget;
}

void wh_jsonl_pool_give(struct wh_jsonl_pool *pool, struct wh_buffer *b)
{
    bool is_ours = b->budget == pool->budget && b->capacity <= MAX_KEPT_BYTES;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; is_ours && i < WH_JSONL_POOL_BUFFERS && b->capacity > 0; i++)
        if (pool->buffers[i].capacity == 0)
            wh_buffer_move(&pool->buffers[i], b);
    pthread_mutex_unlock(&pool->lock);
    wh_buffer_release(b);
}
