# `make run` and `make test` set up what they need in .venv; `make setup` does that alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help setup run test test-slow check format docs bench release clean

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Make the virtual environment

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Penstock needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "1/3 Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 Installing what Penstock needs: one or two minutes"
	@$(PIP) --editable .
	@echo "3/3 Installing what its tests and checks need: another minute"
	@$(PIP) --editable '.[dev]'
	@touch $(READY)
	@echo "Installed. Next: make run, or without a client: $(BIN)/penstock demo"

run: setup ## Start the proxy; it prints the one line a client needs
	$(BIN)/penstock up

# Four at a time on two cores: many tests wait for a process. A file stays with one of them, which keeps its proxies;
# tests/conftest.py puts those that take long first.
# Where PYTHONDONTWRITEBYTECODE is set, each process that a test starts would compile all of Penstock again: a second.
TESTS := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder
test: setup ## Run the tests but the slow ones
	$(TESTS) -m "not slow"

test-slow: setup ## Run the slow tests: many processes and browsers are started, long texts read
	$(TESTS) -m slow

check: setup ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Build the documentation as a site in build/site
	$(BIN)/python docs/generate.py build/docs
	$(BIN)/zensical build --strict --clean

bench: setup ## Measure the latency the suite adds
	$(BIN)/python benchmarks/latency.py

# A wheel alone, for a clone or CI, is `python -m build`: that asks for no age.
release: setup ## Build what is published; refuses when the table of models is older than twelve weeks
	$(BIN)/python -m penstock.models
	$(BIN)/python -m build

clean: ## Remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
