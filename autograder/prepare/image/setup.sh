#!/usr/bin/env bash
# Builds the image, once, as root: a Python of our own outside /autograder/source, torch's CPU build, and what grading
# imports. Gradescope's default image (Ubuntu 22.04) has Python 3.10, which current torch and numpy no longer support.
set -euo pipefail

prefix="${AUTOGRADER_PREFIX:-/opt/sequence-models}"
torch_source="${AUTOGRADER_TORCH_SOURCE-@TORCH_SOURCE@}"
source="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
child=61182  # a user that needs no account, as student code will have; no grader beside this script ends its processes

fail() {
    echo "setup.sh: $1" >&2
    exit 1
}

# Runs a Python as the child's user, with nothing inherited.
as_child() {
    env -i PATH=/usr/bin:/bin "$1" -I -c "import os; os.setgroups([]); os.setgid($child); os.setuid($child); $2"
}

# The first Python 3.11 or later that makes virtual environments and that the child's user can run.
find_python() {
    local name path
    for name in python3.13 python3.12 python3.11 python3; do
        for path in "/usr/bin/$name" "/usr/local/bin/$name"; do
            if [ -x "$path" ] && "$path" -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
                2>/dev/null && as_child "$path" "import json, decimal" 2>/dev/null; then
                echo "$path"
                return
            fi
        done
    done
}

python="$(find_python)"
if [ -z "$python" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || fail "the package lists cannot be read (apt-get update)"
    for version in 3.13 3.12 3.11; do
        if apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" >/dev/null 2>&1; then
            break
        fi
    done
    python="$(find_python)"
fi
[ -n "$python" ] || fail "no Python 3.11 or later can be installed here: choose a base image that has one"

"$python" -m venv --clear "$prefix" || fail "no virtual environment can be made in $prefix"
pip() { "$prefix/bin/python" -m pip --quiet --disable-pip-version-check --no-cache-dir "$@"; }
# Without --no-compile pip compiles every module of torch, which takes longer than the installation; what grading and
# student code import is compiled below, where the grader starts.
# shellcheck disable=SC2086  # the source is several options
pip install --no-compile $torch_source torch==2.13.0 || fail "torch 2.13.0 cannot be installed (options: $torch_source)"
pip install --no-compile -r "$source/requirements.txt" || fail "the packages of requirements.txt cannot be installed"

"$prefix/bin/python" -I -c 'import sys, torch; sys.exit(torch.version.cuda is not None)' ||
    fail "torch is not the CPU build: give build --torch-source the address of one"
"$prefix/bin/python" -m compileall -q "$source" || fail "a file in $source does not compile"
"$prefix/bin/python" -I -c '
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from autograder.grade import zygote
from autograder.grade.engine import Engine
from autograder.grade.kit import Kit
Engine(Kit.load(Path(sys.argv[1]))).close()
zygote.import_all(zygote.LATE)
' "$source" || fail "the grader cannot start; the lines above say why"
chmod -R go+rX "$prefix"
as_child "$prefix/bin/python" "import numpy, torch; torch.ones(2) @ torch.ones(2)" ||
    fail "student code's user cannot import torch from $prefix: is a folder above it closed?"
chmod -R go= "$source"
chmod +x "$source/run_autograder"
echo "setup.sh: $("$prefix/bin/python" --version) with torch $("$prefix/bin/python" -c 'import torch; print(torch.__version__)') in $prefix"
