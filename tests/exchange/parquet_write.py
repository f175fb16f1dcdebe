"""Writes Parquet files with parquet_sample and compares what pyarrow, DuckDB and Polars read from them.

usage: parquet_write.py PARQUET_SAMPLE [word ...]     only cases whose name contains a word
"""

import decimal
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import uuid
import zlib

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

FLAT = (
    "b:bool,i1:int8,i2:int16,i4:int32,i8:int64,u1:uint8,u2:uint16,u4:uint32,u8:uint64,f4:float32,f8:float64,"
    "d5:decimal(5,2),d9:decimal(9,0),d15:decimal(15,2),d18:decimal(18,18),d30:decimal(30,5),d38:decimal(38,38),"
    "s:text,x:binary,dt:date,t6:time(us),t9:time(ns),ts3:timestamp(ms),ts6:timestamp(us),ts9:timestamp(ns),"
    "tz3:timestamptz(ms),tz6:timestamptz(us),tz9:timestamptz(ns),ts0:timestamp(s)"
)
NESTED = (
    "a:int32,l:list<int64>,ll:list<list<text>>,s:struct<x:int32,y:text>,ls:list<struct<p:int64,q:list<float64>>>,"
    "m:map<text,int32>,sl:struct<l:list<text>,z:struct<k:bool>>,ml:map<int64,list<text>>"
)
REQUIRED = ",".join(f.replace(":", "!:", 1) for f in FLAT.split(",d18")[0].split(","))


NS = {"s": 1000000000, "ms": 1000000, "us": 1000, "ns": 1}
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Units of the numbers that parquet_sample gives for the columns of FLAT.
UNITS = {"t6": "us", "t9": "ns", "ts0": "ms", "ts3": "ms", "ts6": "us", "ts9": "ns"}
UNITS.update({"tz3": "ms", "tz6": "us", "tz9": "ns"})


def cases():
    yield "flat", FLAT, ["rows=3000"]
    yield "flat-required", REQUIRED, ["rows=2000"]
    yield "flat-nulls", FLAT, ["rows=1000", "nulls=100"]
    yield "flat-one-row", FLAT, ["rows=1"]
    yield "flat-empty", FLAT, ["rows=0"]
    yield "flat-no-nulls", FLAT, ["rows=1000", "nulls=0"]
    yield "flat-few", FLAT, ["rows=5000", "distinct=7"]
    yield "flat-sorted", FLAT, ["rows=5000", "sorted=1"]
    yield "flat-parts", FLAT, ["rows=1000", "part=300", "batch=7"]
    yield "nested", NESTED, ["rows=3000"]
    yield "nested-few", NESTED, ["rows=3000", "distinct=9"]
    yield "nested-nulls", NESTED, ["rows=500", "nulls=100"]
    yield "nested-full", NESTED, ["rows=500", "nulls=0"]
    yield "nested-pages", NESTED, ["rows=20000", "parquet-page-bytes=1KiB", "parquet-row-group-rows=7000"]
    yield "wide-decimal", "a:decimal(76,10),b:decimal(40,0)", ["rows=300", "only=pyarrow"]
    yield "uuid", "a:uuid,b:list<uuid>", ["rows=300"]
    yield "json", "a:json", ["rows=300"]
    yield "null", "a:null,b:int32", ["rows=10"]
    yield "interval", "a:interval", ["rows=300", "only=pyarrow,duckdb"]
    for codec in ("zstd", "snappy", "gzip", "lz4_raw", "brotli", "none"):
        yield "codec-" + codec, FLAT, ["rows=2000", "parquet-compression=" + codec]
    yield "level", FLAT, ["rows=1000", "parquet-level=9"]
    for rows in (32767, 32768, 32769, 65536, 65537):
        yield "page-limit-%d" % rows, "a:int64,b:text,c:bool", ["rows=%d" % rows, "batch=4000"]
    for rows in (999, 1000, 1001, 2000):
        yield "group-limit-%d" % rows, "a:int64,b:text", ["rows=%d" % rows, "parquet-row-group-rows=1000"]
    yield "small-pages", FLAT, ["rows=20000", "parquet-page-bytes=1KiB"]
    yield "group-bytes", FLAT, ["rows=20000", "parquet-row-group-bytes=100KiB"]
    yield "plain", FLAT, ["rows=3000", "parquet-dictionary=false"]
    yield "no-extras", FLAT, [
        "rows=3000",
        "parquet-statistics=false",
        "parquet-page-index=false",
        "parquet-page-checksum=false",
    ]
    yield "bloom", "a:int64,b:text,s:struct<c:int32>,u:uuid", ["rows=5000", "parquet-bloom=a,b,s.c,u"]
    for distinct in (1, 2, 200, 3000, 20000, 100000):
        yield "dictionary-%d" % distinct, FLAT, ["rows=40000", "distinct=%d" % distinct, "nulls=5"]
    yield "sorted-text", "a:text,b:binary,c:int64,ts6:timestamp(us)", ["rows=50000", "sorted=1", "distinct=3"]
    yield "long-text", "a:text", ["rows=500", "text=4000", "distinct=400"]


