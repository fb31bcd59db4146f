#!/usr/bin/python3
"""Writes tests/golden/metrics.txt: scikit-learn's figures for tests/eval/test_metrics.c.

Run from the project's root:  /usr/bin/python3 tests/golden/gen_metrics.py

Every figure that scikit-learn defines comes from scikit-learn, printed with 17 digits. Done by hand here:
- Where scikit-learn puts a convention in place of 0 / 0, the file says nan. Averages over classes leave those out, as zero_division=nan
  does since 1.3; from that version on it is asserted that both agree (but for weights that are all 0: ours is nan).
- log_loss: up to 1.4 scikit-learn made the rows add up to one first; it no longer does. Written by hand, asserted against log_loss.
- The ROC's first threshold is inf (as since 1.3). The precision-recall curve is turned round, by falling threshold, but its point
  without a threshold stays last.
- Multi-label figures of the positive label are the binary ones of that column; log loss is the mean of all columns'.
- `undefined`, which is a convention of the library's.
"""
import math
import platform
import sys
import warnings

import numpy as np
import scipy
import sklearn
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
VERSION = tuple(int(x) for x in sklearn.__version__.split(".")[:2])
EPS = np.finfo(np.float64).eps
NAN = float("nan")
NO_POSITIVE_CLASS, NO_POSITIVES, NO_NEGATIVES, NONE_PREDICTED, ALL_PREDICTED, CLASS_MISSING, MCC = 1, 2, 4, 8, 16, 32, 64
lines = []


def text(x):
    return "nan" if math.isnan(x) else "inf" if math.isinf(x) else "%.17g" % x


def ratio(a, b):
    return a / b if b else NAN


def decide(p, positive, threshold):
    if p.shape[1] == 2 and positive >= 0:
        return np.where(p[:, positive] >= threshold, positive, 1 - positive)
    return p.argmax(axis=1)


def one_vs_rest(truth, called, score):
    """Figures of a 0/1 column, and its undefined bits."""
    m = {}
    tn, fp, fn, tp = (int(v) for v in sk.confusion_matrix(truth, called, labels=[0, 1]).ravel())
    m.update(tp=tp, fp=fp, tn=tn, fn=fn)
    bits = 0
    bits |= 0 if tp + fn else NO_POSITIVES
    bits |= 0 if tn + fp else NO_NEGATIVES
    bits |= 0 if tp + fp else NONE_PREDICTED
    bits |= 0 if tn + fn else ALL_PREDICTED
    m["sensitivity"] = sk.recall_score(truth, called) if tp + fn else NAN
    m["specificity"] = sk.recall_score(truth, called, pos_label=0) if tn + fp else NAN
    m["ppv"] = sk.precision_score(truth, called) if tp + fp else NAN
    m["npv"] = sk.precision_score(truth, called, pos_label=0) if tn + fn else NAN
    m["f1"] = sk.f1_score(truth, called) if tp + fp + fn else NAN
    m["threat_score"] = sk.jaccard_score(truth, called) if tp + fp + fn else NAN
    m["roc_auc"] = sk.roc_auc_score(truth, score) if tp + fn and tn + fp else NAN
    m["average_precision"] = sk.average_precision_score(truth, score) if tp + fn else NAN
    m["brier"] = sk.brier_score_loss(truth, score, pos_label=1) if tp + fn and tn + fp else float(np.mean((score - truth) ** 2))
    return m, bits


def log_loss_single(y, p):
    k = p.shape[1]
    ours = float(np.mean(-np.log(np.clip(p[np.arange(len(y)), y], EPS, 1 - EPS))))
    if k > 1 and (VERSION >= (1, 5) or abs(p.sum(axis=1) - 1).max() < 1e-15):
        theirs = sk.log_loss(y, p, labels=list(range(k)))
        assert abs(theirs - ours) < 1e-13 * max(1, abs(ours)), (theirs, ours)
    return ours


def log_loss_multi(y, p):
    return float(np.mean([log_loss_single(y[:, k], np.stack([1 - p[:, k], p[:, k]], axis=1)) for k in range(y.shape[1])]))


