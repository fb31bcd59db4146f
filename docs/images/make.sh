#!/bin/sh
# Makes docs/images/slices.png: synthetic slices of patients that the network has not seen, the outline of each bleed, and what was predicted.
# Not part of any build: run by hand when the picture should change, from the project's root. Needs Debian's python3-pil.
#
#   make all && sh docs/images/make.sh [HAEMNET] [FOLDER]     default: build/haemnet build/picture
#
# What is in FOLDER already is used again. Seeds are fixed: the same library makes the same picture.
set -eu
haemnet=${1:-build/haemnet} work=${2:-build/picture}
mkdir -p "$work"
[ -e "$work/data/manifest.csv" ] || "$haemnet" phantom --out "$work/data" --patients 160 --size 256 --seed 0
[ -e "$work/parts/test.csv" ] || "$haemnet" split "$work/data" --manifest --seed 0 --out "$work/parts"
[ -e "$work/run/run.json" ] ||
    "$haemnet" train "$work/parts/train.csv" --test "$work/parts/test.csv" --channels 1 --lr 0.002 --epochs 25 --seed 0 --out "$work/run"
"$haemnet" evaluate "$work/run/model.safetensors" "$work/parts/test.csv"
/usr/bin/python3 docs/images/sheet.py "$haemnet" "$work" docs/images/slices.png
