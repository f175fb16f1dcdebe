/* cli/progress.h - the progress of running streams on stderr: a line on a terminal, a line every 10 s
 * otherwise, or JSON objects. */
#pragma once
#include "engine/job.h"

/* kind: "auto", "none", "bar", "log" or "json". Starts a thread that shows what the hooks tell it. */
struct wh_progress_view;
enum wh_status wh_progress_view_open(struct wh_progress_view **out, const char *kind, struct wh_error *err);
/* Hooks for the job; lent until close. */
const struct wh_job_hooks *wh_progress_view_hooks(struct wh_progress_view *v);
void wh_progress_view_close(struct wh_progress_view *v); /* NULL is fine */
