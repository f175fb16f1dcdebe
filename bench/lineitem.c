/* lineitem.c - writes rows shaped like the lineitem table of TPC-H (specification 3.0.1, 4.2.3) to standard
 * output, as CSV with a header or as JSON lines. The same rows for the same --rows and --seed, everywhere.
 *
 * cc -std=c17 -O2 -D_GNU_SOURCE -o lineitem lineitem.c
 *
 * Orders have 1 to 7 lines; of each 32 order keys the first 8 are used; comments are cut at random places
 * out of a text that follows the grammar of 4.2.2.14, so that some begin or end with a space, and some hold
 * commas, which the CSV form quotes. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    POOL_BYTES = 32 * 1024 * 1024, /* text that the comments are cut from */
    SENTENCE_MAX_BYTES = 512,
    BUFFER_BYTES = 1024 * 1024,
    ROW_MAX_BYTES = 1024,
    COMMENT_MIN_BYTES = 10,
    COMMENT_MAX_BYTES = 43,
    FIRST_YEAR = 1992,
    N_DAYS = 2557,      /* 1992-01-01 to 1998-12-31 */
    CURRENT_DAY = 1263, /* 1995-06-17, "today" of the specification */
    ORDER_DAYS = 2406,  /* orders end 151 days before the end, so that all dates stay inside */
    DATE_BYTES = 10,
};

struct words {
    const char *const *items;
    size_t n;
};

static const char *const noun_items[] = {
    "foxes",      "ideas",          "theodolites", "pinto beans", "instructions", "dependencies", "excuses",
    "platelets",  "asymptotes",     "courts",      "dolphins",    "multipliers",  "sauternes",    "warthogs",
    "frets",      "dinos",          "attainments", "somas",       "Tiresias'",    "patterns",     "forges",
    "braids",     "hockey players", "frays",       "warhorses",   "dugouts",      "notornis",     "epitaphs",
    "pearls",     "tithes",         "waters",      "orbits",      "gifts",        "sheaves",      "depths",
    "sentiments", "decoys",         "realms",      "pains",       "grouches",     "escapades",    "accounts",
    "packages",   "requests",       "deposits"};
static const char *const verb_items[] = {
    "sleep",  "wake",   "are",       "cajole",   "haggle", "nag",   "use",     "boost",
    "affix",  "detect", "integrate", "maintain", "nod",    "was",   "lose",    "sublate",
    "solve",  "thrash", "promise",   "engage",   "hinder", "print", "x-ray",   "breach",
    "eat",    "grow",   "impress",   "mold",     "poach",  "serve", "run",     "dazzle",
    "snooze", "doze",   "unwind",    "kindle",   "play",   "hang",  "believe", "doubt"};
static const char *const adjective_items[] = {
    "furious",  "sly",     "careful", "blithe",  "quick",  "fluffy", "slow",     "quiet",
    "ruthless", "thin",    "close",   "dogged",  "daring", "brave",  "stealthy", "permanent",
    "enticing", "idle",    "busy",    "regular", "final",  "ironic", "even",     "bold",
    "silent",   "special", "pending", "unusual", "express"};
static const char *const adverb_items[] = {
    "sometimes", "always",    "never",   "furiously",  "slyly",       "carefully",  "blithely",
    "quickly",   "fluffily",  "slowly",  "quietly",    "ruthlessly",  "thinly",     "closely",
    "doggedly",  "daringly",  "bravely", "stealthily", "permanently", "enticingly", "idly",
    "busily",    "regularly", "finally", "ironically", "evenly",      "boldly",     "silently"};
static const char *const preposition_items[] = {
    "about",        "above",   "according to", "across",  "after",       "against", "along",
    "alongside of", "among",   "around",       "at",      "atop",        "before",  "behind",
    "beneath",      "beside",  "besides",      "between", "beyond",      "by",      "despite",
    "during",       "except",  "for",          "from",    "in place of", "inside",  "instead of",
    "into",         "near",    "of",           "on",      "outside",     "over",    "past",
    "since",        "through", "throughout",   "to",      "toward",      "under",   "until",
    "up",           "upon",    "without",      "with",    "within"};
static const char *const auxiliary_items[] = {
    "do",           "may",          "might",         "shall",         "will",
    "would",        "can",          "could",         "should",        "ought to",
    "must",         "will have to", "shall have to", "could have to", "should have to",
    "must have to", "need to",      "try to"};
static const char *const terminator_items[] = {".", ";", ":", "?", "!", "--"};

