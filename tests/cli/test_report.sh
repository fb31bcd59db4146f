#!/bin/sh
# report and verify: evidence.json holds what evidence.csv says, every figure with its interval; and whoever changes model, data or a figure is found.
. tests/cli/common.sh

small "$scratch/data" --bleed-share 0.6 || exit 1
expect 0 "$H" split "$scratch/data" --manifest --ratios 0.5,0.5 --seed 2 --out "$scratch/parts"
train() { "$H" train --recipe thesis "$scratch/parts/train.csv" --epochs 3 --size 32 --hidden 4 --batch 8 --seed 5 --quiet "$@"; }
expect 0 train --out "$scratch/run"
report() { SOURCE_DATE_EPOCH=1000000000 "$H" report "$@"; }

expect 0 report "$scratch/run" "$scratch/parts/test.csv" --quiet
run=$((run + 1))
[ -s "$scratch/out" ] || [ -s "$scratch/err" ] && fail "--quiet is not quiet"
there "$scratch/run/evidence.json" "$scratch/run/evidence.csv"
says "$scratch/run/evidence.json" '"written": "2001-09-09T01:46:40Z"'

# Everything that is a share is worked out again from the images alone, and the AUC by counting pairs.
python "evidence.json follows from evidence.csv" "$scratch" <<'PY'
import csv, hashlib, json, math, sys
here = sys.argv[1]
e = json.load(open(here + "/run/evidence.json"))
raw = open(here + "/run/evidence.csv", "rb").read()
rows = list(csv.DictReader(raw.decode().splitlines()))
assert e["evidence"] == 1 and e["notice"] == "Research use, not a medical device."
assert hashlib.sha256(raw).hexdigest() == e["evidence_csv_sha256"]
assert hashlib.sha256(open(here + "/run/model.safetensors", "rb").read()).hexdigest() == e["model"]["sha256"]
truth = {r["file"].split("/")[-1]: r for r in csv.DictReader(open(here + "/data/manifest.csv"))}
p = {True: [], False: []}
for r in rows:
    assert hashlib.sha256(open(r["file"], "rb").read()).hexdigest() == r["sha256"]
    assert truth[r["file"].split("/")[-1]]["label"] == r["truth"] and truth[r["file"].split("/")[-1]]["patient"] == r["patient"]
    p[r["truth"] == "haemorrhage"].append(float(r["probability_haemorrhage"]))
    assert (float(r["probability_haemorrhage"]) >= 0.5) == (r["said"] == "haemorrhage")
assert hashlib.sha256("".join(r["sha256"] for r in rows).encode()).hexdigest() == e["data"]["contents_sha256"]
f = e["figures"]["image"]
tp, fn = sum(x >= 0.5 for x in p[True]), sum(x < 0.5 for x in p[True])
fp, tn = sum(x >= 0.5 for x in p[False]), sum(x < 0.5 for x in p[False])
assert e["confusion"]["haemorrhage"] == {"haemorrhage": tp, "no_haemorrhage": fn}
assert e["confusion"]["no_haemorrhage"] == {"haemorrhage": fp, "no_haemorrhage": tn}
for name, hits, n in (("accuracy", tp + tn, len(rows)), ("sensitivity", tp, tp + fn), ("specificity", tn, tn + fp), ("ppv", tp, tp + fp), ("npv", tn, tn + fn)):
    if n:
        assert f[name]["n"] == n and f[name]["hits"] == hits and abs(f[name]["estimate"] - hits / n) < 1e-12, name
    else:
        assert f[name]["estimate"] is None and f[name]["low"] is None and f[name]["interval"] is None, name
