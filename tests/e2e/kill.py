"""Kills wherry with SIGKILL at random moments and at every failpoint, runs the same command again until it is done, and
compares what arrived with the source, by value: nothing lost, nothing twice, nothing half visible, nothing left behind.

usage: kill.py [--kills N] [--seed S] [--only NAME] [WHERRY]
"""
import argparse
import gzip
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

import duckdb

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 30_000
OLD_ROWS = 10  # rows that an append must keep, or a merge must update
BAD_EVERY = 1000  # in bad.csv
WIDE_ROWS = 3000  # in wide.csv.gz
OLD = [(ROWS + i, "old", 1, "2000-01-01", "old") for i in range(OLD_ROWS)]
CENTS = "(price * 100)::bigint"
# SIGKILL takes nothing from the page cache, so the files may lie in memory, which is much faster.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


# ---- sources


def source_rows():
    """id, name, price in hundredths, day, note (sometimes null, sometimes with a newline and quotes)"""
    rng = random.Random(7)
    for i in range(ROWS):
        note = None if i % 7 == 0 else f'say "{i}"\nagain' if i % 11 == 0 else f"note {rng.randrange(10**9)}"
        yield i, f"name {i % 7}", rng.randrange(10**7), f"20{10 + i % 15:02d}-0{1 + i % 9}-1{i % 10}", note


def wide_rows(rows):
    """Too many bytes for all of them to be looked at beforehand, and at the end an id that is no number."""
    return [(str(i), n, p, d, "x" * 6000) for i, n, p, d, _ in rows[:WIDE_ROWS]] + [("x", "n", 1, "2020-01-01", "x")]


def csv_line(row, price=None):
    i, name, cents, day, note = row
    text = "" if note is None else '"' + note.replace('"', '""') + '"'
    return f"{i},{name},{price or f'{cents // 100}.{cents % 100:02d}'},{day},{text}\n"


def write_sources():
    rows = list(source_rows())
    header = "id,name,price,day,note\n"
    with open("src.csv", "w", newline="") as f:
        f.write(header + "".join(map(csv_line, rows)))
    with open("bad.csv", "w", newline="") as f:
        f.write(header + "".join(csv_line(r, "bad" if r[0] % BAD_EVERY == 0 else None) for r in rows))
    with gzip.open("wide.csv.gz", "wt", compresslevel=1, newline="") as f:
        f.write(header + "".join(map(csv_line, wide_rows(rows))))
    with open("src.jsonl", "w") as f:
        for i, name, price, day, note in rows:
            f.write(json.dumps({"id": i, "name": name, "price": price, "day": day, "note": note}) + "\n")
    db = sqlite3.connect("src.db")
    db.execute("CREATE TABLE src (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, day DATE, note TEXT)")
    db.executemany("INSERT INTO src VALUES (?, ?, ?, ?, ?)", rows)
    db.commit()
    db.close()
    return rows


# ---- destinations


def query_rows(table, price=CENTS):
    """Rows of a table function of DuckDB; None: there are no such files."""
    try:
        return duckdb.sql(f"SELECT id, name, {price}, day::varchar, note FROM {table} ORDER BY id").fetchall()
    except duckdb.IOException as e:
        if "No files found" in str(e):
            return None
        raise


def parquet_rows(pattern, price=CENTS):
    return query_rows(f"read_parquet('{pattern}', hive_partitioning = true)", price)


def text_rows(pattern):
    types = "{id: bigint, name: varchar, price: 'decimal(18,2)', day: date, note: varchar}"
    return query_rows(f"read_csv('{pattern}', header = true, columns = {types}, allow_quoted_nulls = false)")


def listed_rows(folder):
    """Rows of the files that the manifest lists: they are visible all at once, unlike the files themselves."""
    try:
        with open(f"{folder}/_manifest.json") as f:
            names = [f"'{folder}/{entry['path']}'" for entry in json.load(f)["files"]]
    except FileNotFoundError:
        return None
    return query_rows(f"read_parquet([{', '.join(names)}])")


