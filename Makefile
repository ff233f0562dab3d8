# Every command does its own set-up: Python 3.11 or newer is all that must be there. ARGS=… is handed on.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types contracts check bench screenshots wheel clean

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv at the locked versions, with uv if it is there, else with venv and pip
	@sh scripts/setup.sh

demo: setup ## A network of 54 stations in 17 cities, alive in the browser
	@.venv/bin/forecourt demo $(ARGS)

test: setup ## Every test; what one needs beyond Python is found, started or named
	@.venv/bin/pytest $(ARGS)

lint: setup ## Style and formatting (ruff)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: setup ## Types (mypy --strict)
	@.venv/bin/mypy

contracts: setup ## What may import what (import-linter)
	@.venv/bin/lint-imports --no-logo

check: lint types contracts test ## Lint, types, contracts and tests

bench: setup ## The hot path's cost, against the floor and the field
	@.venv/bin/python -m bench $(ARGS)

screenshots: setup ## The pictures in docs/, from a running demo
	@.venv/bin/python -m scripts.screenshots $(ARGS)

wheel: setup ## The package, in dist/
	@if uv --version >/dev/null 2>&1; then uv build --wheel; \
	else .venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist . && ls dist/*.whl; fi

clean: ## Remove all that these commands made
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		src/forecourt/console/static/vendor
