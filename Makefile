# `make` lists the targets. `make test` is what CI runs, and all it runs.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= python3
BIN := .venv/bin
TOOLS := .tools/bin
SOURCES := $(wildcard functions extension tools dev benchmarks tests)
TESTS := $(wildcard $(addprefix tests/,unit contract integration runtime repository))

# pinned here: each runs in an environment of its own, fetched when first used
PIP_AUDIT := pip-audit==2.10.1
SAM := aws-sam-cli==1.170.0
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## Fetch the pinned tools into .tools/ and the Python environment into .venv/
	@$(PYTHON) -m tools.bootstrap

##@ Checks

.PHONY: test
test: lint layers template rego types tests  ## Everything CI runs: all checks, then all tests

.PHONY: fmt
fmt: setup  ## Format Python and Rego
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .
	$(TOOLS)/opa fmt --write policies

.PHONY: lint
lint: setup  ## Check format and style of Python, and that the Lambda requirements are current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -s requirements-of-lambda | diff functions/requirements.txt - \
	  || { echo "functions/requirements.txt is not current: run make requirements"; exit 1; }

.PHONY: types
types: setup  ## Check types
	$(BIN)/mypy $(SOURCES)

.PHONY: layers
layers: setup  ## Check that imports point one way
	$(BIN)/lint-imports

.PHONY: rego
rego: setup  ## Check the policies: format, schema, tests, coverage, lint
	$(TOOLS)/opa fmt --list --fail policies
	cd policies && ../$(TOOLS)/opa check --strict --schema schemas -b .
	cd policies && ../$(TOOLS)/opa test --timeout 60s --fail-on-empty -b .
	cd policies && ../$(TOOLS)/opa test --timeout 60s --coverage --format json -b . | (cd .. && $(BIN)/python -m tools.rego_coverage policies)
	$(TOOLS)/regal lint policies

.PHONY: template
template: setup  ## Check template.yaml
	$(BIN)/cfn-lint

##@ Tests

.PHONY: tests
tests: setup  ## All Python tests
	$(BIN)/pytest $(TESTS)

.PHONY: thorough
thorough: setup  ## The properties over all their inputs, every operation gone wrong, 200 audits, 1,000 starts of OPA, 10,000 findings
	$(BIN)/pytest $(TESTS) -m thorough

.PHONY: unit contract integration runtime repository
unit: setup  ## Tests of one module each, no network
	$(BIN)/pytest tests/unit
contract: setup  ## Stored snapshots through facts and the real OPA to decisions
	$(BIN)/pytest tests/contract
integration: setup  ## Tests against DynamoDB Local
	$(BIN)/pytest tests/integration
runtime: setup  ## Handlers as Lambda runs them
	$(BIN)/pytest tests/runtime
repository: setup  ## What is written twice in the repository agrees
	$(BIN)/pytest tests/repository

##@ Writing

.PHONY: docs
docs: setup  ## Write docs/rules.md and policies/reads.json from the rules' metadata, docs/messages.md from their answers, docs/output.md from schemas, docs/openapi.json from the API's routes
	$(BIN)/python -m tools.rule_docs
	$(BIN)/python -m tools.output_docs
	$(BIN)/python -m tools.message_docs
	$(BIN)/python -m tools.api_docs

.PHONY: rule
rule: setup  ## Begin a rule: make rule FAMILY=az FAULT=name_of_the_fault; OWN=DIR: one of your own
	@$(BIN)/python -m tools.new_rule "$${FAMILY:-}" "$${FAULT:-}" --own "$${OWN:-}"

##@ Running

.PHONY: run
run: setup  ## Run the main job on this machine: real OPA, real DynamoDB Local, a stand-in for AWS
	$(BIN)/python -m dev.run_example

.PHONY: bench
bench: setup  ## Measure
	$(BIN)/python -m benchmarks.run

##@ Building

.PHONY: build
build: setup  ## Build the wheel with the command line and the policies
	$(TOOLS)/uv build --quiet --wheel --out-dir dist

.PHONY: requirements requirements-of-lambda
requirements: setup  ## Write what the Lambda package installs, from uv.lock
	@$(MAKE) --no-print-directory -s requirements-of-lambda > functions/requirements.txt
requirements-of-lambda:
	@$(TOOLS)/uv export --quiet --locked --only-group lambda --no-header --no-annotate

.PHONY: validator
validator: setup  ## Write policies/schemas/config.json into template.yaml, where AppConfig checks by it
	$(BIN)/python -m tools.appconfig_schema

.PHONY: sam-build
sam-build: setup  ## Build what sam deploys; POLICIES=DIR builds rules of your own in (docs/own-rules.md)
	@# sam runs make again, which would take POLICIES from MAKEFLAGS, as it was written, and not from here
	MAKEFLAGS= POLICIES="$(abspath $(POLICIES))" $(TOOLS)/uv tool run --from $(SAM) sam build

.PHONY: audit-deps
audit-deps: setup  ## Look for known vulnerabilities in what uv.lock names
	$(TOOLS)/uv export --quiet --locked --no-emit-project \
	  | $(TOOLS)/uv tool run $(PIP_AUDIT) --strict --disable-pip --require-hashes --requirement /dev/stdin

.PHONY: clean
clean:  ## Remove results and caches, not the tools
	rm -rf dist build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -type d -name __pycache__ -prune -exec rm -rf {} +