def canonical(value, kind):
    """A value of an Arrow array in the words of parquet_sample."""
    if value is None:
        return None
    if pa.types.is_float64(kind):
        return struct.pack(">d", value).hex() if not math.isnan(value) else "nan"
    if pa.types.is_float32(kind):
        return struct.pack(">f", value).hex() if not math.isnan(value) else "nan"
    if pa.types.is_decimal(kind):
        return format(value + 0, "f")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [canonical(v, kind.value_type) for v in value]
    if pa.types.is_map(kind):
        return [[canonical(k, kind.key_type), canonical(v, kind.item_type)] for k, v in value]
    if pa.types.is_struct(kind):
        return [canonical(value[f.name], f.type) for f in kind]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, str) and UUID.fullmatch(value):
        return value.replace("-", "")
    return value


def to_integers(array):
    """Dates, times and timestamps as the numbers behind them; other arrays as they are."""
    kind = array.type
    if isinstance(kind, pa.ExtensionType):
        return to_integers(array.storage)
    if pa.types.is_date32(kind):
        return array.cast(pa.int32())
    if pa.types.is_time32(kind):
        return pa.compute.multiply(array.cast(pa.int32()).cast(pa.int64()), NS[kind.unit])
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return pa.compute.multiply_checked(array.cast(pa.int64()), NS[kind.unit])
    return array


def rows_of(table):
    columns = []
    for column in table.columns:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
        array = to_integers(array)
        columns.append([canonical(v, array.type) for v in array.to_pylist()])
    return [list(row) for row in zip(*columns)] if columns else []


def expect(path, schema):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def normal(value, name):
    """Bends an expected value to what a reader is known to give."""
    if isinstance(value, list):
        return [normal(v, name) for v in value]
    if isinstance(value, str) and len(value) in (8, 16):
        try:
            raw = bytes.fromhex(value)
            number = struct.unpack(">f" if len(value) == 8 else ">d", raw)[0]
            if math.isnan(number):
                return "nan"
        except ValueError:
            pass
    return value


def read_pyarrow(path):
    table = pq.read_table(path, page_checksum_verification=True)
    pq.ParquetFile(path).metadata.to_dict()
    return table


def read_duckdb(path):
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'")
    return con.sql("SELECT * FROM read_parquet('%s')" % path).to_arrow_table()


def read_polars(path):
    return polars.read_parquet(path).to_arrow()


READERS = {"pyarrow": read_pyarrow, "duckdb": read_duckdb, "polars": read_polars}


