#!/bin/sh
# check-headers.sh - each header compiles alone.
set -eu
cd "$(dirname "$0")/.."
{ find include -name '*.h' -printf '%P\n' && find src -name '*.h' -printf '%P\n'; } |
    xargs -P "$(nproc)" -I{} sh -c 'echo "#include \"{}\"" | gcc -fsyntax-only -x c -std=c17 -Wall -Wextra -Werror \
        -D_GNU_SOURCE -DWHERRY_VERSION=\"0\" -Iinclude -Isrc - || { echo "{} does not compile alone"; exit 1; }'
