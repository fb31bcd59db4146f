#!/bin/sh
# The whole path: phantom, train, evaluate, predict, inspect; names, columns and keys that scripts rely on; bad files; same bytes.
. tests/cli/common.sh

small "$scratch/data" || exit 1
there "$scratch/data/SYNTHETIC.txt" "$scratch/data/images/p0011_s03.png" "$scratch/data/masks/p0011_s03.png"
run=$((run + 1))
[ "$(head -1 "$scratch/data/manifest.csv")" = \
    "file,label,patient,slice,epidural,subdural,intraparenchymal,intraventricular,subarachnoid,types,volume_ml,patient_volume_ml,pixel_spacing_mm,slice_spacing_mm,mask" ] ||
    fail "columns of the phantom's manifest"
small "$scratch/again" --threads 5
expect 0 diff -r "$scratch/data" "$scratch/again"
small "$scratch/jpeg" --format jpeg
there "$scratch/jpeg/images/p0000_s00.jpg" "$scratch/jpeg/masks/p0000_s00.png"
python "manifest and files agree" "$scratch/data" <<'PY'
import csv, os, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/manifest.csv")))
types = ["epidural", "subdural", "intraparenchymal", "intraventricular", "subarachnoid"]
assert len(rows) == 48 and len({r["patient"] for r in rows}) == 12
for r in rows:
    said = [t for t in types if r[t] == "1"]
    assert r["types"].split(";") == (said or [""]) and (r["label"] == "haemorrhage") == bool(said)
    assert r["label"] in ("haemorrhage", "no_haemorrhage") and (float(r["volume_ml"]) > 0) == bool(said)
    assert float(r["patient_volume_ml"]) >= 0 and float(r["pixel_spacing_mm"]) > 0 and float(r["slice_spacing_mm"]) > 0
    assert os.path.exists(os.path.join(sys.argv[1], r["file"])) and os.path.exists(os.path.join(sys.argv[1], r["mask"]))
PY

