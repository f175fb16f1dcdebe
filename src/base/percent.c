/* base/percent.c - see base/percent.h. */
#include "base/percent.h"

#include <ctype.h>

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

bool wh_percent_decode(char *text, size_t len, size_t *n)
{
    bool ok = true;
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        bool escape = text[i] == '%' && len - i > 2;
        int hi = escape ? hex_digit(text[i + 1]) : -1, lo = escape ? hex_digit(text[i + 2]) : -1;
        bool valid = hi >= 0 && lo >= 0 && hi + lo > 0;
        ok = ok && (valid || text[i] != '%');
        int decoded = valid ? hi << 4 | lo : text[i];
        text[to++] = (char)decoded;
        i += valid ? 2 : 0;
    }
    *n = to;
    return ok;
}
