/* batch/arrow.h - the Arrow C Data and C Stream Interfaces: batches out to and in from foreign code.
 *
 * Structs as in the Arrow specification, "The Arrow C data interface". Decimals of 8 bytes are widened
 * to decimal128 on the way out; large_utf8, large_binary, utf8_view-free producers, date64, time32,
 * dictionaries and decimal32..256 are taken on the way in. */
#pragma once
#include "wherry/batch.h"

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

/* Schema as a struct type; the caller releases *out through its release callback. */
enum wh_status wh_arrow_export_schema(struct ArrowSchema *out, const struct wh_schema *s,
                                      struct wh_error *err);
/* Batch as a struct array; takes the batch's buffers (b is empty afterwards) without copying them, but
 * for decimals of 8 bytes. */
enum wh_status wh_arrow_export_batch(struct ArrowArray *out, struct wh_batch *b, struct wh_error *err);
enum wh_status wh_arrow_import_schema(struct wh_schema *out, const struct ArrowSchema *s,
                                      struct wh_error *err);
/* Copies the rows of a struct array behind the rows of out (initialised with the imported schema);
 * array stays the caller's. Checks what it is given: lengths, offsets, buffers, depth. */
enum wh_status wh_arrow_import_batch(struct wh_batch *out, const struct ArrowArray *array,
                                     const struct ArrowSchema *schema, struct wh_error *err);

/* A pull of batches: next fills the batch (initialised with schema) or gives WH_END. */
struct wh_batch_pull {
    const struct wh_schema *schema; /* lent until done */
    enum wh_status (*next)(void *self, struct wh_batch *out, struct wh_error *err);
    void (*done)(void *self); /* may be NULL */
    void *self;
};
/* Wraps a pull as a stream; the stream's release calls done. */
enum wh_status wh_arrow_export_stream(struct ArrowArrayStream *out, const struct wh_batch_pull *pull,
                                      struct wh_error *err);
