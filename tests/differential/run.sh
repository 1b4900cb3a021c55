#!/bin/sh
# run.sh [SEEDS [FIRST_SEED]]: random histories on Ropewalk and on real Yjs side by side.
# Ends with "N seeds, M differ"; a failing seed prints a smaller case and the command that replays it.
# ROPEWALK_PEER: the built differential_peer (or a .mjs file that speaks its protocol).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seeds=${1:-2000}
first=${2:-1}

if ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null; then
    echo "run.sh: needs Node 20 or newer and its npm" >&2
    exit 2
fi
if [ ! -d "$here/node_modules/yjs" ]; then
    (cd "$here" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error) >&2
fi

peer=${ROPEWALK_PEER:-$root/build/release/tests/differential/differential_peer}
if [ ! -e "$peer" ]; then
    if [ -n "${ROPEWALK_PEER:-}" ]; then
        echo "run.sh: ROPEWALK_PEER names no file: $peer" >&2
        exit 2
    fi
    # Not built by CMake: the headers are complete by themselves. Always anew, they may have changed.
    peer=$here/differential_peer
    "${CXX:-g++}" -std=c++20 -O2 -DNDEBUG -I "$root/include" "$here/peer.cpp" -o "$peer"
fi

exec node "$here/main.mjs" "$seeds" "$first" "$peer"
