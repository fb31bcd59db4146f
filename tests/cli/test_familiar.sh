#!/bin/sh
# What is not like the training images, from the command line: predict says it first, evaluate counts it, inspect tells what is known, and a model
# that does not know says so.
. "$(dirname "$0")/common.sh"

expect 0 "$H" phantom --out "$scratch/data" --patients 30 --slices 4 --size 96 --seed 5 --quiet
expect 0 "$H" train "$scratch/data" --epochs 1 --out "$scratch/run" --size 32 --quiet
expect 0 "$H" train "$scratch/data" --epochs 1 --out "$scratch/without" --size 32 --quiet --no-familiarity
model=$scratch/run/model.safetensors
python "draws pictures that are no heads" "$scratch" <<'PY'
import os, sys
folder = sys.argv[1] + "/odd"
os.makedirs(folder + "/haemorrhage"), os.makedirs(folder + "/no_haemorrhage")
def pgm(name, level):
    with open(f"{folder}/{name}.pgm", "wb") as out:
        out.write(b"P5 64 64 255\n" + bytes(level(x, y) for y in range(64) for x in range(64)))
pgm("haemorrhage/noise", lambda x, y: (x * 7919 + y * 104729 + x * y * 31) % 256)
pgm("haemorrhage/white", lambda x, y: 255)
pgm("no_haemorrhage/chequers", lambda x, y: 250 * ((x // 8 + y // 8) % 2))
pgm("no_haemorrhage/slope", lambda x, y: 4 * x)
PY
head=$(ls "$scratch"/data/images/*.png | head -1)
set -- "$scratch"/odd/haemorrhage/noise.pgm "$scratch"/odd/haemorrhage/white.pgm "$scratch"/odd/no_haemorrhage/chequers.pgm "$scratch"/odd/no_haemorrhage/slope.pgm

expect 0 "$H" predict "$model" "$@" "$head"
says "$scratch/out" "odd/haemorrhage/noise.pgm: not like the training images (novelty "
says "$scratch/out" ", limit 1), no verdict to rely on ["
python "four of five lines begin with it" "$scratch/out" <<'PY'
import re, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 5 and all(re.search(r"\.pgm: not like the training images \(novelty \d+\.\d\d, limit 1\), no verdict to rely on "
                                         r"\[(no_)?haemorrhage \(probability [01]\.\d{3}\)\]$", l) for l in lines[:4]), lines
assert re.search(r"\.png: (no_)?haemorrhage \(probability [01]\.\d{3}\)$", lines[4]), lines[4]
PY
expect 0 "$H" predict "$model" "$@" "$head" --json
python "predict's JSON" "$scratch/out" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert [r["unfamiliar"] for r in rows] == [True] * 4 + [False]
assert all((r["novelty"] > 1) == r["unfamiliar"] and r["class"] and r["error"] is None for r in rows)
PY
expect 3 "$H" predict "$model" "$1" "$scratch/none.png" --json
python "a file that is not there" "$scratch/out" <<'PY'
import json, sys
good, bad = [json.loads(line) for line in open(sys.argv[1])]
assert good["unfamiliar"] is True and bad["unfamiliar"] is None and bad["novelty"] is None and bad["error"]
PY

# Heat maps say the same, in the same words, and on the picture.
expect 0 "$H" predict "$model" "$1" "$head" --json
cp "$scratch/out" "$scratch/predicted.json"
expect 0 "$H" explain "$model" "$1" "$head" --json --overlay "$scratch/pictures"
python "explain's JSON" "$scratch/predicted.json" "$scratch/out" <<'PY'
import json, sys
said, shown = [[r for r in map(json.loads, open(name)) if "file" in r] for name in sys.argv[1:]]
assert [r["unfamiliar"] for r in shown] == [True, False] and [r["novelty"] for r in shown] == [r["novelty"] for r in said]
PY
expect 0 "$H" explain "$model" "$1" "$head"
python "explain's lines" "$scratch/out" <<'PY'
import re, sys
lines = [l for l in open(sys.argv[1]).read().splitlines() if not l.startswith(" ")]
assert re.search(r"\.pgm: not like the training images \(novelty \d+\.\d\d, limit 1\), no verdict to rely on "
                 r"\[(no_)?haemorrhage \(probability [01]\.\d{3}\)\]$", lines[0]), lines[0]
assert re.search(r"\.png: (no_)?haemorrhage \(probability [01]\.\d{3}\)$", lines[1]), lines[1]
PY

# A patient's line counts the slices that are unlike them; where that is not known, it says so.
expect 0 "$H" explain "$model" "$1" "$4" --series
says "$scratch/out" "series: 2 slices, "
says "$scratch/out" ", 2 not like the training images: no verdict to rely on"
expect 0 "$H" explain "$scratch/without/model.safetensors" "$1" "$4" --series
! grep -q "not like the training images" "$scratch/out" || fail "an unknown look is called unlike"
for known in run without; do
    expect 0 "$H" explain "$scratch/$known/model.safetensors" "$1" "$4" --series --json
    cp "$scratch/out" "$scratch/series-$known.json"
done
python "a patient's JSON counts them" "$scratch" <<'PY'
import json, sys
for name, count in (("run", 2), ("without", None)):
    (patient,) = [r for r in map(json.loads, open(f"{sys.argv[1]}/series-{name}.json")) if "slices" in r]
    assert patient["slices"] == 2 and patient["unfamiliar"] == count, patient
PY

expect 0 "$H" explain "$scratch/without/model.safetensors" "$1" --json --overlay "$scratch/unknown"
says "$scratch/err" "does not know what its training images looked like"
python "the caption has a line more where it is so" "$scratch" <<'PY'
import struct, sys
def height(folder):
    with open(f"{sys.argv[1]}/{folder}/noise.png", "rb") as file:
        return struct.unpack(">I", file.read(24)[20:])[0]
assert height("pictures") > height("unknown")
PY
expect 3 "$H" explain "$model" "$1" "$scratch/none.png" --json
python "a map of a file that is not there" "$scratch/out" <<'PY'
import json, sys
good, bad = [r for r in map(json.loads, open(sys.argv[1])) if "file" in r]
assert good["unfamiliar"] is True and bad["unfamiliar"] is None and bad["novelty"] is None and bad["error"]
PY

expect 0 "$H" predict "$scratch/without/model.safetensors" "$@" --json
python "a model that does not know" "$scratch/out" <<'PY'
import json, sys
assert all(r["unfamiliar"] is None and r["novelty"] is None for r in map(json.loads, open(sys.argv[1])))
PY
expect 0 "$H" predict "$scratch/without/model.safetensors" "$1" "$2"
says "$scratch/err" "does not know what its training images looked like"
run=$((run + 1))
[ "$(grep -c "does not know" "$scratch/err")" = 1 ] || fail "it is not said once"

expect 0 "$H" evaluate "$model" "$scratch/odd" --quiet
says "$scratch/out" "not like the training images: 4 of 4"
says "$scratch/out" "no verdict on them is to be relied on, but they count in every figure here"
expect 0 "$H" evaluate "$model" "$scratch/odd" --quiet --json -
python "evaluate's JSON, all strange" "$scratch/out" <<'PY'
import json, sys
f = json.load(open(sys.argv[1]))["familiarity"]
assert f["known"] and f["unfamiliar"] == 4 and f["highest"] >= f["median"] > 1 and f["without_them"] is None
PY
cp "$1" "$scratch/odd/noise.pgm"
{ cat "$scratch/data/manifest.csv" | cut -d, -f1-3 | sed "s|^images|$scratch/data/images|"; echo "$1,haemorrhage,X"; } > "$scratch/mixed.csv"
expect 0 "$H" evaluate "$model" "$scratch/mixed.csv" --quiet --allow-leak --json "$scratch/mixed.json"
says "$scratch/out" "without them"
python "evaluate's JSON, one strange among heads" "$scratch/mixed.json" <<'PY'
import json, sys
m = json.load(open(sys.argv[1]))
f = m["familiarity"]
assert m["n"] == 121 and f["known"] and 1 <= f["unfamiliar"] <= 12 and f["median"] < 1 < f["highest"]
assert f["without_them"]["n"] == 121 - f["unfamiliar"] and 0 <= f["without_them"]["accuracy"] <= 1
PY
expect 0 "$H" evaluate "$scratch/without/model.safetensors" "$scratch/odd" --quiet --json "$scratch/unknown.json"
says "$scratch/out" "not like the training images: not known"
python "evaluate's JSON, not known" "$scratch/unknown.json" <<'PY'
import json, sys
assert json.load(open(sys.argv[1]))["familiarity"] == {"known": False, "unfamiliar": None, "median": None, "highest": None, "without_them": None}
PY

expect 0 "$H" inspect "$model"
says "$scratch/out" "their look is known from 96 of 24 patients: of others like them about 25 in 1000 are flagged"
expect 0 "$H" inspect "$model" --json
run=$((run + 1))
grep -qF '"familiarity":{"kind":1,"rows":96,"patients":24,"folds":10,"share":0.975' "$scratch/out" || fail "inspect --json does not hold what is known"
expect 0 "$H" inspect "$scratch/without/model.safetensors"
says "$scratch/out" "their look is not known"

# What it costs is said, and no more: the files differ by what is kept alone.
run=$((run + 1))
more=$(($(wc -c < "$model") - $(wc -c < "$scratch/without/model.safetensors")))
[ "$more" -gt 30000 ] && [ "$more" -lt 36000 ] || fail "knowing costs $more bytes"
finish
