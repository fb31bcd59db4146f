#!/usr/bin/python3
"""Writes augment.txt: the tables that lib/preproc/augment.c is to fill. Run from the project's root: tests/golden/gen_augment.py

Written apart from the C: Philox in Python's whole numbers, the affine map by torchvision's own function, the rest by the definitions in
haemnet/augment.h. Lines: `case` width height stored_width stored_height seed epoch, then the 16 options from flip to cutmix; then `row`
sample, the 24 first columns of its row, and the share of the sample in its own labels."""
import math
import os
import sys

import torchvision
from torchvision.transforms.functional import _get_inverse_affine_matrix

WORD = 0xFFFFFFFF
NAMES = ["flip", "rotate", "scale", "shift", "shear", "window_centre", "window_width", "brightness", "contrast", "gamma", "noise", "blur",
         "cutout", "cutout_size", "mixup", "cutmix"]


def philox(key, counter):
    """Philox4x32-10 of Salmon et al. 2011."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & WORD, (a >> 32) ^ c3 ^ k1, a & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


class Stream:
    """The numbers of (seed, purpose, epoch, sample), in order."""

    def __init__(self, seed, purpose, epoch, sample):
        self.key, self.tail, self.block, self.words = (seed & WORD, seed >> 32), (sample & WORD, epoch & WORD, purpose), 0, []

    def word(self):
        if not self.words:
            self.words = list(philox(self.key, (self.block, *self.tail)))
            self.block += 1
        return self.words.pop(0)

    def unit(self):
        high, low = self.word() >> 5, self.word() >> 6
        return (high * 2**26 + low) / 2**53

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.unit()))
        return radius * math.cos(2 * math.pi * self.unit())

    def either(self, most):
        return most * (2 * self.unit() - 1)

    def factor(self, f):
        return (1 + f) ** self.either(1)

    def log_gamma(self, alpha):
        """Marsaglia & Tsang 2000, with their remark for small alpha."""
        boost = math.log(1 - self.unit()) / alpha
        d = alpha + 2 / 3
        while True:
            x = self.normal()
            v = 1 + x / math.sqrt(9 * d)
            if v > 0 and math.log(1 - self.unit()) < x * x / 2 + d - d * v**3 + 3 * d * math.log(v):
                return math.log(d * v**3) + boost

    def beta(self, alpha):
        a, b = self.log_gamma(alpha), self.log_gamma(alpha)
        return 1 / (1 + math.exp(b - a))


def box(cx, cy, side, w, h):
    def around(centre, length, size):
        return max(math.floor(centre - length / 2 + 0.5), 0), min(math.floor(centre + length / 2 + 0.5), size)
    (x0, x1), (y0, y1) = around(cx, side * w, w), around(cy, side * h, h)
    return [x0, y0, x1, y1]


def place(s, o, w, h, sw, sh):
    flip, angle, scale = s.unit() < o["flip"], s.either(o["rotate"]), s.factor(o["scale"])
    shift = s.either(o["shift"]) * w, s.either(o["shift"]) * h
    shear = s.either(o["shear"])
    m = _get_inverse_affine_matrix([w / 2, h / 2], angle, list(shift), scale, [shear, 0.0])
    if flip:
        m = [-m[0], -m[1], w - m[2]] + m[3:]
    return [v * sw / w for v in m[:3]] + [v * sh / h for v in m[3:]]


def tone(s, o):
    centre, width = s.either(o["window_centre"]), s.factor(o["window_width"])
    brightness, contrast, gamma = s.either(o["brightness"]), s.factor(o["contrast"]), s.factor(o["gamma"])

    def line(x):  # x = (HU - (c - w/2)) / w of a window with c = 0, w = 1
        hu = x - 0.5
        seen = (hu - (centre - width / 2)) / width
        return (seen - 0.5) * contrast + 0.5 + brightness
    offset = line(0)
    return [line(1) - offset, offset, gamma, min(max(offset, 0), 1) ** gamma]


def row(o, w, h, sw, sh, seed, epoch, sample, partner):
    s, m = Stream(seed, 7, epoch, sample), Stream(seed, 8, epoch, sample)
    columns = place(s, o, w, h, sw, sh) + tone(s, o)
    noise, blur = o["noise"] * s.unit(), o["blur"] * s.unit()
    cut, x, y = s.unit() < o["cutout"], s.unit() * w, s.unit() * h
    columns += [blur, noise] + (box(x, y, o["cutout_size"] or 0.25, w, h) if cut else [0] * 4)
    rectangle, share, own = [0] * 4, 1.0, 1.0
    if partner < 0 or not (o["mixup"] or o["cutmix"]):
        return columns + rectangle + [-1, 1, 0, 0], 1.0
    first, x, y = m.unit() < 0.5, m.unit() * w, m.unit() * h
    if o["mixup"] and (first or not o["cutmix"]):
        own = share = m.beta(o["mixup"])
    else:
        rectangle = box(x, y, math.sqrt(1 - m.beta(o["cutmix"])), w, h)
        own = 1 - max(rectangle[2] - rectangle[0], 0) * max(rectangle[3] - rectangle[1], 0) / (w * h)
    return columns + rectangle + [partner, share, 0, 0], own


def cases():
    everything = [0.5, 15, 0.2, 0.1, 10, 0.1, 0.3, 0.1, 0.2, 0.3, 0.05, 0.2, 0.5, 0.3, 0.4, 1.0]
    yield (64, 64, 64, 64, 1, 1), [0] * 16
    yield (48, 20, 96, 30, 5, 2), [0] * 16
    for i, name in enumerate(NAMES):  # each alone
        if name != "cutout_size":
            value = 1 if name in ("flip", "cutout") else everything[i]
            yield (32, 24, 40, 24, 7, 1), [value if k == i else 0 for k in range(16)]
    yield (224, 160, 256, 256, 0x0123456789ABCDEF, 2**32 - 1), everything
    yield (64, 64, 64, 64, 3, 10), [0] * 14 + [0.05, 0]
    yield (65, 33, 65, 33, 3, 11), [1, 180, 9, 1, 60, 1, 9, 1, 9, 9, 1, 1 / 3, 1, 1, 100, 100]


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "augment.txt"), "w", encoding="utf-8") as out:
        out.write("# made by gen_augment.py with torchvision %s, Python %s\n" % (torchvision.__version__, sys.version.split()[0]))
        for where, options in cases():
            named = dict(zip(NAMES, options))
            out.write("case " + " ".join(map(str, where)) + " " + " ".join(repr(float(v)) for v in options) + "\n")
            samples = [0, 3, 1, 4294967295]
            for i, sample in enumerate(samples):
                columns, own = row(named, *where, sample, (i + 1) % len(samples))
                out.write("row %d " % sample + " ".join("%.9g" % v for v in columns) + " %.9g\n" % own)


if __name__ == "__main__":
    main()