static const struct words nouns = {noun_items, COUNT(noun_items)};
static const struct words verbs = {verb_items, COUNT(verb_items)};
static const struct words adjectives = {adjective_items, COUNT(adjective_items)};
static const struct words adverbs = {adverb_items, COUNT(adverb_items)};
static const struct words prepositions = {preposition_items, COUNT(preposition_items)};
static const struct words auxiliaries = {auxiliary_items, COUNT(auxiliary_items)};
static const struct words terminators = {terminator_items, COUNT(terminator_items)};

static const char *const ship_instructions[] = {"DELIVER IN PERSON", "COLLECT COD", "NONE",
                                                "TAKE BACK RETURN"};
static const char *const ship_modes[] = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"};

struct row {
    uint64_t order_key, part_key, supp_key;
    uint32_t line_number, quantity, discount_cents, tax_cents;
    uint64_t extended_price_cents;
    char return_flag, line_status;
    uint32_t ship_day, commit_day, receipt_day; /* days since 1992-01-01 */
    const char *ship_instruct, *ship_mode;
    const char *comment; /* lent by the pool; not NUL-ended */
    uint32_t comment_bytes;
};

struct generator {
    uint64_t random[4]; /* xoshiro256** */
    uint64_t n_parts, n_suppliers;
    uint64_t order_index; /* orders begun */
    uint32_t line, n_lines, order_day;
    char *pool; /* owned */
    char dates[N_DAYS][DATE_BYTES];
};

struct output {
    char *at;
    char *bytes; /* owned, BUFFER_BYTES */
};

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static uint64_t random_u64(struct generator *g)
{
    uint64_t *s = g->random;
    uint64_t result = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* A number from low to high, both included; the bias of the multiplication is below 2^-32 of the range. */
static uint32_t random_between(struct generator *g, uint32_t low, uint32_t high)
{
    return low + (uint32_t)(((random_u64(g) >> 32) * (high - low + 1u)) >> 32);
}

static char *put_text(char *at, const char *text)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *put_word(struct generator *g, char *at, const struct words *words)
{
    at = put_text(at, words->items[random_between(g, 0, (uint32_t)words->n - 1)]);
    *at++ = ' ';
    return at;
}

static char *put_noun_phrase(struct generator *g, char *at)
{
    switch (random_between(g, 0, 3)) {
    case 1:
        at = put_word(g, at, &adjectives);
        break;
    case 2:
        at = put_word(g, at, &adjectives);
        at[-1] = ',';
        *at++ = ' ';
        at = put_word(g, at, &adjectives);
        break;
    case 3:
        at = put_word(g, at, &adverbs);
        at = put_word(g, at, &adjectives);
        break;
    }
    return put_word(g, at, &nouns);
}

static char *put_verb_phrase(struct generator *g, char *at)
{
    uint32_t form = random_between(g, 0, 3);
    if (form & 1)
        at = put_word(g, at, &auxiliaries);
    at = put_word(g, at, &verbs);
    if (form & 2)
        at = put_word(g, at, &adverbs);
    return at;
}

static char *put_prepositional_phrase(struct generator *g, char *at)
{
    at = put_word(g, at, &prepositions);
    at = put_text(at, "the ");
    return put_noun_phrase(g, at);
}

static char *put_sentence(struct generator *g, char *at)
{
    uint32_t form = random_between(g, 0, 4);
    at = put_noun_phrase(g, at);
    if (form >= 3)
        at = put_prepositional_phrase(g, at);
    at = put_verb_phrase(g, at);
    if (form == 1 || form == 4)
        at = put_prepositional_phrase(g, at);
    if (form == 2 || form == 3)
        at = put_noun_phrase(g, at);
    at--; /* no space before the terminator */
    return put_word(g, at, &terminators);
}

static void fill_dates(struct generator *g)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year = FIRST_YEAR, month = 1, day = 1;
    for (size_t i = 0; i < N_DAYS; i++) {
        char text[40];
        (void)snprintf(text, sizeof(text), "%04" PRIu32 "-%02" PRIu32 "-%02" PRIu32, year, month, day);
        memcpy(g->dates[i], text, DATE_BYTES);
        uint32_t leap = month == 2 && year % 4 == 0; /* 1992 and 1996 are the leap years in the range */
        if (++day > month_days[month - 1] + leap) {
            day = 1;
            month = month == 12 ? 1 : month + 1;
            year += month == 1;
        }
    }
}

