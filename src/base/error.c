/* base/error.c - filling and wrapping errors; see wherry/error.h. */
#include "wherry/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void vset(struct wh_error *err, enum wh_status code,
                                                       const char *fmt, va_list args)
{
    *err = (struct wh_error){.code = code};
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
}

enum wh_status wh_fail(struct wh_error *err, enum wh_status code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vset(err, code, fmt, args);
    va_end(args);
    return code;
}

static enum wh_status status_of_errno(int os_errno)
{
    switch (os_errno) {
    case ENOMEM:
        return WH_NOMEM;
    case EACCES:
    case EPERM:
        return WH_AUTH;
    case ENOSPC:
    case EDQUOT:
        return WH_LIMIT;
    default:
        return WH_IO;
    }
}

enum wh_status wh_fail_errno(struct wh_error *err, int os_errno, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vset(err, status_of_errno(os_errno), fmt, args);
    va_end(args);
    err->os_errno = os_errno;
    err->retriable = os_errno == EINTR || os_errno == EAGAIN;
    size_t len = strlen(err->msg);
    char text[128];
    snprintf(err->msg + len, sizeof err->msg - len, ": %s", strerror_r(os_errno, text, sizeof text));
    return err->code;
}

enum wh_status wh_nomem(struct wh_error *err)
{
    return wh_fail(err, WH_NOMEM, "out of memory");
}

enum wh_status wh_wrap(struct wh_error *err, const char *fmt, ...)
{
    char prefix[sizeof err->msg], joined[2 * sizeof err->msg + 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, args);
    va_end(args);
    snprintf(joined, sizeof joined, "%s: %s", prefix, err->msg);
    memcpy(err->msg, joined, sizeof err->msg - 1);
    err->msg[sizeof err->msg - 1] = '\0';
    return err->code;
}

enum wh_status wh_hint(struct wh_error *err, const char *fmt, ...)
{
    if (err->hint[0] == '\0') {
        va_list args;
        va_start(args, fmt);
        vsnprintf(err->hint, sizeof err->hint, fmt, args);
        va_end(args);
    }
    return err->code;
}

const char *wh_status_name(enum wh_status status)
{
    static const char *const names[] = {
        [WH_OK] = "ok",       [WH_END] = "end",     [WH_WIDEN] = "widen",         [WH_CONFIG] = "config",
        [WH_AUTH] = "auth",   [WH_IO] = "io",       [WH_DATA] = "data",           [WH_STATE] = "state",
        [WH_LIMIT] = "limit", [WH_NOMEM] = "nomem", [WH_CANCELLED] = "cancelled", [WH_INTERNAL] = "internal",
    };
    return names[status];
}
