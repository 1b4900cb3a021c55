#!/bin/sh
# dynamodb.sh: DynamoDB Local, which the server's tests start, in build/dynamodb-local: from Maven, each
# file as tools/dynamodb/SHA256SUMS says. Quick where it is there.
set -eu
cd "$(dirname "$0")/.."
folder=build/dynamodb-local
sums=$PWD/tools/dynamodb/SHA256SUMS
[ -e "$folder/.checked" ] && [ "$folder/.checked" -nt "$sums" ] && exit 0

echo "dynamodb: fetching DynamoDB Local"
rm -rf "$folder" && mkdir -p "$folder"
tools/quietly.sh mvn -q -B -f tools/dynamodb/pom.xml dependency:copy-dependencies \
    -DoutputDirectory="$PWD/$folder"
(cd "$folder" && sha256sum --check --strict --quiet "$sums") || {
    echo "dynamodb: what Maven gave is not what tools/dynamodb/SHA256SUMS names" >&2
    exit 1
}
touch "$folder/.checked"
