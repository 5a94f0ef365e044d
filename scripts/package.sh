#!/usr/bin/env bash
# Builds build/konomi_VERSION_ARCH.deb: konomi with both engines, its service, man pages and
# completions, as deploy/debian says. Needs what `scripts/setup.sh cluster` and `package` install.
#   scripts/package.sh             builds konomi first
#   scripts/package.sh --no-build  packs the build/release/konomi that is there
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

case ${1:-} in
  "")
    scripts/setup.sh package
    scripts/web.sh
    cmake --preset release
    cmake --build --preset release --target konomi
    ;;
  --no-build) ;;
  *)
    echo "package: $1 is unknown; usage: scripts/package.sh [--no-build]" >&2
    exit 2
    ;;
esac

rm -rf build/package build/konomi_*.deb
mkdir -p build/package/konomi
cp -r deploy/debian build/package/konomi/debian
cp build/release/konomi README.md ARCHITECTURE.md CHANGELOG.md build/package/konomi/
cp -r docs build/package/konomi/docs
find build/package/konomi -name __pycache__ -prune -exec rm -r {} +
# Users' and groups' permissions of a checkout are nobody's business.
chmod -R u=rwX,go=rX build/package/konomi
scripts/package_files.py build/release/konomi build/package/konomi
(cd build/package/konomi && DEB_BUILD_OPTIONS="noautodbgsym nocheck" \
  dpkg-buildpackage --build=binary --no-sign --no-pre-clean --no-check-builddeps) \
  >build/package.log 2>&1 || {
  tail -n 30 build/package.log >&2
  echo "package: dpkg-buildpackage failed; all of its output: build/package.log" >&2
  exit 1
}
mv build/package/konomi_*.deb build/
echo "package: $(ls build/konomi_*.deb)"
