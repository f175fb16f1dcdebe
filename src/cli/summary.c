/* cli/summary.c - see cli/summary.h. */
#include "cli/summary.h"

#include <jansson.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/time.h"
#include "cli/log.h"
#include "cli/table.h"
#include "cli/units.h"

static const enum wh_table_align align[] = {WH_TABLE_LEFT,  WH_TABLE_RIGHT, WH_TABLE_RIGHT,
                                            WH_TABLE_RIGHT, WH_TABLE_RIGHT, WH_TABLE_RIGHT,
                                            WH_TABLE_RIGHT, WH_TABLE_RIGHT, WH_TABLE_RIGHT};
static const char *const head[] = {"stream", "read", "written", "rejected", "filtered",
                                   "in",     "out",  "seconds", "rows/s"};

static enum wh_status add_row(struct wh_table *t, const char *name, const struct wh_counts *c, int64_t us,
                              struct wh_error *err)
{
    char text[WH_UNITS_TEXT];
    const int64_t rows[] = {c->rows_read, c->rows_written, c->rows_rejected, c->rows_filtered};
    const int64_t bytes[] = {c->bytes_read, c->bytes_written};
    double seconds = (double)us / 1e6;
    WH_TRY(wh_table_add(t, name, err));
    for (size_t i = 0; i < WH_COUNT(rows); i++) {
        wh_units_exact(text, sizeof text, rows[i]);
        WH_TRY(wh_table_add(t, text, err));
    }
    for (size_t i = 0; i < WH_COUNT(bytes); i++) {
        wh_units_bytes(text, sizeof text, bytes[i]);
        WH_TRY(wh_table_add(t, text, err));
    }
    snprintf(text, sizeof text, "%.2f", seconds);
    WH_TRY(wh_table_add(t, text, err));
    wh_units_count(text, sizeof text, seconds > 0 ? (int64_t)((double)c->rows_read / seconds) : 0);
    return wh_table_add(t, text, err);
}

static enum wh_status fill(struct wh_table *t, const struct wh_job_result *r, struct wh_error *err)
{
    for (size_t i = 0; i < WH_COUNT(head); i++)
        WH_TRY(wh_table_add(t, head[i], err));
    for (size_t i = 0; i < r->n_streams; i++) {
        const struct wh_stream_result *s = &r->streams[i];
        char name[256];
        snprintf(name, sizeof name, "%s%s", s->name, s->error.code != WH_OK ? " (failed)" : "");
        WH_TRY(add_row(t, name, &s->counts, s->elapsed_us, err));
    }
    return r->n_streams > 1 ? add_row(t, "total", &r->counts, r->elapsed_us, err) : WH_OK;
}

/* The longest stream says what bounded the run. */
static const char *bound_of(const struct wh_job_result *r)
{
    const struct wh_stream_result *longest = &r->streams[0];
    for (size_t i = 1; i < r->n_streams; i++)
        if (r->streams[i].elapsed_us > longest->elapsed_us)
            longest = &r->streams[i];
    return longest->bound;
}

static void print_text(const struct wh_job_result *r)
{
    struct wh_table t = {.n_columns = WH_COUNT(head), .align = align, .n_head = 1};
    struct wh_error ignored;
    if (fill(&t, r, &ignored) == WH_OK)
        wh_table_print(&t, stderr);
    wh_table_release(&t);
    for (size_t i = 0; i < r->n_streams; i++) {
        if (r->streams[i].quarantine == NULL)
            continue;
        fputs("rejected rows and reasons: ", stderr);
        wh_print_clean(stderr, r->streams[i].quarantine);
        putc('\n', stderr);
    }
    char memory[WH_UNITS_TEXT], time[WH_UNITS_TEXT];
    wh_units_bytes(memory, sizeof memory, r->peak_memory_bytes);
    wh_units_time(time, sizeof time, (double)r->elapsed_us / 1e6);
    fprintf(stderr, "run %s %s in %s, peak memory %s; %s\n", r->run_id, wh_run_status_name(r->status), time,
            memory, bound_of(r));
}

/* One line for the run: log fields, and what --summary gives. */
static void print_json(const struct wh_job_result *r)
{
    char *text = wh_job_result_json(r), ts[WH_TIME_TEXT], msg[128];
    json_t *j = text == NULL ? NULL : json_loads(text, 0, NULL);
    free(text);
    snprintf(msg, sizeof msg, "run %s", wh_run_status_name(r->status));
    size_t n = wh_format_timestamp(ts, wh_now_us(), WH_MICRO, true);
    json_t *line =
        json_pack("{s:s%, s:s, s:s, s:s}", "ts", ts, n, "level", "info", "msg", msg, "event", "run.end");
    if (j != NULL && line != NULL && json_object_update(line, j) == 0) {
        text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (text != NULL)
            wh_log_line(text);
        free(text);
    }
    json_decref(j);
    json_decref(line);
}

void wh_summary_print(const struct wh_job_result *r)
{
    bool begun = r->status != WH_RUN_FAILED || r->counts.rows_read > 0;
    if (r->n_streams == 0 || !begun)
        return;
    if (wh_log_is_json())
        print_json(r);
    else
        print_text(r);
}

enum wh_status wh_summary_write(const struct wh_job_result *r, const char *path, struct wh_error *err)
{
    char *text = wh_job_result_json(r);
    if (text == NULL)
        return wh_nomem(err);
    enum wh_status s = WH_OK;
    if (strcmp(path, "-") == 0)
        puts(text);
    else
        s = wh_publish_file(path, text, strlen(text), err);
    free(text);
    return s == WH_OK ? WH_OK : wh_wrap(err, "could not write the summary");
}
