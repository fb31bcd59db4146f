#!/usr/bin/env python3
"""Writes explain.bin beside this file: heat maps of two networks by seven methods, for tests/explain/test_methods.c.

Run with a Python that has torch, scipy, numpy and Pillow: python3 tests/golden/gen_explain.py

The methods are written out here, from their papers, on PyTorch's autograd: none is a call of a library of explanations. Networks, weights and
images come from a counter on both sides (see `word`); nothing of them is stored. The file begins with one line of text (versions, number of
maps). Then for each map, little-endian: 5 int32 (network, image, class, method, layer: 0 = the default, 1 = the inner one), 5 float32 (logit,
probability, sum of the grid, what it should be or NaN, blur as a share of the network's input), and the raw map as float32 [HEIGHT, WIDTH] in
the coordinates of the image as it was before it was resized for the network.
"""
import math
import os
import struct
import sys

import numpy
import PIL
import scipy
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import nn
from torch.nn import functional

WIDTH, HEIGHT, SIDE, STEPS, WINDOW, STRIDE = 24, 20, 16, 20, 5, 3
MEAN, DEVIATION, BASELINE = 0.25, 0.5, 0.125  # exact in float32
BLURS = (0.0, 0.0625, 0.25)  # the last reaches over the edges, and in a layer of 4 cells more than once
HIRES, GRAD, PLUS, LAYER, OCCLUSION, SALIENCY, INTEGRATED = range(1, 8)


def word(stream, index):
    """32 well-mixed bits (splitmix64's finaliser); the same in test_methods.c."""
    mask = (1 << 64) - 1
    z = (stream * 0x9E3779B97F4A7C15 + index * 0xD1342543DE82EF95 + 1) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) >> 32


class TinyVGG(nn.Module):
    """Ends in a dense layer over what is left of the image."""

    def __init__(self):
        super().__init__()

        def block(inputs):
            return nn.Sequential(nn.Conv2d(inputs, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))

        self.conv_block_1, self.conv_block_2 = block(1), block(6)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(6 * (SIDE // 4) ** 2, 3))

    def forward(self, x, cut=None):
        for name, block in (("conv_block_1", self.conv_block_1), ("conv_block_2", self.conv_block_2)):
            for number, layer in enumerate(block):
                x = layer(x)
                x = cut(f"{name}.{number}", x) if cut else x
        return self.classifier(x)

    layers = ("conv_block_2.4", "conv_block_2.3")


class Residual(nn.Module):
    """Batch norm, groups, a skip, SiLU, dropout, global average pooling."""

    def __init__(self):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.branch, self.branch_norm = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False), nn.BatchNorm2d(4)
        self.deep, self.deep_norm = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x, cut=None):
        cut = cut or (lambda name, x: x)
        x = functional.relu(self.stem_norm(self.stem(x)))
        x = cut("mix", x + self.branch_norm(self.branch(x)))
        x = functional.max_pool2d(functional.relu(x), 2)
        x = cut("drop", functional.silu(self.deep_norm(self.deep(x))))
        return self.head(x.mean((2, 3)))

    layers = ("drop", "mix")


def fill(model):
    """Multiples of 2^-16 in ±1/4, scales and variances in 1/2 … 3/2: exact in float32."""
    index = 0
    for name, p in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        positive = name.endswith("running_var") or (p.dim() == 1 and name.endswith("weight"))
        values = [(word(1, index + i) >> 17) / 32768 + 0.5 if positive else ((word(1, index + i) >> 17) - 16384) / 65536
                  for i in range(p.numel())]
        p.copy_(torch.tensor(values, dtype=torch.float64).reshape(p.shape))
        index += p.numel()


def make_input(number):
    """A dark image with two bright spots and noise, as the network gets it."""
    pixels = numpy.zeros((HEIGHT, WIDTH), numpy.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            far = min((x - 7 - number) ** 2 + (y - 6) ** 2, (x - 17) ** 2 + (y - 12 - number) ** 2)
            pixels[y, x] = (word(300 + number, y * WIDTH + x) & 63) + (150 if far < 10 else 30)
    small = numpy.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.BILINEAR))
    return (torch.tensor(small.astype(numpy.float64)) / 255 - MEAN)[None, None] / DEVIATION


