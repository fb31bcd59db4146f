#!/usr/bin/env python3
"""libhaemnet beside PyTorch on one device: same networks, inputs on the device, medians of rounds in which all take turns.

  peers.py --serve bench_serve --json FILE [--device SPEC] [--plugins DIR] [--libraries DIRS] [--seconds N] [--quick] [--warm] [WORD…]

WORDs pick cases by name. --seconds: what is not begun by then is skipped, visibly; the first cases are the most wanted. --warm only compiles what
torch.compile has to, so that its cache has it later. Each result is a line of JSON for report.py."""
import argparse
import gc
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "peers"))
import ours  # noqa: E402
import torch_peers  # noqa: E402

ROUND = 0.15  # s, at least, of one turn
ROUNDS = 7


def spec(mode, model, size, hidden, batch):
    return {"mode": mode, "model": model, "size": size, "hidden": hidden, "batch": batch}


# Behind our device's name. PyTorch is told to search for the fastest engine, so we are too.
WORDS = {"float32": "+measured", "tf32": "+tf32+measured", "bf16": "+bf16+measured"}

# Of an inference a test step is taken: forward and loss over a batch that stays on the device.
OUR_MODES = {"train": "train", "predict": "test"}

# name, network, precision, PyTorch's variants, aims: smallest good ratio against a variant, or against the fastest of all ("best")
CASES = [
    ("train tinyvgg 64 px, batch 32", spec("train", "tinyvgg", 64, 10, 32), "tf32", ["eager", "compile", "graph"], {"eager": 5, "best": 1.5}),
    ("train tinyvgg 64 px, batch 512", spec("train", "tinyvgg", 64, 10, 512), "tf32", ["eager", "compile", "graph"], {"best": 2}),
    ("train tinyvgg 64 px, batch 4096", spec("train", "tinyvgg", 64, 10, 4096), "tf32", ["eager", "compile", "graph"], {"best": 2}),
    ("train resnet50 224 px, batch 256", spec("train", "resnet50", 224, 0, 256), "bf16", ["eager"], {"best": 0.95}),
    ("infer resnet50 224 px, batch 256", spec("predict", "resnet50", 224, 0, 256), "bf16", ["eager"], {"best": 0.95}),
    ("train resnet18 224 px, batch 256", spec("train", "resnet18", 224, 0, 256), "bf16", ["eager"], {"best": 0.95}),
    ("infer resnet18 224 px, batch 256", spec("predict", "resnet18", 224, 0, 256), "bf16", ["eager"], {"best": 0.95}),
    ("train tinyvgg 64 px, batch 32, strict", spec("train", "tinyvgg", 64, 10, 32), "float32", ["eager", "graph"], {}),
    ("train tinyvgg 64 px, batch 4096, strict", spec("train", "tinyvgg", 64, 10, 4096), "float32", ["eager", "graph"], {}),
    ("infer resnet50 224 px, batch 256, compiled", spec("predict", "resnet50", 224, 0, 256), "bf16", ["compile"], {"best": 0.95}),
    ("train resnet50 224 px, batch 256, compiled", spec("train", "resnet50", 224, 0, 256), "bf16", ["compile"], {"best": 0.95}),
]
QUICK = [
    ("train tinyvgg 16 px, batch 2", spec("train", "tinyvgg", 16, 4, 2), "float32", ["eager", "graph"], {}),
    ("infer resnet18 32 px, batch 2", spec("predict", "resnet18", 32, 0, 2), "bf16", ["eager"], {}),
]


class Report:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else None

    def write(self, kind, **fields):
        if self.file:
            self.file.write(json.dumps({"kind": kind, **fields}) + "\n")
            self.file.flush()

    def check(self, name, status, detail):
        print(f"{ {'passed': 'ok  ', 'failed': 'FAIL', 'skipped': 'SKIP'}[status] } {name}: {detail}", flush=True)
        self.write("check", device="peers", name=name, status=status, detail=detail)

    def case(self, name, precision, items, contenders, times, aims):
        mine = times[contenders[0]]
        fastest = min((times[c] for c in contenders[1:]), default=None)
        print(f"\n{name}, {precision}", flush=True)
        for c in contenders:
            ratio = f"   ours is {times[c] / mine:5.2f}x as fast" if c is not contenders[0] else ""
            print(f"  {c.name:<28} {times[c] * 1e3:10.4f} ms {items / times[c]:12.1f} images/s{ratio}", flush=True)
        judged = {}
        for against, aim in aims.items():
            peer = fastest if against == "best" else next((times[c] for c in contenders[1:] if c.name.endswith(against)), None)
            if peer is not None:
                judged[against] = {"aim": aim, "ratio": peer / mine, "met": peer / mine >= aim}
                print(f"  aim: {aim:g}x {against}: {peer / mine:.2f}x, {'met' if peer / mine >= aim else 'NOT met'}", flush=True)
        self.write("case", name=name, precision=precision, images=items, seconds={c.name: times[c] for c in contenders}, ours=contenders[0].name, aims=judged)
        self.check(name, "passed", f"{len(contenders) - 1} peers measured")


