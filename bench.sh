#!/usr/bin/env bash
# Measures the server and, in the same run and in turn, its peers; prints a table. On a quiet machine: about two minutes a round.
#   ./bench.sh [--only native|kafka] [ROUNDS]     rounds of each part, 3 unless said otherwise; the table shows medians with minimum and maximum
# native is the server by its own client (bench/native.sh), kafka the server by librdkafka (bench/kafka.sh); each says what it needs.
set -euo pipefail
cd "$(dirname "$0")"
parts=(native kafka) rounds=3
usage() { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --only) case ${2:-} in native | kafka) parts=("$2"); shift ;; *) usage ;; esac ;;
    [1-9] | [1-9][0-9]) rounds=$1 ;;
    *) usage ;;
  esac
  shift
done

./build.sh
work=$(mktemp -d)
. bench/lib.sh
for part in "${parts[@]}"; do
  . "bench/$part.sh"
  "prepare_$part"
done
for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  for part in "${parts[@]}"; do "round_$part" "$round"; done
done

disk=$(dd if=/dev/zero of="$work/dd" bs=1M count=1000 conv=fdatasync 2>&1 | tail -1 | sed 's/.*, //'); rm -f "$work/dd"
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
cat <<T
Machine: $cpu, $(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo); sequential write through the page cache with fdatasync $disk
Load average over the run: $(cut -d' ' -f1-3 /proc/loadavg), of which one client and the server make about 2
Versions: $(artifacts/streamhouse --version), .NET $(dotnet --list-runtimes | awk '/NETCore.App/ { v = $2 } END { print v }'), $(nats-server --version 2>/dev/null || echo "no nats-server"), $(redis-server --version 2>/dev/null | cut -d' ' -f3 || true)
Commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown); clients on the same machine; 100-byte records unless said otherwise; $rounds rounds: median (minimum to maximum)
T
for part in "${parts[@]}"; do
  echo
  "table_$part"
done
