"""Values that break other tools, through every pair of csv, jsonl, parquet and sqlite: source -> A -> B -> Parquet, and
every value that comes out must be the one that went in, by pyarrow. What lies between is read by others too.

usage: values.py [WHERRY]
"""
import csv
import datetime
import decimal
import json
import os
import sqlite3
import struct
import sys
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from harness import Checks, Wherry, find_wherry, working_folder

FORMATS = ("csv", "jsonl", "parquet", "sqlite")
D = decimal.Decimal


# ---- values


def integers(name, low, high):
    return name, getattr(pa, name)(), [low, high, 0, 1, None]


def ticks(arrow_type, *values):
    """Dates and times by their numbers: Python's own types do not reach as far."""
    return pa.array(values, pa.int32() if arrow_type.bit_width == 32 else pa.int64()).cast(arrow_type)


FIRST_US, LAST_US = -62135596800000000, 253402300799999999  # years 1 and 9999
COLUMNS = [
    # name, type for --columns, values
    ("flag", "bool", pa.array([True, False, None, True, False])),
    *[(f"i{n}", f"int{n}", pa.array([-2 ** (n - 1), 2 ** (n - 1) - 1, 0, 1, None], getattr(pa, f"int{n}")()))
      for n in (8, 16, 32, 64)],
    *[(f"u{n}", f"uint{n}", pa.array([2**n - 1, 2 ** (n - 1), 0, 1, None], getattr(pa, f"uint{n}")()))
      for n in (8, 16, 32, 64)],
    ("f32", "float32", pa.array([3.4028234663852886e38, 1.401298464324817e-45, -1.5, 0.1, None], pa.float32())),
    ("f64", "float64", pa.array([1.7976931348623157e308, 5e-324, -2.2250738585072014e-308, 0.1, None])),
    ("d1", "decimal(1,1)", pa.array([D("0.9"), D("-0.9"), D("0.0"), D("0.1"), None], pa.decimal128(1, 1))),
    ("d18", "decimal(18,2)", pa.array([D("9" * 16 + ".99"), D("-" + "9" * 16 + ".99"), D("0"), D("0.01"), None],
                                      pa.decimal128(18, 2))),
    ("d38", "decimal(38,37)", pa.array([D("9." + "9" * 37), D("-9." + "9" * 37), D("0." + "0" * 36 + "1"), D(0), None],
                                       pa.decimal128(38, 37))),
    ("d38i", "decimal(38,0)", pa.array([D("9" * 38), D("-" + "9" * 38), D(10) ** 37, D(0), None], pa.decimal128(38, 0))),
    ("d76", "decimal(76,38)", pa.array([D("9" * 38 + "." + "9" * 38), D("-" + "9" * 38 + "." + "9" * 38),
                                        D("0." + "0" * 37 + "1"), D(0), None], pa.decimal256(76, 38))),
    ("empty", "text", pa.array(["", "NULL", "null", "\\N", None])),
    ("quotes", "text", pa.array(['"', "'", 'a"b,c;d\te|f', '""', None])),
    ("lines", "text", pa.array(["a\nb", "a\r\nb", "\n", "\r", None])),
    ("looks", "text", pa.array(["007", "+1", "1e5", "2024-01-01", None])),
    ("spaces", "text", pa.array([" a", "a ", " ", "\t", None])),
    ("unicode", "text", pa.array(["😀👩‍👩‍👧", "e\u0301", "\ufeffbom", "\u2028\u0085\u200b", None])),
    ("last", "text", pa.array(["\U0010ffff", "\ufffd", "\x7f\x01\x1f", "\u0600\u202e", None])),
    ("formula", "text", pa.array(["=1+1", "@x", "-", "#comment", None])),
    ("bytes", "binary", pa.array([b"", b"\x00", bytes(range(256)), b"\\x00", None])),
    ("day", "date", ticks(pa.date32(), -719162, 2932896, 0, -141427, None)),  # 0001, 9999, 1970, 1582
    ("clock", "time", ticks(pa.time64("us"), 0, 86399999999, 1, 43200000000, None)),
    ("s", "timestamp(s)", None),
    ("ms", "timestamp(ms)", ticks(pa.timestamp("ms"), FIRST_US // 1000, LAST_US // 1000, 0, -1, None)),
    ("us", "timestamp", ticks(pa.timestamp("us"), FIRST_US, LAST_US, 0, -1, None)),
    ("ns", "timestamp(ns)", ticks(pa.timestamp("ns"), -(2**63) + 1, 2**63 - 1, 0, -1, None)),
    ("instant", "timestamptz", ticks(pa.timestamp("us", "UTC"), FIRST_US, LAST_US, 0, -1, None)),
    ("instant_ns", "timestamptz(ns)", ticks(pa.timestamp("ns", "UTC"), -(2**63) + 1, 2**63 - 1, 0, -1, None)),
    ("list", "list<int64>", pa.array([[], [1, None, -(2**63)], [0] * 100, None, [7]], pa.list_(pa.int64()))),
    ("texts", "list<text>", pa.array([["", None, "a\"b\n"], ["[", "]"], [], None, ["😀"]], pa.list_(pa.string()))),
    ("deep", "list<list<int64>>", pa.array([[[1], None, []], [], None, [[None]], [[2, 3]]],
                                           pa.list_(pa.list_(pa.int64())))),
    ("struct", "struct<x:int64,y:text>", pa.array([{"x": 1, "y": 'a"'}, {"x": None, "y": None}, None, {"x": 2, "y": ""},
                                                   {"x": 3, "y": "é"}],
                                                  pa.struct([("x", pa.int64()), ("y", pa.string())]))),
]
COLUMNS = [c for c in COLUMNS if c[2] is not None]  # Parquet has no seconds
NAMES = ['quo"te', "com,ma", "semi;--", "new\nline", "😀", " space ", "select", "a.b", "back`tick", "[x]", "x" * 64, "=1", "é",
         "e\u0301", "100%", "tab\there", "{}", "'", "\\", "#", "null", "1"]


def comparable(column):
    """Values that Python can compare exactly."""
    t = column.type
    if pa.types.is_temporal(t):
        return column.cast(pa.int32() if t.bit_width == 32 else pa.int64()).to_pylist()
    if pa.types.is_floating(t):
        return [None if v is None else struct.pack("d", v) for v in column.to_pylist()]
    return column.to_pylist()


def check_equal(got, expected):
    assert got.column_names == expected.column_names, f"columns {got.column_names} instead of {expected.column_names}"
    for name in expected.column_names:
        a, b = got[name].combine_chunks(), expected[name].combine_chunks()
        assert a.type.equals(b.type) or str(a.type) == str(b.type), f"column {name!r}: {a.type} instead of {b.type}"
        a, b = comparable(a), comparable(b)
        for i, (x, y) in enumerate(zip(a, b)):
            assert x == y, f"column {name!r}, row {i}: {x!r} instead of {y!r}"
        assert len(a) == len(b), f"column {name!r}: {len(a)} rows instead of {len(b)}"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


# ---- ways


class Ways:
    def __init__(self, wherry):
        self.w, self.n = wherry, 0

    def place(self, form):
        self.n += 1
        return f"sqlite:///{self.n}.db#t" if form == "sqlite" else f"{self.n}.{form}"

    def go(self, source, forms, columns=None, options=()):
        """Copies through the forms; the last place. Formats without types are told them when they are read."""
        declared = ["--columns", columns] if columns else []
        for form in forms:
            target = self.place(form)
            self.w.must(source, target, *declared, *options)
            source = target
        return source

    def round_trip(self, table, pair, columns=None, options=()):
        pq.write_table(table, "in.parquet")
        last = self.go("in.parquet", [*pair, "parquet"], columns, options)
        check_equal(pq.read_table(last), table)


def nasty_table():
    return pa.table({name: values for name, _, values in COLUMNS})


NASTY_TYPES = ",".join(f"{name}:{text}" for name, text, _ in COLUMNS)


def check_pair(ways, a, b):
    ways.round_trip(nasty_table(), (a, b), NASTY_TYPES)


def check_names(ways, a, b):
    table = pa.table({name: pa.array([i, None, -i], pa.int64()) for i, name in enumerate(NAMES)})
    ways.round_trip(table, (a, b), ",".join(f"{quoted(n)}:int64" for n in NAMES))


# ---- sizes


def check_sizes(ways, a, b):
    """None, one, and numbers around those that batches and chunks have."""
    for rows in (0, 1, 7, 16383, 16384, 16385, 65537):
        table = pa.table({"id": pa.array(range(rows), pa.int64()),
                          "text": pa.array([None if i % 5 == 0 else f"t{i}" for i in range(rows)], pa.string())})
        ways.round_trip(table, (a, b), "id:int64,text:text", ["--chunk-size", "64KiB"] if rows > 20000 else [])


def check_lone_nulls(ways, a, b):
    """One column, so that a null leaves a line empty."""
    for values in ([None], [None, 1, None], [1, None, None]):
        ways.round_trip(pa.table({"only": pa.array(values, pa.int64())}), (a, b), "only:int64")
    ways.round_trip(pa.table({"only": pa.array([None, "", None, "x"])}), (a, b), "only:text")


def check_wide(ways, a, b):
    table = pa.table({f"c{i}": pa.array([i, None], pa.int64()) for i in range(10_000)})
    if "sqlite" in (a, b):  # has at most 2,000
        pq.write_table(table, "in.parquet")
        r = ways.w.copy("in.parquet", "sqlite:///wide.db#t")
        assert r.returncode in (7, 78), f"exit code {r.returncode}: {r.stderr[-300:]}"
        assert "too many columns" in r.stderr, r.stderr[-300:]
        table = table.select(range(1500))
    ways.round_trip(table, (a, b), ",".join(f"c{i}:int64" for i in range(table.num_columns)))


def check_long_text(ways, a, b):
    table = pa.table({"id": pa.array([1, 2], pa.int64()), "text": pa.array(["é\n\"" * 2_000_000, "x"])})
    ways.round_trip(table, (a, b), "id:int64,text:text")


# ---- floats


def check_not_finite(ways, a, b):
    """NaN and infinities arrive, or the row is refused; they never become something else."""
    nan, inf = float("nan"), float("inf")
    table = pa.table({"id": pa.array([1, 2, 3, 4], pa.int64()), "f": pa.array([nan, inf, -inf, 1.5])})
    pq.write_table(table, "in.parquet")
    source, kept = "in.parquet", [1, 2, 3, 4]
    for form in (a, b, "parquet"):
        target = ways.place(form)
        ways.w.must(source, target, "--columns", "id:int64,f:float64", "--max-rejects", "10")
        source = target
    got = pq.read_table(source)
    for i, f in zip(got["id"].to_pylist(), got["f"].to_pylist()):
        expected = table["f"][kept.index(i)].as_py()
        assert repr(f) == repr(expected), f"row {i}: {f!r} instead of {expected!r}"
    assert got.num_rows == 4 or {a, b} & {"jsonl", "sqlite"}, f"only {got.num_rows} rows"
    assert 4 in got["id"].to_pylist()


def check_nul(ways, a, b):
    """U+0000 in text: arrives, or its row is refused; never a text that ends there."""
    table = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "t": pa.array(["a\0b", "\0", "plain"])})
    pq.write_table(table, "in.parquet")
    source = "in.parquet"
    for form in (a, b, "parquet"):
        target = ways.place(form)
        ways.w.must(source, target, "--columns", "id:int64,t:text", "--max-rejects", "10")
        source = target
    got = dict(zip(*pq.read_table(source).to_pydict().values()))
    for i, text in got.items():
        assert text == table["t"][i - 1].as_py(), f"row {i}: {text!r}"
    assert 3 in got and (len(got) == 3 or {a, b} & {"csv", "sqlite"}), f"only {len(got)} rows"


