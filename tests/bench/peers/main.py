#!/usr/bin/env python3
"""libhaemnet beside PyTorch and ONNX Runtime: same networks, same threads, float32, medians of rounds in which all take turns.

Started by tests/bench/peers.sh. Prints a table and writes bench-peers.json: per case and peer `ours` and `peer` in seconds, medians, and
`ratio` = peer / ours (above 1 we are faster), the best of the rounds, the peer's name and version, and the aim where there is one."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ours  # noqa: E402
import pytorch  # noqa: E402

try:
    import onnx_runtime
except ImportError as missing:
    onnx_runtime = None
    print(f"without ONNX Runtime: {missing}")

PAUSE = 0.3  # s between turns: threads of OpenMP and of ONNX Runtime spin for a while before they sleep, and would take ours their cores
ROUND = 0.2  # s, at least, of one turn


def spec(mode, model, size, hidden, batch):
    return {"mode": mode, "model": model, "size": size, "hidden": hidden, "batch": batch}


# name, threads, network, aims: smallest good ratio against a peer
CASES = [
    ("train tinyvgg 64 px, batch 32", 2, spec("train", "tinyvgg", 64, 10, 32), {"PyTorch": 4}),
    ("infer tinyvgg 64 px, batch 32", 2, spec("predict", "tinyvgg", 64, 10, 32), {"PyTorch": 3, "ONNX Runtime": 1}),
    ("infer tinyvgg 64 px, one image", 2, spec("predict", "tinyvgg", 64, 10, 1), {"PyTorch": 6, "ONNX Runtime": 1}),
    ("infer resnet18 224 px, batch 8", 2, spec("predict", "resnet18", 224, 0, 8), {"ONNX Runtime": 0.8}),
    ("infer resnet18 224 px, one image", 2, spec("predict", "resnet18", 224, 0, 1), {"ONNX Runtime": 0.8}),
    ("train resnet18 224 px, batch 8", 2, spec("train", "resnet18", 224, 0, 8), {"PyTorch": 0.8}),
]
FILE_AIM = {"Pillow + torchvision + PyTorch": 2}


class Report:
    def __init__(self):
        self.results, self.skipped = [], []

    def skip(self, case, what, why):
        print(f"  SKIP {case}, {what}: {why}", flush=True)
        self.skipped.append({"case": case, "what": what, "why": why})

    def add(self, case, threads, items, contenders, times, aims):
        mine, my_best = times[contenders[0]]
        print(f"\n{case}, {threads} thread{'s' if threads > 1 else ''}{'':<24}median       best", flush=True)
        for contender in contenders:
            seconds, best = times[contender]
            line = f"  {contender.name:<34} {seconds * 1e3:10.3f} ms {best * 1e3:10.3f} ms {items / seconds:12.1f} items/s"
            if contender is not contenders[0]:
                ratio, aim = seconds / mine, aims.get(contender.name)
                met = "" if aim is None else f"  (aim: {aim:g}x: {'met' if ratio >= aim else 'NOT met'})"
                line += f"   ours is {ratio:6.2f}x as fast (best: {best / my_best:.2f}x){met}"
                self.results.append({"case": case, "threads": threads, "ours": mine, "peer": seconds, "peer_name": contender.name,
                                     "version": contender.version, "ratio": ratio, "aim": aim,
                                     "ours_best": my_best, "peer_best": best})
            print(line, flush=True)


def measure(contenders, rounds):
    """Seconds of one run, (median, best) of the rounds, by contender; all take turns."""
    counts, times = {}, {c: [] for c in contenders}
    for c in contenders:
        c.run(1)
        once = c.run(1)
        counts[c] = max(1, int(ROUND / once) + 1) if once < ROUND else 1
        if once > 2:
            rounds = min(rounds, 3)
        time.sleep(PAUSE)
    for _ in range(rounds):
        for c in contenders:
            times[c].append(c.run(counts[c]))
            time.sleep(PAUSE)
    return {c: (statistics.median(t), min(t)) for c, t in times.items()}


def run_case(report, server, case, threads, network, aims, rounds):
    try:
        contenders = [ours.Ours(server, "open {model} {size} {hidden} {batch} {mode} ".format(**network) + str(threads))]
    except ours.Skip as why:
        report.skip(case, "libhaemnet", str(why))
        return
    contenders.append(pytorch.Torch(network, threads))
    if network["model"] == "resnet18":
        contenders.append(pytorch.Torch(network, threads, "channels_last"))
    compiled, why = pytorch.compiled(network, threads)
    if compiled:
        contenders.append(compiled)
    else:
        report.skip(case, "PyTorch compile", why)
    if network["mode"] == "predict":
        if onnx_runtime:
            difference = onnx_runtime.check(network)
            assert difference < 1e-4, f"the ONNX model is not PyTorch's: {difference}"
            contenders.append(onnx_runtime.Onnx(network, threads))
        else:
            report.skip(case, "ONNX Runtime", "it is not installed")
    report.add(case, threads, network["batch"], contenders, measure(contenders, rounds), aims)
    for contender in contenders:
        contender.close()


def run_file(report, server, path, rounds):
    case = f"file to verdict, {os.path.basename(path)}"
    mine = ours.Ours(server, f"file {path} 64 1")
    safetensors = os.path.join(server.folder, "peer-weights.safetensors")
    mine.save(safetensors)
    contenders = [mine, pytorch.TorchFile(path, 64, 1, safetensors)]
    report.add(case, 1, 1, contenders, measure(contenders, rounds), FILE_AIM)
    print(f"  same weights, same file: our probability {mine.probability():.6f}, PyTorch's {contenders[1].probability:.6f}")
    mine.close()


def phantom(program, folder):
    """A phantom slice of 650 px, which bench_file makes."""
    path = os.path.join(folder, "phantom-650.jpg")
    if not os.path.exists(path):
        subprocess.run([os.path.join(os.path.dirname(program), "bench_file"), "--folder", folder], check=True, stdout=subprocess.DEVNULL)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--jpeg")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    folder = os.path.join(args.build, "bench-data")
    os.makedirs(folder, exist_ok=True)
    files = [phantom(args.serve, folder)] + ([args.jpeg] if args.jpeg else [])
    server, report = ours.Server(args.serve, folder), Report()
    versions = ["libhaemnet " + server.version, pytorch.VERSION, onnx_runtime.VERSION if onnx_runtime else "no ONNX Runtime"]
    peak = {f"threads_{t}": float(server.ask(f"peak {t}")) for t in (1, 2)}
    load = os.getloadavg()[0]
    print(f"load average {load:.1f} on {os.cpu_count()} cores{': others are at work, and the figures suffer' if load > 0.5 else ''}")
    print(f"{', '.join(versions)}; device {server.device}; peak {peak['threads_1']:.1f} GFLOP/s on 1 thread, {peak['threads_2']:.1f} on 2")

    def wanted(name):
        return not args.words or any(word in name for word in args.words)

    for case, threads, network, aims in CASES:
        if wanted(case):
            run_case(report, server, case, threads, network, aims, args.rounds)
    for path in files:
        if wanted("file to verdict"):
            run_file(report, server, path, args.rounds)
    server.close()
    path = os.path.join(args.build, "bench-peers.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"versions": versions, "device": server.device, "peak_gflops": peak, "cases": report.results, "skipped": report.skipped}, out, indent=1)
    print(f"\n{path}")


main()
