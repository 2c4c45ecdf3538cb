# Everything happens in .venv and, for the tests beside real peers, in tests/interop/*/node_modules.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash

.PHONY: setup run test lint types imports bench fmt vectors shs1-test fuzz lock clean

# The environment: what requirements-dev.txt names, hashes checked, and the project itself.
setup: .venv/.ready

.venv/.ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# A safe trial: 127.0.0.1 only, LAN discovery off. ARGS="--port 8009" changes any setting.
run: setup
	$(BIN)/sbot start --host 127.0.0.1 --local false $(ARGS)

# The whole suite; the interop part runs where Node 20 is, and says why it skips where not.
test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

fmt: setup
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# npm's ssb-server and our suite side by side; ROW="sync-in-ebt publish" runs some rows, ARGS="--messages 100000
# --runs 3 --compact" more of it (docs/performance.md).
bench: setup
	$(BIN)/python -m benchmarks $(ROW) $(ARGS)

# Runs the vector runners over any folder of the layout that ../shared/vectors has.
DIR ?= ../shared/vectors
vectors: setup
	$(BIN)/python -m tests.vectors $(DIR)

# Both roles of the secret handshake against npm's shs1-test.
SEED ?= 1
shs1-test: setup
	$(BIN)/python -m tests.interop.shs1 $(SEED)

# Long, coverage guided fuzzing of every decoder, or of one; what it finds becomes a file of tests/fuzz/corpus.
# CPython 3.11 on Linux, x86-64: there are wheels of atheris for it.
TARGET ?=
SECONDS ?= 60
fuzz: .venv-fuzz/.ready
	.venv-fuzz/bin/python -m tests.fuzz --seconds $(SECONDS) $(TARGET)

.venv-fuzz/.ready: requirements-fuzz.txt
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	touch $@

# Versions and hashes anew, from pyproject.toml.
lock:
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv==0.13.9
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" -c requirements.txt --group fuzz pyproject.toml -o requirements-fuzz.txt
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command "make lock" -c requirements-dev.txt --group build -o requirements-build.txt

clean:
	rm -rf .venv .venv-fuzz build tests/interop/*/node_modules
