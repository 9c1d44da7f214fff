# The words people and CI use. All that is installed goes into .venv; nothing needs root.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
RUST_SOURCES := $(shell find sensor/rust/src -name '*.rs') sensor/rust/Cargo.toml sensor/rust/Cargo.lock
CARGO := cargo --locked
MANIFEST := --manifest-path sensor/rust/Cargo.toml

# maturin and uv find the environment by these.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test hunt fuzz check truth differential rule-pages captures bench memory bundle clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## Set everything up in .venv: Python packages, the native core, the command.

demo: setup ## Audit the captures in pcaps/, print the findings, write report.html.
	@$(BIN)/certspan audit pcaps --report report.html
	@printf '\nopen report.html in a browser, or try your own:\n    .venv/bin/certspan audit YOUR.pcap --report yours.html\n    .venv/bin/certspan --help\n'

test: setup ## Run all tests, of the core and of the whole.
	$(CARGO) test --quiet $(MANIFEST)
	$(BIN)/pytest -q -n auto --dist loadgroup

hunt: setup ## Property tests with new random examples: make hunt EXAMPLES=1000
	CERTSPAN_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/pytest -q -n auto $(shell grep -l hypothesis tests/test_*.py)

fuzz: $(VENV)/fuzz ## Fuzz for SECONDS (600) each target, or one: make fuzz TARGET=road
	$(BIN)/python tools/fuzz.py --page --seconds $(or $(SECONDS),600) $(if $(TARGET),--target $(TARGET))

bundle: setup ## Make build/certspan-bundle-*.tar.gz, which installs where there is no network.
	$(BIN)/python tools/bundle.py

check: setup ## Formatting, linting, types, and the stub against the native module.
	cargo fmt $(MANIFEST) --check
	cargo fmt --manifest-path sensor/rust/fuzz/Cargo.toml --check
	$(CARGO) clippy --quiet $(MANIFEST) --all-targets --all-features -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/mypy pcaps/*.py
	$(BIN)/mypy bench/*.py
	$(BIN)/stubtest sensor._rust

truth: setup ## Score certspan on captures with known certificates: make truth CORPUS=DIR
	@test -n "$(CORPUS)" || { echo "make truth CORPUS=DIR: a folder with truth.json and score" >&2; exit 2; }
	@# It ends with 1 as long as anything is missed.
	$(CORPUS)/score --verbose -- $(BIN)/certspan extract {} || test $$? -eq 1

differential: setup ## Compare with tshark on a folder of captures, against the list of differences: make differential CORPUS=DIR
	@test -n "$(CORPUS)" || { echo "make differential CORPUS=DIR: the folder that tests/differential.json was made of" >&2; exit 2; }
	$(BIN)/python tests/differential.py $(CORPUS)

rule-pages: setup ## Make the pages of the rules in docs/rules anew, from their modules.
	$(BIN)/certspan rules pages docs/rules

captures: setup ## Make the captures in pcaps/ anew, with the real software (see pcaps/README.md).
	$(BIN)/python pcaps/make.py

bench: setup ## Measure certspan beside other programs (see bench/README.md): make bench SCALE=1
	$(BIN)/python bench/run.py --scale $(or $(SCALE),0.2)
	$(BIN)/python bench/instructions.py

memory: setup ## Attack certspan's memory (see bench/README.md): make memory BUDGET=256
	$(BIN)/python bench/memory.py --memory $(or $(BUDGET),256)

clean: ## Remove all that make made.
	rm -rf $(VENV) target report.html bench/data build
	find sensor analytics rules tests pcaps bench -name __pycache__ -prune -exec rm -rf {} +
	rm -f sensor/_rust*.so

$(VENV)/uv:
	@$(PYTHON) tools/needs.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/python.txt uv
	@touch $@

$(VENV)/packages: $(VENV)/uv pyproject.toml constraints/python.txt constraints/overrides.txt
	$(BIN)/uv pip install --compile-bytecode -c constraints/python.txt --override constraints/overrides.txt \
		-r pyproject.toml --extra embedded --extra tshark --group dev maturin
	@touch $@

$(VENV)/installed: $(VENV)/packages $(RUST_SOURCES)
	$(BIN)/maturin develop --release --locked --uv
	$(BIN)/python -m compileall -q sensor analytics rules
	@touch $@

$(VENV)/fuzz: $(VENV)/installed
	$(BIN)/uv pip install -c constraints/python.txt --group fuzz
	cargo install --quiet --locked --version 0.13.2 --root $(VENV) cargo-fuzz
	@touch $@
