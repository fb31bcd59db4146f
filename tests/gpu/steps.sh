#!/bin/sh
# steps.sh - the steps of run.sh, one a call, so that each can be ended at its time: steps.sh build|device|conform|bench|roofline|sanitizer.
#
# run.sh exports what they need. What a program found out is in LINES/*.jsonl; a program that ends without a word is a failed check here.
set -u
: "${OUT:?}" "${WORK:?}" "${LINES:?}" "${DEVICE:?}" "${BUILD:?}"
. tests/gpu/lines.sh
objects=$(cat "$WORK/objects" 2> /dev/null)
began=$(date +%s)
case $DEVICE in cudnn*) PLUGINS=${PLUGINS:-$WORK/prefix/lib/haemnet} ;; esac
left() { echo $((${SECONDS_LEFT:-600} - $(date +%s) + began)); }

# ours NAME PROGRAM ARGUMENTS…: a program of tests/gpu on DEVICE. Its own failed checks are in its lines; dying is one that it cannot tell.
ours() {
    lines=$LINES/$1.jsonl name=$2
    shift 2
    LD_LIBRARY_PATH=$LIBRARIES "$objects/tests/gpu/$name" "$@" --plugins "$PLUGINS" --json "$lines" ${QUICK:+--quick}
    code=$?
    case $code in
    0 | 1 | 77) ;;
    *) record "$name $*" failed "it ended with code $code" ;;
    esac
    return $code
}

build() {
    cuda="CUDA=0" targets="all gpu-programs bench-programs" jobs=$(nproc 2> /dev/null || echo 2)
    case $DEVICE in
    cudnn*)
        cuda="CUDA_HOME=$CUDA_HOME CUDNN_HOME=$CUDNN_HOME CUBLAS_HOME=$CUBLAS_HOME"
        targets="$targets cudnn"
        line machine nvcc "$("$CUDA_HOME/bin/nvcc" --version 2> /dev/null | tail -n 1)"
        ;;
    esac
    line machine cores "$jobs" compiler "$($CC --version | head -n 1)" gpu "$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | head -n 1)"
    # shellcheck disable=SC2086  # several words each
    if make -j"$jobs" CC="$CC" BUILD="$BUILD" WERROR= EXTRA_CFLAGS="$HEADER_FLAGS" $cuda $targets &&
        make CC="$CC" BUILD="$BUILD" WERROR= EXTRA_CFLAGS="$HEADER_FLAGS" $cuda PREFIX="$WORK/prefix" install; then
        make -s CC="$CC" BUILD="$BUILD" WERROR= EXTRA_CFLAGS="$HEADER_FLAGS" $cuda print-obj > "$WORK/objects"
        record build passed "$targets, in $(($(date +%s) - began)) s"
    else
        record build failed "build.log has the compiler's words"
    fi
}

# What the device is, and how each operator of TinyVGG is done, by the installed program.
choices() {
    program=$WORK/prefix/bin/haemnet
    if [ -n "${BUILT:-}" ] || [ ! -x "$program" ]; then
        record "the installed program" skipped "nothing was installed"
        return
    fi
    LD_LIBRARY_PATH=$LIBRARIES "$program" devices -v --model tinyvgg > "$WORK/devices" 2>&1
    cat "$WORK/devices"
    name=${DEVICE%%[:+]*}
    if grep -q "^. $name:[0-9]" "$WORK/devices" && ! grep "^. $name:0" "$WORK/devices" | grep -q 'not usable'; then
        record "the installed program" passed "$(grep "^. $name:0" "$WORK/devices" | cut -c 1-200)"
    else
        record "the installed program" failed "it does not offer $name: $(grep -E "$name|plug-in" "$WORK/devices" | head -n 1 | cut -c 1-200)"
    fi
    line machine device "$(grep "^. $name:0" "$WORK/devices" | cut -c 3-200)"
}

# Two processes train the same; their model files must be the same bytes.
same_file() {
    for i in 1 2; do
        ours conform gpu_thesis --device "$DEVICE+deterministic" --model "$WORK/model-$i.safetensors" || return
    done
    first=$(sha256sum < "$WORK/model-1.safetensors") second=$(sha256sum < "$WORK/model-2.safetensors")
    if [ "$first" = "$second" ]; then
        record "same model file twice" passed "sha256 ${first%% *}"
    else
        record "same model file twice" failed "sha256 ${first%% *} and ${second%% *}"
    fi
}

