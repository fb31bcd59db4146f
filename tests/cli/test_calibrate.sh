#!/bin/sh
# calibrate, evaluate --choose and --by: what is fitted and chosen on one part stands in the model and in every output with that part, predictions follow
# it, and figures of the part that it was chosen on are called too good.
. tests/cli/common.sh

"$H" phantom --out "$scratch/data" --patients 60 --slices 4 --size 64 --bleed-share 1 --seed 3 --quiet || exit 1
python "a manifest with columns" "$scratch" <<'PY'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/data/manifest.csv")))
with open(sys.argv[1] + "/data/manifest.csv", "w", newline="") as f:
    out = csv.DictWriter(f, list(rows[0]) + ["site", "age"])
    out.writeheader()
    for row in rows:
        number = int(row["patient"][1:])
        out.writerow(dict(row, site="north, old" if number % 2 else "south", age=20 + number))
PY
expect 0 "$H" split "$scratch/data/manifest.csv" --manifest --keep site,age --ratios 0.5,0.5 --seed 2 --out "$scratch/parts" --quiet
expect 0 "$H" split "$scratch/parts/test.csv" --manifest --keep site,age --ratios 0.5,0.5 --seed 2 --out "$scratch/two" --quiet
tune=$scratch/two/train.csv
test=$scratch/two/test.csv
train() {
    "$H" train --recipe thesis "$scratch/parts/train.csv" --epochs 40 --size 32 --hidden 8 --batch 8 --lr 0.003 --mean 0.2 --deviation 0.3 --seed 5 --quiet "$@"
}
expect 0 train --holdout 0.1 --out "$scratch/run"
model=$scratch/run/model.safetensors

# What is written is what was found, with the part that it was found on; the network's numbers stay.
expect 0 "$H" calibrate "$model" "$tune" --method platt --choose sensitivity=0.8 --out "$scratch/new.safetensors" --json "$scratch/found.json" --quiet
says "$scratch/out" "calibrated by Platt's method, fitted on"
says "$scratch/out" "too good; look at others with haemnet evaluate"
says "$scratch/out" "sensitivity of at least 0.8, on"
expect 0 "$H" inspect "$scratch/new.safetensors"
says "$scratch/out" "sensitivity of at least 0.8, on"
says "$scratch/out" "Platt's method, fitted on"
expect 0 "$H" inspect "$scratch/new.safetensors" --json
cp "$scratch/out" "$scratch/inspect.json"
expect 0 "$H" evaluate "$scratch/new.safetensors" "$test" --by site,age --json "$scratch/test.json" --quiet
says "$scratch/out" "sensitivity of at least 0.8, on"
says "$scratch/out" "calibrated: Platt's method"
says "$scratch/out" "after correction for"
says "$scratch/out" "north, old"
run=$((run + 1))
grep -q WARNING "$scratch/out" "$scratch/err" && fail "a warning about other data"
expect 0 "$H" evaluate "$model" "$test" --json "$scratch/raw.json" --quiet
says "$scratch/out" "probability and what happens"
expect 0 sh -c "\"$H\" predict \"$scratch/new.safetensors\" \"$scratch\"/data/images/*.png --json > \"$scratch/predicted.jsonl\""
expect 0 sh -c "\"$H\" predict \"$model\" \"$scratch\"/data/images/*.png --json > \"$scratch/before.jsonl\""
python "model, figures and predictions are of one calibration" "$scratch" <<'PY'
import json, math, os, sys
here = sys.argv[1]
load = lambda name: json.load(open(here + "/" + name))
found, model, test, raw = load("found.json"), load("inspect.json")["metadata"], load("test.json"), load("raw.json")
c, t = found["calibration"], found["threshold_choice"]
assert model["calibration"]["method"] == c["method"] == "platt" and model["calibration"]["scale"] == c["scale"] and c["scale"][0] == c["scale"][1]
assert model["threshold"] == t["threshold"] == test["threshold"] and model["threshold_choice"]["rule"] == t["rule"] == "sensitivity" and t["value"] == 0.8
assert model["threshold_choice"]["digest"] == t["digest"] == c["digest"] and t["rows"] == c["rows"] and t["sensitivity"] >= 0.8
assert t["on_these_rows"] and c["on_these_rows"] and found["part_of_training"] is None
assert test["threshold_choice"]["digest"] == t["digest"] and not test["threshold_choice"]["on_these_rows"] and not test["calibration"]["on_these_rows"]
assert raw["threshold_choice"] is None and raw["calibration"] is None and raw["threshold"] == 0.5
assert abs(test["roc_auc"] - raw["roc_auc"]) < 1e-12 and test["log_loss"] != raw["log_loss"]  # a rising curve changes no order
for figures in (test, raw):
    r = figures["reliability"]
    assert abs(r["reliability"] - r["resolution"] + r["uncertainty"] + r["within_variance"] - r["within_covariance"] - r["brier"]) < 1e-12
    assert abs(r["brier"] - figures["brier"]) < 1e-12 and sum(b["n"] for b in r["bins"]) == figures["n"]
    for name in ("sensitivity", "specificity", "ppv", "npv"):
        low, high = figures["intervals"][name]
        assert low is None or low <= figures[name] <= high
    for at in figures["operating_points"]["at_sensitivity"]:
        assert at["specificity"] is None or 0 <= at["specificity"] <= 1
