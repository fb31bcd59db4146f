#!/usr/bin/env python3
"""Writes training.txt beside this file: what PyTorch's optimisers, schedules and training aids make of a small network in 30 steps, for
tests/train/test_pytorch.c. In float64, so that the differences are ours.

Inputs and start weights are not stored: both sides compute them from a counter (see `word`), exactly. Every step sees all 12 images of 3 classes.
The file begins with a line of versions; then for each case its name, the learning rate of each step, and the weights after the last one, in the
order of `state`. What each case stands for is said twice: here, and in the table of test_pytorch.c.
"""
import os

import numpy
import torch
from torch import nn
from torch.optim import lr_scheduler as lr
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

STEPS, IMAGES, CLASSES, SIZE, FILTERS = 30, 12, 3, 6, 4
CLASS_WEIGHTS = torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)


def word(stream, index):
    """32 well-mixed bits (splitmix64's finaliser); the same in test_pytorch.c."""
    mask = (1 << 64) - 1
    z = (stream * 0x9E3779B97F4A7C15 + index * 0xD1342543DE82EF95 + 1) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) >> 32


class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.conv = nn.Conv2d(1, FILTERS, 3, padding=1, bias=not norm)
        if norm:
            self.bn = nn.BatchNorm2d(FILTERS)
            self.bn.num_batches_tracked = None
        self.norm = norm
        self.fc = nn.Linear(FILTERS * SIZE * SIZE, CLASSES)

    def forward(self, x):
        x = self.conv(x)
        if self.norm:
            x = self.bn(x)
        return self.fc(torch.flatten(torch.relu(x), 1))


def state(model):
    """Tensors in the order of the library: layer by layer weight, bias, running mean, running variance."""
    layers = [model.conv, model.bn, model.fc] if model.norm else [model.conv, model.fc]
    names = ("weight", "bias", "running_mean", "running_var")
    return [getattr(l, n) for l in layers for n in names if getattr(l, n, None) is not None]


def start(model):
    """Multiples of 2^-16 in ±1/4, and 1 more for what scales: exact in float32."""
    scales = {id(model.bn.weight), id(model.bn.running_var)} if model.norm else set()
    index = 0
    with torch.no_grad():
        for t in state(model):
            values = [((word(1, index + i) >> 17) - 16384) / 65536 + (id(t) in scales) for i in range(t.numel())]
            t.copy_(torch.tensor(values, dtype=torch.float64).reshape(t.shape))
            index += t.numel()


def data():
    pixels = [word(2, i) & 255 for i in range(IMAGES * SIZE * SIZE)]
    x = torch.tensor(pixels, dtype=torch.float64).reshape(IMAGES, 1, SIZE, SIZE) / 255
    return x, torch.tensor([i % CLASSES for i in range(IMAGES)])


def focal_loss(out, y, weights, gamma):
    log_p = torch.log_softmax(out, 1)[torch.arange(IMAGES), y]
    return (weights[y] * (1 - log_p.exp()) ** gamma * -log_p).sum() / weights[y].sum()


def train(norm=False, optimizer=None, scheduler=None, step_with=False, clip=0, ema=0, loss=None, prepare=None):
    """The rate of each step, and the tensors after the last. prepare(model) freezes; step_with: the schedule looks at the loss."""
    model = Net(norm).double()
    start(model)
    model.train()
    if prepare:
        prepare(model)
    optimizer = (optimizer or (lambda m: torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)))(model)
    scheduler = scheduler and scheduler(optimizer)
    averaged = ema and AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(ema), use_buffers=True)
    x, y = data()
    rates, losses = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = (loss or nn.functional.cross_entropy)(model(x), y)
        value.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(value.item())
        optimizer.step()
        if averaged:
            averaged.update_parameters(model)
        if scheduler:
            scheduler.step(value.item()) if step_with else scheduler.step()
    return rates, losses, state(averaged.module if averaged else model)


def groups(model):
    """conv at a tenth of the rate, the bias of fc without decay, the rest as it is."""
    return torch.optim.AdamW([{"params": [model.fc.weight], "lr": 0.02}, {"params": [model.conv.weight, model.conv.bias], "lr": 0.002},
                              {"params": [model.fc.bias], "weight_decay": 0}], lr=0.02, weight_decay=0.3)


