/* base/failpoint.h - named places where a test can make the program die, fail or wait.
 *
 * WHERRY_FAILPOINTS="commit.after@3=kill;store.before=error:EIO;checkpoint.before=delay:200": at the third
 * (default: first) time that a place is passed the process gets SIGKILL, the call fails with that errno,
 * or it waits so many milliseconds. Compiled to nothing unless WHERRY_FAILPOINTS is defined. */
#pragma once
#include "wherry/error.h"

#ifdef WHERRY_FAILPOINTS
enum wh_status wh_failpoint(const char *name, struct wh_error *err);
/* All names, NULL-ended; static. */
extern const char *const wh_failpoints[];
#else
static inline enum wh_status wh_failpoint(const char *name, struct wh_error *err)
{
    (void)name;
    (void)err;
    return WH_OK;
}
#endif
