#!/bin/sh
# Valgrind over test programs that are quick enough for it: no leak, no read of what was never written. Forking is off, so that the
# process that is watched is the one that tests.
set -u
make=${MAKE:-make}
flags='CFLAGS=-O1 -g'
"$make" --no-print-directory tests plugins "$flags" || exit 1
obj=$("$make" --no-print-directory -s print-obj "$flags")
programs=""
for name in ${VALGRIND_TESTS:-base/test_status base/test_json base/test_files model/test_model_file eval/test_metrics data/test_csv data/test_rows graph/test_graph train/test_train predict/test_handles fuzz/test_corpus fault/test_memory thread/test_threads}; do
    [ -x "$obj/tests/$name" ] && programs="$programs $obj/tests/$name"
done
CK_FORK=no CK_DEFAULT_TIMEOUT=0 HAEMNET_TEST_PLUGINS=$obj/tests/backend/plugins HAEMNET_TEST_EXAMPLES=$obj/examples HAEMNET_BUILD=$obj \
    python3 tests/run.py -j "$(nproc)" --wrap "valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --track-origins=no" $programs
