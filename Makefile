# The ways into this repository; `make` alone lists them. Python 3.11+ and make must be there, the rest they bring.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
BIN := $(VENV)/bin
# The first Python that the locks are made for; `make PYTHON=/path/to/python3.11 …` overrides.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)

# An analyst's dbt: the same project, warehouse and lake as the nightly run, at the same instant.
DATA := $(abspath $(or $(NETVEXA_DATA_DIR),data))
NOW := $(or $(NETVEXA_AS_OF),$(shell date -u +%Y-%m-%dT%H:%M:%S+00:00))
export NETVEXA_WAREHOUSE_PATH := $(DATA)/warehouse/netvexa.duckdb
DBT := $(CURDIR)/$(BIN)/dbt
DBT_FLAGS = --project-dir dbt_project --profiles-dir dbt_project --vars '{lake_dir: "$(DATA)/lake", run_instant: "$(NOW)"}'
DEFER := --defer --state .state

.PHONY: help run demo nightly status superset api dev setup setup-dev lock bench audit test check lint types imports yaml sql parse fix \
  build model changed state docs metrics-page e2e mutants clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# ── Running it ────────────────────────────────────────────────────────────────────────────────────────────────────────

run: setup demo ## set-up, then a sample company through the whole nightly job

demo: setup ## the sample company through the whole nightly job
	@$(BIN)/netvexa demo

nightly: setup ## the same job on the configured sources
	@$(BIN)/netvexa nightly

status: setup ## what is published, and whether a run is going on
	@$(BIN)/netvexa status

superset: setup ## the dashboards over what is published, on http://127.0.0.1:8088
	@$(BIN)/netvexa superset

api: setup ## the metrics API over what is published, on http://127.0.0.1:8090
	@$(BIN)/netvexa api

dev: setup ## Dagster's page: lineage, runs, checks, schedule
	@$(BIN)/netvexa dev

# ── The environment: made once, made again when its lock changes ──────────────────────────────────────────────────────

setup: $(VENV)/.locked ## the environment

setup-dev: $(VENV)/.locked-dev ## the environment with everything the tests need

define install
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH" >&2; exit 2; }
	@echo "Installing $(1) into $(VENV) (once, a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --progress-bar on --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
endef

$(VENV)/.locked: requirements.lock
	$(call install,requirements.lock)
	@touch $@

$(VENV)/.locked-dev: requirements-dev.lock
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.locked $@

# Extras stay in the names (gql[requests]): pip's hash mode asks for them. No index address is written.
COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
  --no-annotate --no-strip-extras

lock: setup-dev ## resolve pyproject.toml, and Superset's own requirements, into the lock files again
	@$(COMPILE) --extra build pyproject.toml --output-file requirements.lock
	@$(COMPILE) --extra build --extra dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock
	@$(COMPILE) $(AS_OF_SUPERSET) requirements-superset.in --output-file requirements-superset.lock

# Later releases of what Superset 6.1 leans on break it; DuckDB alone is newer, so that both read the same file.
AS_OF_SUPERSET := --exclude-newer 2026-05-14 --exclude-newer-package duckdb=2026-11-01

# ── Proving it ────────────────────────────────────────────────────────────────────────────────────────────────────────

# Without reordering the folders come by name: the long ones before the unit tests, which then fill the gaps.
test: check ## set-up, every check, every test
	@echo "pytest"
	@$(BIN)/pytest --numprocesses auto --dist loadscope --no-loadscope-reorder --durations 15

bench: setup-dev ## measure a first night and a second, into benchmarks/results
	@$(BIN)/python -m benchmarks.nightly

e2e: setup-dev ## only the end-to-end tests
	@$(BIN)/pytest tests/e2e

mutants: setup-dev ## break every mart on purpose, and list which guard notices
	@$(BIN)/python -m tests.mutation

audit: setup-dev ## ask which locked packages have known vulnerabilities (needs a service that knows)
	@for lock in requirements requirements-dev requirements-superset; do \
	  $(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement $$lock.lock || exit 1; done

check: lint types imports yaml sql parse ## everything but pytest

lint: setup-dev ## format and lint, Python
	@echo "ruff" && $(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .

types: setup-dev ## type checks
	@echo "mypy" && $(BIN)/mypy

imports: setup-dev ## who may import whom
	@echo "import-linter" && $(BIN)/lint-imports --no-cache

yaml: setup-dev ## lint, YAML
	@echo "yamllint" && $(BIN)/yamllint --strict dbt_project

sql: setup-dev ## lint, SQL
	@echo "sqlfluff" && $(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

parse: setup-dev ## whether dbt can read its project
	@echo "dbt parse" && $(DBT) --quiet parse --no-partial-parse --show-all-deprecations $(DBT_FLAGS) --target-path $(CURDIR)/build/dbt --log-path $(CURDIR)/build/dbt

fix: setup-dev ## format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests

# ── An analyst's loop, on what the last nightly run landed ────────────────────────────────────────────────────────────

build: setup ## every model and its tests
	@$(DBT) build $(DBT_FLAGS)

model: setup ## one model and its tests: make model m=revenue_monthly
	@test -n "$(m)" || { echo "which one? make model m=revenue_monthly" >&2; exit 2; }
	@$(DBT) build --select $(m) $(DBT_FLAGS)

changed: setup .state/manifest.json ## what changed since `make state`, and what depends on it
	@$(DBT) build --select state:modified+ $(DEFER) $(DBT_FLAGS)

state: setup ## remember the models of the last nightly run, for `make changed`
	@mkdir -p .state && cp $(DATA)/dbt/manifest.json .state/manifest.json

.state/manifest.json:
	@$(MAKE) --no-print-directory state

metrics-page: setup ## docs/metrics.md, out of the definitions beside the marts
	@$(DBT) --quiet parse $(DBT_FLAGS) --target-path $(CURDIR)/build/dbt --log-path $(CURDIR)/build/dbt
	@$(BIN)/python -m serving.metrics_page build/dbt/manifest.json dbt_project/seeds/kpi_targets.csv docs/metrics.md

docs: metrics-page ## the metrics page, and dbt's documentation as one page, with the lineage of every model
	@mkdir -p $(dir $(NETVEXA_WAREHOUSE_PATH))
	@$(DBT) --quiet docs generate --static $(DBT_FLAGS) --target-path $(CURDIR)/build/dbt --log-path $(CURDIR)/build/dbt
	@echo "build/dbt/static_index.html"

clean: ## remove what can be made again; data and environment stay
	@rm -rf build dist .state .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dbt_project/target dbt_project/logs
