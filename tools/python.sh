#!/bin/sh
# python.sh: the environment build/venv/python with the package `ropewalk`, built from this tree, and
# what its tests use. Quick where nothing has changed. PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")/.."
venv=build/venv/python
needs=bindings/python/tests/requirements.txt

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
if [ ! -e "$venv/.needs" ] || [ "$needs" -nt "$venv/.needs" ]; then
    echo "python: installing what the tests use"
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$needs"
    touch "$venv/.needs"
fi
# Whatever goes into the package; its build folder keeps the objects that need not be made again.
newer=$(find pyproject.toml CMakeLists.txt include src bindings/python/CMakeLists.txt \
    bindings/python/core bindings/python/src -type f ! -name '*.pyc' -newer "$venv/.package" \
    2>/dev/null | head -n 1)
if [ ! -e "$venv/.package" ] || [ -n "$newer" ]; then
    echo "python: building the package"
    rm -rf build/wheels
    tools/quietly.sh "$venv/bin/pip" wheel --quiet --disable-pip-version-check \
        --no-build-isolation --no-deps --wheel-dir build/wheels .
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --force-reinstall --no-deps build/wheels/ropewalk-*.whl
    touch "$venv/.package"
fi
