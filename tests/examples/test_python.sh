#!/bin/sh
# The Python module and its example, with a python3 that has numpy and with one that has none; a library that does not fit is refused at import.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/examples/python"
library=$(ls "$HAEMNET_BUILD"/libhaemnet.so.[0-9]*)
run=0 failed=0
check() { # NAME STATUS
    run=$((run + 1))
    [ "$2" = 0 ] || { echo "FAILED: $1"; failed=$((failed + 1)); }
}
cd "$TMPDIR"

with="" seen=""
for python in python3 /usr/bin/python3; do
    command -v $python >/dev/null 2>&1 || continue
    real=$($python -c 'import sys; print(sys.executable)')
    case " $seen " in *" $real "*) continue ;; esac
    seen="$seen $real"
    if $python -c 'import numpy' 2>/dev/null; then with=$python; fi
done
[ -n "$with" ] || echo "SKIP numpy: no python3 here has it; apt-get install python3-numpy"

use() { # NAME PYTHON...
    name=$1
    shift
    status=0
    HAEMNET_LIBRARY="$library" "$@" "$root/examples/python/example.py" "$name.safetensors" >"$name.out" 2>&1 || status=1
    grep -q '^as it should be: HN_E_FORMAT$' "$name.out" || status=1
    [ $status = 0 ] || cat "$name.out"
    check "the example with $name" $status
    status=0
    HAEMNET_LIBRARY="$library" "$@" "$root/tests/examples/module.py" >"$name.log" 2>&1 || status=1
    [ $status = 0 ] || cat "$name.log"
    check "the module with $name" $status
}
[ -z "$with" ] || use numpy "$with"
use nothing python3 -S # without site-packages: the standard library only
if [ -n "$with" ]; then
    status=0
    cmp -s numpy.safetensors nothing.safetensors || status=1
    check "the same model file with and without numpy" $status
fi

# A struct that differs in one field, a library that is none, a library that is not there: an ImportError that says which.
refused() { # NAME LIBRARY PATTERN
    status=0
    HAEMNET_LIBRARY=$2 PYTHONPATH="${4:-$PYTHONPATH}" python3 -c 'import haemnet' >log 2>&1 && status=1
    grep "^ImportError: .*$3" log >/dev/null || status=1
    [ $status = 0 ] || cat log
    check "$1" $status
}
mkdir changed
sed 's/, u64 seed, f64 bleed_share/, u64 seed, f32 bleed_share/' "$root/examples/python/haemnet.py" >changed/haemnet.py
refused "a field of another type" "$library" "hn_phantom_options.bleed_share is (24, 8, 'f64') there" "$PWD/changed"
sed 's/i64 skipped, i64 tp, i64 fp/i64 skipped, i64 fp, i64 tp/' "$root/examples/python/haemnet.py" >changed/haemnet.py
refused "two fields exchanged" "$library" "hn_metrics.* there and " "$PWD/changed"
sed 's/^ABI_VERSION = 0/ABI_VERSION = 9/' "$root/examples/python/haemnet.py" >changed/haemnet.py
refused "another ABI number" "$library" "has ABI 0, this module is for 9" "$PWD/changed"
refused "a library that is not there" "$PWD/nowhere.so" "nowhere.so"
echo "RESULT $run run, $failed failed"
[ $failed = 0 ]
