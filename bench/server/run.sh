#!/bin/sh
# run.sh [PREFIX]: figures of the server beside their targets; those alone whose id begins so
# (server.join), or a contestant of load.py (ropewalk).
set -eu
cd "$(dirname "$0")/../.."
only=${1:-}
python=build/venv/server/bin/python
status=0

case $only in
'' | server*)
    "$python" bench/server/join.py --json=build/join-figures.json >/dev/null
    python3 bench/report.py build/join-figures.json || status=1
    ;;
esac
case $only in
server.join*) ;;
*)
    bench/server/peers.sh
    "$python" bench/server/load.py --json=build/server-figures.json ${only:+--only="$only"} ||
        status=1
    ;;
esac
exit "$status"
