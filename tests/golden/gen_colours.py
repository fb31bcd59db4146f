#!/usr/bin/env python3
"""Writes the tables of lib/explain/colours.c, and colours.txt beside this file: what matplotlib makes of numbers, for tests/explain/test_overlay.c.

Run with a Python that has matplotlib: python3 tests/golden/gen_colours.py

The tables (lib/explain/colours_NAME.inc) are matplotlib's own data, which its authors gave to the public domain (CC0), as bytes. colours.txt holds
what comes out of matplotlib's whole way from a number 0 … 1 to a colour, at numbers in the middle between two colours' edges, where both ways of
rounding agree: `NAME number red green blue`.
"""
import pathlib
import sys

import matplotlib

NAMES = ("inferno", "magma", "viridis")
here = pathlib.Path(__file__).resolve().parent


def table(name):
    return [tuple(int(v) for v in matplotlib.colormaps[name](i, bytes=True)[:3]) for i in range(256)]


def main():
    rows = [f"# matplotlib {matplotlib.__version__}, Python {sys.version.split()[0]}; tests/golden/gen_colours.py\n"]
    for name in NAMES:
        colours = table(name)
        lines = [", ".join("{%d, %d, %d}" % c for c in colours[i:i + 8]) + ",\n" for i in range(0, 256, 8)]
        inc = here.parent.parent / "lib" / "explain" / f"colours_{name}.inc"
        inc.write_text(f"/* {name}: 256 colours, sRGB; see colours.c. Written by tests/golden/gen_colours.py. */\n" + "".join(lines), encoding="utf-8")
        for step in range(0, 256, 5):
            number = step / 255
            rows.append(f"{name} {number:.9f} %d %d %d\n" % tuple(int(v) for v in matplotlib.colormaps[name](number, bytes=True)[:3]))
    (here / "colours.txt").write_text("".join(rows), encoding="utf-8")


main()
