/* base/failpoint.c - see base/failpoint.h. */
#include "base/failpoint.h"

#ifdef WHERRY_FAILPOINTS
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"

const char *const wh_failpoints[] = {
    "plan.persisted",    "restart.between", "commit.before",    "commit.half",   "commit.after",
    "checkpoint.before", "store.before",    "store.after",      "finish.before", "publish.staged",
    "publish.moved",     "publish.renamed", "publish.manifest", "finish.after",  NULL};

static _Atomic int passed[WH_COUNT(wh_failpoints)];

static const struct {
    const char *name;
    int os_errno;
} errnos[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"EACCES", EACCES}};

static enum wh_status act(const char *name, struct wh_slice action, struct wh_error *err)
{
    if (wh_slice_eq(action, wh_slice_of("kill")))
        raise(SIGKILL);
    if (action.len > 6 && memcmp(action.ptr, "error:", 6) == 0)
        for (size_t i = 0; i < WH_COUNT(errnos); i++)
            if (wh_slice_eq(wh_slice(action.ptr + 6, action.len - 6), wh_slice_of(errnos[i].name)))
                return wh_fail_errno(err, errnos[i].os_errno, "failpoint \"%s\"", name);
    int64_t ms;
    if (action.len > 6 && memcmp(action.ptr, "delay:", 6) == 0 &&
        wh_parse_i64(wh_slice(action.ptr + 6, action.len - 6), &ms)) {
        const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        nanosleep(&t, NULL);
    }
    return WH_OK;
}

/* One "name[@n]=action" of the list. */
static enum wh_status try_entry(const char *name, struct wh_slice entry, int times, struct wh_error *err)
{
    const char *eq = memchr(entry.ptr, '=', entry.len);
    if (eq == NULL)
        return WH_OK;
    struct wh_slice place = wh_slice(entry.ptr, (size_t)(eq - entry.ptr));
    const char *at = memchr(place.ptr, '@', place.len);
    int64_t wanted = 1;
    if (at != NULL) {
        (void)wh_parse_i64(wh_slice(at + 1, place.len - (size_t)(at - place.ptr) - 1), &wanted);
        place.len = (size_t)(at - place.ptr);
    }
    if (!wh_slice_eq(place, wh_slice_of(name)) || wanted != times)
        return WH_OK;
    return act(name, wh_slice(eq + 1, entry.len - (size_t)(eq - entry.ptr) - 1), err);
}

enum wh_status wh_failpoint(const char *name, struct wh_error *err)
{
    const char *list = getenv("WHERRY_FAILPOINTS");
    if (list == NULL)
        return WH_OK;
    int times = 0;
    for (size_t i = 0; wh_failpoints[i] != NULL; i++)
        if (strcmp(wh_failpoints[i], name) == 0)
            times = atomic_fetch_add(&passed[i], 1) + 1;
    while (*list != '\0') {
        size_t len = strcspn(list, ";");
        WH_TRY(try_entry(name, wh_slice(list, len), times, err));
        list += len + (list[len] == ';');
    }
    return WH_OK;
}
#endif
