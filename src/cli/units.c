/* cli/units.c - see cli/units.h. */
#include "cli/units.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void format(char *out, size_t size, int64_t n, double step, const char *const *units)
{
    double v = (double)n;
    int i = 0;
    for (; v >= step - 0.5 && units[i + 1] != NULL; i++)
        v /= step;
    snprintf(out, size,
             i == 0      ? "%.0f%s"
             : v < 9.995 ? "%.2f%s"
             : v < 99.95 ? "%.1f%s"
                         : "%.0f%s",
             v, units[i]);
}

void wh_units_count(char *out, size_t size, int64_t n)
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};
    format(out, size, n, 1000, units);
}

void wh_units_bytes(char *out, size_t size, int64_t n_bytes)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", NULL};
    format(out, size, n_bytes, 1024, units);
}

void wh_units_exact(char *out, size_t size, int64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    size_t at = 0;
    for (int i = 0; i < len && at + 2 < size; i++) {
        bool comma = i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0;
        if (comma)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

void wh_units_time(char *out, size_t size, double seconds)
{
    long long s = (long long)(seconds + 0.5);
    if (seconds < 9.995)
        snprintf(out, size, "%.2f s", seconds);
    else if (s < 60)
        snprintf(out, size, "%lld s", s);
    else if (s < 3600)
        snprintf(out, size, "%lld min %lld s", s / 60, s % 60);
    else
        snprintf(out, size, "%lld h %lld min", s / 3600, s % 3600 / 60);
}
