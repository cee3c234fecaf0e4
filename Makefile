# ML on EKS as software. `make run` and `make test` are the two commands to know; `make help` lists the others.
SHELL := /bin/bash
PYTHON ?= python3
KEEP ?=
PORT_BASE ?=
ENVS := .local/envs
SYNC := $(PYTHON) tools/environments.py sync
WORKLOADS := platform_contract spark_preprocessing ray_training bento_serving
PACKAGES := $(addprefix workloads/,$(WORKLOADS)) tools/local_pipeline
RUFF := $(ENVS)/checks/bin/ruff

.DEFAULT_GOAL := help
.PHONY: help run stop test check lint format types lock bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## real flights through Spark, Ray, MLflow and BentoML, to served predictions (KEEP=1: leave the servers up)
	@$(SYNC) spark_preprocessing ray_training bento_serving local_pipeline
	@$(ENVS)/local_pipeline/bin/local-pipeline run $(if $(KEEP),--keep) $(if $(PORT_BASE),--port-base $(PORT_BASE))

stop: ## stop the servers that 'make run KEEP=1' has left up
	@$(ENVS)/local_pipeline/bin/local-pipeline stop

test: check ## every test that needs one machine, after the checks
	@$(SYNC) --tests
	@$(PYTHON) tools/run_tests.py

check: lint types ## lint and types

lint: ## formatting and lint
	@$(SYNC) checks
	@$(RUFF) format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(RUFF) check --quiet .

format: ## format the code and mend what can be mended
	@$(SYNC) checks
	@$(RUFF) check --fix --quiet . ; $(RUFF) format .

types: ## strict types, each package in its own environment
	@$(SYNC) --tests
	@$(PYTHON) tools/check_types.py

lock: ## write the lock files anew (after a change of dependencies)
	@$(PYTHON) tools/environments.py lock

bench: ## measure Ray, serving and the hand-off against plain processes (half an hour)
	@$(SYNC)
	@$(PYTHON) bench/run.py

clean: ## remove what runs have made (environments stay; `rm -rf .local` removes those too)
	@test ! -x $(ENVS)/local_pipeline/bin/local-pipeline || $(ENVS)/local_pipeline/bin/local-pipeline stop
	@rm -rf .local/data .local/run .local/bench
