#!/bin/sh
# coverage.sh: the C++ suite under gcov, and a table of the engine's files in build/coverage/.
# `make coverage` calls it.
set -eu
cd "$(dirname "$0")/.."
[ -x build/venv/bin/gcovr ] || {
    tools/setup.sh lint
    python3 -m venv build/venv
    build/venv/bin/pip install --quiet --disable-pip-version-check gcovr==8.8
}
tools/quietly.sh cmake --preset coverage
tools/quietly.sh cmake --build --preset coverage
find build/coverage -name '*.gcda' -exec rm {} +
tools/quietly.sh ctest --preset coverage -E '^(consumer|scripts|compile_fail)/'
build/venv/bin/gcovr --root . --filter include/crdt/ --merge-mode-functions=separate --gcov-ignore-parse-errors=all \
    --html-details build/coverage/index.html --print-summary build/coverage
