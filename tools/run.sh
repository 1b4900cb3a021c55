#!/bin/sh
# run.sh: the server with the editor as its page, documents in build/run/ropewalk.db, and an identity
# for development. PORT chooses the port; with ONCE set it ends as soon as page and socket have answered.
# TARGET=emulator: the functions for AWS Lambda on an emulated AWS instead, with DynamoDB Local.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/run
ropewalk=build/venv/server/bin/ropewalk

if [ "${TARGET:-server}" = emulator ]; then
    tools/dynamodb.sh
    set -- "$ropewalk" emulate --quiet --dynamodb-library build/dynamodb-local
    [ -z "${ONCE:-}" ] && exec "$@" --port "${PORT:-8000}"
    exec build/venv/server/bin/python tools/check_running.py "$@" --port "${PORT:-0}"
elif [ "${TARGET:-server}" != server ]; then
    echo "run: TARGET is server or emulator, not $TARGET" >&2
    exit 2
fi

if [ -z "${ONCE:-}" ]; then
    exec "$ropewalk" serve --store sqlite:build/run/ropewalk.db --auth dev --port "${PORT:-8000}"
fi
exec build/venv/server/bin/python tools/check_running.py \
    "$ropewalk" serve --store sqlite:build/run/ropewalk.db --auth dev --port "${PORT:-0}"
