/* base/bytes.h - little-endian numbers in byte strings, bit maps. Works unaligned and on any machine. */
#pragma once
#include <stdint.h>
#include <string.h>

#include "wherry/bytes.h"

static inline uint16_t wh_get_le16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}
static inline uint32_t wh_get_le32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static inline uint64_t wh_get_le64(const void *p)
{
    return (uint64_t)wh_get_le32(p) | (uint64_t)wh_get_le32((const uint8_t *)p + 4) << 32;
}
static inline void wh_put_le32(void *p, uint32_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
    b[2] = (uint8_t)(v >> 16);
    b[3] = (uint8_t)(v >> 24);
}
static inline void wh_put_le64(void *p, uint64_t v)
{
    wh_put_le32(p, (uint32_t)v);
    wh_put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

/* Bit i of an Arrow bit map. */
static inline bool wh_bit_get(const uint8_t *map, int64_t i)
{
    return (map[i >> 3] >> (i & 7) & 1) != 0;
}
static inline void wh_bit_set(uint8_t *map, int64_t i)
{
    map[i >> 3] = (uint8_t)(map[i >> 3] | 1u << (i & 7));
}
static inline void wh_bit_clear(uint8_t *map, int64_t i)
{
    map[i >> 3] = (uint8_t)(map[i >> 3] & ~(1u << (i & 7)));
}
/* Bytes that n bits need. */
static inline size_t wh_bitmap_bytes(int64_t n)
{
    return (size_t)((n + 7) / 8);
}
/* Set bits in [0, n). */
int64_t wh_bitmap_count(const uint8_t *map, int64_t n);

/* Buffers without a status: true when there was room or it could be made. For inner loops that reserve
 * once per block and then write. */
static inline void wh_buffer_put(struct wh_buffer *b, const void *bytes, size_t n)
{
    memcpy(b->data + b->size, bytes, n);
    b->size += n;
}

static inline enum wh_status wh_buffer_append_text(struct wh_buffer *b, const char *text,
                                                   struct wh_error *err)
{
    return wh_buffer_append(b, text, strlen(text), err);
}
/* printf behind the buffer's end; no NUL is counted. */
enum wh_status wh_buffer_printf(struct wh_buffer *b, struct wh_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The contents as a NUL-ended string, the buffer empty afterwards. */
enum wh_status wh_buffer_take_text(char **out, struct wh_buffer *b, struct wh_error *err);