train() { "$H" train --recipe thesis "$scratch/data" --epochs 3 --size 32 --hidden 4 --batch 8 --seed 5 "$@"; }
expect 0 train --out "$scratch/run"
says "$scratch/out" "epoch 3/3"
there "$scratch/run/model.safetensors" "$scratch/run/last.safetensors" "$scratch/run/run.json"
run=$((run + 1))
[ "$(head -1 "$scratch/run/history.csv")" = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,lr,seconds" ] || fail "columns of history.csv"
run=$((run + 1))
[ "$(wc -l < "$scratch/run/history.csv")" -eq 4 ] || fail "lines of history.csv"
python "run.json" "$scratch/run/run.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
assert r["options"]["epochs"] == 3 and r["options"]["seed"] == 5 and r["options"]["hidden"] == 4
assert r["data"]["classes"] == ["haemorrhage", "no_haemorrhage"] and r["data"]["positive"] == "haemorrhage"
assert r["data"]["rows"] == 48 and r["data"]["groups"] == 12 and r["groups_known"] is True and len(r["data"]["digest"]) == 64
s = r["split"]
assert s["kind"] == "holdout" and s["train_rows"] + s["test_rows"] == 48 and s["train_groups"] + s["test_groups"] == 12
assert r["epochs"] == 3 and 1 <= r["best_epoch"] <= 3 and len(r["model_digest"]) == 64
assert r["test_metrics_last"]["n"] == s["test_rows"] and abs(r["test_metrics_last"]["accuracy"] - r["last"]["test_accuracy"]) < 1e-12
assert abs(r["test_metrics_best"]["log_loss"] - r["best"]["test_loss"]) < 1e-5
c = r["computed"]
assert c["device"] and c["precision"] == "float32" and c["deterministic"] is True and c["device_bytes"] > 0
assert r["options"]["resident"] is None and c["resident_images"] == c["resident_bytes"] == 0
PY

# Images that stay on the device: the same model.
expect 0 train --out "$scratch/resident" --resident 1 --quiet
same "$scratch/run/model.safetensors" "$scratch/resident/model.safetensors"
same "$scratch/run/last.safetensors" "$scratch/resident/last.safetensors"
python "run.json of images on the device" "$scratch/resident/run.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
assert r["options"]["resident"] == 1 and r["computed"]["resident_images"] == 48 and r["computed"]["resident_bytes"] == 48 * 3 * 32 * 32
PY
expect 0 "$H" inspect "$scratch/run/model.safetensors"
says "$scratch/out" "in float32, deterministic"
expect 2 train --out "$scratch/f" --resident -2

# The same model for any number of threads; an earlier run is kept.
expect 0 train --out "$scratch/three" --threads 3 --quiet
run=$((run + 1))
[ -s "$scratch/out" ] || [ -s "$scratch/err" ] && fail "--quiet is not quiet"
same "$scratch/run/model.safetensors" "$scratch/three/model.safetensors"
same "$scratch/run/last.safetensors" "$scratch/three/last.safetensors"
expect 0 train --out "$scratch/three" --lr 0.01
says "$scratch/err" "previous"
same "$scratch/run/model.safetensors" "$scratch/three/model.safetensors.previous"
run=$((run + 1))
cmp -s "$scratch/run/model.safetensors" "$scratch/three/model.safetensors" && fail "another learning rate, the same model"

# Other ways of testing, options that change the training.
expect 0 train --out "$scratch/a" --holdout 0
says "$scratch/run/history.csv" "1,"
expect 4 train --out "$scratch/b" --test "$scratch/jpeg"
says "$scratch/err" "60 findings (12 on patients, 48 on near copies)"
expect 0 train --out "$scratch/b" --test "$scratch/jpeg" --allow-leak
expect 0 train --out "$scratch/c" --class-weights balanced --optimizer sgd --momentum 0.9
expect 0 train --out "$scratch/cp" --class-weights positive=2
expect 0 train --out "$scratch/cn" --class-weights 2,1
cmp -s "$scratch/cp/model.safetensors" "$scratch/cn/model.safetensors" || fail "positive=2 is not the weight of the first class, which is positive"
expect 0 train --out "$scratch/d" --class-weights 2,1 --optimizer adamw --weight-decay 0.01 --stop gl
expect 0 train --out "$scratch/e" --epochs 40 --patience 1 --lr 0.3
says "$scratch/out" "stopped early"
expect 0 train --out "$scratch/g" --schedule cosine --warm-up 1 --clip 1 --accumulate 2 --ema 0.9 --smoothing 0.1 --augment usual,mixup \
    --sampler hard-negatives --optimizer adamw --weight-decay 0.1 --decay-weights-only --freeze conv_block_1. --rates classifier.=2
python "run.json and provenance of an elaborate training" "$scratch/g" <<'PY'
import json, struct, sys
r = json.load(open(sys.argv[1] + "/run.json"))
assert r["options"]["schedule"] == "cosine" and r["options"]["ema"] == 0.9 and r["options"]["freeze"] == "conv_block_1."
f = open(sys.argv[1] + "/last.safetensors", "rb").read()
m = json.loads(json.loads(f[8:8 + struct.unpack("<Q", f[:8])[0]])["__metadata__"]["haemnet"])
p = m["provenance"]
assert r["trained_with"] == p and r["preprocessing"] == m["preprocessing"]
assert r["options"]["hard_factor"] == 0 and p["hard_reach"] == 2
assert p["averaged"] and p["average"] == 0.9 and p["average_test"] and p["accumulate"] == 2 and p["clip_norm"] == 1
assert p["schedule"]["kind"] == "cosine" and p["schedule"]["epochs"] == 2 and p["schedule"]["warm_up_steps"] > 0
assert p["param_groups"] == [{"prefix": "conv_block_1.", "frozen": True, "rate": 1, "decay": 1}, {"prefix": "classifier.", "frozen": False, "rate": 2, "decay": 1}]
assert p["sampler"] == "hard_negatives" and p["hard_factor"] == 4 and p["augment"]["flip"] > 0 and p["augment"]["mixup"] > 0
PY
expect 0 train --out "$scratch/h" --schedule one-cycle --optimizer sgd --momentum 0.9 --nesterov --focal 2 --sampler classes
expect 1 train --out "$scratch/f" --freeze features.
says "$scratch/err" "no tensor of the network begins so"
for options in "--schedule daily" "--schedule step" "--schedule-epochs 3" "--sampler all" "--rates classifier." "--ema 1" "--accumulate -1" "--nesterov"; do
    expect 2 train --out "$scratch/f" $options
done
expect 2 train --out "$scratch/f" --class-weights 2
expect 2 train --out "$scratch/f" --class-weights positive=0
expect 2 train --out "$scratch/f" --class-weights positive=2,1
expect 2 train --out "$scratch/f" --positive tumour
expect 1 train --out "$scratch/f" --size 3
says "$scratch/err" "conv_block"
expect 1 train --out "$scratch/f" --label-column tumour
says "$scratch/err" "epidural"

# evaluate: the keys, and its figures against what predict says. Most of these images were trained on, which is refused unless it is meant.
model="$scratch/run/model.safetensors"
expect 4 "$H" evaluate "$model" "$scratch/data"
says "$scratch/err" "No test score is given"
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --json "$scratch/metrics.json"
says "$scratch/out" "sensitivity"
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --json -
cp "$scratch/out" "$scratch/stdout.json"
same "$scratch/stdout.json" "$scratch/metrics.json"
expect 0 "$H" predict "$model" "$scratch"/data/images/*.png --json
cp "$scratch/out" "$scratch/predictions"
python "evaluate agrees with predict" "$scratch" <<'PY'
import csv, json, math, sys
here = sys.argv[1]
m = json.load(open(here + "/metrics.json"))
keys = "n classes positive threshold confusion accuracy balanced_accuracy sensitivity specificity ppv npv f1 mcc threat_score roc_auc average_precision brier log_loss per_class skipped"
assert all(k in m for k in keys.split())
truth = {r["file"].split("/")[-1]: r["label"] for r in csv.DictReader(open(here + "/data/manifest.csv"))}
rows = [json.loads(line) for line in open(here + "/predictions")]
assert all(list(r) == "file class probability probabilities threshold novelty unfamiliar error".split() and r["error"] is None for r in rows)
assert [r["file"] for r in rows] == sorted(r["file"] for r in rows) and m["n"] == len(rows) == 48 and m["skipped"] == 0
p = [r["probabilities"]["haemorrhage"] for r in rows]
y = [truth[r["file"].split("/")[-1]] == "haemorrhage" for r in rows]
said = [r["class"] == "haemorrhage" for r in rows]
assert all(s == (v >= 0.5) for s, v in zip(said, p)) and all(r["probability"] == r["probabilities"][r["class"]] for r in rows)
assert abs(m["accuracy"] - sum(s == t for s, t in zip(said, y)) / 48) < 1e-12
wins = sum((a > b) + 0.5 * (a == b) for a, t in zip(p, y) if t for b, u in zip(p, y) if not u)
assert abs(m["roc_auc"] - wins / (sum(y) * (48 - sum(y)))) < 1e-9
assert abs(m["brier"] - sum((a - t) ** 2 for a, t in zip(p, y)) / 48) < 1e-9
tp = sum(s and t for s, t in zip(said, y))
assert m["confusion"][0][0] == tp and sum(map(sum, m["confusion"])) == 48
assert [c["class"] for c in m["per_class"]] == m["classes"] and m["per_class"][0]["support"] == sum(y)
PY
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --threshold 0.001 --json -
python "a low threshold finds all" "$scratch/out" <<'PY'
import json, sys
m = json.load(open(sys.argv[1]))
assert m["threshold"] == 0.001 and m["sensitivity"] == 1 and m["specificity"] == 0 and m["npv"] is None
PY
# Intervals by patient, wider than image by image; averaging over views is named, and predict agrees with evaluate.
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --tta flip --json -
cp "$scratch/out" "$scratch/flip.json"
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --group none --json -
cp "$scratch/out" "$scratch/images.json"
expect 0 "$H" predict "$model" "$scratch"/data/images/*.png --tta flip --json
cp "$scratch/out" "$scratch/flips"
python "intervals and views" "$scratch" <<'PY'
import csv, json, sys
here = sys.argv[1]
m, one, by_image = (json.load(open(f"{here}/{name}.json")) for name in ("flip", "metrics", "images"))
assert m["tta"] == "flip" and one["tta"] == "none" and one["brier"] != m["brier"]
for run, by in ((m, "patient"), (one, "patient"), (by_image, "image")):
    i = run["intervals"]
    assert i["by"] == by and i["level"] == 0.95 and all(i[k][0] <= run[k] <= i[k][1] for k in ("accuracy", "roc_auc")), i
truth = {r["file"].split("/")[-1]: r["label"] for r in csv.DictReader(open(here + "/data/manifest.csv"))}
rows = [json.loads(line) for line in open(here + "/flips")]
assert all(r["tta"] == "flip" for r in rows)
brier = sum((r["probabilities"]["haemorrhage"] - (truth[r["file"].split("/")[-1]] == "haemorrhage")) ** 2 for r in rows) / len(rows)
assert abs(brier - m["brier"]) < 1e-9
PY
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --smooth 1.5 --json -
cp "$scratch/out" "$scratch/smooth.json"
python "along the series" "$scratch" <<'PY'
import json, sys
smooth, plain = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("smooth", "metrics"))
assert smooth["smooth"] == 1.5 and plain["smooth"] == 0 and smooth["n"] == plain["n"] and smooth["log_loss"] != plain["log_loss"]
PY
expect 2 "$H" evaluate --allow-leak "$model" "$scratch/data" --smooth -1
says "$scratch/err" "0 to 100 slices"
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data"
says "$scratch/out" "by patient"
expect 2 "$H" predict "$model" "$scratch/data/images/p0000_s00.png" --tta upside-down
says "$scratch/err" "none, flip or flip-shift"
expect 0 "$H" evaluate --allow-leak "$model" "$scratch/data" --positive no_haemorrhage
says "$scratch/out" "no_haemorrhage against the rest"
expect 2 "$H" evaluate --allow-leak "$model" "$scratch/data" --positive nothing
expect 0 "$H" predict "$model" "$scratch/data/images/p0000_s00.png"
says "$scratch/out" "p0000_s00.png: "
says "$scratch/out" "(probability 0."

# Bad files: named, counted, exit code 3; 1 if there is nothing else, or with --strict.
echo nonsense > "$scratch/bad.png"
expect 3 "$H" predict "$model" "$scratch/bad.png" "$scratch/data/images/p0000_s00.png" --json
python "an unreadable file has its line" "$scratch/out" <<'PY'
import json, sys
a, b = (json.loads(line) for line in open(sys.argv[1]))
assert a["class"] is None and a["probability"] is None and a["probabilities"] is None and a["error"] and b["error"] is None and b["class"]
PY
expect 3 "$H" predict "$model" "$scratch/bad.png" "$scratch/data/images/p0000_s00.png"
says "$scratch/err" "bad.png"
expect 1 "$H" predict "$model" "$scratch/bad.png" "$scratch/missing.png"
cp "$scratch/bad.png" "$scratch/again/images/p0000_s00.png"
rm "$scratch/again/images/p0001_s00.png"
expect 3 "$H" evaluate --allow-leak "$model" "$scratch/again" --json "$scratch/skipped.json"
says "$scratch/err" "skipped 2 of 48 files"
says "$scratch/err" "images/p0000_s00.png: "
says "$scratch/err" "images/p0001_s00.png: "
says "$scratch/skipped.json" '"skipped": 2'
expect 1 "$H" evaluate --allow-leak "$model" "$scratch/again" --strict
expect 3 "$H" train --recipe thesis "$scratch/again" --epochs 1 --size 16 --out "$scratch/g"
says "$scratch/g/run.json" "p0001_s00.png"
expect 1 "$H" train --recipe thesis "$scratch/again" --epochs 1 --size 16 --out "$scratch/g" --strict

# Several labels; the model's own names are tried as columns.
expect 0 "$H" train --recipe thesis "$scratch/data" --label-column epidural,subarachnoid --epochs 1 --size 16 --out "$scratch/multi"
expect 0 "$H" evaluate --allow-leak "$scratch/multi/model.safetensors" "$scratch/data" --json -
python "multi-label figures" "$scratch/out" <<'PY'
import json, sys
m = json.load(open(sys.argv[1]))
assert m["classes"] == ["epidural", "subarachnoid"] and m["positive"] is None and m["roc_auc"] is None
assert all(sum(map(sum, c)) == 48 for c in m["confusion"]) and 0 <= m["exact_match"] <= m["accuracy"] <= 1
PY
expect 0 "$H" predict "$scratch/multi/model.safetensors" "$scratch/data/images/p0000_s00.png"
"$H" predict "$scratch/multi/model.safetensors" "$scratch/data/images/p0000_s00.png" --json --threshold 0.999 > "$scratch/none"
"$H" predict "$scratch/multi/model.safetensors" "$scratch/data/images/p0000_s00.png" "$scratch/bad.png" --json --threshold 0.001 > "$scratch/all"
python "multi-label predict --json" "$scratch/none" "$scratch/all" <<'PY'
import json, sys
none, all_, bad = [json.loads(line) for path in sys.argv[1:] for line in open(path)]
assert none["class"] is None and none["labels"] == [] and none["probability"] == max(none["probabilities"].values())
assert all_["labels"] == ["epidural", "subarachnoid"] and all_["class"] == max(all_["probabilities"], key=all_["probabilities"].get)
assert bad["class"] is None and bad["labels"] is None and bad["error"]
PY
# The RSNA challenge's labels and weights: "any" counts twice in the loss and in its measure.
awk -F, 'NR == 1 { print $0 ",any" } NR > 1 { print $0 "," ($2 == "haemorrhage") }' "$scratch/data/manifest.csv" > "$scratch/data/rsna.csv"
expect 0 "$H" train --recipe thesis "$scratch/data/rsna.csv" --label-column any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural --epochs 1 --size 16 --out "$scratch/rsna" \
    --class-weights rsna
expect 0 "$H" evaluate --allow-leak "$scratch/rsna/model.safetensors" "$scratch/data/rsna.csv" --label-weights rsna
says "$scratch/out" "weighted log loss"
expect 0 "$H" evaluate --allow-leak "$scratch/rsna/model.safetensors" "$scratch/data/rsna.csv" --label-weights 1,1,1,1,1,1 --json -
python "equal weights weigh nothing" "$scratch/out" <<'PY'
import json, sys
e = json.load(open(sys.argv[1]))
assert abs(e["weighted_log_loss"] - e["log_loss"]) < 1e-12, e
PY
expect 2 "$H" evaluate --allow-leak "$scratch/rsna/model.safetensors" "$scratch/data/rsna.csv" --label-weights 2,1
expect 2 "$H" evaluate --allow-leak "$scratch/run/model.safetensors" "$scratch/data" --label-weights rsna
says "$scratch/err" 'the label "any"'
expect 0 "$H" train --recipe thesis "$scratch/data" --label-column epidural --epochs 1 --size 16 --out "$scratch/one"
expect 0 "$H" evaluate --allow-leak "$scratch/one/model.safetensors" "$scratch/data" --json -
says "$scratch/out" '"positive": "epidural"'
expect 1 "$H" train --recipe thesis "$scratch/data" --label-column subdural --epochs 1 --size 16 --out "$scratch/f"
says "$scratch/err" "nothing to tell apart"

# inspect
expect 0 "$H" inspect "$model"
says "$scratch/out" "conv_block_1.0"
says "$scratch/out" "haemorrhage, from probability 0.5 on"
expect 0 "$H" inspect "$model" --batch 4 --json
python "inspect --json" "$scratch/out" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
assert sum(l["parameters"] for l in r["layers"]) == r["parameters"] and r["metadata"]["preset"] == "tinyvgg"
assert r["tensors"][0]["name"] == "conv_block_1.0.weight" and r["tensors"][0]["shape"] == [4, 3, 3, 3]
PY
# A recipe is a list of options, written out in full; what is given beside it wins, in any order.
expect 0 "$H" train "$scratch/data" --hidden 2 --epochs 2 --size 16 --quiet --out "$scratch/default"
expect 0 "$H" train --lr 0.01 --recipe=series "$scratch/data" --hidden 2 --epochs 2 --size 16 --quiet --out "$scratch/series"
expect 0 "$H" train --normalise "$scratch/data" --hidden 2 --epochs 1 --size 16 --quiet --out "$scratch/measured"
expect 2 "$H" train --normalise "$scratch/data" --deviation 0.3 --out "$scratch/both"
says "$scratch/err" "--normalise measures what --mean and --deviation set"
python "measured numbers take the place of a recipe's" "$scratch/default/run.json" "$scratch/measured/run.json" <<'PY'
import json, sys
default, measured = (json.load(open(path)) for path in sys.argv[1:])
assert default["preprocessing"]["mean"] == default["preprocessing"]["deviation"] == [0.25]
mean, deviation = (measured["preprocessing"][name][0] for name in ("mean", "deviation"))
assert 0 < mean < 1 and 0 < deviation < 1 and mean != 0.25 and deviation != 0.25 and measured["options"]["normalise"] is True
PY
expect 0 "$H" train --augment none "$scratch/data" --hidden 2 --epochs 1 --size 16 --quiet --out "$scratch/plain"
python "a recipe without its augmentation" "$scratch/default/run.json" "$scratch/plain/run.json" <<'PY'
import json, sys
default, plain = (json.load(open(path)) for path in sys.argv[1:])
assert default["trained_with"]["augment"]["flip"] == 0.5 and plain["trained_with"]["augment"] is None and plain["options"]["schedule"] == "one-cycle"
PY
python "recipes" "$scratch/default/run.json" "$scratch/series/run.json" "$scratch/run/run.json" <<'PY'
import json, sys
small, series, thesis = (json.load(open(path))["options"] for path in sys.argv[1:])
assert small["recipe"] == "small" and small["model"] == "tinyresnet" and small["epochs"] == 2 and small["channels"] == 1 and small["lr"] == 0.003
assert small["schedule"] == "one-cycle" and small["augment"].startswith("flip,") and small["decay_weights_only"] is True
assert series["recipe"] == "series" and series["lr"] == 0.01 and series["crop_head"] is True and series["channels"] == 3 and series["size"] == 16
assert thesis["recipe"] == "thesis" and thesis["model"] == "tinyvgg" and thesis["lr"] == 0.001 and not thesis["augment"] and thesis["channels"] == 3
PY

finish
