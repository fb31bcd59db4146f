#!/bin/sh
# train --folds K, which is crossval by another name: every image predicted once by a model that has not seen its patient; figures that follow
# from predictions.csv; the files of one fold's model; resumption; disks that are full.
. tests/cli/common.sh

small "$scratch/data" || exit 1
train() { "$H" train --recipe thesis "$scratch/data" --epochs 2 --size 16 --hidden 4 --batch 8 --folds 4 --lr 0.01 "$@"; }
expect 0 train --out "$scratch/run"
says "$scratch/out" "which these figures are not about"
there "$scratch/run/repeat-1/fold-4/model.safetensors" "$scratch/run/repeat-1/fold-1/run.json" "$scratch/run/model.safetensors" "$scratch/run/history.csv"
python "folds and figures" "$scratch" <<'PY'
import csv, json, statistics, sys
here = sys.argv[1]
rows = list(csv.DictReader(open(here + "/run/predictions.csv")))
truth = {r["file"].split("/")[-1]: r for r in csv.DictReader(open(here + "/data/manifest.csv"))}
assert list(rows[0]) == ["file", "group", "label", "probability", "fold_1", "probability_1"]
assert sorted(r["file"].split("/")[-1] for r in rows) == sorted(truth)
fold = {}
for r in rows:
    t = truth[r["file"].split("/")[-1]]
    assert r["label"] == t["label"] and r["group"] == t["patient"] and fold.setdefault(r["group"], r["fold_1"]) == r["fold_1"] and r["probability"] == r["probability_1"]
assert set(fold.values()) == {"1", "2", "3", "4"}
def figures(some):
    y = [r["label"] == "haemorrhage" for r in some]
    p = [float(r["probability"]) for r in some]
    accuracy = sum((v >= 0.5) == t for v, t in zip(p, y)) / len(y)
    wins = [(a > b) + 0.5 * (a == b) for a, t in zip(p, y) if t for b, u in zip(p, y) if not u]
    return accuracy, sum(wins) / len(wins)
run = json.load(open(here + "/run/crossval.json"))
accuracy, auc = figures(rows)
images = run["levels"][0]
assert images["level"] == "image" and images["rule"] is None
assert abs(images["pooled"][0]["accuracy"] - accuracy) < 1e-12 and abs(images["pooled"][0]["roc_auc"] - auc) < 1e-9
per_fold = [figures([r for r in rows if r["fold_1"] == str(i)]) for i in (1, 2, 3, 4)]
for f, (a, u) in zip(run["folds"], per_fold):
    assert abs(f["image"]["accuracy"] - a) < 1e-12 and abs(f["image"]["roc_auc"] - u) < 1e-9
assert abs(images["over_folds"]["accuracy"]["mean"] - statistics.mean(a for a, u in per_fold)) < 1e-12
assert abs(images["over_folds"]["roc_auc"]["sd"] - statistics.stdev(u for a, u in per_fold)) < 1e-9
lowest = min(run["folds"], key=lambda f: f["image"]["log_loss"])
assert run["protocol"]["model_of_fold"] == lowest["fold"] and run["groups_known"] is True and run["protocol"]["folds"] == 4
for name in ("model", "last"):
    chosen = f"{here}/run/repeat-1/fold-{lowest['fold']}/{name}.safetensors"
    assert open(f"{here}/run/{name}.safetensors", "rb").read() == open(chosen, "rb").read()
PY
cp "$scratch/run/predictions.csv" "$scratch/before"
rm -r "$scratch/run/repeat-1/fold-3" "$scratch/run/predictions.csv"
expect 0 train --out "$scratch/run" --resume --quiet
same "$scratch/before" "$scratch/run/predictions.csv"

