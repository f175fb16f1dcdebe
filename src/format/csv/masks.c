/* format/csv/masks.c - see format/csv/masks.h.
 *
 * Each instruction set has its own classify loop and plain-run loop; what they share is the bytes they look
 * for. A dialect without quotes looks for its newline instead and drops the result. */
#include "format/csv/masks.h"

#include "base/bytes.h"
#include "base/mem.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Bytes to look for. */
struct needles {
    uint8_t quote, escape, delimiter, newline, stray;
};

static struct needles needles_of(const struct wh_csv_dialect *d)
{
    struct needles n = {.delimiter = d->delimiter, .newline = d->newline, .stray = wh_csv_stray(d)};
    n.quote = d->quote == WH_CSV_NONE ? d->newline : (uint8_t)d->quote;
    n.escape = d->escape == WH_CSV_NONE ? n.quote : (uint8_t)d->escape;
    return n;
}

/* ---- portable: eight bytes at a time in a 64-bit word ------------------------------------------- */

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define LOW_BITS UINT64_C(0x7f7f7f7f7f7f7f7f)

/* Bit i of the result: byte i of v equals the byte that `all` repeats. */
static inline unsigned equal8(uint64_t v, uint64_t all)
{
    uint64_t x = v ^ all;
    uint64_t zero = ~(((x & LOW_BITS) + LOW_BITS) | x | LOW_BITS);
    return (unsigned)((zero >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

static void classify_portable(struct needles n, const uint8_t *text, size_t n_words, struct wh_csv_span *out)
{
    uint64_t high = 0, quotes = 0, nuls = 0;
    uint32_t strays = 0;
    for (size_t w = 0; w < n_words; w++) {
        uint64_t quote = 0, sep = 0, newline = 0;
        for (unsigned i = 0; i < 64; i += 8) {
            uint64_t v = wh_get_le64(text + 64 * w + i);
            uint64_t nl = equal8(v, EACH_BYTE * n.newline);
            quote |= (uint64_t)(equal8(v, EACH_BYTE * n.quote) | equal8(v, EACH_BYTE * n.escape)) << i;
            sep |= (equal8(v, EACH_BYTE * n.delimiter) | nl) << i;
            newline |= nl << i;
            strays += (uint32_t)__builtin_popcount(equal8(v, EACH_BYTE * n.stray));
            nuls |= equal8(v, 0);
            high |= v;
        }
        out->quote[w] = quote;
        out->sep[w] = sep;
        out->newline[w] = newline;
        quotes |= quote;
    }
    out->strays = strays;
    out->quoted = quotes != 0;
    out->high = (high & ~LOW_BITS) != 0;
    out->nul = nuls != 0;
}

static size_t plain_run_portable(struct needles n, const uint8_t *text, size_t n_words, uint64_t *newlines)
{
    size_t w = 0;
    for (; w < n_words; w++) {
        unsigned quote = 0, lines = 0;
        for (unsigned i = 0; i < 64; i += 8) {
            uint64_t v = wh_get_le64(text + 64 * w + i);
            quote |= equal8(v, EACH_BYTE * n.quote) | equal8(v, EACH_BYTE * n.escape);
            lines += (unsigned)__builtin_popcount(equal8(v, EACH_BYTE * n.newline));
        }
        if (quote != 0)
            break;
        *newlines += lines;
    }
    return w * 64;
}

/* Eight positions at a time: the ones too many are overwritten by the next word's. */
static inline uint32_t *put_positions(const uint64_t *words, size_t n_words, uint32_t base, uint32_t *out)
{
    for (size_t w = 0; w < n_words; w++, base += 64) {
        uint64_t bits = words[w];
        uint32_t *end = out + __builtin_popcountll(bits);
        for (; out < end; out += 8) {
            for (unsigned i = 0; i < 8; i++) {
                out[i] = base + (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
                bits &= bits - 1;
            }
        }
        out = end;
    }
    return out;
}

static inline uint64_t sum_bits(const uint64_t *words, size_t n_words)
{
    uint64_t n = 0;
    for (size_t w = 0; w < n_words; w++)
        n += (uint64_t)__builtin_popcountll(words[w]);
    return n;
}

/* ---- x86-64 ------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

#define LOAD128(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define LOAD256(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))

static inline uint64_t join4(const __m128i m[4])
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(m[0]) | (uint64_t)(uint32_t)_mm_movemask_epi8(m[1]) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(m[2]) << 32 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(m[3]) << 48;
}

static inline uint64_t sum128(__m128i counts)
{
    __m128i sums = _mm_sad_epu8(counts, _mm_setzero_si128());
    return (uint64_t)_mm_cvtsi128_si64(sums) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
}

static void classify_sse2(struct needles n, const uint8_t *text, size_t n_words, struct wh_csv_span *out)
{
    const __m128i quote = _mm_set1_epi8((char)n.quote), escape = _mm_set1_epi8((char)n.escape),
                  delimiter = _mm_set1_epi8((char)n.delimiter), newline = _mm_set1_epi8((char)n.newline),
                  stray = _mm_set1_epi8((char)n.stray);
    __m128i any = _mm_setzero_si128(), least = _mm_set1_epi8(-1);
    uint64_t quotes = 0, strays = 0;
    for (size_t w = 0; w < n_words; w++) {
        __m128i q[4], s[4], l[4], counts = _mm_setzero_si128();
        for (size_t i = 0; i < 4; i++) {
            __m128i v = LOAD128(text + 64 * w + 16 * i);
            q[i] = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape));
            l[i] = _mm_cmpeq_epi8(v, newline);
            s[i] = _mm_or_si128(_mm_cmpeq_epi8(v, delimiter), l[i]);
            counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(v, stray));
            any = _mm_or_si128(any, v);
            least = _mm_min_epu8(least, v);
        }
        out->quote[w] = join4(q);
        out->sep[w] = join4(s);
        out->newline[w] = join4(l);
        quotes |= out->quote[w];
        strays += sum128(counts);
    }
    out->strays = (uint32_t)strays;
    out->quoted = quotes != 0;
    out->high = _mm_movemask_epi8(any) != 0;
    out->nul = _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0;
}

static size_t plain_run_sse2(struct needles n, const uint8_t *text, size_t n_words, uint64_t *newlines)
{
    const __m128i quote = _mm_set1_epi8((char)n.quote), escape = _mm_set1_epi8((char)n.escape),
                  newline = _mm_set1_epi8((char)n.newline);
    size_t w = 0;
    for (; w < n_words; w++) {
        __m128i found = _mm_setzero_si128(), lines = _mm_setzero_si128();
        for (size_t i = 0; i < 4; i++) {
            __m128i v = LOAD128(text + 64 * w + 16 * i);
            found = _mm_or_si128(found, _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape)));
            lines = _mm_sub_epi8(lines, _mm_cmpeq_epi8(v, newline));
        }
        if (_mm_movemask_epi8(found) != 0)
            break;
        *newlines += sum128(lines);
    }
    return w * 64;
}

__attribute__((target("avx2"))) static inline uint64_t join2(__m256i low, __m256i high)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                               << 32;
}

__attribute__((target("avx2"))) static inline uint64_t sum256(__m256i counts)
{
    __m256i sums = _mm256_sad_epu8(counts, _mm256_setzero_si256());
    return (uint64_t)_mm256_extract_epi64(sums, 0) + (uint64_t)_mm256_extract_epi64(sums, 1) +
           (uint64_t)_mm256_extract_epi64(sums, 2) + (uint64_t)_mm256_extract_epi64(sums, 3);
}

/* Counts of strays stay below 256 a byte because a span has two times 64 vectors. */
__attribute__((target("avx2"))) static void classify_avx2(struct needles n, const uint8_t *text,
                                                          size_t n_words, struct wh_csv_span *out)
{
    const __m256i quote = _mm256_set1_epi8((char)n.quote), escape = _mm256_set1_epi8((char)n.escape),
                  delimiter = _mm256_set1_epi8((char)n.delimiter),
                  newline = _mm256_set1_epi8((char)n.newline), stray = _mm256_set1_epi8((char)n.stray);
    __m256i any = _mm256_setzero_si256(), least = _mm256_set1_epi8(-1), strays = any;
    uint64_t quotes = 0;
    for (size_t w = 0; w < n_words; w++) {
        __m256i a = LOAD256(text + 64 * w), b = LOAD256(text + 64 * w + 32);
        __m256i la = _mm256_cmpeq_epi8(a, newline), lb = _mm256_cmpeq_epi8(b, newline);
        __m256i qa = _mm256_or_si256(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(a, escape));
        __m256i qb = _mm256_or_si256(_mm256_cmpeq_epi8(b, quote), _mm256_cmpeq_epi8(b, escape));
        __m256i sa = _mm256_or_si256(_mm256_cmpeq_epi8(a, delimiter), la);
        __m256i sb = _mm256_or_si256(_mm256_cmpeq_epi8(b, delimiter), lb);
        strays = _mm256_sub_epi8(_mm256_sub_epi8(strays, _mm256_cmpeq_epi8(a, stray)),
                                 _mm256_cmpeq_epi8(b, stray));
        any = _mm256_or_si256(any, _mm256_or_si256(a, b));
        least = _mm256_min_epu8(least, _mm256_min_epu8(a, b));
        out->quote[w] = join2(qa, qb);
        out->sep[w] = join2(sa, sb);
        out->newline[w] = join2(la, lb);
        quotes |= out->quote[w];
    }
    out->strays = (uint32_t)sum256(strays);
    out->quoted = quotes != 0;
    out->high = _mm256_movemask_epi8(any) != 0;
    out->nul = _mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) != 0;
}

__attribute__((target("avx2"))) static size_t plain_run_avx2(struct needles n, const uint8_t *text,
                                                             size_t n_words, uint64_t *newlines)
{
    const __m256i quote = _mm256_set1_epi8((char)n.quote), escape = _mm256_set1_epi8((char)n.escape),
                  newline = _mm256_set1_epi8((char)n.newline);
    size_t w = 0;
    while (w < n_words) {
        __m256i lines = _mm256_setzero_si256();
        size_t end = WH_MIN(n_words, w + 64), at = w;
        for (; at < end; at++) {
            __m256i a = LOAD256(text + 64 * at), b = LOAD256(text + 64 * at + 32);
            __m256i found =
                _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote)),
                                _mm256_or_si256(_mm256_cmpeq_epi8(a, escape), _mm256_cmpeq_epi8(b, escape)));
            if (!_mm256_testz_si256(found, found))
                break;
            lines = _mm256_sub_epi8(_mm256_sub_epi8(lines, _mm256_cmpeq_epi8(a, newline)),
                                    _mm256_cmpeq_epi8(b, newline));
        }
        *newlines += sum256(lines);
        w = at;
        if (at < end)
            break;
    }
    return w * 64;
}

