/* cli/plan_args.h - the plan that a command is about. */
#pragma once
#include "cli/command.h"
#include "engine/chunk_plan.h"

/* Opens the plan named by the first argument and goes to the folder that its paths start in. */
enum wh_status wh_args_open_plan(struct wh_chunk_plan **out, const struct wh_args *a, struct wh_error *err);
