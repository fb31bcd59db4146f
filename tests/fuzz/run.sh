#!/bin/sh
# tests/fuzz/run.sh TARGET SECONDS: builds with clang's fuzzer, address and undefined sanitizers, and fuzzes from the committed corpus.
#
# New inputs stay in build/fuzz/inputs/TARGET; a crash is written to build/fuzz/find-TARGET-…. Minimise it with
#     build/fuzz/TARGET -minimize_crash=1 -runs=100000 FILE
# and commit it as tests/fuzz/corpus/TARGET/find-SHORT-NAME together with the repair.
set -eu
[ $# = 2 ] && [ -f "tests/fuzz/fuzz_$1.c" ] || {
    echo "usage: tests/fuzz/run.sh $(ls tests/fuzz/fuzz_*.c | sed 's|.*fuzz_||; s|\.c$||' | tr '\n' '|' | sed 's/|$//') SECONDS" >&2
    exit 2
}
target=$1 seconds=$2
build=${BUILD:-build/fuzz}
flags='-O1 -g -fsanitize=fuzzer-no-link'
mkdir -p "$build/inputs/$target"
"${MAKE:-make}" --no-print-directory -s CC="${CLANG:-clang}" BUILD="$build" SAN=address,undefined CFLAGS="$flags" lib
"${CLANG:-clang}" -std=c11 -D_GNU_SOURCE -Iinclude -Ilib -O1 -g -pthread -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    "tests/fuzz/fuzz_$target.c" "$build/libhaemnet.a" -lm -ldl -o "$build/$target"
exec "$build/$target" -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/find-$target-" "$build/inputs/$target" "tests/fuzz/corpus/$target"
