#!/bin/sh
# make bench: runs every benchmark program and joins what they write into BUILD/bench.json.
#
#   sh tests/bench/run.sh BUILD [NAME...]     all, or some: layers networks presets single file growth memory thesis
#
# Environment: DEVICE (as `haemnet train --device`, default best), THESIS=1 (the whole of the thesis' workload on any device),
# JPEG (an image file to use instead of a phantom), QUICK=1 (a self-check in seconds), BENCH_BIN (where the programs are).
set -eu
build=${1:?usage: run.sh BUILD [NAME...]}
shift
programs=${*:-layers networks presets single file growth memory thesis}
bin=${BENCH_BIN:-$(${MAKE:-make} --no-print-directory BUILD="$build" print-obj)/tests/bench}
lines=$build/bench
mkdir -p "$lines"
rm -f "$lines"/*.jsonl
set -- --folder "$build/bench-data"
[ -z "${DEVICE:-}" ] || set -- "$@" --device "$DEVICE"
[ -z "${QUICK:-}" ] || set -- "$@" --quick

for program in $programs; do
    extra=
    [ "$program" != thesis ] || [ -z "${THESIS:-}" ] || extra=--full
    if [ "$program" = file ] && [ -n "${JPEG:-}" ]; then
        "$bin/bench_$program" "$@" --json "$lines/$program.jsonl" --file "$JPEG"
    else
        "$bin/bench_$program" "$@" --json "$lines/$program.jsonl" $extra
    fi
done

# Every program writes one JSON object a line, known by its first key.
objects() { # KEY
    cat "$lines"/*.jsonl | { grep "^{\"$1\":" || true; } | sed '$!s/$/,/; s/^/    /'
}
best() { # FIELD: the largest of the programs' peaks
    sed -n "s/^{\"threads_1\".*/&/; s/.*\"$1\": \([0-9.e+]*\).*/\1/p" "$lines"/*.jsonl | sort -g | tail -n 1
}
word() { # FIELD of the last program
    sed -n "s/^{\"threads_1\".*\"$1\": \"\([^\"]*\)\".*/\1/p" "$lines"/*.jsonl | tail -n 1
}
{
    echo "{"
    echo "  \"peak_gflops\": {\"threads_1\": $(best threads_1), \"threads_2\": $(best threads_2)},"
    echo "  \"isa\": \"$(word isa)\", \"device\": \"$(word device)\", \"quick\": $([ -n "${QUICK:-}" ] && echo true || echo false),"
    echo "  \"cases\": ["
    objects name
    echo "  ],"
    echo "  \"facts\": ["
    objects fact
    echo "  ],"
    echo "  \"skipped\": ["
    objects skipped
    echo "  ]"
    echo "}"
} > "$build/bench.json"
echo
echo "$build/bench.json"
