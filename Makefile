# The front door for people. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(HOME)/.cargo/bin:$(PATH)

PLUGINS := $(notdir $(patsubst %/,%,$(wildcard plugins/*/)))
GUESTS := $(foreach plugin,$(PLUGINS),target/plugins/$(plugin).wasm)

# Guests that only tests bind.
TEST_GUESTS := $(notdir $(patsubst %/,%,$(wildcard tests/guests/*/)))

.PHONY: help run test build plugins guests bench fuzz lint setup setup-test setup-fuzz

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:
	@deploy/prerequisites.sh run

setup-test:
	@deploy/prerequisites.sh test

setup-fuzz:
	@deploy/prerequisites.sh fuzz

build: setup plugins ## Build the release binary and the example plugins
	@echo '» Building target/release/claimsmith'
	@cargo build --release --package claimsmith --bin claimsmith

plugins: setup
	@echo '» Building the example plugins into target/plugins'
	@cargo build --profile guest --target wasm32-wasip2 $(addprefix --package ,$(PLUGINS))
	@mkdir -p target/plugins
	@for plugin in $(PLUGINS); do cp "target/wasm32-wasip2/guest/$${plugin//-/_}.wasm" "target/plugins/$$plugin.wasm"; done

guests: setup plugins
	@echo '» Building the guests of the tests into target/guests'
	@cargo build --profile guest --target wasm32-wasip2 $(addprefix --package ,$(TEST_GUESTS))
	@mkdir -p target/guests
	@for guest in $(TEST_GUESTS); do cp "target/wasm32-wasip2/guest/$${guest//-/_}.wasm" "target/guests/$$guest.wasm"; done

run: build ## Build, start a private server with demo data, print what to paste
	@exec target/release/claimsmith dev

test: setup-test guests ## Check formatting and lints, run every test
	@deploy/test.sh

lint: setup-test ## Formatting, clippy, dependencies, documentation
	@deploy/lint.sh

bench: build ## Measure server CPU per token against its parts (docs/performance.md)
	@deploy/bench.sh

fuzz: setup-fuzz ## Feed what reads strangers' bytes for FUZZ_SECONDS=20 a target
	@deploy/fuzz.sh
