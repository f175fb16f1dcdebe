"""Runs the real program as a user would, also wrongly, and checks what it prints, writes and returns.

usage: cli.py [--write-docs] [--only WORD] [WHERRY]

--write-docs makes the generated parts of docs/ anew instead of comparing them.
"""
import argparse
import contextlib
import csv
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = 200_000
ORDERS = """id,total,country,created,note
1,10.50,AT,2024-01-01,first
2,20.00,DE,2024-01-02,"with ""quotes"", comma"
3,5.25,AT,2024-01-03,
4,99.99,CH,2024-01-04,日本語
"""


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = self.failed = 0
        self.where = ""

    def that(self, ok, text):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {self.where}: {text}", flush=True)
        return ok


check = Checks()


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit code {self.code}, stdout {self.out[:500]!r}, stderr {self.err[:1500]!r}"


class Cli:
    """The program with a folder and a history of its own."""

    def __init__(self, program, folder, user=None):
        self.program, self.folder, self.user = program, pathlib.Path(folder), user
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("WHERRY")}
        self.env |= {"HOME": str(folder), "XDG_STATE_HOME": f"{folder}/.state", "WHERRY_LOG_FORMAT": "text"}

    def command(self, args):
        prefix = [] if self.user is None else ["setpriv", "--reuid", str(self.user), "--regid", str(self.user),
                                               "--clear-groups", "--"]
        return [*prefix, str(self.program), *map(str, args)]

    def start(self, *args, env=None, **more):
        full = {k: v for k, v in (self.env | (env or {})).items() if v is not None}
        return subprocess.Popen(self.command(args), cwd=self.folder, env=full, stdin=more.pop("stdin", subprocess.DEVNULL),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run(self, *args, env=None, data=None, timeout=120):
        p = self.start(*args, env=env, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL)
        out, err = p.communicate(data.encode() if data is not None else None, timeout=timeout)
        return Done(p.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def ok(self, *args, **more):
        done = self.run(*args, **more)
        check.that(done.code == 0, f"wherry {' '.join(map(str, args))}: {done}")
        return done

    def fails(self, code, words, *args, **more):
        """The exit code, and every word in what is said."""
        done = self.run(*args, **more)
        text = done.err + done.out
        missing = [w for w in ([words] if isinstance(words, str) else words) if w not in text]
        check.that(done.code == code and not missing and "\x1b" not in text,
                   f"wherry {' '.join(map(str, args))}: not {code} with {missing}: {done}")
        return done

    def path(self, name):
        return self.folder / name

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")
        return name

    def read(self, name):
        return self.path(name).read_text(encoding="utf-8")

    def hidden(self, where="."):
        """What a run has left behind: staging and locks."""
        return sorted(str(p.relative_to(self.folder)) for p in self.path(where).rglob("*wherry*")
                      if ".state" not in p.parts)

    def last_run(self):
        return json.loads(self.run("runs", "-o", "json", "--limit", 1).out)[0]


def big_csv(cli, rows=ROWS):
    """A file that takes many chunks of 256 KiB; the same one each time."""
    rng = random.Random(3)
    lines = ["id,name,price,day\n"]
    for i in range(rows):
        lines.append(f"{i},name {i % 97},{rng.randrange(10**6) / 100:.2f},2024-01-{i % 28 + 1:02d}\n")
    return cli.write("big.csv", "".join(lines))


SMALL_CHUNKS = ["--chunk-size", "256KiB", "--checkpoint-interval", "0ms"]

# ---- help, usage ----


def test_start(cli):
    check.that(re.fullmatch(r"wherry \d+\.\d+\.\d+\n", cli.ok("version").out) is not None, "version")
    check.that(cli.ok("--version").out == cli.ok("version").out == cli.ok("-V").out, "--version and -V")
    overview = cli.ok().out
    check.that(overview == cli.ok("help").out == cli.ok("--help").out == cli.ok("-h").out, "help")
    check.that("failpoints" not in overview and "run-chunk" in overview, "hidden commands")
    for name in re.findall(r"^  ([a-z-]+) {2,}[A-Z]", overview, re.M):
        done = cli.ok("help", name)
        check.that(done.out == cli.ok(name, "--help").out and "usage: wherry " + name in done.out, f"help of {name}")
        check.that(max(map(len, done.out.splitlines())) <= 100, f"lines of the help of {name}")
    check.that("sqlite://" in cli.ok("help", "connectors").out, "help connectors")
    check.that("--sqlite-nan" in cli.ok("help", "connectors", "sqlite").out, "help connectors sqlite")
    check.that(" 130  " in cli.ok("help", "exit-codes").out, "help exit-codes")


USAGE = [
    (["copi", "a", "b"], ["unknown command", "wherry copy"]),
    (["frobnicate"], ["unknown command", "wherry copy SOURCE DESTINATION"]),
    (["orders.csv", "x.parquet"], ["wherry copy SOURCE DESTINATION"]),
    (["--home", "x", "runs"], ["behind the command"]),
    (["copy"], ["needs a source and a destination"]),
    (["copy", "orders.csv"], ["the destination is missing"]),
    (["copy", "orders.csv", "x.parquet", "y"], ['unexpected argument "y"', "quotes"]),
    (["copy", "orders.csv", "x.parquet", "--modee", "append"], ["unknown flag --modee", "did you mean --mode?"]),
    (["copy", "orders.csv", "x.parquet", "--csv-delimter", ";"], ["did you mean --csv-delimiter?"]),
    (["copy", "orders.csv", "x.parquet", "--dest-csv-delimter", ";"], ["did you mean --dest-csv-delimiter?"]),
    (["copy", "orders.csv", "x.parquet", "--quite"], ["did you mean --quiet?"]),
    (["copy", "orders.csv", "x.parquet", "-z"], ["unknown flag -z"]),
    (["copy", "orders.csv", "x.parquet", "--mode", "repalce"], ["did you mean replace?", "truncate"]),
    (["copy", "orders.csv", "x.parquet", "--mode"], ["--mode needs a value"]),
    (["copy", "orders.csv", "x.parquet", "--fresh=yes"], ["takes no value"]),
    (["copy", "orders.csv", "x.parquet", "--jobs", "many"], ["--jobs", "whole number"]),
    (["copy", "orders.csv", "x.parquet", "--limit", "-3"], ["--limit", "whole number"]),
    (["copy", "orders.csv", "x.parquet", "--memory", "lots"], ["--memory", "64MiB"]),
    (["copy", "orders.csv", "x.parquet", "--checkpoint-interval", "5x"], ["duration", "10s"]),
    (["copy", "orders.csv", "x.parquet", "--max-rejects", "lots"], ["--max-rejects", "0.5%"]),
    (["copy", "orders.csv", "x.parquet", "--csv-header", "maybe"], ["csv-header", "auto, true, false"]),
    (["copy", "orders.csv", "x.parquet", "--sqlite-nan", "null"], ["neither the source (file) nor", "--sqlite-nan"]),
    (["copy", "orders.csv", "x.parquet", "--dest-sqlite-nan", "null"], ["the destination (file) has no option"]),
    (["copy", "orders.csv", "sqlite:///y.db#t", "--format", "csv"], ["--source-format"]),
    (["copy", "orders.csv", "x.parquet", "--source", "b.csv"], ["given twice"]),
    (["copy", "orders.csv", "x.parquet", "--summary", "none/s.json"], ['no folder "none"']),
    (["copy", "orders.csv", "-", "--format", "csv", "--summary", "-"], ["both the data and the summary"]),
    (["preview"], ["needs URI"]),
    (["preview", "orders.csv", "--dest-format", "csv"], ["no destination"]),
    (["discover", "orders.csv", "-o", "yaml"], ["it is one of table, json"]),
    (["resume"], ["needs RUN|last"]),
    (["help", "cpoy"], ["did you mean `wherry help copy`?"]),
    (["help", "connectors", "nope"], ["no connector"]),
    (["completion", "tcsh"], ["bash, zsh, fish"]),
    (["run-chunk", "plan.json"], ["--finish"]),
    (["run-chunk", "plan.json", "1", "--finish"], ["--finish"]),
]


def test_usage(cli):
    cli.write("orders.csv", ORDERS)
    for args, words in USAGE:
        done = cli.fails(2, words, *args)
        check.that(done.out == "" and done.err.startswith("error: "), f"{args}: only an error on stderr: {done}")
    check.that(sorted(os.listdir(cli.folder)) == ["orders.csv"], f"nothing is left behind: {os.listdir(cli.folder)}")
    cli.fails(2, '"err.code":"config"', "copy", env={"WHERRY_LOG_FORMAT": "json"})
    cli.fails(2, ["WHERRY_MODE", "replace"], "copy", "orders.csv", "x.csv", env={"WHERRY_MODE": "all"})


CONFIG = [
    (["copy", "none.csv", "x.parquet"], ['"none.csv"', "No such file"]),
    (["copy", "none*.csv", "x.parquet"], ["no file matches"]),
    (["copy", "folder", "x.parquet"], ["folder"]),
    (["copy", "orders.csv", "x.xyz"], ["could not tell the format", "--format csv, jsonl or parquet"]),
    (["copy", "odd.xyz", "x.csv"], ["could not tell the format", "--source-format"]),
    (["copy", "sqlit:///shop.db", "x.csv"], ["did you mean sqlite://?"]),
    (["copy", "oracle://h/shop", "x.csv"], ["no connector", "wherry help connectors"]),
    (["copy", "csv://a%zz.csv", "x.csv"], ["percent"]),
    (["copy", "csv://orders.csv?csv-delimter=x", "x.csv"], ["csv-delimter", "csv-delimiter"]),
    (["copy", "", "x.csv"], ["empty source"]),
    (["copy", "sqlite:///none.db", "x.csv"], ['"none.db"', "no such file"]),
    (["copy", "sqlite:///shop.db#ordrs", "x.csv"], ["ordrs", 'did you mean "orders"?']),
    (["copy", "orders.csv#x", "x.csv"], ["orders.csv#x"]),
    (["copy", "csv://orders.csv#x", "x.csv"], ['no stream "x"', '"orders"']),
    (["copy", "orders.csv", "x.csv", "--where", "totl > 1"], ["totl", 'did you mean "total"?']),
    (["copy", "orders.csv", "x.csv", "--where", "total >"], ["could not use condition"]),
    (["copy", "orders.csv", "x.csv", "--select", "id,totl"], ['there is no column "totl"', 'did you mean "total"?']),
    (["copy", "orders.csv", "x.csv", "--select", "id,zzzzzz"], ['there is no column "zzzzzz"', "country"]),
    (["copy", "orders.csv", "x.csv", "--columns", "id:intt"], ["intt", "did you mean"]),
    (["copy", "orders.csv", "x.csv", "--columns", "idd:int64"], ['did you mean "id"?']),
    (["copy", "orders.csv", "x.csv", "--mode", "merge"], ["could not merge into files"]),
    (["copy", "orders.csv", "sqlite:///m.db#t", "--mode", "merge"], ["--primary-key"]),
    (["copy", "orders.csv", "sqlite:///m.db#t", "--primary-key", "key"], ["key"]),
    (["copy", "orders.csv", "foreign/"], ["wherry did not write", "--mode append"]),
    (["copy", "orders.csv", "orders.csv/x.csv"], ["orders.csv"]),
    (["copy", "orders.csv", "x.parquet", "--compression", "gzip"], ["--parquet-compression"]),
    (["copy", "sqlite:///shop.db", "-", "--format", "csv"], ["standard output"]),
    (["discover", "none.csv"], ["none.csv"]),
    (["preview", "sqlite:///shop.db"], ["2 streams", "#"]),
    (["preview", "sqlite:///shop.db#ordrs"], ["ordrs"]),
    (["check", "none.csv", "--as", "source"], ["no: ", "No such file"]),
    (["resume", "nope"], ['no run "nope"', "wherry runs"]),
    (["logs", "nope"], ['no run "nope"']),
    (["chunks", "none.json"], ["none.json"]),
    (["chunks", "orders.csv"], ["could not read plan", "--plan-out"]),
    (["run-chunk", "orders.csv", "0"], ["could not read plan"]),
    (["copy", "orders.csv", "x.csv", "--plan-out", "p.json"], ["no folder of files", "'/'"]),
    (["copy", "-", "x/", "--source-format", "csv", "--plan-out", "p.json"], ["only once"]),
]


def shop_db(cli):
    db = sqlite3.connect(cli.path("shop.db"))
    db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(9,2), name TEXT NOT NULL)")
    db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT)")
    db.execute("CREATE UNIQUE INDEX people_email ON people (email)")
    db.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(i, i * 1.25, f"n{i}") for i in range(1, 51)])
    db.executemany("INSERT INTO people VALUES (?, ?)", [(i, f"p{i}@example.org") for i in range(1, 4)])
    db.commit()
    db.close()


