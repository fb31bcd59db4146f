#!/usr/bin/python3
"""Writes the seeds of tests/fuzz/corpus/: small files made by formula, good ones and damaged ones. Run it from the project's root:

    python3 tests/fuzz/gen_corpus.py [SEEDS]

SEEDS is the program of seeds.c; without it the checkpoint is taken as it is. Files named find-* came out of fuzzing and are left alone. JPEG
seeds are written by Pillow 9.4.0 (Debian 12); everything else needs the standard library only, and is the same bytes on every machine."""
import base64
import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib

FOLDER = os.path.join("tests", "fuzz", "corpus")


def put(target, name, data):
    os.makedirs(os.path.join(FOLDER, target), exist_ok=True)
    with open(os.path.join(FOLDER, target, name), "wb") as out:
        out.write(data)


def damaged(target, name, data, seed, cuts=2, flips=4):
    """A file cut short, and with bytes changed, always in the same places."""
    dice = random.Random(seed)
    stem, end = name.rsplit(".", 1)
    for i in range(cuts):
        put(target, f"{stem}-cut{i}.{end}", data[:dice.randrange(1, len(data))])
    for i in range(flips):
        bad = bytearray(data)
        for _ in range(1 + i):
            bad[dice.randrange(len(bad))] = dice.choice([0, 1, 127, 128, 255, dice.randrange(256)])
        put(target, f"{stem}-flip{i}.{end}", bytes(bad))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, rows, extra=b"", interlace=0):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def rows_of(width, height, depth, channels, kind=0):
    size = (width * depth * channels + 7) // 8
    return b"".join(bytes([(kind + y) % 5 if kind else 0]) + bytes((x * 7 + y * 13) & 255 for x in range(size)) for y in range(height))


def images():
    for colour, channels, depth in ((0, 1, 1), (0, 1, 4), (0, 1, 8), (0, 1, 16), (2, 3, 8), (2, 3, 16), (4, 2, 8), (6, 4, 8), (6, 4, 16)):
        put("image", f"png-{colour}-{depth}.png", png(6, 5, depth, colour, rows_of(6, 5, depth, channels, kind=1)))
    palette = chunk(b"PLTE", bytes(range(24))) + chunk(b"tRNS", b"\x00\x80")
    good = png(6, 5, 4, 3, rows_of(6, 5, 4, 1), extra=palette)
    put("image", "png-palette.png", good)
    damaged("image", "png-palette.png", good, 1)
    damaged("image", "png-rgb.png", png(6, 5, 8, 2, rows_of(6, 5, 8, 3, kind=1)), 2, flips=8)
    put("image", "png-interlaced.png", png(1, 1, 8, 0, b"\x00\x40", interlace=1))
    put("image", "png-huge.png", png(60000, 60000, 8, 6, b""))
    put("image", "png-zero.png", png(0, 5, 8, 0, b"\x00"))
    put("image", "png-bomb.png", png(4, 4, 8, 0, b"\x00" * 200000))
    put("image", "png-empty.png", b"\x89PNG\r\n\x1a\n")
    for kind, channels, most in ((b"P5", 1, 255), (b"P6", 3, 255), (b"P5", 1, 65535), (b"P5", 1, 15)):
        data = kind + b"\n# a comment\n5 4\n%d\n" % most + bytes((i * 11) % (most + 1 if most < 256 else 256) for i in range(20 * channels * (2 if most > 255 else 1)))
        name = f"pnm-{kind.decode()}-{most}.pnm"
        put("image", name, data)
        damaged("image", name, data, most, cuts=1, flips=2)
    put("image", "pnm-huge.pnm", b"P6 99999 99999 255\n")
    put("image", "pnm-long.pnm", b"P5 " + b"0" * 50 + b"1 1 255\n\x00")
    for bits, step in ((24, 20), (8, 8), (32, 24)):
        table = b"".join(bytes((i, i, i, 0)) for i in range(256)) if bits == 8 else b""
        head = struct.pack("<IiiHHIIiiII", 40, 6, 4 if bits != 32 else -4, 1, bits, 0, step * 4, 2835, 2835, 0, 0)
        data = b"BM" + struct.pack("<IHHI", 54 + len(table) + step * 4, 0, 0, 54 + len(table)) + head + table + bytes((i * 5) & 255 for i in range(step * 4))
        put("image", f"bmp-{bits}.bmp", data)
        damaged("image", f"bmp-{bits}.bmp", data, bits, cuts=1, flips=3)
    jpegs()
    for name, magic in (("gif", b"GIF89a"), ("tiff", b"II*\x00"), ("dicom", b"\0" * 128 + b"DICM"), ("empty", b""), ("text", b"this is no image\n")):
        put("image", "other-" + name, magic)


