# Every target does its own set-up; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# npm finds the node of bootstrap.py where there is no other, and the certificates Python was given.
RUN := PATH="$$PATH:$(CURDIR)/.tools/node/bin" \
  NODE_EXTRA_CA_CERTS="$${NODE_EXTRA_CA_CERTS:-$${SSL_CERT_FILE:-$$PIP_CERT}}" $(BIN)/python
PYTEST := $(RUN) -m pytest -n auto --maxprocesses=8

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-contracts test-container fuzz bench lint format dev lock clean

help: ## list what there is
	@echo "make TARGET"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  %-16s %s\n' "$$name" "$$text"; done

demo: ## a whole network on this machine; ONCE=1 ends after the scenario
	@$(PYTHON) bootstrap.py
	@$(BIN)/comity demo

test: ## every test but the long ones
	@$(PYTHON) bootstrap.py --dev
	@$(RUN) -m contracts.build --forge-test
	@$(PYTEST)

test-long: ## kills, mutations, subsets, fuzzing; SLICE=n takes a small share, seeded by n
	@$(PYTHON) bootstrap.py --dev
	@COMITY_SLICE="$(SLICE)" $(PYTEST) -m long --timeout 3600

test-contracts: ## the Solidity tests alone
	@$(PYTHON) bootstrap.py --dev
	@$(RUN) -m contracts.build --forge-test

test-container: ## the images and the one-machine network; needs Docker; BASE_IMAGE=… as the images
	@$(PYTHON) bootstrap.py --dev
	@COMITY_CONTAINERS=1 $(RUN) -m pytest -m long tests/container

fuzz: SECONDS = 600
fuzz: ## guided fuzzing of all parsers, SECONDS=600 for each group; ONLY="json sd-jwt" takes some
	@$(PYTHON) bootstrap.py --fuzz
	@$(RUN) -m tests.fuzz.guided $(ONLY) --seconds $(SECONDS)

bench: ## medians, minima and ratios of alternating runs; ONLY="check http" takes some
	@$(PYTHON) bootstrap.py --dev
	@$(RUN) -m tests.bench $(ONLY)

lint: ## ruff, strict mypy, import rules
	@$(PYTHON) bootstrap.py --dev
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: ## put code into shape
	@$(PYTHON) bootstrap.py --dev
	@$(BIN)/python -m ruff check --fix
	@$(BIN)/python -m ruff format

dev: ## set up .venv with the development tools
	@$(PYTHON) bootstrap.py --dev
	@echo "ready: . .venv/bin/activate"

lock: ## resolve the hash locks anew from pyproject.toml (needs uv)
	uv pip compile $(LOCKING) pyproject.toml -o requirements/core.txt
	uv pip compile $(LOCKING) pyproject.toml --extra dev -c requirements/core.txt -o requirements/dev.txt
	uv pip compile $(LOCKING) requirements/devchain.in -o requirements/devchain.txt
	uv pip compile $(LOCKING) requirements/fuzz.in -o requirements/fuzz.txt

LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

clean: ## remove caches and everything that was fetched
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	rm -rf contracts/node_modules contracts/out contracts/cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