static bool generator_init(struct generator *g, uint64_t n_rows, uint64_t seed)
{
    g->pool = malloc(POOL_BYTES + SENTENCE_MAX_BYTES);
    if (g->pool == NULL)
        return false;
    for (size_t i = 0; i < COUNT(g->random); i++)
        g->random[i] = splitmix(&seed);
    /* scale factor 1 has 6,000,000 lines, 200,000 parts and 10,000 suppliers */
    g->n_parts = n_rows / 30 < 200 ? 200 : n_rows / 30;
    g->n_suppliers = g->n_parts / 20;
    fill_dates(g);
    for (char *at = g->pool; at < g->pool + POOL_BYTES;)
        at = put_sentence(g, at);
    return true;
}

static void next_row(struct generator *g, struct row *row)
{
    if (g->line == g->n_lines) {
        g->line = 0;
        g->n_lines = random_between(g, 1, 7);
        g->order_day = random_between(g, 0, ORDER_DAYS - 1);
        g->order_index++;
    }
    uint64_t order = g->order_index - 1, s = g->n_suppliers;
    row->order_key = (order >> 3 << 5) + (order & 7) + 1;
    row->part_key = random_u64(g) % g->n_parts + 1;
    row->supp_key = (row->part_key + random_between(g, 0, 3) * (s / 4 + (row->part_key - 1) / s)) % s + 1;
    row->line_number = ++g->line;
    row->quantity = random_between(g, 1, 50);
    uint64_t retail_cents = 90000 + row->part_key / 10 % 20001 + 100 * (row->part_key % 1000);
    row->extended_price_cents = row->quantity * retail_cents;
    row->discount_cents = random_between(g, 0, 10);
    row->tax_cents = random_between(g, 0, 8);
    row->ship_day = g->order_day + random_between(g, 1, 121);
    row->commit_day = g->order_day + random_between(g, 30, 90);
    row->receipt_day = row->ship_day + random_between(g, 1, 30);
    row->return_flag = row->receipt_day > CURRENT_DAY ? 'N' : random_between(g, 0, 1) ? 'R' : 'A';
    row->line_status = row->ship_day > CURRENT_DAY ? 'O' : 'F';
    row->ship_instruct = ship_instructions[random_between(g, 0, COUNT(ship_instructions) - 1)];
    row->ship_mode = ship_modes[random_between(g, 0, COUNT(ship_modes) - 1)];
    row->comment_bytes = random_between(g, COMMENT_MIN_BYTES, COMMENT_MAX_BYTES);
    row->comment = g->pool + random_between(g, 0, POOL_BYTES - COMMENT_MAX_BYTES);
}

