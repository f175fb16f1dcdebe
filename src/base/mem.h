/* base/mem.h - checked allocation and clean-up of locals. */
#pragma once
#include <stdlib.h>
#include <string.h>

#include "wherry/bytes.h"

#define WH_COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* An argument may be evaluated twice: no calls in them. */
#define WH_MIN(a, b) ((a) < (b) ? (a) : (b))
#define WH_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Runs fn on the address of the variable when it goes out of scope. */
#define WH_CLEANUP(fn) __attribute__((cleanup(fn)))
/* Moves a pointer out of a variable, so that its clean-up finds NULL. */
#define WH_TAKE(p)                                                                                           \
    __extension__({                                                                                          \
        __typeof__(p) wh_taken = (p);                                                                        \
        (p) = NULL;                                                                                          \
        wh_taken;                                                                                            \
    })

/* Zeroed memory for n objects of a size; NULL without memory or when the product overflows. Freed with
 * free(). */
static inline void *wh_alloc_array(size_t n, size_t size)
{
    return calloc(n == 0 ? 1 : n, size);
}
static inline void *wh_alloc(size_t size)
{
    return wh_alloc_array(1, size);
}
/* As reallocarray: the old block stays when NULL is returned; new memory is not zeroed. */
static inline void *wh_realloc_array(void *p, size_t n, size_t size)
{
    return reallocarray(p, n == 0 ? 1 : n, size);
}

static inline void wh_freep(void *p)
{
    free(*(void **)p);
}

/* Copies text into owned memory. */
enum wh_status wh_strdup(char **out, const char *text, struct wh_error *err);
enum wh_status wh_strndup(char **out, const char *text, size_t len, struct wh_error *err);
/* Copies a NULL-ended list of strings (NULL gives NULL); freed with wh_strv_free. */
enum wh_status wh_strv_dup(char ***out, const char *const *list, struct wh_error *err);
void wh_strv_free(char **list);
size_t wh_strv_len(const char *const *list);

/* Overflow-checked arithmetic on outside values; false on overflow. */
#define wh_add(a, b, out) (!__builtin_add_overflow((a), (b), (out)))
#define wh_sub(a, b, out) (!__builtin_sub_overflow((a), (b), (out)))
#define wh_mul(a, b, out) (!__builtin_mul_overflow((a), (b), (out)))

static inline struct wh_slice wh_slice(const char *ptr, size_t len)
{
    return (struct wh_slice){ptr, len};
}
static inline struct wh_slice wh_slice_of(const char *text)
{
    return (struct wh_slice){text, strlen(text)};
}
static inline bool wh_slice_eq(struct wh_slice a, struct wh_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
