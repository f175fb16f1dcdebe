#!/bin/sh
# check-tidy.sh - clang-tidy over src/, as many files at a time as there are cores. A file that passed
# is not read again until it, a header of it or the list of checks has changed (build/tidy-cache).
set -eu
cd "$(dirname "$0")/.."
command -v clang-tidy-14 >/dev/null || { echo "could not find clang-tidy-14" >&2; exit 1; }
mkdir -p build/tidy-cache
export COMPILE="-std=c17 -D_GNU_SOURCE -DWHERRY_VERSION=\"0\" -DWHERRY_FAILPOINTS=1 -Iinclude -Isrc"
find src -name '*.c' | sort | xargs -P "$(nproc)" -n 1 sh -c '
    key=$({ cat .clang-tidy tools/analyzer.h; clang-14 -E $COMPILE "$1"; } 2>/dev/null | sha256sum | cut -c 1-32)
    [ ! -e "build/tidy-cache/$key" ] || exit 0
    include="-include tools/analyzer.h"
    [ "$1" != src/base/error.c ] || include=
    if clang-tidy-14 --quiet "$1" -- $COMPILE $include 2>/dev/null; then
        : >"build/tidy-cache/$key"
    else
        exit 1
    fi' sh
