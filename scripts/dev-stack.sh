#!/usr/bin/env bash
# Real Apache Kafka and Apache Cassandra on this machine's loopback, without containers; all of it
# is told by scripts/dev-stack.sh --help.
if ! command -v python3 >/dev/null; then
  echo "dev-stack: python3 is not there; this installs it: scripts/setup.sh cluster" >&2
  exit 1
fi
exec python3 "$(dirname "$0")/dev_stack.py" "$@"
