#!/usr/bin/env bash
# Runs a command beside a Kafka and a Cassandra of its own, on free ports, and stops them after it.
# KONOMI_KAFKA_BROKERS and KONOMI_CASSANDRA_CONTACT_POINTS say where they are, and what
# `dev-stack.sh env` prints besides.
#   scripts/with_stack.sh COMMAND…
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,4p' "$0"; exit 2; }
mkdir -p build
dir=$(mktemp -d "$PWD/build/stack-XXXXXX")
stop() {
  scripts/dev-stack.sh reset --dir "$dir" || true
  rm -rf "$dir"
}
trap stop EXIT
scripts/dev-stack.sh up --free-ports --dir "$dir"
eval "$(scripts/dev-stack.sh env --dir "$dir")"
export KONOMI_TEST_KAFKA_BROKERS=$KONOMI_KAFKA_BROKERS
export DEV_STACK_DIR=$dir # Where tests/e2e finds this stack.
# For the tests that start and kill a broker of their own.
KONOMI_TEST_KAFKA_JARS=$(echo "${DEV_STACK_JARS:-$PWD/build/dev-stack-jars}"/kafka-*/)
export KONOMI_TEST_KAFKA_JARS
"$@"
