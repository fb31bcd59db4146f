#!/usr/bin/env python3
"""Writes tests/golden/calibration.txt: what scikit-learn, scipy and numpy say about thresholds, reliability and calibration, for
tests/eval/test_calibrate.c.

Run from the project's root, with numpy, scipy and scikit-learn:  python3 tests/golden/gen_calibration.py

- Thresholds: from scikit-learn's roc_curve, every point kept; the rule picks a point, and the middle to the next lower score is by hand.
  nan: no threshold reaches the target.
- Reliability: bins of calibration_curve (uniform, quantile), Brier score of scikit-learn. Errors and the five parts by hand from numpy; asserted
  to add up.
- Calibration: temperatures by scipy's bounded scalar minimiser, then Newton's steps in numpy until the gradient is below 1e-12; Platt's two
  numbers the same, with his targets, asserted against scikit-learn's _sigmoid_calibration.
- Shares by group: by hand in numpy, with scipy's t.
"""
import platform
import sys

import numpy as np
import scipy
import sklearn
from scipy import optimize, special, stats
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.metrics import brier_score_loss, roc_curve

lines = []
NAN = float("nan")
rng = np.random.default_rng(20240607)


def text(x):
    return "nan" if np.isnan(x) else "inf" if np.isinf(x) else "%.17g" % x


def out(kind, *numbers):
    lines.append(" ".join([kind] + [str(x) if isinstance(x, (int, str, np.integer)) else text(float(x)) for x in numbers]))


def rows(name, truth, p, group):
    out("rows", name, len(p))
    for row in zip(truth, p, group):
        lines.append("%d %.17g %d" % row)


def thresholds(truth, p):
    fpr, tpr, scores = roc_curve(truth, p, drop_intermediate=False)
    fp, tp = np.round(fpr * (1 - truth).sum()), np.round(tpr * truth.sum())
    scores = np.append(scores[1:], 0)  # of a cut: the score below it
    upper = np.append([1], scores[:-1])
    middle = (upper + scores) / 2
    possible = [i for i in range(len(upper)) if 0 < (middle[i] if middle[i] > scores[i] else upper[i]) < 1]
    ones = (1 - truth).sum()
    def give(rule, value, i):
        out("threshold", rule, value, middle[i], tpr[i], 1 - fpr[i]) if i is not None else out("threshold", rule, value, NAN, NAN, NAN)
    def last_best(score):
        return max(possible, key=lambda i: (score[i], i))
    give("youden", 0, last_best(tp * (1 - truth).sum() - fp * truth.sum()))
    for value in (0.5, 0.8, 0.9, 0.95, 1):
        give("sensitivity", value, min((i for i in possible if tp[i] / truth.sum() >= value), default=None))
        give("specificity", value, max((i for i in possible if (ones - fp[i]) / ones >= value), default=None))
    for value in (0.1, 1, 5, 20):
        give("cost", value, last_best(value * tp - fp))


def reliability(truth, p):
    for number, strategy in enumerate(("uniform", "quantile"), 1):
        for bins in (1, 5, 10, 15):
            share, mean = calibration_curve(truth, p, n_bins=bins, strategy=strategy)
            edges = np.linspace(0, 1, bins + 1) if number == 1 else np.percentile(p, np.linspace(0, 1, bins + 1) * 100)
            where = np.searchsorted(edges[1:-1], p)
            count = np.bincount(where, minlength=bins)
            n, base = len(p), truth.mean()
            weight = count[count > 0] / n
            m, s = np.zeros(bins), np.zeros(bins)
            m[count > 0], s[count > 0] = mean, share
            rel, res, unc = (weight * (mean - share) ** 2).sum(), (weight * (share - base) ** 2).sum(), base * (1 - base)
            wv, wc = ((p - m[where]) ** 2).mean(), 2 * ((p - m[where]) * (truth - s[where])).mean()
            brier = brier_score_loss(truth, p)
            assert abs(rel - res + unc + wv - wc - brier) < 1e-14
            out("reliability", number, bins, len(share), (weight * abs(share - mean)).sum(), abs(share - mean).max(), brier, rel, res, unc, wv, wc)
            lines.append(" ".join("%d %s %s" % (c, text(a), text(b)) for c, a, b in zip(count[count > 0], mean, share)))


def newton(gradient, hessian, x):
    for _ in range(50):
        x = x - np.linalg.solve(hessian(x), gradient(x))
    assert abs(gradient(x)).max() < 1e-12, gradient(x)
    return x


def temperature(z, y):
    """1 / T of softmax: least mean cross-entropy."""
    one = np.eye(z.shape[1])[y]
    loss = lambda a: (special.logsumexp(a * z, axis=1) - a * z[np.arange(len(y)), y]).mean()
    first = optimize.minimize_scalar(loss, bounds=(0.01, 50), method="bounded").x
    p = lambda a: special.softmax(a * z, axis=1)
    gradient = lambda a: np.array([((p(a[0]) - one) * z).sum(axis=1).mean()])
    hessian = lambda a: np.array([[((p(a[0]) * z**2).sum(axis=1) - (p(a[0]) * z).sum(axis=1) ** 2).mean()]])
    a = newton(gradient, hessian, np.array([first]))[0]
    return a, loss(1.0), loss(a)


