#!/bin/sh
# test.sh - every check, in order, fast ones first. Prints a line per step with its seconds; what a step wrote lies
# in build/test-logs/<step>.log, its last 60 lines are printed when it fails. A step counts its tests by a last
# line "N passed, N failed", else as one. The closing line sums them up; the exit code is 1 if anything failed.
# usage: tools/test.sh [--list | STEP...]
set -u
cd "$(dirname "$0")/.." || exit 1
logs=build/test-logs
jobs=$(nproc)

STEPS="format layers headers sizes release unit docs clang tidy cppcheck asan tsan fuzz aarch64 exchange e2e"

# Configures and builds a preset of CMakePresets.json: build_preset NAME FOLDER [cmake argument...]
build_preset() {
    preset=$1 folder=$2
    shift 2
    cmake --preset "$preset" "$@" && cmake --build "$folder"
}

# Runs tests of a build folder by ctest and counts their cases: those of cmocka, or those of a line
# "N passed, N failed", else the program as one: run_ctest FOLDER [ctest argument...]
run_ctest() {
    folder=$1
    shift
    ctest --test-dir "$folder" -j "$jobs" --timeout 600 --verbose "$@" >"$folder/ctest.log" 2>&1
    code=$?
    cat "$folder/ctest.log"
    awk -v code=$code '
        function count(id, p, f) { sub(":", "", id); cases[id] = 1; passed += p; failed += f; bad[id] += f }
        /^[0-9]+: \[  PASSED  \] / { count($1, $5, 0) }
        /^[0-9]+: \[  FAILED  \] [0-9]+ test/ { count($1, 0, $5) }
        /^[0-9]+: [0-9]+ passed, [0-9]+ failed$/ { count($1, $2, $4) }
        / Test +#[0-9]+: / {
            match($0, /#[0-9]+/); id = substr($0, RSTART + 1, RLENGTH - 1); n++
            if ($0 ~ / Passed /) { if (!(id in cases)) passed++ } else if (bad[id] == 0) failed++
        }
        END { if (n == 0 || (code != 0 && failed == 0)) failed++
              printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' "$folder/ctest.log"
}

# Runs each script in turn and counts them; Python modules without a main part are no scripts: run_scripts FILE...
run_scripts() {
    passed=0 failed=0
    for script; do
        [ -e "$script" ] || continue
        case $script in *.py) grep -q __main__ "$script" || continue ;; esac
        begin=$(date +%s)
        case $script in
        *.py) timeout 900 build/venv/bin/python "$script" ;;
        *) timeout 900 bash "$script" ;;
        esac >"$logs/script.log" 2>&1
        code=$?
        cat "$logs/script.log"
        closing=$(tail -n 1 "$logs/script.log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
        [ -n "$closing" ] || closing=$([ $code -eq 0 ] && echo "1 0" || echo "0 1")
        [ $code -eq 0 ] || [ "${closing#* }" -gt 0 ] || closing="${closing% *} 1"
        passed=$((passed + ${closing% *})) failed=$((failed + ${closing#* }))
        echo "== $script: exit code $code, $(($(date +%s) - begin)) s"
    done
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ] && [ $passed -gt 0 ]
}

step_format() { tools/check-format.sh; }
step_layers() { tools/check-layers.sh; }
step_headers() { tools/check-headers.sh; }
step_sizes() { tools/check-sizes.sh; }
step_release() { build_preset release build -DWHERRY_TESTS=ON; }
step_unit() { run_ctest build -LE exchange; }
step_docs() { build/venv/bin/python tests/docs/run.py; }
step_clang() { build_preset clang build/clang; }
step_tidy() { timeout 900 tools/check-tidy.sh; }
step_cppcheck() { timeout 600 tools/check-cppcheck.sh; }
step_asan() {
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    build_preset asan build/asan && run_ctest build/asan -LE exchange
}
# The engine's tests and those of what its threads share. The shadow memory of ThreadSanitizer does not fit every
# random layout of the address space, so that is switched off where the system allows it.
step_tsan() {
    build_preset tsan build/tsan || return 1
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        setarch "$(uname -m)" -R tools/test.sh --run-tsan
    else
        run_tsan
    fi
}
run_tsan() {
    TSAN_OPTIONS=halt_on_error=1 run_ctest build/tsan -R '^test_(base|store|engine|cli)_'
}
step_fuzz() { tools/fuzz.sh 20; }
# Without the tests that kill their own children: they hang in the emulator, and what they show is not about processors.
step_aarch64() { build_preset aarch64 build/aarch64 && run_ctest build/aarch64 -LE exchange -E '_kill$'; }
step_exchange() { run_ctest build -L exchange; }
step_e2e() { run_scripts tests/e2e/*.sh tests/e2e/*.py; }

# Runs one step; sets step_passed and step_failed.
run_step() {
    log=$logs/$1.log
    begin=$(date +%s)
    ("step_$1") >"$log" 2>&1
    code=$?
    seconds=$(($(date +%s) - begin))
    closing=$(tail -n 1 "$log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    [ -n "$closing" ] || closing=$([ $code -eq 0 ] && echo "1 0" || echo "0 1")
    step_passed=${closing% *} step_failed=${closing#* }
    [ $code -eq 0 ] || [ "$step_failed" -gt 0 ] || step_failed=1
    if [ "$step_failed" -eq 0 ]; then
        printf '%-10s ok    %4d s  %5d passed\n' "$1" $seconds "$step_passed"
    else
        printf '%-10s FAIL  %4d s  %5d passed, %d failed; the end of %s:\n' "$1" $seconds "$step_passed" \
            "$step_failed" "$log"
        tail -n 60 "$log" | sed 's/^/    | /'
    fi
}

case ${1-} in
--list)
    printf '%s\n' $STEPS
    exit
    ;;
--run-tsan)
    run_tsan
    exit
    ;;
esac
export LC_ALL=C.UTF-8 TZ=UTC WHERRY="$PWD/build/wherry" WHERRY_BUILD="$PWD/build" PYTHON="$PWD/build/venv/bin/python"
mkdir -p $logs
total_passed=0 total_failed=0 start=$(date +%s)
# shellcheck disable=SC2048
for step in ${*:-$STEPS}; do
    case " $STEPS " in
    *" $step "*) run_step "$step" ;;
    *)
        echo "unknown step \"$step\"; known: $STEPS" >&2
        exit 2
        ;;
    esac
    total_passed=$((total_passed + step_passed)) total_failed=$((total_failed + step_failed))
done
printf 'total            %5d s\n' $(($(date +%s) - start))
echo "$total_passed passed, $total_failed failed"
[ $total_failed -eq 0 ]
