#!/bin/sh
# The benchmark programs run in their smallest form and bench.json is what it says it is. No figure is judged: machines differ.
set -eu
: "${HAEMNET_BUILD:?set by make check}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/haemnet-bench-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
if ! [ -x "$HAEMNET_BUILD/tests/bench/bench_layers" ]; then
    echo "SKIP test_bench: the benchmark programs are not built (make bench-programs)"
    exit 77
fi
BENCH_BIN=$HAEMNET_BUILD/tests/bench QUICK=1 sh tests/bench/run.sh "$scratch" > "$scratch/log" 2>&1 || {
    cat "$scratch/log"
    exit 1
}
python3 - "$scratch/bench.json" << 'END'
import json
import math
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
problems = []


def positive(owner, name, value):
    if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
        problems.append(f"{owner}: {name} is {value!r}")


for threads in ("threads_1", "threads_2"):
    positive("peak_gflops", threads, report["peak_gflops"][threads])
for key in ("isa", "device"):
    if not report[key]:
        problems.append(f"{key} is empty")
for case in report["cases"]:
    if set(case) != {"name", "threads", "seconds", "best_seconds", "cpu_seconds", "rounds", "items_per_second", "gflops", "peak_share",
                     "cpu_peak_share"}:
        problems.append(f"{case.get('name')}: fields {sorted(case)}")
        continue
    for key in ("threads", "seconds", "best_seconds", "cpu_seconds", "rounds", "items_per_second"):
        positive(case["name"], key, case[key])
    if (case["gflops"] is None) != (case["peak_share"] is None):
        problems.append(f"{case['name']}: gflops and peak_share do not agree")
    if case["gflops"] is not None:
        positive(case["name"], "gflops", case["gflops"])
        positive(case["name"], "peak_share", case["peak_share"])
for fact in report["facts"]:
    if not fact["fact"] or not isinstance(fact["value"], (int, float)) or "unit" not in fact:
        problems.append(f"fact {fact}")
names = [case["name"] for case in report["cases"]] + [fact["fact"] for fact in report["facts"]]
for wanted in ("train conv_block_1.0 conv2d", "infer, whole", "train tinyvgg", "2 threads against 1", "one image, network", "allocations a prediction",
               "file to verdict", "growth with images", "growth with pixels", "growth with epochs", "counted against predicted",
               "REDUCED thesis: backward"):
    if not any(wanted in name for name in names):
        problems.append(f"nothing is called {wanted!r}")
print("\n".join(problems) or f"{len(report['cases'])} cases, {len(report['facts'])} facts")
sys.exit(1 if problems else 0)
END
