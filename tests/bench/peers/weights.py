"""Reads a safetensors file: eight bytes of header length, a JSON header, then the numbers (float32 here)."""
import json
import struct

import numpy


def load(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: numpy.frombuffer(data[t["data_offsets"][0]:t["data_offsets"][1]], "<f4").reshape(t["shape"]).copy() for name, t in header.items()}
