#!/bin/sh
# Explaining: files, series and manifests; pictures; masks and their summary, worked out again from the lines; random weights; what goes wrong.
. tests/cli/common.sh

small "$scratch/data" || exit 1
expect 0 "$H" train "$scratch/data" --epochs 3 --size 32 --model tinyvgg --seed 1 --quiet --out "$scratch/run"
M=$scratch/run/model.safetensors
A=$scratch/data/images/p0000_s01.png
explain() { "$H" explain "$M" "$@"; }

# One file, for people; its picture.
expect 0 explain "$A" --overlay "$scratch/pictures" --class haemorrhage
says "$scratch/out" "p0000_s01.png: "
says "$scratch/out" "haemorrhage (probability 0."
there "$scratch/pictures/p0000_s01.png"
expect 0 explain "$A" --overlay "$scratch/again" --class haemorrhage --threads 3
same "$scratch/pictures/p0000_s01.png" "$scratch/again/p0000_s01.png"
expect 0 explain "$A" --overlay "$scratch/beside" --class haemorrhage --side-by-side --colours viridis --strength 0.9
run=$((run + 1))
cmp -s "$scratch/pictures/p0000_s01.png" "$scratch/beside/p0000_s01.png" && fail "another look, the same picture"

# Every method, as JSON, beside what predict says.
expect 0 "$H" predict "$M" "$A" --json
cp "$scratch/out" "$scratch/predicted"
for method in integrated-gradients hirescam gradcam gradcam++ layercam occlusion saliency brightness; do
    expect 0 explain "$A" --method $method --json --region-threshold 0.4 --spacing 0.5
    python "one file by $method" "$scratch/out" "$scratch/predicted" $method <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
said, a = json.load(open(sys.argv[2])), lines[0]
assert len(lines) == 2 and "summary" in lines[1]
assert a["class"] == said["class"] and a["probability"] == said["probability"] and a["error"] is None
assert a["explained_probability"] == said["probabilities"][a["explained"]] and a["method"] == sys.argv[3] and a["size"] == [64, 64]
assert a["said"] == (a["class"] == a["explained"]) and a["raw"][0] <= a["raw"][1]
assert (a["layer"] is not None) == (sys.argv[3] in ("hirescam", "gradcam", "gradcam++", "layercam"))
assert a["regions"] or a["raw"][1] <= 0
for r in a["regions"]:
    x, y, w, h = r["box"]
    assert 0 <= x and 0 <= y and x + w <= 64 and y + h <= 64 and 0 < r["area_px"] <= w * h
    assert x <= r["peak_at"][0] < x + w and y <= r["peak_at"][1] < y + h and 0.4 <= r["mean"] <= r["peak"] <= 1
    assert abs(r["area_mm2"] - r["area_px"] * 0.25) < 1e-9 and len(r["outlines"]) == 1
    xs, ys = zip(*r["outlines"][0])
    assert (min(xs), min(ys), max(xs), max(ys)) == (x, y, x + w, y + h)
if a["regions"]:
    assert max(r["peak"] for r in a["regions"]) == 1
PY
done
# Integrated gradients are blurred unless told otherwise, other methods if told so.
for words in "" "--blur 0.03" "--blur 0" "--method hirescam" "--method hirescam --blur 0" "--method hirescam --blur 0.2"; do
    expect 0 explain "$A" --class haemorrhage --json $words
    head -n 1 "$scratch/out" >> "$scratch/blurred"
done
python "blur" "$scratch/blurred" <<'PY'
import json, sys
usual, blurred, sharp, layer, plain, smooth = [json.loads(line)["raw"] for line in open(sys.argv[1])]
assert usual == blurred and sharp[0] < blurred[0] and sharp[1] > blurred[1]
assert layer == plain and plain[0] <= smooth[0] and plain[1] > smooth[1]
PY
expect 2 explain "$A" --blur 0.3
says "$scratch/err" "--blur 0.3: must be 0 to 0.25"
expect 0 explain "$A" --method gradcam --layer conv_block_1.3 --json
says "$scratch/out" '"layer": "conv_block_1.3"'

# A manifest: patients, extents, masks, figures by type and size.
expect 0 explain "$scratch/data/manifest.csv" --masks "$scratch/data/masks" --curves 4 --sanity --json --threshold 0.3 --quiet
cp "$scratch/out" "$scratch/all"
python "the summary is what the lines say" "$scratch/all" "$scratch/data/manifest.csv" <<'PY'
import csv, json, math, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
rows = {r["file"]: r for r in csv.DictReader(open(sys.argv[2]))}
files, patients, summary = [a for a in lines if "file" in a], [a for a in lines if "slices" in a], lines[-1]["summary"]
assert len(files) == 48 and len(patients) == 12 and all(a["error"] is None for a in files)
def row(a):
    return rows["images/" + a["file"].rsplit("/", 1)[1]]
