/* engine/progress.c - see engine/progress.h. */
#include "engine/progress.h"

#include <stdatomic.h>

static const struct {
    const char *name, *sentence;
} stages[] = {
    [WH_STAGE_READ] = {"source", "bounded by the source: most time went into reading bytes"},
    [WH_STAGE_DECODE] = {"decode", "bounded by decoding: most time went into turning bytes into values"},
    [WH_STAGE_TRANSFORM] = {"transform", "bounded by transforms: most time went into filters and casts"},
    [WH_STAGE_ENCODE] = {"encode", "bounded by encoding: most time went into encoding and compressing"},
    [WH_STAGE_WRITE] = {"destination", "bounded by the destination: most time went into writing"},
    [WH_STAGE_WAIT] = {"order", "bounded by the destination: workers waited for their turn to write"},
};

const char *wh_stage_name(enum wh_stage stage)
{
    return stages[stage].name;
}

const char *wh_progress_bound(const struct wh_progress *p)
{
    int best = 0;
    for (int i = 1; i < WH_STAGE_COUNT; i++)
        if (atomic_load(&p->stage_us[i]) > atomic_load(&p->stage_us[best]))
            best = i;
    return stages[best].sentence;
}

void wh_progress_counts(const struct wh_progress *p, struct wh_counts *out)
{
    *out = (struct wh_counts){
        .rows_read = atomic_load(&p->rows_read),
        .rows_written = atomic_load(&p->rows_written),
        .rows_rejected = atomic_load(&p->rows_rejected),
        .rows_filtered = atomic_load(&p->rows_filtered),
        .bytes_read = atomic_load(&p->bytes_read),
        .bytes_written = atomic_load(&p->bytes_written),
    };
}
