#!/bin/sh
# Everything that the other commands of the Makefile need, in .venv, at the versions of uv.lock: with uv if it is there,
# otherwise with venv and pip. Quick when there is nothing to do. PYTHON=… names the Python that pip's way takes.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "forecourt: $1" >&2
    exit 1
}

recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if recent "$name"; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, or uv (https://docs.astral.sh/uv/), and neither was found on PATH"
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python lacks venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
    echo "forecourt: no uv here, so .venv is made with $("$python" --version) and pip; the first time takes a minute or two"
    "$python" -m venv --clear .venv
    # Dependency groups need pip 25.1; what Python brings along is often older.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
}

with_pip() {
    made_from=$(cat uv.lock pyproject.toml assets/package-lock.json | cksum)
    [ "$(cat .venv/made-from.txt 2>/dev/null)" != "$made_from" ] || return 0
    if ! [ -x .venv/bin/pip ] || ! recent .venv/bin/python; then
        make_venv
    fi
    .venv/bin/python scripts/pins.py >.venv/pins.txt
    .venv/bin/python -m pip install --quiet --constraint .venv/pins.txt --group dev --group bench --editable .
    echo "$made_from" >.venv/made-from.txt
}

if uv --version >/dev/null 2>&1; then
    uv sync --frozen
else
    with_pip
fi
.venv/bin/python scripts/assets.py
