#!/usr/bin/env python3
"""Writes tinyvgg.bin beside this file: what PyTorch makes of the thesis' network, for tests/graph/test_pytorch.c.

Run with Debian 12's python3-torch: /usr/bin/python3 tests/golden/gen_tinyvgg.py

Inputs and start weights are not stored: both sides compute them from a counter (see `word`), exactly, in integers. Stored for each case,
little-endian: logits of the first batch, its gradients, the losses of 20 Adam steps over 5 batches in turn, the weights after 20 steps.
The file begins with one line of text (versions, number of cases), then for each case 7 int32: size, channels, hidden, classes, task (1
softmax, 2 sigmoid), batch, parameters; then float32s in the order given.
"""
import os
import struct
import sys

import numpy
import torch
from torch import nn

STEPS, BATCHES = 20, 5
CASES = [(size, channels, hidden, classes, task, 6)
         for size, channels, hidden in ((16, 3, 4), (24, 1, 6)) for classes in (2, 6) for task in (1, 2)]


def word(stream, index):
    """32 well-mixed bits (splitmix64's finaliser); the same in test_pytorch.c."""
    mask = (1 << 64) - 1
    z = (stream * 0x9E3779B97F4A7C15 + index * 0xD1342543DE82EF95 + 1) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) >> 32


class TinyVGG(nn.Module):
    def __init__(self, size, channels, hidden, classes):
        super().__init__()

        def block(inputs):
            return nn.Sequential(nn.Conv2d(inputs, hidden, 3, padding=1), nn.ReLU(), nn.Conv2d(hidden, hidden, 3, padding=1), nn.ReLU(),
                                 nn.MaxPool2d(2))

        self.conv_block_1 = block(channels)
        self.conv_block_2 = block(hidden)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(hidden * (size // 4) ** 2, classes))

    def forward(self, x):
        return self.classifier(self.conv_block_2(self.conv_block_1(x)))


def start_weights(model):
    """Multiples of 2^-16 in ±1/4: exact in float32."""
    index = 0
    with torch.no_grad():
        for p in model.parameters():
            values = [((word(1, index + i) >> 17) - 16384) / 65536 for i in range(p.numel())]
            p.copy_(torch.tensor(values, dtype=torch.float32).reshape(p.shape))
            index += p.numel()


def make_batch(number, batch, channels, size, classes, task):
    count = batch * channels * size * size
    pixels = [word(100 + number, i) & 255 for i in range(count)]
    x = torch.tensor(pixels, dtype=torch.uint8).reshape(batch, channels, size, size).to(torch.float32) / 255
    if task == 1:
        return x, torch.tensor([word(200 + number, i) % classes for i in range(batch)])
    labels = [float(word(200 + number, i) & 1) for i in range(batch * classes)]
    return x, torch.tensor(labels).reshape(batch, classes)


def flat(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors]).numpy().astype("<f4").tobytes()


def run_case(case):
    size, channels, hidden, classes, task, batch = case
    model = TinyVGG(size, channels, hidden, classes)
    start_weights(model)
    criterion = nn.CrossEntropyLoss() if task == 1 else nn.BCEWithLogitsLoss()
    adam = torch.optim.Adam(model.parameters(), lr=0.001)
    losses, logits, gradients = [], None, None
    for step in range(STEPS):
        x, y = make_batch(step % BATCHES, batch, channels, size, classes, task)
        out = model(x)
        loss = criterion(out, y)
        adam.zero_grad()
        loss.backward()
        if step == 0:
            logits, gradients = flat([out]), flat([p.grad for p in model.parameters()])
        losses.append(loss.item())
        adam.step()
    n = sum(p.numel() for p in model.parameters())
    return struct.pack("<7i", *case, n) + logits + gradients + numpy.array(losses, "<f4").tobytes() + flat(model.parameters())


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tinyvgg.bin")
    head = (f"haemnet golden tinyvgg, torch {torch.__version__}, numpy {numpy.__version__}, python {sys.version.split()[0]}, "
            f"{len(CASES)} cases\n")
    with open(path, "wb") as file:
        file.write(head.encode())
        for case in CASES:
            file.write(run_case(case))
    print(head, os.path.getsize(path), "bytes")


main()
