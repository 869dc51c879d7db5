#!/usr/bin/env bash
# Makes sure that librdkafka 2.0.2 is built from Debian's source package, outside the repository, and prints its folder.
#   eng/librdkafka.sh [TARGET...]     performance: rdkafka_performance (also when nothing is named); tests: its test suite
# The folder is STREAMHOUSE_LIBRDKAFKA, by default ~/.cache/streamhouse/librdkafka. Building takes a few minutes and needs root on Debian.
set -euo pipefail

version=2.0.2
kit=${STREAMHOUSE_LIBRDKAFKA:-${XDG_CACHE_HOME:-$HOME/.cache}/streamhouse/librdkafka}
source=$kit/librdkafka-$version
[ $# -gt 0 ] || set -- performance

# The suite checks statistics with RapidJSON; built without it, it passes tests over.
has_rapidjson() { grep -qs '^#define WITH_RAPIDJSON 1' "$source/config.h"; }

prepare() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "There is no librdkafka $version with RapidJSON in $kit. Build it there, or run this as root on Debian." >&2
    exit 3
  fi
  echo "Building librdkafka $version in $kit (a few minutes)" >&2
  export DEBIAN_FRONTEND=noninteractive
  local packages=(gcc g++ make dpkg-dev liblz4-dev libzstd-dev libssl-dev zlib1g-dev libcurl4-openssl-dev rapidjson-dev)
  mkdir -p "$kit"
  (
    cd "$kit"
    local sources=/etc/apt/sources.list.d/streamhouse-sources.sources
    [ -f "$sources" ] || grep -rqs '^Types:.*deb-src' /etc/apt/sources.list.d \
      || sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$sources"
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    if [ ! -d "librdkafka-$version" ]; then
      apt-get source -qq --download-only librdkafka 2>/dev/null
      tar xf "librdkafka_$version.orig.tar.gz"
    fi
    cd "librdkafka-$version"
    rm -f tests/test-runner
    ./configure --disable-gssapi >../configure.log
  )
}

for target in "$@"; do
  case $target in
    performance) product=$source/examples/rdkafka_performance; steps=('src -j2' 'examples rdkafka_performance') ;;
    tests) product=$source/tests/test-runner; steps=('. -j2' 'tests build') ;;
    *) sed -n '2,4p' "$0" >&2; exit 2 ;;
  esac
  if [ -x "$product" ] && { [ "$target" != tests ] || has_rapidjson; }; then
    continue
  fi
  { [ -f "$source/Makefile.config" ] && { [ "$target" != tests ] || has_rapidjson; }; } || prepare >&2
  for step in "${steps[@]}"; do
    # A folder, then make's arguments.
    # shellcheck disable=SC2086
    nice make -C "$source"/$step >>"$kit/make.log" 2>&1 || { tail -20 "$kit/make.log" >&2; exit 1; }
  done
done
echo "$source"
