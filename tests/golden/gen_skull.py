#!/usr/bin/python3
"""Writes skull.txt: SHA-256 of what skull stripping by scipy.ndimage leaves of formula-made heads. Run from the project's root:
tests/golden/gen_skull.py

The same definition as hn_image_strip_skull in scipy's words: label, dilation, fill_holes. Lines: seed width height, then the digest of the stripped
picture, or none where no closed skull is found. head() is written a second time in tests/image/test_skull.c."""
import hashlib
import os
import sys

import numpy
import scipy
from scipy import ndimage

SIZES = [(1, 1), (3, 2), (9, 9), (24, 31), (40, 40), (64, 48), (130, 131), (257, 200), (300, 520)]
CORNERS = numpy.ones((3, 3))


def head(seed, w, h):
    """A brain of 90 to 121, calcifications, white bone with a crack, a scalp, a table; grains of every level."""
    x, y = numpy.meshgrid(numpy.arange(w, dtype=numpy.int64), numpy.arange(h, dtype=numpy.int64))
    noise = ((x * 73856093 ^ y * 19349663 ^ seed * 83492791) * 2654435761 & 0xFFFFFFFF) >> 16
    q = 100 * ((2 * x - w) ** 2 * h * h + (2 * y - h) ** 2 * w * w) // (w * w * h * h)  # 100 = the ellipse that touches the edges
    inner, outer = 40 + seed % 5 * 4, 50 + seed % 7 * 6
    p = numpy.where(q < inner, 90 + noise % 32, numpy.where(q < outer, 250 + noise % 6, numpy.where(q < outer + 8, 70, 0)))
    crack = (q >= inner) & (q < outer) & (2 * x < w) & (y >= h // 2) & (y < h // 2 + seed % 5)
    p = numpy.where(crack, 100, p)
    p = numpy.where((noise >> 3) % 1000 < seed % 4 * seed % 4 * 8, noise % 256, p)
    p = numpy.where((q < 3) & (seed % 3 == 0), 255, p)
    return numpy.where((y == h - 1) & (seed % 2 == 0), 255, p).astype(numpy.uint8)


def largest(mask, structure):
    labels, n = ndimage.label(mask, structure)
    if n == 0:
        return None
    return labels == 1 + numpy.argmax(ndimage.sum(mask, labels, range(1, n + 1)))


def strip(p):
    reach = (max(p.shape) + 255) // 256
    skull = largest(p >= 250, CORNERS)
    if skull is None:
        return None
    dam = ndimage.binary_dilation(skull, CORNERS, iterations=reach)
    labels, _ = ndimage.label(numpy.pad(~dam, 1, constant_values=True))
    outside = (labels == labels[0, 0])[1:-1, 1:-1]
    cavity = largest(~dam & ~outside, None)
    if cavity is None or cavity.sum() * 5 < (~outside).sum():
        return None
    inside = ndimage.binary_fill_holes(ndimage.binary_dilation(cavity, CORNERS, iterations=reach) & ~skull)
    return numpy.where(inside, p, 0).astype(numpy.uint8)


def main():
    found = 0
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "skull.txt"), "w", encoding="utf-8") as out:
        out.write("# made by gen_skull.py with scipy %s, numpy %s, Python %s\n" % (scipy.__version__, numpy.__version__, sys.version.split()[0]))
        for w, h in SIZES:
            for seed in range(60 if w < 200 else 12):
                left = strip(head(seed, w, h))
                found += left is not None
                out.write("%d %d %d %s\n" % (seed, w, h, "none" if left is None else hashlib.sha256(left.tobytes()).hexdigest()))
    print("%d heads stripped" % found)


if __name__ == "__main__":
    main()
