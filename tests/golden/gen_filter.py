#!/usr/bin/python3
"""Writes filter.txt: SHA-256 of what scipy.ndimage makes of formula-made images (gen_resize.py's). Run from the project's root:
tests/golden/gen_filter.py

Edges are scipy's mode "reflect". The Gaussian is computed in float64 and rounded once, halves to even. Lines: kind channels width height
parameter digest; the parameter is the median's size or the Gaussian's sigma."""
import hashlib
import os
import sys

import numpy
import scipy
from scipy import ndimage

from gen_resize import make

SIZES = [(1, 1), (2, 1), (1, 5), (7, 3), (16, 16), (31, 33), (97, 61), (64, 1), (200, 150)]


def each_channel(pixels, function):
    return numpy.stack([function(pixels[:, :, c]) for c in range(pixels.shape[2])], axis=2)


def median(pixels, size):
    """Mirrored by numpy first: where the window is far larger than the image, scipy's own mirror is not one (7 x 3 px, size 31)."""
    r = size // 2
    return each_channel(pixels, lambda plane: ndimage.median_filter(numpy.pad(plane, r, mode="symmetric"), size=size)[r:-r, r:-r])


def gaussian(pixels, sigma):
    return each_channel(pixels,
                        lambda plane: numpy.rint(ndimage.gaussian_filter(plane.astype(float), sigma, mode="reflect")).astype(numpy.uint8))


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "filter.txt"), "w", encoding="utf-8") as out:
        out.write("# made by gen_filter.py with scipy %s, numpy %s, Python %s\n" % (scipy.__version__, numpy.__version__, sys.version.split()[0]))
        for kind, function, parameters in (("median", median, (3, 5, 7, 15, 31)), ("gaussian", gaussian, (0.1, 0.5, 1, 1.3, 2.5, 10, 64))):
            for channels in (1, 3):
                for w, h in SIZES:
                    for parameter in parameters:
                        digest = hashlib.sha256(function(make(channels, w, h), parameter).tobytes()).hexdigest()
                        out.write("%s %d %d %d %r %s\n" % (kind, channels, w, h, parameter, digest))


if __name__ == "__main__":
    main()
