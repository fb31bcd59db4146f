"""Every #include in lib/ goes to the file's own folder or to a lower layer (docs/architecture.md has the table); folders of one layer are
strangers; nothing above `backend` sees reference, cpu or cuda; src/ and examples/ see the public headers only; only decode.c and encode.c see stb."""
import pathlib
import re
import sys

LAYERS = [["base"], ["op", "image", "eval", "familiar"], ["preproc", "backend"], ["backend/reference", "backend/cpu", "graph", "data"], ["model"], ["train", "predict"],
          ["explain"], ["api"]]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
STB = {"lib/image/decode.c", "lib/image/encode.c"}


def room_of(path):
    parts = path.parts[1:-1]  # below lib/
    return "/".join(parts[:2]) if len(parts) > 1 else parts[0]


def target_of(path, include):
    """Room of an included header of ours, or None."""
    for base in (path.parent, pathlib.Path("lib")):
        candidate = pathlib.Path(*(base / include).parts)
        resolved = pathlib.Path(re.sub(r"[^/]+/\.\./", "", str(candidate)))
        resolved = pathlib.Path(re.sub(r"[^/]+/\.\./", "", str(resolved)))
        if resolved.exists() and resolved.parts[0] == "lib":
            return room_of(resolved)
    return None


def check_library(problems):
    for path in sorted(pathlib.Path("lib").rglob("*.[ch]")):
        room = room_of(path)
        if room not in LEVEL:
            problems.append(f"{path}: the room {room} has no layer")
            continue
        for include in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(encoding="utf-8"), flags=re.M):
            if include.startswith("stb/") and str(path) not in STB:
                problems.append(f"{path}: includes {include}")
            target = target_of(path, include) if not include.startswith("haemnet/") else None
            if target is None or target == room:
                continue
            if room.startswith("backend/") and target == "backend":
                continue
            if LEVEL[target] >= LEVEL[room]:
                problems.append(f"{path}: {room} may not include {include} of {target}")
            if target.startswith("backend/"):
                problems.append(f"{path}: only the table of {target} may be seen, through backend/backend.h")


def check_users(problems):
    for folder in ("src", "examples"):
        for path in sorted(pathlib.Path(folder).rglob("*.[ch]*")):
            if path.suffix not in (".c", ".h", ".cpp"):
                continue
            for include in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(encoding="utf-8"), flags=re.M):
                if "../" in include or include.startswith("lib/") or include.startswith("base/"):
                    problems.append(f"{path}: includes {include}, which is not public")


def check_plugin(problems):
    """cuda/ is a plug-in like any other: it sees the backend's header, its own files, and of the library lib/op and lib/base."""
    for path in sorted(pathlib.Path("cuda").rglob("*.[ch]*")):
        for include in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(encoding="utf-8"), flags=re.M):
            own = "lib/" not in include and ((path.parent / include).exists() or (pathlib.Path("cuda") / include).exists())
            if not own and not re.match(r"haemnet/|((\.\./)+lib/)?(base|op)/", include):
                problems.append(f"{path}: includes {include}; only haemnet/, lib/base, lib/op and cuda/ itself may be seen")


def main():
    problems = []
    check_plugin(problems)
    check_library(problems)
    check_users(problems)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
