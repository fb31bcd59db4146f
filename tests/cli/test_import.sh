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
same "$scratch/one" "$scratch/out"
expect 0 "$H" evaluate "$scratch/imported.safetensors" "$scratch/data" --json -
says "$scratch/out" '"positive": "haemorrhage"'
expect 0 import "$scratch/plain.safetensors" --classes subdural,epidural --task multi --threshold 0.3
expect 0 "$H" inspect "$scratch/imported.safetensors"
says "$scratch/out" "subdural"
expect 1 import "$scratch/plain.safetensors" --classes a,b,c
expect 1 import "$scratch/plain.safetensors" --hidden 12
expect 1 import "$scratch/plain.safetensors" --size 48
expect 1 import "$scratch/missing.safetensors"
expect 1 import "$scratch/nan.safetensors"
expect 2 "$H" import "$scratch/plain.safetensors" --model resnet --out "$scratch/x"
says "$scratch/err" "tinyvgg"
finish
