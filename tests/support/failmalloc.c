/* failmalloc.c - preloaded library (LD_PRELOAD) that makes one memory allocation of a program fail.
 *
 * FAILMALLOC_AT=N      the N-th allocation (malloc, calloc, realloc and the aligned ones, counted from 1 over
 * all threads) gives NULL and ENOMEM; 0 or not set: none fails FAILMALLOC_REPORT=F  at exit F gets one line
 * "allocations live": how many were asked for, and how many blocks were not freed, so that a test knows where
 * to end and what leaked
 *
 * Works with glibc, whose __libc_ functions it calls. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static atomic_long fail_at = -1; /* -1: environment not read yet */
static atomic_long n_allocations, n_live;

static bool must_fail(void)
{
    long at = atomic_load(&fail_at);
    if (at < 0) {
        const char *text = getenv("FAILMALLOC_AT"); /* allocates nothing */
        at = text != NULL ? strtol(text, NULL, 10) : 0;
        atomic_store(&fail_at, at);
    }
    if (atomic_fetch_add(&n_allocations, 1) + 1 != at)
        return false;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    if (block != NULL)
        atomic_fetch_add(&n_live, 1);
    return block;
}

void *malloc(size_t size)
{
    return must_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *block, size_t size)
{
    if (must_fail())
        return NULL;
    void *moved = __libc_realloc(block, size);
    if (block == NULL)
        return counted(moved);
    if (moved == NULL && size == 0)
        atomic_fetch_sub(&n_live, 1);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : counted(__libc_memalign(alignment, size));
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block = aligned_alloc(alignment, size);
    if (block == NULL)
        return ENOMEM;
    *out = block;
    return 0;
}

void free(void *block)
{
    if (block != NULL)
        atomic_fetch_sub(&n_live, 1);
    __libc_free(block);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FAILMALLOC_REPORT");
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd < 0)
        return;
    char line[64];
    int n = snprintf(line, sizeof(line), "%ld %ld\n", atomic_load(&n_allocations), atomic_load(&n_live));
    ssize_t written = write(fd, line, (size_t)n);
    (void)written;
    (void)close(fd);
}
