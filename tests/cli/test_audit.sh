#!/bin/sh
# audit, and what train, evaluate and crossval do about leaks: a set made leaky on purpose out of phantom slices is found row by row, a score of it is
# refused with exit code 4, and --allow-leak gives it with a mark in every output. Honest splits pass without a word.
. tests/cli/common.sh

small "$scratch/data" || exit 1
expect 0 "$H" split "$scratch/data" --manifest --ratios 0.75,0.25 --seed 1 --out "$scratch/parts"
expect 0 "$H" audit "$scratch/parts/test.csv" --against "$scratch/parts/train.csv"
says "$scratch/out" "no leak found"
expect 5 "$H" audit "$scratch/data" --json "$scratch/audit.json" # slices with blood are those in the middle, which compress less well
says "$scratch/audit.json" '"found": 0'
says "$scratch/out" "FLAGGED"

# One patient with a bleed allows no interval: a dash, as in every other table, and null.
"$H" phantom --out "$scratch/few" --patients 3 --slices 3 --size 64 --seed 9 --quiet
expect 0 "$H" audit "$scratch/few" --json "$scratch/few.json"
says "$scratch/out" "  –"
says "$scratch/few.json" '"low": null, "high": null'
run=$((run + 1))
grep -q nan "$scratch/out" && fail "an interval from nan to nan"

