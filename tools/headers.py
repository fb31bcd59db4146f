"""What the public headers declare: functions with their comments, structs with their fields, constants. Shared by the checks and generators."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "haemnet"
# The order of the layout table: as haemnet.h tells the way of the data, backend.h last.
ORDER = ["status", "version", "context", "device", "image", "phantom", "dataset", "model", "transfer", "builder", "augment", "train", "predict", "evaluate", "familiar", "calibrate", "subgroups", "audit", "explain", "backend"]


def text(name):
    return (INCLUDE / f"{name}.h").read_text(encoding="utf-8")


def strip_comments(source):
    return re.sub(r"/\*.*?\*/", "", source, flags=re.S)


def functions():
    """(header, name, comment, declaration) of every exported function."""
    found = []
    for header in ORDER:
        source = text(header)
        for match in re.finditer(r"^HN_API\s+(.*?);", source, flags=re.S | re.M):
            before = source[: match.start()].rstrip()
            comment = ""
            if before.endswith("*/"):
                comment = before[before.rfind("/*"):]
            name = re.search(r"\b(hn_\w+)\s*\(", match.group(1)).group(1)
            found.append((header, name, comment, " ".join(match.group(1).split())))
    return found


def structs():
    """(header, name, [(field, declaration)]) of every public struct whose fields are visible."""
    found = []
    for header in ORDER:
        source = strip_comments(text(header))
        for match in re.finditer(r"(?:typedef )?struct (\w+) \{(.*?)\n\}[^;]*;", source, flags=re.S):
            fields = []
            for declaration in match.group(2).split(";"):
                declaration = " ".join(declaration.split())
                if not declaration:
                    continue
                pointer = re.search(r"\(\*(\w+)\)\s*\(", declaration)
                name = pointer.group(1) if pointer else re.search(r"(\w+)(?:\[[^\]]*\])?$", declaration).group(1)
                fields.append((name, declaration))
            found.append((header, match.group(1), fields))
    return found