def database_rows(path):
    if not os.path.exists(path):
        return None
    db = sqlite3.connect(path)
    check = db.execute("PRAGMA integrity_check").fetchone()[0]
    rows = db.execute("SELECT id, name, price, day, note FROM t ORDER BY id").fetchall()
    db.close()
    assert check == "ok", f"integrity_check: {check}"
    return rows


def staging_tables(path):
    db = sqlite3.connect(path)
    names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%wherry_%' AND type = 'table'")]
    db.close()
    return [n for n in names if n != "_wherry_ledger"]


def make_table(first_id):
    db = sqlite3.connect("out.db")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, day DATE, note TEXT)")
    db.executemany("INSERT INTO t VALUES (?, 'old', 1, '2000-01-01', 'old')", [(first_id + i,) for i in range(OLD_ROWS)])
    db.commit()
    db.close()


def make_csv():
    with open("out.csv", "w", newline="") as f:
        f.write("id,name,price,day,note\n" + "".join(map(csv_line, OLD)))


def make_folder():
    os.mkdir("lake")
    values = ", ".join(f"({i}, '{n}', {p / 100:.2f}::decimal(7,2), '{d}'::date, '{t}')" for i, n, p, d, t in OLD)
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) v(id, name, price, day, note)) TO 'lake/old.parquet'")


# ---- scenarios


@dataclass
class Scenario:
    name: str
    arguments: list
    read: Callable  # rows that are visible, by id, or None
    prepare: Callable = None
    old: list = field(default_factory=list)  # rows that were there and stay
    atomic: bool = True  # nothing of the run is visible before it ends
    expected: Callable = None  # rows that arrive of the source's; default: all
    rejects: int = 0


def scenarios():
    append, merge = ["--mode", "append"], ["--mode", "merge", "--primary-key", "id"]
    good = [i for i in range(ROWS) if i % BAD_EVERY != 0]
    return [
        Scenario("csv to parquet folder", ["src.csv", "lake/", "--format", "parquet", "--file-size", "100KiB"],
                 lambda: parquet_rows("lake/*.parquet")),
        Scenario("csv to single parquet", ["src.csv", "one.parquet"], lambda: parquet_rows("one.parquet")),
        Scenario("jsonl to sqlite append", ["src.jsonl", "sqlite:///out.db#t", *append], lambda: database_rows("out.db"),
                 lambda: make_table(ROWS), OLD, atomic=False),
        Scenario("jsonl to sqlite merge", ["src.jsonl", "sqlite:///out.db#t", *merge], lambda: database_rows("out.db"),
                 lambda: make_table(ROWS - OLD_ROWS), atomic=False),
        Scenario("sqlite to parquet", ["sqlite:///src.db#src", "two.parquet"],
                 lambda: parquet_rows("two.parquet", "price")),
        Scenario("csv to sqlite replace", ["src.csv", "sqlite:///out.db#t", "--columns", "day:text"],
                 lambda: [(i, n, round(p * 100), d, t) for i, n, p, d, t in database_rows("out.db")],
                 lambda: make_table(0)),
        Scenario("csv to parquet folder append", ["src.csv", "lake/", "--file-size", "100KiB", *append],
                 lambda: listed_rows("lake") or parquet_rows("lake/old.parquet"), make_folder, OLD),
        Scenario("jsonl to partitioned folder", ["src.jsonl", "lake/", "--partition-by", "name"],
                 lambda: parquet_rows("lake/**/*.parquet", "price")),
        Scenario("parquet to csv append", ["src.parquet", "out.csv", *append], lambda: text_rows("out.csv"), make_csv, OLD),
        Scenario("csv with rejects to csv.gz", ["bad.csv", "out.csv.gz", "--columns", "price:decimal(7,2)",
                                               "--max-rejects", "100"], lambda: text_rows("out.csv.gz"),
                 expected=lambda rows: [rows[i] for i in good], rejects=ROWS - len(good)),
        Scenario("widened csv.gz to parquet", ["wide.csv.gz", "wide.parquet", "--chunk-size", "1MiB"],
                 lambda: parquet_rows("wide.parquet"), expected=lambda rows: sorted(wide_rows(rows))),
    ]