def test_config(cli):
    cli.write("orders.csv", ORDERS)
    cli.write("odd.xyz", "\x00\x01\x02")
    cli.write("foreign/mine.txt", "precious")
    cli.path("folder").mkdir()
    shop_db(cli)
    before = sorted(os.listdir(cli.folder))
    for args, words in CONFIG:
        cli.fails(78, words, *args)
    left = [p for p in sorted(os.listdir(cli.folder)) if p not in before and p not in (".state", "m.db")]
    check.that(left == [] and cli.read("foreign/mine.txt") == "precious", f"nothing is left behind: {left}")


# ---- looking ----


def test_preview(cli):
    cli.write("orders.csv", ORDERS)
    lines = cli.ok("preview", "orders.csv").out.splitlines()
    check.that(lines[0].split() == ["id", "total", "country", "created", "note"], lines[0])
    check.that(lines[1].split() == ["int64", "decimal(9,2)", "text", "date", "text"], lines[1])
    check.that(lines[3].split() == ["1", "10.50", "AT", "2024-01-01", "first"] and lines[5].endswith("NULL"), lines)
    check.that(lines[-1] == "(4 rows)", lines[-1])
    rows = json.loads(cli.ok("preview", "orders.csv", "-o", "json").out)
    check.that(rows[1]["note"] == 'with "quotes", comma' and rows[2]["note"] is None, rows)
    check.that(cli.ok("preview", "orders.csv", "-o", "csv").out == ORDERS, "preview -o csv gives the text back")
    check.that(cli.ok("preview", "orders.csv", "-n", "2", "-o", "csv").out == "".join(ORDERS.splitlines(True)[:3]), "-n")
    out = cli.ok("preview", "orders.csv", "--where", "total > 10 and country <> 'CH'", "--select", "note,id", "-o", "json")
    check.that(json.loads(out.out) == [{"note": "first", "id": 1}, {"note": 'with "quotes", comma', "id": 2}], out)
    out = cli.ok("preview", "orders.csv", "--columns", "id:text", "--columns", "total:float64")
    check.that(out.out.splitlines()[1].split()[:2] == ["text", "float64"], out)
    cli.ok("copy", "orders.csv", "o.parquet")
    cli.ok("copy", "orders.csv", "o.jsonl.gz")
    check.that(cli.ok("preview", "o.parquet", "-o", "csv").out == ORDERS, "preview of Parquet")
    check.that(json.loads(cli.ok("preview", "o.jsonl.gz", "-o", "json").out)[3] == rows[3], "preview of JSON lines")
    check.that(cli.ok("preview", "-", "--source-format", "csv", "-o", "csv", data=ORDERS).out == ORDERS, "of stdin")
    wide = cli.write("wide.csv", "a,b\n" + "x" * 500 + ",\x1b[31mred\x07\n表表," + "e\u0301" * 3 + "\n")
    out = cli.ok("preview", wide).out
    check.that("…" in out and "\x1b" not in out and "\\x1b[31mred\\a" in out, f"long and hostile values: {out!r}")
    columns = [line.split("  ")[0] for line in out.splitlines()[:3]]
    check.that(len(columns[2]) == 40, f"cells are cut at 40: {columns}")


