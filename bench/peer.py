"""One job of the bench by DuckDB or Polars, in a process of its own.

usage: peer.py RESULT duckdb|polars JOB SOURCE DEST

Writes to RESULT, as one line of JSON, the seconds that the import of the library took and those of the work itself,
with the CPU seconds of the work: the import is not counted against the peer.
"""

import json
import resource
import sys
import time

FILTER = "l_quantity > 45"  # run.py gives wherry the same


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def duckdb_job(duckdb, job, source, dest):
    zstd, snappy = "(FORMAT parquet, COMPRESSION zstd)", "(FORMAT parquet, COMPRESSION snappy)"
    query = {
        "csv-parquet": f"COPY (FROM read_csv('{source}')) TO '{dest}' {zstd}",
        "parquet-csv": f"COPY (FROM read_parquet('{source}')) TO '{dest}' (FORMAT csv, HEADER)",
        "jsonl-parquet": f"COPY (FROM read_json('{source}', format = 'newline_delimited')) TO '{dest}' {zstd}",
        "parquet-parquet": f"COPY (FROM read_parquet('{source}')) TO '{dest}' {snappy}",
        "parquet-filter": f"COPY (FROM read_parquet('{source}') WHERE {FILTER}) TO '{dest}' {snappy}",
    }
    query["small"] = query["csv-parquet"]
    duckdb.sql(query[job])


def polars_job(polars, job, source, dest):
    if job in ("csv-parquet", "small"):
        polars.scan_csv(source, try_parse_dates=True).sink_parquet(dest, compression="zstd")
    elif job == "parquet-csv":
        polars.scan_parquet(source).sink_csv(dest)
    elif job == "jsonl-parquet":
        polars.scan_ndjson(source).sink_parquet(dest, compression="zstd")
    elif job == "parquet-parquet":
        polars.scan_parquet(source).sink_parquet(dest, compression="snappy")
    elif job == "parquet-filter":
        rows = polars.scan_parquet(source).filter(polars.sql_expr(FILTER))
        rows.sink_parquet(dest, compression="snappy")
    else:
        raise ValueError(job)


def main():
    result, engine, job, source, dest = sys.argv[1:]
    start = time.perf_counter()
    library = __import__(engine)
    imported, cpu = time.perf_counter(), cpu_seconds()
    {"duckdb": duckdb_job, "polars": polars_job}[engine](library, job, source, dest)
    done = {"import_s": imported - start, "work_s": time.perf_counter() - imported, "cpu_s": cpu_seconds() - cpu}
    with open(result, "w", encoding="utf-8") as file:
        json.dump(done, file)


if __name__ == "__main__":
    main()