SOURCES = ("src.csv", "bad.csv", "wide.csv.gz", "src.jsonl", "src.db", "src.parquet")


def first_difference(got, expected):
    if got is None:
        return "nothing is there"
    if len(got) != len(expected):
        return f"{len(got)} rows instead of {len(expected)}, {len(set(got))} different ones"
    for a, b in zip(got, expected):
        if a != b:
            return f"row {a} instead of {b}"
    return None


class Killer:
    """Runs one scenario in the working folder."""

    def __init__(self, wherry, scenario, rows, seed):
        self.wherry, self.s, self.rng = wherry, scenario, random.Random(seed)
        arriving = scenario.expected(rows) if scenario.expected else rows
        self.expected = arriving + scenario.old
        # Small chunks and frequent checkpoints: many places to die at.
        self.command = [wherry, "copy", "--chunk-size", "64KiB", "--checkpoint", "5ms", "--progress", "none",
                        "--log-level", "error", *scenario.arguments]
        self.kills = self.recoveries = 0
        self.where = "no kill"  # of the last one, for messages

    def clean(self):
        for name in os.listdir("."):
            if name in SOURCES:
                continue
            if os.path.isdir(name):
                shutil.rmtree(name)
            else:
                os.unlink(name)
        if self.s.prepare:
            self.s.prepare()
        self.before = self.s.read() if self.s.prepare else None

    def is_done(self):
        """A kill may come after the run has noted its success: then the same command is a new run."""
        if not os.path.exists("home/wherry.db"):
            return False
        db = sqlite3.connect("home/wherry.db")
        try:
            row = db.execute("SELECT status FROM runs ORDER BY started_us DESC, id DESC LIMIT 1").fetchone()
        except sqlite3.OperationalError:  # the table is not there yet
            row = None
        db.close()
        return row is not None and row[0] == "succeeded"

    def run_to_end(self):
        r = subprocess.run(self.command, capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, f"exit code {r.returncode}: {r.stderr[-400:]}"

    def check_visible(self):
        """Between a kill and the next attempt a reader sees the old data or the new, never a part."""
        if not self.s.atomic:
            return
        seen = self.s.read()
        if seen != self.before:
            why = first_difference(seen, self.expected)
            assert not why, f"half visible: {why}"

    def check_end(self, ignore="wherry-lock"):
        """A kill between the last word to the store and the removal of the lock leaves the lock's file to the next run
        on the target; nobody holds it."""
        why = first_difference(self.s.read(), self.expected)
        assert not why, why
        names = [n for _, folders, files in os.walk(".") for n in folders + files]
        left = [n for n in names if ("wherry-" in n or n.endswith(".tmp")) and not n.endswith(ignore)]
        if os.path.exists("out.db"):
            left += staging_tables("out.db")
        assert not left, f"left behind: {left}"
        if self.s.rejects:
            self.check_rejects()

    def check_rejects(self):
        folder = "home/quarantine"
        lines = []
        for run in os.listdir(folder):
            for name in os.listdir(f"{folder}/{run}"):
                with open(f"{folder}/{run}/{name}") as f:
                    lines += [json.loads(line)["line"] for line in f]
        assert len(lines) == len(set(lines)) == self.s.rejects, f"{len(lines)} lines in the quarantine, {len(set(lines))} different"

    def killed(self, code, stderr):
        """Counts; False when the process was faster."""
        if code == -signal.SIGKILL:
            self.kills += 1
            self.check_visible()
            return True
        assert code == 0, f"exit code {code}: {stderr[-400:]}"
        return False

    def recover(self):
        if not self.is_done():
            self.run_to_end()
        self.check_end()
        self.recoveries += 1

    def kill_at(self, failpoint, times):
        """False when the failpoint was not reached."""
        self.where = f"{failpoint}@{times}"
        env = dict(os.environ, WHERRY_FAILPOINTS=f"{self.where}=kill")
        self.clean()
        r = subprocess.run(self.command, env=env, capture_output=True, text=True, timeout=120)
        if not self.killed(r.returncode, r.stderr):
            return False
        self.recover()
        return True

    def kill_at_failpoints(self):
        """What was reached."""
        names = subprocess.run([self.wherry, "failpoints"], capture_output=True, text=True, check=True).stdout.split()
        return {name for name in names for times in (1, 2, 7) if self.kill_at(name, times)}

    def kill_randomly(self, longest):
        """Kills up to five attempts of one run; the next one may end."""
        self.clean()
        for _ in range(self.rng.randrange(1, 6)):
            with open("stderr", "w") as f:
                p = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=f)
            after = self.rng.uniform(0, longest)
            self.where = f"{after * 1000:.0f} of {longest * 1000:.0f} ms"
            time.sleep(after)
            p.send_signal(signal.SIGKILL)
            with open("stderr") as f:
                if not self.killed(p.wait(), f.read()) or self.is_done():
                    break
        self.recover()

    def time_of_a_run(self):
        self.clean()
        begin = time.monotonic()
        self.run_to_end()
        seconds = time.monotonic() - begin
        self.check_end(ignore="nothing")
        return seconds