device() {
    choices
    ours device gpu_conform --device "$DEVICE" --part device
}

conform() {
    for words in '' +tf32 +bf16 +deterministic +bf16+deterministic +bf16+measured; do
        ours conform gpu_conform --device "$DEVICE$words" --part network
        ours conform gpu_conform --device "$DEVICE$words" --part cases
    done
    same_file
    for words in '' +bf16; do ours conform gpu_conform --device "$DEVICE$words" --part doubts; done
}

bench() {
    ours bench gpu_thesis --device "$DEVICE"
    [ -n "$QUICK" ] || ours bench gpu_thesis --device "$DEVICE" --images 5435
    if [ -z "$PEERS" ]; then
        record "beside PyTorch" skipped "--no-peers"
    elif ! "$PYTHON" -c 'import torch' 2> "$WORK/torch"; then
        record "beside PyTorch" skipped "$PYTHON has no PyTorch: $(tail -n 1 "$WORK/torch")"
    else
        mkdir -p "$WORK/data"
        "$PYTHON" tests/gpu/peers.py --serve "$objects/tests/bench/bench_serve" --json "$LINES/peers.jsonl" --device "$DEVICE" --folder "$WORK/data" \
            ${PLUGINS:+--plugins "$PLUGINS"} ${LIBRARIES:+--libraries "$LIBRARIES"} --seconds "$(($(left) - 25))" ${QUICK:+--quick} ||
            record "beside PyTorch" failed "peers.py ended with code $?"
    fi
}

roofline() {
    for words in '' +tf32 +bf16; do ours roofline gpu_operators --device "$DEVICE$words"; done
    if [ -n "$QUICK" ]; then
        ours roofline gpu_operators --device "$DEVICE" --network tinyvgg --size 16 --hidden 4 --batch 2 --mode train
        return
    fi
    ours roofline gpu_operators --device "$DEVICE+tf32+measured" --network tinyvgg --batch 4096 --mode train
    ours roofline gpu_operators --device "$DEVICE+bf16+measured" --network resnet50 --size 224 --batch 256 --mode train
    ours roofline gpu_operators --device "$DEVICE+tf32+measured" --network tinyvgg --batch 32 --mode train
    ours roofline gpu_operators --device "$DEVICE+bf16" --network resnet50 --size 224 --batch 256 --mode test
}

# sanitize TOOL PART OPTIONS…: errors of this tool in a short run; ended in time, it is skipped.
sanitize() {
    tool=$1 part=$2
    shift 2
    rest=$(($(left) - 3))
    if [ "$rest" -lt 8 ]; then
        record "$tool, $part" skipped "no time was left"
        return
    fi
    LD_LIBRARY_PATH=$LIBRARIES timeout "$rest" "$sanitizer" --tool "$tool" --error-exitcode 99 --print-limit 5 "$objects/tests/gpu/gpu_conform" \
        --device "$DEVICE" --plugins "$PLUGINS" --part "$part" --quick "$@" > "$WORK/sanitized" 2>&1
    code=$?
    cat "$WORK/sanitized"
    said=$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY|not supported' "$WORK/sanitized" | tail -n 1)
    case $code in
    0) record "$tool, $part" passed "${said:-no errors}" ;;
    124) record "$tool, $part" skipped "its time was over" ;;
    *) record "$tool, $part" failed "code $code: ${said:-$(tail -n 1 "$WORK/sanitized")}" ;;
    esac
}

sanitizer() {
    sanitizer=$(command -v compute-sanitizer || echo "$CUDA_HOME/bin/compute-sanitizer")
    case $DEVICE in
    cudnn*) ;;
    *)
        record compute-sanitizer skipped "it looks at NVIDIA devices alone"
        return
        ;;
    esac
    if [ ! -x "$sanitizer" ]; then
        record compute-sanitizer skipped "the tool is missing"
        return
    fi
    sanitize memcheck network
    sanitize memcheck cases --every 7
    sanitize racecheck network
    sanitize initcheck network
}

case ${1:?} in
build | device | conform | bench | roofline | sanitizer) "$1" ;;
*) echo "steps.sh build|device|conform|bench|roofline|sanitizer" >&2; exit 2 ;;
esac
