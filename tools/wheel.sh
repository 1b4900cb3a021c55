#!/bin/sh
# wheel.sh: build/dist/ropewalk-*-manylinux_2_28_*.whl, for every Linux whose glibc is 2.28 or newer.
#
# The compilers of a newer system link against its own glibc. Zig's clang brings the symbols of every
# glibc and a libc++ to link statically; auditwheel refuses what needs more than the name says.
# PYTHON names the interpreter that the wheel is for.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
venv=build/venv/wheel-$("${PYTHON:-python3}" -c 'import sys; print(sys.implementation.cache_tag)')
needs=tools/wheel-requirements.txt
machine=$(uname -m)

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
if [ ! -e "$venv/.needs" ] || [ "$needs" -nt "$venv/.needs" ]; then
    echo "wheel: installing the compiler and what checks its work"
    tools/quietly.sh "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$needs"
    touch "$venv/.needs"
fi
compiler=$venv/bin/zig-c++
printf '#!/bin/sh\nexec "%s" -m ziglang c++ --target=%s-linux-gnu.2.28 "$@"\n' \
    "$root/$venv/bin/python" "$machine" >"$compiler"
chmod +x "$compiler"

export CXX="$root/$compiler" PATH="$root/$venv/bin:$PATH"
export ZIG_GLOBAL_CACHE_DIR="$root/build/zig" ZIG_LOCAL_CACHE_DIR="$root/build/zig"
rm -rf build/dist/linux
tools/quietly.sh "$venv/bin/pip" wheel --quiet --disable-pip-version-check --no-build-isolation \
    --no-deps -C "build-dir=build/python/zig-{wheel_tag}" --wheel-dir build/dist/linux .
tools/quietly.sh "$venv/bin/auditwheel" repair --only-plat \
    --plat "manylinux_2_28_$machine" --wheel-dir build/dist build/dist/linux/ropewalk-*.whl
rm -rf build/dist/linux
ls -1 build/dist/ropewalk-*.whl
