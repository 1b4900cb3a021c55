#!/bin/sh
# run.sh [PREFIX]: figures of the server beside their targets; those alone whose id begins so
# (server.join, server.processes, server.cold), or a contestant of load.py (ropewalk).
set -eu
cd "$(dirname "$0")/../.."
only=${1:-}
python=build/venv/server/bin/python
status=0

# Whether figures with this prefix are wanted.
wanted() {
    case $1 in "$only"*) return 0 ;; esac
    case $only in "$1"*) return 0 ;; esac
    return 1
}

if wanted server.join; then
    "$python" bench/server/join.py --json=build/join-figures.json >/dev/null
    python3 bench/report.py build/join-figures.json || status=1
fi
case $only in
server.join* | server.processes* | server.cold*) ;;
*)
    bench/server/peers.sh
    "$python" bench/server/load.py --json=build/server-figures.json ${only:+--only="$only"} ||
        status=1
    ;;
esac
if wanted server.processes; then
    "$python" bench/server/processes.py --json=build/server-processes.json ${only:+--only="$only"} ||
        status=1
fi
if wanted server.cold; then
    tools/dynamodb.sh
    "$python" bench/server/cold.py --json=build/cold-figures.json >/dev/null
    python3 bench/report.py build/cold-figures.json || status=1
fi
exit "$status"
