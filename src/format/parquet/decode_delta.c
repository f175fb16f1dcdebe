/* format/parquet/decode_delta.c - DELTA_BINARY_PACKED; see decode_delta.h. */
#include "format/parquet/decode_delta.h"

#include "base/mem.h"

static bool zigzag(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    uint64_t v;
    if (!wh_pq_varint(p, end, &v))
        return false;
    *out = v >> 1 ^ (~(v & 1) + 1);
    return true;
}

bool wh_pq_delta_init(struct wh_pq_delta *d, const uint8_t *p, size_t n, unsigned bits)
{
    *d = (struct wh_pq_delta){.p = p, .end = p + n, .max_width = bits, .at_first = true};
    uint64_t block_values, n_minis;
    if (!wh_pq_varint(&d->p, d->end, &block_values) || !wh_pq_varint(&d->p, d->end, &n_minis) ||
        !wh_pq_varint(&d->p, d->end, &d->left) || !zigzag(&d->p, d->end, &d->value))
        return false;
    if (block_values == 0 || block_values > INT32_MAX || n_minis == 0 || block_values % n_minis != 0 ||
        block_values / n_minis % WH_PQ_GROUP != 0)
        return false;
    d->n_minis = d->mini = (uint32_t)n_minis;
    d->mini_values = (uint32_t)(block_values / n_minis);
    return true;
}

static bool next_block(struct wh_pq_delta *d)
{
    if (!zigzag(&d->p, d->end, &d->min_delta) || (size_t)(d->end - d->p) < d->n_minis)
        return false;
    d->widths = d->p;
    d->p += d->n_minis;
    d->mini = 0;
    return true;
}

/* Enters the next miniblock, the current one being used up. It is always whole, the last one padded. */
static bool next_mini(struct wh_pq_delta *d)
{
    if (d->mini == d->n_minis && !next_block(d))
        return false;
    d->width = d->widths[d->mini++];
    d->mini_left = d->mini_values;
    d->skip = 0;
    return d->width <= d->max_width && (uint64_t)d->mini_values / 8 * d->width <= (uint64_t)(d->end - d->p);
}

/* The next n values, all of the group at p: n at most 32 - skip. */
static void read_group(struct wh_pq_delta *d, int64_t *out, uint32_t n)
{
    uint64_t group[WH_PQ_GROUP], value = d->value, min_delta = d->min_delta;
    if (d->width == 0)
        memset(group, 0, sizeof group);
    else
        wh_pq_unpack64(group, d->p, d->width);
    for (uint32_t i = 0; i < n; i++) {
        value += min_delta + group[d->skip + i];
        out[i] = (int64_t)value;
    }
    d->value = value;
    d->mini_left -= n;
    d->skip += n;
    if (d->skip == WH_PQ_GROUP) {
        d->skip = 0;
        d->p += (size_t)WH_PQ_GROUP / 8 * d->width;
    }
}

bool wh_pq_delta_read(struct wh_pq_delta *d, int64_t *out, size_t n)
{
    if (n > d->left)
        return false;
    size_t done = 0;
    d->left -= n;
    if (d->at_first && n > 0) {
        out[done++] = (int64_t)d->value;
        d->at_first = false;
    }
    while (done < n) {
        if (d->mini_left == 0 && !next_mini(d))
            return false;
        size_t step = WH_MIN(n - done, (size_t)WH_PQ_GROUP - d->skip);
        read_group(d, out + done, (uint32_t)step);
        done += step;
    }
    return true;
}

bool wh_pq_delta_read_i32(struct wh_pq_delta *d, int32_t *out, size_t n)
{
    int64_t block[8 * WH_PQ_GROUP];
    for (size_t done = 0; done < n;) {
        size_t step = WH_MIN(n - done, WH_COUNT(block));
        if (!wh_pq_delta_read(d, block, step))
            return false;
        for (size_t i = 0; i < step; i++)
            out[done + i] = (int32_t)(uint32_t)(uint64_t)block[i];
        done += step;
    }
    return true;
}

bool wh_pq_delta_skip(struct wh_pq_delta d, const uint8_t **end)
{
    if (d.at_first && d.left > 0)
        d.left--;
    while (d.left > 0) {
        if (d.mini_left == 0 && !next_mini(&d))
            return false;
        uint64_t step = WH_MIN(d.left, (uint64_t)d.mini_left);
        d.left -= step;
        d.p += (uint64_t)d.mini_left / 8 * d.width; /* only called at the start of miniblocks */
        d.mini_left = 0;
    }
    *end = d.p;
    return true;
}