def spared(model):
    """No decay of biases and of batch norm."""
    return torch.optim.AdamW([{"params": [model.conv.weight, model.fc.weight]},
                              {"params": [model.bn.weight, model.bn.bias, model.fc.bias], "weight_decay": 0}], lr=0.02, weight_decay=0.3)


def freeze(*names):
    def prepare(model):
        for name in names:
            for p in getattr(model, name).parameters():
                p.requires_grad_(False)
            if name == "bn":
                model.bn.eval()
    return prepare


def warm(main, steps, factor):
    """A linear warm-up of so many steps, then the schedule from its beginning."""
    return lambda o: lr.SequentialLR(o, [lr.LinearLR(o, factor, 1.0, steps), main(o)], [steps])


CASES = {
    "sgd": dict(optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=0.1)),
    "sgd_momentum": dict(optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)),
    "sgd_nesterov": dict(optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True)),
    "adam": dict(optimizer=lambda m: torch.optim.Adam(m.parameters(), lr=0.01)),
    "adam_decay": dict(optimizer=lambda m: torch.optim.Adam(m.parameters(), lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.05)),
    "adamw": dict(optimizer=lambda m: torch.optim.AdamW(m.parameters(), lr=0.01, weight_decay=0.3)),
    "step": dict(scheduler=lambda o: lr.StepLR(o, 7, 0.5)),
    "cosine": dict(scheduler=lambda o: lr.CosineAnnealingLR(o, 30, 0.01)),
    "restarts": dict(scheduler=lambda o: lr.CosineAnnealingWarmRestarts(o, 4, 2, 0.001)),
    "one_cycle": dict(scheduler=lambda o: lr.OneCycleLR(o, 0.1, total_steps=30, cycle_momentum=False)),
    "one_cycle_early": dict(scheduler=lambda o: lr.OneCycleLR(o, 0.1, total_steps=30, pct_start=0.1, div_factor=10, final_div_factor=100,
                                                             cycle_momentum=False)),
    "plateau": dict(scheduler=lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=2, min_lr=0.04), step_with=True,
                    optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=1.6, momentum=0.9)),
    "warm_constant": dict(scheduler=lambda o: lr.LinearLR(o, 0.01, 1.0, 8)),
    "warm_step": dict(scheduler=warm(lambda o: lr.StepLR(o, 5, 0.5), 6, 0.2)),
    "warm_cosine": dict(scheduler=warm(lambda o: lr.CosineAnnealingLR(o, 25, 0.01), 5, 0.01)),
    "clip": dict(clip=0.3),
    "clip_adam": dict(clip=0.05, optimizer=lambda m: torch.optim.Adam(m.parameters(), lr=0.01)),
    "class_weights": dict(loss=lambda out, y: nn.functional.cross_entropy(out, y, CLASS_WEIGHTS)),
    "smoothing": dict(loss=lambda out, y: nn.functional.cross_entropy(out, y, CLASS_WEIGHTS, label_smoothing=0.1)),
    "focal": dict(loss=lambda out, y: focal_loss(out, y, CLASS_WEIGHTS, 2.0)),
    "average": dict(ema=0.9),
    "average_norm": dict(ema=0.8, norm=True),
    "norm": dict(norm=True),
    "groups": dict(optimizer=groups),
    "spared": dict(norm=True, optimizer=spared),
    "frozen": dict(prepare=freeze("conv")),
    "frozen_norm": dict(norm=True, prepare=freeze("bn")),
    "frozen_features": dict(norm=True, prepare=freeze("conv", "bn")),
}


def main():
    torch.set_num_threads(1)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"# Written by gen_training.py with PyTorch {torch.__version__}, NumPy {numpy.__version__}, in float64.\n")
        for name, case in CASES.items():
            rates, losses, tensors = train(**case)
            values = numpy.concatenate([t.detach().numpy().ravel() for t in tensors])
            file.write(f"case {name} {len(values)}\n")
            for line in (rates, losses, values):
                file.write(" ".join(f"{v:.15g}" if line is rates else f"{v:.9g}" for v in line) + "\n")
            print(name, f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, rate {rates[0]:.4g} -> {rates[-1]:.4g}")


main()
