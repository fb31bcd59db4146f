#!/bin/sh
# make check-all: make check, then the slow suites one after the other, and one summary of all as the last line.
#
# LIMIT (seconds) ends the list early: suites for which no time is left are counted as skipped, by name. SUITES names the ones to run, all
# if it is empty. Logs are in build/check-all/.
set -u
make=${MAKE:-make}
limit=${LIMIT:-1000000}
begin=$(date +%s)
logs=build/check-all
mkdir -p $logs
passed=0 failed=0 skipped=0

# suite NAME COMMAND…: runs it, adds up the summary on its last line; without one it counts as one test.
suite() {
    name=$1
    shift
    case " ${SUITES:-$name} " in *" $name "*) ;; *) return ;; esac
    left=$((limit - $(date +%s) + begin))
    if [ $left -lt 60 ]; then
        echo "SKIP $name: no time left"
        skipped=$((skipped + 1))
        return
    fi
    from=$(date +%s)
    timeout --signal=TERM $left "$@" >"$logs/$name.log" 2>&1
    code=$?
    line=$(tail -n 1 "$logs/$name.log")
    numbers=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
    if [ $code = 124 ]; then
        echo "SKIP $name: the time was over before it ended"
        skipped=$((skipped + 1))
        return
    fi
    if [ -n "$numbers" ]; then
        set -- $numbers
    elif [ $code = 0 ]; then
        set -- 1 0 0
    else
        set -- 0 1 0
    fi
    [ $code = 0 ] || [ "$2" != 0 ] || set -- "$1" 1 "$3"
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    echo "$name: $1 passed, $2 failed, $3 skipped ($(($(date +%s) - from)) s)"
    grep '^ *SKIP ' "$logs/$name.log"
    [ "$2" = 0 ] || grep -A 30 -E '^FAIL|[Ee]rror' "$logs/$name.log" | head -n 80
}

tests() { # NAME VARIABLES…: builds and runs the programs with these make variables
    name=$1
    shift
    suite "$name" sh -c "$make --no-print-directory tests plugins $* && $make --no-print-directory check-programs $*"
}

suite check $make --no-print-directory check
tests host HAEMNET_TEST_HOST=1 SCRIPTS=
tests clang CC=clang SCRIPTS=
suite coverage sh tests/memory/coverage.sh
# Sanitized programs are slow: Check's own time limits are stretched.
export CK_TIMEOUT_MULTIPLIER=6
tests sanitize-address-undefined SAN=address,undefined CFLAGS='"-O1 -g"'
tests sanitize-thread SAN=thread CFLAGS='"-O1 -g"'
suite slow $make --no-print-directory check-slow
suite valgrind sh tests/memory/valgrind.sh
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
