#!/usr/bin/env bash
# Builds the page into web/dist, only when web/ or the specification that its types come from has
# changed since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

mkdir -p build
dependencies=$(node --version; sha256sum <web/package-lock.json)
installed=web/node_modules/.konomi-installed
if [ "$(cat "$installed" 2>/dev/null || true)" != "$dependencies" ]; then
  echo "web: npm ci"
  (cd web && npm ci --no-fund --no-audit --loglevel=error </dev/null)
  echo "$dependencies" >"$installed"
fi

generated=web/src/api/specification.ts
sources=$(find web docs/openapi.json \
  \( -name node_modules -o -name dist -o -name '*.tsbuildinfo' -o -path "$generated" \) -prune \
  -o -type f -print0 | sort -z | xargs -0 sha256sum)
stamp=build/web.stamp
if [ ! -e web/dist/index.html ] || [ ! -e "$generated" ] \
  || [ "$(cat "$stamp" 2>/dev/null || true)" != "$sources" ]; then
  echo "web: npm run build"
  (cd web && npm run build </dev/null)
  echo "$sources" >"$stamp"
else
  echo "web: unchanged since the last build"
fi
