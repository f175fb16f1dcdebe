/* format/decompress.h - streaming decompression behind one table: gzip, zstd, lz4, bzip2, xz. */
#pragma once
#include "format/input.h"

/* Bytes on their way: the step moves `in` and `out` forward. */
struct wh_flow {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

struct wh_decompressor {
    const char *name;
    const char *magic; /* first bytes of a file */
    size_t magic_len;
    enum wh_status (*open)(void **state, struct wh_error *err);
    /* Consumes and produces what it can. *at_end: a frame (member, stream) is complete and further input
     * starts a new one. Fails: WH_DATA for damaged input. */
    enum wh_status (*step)(void *state, struct wh_flow *flow, bool *at_end, struct wh_error *err);
    void (*close)(void *state); /* takes state, NULL is fine */
};

/* NULL for WH_PLAIN. */
const struct wh_decompressor *wh_decompressor_of(enum wh_compression c);
/* By the first bytes of a file; WH_PLAIN when none fits. */
enum wh_compression wh_compression_detect(struct wh_slice head);