def test_discover(cli):
    shop_db(cli)
    found = {s["name"]: s for s in json.loads(cli.ok("discover", "sqlite:///shop.db", "-o", "json").out)}
    check.that(sorted(found) == ["orders", "people"] and found["orders"]["rows"] == 50, found)
    check.that(found["orders"]["primary_key"] == ["id"], found)
    check.that([c["name"] for c in found["orders"]["columns"]] == ["id", "total", "name"], found)
    check.that(found["orders"]["columns"][2] == {"name": "name", "type": "text", "nullable": False}, found)
    check.that(found["people"]["indexes"] == [{"name": "people_email", "columns": ["email"], "unique": True}], found)
    text = cli.ok("discover", "shop.db").out
    check.that("orders: 3 columns, about 50 rows" in text and "unique index people_email: email" in text, text)
    one = json.loads(cli.ok("discover", "sqlite:///shop.db#o*", "-o", "json").out)
    check.that([s["name"] for s in one] == ["orders"], one)
    query = json.loads(cli.ok("discover", "sqlite:///shop.db#query:SELECT 1 AS one", "-o", "json").out)
    check.that([c["name"] for c in query[0]["columns"]] == ["one"], query)


def test_check(cli):
    cli.write("orders.csv", ORDERS)
    shop_db(cli)
    out = cli.ok("check", "orders.csv").out
    check.that("file (beta)" in out and "with 5 columns" in out and re.search(r"writable +yes", out), out)
    check.that("2 streams" in cli.ok("check", "shop.db").out, "check of a database")
    check.that(re.search(r"readable +no", cli.ok("check", "new.db").out) is not None, "what is not there can be written")
    check.that("once" in cli.ok("check", "-", "--source-format", "csv").out, "check of a pipe")
    check.that(not cli.path("new.db").exists(), "check writes nothing")


# ---- copying ----


