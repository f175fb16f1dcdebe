/* cli/run_job.c - see cli/run_job.h. */
#include "cli/run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/summary.h"
#include "connector/registry.h"

static bool writes_stdout(const struct wh_job_spec *spec)
{
    struct wh_endpoint e;
    struct wh_error ignored;
    if (wh_endpoint_parse(&e, spec->destination, &ignored) != WH_OK)
        return false;
    bool is_stdout = strcmp(e.location, "-") == 0;
    wh_endpoint_release(&e);
    return is_stdout;
}

/* A summary that cannot be written is told before the work is done. */
static enum wh_status check_summary(const char *path, const struct wh_job_spec *spec, struct wh_error *err)
{
    if (path == NULL)
        return WH_OK;
    if (strcmp(path, "-") == 0) {
        if (!writes_stdout(spec))
            return WH_OK;
        wh_fail(err, WH_CONFIG, "standard output cannot hold both the data and the summary");
        return wh_hint(err, "write the summary to a file: --summary FILE.json");
    }
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL;
    WH_TRY(wh_path_split(&dir, &base, path, err));
    if (base[0] == '\0' || wh_is_dir(path))
        return wh_fail(err, WH_CONFIG, "--summary \"%s\" names a folder, not a file", path);
    return wh_is_dir(dir) ? WH_OK : wh_fail(err, WH_CONFIG, "--summary: there is no folder \"%s\"", dir);
}

/* Each failed stream of many with its own error; else the error of the job. */
static void report_errors(const struct wh_job_result *r, const struct wh_error *err)
{
    bool told = false;
    for (size_t i = 0; r->n_streams > 1 && i < r->n_streams; i++) {
        const struct wh_stream_result *s = &r->streams[i];
        if (s->error.code == WH_OK || s->error.code == WH_CANCELLED)
            continue;
        wh_log_error(r->run_id, NULL, &s->error); /* the text names the stream */
        told = true;
    }
    if (!told && err->code != WH_CANCELLED)
        wh_log_error(r->run_id[0] != '\0' ? r->run_id : NULL, NULL, err);
}

static void report_failure(const struct wh_job_result *r, const struct wh_error *err)
{
    report_errors(r, err);
    if (err->code == WH_CANCELLED)
        wh_log(WH_LOG_WARN, "run.stopped", r->run_id, NULL,
               wh_signals_got() == SIGTERM ? "stopped by SIGTERM" : "stopped by SIGINT");
    if (!r->can_resume)
        return;
    char text[64];
    snprintf(text, sizeof text, "resume with: wherry resume %s", r->run_id);
    wh_log(WH_LOG_INFO, "run.can_resume", r->run_id, NULL, text);
}

/* *back leads to where we are now; -1: we stay. */
static enum wh_status enter_folder(const char *folder, int *back, struct wh_error *err)
{
    *back = -1;
    if (folder == NULL)
        return WH_OK;
    *back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (chdir(folder) == 0)
        return WH_OK;
    wh_fail_errno(err, errno, "could not enter the folder \"%s\" that the run was started in", folder);
    err->code = WH_CONFIG;
    return err->code;
}

static void leave_folder(int back)
{
    if (back < 0)
        return;
    if (fchdir(back) != 0)
        wh_log(WH_LOG_WARN, "run.folder", NULL, NULL, "could not go back to the folder of the command");
    close(back);
}

static enum wh_status run(const struct wh_args *a, const struct wh_job_spec *spec, const char *folder,
                          struct wh_job_result *r, struct wh_error *err)
{
    struct wh_store *store = NULL;
    struct wh_progress_view *view = NULL;
    const _Atomic bool *cancelled = wh_signals_install();
    int back;
    WH_TRY(wh_store_open(&store, wh_args_text(a, "home"), err));
    enum wh_status s = enter_folder(folder, &back, err);
    if (s == WH_OK)
        s = wh_progress_view_open(&view, wh_args_text(a, "progress"), err);
    if (s == WH_OK)
        s = wh_job_run(r, spec, store, wh_progress_view_hooks(view), cancelled, err);
    wh_progress_view_close(view);
    wh_store_close(store);
    leave_folder(back);
    return s;
}

int wh_run_job(const struct wh_args *a, const struct wh_job_spec *spec, const char *folder)
{
    struct wh_error err = {0}, why = {0};
    struct wh_job_result r = {.status = WH_RUN_FAILED};
    const char *summary = wh_args_text(a, "summary");
    if (check_summary(summary, spec, &err) != WH_OK) {
        return wh_usage_error(&err);
    }
    enum wh_status s = run(a, spec, folder, &r, &err);
    int code = wh_exit_of_job(&r, &err);
    if (code != WH_EXIT_PIPE) {
        if (wh_log_shows(WH_LOG_INFO))
            wh_summary_print(&r);
        if (s != WH_OK)
            report_failure(&r, &err);
    }
    if (summary != NULL && r.run_id[0] != '\0' && wh_summary_write(&r, summary, &why) != WH_OK) {
        wh_print_error(&why);
        code = code == WH_EXIT_OK ? WH_EXIT_FAILED : code;
    }
    wh_job_result_release(&r);
    return code;
}