def averages(y, called, k, m):
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, called, labels=list(range(k)), average=None)
    if y.ndim == 2:
        predicted, hit = called.sum(axis=0), (called & y).sum(axis=0)
    else:
        predicted = np.bincount(called, minlength=k)
    precision = np.where(predicted > 0, precision, NAN)
    recall = np.where(support > 0, recall, NAN)
    f1 = np.where(predicted + support > 0, f1, NAN)
    for name, v in (("precision", precision), ("recall", recall), ("f1", f1)):
        ok = ~np.isnan(v)
        m["macro_" + name] = float(v[ok].mean()) if ok.any() else NAN
        m["weighted_" + name] = float((v[ok] * support[ok]).sum() / support[ok].sum()) if support[ok].sum() else NAN
        if VERSION >= (1, 3):
            score = getattr(sk, name + "_score")
            for how in ("macro", "weighted"):
                mine = m[how + "_" + name]
                theirs = score(y, called, labels=list(range(k)), average=how, zero_division=np.nan)
                if how == "weighted" and support[ok].sum() == 0:
                    continue
                assert abs(theirs - mine) < 1e-13 or (math.isnan(theirs) and math.isnan(mine)), (name, how, theirs, mine)
    m["balanced_accuracy"] = m["macro_recall"]
    if y.ndim == 1:
        assert abs(sk.balanced_accuracy_score(y, called) - m["macro_recall"]) < 1e-13
    return precision, recall, f1, support, predicted


def curves(truth, score, k):
    if truth.min() == truth.max():
        return
    fpr, tpr, t = sk.roc_curve(truth, score, drop_intermediate=False)
    t[0] = np.inf
    write_curve("roc", k, fpr, tpr, t)
    precision, recall, t = sk.precision_recall_curve(truth, score)
    write_curve("pr", k, np.r_[recall[:-1][::-1], recall[-1]], np.r_[precision[:-1][::-1], precision[-1]], np.r_[t[::-1], np.nan])


def write_curve(kind, k, x, y, t):
    lines.append("%s %d %d" % (kind, k, len(x)))
    for point in zip(x, y, t):
        lines.append(" ".join(text(float(v)) for v in point))


def case(name, y, p, positive=-1, threshold=0.5, formula=None, curve=True):
    """y: classes [n] or labels [n, K] of 0/1; p: [n, K]; formula: seed and grid of rows that the C side computes itself."""
    y, p = np.asarray(y, dtype=np.int64), np.asarray(p, dtype=np.float64)
    multi = y.ndim == 2
    n, k = p.shape
    lines.append("case %s task %d n %d classes %d positive %d threshold %s" % (name, 2 if multi else 1, n, k, positive, text(threshold)))
    if formula:
        lines.append("formula %d %d" % formula)
    else:
        lines.append("rows")
        for i in range(n):
            bits = sum(int(b) << j for j, b in enumerate(y[i])) if multi else int(y[i])
            lines.append("%d %s" % (bits, " ".join(repr(float(v)) for v in p[i])))
    m, bits = {}, 0
    if multi:
        called = (p >= threshold).astype(np.int64)
        m["accuracy"] = float((called == y).mean())
        m["exact_match"] = sk.accuracy_score(y, called) if k > 1 else float((called == y).all(axis=1).mean())
        columns = [(y[:, j], called[:, j]) for j in range(k)]
        confusion = np.stack([sk.confusion_matrix(a, b, labels=[0, 1]) for a, b in columns])
        m["log_loss"] = log_loss_multi(y, p)
        m["mcc"] = NAN
        if positive >= 0:
            a, b = columns[positive]
            m["mcc"] = sk.matthews_corrcoef(a, b) if len(set(a)) == 2 and len(set(b)) == 2 else NAN
        y_sk, called_sk = (y, called) if k > 1 else (np.c_[y, y], np.c_[called, called])  # one column would be taken for classes
    else:
        called = decide(p, positive, threshold)
        m["accuracy"] = m["exact_match"] = sk.accuracy_score(y, called)
        columns = [((y == j).astype(np.int64), (called == j).astype(np.int64)) for j in range(k)]
        confusion = sk.confusion_matrix(y, called, labels=list(range(k)))
        m["log_loss"] = log_loss_single(y, p)
        m["mcc"] = sk.matthews_corrcoef(y, called) if len(set(y)) > 1 and len(set(called)) > 1 else NAN
        y_sk, called_sk = y, called
    per_class = averages(y_sk, called_sk, y_sk.shape[1] if multi else k, m)
    support, predicted = per_class[3], per_class[4]
    if positive >= 0:
        more, bits = one_vs_rest(*columns[positive], p[:, positive])
        m.update(more)
    else:
        bits |= NO_POSITIVE_CLASS
        for key in "sensitivity specificity ppv npv f1 threat_score roc_auc average_precision brier".split():
            m[key] = NAN
        m.update(tp=0, fp=0, tn=0, fn=0)
    bits |= CLASS_MISSING if (support == 0).any() else 0
    bits |= NONE_PREDICTED if predicted.sum() == 0 else 0
    bits |= MCC if math.isnan(m["mcc"]) and (not multi or positive >= 0) else 0
    lines.append("confusion %s" % " ".join(str(int(v)) for v in confusion.ravel()))
    for key in sorted(m):
        lines.append("metric %s %s" % (key, text(float(m[key]))))
    lines.append("undefined %d" % bits)
    for j in range(k):
        a, b = columns[j]
        more, bits = one_vs_rest(a, b, p[:, j])
        values = [per_class[0][j], per_class[1][j], per_class[2][j], more["roc_auc"], more["average_precision"]]
        lines.append("class %d %d %d %s %d" % (j, int(a.sum()), int(b.sum()), " ".join(text(float(v)) for v in values),
                                             bits & (NO_POSITIVES | NO_NEGATIVES | NONE_PREDICTED)))
    if curve and not formula:
        for j in range(k):
            curves(columns[j][0], p[:, j], j)
    lines.append("end")