def measure(contenders, quick):
    """Median seconds of one run by contender; all take turns."""
    counts, times = {}, {c: [] for c in contenders}
    for c in contenders:
        once = c.run(1)
        once = c.run(2) if once < ROUND else once
        counts[c] = 1 if quick else max(1, int(ROUND / once) + 1)
    for _ in range(2 if quick else ROUNDS):
        for c in contenders:
            times[c].append(c.run(counts[c]))
    return {c: statistics.median(t) for c, t in times.items()}


class Session:
    """What all cases share."""

    def __init__(self, args):
        self.args, self.begin = args, time.monotonic()
        self.report = Report(args.json)
        self.torch_device = "cuda" if args.device.startswith("cudnn") else "cpu"
        self.servers = {}

    def time_is_up(self):
        return time.monotonic() - self.begin > self.args.seconds

    def server(self, precision):
        words = "" if self.torch_device == "cpu" else WORDS[precision]
        device = self.args.device + words
        if device not in self.servers:
            options = ["--device", device, "--limit", "1e9", *(["--plugins", self.args.plugins] if self.args.plugins else [])]
            self.servers[device] = ours.Server(self.args.serve, self.args.folder, [*options, *(["--quick"] if self.args.quick else [])], self.args.libraries)
            self.servers[device].device = device
        return self.servers[device]

    def peers(self, name, variants, make):
        """The variants that can be had; compiling may fail for many reasons, and each is told."""
        found = []
        for variant in variants:
            try:
                found.append(make(variant))
            except Exception as problem:  # noqa: BLE001
                self.report.check(f"{name}, PyTorch {variant}", "skipped", f"{type(problem).__name__}: {problem}".split("\n")[0][:200])
        return found

    def compare(self, name, precision, items, mine, contenders, aims):
        contenders.insert(0, mine)
        self.report.case(name, precision, items, contenders, measure(contenders, self.args.quick), aims)
        for c in contenders:
            c.close()

    def network_case(self, name, network, precision, variants, aims):
        mine = ours.Ours(self.server(precision), "open {model} {size} {hidden} {batch} {ours} 2".format(**network, ours=OUR_MODES[network["mode"]]))
        contenders = self.peers(name, variants, lambda v: torch_peers.Torch(network, v, precision, self.torch_device))
        self.compare(name, precision, network["batch"], mine, contenders, aims)

    def one_image(self, name):
        mine = ours.Ours(self.server("tf32"), "single 64 10 1")
        self.compare(name, "tf32", 1, mine, self.peers(name, ["eager", "graph"], lambda v: torch_peers.OneImage(v, self.torch_device)), {})

    def peaks(self):
        for name, value in torch_peers.peaks(self.torch_device, self.args.quick).items():
            print(f"peak of {name}: {value:.4g} {'bytes/s' if name == 'copy' else 'FLOP/s'}", flush=True)
            self.report.write("peak", device="PyTorch", name=name, value=value)
        self.report.check("peaks by PyTorch", "passed", "matrix products and a copy")

    def attempt(self, name, run):
        words = self.args.words
        if words and not any(word in name for word in words):
            return
        if self.time_is_up():
            self.report.check(name, "skipped", "no time was left to begin it")
            return
        try:
            run()
        except ours.Skip as why:
            self.report.check(name, "skipped", str(why))
        except Exception as problem:  # noqa: BLE001  the next case may work
            self.report.check(name, "failed", f"{type(problem).__name__}: {problem}".split("\n")[0][:300])
            for server in self.servers.values():  # what it left open would take memory, or it is gone
                server.child.kill()
            self.servers.clear()
        gc.collect()
        torch_peers.free_memory()


def warm(session):
    for name, network, precision, variants, _ in CASES:
        if "compile" in variants and not session.time_is_up():
            try:
                torch_peers.Torch(network, "compile", precision, session.torch_device).close()
                print(f"compiled: {name}", flush=True)
            except Exception as problem:  # noqa: BLE001
                print(f"not compiled: {name}: {problem}".split("\n")[0], flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", required=True)
    parser.add_argument("--json")
    parser.add_argument("--device", default="cudnn")
    parser.add_argument("--plugins")
    parser.add_argument("--libraries")
    parser.add_argument("--folder", default="build/bench-data")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    session = Session(args)
    if session.torch_device == "cuda" and not torch_peers.sees_devices():
        session.report.check("beside PyTorch", "skipped", f"{torch_peers.VERSION} sees no NVIDIA device")
        return 0
    if args.warm:
        warm(session)
        return 0
    print(f"{torch_peers.VERSION} on {torch_peers.device_name(session.torch_device)}", flush=True)
    session.report.write("machine", torch=torch_peers.VERSION, torch_device=torch_peers.device_name(session.torch_device))
    session.attempt("peaks", session.peaks)
    session.attempt("one image, hn_predict", lambda: session.one_image("one image, hn_predict"))
    for name, network, precision, variants, aims in QUICK if args.quick else CASES:
        session.attempt(name, lambda n=name, w=network, p=precision, v=variants, a=aims: session.network_case(n, w, p, v, a))
    for server in session.servers.values():
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
