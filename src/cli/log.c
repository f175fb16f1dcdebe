/* cli/log.c - see cli/log.h. */
#include "cli/log.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

static const char *const level_names[] = {[WH_LOG_DEBUG] = "debug",
                                          [WH_LOG_INFO] = "info",
                                          [WH_LOG_WARN] = "warn",
                                          [WH_LOG_ERROR] = "error",
                                          [WH_LOG_NONE] = "none"};

static struct {
    pthread_mutex_t mutex; /* one line at a time */
    bool json, json_asked;
    enum wh_log_level level;
    bool transient; /* the last line on the terminal is one that goes away */
} out = {.mutex = PTHREAD_MUTEX_INITIALIZER, .level = WH_LOG_INFO};

void wh_log_setup(const char *format, const char *level)
{
    out.json_asked = strcmp(format, "json") == 0;
    out.json = out.json_asked || (strcmp(format, "auto") == 0 && isatty(STDERR_FILENO) == 0);
    for (int i = 0; i <= WH_LOG_NONE; i++)
        if (strcmp(level_names[i], level) == 0)
            out.level = (enum wh_log_level)i;
}

bool wh_log_is_json(void)
{
    return out.json;
}

bool wh_log_shows(enum wh_log_level level)
{
    return level >= out.level;
}

void wh_print_clean(FILE *to, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char b = (unsigned char)*c;
        bool c1 = b == 0xc2 && (unsigned char)c[1] >= 0x80 && (unsigned char)c[1] < 0xa0;
        if (c1)
            fprintf(to, "\\x%02x", (unsigned char)*++c);
        else if (b < 0x20 || b == 0x7f)
            fprintf(to, "\\x%02x", b);
        else
            putc(b, to);
    }
}

/* Names of files need not be UTF-8: then only their ASCII letters are shown. */
static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    char *ascii = value == NULL ? strdup(text) : NULL;
    if (ascii == NULL)
        return value;
    for (char *c = ascii; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(ascii);
    free(ascii);
    return value;
}

static void set_text(json_t *j, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(j, key, json_text(text));
}

static json_t *json_line(enum wh_log_level level, const char *run_id, const char *stream, const char *text)
{
    char ts[WH_TIME_TEXT];
    size_t n = wh_format_timestamp(ts, wh_now_us(), WH_MICRO, true);
    json_t *j = json_pack("{s:s%, s:s}", "ts", ts, n, "level", level_names[level]);
    set_text(j, "msg", text);
    set_text(j, "run_id", run_id);
    set_text(j, "stream", stream);
    return j;
}

static void print_json(json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text != NULL)
        fprintf(stderr, "%s\n", text);
    free(text);
}

static void print_text(const char *label, const char *stream, const char *text)
{
    if (label != NULL)
        fprintf(stderr, "%s: ", label);
    if (stream != NULL) {
        wh_print_clean(stderr, stream);
        fputs(": ", stderr);
    }
    wh_print_clean(stderr, text);
    putc('\n', stderr);
}

/* Locks; followed by end_line. */
static void begin_line(void)
{
    pthread_mutex_lock(&out.mutex);
    if (out.transient)
        fputs("\r\033[K", stderr);
    out.transient = false;
}

static void end_line(void)
{
    fflush(stderr);
    pthread_mutex_unlock(&out.mutex);
}

void wh_log(enum wh_log_level level, const char *event, const char *run_id, const char *stream,
            const char *text)
{
    if (!wh_log_shows(level))
        return;
    begin_line();
    if (out.json) {
        json_t *j = json_line(level, run_id, stream, text);
        set_text(j, "event", event);
        print_json(j);
    } else {
        print_text(level >= WH_LOG_WARN ? level_names[level] : NULL, stream, text);
    }
    end_line();
}

void wh_log_error(const char *run_id, const char *stream, const struct wh_error *err)
{
    if (!wh_log_shows(WH_LOG_ERROR))
        return;
    begin_line();
    if (out.json) {
        json_t *j = json_line(WH_LOG_ERROR, run_id, stream, err->msg);
        set_text(j, "err.code", wh_status_name(err->code));
        set_text(j, "hint", err->hint);
        print_json(j);
    } else {
        print_text("error", stream, err->msg);
        if (err->hint[0] != '\0')
            print_text("hint", NULL, err->hint);
    }
    end_line();
}

void wh_log_usage_error(const struct wh_error *err)
{
    bool json = out.json;
    out.json = out.json_asked;
    wh_log_error(NULL, NULL, err);
    out.json = json;
}

void wh_log_line(const char *line)
{
    begin_line();
    fputs(line, stderr);
    putc('\n', stderr);
    end_line();
}

void wh_log_transient(const char *text, int columns)
{
    char begin[512];
    begin_line();
    if (text[0] != '\0') {
        snprintf(begin, sizeof begin, "%.*s", columns, text);
        fputs("\r\033[K", stderr);
        wh_print_clean(stderr, begin);
        out.transient = true;
    }
    end_line();
}
