/* format/csv/encoding.c - see format/csv/encoding.h. Windows-1252 as in the WHATWG Encoding standard: the
 * five bytes without a letter are the C1 controls of the same number. */
#include "format/csv/encoding.h"

#include <strings.h>

#include "base/bytes.h"
#include "base/mem.h"

static const struct {
    const char *name;
    enum wh_csv_encoding encoding;
} names[] = {
    {"utf-8", WH_CSV_UTF_8},     {"utf-16le", WH_CSV_UTF_16LE},         {"utf-16be", WH_CSV_UTF_16BE},
    {"latin-1", WH_CSV_LATIN_1}, {"windows-1252", WH_CSV_WINDOWS_1252},
};

bool wh_csv_encoding_find(const char *name, enum wh_csv_encoding *out)
{
    for (size_t i = 0; i < WH_COUNT(names); i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            *out = names[i].encoding;
            return true;
        }
    }
    return false;
}

const char *wh_csv_encoding_name(enum wh_csv_encoding e)
{
    return names[e].name;
}

/* ---- guessing ----------------------------------------------------------------------------------- */

/* Length of the valid UTF-8 sequence of two bytes or more at p, 0 when there is none. *cut: the text ends
 * before the sequence does. */
static size_t sequence_at(const uint8_t *p, const uint8_t *end, bool *cut)
{
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    *cut = false;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (p + i == end) {
            *cut = true;
            return 0;
        }
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : n;
}

void wh_csv_encoding_look(struct wh_csv_encoding_clues *c, struct wh_slice piece, uint64_t offset)
{
    const uint8_t *start = (const uint8_t *)piece.ptr, *end = start + piece.len, *p = start;
    while (offset > 0 && p < end && p - start < 3 && (*p & 0xc0) == 0x80)
        p++; /* the rest of a sequence that was cut */
    c->bytes += piece.len;
    while (p < end) {
        if (*p < 0x80) {
            if (*p == 0)
                *(((uint64_t)(p - start) + offset) % 2 == 0 ? &c->even_zeros : &c->odd_zeros) += 1;
            p++;
            continue;
        }
        bool cut;
        size_t n = sequence_at(p, end, &cut);
        if (cut)
            break;
        c->sequences += n > 0;
        c->invalid += n == 0;
        c->controls += n == 0 && *p < 0xa0;
        p += n == 0 ? 1 : n;
    }
}

enum wh_csv_encoding wh_csv_encoding_guess(const struct wh_csv_encoding_clues *c)
{
    /* Latin text in UTF-16 has a zero in nearly every second byte. */
    if (c->odd_zeros > c->bytes / 5 && c->even_zeros * 20 < c->odd_zeros)
        return WH_CSV_UTF_16LE;
    if (c->even_zeros > c->bytes / 5 && c->odd_zeros * 20 < c->even_zeros)
        return WH_CSV_UTF_16BE;
    /* A few broken bytes in a text full of sound sequences are damage, not another encoding. */
    if (c->invalid == 0 || c->sequences > 4 * c->invalid)
        return WH_CSV_UTF_8;
    return c->controls > 0 ? WH_CSV_WINDOWS_1252 : WH_CSV_LATIN_1;
}

bool wh_csv_encoding_of_mark(struct wh_slice head, enum wh_csv_encoding *out)
{
    static const struct {
        const char *mark;
        size_t len;
        enum wh_csv_encoding encoding;
    } marks[] = {{"\xef\xbb\xbf", 3, WH_CSV_UTF_8},
                 {"\xff\xfe", 2, WH_CSV_UTF_16LE},
                 {"\xfe\xff", 2, WH_CSV_UTF_16BE}};
    for (size_t i = 0; i < WH_COUNT(marks); i++) {
        if (head.len >= marks[i].len && memcmp(head.ptr, marks[i].mark, marks[i].len) == 0) {
            *out = marks[i].encoding;
            return true;
        }
    }
    return false;
}

/* ---- decoding ----------------------------------------------------------------------------------- */

/* Bytes 0x80 to 0x9f of Windows-1252. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

/* Surrogates are written like any other code point, which makes the text invalid on purpose. */
static uint8_t *put_code_point(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (uint8_t)c;
    } else if (c < 0x800) {
        *out++ = (uint8_t)(0xc0 | c >> 6);
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (uint8_t)(0xe0 | c >> 12);
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    } else {
        *out++ = (uint8_t)(0xf0 | c >> 18);
        *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    }
    return out;
}

static uint8_t *decode_bytes(uint8_t *out, const uint8_t *p, size_t n, bool windows)
{
    size_t i = 0;
    while (i < n) {
        uint64_t v = i + 8 <= n ? wh_get_le64(p + i) : UINT64_MAX;
        if ((v & UINT64_C(0x8080808080808080)) == 0) {
            memcpy(out, p + i, 8);
            out += 8;
            i += 8;
            continue;
        }
        uint32_t c = p[i++];
        out = put_code_point(out, windows && c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c);
    }
    return out;
}

static uint32_t unit_at(const uint8_t *p, bool big)
{
    return big ? (uint32_t)(p[0] << 8 | p[1]) : (uint32_t)(p[1] << 8 | p[0]);
}

static uint8_t *decode_utf_16(uint8_t *out, const uint8_t *p, size_t n, bool big, bool last, size_t *used)
{
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        uint32_t c = unit_at(p + i, big);
        bool high = c >= 0xd800 && c < 0xdc00;
        if (high && i + 4 > n && !last)
            break;
        uint32_t low = high && i + 4 <= n ? unit_at(p + i + 2, big) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        out = put_code_point(out, c);
    }
    if (last && i < n) {
        *out++ = 0xff;
        i = n;
    }
    *used = i;
    return out;
}

enum wh_status wh_csv_decode(enum wh_csv_encoding e, struct wh_slice text, bool last, struct wh_buffer *out,
                             size_t *used, struct wh_error *err)
{
    const uint8_t *p = (const uint8_t *)text.ptr;
    WH_TRY(wh_buffer_reserve(out, 3 * text.len, err));
    uint8_t *end = out->data + out->size;
    *used = text.len;
    switch (e) {
    case WH_CSV_UTF_8:
        memcpy(end, p, text.len);
        end += text.len;
        break;
    case WH_CSV_UTF_16LE:
    case WH_CSV_UTF_16BE:
        end = decode_utf_16(end, p, text.len, e == WH_CSV_UTF_16BE, last, used);
        break;
    case WH_CSV_LATIN_1:
    case WH_CSV_WINDOWS_1252:
        end = decode_bytes(end, p, text.len, e == WH_CSV_WINDOWS_1252);
        break;
    }
    out->size = (size_t)(end - out->data);
    return WH_OK;
}