def adjust(rows, expected, table, reader):
    """Known differences of a reader: DuckDB has no time(ns) and reads intervals and map entries its own way."""
    kinds = [f.type for f in table.schema]
    out = []
    for row in expected:
        row = [normal(v, None) for v in row]
        for i, kind in enumerate(kinds):
            name = table.schema.field(i).name
            if row[i] is None:
                continue
            if pa.types.is_decimal(kind):
                row[i] = format(decimal.Decimal(row[i]) + 0, "f")
            if name == "a" and reader == "polars" and isinstance(row[i], str) and row[i].startswith("{"):
                row[i] = row[i].encode().hex()
            if name in UNITS:
                row[i] *= NS[UNITS[name]]
            if name == "a" and isinstance(row[i], list) and pa.types.is_fixed_size_binary(kind):
                row[i] = struct.pack("<III", row[i][0], row[i][1], row[i][2] // 1000000).hex()
            if pa.types.is_interval(kind):
                row[i] = tuple(row[i])
        out.append(row)
    return out


def plain(value):
    if isinstance(value, pa.MonthDayNano):
        return (value.months, value.days, value.nanoseconds)
    if isinstance(value, tuple):
        return [plain(v) for v in value] if not all(isinstance(v, int) for v in value) else tuple(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


class Thrift:
    """Decodes structs of the Thrift compact protocol to dictionaries by field number."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return value

    def zigzag(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, kind, in_list=False):
        if kind in (1, 2):
            return (self.byte() if in_list else kind) == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            n = self.varint()
            self.at += n
            return bytes(self.data[self.at - n : self.at])
        if kind == 9:
            head = self.byte()
            n = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15, True) for _ in range(n)]
        assert kind == 12, kind
        return self.struct()

    def struct(self):
        fields, number = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields[number] = self.value(head & 15)


def check_pages(data, chunk, rows):
    """Pages, offset index and column index of a column chunk must agree; returns the first fault."""
    meta = chunk[3]
    at = meta.get(11, meta[9])
    end = at + meta[7]
    pages = []
    while at < end:
        t = Thrift(data, at)
        header = t.struct()
        body = data[t.at : t.at + header[3]]
        if 4 in header and zlib.crc32(body) != header[4] % 2**32:
            return "checksum at %d" % at
        if header[1] == 0:
            pages.append((at, t.at + header[3] - at))
        elif at != meta.get(11):
            return "dictionary page at %d" % at
        at = t.at + header[3]
    if at != end or pages[0][0] != meta[9]:
        return "pages do not fill the chunk"
    if 4 in chunk:
        t = Thrift(data, chunk[4])
        locations = t.struct()[1]
        if t.at - chunk[4] != chunk[5] or [(p[1], p[2]) for p in locations] != pages:
            return "offset index differs from the pages"
        first = [p[3] for p in locations]
        if first[0] != 0 or first != sorted(set(first)) or first[-1] >= rows:
            return "first rows %r" % first
    if 6 in chunk:
        t = Thrift(data, chunk[6])
        index = t.struct()
        if t.at - chunk[6] != chunk[7] or any(len(index[i]) != len(pages) for i in (1, 2, 3, 5)):
            return "column index has not one entry a page"
        if sum(index[5]) != meta[12][3]:
            return "null counts differ"
        for null, low, high in zip(index[1], index[2], index[3]):
            if null and (low or high):
                return "bounds of a page of nulls"
            if len(low) > 64 or len(high) > 67:
                return "long bounds"
    if 14 in meta:
        t = Thrift(data, meta[14])
        header = t.struct()
        if t.at - meta[14] + header[1] != meta[15]:
            return "bloom filter of wrong length"
    return None


ENCODINGS = {0: "PLAIN", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}
ENCODINGS.update({8: "RLE_DICTIONARY", 9: "BYTE_STREAM_SPLIT"})
seen_encodings = set()


def check_metadata(path):
    with open(path, "rb") as f:
        data = f.read()
    start = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    t = Thrift(data, start)
    footer = t.struct()
    if t.at != len(data) - 8 or footer[3] != sum(g[3] for g in footer[4]):
        return "footer of wrong length or rows"
    for group in footer[4]:
        for chunk in group[1]:
            seen_encodings.update(s[2] for s in chunk[3][13])
            fault = check_pages(data, chunk, group[3])
            if fault:
                return "%s: %s" % (b".".join(chunk[3][3]).decode(), fault)
    return None


def check_statistics(path):
    """Bounds of every row group against the values that pyarrow reads."""
    file = pq.ParquetFile(path)
    names = [c.path for c in file.schema]
    for g in range(file.num_row_groups):
        table = file.read_row_group(g)
        for i, name in enumerate(names):
            s = file.metadata.row_group(g).column(i).statistics
            if "." in name or s is None or not s.has_min_max:
                continue
            column = table.column(name)
            if column.null_count != s.null_count:
                return "%s: null count" % name
            if pa.types.is_floating(column.type):
                column = column.filter(pa.compute.invert(pa.compute.is_nan(column)))
            if isinstance(column.type, pa.ExtensionType):
                continue
            if pa.types.is_temporal(column.type):
                numbers = [v for v in to_integers(column.combine_chunks()).to_pylist() if v is not None]
                low, high = bound_numbers(s, column.type)
            else:
                numbers, low, high = [v for v in column.to_pylist() if v is not None], s.min, s.max
            if isinstance(numbers[0], uuid.UUID):
                numbers = [v.bytes for v in numbers]
            if isinstance(numbers[0], str) and isinstance(low, bytes):
                numbers = [v.encode() for v in numbers]
            if min(numbers) < low or max(numbers) > high:
                return "%s: bounds %r %r" % (name, low, high)
            exact = not isinstance(low, (str, bytes)) or len(low) < 64
            if exact and (min(numbers) != low or max(numbers) != high):
                return "%s: bounds %r %r are not the values'" % (name, low, high)
    return None


def bound_numbers(s, kind):
    array = to_integers(pa.array([s.min_raw, s.max_raw], pa.int32() if pa.types.is_date32(kind) else pa.int64()))
    scale = 1 if pa.types.is_date32(kind) else NS[kind.unit]
    return array[0].as_py() * scale, array[1].as_py() * scale


ARROW_TYPES = {
    "b": "bool", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64", "u1": "uint8", "u2": "uint16",
    "u4": "uint32", "u8": "uint64", "f4": "float", "f8": "double", "d5": "decimal128(5, 2)",
    "d9": "decimal128(9, 0)", "d15": "decimal128(15, 2)", "d18": "decimal128(18, 18)",
    "d30": "decimal128(30, 5)", "d38": "decimal128(38, 38)", "s": "string", "x": "binary",
    "dt": "date32[day]", "t6": "time64[us]", "t9": "time64[ns]", "ts3": "timestamp[ms]",
    "ts6": "timestamp[us]", "ts9": "timestamp[ns]", "tz3": "timestamp[ms, tz=UTC]",
    "tz6": "timestamp[us, tz=UTC]", "tz9": "timestamp[ns, tz=UTC]", "ts0": "timestamp[ms]",
}  # fmt: skip
DUCKDB_TYPES = {
    "b": "BOOLEAN", "i1": "TINYINT", "i2": "SMALLINT", "i4": "INTEGER", "i8": "BIGINT", "u1": "UTINYINT",
    "u2": "USMALLINT", "u4": "UINTEGER", "u8": "UBIGINT", "f4": "FLOAT", "f8": "DOUBLE",
    "d5": "DECIMAL(5,2)", "d9": "DECIMAL(9,0)", "d15": "DECIMAL(15,2)", "d18": "DECIMAL(18,18)",
    "d30": "DECIMAL(30,5)", "d38": "DECIMAL(38,38)", "s": "VARCHAR", "x": "BLOB", "dt": "DATE",
    "t6": "TIME", "t9": "TIME_NS", "ts3": "TIMESTAMP", "ts6": "TIMESTAMP", "ts9": "TIMESTAMP_NS",
    "tz3": "TIMESTAMP WITH TIME ZONE", "tz6": "TIMESTAMP WITH TIME ZONE",
    "tz9": "TIMESTAMPTZ_NS", "ts0": "TIMESTAMP",
}  # fmt: skip


def check_types(path):
    """Types as pyarrow, DuckDB and Polars name them."""
    for field in pq.read_schema(path):
        if str(field.type) != ARROW_TYPES[field.name]:
            return "pyarrow: %s is %s" % (field.name, field.type)
    for name, kind in duckdb.sql("DESCRIBE SELECT * FROM '%s'" % path).project("column_name, column_type").fetchall():
        if kind != DUCKDB_TYPES[name]:
            return "duckdb: %s is %s" % (name, kind)
    arrow = pq.read_schema(path)
    for name, kind in polars.read_parquet_schema(path).items():
        want = polars.Series(pa.array([], arrow.field(name).type)).dtype
        if kind != want:
            return "polars: %s is %s" % (name, kind)
    return None


def check_filters(path, expected):
    """Filters that use bounds and bloom filters must find the same rows as the values."""
    con = duckdb.connect()
    kinds = {c[0]: c[1] for c in con.execute("DESCRIBE SELECT * FROM '%s'" % path).fetchall()}
    names = list(kinds)
    for name in ("a", "b", "i4", "i8", "s", "dt"):
        if kinds.get(name) not in ("INTEGER", "BIGINT", "VARCHAR", "DATE"):
            continue
        i = names.index(name)
        values = [row[i] for row in expected if isinstance(row[i], (int, str))]
        for v in values[:: max(1, len(values) // 5)]:
            bound = "DATE '1970-01-01' + ?::INTEGER" if name == "dt" else "?"
            found = con.execute("SELECT count(*) FROM '%s' WHERE %s = %s" % (path, name, bound), [v]).fetchone()[0]
            if found != values.count(v):
                return "%s = %r: %d rows, expected %d" % (name, v, found, values.count(v))
    return None


def first_difference(got, want):
    if len(got) != len(want):
        return "%d rows, expected %d" % (len(got), len(want))
    for i, (g, w) in enumerate(zip(got, want)):
        if g != w:
            for k, (a, b) in enumerate(zip(g, w)):
                if a != b:
                    return "row %d, column %d: %r, expected %r" % (i, k, a, b)
    return None


def check(sample, folder, name, schema, settings):
    readers = list(READERS)
    for s in list(settings):
        if s.startswith("only="):
            readers = s[5:].split(",")
            settings.remove(s)
    path, expected_path = os.path.join(folder, "out.parquet"), os.path.join(folder, "expected.jsonl")
    subprocess.run([sample, path, expected_path, schema] + settings, check=True)
    expected = expect(expected_path, schema)
    failed = 0
    for reader in readers:
        try:
            table = READERS[reader](path)
            got = [plain(r) for r in rows_of(table)]
            difference = first_difference(got, [plain(r) for r in adjust(got, expected, table, reader)])
        except Exception as e:  # every failure of a reader is a finding
            difference = "%s: %s" % (type(e).__name__, e)
        if difference:
            print("FAIL %s %s: %s" % (name, reader, difference))
            failed += 1
    checks = {"metadata": lambda: check_metadata(path), "statistics": lambda: check_statistics(path)}
    if schema == FLAT:
        checks["types"] = lambda: check_types(path)
    if name.startswith(("flat", "bloom", "small", "dictionary", "sorted")) and expected:
        checks["filters"] = lambda: check_filters(path, expected)
    for what, function in checks.items():
        fault = function()
        if fault:
            print("FAIL %s %s: %s" % (name, what, fault))
            failed += 1
    return failed


def main():
    decimal.getcontext().prec = 100
    sample, words = sys.argv[1], sys.argv[2:]
    failed = n = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, schema, settings in cases():
            if words and not any(w in name for w in words):
                continue
            n += 1
            failed += check(sample, folder, name, schema, list(settings))
    for number, name in ENCODINGS.items():
        if not words and number not in seen_encodings:
            print("FAIL no case was written with %s" % name)
            failed += 1
    print("%d cases, %d failures" % (n, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