def test_copy(cli):
    cli.write("orders.csv", ORDERS)
    done = cli.ok("copy", "orders.csv", "o.parquet")
    check.that(done.out == "" and re.search(r"^orders +4 +4 +0 +0 ", done.err, re.M) is not None, done)
    check.that("succeeded in" in done.err and "bounded by" in done.err and "peak memory" in done.err, done)
    cli.ok("copy", "o.parquet", "sqlite:///s.db#orders", "--primary-key", "id", "-q")
    cli.ok("copy", "sqlite:///s.db#orders", "o.jsonl", "-q")
    cli.ok("copy", "o.jsonl", "o.csv.gz", "--columns", "total:decimal(9,2),created:date", "-q")
    cli.ok("copy", "o.csv.gz", "back.csv", "-q")
    check.that(cli.read("back.csv") == ORDERS, "around: " + cli.read("back.csv"))
    check.that(cli.hidden() == [], f"nothing is left behind: {cli.hidden()}")
    out = cli.ok("copy", "orders.csv", "-", "--format", "jsonl", "--where", "total > 10", "--select", "total,id").out
    check.that(out == '{"total":10.50,"id":1}\n{"total":20.00,"id":2}\n{"total":99.99,"id":4}\n', out)
    out = cli.ok("copy", "-", "-", "--source-format", "csv", "--format", "csv", "--limit", "2", data=ORDERS).out
    check.that(out == "".join(ORDERS.splitlines(True)[:3]), f"stdin to stdout: {out}")
    out = cli.ok("copy", "orders.csv", "-", "--format", "csv", "--select", "-note,-created", "-q")
    check.that(out.out.startswith("id,total,country\n1,10.50,AT\n") and out.err == "", out)


def test_modes(cli):
    cli.write("orders.csv", ORDERS)
    for mode in ("replace", "overwrite", "full-refresh"):
        cli.ok("copy", "orders.csv", "o.csv", "--mode", mode)
        check.that(cli.read("o.csv") == ORDERS, mode)
    cli.ok("copy", "orders.csv", "o.csv", "--mode", "append")
    check.that(len(cli.read("o.csv").splitlines()) == 9, "append to a file")
    for mode, rows in (("replace", 4), ("append", 8), ("append", 12), ("replace", 4)):
        cli.ok("copy", "orders.csv", "lake/", "--mode", mode)
        out = cli.ok("copy", "lake/", "-", "--format", "csv", "-q").out
        check.that(len(out.splitlines()) == rows + 1, f"folder, {mode}: {out}")
    for mode, rows in (("replace", 4), ("append", 8), ("truncate", 4)):
        cli.ok("copy", "orders.csv", "sqlite:///s.db#t", "--mode", mode)
        check.that(sqlite3.connect(cli.path("s.db")).execute("SELECT count(*) FROM t").fetchone() == (rows,), mode)
    cli.ok("copy", "orders.csv", "sqlite:///m.db#t", "--mode", "merge", "--primary-key", "id")
    cli.write("more.csv", "id,total,country,created,note\n4,1.00,CH,2024-01-04,new\n5,2.00,CH,2024-01-05,\n")
    cli.ok("copy", "more.csv", "sqlite:///m.db#t", "--mode", "merge", "--primary-key", "id")
    rows = sqlite3.connect(cli.path("m.db")).execute("SELECT id, note FROM t ORDER BY id").fetchall()
    check.that(len(rows) == 5 and rows[3] == (4, "new"), rows)


def test_names(cli):
    """Flags by other names, environment, URI options, options with sides."""
    cli.write("orders.csv", ORDERS)
    cli.write("semi.txt", "a;b\n1;x\n2;NA\n")
    same = [["--source-uri", "csv://orders.csv", "--dest-uri", "sqlite:///a.db", "--dest-table", "t"],
            ["--src-conn", "orders.csv", "--tgt-conn", "sqlite:///a.db", "--tgt-object", "t", "--mode", "full-refresh"],
            ["--source", "orders.csv", "--dest", "sqlite:///a.db#t"],
            ["--source=orders.csv", "sqlite:///a.db#t", "-j2"],
            ["--src-stream", "file://orders.csv", "--tgt-conn", "a.db", "--dest-table=t"]]
    for args in same:
        with contextlib.suppress(FileNotFoundError):
            cli.path("a.db").unlink()
        cli.ok("copy", *args)
        rows = sqlite3.connect(cli.path("a.db")).execute("SELECT count(*) FROM t").fetchone()
        check.that(rows == (4,), f"{args}: {rows}")
    for args in (["csv://semi.txt?csv-delimiter=%3B&csv-null=NA", "-", "--format", "csv"],
                 ["semi.txt", "-", "--source-format", "csv", "--source-csv-delimiter", ";", "--csv-null=NA", "--format",
                  "csv", "--dest-csv-null", ""]):
        out = cli.ok("copy", *args).out
        check.that(out == "a,b\n1,x\n2,\n", f"{args}: {out!r}")
    out = cli.ok("copy", "orders.csv", "-", "--format", "csv", env={"WHERRY_LIMIT": "1", "WHERRY_QUIET": "1"})
    check.that(len(out.out.splitlines()) == 2 and out.err == "", f"flags from the environment: {out}")
    out = cli.ok("copy", "orders.csv", "-", "--format", "csv", "--limit", "2", env={"WHERRY_LIMIT": "1"})
    check.that(len(out.out.splitlines()) == 3, f"the flag wins over the environment: {out}")
    cli.write("-odd.csv", ORDERS)
    check.that(cli.ok("preview", "-o", "csv", "--", "-odd.csv").out == ORDERS, "behind -- all is an argument")
    for n in range(3):
        cli.write(f"logs/day={n}/part.csv", f"a\n{n}\n")
    out = cli.ok("copy", "logs/*/part.csv", "-", "--format", "csv", "-q").out
    check.that(out.splitlines()[1:] == ["0,0", "1,1", "2,2"] or out.splitlines()[0] == "a,day", f"Hive pattern: {out}")
    shop_db(cli)
    cli.ok("copy", "sqlite:///shop.db", "out/", "--format", "csv", "-q")
    check.that(len(cli.read("out/orders.csv").splitlines()) == 51, "every table, one file each")


def test_dry_run(cli):
    cli.write("orders.csv", ORDERS)
    out = cli.ok("copy", "orders.csv", "o.parquet", "--dry-run", "--where", "id > 1", "--columns", "note:json").out
    words = ["stream \"orders\"", "create parquet file \"o.parquet\"", "where id > 1", "decimal(9,2)", "guarantee: G3",
             "rejects: at most 0", "chunk"]
    check.that(all(w in out for w in words), out)
    check.that("G1" in cli.ok("copy", "orders.csv", "-", "--format", "csv", "--dry-run").out, "stdout is G1")
    cli.ok("copy", "orders.csv", "sqlite:///s.db#t", "--dry-run")
    cli.ok("copy", "orders.csv", "a/b/", "--dry-run")
    cli.fails(78, "none.csv", "copy", "none.csv", "x.csv", "--dry-run")
    check.that(sorted(os.listdir(cli.folder)) == ["orders.csv"], f"touches nothing: {os.listdir(cli.folder)}")


