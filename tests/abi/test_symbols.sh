#!/bin/sh
# Exported = listed = declared: what the shared library gives away is what the version script lists is what the headers declare. In the static
# library every global name begins with hn_ or hni_, so that nothing collides in the host; and no name is there that ends the process or prints.
set -eu
failed=0
check() { # NAME EXPECTED ACTUAL
    if ! diff -u "$2" "$3" >"$TMPDIR/diff"; then
        echo "FAILED: $1"
        cat "$TMPDIR/diff"
        failed=$((failed + 1))
    fi
}
cd "$(dirname "$0")/../.."
python3 - >"$TMPDIR/declared" <<'PY'
import sys
sys.path.insert(0, "tools")
import headers
print("\n".join(sorted({name for _, name, _, _ in headers.functions()})))
PY
so=$(ls "$HAEMNET_BUILD"/libhaemnet.so.[0-9]*)
nm -D --defined-only "$so" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | LC_ALL=C sort >"$TMPDIR/exported"
nm -D --defined-only "$so" | awk '$2 != "T" && $2 != "A" {print $3}' >"$TMPDIR/data"
sed -n 's/^    \(hn_[a-z0-9_]*\);$/\1/p' lib/api/libhaemnet.map | LC_ALL=C sort >"$TMPDIR/listed"
: >"$TMPDIR/empty"
check "exported is not declared" "$TMPDIR/declared" "$TMPDIR/exported"
check "listed is not declared" "$TMPDIR/declared" "$TMPDIR/listed"
check "data or weak symbols are exported" "$TMPDIR/empty" "$TMPDIR/data"
nm -g --defined-only "$HAEMNET_BUILD/libhaemnet.a" | awk 'NF == 3 && $3 !~ /^hni?_/ {print $3}' >"$TMPDIR/strangers"
check "global names in the static library without our prefix" "$TMPDIR/empty" "$TMPDIR/strangers"
nm -u "$HAEMNET_BUILD/libhaemnet.a" | awk '{print $2}' | grep -xE 'exit|_exit|abort|raise|kill|printf|fprintf|puts|putchar|perror|__assert_fail|vprintf|__printf_chk|__fprintf_chk|setlocale|signal|sigaction' |
    sort -u >"$TMPDIR/forbidden" || true
check "calls that end the process, print or change the host" "$TMPDIR/empty" "$TMPDIR/forbidden"
readelf -d "$so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|libpthread|libdl|ld-linux.*)\.so' >"$TMPDIR/needed" || true
check "libraries needed beyond libc, libm and pthreads" "$TMPDIR/empty" "$TMPDIR/needed"
readelf -d "$so" | grep -q 'SONAME.*\[libhaemnet\.so\.0\]' || { echo "FAILED: soname"; failed=$((failed + 1)); }
echo "exported symbols: $(wc -l <"$TMPDIR/exported")"
echo "RESULT 7 run, $failed failed"
[ $failed = 0 ]
