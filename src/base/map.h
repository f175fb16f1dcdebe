/* base/map.h - a map from text to a number. */
#pragma once
#include "wherry/bytes.h"

/* All-zero is an empty map. Keys are copied. Serial. */
struct wh_map {
    struct wh_map_slot *slots; /* owned; a power of two of them, at most 3/4 used */
    size_t n_slots;
    size_t n_used;
};

/* *found: the key was there before and *value is set to its number; else it is added with *value. */
enum wh_status wh_map_add(struct wh_map *m, struct wh_slice key, int64_t *value, bool *found,
                          struct wh_error *err);
/* -1 when the key is not there; numbers are not negative. */
int64_t wh_map_find(const struct wh_map *m, struct wh_slice key);
/* Replaces the number of a key that is there. */
void wh_map_set(struct wh_map *m, struct wh_slice key, int64_t value);
void wh_map_release(struct wh_map *m);