def jpegs():
    try:
        from PIL import Image
    except ImportError:
        print("no Pillow: the JPEG seeds are left as they are")
        return
    picture = Image.frombytes("RGB", (17, 11), bytes((i * 7 + i // 51 * 13) & 255 for i in range(17 * 11 * 3)))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    for name, image, options in (("grey", picture.convert("L"), {}), ("rgb", picture, {"subsampling": 0}), ("wide", picture, {"subsampling": 2, "exif": exif}),
                                 ("progressive", picture, {"progressive": True, "quality": 30}), ("restart", picture, {"quality": 10, "restart_marker_blocks": 1})):
        out = io.BytesIO()
        image.save(out, "JPEG", **options)
        put("image", f"jpeg-{name}.jpg", out.getvalue())
        damaged("image", f"jpeg-{name}.jpg", out.getvalue(), len(name), cuts=1, flips=3)


def container(tensors, metadata, order=None, spoil=None):
    """A safetensors file: name → (dtype, shape, bytes)."""
    header, at, data = {}, 0, b""
    if metadata is not None:
        header["__metadata__"] = {"haemnet": metadata if isinstance(metadata, str) else json.dumps(metadata, separators=(",", ":"))}
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(content)]}
        at, data = at + len(content), data + content
    if spoil:
        spoil(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def floats(*shape):
    n = 1
    for d in shape:
        n *= d
    return "F32", list(shape), struct.pack(f"<{n}f", *(((i * 37) % 19 - 9) / 16 for i in range(n)))


def conv(name, source, filters):
    return {"op": "conv2d", "name": name, "in": [source], "filters": filters, "kernel": [3, 3], "stride": [1, 1], "padding": [1, 1], "dilation": [1, 1],
            "groups": 1, "bias": True}


def pool(op, name, source, **more):
    return dict({"op": op, "name": name, "in": [source], "kernel": [2, 2], "stride": [2, 2], "padding": [0, 0]}, **more)


def metadata(graph, classes=("a", "b"), **more):
    size = {"width": 8, "height": 8, "channels": 1, "resize": "pillow-bilinear", "windows": [[40, 80]], "mean": [0], "deviation": [1]}
    base = {"format": 1, "library": "0.1.0", "preset": "", "task": "single", "classes": list(classes), "positive": "a", "threshold": 0.5, "seed": "2",
            "preprocessing": size, "graph": graph, "logits": len(graph), "provenance": {"note": "made by formula"}}
    return dict(base, **more)


def every_layer():
    graph = [conv("c", 0, 2), {"op": "batch_norm", "name": "n", "in": [1], "epsilon": 1e-5, "momentum": 0.1},
             {"op": "activation", "name": "r", "in": [2], "function": "relu"}, {"op": "add", "name": "s", "in": [1, 3]},
             pool("max_pool2d", "m", 4), pool("avg_pool2d", "v", 5, exclude_padding=True), {"op": "dropout", "name": "d", "in": [6], "rate": 0.25},
             {"op": "global_avg_pool", "name": "g", "in": [7]}, {"op": "flatten", "name": "f", "in": [8]},
             {"op": "dense", "name": "o", "in": [9], "features": 2, "bias": True}]
    weights = {"c.weight": floats(2, 1, 3, 3), "c.bias": floats(2), "n.weight": floats(2), "n.bias": floats(2), "n.running_mean": floats(2),
               "n.running_var": ("F32", [2], struct.pack("<2f", 1, 2)), "o.weight": floats(2, 2), "o.bias": floats(2)}
    return graph, weights


def familiarity(first=100.0, **wrong):
    """What a model knows of its training images: statistics about 100, each by itself."""
    n, numbers = 109, []
    for row in range(n):
        numbers += [0.0] * row + [1.0]
    packed = struct.pack(f"<{2 * n + len(numbers)}f", first, *([100.0] * (n - 1) + [2.0] * n + numbers))
    return dict({"kind": 1, "rows": 40, "patients": 20, "folds": 10, "share": 0.975, "shrinkage": 0.5, "limit": 1.5,
                 "numbers": base64.b64encode(packed).decode()}, **wrong)


def traces(pixels=(3, 5), patients=(7,), **wrong):
    """What a model keeps of the images of a part: hashes of file and pixels, signs of the look, and hashes of patients."""
    images = b"".join(struct.pack("<QQ", 9, number) + bytes(range(72)) for number in pixels)
    return dict({"rows": len(pixels), "traces": len(pixels), "patients": len(patients), "patients_known": True, "patients_whole": True,
                 "images": base64.b64encode(images).decode(), "groups": base64.b64encode(struct.pack(f"<{len(patients)}Q", *patients)).decode()}, **wrong)


def models():
    dense = [{"op": "flatten", "name": "f", "in": [0]}, {"op": "dense", "name": "d", "in": [1], "features": 2, "bias": True}]
    weights = {"d.weight": floats(2, 64), "d.bias": floats(2)}
    graph, more = every_layer()
    good, full = container(weights, metadata(dense)), container(more, metadata(graph, preset=""))
    put("model", "dense.safetensors", good)
    put("model", "every-layer.safetensors", full)
    put("model", "multi.safetensors", container(weights, metadata(dense, task="multi", positive=None)))
    damaged("model", "dense.safetensors", good, 3, cuts=3, flips=8)
    damaged("model", "every-layer.safetensors", full, 4, cuts=2, flips=8)
    tiny = {f"conv_block_{b}.{i}.{p}": floats(1, 1, 3, 3) if p == "weight" else floats(1) for b in (1, 2) for i in (0, 2) for p in ("weight", "bias")}
    tiny.update({"classifier.1.weight": floats(2, 4), "classifier.1.bias": floats(2)})
    put("model", "state-dict.safetensors", container(tiny, None))
    put("model", "nan.safetensors", container(dict(weights, **{"d.bias": ("F32", [2], struct.pack("<2f", float("nan"), 0))}), metadata(dense)))
    put("model", "half.safetensors", container(dict(weights, **{"d.bias": ("F16", [2], b"\0\0\0\0")}), metadata(dense)))
    put("model", "stranger.safetensors", container(dict(weights, x=floats(3)), metadata(dense)))
    put("model", "familiar.safetensors", container(weights, metadata(dense, familiarity=familiarity())))
    put("model", "familiar-nan.safetensors", container(weights, metadata(dense, familiarity=familiarity(first=float("nan")))))
    for name, wrong in (("kind", {"kind": 2}), ("folds", {"folds": 21}), ("limit", {"limit": 0}), ("short", {"numbers": "AAAA"})):
        put("model", f"familiar-{name}.safetensors", container(weights, metadata(dense, familiarity=familiarity(**wrong))))
    kept = container(weights, metadata(dense, training_set=traces(), tuning_set=traces(pixels=(4,))))
    put("model", "traces.safetensors", kept)
    damaged("model", "traces.safetensors", kept, 10, cuts=1, flips=8)
    for name, wrong in (("order", {"pixels": (5, 3)}), ("unknown", {"pixels": (0, 3)}), ("twice", {"patients": (7, 7)}), ("more", {"traces": 3}),
                        ("rows", {"rows": 1}), ("known", {"patients_known": 1}), ("short", {"images": "AAAA"}), ("text", {"groups": "?" * 12})):
        put("model", f"traces-{name}.safetensors", container(weights, metadata(dense, tuning_set=traces(**wrong))))
    put("model", "header-4gib.safetensors", struct.pack("<Q", 1 << 32) + good[8:200])
    put("model", "header-endless.safetensors", struct.pack("<Q", (1 << 64) - 1) + b"{}")
    put("model", "overlap.safetensors", container(weights, metadata(dense), spoil=lambda h: h["d.bias"].update(data_offsets=[0, 8])))
    put("model", "huge-shape.safetensors", container(weights, metadata(dense), spoil=lambda h: h["d.bias"].update(shape=[1 << 62, 1 << 62])))
    put("model", "beyond.safetensors", container(weights, metadata(dense), spoil=lambda h: h["d.bias"].update(data_offsets=[0, 1 << 60])))
    put("model", "deep.safetensors", struct.pack("<Q", 4000) + b'{"a":' + b"[" * 3995)
    for name, change in (("huge-dense", {"features": 1 << 30}), ("negative", {"features": -2}), ("loop", {"in": [2]}), ("unknown", {"op": "transformer"})):
        put("model", f"graph-{name}.safetensors", container(weights, metadata([dense[0], dict(dense[1], **change)])))
    for name, change in (("format", {"format": 99}), ("classes", {"classes": ["a", "a"]}), ("positive", {"positive": "c"}), ("threshold", {"threshold": 2}),
                         ("logits", {"logits": 7}), ("endless", {"graph": dense * 20})):
        put("model", f"metadata-{name}.safetensors", container(weights, dict(metadata(dense), **change)))
    part = {"rows": 40, "groups": 9, "digest": "0123456789abcdef" * 4}
    choice = dict({"rule": "cost", "value": 5, "class": 0, "sensitivity": 0.9, "specificity": 0.8, "positives": 11}, **part)
    platt = dict({"method": "platt", "scale": [0.5, 0.5], "shift": [0.25, 0], "unfitted": "0", "log_loss_before": 0.7, "log_loss_after": None}, **part)
    found = container(weights, metadata(dense, threshold_choice=dict(choice, patients_by="top-mean", top=3), calibration=platt))
    put("model", "calibrated.safetensors", found)
    damaged("model", "calibrated.safetensors", found, 9, cuts=1, flips=8)
    for name, change in (("scale", {"scale": [0.5]}), ("scales", {"scale": [0.5, 0.25]}), ("zero", {"scale": [0, 0]}), ("shift", {"shift": [1e300, 0]}),
                         ("method", {"method": "isotonic"}), ("digest", {"digest": "12"}), ("rows", {"rows": -1}), ("unfitted", {"unfitted": "x"})):
        put("model", f"calibration-{name}.safetensors", container(weights, metadata(dense, calibration=dict(platt, **change))))
    for name, change in (("rule", {"rule": "luck"}), ("class", {"class": 2}), ("positives", {"positives": 41}), ("value", {"value": None})):
        put("model", f"choice-{name}.safetensors", container(weights, metadata(dense, threshold_choice=dict(choice, **change))))
    side = dict(metadata(dense)["preprocessing"], width=16777216, height=16777216)
    put("model", "metadata-side.safetensors", container(weights, metadata(dense, preprocessing=side)))


def checkpoints(program):
    path = os.path.join(FOLDER, "checkpoint", "good.safetensors")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if program:
        subprocess.run([program, path], check=True)
    with open(path, "rb") as file:
        good = file.read()
    damaged("checkpoint", "good.safetensors", good, 5, cuts=2, flips=6)
    put("checkpoint", "other-epochs.safetensors", good.replace(b'\\"epochs\\":1', b'\\"epochs\\":9'))
    put("checkpoint", "huge-step.safetensors", good.replace(b'\\"step\\":1', b'\\"step\\":8'))
    put("checkpoint", "other-rate.safetensors", good.replace(b"0.001", b"0.002"))
    put("checkpoint", "other-model.safetensors", good.replace(b"0" * 64, b"1" * 64))
    put("checkpoint", "nan.safetensors", good[:-8] + struct.pack("<2f", float("nan"), float("inf")))
    put("checkpoint", "a-model.safetensors", container({}, metadata([])))


def manifests():
    rows = "".join(f"a/{i}.png,{'bleed' if i % 3 else 'clean'},p{i // 2},s,{i},{i % 3}\n" for i in range(12))
    good = "file,label,patient,study,slice,fold\n" + rows
    put("manifest", "plain.csv", good.encode())
    put("manifest", "bom-crlf.csv", b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())
    put("manifest", "quoted.csv", 'file,label\n"a, ""b"".png",x\n"c\nd.png","y"\n'.encode())
    put("manifest", "bits.csv", b"file,label\na.png,0\nb.png,1\nc.png,1.0\n")
    put("manifest", "several.csv", b"file,any,epidural\na1.png,0,0\nb2.png,1,1\nc3.png,1,0\nd4.png,0,1\n")
    put("manifest", "utf8.csv", "file,label\nä.png,Blutung\nö.png,\u00f1\n".encode())
    put("manifest", "no-column.csv", b"path,class\na,b\n")
    put("manifest", "twice.csv", b"file,file,label\na,b,c\n")
    put("manifest", "ragged.csv", b"file,label\na\nb,c,d\n")
    put("manifest", "open-quote.csv", b'file,label\n"a,b\n')
    put("manifest", "header-only.csv", b"file,label\n")
    put("manifest", "empty.csv", b"")
    put("manifest", "nul.csv", b"file,label\na\0b,c\n")
    put("manifest", "latin1.csv", b"file,label\n\xe4.png,c\n")
    put("manifest", "numbers.csv", b"file,label,slice\na,b,2147483648\n")
    put("manifest", "wide.csv", b"file,label" + b",x" * 300 + b"\n")
    put("manifest", "one-class.csv", b"file,label\na,b\nc,b\n")
    damaged("manifest", "plain.csv", good.encode(), 6, cuts=3, flips=8)


def jsons():
    texts = ['{"a":[1,2.5,-3e-7,true,false,null],"b":{"c":"d"}}', '"\\u00e4\\ud83d\\ude00\\n\\\\"', "[]", "{}", "0", "-0", "1e308", "1e309", "[1,]", "01",
             '{"a":1,"a":2}', '"\\ud800"', '"\\u0000"', "[" * 32 + "]" * 32, "[" * 33 + "]" * 33, "nul", '{"a"}', '"\t"', "9223372036854775807", "9223372036854775808",
             "4.9e-324", "0." + "3" * 400, "1" * 600, "{" * 10, '{"":{"":""}}', " \r\n\t[ 1 , 2 ] \n", '["' + "x" * 300 + '"]', "[0]x"]
    for i, text in enumerate(texts):
        put("json", f"text{i:02}.json", text.encode())
    put("json", "bytes.json", b'"\xff\xc0\x80"')
    put("json", "empty.json", b"")
    damaged("json", "text00.json", texts[0].encode(), 7, cuts=3, flips=8)


def builders():
    dice = random.Random(8)
    start = bytes([8, 8, 1, 0, 2, 0, 5, 1])  # width, height, channels, task, classes, positive, seed, plain options
    net = bytes([0, 0, 1, 2, 1, 0, 3, 1, 0, 1, 3, 1, 0, 1]) + bytes([1, 1, 2, 0, 2, 2, 0, 2, 2, 0]) + bytes([4, 2, 3, 2, 0])
    put("builder", "small", start + net + b"\x01")
    put("builder", "empty", b"")
    put("builder", "edges", bytes([240, 241, 242, 243, 244, 245, 246, 0]) + bytes(range(200, 256)))
    put("builder", "names", start + bytes([6, 0, 255, 1, 6, 0, 254, 1, 6, 0, 253, 1, 6, 0, 1, 1, 6, 1, 1, 1]))
    put("builder", "huge", start + bytes([4, 0, 1, 245, 0]) + bytes([4, 1, 2, 2, 0, 1]))
    for kind in range(10):
        put("builder", f"kind{kind}", start + b"".join(bytes([kind, i % 4]) + bytes(dice.randrange(256) for _ in range(9)) for i in range(6)))


def main():
    images()
    models()
    checkpoints(sys.argv[1] if len(sys.argv) > 1 else None)
    manifests()
    jsons()
    builders()
    sizes = [os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(FOLDER) for name in names]
    print(f"{len(sizes)} files, {sum(sizes)} bytes")


main()
