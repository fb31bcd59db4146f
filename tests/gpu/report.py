#!/usr/bin/env python3
"""Joins what the steps of tests/gpu/run.sh wrote, lines of JSON, into one file; prints a short table; the last line sums up.

  report.py LINES_FOLDER OUT.json

Ends with 1 if a check failed. An aim that is not met is no failure. Only Python's standard library is needed."""
import json
import pathlib
import sys

SLOWEST = 3


def read(folder):
    """All records, in the order of the files' names."""
    records, broken = [], []
    for path in sorted(pathlib.Path(folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if not line.strip():
                continue
            try:
                records.append(dict(json.loads(line), step=path.stem))
            except ValueError:  # a program was ended in the middle of a line
                broken.append(f"{path.name}: {line[:80]}")
    return records, broken


def of_kind(records, kind):
    return [{k: v for k, v in r.items() if k != "kind"} for r in records if r["kind"] == kind]


def precision_of(device):
    return next((word for word in ("bf16", "tf32") if "+" + word in device), "float32")


def find_peaks(records):
    """Bytes/s, and FLOP/s by precision: PyTorch's products where they were measured, else those of dense layers through the plug-in."""
    peaks = of_kind(records, "peak")
    rate = max((p["value"] for p in peaks if p["name"] == "copy"), default=None)
    flops = {precision_of(p["device"]): p["value"] for p in peaks if p["name"] == "dense"}
    flops.update({p["name"]: p["value"] for p in peaks if p["device"] == "PyTorch" and p["name"] != "copy"})
    return rate, flops


def roofline(records):
    """The slowest operators of each network: how long they take, and how long their bytes and their arithmetic must take at least."""
    rate, flops = find_peaks(records)
    networks = {}
    for op in of_kind(records, "operator"):
        networks.setdefault((op["device"], op["network"]), []).append(op)
    wholes = {(w["device"], w["network"]): w["seconds"] for w in of_kind(records, "whole")}
    found = []
    for (device, network), ops in networks.items():
        total = sum(op["count"] * op["seconds"] for op in ops)
        for op in sorted(ops, key=lambda o: -o["count"] * o["seconds"])[:SLOWEST]:
            is_product = "conv2d" in op["name"] or "dense" in op["name"]
            peak = flops.get(precision_of(device) if is_product else "float32")
            floors = {"memory": op["bytes"] / rate if rate else 0, "arithmetic": op["flops"] / peak if peak and is_product else 0}
            bound = max(floors, key=floors.get)
            found.append(dict(op, part=op["count"] * op["seconds"] / total, bound_by=bound, share=floors[bound] / op["seconds"],
                              sum_of_operators=total, whole=wholes.get((device, network))))
    return {"bytes_per_second": rate, "flops": flops, "slowest": found}


def time_text(seconds):
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.3f} ms" if seconds < 1 else f"{seconds:.2f} s"


def print_cases(records):
    for case in of_kind(records, "case"):
        mine = case["seconds"][case["ours"]]
        peers = ", ".join(f"{name.replace('PyTorch ', '')} {time_text(s)} ({s / mine:.2f}x)" for name, s in case["seconds"].items() if name != case["ours"])
        aims = "; ".join(f"aim {a['aim']:g}x {against}: {'met' if a['met'] else 'NOT met'}" for against, a in case["aims"].items())
        print(f"  {case['name']}, {case['precision']}: ours {time_text(mine)}; PyTorch {peers or 'not measured'}{'; ' + aims if aims else ''}")


def print_figures(records):
    for f in of_kind(records, "figure"):
        aim = f"; aim at most {f['at_most']:g}: {'met' if f['value'] <= f['at_most'] else 'NOT met'}" if "at_most" in f else ""
        print(f"  {f['device']}, {f['name']}: {f['value']:.4g} {f['unit']}{aim}")


def print_roofline(roof):
    if roof["bytes_per_second"]:
        print(f"  memory {roof['bytes_per_second'] / 1e9:.0f} GB/s; " + ", ".join(f"{n} {v / 1e12:.3g} TFLOP/s" for n, v in roof["flops"].items()))
    for op in roof["slowest"]:
        print(f"  {op['device']}, {op['network']}: {op['name']}, {op['count']} x {time_text(op['seconds'])} = {100 * op['part']:.0f} % of the operators; "
              f"{100 * op['share']:.0f} % of what {op['bound_by']} allows")


def print_table(report, records):
    print("\n== checks that failed or were skipped ==")
    for check in report["checks"]:
        if check["status"] != "passed":
            print(f"  {check['status']}: {check['device']}, {check['name']}: {check['detail'][:200]}")
    print("== beside PyTorch (medians) ==")
    print_cases(records)
    print("== figures ==")
    print_figures(records)
    print("== slowest operators against the roofline ==")
    print_roofline(report["roofline"])
    print("== steps ==")
    print("  " + ", ".join(f"{s['name']} {s['seconds']:g} of {s['budget']:g} s{'' if s['status'] == 'ended' else ' (' + s['status'] + ')'}" for s in report["steps"]))


def main():
    folder, out = sys.argv[1:3]
    records, broken = read(folder)
    machine = {}
    for r in of_kind(records, "machine"):
        machine.update({k: v for k, v in r.items() if k != "step"})
    report = {"machine": machine, "steps": of_kind(records, "step"), "checks": of_kind(records, "check"), "cases": of_kind(records, "case"),
              "figures": of_kind(records, "figure"), "operators": of_kind(records, "operator"), "roofline": roofline(records), "broken_lines": broken}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    print_table(report, records)
    print(out)
    count = {s: sum(c["status"] == s for c in report["checks"]) for s in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