# Test images that are copies of training images: the same file, the picture turned and saved anew, and another slice of a training patient.
mkdir -p "$scratch/leaky"
python "a leaky test part" "$scratch" <<'PY'
import csv, shutil, struct, sys, zlib
here = sys.argv[1]
train = list(csv.DictReader(open(here + "/parts/train.csv")))
test = list(csv.DictReader(open(here + "/parts/test.csv")))
def read_png(path):  # 8-bit grey, as phantom writes it
    data = open(path, "rb").read()
    at, pixels = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 0)
        if kind == b"IDAT":
            pixels += body
        at += 12 + size
    raw, rows, before = zlib.decompress(pixels), [], bytes(width)
    for y in range(height):
        kind, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            a, b, c = line[x - 1] if x else 0, before[x], before[x - 1] if x else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = (line[x] + [0, a, b, (a + b) // 2, paeth][kind]) & 255
        rows.append(bytes(line))
        before = line
    return rows
def write_pgm(path, rows):
    open(path, "wb").write(b"P5\n%d %d\n255\n" % (len(rows[0]), len(rows)) + b"".join(rows))
shutil.copy(train[0]["file"], here + "/leaky/copy.png")
rows = read_png(train[9]["file"])
write_pgm(here + "/leaky/turned.pgm", [bytes(row[x] for row in reversed(rows)) for x in range(len(rows[0]))])
write_pgm(here + "/leaky/saved.pgm", read_png(train[14]["file"]))
with open(here + "/leaky.csv", "w") as out:
    out.write("file,label,patient\n")
    for r in test:
        out.write(f"{r['file']},{r['label']},{r['patient']}\n")
    out.write(f"leaky/copy.png,{train[0]['label']},t1\nleaky/turned.pgm,{train[9]['label']},t2\nleaky/saved.pgm,{train[14]['label']},t3\n")
    out.write(f"{test[0]['file']},{test[0]['label']},{train[20]['patient']}\n")
PY
expect 4 "$H" audit "$scratch/leaky.csv" --against "$scratch/parts/train.csv" --json "$scratch/audit.json"
says "$scratch/out" "copy.png has the same bytes as"
says "$scratch/out" "saved.pgm has the same pixels as"
says "$scratch/out" "turned by 270 degrees"
says "$scratch/out" "is on both sides"
says "$scratch/out" "Take these images out of one side"
python "both rows are named" "$scratch" <<'PY'
import csv, json, sys
here = sys.argv[1]
a = json.load(open(here + "/audit.json"))
train = [r["file"] for r in csv.DictReader(open(here + "/parts/train.csv"))]
assert a["leaks"] == {"found": 4, "allowed": False, "patients": 1, "files": 1, "pixels": 1, "looks": 1, "checked": 1, "patients_known": True}, a["leaks"]
found = {f["kind"]: f for f in a["findings"]}
assert found["file"]["other_file"] == train[0] and found["pixels"]["other_file"] == train[14] and found["look"]["other_file"] == train[9]
assert found["file"]["file"].endswith("/leaky/copy.png") and found["patient"]["other_images"] == 4 and not found["look"]["labels_differ"]
assert {s["by"] for s in a["shortcuts"]} >= {"file size", "border"} and all(s["low"] <= s["auc"] <= s["high"] for s in a["shortcuts"])
PY

# train and evaluate refuse, or mark.
train() { "$H" train --recipe thesis "$scratch/parts/train.csv" --epochs 1 --size 16 --hidden 4 --batch 8 "$@"; }
expect 4 train --test "$scratch/leaky.csv" --out "$scratch/refused"
says "$scratch/err" "the test data leak: 4 findings (1 on patients, 1 on equal files, 1 on equal pixels, 1 on near copies)"
says "$scratch/err" "--allow-leak"
run=$((run + 1))
grep -qi "accuracy" "$scratch/out" && fail "a refused training printed a score"
[ -e "$scratch/refused/model.safetensors" ] && fail "a refused training left a model"
expect 0 train --test "$scratch/leaky.csv" --allow-leak --out "$scratch/marked"
says "$scratch/out" "LEAKY"
says "$scratch/err" "every output says so"
says "$scratch/marked/history.csv" ",leaky"
says "$scratch/marked/run.json" '"leaks": {"found": 4, "allowed": true, "patients": 1, "files": 1, "pixels": 1, "looks": 1'
says "$scratch/marked/run.json" '"test_metrics_last": {"leaky": true'
expect 0 "$H" inspect "$scratch/marked/model.safetensors" --json
says "$scratch/out" '"leaks":{"patients":1,"files":1,"pixels":1,"looks":1}'
expect 0 train --test "$scratch/parts/test.csv" --out "$scratch/honest"
says "$scratch/honest/run.json" '"leaks": {"found": 0, "allowed": false'
expect 0 "$H" evaluate "$scratch/honest/model.safetensors" "$scratch/parts/test.csv" --json "$scratch/metrics.json"
says "$scratch/metrics.json" '"leaks": {"found": 0, "allowed": false'
expect 4 "$H" evaluate "$scratch/honest/model.safetensors" "$scratch/leaky.csv" --json "$scratch/no.json"
says "$scratch/err" "copy.png has the same bytes as an image that the model was trained on"
run=$((run + 1))
grep -qi "accuracy" "$scratch/out" && fail "a refused evaluation printed a score"
[ -e "$scratch/no.json" ] && fail "a refused evaluation wrote figures"
expect 0 "$H" evaluate "$scratch/honest/model.safetensors" "$scratch/leaky.csv" --allow-leak --json "$scratch/metrics.json"
says "$scratch/out" "LEAKY"
says "$scratch/metrics.json" '"leaky": true'
says "$scratch/metrics.json" '"allowed": true'
expect 4 "$H" audit "$scratch/leaky.csv" --model "$scratch/honest/model.safetensors"
says "$scratch/out" "that the model was trained on"

# Copies under two names of patients: by themselves a finding, on one side of every split, and refused where a fold column parts them.
cat "$scratch/parts/train.csv" > "$scratch/twins.csv"
sed -n 's|^\([^,]*\),\([^,]*\),.*|\1,\2,twin,,|p' "$scratch/parts/train.csv" | sed -n 2p >> "$scratch/twins.csv"
expect 4 "$H" audit "$scratch/twins.csv"
says "$scratch/out" "they are of patients twin and"
for seed in 1 2 3 4; do
    expect 0 "$H" split "$scratch/twins.csv" --manifest --ratios 0.6,0.4 --seed $seed --out "$scratch/twins$seed"
    says "$scratch/err" "1 of the images are copies of others"
    expect 0 "$H" audit "$scratch/twins$seed/test.csv" --against "$scratch/twins$seed/train.csv"
done
python "folds that part twins" "$scratch" <<'PY'
import csv, sys
here = sys.argv[1]
rows = list(csv.DictReader(open(here + "/twins.csv")))
fold = {p: i % 2 for i, p in enumerate(sorted({r["patient"] for r in rows} - {"twin"}))}
fold["twin"] = 1 - fold[rows[0]["patient"]]
with open(here + "/folds.csv", "w") as out:
    out.write("file,label,patient,fold\n")
    for r in rows:
        out.write(f"{r['file']},{r['label']},{r['patient']},{fold[r['patient']]}\n")
PY
crossval() { "$H" crossval "$scratch/folds.csv" --recipe thesis --folds 2 --epochs 1 --size 16 --hidden 4 --batch 8 "$@"; }
expect 4 crossval --out "$scratch/cv"
says "$scratch/err" "fold 1/2"
expect 0 crossval --allow-leak --out "$scratch/cv"
says "$scratch/out" "LEAKY"
says "$scratch/cv/crossval.json" '"leaks": {"found": 2, "allowed": true}'
expect 2 "$H" audit "$scratch/data" --against "$scratch/data" --model x
expect 2 "$H" audit
expect 1 "$H" audit "$scratch/nowhere"
finish
