"""Draws the contact sheet of make.sh: python3 sheet.py HAEMNET FOLDER OUT.png

One slice of each of the first 15 patients of the test part, by a fixed rule, not by looks: the slice with the largest bleed, or the fourth from below where
there is none. Verdicts come from `haemnet predict`, outlines from the lesion masks."""
import csv
import json
import pathlib
import subprocess
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

TILE, BAND, COLUMNS, PATIENTS = 150, 15, 5, 15
LESION, RIGHT, WRONG = (255, 176, 0), (90, 200, 120), (240, 80, 80)


def chosen(work):
    """Rows of data/manifest.csv, one a test patient."""
    with open(work / "parts" / "test.csv", newline="", encoding="utf-8") as file:
        patients = list(dict.fromkeys(row["patient"] for row in csv.DictReader(file)))
    with open(work / "data" / "manifest.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for patient in patients[:PATIENTS]:
        own = [row for row in rows if row["patient"] == patient]
        yield max(own, key=lambda row: (float(row["slice_volume_ml"]), -abs(int(row["slice"]) - 3)))


def tile(work, row, verdict):
    image = Image.open(work / "data" / row["file"]).convert("L").resize((TILE, TILE), Image.BILINEAR).convert("RGB")
    mask = Image.open(work / "data" / row["mask"]).convert("L").resize((TILE, TILE), Image.BILINEAR).point(lambda v: 255 if v > 127 else 0)
    edge = ImageChops.subtract(mask.filter(ImageFilter.MaxFilter(3)), mask)
    image.paste(LESION, mask=edge)
    positive = verdict["probabilities"]["haemorrhage"]
    right = verdict["class"] == row["label"]
    out = Image.new("RGB", (TILE, TILE + BAND))
    out.paste(image, (0, 0))
    draw = ImageDraw.Draw(out)
    draw.text((3, TILE + 1), f"{'bleed' if row['label'] == 'haemorrhage' else 'none'}: said {positive:.2f}", fill=RIGHT if right else WRONG, font=ImageFont.load_default())
    return out


def main():
    haemnet, work, target = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    rows = list(chosen(work))
    files = [str(work / "data" / row["file"]) for row in rows]
    done = subprocess.run([haemnet, "predict", str(work / "run" / "model.safetensors"), *files, "--json"], check=True, capture_output=True, text=True)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    sheet = Image.new("RGB", (COLUMNS * TILE, (len(rows) + COLUMNS - 1) // COLUMNS * (TILE + BAND)))
    for i, (row, verdict) in enumerate(zip(rows, verdicts)):
        sheet.paste(tile(work, row, verdict), (i % COLUMNS * TILE, i // COLUMNS * (TILE + BAND)))
    sheet.quantize(96, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target}: {pathlib.Path(target).stat().st_size} bytes; {sum(v['class'] == r['label'] for v, r in zip(verdicts, rows))} of {len(rows)} right")


main()
