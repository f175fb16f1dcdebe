#!/bin/sh
# fuzz.sh - builds the fuzz targets and runs each for SECONDS, as many at a time as there are cores. New inputs go
# to build/fuzz/found, crashes to build/fuzz/crashes. Ends with "N passed, N failed", counted over targets.
# usage: tools/fuzz.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
cmake --preset fuzz >/dev/null
cmake --build build/fuzz
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(find tests/fuzz -name 'fuzz_*.c' | sed 's|.*/fuzz_\(.*\)\.c|\1|' | sort)
mkdir -p build/fuzz/crashes build/fuzz/logs
rm -f build/fuzz/logs/*.failed
export seconds
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh -c '
    mkdir -p build/fuzz/found/{}
    build/fuzz/tests/fuzz/fuzz_{} -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix=build/fuzz/crashes/{}- \
        build/fuzz/found/{} tests/fuzz/corpora/{} >build/fuzz/logs/{}.log 2>&1 || {
        : >build/fuzz/logs/{}.failed
        tail -n 30 build/fuzz/logs/{}.log
    }
    echo "fuzz_{}: $(sed -n "s/^stat::number_of_executed_units: *//p" build/fuzz/logs/{}.log) inputs"'
failed=$(find build/fuzz/logs -name '*.failed' | wc -l)
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
