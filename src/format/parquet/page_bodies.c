/* format/parquet/page_bodies.c - shared decompressed pages; see page_bodies.h. */
#include "format/parquet/page_bodies.h"

#include "base/mem.h"

void wh_pq_bodies_init(struct wh_pq_bodies *b)
{
    *b = (struct wh_pq_bodies){0};
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
}

void wh_pq_bodies_release(struct wh_pq_bodies *b)
{
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
}

/* Pages are some hundred bytes long at least, so that the lowest bits would say little. */
static struct wh_pq_body **list_of(struct wh_pq_bodies *b, uint64_t offset)
{
    return &b->lists[(offset ^ offset >> 7 ^ offset >> 14) % WH_PQ_BODY_LISTS];
}

static struct wh_pq_body *find(struct wh_pq_bodies *b, const struct wh_pq_file *file, uint64_t offset)
{
    struct wh_pq_body *body = *list_of(b, offset);
    while (body != NULL && (body->file != file || body->offset != offset))
        body = body->next;
    return body;
}

static void unlink_body(struct wh_pq_bodies *b, struct wh_pq_body *body)
{
    struct wh_pq_body **at = list_of(b, body->offset);
    while (*at != NULL && *at != body)
        at = &(*at)->next;
    if (*at != NULL)
        *at = body->next;
}

static void free_body(struct wh_pq_body *body)
{
    wh_buffer_release(&body->bytes);
    free(body);
}

/* True when that was the last reference; called with the lock held. */
static bool drop(struct wh_pq_bodies *b, struct wh_pq_body *body)
{
    if (--body->references > 0)
        return false;
    unlink_body(b, body);
    return true;
}

/* Waits until somebody else has loaded the body; NULL when that failed. Called with the lock held. */
static struct wh_pq_body *wait_for(struct wh_pq_bodies *b, struct wh_pq_body *body)
{
    body->references++;
    while (body->state == WH_PQ_BODY_LOADING)
        pthread_cond_wait(&b->changed, &b->lock);
    if (body->state == WH_PQ_BODY_READY)
        return body;
    if (drop(b, body))
        free_body(body);
    return NULL;
}

enum wh_status wh_pq_body_get(struct wh_pq_body **out, struct wh_pq_bodies *b, const struct wh_pq_file *file,
                              uint64_t offset, bool *is_mine, struct wh_error *err)
{
    struct wh_pq_body *body = NULL, *known;
    pthread_mutex_lock(&b->lock);
    while (body == NULL && (known = find(b, file, offset)) != NULL)
        body = wait_for(b, known);
    *is_mine = body == NULL;
    if (*is_mine && (body = wh_alloc(sizeof *body)) != NULL) {
        struct wh_pq_body **list = list_of(b, offset);
        body->file = file;
        body->offset = offset;
        body->bytes.budget = file->budget;
        body->references = 1;
        body->next = *list;
        *list = body;
    }
    pthread_mutex_unlock(&b->lock);
    *out = body;
    return body == NULL ? wh_nomem(err) : WH_OK;
}

void wh_pq_body_loaded(struct wh_pq_bodies *b, struct wh_pq_body *body, bool is_good)
{
    pthread_mutex_lock(&b->lock);
    body->state = is_good ? WH_PQ_BODY_READY : WH_PQ_BODY_FAILED;
    if (!is_good)
        unlink_body(b, body); /* the next one who asks loads it anew */
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

struct wh_pq_body *wh_pq_body_share(struct wh_pq_bodies *b, struct wh_pq_body *body)
{
    pthread_mutex_lock(&b->lock);
    body->references++;
    pthread_mutex_unlock(&b->lock);
    return body;
}

void wh_pq_body_put(struct wh_pq_bodies *b, struct wh_pq_body *body, struct wh_buffer *spare)
{
    if (body == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    bool is_last = drop(b, body);
    pthread_mutex_unlock(&b->lock);
    if (!is_last)
        return;
    if (body->bytes.capacity > spare->capacity)
        wh_buffer_move(spare, &body->bytes);
    free_body(body);
}
