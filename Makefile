# `make run` is all that Lyceum needs. Written for GNU make 3.81, which macOS has.

LYCEUM_DATA_DIR ?= .lyceum
export LYCEUM_DATA_DIR
CARGO ?= cargo

.PHONY: help setup run test lint check schema bench audit reset

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Installs what is missing on this machine; quick when nothing is
	@scripts/setup

run: setup ## Starts Lyceum with a database and a demo of its own
	$(CARGO) run --locked -- dev

# One after the other: either holds the whole crate, and both at once need more memory than many a machine has.
test: setup ## Runs all tests
	$(CARGO) test --locked --lib
	$(CARGO) test --locked --test all

lint: ## Checks format, lints and documentation
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

check: lint test ## Runs what must pass before a change is merged

schema: ## Writes schema.graphql anew
	$(CARGO) run --locked --quiet -- schema > schema.graphql.new || { rm schema.graphql.new; exit 1; }
	mv schema.graphql.new schema.graphql

bench: setup ## Measures the pieces, then a node under load
	$(CARGO) bench --locked --bench pieces
	$(CARGO) bench --locked --bench operations

audit: ## Checks dependencies for advisories, licences and sources; needs cargo-deny
	@$(CARGO) deny --version > /dev/null 2>&1 || \
		{ echo 'make audit needs cargo-deny: cargo install --locked cargo-deny' >&2; exit 1; }
	$(CARGO) deny --locked check

reset: ## Stops Lyceum and removes its data
	@scripts/reset