novelties = sorted(float(r["novelty"]) for r in rows)
strange, k = e["familiarity"], [i for i, r in enumerate(rows) if float(r["novelty"]) <= 1]
assert strange["known"] and strange["unfamiliar"] == len(rows) - len(k) == sum(v > 1 for v in novelties)
assert strange["highest"] == novelties[-1] and abs(strange["median"] - (novelties[(len(rows) - 1) // 2] + novelties[len(rows) // 2]) / 2) < 1e-12
assert (strange["without_them"] is None) == (len(k) in (0, len(rows)))
if strange["without_them"]:
    assert strange["without_them"]["n"] == len(k)
    assert abs(strange["without_them"]["accuracy"] - sum(rows[i]["truth"] == rows[i]["said"] for i in k) / len(k)) < 1e-12
pairs = sum((a > b) + (a == b) / 2 for a in p[True] for b in p[False]) / (len(p[True]) * len(p[False]))
assert abs(f["roc_auc"]["estimate"] - pairs) < 1e-12 and f["roc_auc"]["interval"] == "DeLong by patient"
for level in e["figures"].values():
    for name, x in level.items():
        assert x["low"] is None or x["low"] <= x["estimate"] <= x["high"], (name, x)
        assert (x["low"] is None) == (x["interval"] is None), (name, x)
# Patients: positive if an image is, the most suspicious image speaks.
most, ill = {}, {}
for r in rows:
    most[r["patient"]] = max(most.get(r["patient"], 0), float(r["probability_haemorrhage"]))
    ill[r["patient"]] = ill.get(r["patient"], False) or r["truth"] == "haemorrhage"
hits = sum((most[k] >= 0.5) == ill[k] for k in most)
a = e["figures"]["patient_max"]["accuracy"]
assert a["hits"] == hits and a["n"] == len(most) == e["data"]["patients"] and a["interval"] == "Wilson"
z = 1.959963984540054
n, q = a["n"], a["hits"] / a["n"]
centre, half = (q + z * z / (2 * n)) / (1 + z * z / n), z * math.sqrt(q * (1 - q) / n + z * z / (4 * n * n)) / (1 + z * z / n)
assert abs(a["low"] - max(0, centre - half)) < 1e-9 and abs(a["high"] - min(1, centre + half)) < 1e-9
# Curves: every point is one of the images'; histogram: every image.
c = e["curves"]["haemorrhage"]
assert [0, 0, None] == c["roc"]["points"][0] and c["roc"]["points"][-1][:2] == [1, 1]
for x, y, t in c["roc"]["points"][1:]:
    assert abs(x - sum(v >= t for v in p[False]) / len(p[False])) < 1e-12 and abs(y - sum(v >= t for v in p[True]) / len(p[True])) < 1e-12
for x, y, t in c["precision_recall"]["points"]:
    said = sum(v >= t for v in p[True] + p[False])
    assert abs(x - sum(v >= t for v in p[True]) / len(p[True])) < 1e-12 and abs(y - sum(v >= t for v in p[True]) / said) < 1e-12
for name in ("roc", "precision_recall"):
    band = c[name]["band"]
    assert len(band) == 41 and band[0][0] == 0 and band[40][0] == 1
    for x, y, low, high in band:
        assert low is None or low <= y <= high
        if name == "precision_recall":
            called = max(t for t in p[True] + p[False] if sum(v >= t for v in p[True]) >= x * len(p[True]))
            assert abs(y - sum(v >= called for v in p[True]) / sum(v >= called for v in p[True] + p[False])) < 1e-12
    assert sum(low < y < high for x, y, low, high in band if low is not None) > 10
assert sum(c["histogram"]["with"]) == len(p[True]) and sum(c["histogram"]["without"]) == len(p[False])
assert c["histogram"]["with"][9] == sum(0.45 <= x < 0.5 for x in p[True])
# Thresholds and reliability, by hand.
for row in e["thresholds"]["at"]:
    yes, no = sum(x >= row["threshold"] for x in p[True]), sum(x >= row["threshold"] for x in p[False])
    assert abs(row["sensitivity"]["estimate"] - yes / len(p[True])) < 1e-12 and abs(row["specificity"]["estimate"] - 1 + no / len(p[False])) < 1e-12
    assert row["ppv"]["n"] == yes + no and (row["ppv"]["estimate"] is None if yes + no == 0 else abs(row["ppv"]["estimate"] - yes / (yes + no)) < 1e-12)
assert [row["threshold"] for row in e["thresholds"]["at"]] == [i / 10 for i in range(1, 10)] and e["thresholds"]["rule"] is None
for row in e["thresholds"]["specificity_at_sensitivity"]:
    reached = [t for t in p[True] + p[False] if sum(x >= t for x in p[True]) >= row["held"] * len(p[True]) - 1e-9]
    assert abs(row["estimate"] - sum(x < max(reached) for x in p[False]) / len(p[False])) < 1e-12
ece = 0
for b in c["reliability"]["bins"]:
    inside = [(x, k) for k in (True, False) for x in p[k] if b["from"] < x <= b["to"]]
    assert b["n"] == len(inside)
    if inside:
        mean, share = sum(x for x, _ in inside) / len(inside), sum(k for _, k in inside) / len(inside)
        assert abs(b["mean"] - mean) < 1e-9 and abs(b["share"] - share) < 1e-12 and b["low"] <= share <= b["high"]
        ece += len(inside) / len(rows) * abs(mean - share)
assert abs(c["reliability"]["ece"] - ece) < 1e-9 and abs(c["reliability"]["brier"] - f["brier"]["estimate"]) < 1e-12
assert e["calibration"]["method"] is None
# Trivial baselines in their better direction: the size of the file.
import os
size = {k: [os.path.getsize(r["file"]) for r in rows if (r["truth"] == "haemorrhage") == k] for k in (True, False)}
auc = sum((a > b) + (a == b) / 2 for a in size[True] for b in size[False]) / (len(size[True]) * len(size[False]))
b = e["baselines"]["file size"]
assert abs(b["roc_auc"] - max(auc, 1 - auc)) < 1e-12 and abs(b["model_ahead"] - (pairs - b["roc_auc"])) < 1e-12
# The gallery: the surest mistakes, then what was nearly one.
g = e["gallery"]
assert g["wrong"] == fp + fn
def said_truth(r):
    return float(r["probability_" + r["truth"]])
for right in (False, True):
    wanted = sorted((said_truth(r), i) for i, r in enumerate(rows) if (r["truth"] == r["said"]) == right)[:12]
    assert [s["row"] for s in g["shown"] if s["right"] == right] == [i for _, i in wanted]
a = e["audit"]
assert a["against_training"] is True and a["findings"] == 0 and a["checked"] == 1 and a["allowed"] is False
assert any(s["what"] == "file size" and s["class"] == "haemorrhage" and s["images"] == len(rows) for s in a["shortcuts"])
t = e["training"]
r = json.load(open(here + "/run/run.json"))
assert t["best_epoch"] == r["best_epoch"] and t["model_sha256"] == e["model"]["sha256"] and t["options"]["seed"] == 5 and len(t["history"]) == 3
assert e["data"]["seen_in_training"] is None
PY

# The page, as a file and as a browser sees it.
page() { # NAME FOLDER
    run=$((run + 1))
    python3 tests/cli/page.py "$2/report.html" "$2/evidence.json" > "$scratch/python" 2>&1 || { fail "$1"; sed 's/^/    /' "$scratch/python" | tail -5; }
    [ -n "$browser" ] || return
    run=$((run + 1))
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" --enable-logging=stderr --dump-dom "file://$2/report.html" \
        > "$scratch/dom" 2> "$scratch/log" || fail "$1: the browser failed"
    grep CONSOLE "$scratch/log" && fail "$1: the browser complains"
    python3 tests/cli/page.py "$2/report.html" "$2/evidence.json" "$scratch/dom" > "$scratch/python" 2>&1 ||
        { fail "$1, in the browser"; sed 's/^/    /' "$scratch/python" | tail -5; }
}
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || echo "SKIP the pages in a browser: no chromium here"
there "$scratch/run/report.html" "$scratch/run/model-card.md"
page "the page" "$scratch/run"
says "$scratch/run/report.html" "trivial classifier"
python "the model card" "$scratch/run" <<'PY'
import json, sys
card, e = open(sys.argv[1] + "/model-card.md").read(), json.load(open(sys.argv[1] + "/evidence.json"))
assert card.startswith("# Model card: run\n") and "**Research use, not a medical device.**" in card
f = e["figures"]["image"]
for name, title, number in (("sensitivity", "sensitivity", "%.1f %%"), ("roc_auc", "ROC AUC", "%.3f")):
    x, scale = f[name], 100 if name == "sensitivity" else 1
    line = next(row for row in card.split("\n") if row.startswith(f"| {title} |"))
    assert number % (scale * x["estimate"]) in line and (number + " to " + number) % (scale * x["low"], scale * x["high"]) in line, line
assert e["model"]["sha256"] in card and e["data"]["contents_sha256"] in card
c = e["confusion"]
assert "| haemorrhage | %d | %d |" % (c["haemorrhage"]["haemorrhage"], c["haemorrhage"]["no_haemorrhage"]) in card
assert "at the threshold 0.5, which no data chose." in card and "is not calibrated" in card and "For whom it is less good" not in card
assert "None: no patient, file or picture is among the training images" in card
for s in e["audit"]["shortcuts"]:
    row = "| %s | %.3f (%.3f to %.3f) | %s |" % (s["class"].replace("_", "\\_"), s["roc_auc"], s["low"], s["high"], "**yes**" if s["flagged"] else "not clearly")
    assert row in card, row
PY

# The same bytes again, for any number of threads.
cp "$scratch/run/evidence.json" "$scratch/first.json"
expect 0 report "$scratch/run" "$scratch/parts/test.csv" --quiet --threads 3
same "$scratch/run/evidence.json" "$scratch/first.json"
cp "$scratch/run/report.html" "$scratch/first.html"
expect 0 report "$scratch/run" "$scratch/parts/test.csv" --out "$scratch/elsewhere.html"
same "$scratch/elsewhere.html" "$scratch/first.html"

expect 0 "$H" verify "$scratch/run" "$scratch/parts/test.csv"
says "$scratch/out" "held     figures.image.roc_auc = "
says "$scratch/out" "evidence.json holds."
says "$scratch/out" " 0 differ"
expect 0 "$H" verify "$scratch/run" "$scratch/parts/test.csv" --quiet
run=$((run + 1))
grep -q "^held" "$scratch/out" && fail "--quiet says what holds"

# Somebody touches one thing.
tampered() { rm -rf "$scratch/bad" && cp -r "$scratch/run" "$scratch/bad"; }
tampered
sed -i 's/\("sensitivity": {"estimate": \)[0-9.]*/\10.97/' "$scratch/bad/evidence.json"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  figures.image.sensitivity.estimate: evidence.json says 0.97, it is "
says "$scratch/out" "model: the same, to the bit"
says "$scratch/out" "model and data are the same, so it was changed"
tampered
sed -i 's/"n": \([0-9]*\), "hits"/"n": 9\1, "hits"/' "$scratch/bad/evidence.json"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  figures.image.accuracy.n"
tampered
sed -i 's/"roc_auc": {"estimate": [^}]*},//' "$scratch/bad/evidence.json"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  figures.image.roc_auc.low: evidence.json lacks it"
tampered
sed -i 's/^{"evidence": 1,/{"evidence": 1, "approved_by": "everyone",/' "$scratch/bad/evidence.json"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" 'approved_by: evidence.json says "everyone", and there is no such value'
tampered
cp "$scratch/run/last.safetensors" "$scratch/bad/model.safetensors"
expect 0 train --epochs 1 --lr 0.01 --out "$scratch/other"
cp "$scratch/other/model.safetensors" "$scratch/bad/model.safetensors"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "model: ANOTHER ONE"
says "$scratch/out" "DIFFERS  model.sha256"
tampered
printf 'x' | dd of="$scratch/bad/model.safetensors" bs=1 seek=100 conv=notrunc 2> "$scratch/dd"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
tampered
sed -i '2s/.$/x/' "$scratch/bad/evidence.csv"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "evidence.csv: CHANGED"
tampered
rm "$scratch/bad/evidence.csv"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  evidence.csv: cannot read it"
tampered
sed -i 's/^2,[0-9.]*/2,0.001/' "$scratch/bad/history.csv"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  training.history[1].train_loss"

# The card alone: a number, a word, a line put in, a line taken out; what only tells of place and time does not count.
card=$scratch/bad/model-card.md
tampered
sed -i 's/^\(| sensitivity | \)[0-9.]* %/\197.3 %/' "$card"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" ", Images, sensitivity: it says “97.3”, it is “"
says "$scratch/out" "model-card.md: DIFFERS"
says "$scratch/out" "evidence.json holds, but model-card.md was changed."
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet --tolerance 1e-4
tampered
sed -i 's/is not a medical device/is a medical device/' "$card"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" ", Use: it says “"
says "$scratch/out" "”, it is “not a medical device.”"
tampered
echo "- Approved by everyone." >> "$card"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" "model-card.md has the line: - Approved by everyone."
tampered
sed -i '/^- Not for diagnosis/d' "$card"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" "model-card.md lacks the line: - Not for diagnosis"
tampered
sed -i 's/^# Model card: .*/# Model card: other/; s/^Written .*/Written yesterday by haemnet 0.0./; s/^Measured on .*/Measured on elsewhere.csv./' "$card"
expect 0 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" "model-card.md: as it would be written now"
tampered
rm "$card"
expect 0 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" "model-card.md: there is none"
mkdir "$card"
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/err" "model-card.md"
# Rounded numbers on either side of where rounding turns, as another kind of device may have them.
tampered
python "the last digit of one number" "$card" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
open(sys.argv[1], "w").write(re.sub(r"(\| log loss \| )(\d+\.\d{3})", lambda m: "%s%.3f" % (m[1], float(m[2]) + 0.001), text, count=1))
PY
expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet
says "$scratch/out" ", Images, log loss: it says “"
expect 0 "$H" verify "$scratch/bad" "$scratch/parts/test.csv" --quiet --tolerance 1e-4

# Other data: one image painted over, one label turned round, one row fewer.
image=$(sed -n 2p "$scratch/parts/test.csv" | cut -d, -f1)
cp "$image" "$scratch/kept.png"
cp "$(sed -n 3p "$scratch/parts/test.csv" | cut -d, -f1)" "$image"
expect 1 "$H" verify "$scratch/run" "$scratch/parts/test.csv"
says "$scratch/out" "DIFFERS  image $image: its bytes are others"
says "$scratch/out" "data: OTHER IMAGES"
says "$scratch/out" "model: the same, to the bit"
cp "$scratch/kept.png" "$image"
awk -F, 'BEGIN { OFS = "," } NR == 2 { $2 = $2 == "haemorrhage" ? "no_haemorrhage" : "haemorrhage" } { print }' "$scratch/parts/test.csv" > "$scratch/turned.csv"
expect 1 "$H" verify "$scratch/run" "$scratch/turned.csv"
says "$scratch/out" "the same images, but OTHER labels, patients or names"
sed '2d' "$scratch/parts/test.csv" > "$scratch/fewer.csv"
expect 1 "$H" verify "$scratch/run" "$scratch/fewer.csv"
says "$scratch/out" "data: OTHER IMAGES"
expect 0 "$H" verify "$scratch/run" "$scratch/parts/test.csv" --quiet

# Subgroups of manifest columns.
cp -r "$scratch/run" "$scratch/grouped"
expect 0 report "$scratch/grouped" "$scratch/data" --by "types, volume_ml" --quiet --allow-leak
python "subgroups" "$scratch" <<'PY'
import csv, json, sys
here = sys.argv[1]
e = json.load(open(here + "/grouped/evidence.json"))
rows = {r["file"].split("/")[-1]: r for r in csv.DictReader(open(here + "/data/manifest.csv"))}
said = list(csv.DictReader(open(here + "/grouped/evidence.csv")))
s = e["subgroups"]
assert s["correction"] == "holm" and s["comparisons"] > 0 and {g["column"] for g in s["rows"]} == {"types", "volume_ml"}
assert sum(g["images"] for g in s["rows"] if g["column"] == "types") == len(said)
for g in s["rows"]:
    if g["column"] == "types":
        inside = [r for r in said if rows[r["file"].split("/")[-1]]["types"] == g["value"]]
        assert g["images"] == len(inside) and g["positives"] == sum(r["truth"] == "haemorrhage" for r in inside)
        assert abs(g["accuracy"]["estimate"] - sum(r["truth"] == r["said"] for r in inside) / len(inside)) < 1e-12
assert "For whom is it less good?" in open(here + "/grouped/report.html").read()
PY
page "the page of subgroups" "$scratch/grouped"
expect 0 "$H" verify "$scratch/grouped" "$scratch/data" --quiet
expect 1 report "$scratch/grouped" "$scratch/data" --by scanner
says "$scratch/err" "scanner"

# What is no evidence.
for text in '' '{' '{"a": 1,}' '{"evidence": 2}' '{"evidence": 1, "evidence": 1}' '[1, 2] 3' '{"evidence": 1, "rules": {"threshold": 7}}' '{"evidence": 01x}'; do
    tampered
    printf '%s' "$text" > "$scratch/bad/evidence.json"
    expect 1 "$H" verify "$scratch/bad" "$scratch/parts/test.csv"
    says "$scratch/err" "evidence.json"
done
expect 1 "$H" verify "$scratch/data" "$scratch/parts/test.csv"
says "$scratch/err" "evidence.json"

# The run's own test part: a share of DATA, or data of its own. Both chose the epoch, and the report says so.
expect 0 report "$scratch/run"
says "$scratch/run/evidence.json" '"seen_in_training": "chose the epoch"'
says "$scratch/run/report.html" "These images chose the epoch"
says "$scratch/run/evidence.json" '"kind": "holdout"'
expect 0 "$H" verify "$scratch/run" "$scratch/parts/train.csv"

# Images that the model has seen: no figure, unless it is allowed, and then every output says so.
rm "$scratch/run/evidence.json" "$scratch/run/report.html"
expect 4 report "$scratch/run" "$scratch/parts/train.csv" --quiet
run=$((run + 1))
[ -e "$scratch/run/evidence.json" ] || [ -e "$scratch/run/report.html" ] && fail "figures of images that the model has seen"
expect 0 report "$scratch/run" "$scratch/parts/train.csv" --quiet --allow-leak
says "$scratch/run/evidence.json" '"seen_in_training": "trained on"'
says "$scratch/run/evidence.json" '"against_training": true, "allowed": true'
says "$scratch/run/report.html" "LEAKY"
says "$scratch/run/model-card.md" "LEAKY"
page "the page of a leak" "$scratch/run"
expect 0 "$H" verify "$scratch/run" "$scratch/parts/train.csv" --quiet
expect 0 train --epochs 1 --out "$scratch/tested" --test "$scratch/parts/test.csv"
expect 0 report "$scratch/tested" --quiet
says "$scratch/tested/evidence.json" '"seen_in_training": "chose the epoch"'
expect 0 "$H" verify "$scratch/tested" "$scratch/parts/test.csv" --quiet
expect 0 train --epochs 1 --out "$scratch/alone" --holdout 0
expect 1 report "$scratch/alone"
says "$scratch/err" "give DATA"
expect 0 train --epochs 1 --out "$scratch/run"
there "$scratch/run/evidence.json.previous" "$scratch/run/evidence.csv.previous"

# Several labels, more than two classes without a positive one, a model without a run, hostile names, a bad file.
expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 32 --hidden 4 --label-column subdural,subarachnoid --quiet --out "$scratch/multi"
expect 0 report "$scratch/multi" "$scratch/data" --quiet --allow-leak
expect 0 "$H" verify "$scratch/multi" "$scratch/data" --quiet
page "the page of several labels" "$scratch/multi"
mkdir -p "$scratch/odd/data/<b>\"&'" "$scratch/odd/data/well, or so" "$scratch/odd/data/zz"
i=0
for file in "$scratch"/data/images/p000[0-5]*.png; do
    i=$((i + 1))
    case $((i % 3)) in 0) class="<b>\"&'" ;; 1) class="well, or so" ;; *) class=zz ;; esac
    cp "$file" "$scratch/odd/data/$class/<script>alert(1)<%2Fscript>$i.png"
