#!/bin/sh
# The Rust example: compiles without a warning, runs, gives handles back cleanly, and its types may cross threads exactly as the headers' thread
# words say. Needs rustc; any from 1.63.
set -eu
if ! command -v rustc >/dev/null 2>&1; then
    echo "SKIP test_rust: no rustc; apt-get install rustc"
    exit 77
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
source=$root/examples/rust/haemnet.rs
run=0 failed=0
check() { # NAME STATUS
    run=$((run + 1))
    [ "$2" = 0 ] || { echo "FAILED: $1"; failed=$((failed + 1)); }
}
fail_log() { cat "$TMPDIR/log"; return 1; }
cd "$TMPDIR"
link="-L native=$HAEMNET_BUILD -C link-arg=-Wl,-rpath,$HAEMNET_BUILD"
status=0
# shellcheck disable=SC2086
rustc --edition 2021 -D warnings "$source" $link -o example >log 2>&1 || fail_log || status=1
check "the example compiles" $status
if [ $status = 0 ]; then
    ./example >out 2>&1 || status=1
    grep -q '^two threads: ' out && grep -q '^as it should be: HN_E_FORMAT$' out || status=1
    [ $status = 0 ] || cat out
    check "the example runs" $status
fi

# Two fields exchanged in one struct: refused before anything is made.
sed 's/patient: i32, slice: i32, types/slice: i32, patient: i32, types/' "$source" >changed.rs
status=0
# shellcheck disable=SC2086
rustc --edition 2021 changed.rs $link -o changed >log 2>&1 || fail_log || status=1
./changed >out 2>&1 && status=1
grep -q '^HN_E_ABI: hn_phantom_slice_info: here .field slice 4 4 i32., in the library .field patient 4 4 i32.$' out || status=1
check "a struct that does not fit is refused" $status

# Which types are Send and Sync: `yes` must compile, `no` must not, and for that reason only. Checked without linking.
verdict() { # TYPE TRAIT
    printf '#[path = "%s"]\nmod haemnet;\nfn need<T: %s>() {}\nfn main() { need::<haemnet::%s>() }\n' "$source" "$2" "$1" >trait.rs
    if rustc --edition 2021 --emit=metadata -A warnings trait.rs >log 2>&1; then
        echo yes
    elif grep -q 'error\[E0277\]' log; then
        echo no
    else
        echo broken
    fi
}
expect() { # TYPE SEND SYNC
    status=0
    [ "$(verdict "$1" Send) $(verdict "$1" Sync)" = "$2 $3" ] || status=1
    check "$1 should be Send: $2, Sync: $3" $status
}
expect Model yes yes
expect Predictor yes no
expect Trainer yes no
expect Dataset yes no
echo "RESULT $run run, $failed failed"
[ $failed = 0 ]
