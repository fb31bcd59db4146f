#!/bin/sh
# make gpu: builds, checks and measures the plug-in on a machine with an NVIDIA device, in one call of less than ten minutes, without a network
# and without Debian's packages. README.md beside this says what it needs and what each step does.
#
#   tests/gpu/run.sh [OPTIONS] [OUT]       OUT: folder for results, default $OUT, else build/gpu
#     --device SPEC    cudnn (the default), or cpu: a dry run without CUDA, and always --quick
#     --quick          the smallest sizes: figures mean nothing
#     --built DIR      the objects that are there already (make print-obj), instead of a build
#     --plugins DIR    absolute folder of the plug-in, with --built
#     --no-peers       nothing beside PyTorch
#     --steps "NAME…"  of build device conform bench roofline sanitizer
#
# Environment: CUDA_HOME, CUDNN_HOME, PYTHON (one with PyTorch), HEADERS (see headers.sh), CC, LIMIT (seconds in all), WORK (folder to build in).
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/../.." || exit 1
begin=$(date +%s)
device=cudnn quick='' built='' plugins='' peers=1 steps="build device conform bench roofline sanitizer"
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=1 ;;
    --no-peers) peers='' ;;
    --device | --built | --plugins | --steps)
        [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; }
        case $1 in
        --device) device=$2 ;;
        --built) built=$2 ;;
        --plugins) plugins=$2 ;;
        *) steps=$2 ;;
        esac
        shift
        ;;
    -*) echo "$1 is not understood; sed -n 2,14p tests/gpu/run.sh" >&2; exit 2 ;;
    *) OUT=$1 ;;
    esac
    shift
done
case $device in cudnn*) ;; *) quick=1 ;; esac
OUT=${OUT:-build/gpu} WORK=${WORK:-build/gpu-work} LIMIT=${LIMIT:-570} PYTHON=${PYTHON:-python3} CC=${CC:-gcc}
mkdir -p "$OUT" "$WORK/lines" || exit 1
OUT=$(cd "$OUT" && pwd) WORK=$(cd "$WORK" && pwd) LINES=$WORK/lines
rm -f "$LINES"/*.jsonl "$OUT"/*.log "$OUT/gpu.json"
DEVICE=$device QUICK=$quick BUILT=$built PLUGINS=$plugins PEERS=$peers BUILD=$WORK/build
export OUT WORK LINES PYTHON CC DEVICE QUICK BUILT PLUGINS PEERS BUILD
. tests/gpu/lines.sh

# step NAME SECONDS: runs steps.sh NAME for at most that long, or what is left; what it says in full is in OUT/NAME.log.
step() {
    name=$1 budget=$2
    case " $steps " in *" $name "*) ;; *) return 0 ;; esac
    left=$((LIMIT - $(date +%s) + begin))
    [ "$budget" -le "$left" ] || budget=$left
    if [ "$budget" -lt 5 ]; then
        record "$name" skipped "no time was left"
        return 0
    fi
    from=$(date +%s)
    SECONDS_LEFT=$budget timeout -k 5 "$budget" sh tests/gpu/steps.sh "$name" > "$OUT/$name.log" 2>&1
    code=$?
    status=ended
    if [ $code = 124 ] || [ $code = 137 ]; then
        status=late
        record "$name in time" failed "it did not end within $budget s; $name.log is what it got to"
    fi
    line step name "$name" seconds "$(($(date +%s) - from))" budget "$budget" status "$status"
    echo "$name: $(($(date +%s) - from)) s"
    grep -E '^(FAIL|SKIP) ' "$OUT/$name.log" | cut -c 1-300 | head -n 20
    return $code
}

if sh tests/gpu/need.sh > "$WORK/env" 2> "$OUT/build.log"; then
    # shellcheck source=/dev/null
    . "$WORK/env" # CUDA_HOME, CUDNN_HOME, CUBLAS_HOME, LIBRARIES, HEADER_FLAGS
    export CUDA_HOME CUDNN_HOME CUBLAS_HOME LIBRARIES HEADER_FLAGS
else
    cat "$OUT/build.log"
    record "what it needs" failed "$(head -n 1 "$OUT/build.log")"
    for name in $steps; do record "$name" skipped "something is missing"; done
    steps=''
fi

# torch.compile needs minutes the first time: it is done beside the build, into a cache.
export TORCHINDUCTOR_CACHE_DIR="$WORK/inductor" TRITON_CACHE_DIR="$WORK/triton"
warm=''
case "$device $steps" in
cudnn*bench*)
    if [ -n "$peers" ] && [ -z "$quick" ]; then
        timeout 200 "$PYTHON" tests/gpu/peers.py --warm --serve none --seconds 150 > "$OUT/warm.log" 2>&1 &
        warm=$!
    fi
    ;;
esac

if [ -n "$built" ]; then
    echo "$built" > "$WORK/objects"
    [ -n "$steps" ] && record build skipped "what is in $built is used"
else
    rm -f "$WORK/objects"
    step build 180
fi
if [ -n "$steps" ] && ! { [ -s "$WORK/objects" ] && [ -x "$(cat "$WORK/objects")/tests/gpu/gpu_conform" ]; }; then
    for name in $steps; do [ "$name" = build ] || record "$name" skipped "the build failed"; done
    steps=''
fi
if ! step device 40; then
    for name in $steps; do case $name in build | device) ;; *) record "$name" skipped "the device cannot be used" ;; esac; done
    steps=''
fi
step conform 100
[ -z "$warm" ] || wait "$warm" # nothing is measured beside it
after=130 # s, for the steps behind it
rest=$((LIMIT - $(date +%s) + begin - after))
step bench "$((rest > 210 ? rest : 210))"
step roofline 60
step sanitizer 60
"$PYTHON" tests/gpu/report.py "$LINES" "$OUT/gpu.json"
