#!/bin/sh
# crossval: figures, intervals and baselines that follow from predictions.csv; patients; repeats; a choice inside the training part that never sees
# the fold it is measured on; finished folds that are used again.
. tests/cli/common.sh

small "$scratch/data" --bleed-share 0.5 --seed 5 || exit 1
cv() { "$H" crossval "$scratch/data" --recipe thesis --epochs 2 --size 16 --hidden 4 --batch 8 --lr 0.01 "$@"; }
expect 0 cv --folds 3 --repeats 2 --seed 4 --out "$scratch/run"
says "$scratch/out" "each predicted by models that have not seen its patient"
says "$scratch/out" "trivial classifiers"
says "$scratch/out" "repeat 2/2 fold 3/3"
cat > "$scratch/figures.py" <<'PY'
import csv, json, math, os, statistics
def auc(y, p):
    wins = [(a > b) + 0.5 * (a == b) for a, t in zip(p, y) if t for b, u in zip(p, y) if not u]
    return sum(wins) / len(wins) if wins else None
def near(a, b, tolerance=1e-9):
    assert (a is None) == (b is None) and (a is None or abs(a - b) < tolerance), (a, b)
def load(run):
    return list(csv.DictReader(open(run + "/predictions.csv"))), json.load(open(run + "/crossval.json"))
def truth(rows):
    return [r["label"] == "haemorrhage" for r in rows]
def patients(rows, column, rule):
    together = {}
    for r, y in zip(rows, truth(rows)):
        together.setdefault(r["group"], []).append((float(r[column]), y))
    return [any(y for _, y in v) for v in together.values()], [rule(p for p, _ in v) for v in together.values()]
PY
PYTHONPATH="$scratch"
export PYTHONPATH
python "figures" "$scratch/run" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
assert len(rows) == 48 and list(rows[0]) == ["file", "group", "label", "probability", "fold_1", "probability_1", "fold_2", "probability_2"]
assert [r["fold_1"] for r in rows] != [r["fold_2"] for r in rows] # each repeat deals anew
for r in rows:
    near(float(r["probability"]), (float(r["probability_1"]) + float(r["probability_2"])) / 2)
p = run["protocol"]
assert (p["folds"], p["repeats"], p["inner"], p["tta"], p["weights"]) == (3, 2, 0, "none", "last epoch") and p["test_to_train"] == 0.5
assert [(f["repeat"], f["fold"], f["seed"]) for f in run["folds"]] == [(r, f, 3 + r) for r in (1, 2) for f in (1, 2, 3)]
assert [(l["level"], l["rule"]) for l in run["levels"]] == [("image", None), ("patient", "max"), ("patient", "mean")]
image = run["levels"][0]
for f in run["folds"]:
    some = [r for r in rows if r[f"fold_{f['repeat']}"] == str(f["fold"])]
    scores = [float(r[f"probability_{f['repeat']}"]) for r in some]
    near(f["image"]["roc_auc"], auc(truth(some), scores))
    near(f["image"]["accuracy"], sum((s >= 0.5) == y for s, y in zip(scores, truth(some))) / len(some))
    near(f["patient_max"]["roc_auc"], auc(*patients(some, f"probability_{f['repeat']}", max)))
    near(f["patient_mean"]["roc_auc"], auc(*patients(some, f"probability_{f['repeat']}", lambda v: statistics.mean(list(v)))))
    assert f["patient_max"]["n"] == len({r["group"] for r in some})
values = [f["image"]["accuracy"] for f in run["folds"]]
over = image["over_folds"]["accuracy"]
near(over["mean"], statistics.mean(values))
near(over["sd"], statistics.stdev(values))
t = 2.5705818366147395 # of 5 degrees of freedom
for name, variance in (("interval", 1 / 6), ("corrected_interval", 1 / 6 + 1 / 2)):
    near(over[name][0], over["mean"] - t * over["sd"] * math.sqrt(variance))
    near(over[name][1], over["mean"] + t * over["sd"] * math.sqrt(variance))
