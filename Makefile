# Everything sets up what it needs first; nothing outside the checkout is touched (except `install`).
# After the first run everything works without a network.

SHELL := /bin/bash
CARGO ?= cargo
FRONT := --release --locked
TORCH := --release --locked --no-default-features --features torch
PREFIX ?= $(HOME)/.local
BIN := target/release

.PHONY: help setup build demo test test-gpu lint deny fuzz install bench soak clean

help: ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: ## Check for needed tools; fetch libtorch, cmake and the Python packages of the tests
	@.setup/need.sh
	@.setup/python.sh
	@.setup/libtorch.sh

# Two programs, two builds: whatever is linked beside libtorch would load it at start.
build: setup ## Build `spinlock` and `spinlock-worker`
	$(CARGO) build $(TORCH) --bin spinlock-worker
	$(CARGO) build $(FRONT) --bin spinlock

demo: build ## Build experiments/quickstart and open it with h5py
	$(BIN)/spinlock build experiments/quickstart
	$(BIN)/spinlock validate datasets/quickstart.h5
	PYTHONPATH=.python python3 tests/python/demo.py datasets/quickstart.h5

test: build lint deny ## Run the whole gate: format, lints, dependencies, tests, docs, an end-to-end build read with h5py
	$(CARGO) test $(TORCH) --lib -- compute:: worker::
	$(CARGO) test $(TORCH) --test numerics
	$(CARGO) test $(FRONT)
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(FRONT) --no-deps --document-private-items

test-gpu: build ## On a machine with a CUDA device: kernels, agreement with the CPU, sameness, speed
	$(CARGO) test $(TORCH) --test gpu -- --ignored --nocapture --test-threads 1
	tests/gpu/builds.sh

lint: setup ## Check format and lints
	$(CARGO) fmt --check
	$(CARGO) clippy $(FRONT) --all-targets -- -D warnings
	$(CARGO) clippy $(TORCH) --all-targets -- -D warnings

deny: ## Check dependencies: known faults, licences, versions, sources
	@.setup/deny.sh

fuzz: setup ## Fuzz everything that reads what strangers wrote: 5 minutes or 10^6 runs each (RUNS=, EACH= seconds, TARGETS=)
	@tests/fuzz/run.sh

install: build ## Install both programs and libtorch under PREFIX (default ~/.local)
	install -D -m 755 $(BIN)/spinlock $(PREFIX)/bin/spinlock
	install -D -m 755 $(BIN)/spinlock-worker $(PREFIX)/bin/spinlock-worker
	mkdir -p $(PREFIX)/lib
	cp -a .libtorch/lib/*.so* $(PREFIX)/lib/
	@echo "installed in $(PREFIX)/bin"

bench: build ## Time the benchmark experiments and print a table
	PYTHONPATH=.python python3 benches/experiments.py

soak: build ## Faults on purpose, at length: kills, flipped bits, full disks, crowds; prints a table
	python3 tests/soak/run.py --long --spinlock $(BIN)/spinlock

clean: ## Remove what was built; keeps libtorch, the cache and data sets
	$(CARGO) clean
