#!/bin/sh
# editor.sh: the page of examples/web/editor, built into its folder dist with the npm package from
# build/npm. Quick where nothing has changed.
set -eu
cd "$(dirname "$0")/.."
tools/wasm.sh
editor=examples/web/editor
package=build/npm/ropewalk.tgz
quietly=$PWD/tools/quietly.sh

# Does anything that is named after it differ from what this file was made of?
older() {
    made=$1
    shift
    [ ! -e "$made" ] || [ -n "$(find "$@" -type f -newer "$made" | head -n 1)" ]
}

installed=$editor/node_modules/.package-lock.json
if older "$installed" "$editor/package-lock.json" "$editor/package.json" "$package"; then
    echo "editor: installing what the page is made of"
    (cd "$editor" && "$quietly" npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error)
    touch "$installed"
fi

if older "$editor/dist/index.html" "$editor/src" "$editor/index.html" "$editor/vite.config.ts" "$installed"; then
    echo "editor: building the page"
    (cd "$editor" && "$quietly" npm run build --silent)
fi
