#!/bin/sh
# What a network takes in: the contact sheet; crop, filters, windows, slices and measured mean in training, in the model file and in prediction.
. tests/cli/common.sh

small "$scratch/data" || exit 1

sheet() { name=$1; shift; "$H" preview "$scratch/data" --out "$scratch/$name.png" --size 32 --images 3 --versions 2 --seed 1 "$@"; }
expect 0 sheet plain
says "$scratch/out" "plain.png: 3 images"
expect 0 sheet usual --augment usual
says "$scratch/out" "3 images, augmented"
expect 0 sheet again --augment usual --threads 3
same "$scratch/usual.png" "$scratch/again.png"
expect 0 sheet seed --augment usual --seed 2
expect 0 sheet mixed --augment usual,mixup,cutmix,cutout=1,noise=0.1,rotate=30
expect 0 sheet cropped --augment usual --crop-head --median 3 --gaussian 0.7 --size 48
expect 0 sheet stripped --augment usual --strip-skull --crop-head --median 3 --gaussian 0.7 --size 48
run=$((run + 1))
cmp -s "$scratch/cropped.png" "$scratch/stripped.png" && fail "with and without skull, the same sheet"
run=$((run + 1))
cmp -s "$scratch/usual.png" "$scratch/seed.png" && fail "another seed, the same sheet"
run=$((run + 1))
cmp -s "$scratch/usual.png" "$scratch/mixed.png" && fail "other augmentation, the same sheet"
expect 1 sheet bad --augment flip=2
says "$scratch/err" "flip is 2, must be 0"
expect 1 sheet bad --augment cutmix=1e-309
says "$scratch/err" "must be 0 or 1e-06"
expect 0 sheet alone --slices 3
says "$scratch/err" "neighbouring slices are not shown"
python "the sheets' size and pixels" "$scratch" <<'PY'
import struct, sys, zlib
def read(name):
    data = open(sys.argv[1] + "/" + name + ".png", "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels = 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b"IHDR":
            w, h, depth, colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            pixels += body
        at += 12 + n
    assert depth == 8 and colour == 2
    raw, rows, before = zlib.decompress(pixels), [], bytes(3 * w)
    for y in range(h):
        kind, line = raw[y * (3 * w + 1)], bytearray(raw[y * (3 * w + 1) + 1:(y + 1) * (3 * w + 1)])
        for x in range(3 * w):
            a, b, c = (line[x - 3] if x >= 3 else 0), before[x], (before[x - 3] if x >= 3 else 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = (line[x] + (0, a, b, (a + b) // 2, paeth)[kind]) % 256
        rows.append(bytes(line))
        before = rows[-1]
    return w, h, rows
w, h, rows = read("usual")
tile, gap, edge, line = 192, 12, 24, 24
assert w == 2 * edge + 3 * tile + 2 * gap
originals, seen = tile + 4 + 2 * line + gap, line + tile + gap
assert h == 2 * edge + originals + 3 * seen, h
assert read("plain")[:2] == (w, h - 2 * seen)
square = lambda rows, y, i: [r[3 * (edge + i * (tile + gap)):3 * (edge + i * (tile + gap) + tile)] for r in rows[y:y + tile]]
for i in range(3):  # the same slice four times, and no two alike
    tiles = [square(rows, edge, i)] + [square(rows, edge + originals + k * seen + line, i) for k in range(3)]
    assert len({b"".join(t) for t in tiles}) == 4
    assert all(max(max(r) for r in t) > 150 for t in tiles)
caption = [r for r in rows[edge + tile + 4:edge + originals]]
assert min(min(r) for r in caption) == 0, "no text"
assert all(set(r) == {255} for r in rows[:edge])
PY

# A file that cannot be read is left out, and said; or with --strict an error.
mkdir -p "$scratch/two/a" "$scratch/two/b"
cp "$scratch/data/images/p0000_s00.png" "$scratch/two/a/1.png"
echo none > "$scratch/two/b/1.png"
expect 0 "$H" preview "$scratch/two" --out "$scratch/two.png" --group none
says "$scratch/err" "left out"
says "$scratch/out" "1 images"
expect 1 "$H" preview "$scratch/two" --out "$scratch/two.png" --group none --strict
expect 1 "$H" preview "$scratch/two/b" --out "$scratch/two.png"

# Training with all of it: what the model file says, the same bytes for any threads, and prediction of a series as of the data set.
train() { "$H" train --recipe thesis "$scratch/data" --epochs 2 --size 32 --hidden 4 --batch 8 --seed 5 --channels 1 --slices 3 --strip-skull --crop-head --median 3 --gaussian 0.8 --normalise "$@"; }
expect 0 train --out "$scratch/run"
says "$scratch/err" "channel 2: mean 0."
expect 0 train --out "$scratch/again" --threads 3 --quiet
same "$scratch/run/last.safetensors" "$scratch/again/last.safetensors"
expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --size 32 --hidden 4 --batch 8 --seed 5 --channels 1 --slices 3 --strip-skull --crop-head --median 3 --gaussian 0.8 --normalise \
    --out "$scratch/resumed" --quiet
expect 0 train --out "$scratch/resumed" --quiet --resume
same "$scratch/run/last.safetensors" "$scratch/resumed/last.safetensors"
expect 0 "$H" inspect "$scratch/run/model.safetensors"
says "$scratch/out" "input: 3 neighbouring slices, skull stripped, cropped to the head, margin 0.05, median filter 3×3 px, Gaussian filter sigma 0.8 px"
expect 0 "$H" inspect "$scratch/run/model.safetensors" --json
python "metadata" "$scratch/out" "$scratch/run/run.json" <<'PY'
import json, sys
p = json.load(open(sys.argv[1]))["metadata"]["preprocessing"]
assert p["slices"] == 3 and p["strip_skull"] is True and p["crop_head"] == 0.05 and p["median"] == 3 and p["gaussian"] == 0.8 and p["channels"] == 3
assert all(0.05 < m < 0.9 for m in p["mean"]) and all(0.05 < d < 0.6 for d in p["deviation"])
o = json.load(open(sys.argv[2]))["options"]
assert o["slices"] == 3 and o["strip_skull"] is True and o["crop_head"] is True and o["normalise"] is True and o["strict"] is False and o["channels"] == 3
PY
expect 0 "$H" predict "$scratch/run/model.safetensors" "$scratch"/data/images/p0000_s0*.png --json
mv "$scratch/out" "$scratch/alone"
expect 0 "$H" predict "$scratch/run/model.safetensors" "$scratch"/data/images/p0000_s0*.png --json --series
python "a series is not its slices alone" "$scratch/alone" "$scratch/out" <<'PY'
import json, sys
alone, series = ([json.loads(line) for line in open(p)] for p in sys.argv[1:3])
assert [a["file"] for a in alone] == [s["file"] for s in series] and len(series) == 4
assert any(a["probability"] != s["probability"] for a, s in zip(alone, series))
PY
echo none > "$scratch/none.png"
expect 3 "$H" predict "$scratch/run/model.safetensors" "$scratch/data/images/p0000_s00.png" "$scratch/none.png" "$scratch/data/images/p0000_s01.png" --series
says "$scratch/err" "none.png"

# Several windows want CT values, which these files are not; one is of no account to them.
expect 1 "$H" train "$scratch/data" --epochs 1 --size 32 --out "$scratch/windows" --windows brain,bone
says "$scratch/err" "bring CT values"
expect 0 "$H" train "$scratch/data" --epochs 1 --size 32 --out "$scratch/windows" --windows 80/200 --quiet
finish