def run_scenario(task):
    """(kills, failpoints reached, report, error or None), in a process and folder of its own."""
    wherry, folder, index, kills, seed = task
    s = scenarios()[index]
    duckdb.sql("SET enable_progress_bar = false")
    os.mkdir(f"{folder}/{index}")
    os.chdir(f"{folder}/{index}")
    os.environ["WHERRY_HOME"] = os.path.join(os.getcwd(), "home")
    for name in SOURCES:
        shutil.copy(f"../{name}", name)
    begin, reached, error = time.monotonic(), set(), None
    k = Killer(wherry, s, list(source_rows()), seed)
    try:
        longest = k.time_of_a_run()
        reached = k.kill_at_failpoints()
        goal = k.kills + kills
        while k.kills < goal:
            k.kill_randomly(longest)
    except (AssertionError, subprocess.TimeoutExpired, duckdb.Error, sqlite3.Error, OSError) as e:
        error = f"{type(e).__name__} after {k.where}: {e}; command: {' '.join(k.command[1:])}"
    report = f"{s.name}: {k.kills} kills, {k.recoveries} recoveries compared, {time.monotonic() - begin:.0f} s"
    return k.kills, k.recoveries, reached, report, error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=24, help="random kills per scenario, beside those at failpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("wherry", nargs="?", default=os.environ.get("WHERRY", os.path.join(HERE, "../../build/wherry")))
    a = parser.parse_args()
    wherry = os.path.abspath(a.wherry)
    all_failpoints = set(subprocess.run([wherry, "failpoints"], capture_output=True, text=True, check=True).stdout.split())
    passed = failed = kills = recoveries = 0
    reached, begin = set(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wherry-kill-", dir=MEMORY) as folder:
        os.chdir(folder)
        write_sources()
        duckdb.sql("COPY (SELECT id, name, (price / 100)::decimal(7,2) price, day::date AS day, note"
                   " FROM read_json('src.jsonl')) TO 'src.parquet' (row_group_size 2048)")
        tasks = [(wherry, folder, i, a.kills, a.seed) for i, s in enumerate(scenarios()) if a.only in s.name]
        spawn = multiprocessing.get_context("spawn")  # DuckDB has threads, which a fork would not take along
        with spawn.Pool(min(len(tasks), os.cpu_count() or 1)) as pool:
            for n, compared, points, report, error in pool.imap(run_scenario, tasks):
                kills, recoveries, reached = kills + n, recoveries + compared, reached | points
                passed, failed = passed + (error is None), failed + (error is not None)
                print(report + (": ok" if error is None else f": FAIL: {error}"), flush=True)
        os.chdir("/")
    if not a.only and reached != all_failpoints:
        failed += 1
        print(f"FAIL: failpoints that no run reached: {sorted(all_failpoints - reached)}")
    print(f"{kills} kills, {recoveries} recoveries compared, {time.monotonic() - begin:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
