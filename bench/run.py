"""Measures wherry next to DuckDB and Polars, on rows shaped like TPC-H's lineitem (bench/lineitem.c).

Each job runs in turn by each program (A B C A B C ...), as a process of its own, measured from outside by
bench/measure.c; medians over the rounds are printed and added to bench/results/. The peers' seconds are those after
the import of their library; wherry's are those of its whole process. Data and outputs lie in bench/data/.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
from importlib import metadata

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = pathlib.Path(os.environ.get("WHERRY_BUILD", ROOT / "build"))
WHERRY = os.environ.get("WHERRY", str(BUILD / "wherry"))
DATA = BENCH / "data"
OUT = DATA / "out"
MIB = 1024 * 1024
FULL_ROWS = 6_000_000
MEMORY_LIMIT = 128 * MIB
FILTER = "l_quantity > 45"
PEERS = ("duckdb", "polars")

# name: (title, source, suffix of the destination, arguments of wherry, times faster than the faster peer)
PEER_JOBS = {
    "csv-parquet": ("CSV -> Parquet, zstd, types inferred", "csv", ".parquet", [], 2.0),
    "parquet-csv": ("Parquet -> CSV", "parquet", ".csv", [], 1.5),
    "jsonl-parquet": ("JSON lines -> Parquet (half the rows)", "jsonl", ".parquet", [], 1.5),
    "parquet-parquet": ("Parquet -> Parquet, zstd to snappy", "parquet", ".parquet",
                        ["--parquet-compression", "snappy"], 1.2),
    "parquet-filter": (f"Parquet -> Parquet, {FILTER}", "parquet", ".parquet",
                       ["--parquet-compression", "snappy", "--where", FILTER], 1.2),
}
OTHER_JOBS = ("sqlite-parquet", "large", "version", "small")
PARTS = "parts"


def program(name):
    """The path of a program of bench/CMakeLists.txt."""
    return str(BUILD / "bench" / name)


# Data

def generate(path, rows, form):
    """Writes rows of lineitem unless they are there already."""
    if path.exists():
        return
    print(f"generating {path.relative_to(ROOT)}", flush=True)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        subprocess.run([program("lineitem"), "--rows", str(rows), "--format", form], stdout=file, check=True)
    part.rename(path)


def by_duckdb(path, csv):
    """Writes the Parquet file that all programs read: by a peer, so that none reads only its own."""
    if path.exists():
        return
    print(f"generating {path.relative_to(ROOT)}", flush=True)
    subprocess.run([sys.executable, BENCH / "peer.py", "/dev/null", "duckdb", "csv-parquet", csv,
                    path.with_suffix(".part")], check=True)
    path.with_suffix(".part").rename(path)


def fill_sqlite(path, csv):
    """Writes a SQLite database with the rows of a CSV file in table lineitem."""
    if path.exists():
        return
    print(f"generating {path.relative_to(ROOT)}", flush=True)
    import csv as reader  # only here
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    integer, real = range(4), range(4, 8)
    with open(csv, encoding="ascii", newline="") as file, sqlite3.connect(part) as database:
        rows = reader.reader(file)
        names = next(rows)
        types = ["INTEGER" if i in integer else "REAL" if i in real else "TEXT" for i in range(len(names))]
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"CREATE TABLE lineitem ({', '.join(f'{n} {t}' for n, t in zip(names, types))})")
        database.executemany(f"INSERT INTO lineitem VALUES ({', '.join('?' * len(names))})", rows)
    part.rename(path)


def sources(rows):
    """Gives the paths of the source files, by kind; they are made when a job asks for them."""
    return {
        "csv": DATA / f"lineitem-{rows}.csv",
        "jsonl": DATA / f"lineitem-{rows // 2}.jsonl",
        "parquet": DATA / f"lineitem-{rows}.parquet",
        "sqlite": DATA / f"lineitem-{rows}.db",
        "small": DATA / "lineitem-10.csv",
        "large": DATA / f"lineitem-{rows * 10}.csv",
    }


def prepare(kind, rows):
    """Makes a source file and gives its path; reads it once, so that it lies in memory where it fits."""
    paths = sources(rows)
    path = paths[kind]
    if kind in ("parquet", "sqlite"):
        generate(paths["csv"], rows, "csv")
    if kind == "parquet":
        by_duckdb(path, paths["csv"])
    elif kind == "sqlite":
        fill_sqlite(path, paths["csv"])
    else:
        generate(path, {"csv": rows, "jsonl": rows // 2, "small": 10, "large": rows * 10}[kind],
                 "jsonl" if kind == "jsonl" else "csv")
    return path


# Runs

def set_out(folder):
    global OUT
    OUT = folder.resolve()


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def measure(command, dest=None):
    """Runs a command once; gives its measures, with the size of what it wrote."""
    if dest is not None:
        remove(dest)
    os.sync()  # what the run before left to be written is not counted against this one
    result = OUT / "measure.json"
    env = dict(os.environ, XDG_STATE_HOME=str(OUT / "state"))
    done = subprocess.run([program("measure"), result, *map(str, command)], env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    run = json.loads(result.read_text(encoding="utf-8"))
    run["s"] = run["wall_s"]
    run["cpu_s"] = run["user_s"] + run["system_s"]
    if dest is not None:
        run["output_bytes"] = dest.stat().st_size if dest.is_file() else sum(
            f.stat().st_size for f in dest.rglob("*") if f.is_file())
    return run


def measure_peer(engine, job, source, dest):
    """Runs a job of peer.py; "s" and "cpu_s" are those of the work, "wall_s" that of the whole process."""
    result = OUT / "peer.json"
    run = measure([sys.executable, BENCH / "peer.py", result, engine, job, source, dest], dest)
    inside = json.loads(result.read_text(encoding="utf-8"))
    run.update(s=inside["work_s"], cpu_s=inside["cpu_s"], import_s=inside["import_s"])
    return run


def alternate(runners, rounds):
    """Runs each of {name: function} once to warm up, then in turn; gives {name: medians}."""
    runs = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, function in runners.items():
            run = function()
            if turn > 0:
                runs[name].append(run)
    return {name: {**{key: statistics.median(r[key] for r in done) for key in done[0]},
                   "least_s": min(r["s"] for r in done), "most_s": max(r["s"] for r in done)}
            for name, done in runs.items()}


def copy(source, dest, *arguments):
    return [WHERRY, "copy", source, dest, *arguments]


def run_peer_job(name, rows, rounds):
    title, kind, suffix, arguments, factor = PEER_JOBS[name]
    source = prepare(kind, rows)
    dest = {who: OUT / f"{name}-{who}{suffix}" for who in ("wherry", *PEERS)}
    runners = {"wherry": lambda: measure(copy(source, dest["wherry"], *arguments), dest["wherry"])}
    for engine in PEERS:
        runners[engine] = lambda e=engine: measure_peer(e, name, source, dest[e])
    medians = alternate(runners, rounds)
    for path in dest.values():
        remove(path)
    ours, peers = medians["wherry"], [medians[e] for e in PEERS]
    ratio = min(p["s"] for p in peers) / ours["s"]
    checks = [(f"{ratio:.2f} times the faster peer (reach {factor})", ratio >= factor),
              (f"{ours['peak_bytes'] / MIB:.0f} MiB (reach 128)", ours["peak_bytes"] <= MEMORY_LIMIT)]
    if name == "csv-parquet":
        size = ours["output_bytes"] / min(p["output_bytes"] for p in peers)
        checks.append((f"file {size:.3f} of the smaller peer's (reach 1.05)", size <= 1.05))
    return title, medians, checks


def run_sqlite(rows, rounds):
    source, dest = prepare("sqlite", rows), OUT / "sqlite.parquet"
    medians = alternate({
        "wherry": lambda: measure(copy(f"sqlite:///{source}#lineitem", dest), dest),
        "loop": lambda: measure([program("sqlite_loop"), source, "lineitem"]),
    }, rounds)
    remove(dest)
    ratio = medians["wherry"]["s"] / medians["loop"]["s"]
    return "SQLite -> Parquet", medians, [(f"{ratio:.2f} times a loop in C (reach 1.15)", ratio <= 1.15)]


def run_large(rows, rounds):
    small, large, dest = prepare("csv", rows), prepare("large", rows), OUT / "large.parquet"
    medians = alternate({
        "wherry": lambda: measure(copy(large, dest), dest),
        "wherry, a tenth of the rows": lambda: measure(copy(small, dest), dest),
    }, min(rounds, 2))
    remove(dest)
    ours, tenth = medians.values()
    ratio = ours["s"] / tenth["s"]
    memory = ours["peak_bytes"] / tenth["peak_bytes"]
    return f"CSV -> Parquet, {rows * 10:,} rows", medians, [
        (f"{ratio:.2f} times the time of a tenth (reach 11)", ratio <= 11),
        (f"{memory:.2f} times its memory (reach 1.1)", memory <= 1.1),
        (f"{ours['peak_bytes'] / MIB:.0f} MiB (reach 128)", ours["peak_bytes"] <= MEMORY_LIMIT)]


def run_version(_rows, rounds):
    medians = alternate({"wherry": lambda: measure([WHERRY, "version"])}, rounds * 4)
    ms = medians["wherry"]["s"] * 1000
    return "wherry version", medians, [(f"{ms:.1f} ms (reach 5)", ms <= 5)]


def run_small(rows, rounds):
    source, dest = prepare("small", rows), OUT / "small.parquet"
    runners = {"wherry": lambda: measure(copy(source, dest), dest)}
    for engine in PEERS:
        runners[engine] = lambda e=engine: measure_peer(e, "small", source, dest)
    medians = alternate(runners, rounds * 4)
    remove(dest)
    ms = medians["wherry"]["s"] * 1000
    return "copy of a 10-row CSV file", medians, [(f"{ms:.0f} ms (reach 50)", ms <= 50)]


def run_parts(rows):
    """Prints the times of the parts alone; gives the lines."""
    done = subprocess.run([program("parts"), prepare("csv", rows)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"parts: exit code {done.returncode}\n{done.stderr}")
    lines = done.stdout.splitlines()
    print("\nParts alone, one core")
    print("\n".join("  " + line for line in lines), flush=True)
    return lines


# Report

def machine():
    """What the figures depend on: processor, cores, memory."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": model.group(1).strip() if model else platform.machine(), "cores": os.cpu_count(),
            "memory_gib": round(memory / 2**30, 1), "kernel": platform.release()}


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or None


