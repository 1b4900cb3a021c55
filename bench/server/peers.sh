#!/bin/sh
# peers.sh: installs the servers that ours is compared with, into bench/server/peers/node_modules.
# better-sqlite3 is compiled here, with the headers of the Node that is installed.
set -eu
cd "$(dirname "$0")/peers"
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    ../../../tools/quietly.sh npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
fi
addon=node_modules/better-sqlite3
if [ ! -e "$addon/build/Release/better_sqlite3.node" ]; then
    echo "bench: compiling better-sqlite3, for some minutes"
    prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
    gyp=$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js
    if [ -e "$prefix/include/node/node.h" ]; then
        (cd "$addon" && ../../../../../tools/quietly.sh node "$gyp" rebuild --release --nodedir="$prefix")
    else
        (cd "$addon" && ../../../../../tools/quietly.sh node "$gyp" rebuild --release)
    fi
fi