before = {json.loads(line)["file"]: json.loads(line) for line in open(here + "/before.jsonl")}
positive = model["classes"].index(model["positive"])
for line in open(here + "/predicted.jsonl"):
    now = json.loads(line)
    then = before[now["file"]]
    assert now["calibration"] == "platt" and "calibration" not in then
    p, q = now["probabilities"][model["positive"]], then["probabilities"][model["positive"]]
    z = c["scale"][0] * math.log(q / (1 - q)) + c["shift"][positive]
    assert abs(p - 1 / (1 + math.exp(-z))) < 1e-5, (p, q, z)
    assert (p >= t["threshold"]) == (now["class"] == model["positive"])
by = test["subgroups"]
assert by["correction"] == "holm" and {row["column"] for row in by["rows"]} == {"site", "age"}
sites = {row["value"]: row for row in by["rows"] if row["column"] == "site"}
assert set(sites) == {"north, old", "south"} and sum(row["n"] for row in sites.values()) == test["n"]
assert sites["south"]["estimate"]["accuracy"] == sites["north, old"]["rest"]["accuracy"]
assert [row["value"].split()[0] for row in by["rows"] if row["column"] == "age"] == ["up", "above", "above", "above"]
assert sum(row["n"] for row in by["rows"] if row["column"] == "age") == test["n"]
PY

# On the part that it was chosen on, every output says that figures are too good; also with --quiet, also where only JSON is read.
expect 0 "$H" evaluate "$scratch/new.safetensors" "$tune" --json - --quiet
says "$scratch/err" "WARNING: the threshold was chosen on these very images"
says "$scratch/err" "WARNING: the model was calibrated on these very images"
says "$scratch/out" '"on_these_rows": true'
expect 0 "$H" evaluate "$scratch/new.safetensors" "$tune" --quiet
says "$scratch/out" "WARNING: the threshold was chosen on these very images"
expect 0 "$H" evaluate "$model" "$test" --choose youden --choose-on "$test" --quiet
says "$scratch/out" "WARNING: the threshold was chosen on these very images"

# Chosen on one part, used on the other: the threshold that calibrate would have written.
expect 0 "$H" evaluate "$model" "$test" --choose cost=5 --choose-on "$tune" --json "$scratch/chosen.json" --quiet
says "$scratch/out" "one missed as dear as 5 false alarms"
expect 0 "$H" calibrate "$model" "$tune" --method none --choose cost=5 --out "$scratch/only.safetensors" --json - --quiet
cp "$scratch/out" "$scratch/only.json"
expect 0 "$H" evaluate "$scratch/only.safetensors" "$test" --json "$scratch/same.json" --quiet
python "one threshold by two ways" "$scratch" <<'PY'
import json, sys
chosen, only, same = (json.load(open(sys.argv[1] + "/" + name + ".json")) for name in ("chosen", "only", "same"))
assert only["calibration"] is None and only["threshold"] == chosen["threshold"] == same["threshold"]
assert chosen["confusion"] == same["confusion"] and chosen["threshold_choice"] == same["threshold_choice"]
PY