/* The same loops with the instructions that count and find bits. */
__attribute__((target("avx2,bmi,popcnt"))) static uint32_t *
positions_avx2(const uint64_t *words, size_t n_words, uint32_t base, uint32_t *out)
{
    return put_positions(words, n_words, base, out);
}

__attribute__((target("avx2,bmi,popcnt"))) static uint64_t count_bits_avx2(const uint64_t *words,
                                                                           size_t n_words)
{
    return sum_bits(words, n_words);
}
#endif

/* ---- choice ------------------------------------------------------------------------------------- */

enum wh_csv_level wh_csv_best_level(void)
{
#if defined(__x86_64__)
    bool bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
    return bits && __builtin_cpu_supports("avx2") ? WH_CSV_AVX2 : WH_CSV_SSE2;
#else
    return WH_CSV_PORTABLE;
#endif
}

static void classify(enum wh_csv_level level, struct needles n, const uint8_t *text, size_t n_words,
                     struct wh_csv_span *out)
{
#if defined(__x86_64__)
    if (level == WH_CSV_AVX2)
        classify_avx2(n, text, n_words, out);
    else if (level == WH_CSV_SSE2)
        classify_sse2(n, text, n_words, out);
    else
#endif
        classify_portable(n, text, n_words, out);
    (void)level;
}

