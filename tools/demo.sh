#!/bin/sh
# demo.sh - copies real data (tests/data/demo, see ORIGIN.md there) to Parquet, on to SQLite and back to CSV, looks
# into it, and checks that the text that comes back is the text that went in.
set -eu
cd "$(dirname "$0")/.."
data=tests/data/demo
out=build/demo
rm -rf $out
mkdir -p $out
export WHERRY_HOME="$PWD/$out/home" WHERRY_LOG_FORMAT=text

run() {
    printf '\n$ wherry %s\n' "$*"
    build/wherry "$@"
}

run copy $data/flights.csv $out/flights.parquet --csv-null NA
run preview $out/flights.parquet --limit 5
run copy $out/flights.parquet sqlite:///$out/flights.db#flights
run copy $data/planes.csv sqlite:///$out/flights.db#planes --csv-null NA
run discover sqlite:///$out/flights.db
run copy sqlite:///$out/flights.db#flights $out/late.jsonl --where 'arr_delay > 120' --select carrier,flight,arr_delay
run copy sqlite:///$out/flights.db#flights $out/back.csv --csv-null NA
run runs

echo
if cmp $data/flights.csv $out/back.csv; then
    echo "flights.csv went to Parquet, to SQLite and back: every byte is the same."
else
    echo "what came back is not what went in" >&2
    exit 1
fi