# ---- other readers


def check_csv_by_others(ways):
    pq.write_table(nasty_table(), "in.parquet")
    ways.w.must("in.parquet", "others.csv")
    with open("others.csv", newline="", encoding="utf-8") as f:
        header, *rows = csv.reader(f)
    assert header == [c[0] for c in COLUMNS]
    for name, kind, values in COLUMNS:
        if kind not in ("text", "int64", "uint64", "decimal(76,38)"):
            continue
        for i, v in enumerate(values.to_pylist()):
            text = rows[i][header.index(name)]
            expected = "" if v is None else format(v, "f") if isinstance(v, D) else str(v)
            assert text == expected, f"column {name}, row {i}: {text!r} instead of {expected!r}"


def check_jsonl_by_others(ways):
    pq.write_table(nasty_table(), "in.parquet")
    ways.w.must("in.parquet", "others.jsonl")
    with open("others.jsonl", encoding="utf-8") as f:
        rows = [json.loads(line, parse_float=D) for line in f.read().split("\n")[:-1]]
    for name, kind, values in COLUMNS:
        if kind.split("(")[0] in ("date", "time", "timestamp", "timestamptz", "binary", "float32", "float64"):
            continue
        for i, v in enumerate(values.to_pylist()):
            got = rows[i][name]
            assert got == v, f"column {name}, row {i}: {got!r} instead of {v!r}"