# Other data that share a patient, or files in another order, are not other enough; those that share nothing are.
python "the part and one patient of the other; the other, upside down" "$scratch" "$tune" "$test" <<'PY'
import csv, json, sys
here, tune, test = sys.argv[1:]
read = lambda name: list(csv.DictReader(open(name)))
def write(name, rows):
    with open(f"{here}/two/{name}.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
there = read(test)
write("mixed", read(tune) + [row for row in there if row["patient"] == there[0]["patient"]])
write("turned", there[::-1])
json.dump({"rows": len(there), "patients": len({row["patient"] for row in there}), "one": sum(row["patient"] == there[0]["patient"] for row in there)},
          open(here + "/facts.json", "w"))
PY
run=$((run + 1))
"$H" evaluate "$model" "$test" --choose cost=5 --choose-on "$tune" --quiet 2>&1 | grep -q WARNING && fail "a warning about data that share nothing"
expect 0 "$H" evaluate "$model" "$test" --choose cost=5 --choose-on "$scratch/two/mixed.csv" --json - --quiet
says "$scratch/err" "WARNING: the threshold was chosen on some of these very images or patients (findings: 1 on patients, "
says "$scratch/err" "is on both sides: "
cp "$scratch/out" "$scratch/mixed.json"
expect 0 "$H" evaluate "$model" "$test" --choose cost=5 --choose-on "$scratch/two/turned.csv" --json "$scratch/turned.json" --quiet
says "$scratch/out" "WARNING: the threshold was chosen on some of these very images or patients"
expect 0 "$H" evaluate "$model" "$test" --choose cost=5 --choose-on "$test" --json "$scratch/equal.json" --quiet
run=$((run + 1))
[ "$(grep -c WARNING "$scratch/out")" = 1 ] || fail "of equal parts it is not said once"
python "what is shared is counted" "$scratch" <<'PY'
import json, sys
facts, mixed, turned, equal, chosen, same = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("facts", "mixed", "turned", "equal", "chosen", "same"))
assert same["choice_overlap"] == chosen["choice_overlap"] and chosen["choice_overlap"]["found"] == 0 and same["calibration_overlap"] is None
assert mixed["choice_overlap"]["patients"] == 1 and mixed["choice_overlap"]["files"] == facts["one"] and mixed["choice_overlap"]["patients_known"]
assert not mixed["threshold_choice"]["on_these_rows"] and not turned["threshold_choice"]["on_these_rows"] and equal["threshold_choice"]["on_these_rows"]
for all_of_it in turned, equal:
    assert all_of_it["choice_overlap"]["patients"] == facts["patients"] and all_of_it["choice_overlap"]["files"] == facts["rows"]
PY

# The page and its evidence are of the same threshold, calibration and columns.
expect 0 "$H" evaluate "$scratch/new.safetensors" "$test" --by site --report "$scratch/page.html" --quiet
says "$scratch/page.html" "north, old"
says "$scratch/page.html" "The model is calibrated (platt, on"
says "$scratch/page.html" "images that share neither an image nor a patient with these)."

# A model remembers what it was tuned on, as hashes: another list that shares a patient with it is not other enough either.
expect 0 "$H" evaluate "$scratch/new.safetensors" "$scratch/two/mixed.csv" --json "$scratch/tuned.json" --report "$scratch/mixed.html" --quiet
says "$scratch/out" "WARNING: the threshold was chosen on some of these very images or patients (findings: "
says "$scratch/err" "WARNING: the model was calibrated on some of these very images or patients (findings: "
says "$scratch/mixed.html" "images: <b>some of these, or others of their patients</b>, so that the figures at it are too good."
says "$scratch/mixed.html" "images: <b>some of these, or others of their patients</b>, so that this looks too good)."
expect 0 "$H" evaluate "$scratch/new.safetensors" "$scratch/two/mixed.csv" --threshold 0.5 --json "$scratch/given.json" --quiet
run=$((run + 1))
[ "$(grep -c WARNING "$scratch/out")" = 1 ] || fail "of a threshold that is given, too, something is said"
python "what is shared with what it was tuned on" "$scratch" <<'PY'
import json, sys
tuned, given, found, test, raw = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("tuned", "given", "found", "test", "raw"))
for overlap in tuned["choice_overlap"], tuned["calibration_overlap"], given["calibration_overlap"]:
    assert overlap["patients"] == found["threshold_choice"]["groups"] and overlap["files"] == found["threshold_choice"]["rows"] and overlap["patients_known"]
assert given["choice_overlap"] is None and raw["choice_overlap"] is None and raw["calibration_overlap"] is None
assert test["choice_overlap"]["found"] == test["calibration_overlap"]["found"] == 0
PY
expect 0 "$H" calibrate "$model" "$tune" --group none --out "$scratch/nameless.safetensors" --quiet
expect 0 "$H" evaluate "$scratch/nameless.safetensors" "$test" --group none --report "$scratch/nameless.html" --quiet
says "$scratch/nameless.html" "images of another list (<code>haemnet audit</code> tells"
expect 0 "$H" calibrate "$scratch/new.safetensors" "$test" --method none --choose youden --out "$scratch/apart.safetensors"
says "$scratch/err" "calibration and threshold are of different data: the model keeps no traces of either"

