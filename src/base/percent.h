/* base/percent.h - %XX of RFC 3986 2.1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Decodes text in place ('+' is a plus); *n is the new length. False, with what is wrong left as it is, when
 * a
 * '%' is not followed by two hexadecimal digits or stands for NUL. */
bool wh_percent_decode(char *text, size_t len, size_t *n);
