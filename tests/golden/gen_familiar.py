#!/usr/bin/env python3
"""Writes tests/golden/familiar.txt: what numpy and scikit-learn say about the statistics of images and about shrunk covariances, for
tests/familiar/test_golden.c.

Run from the project's root, with numpy and scikit-learn:  python3 tests/golden/gen_familiar.py

`image` blocks: statistics of a picture that both sides make by one formula, written anew here from docs/familiarity.md. `rows` blocks: rows of
numbers; scikit-learn's LedoitWolf of them after centring and scaling, and the distances of three more rows by its precision matrix.
"""
import platform
import sys

import numpy as np
import sklearn
from sklearn.covariance import LedoitWolf

SIDE, GRID = 64, 6
IMAGES = [(0, 1, 64, 64), (1, 3, 64, 64), (2, 3, 97, 130), (3, 1, 5, 3), (0, 3, 48, 48), (1, 9, 20, 70), (2, 1, 224, 224), (3, 3, 1, 1)]


def picture(kind, channels, width, height):
    c, y, x = np.mgrid[:channels, :height, :width]
    if kind == 0:
        return (x * 7 + y * 13 + c * 50) % 256
    if kind == 1:
        return np.where((x - width // 2) ** 2 + (y - height // 2) ** 2 < width * height // 6, 90 + (x * y + c) % 40, 0)
    if kind == 2:
        return (x * x + 3 * y * c + (x * y) // 5) % 256
    return 20 * c + 11 * y + x


def reduced(a):
    """Levels in sixteenths of the mean over channels, in at most 64 × 64 blocks."""
    channels, height, width = a.shape
    rows, columns = min(height, SIDE), min(width, SIDE)
    out = np.zeros((rows, columns), dtype=np.int64)
    for y in range(rows):
        for x in range(columns):
            block = a[:, y * height // rows:(y + 1) * height // rows, x * width // columns:(x + 1) * width // columns]
            out[y, x] = (int(block.sum()) * 16 + block.size // 2) // block.size
    return out


def ranked(values, q):
    values = np.sort(values.ravel())
    return values[q * len(values) // 100] / 16


def cells(size):
    return [(i * size // GRID, max((i + 1) * size // GRID, i * size // GRID + 1)) for i in range(GRID)]


def statistics(a):
    """The list of docs/familiarity.md, in its order."""
    m = reduced(a)
    level, grey = m / 16, (m + 8) // 16
    height, width = m.shape
    share = np.bincount((grey * 32 // 256).ravel(), minlength=32) / m.size
    share = share[share > 0]
    out = [ranked(m, q) for q in (1, 5, 10, 25, 50, 75, 90, 95, 99)]
    out += [level.mean(), level.std(), -100 * (share * np.log(share)).sum(), 100 * (grey < 8).mean(), 100 * (grey >= 248).mean(),
            100 * ((grey >= 64) & (grey < 192)).mean()]
    out += [np.abs(level - level[:, ::-1]).mean(), np.abs(level - level[::-1]).mean()]
    across, along = max(1, height // 16), max(1, width // 16)
    edge = np.ones(m.shape, dtype=bool)
    edge[1:-1, 1:-1] = False
    out += [level[:across].mean(), level[-across:].mean(), level[:, :along].mean(), level[:, -along:].mean(), level[edge].std()]
    parts = [level[t:b, l:r] for t, b in cells(height) for l, r in cells(width)]
    out += [p.mean() for p in parts] + [p.std() for p in parts]
    step = [np.abs(np.diff(a, axis=axis)).mean() if a.shape[axis] > 1 else 0.0 for axis in (2, 1, 0)]
    steps = np.concatenate([np.abs(np.diff(m, axis=1)).ravel(), np.abs(np.diff(m, axis=0)).ravel()])
    inner = 4 * level[1:-1, 1:-1] - level[:-2, 1:-1] - level[2:, 1:-1] - level[1:-1, :-2] - level[1:-1, 2:]
    curved = np.abs(inner).mean() if inner.size else 0.0
    out += [step[0], step[1], curved] + [ranked(steps, q) if steps.size else 0.0 for q in (50, 75, 90)]
    out += [100 * (step[0] + step[1]) / (level.std() + 1), 100 * curved / (step[0] + step[1] + 1), step[2]]
    centre, spread = [], []
    for sums, size in ((m.sum(1), height), (m.sum(0), width)):
        places, total = np.arange(size), m.sum() + 1
        mean = (sums * places).sum() / total
        centre.append(100 * mean / size)
        spread.append(100 * np.sqrt(max(0.0, (sums * places ** 2).sum() / total - mean ** 2)) / size)
    on = m > 20 * 16
    return out + centre + spread + [100 * on.any(1).mean(), 100 * on.any(0).mean()]


def write(out, values):
    out.write(" ".join(f"{float(v):.17g}" for v in values) + "\n")


def main():
    random = np.random.default_rng(11)
    with open("tests/golden/familiar.txt", "w", encoding="utf-8") as out:
        out.write(f"# made by tests/golden/gen_familiar.py: numpy {np.__version__}, scikit-learn {sklearn.__version__}, Python {platform.python_version()}\n")
        for kind, channels, width, height in IMAGES:
            out.write(f"image {kind} {channels} {width} {height}\n")
            write(out, statistics(picture(kind, channels, width, height).astype(np.int64) % 256))
        for n, d, floor in ((12, 5, 1e-3), (5, 8, 1e-3), (60, 7, 1.0), (9, 30, 0.5)):
            x = random.normal(size=(n, d)) @ random.normal(size=(d, d)) + random.normal(size=d) * 5
            more = random.normal(size=(3, d)) * 4
            centre, scale = x.mean(0), np.maximum(x.std(0), floor)
            fit = LedoitWolf(assume_centered=True).fit((x - centre) / scale)
            z = (more - centre) / scale
            out.write(f"rows {n} {d} {floor} {fit.shrinkage_:.17g}\n")
            for row in x:
                write(out, row)
            for row in more:
                write(out, row)
            write(out, np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(fit.covariance_), z) / d))
    return 0


sys.exit(main())
