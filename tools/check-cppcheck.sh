#!/bin/sh
# check-cppcheck.sh - cppcheck over src/. Suppressed: what version 2.10 does not understand of C (compound literals in
# calls), arithmetic shifts to the right, which gcc and clang both define, and uninitvar, which takes arrays that a
# loop fills for unset; the compilers, clang's analyzer and the sanitizers look for those.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/cppcheck
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=internalAstError --suppress=uninitvar \
    --suppress=shiftTooManyBitsSigned --suppress=shiftNegativeLHS --cppcheck-build-dir=build/cppcheck -j "$(nproc)" \
    -D_GNU_SOURCE -DWHERRY_VERSION='"0"' -DWHERRY_FAILPOINTS=1 -D__x86_64__ -I include -I src src