done
echo "no image" > "$scratch/odd/data/zz/broken.png"
expect 3 "$H" train --recipe thesis "$scratch/odd/data" --epochs 1 --size 16 --hidden 4 --quiet --out "$scratch/odd/run"
expect 3 report "$scratch/odd/run" "$scratch/odd/data" --quiet --allow-leak
python "evidence of hostile names" "$scratch/odd/run" <<'PY'
import csv, json, sys
e = json.load(open(sys.argv[1] + "/evidence.json"))
assert set(e["per_class"]) == {"<b>\"&'", "well, or so", "zz"} and e["data"]["skipped"] == 1 and len(e["curves"]) == 3 and not e["baselines"]
rows = list(csv.DictReader(open(sys.argv[1] + "/evidence.csv")))
assert len(rows) == e["data"]["images"] and {r["truth"] for r in rows} == set(e["per_class"])
assert sum(sum(r.values()) for r in e["confusion"].values()) == len(rows)
PY
expect 0 "$H" verify "$scratch/odd/run" "$scratch/odd/data" --quiet
page "the page of hostile names" "$scratch/odd/run"
says "$scratch/odd/run/report.html" "&lt;script&gt;alert(1)"
run=$((run + 1))
grep -q "<script" "$scratch/odd/run/report.html" "$scratch/odd/run/model-card.md" && fail "a script got into a report"
mkdir "$scratch/bare"
cp "$scratch/other/model.safetensors" "$scratch/bare"
expect 0 report "$scratch/bare" "$scratch/parts/test.csv" --quiet
expect 1 report "$scratch/bare"
says "$scratch/err" "run.json"
page "the page of a model without a run" "$scratch/bare"
expect 0 "$H" verify "$scratch/bare" "$scratch/parts/test.csv" --quiet

