# Everything runs in a virtual environment of its own, installed from a lock file with hashes.
# Needs: make, Python 3.11 or newer, access to a package index.

.DEFAULT_GOAL := help
.PHONY: help run ui test test-long test-full lint format docs bench lock clean

# Two installs into one environment at a time would break it.
.NOTPARALLEL:

VENV ?= .venv
BIN := $(VENV)/bin
# Arguments for the command, e.g. `make run ARGS=--dry-run`.
ARGS ?=

# The first Python that fits; `make run PYTHON=/opt/python/bin/python3` overrides the search.
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(FITS)' >/dev/null 2>&1 && echo $(p))))

# Processes that share the tests; of the longer ones, those of a file stay together.
WORKERS ?= 2

# A stamp is newer than what it was installed from, so nothing is installed twice.
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
PROJECT := $(VENV)/.installed-project

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(RUN) $(PROJECT) ## Build every table that is due, on the example project unless CRM_PIPELINE_PROJECT says otherwise
	$(BIN)/crm-pipeline run $(ARGS)

ui: $(RUN) $(PROJECT) ## Open the Dagster web UI on the same project
	$(BIN)/crm-pipeline ui $(ARGS)

test: lint $(PROJECT) ## Lint, types and the quick tests
	$(BIN)/crm-pipeline data-dictionary --check
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-long: $(DEV) $(PROJECT) ## Only the longer checks and the browser tests
	$(BIN)/python -m pytest -q -m "full or browser" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-full: ## The quick tests, then the longer ones
	$(MAKE) test
	$(MAKE) test-long

lint: $(DEV) ## Ruff and mypy, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict crm_pipeline

format: $(DEV) ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(RUN) $(PROJECT) ## Write the generated pages of docs/
	$(BIN)/crm-pipeline data-dictionary $(ARGS)

bench: $(RUN) $(PROJECT) ## Time the pipeline on a generated shop
	$(BIN)/python -m benchmarks.run $(ARGS)

UV_VERSION := 0.13.9
# `make lock UPGRADE=--upgrade` takes newer versions; without it only what pyproject.toml asks for changes. One version
# of each package for all versions of Python, so that results and types are the same on each; extras are kept
# because pip wants them pinned as they are asked for.
COMPILE = $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --fork-strategy fewest \
	--generate-hashes --no-annotate --no-strip-extras --custom-compile-command 'make lock' --quiet $(UPGRADE)

lock: | $(BIN)/python ## Resolve pyproject.toml into the two lock files
	$(PIP) install uv==$(UV_VERSION)
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## Remove the virtual environment, caches and build output; never data
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 to 3.14 with the venv module found (tried: $(CANDIDATES))." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or: make run PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) with $$($$python --version)"; \
	"$$python" -m venv --clear $(VENV)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# Compiled here rather than by pip: on every core, and without the packages' own tests. Imports are three to five
# times faster than from sources. Some packages carry files for other versions of Python, which cannot compile.
COMPILEALL := $(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib >/dev/null 2>&1 || true
OPENMP := LightGBM does not load; it may lack the OpenMP runtime (Debian, Ubuntu: libgomp1; Homebrew: libomp).

$(RUN): requirements.lock | $(BIN)/python
	@echo "Installing requirements.lock into $(VENV) (a minute or two, once)"
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@$(COMPILEALL)
	@$(BIN)/python -c 'import lightgbm' || { echo "$(OPENMP)" >&2; exit 1; }
	@touch $@

# The development lock holds everything of the other one, at the same versions.
$(DEV): requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "Installing requirements-dev.lock into $(VENV) (a minute or two, once)"
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@$(COMPILEALL)
	@$(BIN)/python -c 'import lightgbm' || { echo "$(OPENMP)" >&2; exit 1; }
	@touch $(RUN) $@

# The project's own entry points change with pyproject.toml alone.
$(PROJECT): pyproject.toml | $(RUN)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q crm_pipeline
	@touch $@