def print_job(title, medians, checks):
    print(f"\n{title}")
    print(f"  {'':28}{'s':>8}{'least':>8}{'most':>8}{'whole s':>9}{'CPU s':>8}{'peak MiB':>10}{'file MB':>9}")
    for who, m in medians.items():
        size = f"{m['output_bytes'] / 1e6:9.1f}" if "output_bytes" in m else f"{'':9}"
        print(f"  {who:28}{m['s']:8.3f}{m['least_s']:8.3f}{m['most_s']:8.3f}{m['wall_s']:9.3f}{m['cpu_s']:8.2f}"
              f"{m['peak_bytes'] / MIB:10.1f}{size}")
    for text, reached in checks:
        print(f"  {'reached    ' if reached else 'NOT REACHED'}  {text}", flush=True)


def keep(report):
    """Adds the report to bench/results/<date>-<machine>.json, a list of reports."""
    cpu = re.sub(r"[^a-z0-9]+", "-", report["machine"]["cpu"].lower()).strip("-")
    path = BENCH / "results" / f"{report['time'][:10]}-{cpu}-{report['machine']['cores']}-cores.json"
    path.parent.mkdir(exist_ok=True)
    reports = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    path.write_text(json.dumps([*reports, report], indent=1) + "\n", encoding="utf-8")
    print(f"\nkept in {path.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(description="Measures wherry next to DuckDB and Polars.")
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="rows of lineitem (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="measured runs per program and job")
    parser.add_argument("--only", help="jobs, comma-separated: " + ", ".join([*PEER_JOBS, *OTHER_JOBS, PARTS]))
    parser.add_argument("--large", action="store_true", help="also ten times the rows (8 GB of CSV)")
    parser.add_argument("--out", type=pathlib.Path, default=OUT, help="folder that results are written to; wherry waits "
                        "until they are on the disk, its peers do not: a folder in memory (/dev/shm) leaves the disk out")
    args = parser.parse_args()
    set_out(args.out)
    jobs = {name: lambda n=name: run_peer_job(n, args.rows, args.rounds) for name in PEER_JOBS}
    for name, function in zip(OTHER_JOBS, (run_sqlite, run_large, run_version, run_small)):
        jobs[name] = lambda f=function: f(args.rows, args.rounds)
    chosen = args.only.split(",") if args.only else [
        *(n for n in jobs if n != "large" or args.large), PARTS]
    unknown = [name for name in chosen if name not in (*jobs, PARTS)]
    if unknown:
        parser.error(f"unknown job {', '.join(unknown)}")
    OUT.mkdir(parents=True, exist_ok=True)
    versions = {name: metadata.version(name) for name in PEERS}
    report = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "machine": machine(), "out": str(args.out), "commit": commit(), "versions": versions, "rows": args.rows,
              "rounds": args.rounds, "jobs": {}}
    print(f"{args.rows:,} rows, {args.rounds} rounds, {report['machine']['cpu']}, {os.cpu_count()} cores, "
          + ", ".join(f"{n} {v}" for n, v in versions.items()))
    failed = False
    for name in chosen:
        try:
            if name == PARTS:
                report["parts"] = run_parts(args.rows)
                continue
            title, medians, checks = jobs[name]()
        except RuntimeError as error:
            failed = True
            print(f"\n{name}\n  FAILED  {error}", flush=True)
            report["jobs"][name] = {"error": str(error)}
            continue
        print_job(title, medians, checks)
        report["jobs"][name] = {"title": title, "medians": medians,
                                "checks": [{"text": t, "reached": r} for t, r in checks]}
    keep(report)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
