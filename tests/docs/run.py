"""Runs the examples of the documentation and compares what they print.

An example is a block ```console in README.md or below docs/. Lines that begin with "$ " are commands (with "> " they
go on), the lines below are what standard output and standard error must show. "..." alone on a line stands for any
lines. Measured figures (seconds, rates, memory, times of day, ids of runs) are compared by form only.

Each file gets an empty folder, with the data of tests/data/demo in it, and its own state; its blocks run in
order, in one folder.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHERRY = pathlib.Path(os.environ.get("WHERRY", ROOT / "build" / "wherry"))

MEASURED = [
    (r"\s\d+\.\d\d +[0-9.]+[kMGT]?$", " SECONDS RATE"),  # the last columns of the summary
    (r"; bounded by .*$", "; bounded by WHAT"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "TIME"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
    (r"\b(run|run_id)([-_ :=\"]+)[0-9A-Za-z]{6,}\b", r"\1\2ID"),
    (r"[0-9][0-9.,]*( ?[kMG])? ?(rows/s|[kMG]i?B/s|B/s)", "RATE"),
    (r"\b[0-9][0-9.,]* ?(s|ms|us)\b", "SECONDS"),
    (r"\b[0-9][0-9.,]* ?[kMG]iB\b", "SIZE"),
]


def normal(line):
    """The line with measured figures replaced and runs of spaces and rules shortened."""
    for pattern, word in MEASURED:
        line = re.sub(pattern, word, line)
    return re.sub(r"([-─═])\1+", r"\1\1", re.sub(r"  +", "  ", line)).rstrip()


def matches(expected, actual):
    """Whether actual lines fit the expected ones, in which "..." stands for any number of lines."""
    if not expected:
        return not actual
    if expected[0].strip() == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return bool(actual) and normal(expected[0]) == normal(actual[0]) and matches(expected[1:], actual[1:])


def examples(text):
    """Yields (line number, command, expected lines) of each command."""
    command, number, expected, inside = None, 0, [], False
    for i, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if command is not None:
                yield number, command, expected
            command, inside = None, line.strip() == "```console"
        elif inside and line.startswith("$ "):
            if command is not None:
                yield number, command, expected
            command, number, expected = line[2:], i, []
        elif inside and line.startswith("> ") and command is not None and not expected:
            command += "\n" + line[2:]
        elif inside and command is not None:
            expected.append(line)


def run_file(path):
    """Runs the examples of one file; gives (passed, failed)."""
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="wherry-docs-") as folder:
        work, programs = pathlib.Path(folder, "work"), pathlib.Path(folder, "bin")
        work.mkdir()
        programs.mkdir()
        programs.joinpath("wherry").symlink_to(WHERRY)
        for data in (ROOT / "tests" / "data" / "demo").glob("*.csv"):
            shutil.copy(data, work)
        env = dict(os.environ, HOME=folder, XDG_STATE_HOME=folder + "/state", COLUMNS="110", TERM="dumb",
                   WHERRY_LOG_FORMAT="text", PATH=f"{programs}:{os.environ['PATH']}")
        for number, command, expected in examples(path.read_text(encoding="utf-8")):
            done = subprocess.run(["bash", "-c", command], cwd=work, env=env, stdin=subprocess.DEVNULL, timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
            actual = done.stdout.rstrip("\n").split("\n") if done.stdout.strip() else []
            while expected and not expected[-1].strip():
                expected.pop()
            if matches(expected, actual):
                passed += 1
                continue
            failed += 1
            print(f"{path.relative_to(ROOT)}:{number}: $ {command}\nexpected:")
            print("\n".join("    " + line for line in expected))
            print(f"printed (exit code {done.returncode}):")
            print("\n".join("    " + line for line in actual), flush=True)
    return passed, failed


def main():
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    counts = [run_file(path) for path in files if path.exists()]
    passed, failed = (sum(c[i] for c in counts) for i in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