def test_output(cli):
    """Summary, progress, log lines."""
    cli.write("orders.csv", ORDERS)
    cli.ok("copy", "orders.csv", "o.csv", "--summary", "s.json")
    s = json.loads(cli.read("s.json"))
    check.that(s["status"] == "succeeded" and s["rows_read"] == s["rows_written"] == 4 and s["rows_rejected"] == 0, s)
    check.that(s["streams"][0]["name"] == "orders" and s["peak_memory_bytes"] > 0 and s["run_id"], s)
    check.that(json.loads(cli.ok("copy", "orders.csv", "o.csv", "--summary", "-").out)["rows_written"] == 4, "--summary -")
    done = cli.ok("copy", "orders.csv", "o.csv", "--log-format", "json", "--progress", "json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    progress = [x for x in lines if x.get("event") == "progress"]
    check.that(progress and progress[-1]["rows_written"] == 4 and progress[-1]["stream"] == "orders", done)
    end = [x for x in lines if x.get("event") == "run.end"]
    check.that(len(end) == 1 and end[0]["level"] == "info" and end[0]["rows_written"] == 4 and "ts" in end[0], done)
    done = cli.fails(78, "", "copy", "none.csv", "o.csv", "--log-format", "json")
    error = json.loads(done.err.splitlines()[-1])
    check.that(error["level"] == "error" and error["err.code"] == "config" and "none.csv" in error["msg"], error)
    done = cli.ok("copy", "orders.csv", "o.csv", env={"WHERRY_LOG_FORMAT": None})
    check.that(all(json.loads(line) for line in done.err.splitlines()), "JSON lines when stderr is no terminal")
    check.that(cli.ok("copy", "orders.csv", "o.csv", "-q").err == "", "quiet")
    done = cli.fails(78, "error: ", "copy", "none.csv", "o.csv", "-q")
    check.that(cli.run("copy", "none.csv", "o.csv", "--log-level", "none").err == "", "--log-level none")
    bad = cli.write("bad\x1b[31m.csv", "a,b\n1,2\n3\n")
    cli.fails(5, ["\\x1b[31m", "line 3"], "copy", bad, "o.csv")


def test_terminal(cli):
    """On a terminal: one line of progress, cleared at the end."""
    big_csv(cli)
    import pty
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cli.folder)
        os.environ.update(cli.env | {"WHERRY_LOG_FORMAT": "auto", "WHERRY_FAILPOINTS": "finish.before=delay:900"})
        os.execv(cli.program, ["wherry", "copy", "big.csv", "big.parquet"])
    text = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(fd, 4096):
            text += chunk
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    shown = text.decode()
    check.that(status == 0 and re.search(r"\r\x1b\[Kbig: .*rows.*rows/s", shown) is not None, shown)
    check.that("\r\x1b[Kstream" in shown and "run " in shown, "the line is cleared before the table: " + shown)


def test_store(cli):
    cli.write("orders.csv", ORDERS)
    check.that(cli.ok("runs").out == "no runs yet\n" and json.loads(cli.ok("runs", "-o", "json").out) == [], "no runs")
    cli.ok("copy", "orders.csv", "o.csv")
    cli.run("copy", "orders.csv", "o.csv", "--where", "nope = 1")
    runs = json.loads(cli.ok("runs", "-o", "json").out)
    check.that([r["status"] for r in runs] == ["failed", "succeeded"] and runs[0]["error_class"] == "config", runs)
    check.that(runs[1]["summary"]["rows_written"] == 4 and runs[1]["source"] == "orders.csv", runs)
    table = cli.ok("runs", "--limit", 1).out.splitlines()
    check.that(table[0].split()[0] == "run" and len(table) == 3 and runs[0]["run_id"] in table[2], table)
    log = cli.ok("logs", "last").out
    check.that("run.start" in log and 'error (config): could not use condition "nope = 1"' in log, log)
    lines = [json.loads(x) for x in cli.ok("logs", runs[1]["run_id"], "-o", "json").out.splitlines()]
    check.that([x["event"] for x in lines] == ["run.start", "run.end"], lines)
    check.that(cli.ok("logs", runs[1]["run_id"][:11]).code == 0, "beginning of an id")
    cli.fails(78, "more than one run", "logs", runs[1]["run_id"][:2])
    done = cli.ok("resume", runs[1]["run_id"])
    check.that("nothing to resume" in done.err, done)
    check.that((cli.path(".state/wherry").stat().st_mode & 0o777) == 0o700, "the history is private")
    cli.ok("copy", "orders.csv", "o.csv", "--home", "elsewhere")
    check.that(cli.path("elsewhere/wherry.db").exists(), "--home")
    cli.fails(78, ["HOME", "--home"], "runs", env={"HOME": None, "XDG_STATE_HOME": None})
    cli.fails(78, ["HOME", "--home"], "copy", "orders.csv", "o.csv", env={"HOME": "", "XDG_STATE_HOME": None})
    cli.ok("runs", "--home", "elsewhere", env={"HOME": None, "XDG_STATE_HOME": None})
    cli.ok("preview", "orders.csv", env={"HOME": None, "XDG_STATE_HOME": None})
    cli.write("broken/wherry.db", "this is no database, but longer than a page header would be " * 40)
    cli.fails(1, ["wherry.db", "move the file away"], "runs", "--home", "broken")


# ---- rejects ----