def check_sqlite_by_others(ways):
    pq.write_table(nasty_table(), "in.parquet")
    ways.w.must("in.parquet", "sqlite:///others.db#t")
    db = sqlite3.connect("others.db")
    for name, kind, values in COLUMNS:
        got = [r[0] for r in db.execute(f"SELECT {quoted(name)} FROM t ORDER BY rowid")]
        for i, v in enumerate(values.to_pylist() if kind in ("text", "int64", "binary", "float64", "uint32") else []):
            assert got[i] == v and type(got[i]) is type(v), f"column {name}, row {i}: {got[i]!r} instead of {v!r}"
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()


def check_parquet_by_duckdb(ways):
    table = nasty_table().drop(["d76"])  # DuckDB has 38 digits
    pq.write_table(table, "in.parquet")
    ways.w.must("in.parquet", "others.parquet")
    for name in table.column_names:
        a, b = (duckdb.sql(f"SELECT {quoted(name)}::varchar FROM '{f}'").fetchall() for f in ("in.parquet", "others.parquet"))
        assert a == b, f"column {name}: {b} instead of {a}"


def same_number(a, b):
    """Numbers that become float64 may lose zeros at the end, never a digit."""
    try:
        return len(D(a).as_tuple().digits) <= 15 and D(a) == D(b)
    except decimal.InvalidOperation:
        return False


