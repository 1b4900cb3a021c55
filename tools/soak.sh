#!/bin/sh
# soak.sh AREA: what `make test` does in seconds, for hours. AREA is one of
#   differential   SEEDS=20000 random histories here and in Yjs
#   property       SEEDS=10000 examples of each property
#   epochs         SEEDS=10000 histories of replicas that come back from older epochs
#   server         all tests of the server at length, T=stores for those of one folder; then, or with
#                  T=simulation at once, SEEDS=10000 schedules of servers, clients and epochs in
#                  simulated time from FIRST=0 on
#   stores         every store past one machine, against the real services: KILLS=20 processes killed
#                  (T7), RESTARTS=20 of services and of connections (T9), DAMAGES=2000 of rows and
#                  objects (T10), SCHEDULES=500 of streams (T11), RUNS=10 of 100 contending writers
#                  (T12), REPEATED=10000 changes said up to five times (T13), FLEET_KILLS=20 in fleets
#                  of two and four. T= one of kills, restarts, damage, streams, contention, fleets;
#                  ONLY= what pytest -k takes (a store); FIRST=n goes on with damage number n
#   storage        KILLS=200 times kill -9, IMAGES=500 losses of power, DAMAGES=5000 damaged files,
#                  without and with new epochs; LARGE=5000 damages of a container of several MB
#   compaction     INSERTS=10000000 at random places, compacted and renumbered
#   fuzz           RUNS=1000000 executions of each fuzz target (T=target for one), from its corpus on
# Says what it is at; ends with a non-zero status at the first finding.
set -eu
cd "$(dirname "$0")/.."
seeds=${SEEDS:-}

build() {
    tools/quietly.sh cmake --preset "$1"
    shift
    tools/quietly.sh cmake --build --preset "$@"
}

case ${1:-} in
differential)
    tools/setup.sh test
    build release release --target differential_peer
    exec tests/differential/run.sh "${seeds:-20000}" "${FIRST:-1}"
    ;;
property)
    tools/setup.sh test
    build release release --target property_tests
    RC_PARAMS="max_success=${seeds:-10000}" exec build/release/tests/property_tests
    ;;
epochs)
    tools/setup.sh test
    build release release --target property_tests
    RC_PARAMS="max_success=${seeds:-10000}" exec build/release/tests/property_tests \
        --source-file='*property/compact_test*,*property/epochs_test*'
    ;;
storage)
    tools/setup.sh test
    build dev dev --target storage_tests
    ROPEWALK_KILLS=${KILLS:-200} ROPEWALK_IMAGES=${IMAGES:-500} ROPEWALK_DAMAGES=${DAMAGES:-5000} \
        ROPEWALK_LARGE_DAMAGES=${LARGE:-5000} \
        exec build/dev/tests/storage_tests
    ;;
compaction)
    tools/setup.sh bench
    build release release --target figures
    ROPEWALK_INSERTS=${INSERTS:-10000000} exec build/release/bench/figures --only=compact
    ;;
fuzz)
    tools/setup.sh fuzz
    tools/quietly.sh cmake --preset fuzz
    targets=${T:-$(basename -s .cpp $(ls fuzz/*.cpp | grep -v replay_main))}
    for target in $targets; do
        tools/quietly.sh cmake --build --preset fuzz --target "fuzz_$target"
        found=build/fuzz/found/$target
        mkdir -p "$found"
        echo "fuzz $target: ${RUNS:-1000000} executions"
        build/fuzz/fuzz/fuzz_"$target" -runs="${RUNS:-1000000}" -print_final_stats=1 -verbosity=0 \
            -artifact_prefix="$found/crash-" "$found" fuzz/corpus/"$target"
    done
    ;;
server)
    tools/setup.sh test
    tools/server.sh
    tools/dynamodb.sh
    if [ "${T:-}" != simulation ]; then
        ROPEWALK_SOAK=1 build/venv/server/bin/python -m pytest -q "server/tests${T:+/$T}"
        [ -z "${T:-}" ] || exit 0
    fi
    python=$PWD/build/venv/server/bin/python
    cd server/tests
    exec "$python" -m simulation --seeds "${seeds:-10000}" --from "${FIRST:-0}"
    ;;
stores)
    tools/setup.sh test
    tools/server.sh
    tools/dynamodb.sh
    cd server/tests/stores
    case ${T:-all} in
    all) set -- test_kill_rows.py test_services_fail.py test_damage_in_rows.py test_damaged_rows.py \
        test_stream_schedules.py test_contention.py test_fleet.py ;;
    kills) set -- test_kill_rows.py test_services_fail.py::test_a_writer_that_is_killed_has_lost_nothing_acknowledged ;;
    restarts) set -- \
        test_services_fail.py::test_a_store_that_is_killed_and_comes_back_has_lost_nothing \
        test_services_fail.py::test_connections_that_are_cut_slow_and_half_open_lose_nothing ;;
    damage) set -- test_damage_in_rows.py test_damaged_rows.py ;;
    streams) set -- test_stream_schedules.py ;;
    contention) set -- test_contention.py ;;
    fleets) set -- test_fleet.py ;;
    *)
        echo "soak stores: T is kills, restarts, damage, streams, contention or fleets" >&2
        exit 2
        ;;
    esac
    # What is not given is what the tests take for a soak (harness/soaking.py).
    for name in KILLS RESTARTS DAMAGES SCHEDULES RUNS REPEATED FLEET_KILLS FIRST; do
        eval "value=\${$name:-}"
        [ -z "$value" ] || export "ROPEWALK_$name=$value"
    done
    ROPEWALK_SOAK=1 exec ../../../build/venv/server/bin/python -m pytest -q -s -x ${ONLY:+-k "$ONLY"} "$@"
    ;;
*)
    sed -n 's/^# \{0,1\}//p' "$0" | sed 1d >&2
    exit 2
    ;;
esac