static char *put_u64(char *at, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *put_cents(char *at, uint64_t cents)
{
    at = put_u64(at, cents / 100);
    *at++ = '.';
    *at++ = (char)('0' + cents / 10 % 10);
    *at++ = (char)('0' + cents % 10);
    return at;
}

static char *put_bytes(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_csv(const struct generator *g, const struct row *row, char *at)
{
    const uint64_t keys[] = {row->order_key, row->part_key, row->supp_key, row->line_number};
    const uint64_t cents[] = {row->quantity * 100u, row->extended_price_cents, row->discount_cents,
                              row->tax_cents};
    const uint32_t days[] = {row->ship_day, row->commit_day, row->receipt_day};
    for (size_t i = 0; i < COUNT(keys); i++, *at++ = ',')
        at = put_u64(at, keys[i]);
    for (size_t i = 0; i < COUNT(cents); i++, *at++ = ',')
        at = put_cents(at, cents[i]);
    *at++ = row->return_flag;
    *at++ = ',';
    *at++ = row->line_status;
    *at++ = ',';
    for (size_t i = 0; i < COUNT(days); i++, *at++ = ',')
        at = put_bytes(at, g->dates[days[i]], DATE_BYTES);
    at = put_text(at, row->ship_instruct);
    *at++ = ',';
    at = put_text(at, row->ship_mode);
    *at++ = ',';
    bool quoted = memchr(row->comment, ',', row->comment_bytes) != NULL;
    if (quoted)
        *at++ = '"';
    at = put_bytes(at, row->comment, row->comment_bytes);
    if (quoted)
        *at++ = '"';
    *at++ = '\n';
    return at;
}

static char *put_json_text(char *at, const char *key, const char *text, size_t n)
{
    at = put_text(at, key);
    *at++ = '"';
    at = put_bytes(at, text, n); /* no word holds a quote, a backslash or a control character */
    *at++ = '"';
    return at;
}

static char *put_jsonl(const struct generator *g, const struct row *row, char *at)
{
    at = put_u64(put_text(at, "{\"l_orderkey\":"), row->order_key);
    at = put_u64(put_text(at, ",\"l_partkey\":"), row->part_key);
    at = put_u64(put_text(at, ",\"l_suppkey\":"), row->supp_key);
    at = put_u64(put_text(at, ",\"l_linenumber\":"), row->line_number);
    at = put_cents(put_text(at, ",\"l_quantity\":"), row->quantity * 100u);
    at = put_cents(put_text(at, ",\"l_extendedprice\":"), row->extended_price_cents);
    at = put_cents(put_text(at, ",\"l_discount\":"), row->discount_cents);
    at = put_cents(put_text(at, ",\"l_tax\":"), row->tax_cents);
    at = put_json_text(at, ",\"l_returnflag\":", &row->return_flag, 1);
    at = put_json_text(at, ",\"l_linestatus\":", &row->line_status, 1);
    at = put_json_text(at, ",\"l_shipdate\":", g->dates[row->ship_day], DATE_BYTES);
    at = put_json_text(at, ",\"l_commitdate\":", g->dates[row->commit_day], DATE_BYTES);
    at = put_json_text(at, ",\"l_receiptdate\":", g->dates[row->receipt_day], DATE_BYTES);
    at = put_json_text(at, ",\"l_shipinstruct\":", row->ship_instruct, strlen(row->ship_instruct));
    at = put_json_text(at, ",\"l_shipmode\":", row->ship_mode, strlen(row->ship_mode));
    at = put_json_text(at, ",\"l_comment\":", row->comment, row->comment_bytes);
    *at++ = '}';
    *at++ = '\n';
    return at;
}

static bool flush(struct output *out)
{
    for (const char *from = out->bytes; from < out->at;) {
        ssize_t n = write(STDOUT_FILENO, from, (size_t)(out->at - from));
        if (n < 0 && errno != EINTR)
            return false;
        from += n > 0 ? n : 0;
    }
    out->at = out->bytes;
    return true;
}

static bool write_rows(struct generator *g, struct output *out, uint64_t n_rows, bool jsonl)
{
    if (!jsonl)
        out->at = put_text(out->at, "l_orderkey,l_partkey,l_suppkey,l_linenumber,l_quantity,l_extendedprice,"
                                    "l_discount,l_tax,l_returnflag,l_linestatus,l_shipdate,l_commitdate,"
                                    "l_receiptdate,l_shipinstruct,l_shipmode,l_comment\n");
    for (uint64_t i = 0; i < n_rows; i++) {
        struct row row;
        next_row(g, &row);
        out->at = jsonl ? put_jsonl(g, &row, out->at) : put_csv(g, &row, out->at);
        if (out->at > out->bytes + BUFFER_BYTES - ROW_MAX_BYTES && !flush(out))
            return false;
    }
    return flush(out);
}

static bool parse_u64(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *text != '-';
}

struct arguments {
    uint64_t n_rows, seed;
    bool jsonl;
};

static bool parse_arguments(struct arguments *out, int argc, char **argv)
{
    *out = (struct arguments){.n_rows = 1000, .seed = 1};
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        bool known = false;
        if (strcmp(name, "--rows") == 0)
            known = parse_u64(value, &out->n_rows);
        else if (strcmp(name, "--seed") == 0)
            known = parse_u64(value, &out->seed);
        else if (strcmp(name, "--format") == 0) {
            out->jsonl = strcmp(value, "jsonl") == 0;
            known = out->jsonl || strcmp(value, "csv") == 0;
        }
        if (!known)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse_arguments(&arguments, argc, argv)) {
        (void)fprintf(stderr, "usage: lineitem [--rows N] [--seed S] [--format csv|jsonl] > FILE\n");
        return 2;
    }
    struct generator *g = calloc(1, sizeof(*g));
    struct output out = {.bytes = malloc(BUFFER_BYTES)};
    out.at = out.bytes;
    bool ok = g != NULL && out.bytes != NULL && generator_init(g, arguments.n_rows, arguments.seed) &&
              write_rows(g, &out, arguments.n_rows, arguments.jsonl);
    if (!ok)
        (void)fprintf(stderr, "could not write rows to standard output: %s\n", strerror(errno));
    if (g != NULL)
        free(g->pool);
    free(g);
    free(out.bytes);
    return ok ? 0 : 1;
}
