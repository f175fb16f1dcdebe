/* engine/spec.h - what a job is asked to do, as data and as JSON. */
#pragma once
#include "wherry/connector.h"

struct wh_job_spec {                                /* all lent */
    const char *source, *destination;               /* URIs or paths */
    const char *source_stream, *destination_stream; /* override what stands behind '#'; NULL: nothing */
    enum wh_write_mode mode;
    const char *const *primary_key; /* NULL-ended or NULL: the source's own */
    const char *where;              /* or NULL */
    const char *const *select;      /* NULL-ended or NULL */
    const char *columns;            /* "name:type,..." or NULL */
    int64_t limit_rows;             /* 0: none */
    const char *max_rejects;        /* "0" */
    /* name, value, name, value ... NULL-ended, or NULL. */
    const char *const *source_options, *const *destination_options;
    int jobs;             /* 0: one per core */
    int64_t memory_bytes; /* budget for large allocations; 0: by the number of workers */
    int64_t chunk_bytes;  /* 0: from memory and jobs */
    int64_t checkpoint_ms;
    bool fresh; /* start anew although an unfinished run could go on */
};
extern const struct wh_job_spec wh_job_spec_default;

extern const char *const wh_write_mode_names[]; /* by enum wh_write_mode, NULL-ended */

/* Everything that decides which data arrives where, with the working folder for relative paths: two
 * commands with the same text are the same job, and the second goes on where the first was cut off. Owned
 * JSON. */
enum wh_status wh_job_spec_text(char **out, const struct wh_job_spec *spec, struct wh_error *err);

/* A spec read back from that text, for `wherry resume`. */
struct wh_saved_spec {
    struct wh_job_spec spec; /* lends from the rest */
    void *document;          /* owned */
    char **lists[4];         /* owned */
};
enum wh_status wh_job_spec_load(struct wh_saved_spec *out, const char *text, struct wh_error *err);
void wh_saved_spec_release(struct wh_saved_spec *s);
/* The working folder that the text was made in; lent by s. */
const char *wh_saved_spec_folder(const struct wh_saved_spec *s);
