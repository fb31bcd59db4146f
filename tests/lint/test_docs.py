"""What the documents name exists: links and their headings, files, functions and constants of the headers, make targets, the program's commands and
options. No document holds a path of the machine that it was written on."""
import pathlib
import re
import sys

SKIP = {"build", "run", ".git"}
# Written with capitals or dots for the reader to fill in.
PLACEHOLDER = re.compile(r"NAME|THING|ROOM|PREFIX|VERSION|HASH|…")
OWN_WORDS = {"hn_noun_verb"}


def documents():
    return sorted(p for p in pathlib.Path(".").rglob("*.md") if p.parts[0] not in SKIP)


def names(folder, pattern, suffixes):
    found = set()
    for path in pathlib.Path(folder).rglob("*"):
        if path.suffix in suffixes:
            found |= set(re.findall(pattern, path.read_text(encoding="utf-8")))
    return found


def anchor(heading):
    """As GitHub makes it: lower case, punctuation away, blanks to hyphens."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    return {anchor(h) for h in re.findall(r"^#+\s+(.*)$", text, flags=re.M)}


def check_links(path, text, problems):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        other = (path.parent / file) if file else path
        if not other.exists():
            problems.append(f"{path}: the link {target} leads nowhere")
        elif heading and other.suffix == ".md" and heading not in anchors(other):
            problems.append(f"{path}: {target}: there is no such heading")


def check_names(path, text, known, problems):
    public, internal = known
    for name, rest in re.findall(r"\b((?:hn|HN)_\w*)(…|\*)?", text):
        if name in OWN_WORDS or re.match(r"HN_\d", name):  # HN_0.1 is a version node
            continue
        fits = any(p.startswith(name) for p in public) if rest or name.endswith("_") else name in public
        if not fits:
            problems.append(f"{path}: {name} is in no public header")
    for name in re.findall(r"\bhni_\w+[a-z]\b", text):
        if name not in internal:
            problems.append(f"{path}: {name} is nowhere in lib/ or cuda/")


def check_files(path, text, problems):
    spoken = re.findall(r"(?<![\w./-])((?:lib|src|cuda|tests|tools|docs|include|examples|pkgconfig)/[\w./*-]*\w)", re.sub(r"\]\([^)]*\)", "", text))
    for name in spoken:
        if PLACEHOLDER.search(name):
            continue
        if not list(pathlib.Path(".").glob(name)):
            problems.append(f"{path}: there is no {name}")


def commands():
    """Name of each command of the program, and the options that its source knows."""
    table = pathlib.Path("src/commands.c").read_text(encoding="utf-8")
    headers = "".join(p.read_text(encoding="utf-8") for p in sorted(pathlib.Path("src").glob("*.h")))
    macros = re.findall(r"^#define (\w+_OPTIONS?)\(\w+\)((?:.*\\\n)*.*)", headers, flags=re.M)
    found = {}
    for name in re.findall(r'^    \{"(\w+)", "', table, flags=re.M):
        source = pathlib.Path(f"src/cmd_{name}.c")
        shared = "".join(p.read_text(encoding="utf-8") for p in (source, pathlib.Path("src/options.c")) if p.exists())
        if "list_training(" in shared:
            shared += pathlib.Path("src/train_options.c").read_text(encoding="utf-8")
        for macro, body in reversed(macros):  # a later one may use an earlier
            shared += body if re.search(rf"\b{macro}\(", shared) else ""
        found[name] = set(re.findall(r'\{"([a-z][a-z-]*)", OPTION_', shared))
    return found


def check_code(path, text, targets, program, problems):
    """Make targets and commands, where they are written as code."""
    code = re.findall(r"^```(?:sh)?\n(.*?)^```", text, flags=re.S | re.M) + re.findall(r"`([^`\n]+)`", text)
    for line in "\n".join(code).split("\n"):
        for words in re.findall(r"(?:^|sudo |&& |\()make((?: [\w=,.\"$/-]+)*)", line):
            for word in words.split():
                if "=" not in word and re.match(r"[a-z]", word) and word not in targets:
                    problems.append(f"{path}: make has no target {word}")
        match = re.match(r"\s*haemnet (\w+)(.*)", line)
        if match and match.group(1) not in program:
            problems.append(f"{path}: the program has no command {match.group(1)}")
        elif match:
            for option in re.findall(r"--([a-z][a-z-]*)", match.group(2).split(" #")[0]):
                if program[match.group(1)] and option not in program[match.group(1)]:
                    problems.append(f"{path}: haemnet {match.group(1)} has no option --{option}")


def check_paths(path, text, problems):
    for found in re.findall(r"(?<![\w.])/(?:work|root|home)/[^\s`)]*", text):
        problems.append(f"{path}: {found} is a path of some machine")


def main():
    problems = []
    public = names("include", r"\b(?:hn|HN)_\w+", {".h"})
    internal = names("lib", r"\bhni_\w+", {".h", ".c"}) | names("cuda", r"\bhni_\w+", {".h", ".c"})
    makefile = pathlib.Path("Makefile").read_text(encoding="utf-8")
    targets = {t for line in re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, flags=re.M) for t in line.split()}
    program = commands()
    if len(public) < 200 or len(targets) < 10 or len(program) < 8:
        problems.append("headers, Makefile or src/commands.c were not understood")
    for path in documents():
        text = path.read_text(encoding="utf-8")
        check_links(path, text, problems)
        check_names(path, text, (public, internal), problems)
        check_files(path, text, problems)
        check_code(path, text, targets, program, problems)
        check_paths(path, text, problems)
    print("\n".join(problems) if problems else f"{len(documents())} documents")
    sys.exit(1 if problems else 0)


main()
