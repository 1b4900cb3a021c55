#!/bin/sh
# server.sh: the environment build/venv/server with `ropewalk` built from this tree, the server that
# runs from server/src, and what its tests use. Quick where nothing has changed.
set -eu
cd "$(dirname "$0")/.."
tools/python.sh
venv=build/venv/server

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
if [ ! -e "$venv/.engine" ] || [ build/venv/python/.package -nt "$venv/.engine" ]; then
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --force-reinstall --no-deps build/wheels/ropewalk-*.whl
    touch "$venv/.engine"
fi
if [ ! -e "$venv/.needs" ] || [ server/pyproject.toml -nt "$venv/.needs" ] ||
    [ server/tests/requirements.txt -nt "$venv/.needs" ]; then
    echo "server: installing what the server and its tests use"
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check \
        -r server/tests/requirements.txt
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --no-build-isolation -e server
    touch "$venv/.needs"
fi
