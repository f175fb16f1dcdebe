/* engine/progress.h - counters of a running job, and where its time goes. */
#pragma once
#include "store/store.h"

/* Where a worker's time is spent; the largest share bounded the run. */
enum wh_stage {
    WH_STAGE_READ,
    WH_STAGE_DECODE,
    WH_STAGE_TRANSFORM,
    WH_STAGE_ENCODE,
    WH_STAGE_WRITE,
    WH_STAGE_WAIT
};
#define WH_STAGE_COUNT (WH_STAGE_WAIT + 1)

/* Of one stream. Written by workers, read by whoever shows it. */
struct wh_progress {
    _Atomic int64_t rows_read, rows_written, rows_rejected, rows_filtered;
    _Atomic int64_t bytes_read, bytes_written;
    _Atomic int64_t stage_us[WH_STAGE_COUNT];
    int64_t rows_total, bytes_total; /* -1: unknown; set before the workers start */
    int64_t started_us;              /* monotonic */
};

/* "source", "decode", "transform", "encode", "destination" or "order". */
const char *wh_stage_name(enum wh_stage stage);
/* One plain sentence on what bounded the work so far; static. */
const char *wh_progress_bound(const struct wh_progress *p);
void wh_progress_counts(const struct wh_progress *p, struct wh_counts *out);
