/* wherry/error.h - status codes and the error that travels with them.
 *
 * The place that detects a failure fills the error (wh_fail), each layer that knows more puts its
 * words in front (wh_wrap), and the job, request or command at the top reports it once. The struct
 * lives on the caller's stack, is never NULL, allocates nothing and must never hold a secret.
 *
 * Text: lower case, no full stop, `could not <do> "<object>": <reason>`; the remedy goes into hint. */
#pragma once
#include <stdbool.h>

/* Who can act on a failure. WH_END and WH_WIDEN are answers, not failures: they leave the error empty. */
enum wh_status {
    WH_OK = 0,
    WH_END,       /* no more items */
    WH_WIDEN,     /* a value does not fit an inferred type: widen the stream and start it again */
    WH_CONFIG,    /* the user: a wrong option, path, name or document */
    WH_AUTH,      /* the user: credentials or rights */
    WH_IO,        /* the machine, network or server; see retriable */
    WH_DATA,      /* the data: malformed or not representable */
    WH_STATE,     /* the store, ledger or another run: positions do not agree, target is taken */
    WH_LIMIT,     /* a budget or bound is used up */
    WH_NOMEM,     /* the system has no memory */
    WH_CANCELLED, /* asked to stop */
    WH_INTERNAL,  /* our own fault */
};

struct wh_error {
    enum wh_status code;
    bool retriable;   /* the same call may succeed later */
    int os_errno;     /* errno of the failing system call or 0 */
    char sqlstate[6]; /* five characters or empty */
    char msg[512];
    char hint[256]; /* what the user can do, or empty */
};

/* Every function below returns err->code so that it can stand behind `return`. */

enum wh_status wh_fail(struct wh_error *err, enum wh_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As wh_fail with code WH_IO (ENOMEM: WH_NOMEM, EACCES and EPERM: WH_AUTH, ENOSPC and EDQUOT:
 * WH_LIMIT), adds ": <text of os_errno>" and keeps the number. */
enum wh_status wh_fail_errno(struct wh_error *err, int os_errno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The one failure that may have no words of its own. */
enum wh_status wh_nomem(struct wh_error *err);

/* Puts "<text>: " in front of the message. */
enum wh_status wh_wrap(struct wh_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the remedy, in the words of a sentence without full stop; the first one set wins. */
enum wh_status wh_hint(struct wh_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Short stable word of a code ("config", "io", ...); static. */
const char *wh_status_name(enum wh_status status);

/* Leaves the function with the status of a failed call. The only control-flow macro. */
#define WH_TRY(call)                                                                                         \
    do {                                                                                                     \
        enum wh_status wh_try_status = (call);                                                               \
        if (wh_try_status != WH_OK)                                                                          \
            return wh_try_status;                                                                            \
    } while (0)
