#!/usr/bin/env bash
# Builds every fuzz target, plays its seeds, and runs it for some seconds, two at a time. What a
# target found lies in build/fuzz/found; a found input becomes a seed in tests/fuzz/corpus with its
# mend. The last line counts the targets.
#   scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
export seconds=${1:-300}

cmake --preset fuzz
cmake --build --preset fuzz --parallel "$(nproc)"
mkdir -p build/fuzz/found

fuzz_one() {
  local program=$1 name
  name=$(basename "$program")
  name=${name#fuzz_}
  # The seeds are read, and what is new goes into build/.
  local corpora=("build/fuzz/corpus/$name" "tests/fuzz/corpus/$name")
  mkdir -p "${corpora[@]}"
  if "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "${corpora[@]}" >"build/fuzz/$name.log" 2>&1; then
    echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")" \
      "inputs, nothing found"
  else
    tail -n 40 "build/fuzz/$name.log"
    echo "fuzz: $name: found something; all of it: build/fuzz/$name.log"
    echo "fuzz: play it again: $program $(ls -t "build/fuzz/found/$name-"* 2>/dev/null | head -n 1)"
    return 1
  fi
}
export -f fuzz_one
programs=$(find build/fuzz/tests/fuzz -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' | sort)
echo "$programs" | xargs -n 1 -P 2 bash -c 'fuzz_one "$0"'
echo "fuzz: $(wc -l <<<"$programs") targets ran for $seconds s each, and none found anything"
