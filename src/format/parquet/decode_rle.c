/* format/parquet/decode_rle.c - the RLE/bit-packing hybrid; see decode_rle.h. */
#include "format/parquet/decode_rle.h"

#include "base/bytes.h"
#include "base/mem.h"

void wh_pq_rle_init(struct wh_pq_rle *r, const uint8_t *p, size_t n, unsigned width)
{
    *r = (struct wh_pq_rle){.p = p, .end = p + n, .width = width};
    if (width == 0) /* all values are 0; writers differ in whether they spell the runs out */
        r->left = UINT32_MAX;
}

void wh_pq_rle_init_legacy(struct wh_pq_rle *r, const uint8_t *p, size_t n, unsigned width, uint32_t n_values)
{
    wh_pq_rle_init(r, p, n, width);
    if (width > 0) {
        r->is_packed = r->is_legacy = true;
        r->left = (uint32_t)WH_MIN((uint64_t)n * 8 / width, n_values);
    }
}

/* Some writers cut the last packed run behind its last value; what is there counts. */
static void enter_packed(struct wh_pq_rle *r, uint64_t groups)
{
    uint64_t bytes = (uint64_t)(r->end - r->p);
    uint64_t values = groups * 8;
    if (groups * r->width > bytes)
        values = bytes * 8 / r->width;
    r->left = (uint32_t)WH_MIN(values, UINT32_MAX);
}

static bool enter_repeated(struct wh_pq_rle *r, uint64_t count)
{
    size_t bytes = (r->width + 7) / 8;
    if ((size_t)(r->end - r->p) < bytes)
        return false;
    uint64_t mask = (UINT64_C(1) << r->width) - 1;
    uint64_t value = wh_pq_load64(r->p) & ((UINT64_C(1) << (8 * bytes)) - 1);
    if (value > mask)
        return false;
    r->value = (uint32_t)value;
    r->p += bytes;
    r->left = (uint32_t)count;
    return true;
}

bool wh_pq_rle_run(struct wh_pq_rle *r)
{
    while (r->left == 0) {
        if (r->is_legacy)
            return false;
        if (r->is_packed && r->skip > 0) { /* the rest of the last group is padding */
            r->p += WH_MIN((size_t)r->width, (size_t)(r->end - r->p));
            r->skip = 0;
        }
        uint64_t header;
        if (r->p >= r->end || !wh_pq_varint(&r->p, r->end, &header) || header > UINT32_MAX)
            return false;
        r->is_packed = (header & 1) != 0;
        if (r->is_packed)
            enter_packed(r, header >> 1);
        else if (!enter_repeated(r, header >> 1))
            return false;
    }
    return true;
}

/* Value i of the group at p, most significant bit first. */
static uint32_t legacy_value(const uint8_t *p, unsigned width, unsigned i)
{
    uint32_t v = 0;
    for (unsigned bit = i * width; bit < (i + 1) * width; bit++)
        v = v << 1 | ((uint32_t)p[bit / 8] >> (7 - bit % 8) & 1u);
    return v;
}

/* Unpacks values [skip, skip + n) of the group at p; n at most 8 - skip. */
static void unpack_within(struct wh_pq_rle *r, uint32_t *out, uint32_t n)
{
    uint32_t group[8];
    if (r->is_legacy)
        for (unsigned i = r->skip; i < r->skip + n; i++)
            group[i] = legacy_value(r->p, r->width, i);
    else
        wh_pq_unpack_some(group, r->p, r->width, r->skip + n);
    memcpy(out, group + r->skip, n * sizeof *out);
    r->skip += n;
    if (r->skip == 8) {
        r->skip = 0;
        r->p += r->width;
    }
}

/* The next n values of a packed run that has them. */
static void read_packed(struct wh_pq_rle *r, uint32_t *restrict out, size_t n)
{
    size_t done = 0;
    r->left -= (uint32_t)n;
    if (r->skip > 0) {
        done = WH_MIN(n, 8 - r->skip);
        unpack_within(r, out, (uint32_t)done);
    }
    for (; !r->is_legacy && n - done >= WH_PQ_GROUP; done += WH_PQ_GROUP) {
        wh_pq_unpack32(out + done, r->p, r->width);
        r->p += (size_t)WH_PQ_GROUP / 8 * r->width;
    }
    while (done < n) {
        size_t step = WH_MIN(n - done, 8);
        unpack_within(r, out + done, (uint32_t)step);
        done += step;
    }
}

bool wh_pq_rle_read(struct wh_pq_rle *r, uint32_t *out, size_t n)
{
    for (size_t done = 0; done < n;) {
        if (!wh_pq_rle_run(r))
            return false;
        size_t step = WH_MIN(n - done, r->left);
        if (r->is_packed) {
            read_packed(r, out + done, step);
        } else {
            for (size_t i = 0; i < step; i++)
                out[done + i] = r->value;
            r->left -= (uint32_t)step;
        }
        done += step;
    }
    return true;
}

bool wh_pq_rle_read_u8(struct wh_pq_rle *r, uint8_t *out, size_t n)
{
    for (size_t done = 0; done < n;) {
        if (!wh_pq_rle_run(r))
            return false;
        size_t step = WH_MIN(n - done, r->left);
        if (r->is_packed) {
            uint32_t block[256];
            step = WH_MIN(step, WH_COUNT(block));
            read_packed(r, block, step);
            for (size_t i = 0; i < step; i++)
                out[done + i] = (uint8_t)block[i];
        } else {
            memset(out + done, (uint8_t)r->value, step);
            r->left -= (uint32_t)step;
        }
        done += step;
    }
    return true;
}

static int64_t count_range(const uint8_t *map, int64_t at, int64_t n)
{
    int64_t ones = 0;
    for (; n > 0 && at % 8 != 0; at++, n--)
        ones += wh_bit_get(map, at);
    return ones + wh_bitmap_count(map + at / 8, n);
}

bool wh_pq_rle_read_bits(struct wh_pq_rle *r, uint8_t *map, int64_t at, int64_t n, int64_t *ones)
{
    while (n > 0) {
        if (!wh_pq_rle_run(r))
            return false;
        int64_t step = WH_MIN(n, (int64_t)r->left);
        if (!r->is_packed) {
            wh_pq_fill_bits(map, at, step, r->value != 0);
            *ones += r->value != 0 ? step : 0;
        } else if (r->is_legacy) {
            for (int64_t i = 0; i < step; i++)
                wh_pq_fill_bits(map, at + i, 1, legacy_value(r->p, 1, r->skip + (unsigned)i) != 0);
            *ones += count_range(map, at, step);
        } else {
            wh_pq_copy_bits(map, at, r->p, r->skip, step);
            *ones += count_range(map, at, step);
        }
        if (r->is_packed) {
            r->p += ((int64_t)r->skip + step) / 8;
            r->skip = (uint32_t)(((int64_t)r->skip + step) % 8);
        }
        r->left -= (uint32_t)step;
        at += step;
        n -= step;
    }
    return true;
}
