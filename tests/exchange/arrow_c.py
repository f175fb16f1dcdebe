#!/usr/bin/env python3
"""Trades batches with pyarrow, Polars and DuckDB through the Arrow C stream interface.

usage: arrow_c.py LIBRARY (the built arrow_roundtrip module, tests/support/arrow_roundtrip.c)
Random batches of every type go out, are checked by pyarrow and come back equal; tables that pyarrow, Polars and
DuckDB made go in and come back equal, and as text equal to what Python says."""
import ctypes
import datetime
import decimal
import sys
import uuid

import duckdb
import polars
import pyarrow as pa

decimal.getcontext().prec = 100


class Stream(ctypes.Structure):
    _fields_ = [("call", ctypes.c_void_p * 5)]  # four functions and private data


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.arrow_why.restype = ctypes.c_char_p
        pointer = ctypes.POINTER(Stream)
        numbers = [ctypes.c_uint64, ctypes.c_int64, ctypes.c_int64]
        self.lib.random_stream.argtypes = numbers + [pointer]
        self.lib.compare_stream.argtypes = numbers + [pointer]
        self.lib.echo_stream.argtypes = [pointer, pointer, ctypes.c_int]

    def must(self, result):
        if result != 0:
            raise AssertionError(self.lib.arrow_why().decode())

    def random(self, seed, rows, batches):
        stream = Stream()
        self.must(self.lib.random_stream(seed, rows, batches, stream))
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))

    def compare(self, seed, rows, batches, reader):
        stream = Stream()
        reader._export_to_c(ctypes.addressof(stream))
        self.must(self.lib.compare_stream(seed, rows, batches, stream))

    def echo(self, reader, as_text=False):
        stream, back = Stream(), Stream()
        reader._export_to_c(ctypes.addressof(stream))
        self.must(self.lib.echo_stream(stream, back, int(as_text)))
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(back)).read_all()


def random_batches_come_back(library):
    for seed in range(1, 41):
        for rows, batches in (1, 3), (7, 5), (300, 2), (0, 1):
            kept = list(library.random(seed * 7919, rows, batches))
            for batch in kept:
                batch.validate(full=True)
            library.compare(seed * 7919, rows, batches, pa.RecordBatchReader.from_batches(kept[0].schema, kept))


def a_long_batch_comes_back(library):
    kept = list(library.random(5, 65536, 1))
    kept[0].validate(full=True)
    library.compare(5, 65536, 1, pa.RecordBatchReader.from_batches(kept[0].schema, kept))


def slices_come_back(library):
    table = pa.Table.from_batches(list(library.random(11, 200, 1)))
    for offset, length in (1, 3), (7, 64), (8, 100), (63, 2), (199, 1), (200, 0):
        part = table.slice(offset, length)
        check_equal(library.echo(part.to_reader()), part)


D = decimal.Decimal
EPOCH = datetime.datetime(1970, 1, 1)
DAY = datetime.date(2024, 2, 29)
MOMENT = datetime.datetime(2024, 2, 29, 23, 59, 59, 123456)
ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")

