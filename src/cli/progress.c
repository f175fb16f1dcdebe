/* cli/progress.c - see cli/progress.h. */
#include "cli/progress.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "cli/log.h"
#include "cli/units.h"

enum kind { NONE, BAR, LOG, JSON };

static const struct {
    const char *name;
    int64_t interval_ms;
} kinds[] = {[NONE] = {"none", 10000}, [BAR] = {"bar", 200}, [LOG] = {"log", 10000}, [JSON] = {"json", 1000}};

struct wh_progress_view {
    struct wh_job_hooks hooks;
    enum kind kind;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t wake;
    bool stop;
    const char *stream; /* lent; NULL: none is running */
    const struct wh_progress *progress;
};

/* What is shown of a stream at one moment. */
struct sample {
    int64_t rows, bytes, rows_written, rows_rejected;
    double seconds, rows_per_second;
    double share;        /* of the work that is done, 0..1; -1: unknown */
    double seconds_left; /* -1: unknown */
};

static double share_done(const struct wh_progress *p, const struct sample *s)
{
    if (p->bytes_total > 0 && s->bytes > 0)
        return WH_MIN((double)s->bytes / (double)p->bytes_total, 1);
    return p->rows_total > 0 ? WH_MIN((double)s->rows / (double)p->rows_total, 1) : -1;
}

static struct sample take_sample(const struct wh_progress *p)
{
    struct sample s = {.rows = atomic_load(&p->rows_read),
                       .bytes = atomic_load(&p->bytes_read),
                       .rows_written = atomic_load(&p->rows_written),
                       .rows_rejected = atomic_load(&p->rows_rejected),
                       .seconds = (double)(wh_monotonic_us() - p->started_us) / 1e6};
    s.rows_per_second = s.seconds > 0 ? (double)s.rows / s.seconds : 0;
    s.share = share_done(p, &s);
    s.seconds_left = s.share > 0 ? s.seconds / s.share - s.seconds : -1;
    return s;
}

static void format_line(char *out, size_t size, const char *stream, const struct sample *s)
{
    char rows[WH_UNITS_TEXT], rate[WH_UNITS_TEXT], bytes[WH_UNITS_TEXT], left[WH_UNITS_TEXT], end[96] = "";
    wh_units_count(rows, sizeof rows, s->rows);
    wh_units_count(rate, sizeof rate, (int64_t)s->rows_per_second);
    wh_units_bytes(bytes, sizeof bytes, s->bytes);
    wh_units_time(left, sizeof left, s->seconds_left);
    if (s->share > 0)
        snprintf(end, sizeof end, ", %.0f%%, %s left", s->share * 100, left);
    snprintf(out, size, "%s: %s rows, %s, %s rows/s%s", stream, rows, bytes, rate, end);
}

static void show_json(const char *stream, const struct wh_progress *p, const struct sample *s)
{
    json_t *j = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:f}", "event", "progress", "stream", stream,
                          "rows_read", (json_int_t)s->rows, "rows_written", (json_int_t)s->rows_written,
                          "rows_rejected", (json_int_t)s->rows_rejected, "bytes_read", (json_int_t)s->bytes,
                          "seconds", s->seconds, "rows_per_second", s->rows_per_second);
    if (j != NULL && p->bytes_total >= 0)
        json_object_set_new(j, "bytes_total", json_integer(p->bytes_total));
    if (j != NULL && s->share >= 0)
        json_object_set_new(j, "share", json_real(s->share));
    if (j != NULL && s->seconds_left >= 0)
        json_object_set_new(j, "seconds_left", json_real(s->seconds_left));
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(j);
    if (text != NULL)
        wh_log_line(text);
    free(text);
}

static int terminal_width(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 10 ? w.ws_col : 80;
}

