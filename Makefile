# Everything a developer or a new user types. `make demo` and `make test` bring all they need.
PYTHON ?= python3.11
BIN := .venv/bin
export PYTHONUNBUFFERED = 1
unexport PYTHONDONTWRITEBYTECODE  # where it is set, each of hundreds of processes compiles everything anew

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo run test unit flows check lint format types words contracts migrations lengths bench docs lock clean

help:            ## What can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup:           ## The environment and the front-end files for running Klientel
	@$(PYTHON) scripts/setup.py

setup-dev:       ## The same with what tests and checks need (Chromium and Dovecot too)
	@$(PYTHON) scripts/setup.py --dev

demo: setup      ## Start with a demo tenant full of data; prints the address and the logins
	@$(BIN)/klientel demo

run: setup       ## Start without demo data
	@$(BIN)/klientel up

test: setup-dev  ## Every test: units and promises on all cores, then the browser flows
	@$(BIN)/python scripts/test.py

unit: setup-dev  ## The tests without a browser
	@$(BIN)/python scripts/test.py --without-flows

flows: setup-dev ## The browser tests alone
	@$(BIN)/python scripts/test.py --only-flows

check: setup-dev lint lengths contracts types migrations words  ## What CI checks besides the tests

lint:            ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format:          ## Put the style right
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

types:           ## mypy, strict in kernel and lib
	$(BIN)/mypy

contracts:       ## Which storey may import which
	$(BIN)/lint-imports

migrations:      ## No model without its migration
	KLIENTEL_DATABASE_POOL=0 $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

words:           ## German is complete
	$(BIN)/python scripts/words.py --check

lengths:         ## 400 lines a file, 40 a function
	$(BIN)/python scripts/lengths.py

bench: setup-dev ## The figures of the closing note, as ratios within one run
	@$(BIN)/klientel bench

docs: setup-dev  ## The generated reference
	@$(BIN)/python scripts/reference.py

lock:            ## New lock files from pyproject.toml (UPGRADE=--upgrade for newer versions)
	$(BIN)/uv pip compile pyproject.toml $(UPGRADE) --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(UPGRADE) --quiet --extra dev --constraint requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --output-file requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml $(UPGRADE) --quiet --extra peers --constraint requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --output-file requirements-peers.lock

clean:           ## Remove what was made, not what was entered (var stays)
	rm -rf .venv node_modules klientel/kernel/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