for repeat, pooled in enumerate(image["pooled"], 1):
    near(pooled["roc_auc"], auc(truth(rows), [float(r[f"probability_{repeat}"]) for r in rows]))
    assert pooled["intervals"]["accuracy"][0] <= pooled["accuracy"] <= pooled["intervals"]["accuracy"][1]
    assert pooled["roc_auc_delong"][0] < pooled["roc_auc"] < pooled["roc_auc_delong"][1]
near(image["mean_of_repeats"]["roc_auc"], auc(truth(rows), [float(r["probability"]) for r in rows]))
near(run["levels"][1]["pooled"][0]["roc_auc"], auc(*patients(rows, "probability_1", max)))
PY
python "baselines" "$scratch/run" "$scratch/data" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
manifest = {r["file"].split("/")[-1]: r for r in csv.DictReader(open(sys.argv[2] + "/manifest.csv"))}
slices = {}
for r in manifest.values():
    slices.setdefault(r["patient"], []).append(int(r["slice"]))
def middle(r):
    m = manifest[r["file"].split("/")[-1]]
    low, high = min(slices[m["patient"]]), max(slices[m["patient"]])
    return abs(int(m["slice"]) - (low + high) / 2)
def out_of_fold(value, repeat):
    """Ranks among all; the direction that is right on the training part; both kinds of training rows are there."""
    values = [value(r) for r in rows]
    rank = [sum(w < v for w in values) + sum(w == v for w in values) / 2 for v in values]
    scores, folds = list(rank), [r[f"fold_{repeat}"] for r in rows]
    for fold in set(folds):
        inside = [(y, v) for y, v, f in zip(truth(rows), values, folds) if f != fold]
        if auc(*zip(*inside)) < 0.5:
            for i, f in enumerate(folds):
                scores[i] = len(rows) - rank[i] if f == fold else scores[i]
    return scores
found = {(b["name"], b["level"]): b for b in run["baselines"]}
names = ["image size", "mean grey", "mid-grey share", "distance from mid-volume", "file size"]
assert sorted(found) == sorted((n, l) for n in names for l in ("image", "patient"))
assert all(b["rule"] == ("max" if b["level"] == "patient" else None) for b in run["baselines"])
for name, value in (("file size", lambda r: os.path.getsize(r["file"])), ("distance from mid-volume", middle), ("image size", lambda r: 1)):
    for repeat in (1, 2):
        scores = out_of_fold(value, repeat)
        b = found[name, "image"]["repeats"][repeat - 1]
        near(b["roc_auc"], auc(truth(rows), scores))
        near(b["model_ahead"], auc(truth(rows), [float(r[f"probability_{repeat}"]) for r in rows]) - b["roc_auc"])
        assert b["model_ahead_interval"][0] < b["model_ahead"] < b["model_ahead_interval"][1] and 0 <= b["p"] <= 1
    gaps = []
    for f in run["folds"]:
        here = [i for i, r in enumerate(rows) if r[f"fold_{f['repeat']}"] == str(f["fold"])]
        scores = out_of_fold(value, f["repeat"])
        gaps.append(f["image"]["roc_auc"] - auc([truth(rows)[i] for i in here], [scores[i] for i in here]))
    near(found[name, "image"]["model_ahead_by_fold"], statistics.mean(gaps))
    near(found[name, "image"]["model_ahead"], statistics.mean(b["model_ahead"] for b in found[name, "image"]["repeats"]))
PY

