#!/bin/sh
# demo.sh BUILD - the whole path on invented patients: draws them, trains on some, and is judged on others that it has never seen, not even
# to choose the best epoch. Everything lands in BUILD/demo, which is made anew. About two minutes on two cores.
set -eu
build=${1:-build}
haemnet=$build/haemnet
demo=$build/demo
[ -x "$haemnet" ] || { echo "demo.sh: no program at $haemnet: run make all first" >&2; exit 1; }
rm -rf "$demo"
mkdir -p "$demo/predicted"
begin=$(date +%s)

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n%s\n' "$*"; }

step "1. Draws head-CT slices of 800 invented patients"
"$haemnet" phantom --out "$demo/data" --patients 800 --slices 4 --size 256 --bleed-share 0.7 --seed 1

step "2. Keeps a fifth of the patients for the examination"
"$haemnet" split "$demo/data" --manifest --ratios 0.8,0.2 --seed 1 --out "$demo/parts"

step "3. Trains on the others; a tenth of them chooses the best epoch"
"$haemnet" train "$demo/parts/train.csv" --holdout 0.1 --epochs 16 --batch 32 --ema 0.99 --strip-skull --crop-head \
    --augment flip,rotate=8,scale=0.05,shift=0.03,brightness=0.03,contrast=0.1 --seed 1 --out "$demo/run"

step "4. The examination: patients that the network has never seen"
"$haemnet" evaluate "$demo/run/model.safetensors" "$demo/parts/test.csv" --json "$demo/metrics.json" | tee "$demo/evaluation.txt"

step "5. The report: the same on one page, with what the network looked at; and whether it can be worked out again"
"$haemnet" report "$demo/run" "$demo/parts/test.csv"
"$haemnet" verify "$demo/run" "$demo/parts/test.csv" --quiet

step "6. What it says about single images"
tail -n +2 "$demo/parts/test.csv" | awk -F, 'NR % 27 == 1 { print $1 }' | head -24 > "$demo/files"
tr '\n' '\0' < "$demo/files" | xargs -0 "$haemnet" predict "$demo/run/model.safetensors" --json > "$demo/predictions.jsonl"
tr '\n' '\0' < "$demo/files" | xargs -0 "$haemnet" predict "$demo/run/model.safetensors" > "$demo/predictions.txt"
while IFS= read -r line; do
    file=${line%: *}
    said=${line##*: }
    said=${said%% *}
    truth=$(grep -F "$file," "$demo/parts/test.csv" | cut -d, -f2)
    [ "$said" = "$truth" ] && verdict=right || verdict=WRONG
    case $line in *": not like the training images"*) verdict=flagged said=nothing ;; esac
    printf '%-7s  %s\n' "$verdict" "${line#"$PWD"/}"
    cp "$file" "$demo/predicted/$verdict-said-$said-$(basename "$file")"
done < "$demo/predictions.txt"

step "7. Which part of them it looked at, and how often that was the bleed"
tr '\n' '\0' < "$demo/files" | xargs -0 "$haemnet" explain "$demo/run/model.safetensors" --manifest "$demo/data/manifest.csv" --masks "$demo/data/masks" \
    --overlay "$demo/explained" --side-by-side --json --quiet > "$demo/explained.jsonl"
"$haemnet" explain "$demo/run/model.safetensors" "$demo/parts/test.csv" --manifest "$demo/data/manifest.csv" --masks "$demo/data/masks" --curves 0 --steps 16 --quiet \
    > "$demo/explained.txt"
sed -n '/^Maps beside masks/,$p' "$demo/explained.txt"
rm "$demo/files"

step "Done in $(($(date +%s) - begin)) s. Look at:"
cat <<EOF
  $demo/data/images/           the invented slices; masks/ and manifest.csv beside them say where the blood is
  $demo/run/report.html        how good it is, on one page; model-card.md and evidence.json beside it
  $demo/predicted/             single images, named by what the network said of them
  $demo/explained/             the same, with what moved the verdict; explained.txt says how far to believe it (docs/explain.md)
  $demo/evaluation.txt         how good it is on unseen patients; metrics.json for programs
  $demo/run/history.csv        how it learned, epoch by epoch; run.json tells the rest
  $demo/run/model.safetensors  the network: $haemnet inspect $demo/run/model.safetensors

With images of your own, in a folder per class:
  $haemnet train FOLDER --out run && $haemnet predict run/model.safetensors IMAGE.png
EOF
