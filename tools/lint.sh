#!/bin/sh
# lint.sh check|format: clang-format and clang-tidy as pinned in lint-requirements.txt.
# `make lint` and `make format` install them into build/venv and call this.
set -eu
cd "$(dirname "$0")/.."
bin=build/venv/bin

sources() { git ls-files -z --cached --others --exclude-standard -- "$@"; }

case ${1:-} in
format)
    sources '*.hpp' '*.ipp' '*.cpp' | xargs -0 "$bin/clang-format" -i
    ;;
check)
    failed=
    sources '*.hpp' '*.ipp' '*.cpp' | xargs -0 "$bin/clang-format" --dry-run -Werror || failed="$failed format"
    python3 tools/check_layers.py || failed="$failed layers"
    # The files of src/ reach every header and every body.
    cmake --preset dev >/dev/null
    "$bin/clang-tidy" -p build/dev --quiet src/ropewalk.cpp src/storage.cpp || failed="$failed clang-tidy"
    if [ -n "$failed" ]; then
        echo "failed:$failed; repeat with: make lint (make format repairs the first)" >&2
        exit 1
    fi
    echo "lint: nothing found"
    ;;
*)
    echo "usage: lint.sh check|format" >&2
    exit 2
    ;;
esac