# Every option that helps to make a model is written down, by its name: who adds one has to add it there.
"$H" help train > "$scratch/help" || exit 1
python "options" "$scratch/run/repeat-1/fold-1/run.json" "$scratch/run/crossval.json" "$scratch/help" <<'PY'
import json, re, sys
names = re.findall(r"^ +--([a-z-]+)", open(sys.argv[3]).read().split("\nRecipes,")[0], re.M)
wanted = {n.replace("-", "_") for n in names} - {"preset", "folds", "report", "quiet"} # --model by another name; in "split"; a page; a voice
assert len(wanted) > 50, names
for path in sys.argv[1:3]:
    options = json.load(open(path))["options"]
    assert wanted <= set(options), wanted - set(options)
PY
expect 0 "$H" train "$scratch/data" --recipe thesis --epochs 1 --size 16 --hidden 2 --no-familiarity --cache 64 --quiet --out "$scratch/options"
says "$scratch/options/run.json" '"cache": 64'
says "$scratch/options/run.json" '"no_familiarity": true'

# Finished folds are used again, others are trained; another option is another training.
cp "$scratch/run/predictions.csv" "$scratch/before"
touch -d 2001-01-01 "$scratch/run/repeat-1/fold-1/model.safetensors"
rm -r "$scratch/run/repeat-2/fold-3"
rm "$scratch/run/repeat-1/fold-2/fold.json" "$scratch/run/predictions.csv" # as if it had ended after the last epoch
expect 0 cv --folds 3 --repeats 2 --seed 4 --out "$scratch/run" --resume --threads 1
says "$scratch/err" "repeat 1/2 fold 1/3  is finished"
same "$scratch/before" "$scratch/run/predictions.csv"
run=$((run + 1))
[ -n "$(find "$scratch/run/repeat-1/fold-1/model.safetensors" ! -newermt 2002-01-01)" ] || fail "a finished fold was trained again"
expect 1 "$H" crossval "$scratch/data" --recipe thesis --folds 3 --repeats 2 --seed 4 --epochs 2 --size 16 --hidden 4 --batch 8 --lr 0.02 --out "$scratch/run" --resume
says "$scratch/err" "learning_rate"
expect 0 cv --folds 3 --repeats 2 --seed 4 --out "$scratch/again" --tta flip --quiet
run=$((run + 1))
cmp -s "$scratch/before" "$scratch/again/predictions.csv" && fail "--tta changes nothing"
says "$scratch/again/crossval.json" '"tta": "flip"'
# A line that is torn is no prediction: the fold is measured anew.
sed -i '$s/.$//' "$scratch/run/repeat-1/fold-3/predictions.csv"
expect 0 cv --folds 3 --repeats 2 --seed 4 --out "$scratch/run" --resume --quiet
same "$scratch/before" "$scratch/run/predictions.csv"

# Of the manifest's fold column, and of the backbone, what they hold counts and not their names.
python3 - "$scratch/data" <<'PY' || exit 1
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/manifest.csv")))
patients = sorted({r["patient"] for r in rows})
for name, width in (("one", 1), ("other", 3)):
    with open(f"{sys.argv[1]}/{name}.csv", "w") as out:
        out.write("file,label,patient,fold\n")
        out.write("".join(f"{r['file']},{r['label']},{r['patient']},{patients.index(r['patient']) // width % 2}\n" for r in rows))
PY
dealt() { "$H" crossval "$scratch/data/dealt.csv" --recipe thesis --epochs 1 --size 16 --hidden 2 --folds 2 --quiet --out "$scratch/dealt" "$@"; }
cp "$scratch/data/one.csv" "$scratch/data/dealt.csv"
expect 0 dealt
expect 0 dealt --resume
cp "$scratch/data/other.csv" "$scratch/data/dealt.csv"
expect 1 dealt --resume
says "$scratch/err" "give the same data"
begun() { cv --folds 2 --quiet --backbone "$scratch/backbone.safetensors" --out "$scratch/begun" "$@"; }
for seed in 1 2; do cv --folds 2 --quiet --seed $seed --out "$scratch/weights-$seed" || exit 1; done
cp "$scratch/weights-1/repeat-1/fold-1/model.safetensors" "$scratch/backbone.safetensors"
expect 0 begun
expect 0 begun --resume
cp "$scratch/weights-2/repeat-1/fold-1/model.safetensors" "$scratch/backbone.safetensors"
expect 1 begun --resume
says "$scratch/err" "start_model"