def platt(s, y):
    n1, n0 = y.sum(), (1 - y).sum()
    t = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    p = lambda x: special.expit(x[0] * s + x[1])
    gradient = lambda x: np.array([((p(x) - t) * s).mean(), (p(x) - t).mean()])
    def hessian(x):
        w = p(x) * (1 - p(x))
        return np.array([[(w * s * s).mean(), (w * s).mean()], [(w * s).mean(), w.mean()]])
    theirs = _sigmoid_calibration(s, y)
    x = newton(gradient, hessian, np.array([-theirs[0], -theirs[1]]))
    assert abs(x + theirs).max() < 1e-3, (x, theirs)
    return x


def fits():
    for n, classes, sharp in ((60, 2, 3.0), (200, 3, 2.0), (150, 5, 0.5)):
        y = rng.integers(0, classes, n)
        z = np.round(sharp * (rng.normal(size=(n, classes)) + 1.2 * np.eye(classes)[y]), 4)
        out("logits", "single", n, classes)
        for label, row in zip(y, z):
            lines.append(" ".join([str(label)] + ["%.17g" % v for v in row]))
        a, before, after = temperature(z, y)
        out("temperature", a, before, after)
        if classes == 2:
            s = z[:, 1] - z[:, 0]
            a, b = platt(s, y)
            p = special.expit(a * s + b)
            out("platt", a, b, -(np.where(y == 1, np.log(p), np.log1p(-p))).mean(), p[0], p[n - 1])
    n, labels = 120, 3
    y = (rng.random((n, labels)) < (0.3, 0.6, 0.15)).astype(int)
    z = np.round(1.5 * rng.normal(size=(n, labels)) + 2.0 * (2 * y - 1) + 0.7, 4)
    out("logits", "multi", n, labels)
    for label, row in zip(y, z):
        lines.append(" ".join([str(int((label << np.arange(labels)).sum()))] + ["%.17g" % v for v in row]))
    for k in range(labels):  # a sigmoid is a softmax over (0, z)
        out("temperature", *temperature(np.stack([0 * z[:, k], z[:, k]], axis=1), y[:, k]))
    for k in range(labels):
        a, b = platt(z[:, k], y[:, k])
        p = special.expit(a * z[:, k] + b)
        out("platt", a, b, -(np.where(y[:, k] == 1, np.log(p), np.log1p(-p))).mean(), p[0], p[n - 1])


def grouped():
    cases = [([3, 5, 2], [5, 5, 5]), ([10, 0, 7, 30, 2], [10, 4, 9, 30, 8]), ([0, 0, 0], [4, 9, 2]), ([4, 9, 2], [4, 9, 2]), ([1, 1, 0, 1], [1, 1, 1, 2])]
    big = rng.integers(1, 30, 40)
    cases.append((list(rng.binomial(big, 0.9)), list(big)))
    for x, m in cases:
        for level in (0.9, 0.95):
            x, m = np.array(x, float), np.array(m, float)
            size = m.mean()
            total, count = m.sum() + size / 2, len(m) + 0.5
            share = (x.sum() + size / 4) / total
            squares = ((x - share * m) ** 2).sum() + 0.25 * ((size - share * size) ** 2 + (share * size) ** 2)
            effect = max(1, count / (count - 1) * squares / total**2 / (share * (1 - share) / total))
            n, p, t = m.sum() / effect, x.sum() / m.sum(), stats.t.ppf(0.5 + level / 2, len(m) - 1)
            centre, half = (n * p + t * t / 2) / (n + t * t), t / (n + t * t) * np.sqrt(n * p * (1 - p) + t * t / 4)
            low, high = 0 if p == 0 else max(0, centre - half), 1 if p == 1 else min(1, centre + half)
            out("grouped", level, len(m), p, float(low), float(high))
            lines.append(" ".join("%d %d" % pair for pair in zip(x, m)))


def main():
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, Python {platform.python_version()}"
    lines.append(f"# made by tests/golden/gen_calibration.py: {versions}")
    grouped()
    fits()
    n = 300
    truth = (rng.random(n) < 0.35).astype(int)
    smooth = special.expit(1.3 * rng.normal(size=n) + 2.2 * truth - 1.4)
    for name, p in (("smooth", smooth), ("tied", np.round(smooth, 1)), ("edges", np.clip(np.round(smooth * 1.4 - 0.2, 2), 0, 1))):
        rows(name, truth, p, rng.integers(0, 60, n))
        thresholds(truth, p)
        reliability(truth, p)
    with open("tests/golden/calibration.txt", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


sys.exit(main())
