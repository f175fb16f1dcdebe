/* cli/signals.h - SIGINT and SIGTERM as a wish to stop; a second one stops at once. */
#pragma once
#include <stdbool.h>

/* Becomes true at the first signal. Ignores SIGPIPE. */
const _Atomic bool *wh_signals_install(void);
/* The signal that came, or 0. */
int wh_signals_got(void);
