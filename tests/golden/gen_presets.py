#!/usr/bin/env python3
"""Writes presets.txt beside this file: what PyTorch makes of the presets' networks, for tests/model/test_presets.c.

Needs torch, torchvision and timm. Everything is computed in float64 from weights that float32 holds exactly; then in float32 as well, to know how
far PyTorch's own float32 is from that: gradients of deep networks with batch norm over few pixels are ill-conditioned.

Weights and pixels are not stored: both sides compute them from a counter (see `word`), the stream being a hash of the tensor's name. For each
case the file has one line `case PRESET SIZE CHANNELS HIDDEN CLASSES BATCH TENSORS`, then

  noise A B C   of PyTorch's float32: largest error of a logit in evaluation, of one in training, largest relative error of a norm
  eval …    logits of the batch in evaluation mode
  train …   logits in training mode; dropout is off
  loss X    cross-entropy in training mode
  tensor NAME SHAPE NORM   one a tensor of the state dict, in its order: the gradient's 2-norm, for running statistics their own after the step
"""
import math
import os
import sys

import numpy
import timm
import torch
import torchvision
from torch import nn
from torchvision.models import resnet

CASES = [  # preset, size, channels, hidden, classes, batch
    ("tinyvgg-gap", 32, 1, 6, 2, 3), ("tinyvgg-gap", 49, 3, 4, 5, 3),
    ("tinyresnet", 32, 1, 6, 2, 3), ("tinyresnet", 41, 3, 4, 5, 3),
    ("resnet18", 64, 1, 0, 2, 3), ("resnet34", 48, 3, 0, 3, 2), ("resnet50", 64, 3, 0, 4, 2),
    ("densenet121", 64, 1, 0, 2, 2), ("mobilenetv2", 64, 3, 0, 3, 2), ("mobilenetv2", 49, 1, 0, 2, 3),
    ("efficientnet-lite0", 64, 3, 0, 3, 2), ("efficientnet-lite0", 52, 1, 0, 2, 3), ("efficientnet-lite0", 49, 3, 0, 2, 3),
]


def word(stream, count):
    """32 well-mixed bits for each of the indices 0 … count - 1 (splitmix64's finaliser); the same in test_presets.c."""
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(stream) * numpy.uint64(0x9E3779B97F4A7C15) + numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(0xD1342543DE82EF95)
        z += numpy.uint64(1)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return (z ^ (z >> numpy.uint64(31))) >> numpy.uint64(32)


def stream_of(name):
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def start_values(name, shape, norms):
    count = math.prod(shape)
    u = ((word(stream_of(name), count) >> numpy.uint64(16)).astype(numpy.int64) - 32768) / 32768
    if len(shape) > 1:
        values = u * math.sqrt(6 / (count // shape[0]))
    elif name.endswith("running_var"):
        values = 1 + u / 2
    elif name in norms:
        values = 0.75 + u / 8
    else:
        values = u / 4
    return torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64)).reshape(shape)


class TinyVGGGap(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        for i in range(4):
            width = hidden << i
            block = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
                                  nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))
            self.add_module(f"conv_block_{i + 1}", block)
            channels = width
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels, classes))

    def forward(self, x):
        for i in range(4):
            x = getattr(self, f"conv_block_{i + 1}")(x)
        return self.classifier(x)


class TinyResNet(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, hidden, 3, padding=1, bias=False), nn.BatchNorm2d(hidden)
        width = hidden
        for i in range(4):
            out, stride = hidden << i, 1 if i == 0 else 2
            down = None
            if stride != 1 or width != out:
                down = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            self.add_module(f"layer{i + 1}", nn.Sequential(resnet.BasicBlock(width, out, stride, down)))
            width = out
        self.dropout, self.fc = nn.Dropout(0.2), nn.Linear(width, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        for i in range(4):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(self.dropout(x.mean((2, 3))))


def make(preset, channels, hidden, classes):
    if preset == "tinyvgg-gap":
        return TinyVGGGap(channels, hidden, classes)
    if preset == "tinyresnet":
        return TinyResNet(channels, hidden, classes)
    if preset == "efficientnet-lite0":
        return timm.create_model("tf_efficientnet_lite0", num_classes=classes, in_chans=channels)
    model = torchvision.models.get_model(preset.replace("netv2", "net_v2"), num_classes=classes)
    if channels != 3:
        name, old = next((n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv2d))
        parent, _, last = name.rpartition(".")
        stem = nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=False)
        setattr(model.get_submodule(parent), last, stem)
    return model


def numbers(values):
    return " ".join(f"{v:.9g}" for v in values.reshape(-1).tolist())


def compute(case, dtype):
    """Logits in evaluation and in training, loss, and for each tensor its shape and norm."""
    preset, size, channels, hidden, classes, batch = case
    model = make(preset, channels, hidden, classes).to(dtype)
    norms = {n + ".weight" for n, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict({k: start_values(k, tuple(v.shape), norms) for k, v in state.items()}, strict=False)
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    pixels = (word(100, batch * channels * size * size) & numpy.uint64(255)).astype(numpy.float64) / 255
    x = torch.from_numpy(pixels).reshape(batch, channels, size, size).to(dtype)
    y = torch.from_numpy((word(200, batch) % numpy.uint64(classes)).astype(numpy.int64))
    model.eval()
    with torch.no_grad():
        evaluated = model(x).double()
    model.train()
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, y)
    loss.backward()
    parameters, after = dict(model.named_parameters()), model.state_dict()
    tensors = {}
    for name, value in state.items():
        norm = (parameters[name].grad if name in parameters else after[name]).double().norm().item()
        tensors[name] = ("x".join(map(str, value.shape)), norm)
    return evaluated, logits.detach().double(), loss.item(), tensors


def run_case(case):
    evaluated, trained, loss, tensors = compute(case, torch.float64)
    evaluated32, trained32, _, tensors32 = compute(case, torch.float32)
    noise = [(evaluated32 - evaluated).abs().max().item(), (trained32 - trained).abs().max().item(),
             max(abs(tensors32[k][1] - v) / max(v, 1e-3) for k, (_, v) in tensors.items())]
    print(case, noise)
    lines = [f"case {' '.join(map(str, case))} {len(tensors)}", "noise " + " ".join(f"{v:.2g}" for v in noise),
             "eval " + numbers(evaluated), "train " + numbers(trained), f"loss {loss:.9g}"]
    return lines + [f"tensor {name} {shape} {norm:.7g}" for name, (shape, norm) in tensors.items()]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "presets.txt")
    lines = [f"haemnet golden presets, torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, numpy {numpy.__version__}, "
             f"python {sys.version.split()[0]}, {len(CASES)} cases"]
    for case in CASES:
        lines += run_case(case)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


main()
