/* format/jsonl/keys.c - numbered keys; see keys.h. */
#include "format/jsonl/keys.h"

#include "base/mem.h"
#include "batch/text.h"

enum { FIRST_KEYS = 8 };

static enum wh_status grow(struct wh_jsonl_keys *keys, struct wh_error *err)
{
    if (keys->n < keys->capacity)
        return WH_OK;
    uint32_t capacity = keys->capacity == 0 ? FIRST_KEYS : keys->capacity * 2;
    struct wh_jsonl_key *items = wh_realloc_array(keys->items, capacity, sizeof *items);
    if (items == NULL)
        return wh_nomem(err);
    keys->items = items;
    keys->capacity = capacity;
    return WH_OK;
}

/* The key's text: name in quotes, then a colon. */
static enum wh_status make_text(struct wh_jsonl_key *key, struct wh_error *err)
{
    static const uint8_t padding[8];
    struct wh_buffer text = {0};
    enum wh_status s = wh_json_string(&text, wh_slice(key->name, key->name_bytes), err);
    if (s == WH_OK)
        s = wh_buffer_append(&text, ":", 1, err);
    if (s == WH_OK)
        s = wh_buffer_append(&text, padding, sizeof padding, err);
    if (s != WH_OK) {
        wh_buffer_release(&text);
        return s;
    }
    key->text_bytes = (uint32_t)(text.size - sizeof padding);
    key->tail_mask = ((uint64_t)1 << 8 * (key->text_bytes & 7)) - 1;
    key->text = text.data; /* no budget: free() releases it */
    return WH_OK;
}

static void key_release(struct wh_jsonl_key *key)
{
    free(key->name);
    free(key->text);
}

enum wh_status wh_jsonl_keys_add(struct wh_jsonl_keys *keys, struct wh_slice name, struct wh_error *err)
{
    WH_TRY(grow(keys, err));
    struct wh_jsonl_key key = {.name_bytes = (uint32_t)name.len};
    int64_t number = keys->n;
    bool found;
    enum wh_status s = wh_strndup(&key.name, name.ptr, name.len, err);
    if (s == WH_OK)
        s = make_text(&key, err);
    if (s == WH_OK)
        s = wh_map_add(&keys->numbers, name, &number, &found, err);
    if (s != WH_OK)
        key_release(&key);
    else
        keys->items[keys->n++] = key;
    return s;
}

uint32_t wh_jsonl_keys_find(const struct wh_jsonl_keys *keys, struct wh_slice name)
{
    int64_t number = wh_map_find(&keys->numbers, name);
    return number < 0 ? WH_JSONL_NO_KEY : (uint32_t)number;
}

void wh_jsonl_keys_release(struct wh_jsonl_keys *keys)
{
    for (uint32_t i = 0; i < keys->n; i++)
        key_release(&keys->items[i]);
    free(keys->items);
    wh_map_release(&keys->numbers);
    *keys = (struct wh_jsonl_keys){0};
}
