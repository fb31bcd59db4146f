"""PyTorch on the device as a contender: the same networks and batches, inputs on the device, as a careful user would write them.

A training step is forward, cross-entropy, backward and fused Adam, and nobody waits for the loss; an inference ends with probabilities on the
device. Every turn begins and ends with the device idle. Variants:
  eager     line by line
  compile   torch.compile(mode="reduce-overhead"), which records CUDA graphs too
  graph     the whole step captured by hand as one CUDA graph"""
import os
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "peers"))

VERSION = f"PyTorch {torch.__version__}"


class Unavailable(Exception):
    """This variant cannot be had here, and why."""


class TinyVGG(torch.nn.Module):
    """The thesis' module, padding 1."""

    def __init__(self, size, hidden, classes=2):
        super().__init__()
        nn = torch.nn

        def block(channels):
            return nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU(), nn.Conv2d(hidden, hidden, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))

        self.conv_block_1, self.conv_block_2 = block(3), block(hidden)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(hidden * (size // 4) ** 2, classes))

    def forward(self, x):
        return self.classifier(self.conv_block_2(self.conv_block_1(x)))


def network(spec):
    torch.manual_seed(0)
    if spec["model"] == "tinyvgg":
        return TinyVGG(spec["size"], spec["hidden"])
    try:
        import torchvision
    except ImportError as missing:
        raise Unavailable(f"torchvision is missing: {missing}") from missing
    return getattr(torchvision.models, spec["model"])(weights=None)


class Torch:
    """precision: float32 (no TF32 anywhere), tf32, bf16 (autocast, channels last)."""

    version = VERSION

    def __init__(self, spec, variant, precision, device):
        self.name, self.device, self.spec = f"PyTorch {variant}", torch.device(device), spec
        self.variant, self.precision, self.train = variant, precision, spec["mode"] == "train"
        if variant == "graph" and self.device.type != "cuda":
            raise Unavailable("CUDA graphs need an NVIDIA device")
        self.set_precision()
        layout = torch.channels_last if precision == "bf16" else torch.contiguous_format
        self.model = network(spec).to(self.device, memory_format=layout).train(self.train)
        self.x = torch.rand(spec["batch"], 3, spec["size"], spec["size"], device=self.device).contiguous(memory_format=layout)
        self.labels = torch.arange(spec["batch"], device=self.device) % 2
        self.loss = torch.nn.CrossEntropyLoss()
        fused = {"fused": True, "capturable": variant == "graph"} if self.device.type == "cuda" else {}
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-7, **fused) if self.train else None
        self.forward = torch.compile(self.model, mode="reduce-overhead") if variant == "compile" else self.model
        self.once = self.record() if variant == "graph" else self.step
        for _ in range(1 if self.device.type == "cpu" else 4):
            self.once()
        self.wait()

    def set_precision(self):
        """Settings are the process's: before every turn."""
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = self.precision != "float32"
        torch.backends.cuda.matmul.allow_tf32 = self.precision != "float32"

    def step(self):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            if not self.train:
                with torch.inference_mode():
                    return self.forward(self.x).float().softmax(1)
            loss = self.loss(self.forward(self.x), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return None

    def record(self):
        """Warm-up on a stream of its own, as PyTorch's notes on CUDA graphs ask for."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(4):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.kept = self.step()
        return self.graph.replay

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def run(self, n):
        """Mean seconds of n runs."""
        self.set_precision()
        self.wait()
        begin = time.perf_counter()
        for _ in range(n):
            self.once()
        self.wait()
        return (time.perf_counter() - begin) / n

    def close(self):
        self.__dict__.clear()


class OneImage(Torch):
    """8-bit pixels in the host's memory → probabilities in the host's memory, one image."""

    def __init__(self, variant, device):
        super().__init__({"mode": "predict", "model": "tinyvgg", "size": 64, "hidden": 10, "batch": 1}, variant, "tf32", device)
        self.pixels = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
        self.network, self.once = self.once, self.verdict

    def verdict(self):
        if self.variant == "graph":
            self.x.copy_(self.pixels.to(self.device, non_blocking=True).float().div_(255))
            self.network()
            return self.kept.cpu()
        self.x = self.pixels.to(self.device, non_blocking=True).float().div_(255)
        return self.network().cpu()


def sees_devices():
    return torch.cuda.is_available()


def free_memory():
    if sees_devices():
        torch.cuda.empty_cache()


def device_name(device):
    return torch.cuda.get_device_name(0) if device == "cuda" else "cpu"


def peaks(device, quick):
    """FLOP/s of large matrix products by precision, and bytes/s of a large copy within the device's memory, read and written."""
    side, numbers, rounds = (64, 1 << 18, 2) if quick else (8192, 1 << 28, 10)

    def best(run):
        seconds = []
        for i in range(4):
            Torch.wait(clock)
            begin = time.perf_counter()
            for _ in range(rounds):
                run()
            Torch.wait(clock)
            seconds.append((time.perf_counter() - begin) / rounds)
        return min(seconds)

    clock = Torch.__new__(Torch)
    clock.device = torch.device(device)
    found = {}
    for name, kind, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True), ("bf16", torch.bfloat16, False)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
        found[name] = 2 * side**3 / best(lambda a=a, b=b: a @ b)
    source = torch.ones(numbers, device=device)
    target = torch.empty_like(source)
    found["copy"] = 8 * numbers / best(lambda: target.copy_(source))
    return found
