/* cli/plan_args.c - see cli/plan_args.h. */
#include "cli/plan_args.h"

#include <errno.h>
#include <unistd.h>

enum wh_status wh_args_open_plan(struct wh_chunk_plan **out, const struct wh_args *a, struct wh_error *err)
{
    struct wh_chunk_plan *p = NULL;
    WH_TRY(wh_chunk_plan_open(&p, wh_args_at(a, 0), err));
    const char *folder = wh_chunk_plan_folder(p);
    if (folder != NULL && chdir(folder) != 0) {
        wh_fail_errno(err, errno, "could not enter the folder \"%s\" that the plan was made in", folder);
        err->code = WH_CONFIG;
        wh_chunk_plan_close(p);
        return err->code;
    }
    *out = p;
    return WH_OK;
}
