# The server by its own client, and its peers. Sourced by bench.sh.
# Peers are optional: nats-server with libnats-dev and gcc (apt-get install nats-server libnats-dev gcc), redis-server.

prepare_native() {
  jetstream=
  if command -v nats-server >/dev/null && gcc -O2 bench/peers/jetstream.c -o "$work/jetstream" -lnats 2>/dev/null; then jetstream=yes; fi
  fast=(--batch-records 10000 --batch-bytes 1000000 --partition 0)
}

round_native() {
  local round=$1 data=$work/data-$1 out ours theirs nats redis value
  start_server "$data"
  note ready "$ready_ms"
  artifacts/streamctl topic create bench --partitions 4 >/dev/null
  artifacts/streamctl bench produce bench --count 500000 --size 100 "${fast[@]}" --output json >/dev/null 2>&1
  # 2 GB at 100 bytes a record, acks=all, synced before every acknowledgement.
  out=$(artifacts/streamctl bench produce bench --count 20000000 --size 100 "${fast[@]}" --output json 2>/dev/null)
  ours=$(field recordsPerSecond <<<"$out"); note produce "$ours"
  note memory "$(peak_mib)"
  out=$(artifacts/streamctl bench produce bench --count 500000 --rate 50000 --size 100 --output json 2>/dev/null)
  note steady_p50 "$(field p50 <<<"$out")"; note steady_p99 "$(field p99 <<<"$out")"
  out=$(artifacts/streamctl bench produce bench --count 5000 --one-at-a-time --size 100 --output json 2>/dev/null)
  note one_p50 "$(field p50 <<<"$out")"; note one_p99 "$(field p99 <<<"$out")"

  if [ -n "$jetstream" ]; then
    mkdir -p "$work/js-$round"
    nats-server -js -sd "$work/js-$round" -a 127.0.0.1 -p 4334 >"$work/nats.log" 2>&1 & nats=$!; pids+=("$nats")
    sleep 1
    out=$("$work/jetstream" nats://127.0.0.1:4334 500000 100 5000)
    theirs=$(field recordsPerSecond <<<"$out"); note jetstream "$theirs"; note jetstream_one_p50 "$(field p50 <<<"$out")"
    note ratio "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }')"
    kill "$nats"; wait "$nats" 2>/dev/null || true; rm -rf "$work/js-$round"
  fi

  # The hot tail: small enough not to be in objects yet. Read twice; the second reading is of a warm client's speed.
  artifacts/streamctl topic create tail --partitions 1 >/dev/null
  artifacts/streamctl bench produce tail --count 200000 --size 100 "${fast[@]}" --output json >/dev/null 2>&1
  out=$(artifacts/streamctl bench consume tail --count 200000 --output json 2>/dev/null); note tail "$(field recordsPerSecond <<<"$out")"
  stop_server
  # Objects: after a restart nothing that is in objects is in memory.
  start_server "$data"
  out=$(artifacts/streamctl bench consume bench --count 5000000 --partition 0 --output json 2>/dev/null); note objects "$(field recordsPerSecond <<<"$out")"
  stop_server
  rm -rf "$data"

  if command -v redis-server >/dev/null; then
    mkdir -p "$work/redis"
    redis-server --port 6391 --bind 127.0.0.1 --dir "$work/redis" --appendonly yes --appendfsync always --save "" >"$work/redis.log" 2>&1 & redis=$!; pids+=("$redis")
    sleep 1
    value=$(printf 'v%.0s' {1..100})
    note redis "$(redis-benchmark -p 6391 -n 500000 -c 10 -P 100 --csv XADD s '*' f "$value" | tail -1 | cut -d, -f2 | tr -d '"')"
    kill "$redis"; wait "$redis" 2>/dev/null || true; rm -rf "$work/redis"
  fi
}

table_native() {
  cat <<T
| what | StreamHouse | target |
| --- | --- | --- |
| produce, acks=all, synced before every acknowledgement, 2 GB | $(summary produce) records/s | ≥ 500,000 |
| the same against JetStream (R1, file) in the same round | $(summary ratio %.2f) × | ≥ 1.5 |
| steady 50,000 records/s, p50 | $(summary steady_p50 %.2f) ms | |
| steady 50,000 records/s, p99 | $(summary steady_p99 %.2f) ms | ≤ 5 |
| one at a time, p50 | $(summary one_p50 %.3f) ms | ≤ 0.3 |
| one at a time, p99 | $(summary one_p99 %.3f) ms | |
| consume from the hot tail | $(summary tail) records/s | ≥ 1,000,000 |
| consume from objects | $(summary objects) records/s | ≥ 500,000 |
| peak memory of the server while 2 GB were written | $(summary memory) MiB | ≤ 400 |
| ready after start on an empty folder | $(summary ready) ms | ≤ 1,000 |

| peer, same rounds | |
| --- | --- |
| JetStream R1 file (syncs every 2 minutes), asynchronous | $(summary jetstream) records/s |
| JetStream, one at a time, p50 | $(summary jetstream_one_p50 %.3f) ms |
| Redis stream, appendfsync always, 10 clients pipelining 100 | $(summary redis) records/s |
T
}