# A choice inside each training part, by rows of that part alone.
nested() { cv --folds 3 --inner 2 --candidate "--lr 0.0000001" --candidate "--lr 0.01 --hidden 6" --out "$scratch/nested" "$@"; }
expect 0 nested
says "$scratch/out" "chosen: "
python "nested choice" "$scratch/nested" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
assert run["protocol"]["inner"] == 2 and run["protocol"]["chosen_by"] == "roc_auc"
assert run["protocol"]["candidates"] == ["--lr 0.0000001", "--lr 0.01 --hidden 6"]
def predictions(folder):
    return {int(r["row"]): float(r["probability_haemorrhage"]) for r in csv.DictReader(open(folder + "/predictions.csv"))}
for f in run["folds"]:
    here = f"{sys.argv[1]}/repeat-1/fold-{f['fold']}"
    outer, scores = predictions(here), []
    for candidate in (1, 2):
        inner = [predictions(f"{here}/candidate-{candidate}/inner-{i}") for i in (1, 2)]
        assert not set(inner[0]) & set(inner[1]) and not (set(inner[0]) | set(inner[1])) & set(outer)
        assert len(inner[0]) + len(inner[1]) + len(outer) == len(rows)
        assert not {rows[i]["group"] for i in inner[0]} & {rows[i]["group"] for i in inner[1]}
        together = sorted({**inner[0], **inner[1]}.items())
        scores.append(auc([truth(rows)[i] for i, _ in together], [p for _, p in together]))
    for a, b in zip(scores, f["inner_roc_auc"]):
        near(a, b)
    assert f["candidate"] == 1 + scores.index(max(scores))
    settings = json.load(open(here + "/run.json"))["options"]
    assert settings["lr"] == (0.01 if f["candidate"] == 2 else 1e-7) and settings["hidden"] == (6 if f["candidate"] == 2 else 4)
    assert all(near(p, float(rows[i]["probability"])) is None for i, p in outer.items())
PY
cp "$scratch/nested/crossval.json" "$scratch/before"
expect 0 nested --resume --quiet
python "the same again" "$scratch/before" "$scratch/nested/crossval.json" <<'PY'
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
assert a["folds"] == b["folds"] and a["levels"] == b["levels"] and a["baselines"] == b["baselines"]
PY

# Early stopping looks at a part of the training part.
expect 0 cv --folds 2 --stop patience --patience 1 --validate 0.3 --out "$scratch/stop"
python "the epoch is chosen apart" "$scratch/stop" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
assert run["protocol"]["validate"] == 0.3 and run["protocol"]["weights"].startswith("best epoch")
for f in run["folds"]:
    split = json.load(open(f"{sys.argv[1]}/repeat-1/fold-{f['fold']}/run.json"))["split"]
    assert split["test_rows"] > 0 and split["train_rows"] + split["test_rows"] + f["image"]["n"] == len(rows), split
PY
expect 0 cv --folds 2 --patience 3 --out "$scratch/tenth" --quiet
says "$scratch/tenth/crossval.json" '"validate": 0.1,'
# Candidates stop as they say themselves.
small "$scratch/plenty" --patients 40 --slices 1 --bleed-share 0.5 || exit 1
stops() { "$H" crossval "$scratch/plenty" --recipe thesis --epochs 2 --size 16 --hidden 4 --batch 8 --folds 2 --inner 2 --quiet --candidate "$@"; }
expect 0 stops "--patience 1" --candidate "--patience 2" --out "$scratch/both"
says "$scratch/both/crossval.json" '"validate": 0.1, "weights": "best epoch on the validation part"'
expect 0 stops "--patience 1" --candidate "--lr 0.02" --out "$scratch/either"
says "$scratch/either/crossval.json" '"validate": null, "weights": "last epoch, or best epoch on the validation part'