for a in files:
    r, t = row(a), a["truth"]
    spacing = float(r["pixel_spacing_mm"])
    assert a["patient"] == r["patient"] and a["slice"] == int(r["slice"])
    assert (t["mask_px"] > 0) == (r["label"] == "haemorrhage") == (t["hit"] is not None) == (t["deletion"] is not None)
    assert abs(t["mask_cm2"] - t["mask_px"] * spacing ** 2 / 100) < 1e-9
    if t["mask_px"]:
        assert t["hit"] == (t["distance_px"] == 0) and 0 <= t["iou"] <= 1 and 0 <= t["deletion"] <= 1 and 0 <= t["insertion"] <= 1
        assert t["brightest_hit"] in (True, False)
def group(name):
    return next(g for g in summary["groups"] if g["group"] == name)
def expect(g, cases):
    n = len(cases)
    assert g["n"] == n and g["hits"] == sum(a["truth"]["hit"] for a in cases) and g["said"] == sum(a["said"] for a in cases), (g, n)
    assert g["brightest"] is None if not n else abs(g["brightest"] - sum(a["truth"]["brightest_hit"] for a in cases) / n) < 1e-12
    assert g["said_hits"] == sum(a["said"] and a["truth"]["hit"] for a in cases)
    for name in ("iou", "deletion", "insertion") if n else ():
        assert abs(g[name] - sum(a["truth"][name] for a in cases) / n) < 1e-12
    if n:
        assert abs(g["chance"] - sum(a["truth"]["mask_px"] for a in cases) / n / 4096) < 1e-12
        assert g["interval"][0] <= g["pointing_game"] == g["hits"] / n <= g["interval"][1]
bleeds = [a for a in files if a["truth"]["mask_px"]]
expect(group("all"), bleeds)
expect(group("over 1 cm2"), [a for a in bleeds if a["truth"]["mask_cm2"] > 1])
expect(group("up to 1 cm2"), [a for a in bleeds if a["truth"]["mask_cm2"] <= 1])
expect(group("3 to 10 cm2"), [a for a in bleeds if 3 < a["truth"]["mask_cm2"] <= 10])
types = {t for a in bleeds for t in row(a)["types"].split(";")}
assert len(types) >= 3
for t in types:
    expect(group(t), [a for a in bleeds if t in row(a)["types"].split(";")])
for p in patients:
    own = [a for a in files if a["patient"] == p["patient"]]
    r = row(own[0])
    assert p["slices"] == 4 and p["said"] == sum(a["said"] for a in own) and p["true_ml"] == float(r["patient_volume_ml"])
    voxel = float(r["pixel_spacing_mm"]) ** 2 * float(r["slice_spacing_mm"]) / 1000
    assert abs(p["mask_ml"] - sum(a["truth"]["mask_px"] for a in own) * voxel) < 1e-6
    assert bool(p["regions"]) == (p["said"] > 0)
    for g in p["regions"]:
        assert abs(g["counted_ml"] - g["pixels"] * voxel) < 1e-6 and 0 <= g["first_slice"] <= g["largest_slice"] <= g["last_slice"] <= 3
        assert abs(g["abc2_unweighted_ml"] - g["length_mm"] * g["breadth_mm"] * g["height_mm"] / 2000) < 1e-6 and g["abc2_ml"] <= g["abc2_unweighted_ml"]
    assert abs(p["abc2_ml"] - sum(g["abc2_ml"] for g in p["regions"])) < 1e-9
