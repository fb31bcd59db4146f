#!/bin/sh
# import: a plain safetensors file with the thesis' names, as Python writes it → a model that predicts; what does not fit is refused.
. tests/cli/common.sh

small "$scratch/data" || exit 1
expect 0 "$H" train --recipe thesis "$scratch/data" --epochs 1 --out "$scratch/run" --seed 1
expect 0 "$H" inspect "$scratch/run/model.safetensors" --json
cp "$scratch/out" "$scratch/inspect.json"
says "$scratch/inspect.json" '"parameters": 8132'
python "strip the metadata" "$scratch/run/model.safetensors" "$scratch" <<'PY'
import json, struct, sys
source, here = sys.argv[1:]
raw = open(source, "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
assert "haemnet" in head["__metadata__"]
def write(path, entries):
    head, body = {}, b""
    for name, dtype, shape, content in entries:
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + body)
entries = [(k, v["dtype"], v["shape"], data[v["data_offsets"][0]:v["data_offsets"][1]]) for k, v in head.items() if k != "__metadata__"]
write(here + "/plain.safetensors", sorted(entries))
write(here + "/missing.safetensors", entries[1:])
write(here + "/nan.safetensors", [(k, d, s, b"\0\0\xc0\x7f" * (len(c) // 4)) for k, d, s, c in entries])
PY
import() { "$H" import "$@" --model tinyvgg --out "$scratch/imported.safetensors"; }
expect 1 "$H" predict "$scratch/plain.safetensors" "$scratch/data/images/p0000_s00.png"
says "$scratch/err" "import"
expect 0 import "$scratch/plain.safetensors" --classes haemorrhage,no_haemorrhage
says "$scratch/out" "8132 parameters"
expect 0 "$H" predict "$scratch/run/model.safetensors" "$scratch/data/images/p0000_s00.png" --json
cp "$scratch/out" "$scratch/one"
expect 0 "$H" predict "$scratch/imported.safetensors" "$scratch/data/images/p0000_s00.png" --json
python "an imported model says the same, but does not know what it was trained on" "$scratch/one" "$scratch/out" <<'PY'
import json, sys
one, other = (json.load(open(path)) for path in sys.argv[1:])
assert one.pop("novelty") < 2 and one.pop("unfamiliar") in (True, False)
assert other.pop("novelty") is None and other.pop("unfamiliar") is None and one == other
PY
expect 0 "$H" evaluate "$scratch/imported.safetensors" "$scratch/data" --json -
says "$scratch/out" '"positive": "haemorrhage"'
expect 0 import "$scratch/plain.safetensors" --classes subdural,epidural --task multi --threshold 0.3
expect 0 "$H" inspect "$scratch/imported.safetensors"
says "$scratch/out" "subdural"
# What the network was trained to take in is stored with it.
expect 0 import "$scratch/plain.safetensors" --slices 3 --strip-skull --crop-head --median 3 --mean 0.25 --deviation 0.5
python "preprocessing" "$scratch/imported.safetensors" <<'PY'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
head = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
given = json.loads(head["__metadata__"]["haemnet"])["preprocessing"]
assert given["slices"] == 3 and given["channels"] == 3 and given["median"] == 3 and given["crop_head"] == 0.05 and given["strip_skull"] is True, given
assert given["mean"] == [0.25] * 3 and given["deviation"] == [0.5] * 3, given
PY
expect 2 import "$scratch/plain.safetensors" --slices 2
expect 1 import "$scratch/plain.safetensors" --windows brain,bone
expect 1 import "$scratch/plain.safetensors" --classes a,b,c
expect 1 import "$scratch/plain.safetensors" --hidden 12
expect 1 import "$scratch/plain.safetensors" --size 48
expect 1 import "$scratch/missing.safetensors"
expect 1 import "$scratch/nan.safetensors"
# The weights under a new head: other classes and channels, half floats, and a list of what does not fit.
python "other files of weights" "$scratch/plain.safetensors" "$scratch" <<'PY'
import json, struct, sys
source, here = sys.argv[1:]
raw = open(source, "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
def write(path, entries):
    head, body = {}, b""
    for name, dtype, shape, content in entries:
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    text = json.dumps(head).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + body)
entries = [(k, v["dtype"], v["shape"], data[v["data_offsets"][0]:v["data_offsets"][1]]) for k, v in head.items()]
half = [(k, "F16", s, struct.pack(f"<{len(c) // 4}e", *struct.unpack(f"<{len(c) // 4}f", c))) for k, d, s, c in entries]
write(here + "/half.safetensors", half + [("num_batches_tracked", "I64", [], bytes(8))])
write(here + "/strange.safetensors", [e for e in entries if e[0] != "conv_block_2.0.bias"] + [("stranger", "F32", [2], bytes(8))])
PY
expect 0 import "$scratch/half.safetensors" --classes haemorrhage,no_haemorrhage
expect 0 import "$scratch/plain.safetensors" --backbone --classes a,b,c --channels 1
says "$scratch/out" "3 classes"
says "$scratch/err" "7 tensors taken, 0 of another float type, 1 adapted, 2 new, 0 left out; 0 missing, 0 misfits, 0 unexpected"
says "$scratch/err" "adapted     conv_block_1.0.weight [10, 1, 3, 3], in the file [10, 3, 3, 3]"
expect 0 import "$scratch/half.safetensors" --backbone --classes a,b,c --size 48
says "$scratch/err" "0 tensors taken, 8 of another float type, 0 adapted, 2 new, 1 left out"
expect 1 import "$scratch/strange.safetensors" --backbone
says "$scratch/err" "missing     conv_block_2.0.bias [10]"
says "$scratch/err" "unexpected  stranger [2]"
says "$scratch/err" "2 of 11 tensors do not fit; the first: conv_block_2.0.bias is not in the file"
expect 0 import "$scratch/strange.safetensors" --backbone --partial
expect 2 import "$scratch/plain.safetensors" --partial
expect 0 "$H" train "$scratch/data" --preset tinyvgg --backbone "$scratch/run/model.safetensors" --channels 1 --freeze conv_block --epochs 1 --out "$scratch/tuned"
says "$scratch/err" "7 tensors taken"
expect 0 "$H" inspect "$scratch/tuned/model.safetensors" --json
says "$scratch/out" '"backbone":{"digest":"'"$(sha256sum "$scratch/run/model.safetensors" | cut -d' ' -f1)"'","tensors":8}}'
says "$scratch/tuned/run.json" '"backbone": "'"$scratch/run/model.safetensors"'"'
expect 1 "$H" train "$scratch/data" --backbone "$scratch/strange.safetensors" --epochs 1 --out "$scratch/none"
says "$scratch/err" "stranger"
expect 2 "$H" train "$scratch/data" --partial --out "$scratch/none"
expect 2 "$H" import "$scratch/plain.safetensors" --model resnet --out "$scratch/x"
says "$scratch/err" "tinyvgg"
finish
