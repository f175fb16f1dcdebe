/* format/parquet/distinct.c - distinct values by open addressing; see distinct.h.
 *
 * A slot holds the number of an entry, the entry's value is compared where it lies. The table is at most
 * half full. */
#include "format/parquet/distinct.h"

#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

#define FIRST_SLOTS 256
#define MULTIPLIER UINT64_C(0x9E3779B97F4A7C15)

void wh_pq_distinct_release(struct wh_pq_distinct *d)
{
    wh_buffer_release(&d->values);
    wh_buffer_release(&d->offsets);
    wh_buffer_release(&d->slots);
}

void wh_pq_distinct_reset(struct wh_pq_distinct *d)
{
    d->n = 0;
    d->values.size = d->offsets.size = 0;
    if (d->slots.size > 0)
        memset(d->slots.data, 0, d->slots.size);
}

bool wh_pq_distinct_takes(int32_t type)
{
    return type == WH_PQ_INT32 || type == WH_PQ_INT64 || type == WH_PQ_FLOAT || type == WH_PQ_DOUBLE ||
           type == WH_PQ_BYTE_ARRAY;
}

struct wh_pq_values wh_pq_distinct_values(const struct wh_pq_distinct *d)
{
    return (struct wh_pq_values){
        .type = d->type,
        .width = d->width,
        .n = d->n,
        .data = d->values.data,
        .offsets = (const uint32_t *)(const void *)d->offsets.data,
    };
}

/* ---- hashes and equality ----------------------------------------------------------------------- */

static inline uint32_t *slots_of(const struct wh_pq_distinct *d)
{
    return (uint32_t *)(void *)d->slots.data;
}

static inline uint64_t hash_number(uint64_t v)
{
    v *= MULTIPLIER;
    return v ^ v >> 32;
}

/* The first bytes of a value, at most 8, the rest zero. */
static inline uint64_t head_of(const uint8_t *p, uint32_t len)
{
    uint64_t v = wh_get_le64(p);
    return len >= 8 ? v : v & ((UINT64_C(1) << 8 * len) - 1);
}

static inline uint64_t hash_bytes(const uint8_t *p, uint32_t len)
{
    return len <= 8 ? hash_number(head_of(p, len) ^ (uint64_t)len << 56) : XXH3_64bits(p, len);
}

static inline bool same_bytes(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    return len <= 8 ? head_of(a, len) == head_of(b, len) : memcmp(a, b, len) == 0;
}

static uint64_t hash_entry(const struct wh_pq_distinct *d, uint32_t i)
{
    const uint32_t *offsets = (const uint32_t *)(const void *)d->offsets.data;
    if (d->width == 8)
        return hash_number(wh_get_le64(d->values.data + 8 * (size_t)i));
    if (d->width == 4)
        return hash_number(wh_get_le32(d->values.data + 4 * (size_t)i));
    return hash_bytes(d->values.data + offsets[i], offsets[i + 1] - offsets[i]);
}

/* ---- the table --------------------------------------------------------------------------------- */

static enum wh_status grow(struct wh_pq_distinct *d, struct wh_error *err)
{
    size_t n = WH_MAX(d->slots.size / sizeof(uint32_t) * 2, (size_t)FIRST_SLOTS);
    d->slots.size = 0;
    WH_TRY(wh_buffer_resize(&d->slots, n * sizeof(uint32_t), err));
    memset(d->slots.data, 0, d->slots.size);
    uint32_t *slots = slots_of(d);
    for (uint32_t i = 0; i < d->n; i++) {
        size_t at = hash_entry(d, i) & (n - 1);
        while (slots[at] != 0)
            at = (at + 1) & (n - 1);
        slots[at] = i + 1;
    }
    return WH_OK;
}

/* Room for one more entry of so many bytes. */
static enum wh_status make_room(struct wh_pq_distinct *d, size_t bytes, struct wh_error *err)
{
    if (((size_t)d->n + 1) * 2 * sizeof(uint32_t) > d->slots.size)
        WH_TRY(grow(d, err));
    WH_TRY(wh_buffer_reserve(&d->values, bytes, err));
    if (d->width > 0)
        return WH_OK;
    WH_TRY(wh_buffer_reserve(&d->offsets, 2 * sizeof(uint32_t), err));
    if (d->offsets.size == 0) {
        uint32_t zero = 0;
        wh_buffer_put(&d->offsets, &zero, sizeof zero);
    }
    return WH_OK;
}

static enum wh_status add(struct wh_pq_distinct *d, const uint8_t *p, size_t bytes, uint64_t hash,
                          struct wh_error *err)
{
    WH_TRY(make_room(d, bytes, err));
    size_t mask = d->slots.size / sizeof(uint32_t) - 1, at = hash & mask;
    uint32_t *slots = slots_of(d);
    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = ++d->n;
    wh_buffer_put(&d->values, p, bytes);
    if (d->width == 0) {
        uint32_t end = (uint32_t)d->values.size;
        wh_buffer_put(&d->offsets, &end, sizeof end);
    }
    return WH_OK;
}

static bool is_full(const struct wh_pq_distinct *d, const struct wh_pq_lookup *l, size_t bytes)
{
    return d->n >= l->most_entries || d->values.size + bytes > l->most_bytes;
}

