/* format/jsonl/keys.h - the keys of an object, numbered as they come, found by their text in a chunk. */
#pragma once
#include "base/bytes.h"
#include "base/map.h"

#define WH_JSONL_NO_KEY UINT32_MAX

struct wh_jsonl_key {
    char *name; /* owned, UTF-8, without NUL */
    uint32_t name_bytes;
    uint32_t text_bytes;
    uint8_t *text;      /* owned: "name": as it usually stands in a file, padded by 8 */
    uint64_t tail_mask; /* of the last, incomplete eight bytes of text */
};

/* An all-zero struct is empty. */
struct wh_jsonl_keys {
    struct wh_jsonl_key *items; /* owned */
    uint32_t n, capacity;
    struct wh_map numbers; /* by name */
};

/* Adds a name that is not there yet; its number is keys->n - 1 then. */
enum wh_status wh_jsonl_keys_add(struct wh_jsonl_keys *keys, struct wh_slice name, struct wh_error *err);
/* The key's number or WH_JSONL_NO_KEY. */
uint32_t wh_jsonl_keys_find(const struct wh_jsonl_keys *keys, struct wh_slice name);
void wh_jsonl_keys_release(struct wh_jsonl_keys *keys);

/* True when the key with its colon stands at p, which ends with a NUL and 8 more readable bytes. */
static inline bool wh_jsonl_key_at(const struct wh_jsonl_key *key, const uint8_t *p)
{
    const uint8_t *text = key->text, *last = text + (key->text_bytes & ~7u);
    for (; text < last; text += 8, p += 8)
        if (wh_get_le64(text) != wh_get_le64(p))
            return false;
    return ((wh_get_le64(text) ^ wh_get_le64(p)) & key->tail_mask) == 0;
}
