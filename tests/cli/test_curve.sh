#!/bin/sh
# curve: nested parts, a fit that follows from the points, the size that a target needs, a chart; resumption.
. tests/cli/common.sh

# Slices of noise, those of ill patients with a bright spot.
mkdir "$scratch/data"
python3 - "$scratch/data" <<'PY' || exit 1
import random, sys
random.seed(1)
rows = ["file,label,patient"]
for p in range(40):
    for s in range(2):
        image = [[min(255, max(0, int(random.gauss(100, 20)))) for _ in range(16)] for _ in range(16)]
        y, x = random.randrange(1, 14), random.randrange(1, 14)
        for i in range(9 if p % 2 else 0):
            image[y + i // 3 - 1][x + i % 3 - 1] = 220
        name = f"p{p:02}_{s}.pgm"
        open(f"{sys.argv[1]}/{name}", "wb").write(b"P5\n16 16\n255\n" + bytes(v for row in image for v in row))
        rows.append(f"{name},{'haemorrhage' if p % 2 else 'no_haemorrhage'},p{p}")
open(sys.argv[1] + "/manifest.csv", "w").write("\n".join(rows) + "\n")
PY
curve() { "$H" curve "$scratch/data" --recipe thesis --channels 1 --size 16 --hidden 4 --epochs 6 --batch 8 --lr 0.01 --mean 0.4 --deviation 0.1 "$@"; }
expect 0 curve --seeds 3 --steps 4 --least 0.2 --target 0.9 --seed 7 --out "$scratch/run"
says "$scratch/out" "patients^"
there "$scratch/run/curve.csv" "$scratch/run/curve.json" "$scratch/run/curve.svg" "$scratch/run/seed-3/size-4/last.safetensors"
python "points, fit and chart" "$scratch/run" "$scratch/data" <<'PY'
import csv, json, math, sys, xml.etree.ElementTree
here, data = sys.argv[1:]
points, run = list(csv.DictReader(open(here + "/curve.csv"))), json.load(open(here + "/curve.json"))
manifest = list(csv.DictReader(open(data + "/manifest.csv")))
assert len(points) == 12 == len(run["points"])
assert [(p["seed"], p["size"]) for p in points] == [(str(s), str(i)) for s in (1, 2, 3) for i in (1, 2, 3, 4)]
tests = []
for p, q in zip(points, run["points"]):
    predictions = {int(r["row"]): float(r["probability_haemorrhage"]) for r in csv.DictReader(open(f"{here}/seed-{p['seed']}/size-{p['size']}/predictions.csv"))}
    right = [(v >= 0.5) == (manifest[i]["label"] == "haemorrhage") for i, v in predictions.items()]
    assert abs(float(p["accuracy"]) - sum(right) / len(right)) < 1e-12 and q["accuracy"] == float(p["accuracy"])
    assert int(p["test_images"]) == len(right) and int(p["test_patients"]) == len({manifest[i]["patient"] for i in predictions})
    assert int(p["images"]) == 2 * int(p["patients"]) and float(p["patient_max_accuracy"]) <= 1
    split = json.load(open(f"{here}/seed-{p['seed']}/size-{p['size']}/run.json"))["split"]
    assert split["train_rows"] == int(p["images"]) and split["train_groups"] == int(p["patients"]) and split["seed"] == 6 + int(p["seed"])
    tests.append((p["seed"], tuple(sorted(predictions))))
assert len(set(tests)) == 3 and len({t for _, t in tests}) == 3 # one test part a seed
for a, b in zip(points, points[1:]):
    assert a["seed"] != b["seed"] or int(a["patients"]) < int(b["patients"])
largest = [int(p["patients"]) for p in points if p["size"] == "4"]
assert all(n == 30 for n in largest), largest
law = run["fit"]
x, y, w = [float(p["patients"]) for p in points], [100 * float(p["accuracy"]) for p in points], [float(p["test_images"]) for p in points]
gaps = [v - 100 - law["b1"] * n ** law["b2"] for n, v in zip(x, y)]
scale = sum(w) * max(abs(g) for g in gaps)
assert abs(sum(a * g * n ** law["b2"] for a, g, n in zip(w, gaps, x))) < 1e-6 * scale # the gradient is 0
assert abs(sum(a * g * law["b1"] * n ** law["b2"] * math.log(n) for a, g, n in zip(w, gaps, x))) < 1e-4 * scale * abs(law["b1"])
assert abs(law["error"] - math.sqrt(sum(a * g * g for a, g in zip(w, gaps)) / sum(w))) < 1e-9
assert law["target"] == 0.9 and law["b1"] < 0 and law["resamples"] > 1000
if law["reached"]:
    assert abs(law["patients"] - ((90 - 100) / law["b1"]) ** (1 / law["b2"])) < 1e-6 * law["patients"]
    assert law["extrapolated"] == (law["patients"] > 30) and law["patients_interval"][0] <= law["patients"]
chart = xml.etree.ElementTree.parse(here + "/curve.svg").getroot()
circles = chart.findall(".//{http://www.w3.org/2000/svg}circle")
assert len(circles) == 12 and all(0 < float(c.get("cx")) < 720 and 0 < float(c.get("cy")) < 460 for c in circles)
assert "nan" not in open(here + "/curve.svg").read() and "inf" not in open(here + "/curve.svg").read()
PY
cp "$scratch/run/curve.csv" "$scratch/before"
rm -r "$scratch/run/seed-2/size-3" "$scratch/run/curve.csv"
expect 0 curve --seeds 3 --steps 4 --least 0.2 --target 0.9 --seed 7 --out "$scratch/run" --resume
same "$scratch/before" "$scratch/run/curve.csv"
says "$scratch/err" "seed 2/3 size 4/4  is finished"
# Other sizes and another test part are other trainings, whose folders have the same names: refused, and what stands there stays.
expect 1 curve --seeds 3 --steps 3 --least 0.2 --target 0.9 --seed 7 --out "$scratch/run" --resume
says "$scratch/err" "give the same data"
expect 1 curve --seeds 3 --steps 4 --least 0.2 --holdout 0.4 --target 0.9 --seed 7 --out "$scratch/run" --resume
same "$scratch/before" "$scratch/run/curve.csv"

# One seed has no interval; sizes end where a part would be empty; nothing but right answers is no curve.
expect 0 curve --seeds 1 --steps 8 --least 0.01 --out "$scratch/few"
says "$scratch/err" "has no smaller size than this"
says "$scratch/few/curve.json" '"patients_interval": [null, null]'
for wrong in "--seeds 0" "--steps 1" "--least 1" "--holdout 0" "--target 1" "--tta twice" "--folds 3"; do
    expect 2 curve --out "$scratch/wrong" $wrong
done
expect 2 "$H" curve "$scratch/data"
says "$scratch/err" "--out RUN"
finish
