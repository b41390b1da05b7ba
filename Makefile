# make setup   a virtual environment in .venv with everything
# make grade   build the autograder and grade the demonstration's submissions with it
# make test    all tests of the project; PYTEST_ARGS="-m needs_root" only those that need root
# make container-test   build the image in a real container with podman, and grade in it
# make train   train a model on the captions corpus with the solution, measure it and translate with it
# make lint    ruff, mypy and the directions of imports

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Test files at a time; each takes a core and up to 2 GB.
JOBS ?= 2

.PHONY: setup grade test container-test train lint clean

setup: $(VENV)/ready

# Python compiles what it imports; to compile all of torch takes longer than to install it.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

$(VENV)/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11; name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
# torch first and alone: a package that needs torch would otherwise choose which build of it comes.
	$(PIP) $(TORCH_SOURCE) "$$(grep ^torch== requirements.txt)"
	$(PIP) --upgrade "pip>=25.1"  # knows dependency groups
	$(PIP) -r requirements.txt --group dev
	@touch $@

grade: setup
	$(BIN)/python -m autograder demo --out build

# In the order of the files: by number of tests, long files with few tests would come last, one process waiting for another.
test: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -rs --durations=30 $(PYTEST_ARGS)

# As root, with podman, runc and debootstrap. PODMAN_BUILD holds more options for `podman build`.
container-test: setup
	CONTAINERS=1 $(BIN)/python -m pytest -m needs_container -rsP $(PYTEST_ARGS)

RUN := runs/captions-lstm-attention
train: setup
	$(BIN)/python -m workbench train --tree solution --model lstm-attention --data captions --name $(notdir $(RUN)) \
		--set epochs=16 --set batch_size=64 --set learning_rate=4e-3 --overwrite
	$(BIN)/python -m workbench evaluate $(RUN) --split test
	$(BIN)/python -m workbench translate $(RUN) "Eine Frau schläft im Garten." "Im Park spielt ein Hund mit einem Ball." \
		"Zwei Kinder malen ein Bild." "Das Mädchen zieht seine Jacke an." "Ein Junge versucht, auf einen Berg zu klettern."

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

clean:
	rm -rf build $(VENV)
