"""Faults around wherry: full and read-only disks, unreadable and changing sources, closed pipes, signals, two runs at once,
errors at every failpoint. After each: the right exit code, nothing half visible, and the same command succeeds once the
cause is gone.

usage: faults.py [WHERRY]
"""
import contextlib
import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import time

from harness import Checks, Wherry, find_wherry, working_folder

ROWS = 20_000
SMALL = ["--chunk-size", "16KiB", "--checkpoint", "1ms"]
FAILED, PARTIAL, REJECTS, SOURCE, DESTINATION, BUSY, CONFIG, SIGINT, PIPE, SIGTERM = 1, 3, 5, 6, 7, 9, 78, 130, 141, 143
NOBODY = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}  # rights mean nothing to root


def write_csv(path, first=0, rows=ROWS):
    with open(path, "w") as f:
        f.write("id,name\n" + "".join(f"{i},name {i}\n" for i in range(first, first + rows)))


def expect(result, code, *words):
    assert result.returncode == code, f"exit code {result.returncode} instead of {code}: {result.stderr.strip()[-400:]}"
    for word in words:
        assert word in result.stderr, f"{word!r} is not in: {result.stderr.strip()[-400:]}"


def hidden(folder="."):
    return [n for n in os.listdir(folder) if "wherry-" in n]


def same(a, b):
    with open(a) as f, open(b) as g:
        assert f.read() == g.read(), f"{b} is not {a}"


def is_gone(*paths):
    for path in paths:
        assert not os.path.exists(path), f"{path} is visible"


# ---- errors at failpoints


def at_failpoint(w, failpoint, error):
    write_csv("a.csv")
    with sqlite3.connect("table.db") as db:
        db.execute("CREATE TABLE t (id INTEGER, name TEXT)")
    code = FAILED if failpoint in ("plan.persisted", "store.before", "store.after") else DESTINATION
    for target, result, options in (("out.csv", "out.csv", []),
                                    ("lake/", "lake/_manifest.json", ["--mode", "append", "--format", "csv"]),
                                    ("sqlite:///table.db#t", None, ["--mode", "append"]),
                                    ("sqlite:///swap.db#t", None, [])):
        command = ["a.csv", target, *options, *SMALL]
        r = w.copy(*command, env={"WHERRY_FAILPOINTS": f"{failpoint}@1=error:{error}"})
        if r.returncode == 0:  # this target does not pass it
            continue
        expect(r, code, f'failpoint "{failpoint}"')
        if result and failpoint not in ("publish.renamed", "publish.manifest", "finish.after"):
            is_gone(result)
        w.must(*command)
    same("a.csv", "out.csv")
    for name in ("table.db", "swap.db"):
        with contextlib.closing(sqlite3.connect(name)) as db:
            assert db.execute("SELECT count(*), count(DISTINCT id) FROM t").fetchone() == (ROWS, ROWS), name
    w.must("lake", "lake.csv")
    same("a.csv", "lake.csv")
    assert not hidden() and not hidden("lake"), hidden() + hidden("lake")


# ---- disks


@contextlib.contextmanager
def small_disk(size):
    """A file system of that size in the folder disk; None where we may not mount."""
    os.mkdir("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", "disk"]
    mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield (lambda size: subprocess.run(["mount", "-o", f"remount,{size}", "disk"], check=True)) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "disk"], check=True)


def full_disk(w):
    """Every kind of destination on a disk that is too small, then the same command with more room."""
    write_csv("a.csv")
    for target, result in (("disk/out.csv", "disk/out.csv"), ("disk/lake/", "disk/lake/_manifest.json"),
                           ("sqlite:///disk/out.db#t", None)):
        with small_disk("200k") as remount:
            if remount is None:
                print("full_disk: no right to mount, left out")
                return
            command = ["a.csv", target, *SMALL, *(["--format", "csv"] if target.endswith("/") else [])]
            r = w.copy(*command)
            assert r.returncode == DESTINATION, f"{target}: exit code {r.returncode}: {r.stderr[-300:]}"
            assert "No space left" in r.stderr or "full" in r.stderr, r.stderr[-300:]
            if result:
                is_gone(result)
            remount("size=32m")
            w.must(*command)
            w.must(target.rstrip("/"), "back.csv")
            same("a.csv", "back.csv")
        os.rmdir("disk")


def full_home(w):
    """The store has no room: the run fails, and can go on later."""
    write_csv("a.csv")
    with small_disk("120k") as remount:
        if remount is None:
            print("full_home: no right to mount, left out")
            return
        r = w.copy("a.csv", "out.csv", *SMALL, "--home", "disk/home")
        expect(r, FAILED, "full")
        is_gone("out.csv")
        remount("size=32m")
        w.must("a.csv", "out.csv", *SMALL, "--home", "disk/home")
        same("a.csv", "out.csv")


