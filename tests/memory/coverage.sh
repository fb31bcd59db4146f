#!/bin/sh
# Line and branch coverage of lib/ by the test programs; fails below the floor, which only ever rises. The report is build/coverage/.
set -u
make=${MAKE:-make}
floor=${COVERAGE_FLOOR:-97}
build=build/coverage
"$make" --no-print-directory tests plugins BUILD=$build CFLAGS='-O0 -g --coverage' >/dev/null || exit 1
"$make" --no-print-directory check-programs BUILD=$build CFLAGS='-O0 -g --coverage' SCRIPTS= || exit 1
# This run's objects alone: others may lie there from an earlier state of the sources.
objects=$("$make" --no-print-directory -s print-obj BUILD=$build CFLAGS='-O0 -g --coverage')
# Headers that are compiled once an instruction set are left out: gcovr cannot merge functions that stand twice.
gcovr --root . --filter 'lib/' --exclude 'lib/backend/cpu/.*\.h' --print-summary --output $build/coverage.txt --fail-under-line "$floor" "$objects"
code=$?
echo "$((code == 0)) passed, $((code != 0)) failed, 0 skipped"
exit $code
