#!/usr/bin/env bash
# Runs every fuzz target for some seconds, two at a time. What a target found lies in
# build/fuzz/found; a found input becomes a seed in tests/fuzz/corpus with its mend.
#   scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
export seconds=${1:-300}

cmake --preset fuzz
cmake --build --preset fuzz
mkdir -p build/fuzz/found

fuzz_one() {
  local program=$1 name
  name=$(basename "$program")
  name=${name#fuzz_}
  # The seeds are read, and what is new goes into build/.
  local corpora=("build/fuzz/corpus/$name")
  mkdir -p "${corpora[0]}"
  [ ! -d "tests/fuzz/corpus/$name" ] || corpora+=("tests/fuzz/corpus/$name")
  if "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "${corpora[@]}" >"build/fuzz/$name.log" 2>&1; then
    echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")" \
      "inputs, nothing found"
  else
    tail -n 40 "build/fuzz/$name.log"
    echo "fuzz: $name: found something; see build/fuzz/$name.log"
    return 1
  fi
}
export -f fuzz_one
find build/fuzz -type f -perm -u+x \( -name 'fuzz_*' -o -name '*_fuzz' \) -print0 |
  sort -z | xargs -0 -n 1 -P 2 bash -c 'fuzz_one "$0"'
