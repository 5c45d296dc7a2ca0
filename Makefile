# make run    install, index corpus/, serve the search page
# make test   install, run the tests
# make faults every fault that we know how to cause, for an hour; needs strace, Maven and a JDK, and
#             root for some
# make bench  this service beside other engines, for an hour; needs python3-xapian and wrk
# make cluster three real nodes of OpenSearch until Ctrl-C; needs Maven and a JDK
#
# Each sets up everything it needs in $(VENV), from nothing.

VENV ?= .venv

# The first Python that we run on; a name on the PATH may be a shim of a version that is not there.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test faults bench cluster lint lock clean

run: $(VENV)/run.installed
	$(BIN)/searchsvc index || [ $$? -eq 3 ]
	$(BIN)/searchsvc serve

test: $(VENV)/test.installed
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not browser and not reuters and not ner and not cluster and not faults" $(TESTS)

SEED ?= 1

faults: $(VENV)/test.installed
	$(BIN)/python -m pytest -q -s --thorough --seed $(SEED) --timeout 5400 tests/faults tests/test_histories.py
	$(BIN)/python -m pytest -q -s --thorough --seed $(SEED) --timeout 5400 tests/cluster

bench: $(VENV)/test.installed
	$(PIP) install --constraint requirements-dev.lock --editable '.[bench]'
	$(BIN)/python bench/engines.py --times 1 2 4 8 --plot bench/engines.png
	$(BIN)/python bench/serving.py --engine tantivy
	$(BIN)/python bench/serving.py --engine whoosh

cluster: $(VENV)/test.installed
	$(BIN)/python tests/cluster/nodes.py --nodes 3

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/run.installed: pyproject.toml requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "searchsvc needs Python 3.11, 3.12 or 3.13; install one, or say make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint requirements-dev.lock --editable .
	@touch $@

$(VENV)/test.installed: $(VENV)/run.installed
	$(PIP) install --constraint requirements-dev.lock --editable '.[dev]'
	@touch $@

# The versions that development and CI use; the package itself takes any within its bounds.
lock: $(VENV)/test.installed
	$(PIP) install pip-tools
	$(BIN)/pip-compile --quiet --upgrade --no-header --no-annotate --strip-extras --extra dev \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
