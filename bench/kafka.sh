# The server by librdkafka: rdkafka_performance, and small clients of our own for what it does not measure. Sourced by bench.sh.
# Needs gcc, and librdkafka built by eng/librdkafka.sh, which does that by itself as root on Debian.

prepare_kafka() {
  local source
  source=$(eng/librdkafka.sh performance)
  performance=$source/examples/rdkafka_performance
  gcc -O2 -I"$source/src" bench/kafka/client.c -o "$work/client" -L"$source/src" -l:librdkafka.so.1 -Wl,-rpath,"$source/src" -lpthread
  gcc -O2 bench/kafka/connections.c -o "$work/connections"
  gcc -O2 bench/kafka/disk.c -o "$work/disk"
  gcc -O2 bench/kafka/floor.c -o "$work/floor"
}

# produce ADDRESS TOPIC COUNT SIZE: records a second, all acknowledged.
kafka_produce() {
  timeout 120 "$performance" -P -b "$1" -t "$2" -c "$3" -s "$4" -a -1 -X linger.ms=5 -X queue.buffering.max.messages=1000000 -X batch.num.messages=10000 2>&1 \
    | sed -nE "s/.* $3 delivered .* 0 failed.*: ([0-9]+) msgs\/s and .*/\1/p" | grep . || { echo "rdkafka_performance: not all of $3 records were delivered" >&2; exit 1; }
}

# consume TOPIC OPTIONS...: records a second of partition 0, from the first that arrives. The last summary counts.
kafka_consume() {
  timeout 60 "$performance" -C -b "$kafka_address" -t "$1" -p 0 -o beginning "${@:2}" 2>&1 | sed -nE 's/.* consumed in .*: ([0-9]+) msgs\/s.*/\1/p' | tail -1 | grep .
}

kafka_median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
kafka_divide() { awk -v a="$1" -v b="$2" -v f="${3:-%.2f}" 'BEGIN { printf f, a / b }'; }

round_kafka() {
  local round=$1 data=$work/kafka-$1 out mock ours theirs pair rates
  out=$("$work/disk" "$work/disk.bin" 4096 2000)
  local disk_rate; disk_rate=$(field megabytesPerSecond <<<"$out")
  note kafka_disk "$disk_rate"; note kafka_sync "$(field syncP50 <<<"$out")"

  start_server "$data"
  coproc MOCK { "$work/client" mock 2>/dev/null; }
  pids+=("$MOCK_PID")
  read -r mock <&"${MOCK[0]}"
  # Cold code counts on neither side.
  kafka_produce "$kafka_address" bench 500000 100 >/dev/null
  kafka_produce "$mock" bench 500000 100 >/dev/null
  for pair in 1 2 3; do
    ours=$(kafka_produce "$kafka_address" bench 5000000 100); note kafka_produce "$ours"
    theirs=$(kafka_produce "$mock" bench 5000000 100); note kafka_mock "$theirs"
    note kafka_ratio "$(kafka_divide "$ours" "$theirs")"
  done

  # With next to no load, and with some.
  out=$(timeout 60 "$work/client" one "$kafka_address" one 4000)
  note kafka_one_p50 "$(field p50 <<<"$out")"; note kafka_one_p99 "$(field p99 <<<"$out")"
  out=$(timeout 60 "$work/client" one "$mock" one 4000)
  note kafka_one_mock "$(field p50 <<<"$out")"
  out=$(timeout 60 "$work/client" steady "$kafka_address" steady 50000 8)
  note kafka_ack_p50 "$(field ackP50 <<<"$out")"; note kafka_ack_p99 "$(field ackP99 <<<"$out")"
  note kafka_end_p50 "$(field endP50 <<<"$out")"; note kafka_end_p99 "$(field endP99 <<<"$out")"

  # 4 GB: far more than the server keeps in memory, so that it lasts only as fast as segments are written.
  ours=$(kafka_produce "$kafka_address" kib 4000000 1024)
  note kafka_kib "$(kafka_divide "$ours" 976.5625 %.0f)"
  note kafka_kib_share "$(awk -v a="$ours" -v d="$disk_rate" 'BEGIN { printf "%.0f", 100 * a * 1024 / 1e6 / (d / 2) }')"
  theirs=$(kafka_produce "$mock" kib 2000000 1024)
  note kafka_kib_mock "$(kafka_divide "$theirs" 976.5625 %.0f)"
  eval "exec ${MOCK[1]}>&-"; wait "$MOCK_PID" 2>/dev/null || true

  # The hot tail: as many records as it keeps in memory, which is read in a moment: the median of five readings.
  artifacts/streamctl topic create tail --partitions 1 >/dev/null
  kafka_produce "$kafka_address" tail 400000 100 >/dev/null
  rates=$(for _ in 1 2 3 4 5; do kafka_consume tail -c 400000; done)
  note kafka_tail "$(kafka_median <<<"$rates")"
  note kafka_memory "$(peak_mib)"
  stop_server

  # Objects: after a restart nothing that is in objects is in memory.
  start_server "$data"
  # How many records the client has put into partition 0 is its own choice: to the end, which an empty answer tells, and soon.
  note kafka_objects "$(kafka_consume bench -e -X fetch.wait.max.ms=10)"
  note kafka_objects_memory "$(peak_mib)"
  stop_server; rm -rf "$data"

  start_server "$data"
  artifacts/streamctl topic create idle --partitions 1 >/dev/null
  out=$(timeout 60 "$work/connections" idle "${kafka_address##*:}" idle 1000 10 "$server_pid")
  note kafka_idle "$(field corePercent <<<"$out")"; note kafka_idle_answers "$(field answersPerSecond <<<"$out")"
  stop_server; rm -rf "$data"
  local floor_port
  coproc FLOOR { exec "$work/floor"; }
  pids+=("$FLOOR_PID")
  read -r floor_port <&"${FLOOR[0]}"
  out=$(timeout 60 "$work/connections" idle "$floor_port" idle 1000 10 "$FLOOR_PID")
  note kafka_idle_floor "$(field corePercent <<<"$out")"
  kill "$FLOOR_PID"; wait "$FLOOR_PID" 2>/dev/null || true

  start_server "$data"
  out=$(timeout 60 "$work/connections" open "${kafka_address##*:}" 10000 "$server_pid")
  note kafka_connections "$(field mib <<<"$out")"
  stop_server; rm -rf "$data"

  start_server "$data"
  artifacts/streamctl topic create wide --partitions 10000 >/dev/null
  out=$(timeout 60 "$work/connections" metadata "${kafka_address##*:}" 21)
  note kafka_metadata_first "$(field first <<<"$out")"; note kafka_metadata "$(field p50 <<<"$out")"
  stop_server; rm -rf "$data"
}

