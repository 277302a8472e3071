.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help: ## say what every target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.venv/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: .venv/.installed ## make .venv with the locked packages and the zharmenke command

.PHONY: lock
lock: ## renew requirements.lock, and the images' share of it, from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --constraint requirements.lock pyproject.toml -o requirements-runtime.lock

.PHONY: lint
lint: install ## ruff, mypy --strict and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: contract
contract: install ## regenerate schemas/ (AsyncAPI, JSON Schemas, samples, pages) from the models
	$(BIN)/python -m schemas.contract write

docs/node/node_modules/.package-lock.json: docs/node/package.json docs/node/package-lock.json
	npm ci --prefix docs/node --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: docs
docs: docs/node/node_modules/.package-lock.json ## make the HTML catalogue of topics and events: .local/docs/index.html
	node docs/node/catalogue.mjs schemas/asyncapi.yaml .local/docs

.PHONY: test
test: install ## all tests, on parts of their own (environment, containers, or local processes)
	$(BIN)/python -m pytest

.PHONY: demo
demo: install ## play the fair of 2020 on a fresh local stack, check it, write .local/demo/report.json
	$(BIN)/zharmenke demo

.PHONY: up
up: install ## start the local stack, or what is missing of it, and leave it running
	$(BIN)/zharmenke stack up

.PHONY: down
down: install ## stop the local stack; its data stay
	$(BIN)/zharmenke stack down

.PHONY: bench
bench: install ## compare the line with hand-written loops: three ratios (a few minutes)
	$(BIN)/python -m bench.line

KILLS ?= 40

.PHONY: faults
faults: install ## hurt a stack that plays a small fair in every way we know: KILLS=N ROWS=a,b SEED=s; SABOTAGE=name switches a mechanism off, to see it noticed
	$(BIN)/python -m tests.faults.suite --kills $(KILLS) --rows "$(ROWS)" --seed "$(or $(SEED),faults)" --sabotage "$(SABOTAGE)"
