# ML on EKS as software. `make run` and `make test` are the two commands to know; `make help` lists the others.
SHELL := /bin/bash
PYTHON ?= python3
KEEP ?=
PORT_BASE ?=
RAW ?=
ENV ?=
LAKE ?=
CONTEXT ?=
JUDGE_PROVIDER ?=
REPLACEMENTS ?=
REGISTRY ?=
FOLDER ?=
STAND_INS ?=
ONLY ?=
ENVS := .local/envs
SYNC := $(PYTHON) tools/environments.py sync
WORKLOADS := platform_contract spark_preprocessing ray_training bento_serving mlflow_tracking
PACKAGES := $(addprefix workloads/,$(WORKLOADS)) tools/local_pipeline
RUFF := $(ENVS)/checks/bin/ruff
# Stands in for what a stack's file leaves to its owner, or to the machine.
EXAMPLE_OWNER := $(addprefix --example mlplatform:owner.,accountId=123456789012 domain=ml.example.org alertEmail=a@example.org)
NO_DIGEST := sha256:0000000000000000000000000000000000000000000000000000000000000000
EXAMPLE_CLUSTER := $(addprefix --example mlplatform:inCluster.,folder=/srv/mlplatform registry=localhost:5000/mlplatform \
	passwordSeed=example-seed-of-a-plan standIns.postgresql=localhost:5000/mlplatform/postgresql@$(NO_DIGEST) \
	standIns.objectStore=localhost:5000/mlplatform/object-store@$(NO_DIGEST))
ELSEWHERE = $(if $(CONTEXT),--context $(CONTEXT)) $(if $(REGISTRY),--registry $(REGISTRY)) $(if $(FOLDER),--folder $(FOLDER))
OFFLINE := PYTHONPATH=tools/offline_providers/src $(ENVS)/infra/bin/python -m offline_providers

.DEFAULT_GOAL := help
.PHONY: help run stop test test-cluster check environments plan rights judge cost doctor golden picture screenshots toolchain images cluster cluster-stop up pipeline down lint format types lock bench mutations clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## real flights through Spark, Ray, MLflow and BentoML, to served predictions (KEEP=1: leave the servers up; LAKE=s3)
	@$(SYNC) spark_preprocessing ray_training bento_serving local_pipeline
	@$(if $(filter s3,$(LAKE)),$(PYTHON) tools/toolchain/toolchain.py ensure versitygw)
	@$(if $(filter s3,$(LAKE)),$(PYTHON) tools/images/images.py jars spark_preprocessing)
	@$(ENVS)/local_pipeline/bin/local-pipeline run $(if $(LAKE),--lake $(LAKE)) $(if $(KEEP),--keep) $(if $(PORT_BASE),--port-base $(PORT_BASE)) $(if $(RAW),--raw-files $(RAW))

stop: ## stop the servers that 'make run KEEP=1' has left up
	@$(ENVS)/local_pipeline/bin/local-pipeline stop

test: lint types ## every test that needs one machine, after lint and types
	@$(SYNC) --tests
	@$(PYTHON) tools/run_tests.py

test-cluster: ## the tests that start a Kubernetes on this machine (needs root, Go, containerd, runc and CNI plugins)
	@test -f .local/run/summary.json || $(MAKE) --no-print-directory run
	@$(SYNC) --tests infra
	@$(MAKE) --no-print-directory --jobs 2 toolchain images STAND_INS=1
	@$(PYTHON) tools/run_tests.py --cluster

check: lint ## lint, types, and the program of every environment against its rules and facts; no credentials
	@$(SYNC) --tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types environments

environments: # the program of every environment; part of `check`
	@$(SYNC) --tests infra
	@$(PYTHON) tools/run_tests.py infra

plan: ## what 'pulumi up' would do, and whether policies allow it: the real engine, offline (ENV=dev|staging|prod|local)
	@$(SYNC) --tests infra
	@$(PYTHON) tools/toolchain/toolchain.py ensure pulumi
	@$(OFFLINE) plan --stack $(or $(ENV),dev) --policy-pack infra/policy $(if $(filter local,$(ENV)),$(EXAMPLE_CLUSTER),$(EXAMPLE_OWNER))