# The card says where threshold and calibration come from, what the calibration changed, and for whom the model is less good.
mkdir "$scratch/carded"
cp "$scratch/new.safetensors" "$scratch/carded/model.safetensors"
expect 0 "$H" report "$scratch/carded" "$test" --by site --quiet
python "the card of a calibrated model" "$scratch" <<'PY'
import json, sys
here = sys.argv[1]
load = lambda name: json.load(open(here + "/" + name))
found, test, raw, e = load("found.json"), load("test.json"), load("raw.json"), load("carded/evidence.json")
card = open(here + "/carded/model-card.md").read()
c, t = found["calibration"], found["threshold_choice"]
part = lambda heading: card.split("\n## " + heading + "\n")[1].split("\n## ")[0]
assert e["thresholds"]["list_sha256"] == t["digest"] and e["calibration"]["list_sha256"] == c["digest"]
assert e["thresholds"]["patients"] == t["groups"] and e["calibration"]["patients"] == c["groups"] and e["thresholds"]["part_of_training"] is None
threshold, calibration, groups = part("Threshold"), part("Calibration"), part("For whom it is less good")
assert f"at the threshold {t['threshold']:g}, chosen by rule: sensitivity of at least 0.8, on {t['rows']} images" in threshold, threshold
assert f"`{t['digest']}`), which share neither an image nor a patient with this card." in threshold
assert f"by Platt’s method, fitted on {c['rows']} images of {c['groups']} patients" in calibration and f"`{c['digest']}`), which share neither an image" in calibration
r = e["curves"]["haemorrhage"]["reliability"]
assert abs(r["ece_before_calibration"] - raw["reliability"]["ece"]) < 1e-6 and abs(r["ece"] - test["reliability"]["ece"]) < 1e-12
assert r["ece"] != r["ece_before_calibration"]
assert {k: v for k, v in r.items() if k != "ece_before_calibration"} == test["reliability"]  # the page and evaluate write one table
assert "| haemorrhage | %.3f | %.3f | %.3f | %.3f |" % (r["ece_before_calibration"], r["ece"], r["mce"], r["brier"]) in calibration
for row in e["thresholds"]["at"]:
    x = row["sensitivity"]
    assert "| %g | %.1f %% (%.1f %% to %.1f %%)" % (row["threshold"], *(100 * x[k] for k in ("estimate", "low", "high"))) in threshold, row
for row in e["thresholds"]["specificity_at_sensitivity"]:
    assert "| at least %g %% | %.1f %%" % (100 * row["held"], 100 * row["estimate"]) in threshold
for g in e["subgroups"]["rows"]:
    assert "| site | %s | %d | %d | %d | %.1f %%" % (g["value"], g["images"], g["positives"], g["patients"], 100 * g["accuracy"]["estimate"]) in groups, groups
assert "for %d comparisons" % e["subgroups"]["comparisons"] in groups
PY
expect 0 "$H" verify "$scratch/carded" "$test" --quiet
says "$scratch/carded/evidence.json" '"part_of_training": null, "shared": 0'
expect 0 "$H" report "$scratch/carded" "$scratch/two/mixed.csv" --quiet
says "$scratch/carded/model-card.md" "**Some of them, or others of their patients, are images of this card: what stands here is too good.**"
expect 0 "$H" report "$scratch/carded" "$tune" --quiet
says "$scratch/carded/model-card.md" "**These are the images of this card: what stands here is too good.**"
expect 0 "$H" report "$scratch/carded" "$test" --tta flip --quiet
says "$scratch/carded/evidence.json" '"ece_before_calibration": null'

# The training part, and the part that chose the epoch, are no parts of their own.
expect 0 "$H" calibrate "$model" "$scratch/parts/train.csv" --method platt --out "$scratch/bad.safetensors" --quiet
says "$scratch/err" "WARNING: the model was trained on these images, or on some of them"
expect 0 train --test "$tune" --out "$scratch/other"
expect 0 "$H" calibrate "$scratch/other/model.safetensors" "$scratch/parts/train.csv" --method platt --out "$scratch/bad.safetensors" --quiet
says "$scratch/err" "WARNING: the model was trained on these images"
expect 0 "$H" calibrate "$scratch/other/model.safetensors" "$tune" --method platt --out "$scratch/bad.safetensors" --quiet
says "$scratch/err" "WARNING: these images chose the epoch"

# What cannot be: a column that is not there, a target out of reach; nothing is written then.
expect 1 "$H" evaluate "$model" "$test" --by weight
says "$scratch/err" "has no column weight"
sed '/,haemorrhage,/d' "$tune" > "$scratch/healthy.csv"
expect 1 "$H" calibrate "$model" "$scratch/healthy.csv" --out "$scratch/never.safetensors" --quiet
says "$scratch/err" "two classes at least"
run=$((run + 1))
[ -e "$scratch/never.safetensors" ] && fail "a model was written all the same"
finish