# Patients that are not known: every report says so.
mkdir -p "$scratch/flat/haemorrhage" "$scratch/flat/no_haemorrhage"
i=0
for file in "$scratch"/data/images/*.png; do
    i=$((i + 1))
    [ $((i % 2)) -eq 0 ] && cp "$file" "$scratch/flat/haemorrhage" || cp "$file" "$scratch/flat/no_haemorrhage"
done
expect 0 "$H" train --recipe thesis "$scratch/flat" --epochs 1 --size 16 --folds 2 --out "$scratch/flatrun"
says "$scratch/out" "patients not known"
says "$scratch/err" "patients are not known"
says "$scratch/flatrun/crossval.json" '"groups_known": false'
expect 0 "$H" train --recipe thesis "$scratch/flat" --epochs 1 --size 16 --folds 2 --out "$scratch/flatrun" --group 'p([0-9]+)_'
says "$scratch/flatrun/crossval.json" '"groups_known": true'
expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 16 --folds 2 --out "$scratch/multi" --label-column subdural,subarachnoid
says "$scratch/multi/predictions.csv" "file,group,label,probability_subdural,probability_subarachnoid,fold_1,probability_subdural_1,probability_subarachnoid_1"

# A test part of one class has no AUC: the lines say so and print no nan; JSON has null.
python3 - "$scratch/data" <<'PY' || exit 1
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/manifest.csv")))
ill = [r["file"] for r in rows if r["label"] == "haemorrhage"]
well = [r["file"] for r in rows if r["label"] != "haemorrhage"]
def write(name, rows):
    with open(f"{sys.argv[1]}/{name}.csv", "w") as out:
        out.write("file,label,fold\n" + "".join(f"{f},{l},{k}\n" for f, l, k in rows))
write("ones", [(f, "haemorrhage", 0) for f in ill[:6]] + [(f, "haemorrhage", 1) for f in ill[6:9]] + [(f, "no_haemorrhage", 1) for f in well[:6]])
write("apart", [(f, "haemorrhage", 0) for f in ill[:6]] + [(f, "no_haemorrhage", 1) for f in well[:6]])
write("ill", [(f, "haemorrhage", 0) for f in ill[9:15]])
PY
expect 0 "$H" train --recipe thesis "$scratch/data/ones.csv" --epochs 1 --size 16 --folds 2 --out "$scratch/ones"
says "$scratch/out" "fold 1/2  6 images not seen: accuracy"
says "$scratch/out" "AUC undefined (one class only)"
says "$scratch/out" "in one fold"
says "$scratch/ones/crossval.json" '"roc_auc": null'
cp "$scratch/out" "$scratch/lines"
expect 0 "$H" train --recipe thesis "$scratch/data/apart.csv" --epochs 1 --size 16 --folds 2 --out "$scratch/apart"
says "$scratch/out" "AUC undefined (one class only)"
cat "$scratch/out" >> "$scratch/lines"
expect 0 "$H" train --recipe thesis "$scratch/data/ones.csv" --test "$scratch/data/ill.csv" --epochs 1 --size 16 --out "$scratch/ill"
says "$scratch/out" "AUC undefined (one class only) on the 6 images"
cat "$scratch/out" >> "$scratch/lines"
expect 0 "$H" evaluate "$scratch/ill/model.safetensors" "$scratch/data/ill.csv"
cat "$scratch/out" >> "$scratch/lines"
run=$((run + 1))
grep -w -e nan -e -nan "$scratch/lines" && fail "nan is no figure"
expect 1 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 16 --folds 13 --out "$scratch/many"
says "$scratch/err" "12 groups"

# A disk that is full at any moment: what an earlier run left is there as it was, under its own names. Before the first epoch is saved this
# holds for the folds' own folders too; later they are what --resume goes on from.
for folds in 2 6; do
    expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 16 --hidden 1 --folds $folds --seed 5 --quiet --out "$scratch/full"
    expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 16 --hidden 1 --folds $folds --seed 6 --quiet --out "$scratch/full"
    python "full disk, $folds folds" "$H" "$scratch/data" "$scratch/full" $folds <<'PY'
import os, resource, shutil, subprocess, sys
program, data, out, folds = sys.argv[1:]
def tree(folder, deep):
    found = {}
    for place, folders, files in os.walk(folder):
        for name in files:
            found[os.path.relpath(os.path.join(place, name), folder)] = open(os.path.join(place, name), "rb").read()
        if not deep:
            break
    return found
command = [program, "train", "--recipe", "thesis", data, "--epochs", "1", "--size", "16", "--hidden", "1", "--folds", folds, "--seed", "7", "--quiet", "--out"]
first_epoch, later = 0, set()
for limit in list(range(3400, 4800, 60)) + [6000, 12000, 200000]:
    here = out + "-limited"
    shutil.copytree(out, here)
    before, top = tree(here, True), tree(here, False)
    assert "model.safetensors.previous" in top and "predictions.csv.previous" in top
    done = subprocess.run(command + [here], capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    if done.returncode == 0:
        assert open(here + "/crossval.json.previous", "rb").read() == top["crossval.json"]
    else:
        assert done.returncode == 1 and "cannot" in done.stderr, done
        after = tree(here, False)
        assert after == top, (limit, sorted(after), sorted(top), done.stderr)
        if tree(here, True) == before:
            first_epoch += 1
        else:
            later.add([line for line in done.stderr.split("\n") if "cannot" in line][0].split("/")[-1])
        assert not [name for name in tree(here, True) if "tmp" in name]
        resumed = subprocess.run(command + [here, "--resume"], capture_output=True, text=True)
        if tree(here, False) != top: # it could go on
            assert resumed.returncode == 0, resumed
            assert open(here + "/crossval.json.previous", "rb").read() == top["crossval.json"]
    shutil.rmtree(here)
print(first_epoch, later)
# with two folds the checkpoint is the largest file of all: a disk that has room for it has room for the rest
assert first_epoch > 2 and done.returncode == 0 and (later or folds == "2"), (first_epoch, later)
PY
done
finish
