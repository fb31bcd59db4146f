#!/bin/sh
# split: no patient on both sides, nothing lost, names that meet, copies and moves, manifests that can be read again.
. tests/cli/common.sh

small "$scratch/data" || exit 1
expect 0 "$H" split "$scratch/data" --ratios 0.7,0.3 --seed 4 --out "$scratch/parts"
says "$scratch/out" "no patient is in both parts"
python "parts of the folder split" "$scratch" <<'PY'
import csv, glob, os, sys
here = sys.argv[1]
truth = {r["file"].split("/")[-1]: r for r in csv.DictReader(open(here + "/data/manifest.csv"))}
seen, side = set(), {}
for part in ("train", "test"):
    for path in glob.glob(f"{here}/parts/{part}/*/*.png"):
        name, label = os.path.basename(path), path.split("/")[-2]
        assert truth[name]["label"] == label and name not in seen
        assert side.setdefault(truth[name]["patient"], part) == part
        assert open(path, "rb").read() == open(f"{here}/data/images/{name}", "rb").read()
        seen.add(name)
assert seen == set(truth) and set(side.values()) == {"train", "test"}
PY
expect 0 "$H" split "$scratch/data" --ratios 0.7,0.3 --seed 4 --out "$scratch/twice"
expect 0 diff -r "$scratch/parts" "$scratch/twice"
expect 1 "$H" split "$scratch/data" --out "$scratch/parts"
says "$scratch/err" "is there already"
expect 0 "$H" train --recipe thesis "$scratch/parts/train" --test "$scratch/parts/test" --epochs 1 --size 16 --out "$scratch/run"
says "$scratch/run/run.json" '"groups_known": true'

# Manifests give the same sides, and the same labels when they are read again.
expect 0 "$H" split "$scratch/data" --ratios 0.7,0.3 --seed 4 --out "$scratch/lists" --manifest
python "manifests" "$scratch" <<'PY'
import csv, glob, os, sys
here = sys.argv[1]
for part in ("train", "test"):
    rows = list(csv.DictReader(open(f"{here}/lists/{part}.csv")))
    assert all(os.path.isabs(r["file"]) and os.path.exists(r["file"]) and r["patient"] for r in rows)
    assert {os.path.basename(r["file"]) for r in rows} == {os.path.basename(p) for p in glob.glob(f"{here}/parts/{part}/*/*.png")}
PY
expect 0 "$H" train --recipe thesis "$scratch/lists/train.csv" --test "$scratch/lists/test.csv" --epochs 1 --size 16 --out "$scratch/run2"
expect 0 "$H" split "$scratch/data" --out "$scratch/multi" --manifest --label-column subdural,subarachnoid
says "$scratch/multi/test.csv" "file,subdural,subarachnoid,patient,study,slice"
expect 1 "$H" split "$scratch/data" --out "$scratch/multi2" --label-column subdural,subarachnoid
says "$scratch/err" "--manifest"

# A part is never written over what is split.
cp "$scratch/lists/train.csv" "$scratch/before"
expect 1 "$H" split "$scratch/lists/train.csv" --manifest --out "$scratch/lists"
says "$scratch/err" "lists/train.csv is what is split: choose another --out"
same "$scratch/before" "$scratch/lists/train.csv"
expect 0 "$H" split "$scratch/lists/train.csv" --manifest --out "$scratch/lists/inner"

# A name that a manifest cannot hold is told of, and copied where no manifest is needed.
mkdir -p "$scratch/bytes/ill" "$scratch/bytes/well"
odd=$(printf 'sl\377ce')
for i in 1 2 3; do
    cp "$scratch/data/images/p000${i}_s00.png" "$scratch/bytes/ill/$odd$i.png"
    cp "$scratch/data/images/p000${i}_s01.png" "$scratch/bytes/well/$i.png"
done
expect 1 "$H" split "$scratch/bytes" --group none --manifest --out "$scratch/bytelists"
says "$scratch/err" "no UTF-8, as a manifest has to be: rename it"
run=$((run + 1))
[ -e "$scratch/bytelists" ] && fail "a manifest that nobody can read was written"
expect 1 "$H" split "$scratch/bytes" --group '([0-9])' --out "$scratch/bytegroups"
expect 0 "$H" split "$scratch/bytes" --group none --ratios 0.5,0.5 --out "$scratch/byteparts"
run=$((run + 1))
[ "$(find "$scratch/byteparts" -name '*.png' | wc -l)" -eq 6 ] || fail "files of odd names were lost"

# Files of one name from several folders, a group by file name, moving.
for patient in 1 2 3 4 5 6; do
    for side in left right; do
        class=$([ $((patient % 2)) -eq 0 ] && echo ill || echo well)
        mkdir -p "$scratch/deep/$class/patient$patient/$side"
        cp "$scratch/data/images/p000${patient}_s00.png" "$scratch/deep/$class/patient$patient/$side/slice.png"
    done
done
expect 0 "$H" split "$scratch/deep" --ratios 0.5,0.5 --out "$scratch/deepparts" --group 'patient[0-9]+'
says "$scratch/out" "no patient is in both parts"
run=$((run + 1))
[ "$(find "$scratch/deepparts" -name '*.png' | wc -l)" -eq 12 ] || fail "files of one name were lost"
run=$((run + 1))
[ "$(find "$scratch/deep" -name '*.png' | wc -l)" -eq 12 ] || fail "copying took files away"
expect 0 "$H" split "$scratch/deep" --ratios 0.5,0.5 --out "$scratch/moved" --move
says "$scratch/out" "patients are not known"
run=$((run + 1))
[ "$(find "$scratch/moved" -name '*.png' | wc -l)" -eq 12 ] && [ "$(find "$scratch/deep" -name '*.png' | wc -l)" -eq 0 ] || fail "--move did not move"

# A file that is gone is skipped and counted.
rm "$scratch/data/images/p0000_s00.png"
expect 3 "$H" split "$scratch/data" --out "$scratch/gone"
says "$scratch/err" "p0000_s00.png"
expect 1 "$H" split "$scratch/data" --out "$scratch/strict" --strict
finish