/* ---- numbers of a small range ------------------------------------------------------------------ */

/* Entry + 1 for each value from low on, 0 where there is none. */
static enum wh_status fill_near(const struct wh_pq_distinct *d, const struct wh_pq_lookup *l,
                                struct wh_error *err)
{
    WH_TRY(wh_buffer_resize(l->near, (size_t)l->span * sizeof(uint32_t), err));
    uint32_t *table = (uint32_t *)(void *)l->near->data;
    memset(table, 0, (size_t)l->span * sizeof *table);
    for (uint32_t i = 0; i < d->n; i++) {
        uint64_t at = d->width == 8
                          ? wh_get_le64(d->values.data + 8 * (size_t)i) - l->low
                          : (uint32_t)(wh_get_le32(d->values.data + 4 * (size_t)i) - (uint32_t)l->low);
        if (at < l->span)
            table[at] = i + 1;
    }
    return WH_OK;
}

#define DEFINE_NUMBER_NEAR(name, ctype)                                                                      \
    static enum wh_status name(struct wh_pq_distinct *d, const struct wh_pq_lookup *l, size_t *done,         \
                               struct wh_error *err)                                                         \
    {                                                                                                        \
        uint32_t *table = (uint32_t *)(void *)l->near->data;                                                 \
        const ctype *v = (const ctype *)(const void *)l->v->data;                                            \
        for (*done = l->from; *done < l->to; ++*done) {                                                      \
            uint32_t *entry = &table[(ctype)(v[*done] - (ctype)l->low)];                                     \
            if (*entry == 0) {                                                                               \
                if (is_full(d, l, sizeof *v))                                                                \
                    return WH_OK;                                                                            \
                WH_TRY(add(d, (const uint8_t *)&v[*done], sizeof *v, hash_number(v[*done]), err));           \
                *entry = d->n;                                                                               \
            }                                                                                                \
            l->out[*done] = *entry - 1;                                                                      \
        }                                                                                                    \
        return WH_OK;                                                                                        \
    }
DEFINE_NUMBER_NEAR(number_near32, uint32_t)
DEFINE_NUMBER_NEAR(number_near64, uint64_t)

/* ---- all others -------------------------------------------------------------------------------- */

/* The same loop for each kind of value, so that nothing is decided per value. `find` walks the slots from
 * the hash to the value's entry or to a free slot. */
#define NUMBER_VALUES(type_size, load, hash_of, equal)                                                       \
    for (size_t i = l->from; i < l->to; i++) {                                                               \
        load;                                                                                                \
        uint64_t hash = hash_of;                                                                             \
        size_t at = hash & mask;                                                                             \
        uint32_t entry;                                                                                      \
        while ((entry = slots[at]) != 0 && !(equal))                                                         \
            at = (at + 1) & mask;                                                                            \
        if (entry == 0) {                                                                                    \
            if (is_full(d, l, type_size)) {                                                                  \
                *done = i;                                                                                   \
                return WH_OK;                                                                                \
            }                                                                                                \
            WH_TRY(add(d, p, type_size, hash, err));                                                         \
            entry = d->n;                                                                                    \
            slots = slots_of(d);                                                                             \
            values = d->values.data;                                                                         \
            offsets = (const uint32_t *)(const void *)d->offsets.data;                                       \
            mask = d->slots.size / sizeof(uint32_t) - 1;                                                     \
        }                                                                                                    \
        l->out[i] = entry - 1;                                                                               \
    }

enum wh_status wh_pq_distinct_number(struct wh_pq_distinct *d, const struct wh_pq_lookup *l, size_t *done,
                                     struct wh_error *err)
{
    WH_TRY(make_room(d, 0, err));
    if (l->span > 0) {
        WH_TRY(fill_near(d, l, err));
        return d->width == 8 ? number_near64(d, l, done, err) : number_near32(d, l, done, err);
    }
    const uint32_t *slots = slots_of(d), *offsets = (const uint32_t *)(const void *)d->offsets.data;
    const uint8_t *values = d->values.data;
    size_t mask = d->slots.size / sizeof(uint32_t) - 1;
    if (d->width == 8) {
        NUMBER_VALUES(8, const uint8_t *p = l->v->data + 8 * i; uint64_t v;
                      memcpy(&v, p, 8), hash_number(v), memcmp(values + 8 * (size_t)(entry - 1), &v, 8) == 0)
    } else if (d->width == 4) {
        NUMBER_VALUES(4, const uint8_t *p = l->v->data + 4 * i; uint32_t v;
                      memcpy(&v, p, 4), hash_number(v), memcmp(values + 4 * (size_t)(entry - 1), &v, 4) == 0)
    } else {
        NUMBER_VALUES(len, const uint8_t *p = l->v->data + l->v->offsets[i];
                      uint32_t len = l->v->offsets[i + 1] - l->v->offsets[i], hash_bytes(p, len),
                      offsets[entry] - offsets[entry - 1] == len &&
                          same_bytes(values + offsets[entry - 1], p, len))
    }
    *done = l->to;
    return WH_OK;
}