void wh_csv_classify(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                     size_t n_words, struct wh_csv_span *out)
{
    classify(level, needles_of(d), text, n_words, out);
    if (d->quote == WH_CSV_NONE) {
        memset(out->quote, 0, n_words * sizeof out->quote[0]);
        out->quoted = false;
    }
}

void wh_csv_classify_tail(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                          size_t n, struct wh_csv_span *out)
{
    uint8_t word[64];
    memset(word, ' ', sizeof word);
    memcpy(word, text, n);
    wh_csv_classify(level, d, word, 1, out);
    uint64_t there = (UINT64_C(1) << n) - 1;
    out->quote[0] &= there;
    out->sep[0] &= there;
    out->newline[0] &= there;
    out->quoted = out->quote[0] != 0;
}

size_t wh_csv_plain_run(enum wh_csv_level level, const struct wh_csv_dialect *d, const uint8_t *text,
                        size_t n, uint64_t *newlines)
{
    struct needles needles = needles_of(d);
    if (d->quote == WH_CSV_NONE) {
        *newlines += wh_csv_count(text, n / 64 * 64, d->newline);
        return n / 64 * 64;
    }
#if defined(__x86_64__)
    if (level == WH_CSV_AVX2)
        return plain_run_avx2(needles, text, n / 64, newlines);
    if (level == WH_CSV_SSE2)
        return plain_run_sse2(needles, text, n / 64, newlines);
#endif
    (void)level;
    return plain_run_portable(needles, text, n / 64, newlines);
}

uint32_t *wh_csv_positions(enum wh_csv_level level, const uint64_t *words, size_t n_words, uint32_t base,
                           uint32_t *out)
{
#if defined(__x86_64__)
    if (level == WH_CSV_AVX2)
        return positions_avx2(words, n_words, base, out);
#endif
    (void)level;
    return put_positions(words, n_words, base, out);
}

uint64_t wh_csv_count_bits(enum wh_csv_level level, const uint64_t *words, size_t n_words)
{
#if defined(__x86_64__)
    if (level == WH_CSV_AVX2)
        return count_bits_avx2(words, n_words);
#endif
    (void)level;
    return sum_bits(words, n_words);
}

uint64_t wh_csv_count(const uint8_t *text, size_t n, uint8_t byte)
{
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        count += (uint64_t)__builtin_popcount(equal8(wh_get_le64(text + i), EACH_BYTE * byte));
    for (; i < n; i++)
        count += text[i] == byte;
    return count;
}