def median(x):
    x = sorted(x)
    return (x[(len(x) - 1) // 2] + x[len(x) // 2]) / 2
sick = [p for p in patients if p["true_ml"] > 0]
for name, key in (("abc2", "abc2_ml"), ("counted", "counted_ml"), ("mask_abc2", "mask_abc2_ml")):
    v = summary["volumes"][name]
    off = [p[key] - p["true_ml"] for p in sick]
    assert v["n"] == len(sick) and abs(v["median_error_ml"] - median([abs(o) for o in off])) < 1e-9 and abs(v["mean_error_ml"] - sum(off) / len(off)) < 1e-9
layers = [x["layers"] for x in summary["random"]]
assert layers[0] == 1 and layers[-1] == 0 and all(x["n"] > 0 and 0 <= x["correlation"] <= 1 for x in summary["random"])
PY
expect 0 explain "$scratch/data/manifest.csv" --masks "$scratch/data/masks" --curves 0 --sanity --threshold 0.3 --method hirescam
says "$scratch/out" "patient p0000: 4 slices"
says "$scratch/out" "over 1 cm2"
says "$scratch/out" "ABC/2 of the masks"
says "$scratch/out" "all layers"
says "$scratch/out" "Not a medical device"

# What is known of files that are given one by one, or of a part without those columns.
"$H" split "$scratch/data" --manifest --ratios 0.5,0.5 --seed 1 --out "$scratch/parts" --quiet
expect 0 explain "$scratch/parts/test.csv" --manifest "$scratch/data/manifest.csv" --masks "$scratch/data/masks" --curves 0 --json
says "$scratch/out" '"group": "over 1 cm2"'
expect 0 explain "$scratch"/data/images/p0001_s0*.png --series --spacing 0.9,0.9,25 --json
python "a series is one patient" "$scratch/out" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert [("file" in a) for a in lines] == [True] * 4 + [False] * 2 and lines[4]["slices"] == 4 and lines[4]["true_ml"] is None
PY
expect 0 explain "$scratch"/data/images/p0001_s0*.png --json --manifest "$scratch/data/manifest.csv"
run=$((run + 1))
[ "$(grep -c '"patient": "p0001", "explained"' "$scratch/out")" = 1 ] || fail "slices of a patient in the manifest are one volume"

# Manifests as spreadsheets write them; names that two folders share.
mkdir "$scratch/b" && cp "$A" "$scratch/b/"
printf '\357\273\277file,patient,remark\r\ndata/images/p0000_s01.png,x,"one, ""two"""\r\nb/p0000_s01.png,y,\r\n\r\n' > "$scratch/odd.csv"
expect 0 explain "$scratch/odd.csv" --overlay "$scratch/two" --json
says "$scratch/out" '"patient": "x"'
there "$scratch/two/images_p0000_s01.png" "$scratch/two/b_p0000_s01.png"

# What goes wrong, and how that is said.
printf 'not an image' > "$scratch/bad.png"
expect 3 explain "$A" "$scratch/bad.png" --json
says "$scratch/out" '"class": null'
expect 1 explain "$scratch/bad.png"
says "$scratch/err" "skipped: "
expect 1 explain "$A" --masks "$scratch/b/nothing"
says "$scratch/err" "holds no mask of any file"
mkdir "$scratch/wrong" && "$H" phantom --out "$scratch/large" --patients 1 --slices 2 --size 128 --quiet && cp "$scratch"/large/masks/p0000_s01.png "$scratch/wrong/"
expect 1 explain "$A" --masks "$scratch/wrong"
says "$scratch/err" "the mask has 128 x 128 px, its image 64 x 64"
expect 2 explain "$A" --class lesion
says "$scratch/err" "the model has no such class"
expect 1 explain "$A" --method gradcam --layer attic
says "$scratch/err" 'no layer "attic"'
expect 1 explain "$A" --overlay "$A/sub"
printf 'image\nx.png\n' > "$scratch/nofile.csv"
expect 1 explain "$scratch/nofile.csv"
says "$scratch/err" 'no column `file`'
printf 'file,patient\n"x.png,y\n' > "$scratch/quote.csv"
expect 1 explain "$scratch/quote.csv"
says "$scratch/err" "row 2, column 1: a quote is out of place"
printf 'file,slice\nx.png,low\n' > "$scratch/slice.csv"
expect 1 explain "$scratch/slice.csv"
says "$scratch/err" 'slice is "low"'
printf 'file,patient,slice\nx.png,p,1\ny.png,p,1\n' > "$scratch/twice.csv"
expect 1 explain "$scratch/twice.csv"
says "$scratch/err" "two files for slice 1"
# A network that gives NaN: predict and explain name the file, and what to look at.
python "weights of 3e38" "$M" "$scratch/wild.safetensors" <<'PY'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
begin = 8 + struct.unpack("<Q", data[:8])[0]
data[begin:begin + 400] = struct.pack("<f", 3e38) * 100
open(sys.argv[2], "wb").write(data)
PY
for words in "predict" "predict --series" "explain"; do
    set -- $words
    expect 1 "$H" "$1" "$scratch/wild.safetensors" "$A" $2
    says "$scratch/err" "skipped: $A: "
    says "$scratch/err" "look at the model's weights"
done

# A full disk ends each after its first line, with the reason.
if [ -c /dev/full ]; then
    for command in predict explain; do
        run=$((run + 1))
        "$H" $command "$M" "$A" "$A" > /dev/full 2> "$scratch/err"
        [ $? -eq 1 ] || fail "$command on a full disk"
        says "$scratch/err" "cannot write to stdout"
        run=$((run + 1))
        [ "$(grep -c stdout "$scratch/err")" = 1 ] || fail "$command says it more than once"
    done
fi
run=$((run + 1))
[ -z "$(find "$scratch" -name '*.tmp')" ] || fail "something half-written is left"
finish
