#!/usr/bin/env python3
"""Writes tests/golden/intervals.txt: what scipy, statsmodels and numpy say about intervals and tests, for tests/eval/test_intervals.c.

Run from the project's root, with numpy, scipy, statsmodels and scikit-learn:  python3 tests/golden/gen_intervals.py

By hand here, since no package has it: the mid-p of McNemar's test (from scipy's binomial), Nadeau and Bengio's variance, DeLong's covariance
from scipy's midranks (asserted against the comparison of all pairs, and its AUC against scikit-learn), the same by group (Obuchowski 1997, from
all pairs), Newcombe's fifth interval (scipy's root finder), and BCa limits from given resamples (scipy's formula, which takes none from outside);
a whole BCa interval comes from scipy.stats.bootstrap. Power laws are scipy's curve_fit.
"""
import platform
import sys

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import optimize, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

lines = []


def text(x):
    return "nan" if np.isnan(x) else "%.17g" % x


def out(kind, *numbers):
    lines.append(" ".join([kind] + [str(x) if isinstance(x, (int, str)) else text(float(x)) for x in numbers]))


def distributions():
    for x in (-40, -9, -5, -3.0001, -3, -1.96, -0.5, 0, 1e-9, 0.3, 1, 1.959963984540054, 2.9999, 3, 3.0001, 4.5, 8, 20, 37):
        out("upper", x, stats.norm.sf(x))
    for p in (1e-300, 1e-20, 1e-9, 0.001, 0.025, 0.1, 0.3, 0.5, 0.6, 0.9, 0.975, 0.995, 0.999999, 1 - 1e-12):
        out("quantile", p, stats.norm.ppf(p))
    for dof in (1, 2, 3, 4, 9, 24, 49, 99, 999, 12345):
        for level in (0.5, 0.8, 0.95, 0.99, 0.9999):
            out("critical", level, dof, stats.t.ppf(0.5 + level / 2, dof))
        for t in (1e-6, 0.3, 1, 2.2, 7, 40):
            out("tails", t, dof, 2 * stats.t.sf(t, dof))
    for x in (1e-3, 0.5, 1, 1.5, 2, 3.7, 14.9, 15, 100.5, 1e5):
        out("loggamma", x, scipy.special.gammaln(x))
    for k, n in ((0, 1), (1, 1), (0, 5), (2, 5), (3, 5), (7, 20), (10, 20), (13, 20), (3, 300), (150, 301), (4900, 10000)):
        out("coins", k, n, stats.binom.cdf(k, n, 0.5), stats.binom.pmf(k, n, 0.5))


def proportions():
    for hits, n in ((0, 1), (1, 1), (0, 10), (10, 10), (29, 30), (26, 30), (160, 200), (1, 100000), (99999, 100000), (3, 7)):
        for level in (0.8, 0.95, 0.99):
            low, high = proportion_confint(hits, n, alpha=1 - level, method="wilson")
            out("wilson", hits, n, level, low, high)


def verdicts():
    for b, c in ((0, 0), (1, 0), (0, 5), (3, 3), (5, 15), (10, 11), (40, 22), (500, 430)):
        exact = mcnemar([[9, b], [c, 9]], exact=True).pvalue
        k, n = min(b, c), b + c
        mid = 1.0 if b == c else 2 * (stats.binom.cdf(k, n, 0.5) - 0.5 * stats.binom.pmf(k, n, 0.5))
        out("mcnemar", b, c, min(exact, 1.0), mid)


def means():
    rng = np.random.RandomState(4)
    for n, ratio, level in ((1, 0.25, 0.95), (2, 0.25, 0.95), (5, 0.25, 0.95), (50, 1 / 9, 0.95), (50, 0.25, 0.9), (30, 1.0, 0.99)):
        values = np.round(0.8 + 0.05 * rng.randn(n), 4)
        out("mean", n, ratio, level, *values)
        sd = values.std(ddof=1) if n > 1 else np.nan
        limits = [np.nan] * 4
        if n > 1:
            limits = list(stats.t.interval(level, n - 1, values.mean(), sd / np.sqrt(n)))
            limits += list(stats.t.interval(level, n - 1, values.mean(), sd * np.sqrt(1 / n + ratio)))
        out("is", values.mean(), sd, *limits)


