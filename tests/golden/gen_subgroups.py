#!/usr/bin/env python3
"""Writes tests/golden/subgroups.txt: figures of subgroups, comparisons with the rest and their correction, for tests/eval/test_subgroups.c.

Run from the project's root, with numpy, scipy, scikit-learn and statsmodels:  python3 tests/golden/gen_subgroups.py

Figures are scikit-learn's, corrections statsmodels' multipletests. By hand in numpy: the score test by patient of two shares, and that of two AUCs
from all pairs (their influence by patient), both with scipy's t; bands cut at the rows' own numbers.
"""
import platform
import sys

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests

lines = []
rng = np.random.default_rng(77)
FEW = 5


def text(x):
    return "nan" if np.isnan(x) else "%.17g" % x


def test(difference, parts, involved, units):
    variance = involved / (involved - 1) * (parts**2).sum()
    return 2 * stats.t.sf(abs(difference) / np.sqrt(variance), units - 1) if variance > 0 else 1.0


def compare_shares(hit, counts, inside, patient):
    g = patient.max() + 1
    sums = [[np.bincount(patient[counts & side], w[counts & side], g) for w in (hit, np.ones(len(hit)))] for side in (~inside, inside)]
    (x0, m0), (x1, m1) = sums
    units = min((m0 > 0).sum(), (m1 > 0).sum())
    if units < FEW:
        return np.nan
    both = (x0.sum() + x1.sum()) / (m0.sum() + m1.sum())
    parts = (x1 - both * m1) / m1.sum() - (x0 - both * m0) / m0.sum()
    return test(x1.sum() / m1.sum() - x0.sum() / m0.sum(), parts, (m0 + m1 > 0).sum(), units)


def influence(truth, p, patient, g):
    pos, neg = p[truth == 1], p[truth == 0]
    wins = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    auc = wins.mean()
    return auc, np.bincount(patient[truth == 1], wins.mean(axis=1) - auc, g) / len(pos) + np.bincount(patient[truth == 0], wins.mean(axis=0) - auc, g) / len(neg)


def compare_auc(truth, p, inside, patient):
    units, g = [], patient.max() + 1
    for side in (inside, ~inside):
        units += [len(set(patient[side & (truth == 1)])), len(set(patient[side & (truth == 0)]))]
    if min(units) < FEW:
        return np.nan
    (a1, i1), (a0, i0) = (influence(truth[s], p[s], patient[s], g) for s in (inside, ~inside))
    return test(a1 - a0, i1 - i0, g, min(units))


def figures(truth, p, inside):
    t, q = truth[inside], p[inside]
    called = q >= 0.5
    share = lambda hit, of: hit[of].mean() if of.any() else np.nan
    return [(called == t).mean(), share(called, t == 1), share(~called, t == 0), roc_auc_score(t, q) if 0 < t.sum() < len(t) else np.nan]


def main():
    patients, n = 60, 420
    patient = np.sort(rng.integers(0, patients, n))
    sex = np.array(["f", "m"])[rng.integers(0, 2, patients)][patient]
    age = rng.integers(20, 95, patients)[patient]
    scanner = np.array(["A", "B", "C", ""])[rng.choice(4, patients, p=[0.4, 0.3, 0.25, 0.05])][patient]
    thickness = np.array(["1.25", "2.5", "5"])[rng.integers(0, 3, n)]
    truth = (rng.random(n) < 0.4).astype(int)
    level = 0.5 * rng.normal(size=patients)[patient]
    shift = np.where(scanner == "C", -0.6, 2.2)
    p = np.round(1 / (1 + np.exp(-(shift * (truth - 0.5) + level + rng.normal(size=n)))), 6)
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}"
    lines.append(f"# made by tests/golden/gen_subgroups.py: {versions}, Python {platform.python_version()}")
    lines.append(f"rows {n}")
    for row in zip(truth, p, patient, sex, age, scanner, thickness):
        lines.append("%d %.17g %d %s %d %s %s" % tuple("-" if v == "" else v for v in row))
    ordered, ends = np.sort(age), []
    for b in (1, 2, 3):
        ends.append(ordered[-(-n * b // 4) - 1])
    bands = [(f"up_to_{ends[0]}", age <= ends[0])] + [(f"above_{a}_up_to_{b}", (age > a) & (age <= b)) for a, b in zip(ends, ends[1:])]
    bands.append((f"above_{ends[2]}", age > ends[2]))
    table = [("sex", v, sex == v) for v in "fm"] + [("age", v, s) for v, s in bands]
    table += [("scanner", v or "-", scanner == v) for v in ("A", "B", "C", "")] + [("thickness", v, thickness == v) for v in ("1.25", "2.5", "5")]
    right, called = (p >= 0.5) == truth, p >= 0.5
    rows = []
    for name, value, inside in table:
        tests = [compare_shares(right, np.ones(n, bool), inside, patient), compare_shares(called, truth == 1, inside, patient),
                 compare_shares(~called, truth == 0, inside, patient), compare_auc(truth, p, inside, patient)]
        rows.append((name, value, inside, figures(truth, p, inside), figures(truth, p, ~inside), tests))
    counted = [(i, f) for i, row in enumerate(rows) for f in range(4) if not np.isnan(row[5][f]) and (row[0], row[1]) != ("sex", "m")]
    raw = np.array([rows[i][5][f] for i, f in counted])
    adjusted = {}
    for method in ("holm", "fdr_bh"):
        adjusted[method] = dict(zip(counted, multipletests(raw, 0.05, method)[1]))
    lines.append(f"table {len(rows)} {len(counted)}")
    for i, (name, value, inside, here, rest, tests) in enumerate(rows):
        at = 0 if (name, value) == ("sex", "m") else i
        numbers = here + rest + tests + [adjusted[m].get((at, f), np.nan) for m in ("holm", "fdr_bh") for f in range(4)]
        lines.append(f"{name} {value} {inside.sum()} {truth[inside].sum()} {len(set(patient[inside]))} " + " ".join(text(float(x)) for x in numbers))
    with open("tests/golden/subgroups.txt", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


sys.exit(main())