# name, type that goes in, type that comes back, values, texts
COLUMNS = [
    ("null", pa.null(), None, [None, None], [None, None]),
    ("bool", pa.bool_(), None, [True, False, None], ["true", "false", None]),
    ("int8", pa.int8(), None, [-128, 127, None], ["-128", "127", None]),
    ("uint64", pa.uint64(), None, [0, 2**64 - 1], ["0", "18446744073709551615"]),
    ("int64", pa.int64(), None, [-(2**63), 2**63 - 1], ["-9223372036854775808", "9223372036854775807"]),
    ("half", pa.float16(), pa.float32(), [1.5, -0.0, 65504.0], ["1.5", "-0", "65504"]),
    ("float32", pa.float32(), None, [1.5, None], ["1.5", None]),
    ("float64", pa.float64(), None, [0.1, float("inf")], ["0.1", "Infinity"]),
    ("decimal32", pa.decimal32(9, 2), pa.decimal128(9, 2), [D("-1234567.89")], ["-1234567.89"]),
    ("decimal64", pa.decimal64(18, 0), pa.decimal128(18, 0), [D(10**18 - 1), None], ["9" * 18, None]),
    ("decimal128", pa.decimal128(15, 2), None, [D("-0.01"), None, D("12.30")], ["-0.01", None, "12.30"]),
    ("wide", pa.decimal128(38, 10), None, [D("-" + "9" * 28 + ".0000000001")], ["-" + "9" * 28 + ".0000000001"]),
    ("small256", pa.decimal256(20, 1), pa.decimal128(20, 1), [D("1.5"), None], ["1.5", None]),
    ("decimal256", pa.decimal256(76, 76), None, [D("0." + "9" * 76)], ["0." + "9" * 76]),
    ("text", pa.string(), None, ["", "é\n", None], ["", "é\n", None]),
    ("large_text", pa.large_string(), pa.string(), ["ab", None, "c"], ["ab", None, "c"]),
    ("words", pa.dictionary(pa.int8(), pa.string()), pa.string(), ["b", "a", None, "b"], ["b", "a", None, "b"]),
    ("binary", pa.binary(), None, [b"ab", None], ["ab", None]),
    ("large_binary", pa.large_binary(), pa.binary(), [b"", b"x"], ["", "x"]),
    ("fixed", pa.binary(3), pa.binary(), [b"abc", None], ["abc", None]),
    ("uuid", pa.uuid(), None, [ID, None], [str(ID), None]),
    ("json", pa.json_(), None, ['{"a": 1}', None], ['{"a": 1}', None]),
    ("date", pa.date32(), None, [DAY, datetime.date(1, 1, 1)], ["2024-02-29", "0001-01-01"]),
    ("date64", pa.date64(), pa.date32(), [DAY, datetime.date(1969, 12, 31)], ["2024-02-29", "1969-12-31"]),
    ("time_s", pa.time32("s"), pa.time64("us"), [datetime.time(23, 59, 59)], ["23:59:59"]),
    ("time_ms", pa.time32("ms"), pa.time64("us"), [datetime.time(0, 0, 0, 1000)], ["00:00:00.001"]),
    ("time_us", pa.time64("us"), None, [MOMENT.time()], ["23:59:59.123456"]),
    ("time_ns", pa.time64("ns"), None, [MOMENT.time(), None], ["23:59:59.123456", None]),
    ("ts_s", pa.timestamp("s"), None, [datetime.datetime(1969, 12, 31, 23, 59, 59)], ["1969-12-31T23:59:59"]),
    ("ts_us", pa.timestamp("us"), None, [MOMENT, None], ["2024-02-29T23:59:59.123456", None]),
    ("ts_ns", pa.timestamp("ns", "UTC"), None, [MOMENT], ["2024-02-29T23:59:59.123456Z"]),
    ("ts_zone", pa.timestamp("us", "+02:00"), None, [MOMENT], ["2024-02-29T23:59:59.123456Z"]),
    ("interval", pa.month_day_nano_interval(), None, [pa.MonthDayNano([1, -2, 3_000_000_000])], ["P1M-2DT3S"]),
    ("list", pa.list_(pa.int64()), None, [[1, None], None, []], ["[1,null]", None, "[]"]),
    ("large_list", pa.large_list(pa.string()), pa.list_(pa.string()), [["a"], None, []], ['["a"]', None, "[]"]),
    ("fixed_list", pa.list_(pa.int8(), 2), pa.list_(pa.int8()), [[1, 2], None, [3, None]],
     ["[1,2]", None, "[3,null]"]),
    ("struct", pa.struct({"a": pa.int8(), "b": pa.list_(pa.string())}), None, [{"a": 1, "b": ["x"]}, None],
     ['{"a":1,"b":["x"]}', None]),
    ("map", pa.map_(pa.string(), pa.float64()), None, [[("k", 1.5), ("l", None)], [], None],
     ['{"k":1.5,"l":null}', "{}", None]),
]


def check_equal(got, wanted):
    got.validate(full=True)
    if got.schema != wanted.schema:
        raise AssertionError(f"schema {got.schema} instead of {wanted.schema}")
    # NaN equals nothing in pyarrow's equals, but itself in to_pylist's text
    if not got.equals(wanted) and repr(got.to_pylist()) != repr(wanted.to_pylist()):
        raise AssertionError(f"{got} instead of {wanted}")


def tables_of_pyarrow_come_back(library):
    for name, type_in, type_out, values, texts in COLUMNS:
        table = pa.table({name: pa.array(values, type_in)})
        wanted = pa.table({name: pa.array(values, type_out or type_in)})
        check_equal(library.echo(table.to_reader()), wanted)
        text = library.echo(table.to_reader(), as_text=True)[name].to_pylist()
        if text != texts:
            raise AssertionError(f"{name}: text {text} instead of {texts}")


def tables_of_duckdb_come_back(library):
    table = duckdb.sql(
        "select i, i::decimal(38, 4) / 4 as d, 'row ' || i as t, [i, null] as l, {'a': i, 'b': i % 2 = 0} as s,"
        " map {i::varchar: i} as m, date '2024-02-29' + i::int as day, gen_random_uuid() as u, interval (i) day as v"
        " from range(1000) r(i)").to_arrow_table()
    check_equal(library.echo(table.to_reader()), table)


def tables_of_polars_come_back(library):
    frame = polars.select(i=polars.int_range(0, 1000)).with_columns(
        t=polars.format("row {}", "i"), f=polars.col("i") / 3, c=(polars.col("i") % 7).cast(str).cast(polars.Categorical),
        l=polars.concat_list("i", "i"), s=polars.struct("i"), d=polars.lit(DAY), n=polars.lit(MOMENT))
    table = frame.to_arrow(compat_level=polars.CompatLevel.oldest())
    back = polars.from_arrow(library.echo(table.to_reader()))
    if not back.with_columns(polars.col("c").cast(polars.Categorical)).equals(frame):
        raise AssertionError(f"{back} instead of {frame}")


def says_what_it_cannot_take(library):
    for type_in, values, why in [
        (pa.duration("s"), [1], "the type has no counterpart"),
        (pa.string_view(), ["a"], "the type has no counterpart"),
        (pa.decimal128(5, -2), [D(100)], "decimals have 1 to 76 digits"),
    ]:
        try:
            library.echo(pa.table({"x": pa.array(values, type_in)}).to_reader())
        except AssertionError as error:
            if why in str(error):
                continue
            raise
        raise AssertionError(f"{type_in} should be refused")


def main():
    library = Library(sys.argv[1])
    tests = [random_batches_come_back, a_long_batch_comes_back, slices_come_back, tables_of_pyarrow_come_back,
             tables_of_duckdb_come_back, tables_of_polars_come_back, says_what_it_cannot_take]
    failed = 0
    for test in tests:
        try:
            test(library)
        except AssertionError as error:
            failed += 1
            print(f"{test.__name__}: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
