#!/bin/sh
# Callers of every release so far, compiled against the headers of their time, run on the library of today.
set -u
failed=0 run=0
for folder in tests/abi/callers/*/; do
    release=$(basename "$folder")
    run=$((run + 1))
    if ! ${CC:-cc} -std=c99 -I"$folder/include" tests/abi/caller.c -o "$TMPDIR/caller-$release" -L"$HAEMNET_BUILD" -lhaemnet -Wl,-rpath,"$HAEMNET_BUILD"; then
        echo "FAILED: the caller of $release does not link"
        failed=$((failed + 1))
    elif ! "$TMPDIR/caller-$release" "$TMPDIR"; then
        echo "FAILED: the caller of $release"
        failed=$((failed + 1))
    else
        echo "caller of $release: runs"
    fi
done
[ $run -gt 0 ] || { echo "no callers"; exit 1; }
echo "RESULT $run run, $failed failed"
[ $failed = 0 ]
