#!/bin/sh
# wasm.sh: the npm package in build/npm/ropewalk, built from this tree, and packed beside it as
# build/npm/ropewalk.tgz. Quick where nothing has changed.
set -eu
cd "$(dirname "$0")/.."
package=bindings/wasm

if [ ! -e build/wasm/CMakeCache.txt ]; then
    tools/quietly.sh emcmake cmake -S "$package" -B build/wasm -DCMAKE_BUILD_TYPE=None
fi
# Quick by itself where no header has changed.
tools/quietly.sh cmake --build build/wasm

installed=$package/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ "$package/package-lock.json" -nt "$installed" ]; then
    echo "wasm: installing what the package is built and tested with"
    (cd "$package" && ../../tools/quietly.sh npm ci --ignore-scripts --prefer-offline --no-audit \
        --no-fund --loglevel=error)
    touch "$installed"
fi

made=build/npm/ropewalk.tgz
newer=
if [ -e "$made" ]; then
    newer=$(find "$package/src" "$package/tools" "$package/package.json" "$package/README.md" \
        "$package/tsconfig.json" build/wasm/ropewalk.wasm include/crdt/version.hpp -type f \
        -newer "$made" | head -n 1)
fi
if [ ! -e "$made" ] || [ -n "$newer" ]; then
    echo "wasm: building the package"
    node "$package/tools/build.mjs"
    (cd build/npm && npm pack --silent ./ropewalk >/dev/null && mv ropewalk-*.tgz ropewalk.tgz)
fi
