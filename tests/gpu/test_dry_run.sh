#!/bin/sh
# run.sh in its smallest form without a GPU: every step on the cpu backend, and on the fake of the plug-in where there is one. Its JSON is whole
# and says what the last line says; what is missing is named. No figure is judged.
set -eu
: "${HAEMNET_BUILD:?set by make check}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/haemnet-gpu-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
if ! [ -x "$HAEMNET_BUILD/tests/gpu/gpu_conform" ]; then
    echo "SKIP test_dry_run: the programs are not built (make gpu-programs)"
    exit 77
fi
problem() {
    echo "$1"
    cat "$scratch"/out/*.log "$scratch/log"
    exit 1
}

# run EXPECTED_CODE ARGUMENTS…
run() {
    expected=$1 code=0
    shift
    WORK=$scratch/work sh tests/gpu/run.sh --quick --no-peers "$@" "$scratch/out" > "$scratch/log" 2>&1 || code=$?
    [ $code = "$expected" ] || problem "run.sh $*: code $code, wanted $expected"
}

run 0 --device cpu --built "$HAEMNET_BUILD"
python3 - "$scratch/out/gpu.json" "$(tail -n 1 "$scratch/log")" << 'END' || problem "the report is not what it says it is"
import json
import math
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
problems = list(report["broken_lines"])
count = {s: sum(c["status"] == s for c in report["checks"]) for s in ("passed", "failed", "skipped")}
if sys.argv[2] != f"{count['passed']} passed, 0 failed, {count['skipped']} skipped" or not count["passed"]:
    problems.append(f"the last line is {sys.argv[2]!r}, the checks are {count}")
names = {c["name"]: c["status"] for c in report["checks"]}
for wanted, status in (("cases", "passed"), ("same model file twice", "passed"), ("NaN through convolution with bias and ReLU", "passed"),
                       ("one image", "passed"), ("train tinyvgg 16 px, batch 2", "passed"), ("compute-sanitizer", "skipped"),
                       ("beside PyTorch", "skipped")):
    if names.get(wanted) != status:
        problems.append(f"{wanted}: {names.get(wanted)}, wanted {status}")
if {s["name"] for s in report["steps"]} != {"device", "conform", "bench", "roofline", "sanitizer"}:
    problems.append(f"steps: {report['steps']}")
numbers = [f["value"] for f in report["figures"]] + [o["seconds"] for o in report["operators"]] + [o["share"] for o in report["roofline"]["slowest"]]
if len(report["figures"]) < 6 or len(report["operators"]) < 15 or len(report["roofline"]["slowest"]) != 3:
    problems.append("figures, operators or the slowest of them are missing")
if not all(isinstance(n, (int, float)) and math.isfinite(n) and n > 0 for n in numbers):
    problems.append(f"a number is none: {numbers}")
print("\n".join(problems))
sys.exit(bool(problems))
END

run 1 --device nonsense --built "$HAEMNET_BUILD"
grep -q 'FAIL nonsense, opening the device: HN_E_NOT_FOUND' "$scratch/log" || problem "a device that is not there is not told"
grep -q '^SKIP conform: the device cannot be used' "$scratch/log" || problem "steps that cannot run are not told"

CC=/nonexistent/cc run 1 --device cpu
grep -q '^FAIL what it needs: /nonexistent/cc is missing' "$scratch/log" || problem "a missing compiler is not told"

if [ -n "${HAEMNET_TEST_CUDA:-}" ] && [ -e "$HAEMNET_TEST_CUDA" ]; then
    mkdir "$scratch/plugins"
    ln -s "$HAEMNET_TEST_CUDA" "$scratch/plugins/libhaemnet-cudnn.so"
    run 0 --device cudnn --built "$HAEMNET_BUILD" --plugins "$scratch/plugins" --steps "device roofline"
    grep -q 'cudnn, train tinyvgg 16 px' "$scratch/log" || problem "the plug-in's operators were not timed"
else
    echo "SKIP run.sh on the fake plug-in: it is not built (CUDA's headers are missing)"
fi
