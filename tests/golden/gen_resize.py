#!/usr/bin/python3
"""Writes resize.txt: SHA-256 of what Pillow makes of formula-made images. Run from the project's root: tests/golden/gen_resize.py

The C test computes the same inputs, so nothing large is stored. Lines: kind channels width height new_width new_height digest."""
import hashlib
import os
import sys

import numpy
import PIL
from PIL import Image


def make(channels, width, height):
    """A gradient with noise: every rounding is met. All arithmetic is modulo 2^32; tests/image/golden.h has the same."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels].astype(numpy.uint32)
    noise = (x * 73856093 ^ y * 19349663 ^ c * 83492791) * numpy.uint32(2654435761)
    value = (x * 3 + y * 5 + c * 40 + (noise >> 25)) % 256
    flat = ((x // 7 + y // 5) % 3) == 0  # patches of black and white beside it
    value = numpy.where(flat, (noise >> 31) * 255, value)
    return value.astype(numpy.uint8)


def image(pixels):
    return Image.fromarray(pixels[:, :, 0], "L") if pixels.shape[2] == 1 else Image.fromarray(pixels, "RGB")


def digest(picture):
    return hashlib.sha256(picture.tobytes()).hexdigest()


PAIRS = [
    (1, 1, 1, 1), (1, 1, 7, 5), (1, 1, 64, 64), (2, 2, 1, 1), (3, 1, 1, 1), (1, 9, 1, 4), (9, 1, 4, 1), (1, 300, 64, 64), (300, 1, 64, 64),
    (1, 50, 20, 50), (50, 1, 50, 20), (64, 64, 1, 1), (64, 64, 1, 64), (64, 64, 64, 1), (64, 64, 64, 64), (65, 63, 64, 64),
    (63, 65, 64, 64), (128, 128, 64, 64), (127, 129, 64, 64), (134, 135, 64, 64), (262, 262, 64, 64),
    (428, 411, 64, 64), (512, 512, 64, 64),
    (512, 512, 448, 448), (512, 512, 256, 256), (512, 512, 511, 513), (650, 650, 64, 64), (650, 650, 224, 224), (821, 957, 64, 64),
    (821, 957, 48, 48), (17, 5, 64, 64), (5, 17, 64, 64), (31, 47, 128, 200), (64, 64, 256, 256), (64, 64, 100, 33), (33, 100, 100, 33),
    (100, 33, 33, 100), (200, 150, 200, 75), (200, 150, 100, 150), (200, 150, 301, 150), (200, 150, 200, 301), (3, 2, 2, 3), (2, 3, 3, 2),
    (4, 4, 3, 3), (7, 7, 6, 6), (10, 10, 9, 11), (1000, 3, 3, 1000), (1200, 900, 7, 5), (999, 1001, 13, 700), (2, 1, 1000, 1),
]


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "resize.txt"), "w", encoding="utf-8") as out:
        versions = PIL.__version__, numpy.__version__, sys.version.split()[0]
        out.write("# made by gen_resize.py with Pillow %s, numpy %s, Python %s\n" % versions)
        for channels in (1, 3):
            for w, h, new_w, new_h in PAIRS:
                resized = image(make(channels, w, h)).resize((new_w, new_h), Image.BILINEAR)
                out.write("resize %d %d %d %d %d %s\n" % (channels, w, h, new_w, new_h, digest(resized)))
        for w, h in ((1, 1), (97, 61), (512, 512)):
            out.write("luma 3 %d %d 0 0 %s\n" % (w, h, digest(image(make(3, w, h)).convert("L"))))
            out.write("rgb 1 %d %d 0 0 %s\n" % (w, h, digest(image(make(1, w, h)).convert("RGB"))))


if __name__ == "__main__":
    main()
