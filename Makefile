# Everything runs from the project's own .venv, which `make setup` makes (scripts/setup).
python := .venv/bin/python
# Debian gives users without privileges no sbin; the lab and the tests need programs from there.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.DEFAULT_GOAL := help
SECONDS ?= 100000
RUNS ?= 5
ROWS ?=
.PHONY: help setup demo demo-openstack simulate test lint format bench compare docs interop heat lock clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 \t\2/p' Makefile | expand -t 20

setup: ## install what is needed: system packages where allowed, and .venv from requirements.lock
	@bash scripts/setup

demo: setup ## build the walkthrough's cloud on this machine and go through it
	@.venv/bin/vipkeeper demo

demo-openstack: setup ## from an empty cloud to a virtual IP by one command, and back to nothing
	@.venv/bin/vipkeeper demo --openstack

simulate: setup ## run the routers on a faulty link in virtual time (SECONDS=100000)
	@.venv/bin/vipkeeper simulate --seconds $(SECONDS)

test: setup ## run the tests (with the real kernel; no root needed)
	@$(python) -m pytest --numprocesses 4 --dist loadfile

lint: setup ## ruff, mypy --strict, and the floors of docs/design.md
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy
	@.venv/bin/lint-imports

format: setup ## put the code into ruff's form
	@$(python) -m ruff format
	@$(python) -m ruff check --fix

bench: setup ## CPU time of an advert, beside keepalived; how soon a deleted address is back; how long the lab, its APIs and many virtual IPs take
	@$(python) -m benchmarks.adverts
	@$(python) -m benchmarks.restored
	@$(python) -m benchmarks.lab
	@$(python) -m benchmarks.apis
	@$(python) -m benchmarks.fleet

compare: setup ## what happens to the VIP, beside keepalived; writes docs/compare.md (as root; RUNS=5 ROWS=)
	@$(python) -m benchmarks.compare --write --runs $(RUNS) $(ROWS)

docs: setup ## write what is generated from the code into docs/
	@$(python) scripts/write-state-machine-page

interop: setup ## let vipkeeperd meet keepalived in every way, and write docs/interop.md from it
	@$(python) scripts/write-interop-page

heat: setup ## have Heat's own engine make and delete the rendered templates' stacks in a lab (installs Heat)
	@scripts/try-heat

# uv alone can write one lock for all platforms; nothing else needs it, so it is not in the lock.
lock: setup ## write requirements.lock anew from pyproject.toml, with the newest versions that fit
	@$(python) -m pip install --quiet --disable-pip-version-check uv
	@$(python) -m uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
	    --custom-compile-command "make lock" --quiet --output-file requirements.lock

clean: ## remove what was made here: .venv, caches, builds
	@rm -rf .venv .venv-heat .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
