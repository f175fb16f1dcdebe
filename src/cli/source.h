/* cli/source.h - a source opened by a command that only looks at it. */
#pragma once
#include "connector/stream.h"
#include "engine/ends.h"

/* Opens the ends that spec names; notes are shown as log lines. *e is closed with wh_ends_close, also after a
 * failure. */
enum wh_status wh_source_open(struct wh_ends *e, const struct wh_job_spec *spec, struct wh_error *err);
/* The streams that the URI means: the one behind '#' (or all that fit the pattern), else all. The caller
 * frees with wh_stream_infos_free. */
enum wh_status wh_source_streams(struct wh_ends *e, struct wh_stream_info **out, size_t *n,
                                 struct wh_error *err);
