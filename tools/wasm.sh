#!/bin/sh
# wasm.sh: the npm package in build/npm/ropewalk, built from this tree, and packed beside it as
# build/npm/ropewalk.tgz. Quick where nothing has changed.
#
# Zig brings clang and a libc++ for WebAssembly in one package. Against Debian's emscripten its module
# is a tenth smaller and twice as fast; docs/js-benchmarks.md has the figures.
set -eu
cd "$(dirname "$0")/.."
package=bindings/wasm

# Does anything that is named after it differ from what this file was made of?
older() {
    made=$1
    shift
    [ ! -e "$made" ] || [ -n "$(find "$@" -type f -newer "$made" | head -n 1)" ]
}

installed=$package/node_modules/.package-lock.json
if older "$installed" "$package/package-lock.json"; then
    echo "wasm: installing what the package is built and tested with"
    (cd "$package" && ../../tools/quietly.sh npm ci --ignore-scripts --prefer-offline --no-audit \
        --no-fund --loglevel=error)
    touch "$installed"
fi

venv=build/venv/wasm
if older "$venv/.needs" tools/wasm-requirements.txt; then
    echo "wasm: installing the compiler"
    [ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check \
        -r tools/wasm-requirements.txt
    touch "$venv/.needs"
fi

mkdir -p build/wasm
export ZIG_GLOBAL_CACHE_DIR="$PWD/build/zig" ZIG_LOCAL_CACHE_DIR="$PWD/build/zig"
zig() { tools/quietly.sh "$venv/bin/python" -m ziglang "$@"; }
# A browser loads every byte.
optimize() {
    tools/quietly.sh "$package/node_modules/.bin/wasm-opt" --enable-bulk-memory --enable-sign-ext \
        --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue \
        --enable-reference-types --low-memory-unused --generate-global-effects -Oz --converge "$@"
}

unpacker=build/wasm/unpacker.wasm
if older "$unpacker" "$package/unpacker" tools/wasm.sh tools/wasm-requirements.txt; then
    echo "wasm: compiling what unpacks the module"
    zig c++ --target=wasm32-wasi -mexec-model=reactor -std=c++20 -Oz -Xclang -Oz -fno-exceptions \
        -fno-rtti -Wall -Wextra -Werror -s -Wl,-z,stack-size=65536 \
        "$package/unpacker/unpacker.cpp" -o build/wasm/unpacker.compiled.wasm
    optimize build/wasm/unpacker.compiled.wasm -o "$unpacker"
fi

# A module of some of the sources, as one source file for the compiler: what two rooms use is compiled
# once. Zig takes -Oz for its own; clang has to be told, too. The passes that are off make copies of code
# or further locals: docs/js-benchmarks.md has what that brought.
compile() {
    name=$1
    sources=$2
    shift 2
    for file in $sources; do
        echo "#include \"../../$file\""
    done >"build/wasm/$name.cpp"
    zig c++ --target=wasm32-wasi -mexec-model=reactor \
        -std=c++20 -Oz -Xclang -Oz "$@" \
        -mllvm -disable-lsr -mllvm -enable-pre=false \
        -mllvm -enable-load-pre=false -mllvm -disable-machine-cse \
        -fno-exceptions -fno-rtti -Wall -Wextra -Werror -DNDEBUG -DROPEWALK_HOST_NUMBERS \
        -I include -s -Wl,--import-symbols -Wl,-z,stack-size=1048576 "build/wasm/$name.cpp" \
        -o "build/wasm/$name.compiled.wasm"
    optimize -ocimfs=20 "build/wasm/$name.compiled.wasm" -o "build/wasm/$name.wasm"
}

module=build/wasm/ropewalk.wasm
if older "$module" include "$package/core" tools/wasm.sh tools/wasm-requirements.txt; then
    echo "wasm: compiling the module"
    # What a function answers in two words comes back without a detour through memory.
    compile ropewalk "$(echo "$package"/core/*.cpp)" \
        -mmultivalue -Xclang -target-abi -Xclang experimental-mv -DROPEWALK_NO_STORAGE
fi

# What is stored, in a module of its own: who stores nothing does not load it. Its checksums multiply
# 64 bits by 64, for which Zig's library has a function in the usual ABI alone.
storage=build/wasm/storage.wasm
if older "$storage" include "$package/core" "$package/storage" tools/wasm.sh tools/wasm-requirements.txt; then
    echo "wasm: compiling the module of what is stored"
    mkdir -p build/wasm/include
    # The header alone: the folder that it is in has the system's C library, too.
    found=$(printf '#include <xxhash.h>\n' | "${CC:-cc}" -E -H -x c - 2>&1 >/dev/null |
        sed -n 's/^\. \(.*xxhash\.h\)$/\1/p')
    [ -n "$found" ] || {
        echo "wasm: <xxhash.h> was not found: install libxxhash-dev (Debian) or xxhash (Homebrew)" >&2
        exit 1
    }
    cp "$found" build/wasm/include/xxhash.h
    core=$package/core
    compile storage "$core/border.cpp $core/memory.cpp $core/room.cpp $core/numbers.cpp $(echo "$package"/storage/*.cpp)" \
        -I build/wasm/include
fi

tarball=build/npm/ropewalk.tgz
if older "$tarball" "$package/src" "$package/tools" "$package/package.json" "$package/README.md" \
    "$package/tsconfig.json" "$module" "$storage" "$unpacker" include/crdt/version.hpp; then
    echo "wasm: building the package"
    node "$package/tools/build.mjs"
    (cd build/npm && npm pack --silent ./ropewalk >/dev/null && mv ropewalk-*.tgz ropewalk.tgz)
fi
