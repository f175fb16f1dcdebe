"""Kills wherry with SIGKILL at random moments and at every failpoint, runs the same command again until it is done, and
compares what arrived with the source, by value: nothing lost, nothing twice, no half file, nothing left behind.

usage: kill.py [--kills N] [--seed S] [--only NAME] [WHERRY]
"""
import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import duckdb

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 60_000
OLD_ROWS = 10  # rows that an append must keep, or a merge must update


def source_rows():
    """id, name, price in hundredths, day, note (sometimes null, sometimes with a newline and quotes)"""
    rng = random.Random(7)
    for i in range(ROWS):
        note = None if i % 7 == 0 else f'say "{i}"\nagain' if i % 11 == 0 else f"note {rng.randrange(10**9)}"
        yield i, f"name {i % 97}", rng.randrange(10**7), f"20{10 + i % 15:02d}-0{1 + i % 9}-1{i % 10}", note


def write_sources(folder):
    rows = list(source_rows())
    with open(f"{folder}/src.csv", "w", newline="") as f:
        f.write("id,name,price,day,note\n")
        for i, name, price, day, note in rows:
            text = "" if note is None else '"' + note.replace('"', '""') + '"'
            f.write(f"{i},{name},{price // 100}.{price % 100:02d},{day},{text}\n")
    with open(f"{folder}/src.jsonl", "w") as f:
        for i, name, price, day, note in rows:
            f.write(json.dumps({"id": i, "name": name, "price": price, "day": day, "note": note}) + "\n")
    db = sqlite3.connect(f"{folder}/src.db")
    db.execute("CREATE TABLE src (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, day DATE, note TEXT)")
    db.executemany("INSERT INTO src VALUES (?, ?, ?, ?, ?)", rows)
    db.commit()
    db.close()
    return rows


def first_difference(got, expected):
    if len(got) != len(expected):
        return f"{len(got)} rows instead of {len(expected)}, {len(set(got))} different ones"
    for a, b in zip(got, expected):
        if a != b:
            return f"row {a} instead of {b}"
    return None


def parquet_rows(pattern, price):
    query = f"SELECT id, name, {price}, day::varchar, note FROM read_parquet('{pattern}') ORDER BY id"
    return duckdb.sql(query).fetchall()


def database_rows(path):
    db = sqlite3.connect(path)
    rows = db.execute("SELECT id, name, price, day, note FROM t ORDER BY id").fetchall()
    check = db.execute("PRAGMA integrity_check").fetchone()[0]
    tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%wherry_%'")]
    db.close()
    if check != "ok":
        raise AssertionError(f"integrity_check: {check}")
    if [t for t in tables if t != "_wherry_ledger"]:
        raise AssertionError(f"tables left behind: {tables}")
    return rows


def make_table(path, first_id):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, day DATE, note TEXT)")
    db.executemany("INSERT INTO t VALUES (?, 'old', 1, '2000-01-01', 'old')", [(first_id + i,) for i in range(OLD_ROWS)])
    db.commit()
    db.close()


class Scenario:
    def __init__(self, name, arguments, outputs, read, prepare=None, old=()):
        self.name, self.arguments, self.outputs = name, arguments, outputs
        self.read, self.prepare, self.old = read, prepare, list(old)


def scenarios(folder):
    cents = "(price * 100)::bigint"
    old = [(ROWS + i, "old", 1, "2000-01-01", "old") for i in range(OLD_ROWS)]
    return [
        Scenario("csv to parquet folder", ["src.csv", "lake/", "--format", "parquet", "--file-size", "100KiB"], ["lake"],
                 lambda: parquet_rows("lake/*.parquet", cents)),
        Scenario("csv to single parquet", ["src.csv", "one.parquet"], ["one.parquet"],
                 lambda: parquet_rows("one.parquet", cents)),
        Scenario("jsonl to sqlite append", ["src.jsonl", "sqlite:///out.db#t", "--mode", "append"], ["out.db"],
                 lambda: database_rows("out.db"), lambda: make_table("out.db", ROWS), old),
        Scenario("jsonl to sqlite merge", ["src.jsonl", "sqlite:///out.db#t", "--mode", "merge", "--primary-key", "id"],
                 ["out.db"], lambda: database_rows("out.db"), lambda: make_table("out.db", ROWS - OLD_ROWS)),
        Scenario("sqlite to parquet", ["sqlite:///src.db#src", "two.parquet"], ["two.parquet"],
                 lambda: parquet_rows("two.parquet", "price")),
        Scenario("csv to sqlite replace", ["src.csv", "sqlite:///out.db#t", "--columns", "day:text"], ["out.db"],
                 lambda: [(i, n, round(p * 100), d, t) for i, n, p, d, t in database_rows("out.db")],
                 lambda: make_table("out.db", 0)),
    ]


