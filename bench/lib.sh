# Shared by the parts of bench.sh: starting and stopping what is measured, and noting figures. Sourced; expects $work, a folder.

pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

server_pid=
start_server() { # data folder, settings...
  local data=$1; shift
  rm -f "$data/endpoints.json"
  local began=$(date +%s%N)
  artifacts/streamhouse --data-dir "$data" --grpc-port 0 --http-port 0 --kafka-port 0 --log-level warning "$@" >"$work/server.log" 2>&1 &
  server_pid=$!; pids+=("$server_pid")
  until [ -s "$data/endpoints.json" ]; do
    kill -0 "$server_pid" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.005
  done
  ready_ms=$(( ($(date +%s%N) - began) / 1000000 ))
  STREAMHOUSE_ADDR=$(endpoint grpc "$data")
  kafka_address=$(endpoint kafka "$data")
  export STREAMHOUSE_ADDR
}
endpoint() { sed -nE "s/.*\"$1\": *\"([^\"]+)\".*/\1/p" "$2/endpoints.json"; }
stop_server() { kill "$server_pid"; wait "$server_pid" 2>/dev/null || true; }
peak_mib() { awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$server_pid/status"; }
field() { tr -d '\n' | sed -E "s/.*\"$1\": *([0-9.eE+-]+).*/\1/"; }

declare -A results
note() { results[$1]+="$2 "; }
summary() { tr ' ' '\n' <<<"${results[$1]:-}" | grep -v '^$' | sort -g | awk -v f="${2:-%.0f}" '
  { v[NR] = $1 } END { if (NR == 0) print "not measured"; else { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
  printf f " (" f " to " f ")\n", m, v[1], v[NR] } }'; }
