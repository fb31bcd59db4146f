#!/usr/bin/env python3
"""Runs test programs and scripts side by side and adds up what they say.

A Check program ends with `RESULT n run, m failed` and prints `SKIP name: reason` for each test that could not run. A script passes with
exit code 0, is skipped with 77 and has failed otherwise; it may print the same lines instead. Output is shown for what failed (all of it with
V=1), skips always, and the last line is the summary: `N passed, N failed, N skipped`.

    tests/run.py [-j N] [--wrap "valgrind …"] [--timeout SECONDS] PROGRAM…

Those that take longest begin first, so that none of them runs on alone at the end.
"""
import argparse
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

# Longest first; what is not here takes two seconds or less.
LONG = ("cli/test_report.sh", "cuda/test_whole", "cli/test_calibrate.sh", "cli/test_folds.sh", "familiar/test_odd", "eval/test_coverage",
        "backend/test_cpu_edges", "model/test_presets", "data/test_phantom", "cli/test_path.sh", "backend/test_cpu", "examples/test_rust.sh",
        "examples/test_c.sh", "cli/test_explain.sh", "backend/test_cpu_bits", "base/test_json", "cli/test_preview.sh", "cuda/test_measured",
        "backend/test_registry", "cuda/test_failures", "familiar/test_kept", "cli/test_resume.sh", "examples/test_python.sh", "cuda/test_conv",
        "cli/test_crossval.sh", "abi/test_headers.sh")

# C's memory is kept by a program, not given back and taken anew page by page: tests take and give back large blocks all the time.
KEPT = {"MALLOC_TRIM_THRESHOLD_": str(1 << 29), "MALLOC_MMAP_THRESHOLD_": str(1 << 29)}


def place(path):
    name = path.rsplit("tests/", 1)[-1]
    return LONG.index(name) if name in LONG else len(LONG)


def command(path, wrap):
    if path.endswith(".py"):
        return [sys.executable, path]
    if path.endswith(".sh"):
        return ["sh", path]
    return shlex.split(wrap) + [os.path.abspath(path)]


RUNNING = set()  # each leads a process group of its own


def stop(number, frame):
    for one in list(RUNNING):
        os.killpg(one, signal.SIGKILL)
    os._exit(128 + number)


def ended(command_line, env, limit):
    """(output, exit code); what runs past the limit is ended with all that it began: Check runs each test in a process of its own."""
    with subprocess.Popen(command_line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, start_new_session=True) as one:
        RUNNING.add(one.pid)
        try:
            return one.communicate(timeout=limit)[0], one.returncode
        except subprocess.TimeoutExpired:
            os.killpg(one.pid, signal.SIGKILL)
            return one.communicate()[0] + f"\nended: it ran longer than {limit} s".encode(), -1
        finally:
            RUNNING.discard(one.pid)


def run(path, wrap, limit):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="haemnet-test-") as scratch:
        env = dict(os.environ, TMPDIR=scratch)
        if not path.endswith((".sh", ".py")):  # scripts run the program as its users do
            env = {**KEPT, **env}
        try:
            said, code = ended(command(path, wrap), env, limit)
            output = said.decode("utf-8", "replace")
        except OSError as missing:
            code, output = -1, f"cannot run it: {missing}"
    return path, code, output, time.monotonic() - begin


def count(code, output):
    """(passed, failed, skipped) of one program."""
    skipped = len(re.findall(r"^SKIP ", output, flags=re.M))
    results = re.findall(r"^RESULT (\d+) run, (\d+) failed", output, flags=re.M)
    if results:
        total, failed = sum(int(r[0]) for r in results), sum(int(r[1]) for r in results)
        if code != 0 and failed == 0:
            failed = 1  # it died after its tests: a leak report, a crash in a destructor
        return max(total - failed - skipped, 0), failed, skipped
    if code == 77:
        return 0, 0, max(skipped, 1)
    return (1, 0, skipped) if code == 0 else (0, 1, skipped)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--wrap", default="")
    parser.add_argument("--timeout", type=int, default=900)
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        jobs = [pool.submit(run, path, args.wrap, args.timeout) for path in sorted(args.programs, key=place)]
        for job in concurrent.futures.as_completed(jobs):
            path, code, output, seconds = job.result()
            numbers = count(code, output)
            totals = [a + b for a, b in zip(totals, numbers)]
            name = re.sub(r"^.*?tests/", "tests/", path)
            print(f"{'FAIL' if numbers[1] else 'ok  '} {name}: {numbers[0]} passed, {numbers[1]} failed, {numbers[2]} skipped ({seconds:.1f} s)")
            for line in output.splitlines():
                if numbers[1] or os.environ.get("V") or line.startswith("SKIP "):
                    print("     " + line)
            sys.stdout.flush()
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    sys.exit(1 if totals[1] or not totals[0] else 0)


main()
