/* format/csv/settings.h - what the user said about CSV, and what is left to the sniffer. */
#pragma once
#include "format/csv/dialect.h"
#include "format/format.h"

#define WH_CSV_AUTO (-2) /* a byte that the sniffer finds */

struct wh_csv_settings {
    int delimiter, quote, escape, comment; /* byte, WH_CSV_NONE or WH_CSV_AUTO */
    int newline;                           /* '\n', '\r' or WH_CSV_AUTO */
    int header;                            /* 1, 0 or WH_CSV_AUTO */
    int encoding;                          /* enum wh_csv_encoding or WH_CSV_AUTO */
    bool fill;
    bool auto_words;   /* null words are found out by column */
    char **null_words; /* owned, NULL-ended; what the user gave */
    uint64_t skip_lines;
    size_t max_record_bytes;
};
/* Fails: WH_CONFIG. */
enum wh_status wh_csv_settings_init(struct wh_csv_settings *out, const struct wh_config *cfg,
                                    struct wh_error *err);
void wh_csv_settings_release(struct wh_csv_settings *s);

/* One byte by its name ("tab", "none", ",") from an option that may also be "auto". Fails: WH_CONFIG. */
enum wh_status wh_csv_option_byte(int *out, const struct wh_config *cfg, const char *name,
                                  struct wh_error *err);
