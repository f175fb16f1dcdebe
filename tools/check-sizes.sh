#!/bin/sh
# check-sizes.sh - functions have at most 60 lines, files at most 700; prints the ten longest functions.
# Counts the lines between a function's braces, which stand alone in the first column.
set -eu
cd "$(dirname "$0")/.."
find include src -name '*.[ch]' | sort | xargs awk '
    FNR == 1 { if (lines > 700) { print file ": " lines " lines, over 700"; bad = 1 } file = FILENAME }
    { lines = FNR }
    /^[a-zA-Z].*\(/ { name = $0 }
    /^{/ { start = FNR }
    /^}/ && start {
        n = FNR - start - 1; start = 0
        print n " lines: " FILENAME ": " name | "sort -rn | head -n 10"
        if (n > 60) { print FILENAME ":" FNR ": function of " n " lines, over 60: " name; bad = 1 }
    }
    END { if (lines > 700) { print file ": " lines " lines, over 700"; bad = 1 }
          close("sort -rn | head -n 10"); exit bad }'
