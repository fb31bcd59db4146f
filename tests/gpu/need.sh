#!/bin/sh
# need.sh - what run.sh needs, asked before anything is done. Prints what it found as shell variables; or, with exit code 1, one sentence a thing
# that is missing.
#
# Debian's packages are not asked for: of what they bring, the library needs three headers alone, and those may be brought along (headers.sh).
set -u
: "${CC:?}" "${PYTHON:?}" "${DEVICE:?}"
missing=0
lacks() {
    echo "$1" >&2
    missing=1
}
has() { command -v "$1" > /dev/null 2>&1; }
# The first of the folders that has the file; nothing if none has.
folder_with() {
    file=$1
    shift
    for folder; do
        if [ -e "$folder/$file" ]; then
            echo "$folder"
            return
        fi
    done
}
# Folders that a Python installation keeps NVIDIA's packages in.
python_folders() { # NAME
    "$PYTHON" -c "import importlib
for f in list(importlib.import_module('nvidia.$1').__path__): print(f)" 2> /dev/null
}
# The folder below $1 that its shared library $2 lies in.
library_folder() {
    for folder in "$1/lib64" "$1/lib" "$1/lib/$($CC -dumpmachine 2> /dev/null)" "$1/targets/x86_64-linux/lib"; do
        for file in "$folder/lib$2.so" "$folder/lib$2.so."*; do
            if [ -e "$file" ]; then
                echo "$folder"
                return
            fi
        done
    done
}

has "$PYTHON" || lacks "$PYTHON is missing: name a Python 3 in PYTHON=… (its standard library is enough for the report, PyTorch for the peers)"
has timeout || lacks "timeout is missing: it is in coreutils"
if [ -z "${BUILT:-}" ]; then
    has make || lacks "make is missing: install GNU make"
    has "$CC" || lacks "$CC is missing: name a C compiler in CC=…"
fi

flags=''
if [ -z "${BUILT:-}" ] && has "$CC"; then
    headers=${HEADERS:-build/gpu-headers}
    [ ! -d "$headers" ] || flags="-isystem $(cd "$headers" && pwd)"
    for header in jsmn.h stb/stb_image.h stb/stb_image_write.h; do
        # shellcheck disable=SC2086  # two words
        printf '#include <stddef.h>\n#include <%s>\n' "$header" | $CC $flags -E -x c - > /dev/null 2>&1 ||
            lacks "$header is missing: apt-get install libstb-dev libjsmn-dev, or run tests/gpu/headers.sh where they are and bring build/gpu-headers along"
    done
fi

cuda='' cudnn='' cublas='' libraries=''
case $DEVICE in
cudnn*)
    compiler=$(command -v nvcc 2> /dev/null)
    beside=''
    [ -z "$compiler" ] || beside=$(cd "$(dirname "$(readlink -f "$compiler")")/.." && pwd)
    # shellcheck disable=SC2046  # one folder a word
    cuda=$(folder_with include/cuda_runtime_api.h ${CUDA_HOME:+"$CUDA_HOME"} ${beside:+"$beside"} /usr/local/cuda /usr/local/cuda-13* $(python_folders cu13))
    # shellcheck disable=SC2046
    cudnn=$(folder_with include/cudnn_graph.h ${CUDNN_HOME:+"$CUDNN_HOME"} ${cuda:+"$cuda"} /usr/local /usr $(python_folders cudnn))
    # shellcheck disable=SC2046
    cublas=$(folder_with include/cublasLt.h ${CUBLAS_HOME:+"$CUBLAS_HOME"} ${cuda:+"$cuda"} $(python_folders cu13) $(python_folders cublas))
    if [ -z "${BUILT:-}" ]; then
        [ -n "$cuda" ] || lacks "cuda_runtime_api.h is missing: name the folder of the CUDA 13 toolkit in CUDA_HOME=…"
        [ -z "$cuda" ] || [ -x "$cuda/bin/nvcc" ] || [ -n "$compiler" ] || lacks "nvcc is missing: it is in the CUDA 13 toolkit, $cuda/bin has none"
        [ -n "$cudnn" ] || lacks "cudnn_graph.h is missing: name cuDNN 9's folder in CUDNN_HOME=… (a Python installation's nvidia/cudnn will do)"
        [ -n "$cublas" ] || lacks "cublasLt.h is missing: name cuBLAS's folder in CUBLAS_HOME=… (a Python installation's nvidia/cu13 will do)"
        for pair in "$cuda cudart" "$cudnn cudnn" "$cublas cublasLt"; do
            root=${pair% *} library=${pair#* }
            [ -z "$root" ] || [ -n "$(library_folder "$root" "$library")" ] || lacks "lib$library.so is missing below $root, where its header is"
        done
    fi
    for pair in "$cudnn cudnn" "$cublas cublasLt" "$cuda cudart"; do
        [ "${pair% *}" = "" ] || {
            folder=$(library_folder "${pair% *}" "${pair#* }")
            case ":$libraries:" in *":$folder:"*) ;; *) libraries=${libraries:+$libraries:}$folder ;; esac
        }
    done
    ;;
esac
[ $missing = 0 ] || exit 1
cat << END
CUDA_HOME='$cuda'
CUDNN_HOME='$cudnn'
CUBLAS_HOME='$cublas'
LIBRARIES='$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}'
HEADER_FLAGS='$flags'
END
