#!/usr/bin/env python3
"""Writes tests/golden/bands.txt: what numpy and scikit-learn say about confidence bands of curves, for tests/eval/test_band.c.

Run from the project's root, with numpy and scikit-learn:  python3 tests/golden/gen_bands.py

Percentiles of 50000 resamples of groups; in each the ROC is scikit-learn's, read by numpy's interp, and precision is that of the least
called rows whose recall reaches the place.
"""
import platform
import sys

import numpy as np
import sklearn
from sklearn.metrics import precision_recall_curve, roc_curve

PLACES = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.97, 1.0]


def roc_at(truth, score):
    x, y, _ = roc_curve(truth, score, drop_intermediate=False)
    top = np.array([y[x <= p].max() for p in PLACES])  # at a step its upper end
    return np.where(np.isin(PLACES, x), top, np.interp(PLACES, x, y))


def pr_at(truth, score):
    precision, recall, _ = precision_recall_curve(truth, score)
    precision, recall = precision[-2::-1], recall[-2::-1]  # by falling threshold, without the conventional point
    return np.array([precision[np.argmax(recall >= p)] for p in PLACES])


def main():
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(70), rng.integers(1, 6, 70))
    leaning = rng.normal(0, 0.6, 70)[groups]
    truth = (rng.random(len(groups)) < 1 / (1 + np.exp(-leaning))).astype(int)
    score = np.round(1 / (1 + np.exp(-(1.3 * truth - 0.6 + 0.7 * leaning + rng.normal(0, 1, len(groups))))), 3)
    rows_of = [np.flatnonzero(groups == g) for g in range(70)]
    curves = {"roc": roc_at, "pr": pr_at}
    drawn = {kind: [] for kind in curves}
    for _ in range(50000):
        rows = np.concatenate([rows_of[g] for g in rng.integers(0, 70, 70)])
        for kind, at in curves.items():
            drawn[kind].append(at(truth[rows], score[rows]))
    lines = ["# made by tests/golden/gen_bands.py: numpy %s, scikit-learn %s, Python %s" % (np.__version__, sklearn.__version__, platform.python_version()),
             "rows %d" % len(groups)]
    lines += ["%d %d %s" % (g, t, repr(float(s))) for g, t, s in zip(groups, truth, score)]
    for kind, at in curves.items():
        low, high = np.percentile(np.array(drawn[kind]), [2.5, 97.5], axis=0)
        lines.append("%s %d" % (kind, len(PLACES)))
        lines += [" ".join("%.17g" % v for v in row) for row in zip(PLACES, at(truth, score), low, high)]
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/bands.txt"
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(lines + ["end"]) + "\n")


main()
