#!/bin/sh
# check-format.sh - every C file has the form that .clang-format gives it; --fix gives it that form.
set -eu
cd "$(dirname "$0")/.."
if [ "${1-}" = --fix ]; then
    find include src tests bench -name '*.[ch]' -print0 | xargs -0 -P "$(nproc)" -n 16 clang-format-14 -i
    exit
fi
wrong=$(find include src tests bench -name '*.[ch]' | sort | xargs -P "$(nproc)" -n 1 sh -c \
    'clang-format-14 --dry-run -Werror "$1" 2>/dev/null || echo "$1"' sh)
[ -z "$wrong" ] || {
    printf 'not in the form of .clang-format (make format puts them right):\n%s\n' "$wrong"
    exit 1
}
