/* base/map.c - open addressing with linear probing over XXH3 hashes. */
#include "base/map.h"

#include <xxhash.h>

#include "base/mem.h"

struct wh_map_slot {
    char *key; /* owned; NULL: free slot */
    size_t len;
    uint64_t hash;
    int64_t value;
};

static struct wh_map_slot *find_slot(const struct wh_map *m, struct wh_slice key, uint64_t hash)
{
    for (size_t i = hash & (m->n_slots - 1);; i = (i + 1) & (m->n_slots - 1)) {
        struct wh_map_slot *s = &m->slots[i];
        if (s->key == NULL || (s->hash == hash && s->len == key.len && memcmp(s->key, key.ptr, key.len) == 0))
            return s;
    }
}

static enum wh_status grow(struct wh_map *m, struct wh_error *err)
{
    struct wh_map bigger = {.n_slots = m->n_slots == 0 ? 16 : 2 * m->n_slots, .n_used = m->n_used};
    bigger.slots = wh_alloc_array(bigger.n_slots, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return wh_nomem(err);
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->slots[i].key != NULL)
            *find_slot(&bigger, wh_slice(m->slots[i].key, m->slots[i].len), m->slots[i].hash) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return WH_OK;
}

enum wh_status wh_map_add(struct wh_map *m, struct wh_slice key, int64_t *value, bool *found,
                          struct wh_error *err)
{
    if (m->n_used * 4 >= m->n_slots * 3)
        WH_TRY(grow(m, err));
    uint64_t hash = XXH3_64bits(key.ptr, key.len);
    struct wh_map_slot *s = find_slot(m, key, hash);
    *found = s->key != NULL;
    if (*found) {
        *value = s->value;
        return WH_OK;
    }
    char *copy = NULL;
    WH_TRY(wh_strndup(&copy, key.ptr, key.len, err));
    *s = (struct wh_map_slot){.key = copy, .len = key.len, .hash = hash, .value = *value};
    m->n_used++;
    return WH_OK;
}

int64_t wh_map_find(const struct wh_map *m, struct wh_slice key)
{
    if (m->n_slots == 0)
        return -1;
    const struct wh_map_slot *s = find_slot(m, key, XXH3_64bits(key.ptr, key.len));
    return s->key == NULL ? -1 : s->value;
}

void wh_map_set(struct wh_map *m, struct wh_slice key, int64_t value)
{
    struct wh_map_slot *s = find_slot(m, key, XXH3_64bits(key.ptr, key.len));
    s->value = value;
}

void wh_map_release(struct wh_map *m)
{
    for (size_t i = 0; i < m->n_slots; i++)
        free(m->slots[i].key);
    free(m->slots);
    *m = (struct wh_map){0};
}
