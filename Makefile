# Everything here sets itself up: a fresh Debian or Ubuntu with Python 3.11 or newer, git and make is enough.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
UV := $(VENV)/bin/uv
# A stamp instead of a look at every package: the second `make install` costs nothing.
STAMP := $(VENV)/.installed

# uv must write into .venv and nowhere else, whatever environment the caller has activated.
export UV_PROJECT_ENVIRONMENT := $(VENV)
unexport VIRTUAL_ENV
# Trust whom this machine trusts, so that it works behind a company's proxy as pip does.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)

# Tests start hundreds of processes; without it each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test lint format bench scores faults fuzz audit parts dashboards chart images lock clean

help: ## Print these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv with every package in it; the command is .venv/bin/icestream

demo: $(STAMP) ## Run the whole stream in one process, on simulated or real granules
	$(VENV)/bin/icestream demo

test: $(STAMP) parts ## Run every test against a real RabbitMQ and a real PostgreSQL
	$(VENV)/bin/pytest $(ARGS)

lint: $(STAMP) ## Check style, types and who imports whom
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(STAMP) ## Format the code and mend what ruff can mend
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

faults: $(STAMP) parts ## Kill, stop, cut and fill everything at random under a live stream: ARGS="--faults 300 --seed N"
	$(VENV)/bin/python tests/faults $(ARGS)

fuzz: $(STAMP) ## Read mutated messages, settings and files in bulk: ARGS="--inputs 100000 --files 2000"
	$(VENV)/bin/python tests/fuzz $(ARGS)

audit: $(STAMP) ## Look up known advisories of every package that is locked; needs the network of advisories
	$(UV) tool run pip-audit --requirement constraints.txt --no-deps --disable-pip --strict $(ARGS)

bench: $(STAMP) parts ## Measure the stream beside its floors and print the figures
	$(VENV)/bin/python benchmarks/run.py $(if $(ICESTREAM_GRANULES),--granules $(ICESTREAM_GRANULES)) $(ARGS)

scores: $(STAMP) ## Hold the products against truths that are known and print the score card
	$(VENV)/bin/python tests/scores/card.py $(ARGS)

chart: $(STAMP) ## Write what the Helm chart says of products, settings and queues from the code
	@$(VENV)/bin/python helm/generate.py

images: $(STAMP) parts ## Build every image, print its size, and make a product in one
	$(VENV)/bin/pytest tests/docker -n 0 $(ARGS)

parts: $(STAMP) ## See that RabbitMQ, PostgreSQL and Prometheus are there for the tests; as root, install them
	@$(VENV)/bin/python tests/parts/install.py

dashboards: $(STAMP) ## Write the chart's dashboards from helm/dashboards
	$(VENV)/bin/python helm/dashboards/write.py

lock: $(STAMP) ## Resolve uv.lock anew and export constraints.txt
	$(UV) lock --upgrade
	$(UV) export --frozen --quiet --all-packages --all-groups --no-hashes --no-annotate --no-header \
	    --no-emit-workspace --output-file constraints.txt

clean: ## Remove the environment and everything that tools have cached
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache demo-output faults-output fuzz-output benchmarks/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "icestream needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; \
	    else \
	        echo "$(PYTHON) cannot make virtual environments. Install them: sudo apt-get install python3-venv" >&2; exit 1; \
	    fi
	@echo "Making $(VENV) and installing the packages of uv.lock into it; a cold cache takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): $(UV) uv.lock pyproject.toml $(wildcard shared/*/pyproject.toml services/*/pyproject.toml plugins/*/pyproject.toml)
	@$(UV) sync --quiet --frozen --all-packages --all-groups
	@touch $@
