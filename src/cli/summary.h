/* cli/summary.h - what a finished job did. */
#pragma once
#include "engine/job.h"

/* The final table and one sentence on what bounded the run, on stderr; as JSON lines when the log is. */
void wh_summary_print(const struct wh_job_result *r);
/* The whole result as JSON to a file, "-" is standard output. */
enum wh_status wh_summary_write(const struct wh_job_result *r, const char *path, struct wh_error *err);
