/* cli/units.h - amounts as people read them. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define WH_UNITS_TEXT 40 /* room that every text fits in */

void wh_units_count(char *out, size_t size, int64_t n);       /* 950, 12.3k, 4.56M */
void wh_units_bytes(char *out, size_t size, int64_t n_bytes); /* 950 B, 12.3 MiB */
void wh_units_exact(char *out, size_t size, int64_t n);       /* 6,001,215 */
void wh_units_time(char *out, size_t size, double seconds);   /* 0.42 s, 59 s, 3 min 20 s, 2 h 5 min */
