/* format/csv/settings.c - see format/csv/settings.h. */
#include "format/csv/settings.h"

#include "base/mem.h"
#include "base/options.h"
#include "format/csv/encoding.h"

enum { MIN_FIELD_BYTES = 64, MAX_FIELD_BYTES = 512 * 1024 * 1024 };

const struct wh_option wh_csv_read_options[] = {
    {.name = "csv-delimiter",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "Byte between fields: auto, tab, space or the byte itself"},
    {.name = "csv-quote",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "Byte around fields that hold delimiters: auto, none or the byte itself"},
    {.name = "csv-escape",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "Byte before a quote inside of quotes: auto, none (quotes are doubled) or the byte itself"},
    {.name = "csv-header",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|true|false",
     .help = "Whether the first record has the names of the columns"},
    {.name = "csv-comment",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "First byte of lines to be passed over: none, the byte itself, or auto for # at the top only"},
    {.name = "csv-null",
     .type = WH_OPT_LIST,
     .fallback = "auto",
     .help =
         "Words that stand for null where they are not quoted; auto: NA, NULL, \\N and the like in columns "
         "that are not text"},
    {.name = "csv-encoding",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|utf-8|utf-16le|utf-16be|latin-1|windows-1252",
     .help = "Encoding of the text"},
    {.name = "csv-line-end",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|lf|crlf|cr",
     .help = "What ends a line; lf and crlf take both"},
    {.name = "csv-ragged",
     .type = WH_OPT_ENUM,
     .fallback = "reject",
     .values = "reject|fill",
     .help = "What becomes of records with too few fields; fill: the missing ones are null"},
    {.name = "csv-skip",
     .type = WH_OPT_INT,
     .fallback = "0",
     .help = "Lines to be passed over at the top of each file"},
    {.name = "csv-max-field",
     .type = WH_OPT_SIZE,
     .fallback = "64MiB",
     .help = "Longest field, and record, in bytes"},
    {0},
};

/* Names shared with the table above have the same type and default there: a job may hold both tables. */
const struct wh_option wh_csv_write_options[] = {
    {.name = "csv-delimiter",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "Byte between fields: tab, space or the byte itself; auto: a comma"},
    {.name = "csv-quote",
     .type = WH_OPT_STRING,
     .fallback = "auto",
     .help = "Byte around fields that hold delimiters; auto: a double quote"},
    {.name = "csv-quoting",
     .type = WH_OPT_ENUM,
     .fallback = "minimal",
     .values = "minimal|strings|all",
     .help = "Which fields are quoted: those that need it, all text, or all but nulls"},
    {.name = "csv-header",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|true|false",
     .help = "Whether the first record has the names of the columns; auto: yes"},
    {.name = "csv-null",
     .type = WH_OPT_LIST,
     .fallback = "auto",
     .help = "Word that is written for null; auto: nothing"},
    {.name = "csv-line-end",
     .type = WH_OPT_ENUM,
     .fallback = "auto",
     .values = "auto|lf|crlf|cr",
     .help = "What ends a line; auto: lf"},
    {.name = "csv-safe",
     .type = WH_OPT_BOOL,
     .fallback = "false",
     .help = "Put an apostrophe before text that a spreadsheet would take for a formula"},
    {0},
};

enum wh_status wh_csv_option_byte(int *out, const struct wh_config *cfg, const char *name,
                                  struct wh_error *err)
{
    static const struct {
        const char *word;
        int byte;
    } words[] = {{"auto", WH_CSV_AUTO}, {"none", WH_CSV_NONE}, {"tab", '\t'},
                 {"\\t", '\t'},         {"space", ' '},        {"", WH_CSV_NONE}};
    const char *text = wh_config_str(cfg, name);
    for (size_t i = 0; i < WH_COUNT(words); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *out = words[i].byte;
            return WH_OK;
        }
    }
    if (strlen(text) != 1 || (text[0] & 0x80) != 0 || text[0] == '\n' || text[0] == '\r') {
        wh_fail(err, WH_CONFIG, "invalid value \"%s\" of option \"%s\": not one ASCII character", text, name);
        return wh_hint(err, "give one character, or one of the words auto, none, tab and space");
    }
    *out = text[0];
    return WH_OK;
}

