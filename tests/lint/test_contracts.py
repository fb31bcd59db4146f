"""Every exported function has its contract right before it: what it does, its errors, one thread word, the version it came with. A function with an
`hn_error *` names its statuses; every status it names exists; every handle type has a free that takes NULL."""
import pathlib
import re
import sys

sys.path.insert(0, "tools")
import headers  # noqa: E402

THREADS = ("any", "owner", "signal")


def statuses():
    return set(re.findall(r"\b(HN_E_\w+)\s*=", headers.text("status")))


def check(header, name, comment, declaration, known, problems):
    where = f"{header}.h: {name}"
    errors = re.search(r"Errors:\s*(.*?)\n \* Thread:", comment, flags=re.S)
    thread = re.search(r"Thread:\s*(\w+)", comment)
    if not comment:
        problems.append(f"{where}: no comment before it")
        return
    if len(re.sub(r"[\s*/]+", " ", comment.split("Errors:")[0]).strip()) < 15:
        problems.append(f"{where}: does not say what it does")
    if not errors:
        problems.append(f"{where}: no `Errors:` line before `Thread:`")
    elif "hn_error" in declaration:
        if not re.search(r"HN_E_|as hn_", errors.group(1), flags=re.I) and not re.search(r"[Aa]s ", errors.group(1)):
            problems.append(f"{where}: takes an hn_error but names no status")
    elif errors.group(1).strip().rstrip(".") != "none":
        problems.append(f"{where}: cannot report errors but lists some")
    if not thread or thread.group(1) not in THREADS:
        problems.append(f"{where}: `Thread:` must be one of {', '.join(THREADS)}")
    if not re.search(r"Since:\s*\d+\.\d+", comment):
        problems.append(f"{where}: no `Since:`")
    for status in re.findall(r"HN_E_\w+", comment):
        if status not in known:
            problems.append(f"{where}: {status} does not exist")


def main():
    problems, known = [], statuses()
    found = headers.functions()
    for header, name, comment, declaration in found:
        check(header, name, comment, declaration, known, problems)
    names = {name for _, name, _, _ in found}
    for header in headers.ORDER:
        for handle in re.findall(r"^typedef struct (hn_\w+) \1;", headers.text(header), flags=re.M):
            if handle != "hn_backend" and f"{handle}_free" not in names:
                problems.append(f"{header}.h: the handle {handle} has no {handle}_free")
    if len(found) < 50:
        problems.append(f"only {len(found)} functions found: the headers were not understood")
    print("\n".join(problems) if problems else f"{len(found)} contracts")
    sys.exit(1 if problems else 0)


main()
