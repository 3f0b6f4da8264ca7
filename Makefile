# Every target sets up what it needs; only Python >= 3.11, make and git are assumed.
SHELL := /bin/bash
# The system's own, where it can make environments: it is built as the clouds' are, profiled and optimized. One that was
# compiled here, as pyenv does, takes up to twice as long for the same.
ifndef PYTHON
SYSTEM := /usr/bin/python3
PYTHON := $(shell $(SYSTEM) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(SYSTEM) || echo python3)
endif
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A lock names everything: --no-deps, so that a release made since cannot make pip look for more than that.
LOCKED := --require-hashes --no-deps --no-build-isolation
TESTED := apprise aws azure demo gcp html
FEATURES := core/nephoscope/adapters/feast core/nephoscope/adapters/online core/nephoscope/adapters/spark tests/core/features tests/core/jobs/test_features.py tests/ports/test_online_stores.py tests/ports/test_feature_serving.py tests/ports/test_spark_tables.py tests/ports/test_through_feast.py tests/journeys/test_features.py tests/deploy/test_google_features_rights.py
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help setup emulators test test-slow lint format bench bench-cost bench-drift bench-hub bench-monitoring bench-coldstart bench-warm stage stage-lock lock demo deploy-setup deploy-tools deploy-test deploy-test-slow deploy-check policy test-features bench-features clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: $(VENV)/.runtime ## Make .venv with nephoscope, the demo and what draws pages in it

demo: setup ## A year of real flights becomes alerts, on this machine, without an account
	$(BIN)/nephoscope demo

emulators: ## Bring the real parts that tests run against; what cannot be had here is named
	PYTHON=$(PYTHON) tests/bring_emulators.sh

test: $(VENV)/.development emulators ## Run the tests (minutes)
	$(BIN)/python -m pytest -n 2 -m "not slow" $(addprefix --ignore ,tests/deploy $(FEATURES))

test-features: .venv-features/.made ## Run the tests of the feature store, with Feast as the oracle (minutes)
	.venv-features/bin/python -m pytest -n 2 -m "not slow" $(FEATURES)

bench-features: .venv-features/.made ## Measure features sync against Feast's own materialize (tens of minutes)
	.venv-features/bin/python tests/bench/features.py

test-slow: $(VENV)/.development .venv-features/.made ## Run the slow tests (tens of minutes)
	$(BIN)/python -m pytest -m slow
	.venv-features/bin/python -m pytest -m slow $(FEATURES)

lint: $(VENV)/.development ## Check style, types, layers and locks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.development ## Format the code
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

bench-cost: $(VENV)/.development ## Measure the roll-up of bills against pandas and the engine's bare read (minutes)
	$(BIN)/python tests/bench/cost.py

bench-drift: $(VENV)/.development ## Measure drift against Evidently, NannyML, whylogs, SciPy and the bare decode (half an hour)
	$(BIN)/python tests/bench/drift.py

bench-hub: $(VENV)/.development ## Measure bursts, storms, throttling and sweeps of the hub (minutes)
	$(BIN)/python tests/bench/hub.py

bench-monitoring: $(VENV)/.development ## Measure a thousand models in three clouds, on the loopback (half a minute)
	$(BIN)/python tests/bench/monitoring.py

bench-coldstart: $(VENV)/.development .venv-tutorial/.made ## Measure cold starts against the tutorial's imports (ten minutes)
	$(BIN)/python tests/bench/coldstart.py --tutorial .venv-tutorial/bin/python

bench-warm: $(VENV)/.development ## Measure warm functions in the three clouds' own runtimes, on the loopback (minutes)
	$(BIN)/python -m pytest -q -s -m slow tests/journeys/test_warm.py

stage: $(VENV)/.development ## Make what is deployed in build/: make stage CONFIG=nephoscope.yaml [PYTHON=3.13]
	$(BIN)/python deploy/stage.py --config $(or $(CONFIG),nephoscope.yaml) $(if $(filter 3.%,$(PYTHON)),--python $(PYTHON))

stage-lock: $(VENV)/.development ## Make the locks of the artefacts anew from deploy/artefacts.py
	$(BIN)/python deploy/stage.py --lock

lock: $(VENV)/.development ## Make the locks anew from pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --group build --output-file requirements-build.txt
	$(BIN)/uv pip compile $(LOCK) --extra demo --extra html --output-file requirements.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) $(TESTED:%=--extra %) --group dev --output-file requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --extra features --group features --output-file requirements-features.txt pyproject.toml

deploy-setup: $(VENV)/.development ## Make .venv with what deploying takes: staging, and the doctor's way into each cloud (minutes)

deploy-tools: .venv-deploy/.made ## Make .venv-deploy: Terraform, and what its providers are stood in by

policy: .venv-policy/.made ## Scan the infrastructure for what a policy forbids
	.venv-policy/bin/checkov --directory deploy --config-file deploy/checkov.yaml

deploy-check: $(VENV)/.development ## Print what running a configuration costs a month: make deploy-check CONFIG=nephoscope.yaml
	$(BIN)/python deploy/price.py $(CONFIG)

deploy-test: $(VENV)/.development .venv-deploy/.made .venv-policy/.made ## Check and test the infrastructure, without an account (minutes)
	$(BIN)/python -m pytest -m "not slow" tests/deploy

deploy-test-slow: $(VENV)/.development .venv-deploy/.made ## Combine the clouds, and drive what is deployed on stand-ins (tens of minutes)
	$(BIN)/python -m pytest -m slow tests/deploy

clean: ## Remove what the targets made
	rm -rf $(VENV) .venv-deploy .venv-policy .venv-features .venv-tutorial build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis


$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "nephoscope needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.build: requirements-build.txt | $(VENV)/bin/python
	$(PIP) install --require-hashes --no-deps --requirement requirements-build.txt
	touch $@

$(VENV)/.runtime: requirements.txt pyproject.toml $(VENV)/.build
	$(PIP) install $(LOCKED) --requirement requirements.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/.development: requirements-dev.txt pyproject.toml $(VENV)/.build
	$(PIP) install $(LOCKED) --requirement requirements-dev.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	touch $@ $(VENV)/.runtime

.venv-policy/.made: deploy/requirements-policy.txt
	$(PYTHON) -m venv .venv-policy
	.venv-policy/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement $<
	touch $@

.venv-deploy/.made: deploy/requirements.txt
	$(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement $<
	touch $@

.venv-features/.made: requirements-features.txt requirements-build.txt pyproject.toml
	$(PYTHON) -m venv .venv-features
	.venv-features/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement requirements-build.txt
	.venv-features/bin/python -m pip --disable-pip-version-check --quiet install $(LOCKED) --requirement requirements-features.txt
	.venv-features/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps --editable .
	touch $@

.venv-tutorial/.made: | $(VENV)/.development
	$(BIN)/python -m venv .venv-tutorial
	.venv-tutorial/bin/python -m pip install --quiet --disable-pip-version-check boto3 azure-monitor-query google-cloud-monitoring feast numpy
	touch $@