/* Bytes that have two meanings. */
static enum wh_status check_bytes(const struct wh_csv_settings *s, struct wh_error *err)
{
    const struct {
        const char *name;
        int byte;
    } bytes[] = {{"csv-delimiter", s->delimiter}, {"csv-quote", s->quote}, {"csv-comment", s->comment}};
    for (size_t i = 0; i < WH_COUNT(bytes); i++)
        for (size_t k = 0; k < i; k++)
            if (bytes[i].byte >= 0 && bytes[i].byte == bytes[k].byte)
                return wh_fail(err, WH_CONFIG, "options \"%s\" and \"%s\" have the same value", bytes[k].name,
                               bytes[i].name);
    if (s->escape >= 0 && s->escape == s->delimiter)
        return wh_fail(err, WH_CONFIG, "options \"csv-delimiter\" and \"csv-escape\" have the same value");
    if (s->delimiter == WH_CSV_NONE)
        return wh_fail(err, WH_CONFIG, "invalid value \"none\" of option \"csv-delimiter\"");
    return WH_OK;
}

static enum wh_status read_words(struct wh_csv_settings *out, const struct wh_config *cfg,
                                 struct wh_error *err)
{
    const char *encoding = wh_config_str(cfg, "csv-encoding"), *line_end = wh_config_str(cfg, "csv-line-end");
    enum wh_csv_encoding found;
    out->encoding = wh_csv_encoding_find(encoding, &found) ? (int)found : WH_CSV_AUTO;
    out->newline = WH_CSV_AUTO;
    if (strcmp(line_end, "auto") != 0)
        out->newline = strcmp(line_end, "cr") == 0 ? '\r' : '\n';
    const char *header = wh_config_str(cfg, "csv-header");
    out->header = strcmp(header, "auto") == 0 ? WH_CSV_AUTO : strcmp(header, "true") == 0;
    out->fill = strcmp(wh_config_str(cfg, "csv-ragged"), "fill") == 0;
    out->auto_words = strcmp(wh_config_str(cfg, "csv-null"), "auto") == 0;
    return out->auto_words ? WH_OK : wh_config_list(cfg, "csv-null", &out->null_words, err);
}

enum wh_status wh_csv_settings_init(struct wh_csv_settings *out, const struct wh_config *cfg,
                                    struct wh_error *err)
{
    *out = (struct wh_csv_settings){0};
    WH_TRY(wh_csv_option_byte(&out->delimiter, cfg, "csv-delimiter", err));
    WH_TRY(wh_csv_option_byte(&out->quote, cfg, "csv-quote", err));
    WH_TRY(wh_csv_option_byte(&out->escape, cfg, "csv-escape", err));
    WH_TRY(wh_csv_option_byte(&out->comment, cfg, "csv-comment", err));
    WH_TRY(check_bytes(out, err));
    int64_t skip = wh_config_int(cfg, "csv-skip"), longest = wh_config_bytes(cfg, "csv-max-field");
    if (skip < 0)
        return wh_fail(err, WH_CONFIG, "invalid value of option \"csv-skip\": negative");
    if (longest < MIN_FIELD_BYTES || longest > MAX_FIELD_BYTES)
        return wh_fail(err, WH_CONFIG,
                       "invalid value of option \"csv-max-field\": not between %d B and %d MiB",
                       MIN_FIELD_BYTES, MAX_FIELD_BYTES >> 20);
    out->skip_lines = (uint64_t)skip;
    out->max_record_bytes = (size_t)longest;
    return read_words(out, cfg, err);
}

void wh_csv_settings_release(struct wh_csv_settings *s)
{
    wh_strv_free(s->null_words);
    s->null_words = NULL;
}
