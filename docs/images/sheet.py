"""Draws the contact sheet of make.sh: python3 sheet.py OUT.png HAEMNET DATA [MODEL]

A column for each type of bleed: the slice with most of it of the first two patients who have it (by the manifest's order, not by looks), then a patient
without any. Outlines are the lesion masks'. With MODEL, `haemnet predict` is asked and its probability written below, green if its class is the manifest's."""
import csv
import json
import pathlib
import subprocess
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

TILE, BAND = 150, 15
TYPES = ["epidural", "subdural", "intraparenchymal", "intraventricular", "subarachnoid"]
LESION, TEXT, RIGHT, WRONG = (255, 176, 0), (200, 200, 200), (90, 200, 120), (240, 80, 80)


def choose(rows):
    """Three rows of five: manifest rows."""
    patients = {}
    for row in rows:
        patients.setdefault(row["patient"], []).append(row)
    sheet, used = [[], [], []], set()
    for kind in TYPES:
        have = [p for p, own in patients.items() if any(r["types"] == kind for r in own) and p not in used][:2]
        for line, patient in enumerate(have):
            used.add(patient)
            sheet[line].append(max((r for r in patients[patient] if r["types"] == kind), key=lambda r: float(r["volume_ml"])))
    none = [own for own in patients.values() if not any(r["types"] for r in own)][: len(TYPES)]
    sheet[2] = [own[2 + i] for i, own in enumerate(none)]
    return sheet


def tile(data, row, verdict):
    image = Image.open(data / row["file"]).convert("L").resize((TILE, TILE), Image.BILINEAR).convert("RGB")
    mask = Image.open(data / row["mask"]).convert("L").resize((TILE, TILE), Image.BILINEAR).point(lambda v: 255 if v > 127 else 0)
    image.paste(LESION, mask=ImageChops.subtract(mask.filter(ImageFilter.MaxFilter(3)), mask))
    out = Image.new("RGB", (TILE, TILE + BAND))
    out.paste(image, (0, 0))
    text, colour = row["types"] or "no bleed", TEXT
    if verdict:
        text = f"{text[:14]}: {verdict['probabilities']['haemorrhage']:.2f}"
        colour = RIGHT if verdict["class"] == row["label"] else WRONG
    ImageDraw.Draw(out).text((3, TILE + 1), text, fill=colour, font=ImageFont.load_default())
    return out


def main():
    target, haemnet, data = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with open(data / "manifest.csv", newline="", encoding="utf-8") as file:
        lines = choose(list(csv.DictReader(file)))
    verdicts = {}
    if len(sys.argv) > 4:
        files = [str(data / row["file"]) for line in lines for row in line]
        done = subprocess.run([haemnet, "predict", sys.argv[4], *files, "--json"], check=True, capture_output=True, text=True)
        verdicts = {v["file"]: v for v in map(json.loads, done.stdout.splitlines())}
    sheet = Image.new("RGB", (len(TYPES) * TILE, len(lines) * (TILE + BAND)))
    for y, line in enumerate(lines):
        for x, row in enumerate(line):
            sheet.paste(tile(data, row, verdicts.get(str(data / row["file"]))), (x * TILE, y * (TILE + BAND)))
    sheet.quantize(96, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target}: {pathlib.Path(target).stat().st_size} bytes")


main()