def pairs(x, y):
    return (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])


def placements(truth, score):
    x, y = score[truth == 1], score[truth == 0]
    return pairs(x, y).mean(axis=1), pairs(x, y).mean(axis=0)


def delong(truth, scores):
    """Sun and Xu (2014), by midranks."""
    m, n = int((truth == 1).sum()), int((truth == 0).sum())
    v10, v01 = [], []
    for s in scores:
        z, x, y = stats.rankdata(s), stats.rankdata(s[truth == 1]), stats.rankdata(s[truth == 0])
        v10.append((z[truth == 1] - x) / n)
        v01.append(1 - (z[truth == 0] - y) / m)
    for s, a, b in zip(scores, v10, v01):
        assert np.allclose(a, placements(truth, s)[0], atol=1e-13) and np.allclose(b, placements(truth, s)[1], atol=1e-13)
        assert abs(a.mean() - roc_auc_score(truth, s)) < 1e-13
    return np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n


def obuchowski(truth, scores, group):
    m, n, names = int((truth == 1).sum()), int((truth == 0).sum()), np.unique(group)
    a, b = np.zeros((len(scores), len(names))), np.zeros((len(scores), len(names)))
    for k, s in enumerate(scores):
        v10, v01 = placements(truth, s)
        theta = roc_auc_score(truth, s)
        for g, name in enumerate(names):
            a[k, g] = (v10[group[truth == 1] == name] - theta).sum()
            b[k, g] = (v01[group[truth == 0] == name] - theta).sum()
    i10, i01, i = len(np.unique(group[truth == 1])), len(np.unique(group[truth == 0])), len(names)
    s10, s01, s11 = i10 / ((i10 - 1) * m) * a @ a.T, i01 / ((i01 - 1) * n) * b @ b.T, i / (i - 1) * a @ b.T
    return s10 / m + s01 / n + (s11 + s11.T) / (m * n)


def newcombe(auc, m, n, level):
    z, more = stats.norm.ppf(0.5 + level / 2), (m + n) / 2 - 1
    def outside(x):
        v = x * (1 - x) * (1 + more * (1 - x) / (2 - x) + more * x / (1 + x)) / (m * n)
        return (auc - x) ** 2 - z * z * v
    ends = []
    for end in (0.0, 1.0):
        near = auc + 1e-9 * (end - auc)  # the estimate itself is a root where it is 0 or 1
        ends.append(end if auc == end else optimize.brentq(outside, end + (1e-15 if end == 0 else -1e-15), near, xtol=1e-15))
    return ends


def aucs():
    for auc, m, n in ((1.0, 5, 7), (0.0, 5, 7), (0.5, 10, 10), (0.93, 24, 32), (1.0, 75, 75), (1.0, 2, 2)):
        out("newcombe", auc, m, n, *newcombe(auc, m, n, 0.95))
    rng = np.random.RandomState(5)
    for case, (n, per_group, digits, gap) in enumerate(((12, 1, 1, 1.0), (40, 1, 6, 1.0), (60, 1, 1, 0.5), (60, 4, 2, 1.0), (90, 6, 1, 0.7), (30, 3, 6, 2))):
        group = np.arange(n) // per_group
        rng.shuffle(group)
        shift = rng.randn(n)[group]
        truth = (rng.rand(n) < 0.4).astype(int) if case != 3 else (group % 3 == 0).astype(int)
        base = gap * truth + rng.randn(n) + 0.8 * shift
        scores = [np.round(1 / (1 + np.exp(-(base + k * 0.7 * rng.randn(n)))), digits) for k in range(2)]
        cov = delong(truth, scores) if per_group == 1 else obuchowski(truth, scores, group)
        assert per_group > 1 or np.allclose(cov, obuchowski(truth, scores, group), rtol=1e-11)
        auc = [roc_auc_score(truth, s) for s in scores]
        z = stats.norm.ppf(0.975)
        out("aucs", n)
        for row in zip(truth, group, *scores):
            lines.append("%d %d %s %s" % (row[0], row[1], repr(float(row[2])), repr(float(row[3]))))
        for k in range(2):
            se = np.sqrt(cov[k, k])
            logit, half = np.log(auc[k] / (1 - auc[k])), z * se / (auc[k] * (1 - auc[k]))
            out("one", auc[k], se, 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit)))
        se, d = np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]), auc[0] - auc[1]
        out("difference", d, se, max(-1, d - z * se), min(1, d + z * se), 2 * stats.norm.sf(abs(d) / se))


