#!/bin/sh
# make bench-peers: libhaemnet beside PyTorch and ONNX Runtime, in one run. Results: a table and BUILD/bench-peers.json.
#
#   sh tests/bench/peers.sh BUILD [CASE...]     all, or the cases whose names contain one of the words
#
# Makes a Python environment of its own in BUILD/peers-venv, once (PyTorch's wheel brings CUDA's: some GB). Where that cannot be had,
# Debian's python3-torch is used without ONNX Runtime; the table names what it ran against.
# Environment: DEVICE, JPEG (a further image file), BENCH_BIN, ROUNDS.
set -eu
build=${1:?usage: peers.sh BUILD [CASE...]}
shift
venv=$build/peers-venv
bin=${BENCH_BIN:-$(${MAKE:-make} --no-print-directory BUILD="$build" print-obj)/tests/bench}
packages="torch torchvision onnxruntime onnx numpy pillow"
imports="import torch, torchvision, onnxruntime, onnx, numpy, PIL"

python=$venv/bin/python
if ! "$python" -c "$imports" 2> /dev/null; then
    echo "installing $packages into $venv ..."
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check $packages && "$python" -c "$imports"; }; then
        python=/usr/bin/python3
        echo "that did not work; $python has to do (apt-get install python3-torch python3-torchvision python3-pil)"
        "$python" -c "import torch, torchvision, PIL, numpy"
    fi
fi
# Settings of numpy's BLAS for the whole machine, which slow some of the peers' work.
exec env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" tests/bench/peers/main.py --serve "$bin/bench_serve" --build "$build" \
    ${JPEG:+--jpeg "$JPEG"} ${ROUNDS:+--rounds "$ROUNDS"} "$@"