rights: ## who may do what on AWS, and what its policies say to it (ENV=dev|staging|prod)
	@$(SYNC) --tests infra
	@PYTHONPATH=tests/support/infra $(ENVS)/infra/bin/python -W ignore -m rights $(or $(ENV),dev)

judge: ## what HashiCorp's provider for AWS refuses of the program (ENV=dev|staging|prod, JUDGE_PROVIDER=its program, REPLACEMENTS=1)
	@$(SYNC) --tests infra
	@PYTHONPATH=tests/support/infra:tools/offline_providers/src $(ENVS)/infra/bin/python -W ignore -m judge $(or $(ENV),dev) \
		$(if $(JUDGE_PROVIDER),--provider "$(JUDGE_PROVIDER)") $(if $(REPLACEMENTS),--replacements)

cost: ## what each environment costs in a month, at least and at most
	@$(SYNC) --tests infra
	@cd infra && ../$(ENVS)/infra/bin/python -m mlplatform_cost

doctor: ## what this machine lacks, as sentences; with ENV=dev also the account
	@$(PYTHON) tools/doctor $(if $(ENV),--env $(ENV))

golden: ## accept the resources that the environments have now (then read the difference)
	@$(SYNC) --tests infra
	@$(ENVS)/infra/bin/python tests/support/infra/golden.py

picture: ## draw the platform from the resources that it registers: docs/pictures/platform.svg
	@$(SYNC) --tests infra
	@PYTHONPATH=tests/support/infra $(ENVS)/infra/bin/python -W ignore -m picture

screenshots: ## of Swagger UI and MLflow, for the documents, after `make run KEEP=1` (needs Chromium)
	@$(PYTHON) tools/screenshots.py

toolchain: ## build the pinned Pulumi and Kubernetes programs that this machine lacks
	@$(PYTHON) tools/toolchain/toolchain.py ensure --all

images: ## build the workloads' images, those that changed (needs buildah, podman or docker)
	@$(PYTHON) tools/images/images.py build $(if $(STAND_INS),--stand-ins)

cluster: ## a real Kubernetes on this machine, a node per service type (root; `make toolchain` first)
	@$(SYNC) infra
	@$(PYTHON) tools/localcluster start

cluster-stop: ## stop that Kubernetes; the registry's images and the volumes stay
	@$(PYTHON) tools/localcluster stop

up: ## the whole platform on a Kubernetes of this machine (root), or on CONTEXT=… REGISTRY=… FOLDER=…
	@$(SYNC) infra
	@$(PYTHON) tools/toolchain/toolchain.py ensure --all
	@$(PYTHON) tools/localplatform up $(ELSEWHERE)

pipeline: ## the main job in the platform's pods, after 'make up'
	@$(SYNC) infra bento_serving local_pipeline
	@$(PYTHON) tools/localplatform pipeline $(ELSEWHERE) $(if $(RAW),--raw-files $(RAW))

down: ## remove what 'make up' has made, its data and its cluster too
	@$(PYTHON) tools/localplatform down $(ELSEWHERE)

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

bench: ## measure Ray, serving, the hand-off and plans, each against the plainest form of it (half an hour)
	@$(SYNC)
	@$(SYNC) bench_serving
	@$(PYTHON) tools/toolchain/toolchain.py ensure pulumi
	@$(PYTHON) bench/run.py

mutations: ## plant over 200 mistakes in copies of the program, one at a time, and name those that no test notices (an hour; ONLY=…)
	@$(SYNC) --tests infra
	@$(ENVS)/infra/bin/python -m bench.mutations $(if $(ONLY),--only "$(ONLY)")

clean: ## remove what runs have made (environments stay; `rm -rf .local` removes those too)
	@test ! -x $(ENVS)/local_pipeline/bin/local-pipeline || $(ENVS)/local_pipeline/bin/local-pipeline stop
	@rm -rf .local/data .local/run .local/bench