table_kafka() {
  cat <<T
| by librdkafka 2.0.2 | StreamHouse | target |
| --- | --- | --- |
| produce, acks=all, synced before every acknowledgement | $(summary kafka_produce) records/s | |
| the same against the client's in-memory mock broker, in turn | $(summary kafka_ratio %.2f) × | ≥ 0.8 |
| produce 1 KiB, 4 GB, segments written too | $(summary kafka_kib) MB/s | |
| the same as a share of half the disk's sequential rate | $(summary kafka_kib_share) % | ≥ 70 |
| consume from the hot tail | $(summary kafka_tail) records/s | ≥ 2,000,000 |
| consume from objects, after a restart | $(summary kafka_objects) records/s | ≥ 1,000,000 |
| one at a time, p50 | $(summary kafka_one_p50 %.3f) ms | ≤ 0.15 |
| one at a time, p99 | $(summary kafka_one_p99 %.3f) ms | |
| 50,000 records/s, linger 1 ms, acknowledged p50 | $(summary kafka_ack_p50 %.2f) ms | |
| 50,000 records/s, linger 1 ms, acknowledged p99 | $(summary kafka_ack_p99 %.2f) ms | ≤ 4 |
| 50,000 records/s, linger 1 ms, consumed p50 | $(summary kafka_end_p50 %.2f) ms | |
| 50,000 records/s, linger 1 ms, consumed p99 | $(summary kafka_end_p99 %.2f) ms | ≤ 10 |
| peak memory of the server over all of the above | $(summary kafka_memory) MiB, $(summary kafka_objects_memory) MiB reading objects | ≤ 400 |
| 1,000 idle consumers, each with a fetch waiting 500 ms ($(summary kafka_idle_answers) answers/s) | $(summary kafka_idle %.1f) % of a core | < 2 |
| 10,000 connections, resident memory | $(summary kafka_connections) MiB | < 1,536 |
| metadata of 10,000 partitions | $(summary kafka_metadata %.1f) ms, the first $(summary kafka_metadata_first %.1f) ms | < 100 |

| the client and the disk by themselves, same rounds | |
| --- | --- |
| mock broker, 100 B | $(summary kafka_mock) records/s |
| mock broker, one at a time, p50 | $(summary kafka_one_mock %.3f) ms |
| mock broker, 1 KiB | $(summary kafka_kib_mock) MB/s |
| disk, 4 GiB in order past the page cache, then fdatasync | $(summary kafka_disk) MB/s |
| disk, 4 KiB and fdatasync, p50 | $(summary kafka_sync %.3f) ms |
| 1,000 idle consumers of a program that only reads and answers | $(summary kafka_idle_floor %.1f) % of a core |
T
}
