"""Writes lib/api/layout.inc: the table behind hn_abi_layout() and static assertions of every size and offset.

Offsets are computed by the compiler for the 64-bit targets that we build for, and written down, so that a change is seen in review.
    python3 tools/gen_layout.py           writes the file
    python3 tools/gen_layout.py --check   fails if the file is not what would be written
"""
import os
import re
import subprocess
import sys
import tempfile

import headers

TYPES = {"int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "uint64_t": "u64", "float": "f32", "double": "f64", "hn_status": "i32",
         "size_t": "u64"}


def type_name(declaration):
    if "(*" in declaration or "*" in declaration or re.match(r"hn_\w+_fn\b", declaration):
        return "ptr"
    array = re.search(r"\[([^\]]*)\]$", declaration)
    base = re.sub(r"\s*\w+(\[[^\]]*\])?$", "", declaration)
    name = TYPES.get(base, base)
    return f"{name}[{array.group(1)}]" if array else name


def measure(structs):
    lines = ['#include "haemnet/haemnet.h"', '#include "haemnet/backend.h"', "#include <stdio.h>", "int main(void) {"]
    for _, name, fields in structs:
        kind = "struct hn_backend" if name == "hn_backend" else name
        lines.append(f'printf("%zu\\n", sizeof({kind}));')
        for field, declaration in fields:
            lines.append(f'printf("%zu %zu\\n", offsetof({kind}, {field}), sizeof((({kind} *)0)->{field}));')
            array = re.search(r"\[([A-Z_]+)\]$", declaration)
            lines.append(f'printf("%d\\n", {array.group(1) if array else 0});')
    lines.append("}")
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "m.c"), os.path.join(folder, "m")
        with open(source, "w") as file:
            file.write("\n".join(lines))
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", f"-I{headers.ROOT}/include", source, "-o", program], check=True)
        return iter(subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n"))


def generate():
    structs = headers.structs()
    numbers = measure(structs)
    table, asserts = [], []
    for _, name, fields in structs:
        kind = "struct hn_backend" if name == "hn_backend" else name
        size = next(numbers)
        table.append(f"struct {name} {size}")
        asserts.append(f'_Static_assert(sizeof({kind}) == {size}, "{name}");')
        for field, declaration in fields:
            offset, width = next(numbers).split()
            count = next(numbers)
            shown = type_name(declaration)
            if count != "0":
                shown = re.sub(r"\[[A-Z_]+\]", f"[{count}]", shown)
            table.append(f"field {field} {offset} {width} {shown}")
            asserts.append(f'_Static_assert(offsetof({kind}, {field}) == {offset}, "{name}.{field}");')
    out = ["/* Made by tools/gen_layout.py from the public headers; do not edit. */", "#ifndef HNI_API_LAYOUT_INC", "#define HNI_API_LAYOUT_INC", ""]
    out += ["#if UINTPTR_MAX == UINT64_MAX"] + asserts + ["#endif", "", "#pragma GCC diagnostic push",
                                                        '#pragma GCC diagnostic ignored "-Woverlength-strings"', "static const char layout_text[] ="]
    out += [f'    "{line}\\n"' for line in table]
    out[-1] += ";"
    out += ["#pragma GCC diagnostic pop", "", "#endif", ""]
    return "\n".join(out)


def main():
    path = headers.ROOT / "lib" / "api" / "layout.inc"
    wanted = generate()
    if "--check" in sys.argv:
        if path.read_text(encoding="utf-8") != wanted:
            sys.exit("lib/api/layout.inc is not what the headers say: run python3 tools/gen_layout.py, and look at what changed")
        print("layout: as the headers say")
        return
    path.write_text(wanted, encoding="utf-8")


main()