def test_rejects(cli):
    rows = [f"{i},{i}.5\n" for i in range(1000)]
    rows[500] = "500,oops,1\n"
    rows[700] = "700\n"
    cli.write("bad.csv", "id,x\n" + "".join(rows))
    done = cli.fails(5, ["bad.csv", "line 502", "--max-rejects"], "copy", "bad.csv", "o.parquet")
    check.that(not cli.path("o.parquet").exists() and cli.hidden() == [], "nothing is visible or left behind")
    cli.fails(5, "line 702", "copy", "bad.csv", "o.parquet", "--max-rejects", "1")
    cli.fails(5, "2 of 1000 rows", "copy", "bad.csv", "o.parquet", "--max-rejects", "0.1%")
    for limit in ("2", "100", "0.2%", "50%"):
        done = cli.ok("copy", "bad.csv", "o.csv", "--max-rejects", limit, "--summary", "s.json")
        s = json.loads(cli.read("s.json"))
        check.that((s["rows_read"], s["rows_written"], s["rows_rejected"]) == (1000, 998, 2), s)
        check.that(len(cli.read("o.csv").splitlines()) == 999, limit)
        kept = [json.loads(x) for x in pathlib.Path(s["streams"][0]["quarantine"]).read_text().splitlines()]
        check.that([(k["line"], k["text"].strip()) for k in kept] == [(502, "500,oops,1"), (702, "700")], kept)
        check.that("rejected rows and reasons: " in done.err, done)
    cli.write("odd.csv", "id,x\n1,1\n2,two\n")
    cli.fails(5, ["line 3", '"x"', "int64"], "copy", "odd.csv", "o.csv", "--columns", "x:int64")


# ---- stopping, going on, several at once ----


def test_pipes(cli):
    big_csv(cli)
    for _ in range(2): # a stopped run to stdout begins again
        p = cli.start("copy", "big.csv", "-", "--format", "jsonl")
        line = p.stdout.readline()
        p.stdout.close()
        err = p.stderr.read().decode()
        p.stderr.close()
        check.that(p.wait() == 141 and err == "" and json.loads(line)["id"] == 0, f"| head: {p.returncode} {err}")
    p = cli.start("preview", "big.csv", "-n", "100000")
    p.stdout.read(100)
    p.stdout.close()
    err = p.stderr.read().decode()
    p.stderr.close()
    check.that(p.wait() in (141, -signal.SIGPIPE) and err == "", f"preview | head: {p.returncode} {err}")
    with open("/dev/full", "w", encoding="ascii") as full:
        for args in (["copy", "big.csv", "-", "--format", "csv"], ["preview", "big.csv"], ["help"], ["runs"]):
            p = subprocess.run(cli.command(args), cwd=cli.folder, env=cli.env, stdout=full, stderr=subprocess.PIPE, check=False)
            check.that(p.returncode == 7 and b"No space left" in p.stderr, f"{args} to /dev/full: {p}")
    p = cli.start("copy", "-", "o.csv", "--source-format", "csv", stdin=subprocess.PIPE)
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    code = p.wait(timeout=10)
    check.that(code == 130 and not cli.path("o.csv").exists(), f"Ctrl-C while a pipe is silent: {code}")
    err = p.communicate()[1].decode()
    check.that("stopped by SIGINT" in err and "resume with" not in err, err)


def wait_for_chunks(cli, p):
    """Until the run has committed something."""
    for _ in range(200):
        if p.poll() is not None:
            return
        staged = [f for f in cli.folder.glob(".*.wherry-*.tmp") if f.stat().st_size > 0]
        if staged:
            return
        time.sleep(0.02)


def reference(cli):
    cli.ok("copy", "big.csv", "reference.csv", "-q")
    return cli.read("reference.csv")


