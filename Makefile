# make run    sets up and measures this machine (ARGS="suite=smoke device=cpu" passes words on)
# make test   sets up and passes the tests, lint and types
# make coverage passes the tests once more, twice as slowly, and says which lines none runs
# make site   builds the pages of everything here into results/site/
# make docs   writes anew what is made of the data: specs/schema/, FIELDS.md, CONFLICTS.md, and in
#             results/ what was learnt, how far it is off, and what follows
# make gpu    does on a machine with an accelerator what CI cannot: its tests, a full run, the peers
# make dist   builds sdist and wheel into dist/ and tries the wheel where there is no clone
# make fuzz   fuzzes every parser with atheris (SECONDS=60 each, TARGET="record sheet" only these)
# Python 3.11 or later; choose one with PYTHON=python3.12. VENV_FLAGS=--system-site-packages
# uses a torch that the machine already has.
PYTHON ?= python3
VENV ?= .venv
VENV_FLAGS ?=
ARGS ?=
WORKERS ?= 2
SECONDS ?= 60
TARGET ?=
BIN := $(VENV)/bin
CONSTRAINTS ?= constraints.txt
EXTRAS := $(shell command -v nvidia-smi >/dev/null 2>&1 && echo "[nvidia]")
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run test lint types tests coverage check site docs gpu dist fuzz clean

run: $(VENV)/.ready
	@$(BIN)/python -m bench $(ARGS)

test: $(VENV)/.ready-tests lint types check tests

lint: $(VENV)/.ready-tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.ready-tests
	$(BIN)/mypy

check: $(VENV)/.ready-tests
	$(BIN)/python -m bench check

site: $(VENV)/.ready-tests
	$(BIN)/python -m bench site out=results/site

docs: $(VENV)/.ready-tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.reference

gpu: $(VENV)/.ready-tests
	PYTHON=$(abspath $(BIN)/python) .ci/gpu

dist:
	PYTHON=$(PYTHON) .ci/dist

fuzz: $(VENV)/.ready-tests
	$(PIP) "atheris>=3"
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz seconds=$(SECONDS) $(TARGET)

tests: $(VENV)/.ready-tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

coverage: $(VENV)/.ready-tests
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "onpaper needs Python 3.11 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	$(PIP) --upgrade "pip>=25.1"
	$(PIP) -c $(CONSTRAINTS) --editable ".$(EXTRAS)"
	touch $@

$(VENV)/.ready-tests: $(VENV)/.ready
	$(PIP) -c $(CONSTRAINTS) --group dev
	touch $@

clean:
	rm -rf $(VENV) dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