class Killer:
    def __init__(self, wherry, seed):
        self.wherry, self.rng, self.kills = wherry, random.Random(seed), 0

    def command(self, s):
        # Small chunks and frequent checkpoints: many places to die at.
        return [self.wherry, "copy", *s.arguments, "--chunk-size", "64KiB", "--checkpoint", "5ms", "--progress", "none",
                "--log-level", "error"]

    def clean(self, s):
        for path in s.outputs:
            shutil.rmtree(path, ignore_errors=True)
            for suffix in ("", "-wal", "-shm", "-journal"):
                if os.path.isfile(path + suffix):
                    os.unlink(path + suffix)
        shutil.rmtree(os.environ["WHERRY_HOME"], ignore_errors=True)
        if s.prepare:
            s.prepare()

    def run_to_end(self, s):
        r = subprocess.run(self.command(s), capture_output=True, text=True, timeout=120)
        if r.returncode != 0:
            raise AssertionError(f"exit code {r.returncode}: {r.stderr[-400:]}")

    def time_of_a_run(self, s):
        self.clean(s)
        begin = time.monotonic()
        self.run_to_end(s)
        return time.monotonic() - begin

    def kill_randomly(self, s, longest):
        """One run killed somewhere; True when it was faster than the kill."""
        with open("stderr", "w") as f:
            p = subprocess.Popen(self.command(s), stdout=subprocess.DEVNULL, stderr=f)
        time.sleep(self.rng.uniform(0, longest))
        p.send_signal(signal.SIGKILL)
        code = p.wait()
        if code == -signal.SIGKILL:
            self.kills += 1
        elif code != 0:
            raise AssertionError(f"exit code {code}: {open('stderr').read()[-400:]}")
        return code == 0

    def kill_at(self, s, failpoint, times):
        """True when the failpoint was reached."""
        env = dict(os.environ, WHERRY_FAILPOINTS=f"{failpoint}@{times}=kill")
        r = subprocess.run(self.command(s), env=env, capture_output=True, text=True, timeout=120)
        if r.returncode not in (0, -signal.SIGKILL):
            raise AssertionError(f"exit code {r.returncode}: {r.stderr[-400:]}")
        self.kills += r.returncode != 0
        return r.returncode != 0

    def check(self, s, expected):
        why = first_difference(s.read(), expected)
        if why:
            raise AssertionError(why)
        left = [n for n in os.listdir(".") if "wherry-" in n]
        if left:
            raise AssertionError(f"left behind: {left}")


def expected_rows(s, rows):
    return sorted(rows + s.old)


def run_scenario(killer, s, rows, kills):
    """Yields (what, error or None) for each check."""
    expected = expected_rows(s, rows)
    longest = killer.time_of_a_run(s)
    killer.check(s, expected)
    failpoints = subprocess.run([killer.wherry, "failpoints"], capture_output=True, text=True, check=True).stdout.split()
    for failpoint in failpoints:
        for times in (1, 2, 5):
            killer.clean(s)
            if killer.kill_at(s, failpoint, times):
                killer.run_to_end(s)
                killer.check(s, expected)
                yield f"{failpoint}@{times}"
    goal = killer.kills + kills
    while killer.kills < goal:
        killer.clean(s)
        deaths = 0
        while deaths < 6 and not killer.kill_randomly(s, longest):
            deaths += 1
        killer.run_to_end(s)
        killer.check(s, expected)
        yield f"{deaths} random kills"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=40, help="random kills per scenario, beside those at failpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("wherry", nargs="?", default=os.path.join(HERE, "../../build/wherry"))
    a = parser.parse_args()
    killer = Killer(os.path.abspath(a.wherry), a.seed)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="wherry-kill-") as folder:
        os.chdir(folder)
        os.environ["WHERRY_HOME"] = os.path.join(folder, "home")
        rows = write_sources(folder)
        for s in scenarios(folder):
            if a.only not in s.name:
                continue
            before, begin, checks = killer.kills, time.monotonic(), 0
            try:
                for _ in run_scenario(killer, s, rows, a.kills):
                    checks += 1
                passed += 1
                result = "ok"
            except (AssertionError, subprocess.TimeoutExpired, duckdb.Error, sqlite3.Error) as e:
                failed += 1
                result = f"FAIL: {e}"
            print(f"{s.name}: {killer.kills - before} kills, {checks} recoveries compared, "
                  f"{time.monotonic() - begin:.0f} s: {result}", flush=True)
        os.chdir("/")
    print(f"{killer.kills} kills in all")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