def test_signals(cli):
    big_csv(cli)
    want = reference(cli)
    for number, code, name in ((signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")):
        p = cli.start("copy", "big.csv", "o.csv", "--where", f"id <> {-code}", *SMALL_CHUNKS,
                      env={"WHERRY_FAILPOINTS": "commit.after@4=delay:600"})
        wait_for_chunks(cli, p)
        p.send_signal(number)
        out, err = p.communicate(timeout=30)
        text = err.decode()
        run = re.search(r"resume with: wherry resume (\w+)", text)
        check.that(p.returncode == code and out == b"" and name in text and run is not None, f"{p.returncode} {text}")
        check.that(not cli.path("o.csv").exists(), "nothing is visible")
        check.that(cli.last_run()["status"] == "stopped", cli.last_run())
        done = cli.run("resume", run[1] if run else "last", "--summary", "s.json", timeout=60)
        check.that(done.code == 0 and cli.read("o.csv") == want, f"resume: {done}")
        check.that(json.loads(cli.read("s.json"))["streams"][0]["resumed"] is True, cli.read("s.json"))
        check.that("nothing to resume" in cli.ok("resume", "last").err and cli.hidden() == [], f"{cli.hidden()}")
        cli.path("o.csv").unlink()
    p = cli.start("copy", "big.csv", "twice.csv", *SMALL_CHUNKS, env={"WHERRY_FAILPOINTS": "commit.after@4=delay:5000"})
    wait_for_chunks(cli, p)
    p.send_signal(signal.SIGINT)
    time.sleep(0.05)
    p.send_signal(signal.SIGINT)
    check.that(p.wait(timeout=10) == 130, f"a second Ctrl-C stops at once: {p.returncode}")
    p.communicate()


def test_kill(cli):
    big_csv(cli)
    want = reference(cli)
    other = cli.folder / "other"
    other.mkdir()
    args = ["copy", "big.csv", "o.csv", *SMALL_CHUNKS]
    for place in ("plan.persisted", "commit.after@5", "store.after@3", "finish.before", "finish.after"):
        done = cli.run(*args, env={"WHERRY_FAILPOINTS": f"{place}=kill"})
        check.that(done.code == -signal.SIGKILL, f"{place}: {done}")
        check.that(cli.last_run()["status"] == "interrupted", cli.last_run()["status"])
        done = Cli(cli.program, other).run("resume", "last", "--home", cli.path(".state/wherry")) \
            if place == "commit.after@5" else cli.run(*args)
        check.that(done.code == 0 and "going on with run" in done.err and cli.read("o.csv") == want, f"{place}: {done}")
        check.that(cli.last_run()["attempts"] == 2 and cli.hidden() == [], f"{place}: {cli.last_run()} {cli.hidden()}")
        cli.path("o.csv").unlink()
    cli.run(*args, env={"WHERRY_FAILPOINTS": "commit.after@5=kill"})
    first = cli.last_run()["run_id"]
    done = cli.ok(*args, "--fresh")
    check.that("going on" not in done.err and cli.read("o.csv") == want, f"--fresh: {done}")
    cli.fails(78, "the same command has been run again since", "resume", first)


def test_twice(cli):
    big_csv(cli)
    want = reference(cli)
    args = ["copy", "big.csv", "o.csv", *SMALL_CHUNKS]
    p = cli.start(*args, env={"WHERRY_FAILPOINTS": "finish.before=delay:1500"})
    wait_for_chunks(cli, p)
    cli.fails(9, ["the same job is running", "wherry runs"], *args)
    cli.fails(9, ["another run is writing", "o.csv"], *args, "--where", "id > 0")
    check.that([r["status"] for r in json.loads(cli.ok("runs", "-o", "json").out)][-2:] == ["running", "succeeded"],
               cli.ok("runs").out)
    err = p.communicate(timeout=60)[1].decode()
    check.that(p.returncode == 0 and cli.read("o.csv") == want and cli.hidden() == [], f"the first one: {err}")
    p = cli.start("copy", "big.csv", "sqlite:///s.db#t", env={"WHERRY_FAILPOINTS": "finish.before=delay:1500"})
    time.sleep(0.5)
    cli.fails(9, "t", "copy", "big.csv", "sqlite:///s.db#t", "--limit", "5")
    check.that(p.wait(timeout=60) == 0, p.communicate()[1].decode())
    p.communicate()


# ---- a machine that refuses ----


def test_rights(cli):
    """As a user who may not: other than root, to whom nothing is forbidden."""
    if os.getuid() != 0:
        user = Cli(cli.program, cli.folder)
    elif shutil.which("setpriv") is None:
        print("skipped: rights (no setpriv)")
        return
    else:
        user = Cli(cli.program, cli.folder, user=65534)
        os.chmod(cli.folder, 0o777)
    cli.write("orders.csv", ORDERS)
    cli.write("secret/orders.csv", ORDERS)
    cli.write("secret.csv", ORDERS)
    cli.path("closed").mkdir()
    os.chmod(cli.path("secret"), 0)
    os.chmod(cli.path("secret.csv"), 0)
    os.chmod(cli.path("closed"), 0o555)
    user.fails(6, ["secret.csv", "Permission denied"], "copy", "secret.csv", "o.csv")
    user.fails(6, ["secret", "Permission denied"], "copy", "secret/", "o.csv")
    user.fails(6, ["secret", "Permission denied"], "copy", "secret/*.csv", "o.csv")
    user.fails(7, ["closed", "Permission denied"], "copy", "orders.csv", "closed/o.csv")
    user.fails(7, ["closed", "Permission denied"], "copy", "orders.csv", "closed/lake/")
    user.fails(7, ["closed"], "copy", "orders.csv", "sqlite:///closed/s.db#t")
    user.fails(7, ["no: ", "Permission denied"], "check", "closed/o.csv", "--as", "destination")
    user.fails(1, ["closed", "Permission denied"], "copy", "orders.csv", "o.csv", "--home", "closed/home")
    check.that(not cli.path("o.csv").exists() and os.listdir(cli.path("closed")) == [], "nothing is written")
    os.chmod(cli.path("secret"), 0o755)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of that size, or None where this user may not mount one."""
    folder.mkdir()
    options = f"size={size},mode=777"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "wherry-test", folder], capture_output=True, check=False)
    try:
        yield folder if mounted.returncode == 0 else None
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)


def test_full_disk(cli):
    big_csv(cli)
    want = reference(cli)
    for target in ("disk/lake/", "sqlite:///disk/s.db#t", "disk/o.csv"):
        args = ["copy", "big.csv", target, *SMALL_CHUNKS, "--max-rejects", "7"]
        args += ["--format", "csv"] if "sqlite" not in target else []
        with small_disk(cli.path("disk"), "3m") as disk:
            if disk is None:
                print("skipped: full disk (not allowed to mount)")
                return
            done = cli.fails(7, ["disk", "resume with: wherry resume"], *args)
            check.that(re.search("No space left|full", done.err) is not None, done)
            visible = [p.name for p in disk.iterdir() if not p.name.startswith(".") and not p.name.startswith("s.db")]
            check.that(visible == [], f"no half file: {visible}")
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            done = cli.ok(*args)
            check.that("going on with run" in done.err, f"{target}: with room again it goes on: {done}")
            source = target if "sqlite" in target else f"csv://{target}"
            got = cli.ok("copy", source, "-", "--format", "csv", "-q", "--select", "id,name,price,day").out
            check.that(sorted(got.splitlines()) == sorted(want.splitlines()), f"{target}: what arrived")
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            cli.fails(7, "Read-only file system", "copy", "big.csv", "disk/o2.csv")
        cli.path("disk").rmdir()


# ---- chunks in many processes ----


def test_chunks(cli):
    big_csv(cli)
    shape = ["--where", "id <> 17", "--select", "id,price,name", "--chunk-size", "512KiB"]
    cli.ok("copy", "big.csv", "whole/", *shape, "--format", "csv")
    for form in ("csv", "parquet", "jsonl"):
        cli.ok("copy", "big.csv", f"lake {form}/", *shape, "--format", form, "--plan-out", "plan.json")
        check.that(not cli.path(f"lake {form}").exists(), "planning writes nothing but the plan")
        chunks = [json.loads(x) for x in cli.ok("chunks", "plan.json", "-o", "json").out.splitlines()]
        check.that(len(chunks) > 5 and not any(c["done"] for c in chunks) and "offset" in chunks[1]["position"], chunks[:2])
        cli.fails(78, ["chunk 0", "not done"], "run-chunk", "plan.json", "--finish")
        work = [c["seq"] for c in chunks] + [0, 3]
        random.Random(5).shuffle(work)
        running = []
        for seq in work:
            running.append((seq, cli.start("run-chunk", "plan.json", seq)))
            if len(running) == 3 or seq == work[-1]:
                for n, p in running:
                    err = p.communicate(timeout=60)[1].decode()
                    busy = p.returncode == 9 and work.count(n) > 1
                    check.that(p.returncode == 0 or busy, f"chunk {n}: {p.returncode} {err}")
                running = []
        for _, p in running:
            p.communicate()
        check.that(not cli.path(f"lake {form}").exists(), "nothing is visible before the end")
        check.that(all(json.loads(x)["done"] for x in cli.ok("chunks", "plan.json", "-o", "json").out.splitlines()), "done")
        cli.fails(78, "no chunk 9999", "run-chunk", "plan.json", "9999")
        cli.ok("run-chunk", "plan.json", "--finish")
        names = ["copy", "-", "--format", "csv", "-q"]
        got = cli.ok(names[0], f"lake {form}/", *names[1:], "--columns", "price:decimal(9,2)").out
        check.that(got == cli.ok(names[0], "whole/", *names[1:], "--columns", "price:decimal(9,2)").out, f"{form}: same rows")
        check.that(cli.hidden() == [], cli.hidden())
    cli.ok("copy", "big.csv", "lake csv/", *shape, "--format", "csv", "--plan-out", "plan.json")
    with open(cli.path("big.csv"), "a", encoding="ascii") as f:
        f.write("1,x,1.00,2024-01-01\n")
    cli.fails(6, "big.csv", "run-chunk", "plan.json", "0")


# ---- what is made from the tables ----

PARTS = [("docs/cli.md", None, ["help", "--markdown"]),
         ("docs/exit-codes.md", None, ["help", "exit-codes", "--markdown"]),
         ("docs/connectors/file.md", "file", ["help", "connectors", "file", "--markdown"]),
         ("docs/connectors/sqlite.md", "sqlite", ["help", "connectors", "sqlite", "--markdown"])]
WRITE_DOCS = False


def test_docs(cli):
    for path, connector, args in PARTS:
        want, file = cli.ok(*args).out, ROOT / path
        text = file.read_text(encoding="utf-8")
        if connector is not None:
            begin = f"<!-- Options: made by `wherry help connectors {connector} --markdown`; do not edit. -->\n\n"
            end = "<!-- end of options -->\n"
            if not check.that(begin in text and end in text, f"{path} has no place for options"):
                continue
            before, rest = text.split(begin)
            want = before + begin + want + end + rest.split(end)[1]
        if WRITE_DOCS:
            file.write_text(want, encoding="utf-8")
        check.that(text == want or WRITE_DOCS, f"{path} is not what wherry {' '.join(args)} gives; tests/e2e/cli.py --write-docs")


def test_completion(cli):
    script = cli.write("wherry.bash", cli.ok("completion", "bash").out)

    def complete(*words):
        line = " ".join(f"'{w}'" for w in words)
        code = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _wherry; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(["bash", "-c", code], cwd=cli.folder, capture_output=True, text=True, check=False).stdout.split()

    check.that(complete("wherry", "re") == ["resume"], "commands")
    check.that("--mode" in complete("wherry", "copy", "a", "b", "--m"), "flags")
    check.that("--csv-delimiter" in complete("wherry", "copy", "--csv"), "options")
    check.that(complete("wherry", "copy", "--mode", "re") == ["replace"], "values")
    check.that(complete("wherry", "completion", "z") == ["zsh"], "arguments")
    check.that("exit-codes" in complete("wherry", "help", ""), "topics")
    check.that(complete("wherry", "copy", "") == [], "else files")
    for shell in ("zsh", "fish"):
        text = cli.ok("completion", shell).out
        check.that("copy" in text and "replace truncate append merge" in text, shell)
        if shutil.which(shell):
            done = subprocess.run([shell, "-n", cli.write("script", text)], cwd=cli.folder, capture_output=True, check=False)
            check.that(done.returncode == 0 and done.stderr == b"", f"{shell}: {done}")


def test_manual(cli):
    page = cli.ok("help", "--man").out
    check.that(page.startswith('.TH WHERRY 1 ') and ".SH EXIT STATUS" in page and "\\-\\-csv\\-delimiter" in page, page[:200])
    check.that(not re.search(r"^['.](?!\\\"|TH|SH|SS|TP|PP|B|I|RI|EX|EE)", page, re.M), "no stray requests")
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-"], input=page.encode(), capture_output=True, check=False)
        check.that(done.returncode == 0 and done.stderr == b"", done.stderr.decode())


def test_install(cli):
    build = os.environ.get("WHERRY_BUILD", str(pathlib.Path(cli.program).parent))
    cache = pathlib.Path(build) / "CMakeCache.txt"
    if not cache.exists() or shutil.which("cmake") is None or not re.search("^WHERRY_SANITIZE:.*=$", cache.read_text(), re.M):
        print("skipped: install (no build folder, or one without the pages that the program makes)")
        return
    done = subprocess.run(["cmake", "--install", build, "--prefix", "/opt/w"], capture_output=True, text=True, check=False,
                          env=os.environ | {"DESTDIR": str(cli.path("dest"))})
    root = cli.path("dest/opt/w")
    check.that(done.returncode == 0, done.stderr)
    for name in ("bin/wherry", "share/man/man1/wherry.1", "share/bash-completion/completions/wherry",
                 "share/zsh/site-functions/_wherry", "share/fish/vendor_completions.d/wherry.fish",
                 "share/doc/wherry/LICENSE"):
        check.that((root / name).exists() and (root / name).stat().st_size > 0, f"{name} is installed")
    if (root / "bin/wherry").exists():
        check.that(Cli(root / "bin/wherry", cli.folder).run("version").code == 0, "the installed program runs")


def main():
    global WRITE_DOCS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("program", nargs="?", default=os.environ.get("WHERRY", ROOT / "build" / "wherry"))
    args = parser.parse_args()
    WRITE_DOCS = args.write_docs
    program = pathlib.Path(args.program).resolve()
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and args.only in n]
    for name, test in tests:
        check.where = name
        begin, failed = time.monotonic(), check.failed
        with tempfile.TemporaryDirectory(prefix="wherry-cli-") as folder:
            os.chmod(folder, 0o755)
            try:
                test(Cli(program, folder))
            except (OSError, ValueError, KeyError, IndexError, TypeError, subprocess.SubprocessError, sqlite3.Error) as e:
                check.that(False, f"{type(e).__name__}: {e}")
        print(f"{name}: {'ok' if check.failed == failed else 'FAILED'}, {time.monotonic() - begin:.1f} s", flush=True)
    print(f"{check.passed} passed, {check.failed} failed")
    return 0 if check.failed == 0 and check.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
