# Two commands from a fresh machine: `make demo` and `make test`. Both make the virtual environment first.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

# The first interpreter found that runs and is new enough; `make PYTHON=/path/to/python` overrides it.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)

.PHONY: demo install test lint format docs clean

demo: $(STAMP)
	$(BIN)/python -m rewatch.evals.demo

install: $(STAMP)

# torch and torchvision are pinned in the same command: left free, the dependencies pull a GPU build of several gigabytes.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Rewatch needs Python 3.11 or newer; install it, or run: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $(STAMP)

test: lint
	$(BIN)/pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p rewatch

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python -m rewatch.agent.cli.reference docs/cli.md

clean:
	rm -rf $(VENV) build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
