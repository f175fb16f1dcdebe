/* cli/log.h - lines on stderr: text for people, JSON for programs (--log-format). Data never goes there.
 *
 * Fields of JSON lines: ts, level, msg, and where they apply event, run_id, stream, err.code, hint. Text that
 * comes from outside is shown without control characters, so that no data can steer a terminal. */
#pragma once
#include <stdio.h>

#include "wherry/error.h"

enum wh_log_level { WH_LOG_DEBUG, WH_LOG_INFO, WH_LOG_WARN, WH_LOG_ERROR, WH_LOG_NONE };

/* format: "auto", "text" or "json"; level: "debug" to "none". Call before there are threads. */
void wh_log_setup(const char *format, const char *level);
bool wh_log_is_json(void);
bool wh_log_shows(enum wh_log_level level);
/* run_id and stream may be NULL. Any thread. */
void wh_log(enum wh_log_level level, const char *event, const char *run_id, const char *stream,
            const char *text);
/* run_id and stream may be NULL. */
void wh_log_error(const char *run_id, const char *stream, const struct wh_error *err);
/* An error of the command line: for the person who typed it, so as text unless JSON was asked for. */
void wh_log_usage_error(const struct wh_error *err);
/* A line that the caller has made, on its own. Any thread. */
void wh_log_line(const char *line);
/* A line that stays at the bottom of a terminal until the next line of any kind takes its place; "" takes it
 * away. At most `columns` bytes are shown. */
void wh_log_transient(const char *text, int columns);
/* Prints text with control characters as \x1b. */
void wh_print_clean(FILE *out, const char *text);