def check_inference(ways):
    """Without declared types a value still has the text that was read, or is the same number."""
    texts = ["007", "1", "1.10", "-0", "1e5", "+1", "99999999999999999999", "2024-02-30", "2024-01-01", "true", "TRUE", "0x1F",
             "1_000", "NaN", "", "nil", "12:60", "1,5", "٣", "Infinity", "0.1000000000000000055511151231257827"]
    refused = {"jsonl": ("NaN", "Infinity"), "sqlite": ("NaN",)}  # have no such numbers, see check_not_finite
    for a in texts:
        for b in ("1", "1.5", "2024-01-02", "true", "x"):
            with open("guess.csv", "w", newline="") as f:
                csv.writer(f).writerows([["id", "v"], [1, a], [2, b]])
            with open("guess.csv", newline="") as f:
                before = list(csv.reader(f))
            for middle in ("parquet", "jsonl", "sqlite"):
                if a in refused.get(middle, ()):
                    continue
                last = ways.go("guess.csv", [middle, "csv"])
                with open(last, newline="") as f:
                    after = list(csv.reader(f))
                for x, y in zip(before[1:], after[1:], strict=True):
                    assert x == y or same_number(x[1], y[1]), f"{before[1:]} through {middle}: {after[1:]}"


def check_time_zone(ways):
    """What arrives does not depend on where the machine stands."""
    pq.write_table(nasty_table(), "in.parquet")
    for zone in ("Asia/Kathmandu", "America/St_Johns"):
        for form in FORMATS:
            a, b = ways.place(form), ways.place("parquet")
            ways.w.must("in.parquet", a, env={"TZ": zone, "LC_ALL": "C"})
            ways.w.must(a, b, "--columns", NASTY_TYPES, env={"TZ": zone})
            check_equal(pq.read_table(b), nasty_table())


def check_uuid(ways):
    ids = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.uuid5(uuid.NAMESPACE_DNS, "x")]
    with open("ids.csv", "w") as f:
        f.write("id,n\n" + "".join(f"{u},{i}\n" for i, u in enumerate(ids)))
    for form in FORMATS[1:]:
        last = ways.go("ids.csv", [form, "csv"])
        with open(last) as a, open("ids.csv") as b:
            assert a.read() == b.read(), form


def main():
    ways = Ways(Wherry(find_wherry(*sys.argv[1:2])))
    checks = Checks()
    decimal.getcontext().prec = 100
    with working_folder("values"):
        for a in FORMATS:
            for b in FORMATS:
                for check in (check_pair, check_names, check_sizes, check_lone_nulls, check_wide, check_long_text,
                              check_not_finite, check_nul):
                    checks.run(f"{check.__name__[6:]} {a} {b}", check, ways, a, b)
                    for name in os.listdir("."):
                        if name != "home":
                            os.unlink(name)
        for check in (check_csv_by_others, check_jsonl_by_others, check_sqlite_by_others, check_parquet_by_duckdb,
                      check_inference, check_time_zone, check_uuid):
            checks.run(check.__name__[6:], check, ways)
    checks.end()


if __name__ == "__main__":
    main()
