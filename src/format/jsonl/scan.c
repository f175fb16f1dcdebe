/* format/jsonl/scan.c - the kernels behind scan.h: portable, SSE2, AVX2. */
#include "format/jsonl/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Brackets differ from braces in one bit only: with it set, '[' is '{' and ']' is '}'. */
#define BRACKET_BIT 0x20

static void classify_portable(struct wh_jsonl_masks *out, const uint8_t *block, uint8_t separator)
{
    struct wh_jsonl_masks m = {0};
    for (unsigned i = 0; i < 64; i++) {
        uint8_t b = block[i], folded = b | BRACKET_BIT;
        m.quote |= (uint64_t)(b == '"') << i;
        m.backslash |= (uint64_t)(b == '\\') << i;
        m.open |= (uint64_t)(folded == '{') << i;
        m.close |= (uint64_t)(folded == '}') << i;
        m.separator |= (uint64_t)(b == separator) << i;
    }
    *out = m;
}

static uint64_t count_portable(const uint8_t *p, size_t n, uint8_t byte)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += p[i] == byte;
    return count;
}

static const struct wh_jsonl_kernels portable = {"portable", classify_portable, count_portable};

#if defined(__x86_64__)

static inline uint64_t equal64_sse2(const __m128i v[4], uint8_t byte)
{
    __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t mask = 0;
    for (unsigned i = 0; i < 4; i++)
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], wanted)) << 16 * i;
    return mask;
}

static void classify_sse2(struct wh_jsonl_masks *out, const uint8_t *block, uint8_t separator)
{
    __m128i v[4], folded[4];
    for (unsigned i = 0; i < 4; i++) {
        v[i] = _mm_loadu_si128((const __m128i *)(const void *)(block + (size_t)16 * i));
        folded[i] = _mm_or_si128(v[i], _mm_set1_epi8(BRACKET_BIT));
    }
    *out = (struct wh_jsonl_masks){.quote = equal64_sse2(v, '"'),
                                   .backslash = equal64_sse2(v, '\\'),
                                   .open = equal64_sse2(folded, '{'),
                                   .close = equal64_sse2(folded, '}'),
                                   .separator = equal64_sse2(v, separator)};
}

static uint64_t count_sse2(const uint8_t *p, size_t n, uint8_t byte)
{
    __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        count += (unsigned)__builtin_popcount((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, wanted)));
    }
    return count + count_portable(p + i, n - i, byte);
}

static const struct wh_jsonl_kernels sse2 = {"sse2", classify_sse2, count_sse2};

__attribute__((target("avx2"))) static inline uint64_t equal64_avx2(__m256i a, __m256i b, uint8_t byte)
{
    __m256i wanted = _mm256_set1_epi8((char)byte);
    uint64_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, wanted));
    uint64_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, wanted));
    return low | high << 32;
}

__attribute__((target("avx2"))) static void classify_avx2(struct wh_jsonl_masks *out, const uint8_t *block,
                                                          uint8_t separator)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)block);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));
    __m256i bit = _mm256_set1_epi8(BRACKET_BIT);
    __m256i folded_a = _mm256_or_si256(a, bit), folded_b = _mm256_or_si256(b, bit);
    *out = (struct wh_jsonl_masks){.quote = equal64_avx2(a, b, '"'),
                                   .backslash = equal64_avx2(a, b, '\\'),
                                   .open = equal64_avx2(folded_a, folded_b, '{'),
                                   .close = equal64_avx2(folded_a, folded_b, '}'),
                                   .separator = equal64_avx2(a, b, separator)};
}

__attribute__((target("avx2,popcnt"))) static uint64_t count_avx2(const uint8_t *p, size_t n, uint8_t byte)
{
    __m256i wanted = _mm256_set1_epi8((char)byte);
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        count += (unsigned)__builtin_popcount((unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, wanted)));
    }
    return count + count_portable(p + i, n - i, byte);
}

static const struct wh_jsonl_kernels avx2 = {"avx2", classify_avx2, count_avx2};

static const struct wh_jsonl_kernels *const without_avx2[] = {&portable, &sse2, NULL};
static const struct wh_jsonl_kernels *const with_avx2[] = {&portable, &sse2, &avx2, NULL};

const struct wh_jsonl_kernels *const *wh_jsonl_all_kernels(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? with_avx2 : without_avx2;
}

#else

static const struct wh_jsonl_kernels *const portable_only[] = {&portable, NULL};

const struct wh_jsonl_kernels *const *wh_jsonl_all_kernels(void)
{
    return portable_only;
}

#endif

const struct wh_jsonl_kernels *wh_jsonl_kernels(void)
{
    const struct wh_jsonl_kernels *const *last = wh_jsonl_all_kernels();
    while (last[1] != NULL)
        last++;
    return *last;
}