def two(scores):
    s = np.asarray(scores, dtype=np.float64)
    return np.stack([1 - s, s], axis=1)


class Formula:
    """The 31-bit generator of test_metrics.c: the high 20 bits, as a fraction, are exact in both languages."""

    def __init__(self, seed):
        self.state = seed

    def draw(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state >> 11

    def rows(self, n, k, multi, grid):
        """grid: scores are multiples of 1 / grid; k = 2 single-label rows add up to one."""
        y, p = [], []
        for _ in range(n):
            scores = [(self.draw() % (grid + 1)) / grid for _ in range(1 if k == 2 and not multi else k)]
            noise = self.draw() / 1048576
            if multi:
                y.append([int(s + noise > 1.3) for s in scores])
            elif k == 2:
                y.append(int(scores[0] + noise > 1.2))
                scores = [1 - scores[0], scores[0]]
            else:
                y.append(int(noise * 4) % k if noise < 0.5 else int(np.argmax(scores)))
            p.append(scores)
        return y, p


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def binary_cases():
    case("doc", [0, 0, 1, 1], two([0.1, 0.4, 0.35, 0.8]), 1)
    case("doc_positive_zero", [0, 0, 1, 1], two([0.1, 0.4, 0.35, 0.8]), 0)
    case("doc_no_positive_class", [0, 0, 1, 1], two([0.1, 0.4, 0.35, 0.8]))
    case("perfect", [0, 0, 1, 1, 1], two([0.1, 0.2, 0.8, 0.9, 0.7]), 1)
    case("inverted", [1, 1, 0, 0, 0], two([0.1, 0.2, 0.8, 0.9, 0.7]), 1)
    case("ties", [0, 1, 0, 1, 1, 0, 1, 0], two([0.5, 0.5, 0.25, 0.25, 0.75, 0.75, 0.75, 0.5]), 1)
    case("all_tied", [0, 1, 0, 1, 1], two([0.5] * 5), 1)
    case("all_tied_below", [0, 1, 0, 1, 1], two([0.25] * 5), 1)
    case("only_positives", [1, 1, 1], two([0.2, 0.6, 0.9]), 1)
    case("only_negatives", [0, 0, 0, 0], two([0.2, 0.6, 0.9, 0.6]), 1)
    case("only_negatives_right", [0, 0, 0], two([0.2, 0.1, 0.3]), 1)
    case("only_positives_missed", [1, 1, 1], two([0.2, 0.1, 0.3]), 1)
    case("one_row_positive", [1], two([0.7]), 1)
    case("one_row_negative", [0], two([0.7]), 1)
    case("none_called", [0, 1, 0, 1, 0], two([0.1, 0.4, 0.2, 0.3, 0.45]), 1)
    case("all_called", [0, 1, 0, 1, 0], two([0.6, 0.9, 0.7, 0.8, 0.55]), 1)
    mixed = [0, 1, 1, 0, 1, 0, 0, 1, 1, 0], two([0.3, 0.31, 0.9, 0.7, 0.7, 0.05, 0.3, 0.29, 0.62, 0.61])
    for t in (0.3, 0.7, 0.01, 0.999):
        case("threshold_%g" % t, *mixed, 1, t)
        case("threshold_%g_positive_zero" % t, *mixed, 0, t)
    case("certain", [0, 1, 1, 0, 1, 0, 1], two([0, 1, 0, 1, 1, 1e-20, 5e-16]), 1)
    case("sums_not_one", [0, 1, 1, 0], [[0.9, 0.3], [0.2, 0.2], [0.5, 0.6], [0, 0]], 1)
    rng = np.random.RandomState(1)
    y = (rng.rand(60) < 0.08).astype(int)
    case("imbalanced", y, two(np.round(np.clip(0.08 + 0.3 * y + 0.2 * rng.randn(60), 0, 1), 2)), 1)
    for i in range(6):
        y = rng.randint(0, 2, 30)
        p = np.stack([np.round(rng.rand(30), 1 + i % 3), np.zeros(30)], axis=1)
        p[:, 1] = 1 - p[:, 0]
        case("random_%d" % i, y, p, i % 2, (0.5, 0.2, 0.8)[i % 3])
    z = softmax(rng.randn(25, 2).astype(np.float32)).astype(np.float64)
    case("float_softmax", rng.randint(0, 2, 25), z, 1)
    case("close_scores", [0, 1, 0, 1], two([0.5, np.nextafter(0.5, 1), np.nextafter(0.5, 0), 0.5]), 1)


def multiclass_cases():
    rng = np.random.RandomState(2)
    case("three", [0, 1, 2, 2, 1, 0], [[.7, .2, .1], [.4, .3, .3], [.1, .8, .1], [.2, .3, .5], [.4, .4, .2], [.1, .2, .7]], 2)
    case("argmax_ties", [0, 1, 2, 1], [[.5, .5, 0], [.5, .5, 0], [.25, .375, .375], [0, .5, .5]], 1)
    case("missing_true", [0, 0, 1, 1], [[.7, .2, .1], [.4, .5, .1], [.1, .2, .7], [.2, .6, .2]], 2)
    case("never_called", [0, 1, 2, 2], [[.7, .2, .1], [.2, .7, .1], [.8, .1, .1], [.4, .5, .1]], 0)
    case("one_called", [0, 1, 2, 2], [[.7, .2, .1]] * 4, 0)
    case("one_true", [1, 1, 1], [[.7, .2, .1], [.2, .7, .1], [.1, .1, .8]], 1)
    case("weights_all_zero", [0, 0], [[.1, .8, .1], [.2, .5, .3]])
    case("no_positive_class", rng.randint(0, 4, 20), softmax(rng.randn(20, 4)))
    case("one_class", [0, 0, 0], [[1.0], [0.5], [0.25]], 0)
    case("one_row", [2], [[.2, .3, .5]], 2)
    case("perfect_three", [0, 1, 2], np.eye(3) * 0.7 + 0.1, 0)
    for i in range(4):
        k = 3 + i
        y = rng.randint(0, k, 40)
        case("random_multiclass_%d" % i, y, np.round(softmax(rng.randn(40, k) + 1.5 * np.eye(k)[y]), 1 + i % 3), i, 0.5, curve=i < 2)


def multilabel_cases():
    rng = np.random.RandomState(3)
    case("labels", [[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 0, 0]], [[.9, .1, .4], [.2, .6, .8], [.5, .7, .1], [.1, .2, .3]], 0)
    case("label_missing", [[1, 0], [0, 0], [1, 0]], [[.9, .1], [.2, .6], [.5, .7]], 1)
    case("label_always", [[1, 1], [0, 1], [1, 1]], [[.9, .1], [.2, .6], [.5, .7]], 1)
    case("labels_none_called", [[1, 0], [0, 1], [1, 1]], [[.1, .1], [.2, .4], [.3, .2]], 0)
    case("labels_none_called_no_positive", [[1, 0], [0, 1], [1, 1]], [[.1, .1], [.2, .4], [.3, .2]])
    case("labels_none_true", [[0, 0], [0, 0]], [[.1, .9], [.2, .4]], 0)
    case("labels_nothing", [[0, 0], [0, 0]], [[.1, .2], [.2, .4]], 0)
    case("one_label", [[1], [0], [1]], [[.4], [.6], [.8]], 0)
    case("labels_certain", [[1, 0], [0, 1]], [[1, 0], [1, 0]], 0)
    for i in range(4):
        k = 2 + 2 * i
        y = (rng.rand(30, k) < 0.4).astype(int)
        case("random_multilabel_%d" % i, y, np.round(np.clip(0.4 + 0.2 * y + 0.3 * rng.randn(30, k), 0, 1), 1 + i % 3), i,
             (0.5, 0.3, 0.7)[i % 3], curve=i < 2)
    y = (rng.rand(5, 64) < 0.5).astype(int)
    case("labels_64", y, np.round(rng.rand(5, 64), 2), 63, curve=False)


def formula_cases():
    for seed, k, multi, grid, positive, threshold in ((1, 2, 0, 100, 1, 0.5), (2, 2, 0, 1048575, 1, 0.35), (3, 2, 0, 4, 0, 0.5),
                                                      (4, 6, 0, 1024, 2, 0.5), (5, 6, 1, 256, 0, 0.5), (6, 6, 1, 1048575, 4, 0.25)):
        n = 5000
        y, p = Formula(seed).rows(n, k, bool(multi), grid)
        case("formula_%d" % seed, y, p, positive, threshold, formula=(seed, grid))


def main():
    binary_cases()
    multiclass_cases()
    multilabel_cases()
    formula_cases()
    header = ["# made by tests/golden/gen_metrics.py: scikit-learn %s, numpy %s, scipy %s, Python %s" %
              (sklearn.__version__, np.__version__, scipy.__version__, platform.python_version())]
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/metrics.txt"
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(header + lines) + "\n")


main()
