#!/usr/bin/env bash
# Installs what the tests need beside the .NET SDK, when it is missing: real servers and clients from Debian's packages.
# Without root it only says what to install.
set -euo pipefail

# what proves that a package is there → the package
declare -A needed=(
  [/usr/bin/strace]=strace
  [/usr/bin/promtool]=prometheus
  [/usr/bin/ceph-mon]=ceph-mon
  [/usr/bin/ceph-osd]=ceph-osd
  [/usr/bin/ceph]=ceph-common
  [/usr/bin/radosgw]=radosgw
  [/usr/lib/python3/dist-packages/grpc/__init__.py]=python3-grpcio
  [/usr/lib/python3/dist-packages/google/protobuf/__init__.py]=python3-protobuf
  [/usr/bin/protoc]=protobuf-compiler
  [/usr/lib/$(uname -m)-linux-gnu/liblz4.so.1]=liblz4-1
  [/usr/lib/$(uname -m)-linux-gnu/libzstd.so.1]=libzstd1
  [/usr/bin/curl]=curl
  [/usr/bin/jq]=jq
  [/usr/bin/kcat]=kcat
  [/usr/bin/tshark]=tshark
  [/usr/lib/python3/dist-packages/confluent_kafka/__init__.py]=python3-confluent-kafka
  [/usr/lib/python3/dist-packages/kafka/__init__.py]=python3-kafka
  [/usr/lib/python3/dist-packages/lz4/__init__.py]=python3-lz4
  [/usr/lib/python3/dist-packages/snappy/__init__.py]=python3-snappy
  [/usr/lib/python3/dist-packages/zstandard/__init__.py]=python3-zstandard
)

# Node may come from anywhere; Debian's is as good as another.
command -v node >/dev/null || needed[/usr/bin/node]=nodejs
command -v npm >/dev/null || needed[/usr/bin/npm]=npm

missing=()
for proof in "${!needed[@]}"; do
  [ -e "$proof" ] || missing+=("${needed[$proof]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these Debian packages: ${missing[*]}" >&2
  echo "Install them, then run again:  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The packaged services must not start: tests start their own, on free ports.
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; trap 'rm -f "$policy"' EXIT; }
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
