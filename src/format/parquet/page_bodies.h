/* format/parquet/page_bodies.h - decompressed pages, shared by the readers that stand in them.
 *
 * The chunks of one row group often start and end within a page. Workers that read them at the same time
 * would each decompress and hold that page; instead the first one does it, and the others use its bytes. */
#pragma once
#include <pthread.h>

#include "format/parquet/read_file.h"

enum wh_pq_body_state { WH_PQ_BODY_LOADING, WH_PQ_BODY_READY, WH_PQ_BODY_FAILED };

struct wh_pq_body {
    const struct wh_pq_file *file; /* with offset: which page it is */
    uint64_t offset;
    struct wh_buffer bytes; /* owned; nobody writes to it once it is ready */
    /* guarded by the lock of the bodies */
    enum wh_pq_body_state state;
    int references;
    struct wh_pq_body *next; /* of the same list */
};

#define WH_PQ_BODY_LISTS 64
/* All bodies that are in use. Any thread. */
struct wh_pq_bodies {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a body is not loading any more */
    struct wh_pq_body *lists[WH_PQ_BODY_LISTS];
};
void wh_pq_bodies_init(struct wh_pq_bodies *b);
void wh_pq_bodies_release(struct wh_pq_bodies *b); /* all bodies have been put back */

/* A reference to the page's body. *is_mine: the caller must fill its bytes and say so (wh_pq_body_loaded);
 * otherwise it is ready, maybe after a wait. Fails: WH_NOMEM. */
enum wh_status wh_pq_body_get(struct wh_pq_body **out, struct wh_pq_bodies *b, const struct wh_pq_file *file,
                              uint64_t offset, bool *is_mine, struct wh_error *err);
/* is_good false: those who wait for the body try for themselves. */
void wh_pq_body_loaded(struct wh_pq_bodies *b, struct wh_pq_body *body, bool is_good);
/* One more reference to a body that the caller has one of. */
struct wh_pq_body *wh_pq_body_share(struct wh_pq_bodies *b, struct wh_pq_body *body);
/* Gives a reference back; NULL is fine. The memory of a body that nobody uses any more goes to *spare, if
 * that is smaller. */
void wh_pq_body_put(struct wh_pq_bodies *b, struct wh_pq_body *body, struct wh_buffer *spare);