# The same page at the end of a training, and of an evaluation.
expect 0 "$H" train --recipe thesis "$scratch/parts/train.csv" --epochs 2 --size 32 --hidden 4 --report "$scratch/trained.html" --out "$scratch/paged"
says "$scratch/out" "trained.html is the report"
cp "$scratch/paged/evidence.json" "$scratch/first.json"
expect 0 "$H" verify "$scratch/paged" "$scratch/parts/train.csv" --quiet
expect 0 report "$scratch/paged" --quiet
run=$((run + 1))
for file in "$scratch/first.json" "$scratch/paged/evidence.json"; do sed 's/"written": "[^"]*"//' "$file" > "$file.bare"; done
cmp -s "$scratch/first.json.bare" "$scratch/paged/evidence.json.bare" || fail "train --report and report differ"
expect 0 "$H" evaluate "$scratch/paged/model.safetensors" "$scratch/parts/test.csv" --report "$scratch/judged.html" --json "$scratch/judged.json"
says "$scratch/judged.html" "How it learned"
run=$((run + 1))
python3 tests/cli/page.py "$scratch/judged.html" > "$scratch/python" 2>&1 || { fail "the page of evaluate"; tail -3 "$scratch/python"; }
expect 0 "$H" evaluate "$scratch/paged/last.safetensors" "$scratch/parts/test.csv" --report "$scratch/judged.html"
run=$((run + 1))
grep -q "How it learned" "$scratch/judged.html" && fail "the training of another model"
cp "$scratch/other/model.safetensors" "$scratch/paged/model.safetensors"
expect 0 report "$scratch/paged" "$scratch/parts/test.csv" --quiet
says "$scratch/paged/report.html" "not the one that run.json tells of"

# Wrong usage.
expect 2 train --out "$scratch/n" --holdout 0 --report "$scratch/n.html"
expect 2 train --out "$scratch/n" --folds 2 --report "$scratch/n.html"
expect 2 report
expect 2 report "$scratch/run" a b
expect 2 report "$scratch/run" --threshold 2
expect 2 report "$scratch/run" "$scratch/parts/test.csv" --positive blood
expect 2 report "$scratch/run" "$scratch/parts/test.csv" --tta twice
expect 2 "$H" verify "$scratch/run"
expect 2 "$H" verify "$scratch/run" "$scratch/parts/test.csv" --tolerance -1
finish
