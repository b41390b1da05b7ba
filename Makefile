# make setup   a virtual environment in .venv with everything
# make grade   build the autograder and grade the demonstration's submissions with it
# make test    all tests of the project
# make lint    ruff and mypy

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup grade test lint clean

setup: $(VENV)/ready

# torch first and alone: a package that needs torch would otherwise choose which build of it comes.
$(VENV)/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11; name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH_SOURCE) "$$(grep ^torch== requirements.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"  # knows dependency groups
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt --group dev
	@touch $@

grade: setup
	$(BIN)/python -m autograder demo --out build

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf build $(VENV)
