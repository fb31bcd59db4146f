"""What the whole tree keeps to: files of at most 600 lines that open with a comment, lines of at most 160 characters, functions of at most 80 lines, no
unfinished marks, no trailing blanks; and in lib/ no call that prints, ends the process or takes memory past the context."""
import pathlib
import re
import subprocess
import sys

MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
CALLS = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|printf|fprintf|puts|perror|exit|abort|assert|getenv|system|popen|setlocale)\s*\(")
# The default allocator, and stb's own writer which we compile in one file.
ALLOWED = {"lib/base/context.c", "lib/base/memory.c"}


def tracked():
    return subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)


def function_lengths(text):
    begin = None
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"^[A-Za-z_].*\)\s*\{$", line) and not line.startswith(("struct", "enum", "typedef", "union")):
            begin = number
        elif line == "}" and begin:
            yield begin, number - begin + 1
            begin = None


def check(name, text, problems):
    lines = text.split("\n")
    if len(lines) > 601:
        problems.append(f"{name}: {len(lines)} lines")
    if not text.startswith(("/*", "#", "//")):
        problems.append(f"{name}: does not open with a comment")
    for number, line in enumerate(lines, 1):
        if len(line) > 160:
            problems.append(f"{name}:{number}: {len(line)} characters")
        if MARKS.search(line):
            problems.append(f"{name}:{number}: an unfinished mark")
        if line != line.rstrip():
            problems.append(f"{name}:{number}: blanks at the end")
    for begin, length in function_lengths(text):
        if length > 80:
            problems.append(f"{name}:{begin}: a function of {length} lines")
    if name.startswith("lib/") and name not in ALLOWED:
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            call = CALLS.search(line)
            if call and not line.lstrip().startswith("#define"):
                problems.append(f"{name}:{number}: calls {call.group(1)}")


def main():
    problems = []
    for name in tracked():
        if re.search(r"\.(c|h|cpp|cu|cuh|py|sh|rs)$", name) and pathlib.Path(name).exists():
            text = pathlib.Path(name).read_text(encoding="utf-8")
            if not name.startswith("tests/abi/callers/"):
                check(name, text, problems) if name.endswith((".c", ".h", ".cu", ".cuh")) else None
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