def bootstraps():
    rng = np.random.RandomState(6)
    for n, m, level, digits in ((200, 20, 0.95, 6), (200, 20, 0.9, 1), (150, 30, 0.95, 3)):
        values, left_out = np.round(0.9 - 0.1 * rng.gamma(2, 1, n), digits), np.round(0.7 + 0.02 * rng.gamma(3, 1, m), 4)
        estimate = float(np.round(np.median(values) + 0.01, digits))
        below = (np.sum(values < estimate) + np.sum(values <= estimate)) / (2 * n)
        d = left_out.mean() - left_out
        a, z0 = (d ** 3).sum() / (6 * (d ** 2).sum() ** 1.5), stats.norm.ppf(below)
        shares = [(1 - level) / 2, (1 + level) / 2]
        bca = [stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in stats.norm.ppf(shares)]
        out("limits", n, m, level, estimate, *values, *left_out)
        out("are", *np.percentile(values, 100 * np.array(shares)), *np.percentile(values, 100 * np.array(bca)))
    truth, p = (rng.rand(50) < 0.4).astype(int), np.round(rng.rand(50), 3)
    whole = stats.bootstrap(((p - truth) ** 2,), np.mean, n_resamples=200000, vectorized=True, method="BCa", rng=np.random.default_rng(1))
    out("brier", 50)
    for row in zip(truth, p):
        lines.append("%d %s" % (row[0], repr(float(row[1]))))
    out("bca", *whole.confidence_interval, whole.standard_error)


def powers():
    def law(x, b1, b2):
        return 100 + b1 * x ** b2
    rng = np.random.RandomState(7)
    for b1, b2, noise, sizes, weighted in ((-80, -0.5, 1, (5, 10, 20, 40, 80), 0), (-300, -1.2, 0.5, (10, 20, 40, 80), 1), (-60, -0.1, 2, (8, 16, 64, 256), 1),
                                           (-45, 0.05, 3, (5, 10, 20, 40), 0), (-2000, -2.0, 0.3, (10, 20, 40, 90), 1)):
        x = np.repeat(np.array(sizes, float), 3)
        y = np.clip(law(x, b1, b2) + noise * rng.randn(len(x)), 0, 100)
        y = np.round(y, 2)
        w = np.round(rng.uniform(20, 60, len(x))) if weighted else np.ones(len(x))
        best = None
        for start in ((-50, -0.5), (-500, -1.5), (-40, 0.1)):
            found, _ = optimize.curve_fit(law, x, y, p0=start, sigma=1 / np.sqrt(w), method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, maxfev=100000)
            sum_ = float((w * (y - law(x, *found)) ** 2).sum())
            best = (sum_, found) if best is None or sum_ < best[0] else best
        size = ((95 - 100) / best[1][0]) ** (1 / best[1][1]) if best[1][1] < 0 else np.inf
        lines.append("power %d" % len(x))
        for row in zip(x, y, w):
            lines.append("%s %s %s" % tuple(text(v) for v in row))
        out("law", *best[1], np.sqrt(best[0] / w.sum()), min(size, 1e300))


def main():
    for part in (distributions, proportions, verdicts, means, aucs, bootstraps, powers):
        part()
    header = "# made by tests/golden/gen_intervals.py: numpy %s, scipy %s, statsmodels %s, scikit-learn %s, Python %s" % (
        np.__version__, scipy.__version__, statsmodels.__version__, sklearn.__version__, platform.python_version())
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/intervals.txt"
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join([header] + lines + ["end"]) + "\n")


main()
