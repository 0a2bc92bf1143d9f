# Two commands: `make journeys` runs the ten journeys, `make test` runs them and all checks of this project.
# Everything that is needed is installed on the way; a second run starts at once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

RESULTS ?= results
# Empty: fast, or patient where the machine is found to be slow.
PROFILE ?=
PLATFORM ?= reference
OPTIONS ?=
N ?= 20
ONLY ?= *
# Of a platform that is looked at for the first time.
URL ?=
TIMES ?= 1
WHAT ?= judges
SEED ?= 1
# fuzz takes 10; without any, defects has the time for all.
MINUTES ?=

PYTHON := .venv/bin/python
# Compiled modules make every later start faster; some environments switch them off.
unexport PYTHONDONTWRITEBYTECODE
# As in the activated environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# NETNS=1: in a network namespace of the run's own, where links can be broken without privileges.
NAMESPACE := $(if $(NETNS),tools/own-network)
ROBOT := $(NAMESPACE) $(PYTHON) -m robot
# STRICT=1: what can't be had here fails the tests that need it; otherwise they are skipped with the reason.
RUN = $(ROBOT) $(if $(PROFILE),--variable PROFILE:$(PROFILE)) --variable PLATFORM:$(PLATFORM) $(if $(STRICT),--variable STRICT:True)
STEP := tools/step $(RESULTS)

.PHONY: help
help: ## this list
	@echo "make journeys [PROFILE=fast|patient|plan|soak] [PLATFORM=reference|compose|external|path/of/an/adapter] [OPTIONS='--test …'] [NETNS=1] [STRICT=1]"
	@echo "make draft PLATFORM=name URL=https://chat.example.org"
	@echo "make test"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: journeys
journeys: setup ## the ten journeys; results/log.html tells what happened
	@tools/journeys $(RESULTS) journeys $(RESULTS) $(RUN) --outputdir $(RESULTS) $(OPTIONS) suites/

.PHONY: critical
critical: setup ## the critical test of each journey
	@tools/journeys $(RESULTS) critical $(RESULTS) $(RUN) --outputdir $(RESULTS) --include critical $(OPTIONS) suites/

.PHONY: contract
contract: setup ## where the adapter of PLATFORM stands: what runs, what means nothing yet, which laws are blind; OPTIONS=--static
	@$(NAMESPACE) $(PYTHON) -m realstack contract $(PLATFORM) $(if $(PROFILE),--variable PROFILE:$(PROFILE)) --results $(RESULTS)/contract $(OPTIONS)

.PHONY: draft
draft: setup ## a first adapter for a platform, by looking at it: PLATFORM=name URL=https://…; OPTIONS='--store name=postgresql://… --visible'
	@$(PYTHON) -m realstack draft $(PLATFORM) '$(URL)' --results $(RESULTS)/draft $(OPTIONS)

.PHONY: trace
trace: setup ## two journeys at Robot's most talkative level: no credential may be in what they leave
	@tools/journeys $(RESULTS) trace $(RESULTS)/trace $(RUN) --outputdir $(RESULTS)/trace --loglevel TRACE --console dotted \
		--include critical --suite '01 Login' --suite '02 Tabs' suites/

.PHONY: test
test: setup ## all checks, then the ten journeys
	@STRICT=1 tools/all-steps $(RESULTS) lint-python lint-format lint-robot lint-page types package unit keywords trace journeys

.PHONY: lint lint-python lint-format lint-robot lint-page
lint: lint-python lint-format lint-robot lint-page ## style of Python, Robot and JavaScript files
lint-python: setup
	@$(STEP) lint-python $(PYTHON) -m ruff check .
lint-format: setup
	@$(STEP) lint-format $(PYTHON) -m ruff format --check .
lint-robot: setup
	@$(STEP) lint-robot $(PYTHON) -m robocop check suites resources tests/keywords

lint-page: setup
	@$(STEP) lint-page tools/lint-page

.PHONY: types
types: setup ## types of Python files
	@$(STEP) types $(PYTHON) -m mypy

.PHONY: unit
unit: setup ## the libraries' engines (pytest)
	@$(STEP) unit $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --junitxml=$(RESULTS)/unit.xml

.PHONY: package
package: setup ## the package in a fresh environment elsewhere: wheel, source distribution, each library alone (pytest)
	@$(STEP) package $(PYTHON) -m pytest --junitxml=$(RESULTS)/package.xml tests/package

.PHONY: keywords
keywords: setup ## the libraries' keywords (Robot)
	@$(STEP) keywords $(ROBOT) --outputdir $(RESULTS)/keywords --console dotted $(OPTIONS) tests/keywords/

.PHONY: fuzz
fuzz: setup ## what comes from outside, generated and mutated, for MINUTES=10: no bare error may come of it
	@tools/fuzz $(or $(MINUTES),10)

.PHONY: defects
defects: setup ## every planted bug must be caught by its law; ONLY=name for some of them, SINCE=main for those that a change concerns, TIMES=20 to try each so often; MINUTES=40 for as many as there is time for
	@$(STEP) defects env PYTHONPATH=tests $(PYTHON) -m defects --only '$(ONLY)' --times '$(TIMES)' $(if $(SINCE),--since '$(SINCE)') $(if $(MINUTES),--minutes $(MINUTES)) --results $(RESULTS)/defects

.PHONY: mutants
mutants: setup ## N random changes of the judges (WHAT=platform: of the platform) by SEED: do tests (journeys) notice?
	@env PYTHONPATH=tests $(PYTHON) -m mutants $(WHAT) --seed $(SEED) --number $(N) --results $(RESULTS)/mutants $(OPTIONS)

.PHONY: repeat
repeat: setup ## the journeys N=20 times in shuffled order, half of them with a busy core; OPTIONS='--include critical --busy all'
	@$(STEP) repeat env PYTHONPATH=tests $(PYTHON) -m repeat $(N) --results $(RESULTS)/repeat $(OPTIONS)

.PHONY: kill
kill: setup ## Robot is killed N=20 times in the middle of a journey: nothing may be left after 5 s; OPTIONS='--within 15'
	@$(STEP) kill env PYTHONPATH=tests $(PYTHON) -m kill $(N) --results $(RESULTS)/kill $(OPTIONS)

.PHONY: cluster
cluster: setup ## loads in a Dask cluster of machines with networks and clocks of their own (pytest, in network namespaces)
	@$(STEP) cluster tools/own-network $(PYTHON) -m pytest --junitxml=$(RESULTS)/cluster.xml tests/cluster

.PHONY: bench
bench: setup ## how fast it is, side by side with its plain counterparts; ONLY=row for some; results/bench.html
	@env PYTHONPATH=tests:docker/embedded $(PYTHON) -m bench --only '$(ONLY)' --results $(RESULTS)

.PHONY: docs
docs: setup ## pages of all keywords: results/docs/index.html
	@env PYTHONPATH=tests $(PYTHON) tools/docs.py $(RESULTS)/docs

.PHONY: up
up: setup ## the platform in the foreground, to look at it; ends with Ctrl-C
	@$(PYTHON) -m realstack.platform up $(PLATFORM) resources/profiles/$(or $(PROFILE),fast).yaml

.PHONY: setup
setup: ## system packages and .venv, as far as they are missing
	@tools/setup

.PHONY: lock
lock: setup ## requirements.lock anew, after a change of a requirement file; OPTIONS=--upgrade for others' newer versions
	@tools/lock $(OPTIONS)

.PHONY: clean
clean: ## results and caches; .venv stays
	rm -rf $(RESULTS) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .robocop_cache
	find suites libraries docker tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