/* Called with the mutex locked. */
static void show(const struct wh_progress_view *v)
{
    if (v->stream == NULL)
        return;
    struct sample s = take_sample(v->progress);
    char line[512];
    format_line(line, sizeof line, v->stream, &s);
    switch (v->kind) {
    case NONE:
        break;
    case BAR:
        wh_log_transient(line, terminal_width() - 1);
        break;
    case LOG:
        wh_log(WH_LOG_INFO, "stream.progress", NULL, NULL, line);
        break;
    case JSON:
        show_json(v->stream, v->progress, &s);
        break;
    }
}

static void *show_all(void *arg)
{
    struct wh_progress_view *v = arg;
    int64_t interval_ms = kinds[v->kind].interval_ms;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    pthread_mutex_lock(&v->mutex);
    while (!v->stop) {
        at.tv_nsec += interval_ms % 1000 * 1000000;
        at.tv_sec += interval_ms / 1000 + at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        while (!v->stop && pthread_cond_timedwait(&v->wake, &v->mutex, &at) != ETIMEDOUT)
            ;
        if (!v->stop)
            show(v);
    }
    pthread_mutex_unlock(&v->mutex);
    return NULL;
}

/* Errors are not shown here: the command reports them at its end. */
static void on_note(void *self, const char *level, const char *event, const char *stream, const char *text)
{
    (void)self;
    static const char *const quiet[] = {"run.start", "stream.failed"};
    enum wh_log_level l = strcmp(level, "warn") == 0 ? WH_LOG_WARN : WH_LOG_INFO;
    for (size_t i = 0; i < WH_COUNT(quiet); i++)
        if (strcmp(event, quiet[i]) == 0)
            l = WH_LOG_DEBUG;
    wh_log(l, event, NULL, stream, text);
}

static void on_begin(void *self, const char *stream, const struct wh_progress *progress)
{
    struct wh_progress_view *v = self;
    pthread_mutex_lock(&v->mutex);
    v->stream = stream;
    v->progress = progress;
    pthread_mutex_unlock(&v->mutex);
}

static void on_end(void *self, const char *stream)
{
    (void)stream;
    struct wh_progress_view *v = self;
    pthread_mutex_lock(&v->mutex);
    if (v->kind == JSON)
        show(v);
    wh_log_transient("", 0);
    v->stream = NULL;
    pthread_mutex_unlock(&v->mutex);
}

static enum kind kind_of(const char *name)
{
    if (!wh_log_shows(WH_LOG_INFO))
        return NONE;
    for (size_t i = 0; i < WH_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (enum kind)i;
    return isatty(STDERR_FILENO) != 0 && !wh_log_is_json() ? BAR : LOG;
}

enum wh_status wh_progress_view_open(struct wh_progress_view **out, const char *kind, struct wh_error *err)
{
    struct wh_progress_view *v = wh_alloc(sizeof *v);
    if (v == NULL)
        return wh_nomem(err);
    v->kind = kind_of(kind);
    v->hooks =
        (struct wh_job_hooks){.note = on_note, .stream_begin = on_begin, .stream_end = on_end, .self = v};
    pthread_mutex_init(&v->mutex, NULL);
    pthread_cond_init(&v->wake, NULL);
    v->has_thread = v->kind != NONE && pthread_create(&v->thread, NULL, show_all, v) == 0;
    *out = v;
    return WH_OK;
}

const struct wh_job_hooks *wh_progress_view_hooks(struct wh_progress_view *v)
{
    return &v->hooks;
}

void wh_progress_view_close(struct wh_progress_view *v)
{
    if (v == NULL)
        return;
    pthread_mutex_lock(&v->mutex);
    v->stop = true;
    pthread_cond_signal(&v->wake);
    pthread_mutex_unlock(&v->mutex);
    if (v->has_thread)
        pthread_join(v->thread, NULL);
    wh_log_transient("", 0);
    pthread_cond_destroy(&v->wake);
    pthread_mutex_destroy(&v->mutex);
    free(v);
}
