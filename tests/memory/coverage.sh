#!/bin/sh
# Line and branch coverage of lib/ by the test programs; fails below the floor, which only ever rises. The report is build/coverage/.
set -u
make=${MAKE:-make}
floor=${COVERAGE_FLOOR:-85}
build=build/coverage
"$make" --no-print-directory tests plugins BUILD=$build CFLAGS='-O0 -g --coverage' >/dev/null || exit 1
"$make" --no-print-directory check-programs BUILD=$build CFLAGS='-O0 -g --coverage' SCRIPTS= || exit 1
gcovr --root . --filter 'lib/' --object-directory $build --print-summary --output $build/coverage.txt --fail-under-line "$floor" $build
code=$?
echo "$((code == 0)) passed, $((code != 0)) failed, 0 skipped"
exit $code
