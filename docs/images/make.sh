#!/bin/sh
# Makes docs/images/slices.png: synthetic slices with the outline of each bleed, as `haemnet phantom` draws them; with MODEL also what was predicted.
# Not part of any build: run by hand when the picture should change, from the project's root. Needs Debian's python3-pil.
#
#   make all && sh docs/images/make.sh [HAEMNET] [FOLDER] [MODEL]     default: build/haemnet build/picture, no model
#
# What is in FOLDER already is used again. The seed is fixed: the same library makes the same picture.
set -eu
haemnet=${1:-build/haemnet} work=${2:-build/picture} model=${3:-}
mkdir -p "$work"
[ -e "$work/data/manifest.csv" ] || "$haemnet" phantom --out "$work/data" --patients 60 --size 256 --seed 0
/usr/bin/python3 docs/images/sheet.py docs/images/slices.png "$haemnet" "$work/data" $model
