#!/bin/sh
# check-layers.sh - each folder of src/ includes only what tools/layers.txt allows it ("batch batch base": a
# folder, then what it may include, itself too), and a sub-folder is private to itself.
set -eu
cd "$(dirname "$0")/.."
find src -name '*.[ch]' | sort | xargs awk '
    FNR == NR { for (i = 2; i <= NF; i++) ok[$1, $i] = 1; next }
    /^# *include "/ {
        split(FILENAME, f, "/"); split($2, h, /["\/]/)
        if (h[2] != "wherry" &&
            (!((f[2], h[2]) in ok) || (h[4] != "" && f[2] "/" f[3] != h[2] "/" h[3]))) {
            print FILENAME ":" FNR ": src/" f[2] " may not include " $2; bad = 1
        }
    }
    END { exit bad }' tools/layers.txt
