#!/bin/sh
# setup.sh run|serve|test|bench|fuzz|lint|all: installs what that needs and is not there.
# Checks first, and says nothing when all is there. Installs with apt-get as root or through sudo;
# where it cannot, it says what to install.
set -eu

cxx=${CXX:-c++}
missing=
packages=

# need <what a person calls it> <Debian package> <command that succeeds if it is there>
need() {
    what=$1 package=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing
  $what"
        packages="$packages $package"
    fi
}
has() { command -v "$1"; }
has_postgresql() { has initdb || ls /usr/lib/postgresql/*/bin/initdb; }
java_is_new() { java -version 2>&1 | awk -F '[".]' '/version/ { exit !($2 >= 17) }'; }
has_header() { printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" | "$cxx" -x c++ -E -; }
compiles_cxx20() { printf '#include <compare>\n#include <concepts>\n' | "$cxx" -std=c++20 -x c++ -fsyntax-only -; }
cmake_is_new() {
    version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    [ "${version% *}" -gt 3 ] || { [ "${version% *}" -eq 3 ] && [ "${version#* }" -ge 25 ]; }
}
python_is_new() { python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; }
has_python_headers() {
    python3 -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}
node_is_new() {
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}
clang_fuzzes() {
    printf 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }\n' |
        clang++ -x c++ -fsanitize=fuzzer,address - -o /dev/null
}

check() {
    missing= packages=
    need "a C++20 compiler: g++ 12 or clang++ 14, or later" g++ compiles_cxx20
    need "CMake 3.25 or later" cmake cmake_is_new
    if ! has ninja >/dev/null; then
        need "ninja, or make" ninja-build has make
    fi
    case $1 in test | bench | all)
        need "doctest" doctest-dev has_header doctest/doctest.h
        need "rapidcheck" librapidcheck-dev has_header rapidcheck.h
        need "Google Benchmark" libbenchmark-dev has_header benchmark/benchmark.h
        need "zstd" libzstd-dev has_header zstd.h
        need "msgpack-c" libmsgpack-cxx-dev has_header msgpack/v3/unpack_decl.hpp
        need "zlib" zlib1g-dev has_header zlib.h
        need "Chromium" chromium has chromium
        need "Redis" redis-server has redis-server
        need "PostgreSQL" postgresql has_postgresql
        need "Java 17 or later" default-jre-headless java_is_new
        need "Maven" maven has mvn
        ;;
    esac
    case $1 in serve | test | bench | all)
        need "ninja" ninja-build has ninja
        need "xxHash" libxxhash-dev has_header xxhash.h
        need "Python 3.10 or later" python3 python_is_new
        need "Python's headers" python3-dev has_python_headers
        need "Python's venv module" python3-venv python3 -c 'import ensurepip'
        need "Node.js 20.19 or later (Debian 12 itself has 18)" nodejs node_is_new
        need "npm" npm has npm
        ;;
    esac
    case $1 in fuzz | all)
        need "clang++ with libFuzzer and AddressSanitizer" "clang libclang-rt-dev" clang_fuzzes
        ;;
    esac
    case $1 in lint | all)
        need "Python's venv module" python3-venv python3 -c 'import ensurepip'
        ;;
    esac
}

usage="usage: setup.sh run|serve|test|bench|fuzz|lint|all"
case ${1:-} in run | serve | test | bench | fuzz | lint | all) ;; *) echo "$usage" >&2 && exit 2 ;; esac

check "$1"
[ -n "$missing" ] || exit 0
echo "setup: missing:$missing"

if ! has apt-get >/dev/null; then
    echo "setup: install them with this system's package manager; on Debian they are:$packages" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root="env DEBIAN_FRONTEND=noninteractive"
elif has sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root="sudo env DEBIAN_FRONTEND=noninteractive"
else
    echo "setup: as root: apt-get update && apt-get install -y$packages" >&2
    exit 1
fi
echo "setup: apt-get update && apt-get install -y$packages"
# shellcheck disable=SC2086  # words are meant
if ! { $as_root apt-get update -qq && $as_root apt-get install -y -qq $packages; } </dev/null; then
    echo "setup: apt-get failed; what it was to install:$packages" >&2
    exit 1
fi

check "$1"
if [ -n "$missing" ]; then
    echo "setup: apt-get succeeded, yet this is missing or too old:$missing" >&2
    exit 1
fi