def cut_at(model, x, layer, k):
    """The channels of a layer and the gradient of logit k with respect to them."""
    kept = {}

    def cut(name, value):
        if name == layer:
            kept["f"] = value = value.detach().requires_grad_(True)
        return value

    model(x, cut)[0, k].backward()
    return kept["f"].detach()[0], kept["f"].grad[0]


def cam(model, x, k, method, layer):
    f, g = cut_at(model, x, layer, k)
    if method == HIRES:
        return (g * f).sum(0)
    if method == GRAD:
        return (g.mean((1, 2), keepdim=True) * f).sum(0)
    if method == LAYER:
        return (g.clamp(min=0) * f).sum(0)
    below = 2 * g ** 2 + (f * g ** 3).sum((1, 2), keepdim=True)
    alpha = torch.where(below != 0, g ** 2 / below, torch.zeros_like(g))
    return ((alpha * g.clamp(min=0)).sum((1, 2), keepdim=True) * f).sum(0)


def occlusion(model, x, k):
    level = (math.floor(BASELINE * 255 + 0.5) / 255 - MEAN) / DEVIATION  # painted in 8 bit
    starts = [min(i * STRIDE, SIDE - WINDOW) for i in range(math.ceil((SIDE - WINDOW) / STRIDE) + 1)]
    fall, count = torch.zeros(SIDE, SIDE, dtype=torch.float64), torch.zeros(SIDE, SIDE, dtype=torch.float64)
    for top in starts:
        for left in starts:
            covered = x.clone()
            covered[:, :, top:top + WINDOW, left:left + WINDOW] = level
            with torch.no_grad():
                fall[top:top + WINDOW, left:left + WINDOW] += (model(x) - model(covered))[0, k]
            count[top:top + WINDOW, left:left + WINDOW] += 1
    return fall / count


def input_gradient(model, x, k):
    x = x.clone().requires_grad_(True)
    model(x)[0, k].backward()
    return x.grad


def integrated(model, x, k):
    base = torch.full_like(x, (BASELINE - MEAN) / DEVIATION)
    mean = sum(input_gradient(model, base + (i + 0.5) / STEPS * (x - base), k) for i in range(STEPS)) / STEPS
    with torch.no_grad():
        rise = (model(x) - model(base))[0, k].item()
    return ((x - base) * mean).sum(1)[0], rise


def make_map(model, x, k, method, layer, blur):
    expected = math.nan
    if method <= LAYER:
        grid = cam(model, x, k, method, model.layers[layer])
    elif method == OCCLUSION:
        grid = occlusion(model, x, k)
    elif method == SALIENCY:
        grid = input_gradient(model, x, k).abs().amax(1)[0]
    else:
        grid, expected = integrated(model, x, k)
    if blur:
        grid = torch.from_numpy(gaussian_filter(grid.detach().numpy(), blur * grid.shape[0]))
    large = functional.interpolate(grid[None, None], size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False)[0, 0]
    return grid.sum().item(), expected, large.numpy().astype("<f4").tobytes()


def main():
    torch.set_num_threads(1)
    records = []
    for network, model in enumerate((TinyVGG(), Residual())):
        model = model.double().eval()
        with torch.no_grad():
            fill(model)
        for image in range(2):
            x = make_input(image)
            with torch.no_grad():
                logits = model(x)[0]
            for k in (0, 2):
                for method in range(1, 8):
                    for layer in range(2 if method <= LAYER else 1):
                        for blur in BLURS if method in (HIRES, INTEGRATED) else BLURS[:1]:
                            total, expected, numbers = make_map(model, x, k, method, layer, blur)
                            records.append(struct.pack("<5i5f", network, image, k, method, layer, logits[k], torch.softmax(logits, 0)[k], total,
                                                       expected, blur) + numbers)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "explain.bin")
    head = (f"haemnet golden explain, torch {torch.__version__}, scipy {scipy.__version__}, numpy {numpy.__version__}, Pillow {PIL.__version__}, "
            f"python {sys.version.split()[0]}, {len(records)} maps\n")
    with open(path, "wb") as file:
        file.write(head.encode())
        for record in records:
            file.write(record)
    print(head, os.path.getsize(path), "bytes")


main()
