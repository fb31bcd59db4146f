"""Writes lib/api/libhaemnet.map, the linker's version script, from the headers: one node per release, explicit names, nothing else leaves.

    python3 tools/gen_map.py [--check]
"""
import re
import sys

import headers


def generate():
    nodes = {}
    for _, name, comment, _ in headers.functions():
        since = re.search(r"Since:\s*([0-9.]+)", comment).group(1)
        nodes.setdefault(since, []).append(name)
    out, before = ["/* Made by tools/gen_map.py from the public headers; do not edit. */"], ""
    for release in sorted(nodes, key=lambda r: [int(p) for p in r.split(".")]):
        out.append(f"HN_{release} {{")
        out.append("  global:")
        out += [f"    {name};" for name in sorted(nodes[release])]
        if not before:
            out.append("  local: *;")
        out.append(f"}}{' HN_' + before if before else ''};")
        before = release
    return "\n".join(out) + "\n"


def main():
    path = headers.ROOT / "lib" / "api" / "libhaemnet.map"
    wanted = generate()
    if "--check" in sys.argv:
        if path.read_text(encoding="utf-8") != wanted:
            sys.exit("lib/api/libhaemnet.map is not what the headers declare: run python3 tools/gen_map.py")
        print("version script: as the headers declare")
        return
    path.write_text(wanted, encoding="utf-8")


main()
