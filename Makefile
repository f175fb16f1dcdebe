# Thin: the build is CMake's (CMakePresets.json), the set-up is tools/setup.sh's.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 600
BENCH_FLAGS ?=
STEPS ?=

.PHONY: all demo test bench fuzz format install clean

all: build/build.ninja
	cmake --build build

build/build.ninja:
	tools/setup.sh build
	cmake --preset release

# Copies the data of tests/data/demo to Parquet, to SQLite and back.
demo: all
	tools/demo.sh

# Runs every check; STEPS="format unit" runs only these (tools/test.sh --list names them).
test:
	tools/setup.sh build test python cross
	tools/test.sh $(STEPS)

# Measures next to DuckDB and Polars; BENCH_FLAGS="--rows 1000000 --only csv" for less.
bench: all
	tools/setup.sh python
	cmake --preset release -DWHERRY_BENCH=ON
	cmake --build build
	build/venv/bin/python bench/run.py $(BENCH_FLAGS)

# Runs each fuzz target for FUZZ_SECONDS.
fuzz:
	tools/setup.sh build test
	tools/fuzz.sh $(FUZZ_SECONDS)

format:
	tools/setup.sh test
	tools/check-format.sh --fix

install: all
	DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)"

clean:
	rm -rf build
