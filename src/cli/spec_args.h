/* cli/spec_args.h - what a job is asked to do, from the flags of a command. */
#pragma once
#include "cli/command.h"
#include "engine/spec.h"

/* A spec with what it lends from; the rest is lent from the arguments. All-zero is empty. */
struct wh_args_spec {
    struct wh_job_spec spec;
    char **source_options, **destination_options; /* owned */
};
/* Flags of copy: both ends. Every failure is a wrong command line (WH_EXIT_USAGE); whether the ends exist is
 * not looked at. */
enum wh_status wh_args_to_spec(struct wh_args_spec *out, const struct wh_args *a, struct wh_error *err);
/* One end, named by the first argument, read as a source: discover, preview, check. */
enum wh_status wh_args_to_source(struct wh_args_spec *out, const struct wh_args *a, struct wh_error *err);
void wh_args_spec_release(struct wh_args_spec *s);