# The same file for two patients; a file that cannot be read; several labels; no positive class.
python3 - "$scratch/data" <<'PY' || exit 1
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/manifest.csv")))
with open(sys.argv[1] + "/odd.csv", "w") as out:
    out.write("file,label,patient\n" + "".join(f"{r['file']},{r['label']},{r['patient']}\n" for r in rows))
    out.write(f"{rows[0]['file']},{rows[0]['label']},somebody else\nnowhere.png,haemorrhage,nobody\n")
with open(sys.argv[1] + "/kinds.csv", "w") as out:
    out.write("file,label,patient\n" + "".join(f"{r['file']},{'abc'[i % 3]},{r['patient']}\n" for i, r in enumerate(rows)))
PY
odd() { "$H" crossval "$scratch/data/$1.csv" --recipe thesis --folds 3 --epochs 1 --size 16 --hidden 2 --out "$scratch/$1" ; }
expect 3 odd odd
says "$scratch/err" "nowhere.png"
python "a file twice and one not at all" "$scratch/odd" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
assert len(rows) == 49 and rows[48]["group"] == "somebody else" and rows[48]["file"] == rows[0]["file"]
assert len(run["data"]["skipped"]) == run["not_predicted"] == 1 and run["levels"][0]["pooled"][0]["n"] == 49
assert not any("mid-volume" in b["name"] for b in run["baselines"]) # no slices in this manifest
PY
odd_again() { "$H" crossval "$scratch/data/odd.csv" --recipe thesis --folds 3 --epochs 1 --size 16 --hidden 2 --out "$scratch/odd" --resume; }
expect 3 odd_again
says "$scratch/err" "skipped 1 of 50 files"
expect 0 odd kinds
says "$scratch/kinds/predictions.csv" "file,group,label,probability_a,probability_b,probability_c,fold_1,probability_a_1"
says "$scratch/kinds/crossval.json" '"baselines": []'
expect 0 cv --folds 2 --label-column subdural,subarachnoid --positive subdural --out "$scratch/labels"
says "$scratch/labels/crossval.json" '"rule": "max"'
run=$((run + 1))
cat "$scratch/out" | grep -w -e nan -e -nan && fail "nan is no figure"

# Real slices whose size gives the class away: the table says so, and a model that has hardly learned is not clearly ahead of it.
heads=${HAEMNET_SHARED:-../shared/data}/head-ct-200
if [ -d "$heads" ]; then
    expect 0 "$H" crossval "$heads" --recipe thesis --group '^(.*)' --folds 3 --epochs 1 --size 16 --hidden 2 --out "$scratch/heads"
    says "$scratch/out" "not clearly"
    python "image size tells haemorrhage" "$scratch/heads" <<'PY'
import sys
from figures import *
rows, run = load(sys.argv[1])
size = next(b for b in run["baselines"] if b["name"] == "image size")
assert size["roc_auc_interval"][0] > 0.65 and 0.7 < size["roc_auc"] < 0.9, size
PY
else
    echo "SKIP head-ct-200: $heads is not there"
fi

# Wrong usage.
for wrong in "--folds 1" "--repeats 0" "--inner 1" "--inner 2" "--candidate --lr=1" "--inner 2 --candidate --lr=1" "--validate 1" "--tta sideways" \
    "--inner 2 --candidate --lr=1 --candidate --seed=3" "--inner 2 --candidate --lr=1 --candidate word" "--inner 2 --candidate --lr=1 --candidate --lr=-1"; do
    expect 2 cv --out "$scratch/wrong" $wrong
done
expect 2 "$H" crossval "$scratch/data"
says "$scratch/err" "--out RUN"
expect 1 cv --folds 13 --out "$scratch/many"
says "$scratch/err" "12 groups"
finish
