#!/bin/sh
# The library against the stored baseline of every release of this ABI: nothing may be taken away or changed, only added.
set -u
so=$(ls "$HAEMNET_BUILD"/libhaemnet.so.[0-9]*)
readelf -S "$so" | grep -q debug_info || { echo "SKIP abidiff: the library was built without -g"; exit 77; }
failed=0 run=0
for baseline in tests/abi/libhaemnet-*.abi; do
    run=$((run + 1))
    abidiff --headers-dir2 include --drop-private-types --no-added-syms --no-show-locs "$baseline" "$so" >"$TMPDIR/diff" 2>&1
    code=$?
    # Bits of abidiff's exit code: 1 error, 2 usage, 4 a change, 8 an incompatible change. Additions alone are fine.
    if [ $((code & 11)) != 0 ] || { [ $((code & 4)) != 0 ] && ! grep -q '0 Removed, 0 Changed' "$TMPDIR/diff"; }; then
        failed=$((failed + 1))
        echo "FAILED: $baseline (abidiff gave $code)"
        head -n 60 "$TMPDIR/diff"
    else
        echo "$baseline: compatible"
    fi
done
[ $run -gt 0 ] || { echo "no baseline"; exit 1; }
echo "RESULT $run run, $failed failed"
[ $failed = 0 ]
