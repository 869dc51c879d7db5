#!/usr/bin/env bash
# Runs librdkafka's own test suite (2.0.2, from Debian's source package) against this server, each test by itself, and prints a table.
#   eng/librdkafka-suite.sh [--full] [--table] [--server HOST:PORT] [TEST...]
#     TEST      numbers such as 0012; all that docs/conformance.md expects to pass when none is given
#     --full    without the suite's quick mode: more records, about an hour
#     --table   prints a Markdown table
#     --server  a server that runs already; else one is started on data of its own
# The suite is built outside the repository: STREAMHOUSE_LIBRDKAFKA, by default ~/.cache/streamhouse/librdkafka.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=180 mode=-Q table='' server='' tests=()
while [ $# -gt 0 ]; do
  case $1 in
    --full) mode='' limit=900 ;;
    --table) table=1 ;;
    --server) server=$2; shift ;;
    -*) sed -n '2,8p' "$0" >&2; exit 2 ;;
    *) tests+=("$1") ;;
  esac
  shift
done

# A row of the page's table is: | `0012_produce_consume` | passes |
page=docs/conformance.md
[ ${#tests[@]} -gt 0 ] || mapfile -t tests < <(sed -nE 's/^\| `([0-9]{4})_[^`]*` \| passes.*/\1/p' "$page" | sort -u)

source=$(eng/librdkafka.sh tests)

work=$(mktemp -d)
process=''
finish() {
  [ -z "$process" ] || { kill "$process" 2>/dev/null && wait "$process" 2>/dev/null; } || true
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

if [ -z "$server" ]; then
  [ -x artifacts/streamhouse ] || ./build.sh >&2
  "${STREAMHOUSE_SERVER:-artifacts/streamhouse}" --data-dir "$work/data" --grpc-port 0 --http-port 0 --kafka-port 0 >"$work/server.log" 2>&1 &
  process=$!
  for _ in $(seq 100); do
    [ ! -f "$work/data/endpoints.json" ] || break
    kill -0 "$process" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.1
  done
  server=$(sed -nE 's/.*"kafka": "([^"]+)".*/\1/p' "$work/data/endpoints.json")
fi
echo "bootstrap.servers=$server" >"$work/test.conf"

failed=0
[ -z "$table" ] || printf '| test | result | seconds |\n| --- | --- | --- |\n'
for test in "${tests[@]}"; do
  log=$work/$test.log
  report=$work/$test.json
  code=0
  (
    cd "$source/tests"
    LD_LIBRARY_PATH=../src:../src-cpp RDKAFKA_TEST_CONF=$work/test.conf TEST_REPORT=$report TEST_KAFKA_VERSION=3.3.0 TESTS=$test KAFKA_PATH='' \
      exec timeout -k 5 "$limit" ./test-runner -p1 -r $mode
  ) >"$log" 2>&1 || code=$?
  # The report has a line per test: "0012_produce_consume": {..., "state": "PASSED", ..., "duration": 1.234 }
  if [ -s "$report" ] && grep -q '"state"' "$report"; then
    jq -r --arg test "$test" '.tests[] | select(.name | startswith($test)) | [.name, .state, .duration] | @tsv' "$report" >"$work/results"
  else
    printf '%s\t%s\t%s\n' "$test" "$([ $code = 124 ] && echo 'TIMED OUT' || echo "ENDED WITH $code")" "$limit" >"$work/results"
  fi
  while IFS=$'\t' read -r name state seconds; do
    [ "$state" = PASSED ] || [ "$state" = SKIPPED ] || { failed=$((failed + 1)); [ -n "$table" ] || grep -a -A1 "### Test \"$test" "$log" | cut -c1-300 | head -4 >&2 || tail -3 "$log" >&2; }
    if [ -n "$table" ]; then printf '| `%s` | %s | %.1f |\n' "$name" "${state,,}" "$seconds"; else printf '%-45s %-10s %6.1f s\n' "$name" "$state" "$seconds"; fi
  done <"$work/results"
done
[ "$failed" = 0 ] || { echo "$failed failed" >&2; exit 1; }
