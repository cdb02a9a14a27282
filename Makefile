# Every target sets itself up: all it needs is make and a Python of at least 3.11.
#
# The packages go into a virtual environment in .venv, one extra of pyproject.toml per target. A stamp
# file notes that an extra is installed, so that a second run starts at once; editing pyproject.toml
# makes the stamps stale.

PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(if $(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>&1 || echo no),,$(p))))
VENV ?= .venv
JOBS ?= 2

BIN := $(VENV)/bin
STAMPS := $(VENV)/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint format bench conformance notebooks docs wheel browser check clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(STAMPS)/demo ## the worked example, a network that learns digits, and pictures in out/
	$(BIN)/python -m examples.demo

test: $(STAMPS)/test ## the tests, in parallel, warnings as errors
	$(BIN)/python -m pytest -q -n $(JOBS)

lint: $(STAMPS)/lint ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMPS)/lint ## let ruff mend and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMPS)/bench ## speed beside PyTorch, JAX and others, into benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

conformance: $(STAMPS)/conformance ## every operation against PyTorch, and the array API standard
	$(BIN)/python -m pytest -q conformance
	$(BIN)/python -m conformance.array_api_suite

notebooks: $(STAMPS)/notebooks ## run every notebook and compare with its stored outputs
	$(BIN)/python -m tools.notebooks

docs: $(STAMPS)/test ## write what is generated: docs/support.md, the images of README.md and docs/gallery.md
	$(BIN)/python -m autograd_core.support
	$(BIN)/python -m tools.gallery

wheel: $(STAMPS)/core ## build the wheel and look into it
	$(BIN)/python -m tools.check_wheel

browser: ## look for the browser that some tests need; in CI, install it
	@sh tools/browser.sh

check: lint wheel test notebooks demo ## everything that CI does
	@echo "All checks passed."

clean: ## remove what the targets made, the virtual environment too
	rm -rf $(VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment itself. A directory without a working pip (an interrupted set-up) is made anew.
$(STAMPS)/core: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python of at least 3.11 found. Install one, or say PYTHON=/path/to/python." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "Making a virtual environment failed. On Debian and Ubuntu: apt install python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/%: $(STAMPS)/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