def read_only(w):
    write_csv("a.csv")
    os.makedirs("closed/lake")
    os.mkdir("home", 0o777)
    os.chmod("home", 0o777)
    os.chmod("closed", 0o555)
    os.chmod(".", 0o755)
    for target in ("closed/out.csv", "closed/lake/", "closed/new/out.parquet", "sqlite:///closed/out.db#t"):
        begin = time.monotonic()
        r = w.copy("a.csv", target, *SMALL, "--format", "csv", **NOBODY) if "lake" in target else \
            w.copy("a.csv", target, *SMALL, **NOBODY)
        assert r.returncode == DESTINATION, f"{target}: exit code {r.returncode}: {r.stderr[-300:]}"
        assert time.monotonic() - begin < 5
    assert os.listdir("closed") == ["lake"] and not os.listdir("closed/lake")
    os.chmod("closed", 0o777)
    w.must("a.csv", "closed/out.csv", *SMALL, **NOBODY)
    same("a.csv", "closed/out.csv")


def standard_output(w):
    write_csv("a.csv")
    to_csv = ["a.csv", "-", "--format", "csv", *SMALL]
    p = subprocess.Popen(w.command("copy", *to_csv, "-q"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "id,name\n"
    p.stdout.close()
    said = p.stderr.read()
    assert p.wait() == PIPE and said == "", f"exit code {p.returncode}: {said}"
    with open("/dev/full", "w") as full:
        r = subprocess.run(w.command("copy", *to_csv, "-q"), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    expect(r, DESTINATION, "No space left on device")
    closed = " ".join(w.command("copy", *to_csv, "-q"))
    expect(subprocess.run(["sh", "-c", f"{closed} >&-"], stderr=subprocess.PIPE, text=True, timeout=60), DESTINATION,
           "Bad file descriptor")
    # No standard files at all: nothing of what is said goes into the data.
    quiet = " ".join(w.command("copy", "a.csv", "out.csv"))
    assert subprocess.run(["sh", "-c", f"{quiet} <&- >&- 2>&-"], timeout=60).returncode == 0
    same("a.csv", "out.csv")


# ---- sources


def unreadable(w):
    write_csv("a.csv")
    os.mkdir("home", 0o777)
    os.chmod("home", 0o777)
    os.chmod(".", 0o777)
    os.mkdir("shut")
    write_csv("shut/b.csv")
    os.chmod("a.csv", 0)
    os.chmod("shut", 0)
    for source in ("a.csv", "shut", "shut/b.csv", "shut/*.csv"):
        expect(w.copy(source, "out.csv", **NOBODY), SOURCE, "Permission denied")
    expect(w.copy("none.csv", "out.csv"), CONFIG, "No such file or directory")
    is_gone("out.csv")
    os.chmod("a.csv", 0o644)
    os.chmod("shut", 0o755)
    w.must("a.csv", "out.csv", **NOBODY)
    same("a.csv", "out.csv")


def damaged(w):
    write_csv("a.csv")
    with open("a.csv", "rb") as f:
        packed = gzip.compress(f.read())
    for name, data in (("cut.csv.gz", packed[:-5000]), ("flipped.csv.gz", packed[:9000] + b"\xff\x00\xff" + packed[9003:])):
        with open(name, "wb") as f:
            f.write(data)
        expect(w.copy(name, "out.csv", *SMALL), SOURCE, name)
    with open("no.parquet", "wb") as f:
        f.write(b"PAR1" + bytes(100) + b"PAR1")
    expect(w.copy("no.parquet", "out.csv"), SOURCE, "no.parquet")
    with open("no.db", "wb") as f:
        f.write(b"SQLite format 3\0" + bytes(5000))
    expect(w.copy("no.db", "out/", "--format", "csv"), SOURCE, "no.db")
    is_gone("out.csv", "out")
    assert not hidden(), hidden()


def start(w, *arguments, failpoint="commit.after@2=delay:1500", **options):
    """A run that waits at a failpoint in its middle."""
    p = subprocess.Popen(w.command("copy", *arguments, *SMALL, "--progress", "none", "--log-level", "error"),
                         stderr=subprocess.PIPE, text=True, env=dict(os.environ, WHERRY_FAILPOINTS=failpoint), **options)
    time.sleep(0.4)
    assert p.poll() is None, p.stderr.read()
    return p


def finish(p, code, *words):
    said = p.communicate(timeout=30)[1]
    assert p.returncode == code, f"exit code {p.returncode} instead of {code}: {said[-400:]}"
    for word in words:
        assert word in said, f"{word!r} is not in: {said[-400:]}"


def changing(w):
    """A file that changes or goes away while it is read is an error of that file."""
    def append():
        with open("src/b.csv", "a") as f:
            f.write("-1,more\n")

    def replace():
        write_csv("new.csv")
        os.rename("new.csv", "src/b.csv")

    for change, word in ((append, "changed while it was read"), (replace, "src/b.csv"),
                         (lambda: os.unlink("src/b.csv"), "b.csv")):
        os.makedirs("src", exist_ok=True)
        write_csv("src/a.csv")
        write_csv("src/b.csv", ROWS)
        p = start(w, "src", "out.csv")
        change()
        finish(p, SOURCE, word)
        is_gone("out.csv")
        assert not hidden(), hidden()
        w.must("src", "out.csv")
        w.must("src", "expected.csv")
        same("expected.csv", "out.csv")
        os.unlink("out.csv")


# ---- signals


def stopped(w, number, code):
    write_csv("a.csv")
    for target, options in (("out.csv", []), ("sqlite:///out.db#t", ["--mode", "append"])):
        p = start(w, "a.csv", target, *options)
        p.send_signal(number)
        finish(p, code)
        is_gone("out.csv")
        w.must("a.csv", target, *options, *SMALL)
        w.must(target, "back.csv")
        same("a.csv", "back.csv")
        if os.path.exists("out.csv"):
            os.unlink("out.csv")
    with sqlite3.connect("home/wherry.db") as db:  # it went on, and did not begin anew
        epochs = [r[0] for r in db.execute("SELECT epoch FROM runs ORDER BY started_us")]
    assert epochs == [2, 1, 2, 1], epochs


def stopped_while_waiting(w):
    """A pipe that says nothing."""
    p = subprocess.Popen(w.command("copy", "-", "out.csv", "--source-format", "csv", "-q"), stdin=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    p.stdin.write("id,name\n1,x\n")
    p.stdin.flush()
    time.sleep(0.3)
    begin = time.monotonic()
    p.send_signal(signal.SIGTERM)
    assert p.wait(10) == SIGTERM, p.returncode
    assert time.monotonic() - begin < 3
    is_gone("out.csv")


def stopped_twice(w):
    """The second signal ends at once."""
    write_csv("a.csv")
    p = start(w, "a.csv", "out.csv", failpoint="commit.after@2=delay:20000")
    p.send_signal(signal.SIGINT)
    time.sleep(0.1)
    p.send_signal(signal.SIGINT)
    assert p.wait(5) == SIGINT, p.returncode
    is_gone("out.csv")
    w.must("a.csv", "out.csv", *SMALL)
    same("a.csv", "out.csv")


# ---- two at once


def two_at_once(w):
    write_csv("a.csv")
    write_csv("b.csv", 5)
    for target, options in (("out.csv", []), ("lake/", ["--format", "csv"]), ("sqlite:///out.db#t", [])):
        p = start(w, "a.csv", target, *options)
        expect(w.copy("a.csv", target, *options, *SMALL), BUSY, "running already")
        expect(w.copy("b.csv", target, *options, *SMALL), BUSY)
        finish(p, 0)
        w.must(target.rstrip("/"), "back.csv")
        same("a.csv", "back.csv")
    p = start(w, "a.csv", "sqlite:///out.db#t")  # other tables of the same database may be written
    w.must("b.csv", "sqlite:///out.db#u")
    finish(p, 0)


def main():
    w = Wherry(find_wherry(*sys.argv[1:2]))
    checks = Checks()
    cases = [("full_disk", full_disk), ("full_home", full_home), ("read_only", read_only),
             ("standard_output", standard_output), ("unreadable", unreadable), ("damaged", damaged), ("changing", changing),
             ("SIGTERM", lambda w: stopped(w, signal.SIGTERM, SIGTERM)), ("SIGINT", lambda w: stopped(w, signal.SIGINT, SIGINT)),
             ("stopped_while_waiting", stopped_while_waiting), ("stopped_twice", stopped_twice), ("two_at_once", two_at_once)]
    for failpoint in w.run("failpoints").stdout.split():
        for error in ("ENOSPC", "EIO"):
            cases.append((f"{failpoint} {error}", lambda w, f=failpoint, e=error: at_failpoint(w, f, e)))
    for name, case in cases:
        with working_folder("faults"):
            checks.run(name, case, w)
    checks.end()


if __name__ == "__main__":
    main()
