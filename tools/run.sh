#!/bin/sh
# run.sh: the server with the editor as its page, documents in build/run/ropewalk.db, and an identity
# for development. PORT chooses the port; with ONCE set it ends as soon as page and socket have answered.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/run
ropewalk=build/venv/server/bin/ropewalk

if [ -z "${ONCE:-}" ]; then
    exec "$ropewalk" serve --store sqlite:build/run/ropewalk.db --auth dev --port "${PORT:-8000}"
fi
exec build/venv/server/bin/python tools/check_running.py \
    "$ropewalk" serve --store sqlite:build/run/ropewalk.db --auth dev --port "${PORT:-0}"
