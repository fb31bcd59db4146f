#!/usr/bin/env python3
"""How many images that are no head-CT slice a model of real slices flags, and how many slices of people it has never seen.

Run by hand, with Pillow and numpy (pydicom for other body parts):  python3 tests/bench/familiarity.py BUILD [SCRATCH]

Needs the folder of real data (HAEMNET_SHARED, else ../shared/data). For three seeds, trains one epoch on two thirds of each set, divided by patient, and predicts the
rest and the strange images. Nothing is asserted: docs/familiarity.md holds the table. What an epoch teaches does not matter to the flag.
"""
import collections
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import warnings

import numpy as np
from PIL import Image, ImageFilter, ImageOps

warnings.simplefilter("ignore")
BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
SCRATCH = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else BUILD + "/familiarity")
DATA = pathlib.Path(os.environ.get("HAEMNET_SHARED") or "../shared/data").resolve()
SEEDS, EDGE = 3, 256


def noises(draw):
    """Ten of each of eight kinds."""
    for i in range(80):
        size, kind = int(draw.choice([64, 128, 256])), i % 8
        if kind == 0:
            a = draw.integers(0, 256, (size, size, 3))
        elif kind == 1:
            a = draw.normal(128, draw.uniform(5, 60), (size, size))
        elif kind == 2:
            a = draw.integers(0, 2, (size, size)) * 255
        elif kind == 3:
            a = (draw.random((size, size)) < draw.uniform(0.01, 0.1)) * 255
        elif kind == 4:  # 1 / f^a: clouds
            spectrum, across = np.fft.fft2(draw.normal(size=(size, size))), np.fft.fftfreq(size)
            radius = np.hypot(across[:, None], across)
            radius[0, 0] = 1
            a = np.fft.ifft2(spectrum / radius ** draw.uniform(0.5, 2)).real
            a = (a - a.min()) / np.ptp(a) * 255
        elif kind == 5:
            a = draw.integers(0, 256, (size, size))
        elif kind == 6:
            a = draw.exponential(draw.uniform(5, 50), (size, size))
        else:
            a = np.kron(draw.integers(0, 256, (8, 8)), np.ones((size // 8, size // 8)))
        yield "noise", Image.fromarray(np.clip(a, 0, 255).astype("uint8"))


def plain(draw):
    """Blanks, slopes, chequers, discs: ten of each."""
    y, x = np.mgrid[:200, :200]
    for i in range(50):
        kind = i % 5
        if kind == 0:
            a = np.full((200, 200), int(draw.choice([0, 255, draw.integers(0, 256)])))
        elif kind == 1:
            a = np.full((200, 200, 3), draw.integers(0, 256, 3))
        elif kind == 2:
            turn = draw.uniform(0, 6.3)
            a = np.cos(turn) * x + np.sin(turn) * y
            a = (a - a.min()) / np.ptp(a) * 255
        elif kind == 3:
            side = int(draw.integers(3, 60))
            a = ((x // side + y // side) % 2) * int(draw.integers(80, 256))
        else:
            a = ((x - 100) ** 2 + (y - 100) ** 2 < draw.uniform(20, 95) ** 2) * int(draw.integers(60, 256))
        yield "blank, slope, chequers, disc", Image.fromarray(a.astype("uint8"))


def files():
    for path in sorted(DATA.glob("odd-images/**/*.*")) + sorted(DATA.glob("pngsuite/primary/*.png")):
        try:
            image = Image.open(path)
            if max(image.size) <= 3000:
                yield "photographs and pictures of decoders' tests", flat(image)
        except Exception:  # many are broken on purpose
            continue


def other_scans():
    """Of any modality, as a viewer would show them: first to last percentile."""
    try:
        import pydicom
    except ImportError:
        return
    for path in sorted(DATA.glob("dicom/misc/**/*")):
        try:
            a = pydicom.dcmread(path, force=True).pixel_array.astype(float)
            while a.ndim > 3 or (a.ndim == 3 and a.shape[-1] not in (3, 4)):
                a = a[a.shape[0] // 2]
            low, high = np.percentile(a, [1, 99])
            yield "other scans", Image.fromarray((np.clip((a - low) / max(high - low, 1e-9), 0, 1) * 255).astype("uint8"))
        except Exception:
            continue


def flat(image):
    image.load()
    if image.mode in ("I", "I;16", "F"):
        a = np.asarray(image, dtype=float)
        return Image.fromarray(((a - a.min()) / max(np.ptp(a), 1e-9) * 255).astype("uint8"))
    return image.convert("RGB")


def spoilt(image, draw):
    """What can be done to a head so that it is none."""
    head = flat(image).convert("L")
    square = head.resize((EDGE, EDGE), Image.BILINEAR)
    a = np.asarray(square, dtype=float)
    width, height = head.size
    yield "inverted", ImageOps.invert(head)
    yield "edges", square.filter(ImageFilter.FIND_EDGES)
    yield "gradient", Image.fromarray(np.clip(2 * np.hypot(*np.gradient(a)), 0, 255).astype("uint8"))
    small = Image.new("L", head.size)
    small.paste(head.resize((max(1, width // 3), max(1, height // 3)), Image.BILINEAR), (width // 3, height // 3))
    yield "shrunk to a third", small
    yield "corner", head.crop((0, 0, width // 3, height // 3))
    yield "middle", head.crop((width // 3, height // 3, 2 * width // 3, 2 * height // 3))
    yield "left half alone", Image.fromarray(np.where(np.arange(EDGE) < EDGE // 2, a, 0).astype("uint8"))
    yield "four of it", Image.fromarray(np.tile(np.asarray(square.resize((EDGE // 2, EDGE // 2))), (2, 2)))
    yield "two levels", ImageOps.posterize(head, 1)
    tiles = a.reshape(8, 32, 8, 32).transpose(0, 2, 1, 3).reshape(64, 32, 32)[draw.permutation(64)]
    yield "shuffled", Image.fromarray(tiles.reshape(8, 8, 32, 32).transpose(0, 2, 1, 3).reshape(EDGE, EDGE).astype("uint8"))
    yield "blurred", square.filter(ImageFilter.GaussianBlur(20))
    yield "90 levels brighter", head.point(lambda v: min(255, v + 90))
    yield "strong noise added", Image.fromarray(np.clip(a + draw.normal(0, 50, a.shape), 0, 255).astype("uint8"))
    yield "turned by 90 degrees", head.rotate(90)
    yield "upside down", ImageOps.flip(head)


def write_strange(name, rows):
    """PNG files of all strange images; [(kind, path)]."""
    draw, out = np.random.default_rng(1), []
    folder = SCRATCH / name / "strange"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [*noises(draw), *plain(draw), *files(), *other_scans()]
    for path, _, _ in rows[::max(1, len(rows) // 25)]:
        sources += spoilt(Image.open(path), draw)
    for i, (kind, image) in enumerate(sources):
        path = folder / f"{i}.png"
        image.info.clear()
        image.save(path)
        out.append((kind, str(path)))
    return out


def read_sets():
    heads = [(str(p), p.parent.name, p.stem) for p in sorted(DATA.glob("head-ct-200/*/*.png"))]
    yield "head-ct-200", heads
    rows = csv.DictReader(open(DATA / "ct-ich/manifest.csv", encoding="utf-8"))
    yield "ct-ich", [(str(DATA / "ct-ich" / r["file"]), ("no_", "")[int(r["hemorrhage"])] + "haemorrhage", r["patient"]) for r in rows]


def predict(model, paths):
    """Flag of each image that could be read."""
    out = {}
    for i in range(0, len(paths), 200):
        text = subprocess.run([f"{BUILD}/haemnet", "predict", model, "--json", *paths[i:i + 200]], stdout=subprocess.PIPE, check=False).stdout
        out.update((r["file"], r["unfamiliar"]) for r in map(json.loads, text.splitlines()) if r["error"] is None)
    return out


def train(name, rows, seed, options):
    """Model and held-out files: a third of the patients."""
    patients = sorted({patient for _, _, patient in rows})
    random.Random(seed).shuffle(patients)
    held_out = set(patients[:len(patients) // 3])
    run = SCRATCH / name / f"seed-{seed}"
    run.mkdir(parents=True, exist_ok=True)
    with open(run / "train.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["file", "label", "patient"])
        writer.writerows(r for r in rows if r[2] not in held_out)
    subprocess.run([f"{BUILD}/haemnet", "train", str(run / "train.csv"), "--epochs", "1", "--out", str(run / "run"), "--quiet", *options], check=True,
                   stdout=subprocess.DEVNULL)
    return str(run / "run/model.safetensors"), [path for path, _, patient in rows if patient in held_out]


def main():
    options = sys.argv[3:]
    for name, rows in read_sets():
        strange, flags = write_strange(name, rows), collections.defaultdict(list)
        for seed in range(SEEDS):
            model, held_out = train(name, rows, seed, options)
            heads = predict(model, held_out)
            found = predict(model, [path for _, path in strange])
            print(f"{name}, seed {seed}: trained on {len(rows) - len(held_out)}, held-out heads flagged {sum(heads.values())} of {len(heads)}, "
                  f"strange images flagged {sum(found.values())} of {len(found)}", flush=True)
            for kind, path in strange:
                if path in found:
                    flags[kind].append(found[path])
        for kind, hits in flags.items():
            print(f"    {kind}: {sum(hits)} of {len(hits)} ({100 * sum(hits) / len(hits):.1f} %)")
    return 0


sys.exit(main())
