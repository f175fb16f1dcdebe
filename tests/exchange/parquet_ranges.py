"""Reads Parquet files in ranges of rows and compares them with the same file read as a whole.

usage: parquet_ranges.py PARQUET_DUMP [word ...]     only cases whose name contains a word

Files of pyarrow with small pages, data pages v1 and v2, with and without page index, by encoding; nested columns;
files of DuckDB and Polars. Every range size gives the same rows, forwards (readers go on where they are) and
backwards (each range is found anew).
"""

import itertools
import os
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import parquet_read as read

ROWS = 1000
SIZES = (1, 13, 333, 334, 999)


def check(name, path, table=None, rows=ROWS):
    if table is not None:
        read.compare(name, table, path)
    code, whole, message = read.dump("-b", "1000000000", path)
    if code != 0 or len(whole) != rows:
        raise AssertionError(f"{name}: {len(whole)} rows. {message}")
    for size, backwards in itertools.product(SIZES, ((), ("-x",))):
        if size < 7 and backwards:
            continue  # each range passes over all rows in front of it
        code, lines, message = read.dump("-r", str(size), *backwards, path)
        if code != 0 or lines != whole:
            at = next((i for i, (a, b) in enumerate(zip(lines, whole)) if a != b), min(len(lines), len(whole)))
            raise AssertionError(f"{name}: ranges of {size} {backwards}: row {at} of {len(lines)}: {message}")


LAYOUTS = [
    {"data_page_version": version, "write_page_index": index, "data_page_size": size, "write_batch_size": batch}
    for version, index, (size, batch) in itertools.product(
        ("1.0", "2.0"), (False, True), ((100, 7), (3000, 100), (1 << 20, 1000)))
]


def pyarrow_cases():
    for kinds, label in ((read.FLAT, "flat"), (read.NESTED, "nested")):
        for nulls, distinct in ((0, 0), (0.3, 0), (0.2, 20), (0.97, 5)):
            for i, layout in enumerate(LAYOUTS):
                codec = ("none", "snappy", "zstd", "gzip")[i % 4]
                name = f"{label} nulls {nulls} distinct {distinct} {codec} " + " ".join(map(str, layout.values()))

                def run(name=name, kinds=kinds, nulls=nulls, distinct=distinct, codec=codec, layout=layout):
                    table = read.make_table(kinds, ROWS, nulls, name, distinct)
                    check(name, read.written(name, table, compression=codec, **layout))

                yield name, run


def encoding_cases():
    for (encoding, kinds), nulls in itertools.product(read.ENCODINGS.items(), (0, 0.3)):
        kinds = [k for k in kinds if not isinstance(k, pa.DictionaryType) and k != pa.null()]
        name = f"encoding {encoding} nulls {nulls}"

        def run(name=name, kinds=kinds, encoding=encoding, nulls=nulls):
            table = read.make_table(kinds, ROWS, nulls, name)
            check(name, read.written(name, table, use_dictionary=False, data_page_size=2000, write_batch_size=50,
                                     column_encoding={c: encoding for c in table.column_names}))

        yield name, run


def lists_over_pages():
    """Rows that are much longer than pages."""
    lengths = [0 if i % 3 else i * 7 % 500 for i in range(ROWS)]
    table = pa.table({"a": list(range(ROWS)), "l": [list(range(n)) for n in lengths],
                      "s": [[f"t{k % 50}" for k in range(n // 4)] for n in lengths]})
    for version, index in itertools.product(("1.0", "2.0"), (False, True)):
        name = f"long lists {version} {index}"
        path = read.written(name, table, data_page_version=version, write_page_index=index, data_page_size=200,
                            write_batch_size=10)
        check(name, path, table)


def duckdb_file():
    path = os.path.join(read.FOLDER, "duckdb.parquet")
    duckdb.sql(f"""copy (select i, i % 17 as m, 'text ' || (i * 7919 % 1000) as t, case when i % 3 = 0 then i / 8 end as f,
        [x for x in range(i % 5)] as l, {{'a': i, 'b': [i::varchar]}} as s from range({ROWS}) r(i))
        to '{path}' (format parquet)""")
    check("duckdb", path, pq.read_table(path))


def polars_file():
    path = os.path.join(read.FOLDER, "polars.parquet")
    read.polars_table(ROWS).write_parquet(path, compression="zstd", data_page_size=1500)
    check("polars", path, pq.read_table(path))


def cases():
    yield from pyarrow_cases()
    yield from encoding_cases()
    for run in (lists_over_pages, duckdb_file, polars_file):
        yield run.__name__.replace("_", " "), run


def main():
    read.DUMP, words = sys.argv[1], sys.argv[2:]
    failures, n = [], 0
    with tempfile.TemporaryDirectory() as read.FOLDER:
        for name, run in cases():
            if words and not any(word in name for word in words):
                continue
            n += 1
            try:
                run()
            except AssertionError as failure:
                failures.append(str(failure))
                print("FAILED", failure)
    print(f"{n} cases, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
