/* store/migrations.h - the SQL texts of migrations/, built into the program. */
#pragma once

/* In order, NULL-ended; the n-th brings a store from version n to n + 1. */
extern const char *const wh_migrations[];
