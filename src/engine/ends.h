/* engine/ends.h - both ends of a job, opened: endpoints, their settings, connections. */
#pragma once
#include "connector/registry.h"
#include "engine/job.h"

struct wh_ends {
    struct wh_context context;
    struct wh_budget budget;
    struct wh_endpoint source_at, destination_at;
    struct wh_config *source_config, *destination_config; /* owned */
    struct wh_source *source;                             /* owned */
    struct wh_destination *destination;                   /* owned */
};

/* Opens the ends that spec names. The context's note must be set before. *side
 * tells who failed. */
enum wh_status wh_ends_open(struct wh_ends *e, const struct wh_job_spec *spec, enum wh_side *side,
                            struct wh_error *err);
void wh_ends_close(struct wh_ends *e); /* accepts a half-opened one */
/* Number of processors this process may use. */
int wh_cpu_count(void);
